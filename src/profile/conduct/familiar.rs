//! What an employee usually touches: places and kinds, with the days of the first and last touch. The peers' common ground is
//! made of these.

use crate::model::kind::Kinds;
use crate::model::place::{Place, Places};
use serde::{Deserialize, Serialize};

/// Sorts of touch that are remembered; the one not seen for longest goes first.
const REMEMBERED: usize = 24;
/// Days that a touch stays in memory.
pub const REMEMBERED_DAYS: u32 = 90;

/// One sort of touch: a place, or a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ground {
    /// Which.
    pub which: Which,
    /// Day of the first touch.
    pub first: u32,
    /// Day of the last touch.
    pub last: u32,
}

/// What was touched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Which {
    /// A place.
    Place(Place),
    /// The kind of that number.
    Kind(u8),
}

/// The ground that is familiar.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Familiar {
    known: Vec<Ground>,
}

/// The places and kinds of an access.
pub fn touched(places: Places, kinds: Kinds) -> impl Iterator<Item = Which> {
    places.iter().map(Which::Place).chain(kinds.iter().map(|kind| Which::Kind(kind as u8)))
}

impl Familiar {
    /// Notes a touch. Gives whether it was known before that day.
    pub fn note(&mut self, which: Which, day: u32) -> bool {
        if let Some(ground) = self.known.iter_mut().find(|ground| ground.which == which) {
            ground.last = ground.last.max(day);
            return ground.first < day;
        }
        if self.known.len() == REMEMBERED {
            let stale = (0..REMEMBERED).min_by_key(|at| self.known[*at].last).unwrap_or(0);
            self.known.swap_remove(stale);
        }
        if self.known.len() == self.known.capacity() {
            self.known.reserve_exact(2);
        }
        self.known.push(Ground { which, first: day, last: day });
        false
    }

    /// What was touched from a day on.
    pub fn since(&self, day: u32) -> impl Iterator<Item = Ground> {
        self.known.iter().filter(move |ground| ground.last >= day).copied()
    }

    /// The day of the first touch.
    pub fn first(&self, which: Which) -> Option<u32> {
        self.known.iter().find(|ground| ground.which == which).map(|ground| ground.first)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.known.capacity() * size_of::<Ground>()
    }
}
