//! What is found by comparing employees, and what is discounted because a whole group rises, is the same byte by byte: however the
//! log is split into files, whatever the threads, in which order lines arrive, how much settles at once, and where the process stopped.

use crate::common::case::Case;
use crate::common::play::Play;
use crate::common::world::load_from;
use leakwarden::config::load::read_config;
use leakwarden::engine::Engine;
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::model::alert::{Alert, AlertState};
use leakwarden::model::time::{MINUTE_MS, Timestamp};
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::replay::{Replay, assign};
use std::collections::BTreeMap;
use std::path::Path;

/// Cases in which the global stage or the activity of a group matters.
const CASES: [&str; 5] = [
    "celebrity/fires_on_a_crowd_at_one_person",
    "vendor_cohort/fires_on_agents_who_share_a_list",
    "vendor_cohort/fires_on_another_units_customers",
    "splitting_collusion/fires_on_four_who_share_a_list",
    "bulk_extract/fires_above_a_peak_that_all_share",
];

fn case(name: &str) -> Case {
    toml::from_str(&text(name)).expect("a case")
}

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/detectors/{name}.toml"));
    std::fs::read_to_string(path).expect("read")
}

/// A company in a directory, and its log.
struct Written {
    dir: tempfile::TempDir,
    lines: Vec<String>,
}

impl Written {
    fn new(case: &Case) -> Written {
        let dir = tempfile::tempdir().expect("a directory");
        // Whatever stands in the directory is the one source.
        let source = "name = \"access\"\nkind = \"file\"\npath = \"log*\"\nformat = \"canonical\"";
        case.world().section("[source]", source).write(dir.path());
        Written { dir, lines: case.lines() }
    }

    fn replay(&self, files: &[Vec<&str>], threads: usize) -> String {
        let names: Vec<String> = (0..files.len()).map(|n| self.dir.path().join(format!("log-{n}")).display().to_string()).collect();
        for (name, lines) in names.iter().zip(files) {
            std::fs::write(name, lines.join("\n")).expect("written");
        }
        let path = self.dir.path().join("config.toml");
        let config = read_config(&path).expect("is valid");
        let engine = Engine::new(load_from(&path));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let sources = assign(&config, &names, None);
        let mut replay = Replay::open(engine, sources, TimeRange::default(), threads, &BTreeMap::new()).expect("opened");
        let mut ledger = LatestAlerts::default();
        pool.install(|| {
            while let Some(round) = replay.round().expect("reads") {
                ledger.take(round.output.revisions);
            }
            ledger.take(replay.finish().output.revisions);
        });
        assert_eq!(replay.tally.late, 0);
        placeless(ledger.in_order().into_iter().map(|entry| entry.alert.clone()))
    }
}

/// Without the line numbers and file names, which are those of another file.
fn placeless(alerts: impl Iterator<Item = Alert>) -> String {
    let placeless = alerts.map(|mut alert| {
        alert.evidence.sources.clear();
        serde_json::to_string(&alert).expect("writes") + "\n"
    });
    placeless.collect()
}

/// A number that looks like chance.
fn mix(n: usize) -> usize {
    (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) & 0xffff
}

fn field<'l>(line: &'l str, name: &str) -> &'l str {
    line.split_once(&format!("\"{name}\":\"")).expect("is there").1.split('"').next().expect("ends")
}

#[test]
fn how_the_log_is_split_and_in_which_order_it_comes_changes_nothing() {
    for name in CASES {
        let company = Written::new(&case(name));
        let lines: Vec<&str> = company.lines.iter().map(String::as_str).collect();
        let whole = company.replay(std::slice::from_ref(&lines), 1);
        let wanted = name.split('/').next().expect("a typology");
        assert!(whole.contains(&format!("\"typology\":\"{wanted}\"")), "{name}: {whole}");
        // Every employee's records in one of three files.
        let mut by_employee: [Vec<&str>; 3] = Default::default();
        lines.iter().for_each(|line| by_employee[mix(field(line, "employee").bytes().map(usize::from).sum()) % 3].push(line));
        // Each record in any of four, and none in its place.
        let mut shuffled: Vec<(i64, usize, &str)> = lines
            .iter()
            .enumerate()
            .map(|(n, line)| {
                (Timestamp::parse(field(line, "time")).expect("a time").0 + (mix(n) % (19 * MINUTE_MS as usize)) as i64, n, *line)
            })
            .collect();
        shuffled.sort_unstable();
        let mut anyhow: [Vec<&str>; 4] = Default::default();
        shuffled.iter().for_each(|(_, n, line)| anyhow[mix(*n) % 4].push(line));
        for (how, files) in [("by employee", by_employee.to_vec()), ("anyhow", anyhow.to_vec())] {
            for threads in [1, 4] {
                assert!(company.replay(&files, threads) == whole, "{name}: {how}, {threads} threads");
            }
        }
    }
}

#[test]
fn how_much_settles_at_once_changes_nothing() {
    for name in CASES {
        let case = case(name);
        let (world, lines) = (case.world(), case.lines());
        let played = |size: usize| {
            let mut play = Play::new(&world.context());
            lines.chunks(size).for_each(|lines| play.take(lines));
            play.finish();
            play.written()
        };
        let whole = played(lines.len());
        assert!(played(23) == whole && played(500) == whole, "{name}");
    }
}

#[test]
fn a_state_taken_at_any_moment_goes_on_as_the_first_would_have() {
    for name in CASES {
        let case = case(name);
        let (world, lines) = (case.world(), case.lines());
        let mut whole = Play::new(&world.context());
        whole.take(&lines);
        whole.finish();
        let mut stopped = Play::new(&world.context());
        // The first pieces are long, those of the days that matter short.
        let (before, after) = lines.split_at(lines.len() * 3 / 4);
        for piece in before.chunks(before.len() / 2).chain(after.chunks(after.len() / 9 + 1)) {
            stopped.take(piece);
            stopped.restart(&world.context());
        }
        stopped.finish();
        assert!(stopped.written() == whole.written(), "{name}");
        assert_eq!(stopped.revisions.len(), whole.revisions.len(), "{name}: nothing is told twice");
    }
}

#[test]
fn a_crowd_that_is_found_again_for_days_stays_one_alert_and_closes_once() {
    let longer = text(CASES[0]).replace("clerks = 100", "clerks = 100\ndays = 40");
    let case: Case = toml::from_str(&longer).expect("a case");
    let mut played = Play::new(&case.world().context());
    case.lines().chunks(2_000).for_each(|lines| played.take(lines));
    played.finish();
    let mut told: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    played.revisions.iter().for_each(|revision| told.entry(&revision.alert.id).or_default().push(&revision.alert));
    assert_eq!(told.len(), 9, "one for each of the nine");
    for revisions in told.values() {
        assert!(revisions.iter().zip(1..).all(|(alert, n)| alert.revision == n), "revisions count up");
        let closed = revisions.iter().position(|alert| alert.state == AlertState::Closed);
        assert_eq!(closed, Some(revisions.len() - 1), "it closes, and stays so");
        assert_eq!(revisions[0].related.len(), 8);
    }
}
