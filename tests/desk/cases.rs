//! Alerts come in once, cases go through their states, and verdicts hold what they promise, on both databases.

use crate::common::databases::on_each;
use crate::company::{MORNING, alert, caller, later, people, staffed, take};
use leakwarden::database::Database;
use leakwarden::desk::case::{self, CaseState};
use leakwarden::desk::ingest::Taken;
use leakwarden::desk::list::{self, Filter};
use leakwarden::desk::rights::Action;
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::{DeskError, feedback, work};
use leakwarden::model::alert::{Alert, AlertState};
use leakwarden::model::decision::{DecisionKind, VerdictOutcome, VerdictReason};
use leakwarden::model::severity::Severity;
use sqlx::Row;
use std::collections::BTreeMap;

async fn count(database: &Database, sql: &str) -> i64 {
    let mut read = database.read().await.expect("a connection");
    sqlx::query(sql).fetch_one(&mut *read).await.expect("answered").get(0)
}

async fn state(database: &Database, id: i64) -> CaseState {
    let mut read = database.read().await.expect("a connection");
    case::read(&mut read, id).await.expect("read").expect("a case").state
}

async fn cites(database: &Database, id: i64) -> BTreeMap<String, i64> {
    let mut read = database.read().await.expect("a connection");
    verdict::revisions(&mut read, id).await.expect("read")
}

fn says(outcome: VerdictOutcome, reason: VerdictReason, cites: BTreeMap<String, i64>) -> Verdict {
    Verdict { outcome, reason, text: "asked the branch".to_owned(), cites }
}

#[test]
fn a_revision_comes_in_once_and_another_content_under_its_number_is_an_alarm() {
    on_each(|place| async move {
        let database = place.open().await;
        let first = alert("a1", "E7", 1, Severity::High);
        assert_eq!(take(&database, std::slice::from_ref(&first)).await, [Taken::New]);
        assert_eq!(take(&database, &[first.clone(), first.clone()]).await, [Taken::Repeat, Taken::Repeat]);
        let other = Alert { score: 99.0, ..first.clone() };
        assert_eq!(take(&database, &[other]).await, [Taken::Alarm]);
        assert_eq!(count(&database, "select count(*) from alert_revision").await, 1);
        assert_eq!(count(&database, "select count(*) from ingest_alarm").await, 1);
        let mut read = database.read().await.expect("a connection");
        assert_eq!(list::alert(&mut read, "a1").await.expect("read").expect("there").0, first, "{}: the first stands", place.name);
    });
}

#[test]
fn revisions_in_any_order_make_the_same_head_and_one_case_a_person() {
    on_each(|place| async move {
        let database = place.open().await;
        let newest = Alert { state: AlertState::Closed, ..alert("a1", "E7", 3, Severity::High) };
        take(&database, std::slice::from_ref(&newest)).await;
        // A restored copy had lost these: they come again, and change nothing that is newer.
        take(&database, &[alert("a1", "E7", 1, Severity::Low), alert("a1", "E7", 2, Severity::Critical)]).await;
        take(&database, &[alert("a2", "E7", 1, Severity::Medium), alert("b1", "E8", 1, Severity::Low)]).await;
        let mut read = database.read().await.expect("a connection");
        assert_eq!(list::alert(&mut read, "a1").await.expect("read").expect("there").0, newest);
        drop(read);
        assert_eq!(count(&database, "select count(*) from case_file").await, 2);
        assert_eq!(count(&database, "select count(*) from alert_revision").await, 5);
        assert_eq!(count(&database, "select alerts from case_file where key = 'case-E7'").await, 2);
    });
}

