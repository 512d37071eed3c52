//! Alerts and dossiers for tests: an ordinary one, and one whose every name tries to act on the reader.

use crate::model::access::Operation;
use crate::model::alert::{Alert, Expected, OwnExpectation, PeerExpectation, StatuteScore};
use crate::model::coverage::{Counts, Reason, Reasons, State};
use crate::model::dossier::{Accesses, DayFigures, Days, Dossier, DutyMark, Gauge, ListedAccess, VERSION, WEEK_HOURS, Week, WhoSawWhom};
use crate::model::kind::{Kind, Kinds};
use crate::model::persons::Persons;
use crate::model::severity::Severity;
use crate::model::time::Day;
use crate::model::typology::Typology;
use crate::page::report::{HouseCoverage, SetUp, WhatWasRead};

/// A name that would act wherever it is not written out.
pub const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=http://evil.example/x onerror=y>\u{202e}\u{1b}[31m\u{0}&amp;]]>=cmd";

/// An alert whose names are all the same.
pub fn alert(typology: Typology, name: &str) -> Alert {
    let json = r#"{"id":"820f0df6c29596e7066bbecc","revision":3,"state":"open","settled":true,"typology":"bulk_extract","severity":"critical","score":81.2,
        "case":"5a1c0e7bb2d94f6f3f0a9c1d","case_score":93.1,"employee":"E1003","account":null,"identity":"claimed","source":null,"unit":"Hangzhou","role":"teller",
        "in_directory":true,"related":["E1","E2"],"raised_at":"2026-03-10T10:41:10Z","reached":{"critical":"2026-03-10T10:41:10Z"},"shown_at":"2026-03-10T10:41:10Z",
        "first_access":"2026-03-10T10:41:10Z","last_access":"2026-03-10T10:52:10Z","window":"24h",
        "observed":{"accesses":5,"records":7991,"persons":{"at_most":7991},"named":{"exact":3},"counted":7988,"unknown_accesses":1,"kinds":{"name":{"at_most":7991},"phone_number":{"at_most":7991}}},
        "expected":{"own":{"median":1,"p99":4,"days":60},"peers":{"median":2,"p99":9,"members":16}},
        "statute":{"jurisdiction":"cn-2017","exposure":{"b":2007,"a":7997,"band":"below","band_a":"serious","band_ordinary":"below","incomplete":true,"at_least":true},
            "unexplained":{"b":2007,"a":7997,"band":"below","band_a":"serious","band_ordinary":"below","incomplete":false,"at_least":false}},
        "explanation":"Employee E1003 touched many.","innocent_reasons":[{"reason":"usual_for_the_person","tested":true,"holds":false,"detail":"7991 against a 99th percentile of 4"},
            {"reason":"known_reason","tested":false,"holds":false,"detail":"no explanations are configured"},{"reason":"shared_by_peers","tested":true,"holds":true,"detail":"60 per cent"}],
        "evidence":{"records":5,"sources":[{"source":"access","first":29,"last":34}],"root":"95083bce"},
        "made_by":{"version":"0.1.0","config":"19c1c253767b6d3e","baseline":"2026-03-08:48b54f0c7b64","calibration":"9c41f07d2ab5"}}"#;
    let mut alert: Alert = serde_json::from_str(json).expect("the sample is an alert");
    alert.typology = typology;
    if name != "E1003" {
        let named = || name.to_owned();
        (alert.id, alert.case, alert.employee, alert.unit, alert.role) = (named(), named(), Some(named()), Some(named()), Some(named()));
        (alert.related, alert.explanation, alert.window, alert.first_access) = (vec![named(); 30], named(), named(), named());
        (alert.evidence.root, alert.evidence.sources[0].source, alert.made_by.config) = (named(), named(), named());
        alert.innocent_reasons.iter_mut().for_each(|reason| (reason.reason, reason.detail) = (named(), named()));
    }
    alert
}

