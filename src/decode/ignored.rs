//! Lines that a decoder passes over on purpose, each with its reason, so that every line that was read is counted as something.
//!
//! A decoder says so by [`Decoded::Ignored`](super::Decoded::Ignored), for the line at hand ([`Raw::ignored`]) or for one that it held
//! back. Blank lines, and those that go on with a record that is open, need not be told. What a decoder says nothing of at all,
//! [`Accounted`] counts as [`IgnoredReason::Other`].

use crate::decode::{DecodeError, Decoded, Decoder, Emit, Raw};
use crate::model::access::Position;
use crate::model::ignored::IgnoredReason;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Lines that were passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ignored {
    /// Where they stand: the first, or that with which they were given up.
    pub position: Position,
    /// How many.
    pub lines: u64,
    /// Why.
    pub reason: IgnoredReason,
}

impl Raw<'_> {
    /// This line is passed over on purpose.
    pub fn ignored(&self, reason: IgnoredReason) -> Decoded<'static> {
        Decoded::Ignored(Ignored { position: self.position, lines: 1, reason })
    }
}

/// A decoder none of whose lines goes without a fate: what it was given and gave nothing for is counted.
///
/// A line is held back until something is emitted for it, which may be much later; how many are held is known, not which.
///
/// A panic is the fate of one record: the decoder is made anew, and goes on.
pub struct Accounted {
    make: MakeDecoder,
    inner: Box<dyn Decoder>,
    held: u64,
    last: Position,
    /// How the file begins, for a decoder that is made anew.
    head: Vec<u8>,
}

/// How much of the beginning of a file is kept.
const HEAD: usize = 16 * 1024;

/// Makes a decoder.
pub type MakeDecoder = Box<dyn Fn() -> Box<dyn Decoder> + Send + Sync>;

impl Accounted {
    /// The decoder as it is, and counted.
    pub fn new(make: MakeDecoder) -> Accounted {
        Accounted { inner: make(), make, held: 0, last: Position::default(), head: Vec::new() }
    }

    /// Goes on with a new decoder after a panic of the one before, of which is taken what it still gives.
    fn begin_anew(&mut self, emit: &mut Emit<'_>) {
        let mut former = std::mem::replace(&mut self.inner, (self.make)());
        if !self.head.is_empty() {
            self.inner.begin(&self.head);
        }
        if let Some(names) = former.columns() {
            self.inner.know_columns(names);
        }
        let mut told = 0;
        let _ = catch_unwind(AssertUnwindSafe(|| {
            former.flush(&mut |decoded| {
                told += decoded.fate().map_or(0, |(_, lines)| lines);
                emit(decoded);
            });
        }));
        self.release(told);
        self.settle(emit);
    }

    fn release(&mut self, told: u64) {
        self.held = self.held.saturating_sub(told);
    }

    fn settle(&mut self, emit: &mut Emit<'_>) {
        if self.held > 0 {
            emit(Decoded::Ignored(Ignored { position: self.last, lines: std::mem::take(&mut self.held), reason: IgnoredReason::Other }));
        }
    }
}

