//! What may happen at the desk, and what a naive model says comes of it.

use crate::company::alert;
use leakwarden::desk::case::CaseState;
use leakwarden::model::alert::{Alert, AlertState};
use leakwarden::model::decision::VerdictOutcome;
use leakwarden::model::severity::Severity;
use proptest::prelude::*;
use std::collections::BTreeMap;

pub const PEOPLE: [&str; 2] = ["E7", "E8"];
pub const WORKERS: [&str; 3] = ["li.na", "chen.lei", "north.lead"];

#[derive(Clone, Debug)]
pub enum Act {
    /// A new revision of the nth alert of a person.
    Revise {
        person: usize,
        nth: usize,
        severity: Severity,
    },
    /// Everything that was ever told, once more.
    TellAgain,
    Assign {
        case: usize,
        by: usize,
        to: Option<usize>,
    },
    Note {
        case: usize,
        by: usize,
    },
    Judge {
        case: usize,
        by: usize,
        outcome: VerdictOutcome,
        stale: bool,
    },
    Countersign {
        case: usize,
        by: usize,
        agrees: bool,
    },
    Reopen {
        case: usize,
        by: usize,
    },
    /// The engine takes the nth alert of a person back.
    Retract {
        person: usize,
        nth: usize,
    },
    /// What was decided goes to where the engine reads it; the mark that it did may be missing after a crash.
    Write {
        marks: bool,
    },
    /// Two at once, by two consoles.
    Both(Box<Act>, Box<Act>),
    /// Everything is closed and opened again; a copy is kept.
    Restart {
        keeps: bool,
    },
    /// The copy that was kept comes back, and all alerts are told again.
    Restore,
}

/// Of people alone.
fn of_people() -> impl Strategy<Value = Act> {
    act().prop_filter("of people", |act| {
        matches!(act, Act::Assign { .. } | Act::Note { .. } | Act::Judge { .. } | Act::Countersign { .. } | Act::Reopen { .. })
    })
}

