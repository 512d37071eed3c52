//! Common ground: which places and kinds the members of a group touch.

use crate::profile::conduct::familiar::{Ground, Which};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A group of fewer members has no common ground to speak of.
const FEWEST_MEMBERS: u32 = 8;
/// What a smaller share of the members touches is not common.
const COMMON: f64 = 0.05;
/// So many members make it common, however large the group.
const MANY: u32 = 12;
/// Days after which what a single member began to touch counts: an insider's new ground is not at once everybody's.
const SETTLED: u32 = 7;

/// How many members touch each place and kind.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PeerAccessProfile {
    members: u32,
    touched_by: BTreeMap<Which, u32>,
}

impl PeerAccessProfile {
    /// Adds a member with what they touch.
    pub fn add(&mut self, ground: &[Ground], today: u32) {
        self.members += 1;
        for touched in ground.iter().filter(|ground| ground.first + SETTLED <= today) {
            *self.touched_by.entry(touched.which).or_default() += 1;
        }
    }

    /// Whether the members commonly touch it, as far as can be said.
    pub fn is_common(&self, which: Which) -> bool {
        if self.members < FEWEST_MEMBERS || self.touched_by.is_empty() {
            return true;
        }
        let by = self.touched_by.get(&which).copied().unwrap_or(0);
        by >= MANY || f64::from(by) >= COMMON * f64::from(self.members)
    }
}
