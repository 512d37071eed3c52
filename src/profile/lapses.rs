//! Lapses: days on which hardly anybody of one's group or unit had reasons on file, because the tool that keeps them was down, its export
//! is late, or nobody files any. What rests on reasons is expected to be as much more on them as reasons usually cover.

use crate::profile::history::AllMoments;
use crate::profile::measure::Measure;
use serde::{Deserialize, Serialize};

/// Days that are kept: those of a week, which the windows hold that such days are judged in.
const KEPT: usize = 8;

/// By how much more is expected at the most.
const MOST: f64 = 30.0;

/// The last of them, by number of the day; 0 for none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Lapses([u32; KEPT]);

impl Lapses {
    /// A day is one.
    pub fn note(&mut self, day: u32) {
        if !self.0.contains(&day) {
            self.0.rotate_right(1);
            self.0[0] = day;
        }
    }

    /// How many there are among so many days that end with a day.
    pub fn within(&self, day: u32, days: u32) -> u32 {
        self.0.iter().filter(|lapse| **lapse != 0 && **lapse <= day && **lapse + days > day).count() as u32
    }
}

/// By how much more somebody does without a known reason where reasons are not kept: all people over those without a reason on usual
/// days, from 1 to 30.
pub fn rise(own: &AllMoments) -> f64 {
    let mean = |measure: Measure| own[measure as usize].mean;
    let (people, open) = (mean(Measure::Persons), mean(Measure::Unexplained));
    if people <= 0.0 { 1.0 } else { (people / open.max(people / MOST)).clamp(1.0, MOST) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::history::Moments;

    #[test]
    fn the_last_days_are_kept_each_once() {
        let mut lapses = Lapses::default();
        (1..=12).for_each(|day| lapses.note(100 + day));
        lapses.note(112);
        assert_eq!((lapses.within(112, 1), lapses.within(112, 7), lapses.within(113, 1), lapses.within(118, 7)), (1, 7, 0, 1));
        assert_eq!(lapses.within(109, 7), 5, "what comes later, or was forgotten, is not there");
    }

    #[test]
    fn what_is_expected_without_reasons_is_what_reasons_cover_within_bounds() {
        let own = |people: f64, open: f64| {
            let mut own: AllMoments = [Moments { days: 20.0, mean: 0.0, variance: 0.0 }; Measure::COUNT];
            (own[Measure::Persons as usize].mean, own[Measure::Unexplained as usize].mean) = (people, open);
            own
        };
        assert_eq!(rise(&own(40.0, 4.0)), 10.0);
        assert_eq!((rise(&own(0.0, 0.0)), rise(&own(40.0, 0.0)), rise(&own(4.0, 9.0))), (1.0, MOST, 1.0));
    }
}
