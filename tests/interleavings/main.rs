//! Any interleaving of the same records of employees gives the same settled alerts, by id and content, and the same coverage: however
//! their records are spread over partitions, in whatever order the partitions are read, what comes late within what is allowed, and
//! what comes again somewhere else. Of one engine that reads all, and of tasks on a log to which things happen.
//!
//! What legitimately differs is left out, and nothing else: the places (partition and offset) that evidence cites.

#[path = "../common/mod.rs"]
mod common;
mod company;
#[allow(dead_code, reason = "a part of the simulated world is looked at here")]
#[path = "../simulation/intruder.rs"]
mod intruder;
#[allow(dead_code, reason = "a part of the simulated world is looked at here")]
#[path = "../simulation/log.rs"]
mod log;
#[path = "../simulation/table.rs"]
mod table;
#[allow(dead_code, reason = "a part of the simulated world is looked at here")]
#[path = "../simulation/world.rs"]
mod world;

use company::{Company, Layout, Story};
use leakwarden::engine::evaluation::EvaluationCoverage;
use leakwarden::engine::{Engine, Sequential};
use leakwarden::model::access::Access;
use leakwarden::model::alert::Alert;
use leakwarden::model::time::Timestamp;
use leakwarden::random::SplitMix64;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use world::World;

const CASES: u32 = 120;

/// Settled alerts by id and revision, without places.
type Alerts = BTreeMap<(String, u32), String>;

/// What was made of a log.
struct Made {
    alerts: Alerts,
    coverage: EvaluationCoverage,
    duplicates: u64,
    late: u64,
}

/// In which order the partitions are read.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// Some of one, some of another.
    Any,
    /// One to its end, then the next.
    OneByOne,
}

/// One engine reads all partitions.
fn by_engine(company: &Company, order: Order, seed: u64) -> Made {
    let mut dice = SplitMix64::new(seed);
    let mut engine = Engine::new(Arc::new(company.context.with_own_partitions()));
    // Which of them is known first is a matter of chance, too.
    let mut unread: Vec<(String, &[Access])> = company.inputs.iter().map(|(of, input)| (of.to_string(), input.as_slice())).collect();
    for at in (1..unread.len()).rev() {
        unread.swap(at, dice.below(at + 1));
    }
    for (name, _) in &unread {
        let id = engine.context().partition(name);
        engine.add_partition(id);
    }
    let mut made = Made { alerts: Alerts::new(), coverage: EvaluationCoverage::default(), duplicates: 0, late: 0 };
    while !unread.is_empty() {
        let at = dice.below(unread.len());
        let (name, rest) = &mut unread[at];
        let many = match order {
            Order::Any => (1 + dice.below(30)).min(rest.len()),
            Order::OneByOne => rest.len(),
        };
        let (read, after) = rest.split_at(many);
        *rest = after;
        let partition = engine.context().partition(name);
        for access in read {
            engine.take(Access { partition, ..access.clone() }, Some(Timestamp::END));
        }
        if after.is_empty() {
            unread.swap_remove(at);
        }
        if unread.is_empty() || dice.once_in(3) {
            let out = engine.advance(&Sequential);
            for counts in &out.counts.sources {
                made.duplicates += counts.duplicate;
                made.late += counts.late;
            }
            made.alerts.extend(out.revisions.into_iter().map(|revision| placeless(revision.alert)));
        }
    }
    made.coverage = engine.coverage();
    made
}

/// Tasks on a log, with crashes, rebalances and processes that are taken for dead.
fn by_tasks(company: &Company, seed: u64) -> Alerts {
    let outcome = World::new(company, seed).in_trouble();
    outcome.alerts.values().map(|text| placeless(serde_json::from_str(text).expect("an alert"))).collect()
}

fn placeless(mut alert: Alert) -> ((String, u32), String) {
    alert.evidence.sources.clear();
    let text = serde_json::to_string(&alert).expect("writes");
    ((alert.id, alert.revision), text)
}

fn layouts() -> impl Strategy<Value = Layout> {
    let share = prop_oneof![Just(0usize), 1..100usize];
    (1..=6i32, share.clone(), prop_oneof![Just(0usize), 1..40usize], share, any::<u64>())
        .prop_map(|(partitions, strays, copies, late, seed)| Layout { partitions, strays, copies, late, seed })
}

#[test]
fn any_interleaving_of_the_same_records_gives_the_same_alerts() {
    let context = company::context();
    let config = ProptestConfig { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let [cases, telling, alerts, spread, copied] = [const { Cell::new(0u64) }; 5];
    let more = |cell: &Cell<u64>, by: u64| cell.set(cell.get() + by);
    let order = prop_oneof![3 => Just(Order::Any), 1 => Just(Order::OneByOne)];
    let strategy = (any::<u64>(), 0..=4usize, layouts(), order, any::<u64>());
    let outcome = runner.run(&strategy, |(story, insiders, layout, order, chance)| {
        let story = Story::new(story, insiders);
        let plain = Layout { partitions: 1, strays: 0, copies: 0, late: 0, seed: 0 };
        let expected = by_engine(&story.laid_out(&context, plain), Order::OneByOne, 0);
        let company = story.laid_out(&context, layout);
        let made = by_engine(&company, order, chance);
        prop_assert_eq!((made.late, made.duplicates), (0, company.copies));
        prop_assert_eq!(&made.alerts, &expected.alerts);
        prop_assert_eq!(&made.coverage.days, &expected.coverage.days);
        prop_assert_eq!((&made.coverage.tables, made.coverage.settled), (&expected.coverage.tables, expected.coverage.settled));
        prop_assert_eq!(&by_tasks(&company, chance), &expected.alerts);
        more(&cases, 1);
        more(&telling, u64::from(!expected.alerts.is_empty()));
        more(&alerts, expected.alerts.len() as u64);
        more(&spread, u64::from(layout.partitions > 1));
        more(&copied, company.copies);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let [cases, telling, alerts, spread, copied] = [cases, telling, alerts, spread, copied].map(|cell| cell.get());
    eprintln!("{cases} cases, {telling} with alerts ({alerts} revisions), {spread} in several partitions, {copied} copies");
    assert!(telling * 10 >= cases * 6, "there is something to tell: {telling} of {cases}");
    assert!(spread * 10 >= cases * 6 && copied > 1_000, "{spread} of {cases} in several partitions, {copied} copies");
}
