//! What every shard reads while it works, and none of them changes: the set-up, the profiles, and what the last reply of the global stage
//! said.

use crate::engine::context::{Context, PassThrough, ProfileKey, SHARDS};
use crate::engine::granted::Granted;
use crate::engine::tracked::Tracked;
use crate::population::Models;
use crate::population::group_activity::GroupActivity;
use crate::population::sources::outages::SourceOutages;
use crate::profile::justification::Reasons;
use dashmap::DashMap;
use std::sync::Arc;

/// Profiles of all shards; each shard's worker writes its own, the HTTP server and the metrics read. Boxed: half of a map's places may be
/// empty.
pub type Profiles = DashMap<ProfileKey, Box<Tracked>, PassThrough>;

/// The owner of what shards read. Its parts are replaced between steps.
pub struct Shared {
    /// The set-up.
    pub context: Arc<Context>,
    /// All profiles.
    pub profiles: Arc<Profiles>,
    /// The baselines of the peer groups.
    pub models: Arc<Models>,
    /// The activity of the peer groups as of the last full hour.
    pub group_activity: Arc<GroupActivity>,
    /// Outages of the sources as of the last full hour.
    pub outages: Arc<SourceOutages>,
    /// Reasons that people's decisions gave.
    pub granted: Arc<Granted>,
}

/// What a shard works with.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The set-up.
    pub context: &'a Context,
    /// The baselines of the peer groups.
    pub models: &'a Models,
    /// All profiles.
    pub profiles: &'a Profiles,
    /// The activity of the peer groups as of the last full hour.
    pub group_activity: &'a GroupActivity,
    /// Outages of the sources as of the last full hour.
    pub outages: &'a SourceOutages,
    /// Whether dossiers are made: of what settles, where somebody wants them.
    pub dossiers: bool,
    /// Reasons that people's decisions gave.
    pub granted: &'a Granted,
}

impl Shared {
    /// No profiles, and nothing learnt.
    pub fn new(context: Arc<Context>) -> Shared {
        Shared {
            context,
            profiles: Arc::new(Profiles::with_hasher_and_shard_amount(PassThrough::default(), SHARDS)),
            models: Arc::new(Models::prior()),
            group_activity: Arc::default(),
            outages: Arc::default(),
            granted: Arc::default(),
        }
    }

    /// All of it, borrowed.
    pub fn env(&self) -> Env<'_> {
        Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
            dossiers: self.context.dossiers,
            granted: &self.granted,
        }
    }
}

impl<'a> Env<'a> {
    /// Where reasons are looked for.
    pub fn reasons(self) -> Reasons<'a> {
        Reasons { filed: &self.context.explanations, granted: Some(self.granted.explanations()) }
    }
}
