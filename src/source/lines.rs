//! Cuts a stream of bytes into blocks of whole lines, with the position of each line.
//!
//! Memory is bounded whatever the input holds: of a line longer than the limit, which is hashed as it passes and reported as
//! [`Oversized`], only the ends are held.

use crate::decode::{KEPT_ENDS, cut_middle};
use crate::model::access::RecordHash;
use crate::source::buffer::{Buffer, Spare};
use crate::source::piece::{Block, Oversized, Piece, without_end};
use memchr::{memchr, memchr_iter, memrchr};
use std::io::{self, Read};
use std::sync::Arc;

/// How a stream is cut.
#[derive(Clone)]
pub struct LineSettings {
    /// About how many bytes a block has; at most `longest_line`.
    pub block: usize,
    /// Longest line that is delivered, in bytes.
    pub longest_line: usize,
    /// Whether a block is cut as soon as a line is complete (pipes, terminals) or when it is full (files).
    pub prompt: bool,
    /// Whether the stream may grow: where it ends for now, an unfinished line waits for the rest of it.
    pub follow: bool,
    /// Hashes lines that are too long: [`crate::model::keys::Keys::record_hasher`].
    pub hasher: blake3::Hasher,
}

/// Reading failed; every whole line before it was delivered.
#[derive(Debug)]
pub struct ReadFailure {
    /// What the reader said.
    pub error: io::Error,
    /// Last line delivered.
    pub line: u64,
    /// Bytes delivered.
    pub offset: u64,
    /// Bytes read of the unfinished line after it.
    pub dropped: u64,
}

/// A stream that is being cut.
pub struct LineReader<R> {
    reader: R,
    settings: LineSettings,
    /// Read and not yet delivered. Only its first line can be longer than a block.
    buffer: Vec<u8>,
    /// How full the buffer should be before it is cut.
    wanted: usize,
    /// Number of the first line in the buffer.
    line: u64,
    /// Offset of the buffer's first byte, or of the long line's while one passes.
    offset: u64,
    /// A line that outgrew the limit and whose beginning has left the buffer.
    long: Option<LongLine>,
    input: StreamState,
    bom_checked: bool,
    /// Whether lines end with `\r` alone, once that is known.
    bare_returns: Option<bool>,
    /// What the stream begins with.
    head: Arc<[u8]>,
    /// What blocks before held; of streams that grow, of which there may be many, nothing is kept.
    spare: Option<Spare>,
}

struct LongLine {
    hasher: blake3::Hasher,
    length: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl LongLine {
    fn begin(hasher: blake3::Hasher) -> LongLine {
        LongLine { hasher, length: 0, head: Vec::new(), tail: Vec::new() }
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        // Of what follows the head begins a piece more than is kept, so that what is cut knows where a character begins.
        let room = (KEPT_ENDS + 1).saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT_ENDS)..]);
        if self.tail.len() > 2 * KEPT_ENDS {
            self.tail.drain(..self.tail.len() - KEPT_ENDS);
        }
    }
}

enum StreamState {
    Open,
    /// Read up to its end for now.
    Paused,
    Ended,
    Failed(io::Error),
    Done,
}

/// Longest beginning of a stream that is kept, in bytes.
pub const LONGEST_HEAD: usize = 16 * 1024;

