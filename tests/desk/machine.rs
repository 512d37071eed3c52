//! The desk against a naive model: random acts of the engine and of people, repeated, cut off anywhere and undone, on both databases.
//!
//! Whatever happens: a verdict that was taken is not lost, a person has one open case, nothing is half done.

use crate::common::databases::Place;
use crate::company::{MORNING, alert, caller, people, staffed, take};
use leakwarden::database::Database;
use leakwarden::desk::case::{self, CaseState};
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::{feedback, work};
use leakwarden::model::decision::{DecisionKind, VerdictOutcome, VerdictReason};
use leakwarden::model::severity::Severity;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sqlx::Row;
use std::collections::BTreeMap;
use std::pin::pin;
use std::task::Poll;

const PEOPLE: [&str; 2] = ["E7", "E8"];
const WORKERS: [&str; 3] = ["li.na", "chen.lei", "north.lead"];

#[derive(Clone, Debug)]
enum Act {
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
struct ModelCase {
    person: usize,
    state: CaseState,
    owner: Option<usize>,
    verdict: Option<VerdictOutcome>,
    proposal: Option<(usize, BTreeMap<String, u32>)>,
}

#[derive(Clone, PartialEq, Debug, Default)]
struct Model {
    /// Revision, severity, case, by the alert's id.
    alerts: BTreeMap<String, (u32, Severity, usize)>,
    cases: Vec<ModelCase>,
    /// Verdicts in force that the engine is told of.
    told: usize,
}

fn name(person: usize, nth: usize) -> String {
    format!("{}-{nth}", PEOPLE[person])
}

impl Model {
    fn cites(&self, case: usize) -> BTreeMap<String, u32> {
        self.alerts.iter().filter(|(_, (_, _, of))| *of == case).map(|(id, (revision, ..))| (id.clone(), *revision)).collect()
    }

    fn severity(&self, case: usize) -> Severity {
        self.alerts.values().filter(|(_, _, of)| *of == case).map(|(_, severity, _)| *severity).max().unwrap_or(Severity::Low)
    }

    /// North's lead has the north alone, where all alerts of these two are: every worker may read, and investigators what is theirs or free.
    fn reads(&self, case: usize, by: usize) -> bool {
        by != 0 || self.cases[case].owner.is_none_or(|owner| owner == 0)
    }

