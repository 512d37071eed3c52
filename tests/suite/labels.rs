//! Alerts against labels, by hand: what counts as caught, within the budget, as a false alarm on a decoy, and how many people had
//! left by then.

use crate::common::line::{access, on};
use crate::common::play::play;
use crate::common::program::leakwarden;
use crate::common::world::World;
use leakwarden::engine::output::Revision;
use leakwarden::evaluate::labels::{self, Label};
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::evaluate::leaks::LeakProgress;
use leakwarden::evaluate::score::{self, GroundTruth, Score};
use leakwarden::model::alert::Alert;
use leakwarden::model::time::Timestamp;
use leakwarden::model::typology::Typology;
use leakwarden::pipeline::replay::Tap;
use leakwarden::triage::case::CaseView;

const LABELS: &str = "employee,typology,from,to,difficulty,episode,colour
e1,bulk_extract,2026-03-02T09:00:00Z,2026-03-04T09:00:00Z,obvious,one,red
e2,low_and_slow,2026-03-02T09:00:00Z,2026-03-10T09:00:00Z,medium,two,red
e3,vendor_cohort,2026-03-02T09:00:00Z,2026-03-10T09:00:00Z,subtle,three,red
e4,vendor_cohort,2026-03-02T09:00:00Z,2026-03-11T09:00:00Z,subtle,three,red
";
const DECOYS: &str = "employee,kind,from,to\nd1,migration,2026-03-02,2026-03-03\nd2,cover,2026-03-02,2026-03-03\n";
const LEAKS: &str = "employee,typology,time,people
e1,bulk_extract,2026-03-02T09:00:00Z,100
e1,bulk_extract,2026-03-03T09:00:00Z,100
e1,bulk_extract,2026-03-04T09:00:00Z,200
e2,low_and_slow,2026-03-02T09:00:00Z,10
e2,low_and_slow,2026-03-10T09:00:00Z,10
";

/// A real alert to make others of.
fn pattern() -> Alert {
    let lines: Vec<_> = (0..10)
        .map(|n| access("e1").at(on(0, &format!("09:{n:02}"))).reads("crm.customers", &["name"]).of(n * 100..n * 100 + 100))
        .collect();
    play(&World::bank().context(), &lines).alerts()[0].clone()
}

fn alert(who: &str, typology: Typology, raised: &str, last: &str, shown: Option<&str>) -> Revision {
    let alert = Alert {
        id: format!("{who}-{typology}-{raised}"),
        case: format!("case of {who}"),
        employee: Some(who.to_owned()),
        typology,
        raised_at: raised.to_owned(),
        first_access: raised.to_owned(),
        last_access: last.to_owned(),
        shown_at: shown.map(str::to_owned),
        ..pattern()
    };
    Revision { at: Timestamp::parse(raised).expect("a time"), alert, case: CaseView::default(), is_news: true, dossier: None }
}

fn scored(alerts: Vec<Revision>) -> Score {
    let labels = labels::parse(LABELS, "labels.csv").expect("valid");
    let decoys = labels::parse_decoys(DECOYS, "decoys.csv").expect("valid");
    let leaks = LeakProgress::new(&labels, &labels::parse_leaks(LEAKS, "leaked.csv").expect("valid"));
    let mut ledger = LatestAlerts::default();
    ledger.take(alerts);
    let truth = GroundTruth { labels: &labels, decoys: &decoys, leaks: &leaks, is_new: &|label: &Label| label.employee == "e2" };
    score::score(&truth, &score::detections(&ledger), 10.0)
}

#[test]
fn caught_is_who_has_an_alert_while_it_goes_on_or_within_a_week() {
    let in_time = "2026-03-03T09:00:00Z";
    let score = scored(vec![
        alert("e1", Typology::BulkExtract, in_time, in_time, Some("2026-03-03T10:00:00Z")),
        // Five days after the end; of another typology; over the budget.
        alert("e2", Typology::OffDuty, "2026-03-15T09:00:00Z", "2026-03-15T09:00:00Z", None),
        // Eight days after the end.
        alert("e3", Typology::VendorCohort, "2026-03-18T09:00:01Z", "2026-03-18T09:00:01Z", Some("2026-03-18T09:00:01Z")),
        // Open before, with evidence meanwhile.
        alert("e4", Typology::VendorCohort, "2026-02-20T09:00:00Z", "2026-03-05T09:00:00Z", Some("2026-02-20T09:00:00Z")),
        alert("e9", Typology::BulkExtract, in_time, in_time, Some(in_time)),
    ]);
    let caught = |side: &score::DetectionMetrics, name: &str| (side.by_difficulty[name].caught, side.by_difficulty[name].labels);
    assert_eq!((caught(&score.all, "obvious"), caught(&score.all, "medium"), caught(&score.all, "subtle")), ((1, 1), (1, 1), (1, 2)));
    assert_eq!((caught(&score.shown, "obvious"), caught(&score.shown, "medium"), caught(&score.shown, "subtle")), ((1, 1), (0, 1), (1, 2)));
    let (all, shown) = (&score.all.total, &score.shown.total);
    assert_eq!((all.named, all.episodes, all.episodes_caught), (2, 3, 3), "a group is caught by one of its members");
    assert_eq!((shown.caught, shown.episodes_caught), (2, 2));
    assert_eq!((score.all.alerts, score.all.true_alerts, score.shown.alerts, score.shown.true_alerts), (5, 3, 4, 2));
    let cases = &score.shown_cases;
    assert_eq!((cases.cases, cases.true_cases, cases.at_one_a_day.cases), (4, 2, 3), "two were shown on one day");
    assert!((score.all.per_day - 0.5).abs() < 1e-9 && (score.shown.false_per_day - 0.2).abs() < 1e-9);
    assert_eq!((score.all.new_hires.caught, score.shown.new_hires.caught, score.all.settled_staff.labels), (1, 0, 3));
}

