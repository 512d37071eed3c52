//! What moves the watermark of a partition, what does not, and what becomes of the rest.

use super::*;
use crate::model::time::DAY_MS;

impl Dated for (usize, bool) {
    fn date(&mut self, _: Timestamp, alone: bool) {
        self.1 = alone;
    }
}

/// What was placed: (number, whether it was given another date that is a sign, where, whether late).
type Placed = Vec<Scheduled<(usize, bool)>>;

fn clock() -> WatermarkTracker<(usize, bool)> {
    WatermarkTracker::new(Span::minutes(20))
}

fn run(times: impl IntoIterator<Item = i64>) -> (Placed, WatermarkTracker<(usize, bool)>) {
    let (mut clock, mut placed) = (clock(), Vec::new());
    let mut taken = 0;
    for (n, ms) in times.into_iter().enumerate() {
        clock.take(Timestamp(ms), None, (n, false), &mut |p| placed.push(p));
        taken += 1;
    }
    clock.finish(&mut |p| placed.push(p));
    assert_eq!(placed.len(), taken, "nothing is lost");
    (placed, clock)
}

fn minutes(n: i64) -> impl Iterator<Item = i64> {
    (0..n).map(|n| n * 60_000)
}

fn signs(placed: &Placed) -> Vec<usize> {
    placed.iter().filter(|p| p.item.1).map(|p| p.item.0).collect()
}

const FAR: i64 = 26_000 * DAY_MS;

#[test]
fn a_handful_of_the_far_future_moves_nothing_wherever_it_stands_and_counts_where_it_came() {
    for (at, handful) in [(0, 1), (0, 20), (5, 1), (500, 100), (990, 10), (1_000, 30)] {
        let mut times: Vec<i64> = minutes(1_000).collect();
        times.splice(at..at, (0..handful).map(|n| FAR + n));
        let (placed, clock) = run(times);
        assert_eq!(signs(&placed), (at..at + handful as usize).collect::<Vec<_>>(), "{handful} at {at}");
        assert_eq!(clock.watermark(), Some(Timestamp(999 * 60_000)), "{handful} at {at}");
        assert!(placed.iter().all(|p| !p.late || p.item.1), "{handful} at {at}");
        let of_neighbours = (at as i64 - 20).max(0) * 60_000..=(at as i64 + 300) * 60_000;
        assert!(placed.iter().filter(|p| p.item.1).all(|p| of_neighbours.contains(&p.settles.0)), "{handful} at {at}");
    }
}

#[test]
fn a_long_silence_is_believed_once_most_of_what_follows_confirms_it_and_at_the_end() {
    for after in [1, 5, 300, 3_000] {
        let (placed, clock) = run(minutes(1_000).chain(minutes(after).map(|ms| 30 * DAY_MS + ms)));
        assert!(placed.iter().all(|p| !p.late && !p.item.1), "{after}");
        assert_eq!(clock.watermark(), Some(Timestamp(30 * DAY_MS + (after - 1) * 60_000)));
    }
    let (sparse, _) = run((0..40).map(|n| n * 30 * DAY_MS));
    assert!(sparse.iter().all(|p| !p.late && !p.item.1), "sparse and in order: {sparse:?}");
    let (years, _) = run([0, 700 * DAY_MS, 701 * DAY_MS, 702 * DAY_MS]);
    assert!(years.iter().all(|p| !p.late && !p.item.1), "an old line before all others: {years:?}");
}

#[test]
fn a_silence_and_a_handful_of_the_far_future_are_told_apart() {
    let times = minutes(300).chain((0..5).map(|n| FAR + n)).chain(minutes(600).map(|ms| 30 * DAY_MS + ms));
    let (placed, clock) = run(times);
    assert_eq!(signs(&placed), [300, 301, 302, 303, 304]);
    assert_eq!(clock.watermark(), Some(Timestamp(30 * DAY_MS + 599 * 60_000)));
    assert!(placed.iter().all(|p| !p.late || p.item.1));
}

#[test]
fn an_ordinary_record_does_not_let_go_of_what_is_ahead_of_it() {
    let mut clock = clock();
    let mut placed: Placed = Vec::new();
    for (n, ms) in minutes(100).chain([8 * DAY_MS]).chain([2 * DAY_MS]).enumerate() {
        clock.take(Timestamp(ms), None, (n, false), &mut |p| placed.push(p));
    }
    assert_eq!(clock.watermark(), Some(Timestamp(2 * DAY_MS)));
    clock.take(Timestamp(8 * DAY_MS + 1), None, (102, false), &mut |p| placed.push(p));
    assert!(placed.iter().all(|p| !p.late && !p.item.1) && placed.len() == 103, "its time has come: {:?}", placed.len());
}

