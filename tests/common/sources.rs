//! Several sources at once, each with partitions of its own, through the real engine.
//!
//! Employees `e0` to `e29` look up one customer each time, in turns. Day 0 is Monday, 2026-03-02, and times are UTC.

use crate::common::line::{FIRST_DAY, access};
use crate::common::play::decoded;
use leakwarden::engine::context::Context;
use leakwarden::engine::{Engine, Sequential};
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::model::access::{Access, PartitionId, Position};
use leakwarden::model::alert::Alert;
use leakwarden::model::time::{DAY_MS, HOUR_MS, Span, Timestamp};
use leakwarden::model::typology::Typology;
use std::sync::Arc;

/// Employees who take turns.
const PEOPLE: u64 = 30;

/// One partition of a source, and how many records it gives on a day (of the test) and hour.
pub struct Stream<'a> {
    pub source: &'a str,
    pub partition: &'a str,
    pub rate: Box<dyn Fn(i64, i64) -> u64 + 'a>,
}

/// A partition that is its source.
pub fn stream<'a>(source: &'a str, rate: impl Fn(i64, i64) -> u64 + 'a) -> Stream<'a> {
    part(source, source, rate)
}

/// A partition of a source.
pub fn part<'a>(source: &'a str, partition: &'a str, rate: impl Fn(i64, i64) -> u64 + 'a) -> Stream<'a> {
    Stream { source, partition, rate: Box::new(rate) }
}

/// From nine to six on weekdays, so many an hour, a little different every day.
pub fn office(n: u64) -> impl Fn(i64, i64) -> u64 {
    move |day, hour| if day % 7 < 5 && (9..18).contains(&hour) { n + (day as u64 * 7 + hour as u64 * 3) % (1 + n / 8) } else { 0 }
}

/// What each partition says, in its order.
pub struct Log {
    pub partitions: Vec<(PartitionId, Vec<Access>)>,
}

impl Log {
    /// Decodes what the streams give on so many days.
    pub fn of(context: &Arc<Context>, days: i64, streams: &[Stream<'_>]) -> Log {
        let mut names: Vec<&str> = streams.iter().map(|stream| stream.source).collect();
        names.sort_unstable();
        names.dedup();
        let partitions = streams.iter().zip(0u64..).map(|(stream, salt)| {
            let id = context.partition(stream.partition);
            context.belongs(stream.partition, stream.source);
            let mut lines = Vec::new();
            for (day, hour) in (0..days).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
                let count = (stream.rate)(day, hour);
                for n in 0..count {
                    let at = Timestamp(FIRST_DAY + (day * 24 + hour) * HOUR_MS + n as i64 * HOUR_MS / count as i64);
                    let who = format!("e{}", (n + salt) % PEOPLE);
                    let id = format!("{salt}-{day}-{hour}-{n}");
                    lines.push(access(&who).at(at).id(id).reads("crm.customers", &["name"]).of([n % 40]).rows(1));
                }
            }
            let source = names.binary_search(&stream.source).expect("listed") as u16;
            let mut accesses = decoded(context, &lines);
            for (access, line) in accesses.iter_mut().zip(1..) {
                (access.partition, access.source, access.position) = (id, source, Position(line));
            }
            (id, accesses)
        });
        Log { partitions: partitions.collect() }
    }

    /// Begins an engine that knows all partitions.
    pub fn begin(&self, context: &Arc<Context>) -> Engine {
        let mut engine = Engine::new(context.clone());
        self.partitions.iter().for_each(|(id, _)| engine.add_partition(*id));
        engine
    }

    /// Plays everything, always the partition that is furthest behind, so many records at a time.
    pub fn play(&self, context: &Arc<Context>, at_once: usize) -> (Engine, LatestAlerts) {
        let mut engine = self.begin(context);
        let mut ledger = LatestAlerts::default();
        let mut read = vec![0; self.partitions.len()];
        let left = |at: usize, read: &[usize]| self.partitions[at].1.get(read[at]).map(|access| access.time);
        while let Some(at) = (0..read.len()).filter(|at| left(*at, &read).is_some()).min_by_key(|at| left(*at, &read)) {
            let (id, accesses) = &self.partitions[at];
            for access in accesses.iter().skip(read[at]).take(at_once) {
                engine.take(access.clone(), None);
            }
            read[at] += at_once;
            if read[at] >= accesses.len() {
                engine.end_partition(*id);
            }
            ledger.take(engine.advance(&Sequential).revisions);
        }
        ledger.take(engine.finish(&Sequential).revisions);
        (engine, ledger)
    }
}

impl Log {
    /// The same with a new process from the morning of a day on.
    pub fn play_with_restart(&self, context: &Arc<Context>, day: i64) -> (Engine, LatestAlerts) {
        let morning = Timestamp(FIRST_DAY + day * DAY_MS + 11 * HOUR_MS);
        let mut engine = self.begin(context);
        let mut ledger = LatestAlerts::default();
        let mut all: Vec<&Access> = self.partitions.iter().flat_map(|(_, accesses)| accesses).collect();
        all.sort_by_key(|access| access.time);
        let mut restarted = false;
        for (n, access) in all.into_iter().enumerate() {
            if access.time >= morning && !restarted {
                engine = Engine::restore(context.clone(), &engine.snapshot()).expect("restores");
                restarted = true;
            }
            engine.take(access.clone(), None);
            if n % 300 == 0 {
                ledger.take(engine.advance(&Sequential).revisions);
            }
        }
        ledger.take(engine.finish(&Sequential).revisions);
        (engine, ledger)
    }
}

/// The gaps of sources that were told, in order.
pub fn gaps(ledger: &LatestAlerts) -> Vec<Alert> {
    let all = ledger.in_order().into_iter().map(|entry| entry.alert.clone());
    all.filter(|alert| alert.typology == Typology::LogGap && alert.source.is_some()).collect()
}

/// How long after the beginning of a day an instant is, in hours.
pub fn hours_after(text: &str, day: i64) -> f64 {
    let since: Span = Timestamp::parse(text).expect("a time") - Timestamp(FIRST_DAY + day * DAY_MS);
    since.0 as f64 / HOUR_MS as f64
}
