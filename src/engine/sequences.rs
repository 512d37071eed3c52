//! Numbers that a source gives its records, stream by stream (a session of PostgreSQL, a file of Percona's plugin): which of them never
//! came.
//!
//! A number may come late or twice. One that is skipped counts as missing once the stream's partition has gone on for longer than
//! records may be late. Where a server starts over, so do its numbers: a restart differs from a repeat in that the numbers go on from there. What came
//! before the first number that was seen, and after the last, nobody can miss.

use crate::model::time::{Span, Timestamp};
use crate::population::volume::RecordRef;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Streams of one partition that are followed at once; past that those that were silent longest are dropped.
const MOST_STREAMS: usize = 4_096;
/// A stream that was silent for so long is dropped.
const SILENT: Span = Span::hours(6);
/// Holes of one stream that may still be filled.
const MOST_HOLES: usize = 64;
/// A larger step is no hole: the numbers mean something else.
const LARGEST_STEP: u64 = 1_000_000;

/// The streams of one partition.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sequences {
    streams: BTreeMap<u64, Stream>,
    watermark: Timestamp,
    pruned: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stream {
    high: u64,
    /// Where it stood before it seemed to start over.
    before: u64,
    last: RecordRef,
    holes: Vec<Hole>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Hole {
    from: u64,
    to: u64,
    edges: [RecordRef; 2],
}

/// Numbers that were due at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// How many.
    pub numbers: u64,
    /// How many of them never came.
    pub missing: u64,
    /// The records at the edges of the hole.
    pub edges: Option<[RecordRef; 2]>,
}

impl Sequences {
    /// A number has come. `due` is called in an order that depends on that of the partition alone.
    pub fn take(&mut self, stream: u64, number: u64, edge: RecordRef, lateness: Span, due: &mut impl FnMut(Due)) {
        self.watermark = self.watermark.max(edge.time);
        if self.watermark - self.pruned >= Span::minutes(1) {
            self.expire(lateness, due);
        }
        let fresh = Stream { high: number, before: 0, last: edge, holes: Vec::new() };
        let Some(known) = self.streams.get_mut(&stream) else {
            self.streams.insert(stream, fresh);
            due(Due { at: edge.time, numbers: 1, missing: 0, edges: None });
            return;
        };
        let is_new = known.note(number, edge, due);
        if is_new {
            due(Due { at: edge.time, numbers: 1, missing: 0, edges: None });
        }
    }

    /// Holes that can no longer be filled are missing.
    fn expire(&mut self, lateness: Span, due: &mut impl FnMut(Due)) {
        self.pruned = self.watermark;
        let edge = self.watermark - lateness;
        for stream in self.streams.values_mut() {
            stream.holes.retain(|hole| {
                let open = hole.edges[1].time >= edge;
                if !open {
                    due(hole.missing());
                }
                open
            });
        }
        let oldest = self.watermark - SILENT;
        self.streams.retain(|_, stream| stream.last.time >= oldest);
        if self.streams.len() > MOST_STREAMS {
            let mut times: Vec<Timestamp> = self.streams.values().map(|stream| stream.last.time).collect();
            times.sort_unstable();
            let oldest = times[times.len() - MOST_STREAMS];
            self.streams.retain(|_, stream| stream.last.time >= oldest);
        }
    }
}

impl Hole {
    fn missing(&self) -> Due {
        let missing = self.to - self.from;
        Due { at: self.edges[1].time, numbers: missing, missing, edges: Some(self.edges) }
    }
}

impl Stream {
    /// Whether the number is one that had not come.
    fn note(&mut self, number: u64, edge: RecordRef, due: &mut impl FnMut(Due)) -> bool {
        let next = self.high.saturating_add(1);
        if number >= next {
            // After a repeat of what came before, it goes on where it stood.
            let goes_on = number == next || number == self.before.saturating_add(1) || number - next > LARGEST_STEP;
            if !goes_on {
                if self.holes.len() == MOST_HOLES {
                    due(self.holes.remove(0).missing());
                }
                self.holes.push(Hole { from: next, to: number, edges: [self.last, edge] });
            }
            self.high = number;
            self.last = edge;
            return number > self.before || number - 1 == self.before;
        }
        if let Some(at) = self.holes.iter().position(|hole| (hole.from..hole.to).contains(&number)) {
            let hole = self.holes.remove(at);
            let parts = [Hole { to: number, ..hole }, Hole { from: number + 1, ..hole }];
            self.holes.splice(at..at, parts.into_iter().filter(|hole| hole.from < hole.to));
            return true;
        }
        if number == 1 && self.high > 1 {
            (self.before, self.high, self.last) = (self.before.max(self.high), 1, edge);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Span = Span::minutes(20);

    /// Numbers missing of those that came at (number, minute).
    fn missing(came: &[(u64, i64)]) -> u64 {
        let mut sequences = Sequences::default();
        let mut all = 0;
        let mut due = |due: Due| all += due.missing;
        for (number, minute) in came.iter().chain([(9_999_999, 600)].iter()) {
            let edge = RecordRef { time: Timestamp(minute * 60_000 + 1_700_000_000_000), hash: [0; 32], position: *number };
            let stream = if *number == 9_999_999 { 8 } else { 7 };
            sequences.take(stream, *number, edge, LATE, &mut due);
        }
        all
    }

    #[test]
    fn what_is_skipped_is_missing_and_what_comes_late_or_twice_is_not() {
        assert_eq!(missing(&[(4, 0), (5, 1), (9, 2), (10, 3)]), 3);
        assert_eq!(missing(&[(1, 0), (2, 1), (5, 2), (4, 3), (3, 4), (6, 5)]), 0, "out of order");
        assert_eq!(missing(&[(1, 0), (2, 0), (5, 0), (6, 40), (3, 41), (4, 42)]), 2, "too late");
        assert_eq!(missing(&[(1, 0), (2, 1), (3, 2), (2, 3), (3, 4), (4, 5)]), 0, "twice");
    }

    #[test]
    fn a_server_that_starts_over_misses_nothing() {
        let mut came: Vec<(u64, i64)> = (1..50).map(|n| (n, n as i64)).collect();
        came.extend((1..30).map(|n| (n, 60 + n as i64)));
        assert_eq!(missing(&came), 0);
        let again: Vec<(u64, i64)> = (1..50).map(|n| (n, 50)).chain((50..60).map(|n| (n, 51))).collect();
        let twice: Vec<(u64, i64)> = (1..50).map(|n| (n, 49)).chain(again).collect();
        assert_eq!(missing(&twice), 0, "a file that is read again");
    }

    #[test]
    fn room_is_bounded() {
        let mut sequences = Sequences::default();
        for n in 0..20_000u64 {
            let edge = RecordRef { time: Timestamp(1_700_000_000_000 + n as i64 * 1_000), hash: [0; 32], position: n };
            sequences.take(n, 1, edge, LATE, &mut |_| {});
        }
        assert!(sequences.streams.len() <= MOST_STREAMS + 60);
    }
}
