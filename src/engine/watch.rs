//! What is kept of an employee for dossiers alone: accesses by hour and weekday, and the accesses of an episode and shortly before it.
//!
//! It is bounded, and no part of the state that is saved: after a restart it begins anew, and dossiers say since when.

use crate::classify::duty::Duty;
use crate::engine::context::Context;
use crate::model::access::{Access, Operation, PartitionId, Subject};
use crate::model::dossier::{Accesses, DutyMark, ListedAccess, WEEK_HOURS, Week};
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::time::{DAY_MS, Timestamp};
use crate::model::zone::LocalTime;
use crate::profile::justification::{Justification, UnexplainedSubjects};
use crate::profile::window::{day_number, day_of};
use crate::triage::Episode;
use std::collections::VecDeque;
use std::sync::Arc;

/// Accesses that are kept while nothing looks like anything: an episode begins with what led to it.
const QUIET: usize = 32;
/// Accesses that are kept from the beginning of an episode, and as many of the last ones.
const OF_EPISODE: usize = 250;
/// People of an access that are kept by name.
const SUBJECTS: usize = 4;
/// Tables of an access that are kept.
const TABLES: usize = 2;
/// Days after which hours begin to be counted anew, while those before are still told.
const EPOCH: u32 = 49;

/// What is kept.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    hours: Hours,
    former: Option<Hours>,
    /// The first accesses since an episode began.
    begun: Vec<Kept>,
    /// The last accesses.
    last: VecDeque<Kept>,
    /// Those in between that found no room.
    left_out: u64,
    /// Whether an episode goes on.
    in_episode: bool,
    /// Event time of the first access that was seen.
    since: Option<Timestamp>,
}

/// A watch, where there is one. Copies of an employee, to which what has not settled is applied, have none.
#[derive(Debug, Default)]
pub struct Watching(pub Option<Box<Watch>>);

impl Clone for Watching {
    fn clone(&self) -> Watching {
        Watching(None)
    }
}

/// Accesses by hour of the week.
#[derive(Clone, Debug)]
struct Hours {
    /// Number of the first day counted.
    from: u32,
    accesses: Box<[u16; WEEK_HOURS]>,
    /// Those made while absent; of most employees there are none.
    absent: Option<Box<[u16; WEEK_HOURS]>>,
}

impl Default for Hours {
    fn default() -> Hours {
        Hours { from: 0, accesses: Box::new([0; WEEK_HOURS]), absent: None }
    }
}

#[derive(Clone, Debug)]
struct Kept {
    time: Timestamp,
    position: u64,
    partition: PartitionId,
    kinds: Kinds,
    persons: Persons,
    tables: Arc<[Arc<str>]>,
    subjects: Box<[Subject]>,
    operation: Operation,
    duty: DutyMark,
    explained: bool,
}

impl Watch {
    /// Notes an access that disclosed somebody.
    pub fn note(&mut self, access: &Access, justification: &Justification, local: LocalTime, duty: Duty, in_episode: bool) {
        let mark = mark(duty);
        self.since = Some(self.since.map_or(access.time, |since| since.min(access.time)));
        self.count(local, mark == DutyMark::Absent);
        if in_episode != self.in_episode {
            self.in_episode = in_episode;
            if in_episode {
                self.begun = self.last.drain(..).collect();
            } else {
                (self.begun, self.left_out) = (Vec::new(), 0);
            }
        }
        let named = access.subjects.len().min(SUBJECTS);
        let kept = Kept {
            time: access.time,
            position: access.position.0,
            partition: access.partition,
            kinds: access.kinds,
            persons: access.persons,
            tables: Arc::clone(&access.objects),
            subjects: access.subjects[..named].into(),
            operation: access.operation,
            duty: mark,
            explained: justification.unexplained == UnexplainedSubjects::Nobody && justification.unexplained_unnamed.is_nobody(),
        };
        if in_episode && self.begun.len() < OF_EPISODE {
            return self.begun.push(kept);
        }
        self.last.push_back(kept);
        let room = if in_episode { OF_EPISODE } else { QUIET };
        while self.last.len() > room {
            self.last.pop_front();
            self.left_out += u64::from(in_episode);
        }
    }

