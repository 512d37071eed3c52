//! The bank in which ways out are tried: 63 days in which nobody does anything but work, learnt from once, and then one act.
//!
//! Day 0 is Monday, 2026-03-02, and times are UTC. Ann and bob1 to bob10 are tellers of unit U and look up 30 to 40 customers a day at their
//! own desks; sue0 to sue9 of unit S have six a day. The act falls on [`TODAY`], a Monday. Everyday work goes on around it, and for
//! a week after it.

#![allow(dead_code, reason = "each way uses a part of it")]

use crate::common::line::{Line, access, on};
use crate::common::world::World;
use leakwarden::config::load;
use leakwarden::decode::FormatChoice;
use leakwarden::engine::context::Context;
use leakwarden::engine::{Engine, Snapshot};
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::model::alert::Alert;
use leakwarden::model::time::{Span, Timestamp};
use leakwarden::model::typology::Typology;
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::replay::{Assignment, Replay};
use leakwarden::sink::dead_letters::DeadLetter;
use leakwarden::triage::standing::FLOOR;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The day of the act.
pub const TODAY: i64 = 63;

/// What is grave by nature whoever it is about and whatever was touched.
const GRAVE: [Typology; 3] = [Typology::Canary, Typology::Tampering, Typology::LogGap];

/// The last day of everyday work.
const LAST: i64 = TODAY + 8;

/// The bank's log.
const LOG: &str = "access.jsonl";

/// Ann at her desk, today at a time.
pub fn ann(time: &str) -> Line {
    worker("ann", TODAY, time)
}

/// Ann runs a statement that gives so many rows.
pub fn runs(time: &str, statement: &str, rows: u64) -> Line {
    ann(time).set("statement", statement).rows(rows)
}

/// Ann takes 10,000 people at once, openly.
pub fn takes_all(time: &str) -> Line {
    runs(time, "SELECT id, name, phone FROM crm.customers", 10_000)
}

/// Minutes and seconds after an hour.
pub fn after(hour: i64, seconds: i64) -> Timestamp {
    on(TODAY, "00:00") + Span::minutes(hour * 60) + Span::seconds(seconds)
}

/// Somebody at their desk.
pub fn worker(name: &str, day: i64, time: &str) -> Line {
    access(name).at(on(day, time)).set("client", serde_json::json!({"host": format!("desk-{name}"), "app": "crm"}))
}

/// The bank, and what is special about it.
pub struct Company {
    world: World,
    /// Lines of the history beside everyday work.
    past: Vec<(Timestamp, String)>,
}

impl Company {
    /// As the head of this file says.
    pub fn bank() -> Company {
        let mut employees = "employee,unit,role,hired,left,shift_start,shift_end\n".to_owned();
        for (name, unit, role) in people() {
            employees += &format!("{name},{unit},{role},2020-01-01,,09:00,18:00\n");
        }
        Company { world: World::bank().with("employees.csv", employees), past: Vec::new() }
    }

    /// With another file of the directory.
    pub fn with(mut self, file: &'static str, text: impl Into<String>) -> Company {
        self.world = self.world.with(file, text);
        self
    }

    /// With a section of the configuration; `[source]` for `[[source]]`.
    pub fn section(mut self, name: &'static str, text: impl Into<String>) -> Company {
        self.world = self.world.section(name, text);
        self
    }

    /// With more history: it is learnt from anew, which takes seconds.
    pub fn past(mut self, lines: impl IntoIterator<Item = Line>) -> Company {
        self.past.extend(lines.into_iter().map(timed));
        self
    }

    /// What is told where somebody does something, in canonical lines of the bank's own log, in the order of their times.
    pub fn sees(&self, act: &[Line]) -> Seen {
        self.sees_arriving(act.iter().cloned().map(timed).collect())
    }

    /// The same where lines arrive when they like, whatever they say of the time.
    pub fn sees_arriving(&self, act: Vec<(Timestamp, String)>) -> Seen {
        self.play(act, None)
    }

    /// The same where the act stands in a log of another format, beside the bank's own. `text` is all of it.
    pub fn sees_log(&self, format: &str, text: &str) -> Seen {
        self.play(Vec::new(), Some((format, text)))
    }

