//! How long cases are kept: what names or describes somebody is gone from every byte of the database once their time has passed, counts and
//! the chain of views stay, and a hold stops it.

use crate::common::databases::on_each;
use crate::common::dossier::dossier_of_looks;
use crate::company::{MORNING, alert, caller, people, staffed};
use crate::console::Running;
use crate::unmasking::stands_in;
use leakwarden::database::Database;
use leakwarden::desk::retention::{self, Terms};
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::view_log::{self, View};
use leakwarden::desk::{DeskError, LIVE, hold, ingest, unmask, work};
use leakwarden::model::alert::Alert;
use leakwarden::model::decision::{VerdictOutcome, VerdictReason};
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{DAY_MS, Span, Timestamp};
use std::sync::Arc;

const TERMS: Terms = Terms { innocent: Span::days(183), unclear: Span::days(366), confirmed: Span::days(1096), views: Span::days(1096) };
/// Whom the first case is about, and what is said of them in words, by pseudonyms and in pictures.
const GONE: [&str; 8] = [
    "EMP-4711-LIN",
    "the-engine-says-of-them",
    "a-note-of-a-person",
    "a-purpose-of-unmasking",
    "a-reason-of-a-hold",
    "a-verdict-in-words",
    "p-pseudonym-of-a-subject",
    "crm-of-their-own.log",
];
const STAYS: &str = "EMP-0815-WANG";

fn days(count: i64) -> Timestamp {
    Timestamp(MORNING.0 + count * DAY_MS)
}

fn told(id: &str, employee: &str) -> AlertWithDossier {
    let told = alert(id, employee, 1, Severity::High);
    let dossier = (employee == GONE[0]).then(|| Arc::new(dossier_of_looks(&told, MORNING, GONE[7], &[(GONE[6].to_owned(), 2)])));
    let explanation = if employee == GONE[0] { format!("{employee}: {}", GONE[1]) } else { employee.to_owned() };
    AlertWithDossier { alert: Arc::new(Alert { explanation, ..told }), dossier }
}

async fn read(database: &Database, sql: &str) -> i64 {
    let mut read = database.read().await.expect("a connection");
    sqlx::Row::get(&sqlx::query(sql).fetch_one(&mut *read).await.expect("read"), 0)
}

/// A case of everything that may be said of somebody, closed as innocent; and one about somebody else, which nobody has decided on.
async fn closed(database: &Database) {
    staffed(database).await;
    ingest::take(database, &people(), LIVE, &[told("a1", GONE[0]), told("b1", STAYS)], MORNING).await.expect("taken in");
    let (li, chen, qian) = (caller(database, "li.na").await, caller(database, "chen.lei").await, caller(database, "qian").await);
    for case in [1, 2] {
        work::assign(database, &people(), &chen, case, Some("li.na"), None, MORNING).await.expect("given");
    }
    work::note(database, &li, 1, GONE[2], MORNING).await.expect("noted");
    unmask::ask(database, &li, 1, GONE[3], &[GONE[6].to_owned()], None, MORNING).await.expect("asked");
    let set = hold::set(database, &chen, 1, GONE[4], MORNING).await.expect("set");
    hold::lift(database, &qian, set.id, 1, MORNING).await.expect("lifted");
    // What is on its way to people may name them too.
    let mut write = database.write().await.expect("its turn");
    for (table, columns, values) in [
        ("notify_case", "case_id, body, changed_at", format!("'case-{0}', '{0}', 1", GONE[0])),
        (
            "dead_letter",
            "sink, case_id, number, made_at, died_at, tries, reason, event",
            format!("'m', 'case-{0}', 1, 1, 1, 1, 'x', '{0}'", GONE[0]),
        ),
    ] {
        sqlx::query(&format!("insert into {table} ({columns}) values ({values})")).execute(&mut *write).await.expect("put");
    }
    write.commit().await.expect("kept");
    let sent = Verdict {
        outcome: VerdictOutcome::Innocent,
        reason: VerdictReason::Batch,
        text: GONE[5].to_owned(),
        cites: [("a1".to_owned(), 1)].into(),
    };
    verdict::give(database, &li, 1, &sent, None, MORNING).await.expect("decided");
    for (page, object, person) in [("case", "1", GONE[0]), ("alert", "a1", GONE[0]), ("person", GONE[0], GONE[0]), ("case", "2", STAYS)] {
        let view = View { page, object: object.to_owned(), persons: vec![person.to_owned()], rows: 1 };
        view_log::record(database, &li, &view, MORNING).await.expect("written down");
    }
}

