//! Decisions in a replay: all of them are known from the start, and each comes into force in its hour, as it did when it was made.

use crate::engine::Engine;
use crate::model::decision::outcome::{DecisionNote, DecisionOutcome};
use crate::pipeline::decisions::contents::{BadLine, Contents};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The decisions of a file, for replays.
#[derive(Clone, Debug)]
pub struct RecordedDecisions {
    contents: Contents,
}

/// What became of the decisions of a replay, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionTally {
    /// How many had which outcome: each counts as it is taken in, and again as its hour comes.
    pub counts: BTreeMap<(&'static str, DecisionOutcome), u64>,
    /// The first that changed nothing.
    pub refused: Vec<DecisionNote>,
}

/// Decisions that changed nothing, of those that are named.
const MOST_NAMED: usize = 20;

impl RecordedDecisions {
    /// Reads a file to its end; a last line without an end counts.
    pub fn read(path: &Path) -> io::Result<RecordedDecisions> {
        Ok(RecordedDecisions { contents: Contents::read(&std::fs::read(path)?, 1) })
    }

    /// Lines that are no decisions.
    pub fn bad(&self) -> &[BadLine] {
        &self.contents.bad
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.contents.decisions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.contents.decisions.is_empty()
    }

    /// Gives all of them to an engine, before it has settled anything.
    pub fn take_into(&self, engine: &mut Engine) {
        let Contents { decisions, taken, .. } = &self.contents;
        for decision in decisions {
            engine.take_decision(decision.clone(), taken.get(&decision.id).map(|taken| taken.from));
        }
    }
}

impl DecisionTally {
    /// Takes note of what became of some.
    pub fn take(&mut self, notes: Vec<DecisionNote>) {
        for note in notes {
            *self.counts.entry((note.kind, note.outcome)).or_default() += 1;
            if note.outcome.is_refusal() && self.refused.len() < MOST_NAMED {
                self.refused.push(note);
            }
        }
    }

    /// How many had an outcome.
    pub fn of(&self, outcome: DecisionOutcome) -> u64 {
        self.counts.iter().filter(|((_, of), _)| *of == outcome).map(|(_, count)| count).sum()
    }
}
