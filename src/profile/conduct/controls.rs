//! Changes of somebody's protection that were followed by a look at them.

use crate::model::access::Subject;
use crate::model::time::HOUR_MS;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Changes that are remembered.
const REMEMBERED: usize = 16;
/// A look within so many milliseconds follows a change.
const SOON: i64 = HOUR_MS;

/// The last changes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Controls {
    changes: VecDeque<(i64, u64)>,
}

impl Controls {
    /// Somebody's protection was changed.
    pub fn changed(&mut self, subject: Subject, ms: i64) {
        if self.changes.len() == REMEMBERED {
            self.changes.pop_front();
        }
        self.changes.push_back((ms, subject.0));
    }

    /// Whether a look at a subject follows a change; each change is followed once.
    pub fn follows(&mut self, subject: Subject, ms: i64) -> bool {
        let at = self.changes.iter().position(|(changed, of)| *of == subject.0 && (0..SOON).contains(&(ms - changed)));
        at.and_then(|at| self.changes.remove(at)).is_some()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.changes.capacity() * size_of::<(i64, u64)>()
    }
}
