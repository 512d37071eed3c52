//! Lapses: days on which hardly anybody of one's group or unit had reasons on file, because the tool that keeps them was down, its export
//! is late, or nobody files any. What rests on reasons is expected to be as much more on them as reasons usually cover.

use crate::profile::history::AllMoments;
use crate::profile::measure::Measure;
use serde::{Deserialize, Serialize};

/// Days that are kept: those of a week, which the windows hold that such days are judged in.
const KEPT: usize = 8;

/// By how much more is expected at the most.
const MOST: f64 = 30.0;

/// One of them, as it was told last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Lapse {
    /// Number of the day; 0 for none.
    pub day: u32,
    /// Whether it was the unit's, or else the peer group's.
    pub of_unit: bool,
    /// The others who worked that day, as far as their days are known.
    pub others: u32,
    /// Those of them most of whose day was without a known reason.
    pub lapsed: u32,
}

/// The last of them; most people never have any, and need no room for them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Lapses(Option<Box<[Lapse; KEPT]>>);

impl Lapses {
    /// A day is one: the first that is told of it, or more of the same.
    pub fn note(&mut self, lapse: Lapse) {
        let kept = self.0.get_or_insert_default();
        match kept.iter_mut().find(|known| known.day == lapse.day) {
            Some(known) => *known = lapse,
            None => {
                kept.rotate_right(1);
                kept[0] = lapse;
            }
        }
    }

    /// Those among so many days that end with a day, the last noted first.
    pub fn among(&self, day: u32, days: u32) -> impl Iterator<Item = &Lapse> {
        self.0.iter().flat_map(|kept| kept.iter()).filter(move |lapse| lapse.day != 0 && lapse.day <= day && lapse.day + days > day)
    }

    /// How many there are among so many days that end with a day.
    pub fn within(&self, day: u32, days: u32) -> u32 {
        self.among(day, days).count() as u32
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
        let of = |day: u32, lapsed: u32| Lapse { day, of_unit: true, others: 14, lapsed };
        (1..=12).for_each(|day| lapses.note(of(100 + day, 8)));
        lapses.note(of(112, 11));
        assert_eq!(lapses.among(112, 1).collect::<Vec<_>>(), [&of(112, 11)], "as it was told last");
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
