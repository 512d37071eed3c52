//! The desk against a naive model: random acts of the engine and of people, repeated, cut off anywhere and undone, two of them at once by two
//! consoles, with restarts and older copies of the database in between, on both databases.
//!
//! Whatever happens: a verdict that was taken is not lost, a person has one open case, nothing is half done. An older copy that comes back
//! knows what it knew then; the engine's alerts are told it again, and what went to the engine before is there under its id, once.

mod model;

use crate::common::databases::{Copied, Place};
use crate::company::{MORNING, caller, people, staffed, take};
use leakwarden::database::Database;
use leakwarden::desk::case::{self, CaseState};
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::{feedback, work};
use leakwarden::model::decision::{Decision, DecisionKind, VerdictReason};
use model::{Act, Model, ModelCase, PEOPLE, Said, WORKERS, any_act, name};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::Poll;

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
    model.told = waiting(database).await.len();
    model
}

/// Verdicts on their way to the engine, by id.
async fn waiting(database: &Database) -> BTreeMap<String, Decision> {
    let told = feedback::unwritten(database).await.expect("read");
    let verdicts = told.into_iter().map(|(_, decision)| decision).filter(|decision| matches!(decision.what, DecisionKind::Verdict(_)));
    verdicts.map(|decision| (decision.id.clone(), decision)).collect()
}

/// Where the engine reads decisions: what is written again changes nothing.
#[derive(Default)]
struct Stream(BTreeMap<String, Decision>);

impl Stream {
    async fn write(&mut self, database: &Database, marks: bool) {
        for (id, decision) in waiting(database).await {
            let before = self.0.entry(id).or_insert_with(|| decision.clone());
            assert_eq!(*before, decision, "one id is of one decision");
        }
        let last = feedback::unwritten(database).await.expect("read").last().map(|(number, _)| *number);
        if let Some(last) = last.filter(|_| marks) {
            feedback::written(database, last).await.expect("marked");
        }
    }

    /// The alerts that verdicts are about, in the words of the engine.
    fn judged(&self) -> BTreeSet<(String, u32)> {
        let cited = |decision: &Decision| match &decision.what {
            DecisionKind::Verdict(verdict) => verdict.alerts.iter().map(|alert| (alert.id.clone(), alert.revision)).collect(),
            _ => Vec::new(),
        };
        self.0.values().flat_map(cited).collect()
    }
}

