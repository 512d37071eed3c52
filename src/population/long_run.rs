//! The long run of many: which stretch of weeks or months holds more than what lay before it and the peers' same stretch explain.
//!
//! What somebody did before a stretch, drawn towards the peers as far as it is little (Gamma–Poisson, as in
//! [`crate::profile::baseline`]), predicts the stretch; what all peers did more or less of in the same weeks is put on top. So a
//! baseline that its owner moved along is held against the group, whose own did not move. How far honest peers stray from such a
//! prediction is measured on them, and what is left is surprise.

use crate::population::summary::Summary;
use crate::profile::baseline::Prediction;
use crate::profile::long_run::{STRETCHES, Stretches, WAYS};

/// More than was to be expected of somebody.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LongExcess {
    /// Which of the measures that are kept in the long run.
    pub way: usize,
    /// Days of activity in the stretch.
    pub days: u32,
    /// What it holds.
    pub count: u64,
    /// What it was expected to hold.
    pub usual: f64,
    /// Surprise, in bits, less the choice among stretches and measures.
    pub bits: f64,
}

/// Fewest days of activity of a stretch, and of what lies before one, to be learnt from.
const FEWEST_DAYS: u32 = 5;
const FEWEST_BEFORE: u32 = 10;

/// The same of a stretch that has only the peers' to be held against.
const FEWEST_ALONE: u32 = 20;

/// Standard deviations above what is usual from which on it is asked how surprising that is: most people never come there.
const WORTH_A_LOOK: f64 = 2.0;

/// By how much members differ at the least, as a share of their mean, and in people a day.
const LEAST_SPREAD: (f64, f64) = (0.3, 0.02);

/// How far honest work strays over weeks at the least, as a variance relative to the square of what is expected.
const LEAST_STRAY: f64 = 0.01;

/// Expected people from which on a member tells how far honest work strays.
const TELLS: f64 = 3.0;

/// The share of members who stray the most, who do not count: an insider is no measure of honesty.
const TRIMMED: f64 = 0.1;

/// Days that belong together scatter alike.
const CORRELATED: f64 = 1.5;

/// People by which what all do more of is drawn towards no change, and its bounds.
const STEADY: f64 = 20.0;
const COMMON_CHANGE: (f64, f64) = (0.5, 3.0);

/// By how much the last weeks must still exceed what is usual: what is over for long is no news.
const GOES_ON: f64 = 1.15;

/// What the choice among stretches and measures costs: they overlap, so that it is as if there were as many as the root.
const CHOICE: f64 = 0.5;

/// One member's stretch.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    days: f64,
    count: f64,
    days_before: f64,
    before: f64,
    dispersion: f64,
    /// What the own past and the peers' predict, before what all do more of.
    expected: f64,
    /// Variance of the own rate, relative to its square.
    unsure: f64,
}

impl Stretch {
    fn of(stretches: &Stretches, at: usize, way: usize, dispersion: f64) -> Stretch {
        let (newest, before) = (stretches.newest[at], stretches.before[at]);
        Stretch {
            days: f64::from(newest.days),
            count: f64::from(newest.sums[way]),
            days_before: f64::from(before.days),
            before: f64::from(before.sums[way]),
            dispersion,
            ..Stretch::default()
        }
    }
}

/// The greatest excess of each member of a group in some of the measures that are kept, in their order.
pub fn excesses(members: &[&Summary], ways: &[usize]) -> Vec<Option<LongExcess>> {
    let mut best: Vec<Option<LongExcess>> = vec![None; members.len()];
    for way in ways.iter().copied() {
        let dispersions = dispersions(members, way);
        let lately = stretch_of(members, 1, way, &dispersions);
        for at in 0..STRETCHES.len() {
            let stretch = if at == 1 { lately.clone() } else { stretch_of(members, at, way, &dispersions) };
            for (best, excess) in best.iter_mut().zip(excess_of(&stretch, &lately)) {
                let Some(excess) = excess else { continue };
                if best.is_none_or(|best| excess.bits > best.bits) {
                    *best = Some(LongExcess { way, ..excess });
                }
            }
        }
    }
    best
}

/// Variance of days over their mean: each member's own, drawn towards the group's.
fn dispersions(members: &[&Summary], way: usize) -> Vec<f64> {
    let all =
        |member: &Summary| f64::from(member.long_run.newest[STRETCHES.len() - 1].days + member.long_run.before[STRETCHES.len() - 1].days);
    let own = |member: &Summary| f64::from(member.long_run.dispersion[way]);
    let days: f64 = members.iter().map(|member| all(member)).sum();
    let group = members.iter().map(|member| all(member) * own(member)).sum::<f64>() / days.max(1.0);
    members.iter().map(|member| ((all(member) * own(member) + 60.0 * group) / (all(member) + 60.0)).clamp(1.0, 50.0)).collect()
}