#[test]
fn once_its_time_has_passed_nothing_of_the_person_is_left_and_counts_are() {
    on_each(|place| async move {
        let database = place.open().await;
        closed(&database).await;
        let (views, entries) = (read(&database, "select count(*) from view").await, read(&database, "select count(*) from entry").await);
        let in_files = |text: &str| place.location.file().map(|file| stands_in(file.parent().expect("a folder"), text));
        for text in GONE.into_iter().chain([STAYS]) {
            assert_ne!(in_files(text), Some(false), "the search finds {text} before");
        }
        // Half a year is not over yet.
        assert_eq!(retention::sweep(&database, &TERMS, days(182)).await.expect("looked").cases, Vec::<i64>::new());
        assert_eq!(retention::due(&database, &TERMS, days(183)).await.expect("looked").cases, [1]);
        let erased = retention::sweep(&database, &TERMS, days(183)).await.expect("erased");
        assert_eq!((erased.cases, erased.held, erased.views), (vec![1], 0, 0), "{}", place.name);
        for text in GONE {
            assert_ne!(in_files(text), Some(true), "{text} is still in the database");
        }
        assert_ne!(in_files(STAYS), Some(false), "whom another case is about is left alone");
        // In no column of any table either, wherever the database is.
        for (table, column) in [
            ("case_party", "name"),
            ("case_file", "about"),
            ("case_file", "key"),
            ("alert", "body"),
            ("alert_revision", "body"),
            ("entry", "body"),
            ("unmasking", "purpose"),
            ("unmasking", "pseudonyms"),
            ("hold", "reason"),
            ("view", "persons"),
            ("view", "object"),
            ("feedback", "body"),
            ("notify_case", "body"),
            ("dead_letter", "event"),
            ("explanation", "text"),
            ("provisional", "body"),
        ] {
            for text in GONE {
                let found = read(&database, &format!("select count(*) from {table} where {column} like '%{text}%'")).await;
                assert_eq!(found, 0, "{}: {text} in {table}.{column}", place.name);
            }
        }
        let waiting = format!("select count(*) from feedback where written = 0 and body like '%case-{STAYS}%'");
        assert_eq!(read(&database, &waiting).await, 1, "{}: what was decided of another case is still on its way", place.name);
        // Counts and codes stay; the chain holds, and goes on.
        assert_eq!(read(&database, "select count(*) from view where page <> 'erased'").await, views);
        assert_eq!(read(&database, "select count(*) from view where page = 'erased' and object = '1-3' and row_count = 3").await, 1);
        assert_eq!(read(&database, "select count(*) from entry").await, entries + 1, "that it was erased is entered");
        assert_eq!(
            read(&database, "select count(*) from case_file where state = 'closed' and verdict = 'innocent' and alerts = 1").await,
            1
        );
        let running = Running::behind_a_proxy(database.clone()).await;
        let page = running.as_user("chen.lei", "GET", "/cases/1", "").await;
        assert!(page.status == 200 && page.body.contains("Its time has passed") && page.body.contains("innocent"), "{}", page.body);
        assert!(running.as_user("chen.lei", "GET", "/quality", "").await.body.contains("many people at once"));
        assert!(
            running.as_user("zhao", "GET", "/views", "").await.body.contains("Every record is there and is what it was"),
            "{}",
            place.name
        );
        let api = running.as_user("chen.lei", "GET", "/api/v1/cases/1", "").await.body;
        assert!(api.contains("\"erased_at\":\"2026-09-") && api.contains("\"reason\":\"batch\""), "{api}");
        let mut connection = database.read().await.expect("a connection");
        assert_eq!(view_log::first_broken(&mut connection).await.expect("followed"), None, "{}", place.name);
        drop(connection);
        // The same alert once more is known, and brings nobody back; nobody opens the case again.
        let again = ingest::take(&database, &people(), LIVE, &[told("a1", GONE[0])], days(184)).await.expect("taken in");
        assert_eq!(again, [ingest::Taken::Repeat]);
        let chen = caller(&database, "chen.lei").await;
        let reopened = work::reopen(&database, &chen, 1, "why", None, days(184)).await;
        assert!(matches!(reopened, Err(DeskError::State { state: "erased", .. })), "{reopened:?}");
        assert_eq!(retention::sweep(&database, &TERMS, days(365)).await.expect("looked").cases, Vec::<i64>::new(), "once");
        // Somebody puts a name into a record that was erased.
        let mut write = database.write().await.expect("its turn");
        let put = "update view set persons = '[\"E9\"]' where number = 1";
        sqlx::query(put).execute(&mut *write).await.expect("changed");
        write.commit().await.expect("kept");
        let mut connection = database.read().await.expect("a connection");
        assert_eq!(view_log::first_broken(&mut connection).await.expect("followed"), Some(1), "{}", place.name);
    });
}

