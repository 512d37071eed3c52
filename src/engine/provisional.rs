//! Provisional alerts: records that have not settled, applied speculatively to a copy of their employee's state (docs/contract.md §9).
//!
//! Provisional revisions say `"settled":false` and have numbers of their own. Once the records behind one have settled, the settled state
//! decides: an alert that it never had is retracted. What is speculated serves early sight only and is never saved, and it counts what
//! capped reasons cover from when the copy was made; what was shown is saved, so that a restart forgets no retraction.

use crate::engine::context::ProfileKey;
use crate::engine::env::Env;
use crate::engine::judge::judge_access;
use crate::engine::output::{Output, Revision};
use crate::engine::tracked::Tracked;
use crate::model::access::{Access, RecordContent};
use crate::model::alert::{Alert, AlertState};
use crate::model::steps;
use crate::model::time::{Span, Timestamp};
use crate::profile::Profile;
use crate::profile::justification::ReasonUsage;
use crate::triage::case::CaseView;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// A copy is used for so long before it is made again from the settled state, and until half of what had not settled then has: where much
/// waits, every copy applies all of that anew.
const COPIED_EVERY: Span = Span::minutes(30);

/// Records of one employee that are applied speculatively; past that there are only settled alerts.
const MOST_RECORDS: usize = 20_000;

/// The speculative states of employees with records that have not settled, and what was shown of them.
#[derive(Default)]
pub struct Provisional {
    speculations: HashMap<ProfileKey, Speculation>,
    /// Newest provisional revision of each alert that was shown and has not been decided, by its id.
    shown: BTreeMap<String, ShownAlert>,
    /// Up to where decisions were made.
    decided: Option<Timestamp>,
    /// Where several processes show alerts of these employees, one after the other: what has settled or was taken back.
    done: Option<DecidedAlerts>,
}

/// An alert that was shown before it settled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShownAlert {
    alert: Alert,
    /// When the newest record behind it settles.
    settles: Timestamp,
    /// Whether the settled state has had this alert.
    confirmed: bool,
}

/// A record that has just arrived, and what is known of its times.
#[derive(Clone, Copy)]
pub struct Arrived<'a> {
    /// The record.
    pub access: &'a Access,
    /// When it settles.
    pub settles: Timestamp,
    /// The time of day: provisional revisions are numbered by it, so that no process that comes after this one uses a number again.
    pub now: Timestamp,
}

/// What was decided of alerts, the newest by their ids: that somebody else has shown one may be heard of after that, where much of the log
/// was read at once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DecidedAlerts {
    by_id: BTreeMap<String, Decided>,
    /// Whether anything was decided since they were saved.
    #[serde(skip)]
    is_news: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Decided {
    at: Timestamp,
    /// The number under which it was retracted; what was shown under a later one stands. `None` of what the settled state has had.
    retracted: Option<u64>,
}

/// So many are remembered at the least, and at most twice as many.
const MOST_DECIDED: usize = 2_048;

impl DecidedAlerts {
    fn note(&mut self, id: &str, decided: Decided) {
        self.is_news = true;
        match self.by_id.get_mut(id) {
            Some(known) if known.retracted.is_none() => known.at = decided.at.max(known.at),
            Some(known) => *known = decided,
            None => drop(self.by_id.insert(id.to_owned(), decided)),
        }
        if self.by_id.len() > 2 * MOST_DECIDED {
            let mut times: Vec<Timestamp> = self.by_id.values().map(|decided| decided.at).collect();
            times.sort_unstable();
            let oldest = times[times.len() - MOST_DECIDED];
            self.by_id.retain(|_, decided| decided.at >= oldest);
        }
    }
}

/// The speculative state of one employee.
struct Speculation {
    tracked: Tracked,
    usage: ReasonUsage,
    /// Event time at which the copy was made.
    copied_at: Timestamp,
    /// Up to where records must have settled for another copy to be worth its while.
    worth_copying_at: Timestamp,
    /// Records that have not settled, in order of arrival, with when they do.
    pending: VecDeque<(Timestamp, Access)>,
    /// Their ids.
    ids: HashSet<(u64, RecordContent)>,
    /// When the last of them settles.
    last: Timestamp,
    /// Up to where those that have settled were forgotten.
    forgotten: Timestamp,
    /// Alerts of the settled state when the copy was made, with their revisions: it may have closed them since.
    settled: BTreeMap<String, u32>,
}

impl ShownAlert {
    /// The alert as it was shown last.
    pub fn alert(&self) -> &Alert {
        &self.alert
    }
}