#[test]
fn what_has_not_settled_stands_beside_until_it_is_reached_or_taken_back() {
    on_each(|place| async move {
        let database = place.open().await;
        let early = |id: &str, number: u64, revision: u32| Alert {
            provisional: Some(number),
            settled: false,
            last_access: later(5).to_string(),
            ..alert(id, "E7", revision, Severity::High)
        };
        assert_eq!(take(&database, &[early("a1", 10, 0), early("a2", 11, 0)]).await, [Taken::Provisional, Taken::Provisional]);
        // An older one that comes late is not the newest.
        take(&database, &[early("a1", 9, 0)]).await;
        assert_eq!(count(&database, "select count(*) from provisional").await, 2);
        assert_eq!(count(&database, "select number from provisional where id = 'a1'").await, 10);
        assert_eq!(count(&database, "select count(*) from case_file").await, 0, "nothing is decided on what has not settled");
        take(&database, &[alert("a1", "E7", 1, Severity::High)]).await;
        assert_eq!(count(&database, "select count(*) from provisional where id = 'a1'").await, 1, "it settled up to minute 1 alone");
        take(&database, &[alert("a1", "E7", 5, Severity::High)]).await;
        assert_eq!(count(&database, "select count(*) from provisional where id = 'a1'").await, 0);
        take(&database, &[early("a1", 12, 1)]).await;
        assert_eq!(count(&database, "select count(*) from provisional where id = 'a1'").await, 0, "what settled has reached it");
        // Taken back, although that says settled.
        take(&database, &[Alert { state: AlertState::Retracted, settled: true, ..early("a2", 12, 0) }]).await;
        assert_eq!(count(&database, "select count(*) from provisional").await, 0);
        assert_eq!(count(&database, "select count(*) from alert where id = 'a2'").await, 0);
    });
}

#[test]
fn a_verdict_closes_the_case_and_goes_to_the_engine() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 2, Severity::High)]).await;
        let li = caller(&database, "li.na").await;
        work::assign(&database, &people(), &li, 1, Some("li.na"), None, later(10)).await.expect("taken");
        assert_eq!(state(&database, 1).await, CaseState::Assigned);
        work::note(&database, &li, 1, "the branch moved its files", later(11)).await.expect("noted");
        assert_eq!(state(&database, 1).await, CaseState::Working);
        let innocent = says(VerdictOutcome::Innocent, VerdictReason::Batch, cites(&database, 1).await);
        let closed = verdict::give(&database, &li, 1, &innocent, None, later(12)).await.expect("given");
        assert_eq!((closed.state, closed.verdict.as_deref(), closed.closed_at), (CaseState::Closed, Some("innocent"), Some(later(12))));
        let told = feedback::unwritten(&database).await.expect("read");
        let kinds: Vec<&str> = told.iter().map(|(_, decision)| decision.what.name()).collect();
        assert_eq!(kinds, ["assignment", "verdict", "end"]);
        let DecisionKind::Verdict(sent) = &told[1].1.what else { panic!("{told:?}") };
        assert_eq!((sent.alerts[0].id.as_str(), sent.alerts[0].revision, sent.reason), ("a1", 2, VerdictReason::Batch));
        assert!(!told[1].1.to_line().contains("branch"), "words stay here");
        feedback::written(&database, told[1].0).await.expect("marked");
        assert_eq!(feedback::unwritten(&database).await.expect("read").len(), 1);
        // The next finding of the person opens a case of its own.
        take(&database, &[alert("a2", "E7", 1, Severity::Low)]).await;
        assert_eq!((state(&database, 1).await, state(&database, 2).await), (CaseState::Closed, CaseState::New));
        // What settles late of what was decided changes nothing, unless it is graver than it was decided at.
        take(&database, &[Alert { state: AlertState::Closed, ..alert("a1", "E7", 3, Severity::High) }]).await;
        assert_eq!(state(&database, 1).await, CaseState::Closed);
        take(&database, &[alert("a1", "E7", 4, Severity::Critical)]).await;
        assert_eq!(state(&database, 1).await, CaseState::Reopened);
    });
}

#[test]
fn a_verdict_that_the_engine_does_not_take_is_in_force_nowhere() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 2, Severity::High)]).await;
        let li = caller(&database, "li.na").await;
        work::assign(&database, &people(), &li, 1, Some("li.na"), None, MORNING).await.expect("taken");
        let innocent = says(VerdictOutcome::Innocent, VerdictReason::Batch, cites(&database, 1).await);
        verdict::give(&database, &li, 1, &innocent, None, later(1)).await.expect("given");
        // It came before the hour at which decisions are taken: the engine refuses to close what nobody has seen.
        take(&database, &[alert("a1", "E7", 3, Severity::High)]).await;
        assert_eq!(state(&database, 1).await, CaseState::Reopened);
        let mut read = database.read().await.expect("a connection");
        let last = leakwarden::desk::case::entries(&mut read, 1).await.expect("read").pop().expect("an entry");
        assert_eq!((last.kind.as_str(), &last.body["why"]), ("reopened", &serde_json::json!("newer")));
    });
}

