//! Reviewers are watched by what they watch with: the console writes down what it shows, the service reads that like any log, and whoever
//! browses is alerted, to data protection officers and auditors alone. Whoever works on what was given to them is not.

use crate::common::line::access;
use crate::common::program::leakwarden;
use crate::common::service::{Service, append};
use crate::service::{ask, company};
use leakwarden::database::{Database, Location};
use leakwarden::desk::list::{self, Filter};
use leakwarden::desk::people::People;
use leakwarden::desk::rights::Caller;
use leakwarden::desk::view_log::{self, View};
use leakwarden::desk::{account, work};
use leakwarden::model::time::{DAY_MS, MINUTE_MS, Span, Timestamp};
use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const PROXY: &str = "a secret that the proxy shares with it";
/// Days of ordinary work before the day that is judged, and cases of each reviewer on each.
const DAYS: i64 = 12;
const CASES_A_DAY: usize = 2;
/// Cases of the last day: one reviewer was given them all, the other looks at them as well.
const LAST_DAY: usize = 40;
const REVIEWERS: [&str; 2] = ["works", "browses"];

/// So many minutes from now.
fn minutes(from_now: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    Timestamp(now + from_now * MINUTE_MS)
}

/// A time of the day that is so many days ago.
fn ago(days: i64, minute: i64) -> Timestamp {
    Timestamp(minutes(0).0 / DAY_MS * DAY_MS - days * DAY_MS + minute * MINUTE_MS)
}

fn colleague(at: Timestamp) -> String {
    access("e999").at(at).reads("crm.customers", &["name"]).of([1]).to_string()
}

/// Ten thousand people in ten minutes, on the first day.
fn export(nth: usize) -> Vec<String> {
    let employee = format!("e{nth}");
    let record = |n: u64| {
        let at = ago(DAYS + 1, 180 + n as i64);
        access(&employee).at(at).reads("crm.customers", &["name", "phone"]).of(n * 1_000..(n + 1) * 1_000).id(format!("{employee}-{n}"))
    };
    (0..10).map(|n| record(n).to_string()).collect()
}

fn run(dir: &Path, arguments: &[&str]) -> String {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--config", "config.toml"]).collect();
    String::from_utf8(leakwarden(dir, &arguments).well().out).expect("text")
}

fn lines(dir: &Path, file: &str) -> usize {
    fs::read_to_string(dir.join(file)).map_or(0, |text| text.lines().count())
}

/// What is done in the desk itself, at times that are over.
struct Desk {
    database: Database,
    reviewers: [Caller; 2],
    gives: Caller,
}

impl Desk {
    async fn open(dir: &Path) -> Desk {
        let database = Database::open(&Location::sqlite(dir.join("state/desk.sqlite"))).await.expect("the service's");
        let mut read = database.read().await.expect("a connection");
        let people = People::default();
        let mut callers = Vec::new();
        for name in REVIEWERS.into_iter().chain(["gives"]) {
            callers.push(account::caller(&mut read, &people, name).await.expect("read").expect("an account"));
        }
        drop(read);
        let gives = callers.pop().expect("three");
        Desk { database, reviewers: callers.try_into().expect("two"), gives }
    }

    /// Open cases that an account sees, each as its number and whom it is about; nobody is shown them.
    async fn cases(&self, who: &str) -> Vec<(i64, String)> {
        let mut read = self.database.read().await.expect("a connection");
        let caller = account::caller(&mut read, &People::default(), who).await.expect("read").expect("an account");
        drop(read);
        let found = list::cases(&self.database, &caller, &Filter::open(), None, list::LONGEST_PAGE).await.expect("read");
        found.cases.into_iter().map(|case| (case.id, case.about)).collect()
    }

    async fn give(&self, case: i64, to: &str, at: Timestamp) {
        work::assign(&self.database, &People::default(), &self.gives, case, Some(to), None, at).await.expect("given");
    }

    /// The queue, the case, and the person.
    async fn look(&self, by: &Caller, case: i64, whom: &str, at: Timestamp) {
        let view = |page, object: String, persons| View { page, object, persons, rows: 1 };
        let whom = whom.to_owned();
        for (nth, view) in [
            View { page: "today", object: String::new(), persons: vec![], rows: 60 },
            view("case", case.to_string(), vec![whom.clone()]),
            view("person", whom.clone(), vec![whom]),
        ]
        .into_iter()
        .enumerate()
        {
            view_log::record(&self.database, by, &view, at + Span(20_000 * nth as i64)).await.expect("recorded");
        }
    }
}