impl Decoder for Accounted {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let (mut own, mut earlier) = (0, 0);
        let was_open = self.inner.is_record_incomplete();
        if self.head.is_empty() {
            self.head = raw.bytes[..raw.bytes.len().min(HEAD)].to_vec();
        }
        let inner = &mut self.inner;
        let result = catch_unwind(AssertUnwindSafe(|| {
            inner.decode(raw, &mut |decoded| {
                match decoded.fate() {
                    Some((at, lines)) if at == raw.position => own += lines,
                    Some((_, lines)) => earlier += lines,
                    None => {}
                }
                emit(decoded);
            })
        }));
        self.release(earlier);
        self.last = raw.position;
        let Ok(result) = result else {
            self.begin_anew(emit);
            return Err(DecodeError::Bug);
        };
        if result.is_ok() && own == 0 {
            // A line that ends a record may begin the next.
            let goes_on = was_open && (earlier == 0 || !self.inner.is_record_incomplete());
            match raw.bytes.trim_ascii() {
                _ if self.inner.holds_lines() => self.held += 1,
                _ if goes_on => emit(raw.ignored(IgnoredReason::Continuation)),
                b"" => emit(raw.ignored(IgnoredReason::Blank)),
                _ => self.held += 1,
            }
        }
        result
    }

    fn begin(&mut self, head: &[u8]) {
        self.head = head.to_vec();
        self.inner.begin(head);
    }

    fn columns(&self) -> Option<&[String]> {
        self.inner.columns()
    }

    fn know_columns(&mut self, names: &[String]) {
        self.inner.know_columns(names);
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        let mut told = 0;
        let inner = &mut self.inner;
        let flushed = catch_unwind(AssertUnwindSafe(|| {
            inner.flush(&mut |decoded| {
                told += decoded.fate().map_or(0, |(_, lines)| lines);
                emit(decoded);
            });
        }));
        self.release(told);
        if flushed.is_err() {
            self.begin_anew(emit);
        }
        self.settle(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.inner.is_record_incomplete()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::RecordHash;
    use crate::model::ignored::IgnoredCounts;
    use crate::model::record::Record;
    use crate::model::time::Timestamp;

    /// Holds a line that begins with `h` until `r`; says why it passes over `i`; says nothing of `s`.
    #[derive(Default)]
    struct Holding(Vec<Position>);

    impl Decoder for Holding {
        fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
            let mut record = |position| emit(Record::new(position, raw.hash, Timestamp::FIRST).into());
            match raw.bytes.first() {
                Some(b'h') => self.0.push(raw.position),
                Some(b'r') => self.0.drain(..).chain([raw.position]).for_each(&mut record),
                Some(b'2') => [raw.position; 2].into_iter().for_each(&mut record),
                Some(b'i') => emit(raw.ignored(IgnoredReason::Session)),
                Some(b'x') => return Err(DecodeError::NotUtf8 { at: 0 }),
                Some(b'p') => panic!("a bug"),
                _ => {}
            }
            Ok(())
        }
    }

    #[test]
    fn every_line_is_counted_as_something_and_silence_as_other() {
        let mut decoder = Accounted::new(Box::new(|| Box::<Holding>::default()));
        let (mut records, mut dead, mut ignored) = (0, 0, IgnoredCounts::default());
        let lines = ["h", "i", "h", "r", "s", "2", "x", "h", "s"];
        let mut keep = |decoded: Decoded<'_>| match decoded {
            Decoded::Record(_) => records += 1,
            Decoded::Ignored(Ignored { reason, lines, .. }) => ignored.add(reason, lines),
            Decoded::Lost(_) | Decoded::Numbered(_) => {}
        };
        for (at, line) in lines.iter().enumerate() {
            let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), RecordHash::default());
            dead += u64::from(decoder.decode(raw, &mut keep).is_err());
        }
        decoder.flush(&mut keep);
        assert_eq!((records, dead), (5, 1));
        assert_eq!(ignored.iter().collect::<Vec<_>>(), [(IgnoredReason::Session, 1), (IgnoredReason::Other, 3)]);
        assert_eq!(records + dead + ignored.total(), lines.len() as u64 + 1, "one line held two records");
    }

    #[test]
    fn a_panic_is_the_fate_of_one_record() {
        let mut decoder = Accounted::new(Box::new(|| Box::<Holding>::default()));
        let (mut records, mut ignored) = (0, 0);
        let mut keep = |decoded: Decoded<'_>| match decoded {
            Decoded::Record(_) => records += 1,
            Decoded::Ignored(Ignored { lines, .. }) => ignored += lines,
            Decoded::Lost(_) | Decoded::Numbered(_) => {}
        };
        let mut decode = |at, line: &str| decoder.decode(Raw::new(line.as_bytes(), Position(at), RecordHash::default()), &mut keep);
        assert_eq!((decode(1, "h"), decode(2, "p"), decode(3, "r")), (Ok(()), Err(DecodeError::Bug), Ok(())));
        assert_eq!((records, ignored), (1, 1), "what was held back is lost with the decoder, and counted");
    }

    /// How many records, dead letters and lines passed over come of lines.
    fn fates(format: &str, lines: &[&str]) -> [u64; 3] {
        let mut decoder = crate::decode::Codec::named(crate::decode::format(format).expect("is one"), std::sync::Arc::default()).decoder();
        let [mut records, mut dead, mut ignored] = [0; 3];
        let mut refused = 0;
        let mut keep = |decoded: Decoded<'_>| match decoded {
            Decoded::Record(_) => records += 1,
            Decoded::Lost(_) => dead += 1,
            Decoded::Ignored(Ignored { lines, .. }) => ignored += lines,
            Decoded::Numbered(_) => {}
        };
        for (at, line) in lines.iter().enumerate() {
            let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), RecordHash::default());
            refused += u64::from(decoder.decode(raw, &mut keep).is_err());
        }
        decoder.flush(&mut keep);
        [records, dead + refused, ignored]
    }

    #[test]
    fn lines_that_were_held_for_an_object_count_once_whatever_it_turns_out_to_be() {
        let record = r#"{"time":"2026-03-02T09:00:00Z","employee":"e1","statement":"SELECT 1"}"#;
        let message = format!(r#""message":"{}""#, record.replace('"', "\\\""));
        let carried = ["{", "\"a\":1,", message.as_str(), "}"];
        let cases: [&[&str]; 8] = [
            &carried,
            &["{", "\"a\":1,", "\"b\":2", "}"],
            &["{", "\"a\":1,", "", "\"b\":2", record],
            &["{", "\"a\":1,", "\"b\":2"],
            &["{\"a\":", "x y", record, record],
            &["{", "\"time\":\"2026-03-02T09:00:00Z\",", "\"employee\":\"e1\",", "\"statement\":\"SELECT 1\"", "}", record],
            &[record, "{", "\"a\":1,", "\"b\":2"],
            &["{", "\"a\":1,", "{\"queryId\":\"x\"}", "\"b\":2}", "x"],
        ];
        for format in crate::decode::FORMATS {
            for lines in cases {
                let fates = fates(format.name, lines);
                assert_eq!(fates.iter().sum::<u64>(), lines.len() as u64, "{} {lines:?}: {fates:?}", format.name);
            }
        }
        assert_eq!(fates("canonical", &carried), [1, 0, 3]);
    }
}