/// The whole lines at the beginning of a stream.
fn head(bytes: &[u8]) -> Arc<[u8]> {
    let bytes = &bytes[..bytes.len().min(LONGEST_HEAD)];
    Arc::from(&bytes[..memrchr(b'\n', bytes).map_or(0, |at| at + 1)])
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How much of the beginning of a stream tells how its lines end.
const LOOKED_AT: usize = 64 * 1024;
const PROMPT_READ: usize = 64 * 1024;

impl<R: Read> LineReader<R> {
    /// Starts at the stream's first byte and line 1.
    pub fn new(reader: R, settings: LineSettings) -> LineReader<R> {
        LineReader::resume(reader, settings, 1, 0)
    }

    /// Starts in the middle of a stream, where `line` begins at `offset`.
    pub fn resume(reader: R, mut settings: LineSettings, line: u64, offset: u64) -> LineReader<R> {
        settings.block = settings.block.clamp(1, settings.longest_line.max(1));
        LineReader {
            reader,
            wanted: settings.block,
            spare: (!settings.follow && !settings.prompt).then(|| Spare::new(settings.block)),
            settings,
            buffer: Vec::new(),
            line,
            offset,
            long: None,
            input: StreamState::Open,
            bom_checked: offset != 0,
            bare_returns: None,
            head: Arc::default(),
        }
    }

    /// Tells what a stream begins with that is taken up in its middle.
    #[must_use]
    pub fn with_head(mut self, bytes: &[u8]) -> LineReader<R> {
        self.head = head(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes));
        self
    }

    /// Number and offset of the line that comes next.
    pub fn position(&self) -> (u64, u64) {
        (self.line, self.offset)
    }

    /// The reader.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The stream has stopped growing: its last line counts as a line, also without a line end.
    pub fn finish(&mut self) {
        self.settings.follow = false;
    }

    /// What comes next; `None` at the end, which may be passed where the stream is followed. After an error, `None`.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, ReadFailure> {
        loop {
            if let Some(piece) = self.cut() {
                return Ok(Some(piece));
            }
            match std::mem::replace(&mut self.input, StreamState::Done) {
                StreamState::Open => self.input = self.fill(),
                StreamState::Paused => {
                    self.input = StreamState::Open;
                    return Ok(None);
                }
                StreamState::Ended => return Ok(self.last_line()),
                StreamState::Failed(error) => {
                    let dropped = self.buffer.len() as u64 + self.long.as_ref().map_or(0, |long| long.length);
                    return Err(ReadFailure { error, line: self.line - 1, offset: self.offset, dropped });
                }
                StreamState::Done => return Ok(None),
            }
        }
    }

    fn fill(&mut self) -> StreamState {
        if self.settings.prompt {
            return self.fill_once();
        }
        let missing = self.wanted.saturating_sub(self.buffer.len()).max(1);
        self.buffer.reserve(missing);
        let before = self.buffer.len();
        let read = (&mut self.reader).take(missing as u64).read_to_end(&mut self.buffer);
        self.turn_returns(before);
        match read {
            Ok(read) if read < missing => self.at_end(),
            Ok(_) => StreamState::Open,
            Err(error) => StreamState::Failed(error),
        }
    }

    fn fill_once(&mut self) -> StreamState {
        let length = self.buffer.len();
        self.buffer.resize(length + PROMPT_READ.min(self.settings.block), 0);
        let outcome = loop {
            match self.reader.read(&mut self.buffer[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        self.buffer.truncate(length + outcome.as_ref().copied().unwrap_or(0));
        self.turn_returns(length);
        match outcome {
            Ok(0) => self.at_end(),
            Ok(_) => StreamState::Open,
            Err(error) => StreamState::Failed(error),
        }
    }

    /// Old exports end their lines with `\r` alone. That is so where the beginning of a stream holds some and no `\n`.
    fn look_at_line_ends(&mut self) {
        if self.bare_returns.is_some() {
            return;
        }
        let window = LOOKED_AT.min(self.settings.longest_line + 1);
        let is_over = !matches!(self.input, StreamState::Open | StreamState::Paused);
        let seen = &self.buffer[..window.min(self.buffer.len())];
        if seen.len() < window && !is_over && memchr(b'\n', seen).is_none() {
            return;
        }
        // The last may be half of `\r\n`.
        let bare = memchr(b'\n', seen).is_none() && memchr(b'\r', &seen[..seen.len().saturating_sub(1)]).is_some();
        self.bare_returns = Some(bare);
        self.turn_returns(0);
    }

    /// Where lines end with `\r` alone, each is as good as a `\n`.
    fn turn_returns(&mut self, from: usize) {
        if self.bare_returns == Some(true) {
            self.buffer[from..].iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
    }

    fn at_end(&self) -> StreamState {
        if self.settings.follow { StreamState::Paused } else { StreamState::Ended }
    }

    /// The next piece that the buffer holds completely, if it is time to cut.
    fn cut(&mut self) -> Option<Piece> {
        self.skip_hole();
        self.skip_byte_order_mark();
        self.look_at_line_ends();
        let more_may_come = matches!(self.input, StreamState::Open);
        if more_may_come && !self.settings.prompt && self.buffer.len() < self.wanted {
            return None;
        }
        let Some(last) = memrchr(b'\n', &self.buffer) else {
            self.pass_long_line();
            self.wanted = self.buffer.len() + self.settings.block;
            return None;
        };
        self.wanted = self.settings.block;
        let first = memchr(b'\n', &self.buffer).unwrap_or(last);
        let first_length = without_end(&self.buffer[..=first]).len();
        if self.long.is_some() || first_length > self.settings.longest_line {
            let oversized = self.finish_long_line(first_length, first + 1);
            return Some(Piece::Oversized(oversized));
        }
        let last = self.before_long_line(last);
        let mut rest = self.spare.as_ref().map(Spare::take).unwrap_or_default();
        rest.extend_from_slice(&self.buffer[last + 1..]);
        self.buffer.truncate(last + 1);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        Some(self.block(bytes))
    }

    /// The end of the last line before one that is too long: more than a block is held where it was looked at how lines end.
    fn before_long_line(&self, last: usize) -> usize {
        if self.buffer.len() <= self.settings.longest_line {
            return last;
        }
        let mut from = 0;
        let fits = memchr_iter(b'\n', &self.buffer[..=last]).take_while(|&end| {
            let length = without_end(&self.buffer[from..=end]).len();
            from = end + 1;
            length <= self.settings.longest_line
        });
        fits.last().unwrap_or(last)
    }

    /// What is left at the end of the input: it counts as a line, also without a line end.
    fn last_line(&mut self) -> Option<Piece> {
        let length = without_end(&self.buffer).len();
        if self.long.is_some() || length > self.settings.longest_line {
            return Some(Piece::Oversized(self.finish_long_line(length, self.buffer.len())));
        }
        let bytes = std::mem::take(&mut self.buffer);
        (!bytes.is_empty()).then(|| self.block(bytes))
    }

    fn block(&mut self, bytes: Vec<u8>) -> Piece {
        let unfinished = u64::from(bytes.last().is_some_and(|&last| last != b'\n'));
        let lines = memchr_iter(b'\n', &bytes).count() as u64 + unfinished;
        if self.line == 1 {
            self.head = head(&bytes);
        }
        let block =
            Block { first_line: self.line, first_offset: self.offset, lines, bytes: self.lend(bytes), head: Arc::clone(&self.head) };
        self.line += lines;
        self.offset += block.bytes.len() as u64;
        Piece::Block(block)
    }

    fn lend(&self, bytes: Vec<u8>) -> Buffer {
        match &self.spare {
            Some(spare) => spare.lend(bytes),
            None => bytes.into(),
        }
    }

    /// Hashes the buffer and empties it, where it holds part of one line that is too long already.
    fn pass_long_line(&mut self) {
        // One byte more than the limit may still turn out to be the `\r` of a line end.
        if self.long.is_none() && self.buffer.len() <= self.settings.longest_line + 1 {
            return;
        }
        let kept = usize::from(self.buffer.last() == Some(&b'\r'));
        let passed = self.buffer.len() - kept;
        self.long.get_or_insert_with(|| LongLine::begin(self.settings.hasher.clone())).pass(&self.buffer[..passed]);
        self.buffer.drain(..passed);
    }

    /// Completes the long line with the first `length` bytes of the buffer, and takes `taken` bytes, its end included, out of it.
    fn finish_long_line(&mut self, length: usize, taken: usize) -> Oversized {
        let mut long = self.long.take().unwrap_or_else(|| LongLine::begin(self.settings.hasher.clone()));
        long.pass(&self.buffer[..length]);
        self.buffer.drain(..taken);
        let oversized = Oversized {
            line: self.line,
            offset: self.offset,
            length: long.length,
            end: self.offset + long.length + (taken - length) as u64,
            hash: RecordHash(*long.hasher.finalize().as_bytes()),
            ends: cut_middle(&long.head, &long.tail),
        };
        (self.line, self.offset) = (oversized.line + 1, oversized.end);
        oversized
    }

    /// Whoever goes on writing at its old place in a file that was truncated leaves a hole before its first line, which reads as zeros.
    fn skip_hole(&mut self) {
        if self.line == 1 && self.long.is_none() && self.buffer.first() == Some(&0) {
            let zeros = self.buffer.iter().position(|byte| *byte != 0).unwrap_or(self.buffer.len());
            self.buffer.drain(..zeros);
            self.offset += zeros as u64;
            self.wanted = self.settings.block;
        }
    }

    /// Logs exported on Windows may begin with a mark that no format expects.
    fn skip_byte_order_mark(&mut self) {
        if self.bom_checked || self.buffer.len() < BYTE_ORDER_MARK.len() {
            return;
        }
        self.bom_checked = true;
        if self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.buffer.drain(..BYTE_ORDER_MARK.len());
            self.offset = BYTE_ORDER_MARK.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::keys::Keys;
    use proptest::prelude::*;

    /// Hands out a few bytes a time, as pipes do.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(into.len()).min(self.0.len());
            into[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn settings(block: usize, longest_line: usize, prompt: bool) -> LineSettings {
        LineSettings { block, longest_line, prompt, follow: false, hasher: Keys::built_in().record_hasher() }
    }

    /// (number, offset where known, content or length and hash)
    type Seen = (u64, Result<Vec<u8>, (u64, RecordHash)>);

    fn read(bytes: &[u8], step: usize, settings: LineSettings) -> Vec<Seen> {
        let mut lines = LineReader::new(Dribble(bytes, step), settings);
        let mut seen = Vec::new();
        while let Some(piece) = lines.next_piece().expect("no error") {
            assert_eq!(piece.end(), lines.position());
            match piece {
                Piece::Block(block) => {
                    assert_eq!(block.lines().count() as u64, block.lines);
                    let from = block.first_offset as usize;
                    let turned = |bytes: &[u8]| bytes.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect::<Vec<u8>>();
                    assert_eq!(turned(&bytes[from..from + block.bytes.len()]), turned(&block.bytes));
                    seen.extend(block.lines().map(|(number, line)| (number, Ok(line.to_vec()))));
                }
                Piece::Messages(_) => unreachable!("files hold none"),
                Piece::Oversized(o) => {
                    let from = o.offset as usize;
                    let whole = &bytes[from..from + o.length as usize];
                    assert_eq!((o.hash, &o.ends), (Keys::built_in().record(whole), &cut_middle(whole, whole)));
                    seen.push((o.line, Err((o.length, o.hash))));
                }
            }
        }
        assert!(lines.next_piece().expect("no error").is_none());
        seen
    }

    fn naive(bytes: &[u8], longest: usize) -> Vec<Seen> {
        let seen = &bytes[..bytes.len().min(longest + 1)];
        if !seen.contains(&b'\n') && seen[..seen.len().saturating_sub(1)].contains(&b'\r') {
            let turned: Vec<u8> = bytes.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect();
            return split(&turned, longest);
        }
        split(bytes, longest)
    }

    fn split(bytes: &[u8], longest: usize) -> Vec<Seen> {
        let mut parts: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
        parts.retain(|part| !part.is_empty());
        let lines = parts.into_iter().map(without_end).enumerate();
        let keys = Keys::built_in();
        lines
            .map(|(i, line)| {
                (i as u64 + 1, if line.len() > longest { Err((line.len() as u64, keys.record(line))) } else { Ok(line.to_vec()) })
            })
            .collect()
    }

    #[test]
    fn lines_may_end_with_a_return_alone() {
        let seen = read(b"a\rb\r\rc", 3, settings(64, 64, false));
        assert_eq!(seen, [(1, Ok(b"a".to_vec())), (2, Ok(b"b".to_vec())), (3, Ok(vec![])), (4, Ok(b"c".to_vec()))]);
        let within = read(b"a\rb\nc\n", 3, settings(64, 64, false));
        assert_eq!(within, [(1, Ok(b"a\rb".to_vec())), (2, Ok(b"c".to_vec()))]);
        assert_eq!(read(b"a\r", 1, settings(64, 64, true)), [(1, Ok(b"a".to_vec()))]);
        for (text, step) in [(&b"\raaaaaa\r"[..], 4), (b"\raaaaaa\rb\r", 9), (b"a\rbb\raaaaaa", 1)] {
            assert_eq!(read(text, step, settings(4, 4, false)), naive(text, 4), "what is too long, behind others");
        }
    }

    #[test]
    fn a_last_line_without_an_end_is_a_line_and_empty_lines_count() {
        let seen = read(b"a\r\n\nb", 100, settings(64, 64, false));
        assert_eq!(seen, [(1, Ok(b"a".to_vec())), (2, Ok(vec![])), (3, Ok(b"b".to_vec()))]);
        assert!(read(b"", 1, settings(64, 64, false)).is_empty());
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_delivered_also_with_a_windows_end() {
        assert_eq!(read(b"12345678\r\nx\n", 1, settings(4, 8, true))[0], (1, Ok(b"12345678".to_vec())));
        assert!(read(b"123456789\r\nx\n", 1, settings(4, 8, true))[0].1.is_err());
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_line() {
        let mut lines = LineReader::new(&b"\xef\xbb\xbf{}\n"[..], settings(64, 64, false));
        let Ok(Some(Piece::Block(block))) = lines.next_piece() else { panic!("a block") };
        assert_eq!((block.bytes.as_slice(), block.first_offset), (&b"{}\n"[..], 3));
    }

    #[test]
    fn a_hole_before_the_first_line_is_passed_over() {
        let reader = io::repeat(0).take(64 << 20).chain(&b"one\ntwo\n"[..]);
        let mut lines = LineReader::new(reader, settings(1 << 16, 1 << 18, false));
        let Ok(Some(Piece::Block(block))) = lines.next_piece() else { panic!("a block") };
        assert_eq!((block.first_line, block.first_offset, block.bytes.as_slice()), (1, 64 << 20, &b"one\ntwo\n"[..]));
        assert_eq!(read(b"a\n\0\0b\n", 1, settings(4, 8, true)), [(1, Ok(b"a".to_vec())), (2, Ok(b"\0\0b".to_vec()))]);
    }

    #[test]
    fn a_huge_line_passes_in_bounded_memory() {
        let reader = io::repeat(b'x').take(64 << 20).chain(&b"\nafter\n"[..]);
        let mut lines = LineReader::new(reader, settings(1 << 16, 1 << 18, false));
        let Ok(Some(Piece::Oversized(long))) = lines.next_piece() else { panic!("an oversized line") };
        assert_eq!((long.line, long.length), (1, 64 << 20));
        assert!(lines.buffer.capacity() < 1 << 20, "{}", lines.buffer.capacity());
        let Ok(Some(Piece::Block(block))) = lines.next_piece() else { panic!("a block") };
        assert_eq!((block.first_line, block.first_offset, block.bytes.as_slice()), (2, (64 << 20) + 1, &b"after\n"[..]));
    }

    #[test]
    fn whole_lines_before_a_failure_are_delivered_first() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("disk gone"))
            }
        }
        let mut lines = LineReader::new((&b"one\ntwo\nthr"[..]).chain(Failing), settings(1 << 10, 1 << 10, false));
        let Ok(Some(Piece::Block(block))) = lines.next_piece() else { panic!("a block") };
        assert_eq!(block.bytes.as_slice(), b"one\ntwo\n");
        let broken = lines.next_piece().expect_err("the failure");
        assert_eq!((broken.line, broken.offset, broken.dropped), (2, 8, 3));
        assert!(lines.next_piece().expect("nothing more").is_none());
    }

    proptest! {
        #[test]
        fn cutting_agrees_with_a_naive_split(
            text in "[ab\r\n]{0,200}", step in 1usize..20, block in 1usize..40, longest in 1usize..30, prompt: bool,
        ) {
            prop_assert_eq!(read(text.as_bytes(), step, settings(block, longest, prompt)), naive(text.as_bytes(), longest));
        }
    }
}