#[test]
fn what_had_left_is_counted_up_to_the_alert_and_to_the_showing() {
    let score = scored(vec![
        alert("e1", Typology::BulkExtract, "2026-03-02T20:00:00Z", "2026-03-04T09:00:00Z", Some("2026-03-03T12:00:00Z")),
        alert("e2", Typology::LowAndSlow, "2026-03-02T09:00:00Z", "2026-03-10T09:00:00Z", None),
    ]);
    let leaked = |side: &score::DetectionMetrics, name: &str| side.by_difficulty[name].median_leaked;
    assert_eq!((leaked(&score.all, "obvious"), leaked(&score.shown, "obvious")), (Some(0.25), Some(0.5)));
    assert_eq!((leaked(&score.all, "medium"), leaked(&score.shown, "medium")), (Some(0.5), Some(1.0)), "who is missed has sold them all");
    assert_eq!(leaked(&score.all, "subtle"), None, "nothing is known of it");
    let hours = |side: &score::DetectionMetrics| side.by_typology["bulk_extract"].median_hours;
    assert_eq!((hours(&score.all), hours(&score.shown)), (Some(11.0), Some(27.0)));
}

#[test]
fn alarmed_decoys_are_counted_within_and_over_the_budget() {
    let score = scored(vec![alert("d1", Typology::BulkExtract, "2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z", None)]);
    assert_eq!((score.all.decoys, score.all.decoys_alarmed, score.shown.decoys_alarmed), (2, 1, 0));
    assert_eq!(score.all.by_decoy["migration"], (1, 1));
    assert!((score.all.precision - 0.0).abs() < 1e-9);
}

#[test]
fn without_a_file_of_leaks_people_who_are_new_and_unexplained_are_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    let reason =
        r#"{"employee":"e1","subjects":["7"],"from":"2026-03-01T00:00:00Z","to":"2026-03-09T00:00:00Z","reason":"ticket","ref":"T1"}"#;
    World::bank().reasons(&[reason.to_owned()]).write(dir.path());
    let look = |day, time: &str, who: std::ops::Range<u64>| access("e1").at(on(day, time)).reads("crm.customers", &["name"]).of(who);
    let context = crate::common::world::load_from(&dir.path().join("config.toml"));
    let labels = labels::parse("employee,typology,from,to\ne1,bulk_extract,2026-03-03,2026-03-04\n", "labels.csv").expect("valid");
    let mut leaks = LeakProgress::new(&labels, &[]);
    // Known before: 1 and 2. Then 1 to 9, of whom 7 is explained; the next day 10 to 17; after the end 100.
    let lines = [look(0, "09:00", 1..3), look(1, "09:00", 1..10), look(2, "09:00", 10..18), look(9, "09:00", 100..101)];
    let played = crate::common::play::decoded(&context, &lines);
    played.iter().rev().for_each(|access| leaks.observe(access, &context));
    assert_eq!(leaks.share(0, on(1, "08:00")), Some(0.0));
    assert_eq!(leaks.share(0, on(1, "09:00")), Some(6.0 / 14.0));
    assert_eq!(leaks.share(0, on(8, "09:00")), Some(1.0));
}

#[test]
fn the_program_prints_the_tables_and_writes_them_as_json() {
    let dir = tempfile::tempdir().expect("a directory");
    World::bank().write(dir.path());
    let lines: Vec<String> = (0..10)
        .map(|n| access("e1").at(on(0, &format!("09:{n:02}"))).reads("crm.customers", &["name"]).of(n * 100..n * 100 + 100).to_string())
        .collect();
    std::fs::write(dir.path().join("log"), lines.join("\n")).expect("written");
    std::fs::write(dir.path().join("labels.csv"), LABELS).expect("written");
    std::fs::write(dir.path().join("decoys.csv"), DECOYS).expect("written");
    let arguments = ["replay", "--config", "config.toml", "--labels", "labels.csv", "--references", "--score", "score.json", "log"];
    let ran = leakwarden(dir.path(), &arguments).well();
    for text in ["within the budget", "bulk_extract", "of 2 decoys alarmed", "isolation forest", "MISSED  e2 low_and_slow medium"] {
        assert!(ran.err.contains(text), "{text} in {}", ran.err);
    }
    let score = std::fs::read(dir.path().join("score.json")).expect("was written");
    let score: serde_json::Value = serde_json::from_slice(&score).expect("is JSON");
    assert_eq!(score["all"]["by_both"]["bulk_extract"]["obvious"]["caught"], 1);
    assert_eq!(score["shown"]["total"]["labels"], 4);
    assert!(score["references"]["isolation forest"]["total"]["recall"].is_number());
    let refused = leakwarden(dir.path(), &["replay", "--score", "score.json", "log"]);
    assert_eq!(refused.status, 2, "{}", refused.err);
}
