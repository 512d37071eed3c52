//! The places of a day: how many are left, for whom, and what a day gives back of what those before it gave beyond.

use crate::triage::standing::Standing;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The places of a day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Places {
    /// How many there are, after what was given beforehand.
    room: u32,
    /// Taken by cases about people who are known for certain, and by others.
    sure: u32,
    claimed: u32,
    /// Given beyond, to what is grave by nature.
    extra: u32,
    /// What the days before gave beyond, and this one gives back.
    owed: u32,
    /// Logins and devices behind what was shown.
    common: BTreeSet<u64>,
}

impl Places {
    /// So many.
    pub fn of(per_day: u32) -> Places {
        Places { room: per_day, ..Places::default() }
    }

    /// Whether a case has a place. `per_day` bounds what the grave are given beyond.
    pub fn has(&self, standing: Standing, per_day: u32) -> bool {
        if standing.claimed {
            return self.sure + self.claimed < self.room;
        }
        self.sure < self.room || (standing.grave && self.extra < per_day)
    }

    /// Whether nothing of the same login or device was shown today.
    pub fn is_first_of_place(&self, standing: Standing) -> bool {
        !self.common.contains(&standing.place)
    }

    /// Gives it one.
    pub fn take(&mut self, standing: Standing) {
        match standing.claimed {
            true => self.claimed += 1,
            false if self.sure < self.room => self.sure += 1,
            false => self.extra += 1,
        }
        if standing.place != 0 {
            self.common.insert(standing.place);
        }
    }

    /// The places of the next day.
    #[must_use]
    pub fn next(&self, per_day: u32) -> Places {
        let given = self.sure + self.claimed + self.extra;
        let owed = (self.owed + given).saturating_sub(per_day);
        // A day gives back what it can and keeps one place.
        let back = owed.min(per_day.saturating_sub(1));
        Places { room: per_day - back, owed, ..Places::default() }
    }
}
