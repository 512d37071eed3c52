//! What a source delivers: blocks of whole lines, or messages of a topic, each with its position. Knows nothing of formats.

use crate::model::access::RecordHash;
use crate::source::buffer::Buffer;
use memchr::{memchr, memchr_iter, memrchr};
use std::sync::Arc;

/// Whole lines that follow each other.
#[derive(Debug)]
pub struct Block {
    /// The lines with their ends; only the last line of the input may lack one.
    pub bytes: Buffer,
    /// Number of the first line, from 1.
    pub first_line: u64,
    /// Offset of the first byte in the stream.
    pub first_offset: u64,
    /// How many lines.
    pub lines: u64,
    /// What the stream begins with, as far as it is whole lines: the first may name the columns of all others.
    pub head: Arc<[u8]>,
}

impl Block {
    /// Each line with its number, without `\n` or `\r\n`. Empty lines are lines.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> + Clone {
        let mut rest = self.bytes.as_slice();
        let mut number = self.first_line;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(length);
            rest = after;
            number += 1;
            Some((number - 1, without_end(line)))
        })
    }
}

/// What follows in a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Run<'a> {
    /// A line with its number.
    Line(u64, &'a [u8]),
    /// So many more blank lines, after [`BLANK_LINES`] of them.
    Blank(u64),
}

/// Blank lines in a row that are given one by one, as the end of a record may be told by one, or a statement hold some.
pub const BLANK_LINES: u64 = 64;

impl Block {
    /// Its lines, with what a long row of blank ones holds passed over at the speed of memory: a small archive may hold any number.
    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> + Clone {
        let mut rest = self.bytes.as_slice();
        let (mut number, mut blank) = (self.first_line, 0);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            if blank >= BLANK_LINES {
                let text = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
                // The last of them goes on with text.
                let whole = if text == rest.len() { text } else { memrchr(b'\n', &rest[..text]).map_or(0, |at| at + 1) };
                blank = 0;
                if whole > 0 {
                    let (passed, after) = rest.split_at(whole);
                    rest = after;
                    let lines = memchr_iter(b'\n', passed).count() as u64 + u64::from(passed.last() != Some(&b'\n'));
                    number += lines;
                    return Some(Run::Blank(lines));
                }
            }
            let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(length);
            rest = after;
            number += 1;
            let line = without_end(line);
            blank = if line.first().is_none_or(u8::is_ascii_whitespace) && line.trim_ascii().is_empty() { blank + 1 } else { 0 };
            Some(Run::Line(number - 1, line))
        })
    }
}

/// A line longer than the limit: where it stood, what identifies it, and its ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Oversized {
    /// Its number, from 1.
    pub line: u64,
    /// Offset of its first byte.
    pub offset: u64,
    /// Its length in bytes, without the line end.
    pub length: u64,
    /// Offset behind its line end.
    pub end: u64,
    /// Keyed hash of its bytes, without the line end.
    pub hash: RecordHash,
    /// Its head and its tail.
    pub ends: Vec<u8>,
}

/// Messages of a topic's partition, which may be of any content.
#[derive(Debug)]
pub struct Messages {
    /// Offset and content of each, in order.
    pub list: Vec<(u64, Vec<u8>)>,
    /// Bytes of all.
    pub bytes: usize,
}

/// What comes next in a stream.
#[derive(Debug)]
pub enum Piece {
    /// Whole lines.
    Block(Block),
    /// A line that is too long to be a record.
    Oversized(Oversized),
    /// Messages instead of lines.
    Messages(Messages),
}

impl Piece {
    /// Its first records, by which a format is recognised. A long row of blank lines before them hides none.
    pub fn first_records(&self, count: usize) -> Vec<&[u8]> {
        let line = |run| match run {
            Run::Line(_, line) => Some(line),
            Run::Blank(_) => None,
        };
        match self {
            Piece::Block(block) => block.runs().filter_map(line).filter(|line| !line.is_empty()).take(count).collect(),
            Piece::Oversized(long) => vec![&long.ends],
            Piece::Messages(messages) => messages.list.iter().take(count).map(|(_, bytes)| bytes.as_slice()).collect(),
        }
    }

    /// The piece without the lines before that number.
    #[must_use]
    pub fn from_line(self, first: u64) -> Piece {
        match self {
            Piece::Block(mut block) if block.first_line < first => {
                let dropped = first.min(block.first_line + block.lines) - block.first_line;
                let cut = memchr_iter(b'\n', &block.bytes).nth(dropped as usize - 1).map_or(block.bytes.len(), |at| at + 1);
                block.bytes.drain(..cut);
                (block.first_line, block.first_offset, block.lines) = (first, block.first_offset + cut as u64, block.lines - dropped);
                Piece::Block(block)
            }
            Piece::Messages(mut messages) => {
                messages.list.retain(|(offset, _)| *offset >= first);
                Piece::Messages(messages)
            }
            Piece::Block(_) | Piece::Oversized(_) => self,
        }
    }

    /// Where the stream goes on after it: the next line's number and offset; of messages, the next message's offset.
    pub fn end(&self) -> (u64, u64) {
        match self {
            Piece::Block(block) => (block.first_line + block.lines, block.first_offset + block.bytes.len() as u64),
            Piece::Oversized(oversized) => (oversized.line + 1, oversized.end),
            Piece::Messages(messages) => (messages.list.last().map_or(0, |(offset, _)| offset + 1), 0),
        }
    }
}

/// A line without its end.
pub fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(bytes: &[u8]) -> Block {
        let lines = memchr_iter(b'\n', bytes).count() as u64 + u64::from(bytes.last().is_some_and(|last| *last != b'\n'));
        Block { bytes: bytes.to_vec().into(), first_line: 1, first_offset: 0, lines, head: Arc::default() }
    }

    #[test]
    fn long_rows_of_blank_lines_are_passed_over_and_counted() {
        for (end, last) in [("\n", ""), (" \r\n", "  "), ("\t\n", "text"), ("\n", " text\n")] {
            let bytes = format!("a\n{}b\n\nc\n{}{last}", end.repeat(1_000), end.repeat(70));
            let block = block(bytes.as_bytes());
            let lines: Vec<(u64, &[u8])> = block.lines().collect();
            let (mut given, mut passed, mut runs) = (Vec::new(), 0, 0);
            for run in block.runs() {
                runs += 1;
                match run {
                    Run::Line(number, line) => given.push((number, line)),
                    Run::Blank(count) => passed += count,
                }
            }
            assert_eq!(given.len() as u64 + passed, block.lines, "{end:?} {last:?}");
            assert!(runs < 150 && passed >= 1_000 - BLANK_LINES, "{runs} {passed}");
            assert!(given.iter().all(|line| lines.contains(line)), "numbers stay");
            let told = |lines: &[(u64, &[u8])]| lines.iter().filter(|(_, line)| !line.trim_ascii().is_empty()).count();
            assert_eq!(told(&given), told(&lines), "no text is passed over");
        }
        let few = block(b"a\n\n\nb\n");
        assert_eq!(few.runs().count(), 4);
    }
}
