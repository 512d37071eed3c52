//! Steps from one id to its neighbour: counting through customers, up or down, also when other work lies between.

use crate::model::access::IdSequence;
use serde::{Deserialize, Serialize};

/// Ids whose neighbours are remembered.
const REMEMBERED: usize = 16;

/// Prints of the last ids asked for, each with that of the id before it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Steps {
    last: Vec<(u64, u64)>,
}

impl Steps {
    /// Notes an access; tells how many people of it are neighbours of people asked for before, or of one another.
    pub fn note(&mut self, sequence: IdSequence) -> u64 {
        if sequence.id == 0 {
            return u64::from(sequence.consecutive);
        }
        if self.last.iter().any(|(id, _)| *id == sequence.id) {
            return 0;
        }
        let is_step = self.last.iter().any(|(id, before)| *id == sequence.before || *before == sequence.id);
        if self.last.len() == REMEMBERED {
            self.last.remove(0);
        }
        if self.last.len() == self.last.capacity() {
            self.last.reserve_exact(self.last.len().clamp(1, REMEMBERED - self.last.len()));
        }
        self.last.push((sequence.id, sequence.before));
        u64::from(is_step)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.last.capacity() * size_of::<(u64, u64)>()
    }
}