async fn perform(database: &Database, model: &Model, act: &Act) {
    let (id, who) = match act {
        Act::Revise { .. } | Act::Retract { .. } => {
            if let Some(said) = model.said(act) {
                take(database, &[said.alert()]).await;
            }
            return;
        }
        Act::TellAgain | Act::Write { .. } | Act::Both(..) | Act::Restart { .. } | Act::Restore => unreachable!("the desk's own"),
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

/// The desk under test, and what is known of it.
struct Desk<'a> {
    place: &'a Place,
    /// Two consoles.
    consoles: [Database; 2],
    model: Model,
    said: Vec<Said>,
    stream: Stream,
    copy: Option<(Copied, Model)>,
}

impl Desk<'_> {
    async fn reopen(&mut self, meanwhile: impl FnOnce(&Place) -> Option<Copied>) -> Option<Copied> {
        for console in &self.consoles {
            console.close().await;
        }
        let copied = meanwhile(self.place);
        self.consoles = [self.place.open().await, self.place.open().await];
        copied
    }

    async fn tell_again(&self, nth: usize) {
        for said in &self.said {
            take(&self.consoles[nth % 2], &[said.alert()]).await;
        }
    }

    fn hear(&mut self, act: &Act) {
        if let Some(said) = self.model.said(act) {
            self.said.push(said);
        }
    }

    /// Does it; what the model is then, of which one must be.
    async fn act(&mut self, nth: usize, act: &Act, cut: Option<u32>) -> Vec<Model> {
        let model = self.model.clone();
        match act {
            Act::TellAgain => self.tell_again(nth).await,
            Act::Write { marks } => self.stream.write(&self.consoles[nth % 2], *marks).await,
            Act::Restart { keeps: false } => drop(self.reopen(|_| None).await),
            Act::Restart { keeps: true } => {
                let copied = self.reopen(|place| Some(place.copy())).await;
                self.copy = copied.map(|copied| (copied, model.clone()));
            }
            Act::Restore => {
                let Some((copied, mut healed)) = self.copy.take() else { return vec![model] };
                let copied = self.reopen(|place| {
                    place.restore(&copied);
                    Some(copied)
                });
                let copied = copied.await.expect("the same");
                self.copy = Some((copied, healed.clone()));
                self.tell_again(nth).await;
                self.said.iter().for_each(|said| healed.revise(said));
                return vec![healed];
            }
            Act::Both(one, other) => {
                let [left, right] = &self.consoles;
                tokio::join!(perform(left, &model, one), perform(right, &model, other));
                let [first, second] = [model.after(one, &model), model.after(other, &model)];
                let mut all = vec![first.after(other, &model), second.after(one, &model)];
                // Whoever agrees to what was read, while it is proposed anew, has agreed to nothing.
                if [one, other].iter().any(|act| matches!(***act, Act::Countersign { .. })) {
                    all.extend([first, second]);
                }
                self.hear(one);
                self.hear(other);
                return all;
            }
            _ => {
                let console = &self.consoles[nth % 2];
                match cut {
                    None => perform(console, &model, act).await,
                    Some(steps) => {
                        cut_off(perform(console, &model, act), steps).await;
                        if kept(console).await == model {
                            // Nothing of it was done: it is done again, like whoever sees no answer does.
                            perform(console, &model, act).await;
                        }
                    }
                }
                self.hear(act);
            }
        }
        vec![model.after(act, &model)]
    }
}

async fn play(place: &Place, acts: &[(Act, Option<u32>)]) -> Result<(), TestCaseError> {
    let consoles = [place.open().await, place.open().await];
    staffed(&consoles[0]).await;
    let mut desk = Desk { place, consoles, model: Model::default(), said: Vec::new(), stream: Stream::default(), copy: None };
    for (at, (act, cut)) in acts.iter().enumerate() {
        let judged = desk.stream.judged();
        let expected = desk.act(at, act, *cut).await;
        let kept = kept(&desk.consoles[(at + 1) % 2]).await;
        prop_assert!(expected.contains(&kept), "{}: step {} {:?} {:?}: {:#?} is none of {:#?}", place.name, at, act, cut, kept, expected);
        for person in 0..PEOPLE.len() {
            let open = kept
                .cases
                .iter()
                .filter(|case| case.person == person && case.state != CaseState::Closed && case.state != CaseState::Reopened);
            prop_assert!(open.count() <= 1, "{}: two open cases of a person", place.name);
        }
        prop_assert!(judged.is_subset(&desk.stream.judged()), "what the engine has is not taken from it");
        desk.model = kept;
    }
    // Whatever was decided and is on its way gets there, and what the engine has of it is about alerts that there are.
    desk.stream.write(&desk.consoles[0], true).await;
    let told: BTreeSet<(String, u32)> = desk.said.iter().map(|said| (name(said.person, said.nth), said.revision)).collect();
    prop_assert!(desk.stream.judged().is_subset(&told), "{}: a verdict is about what was never said", place.name);
    for case in desk.model.cases.iter().enumerate().filter(|(_, case)| case.state == CaseState::Closed) {
        let cites: BTreeSet<_> = desk.model.alerts.iter().filter(|(_, alert)| alert.2 == case.0).map(|(id, _)| id).collect();
        let judged = desk.stream.judged();
        prop_assert!(judged.iter().any(|(id, _)| cites.contains(id)), "{}: a closed case whose verdict is lost", place.name);
    }
    for console in desk.consoles {
        console.close().await;
    }
    Ok(())
}

fn run(cases: u32, place: impl Fn() -> Option<Place>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let acts = prop::collection::vec((any_act(), prop::option::weighted(0.25, 0..40_u32)), 1..30);
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