#[test]
fn a_verdict_on_what_somebody_has_not_read_is_refused() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::Medium)]).await;
        let li = caller(&database, "li.na").await;
        work::assign(&database, &people(), &li, 1, Some("li.na"), None, MORNING).await.expect("taken");
        let read_before = cites(&database, 1).await;
        take(&database, &[alert("a1", "E7", 2, Severity::Medium)]).await;
        let stale = says(VerdictOutcome::Unclear, VerdictReason::NobodyToAsk, read_before.clone());
        let refused = verdict::give(&database, &li, 1, &stale, None, MORNING).await.expect_err("stale");
        assert_eq!(refused, DeskError::Stale(vec!["a1: revision 2".to_owned()]));
        take(&database, &[alert("a2", "E7", 1, Severity::Low)]).await;
        let stale = says(VerdictOutcome::Unclear, VerdictReason::NobodyToAsk, BTreeMap::from([("a1".to_owned(), 2)]));
        let refused = verdict::give(&database, &li, 1, &stale, None, MORNING).await.expect_err("an alert is new");
        assert_eq!(refused, DeskError::Stale(vec!["a2: revision 1".to_owned()]));
        for (id, revision) in [("x", 1), ("a1", 3)] {
            let mut wrong = cites(&database, 1).await;
            wrong.insert(id.to_owned(), revision);
            let wrong = says(VerdictOutcome::Unclear, VerdictReason::NobodyToAsk, wrong);
            assert!(matches!(
                verdict::give(&database, &li, 1, &wrong, None, MORNING).await,
                Err(DeskError::Refused { place: "cites", .. })
            ));
        }
        let current = cites(&database, 1).await;
        let mixed = says(VerdictOutcome::Confirmed, VerdictReason::Batch, current.clone());
        assert!(matches!(verdict::give(&database, &li, 1, &mixed, None, MORNING).await, Err(DeskError::Refused { place: "reason", .. })));
        let empty = Verdict { text: "  ".to_owned(), ..says(VerdictOutcome::Unclear, VerdictReason::NobodyToAsk, current) };
        assert!(matches!(verdict::give(&database, &li, 1, &empty, None, MORNING).await, Err(DeskError::Refused { place: "text", .. })));
        assert_eq!((state(&database, 1).await, feedback::unwritten(&database).await.expect("read").len()), (CaseState::Assigned, 1));
    });
}

#[test]
fn confirmed_and_innocent_on_critical_need_a_second_person() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::Critical), alert("b1", "E8", 1, Severity::Low)]).await;
        let li = caller(&database, "li.na").await;
        for (id, outcome, reason) in
            [(1, VerdictOutcome::Innocent, VerdictReason::Batch), (2, VerdictOutcome::Confirmed, VerdictReason::NoReasonFound)]
        {
            work::assign(&database, &people(), &li, id, Some("li.na"), None, MORNING).await.expect("taken");
            let proposed = says(outcome, reason, cites(&database, id).await);
            let case = verdict::give(&database, &li, id, &proposed, None, MORNING).await.expect("proposed");
            assert_eq!(case.state, CaseState::Proposed, "{outcome:?}");
        }
        let entry = |id: i64| {
            let database = database.clone();
            async move {
                let mut read = database.read().await.expect("a connection");
                case::read(&mut read, id).await.expect("read").expect("a case").proposed_entry.expect("a proposal")
            }
        };
        let first = entry(1).await;
        // Neither the same person, nor one whom they manage (E3 is managed by E1).
        let refused = verdict::countersign(&database, &people(), &li, 1, first, Ok(()), MORNING).await;
        assert!(matches!(refused, Err(DeskError::NotAllowed(_))), "{refused:?}");
        let wang = caller(&database, "wang.lead").await;
        let refused = verdict::countersign(&database, &people(), &wang, 1, first, Ok(()), MORNING).await;
        assert!(matches!(refused, Err(DeskError::NotAllowed(_))), "{refused:?}");
        let chen = caller(&database, "chen.lei").await;
        let back =
            verdict::countersign(&database, &people(), &chen, 1, first, Err("ask the branch too"), MORNING).await.expect("sent back");
        assert_eq!(back.state, CaseState::Working);
        let again = says(VerdictOutcome::Innocent, VerdictReason::Batch, cites(&database, 1).await);
        verdict::give(&database, &li, 1, &again, None, MORNING).await.expect("proposed");
        assert!(
            matches!(verdict::countersign(&database, &people(), &chen, 1, first, Ok(()), MORNING).await, Err(DeskError::Changed { .. })),
            "another proposal"
        );
        // What was proposed is stale by the time it is agreed to.
        take(&database, &[alert("a1", "E7", 2, Severity::Critical)]).await;
        let second = entry(1).await;
        assert!(matches!(verdict::countersign(&database, &people(), &chen, 1, second, Ok(()), MORNING).await, Err(DeskError::Stale(_))));
        let again = says(VerdictOutcome::Innocent, VerdictReason::Batch, cites(&database, 1).await);
        verdict::give(&database, &li, 1, &again, None, MORNING).await.expect("proposed");
        let third = entry(1).await;
        let closed = verdict::countersign(&database, &people(), &chen, 1, third, Ok(()), MORNING).await.expect("agreed");
        assert_eq!((closed.state, closed.verdict.as_deref()), (CaseState::Closed, Some("innocent")));
        assert_eq!(state(&database, 2).await, CaseState::Proposed, "the other one waits");
    });
}