impl Provisional {
    /// Applies a record that has just arrived. `settled` is up to where records have settled.
    pub fn take(&mut self, key: &ProfileKey, arrived: Arrived<'_>, settled: Timestamp, env: Env<'_>) -> Vec<Revision> {
        let Arrived { access, settles, .. } = arrived;
        let copy = self.speculations.entry(key.clone()).or_insert_with(|| Speculation::new(key, arrived, env));
        if copy.pending.len() >= MOST_RECORDS {
            copy.forget_before(settled);
        }
        let again = access.id.as_ref().is_some_and(|id| !copy.ids.insert((id.print, id.content)));
        if again || copy.pending.len() >= MOST_RECORDS {
            return Vec::new();
        }
        copy.pending.push_back((settles, access.clone()));
        copy.last = copy.last.max(settles);
        if access.time - copy.copied_at >= COPIED_EVERY && settled > copy.worth_copying_at {
            copy.copy_again(key, access.time, 1, settled, env);
        }
        let mut out = Output::default();
        // What may not settle has no dossier.
        let env = Env { dossiers: false, ..env };
        judge_access(&mut copy.tracked, access, access.time, &mut copy.usage, env, &mut out);
        for Revision { alert, is_news, .. } in &mut out.revisions {
            let now_settled = env.profiles.get(key).and_then(|tracked| tracked.alert(&alert.id));
            let of_settled = now_settled.map(|(revision, _)| revision).or_else(|| copy.settled.get(&alert.id).copied());
            let told = now_settled.map(|(_, severity)| severity).max(self.shown.get(&alert.id).map(|shown| shown.alert.severity));
            // What has closed since the copy was made was told.
            *is_news = told.map_or(of_settled.is_none(), |told| alert.severity > told);
            number(&mut self.shown, alert, arrived, of_settled);
        }
        out.revisions
    }

    /// From now on others may have shown alerts of these employees: [`Provisional::learn`].
    pub fn expect_others(&mut self) {
        self.done.get_or_insert_default();
    }

    /// Takes what somebody else has shown, whenever that was: what settles, or has settled, is left alone, and all else is retracted in its
    /// time as if it had been shown here.
    pub fn learn(&mut self, shown: ShownAlert) {
        let decided = self.done.as_ref().and_then(|done| done.by_id.get(&shown.alert.id));
        if decided.is_some_and(|decided| decided.retracted >= shown.alert.provisional && decided.retracted.is_some()) {
            return;
        }
        let is_settled = shown.confirmed || decided.is_some_and(|decided| decided.retracted.is_none());
        match self.shown.get_mut(&shown.alert.id) {
            Some(known) => {
                known.settles = known.settles.max(shown.settles);
                known.confirmed |= is_settled;
                if shown.alert.provisional > known.alert.provisional {
                    known.alert = shown.alert;
                }
            }
            None if is_settled => {}
            None => {
                // It may be due already.
                self.decided = None;
                self.shown.insert(shown.alert.id.clone(), shown);
            }
        }
    }

