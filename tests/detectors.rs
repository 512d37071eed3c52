//! Each detector fires, stays quiet, and lets the look-alike go, through the real engine.
//!
//! A case is a file `detectors/<typology>/<case>.toml`: what ann does beside her ordinary work, and what she is alerted as.
//! Around her ten colleagues of the same role do ordinary work from the first day on (day 0, Monday 2026-03-02).

mod common;

use common::line::{Line, access, clock, on};
use common::play::play;
use common::world::World;
use leakwarden::detect::DETECTORS;
use leakwarden::model::time::Span;
use leakwarden::model::typology::Typology;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What happens, in one sentence.
    story: String,
    /// What ann is alerted as; nobody else ever is.
    expect: BTreeSet<Typology>,
    /// Ann's last day employed.
    left: Option<String>,
    /// Ann's last day of ordinary work, where it is not the last of all.
    works_until: Option<i64>,
    /// Rows of `absences.csv`.
    #[serde(default)]
    absences: Vec<String>,
    /// Planted customers.
    #[serde(default)]
    canaries: Vec<u64>,
    /// Reasons on file.
    #[serde(default)]
    reason: Vec<toml::Table>,
    act: Vec<Act>,
}

/// What ann does beside her ordinary work.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    /// First and last day, weekends left out unless it is one day.
    days: [i64; 2],
    at: String,
    /// How often, and how far apart.
    #[serde(default = "once")]
    times: u64,
    #[serde(default = "a_minute")]
    every: String,
    /// Tables that are read of the same people, one after the other.
    #[serde(default)]
    reads: Vec<String>,
    /// SQL instead.
    statement: Option<String>,
    /// The first customer; each time takes the next.
    #[serde(default)]
    from: u64,
    /// Customers each time; none where the log does not say whom.
    #[serde(default)]
    people: u64,
}

fn once() -> u64 {
    1
}

fn a_minute() -> String {
    "1m".to_owned()
}

const COLLEAGUES: u64 = 10;
/// Days of ordinary work at the least.
const HISTORY: i64 = 21;

fn is_workday(day: i64) -> bool {
    day % 7 < 5
}

/// 30 to 40 customers a day, one by one, most of them one's own.
fn ordinary(who: u64, name: &str, day: i64) -> impl Iterator<Item = Line> {
    let mix = move |n: u64| (who * 1_000_003 + day as u64 * 10_007 + n * 101).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let name = name.to_owned();
    (0..30 + mix(0) % 11).map(move |n| {
        let at = on(day, "09:05") + Span::minutes(n as i64 * 12) + Span::seconds((mix(n) % 600) as i64);
        access(&name).at(at).reads("crm.customers", &["name", "phone"]).of([who * 1_000 + mix(n + 50) % 400])
    })
}

impl Case {
    fn world(&self) -> World {
        let mut employees = "employee,unit,role,hired,left,shift_start,shift_end\n".to_owned();
        employees += &format!("ann,U,teller,2020-01-01,{},09:00,18:00\n", self.left.as_deref().unwrap_or(""));
        (1..=COLLEAGUES).for_each(|n| employees += &format!("bob{n},U,teller,2020-01-01,,09:00,18:00\n"));
        let reasons: Vec<String> = self.reason.iter().map(|reason| serde_json::to_string(reason).expect("JSON")).collect();
        let canaries: String = self.canaries.iter().map(|id| format!("{id},canary,\n")).collect();
        World::bank()
            .with("employees.csv", employees)
            .with("absences.csv", format!("employee,from,to,kind\n{}\n", self.absences.join("\n")))
            .with("subjects.csv", format!("subject,tag,owner\n{canaries}"))
            .reasons(&reasons)
    }

    fn lines(&self) -> Vec<String> {
        let last = self.act.iter().map(|act| act.days[1]).max().expect("an act").max(HISTORY) + 1;
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut add = |line: Line| {
            let text = line.to_string();
            let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            lines.push((value["time"].as_str().expect("a time").to_owned(), text));
        };
        for day in (0..=last).filter(|day| is_workday(*day)) {
            (1..=COLLEAGUES).for_each(|who| ordinary(who, &format!("bob{who}"), day).for_each(&mut add));
            if self.works_until.is_none_or(|until| day <= until) {
                ordinary(0, "ann", day).for_each(&mut add);
            }
        }
        self.act.iter().flat_map(Act::lines).for_each(&mut add);
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

impl Act {
    fn lines(&self) -> Vec<Line> {
        let [first, last] = self.days;
        let every = Span::parse(&self.every).expect("a duration");
        let mut next = self.from;
        let mut lines = Vec::new();
        for day in (first..=last).filter(|day| first == last || is_workday(*day)) {
            for n in 0..self.times {
                let at = on(day, "00:00") + Span::minutes(clock(&self.at)) + Span(every.0 * n as i64);
                let tables = self.reads.iter().map(|table| access("ann").reads_all(table));
                let statement = self.statement.iter().map(|text| access("ann").set("statement", text.as_str()));
                for (line, second) in tables.chain(statement).zip(0..) {
                    let line = line.at(at + Span::seconds(second));
                    lines.push(if self.people > 0 { line.of(next..next + self.people) } else { line });
                }
                next += self.people;
            }
        }
        lines
    }
}

fn folder(typology: Typology) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/detectors").join(typology.name())
}

fn cases(typology: Typology) -> Vec<(String, Case)> {
    let files = std::fs::read_dir(folder(typology)).unwrap_or_else(|error| panic!("{typology}: {error}"));
    let mut cases: Vec<(String, Case)> = files
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("read");
            let case = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), case)
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

/// Plays every case of a detector; all that differ are told.
#[track_caller]
fn holds(typology: Typology) {
    let mut wrong = Vec::new();
    let cases = cases(typology);
    for (name, case) in &cases {
        let played = play(&case.world().context(), &case.lines());
        assert!(played.dead.is_empty() && played.given_up.is_empty(), "{name}: {:?}", played.dead);
        let found: BTreeSet<(String, Typology)> = played.typologies().into_iter().collect();
        let expected: BTreeSet<(String, Typology)> = case.expect.iter().map(|of| ("ann".to_owned(), *of)).collect();
        if found != expected {
            let alerts: Vec<String> = played.alerts().iter().map(|alert| format!("{} {}", alert.score, alert.explanation)).collect();
            wrong.push(format!(
                "{typology}/{name}: {}\n  expected {expected:?}\n  found    {found:?}\n  {}",
                case.story,
                alerts.join("\n  ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let fires = |wanted: bool| cases.iter().filter(|(_, case)| case.expect.contains(&typology) == wanted).count();
    assert!(fires(true) >= 1 && fires(false) >= 2, "{typology}: a case that fires, one that stays quiet, one look-alike");
}

#[test]
fn bulk_extract() {
    holds(Typology::BulkExtract);
}

#[test]
fn low_and_slow() {
    holds(Typology::LowAndSlow);
}

#[test]
fn dossier_assembly() {
    holds(Typology::DossierAssembly);
}

#[test]
fn ghost_leaver() {
    holds(Typology::GhostLeaver);
}

#[test]
fn off_duty() {
    holds(Typology::OffDuty);
}

#[test]
fn canary() {
    holds(Typology::Canary);
}

#[test]
fn every_detector_has_its_cases() {
    for detector in DETECTORS {
        assert!(folder(detector.typology).is_dir(), "{} has no cases", detector.typology);
    }
}