#[test]
fn what_nobody_judges_goes_once_nothing_has_happened_for_as_long_as_an_unclear_case_is_kept() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        ingest::take(&database, &people(), LIVE, &[told("a1", GONE[0]), told("b1", STAYS)], MORNING).await.expect("taken in");
        let chen = caller(&database, "chen.lei").await;
        work::assign(&database, &people(), &chen, 2, Some("li.na"), None, days(100)).await.expect("given");
        // Their last access was some minutes after it came in.
        assert_eq!(retention::sweep(&database, &TERMS, days(366)).await.expect("looked").cases, Vec::<i64>::new());
        assert_eq!(retention::sweep(&database, &TERMS, days(367)).await.expect("erased").cases, [1], "{}", place.name);
        let unjudged = "select count(*) from case_file where state = 'closed' and verdict is null and about = '' and closed_at = erased_at";
        assert_eq!(read(&database, unjudged).await, 1);
        for (table, column) in [("case_party", "name"), ("alert", "body"), ("alert_revision", "body"), ("entry", "body")] {
            for (text, stands) in [(GONE[0], false), (STAYS, true)] {
                let found = read(&database, &format!("select count(*) from {table} where {column} like '%{text}%'")).await;
                assert_eq!(found > 0, stands, "{}: {text} in {table}.{column}", place.name);
            }
        }
        // Somebody was given it later, and it waits for them.
        assert_eq!(retention::due(&database, &TERMS, days(465)).await.expect("looked").cases, Vec::<i64>::new());
        assert_eq!(retention::due(&database, &TERMS, days(466)).await.expect("looked").cases, [2]);
        let running = Running::behind_a_proxy(database.clone()).await;
        let page = running.as_user("chen.lei", "GET", "/cases/1", "").await;
        assert!(page.status == 200 && page.body.contains("Its time has passed"), "{}", page.body);
        assert!(!running.as_user("chen.lei", "GET", "/", "").await.body.contains(GONE[0]));
    });
}

#[test]
fn a_hold_keeps_a_case_and_so_does_one_that_was_asked_for() {
    on_each(|place| async move {
        let database = place.open().await;
        closed(&database).await;
        let (li, chen, qian) = (caller(&database, "li.na").await, caller(&database, "chen.lei").await, caller(&database, "qian").await);
        let erased = async |at| {
            let erased = retention::sweep(&database, &TERMS, at).await.expect("looked");
            (erased.cases, erased.held)
        };
        let asked = hold::set(&database, &li, 1, "court", days(1)).await.expect("asked for");
        assert_eq!(erased(days(200)).await, (vec![], 1), "{}", place.name);
        hold::decide(&database, &chen, asked.id, true, None, days(201)).await.expect("set");
        assert_eq!(erased(days(202)).await, (vec![], 1));
        hold::lift(&database, &qian, asked.id, 2, days(203)).await.expect("lifted");
        assert_eq!(erased(days(204)).await, (vec![1], 0));
    });
}

#[test]
fn records_of_views_go_by_age_and_the_chain_begins_after_them() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let li = caller(&database, "li.na").await;
        let look = async |at: Timestamp| {
            let view = View { page: "case", object: "1".to_owned(), persons: vec!["E7".to_owned()], rows: 1 };
            view_log::record(&database, &li, &view, at).await.expect("written down");
        };
        for day in [0, 0, 900] {
            look(days(day)).await;
        }
        let broken = async || {
            let mut connection = database.read().await.expect("a connection");
            view_log::first_broken(&mut connection).await.expect("followed")
        };
        assert_eq!(retention::sweep(&database, &TERMS, days(1100)).await.expect("looked").views, 2, "{}", place.name);
        assert_eq!((broken().await, read(&database, "select min(number) from view").await), (None, 3));
        look(days(1101)).await;
        assert_eq!(broken().await, None);
        // All of them, and one after that.
        assert_eq!(retention::sweep(&database, &TERMS, days(4000)).await.expect("looked").views, 2);
        look(days(4001)).await;
        assert_eq!((broken().await, read(&database, "select min(number) from view").await), (None, 5), "{}", place.name);
        let mut write = database.write().await.expect("its turn");
        sqlx::query("delete from meta where name = 'view_anchor'").execute(&mut *write).await.expect("gone");
        write.commit().await.expect("kept");
        assert_eq!(broken().await, Some(1), "what is missing without that is told");
    });
}