#[test]
fn a_clock_that_has_set_nothing_aside_is_its_watermark_and_nothing_else() {
    let mut first = clock();
    let ignore = &mut |_: Scheduled<(usize, bool)>| {};
    for (n, ms) in minutes(70).chain([30 * DAY_MS]).enumerate() {
        first.take(Timestamp(ms), None, (n, false), ignore);
    }
    assert!(first.holds_any());
    first.advance(Timestamp(31 * DAY_MS), ignore);
    assert!(!first.holds_any());
    let mut anew = clock();
    anew.advance(first.watermark().expect("it has one"), ignore);
    for n in 0..300 {
        let [mut a, mut b] = [Vec::new(), Vec::new()];
        first.take(Timestamp(60 * DAY_MS + n), None, (n as usize, false), &mut |placed| a.push(placed));
        anew.take(Timestamp(60 * DAY_MS + n), None, (n as usize, false), &mut |placed| b.push(placed));
        assert_eq!((a, first.watermark()), (b, anew.watermark()), "after {n}");
    }
    assert_eq!(first.watermark(), Some(Timestamp(60 * DAY_MS + 299)));
}

#[test]
fn a_late_record_settles_at_the_edge_and_says_so() {
    let (placed, _) = run([0, 1, 2, 3, 60 * 60_000, 60_000]);
    let late = placed.iter().find(|p| p.item.0 == 5).expect("was placed");
    assert!(late.late);
    assert_eq!(late.settles, Timestamp(40 * 60_000));
}

/// Records of a time each, one a minute by the clock, which allows no skew.
fn live(ahead: impl Fn(i64) -> i64, n: i64) -> (Placed, WatermarkTracker<(usize, bool)>, u64) {
    let (mut clock, mut placed) = (clock(), Vec::new());
    for (n, now) in minutes(n).enumerate() {
        let limit = Some(Timestamp(now));
        clock.take(Timestamp(now + ahead(n as i64)), limit, (n, false), &mut |p: Scheduled<(usize, bool)>| placed.push(p));
        assert!(clock.watermark().is_none_or(|watermark| watermark.0 <= now), "never beyond the clock");
    }
    let ahead = clock.take_ahead();
    (placed, clock, ahead)
}

#[test]
fn by_a_clock_no_number_of_records_moves_time_beyond_it() {
    // Every second record is of the far future.
    let (placed, _, ahead) = live(|n| if n % 2 == 1 { FAR } else { 0 }, 400);
    assert_eq!(ahead, 200);
    assert!(placed.iter().filter(|p| p.item.0 % 2 == 0).all(|p| !p.late) && placed.len() > 360, "{}", placed.len());
    // A handful is a sign, and counts within minutes.
    let (placed, ..) = live(|n| if (100..103).contains(&n) { FAR } else { 0 }, 200);
    assert_eq!((signs(&placed), placed.len()), (vec![100, 101, 102], 200));
}

#[test]
fn what_is_a_little_ahead_waits_for_its_time() {
    let (placed, clock, ahead) = live(|n| if n % 10 == 0 { 6 * 60_000 } else { 0 }, 200);
    assert_eq!((signs(&placed), ahead), (Vec::new(), 20));
    assert!(placed.iter().all(|p| !p.late) && !clock.holds_any());
}

#[test]
fn a_clock_that_runs_ahead_as_a_whole_is_no_sign_against_anybody() {
    let (mut placed, mut clock, ahead) = live(|_| 8 * 3_600_000, 500);
    clock.let_go(Timestamp(600 * 60_000), &mut |p| placed.push(p));
    assert_eq!((placed.len(), ahead), (500, 500));
    let last = placed.iter().filter(|p| p.item.0 < 440).collect::<Vec<_>>();
    assert!(last.iter().all(|p| !p.item.1), "{:?}", last.iter().filter(|p| p.item.1).count());
}

#[test]
fn a_backlog_is_not_shown_before_it_settles_and_what_is_of_now_or_follows_closely_is() {
    let hours = |hours| Timestamp(1_700_000_000_000) + Span::hours(hours);
    let now = hours(0);
    assert!(is_shown_early(hours(-1), now, Some(hours(-10))), "of now, after a night in which nothing came");
    assert!(is_shown_early(hours(-500), now, Some(hours(-502))), "of long ago, and so is everything before it");
    assert!(is_shown_early(hours(-500), now, None), "the first of all");
    assert!(!is_shown_early(hours(-400), now, Some(hours(-500))), "read far ahead of the others");
}