    /// The same where some lines stand in the bank's own log, and others in one of another format.
    pub fn sees_both(&self, act: &[Line], format: &str, text: &str) -> Seen {
        self.play(act.iter().cloned().map(timed).collect(), Some((format, text)))
    }

    fn play(&self, act: Vec<(Timestamp, String)>, other: Option<(&str, &str)>) -> Seen {
        let dir = tempfile::tempdir().expect("a directory");
        let config = load::read_config(&self.world.write(dir.path())).unwrap_or_else(|problems| panic!("{problems:?}"));
        let context = Arc::new(load::load(&config).unwrap_or_else(|problems| panic!("{problems:?}")));
        let engine = Engine::restore(context, &self.history()).expect("restores");
        let mut lines = everyday(TODAY..=LAST);
        lines.extend(act);
        let choice = |name: &str| config.choice(name).unwrap_or_else(|| panic!("{name} is no format"));
        let mut files = vec![written(dir.path(), LOG, &in_order(lines), choice("canonical"))];
        files.extend(other.map(|(format, text)| written(dir.path(), "core.log", text, choice(format))));
        let mut replay = Replay::open(engine, files, TimeRange::default(), 1, &BTreeMap::new()).expect("opens");
        let (mut ledger, mut dead_letters) = (LatestAlerts::default(), Vec::new());
        while let Some(round) = replay.round().expect("reads") {
            ledger.take(round.output.revisions);
            dead_letters.extend(round.dead_letters);
        }
        ledger.take(replay.finish().output.revisions);
        ledger.note_shown(|id| replay.engine().shown_at(id));
        Seen { alerts: ledger.in_order().into_iter().map(|entry| entry.alert.clone()).collect(), dead_letters }
    }

    /// The state after the history.
    fn history(&self) -> Arc<Snapshot> {
        static PLAIN: OnceLock<Arc<Snapshot>> = OnceLock::new();
        if self.past.is_empty() {
            return PLAIN.get_or_init(|| Arc::new(learn(&World::bank().context(), everyday(0..=TODAY - 1)))).clone();
        }
        let lines = everyday(0..=TODAY - 1).into_iter().chain(self.past.iter().cloned()).collect();
        Arc::new(learn(&self.world.context(), lines))
    }
}

fn learn(context: &Arc<Context>, lines: Vec<(Timestamp, String)>) -> Snapshot {
    let dir = tempfile::tempdir().expect("a directory");
    let canonical = leakwarden::decode::Codec::named(leakwarden::decode::format("canonical").expect("exists"), Arc::default());
    let file = written(dir.path(), LOG, &in_order(lines), FormatChoice::Known(canonical));
    let mut replay = Replay::open(Engine::new(context.clone()), vec![file], TimeRange::default(), 1, &BTreeMap::new()).expect("opens");
    while replay.round().expect("reads").is_some() {}
    replay.image()
}

fn written(dir: &Path, name: &str, text: &str, format: FormatChoice) -> Assignment {
    let path = dir.join(name);
    std::fs::write(&path, text).expect("written");
    Assignment { path: path.display().to_string(), source: name.to_owned(), partition: name.to_owned(), format }
}

/// A line with the time that it tells.
fn timed(line: Line) -> (Timestamp, String) {
    let text = line.to_string();
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    (Timestamp::parse(value["time"].as_str().expect("a time")).expect("a time"), text)
}

fn in_order(mut lines: Vec<(Timestamp, String)>) -> String {
    lines.sort_by_key(|(time, _)| *time);
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

/// Name, unit and role of everybody.
pub fn people() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let tellers = std::iter::once("ann".to_owned()).chain((1..=10).map(|n| format!("bob{n}")));
    tellers.map(|name| (name, "U", "teller")).chain((0..10).map(|n| (format!("sue{n}"), "S", "clerk")))
}

/// `accounts.csv` with everybody's login, which is their name, and further rows.
pub fn logins(more: &str) -> String {
    let rows = people().map(|(name, _, _)| format!("{name},,{name},,,\n"));
    format!("account,system,employee,from,to,shared\n{more}{}", rows.collect::<String>())
}