    /// The settled state has, or had, these alerts: those that were shown before are no news.
    pub fn confirm(&mut self, revisions: &mut [Revision]) {
        if let Some(done) = &mut self.done {
            revisions.iter().for_each(|Revision { alert, at, .. }| done.note(&alert.id, Decided { at: *at, retracted: None }));
        }
        if self.shown.is_empty() {
            return;
        }
        for Revision { alert, is_news, .. } in revisions {
            if let Some(shown) = self.shown.get_mut(&alert.id) {
                shown.confirmed = true;
                *is_news &= alert.severity > shown.alert.severity;
            }
        }
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

    /// A decision has changed the settled state of an employee: the copy is made again from it.
    pub fn copy_anew(&mut self, key: &ProfileKey, settled: Timestamp, env: Env<'_>) {
        if let Some(copy) = self.speculations.get_mut(key) {
            copy.copy_again(key, copy.copied_at, 0, settled, env);
        }
    }

    /// How many employees have records that have not settled, and no profile yet.
    pub fn newcomers(&self, env: Env<'_>) -> usize {
        self.speculations.keys().filter(|key| !env.profiles.contains_key(key)).count()
    }

    /// Records up to `settled` have settled: drops copies without pending records, and retracts what did not settle. Looks at nothing where
    /// no minute has passed.
    pub fn settle(&mut self, settled: Timestamp, now: Timestamp) -> Vec<Revision> {
        if self.decided.is_some_and(|decided| settled <= decided) {
            return Vec::new();
        }
        self.decided = Some(settled);
        steps::count(self.speculations.len() + self.shown.len());
        self.speculations.retain(|_, copy| copy.last >= settled);
        let decided: Vec<String> = self.shown.iter().filter(|(_, shown)| shown.settles < settled).map(|(id, _)| id.clone()).collect();
        let taken: Vec<ShownAlert> = decided.into_iter().filter_map(|id| self.shown.remove(&id)).collect();
        let undecided = taken.into_iter().filter(|shown| !shown.confirmed);
        undecided
            .map(|ShownAlert { alert, .. }| {
                let provisional = Some(next_number(alert.provisional, now));
                if let Some(done) = &mut self.done {
                    done.note(&alert.id, Decided { at: settled, retracted: provisional });
                }
                Revision {
                    at: settled,
                    alert: Alert { provisional, state: AlertState::Retracted, ..alert },
                    case: CaseView::default(),
                    is_news: false,
                    dossier: None,
                }
            })
            .collect()
    }

    /// Alerts that were shown and that the settled state has not had, by their ids.
    pub fn unsettled(&self) -> impl Iterator<Item = &Alert> {
        self.shown.values().filter(|shown| !shown.confirmed).map(|shown| &shown.alert)
    }

    /// What was shown and is not decided, for a state that is saved.
    pub fn shown(&self) -> &BTreeMap<String, ShownAlert> {
        &self.shown
    }

    /// Goes on from a saved state.
    pub fn restore(&mut self, shown: BTreeMap<String, ShownAlert>) {
        self.shown = shown;
    }

    /// What was decided, where others may show alerts, if there is news since this was asked for last or all is wanted.
    pub fn decided_to_save(&mut self, all: bool) -> Option<&DecidedAlerts> {
        let done = self.done.as_mut().filter(|done| done.is_news || all && !done.by_id.is_empty())?;
        done.is_news = false;
        Some(done)
    }

    /// Goes on with those of a saved state.
    pub fn restore_decided(&mut self, done: DecidedAlerts) {
        self.done = Some(done);
    }
}

/// Numbers a provisional revision, which goes on from a revision of the settled state if that has the alert, and remembers that it was shown.
fn number(shown: &mut BTreeMap<String, ShownAlert>, alert: &mut Alert, arrived: Arrived<'_>, of_settled: Option<u32>) {
    let before = shown.get(&alert.id);
    alert.settled = false;
    alert.revision = of_settled.unwrap_or(0);
    alert.provisional = Some(next_number(before.and_then(|shown| shown.alert.provisional), arrived.now));
    let settles = before.map_or(arrived.settles, |shown| shown.settles.max(arrived.settles));
    let confirmed = of_settled.is_some() || before.is_some_and(|shown| shown.confirmed);
    shown.insert(alert.id.clone(), ShownAlert { alert: alert.clone(), settles, confirmed });
}

/// The number after one, at that time of day.
fn next_number(before: Option<u64>, now: Timestamp) -> u64 {
    let by_clock = u64::try_from(now.0).unwrap_or(0);
    before.map_or(by_clock, |before| by_clock.max(before + 1))
}

impl Speculation {
    fn new(key: &ProfileKey, Arrived { access, settles, .. }: Arrived<'_>, env: Env<'_>) -> Speculation {
        let tracked = settled_state(key, env);
        Speculation {
            settled: tracked.alerts(),
            tracked,
            usage: ReasonUsage::default(),
            copied_at: access.time,
            worth_copying_at: Timestamp(i64::MIN),
            pending: VecDeque::new(),
            ids: HashSet::new(),
            last: settles,
            forgotten: Timestamp(i64::MIN),
        }
    }

    /// Copies the settled state again and applies the pending records to it, but for so many of the newest.
    fn copy_again(&mut self, key: &ProfileKey, now: Timestamp, newest: usize, settled: Timestamp, env: Env<'_>) {
        (self.tracked, self.usage, self.copied_at) = (settled_state(key, env), ReasonUsage::default(), now);
        self.settled = self.tracked.alerts();
        self.forget_before(settled);
        self.worth_copying_at = self.pending.get(self.pending.len() / 2).map_or(settled, |(settles, _)| settled.max(*settles));
        let mut ignored = Output::default();
        let env = Env { dossiers: false, ..env };
        let before = self.pending.len().saturating_sub(newest);
        for (_, access) in self.pending.iter().take(before) {
            judge_access(&mut self.tracked, access, access.time, &mut self.usage, env, &mut ignored);
        }
    }

    /// Forgets the records that have settled.
    fn forget_before(&mut self, settled: Timestamp) {
        if settled <= self.forgotten {
            return;
        }
        self.forgotten = settled;
        steps::count(self.pending.len());
        let ids = &mut self.ids;
        self.pending.retain(|(settles, access)| {
            let stays = *settles >= settled;
            if let Some(id) = access.id.as_ref().filter(|_| !stays) {
                ids.remove(&(id.print, id.content));
            }
            stays
        });
    }
}

fn settled_state(key: &ProfileKey, env: Env<'_>) -> Tracked {
    let known = env.profiles.get(key).map(|tracked| Tracked::clone(&tracked));
    known.unwrap_or_else(|| Tracked::new(Profile::new(key.actor.clone()), env.context))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_also_where_a_clock_stands_still_or_is_set_back() {
        let at = Timestamp(1_772_409_600_000);
        assert_eq!(next_number(None, at), 1_772_409_600_000);
        assert_eq!(next_number(Some(1_772_409_600_000), at), 1_772_409_600_001);
        assert_eq!(next_number(Some(1_772_409_600_500), Timestamp(at.0 - 3_600_000)), 1_772_409_600_501);
        assert_eq!(next_number(Some(7), at), 1_772_409_600_000);
        assert_eq!(next_number(None, Timestamp(-5)), 0);
    }
}
