//! Messages that the server has cut for syslog: `[5-1] …`, `[5-2] …`.
//!
//! The server cuts at the ends of lines, and lines at 900 bytes, between words where it can. A line of a message begins with a tab
//! or, if it is the detail or the statement, with the prefix; anything else goes on with the line before. The parts of several
//! processes may stand among each other.

use crate::decode::postgresql::reader::{Reader, Style};
use crate::decode::postgresql::words::Label;
use crate::decode::{DecodeError, Decoded, Emit, Envelope, LONGEST_RECORD, Lost, Raw};
use crate::model::access::{Position, RecordHash};
use crate::model::time::Timestamp;

/// Most messages that wait for further parts.
const MOST_OPEN: usize = 64;

/// What stands before a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Numbered<'t> {
    /// Of the message; not there with `syslog_sequence_numbers = off`.
    pub sequence: Option<u64>,
    /// Of the part; not there where the message was not cut.
    pub part: Option<u64>,
    pub text: &'t str,
}

/// Reads `[5-2] ` and `[5] `. The latter numbers messages or, where those are not numbered, parts.
pub(super) fn numbered(text: &str) -> Option<Numbered<'_>> {
    let (number, rest) = text.strip_prefix('[')?.split_once(']')?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let digits = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    match number.split_once('-') {
        Some((sequence, part)) => Some(Numbered { sequence: Some(digits(sequence)?), part: Some(digits(part)?), text: rest }),
        None => Some(Numbered { sequence: None, part: Some(digits(number)?), text: rest }),
    }
}

/// A message that is put together.
struct Open {
    key: String,
    sequence: Option<u64>,
    part: u64,
    text: String,
    position: Position,
    hash: RecordHash,
    length: usize,
    time: Option<Timestamp>,
    host: Option<String>,
    pid: Option<String>,
    /// A part of it is missing.
    torn: bool,
}

/// The messages of one log that wait for further parts; the one that was last gone on with is last.
#[derive(Default)]
pub(super) struct Parts {
    open: Vec<Open>,
}

impl Parts {
    /// Takes a record that came through syslog.
    pub fn take(&mut self, text: &str, raw: Raw<'_>, reader: &mut Reader, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let numbered = numbered(text).unwrap_or(Numbered { sequence: None, part: None, text });
        let key = format!("{}/{}", raw.envelope.host.unwrap_or(""), raw.envelope.pid.unwrap_or(""));
        let known = self.open.iter().position(|open| open.key == key);
        let begins = match numbered {
            Numbered { sequence: Some(_), part: Some(part), .. } => part == 1,
            // A number alone: the label tells whether it is that of a message.
            _ => matches!(reader.label(numbered.text), Some(Label::Message(_))) || (known.is_none() && numbered.part.is_none()),
        };
        if begins {
            let before = known.or_else(|| (self.open.len() >= MOST_OPEN).then_some(0)).map(|at| self.open.remove(at));
            if let Some(before) = before {
                finish(before, reader, emit);
            }
            self.open.push(Open::new(key, &numbered, raw));
            return Ok(());
        }
        let Some(at) = known else {
            // Its beginning is not there: the log was begun in its midst.
            return Err(torn());
        };
        let mut open = self.open.remove(at);
        let labelled = matches!(reader.label(numbered.text), Some(label) if !matches!(label, Label::Message(_)));
        let follows = match (numbered.sequence, numbered.part) {
            (Some(sequence), Some(part)) => open.sequence == Some(sequence) && part == open.part + 1,
            (None, Some(part)) => open.sequence.is_some() || part == open.part + 1,
            _ => true,
        };
        open.torn |= !follows;
        open.part = numbered.part.unwrap_or(open.part);
        open.push(numbered.text, labelled || numbered.text.is_empty() || numbered.part.is_none(), raw);
        self.open.push(open);
        Ok(())
    }

    /// Takes a line without a header: it goes on with a record whose line ends were kept. `false` where it is none such.
    pub fn go_on(&mut self, text: &str, raw: Raw<'_>, reader: &mut Reader) -> bool {
        let Some(open) = self.open.last_mut() else { return false };
        let continues = text.starts_with('\t') || reader.label(text).is_some_and(|label| !matches!(label, Label::Message(_)));
        if continues {
            open.push(text, true, raw);
        }
        continues
    }

    pub fn flush(&mut self, reader: &mut Reader, emit: &mut Emit<'_>) {
        for open in std::mem::take(&mut self.open) {
            finish(open, reader, emit);
        }
    }
}

impl Open {
    fn new(key: String, numbered: &Numbered<'_>, raw: Raw<'_>) -> Open {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Open {
            key,
            sequence: numbered.sequence,
            part: numbered.part.unwrap_or(1),
            text: numbered.text.to_owned(),
            position: raw.position,
            hash: raw.hash,
            length: raw.bytes.len(),
            time: raw.envelope.time,
            host: own(raw.envelope.host),
            pid: own(raw.envelope.pid),
            torn: false,
        }
    }

    fn push(&mut self, text: &str, line: bool, raw: Raw<'_>) {
        self.hash = self.hash.and(raw.hash);
        self.length = self.length.saturating_add(raw.bytes.len());
        if self.text.len() + text.len() > LONGEST_RECORD {
            self.torn = true;
        } else {
            // The line end was dropped; the tab behind it was not, nor was a space at which a line was cut.
            if line || text.starts_with('\t') {
                self.text.push('\n');
            }
            self.text.push_str(text);
        }
    }
}

fn finish(open: Open, reader: &mut Reader, emit: &mut Emit<'_>) {
    let lost = |error| Decoded::Lost(Lost { position: open.position, hash: open.hash, length: open.length as u64, error });
    if open.torn {
        return emit(lost(torn()));
    }
    let envelope = Envelope { time: open.time, host: open.host.as_deref(), program: None, pid: open.pid.as_deref() };
    let raw = Raw { bytes: open.text.as_bytes(), position: open.position, hash: open.hash, envelope };
    if let Err(error) = reader.take(&open.text, raw, Style::Message, emit) {
        emit(lost(error));
    }
}

fn torn() -> DecodeError {
    DecodeError::Form { expected: "a message of PostgreSQL in syslog", what: "a part of it is missing".to_owned() }
}
