//! Subjects that are followed: in how many different hours of a week one person's movements, calls or stays were looked at.

use crate::model::access::Subject;
use crate::model::kind::{Kind, Kinds};
use serde::{Deserialize, Serialize};

/// Subjects that are followed at once; the one not looked at for longest goes first.
const FOLLOWED: usize = 16;
/// Hours that count.
const WEEK: u32 = 7 * 24;

/// Kinds that change while one looks: what a follower comes back for.
pub const FOLLOWABLE: [Kind; 5] =
    [Kind::LocationTrack, Kind::CommunicationContent, Kind::CommunicationRecord, Kind::Accommodation, Kind::Transaction];

/// One subject's hours.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Poll {
    subject: u64,
    /// The newest hour.
    last: u32,
    /// One bit for each hour of the week that ends with it, newest lowest.
    hours: [u64; 3],
}

/// The subjects looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Polls {
    known: Vec<Poll>,
}

impl Polls {
    /// Notes a look at a subject's kinds in an hour; gives in how many hours of the last week there was one.
    pub fn note(&mut self, subject: Subject, kinds: Kinds, hour: u32) -> u64 {
        if !FOLLOWABLE.into_iter().any(|kind| kinds.contains(kind)) {
            return 0;
        }
        let at = self.known.iter().position(|poll| poll.subject == subject.0).unwrap_or_else(|| {
            if self.known.len() == FOLLOWED {
                let stale = (0..FOLLOWED).min_by_key(|at| self.known[*at].last).unwrap_or(0);
                self.known.swap_remove(stale);
            }
            self.known.push(Poll { subject: subject.0, last: hour, hours: [0; 3] });
            self.known.len() - 1
        });
        self.known[at].look(hour)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.known.capacity() * size_of::<Poll>()
    }
}

impl Poll {
    fn look(&mut self, hour: u32) -> u64 {
        let passed = hour.saturating_sub(self.last);
        if passed > 0 {
            let mut moved = [0; 3];
            for at in (0..WEEK.saturating_sub(passed)).filter(|at| self.is_set(*at)) {
                let to = at + passed;
                moved[(to / 64) as usize] |= 1 << (to % 64);
            }
            (self.hours, self.last) = (moved, hour);
        }
        let back = self.last - hour.min(self.last);
        if back < WEEK {
            self.hours[(back / 64) as usize] |= 1 << (back % 64);
        }
        self.hours.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    fn is_set(&self, at: u32) -> bool {
        self.hours[(at / 64) as usize] & (1 << (at % 64)) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_a_week_count_once_each() {
        let mut polls = Polls::default();
        let mut look = |hour| polls.note(Subject(7), Kinds::of(Kind::LocationTrack), hour);
        assert_eq!((look(1_000), look(1_000), look(1_001), look(1_100)), (1, 1, 2, 3));
        assert_eq!(look(1_090), 4, "a late one");
        assert_eq!(look(1_100 + 100), 3, "the first two lie more than a week back");
        assert_eq!(polls.note(Subject(8), Kinds::of(Kind::Name), 1_000), 0);
    }
}
