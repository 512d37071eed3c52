//! What becomes of a record, as far as its arrival tells: the metrics count at once and do not wait for it to settle.
//!
//! The engine decides anew, in settled order, which of two records of one id is the repeat; the counts are the same.

use crate::engine::Engine;
use crate::model::access::{Access, RecordContent};
use crate::telemetry::metrics::Outcome;
use std::collections::HashSet;

/// Ids that have arrived and may not have settled: those of this generation and the one before.
#[derive(Default)]
pub struct RecentIds {
    new: HashSet<(u64, RecordContent)>,
    old: HashSet<(u64, RecordContent)>,
}

/// Ids of a generation. Two of them reach further back than what waits to settle, at any rate that one process takes.
const GENERATION: usize = 500_000;

impl RecentIds {
    /// What the record will count as.
    pub fn outcome(&mut self, access: &Access, engine: &Engine) -> Outcome {
        if let Some(id) = access.id.as_ref().map(|id| (id.print, id.content)) {
            if self.old.contains(&id) || engine.has_settled(access) || !self.new.insert(id) {
                return Outcome::Duplicate;
            }
            if self.new.len() > GENERATION {
                self.old = std::mem::take(&mut self.new);
            }
        }
        let edge = engine.watermark(access.partition).map(|watermark| watermark - engine.context().lateness);
        if edge.is_some_and(|edge| access.time < edge) { Outcome::Late } else { Outcome::Accepted }
    }
}
