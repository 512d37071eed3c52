//! How many kept people were last touched in each unit of time, by kind: what makes the kinds of a window a short sum, however many people
//! there are. Derived from the table of people, and changed with it.

use crate::model::kind::{Kind, Kinds};
use crate::model::steps;
use crate::profile::counts::CountScope;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// People by kind.
pub type ByKind = [u64; Kind::ALL.len()];

/// People of one kind in a unit of time: all, and those without a known reason.
type People = [u32; 2];

/// The counts of one table.
#[derive(Clone, Debug)]
pub struct KindCounts {
    units_per_day: u32,
    /// By unit and kind, the last 24 hours.
    recent: BTreeMap<(u32, u8), People>,
    /// By day and kind.
    days: BTreeMap<(u32, u8), People>,
    /// The newest unit.
    newest: u32,
}

impl KindCounts {
    /// Nobody yet.
    pub fn new(units_per_day: u32) -> KindCounts {
        KindCounts { units_per_day, recent: BTreeMap::new(), days: BTreeMap::new(), newest: 0 }
    }

    /// People with these kinds are in a unit (0 for none) instead of another (0 for none).
    pub fn shift(&mut self, kinds: Kinds, from: u32, to: u32, part: CountScope) {
        if from == to {
            return;
        }
        if to > self.newest {
            self.newest = to;
            let first = self.recent_from();
            while self.recent.first_key_value().is_some_and(|((unit, _), _)| *unit < first) {
                self.recent.pop_first();
            }
        }
        let (from_day, to_day) = (from / self.units_per_day, to / self.units_per_day);
        for kind in kinds.iter() {
            let kind = kind as u8;
            if from > 0 {
                remove(&mut self.recent, (from, kind), part);
            }
            if to >= self.recent_from() {
                self.recent.entry((to, kind)).or_default()[part as usize] += 1;
            }
            if from > 0 && (to == 0 || from_day != to_day) {
                remove(&mut self.days, (from_day, kind), part);
            }
            if to > 0 && (from == 0 || from_day != to_day) {
                self.days.entry((to_day, kind)).or_default()[part as usize] += 1;
            }
        }
    }

    /// The first unit that is counted by itself.
    fn recent_from(&self) -> u32 {
        (self.newest + 1).saturating_sub(self.units_per_day).max(1)
    }

    /// People by kind, touched from a unit on; none where that is of a day that is only counted as a whole.
    pub fn since(&self, unit: u32, part: CountScope) -> Option<ByKind> {
        (unit >= self.recent_from()).then(|| sum(&self.recent, unit..=u32::MAX, part))
    }

    /// People by kind, touched from one day to another, both included.
    pub fn on_days(&self, days: RangeInclusive<u32>, part: CountScope) -> ByKind {
        sum(&self.days, days, part)
    }

    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        (self.recent.len() + self.days.len()) * 2 * size_of::<((u32, u8), People)>()
    }
}

fn remove(counts: &mut BTreeMap<(u32, u8), People>, at: (u32, u8), part: CountScope) {
    let Some(people) = counts.get_mut(&at) else { return };
    people[part as usize] = people[part as usize].saturating_sub(1);
    if *people == [0, 0] {
        counts.remove(&at);
    }
}

fn sum(counts: &BTreeMap<(u32, u8), People>, units: RangeInclusive<u32>, part: CountScope) -> ByKind {
    let mut by_kind = [0; Kind::ALL.len()];
    let mut looked_at = 0;
    for ((_, kind), people) in counts.range((*units.start(), 0)..=(*units.end(), u8::MAX)) {
        by_kind[usize::from(*kind)] += u64::from(people[part as usize]);
        looked_at += 1;
    }
    steps::count(looked_at);
    by_kind
}