/// Everybody's ordinary work on some days.
fn everyday(days: std::ops::RangeInclusive<i64>) -> Vec<(Timestamp, String)> {
    let mut lines = Vec::new();
    for (who, (name, _, role)) in (0u64..).zip(people()) {
        for day in days.clone().filter(|day| day % 7 < 5) {
            let chance = |n: u64| mix(who * 1_000_003 + day as u64 * 10_007 + n * 101 + 7);
            let (count, apart) = if role == "clerk" { (6, 80) } else { (30 + chance(0) % 11, 12) };
            for n in 0..count {
                let at = on(day, "09:05") + Span::minutes((n * apart) as i64) + Span::seconds((chance(n) % 600) as i64);
                let customer = 1_000_000 + who * 1_000 + 2 * (chance(n + 50) % 400);
                let line = worker(&name, day, "00:00").at(at).reads("crm.customers", &["name", "phone"]).of([customer]).rows(1);
                lines.push((at, line.to_string()));
            }
        }
    }
    lines
}

/// A number that looks like chance and is the same every time.
pub fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) >> 24
}

/// What was told.
pub struct Seen {
    /// The alerts as they stand at the end.
    pub alerts: Vec<Alert>,
    /// What could not be decoded.
    pub dead_letters: Vec<DeadLetter>,
}

impl Seen {
    /// When anything was first told.
    pub fn first(&self) -> Option<Timestamp> {
        self.alerts.iter().map(|alert| Timestamp::parse(&alert.raised_at).expect("a time")).min()
    }

    /// How high the highest stands: whether it was shown, and its score, of what is grave by nature with the floor.
    pub fn rank(&self) -> Option<(bool, f64)> {
        let score = |alert: &Alert| if GRAVE.contains(&alert.typology) { alert.score.max(FLOOR) } else { alert.score };
        self.alerts.iter().map(|alert| (alert.shown_at.is_some(), score(alert))).max_by(|a, b| a.partial_cmp(b).expect("numbers"))
    }

    /// Only what was told of some employees, accounts or sources.
    #[must_use]
    pub fn of(mut self, who: &[&str]) -> Seen {
        self.alerts.retain(|alert| who.contains(&alert.about()));
        self
    }

    /// What was told of some employees, accounts or sources.
    pub fn about(&self, who: &[&str]) -> Vec<&Alert> {
        self.alerts.iter().filter(|alert| who.contains(&alert.about())).collect()
    }

    /// Whether something was shown within the budget.
    pub fn is_shown(&self) -> bool {
        self.alerts.iter().any(|alert| alert.shown_at.is_some())
    }

    /// What was told, in short.
    pub fn told(&self) -> Vec<String> {
        let line = |alert: &Alert| {
            let shown = if alert.shown_at.is_some() { "shown" } else { "not shown" };
            format!("{} {} {} {} at {}, {shown}", alert.about(), alert.typology, alert.severity, alert.score, alert.raised_at)
        };
        self.alerts.iter().map(line).collect()
    }

    /// What it is told as.
    pub fn typologies(&self) -> BTreeSet<&'static str> {
        self.alerts.iter().map(|alert| alert.typology.name()).collect()
    }

    /// The rule: caught no later, and ranked no lower, than the same act done openly. The open act must be caught at all.
    #[track_caller]
    pub fn no_quieter_than(&self, open: &Seen) {
        let both = || format!("\nhidden: {:#?}\nopen: {:#?}", self.told(), open.told());
        let openly = open.first().unwrap_or_else(|| panic!("the open act is not caught{}", both()));
        let hidden = self.first().unwrap_or_else(|| panic!("the hidden act is not caught{}", both()));
        assert!(hidden <= openly, "caught later{}", both());
        assert!(self.rank() >= open.rank(), "ranked lower{}", both());
    }

    /// The innocent twin: nothing is told.
    #[track_caller]
    pub fn is_quiet(&self) {
        assert!(self.alerts.is_empty(), "told: {:#?}", self.told());
    }
}

/// Lines of a log of another format.
pub fn log<L: Display>(lines: &[L]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
