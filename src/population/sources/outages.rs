//! Outages of a source: hours in which it was silent or low, missed numbers, or gave records that nobody could read.
//!
//! Kept by source and hour, and only for hours with an outage, which are few. Everybody who has profiles reads it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days for which it is kept.
pub const KEPT_DAYS: i64 = 96;

/// Hours with an outage that are kept of one source; past that the oldest go.
const MOST: usize = 96 * 24;

/// Sources and the hours with an outage.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SourceOutages {
    of: BTreeMap<Arc<str>, BTreeMap<i64, u8>>,
}

impl SourceOutages {
    /// Records that could not be decoded.
    pub const DEAD_LETTERS: u8 = 1;
    /// The source was silent or low, or numbers of its sequences are missing.
    pub const GAP: u8 = 2;

    /// Notes an outage in a UTC hour.
    pub fn mark(&mut self, source: &Arc<str>, hour: i64, what: u8) {
        let hours = self.of.entry(source.clone()).or_default();
        *hours.entry(hour).or_default() |= what;
        if hours.len() > MOST {
            hours.pop_first();
        }
    }

    /// Records were lost to us when we went on after a stop.
    pub const LOST: u8 = 4;

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The outages of a source in the UTC hours from `from` until `to`, exclusive.
    pub fn within(&self, source: &str, from: i64, to: i64) -> u8 {
        self.of.get(source).map_or(0, |hours| hours.range(from..to).fold(0, |all, (_, what)| all | what))
    }

    /// Sources with an outage, in order.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<str>> {
        self.of.keys()
    }

    /// Forgets what lies before an hour.
    pub fn forget_before(&mut self, hour: i64) {
        self.of.retain(|_, hours| {
            *hours = hours.split_off(&hour);
            !hours.is_empty()
        });
    }
}