#[test]
fn lists_and_pages_show_the_same_cases() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        // Of two units, of none, about somebody in each line of managers, and a group over two units.
        let of = |id: &str, employee: &str, unit: Option<&str>| Alert {
            unit: unit.map(str::to_owned),
            ..alert(id, employee, 1, Severity::High)
        };
        let group = Alert { related: vec!["E8".to_owned()], ..of("g1", "E7", Some("north")) };
        take(&database, &[of("n1", "E20", Some("north")), of("s1", "E8", Some("south")), of("x1", "E21", None), group]).await;
        take(
            &database,
            &[of("m1", "E1", Some("north")), of("m2", "E90", None), of("m3", "E2", Some("north")), of("m4", "E6", Some("south"))],
        )
        .await;
        let li = caller(&database, "li.na").await;
        work::assign(&database, &people(), &li, 1, Some("li.na"), None, MORNING).await.expect("taken");
        let total = count(&database, "select count(*) from case_file").await;
        for (name, ..) in crate::company::ACCOUNTS {
            let who = caller(&database, name).await;
            let mut one_by_one = Vec::new();
            let mut read = database.read().await.expect("a connection");
            for id in 1..=total {
                match case::read_for(&mut read, &who, id, Action::Read).await {
                    Ok(case) => one_by_one.push(case.id),
                    Err(error) => assert_eq!(error, DeskError::NotFound, "{name} {id}"),
                }
            }
            drop(read);
            // In pages of two, too: each once, none left out.
            let (mut listed, mut after) = (Vec::new(), None);
            loop {
                let page = list::cases(&database, &who, &Filter::default(), after.as_deref(), 2).await.expect("listed");
                listed.extend(page.cases.iter().map(|case| case.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(list::count(&database, &who, &Filter::default()).await.expect("counted"), listed.len() as i64, "{name}");
            listed.sort_unstable();
            assert_eq!(listed, one_by_one, "{}: {name}", place.name);
        }
        let north = caller(&database, "north.lead").await;
        let seen = list::cases(&database, &north, &Filter::default(), None, 50).await.expect("listed");
        assert!(
            seen.cases.iter().all(|case| case.parties.iter().all(|(_, unit)| unit.as_deref() == Some("north"))) && seen.cases.len() == 3,
            "{seen:?}"
        );
    });
}

#[test]
fn nobody_is_given_a_case_that_they_must_not_see() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        // About E90, who is above Li Na.
        take(&database, &[alert("a1", "E90", 1, Severity::High)]).await;
        let chen = caller(&database, "chen.lei").await;
        let refused = work::assign(&database, &people(), &chen, 1, Some("li.na"), None, MORNING).await;
        assert!(matches!(refused, Err(DeskError::Refused { place: "owner", .. })), "{refused:?}");
        for nobody in ["zhao", "nobody"] {
            assert!(work::assign(&database, &people(), &chen, 1, Some(nobody), None, MORNING).await.is_err(), "{nobody}");
        }
        let li = caller(&database, "li.na").await;
        assert_eq!(work::assign(&database, &people(), &li, 1, Some("li.na"), None, MORNING).await.expect_err("none"), DeskError::NotFound);
        let case = work::assign(&database, &people(), &chen, 1, Some("chen.lei"), Some(1), MORNING).await.expect("taken");
        let changed = work::assign(&database, &people(), &chen, 1, None, Some(1), MORNING).await.expect_err("it has changed");
        assert_eq!(changed, DeskError::Changed { now: case.version });
    });
}
