//! What is shown at once: records that have not settled yet, applied to a copy of their employee's state (SPEC §9).
//!
//! Provisional revisions say `"settled":false`. When the records behind them have settled, the settled state has spoken for
//! itself; an alert that it does not know is told as retracted. Provisional state is an aid to the eye: it is never saved,
//! and capped reasons are counted in it from when the copy was made.

use crate::engine::context::ProfileKey;
use crate::engine::output::{Output, Revision};
use crate::engine::shard::{Env, apply_to};
use crate::engine::tracked::Tracked;
use crate::model::access::Access;
use crate::model::alert::{Alert, AlertState};
use crate::model::time::{Span, Timestamp};
use crate::profile::Profile;
use crate::profile::justification::ReasonUsage;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A copy follows its employee for so long before it is made anew from the settled state.
const MADE_ANEW: Span = Span::minutes(30);

/// Records not yet settled that are remembered for one employee; past that the settled alerts have to do.
const REMEMBERED: usize = 20_000;

/// Copies of employees with records that have not settled.
#[derive(Default)]
pub struct Provisional {
    copies: HashMap<ProfileKey, Speculation>,
}

struct Speculation {
    tracked: Tracked,
    usage: ReasonUsage,
    made: Timestamp,
    /// Records that have not settled, in order of arrival.
    waiting: VecDeque<Access>,
    /// Newest provisional revision of each alert told.
    told: BTreeMap<String, Alert>,
}

impl Provisional {
    /// Applies a record that has just arrived. `settled` is up to where records have settled.
    pub fn take(&mut self, key: &ProfileKey, access: &Access, settled: Timestamp, env: Env<'_>) -> Vec<Revision> {
        let copy = self.copies.entry(key.clone()).or_insert_with(|| Speculation {
            tracked: settled_state(key, env),
            usage: ReasonUsage::default(),
            made: access.time,
            waiting: VecDeque::new(),
            told: BTreeMap::new(),
        });
        let again = access.id.is_some() && copy.waiting.iter().any(|waiting| waiting.id == access.id);
        if again || copy.waiting.len() >= REMEMBERED {
            return Vec::new();
        }
        copy.waiting.push_back(access.clone());
        if access.time - copy.made >= MADE_ANEW {
            copy.make_anew(key, access.time, 1, settled, env);
        }
        let mut out = Output::default();
        apply_to(&mut copy.tracked, access, access.time, &mut copy.usage, env, &mut out);
        for revision in &mut out.revisions {
            revision.alert.settled = false;
            copy.told.insert(revision.alert.id.clone(), revision.alert.clone());
        }
        out.revisions
    }

    /// The set-up has changed: every copy starts over under the new one. What was told and no longer holds is retracted once its
    /// records have settled.
    pub fn set_context(&mut self, settled: Timestamp, env: Env<'_>) {
        let copies = std::mem::take(&mut self.copies).into_iter();
        self.copies = copies
            .map(|(key, mut copy)| {
                let key = env.context.key(&key.actor);
                copy.make_anew(&key, copy.made, 0, settled, env);
                (key, copy)
            })
            .collect();
    }

    /// How many employees are seen here and nowhere else yet.
    pub fn newcomers(&self, env: Env<'_>) -> usize {
        self.copies.keys().filter(|key| !env.profiles.contains_key(key)).count()
    }

    /// Records up to `settled` have settled: drops copies that wait for nothing, and retracts what did not settle.
    pub fn settle(&mut self, settled: Timestamp, env: Env<'_>) -> Vec<Revision> {
        let mut revisions = Vec::new();
        self.copies.retain(|key, copy| {
            copy.waiting.retain(|access| access.time >= settled);
            if !copy.waiting.is_empty() {
                return true;
            }
            let known: Vec<String> = env.profiles.get(key).map_or_else(Vec::new, |tracked| tracked.alert_ids());
            let unknown = copy.told.values().filter(|alert| !known.contains(&alert.id));
            revisions.extend(unknown.map(|alert| Revision {
                at: settled,
                alert: Alert { revision: alert.revision + 1, state: AlertState::Retracted, settled: true, ..alert.clone() },
            }));
            false
        });
        revisions.sort_by(|a, b| a.alert.id.cmp(&b.alert.id));
        revisions
    }
}

impl Speculation {
    /// Starts over from the settled state and what waits, without so many of the newest records.
    fn make_anew(&mut self, key: &ProfileKey, now: Timestamp, newest: usize, settled: Timestamp, env: Env<'_>) {
        (self.tracked, self.usage, self.made) = (settled_state(key, env), ReasonUsage::default(), now);
        self.waiting.retain(|access| access.time >= settled);
        let mut unheard = Output::default();
        let before = self.waiting.len().saturating_sub(newest);
        for access in self.waiting.iter().take(before) {
            apply_to(&mut self.tracked, access, access.time, &mut self.usage, env, &mut unheard);
        }
    }
}

fn settled_state(key: &ProfileKey, env: Env<'_>) -> Tracked {
    let known = env.profiles.get(key).map(|tracked| Tracked::clone(&tracked));
    known.unwrap_or_else(|| Tracked::new(Profile::new(key.actor.clone()), env.context))
}