    /// What the act does; the model as it is then, the same where it is refused.
    fn after(&self, act: &Act) -> Model {
        let mut next = self.clone();
        match act {
            Act::Revise { person, nth, severity } => next.revise(*person, *nth, *severity),
            Act::TellAgain => {}
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
                if of.owner != Some(*by) || of.state == CaseState::Closed || *stale {
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

    fn revise(&mut self, person: usize, nth: usize, severity: Severity) {
        let id = name(person, nth);
        match self.alerts.get(&id).copied() {
            Some((revision, _, case)) => {
                self.alerts.insert(id, (revision + 1, severity, case));
                // It is open still: what was decided of it is not in force in the engine.
                if self.cases[case].state == CaseState::Closed {
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
                self.alerts.insert(id, (1, severity, case));
            }
        }
    }

    fn close(&mut self, case: usize) {
        self.cases[case].state = CaseState::Closed;
        self.cases[case].proposal = None;
        self.told += 1;
    }
}

/// What the database holds, as the model says it.
async fn kept(database: &Database) -> Model {
    let mut read = database.read().await.expect("a connection");
    let mut model = Model::default();
    for row in sqlx::query("select id, revision, grade, case_id from alert").fetch_all(&mut *read).await.expect("read") {
        let (id, revision, grade, case): (String, i64, i64, i64) = (row.get(0), row.get(1), row.get(2), row.get(3));
        model.alerts.insert(id, (revision as u32, leakwarden::desk::case::severity(grade), case as usize - 1));
    }
    let cases: i64 = sqlx::query("select count(*) from case_file").fetch_one(&mut *read).await.expect("read").get(0);
    let worker = |name: &str| WORKERS.iter().position(|worker| *worker == name);
    for id in 1..=cases {
        let file = case::read(&mut read, id).await.expect("read").expect("ids have no gaps");
        let proposal = match (&file.proposed_by, file.proposed_entry) {
            (Some(by), Some(entry)) => {
                let entries = case::entries(&mut read, id).await.expect("read");
                let body = &entries.iter().find(|one| one.id == entry).expect("its entry").body;
                let cites = Verdict::of(body).expect("a verdict").cites.into_iter().map(|(id, revision)| (id, revision as u32)).collect();
                Some((worker(by).expect("a worker"), cites))
            }
            _ => None,
        };
        model.cases.push(ModelCase {
            person: PEOPLE.iter().position(|person| file.key == format!("case-{person}")).expect("a person"),
            state: file.state,
            owner: file.owner.as_deref().and_then(worker),
            verdict: file.verdict.as_deref().and_then(verdict::outcome),
            proposal,
        });
    }
    drop(read);
    let told = feedback::unwritten(database).await.expect("read");
    model.told = told.iter().filter(|(_, decision)| matches!(decision.what, DecisionKind::Verdict(_))).count();
    model
}

async fn perform(database: &Database, model: &Model, act: &Act) {
    let (id, who) = match act {
        Act::Revise { person, nth, severity } => {
            let revision = model.alerts.get(&name(*person, *nth)).map_or(1, |(revision, ..)| revision + 1);
            take(database, &[told(*person, *nth, revision, *severity)]).await;
            return;
        }
        Act::TellAgain => {
            for (id, (revision, severity, _)) in &model.alerts {
                let (person, nth) = id.split_once('-').expect("a name");
                let person = PEOPLE.iter().position(|one| *one == person).expect("a person");
                take(database, &[told(person, nth.parse().expect("a number"), *revision, *severity)]).await;
            }
            return;
        }
        Act::Assign { case, by, .. }
        | Act::Note { case, by }
        | Act::Judge { case, by, .. }
        | Act::Countersign { case, by, .. }
        | Act::Reopen { case, by } => (*case as i64 + 1, caller(database, WORKERS[*by]).await),
    };
    let people = people();
    // Refusals are the model's to tell: what they leave is compared.
    let _ = match act {
        Act::Assign { to, .. } => work::assign(database, &people, &who, id, to.map(|to| WORKERS[to]), None, MORNING).await,
        Act::Note { .. } => work::note(database, &who, id, "a note", MORNING).await,
        Act::Judge { case, outcome, stale, .. } => {
            let mut cites: BTreeMap<String, i64> = model.cites(*case).into_iter().map(|(id, revision)| (id, i64::from(revision))).collect();
            if *stale {
                cites.pop_first();
            }
            let reason = VerdictReason::ALL.iter().copied().find(|reason| reason.outcome() == *outcome).expect("each has some");
            verdict::give(database, &who, id, &Verdict { outcome: *outcome, reason, text: "looked".to_owned(), cites }, None, MORNING).await
        }
        Act::Countersign { agrees, .. } => {
            let mut read = database.read().await.expect("a connection");
            let entry = case::read(&mut read, id).await.expect("read").and_then(|case| case.proposed_entry).unwrap_or(0);
            drop(read);
            let agrees = if *agrees { Ok(()) } else { Err("look again") };
            verdict::countersign(database, &people, &who, id, entry, agrees, MORNING).await
        }
        _ => work::reopen(database, &who, id, "something came up", None, MORNING).await,
    };
}

fn told(person: usize, nth: usize, revision: u32, severity: Severity) -> leakwarden::model::alert::Alert {
    alert(&name(person, nth), PEOPLE[person], revision, severity)
}

/// Lets go of an act after so many of its steps.
async fn cut_off(act: impl Future<Output = ()>, steps: u32) {
    let mut act = pin!(act);
    let mut left = steps;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        act.as_mut().poll(context)
    })
    .await;
}

async fn play(place: &Place, acts: &[(Act, Option<u32>)]) -> Result<(), TestCaseError> {
    let database = place.open().await;
    staffed(&database).await;
    let mut model = Model::default();
    for (at, (act, cut)) in acts.iter().enumerate() {
        let after = model.after(act);
        match cut {
            None => perform(&database, &model, act).await,
            Some(steps) => cut_off(perform(&database, &model, act), *steps).await,
        }
        let kept = kept(&database).await;
        if cut.is_some() && kept == model {
            // Nothing of it was done: it is done again, like whoever sees no answer does.
            perform(&database, &model, act).await;
        }
        let kept = self::kept(&database).await;
        prop_assert_eq!(&kept, &after, "{}: step {} {:?} {:?}", place.name, at, act, cut);
        for person in 0..PEOPLE.len() {
            let open = kept
                .cases
                .iter()
                .filter(|case| case.person == person && case.state != CaseState::Closed && case.state != CaseState::Reopened);
            prop_assert!(open.count() <= 1, "{}: two open cases of a person", place.name);
        }
        model = after;
    }
    database.close().await;
    Ok(())
}

fn run(cases: u32, place: impl Fn() -> Option<Place>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let acts = prop::collection::vec((act(), prop::option::weighted(0.25, 0..40_u32)), 1..30);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let played = runner.run(&acts, |acts| match place() {
        Some(place) => runtime.block_on(play(&place, &acts)),
        None => Ok(()),
    });
    played.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn whatever_people_and_the_engine_do_the_desk_says_what_a_naive_model_says() {
    run(40, || Some(Place::sqlite()));
}

#[test]
fn whatever_they_do_on_postgresql() {
    run(10, Place::postgres);
}