pub fn any_act() -> impl Strategy<Value = Act> {
    let one = || act().prop_filter("one", |act| !matches!(act, Act::TellAgain));
    prop_oneof![
        12 => act(),
        1 => (0..2_usize, 0..3_usize).prop_map(|(person, nth)| Act::Retract { person, nth }),
        2 => prop::bool::weighted(0.7).prop_map(|marks| Act::Write { marks }),
        5 => (of_people(), one()).prop_map(|(one, other)| Act::Both(Box::new(one), Box::new(other))),
        1 => prop::bool::weighted(0.7).prop_map(|keeps| Act::Restart { keeps }),
        1 => Just(Act::Restore),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let (case, by) = (0..4_usize, 0..3_usize);
    let severity = prop::sample::select(Severity::ALL.to_vec());
    let outcome = prop::sample::select(VerdictOutcome::ALL.to_vec());
    prop_oneof![
        3 => (0..2_usize, 0..3_usize, severity).prop_map(|(person, nth, severity)| Act::Revise { person, nth, severity }),
        1 => Just(Act::TellAgain),
        3 => (case.clone(), by.clone(), prop::option::weighted(0.8, 0..3_usize)).prop_map(|(case, by, to)| Act::Assign { case, by, to }),
        1 => (case.clone(), by.clone()).prop_map(|(case, by)| Act::Note { case, by }),
        4 => (case.clone(), by.clone(), outcome, prop::bool::weighted(0.2)).prop_map(|(case, by, outcome, stale)| Act::Judge { case, by, outcome, stale }),
        3 => (case.clone(), by.clone(), prop::bool::weighted(0.7)).prop_map(|(case, by, agrees)| Act::Countersign { case, by, agrees }),
        1 => (case, by).prop_map(|(case, by)| Act::Reopen { case, by }),
    ]
}

#[derive(Clone, PartialEq, Debug)]
pub struct ModelCase {
    pub person: usize,
    pub state: CaseState,
    pub owner: Option<usize>,
    pub verdict: Option<VerdictOutcome>,
    pub proposal: Option<(usize, BTreeMap<String, u32>)>,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Model {
    /// Revision, severity, case, by the alert's id.
    pub alerts: BTreeMap<String, (u32, Severity, usize)>,
    pub cases: Vec<ModelCase>,
    /// Verdicts in force that are on their way to the engine.
    pub told: usize,
}

/// What the engine has said of an alert, in the order in which it did.
#[derive(Clone, PartialEq, Debug)]
pub struct Said {
    pub person: usize,
    pub nth: usize,
    pub revision: u32,
    pub severity: Severity,
    pub retracted: bool,
}

impl Said {
    pub fn alert(&self) -> Alert {
        let state = if self.retracted { AlertState::Retracted } else { AlertState::Open };
        Alert { state, ..alert(&name(self.person, self.nth), PEOPLE[self.person], self.revision, self.severity) }
    }
}

pub fn name(person: usize, nth: usize) -> String {
    format!("{}-{nth}", PEOPLE[person])
}

impl Model {
    pub fn cites(&self, case: usize) -> BTreeMap<String, u32> {
        self.alerts.iter().filter(|(_, (_, _, of))| *of == case).map(|(id, (revision, ..))| (id.clone(), *revision)).collect()
    }

    fn severity(&self, case: usize) -> Severity {
        self.alerts.values().filter(|(_, _, of)| *of == case).map(|(_, severity, _)| *severity).max().unwrap_or(Severity::Low)
    }

    /// North's lead has the north alone, where all alerts of these two are: every worker may read, and investigators what is theirs or free.
    fn reads(&self, case: usize, by: usize) -> bool {
        by != 0 || self.cases[case].owner.is_none_or(|owner| owner == 0)
    }

    /// What the engine says of it next.
    pub fn said(&self, act: &Act) -> Option<Said> {
        let next = |person, nth| self.alerts.get(&name(person, nth)).map_or(1, |(revision, ..)| revision + 1);
        match act {
            Act::Revise { person, nth, severity } => {
                let (person, nth) = (*person, *nth);
                Some(Said { person, nth, revision: next(person, nth), severity: *severity, retracted: false })
            }
            Act::Retract { person, nth } => {
                let (person, nth) = (*person, *nth);
                let (revision, severity, _) = self.alerts.get(&name(person, nth))?;
                Some(Said { person, nth, revision: revision + 1, severity: *severity, retracted: true })
            }
            _ => None,
        }
    }

    /// What the act of somebody who saw the desk as `seen` does; the model as it is then, the same where it is refused.
    pub fn after(&self, act: &Act, seen: &Model) -> Model {
        let mut next = self.clone();
        match act {
            Act::Revise { .. } | Act::Retract { .. } => {
                if let Some(said) = seen.said(act) {
                    next.revise(&said);
                }
            }
            Act::TellAgain | Act::Restart { .. } => {}
            Act::Write { marks } => next.told = if *marks { 0 } else { self.told },
            Act::Both(..) | Act::Restore => unreachable!("they are several"),
            Act::Assign { case, by, to } => {
                let Some(of) = self.cases.get(*case) else { return next };
                let allowed = match to {
                    Some(to) if to != by => *by != 0,
                    Some(_) | None => self.reads(*case, *by),
                };
                if !self.reads(*case, *by) || !allowed || of.state == CaseState::Closed || of.owner == *to {
                    return next;
                }
                let state = match (to, of.state) {
                    (None, _) => CaseState::New,
                    (Some(_), CaseState::New) => CaseState::Assigned,
                    (Some(_), CaseState::Proposed) => CaseState::Working,
                    (Some(_), other) => other,
                };
                next.cases[*case] = ModelCase { state, owner: *to, verdict: None, proposal: None, ..of.clone() };
            }
            Act::Note { case, by } => {
                let Some(of) = self.cases.get(*case) else { return next };
                let allowed = self.reads(*case, *by) && (*by != 0 || of.owner == Some(0));
                if allowed && of.state == CaseState::Assigned {
                    next.cases[*case].state = CaseState::Working;
                }
            }
            Act::Judge { case, by, outcome, stale } => {
                let Some(of) = self.cases.get(*case) else { return next };
                if of.owner != Some(*by) || of.state == CaseState::Closed || *stale || seen.cites(*case) != self.cites(*case) {
                    return next;
                }
                let second = match outcome {
                    VerdictOutcome::Confirmed => true,
                    VerdictOutcome::Innocent => self.severity(*case) == Severity::Critical,
                    VerdictOutcome::Unclear => false,
                };
                next.cases[*case].verdict = Some(*outcome);
                if second {
                    next.cases[*case].state = CaseState::Proposed;
                    next.cases[*case].proposal = Some((*by, self.cites(*case)));
                } else {
                    next.close(*case);
                }
            }
            Act::Countersign { case, by, agrees } => {
                let Some(of) = self.cases.get(*case) else { return next };
                let Some((proposer, cites)) = &of.proposal else { return next };
                if of.state != CaseState::Proposed || *by == 0 || proposer == by {
                    return next;
                }
                if !agrees {
                    next.cases[*case] = ModelCase { state: CaseState::Working, verdict: None, proposal: None, ..of.clone() };
                } else if *cites == self.cites(*case) {
                    next.close(*case);
                }
            }
            Act::Reopen { case, by } => {
                let Some(of) = self.cases.get(*case) else { return next };
                let allowed = self.reads(*case, *by) && (*by != 0 || of.owner == Some(0));
                if allowed && of.state == CaseState::Closed {
                    next.cases[*case] = ModelCase { state: CaseState::Reopened, verdict: None, proposal: None, ..of.clone() };
                }
            }
        }
        next
    }

    pub fn revise(&mut self, said: &Said) {
        let Said { person, nth, revision, severity, retracted } = said.clone();
        let id = name(person, nth);
        match self.alerts.get(&id).copied() {
            // It is known.
            Some((newest, ..)) if newest >= revision => {}
            Some((_, before, case)) => {
                self.alerts.insert(id, (revision, severity, case));
                // It is open still: what was decided of it is not in force in the engine.
                if self.cases[case].state == CaseState::Closed && (!retracted || severity > before) {
                    let of = self.cases[case].clone();
                    self.cases[case] = ModelCase { state: CaseState::Reopened, verdict: None, proposal: None, ..of };
                }
            }
            None => {
                let open = self.cases.iter().rposition(|case| case.person == person && case.state != CaseState::Closed);
                let case = open.unwrap_or_else(|| {
                    self.cases.push(ModelCase { person, state: CaseState::New, owner: None, verdict: None, proposal: None });
                    self.cases.len() - 1
                });
                self.alerts.insert(id, (revision, severity, case));
            }
        }
    }

    fn close(&mut self, case: usize) {
        self.cases[case].state = CaseState::Closed;
        self.cases[case].proposal = None;
        self.told += 1;
    }
}