fn set_up(dir: &Path) {
    fs::write(dir.join("proxy.secret"), PROXY).expect("written");
    fs::write(dir.join("reasons.jsonl"), "").expect("written");
    fs::write(dir.join("views.jsonl"), "").expect("written");
    company(
        dir,
        "[[source]]\nname = \"console\"\nformat = \"canonical\"\npath = \"views.jsonl\"\n[time]\nmax_clock_skew = \"8h\"\nidle_timeout = \"2s\"\n\
         [directory]\nexplanations = \"reasons.jsonl\"\n[decisions]\nfile = \"decisions.jsonl\"\n[console]\nlisten = \"127.0.0.1:0\"\n\
         proxy_header = \"X-User\"\nproxy_secret_file = \"proxy.secret\"\nviews_file = \"views.jsonl\"\n",
    );
    for (name, employee, role) in [
        ("works", "R1", "lead"),
        ("browses", "R2", "lead"),
        ("gives", "R3", "lead"),
        ("protects", "R4", "dpo"),
        ("audits", "R5", "auditor"),
    ] {
        run(dir, &["console", "account", "add", name, "--employee", employee, "--role", role, "--by-proxy"]);
    }
}

#[test]
fn a_reviewer_who_browses_is_alerted_and_one_who_works_is_not() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    set_up(dir);
    let service = Service::start(dir);
    let before = DAYS as usize * CASES_A_DAY * REVIEWERS.len();
    let exports = (0..before + LAST_DAY).flat_map(export);
    append(&dir.join("core.log"), &exports.collect::<Vec<_>>());
    let desk = runtime.block_on(Desk::open(dir));
    let cases = |who: &str| runtime.block_on(desk.cases(who));
    // Time goes on by what comes to the one source, once the other, in which nothing is yet, is not waited for.
    let later = Cell::new(0);
    service.wait("there are cases", |_| {
        later.set(later.get() + 1);
        append(&dir.join("core.log"), &[colleague(ago(DAYS + 1, 300) + Span(1_000 * later.get()))]);
        cases("gives").len() == before + LAST_DAY
    });
    let there = cases("gives");
    let (work, last) = there.split_at(before);

    // Two weeks in which each looks at what they are given. What is decided is on disk before what was seen.
    let of_day = |day: i64| work.chunks(CASES_A_DAY * REVIEWERS.len()).nth((DAYS - day) as usize).expect("so many").iter().enumerate();
    runtime.block_on(async {
        for day in (1..=DAYS).rev() {
            for (nth, (case, _)) in of_day(day) {
                desk.give(*case, REVIEWERS[nth % 2], ago(day, 5)).await;
            }
        }
        for (case, _) in last {
            desk.give(*case, "works", ago(0, 0).max(minutes(-180))).await;
        }
    });
    service.wait("what was given is written down", |_| lines(dir, "decisions.jsonl") >= there.len());
    runtime.block_on(async {
        for day in (1..=DAYS).rev() {
            for (nth, (case, whom)) in of_day(day) {
                desk.look(&desk.reviewers[nth % 2], *case, whom, ago(day, 120 + 45 * nth as i64)).await;
            }
        }
    });
    service.wait("what was seen is written down", |_| lines(dir, "views.jsonl") >= 3 * before);

    // A day's work, and somebody's curiosity: the same pages of the console itself.
    let headers = |who: &'static str| [("X-User", who), ("X-Leakwarden-Proxy-Secret", PROXY)];
    for (id, whom) in last {
        for who in REVIEWERS {
            for path in ["/".to_owned(), format!("/cases/{id}"), format!("/people/{whom}")] {
                let page = ask(&service, &format!("GET {path}"), &headers(who), "");
                assert!(page.starts_with("HTTP/1.1 200"), "{who} {path}: {page}");
            }
        }
    }
    let seen = 3 * before + 2 * 3 * LAST_DAY;
    service.wait("all of it is written down", |_| lines(dir, "views.jsonl") >= seen);
    // The same, once nobody looks at anything any more.
    service.wait("whoever browses is alerted", |_| {
        append(&dir.join("core.log"), &[colleague(minutes(150))]);
        cases("audits").iter().any(|(_, whom)| whom == "R2")
    });
    let about = |who: &str| -> Vec<String> {
        let reviewers = cases(who).into_iter().map(|(_, whom)| whom).filter(|whom| whom.starts_with('R'));
        reviewers.collect()
    };
    let told: Vec<_> =
        service.alerts().iter().map(|alert| format!("{} {} {}", alert["employee"], alert["typology"], alert["severity"])).collect();
    for who in ["protects", "audits"] {
        assert_eq!(about(who), ["R2"], "{who}: {told:?}");
    }
    for who in ["works", "browses", "gives"] {
        assert_eq!(about(who), Vec::<String>::new(), "{who}");
    }
    assert!(!told.iter().any(|alert| alert.starts_with("\"R1\"")), "{told:?}");
    let page = ask(&service, "GET /people/R2", &headers("gives"), "");
    assert!(page.starts_with("HTTP/1.1 404"), "{page}");
    assert!(ask(&service, "GET /people/R2", &headers("audits"), "").starts_with("HTTP/1.1 200"));
    service.stop();
}
