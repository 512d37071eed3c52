//! The table against a recount from nothing, past its bound, over years, and after a restart.

use super::*;
use crate::random::SplitMix64;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn subject(n: u64) -> Subject {
    Subject(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

proptest! {
    #[test]
    fn counts_equal_a_naive_recount(touches in prop::collection::vec((0u64..12, 1u32..64, UNITS_PER_DAY..(12 * UNITS_PER_DAY), any::<bool>()), 1..200)) {
        let mut table = SeenTable::new(10, 1_000);
        let mut naive: BTreeMap<(u64, u32), (Option<u32>, Option<u32>)> = BTreeMap::new();
        let mut newest = 0;
        let mut sorted = touches;
        sorted.sort_by_key(|t| t.2);
        for (n, kinds, unit, unexplained) in sorted {
            newest = newest.max(unit);
            // Asked for early, the kinds are counted as they change from then on.
            table.kept_by_kind(Since::Day(0), CountScope::Exposure);
            table.touch(subject(n), Kinds(kinds), unit, unexplained);
            for bit in 0..6 {
                if kinds & (1 << bit) != 0 {
                    let last = naive.entry((n, bit)).or_default();
                    last.0 = last.0.max(Some(unit));
                    if unexplained {
                        last.1 = last.1.max(Some(unit));
                    }
                }
            }
        }
        let today = newest / UNITS_PER_DAY;
        table.expire(today, |_, _| {});
        let fine = [1u32, 12, UNITS_PER_DAY].map(|length| Since::Unit((newest + 1).saturating_sub(length)));
        let coarse = [1u32, 7, 10].map(|length| Since::Day((today + 1).saturating_sub(length)));
        for since in fine.into_iter().chain(coarse) {
            let first = since.first_unit();
            for part in [CountScope::Exposure, CountScope::Unexplained] {
                let within = |last: &(Option<u32>, Option<u32>)| match part {
                    CountScope::Exposure => last.0,
                    CountScope::Unexplained => last.1,
                }.is_some_and(|unit| unit >= first);
                let mut people: Vec<u64> = naive.iter().filter(|(_, last)| within(last)).map(|((n, _), _)| *n).collect();
                people.dedup();
                prop_assert_eq!(table.since(since, part), people.len() as u64, "{:?} {:?}", part, since);
                let by_kind = table.kept_by_kind(since, part);
                for bit in 0..6u32 {
                    let expected = naive.iter().filter(|((_, b), last)| *b == bit && within(last)).count() as u64;
                    prop_assert_eq!(by_kind[bit as usize], expected);
                }
            }
        }
    }
}

#[test]
fn past_its_bound_the_table_becomes_a_sketch_with_a_stated_error() {
    let mut table = SeenTable::new(24, 1_024);
    for n in 0..20_000u64 {
        let hash = blake3::hash(&n.to_le_bytes());
        let subject = Subject(u64::from_le_bytes(std::array::from_fn(|i| hash.as_bytes()[i])));
        table.touch(subject, Kinds(1), (n / 1_000) as u32 + UNITS_PER_DAY, true);
    }
    assert!(!table.is_exact() && table.len() <= 1_280);
    for (first, truth) in [(288, 20_000.0), (298, 10_000.0), (306, 2_000.0)] {
        let kept = table.kept_since(Since::Unit(first), CountScope::Exposure);
        let error = (table.since(Since::Unit(first), CountScope::Exposure) as f64 / truth - 1.0).abs();
        assert!(error < 4.0 / (kept as f64).sqrt(), "{first}: {error}");
        let Persons::AtLeast(low) = table.persons(kept) else { panic!("a sketch gives a lower bound") };
        assert!((low as f64) < truth);
    }
}

#[test]
fn what_expires_is_told_and_the_unit_counts_of_years_do_not_grow() {
    let mut table = SeenTable::new(365, 50_000);
    let mut told = 0;
    for day in 1..3_001u32 {
        table.expire(day, |before, after| {
            assert_ne!(before, after);
            told += 1;
        });
        table.touch(subject(u64::from(day)), Kinds(1), day * UNITS_PER_DAY + 7, true);
    }
    assert_eq!(table.since(Since::Day(0), CountScope::Exposure), 365);
    assert_eq!(told, 3_000 - 365);
    assert!(table.len() <= 365);
}

#[test]
fn a_stored_table_goes_on_like_the_first() {
    let mut table = SeenTable::new(10, 100);
    for n in 0..150 {
        table.touch(subject(n), Kinds(3), (n / 20) as u32 + 4 * UNITS_PER_DAY, n % 2 == 0);
    }
    let bytes = postcard::to_allocvec(&table).expect("stores");
    let mut again: SeenTable = postcard::from_bytes(&bytes).expect("restores");
    assert_eq!(postcard::to_allocvec(&again).expect("stores"), bytes);
    for n in 0..150 {
        assert_eq!(
            table.touch(subject(n), Kinds(5), 4 * UNITS_PER_DAY + 9, true),
            again.touch(subject(n), Kinds(5), 4 * UNITS_PER_DAY + 9, true)
        );
    }
    assert_eq!(table.since(Since::Day(0), CountScope::Unexplained), again.since(Since::Day(0), CountScope::Unexplained));
}

#[test]
fn kinds_counted_as_they_change_equal_a_look_through_all() {
    let mut dice = SplitMix64::new(11);
    let mut table = SeenTable::new(30, 900);
    for step in 0..6_000_u32 {
        // Mostly in order of time, now and then late; past the bound, and over the horizon.
        let unit = (UNITS_PER_DAY * 3 + step * 3).saturating_sub(if dice.once_in(5) { dice.below(2_000) as u32 } else { 0 });
        let kinds = Kinds(1 + dice.below(255) as u32);
        if dice.once_in(300) {
            table.expire(unit / UNITS_PER_DAY, |_, _| {});
        }
        table.touch(subject(dice.number() % 1_500), kinds, unit, dice.once_in(3));
        let day = unit / UNITS_PER_DAY;
        let back = dice.below(400) as u32;
        let asked = [
            Since::Unit(unit.saturating_sub(back)),
            Since::Day(day.saturating_sub(back % 40)),
            Since::Days(day.saturating_sub(9), day.saturating_sub(1)),
        ];
        for (since, part) in asked.into_iter().flat_map(|since| [(since, CountScope::Exposure), (since, CountScope::Unexplained)]) {
            assert_eq!(table.kept_by_kind(since, part), table.looked_through(since, part), "{step} {since:?} {part:?}");
        }
    }
    assert!(!table.is_exact(), "the bound was passed");
}

#[test]
fn what_the_kinds_of_a_window_cost_does_not_grow_with_the_people_seen() {
    let cost = |people: u64| {
        let mut table = SeenTable::new(365, 50_000);
        for n in 0..people {
            table.touch(subject(n), Kinds(3), 9 * UNITS_PER_DAY + (n % 50) as u32, true);
        }
        table.kept_by_kind(Since::Day(1), CountScope::Exposure);
        steps::take();
        for n in 0..100 {
            table.touch(subject(people + n), Kinds(3), 9 * UNITS_PER_DAY + 60, true);
            table.kept_by_kind(Since::Unit(9 * UNITS_PER_DAY - 200), CountScope::Unexplained);
        }
        steps::take()
    };
    let (few, many) = (cost(1_000), cost(40_000));
    assert!(few > 0 && many == few, "{many} steps with 40,000 people, {few} with 1,000");
}
