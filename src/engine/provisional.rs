//! Provisional alerts: records that have not settled, applied speculatively to a copy of their employee's state (docs/contract.md §9).
//!
//! Provisional revisions say `"settled":false`. Once the records behind them have settled, the settled state decides: an alert that it does
//! not have is retracted. Speculative state serves early sight only: it is never saved, and it counts what capped reasons cover from when
//! the copy was made.

use crate::engine::context::ProfileKey;
use crate::engine::env::Env;
use crate::engine::judge::judge_access;
use crate::engine::output::{Output, Revision};
use crate::engine::tracked::Tracked;
use crate::model::access::Access;
use crate::model::alert::{Alert, AlertState};
use crate::model::time::{Span, Timestamp};
use crate::profile::Profile;
use crate::profile::justification::ReasonUsage;
use crate::triage::standing::Standing;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A copy is used for so long before it is made again from the settled state.
const COPIED_EVERY: Span = Span::minutes(30);

/// Records of one employee that are applied speculatively; past that there are only settled alerts.
const MOST_RECORDS: usize = 20_000;

/// The speculative states of employees with records that have not settled.
#[derive(Default)]
pub struct Provisional {
    speculations: HashMap<ProfileKey, Speculation>,
}

/// The speculative state of one employee.
struct Speculation {
    tracked: Tracked,
    usage: ReasonUsage,
    /// Event time at which the copy was made.
    copied_at: Timestamp,
    /// Records that have not settled, in order of arrival.
    pending: VecDeque<Access>,
    /// Newest provisional revision of each alert that was shown.
    shown: BTreeMap<String, Alert>,
}

impl Provisional {
    /// Applies a record that has just arrived. `settled` is up to where records have settled.
    pub fn take(&mut self, key: &ProfileKey, access: &Access, settled: Timestamp, env: Env<'_>) -> Vec<Revision> {
        let copy = self.speculations.entry(key.clone()).or_insert_with(|| Speculation {
            tracked: settled_state(key, env),
            usage: ReasonUsage::default(),
            copied_at: access.time,
            pending: VecDeque::new(),
            shown: BTreeMap::new(),
        });
        let again = access.id.is_some() && copy.pending.iter().any(|pending| pending.id == access.id);
        if again || copy.pending.len() >= MOST_RECORDS {
            return Vec::new();
        }
        copy.pending.push_back(access.clone());
        if access.time - copy.copied_at >= COPIED_EVERY {
            copy.copy_again(key, access.time, 1, settled, env);
        }
        let mut out = Output::default();
        judge_access(&mut copy.tracked, access, access.time, &mut copy.usage, env, &mut out);
        for revision in &mut out.revisions {
            revision.alert.settled = false;
            copy.shown.insert(revision.alert.id.clone(), revision.alert.clone());
        }
        out.revisions
    }

    /// The set-up has changed: every copy is made again under the new one. What was shown and no longer holds is retracted once its
    /// records have settled.
    pub fn set_context(&mut self, settled: Timestamp, env: Env<'_>) {
        let copies = std::mem::take(&mut self.speculations).into_iter();
        self.speculations = copies
            .map(|(key, mut copy)| {
                let key = env.context.key(&key.actor);
                copy.copy_again(&key, copy.copied_at, 0, settled, env);
                (key, copy)
            })
            .collect();
    }

    /// How many employees have records that have not settled, and no profile yet.
    pub fn newcomers(&self, env: Env<'_>) -> usize {
        self.speculations.keys().filter(|key| !env.profiles.contains_key(key)).count()
    }

    /// Records up to `settled` have settled: drops copies without pending records, and retracts what did not settle.
    pub fn settle(&mut self, settled: Timestamp, env: Env<'_>) -> Vec<Revision> {
        let mut revisions = Vec::new();
        self.speculations.retain(|key, copy| {
            copy.pending.retain(|access| access.time >= settled);
            if !copy.pending.is_empty() {
                return true;
            }
            let known: Vec<String> = env.profiles.get(key).map_or_else(Vec::new, |tracked| tracked.alert_ids());
            let unknown = copy.shown.values().filter(|alert| !known.contains(&alert.id));
            revisions.extend(unknown.map(|alert| Revision {
                at: settled,
                alert: Alert { revision: alert.revision + 1, state: AlertState::Retracted, settled: true, ..alert.clone() },
                standing: Standing::default(),
            }));
            false
        });
        revisions.sort_by(|a, b| a.alert.id.cmp(&b.alert.id));
        revisions
    }
}

impl Speculation {
    /// Copies the settled state again and applies the pending records to it, but for so many of the newest.
    fn copy_again(&mut self, key: &ProfileKey, now: Timestamp, newest: usize, settled: Timestamp, env: Env<'_>) {
        (self.tracked, self.usage, self.copied_at) = (settled_state(key, env), ReasonUsage::default(), now);
        self.pending.retain(|access| access.time >= settled);
        let mut ignored = Output::default();
        let before = self.pending.len().saturating_sub(newest);
        for access in self.pending.iter().take(before) {
            judge_access(&mut self.tracked, access, access.time, &mut self.usage, env, &mut ignored);
        }
    }
}

fn settled_state(key: &ProfileKey, env: Env<'_>) -> Tracked {
    let known = env.profiles.get(key).map(|tracked| Tracked::clone(&tracked));
    known.unwrap_or_else(|| Tracked::new(Profile::new(key.actor.clone()), env.context))
}