/// A dossier with everything in it, whose names are all the same where they come out of a log.
pub fn dossier(name: &str) -> Dossier {
    let last = Day::parse("2026-03-10").expect("a day").0;
    let usual = Expected {
        own: Some(OwnExpectation { median: 12, p99: 40, days: 60 }),
        peers: Some(PeerExpectation { median: 15, p99: 60, members: 16 }),
    };
    let list = (0..90).filter(|back| (last - back + 3).rem_euclid(7) < 5).map(|back| {
        let persons = if back == 0 { 7_991 } else { 8 + (back as u64 * 7) % 19 };
        let seen = [State::Fully, State::Fully, State::Partly, State::Not][(back % 4) as usize];
        DayFigures {
            day: Day(last - back).to_string(),
            persons,
            unexplained: persons / 3,
            unknown: u32::from(back == 3),
            accesses: persons / 2,
            held_out: back == 0,
            seen: Some(seen),
            reasons: if seen == State::Fully { Vec::new() } else { vec![Reason::ColdStart.name().to_owned(), name.to_owned()] },
        }
    });
    let mut list: Vec<DayFigures> = list.collect();
    list.reverse();
    let mut accesses = Accesses { since: Some("2026-01-02T03:04:05Z".to_owned()), evidence: 5, left_out: 7, ..Accesses::default() };
    for at in 0..80_i64 {
        let access = ListedAccess {
            at: 1_773_139_270_000 + at * 8_000,
            operation: Operation::Read,
            tables: Vec::new(),
            kinds: 0,
            persons: if at % 9 == 0 { Persons::Unknown } else { Persons::AtMost(1 << (at % 14)) },
            explained: at % 5 == 0,
            duty: if at % 7 == 0 { DutyMark::Absent } else { DutyMark::On },
            subjects: Vec::new(),
            source: 0,
            position: 29 + at as u64,
        };
        accesses.push(access, &[name], name, Kinds::of(Kind::PhoneNumber), &["c0ffee0123456789".to_owned()]);
    }
    let score = StatuteScore {
        a: 7_997,
        b: 2_007,
        band: "below".to_owned(),
        band_a: "serious".to_owned(),
        band_ordinary: "below".to_owned(),
        incomplete: true,
        at_least: true,
    };
    let cells = |n: u32| (0..WEEK_HOURS as u32).map(|at| if (8..18).contains(&(at % 24)) && at < 120 { at * n % 97 } else { 0 }).collect();
    Dossier {
        version: VERSION,
        alert: "820f0df6c29596e7066bbecc".to_owned(),
        revision: 3,
        made_at: "2026-03-10T10:55:00Z".to_owned(),
        zone: if name == "E1003" { "Asia/Shanghai".to_owned() } else { name.to_owned() },
        days: Days { first: Day(last - 89).to_string(), last: Day(last).to_string(), list, persons: usual.clone(), unexplained: usual },
        week: Week { since: Some("2026-01-02".to_owned()), accesses: cells(7), absent: cells(0), shift: None },
        accesses,
        gauge: Gauge {
            jurisdiction: name.to_owned(),
            article: "art. 5".to_owned(),
            on_duty: (2_500, 25_000),
            ordinary: (5_000, 50_000),
            exposure: score.clone(),
            unexplained: score,
        },
        group: Some(WhoSawWhom {
            employees: vec!["E1".to_owned(), "E2".to_owned(), name.to_owned()],
            employees_left_out: 2,
            subjects: vec!["c0ffee0123456789".to_owned(); 12],
            subjects_left_out: 40,
            looks: vec![vec![0, 1, 2, 9_999], vec![0, 2], vec![1, 2, 3]],
            days: 7,
        }),
    }
}

/// What a report holds beside its cases.
pub fn frame(name: &str) -> (WhatWasRead, HouseCoverage, SetUp) {
    let counts = |fully, partly| {
        let mut counts = Counts::default();
        (0..fully).for_each(|_| counts.add((State::Fully, Reasons::default())));
        (0..partly).for_each(|_| counts.add((State::Partly, Reasons::default().with(Reason::LogGap, true))));
        counts
    };
    let read = WhatWasRead {
        inputs: vec![(name.to_owned(), name.to_owned())],
        times: Some((name.to_owned(), name.to_owned())),
        records: 1_234_567,
        accepted: 1_000_000,
        dead: vec![(name.to_owned(), 3)],
        ignored: vec![(name.to_owned(), 9)],
        alerts: vec![(Typology::BulkExtract, Severity::Critical, 1)],
        ..WhatWasRead::default()
    };
    let coverage = HouseCoverage {
        days: vec![("2026-03-09".to_owned(), counts(9, 2)), (name.to_owned(), counts(3, 8))],
        tables: vec![(name.to_owned(), 12)],
    };
    let set_up = SetUp { version: name.to_owned(), config: name.to_owned(), jurisdiction: name.to_owned(), ..SetUp::default() };
    (read, coverage, set_up)
}
