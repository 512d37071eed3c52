//! The same records give the same alerts, byte by byte: whatever the threads, the order and number of files, how they are
//! packed, in which order lines arrive within the allowed lateness, what comes twice, and where the process was restarted.

use crate::common::play::Play;
use crate::common::world::load_from;
use leakwarden::config::load::read_config;
use leakwarden::engine::Engine;
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::model::alert::Alert;
use leakwarden::model::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::replay::{Replay, Tally, assign};
use leakwarden::simulate::{Company, Options};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A company over 35 days, and its log.
struct Simulated {
    dir: tempfile::TempDir,
    lines: Vec<String>,
    alerts: String,
}

/// Every test here replays the log several times: half of the people show the same within half of the time. `.ci/run full` asks for all.
fn people() -> u32 {
    if std::env::var_os("LEAKWARDEN_FULL").is_some() { 120 } else { 60 }
}

static COMPANY: LazyLock<Simulated> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a directory");
    let company = Company::new(Options { employees: people(), days: 35, seed: 3, ..Options::default() }).expect("a company");
    company.write(dir.path()).expect("written");
    // Whatever stands in the directory is the one source, so that splitting it changes no name that results depend on.
    let config = dir.path().join("config.toml");
    let text = std::fs::read_to_string(&config).expect("read").replace("access.jsonl", "log*");
    std::fs::write(&config, text).expect("written");
    let log = std::fs::read_to_string(dir.path().join("access.jsonl")).expect("read");
    std::fs::rename(dir.path().join("access.jsonl"), dir.path().join("log")).expect("renamed");
    let lines = log.lines().map(str::to_owned).collect();
    let mut all = Simulated { dir, lines, alerts: String::new() };
    let (alerts, tally) = all.replay(&["log"], 1);
    assert!(alerts.len() > 5 && tally.accepted > 50_000, "{} alerts of {tally:?}", alerts.len());
    all.alerts = written(&alerts);
    all
});

/// A generator that is the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

impl Simulated {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, lines: &[impl AsRef<str>]) {
        let text: String = lines.iter().map(|line| line.as_ref().to_owned() + "\n").collect();
        std::fs::write(self.path(name), text).expect("written");
    }

    fn replay(&self, files: &[&str], threads: usize) -> (Vec<Alert>, Tally) {
        replay(self.dir.path(), files, threads)
    }
}

fn replay(dir: &Path, files: &[&str], threads: usize) -> (Vec<Alert>, Tally) {
    let path = dir.join("config.toml");
    let config = read_config(&path).expect("is valid");
    let files: Vec<String> = files.iter().map(|name| dir.join(name).display().to_string()).collect();
    let engine = Engine::new(load_from(&path));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let mut replay = Replay::open(engine, assign(&config, &files, None), TimeRange::default(), threads, &BTreeMap::new()).expect("opened");
    let mut ledger = LatestAlerts::default();
    pool.install(|| {
        while let Some(round) = replay.round().expect("reads") {
            ledger.take(round.output.revisions);
        }
        ledger.take(replay.finish().output.revisions);
    });
    (ledger.in_order().into_iter().map(|entry| entry.alert.clone()).collect(), replay.tally.clone())
}

fn written(alerts: &[Alert]) -> String {
    alerts.iter().map(|alert| serde_json::to_string(alert).expect("writes") + "\n").collect()
}

/// Without the line numbers and file names, which are those of another file.
fn placeless(alerts: &[Alert]) -> String {
    let mut alerts = alerts.to_vec();
    alerts.iter_mut().for_each(|alert| alert.evidence.sources.clear());
    written(&alerts)
}

/// What the whole log in one file gives, without places.
fn of_one_file() -> String {
    let alerts: Vec<Alert> = COMPANY.alerts.lines().map(|line| serde_json::from_str(line).expect("an alert")).collect();
    placeless(&alerts)
}

fn time_of(line: &str) -> i64 {
    let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
    Timestamp::parse(value["time"].as_str().expect("a text")).expect("a time").0
}

#[test]
fn threads_do_not_matter() {
    for threads in [2, 8] {
        assert!(written(&COMPANY.replay(&["log"], threads).0) == COMPANY.alerts, "{threads} threads");
    }
}

#[test]
fn packing_does_not_matter() {
    let text = std::fs::read(COMPANY.path("log")).expect("read");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&text).expect("packed");
    std::fs::write(COMPANY.path("log.gz"), packed.finish().expect("packed")).expect("written");
    std::fs::write(COMPANY.path("log.zst"), zstd::encode_all(&text[..], 1).expect("packed")).expect("written");
    for name in ["log.gz", "log.zst"] {
        let (alerts, tally) = COMPANY.replay(&[name], 2);
        assert_eq!(tally.lines, COMPANY.lines.len() as u64);
        assert!(written(&alerts).replace(name, "log") == COMPANY.alerts, "{name}");
    }
}

#[test]
fn the_order_of_files_does_not_matter_nor_how_many_there_are() {
    let mut dice = Dice(1);
    let mut parts: [Vec<&str>; 3] = Default::default();
    COMPANY.lines.iter().for_each(|line| parts[dice.below(3) as usize].push(line));
    let names = ["log-part-a", "log-part-b", "log-part-c"];
    names.iter().zip(&parts).for_each(|(name, lines)| COMPANY.write(name, lines));
    let (first, tally) = COMPANY.replay(&names, 2);
    assert_eq!((tally.late, tally.duplicate), (0, 0));
    for order in [["log-part-c", "log-part-b", "log-part-a"], ["log-part-b", "log-part-a", "log-part-c"]] {
        assert!(written(&COMPANY.replay(&order, 2).0) == written(&first), "{order:?}");
    }
    assert!(placeless(&first) == of_one_file(), "as many records in one file");
}

