//! How much more than usual the others of a peer group or unit do: a quota, a campaign by word of mouth, the end of a month, a tool that
//! is down. What all of them do more of is the work's and not one person's.

use crate::profile::measure::Measure;
use serde::{Deserialize, Serialize};

/// Somebody adds to what the others do so many times their own mean at the most, and no rise is larger.
pub const MOST: f64 = 3.0;
/// Days that are remembered.
const KEPT: usize = 30;
/// Steps of one: a remembered day takes a byte.
const STEPS: f64 = 80.0;

/// What the others of a day did, over what is usual for them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rise {
    /// People.
    pub people: f64,
    /// People without a known reason.
    pub open: f64,
}

impl Rise {
    /// A day like all others.
    pub const NONE: Rise = Rise { people: 1.0, open: 1.0 };

    /// The larger of both, each.
    #[must_use]
    pub fn or(self, other: Rise) -> Rise {
        Rise { people: self.people.max(other.people), open: self.open.max(other.open) }
    }

    /// By how much more is expected of a measure: never less, and nothing of what nobody does more of because others do.
    pub fn of(self, measure: Measure) -> f64 {
        let rise = match measure {
            measure if !measure.rises_together() => 1.0,
            measure if measure.rests_on_reasons() => self.people.max(self.open),
            _ => self.people,
        };
        rise.clamp(1.0, MOST)
    }
}

/// The rises of the last days on which somebody was at work, as they were read last on each; nothing until one of them is no day like all
/// others.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Rises(Option<Box<Days>>);

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Days {
    /// The newest day.
    last: u32,
    /// Of people, the newest day first; 0 for none.
    people: [u8; KEPT],
    /// Of people without a known reason.
    open: [u8; KEPT],
}

impl Rises {
    /// What the others have done so far on a day; days come in ascending order.
    pub fn note(&mut self, day: u32, rise: Rise) {
        if self.0.is_none() && rise == Rise::NONE {
            return;
        }
        let days = self.0.get_or_insert_default();
        let passed = day.saturating_sub(days.last) as usize;
        for steps in [&mut days.people, &mut days.open] {
            steps.rotate_right(passed.min(KEPT));
            steps[..passed.min(KEPT)].fill(0);
        }
        days.last = days.last.max(day);
        let step = |rise: f64| (rise * STEPS).clamp(1.0, MOST * STEPS) as u8;
        (days.people[0], days.open[0]) = (step(rise.people), step(rise.open));
    }

    /// The mean over so many days of activity of a window that ends with a day; days of which nothing is known are like all others.
    pub fn over(&self, day: u32, span: u32, days: u32) -> Rise {
        let Some(kept) = self.0.as_deref() else { return Rise::NONE };
        let skipped = kept.last.saturating_sub(day) as usize;
        let spanned = (span.saturating_sub(day.saturating_sub(kept.last)) as usize).min(KEPT);
        let mean = |of: &[u8; KEPT]| {
            let known = of.iter().skip(skipped).take(spanned).filter(|step| **step > 0);
            let (known, sum) = known.fold((0_u32, 0.0), |(known, sum), step| (known + 1, sum + f64::from(*step) / STEPS));
            (sum + f64::from(days.saturating_sub(known))) / f64::from(days.max(known).max(1))
        };
        Rise { people: mean(&kept.people), open: mean(&kept.open) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(rise: f64) -> Rise {
        Rise { people: rise, open: 1.0 }
    }

    #[test]
    fn a_window_is_expected_to_be_as_much_more_as_its_days_were() {
        let mut rises = Rises::default();
        (101..=104).for_each(|day| rises.note(day, both(2.0)));
        assert_eq!(rises.over(104, 7, 4).people, 2.0);
        assert_eq!(rises.over(104, 7, 8).people, 1.5, "of four days nothing is known");
        assert_eq!(rises.over(104, 2, 2).people, 2.0);
        assert_eq!(rises.over(106, 3, 2).people, 1.5, "two days later, one of them is within");
        assert_eq!(rises.over(102, 2, 2).people, 2.0, "a day that is past");
        rises.note(104, both(1.0));
        assert_eq!(rises.over(104, 1, 1).people, 1.0, "as it was read last");
        rises.note(190, both(1.5));
        assert_eq!((rises.over(190, 7, 1).people, rises.over(190, 90, 2).people), (1.5, 1.25));
        assert_eq!(Rises::default().over(190, 30, 20), Rise::NONE);
    }

    #[test]
    fn a_quiet_day_makes_up_for_a_busy_one_and_nothing_is_ever_expected_to_be_less() {
        let mut rises = Rises::default();
        [0.5, 1.5, 0.5, 1.5].iter().enumerate().for_each(|(nth, rise)| rises.note(100 + nth as u32, both(*rise)));
        assert_eq!(rises.over(103, 7, 4).of(Measure::Persons), 1.0);
        assert_eq!(both(0.2).of(Measure::Persons), 1.0);
        assert_eq!(both(9.0).of(Measure::Persons), MOST);
        let open = Rise { people: 1.0, open: 2.0 };
        assert_eq!((open.of(Measure::Persons), open.of(Measure::Unexplained), open.of(Measure::Dossiers)), (1.0, 2.0, 1.0));
    }
}