    /// A day begins: what is older than a day belongs to no episode that is to come.
    pub fn rest(&mut self, midnight: Timestamp, in_episode: bool) {
        if !in_episode {
            while self.last.front().is_some_and(|kept| kept.time.0 < midnight.0 - DAY_MS) {
                self.last.pop_front();
            }
            self.last.shrink_to_fit();
        }
    }

    fn count(&mut self, local: LocalTime, absent: bool) {
        let day = day_number(local.day);
        if self.hours.from == 0 {
            self.hours.from = day;
        }
        if day >= self.hours.from + EPOCH {
            let next = Hours { from: day, ..Hours::default() };
            let former = std::mem::replace(&mut self.hours, next);
            self.former = Some(former).filter(|former| day < former.from + 3 * EPOCH);
        }
        let at = usize::from(local.day.weekday()) * 24 + usize::from(local.minute / 60);
        let add = |cells: &mut [u16; WEEK_HOURS]| {
            if let Some(cell) = cells.get_mut(at) {
                *cell = cell.saturating_add(1);
            }
        };
        add(&mut self.hours.accesses);
        if absent {
            add(self.hours.absent.get_or_insert_with(|| Box::new([0; WEEK_HOURS])));
        }
    }

    /// The weeks as a dossier tells of them.
    pub fn week(&self, shift: Option<(u16, u16)>) -> Week {
        let (mut accesses, mut absent) = (vec![0; WEEK_HOURS], vec![0; WEEK_HOURS]);
        let add = |sums: &mut Vec<u32>, cells: &[u16; WEEK_HOURS]| {
            sums.iter_mut().zip(cells).for_each(|(sum, cell)| *sum += u32::from(*cell));
        };
        for hours in self.former.iter().chain([&self.hours]) {
            add(&mut accesses, &hours.accesses);
            hours.absent.iter().for_each(|cells| add(&mut absent, cells));
        }
        let from = self.former.as_ref().map_or(self.hours.from, |former| former.from);
        Week { since: (from > 0).then(|| day_of(from).to_string()), accesses, absent, shift }
    }

    /// The accesses that an episode may rest on: those up to its last one, from a day before its first one.
    pub fn accesses(&self, episode: &Episode, context: &Context) -> Accesses {
        let (first, last) = (episode.evidence.first_ms - DAY_MS, episode.evidence.last_ms);
        let mut kept: Vec<&Kept> = self.begun.iter().chain(&self.last).filter(|kept| first <= kept.time.0 && kept.time.0 <= last).collect();
        kept.sort_by_key(|kept| (kept.time, kept.partition, kept.position));
        let keys = &context.classifier.keys;
        let mut accesses = Accesses {
            since: self.since.map(|since| since.to_string()),
            evidence: episode.evidence.records,
            left_out: self.left_out,
            ..Accesses::default()
        };
        for kept in kept {
            let listed = ListedAccess {
                at: kept.time.0,
                operation: kept.operation,
                tables: Vec::new(),
                kinds: 0,
                persons: kept.persons,
                explained: kept.explained,
                duty: kept.duty,
                subjects: Vec::new(),
                source: 0,
                position: kept.position,
            };
            let tables: Vec<&str> = kept.tables.iter().take(TABLES).map(|table| &**table).collect();
            let subjects: Vec<String> = kept.subjects.iter().map(|subject| keys.published(*subject)).collect();
            accesses.push(listed, &tables, &context.partition_name(kept.partition), kept.kinds, &subjects);
        }
        accesses
    }
}

fn mark(duty: Duty) -> DutyMark {
    match duty {
        Duty::On => DutyMark::On,
        Duty::OutsideShift => DutyMark::OutsideShift,
        Duty::Holiday => DutyMark::Holiday,
        Duty::Absent(_) => DutyMark::Absent,
        Duty::BeforeHire | Duty::NotEmployed => DutyMark::NotEmployed,
    }
}