/// The stretches of one length, with what is expected of each.
fn stretch_of(members: &[&Summary], at: usize, way: usize, dispersions: &[f64]) -> Vec<Stretch> {
    let of = |(member, dispersion): (&&Summary, &f64)| Stretch::of(&member.long_run, at, way, *dispersion);
    let mut stretches: Vec<Stretch> = members.iter().zip(dispersions).map(of).collect();
    let before = |stretch: &Stretch| (stretch.before, stretch.days_before, stretch.dispersion);
    let now = |stretch: &Stretch| (stretch.count, stretch.days, stretch.dispersion);
    let of_days = |rates: &mut dyn Iterator<Item = Rate>, fewest: u32| -> Vec<Rate> {
        rates.filter(|(_, days, _)| *days >= f64::from(fewest)).collect()
    };
    let past = of_days(&mut stretches.iter().map(before), FEWEST_BEFORE);
    // Where hardly anybody has a past, the peers' same stretch says what is usual.
    let alone = past.len() * 2 < members.len();
    let rates = if alone { of_days(&mut stretches.iter().map(now), FEWEST_ALONE) } else { past };
    let Some((mean, spread)) = level(&rates) else { return stretches };
    let (shape, days) = (mean * mean / spread, mean / spread);
    for stretch in &mut stretches {
        let seen = stretch.before / stretch.dispersion;
        stretch.expected = stretch.days * (shape + seen) / (days + stretch.days_before / stretch.dispersion);
        stretch.unsure = 1.0 / (shape + seen);
    }
    stretches
}

/// People in all, days of activity, variance of days over their mean.
type Rate = (f64, f64, f64);

/// Mean and variance between members of people a day.
fn level(rates: &[Rate]) -> Option<(f64, f64)> {
    if rates.len() < 3 {
        return None;
    }
    let n = rates.len() as f64;
    let mean = (rates.iter().map(|(sum, days, _)| sum / days).sum::<f64>() / n).max(0.005);
    let spread = rates.iter().map(|(sum, days, _)| (sum / days - mean).powi(2)).sum::<f64>() / n;
    let sampling = rates.iter().map(|(_, days, dispersion)| dispersion * mean / days).sum::<f64>() / n;
    let least = LEAST_SPREAD.0.mul_add(mean, LEAST_SPREAD.1).powi(2);
    Some((mean, (spread - sampling).max(least) * (1.0 + 4.0 / n)))
}

fn excess_of(stretches: &[Stretch], lately: &[Stretch]) -> Vec<Option<LongExcess>> {
    let (counts, expected) = stretches.iter().fold((0.0, 0.0), |(counts, expected), of| (counts + of.count, expected + of.expected));
    // What the others do more of, so that nobody is held against themselves.
    let common = |of: &Stretch| ((counts - of.count + STEADY) / (expected - of.expected + STEADY)).clamp(COMMON_CHANGE.0, COMMON_CHANGE.1);
    let within = |of: &Stretch, mean: f64| CORRELATED * of.dispersion * mean + mean * mean * of.unsure;
    let mut strays: Vec<f64> = Vec::new();
    for of in stretches {
        let mean = common(of) * of.expected;
        if mean >= TELLS {
            strays.push(((of.count - mean).powi(2) - within(of, mean)) / (mean * mean));
        }
    }
    let stray = stray(strays);
    let of = |(of, lately): (&Stretch, &Stretch)| {
        let usual = common(of) * of.expected;
        let days = if of.days_before < f64::from(FEWEST_BEFORE) { FEWEST_ALONE } else { FEWEST_DAYS };
        let goes_on = lately.count * of.days > GOES_ON * usual * lately.days;
        if of.days < f64::from(days) || usual <= 0.0 || of.count <= usual || !goes_on {
            return None;
        }
        let variance = (within(of, usual) + stray * usual * usual).max(usual * 1.01);
        if of.count < WORTH_A_LOOK.mul_add(variance.sqrt(), usual) {
            return None;
        }
        let bits = Prediction { mean: usual, variance }.bits(of.count as u64) - CHOICE * ((WAYS * STRETCHES.len()) as f64).log2();
        (bits > 0.0).then_some(LongExcess { way: 0, days: of.days as u32, count: of.count as u64, usual, bits })
    };
    stretches.iter().zip(lately).map(of).collect()
}

