//! What the file of decisions says, line by line, and what of it is no decision.

use crate::model::decision::Decision;
use crate::model::decision::parse::{self, Line, Taken};
use crate::model::problem::Problem;
use crate::telemetry::untrusted;
use std::collections::BTreeMap;

/// What lines say.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The decisions, in order.
    pub decisions: Vec<Decision>,
    /// From when on those that came late are in force, by id: the first note counts.
    pub taken: BTreeMap<String, Taken>,
    /// What is none, with its line, what is wrong, and the line itself.
    pub bad: Vec<BadLine>,
}

/// A line that is no decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadLine {
    /// Its number, from 1; of a message its offset.
    pub line: u64,
    /// Of a message, its partition.
    pub partition: Option<i32>,
    /// What is wrong with it. Its value may name people.
    pub problem: Problem,
    /// What stands there.
    pub bytes: Vec<u8>,
}

/// The rule of a field that nobody asks for: its name is the writer's own.
const UNASKED: &str = "is no field of such a decision";

impl BadLine {
    /// Place and rule of what is wrong with it, without anything of what stands there.
    pub fn reason(&self) -> String {
        let Problem { place, rule, .. } = &self.problem;
        let place = if rule == UNASKED { ": a field" } else { place };
        untrusted::harmless(&format!("{place} {rule}"))
    }
}

impl Contents {
    /// Reads a message of a topic.
    pub fn of_message(bytes: &[u8], partition: i32, offset: u64) -> Contents {
        let mut all = Contents::read(bytes, offset);
        for bad in &mut all.bad {
            (bad.line, bad.partition) = (offset, Some(partition));
        }
        all
    }

    /// Reads lines, of which the first has that number.
    pub fn read(bytes: &[u8], first_line: u64) -> Contents {
        let mut all = Contents::default();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let read = std::str::from_utf8(line).map_err(|_| Problem::plain(":", "must be UTF-8"));
            match read.and_then(|text| parse::line(text.trim_end_matches('\r'))) {
                Ok(Line::Decision(decision)) => all.decisions.push(decision),
                Ok(Line::Taken(taken)) => {
                    all.taken.entry(taken.of.clone()).or_insert(taken);
                }
                Err(problem) => all.bad.push(BadLine { line: first_line + index as u64, partition: None, problem, bytes: line.to_vec() }),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_decision_a_note_or_told_with_its_number() {
        let text = concat!(
            "{\"id\":\"D-1\",\"at\":\"2026-03-02T10:00:00Z\",\"by\":\"li\",\"kind\":\"end\",\"of\":\"D-0\"}\r\n",
            "\n",
            "{\"id\":\"D-2\"}\n",
            "{\"kind\":\"taken\",\"of\":\"D-1\",\"from\":\"2026-03-02T12:00:00Z\"}\n",
            "{\"kind\":\"taken\",\"of\":\"D-1\",\"from\":\"2026-03-02T13:00:00Z\"}\n",
            "\u{0}\n",
        );
        let all = Contents::read(text.as_bytes(), 1);
        assert_eq!((all.decisions.len(), all.taken.len()), (1, 1));
        assert_eq!(all.taken["D-1"].from.to_string(), "2026-03-02T12:00:00Z");
        assert_eq!(all.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [3, 6]);
    }
}