#[test]
fn lines_shuffled_within_the_allowed_lateness_change_nothing() {
    let mut dice = Dice(2);
    let mut shuffled: Vec<(i64, &String)> =
        COMPANY.lines.iter().map(|line| (time_of(line) + dice.below(19 * MINUTE_MS as u64) as i64, line)).collect();
    shuffled.sort_by_key(|(arrives, _)| *arrives);
    let lines: Vec<&String> = shuffled.into_iter().map(|(_, line)| line).collect();
    assert!(lines.iter().zip(&COMPANY.lines).filter(|(a, b)| *a != b).count() > COMPANY.lines.len() / 2, "is shuffled");
    COMPANY.write("log-shuffled", &lines);
    for threads in [1, 2] {
        let (alerts, tally) = COMPANY.replay(&["log-shuffled"], threads);
        assert_eq!(tally.late, 0);
        assert!(placeless(&alerts) == of_one_file(), "{threads} threads");
    }
}

#[test]
fn what_comes_twice_counts_once() {
    let mut dice = Dice(3);
    let mut lines: Vec<(i64, &String)> = Vec::new();
    let mut copies = 0;
    for line in &COMPANY.lines {
        let time = time_of(line);
        lines.push((time, line));
        if dice.below(4) == 0 {
            // Most at once, some later than everything has settled.
            let later = if dice.below(10) == 0 { dice.below(20 * HOUR_MS as u64) } else { dice.below(MINUTE_MS as u64) };
            lines.push((time + later as i64, line));
            copies += 1;
        }
    }
    lines.sort_by_key(|(arrives, _)| *arrives);
    COMPANY.write("log-doubled", &lines.iter().map(|(_, line)| line).collect::<Vec<_>>());
    let (alerts, tally) = COMPANY.replay(&["log-doubled"], 2);
    assert_eq!((tally.duplicate, tally.accepted), (copies, COMPANY.lines.len() as u64));
    assert!(placeless(&alerts) == of_one_file());
}

#[test]
fn a_copy_in_another_file_of_the_source_counts_once() {
    let half = &COMPANY.lines[..COMPANY.lines.len() / 2];
    COMPANY.write("log-again", half);
    let (alerts, tally) = COMPANY.replay(&["log-again", "log"], 2);
    assert_eq!(tally.duplicate, half.len() as u64);
    assert!(placeless(&alerts) == of_one_file());
    // Which of two copies counts, and is cited, is no matter of which file was opened first.
    let (again, _) = COMPANY.replay(&["log", "log-again"], 2);
    assert!(written(&again) == written(&alerts));
}

/// Late records belong to no order that could be restored, but to one that does not depend on threads or blocks.
#[test]
fn late_and_far_later_copied_lines_give_the_same_whatever_the_threads() {
    let mut dice = Dice(4);
    let mut lines: Vec<(i64, &String)> = Vec::new();
    for line in &COMPANY.lines {
        let time = time_of(line);
        let late = match dice.below(30) {
            0 => dice.below(3 * DAY_MS as u64),
            1 => dice.below(3 * HOUR_MS as u64),
            _ => 0,
        };
        lines.push((time + late as i64, line));
        if dice.below(30) == 0 {
            // About as long as ids are remembered.
            lines.push((time + DAY_MS + dice.below(2 * HOUR_MS as u64) as i64, line));
        }
    }
    lines.sort_by_key(|(arrives, _)| *arrives);
    COMPANY.write("log-late", &lines.iter().map(|(_, line)| line).collect::<Vec<_>>());
    let (first, tally) = COMPANY.replay(&["log-late"], 1);
    assert!(tally.late > 1_000 && tally.duplicate > 100, "{tally:?}");
    for threads in [2, 8] {
        let (alerts, again) = COMPANY.replay(&["log-late"], threads);
        assert_eq!((again.late, again.duplicate, again.accepted), (tally.late, tally.duplicate, tally.accepted));
        assert!(written(&alerts) == written(&first), "{threads} threads");
    }
    let context = load_from(&COMPANY.path("config.toml"));
    let texts: Vec<&String> = lines.iter().map(|(_, line)| *line).collect();
    let played = |size: usize| {
        let mut play = Play::new(&context);
        texts.chunks(size).for_each(|chunk| play.take(chunk));
        play.finish();
        play.written()
    };
    assert!(played(1_000) == played(texts.len()), "how much is taken at once");
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let config = COMPANY.path("config.toml");
    let mut whole = Play::new(&load_from(&config));
    COMPANY.lines.chunks(5_000).for_each(|lines| whole.take(lines));
    whole.finish();
    assert!(whole.written().lines().count() > 5);
    let mut dice = Dice(5);
    for _ in 0..3 {
        let mut play = Play::new(&load_from(&config));
        let mut rest = COMPANY.lines.as_slice();
        while !rest.is_empty() {
            let (lines, after) = rest.split_at((10_000 + dice.below(30_000) as usize).min(rest.len()));
            play.take(lines);
            play.restart(&load_from(&config));
            rest = after;
        }
        play.finish();
        assert!(play.written() == whole.written());
        assert_eq!(play.revisions.len(), whole.revisions.len(), "nothing is told twice");
        assert_eq!(play.counts, whole.counts);
    }
}
