//! Subjects that are being put together: from how many places and of which kinds one subject was looked at without a reason
//! within a day.

use crate::model::access::Subject;
use crate::model::kind::Kinds;
use crate::model::place::Places;
use crate::model::statute::Statute;
use crate::profile::seen::UNITS_PER_DAY;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Subjects that are followed at once; a targeted look at more people than this within a day is not what this is about.
const FOLLOWED: usize = 128;

/// What was put together of one subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dossier {
    subject: u64,
    places: Places,
    /// Kinds looked at.
    pub kinds: Kinds,
    from: u32,
    complete: bool,
    /// Whether the subject had never been looked at before.
    stranger: bool,
}

impl Dossier {
    /// Whether it was ordered, to all appearance: a stranger's, put together within hours.
    pub fn is_of_a_stranger_at_once(&self, unit: u32) -> bool {
        self.stranger && unit.saturating_sub(self.from) <= AT_ONCE
    }
}

/// Units in which a dossier is put together at once: three hours.
const AT_ONCE: u32 = 3 * UNITS_PER_DAY / 24;

/// Places from which a dossier is put together at the least.
const PLACES: usize = 3;
/// Kinds that it holds at the least.
const KINDS: u32 = 4;

/// Whether so much of one subject is a dossier: several places, several kinds, and more than what identifies somebody.
pub fn is_complete(places: usize, kinds: Kinds, statute: &Statute) -> bool {
    let tiers = statute.tiers.iter().filter(|tier| tier.kinds.intersects(kinds)).count();
    places >= PLACES && kinds.len() >= KINDS && tiers >= 2
}

/// The subjects followed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Dossiers {
    open: VecDeque<Dossier>,
}

impl Dossiers {
    /// Notes an unexplained, targeted look; one that does not open a dossier goes on with one at the most. Gives the dossier when this
    /// look completes it by the given rule.
    pub fn look(
        &mut self,
        subject: Subject,
        (opens, stranger): (bool, bool),
        places: Places,
        kinds: Kinds,
        unit: u32,
        is_complete: impl Fn(usize, Kinds) -> bool,
    ) -> Option<Dossier> {
        while self.open.front().is_some_and(|first| first.from + UNITS_PER_DAY <= unit) {
            self.open.pop_front();
        }
        let known = self.open.iter().position(|dossier| dossier.subject == subject.0);
        if known.is_none() && !opens {
            return None;
        }
        let at = known.unwrap_or_else(|| {
            if self.open.len() == FOLLOWED {
                self.open.pop_front();
            }
            let (places, kinds) = (Places::default(), Kinds::NONE);
            self.open.push_back(Dossier { subject: subject.0, places, kinds, from: unit, complete: false, stranger });
            self.open.len() - 1
        });
        let dossier = &mut self.open[at];
        dossier.places.join(places);
        dossier.kinds = dossier.kinds.union(kinds);
        let completed = !dossier.complete && is_complete(dossier.places.count(), dossier.kinds);
        dossier.complete |= completed;
        completed.then_some(*dossier)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.open.capacity() * size_of::<Dossier>()
    }
}