/// How far honest members stray from what is expected of them.
fn stray(mut strays: Vec<f64>) -> f64 {
    strays.sort_by(f64::total_cmp);
    let kept = strays.len() - (TRIMMED * strays.len() as f64).ceil() as usize;
    if kept < 3 {
        return 8.0 * LEAST_STRAY;
    }
    let mean = strays[..kept].iter().sum::<f64>() / kept as f64;
    mean.max(LEAST_STRAY) * (1.0 + 4.0 / kept as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::Actor;
    use crate::population::summary::Excess;
    use crate::profile::history::{AllMoments, ClosedDay, Moments};
    use crate::profile::long_run::{KEPT_MEASURES, LongRun};
    use crate::profile::measure::Measure;

    /// Numbers that look like chance.
    fn chance(seed: u64) -> f64 {
        let mut random = crate::random::SplitMix64::keyed(seed, "day");
        random.unit()
    }

    /// A member whose days hold as many people as `rate` says of each, give or take.
    fn member(name: u64, days: u32, rate: impl Fn(u32) -> f64) -> Summary {
        let mut long_run = LongRun::default();
        for day in 14..14 + days {
            let mut figures = [0; Measure::COUNT];
            // About Poisson: ten coins for each day.
            let figure = (0..10).filter(|coin| chance(name * 1_000_003 + u64::from(day) * 101 + coin) < rate(day) / 10.0).count();
            for measure in [Measure::Unexplained, Measure::Singly] {
                figures[measure as usize] = figure as u32;
            }
            long_run.learn(&ClosedDay { day, figures, held_out: false });
        }
        Summary {
            actor: Actor::Employee(format!("E{name:03}").into()),
            group: "teller".into(),
            unit: None,
            employer: None,
            moments: [Moments::default(); Measure::COUNT] as AllMoments,
            days: Vec::new(),
            hours: Vec::new(),
            familiar: Vec::new(),
            touched: Vec::new(),
            excess: Excess::default(),
            long_run: long_run.stretches(13 + days),
            strengths: Vec::new(),
        }
    }

    fn bits(members: &[Summary]) -> Vec<f64> {
        let members: Vec<&Summary> = members.iter().collect();
        excesses(&members, &[0, 1, 2, 3]).iter().map(|excess| excess.map_or(0.0, |excess| excess.bits)).collect()
    }

    #[test]
    fn honest_peers_are_quiet_for_a_year_however_much_they_differ() {
        let members: Vec<Summary> = (0..40).map(|n| member(n, 380, move |_| 0.5 + 0.1 * n as f64)).collect();
        assert!(bits(&members).iter().all(|bits| *bits < 8.0), "{:?}", bits(&members));
    }

    #[test]
    fn a_little_more_every_day_shows_after_months_and_what_grows_slowly_as_well() {
        let of = |n: u64, day: u32, more: fn(u32) -> f64| 1.0 + 0.03 * n as f64 + if n == 7 { more(day) } else { 0.0 };
        let steady: Vec<Summary> = (0..40).map(|n| member(n, 200, move |day| of(n, day, |day| if day > 70 { 2.0 } else { 0.0 }))).collect();
        assert!(bits(&steady)[7] > 10.0, "{:?}", bits(&steady));
        let growing: Vec<Summary> = (0..40).map(|n| member(n, 300, move |day| of(n, day, |day| f64::from(day) * 0.008))).collect();
        assert!(bits(&growing)[7] > 8.0, "{:?}", bits(&growing));
        assert!(bits(&growing).iter().enumerate().all(|(n, bits)| n == 7 || *bits < 8.0), "{:?}", bits(&growing));
    }

    #[test]
    fn what_all_do_more_of_is_nobodys_and_what_is_over_is_no_news() {
        let more = |day: u32, from: u32| if day > from { 2.0 } else { 0.0 };
        let all: Vec<Summary> = (0..40).map(|n| member(n, 200, move |day| 1.0 + 0.02 * n as f64 + more(day, 100))).collect();
        assert!(bits(&all).iter().all(|bits| *bits < 8.0), "{:?}", bits(&all));
        let over: Vec<Summary> =
            (0..40).map(|n| member(n, 200, move |day| if n == 7 { 1.0 + more(day, 40) - more(day, 160) } else { 1.0 })).collect();
        assert!(bits(&over)[7] < 8.0, "{:?}", bits(&over));
    }

    #[test]
    fn without_a_past_the_peers_say_what_is_usual() {
        let members: Vec<Summary> = (0..40).map(|n| member(n, 60, move |_| if n == 7 { 7.0 } else { 1.0 })).collect();
        assert!(bits(&members)[7] > 7.0, "{:?}", bits(&members));
        assert_eq!(KEPT_MEASURES.len(), WAYS);
        assert!(bits(&members[..2]).iter().all(|bits| *bits == 0.0), "nobody to compare with");
    }
}
