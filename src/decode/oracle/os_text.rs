//! `oracle-syslog`: Oracle's unified audit records in syslog, and the older text records of `audit_trail = OS` in syslog or `*.aud` files.
//!
//! **Switch on**:
//!
//! ```sql
//! ALTER SYSTEM SET unified_audit_systemlog = 'LOCAL5.INFO' SCOPE = SPFILE;   -- 21c and 19c
//! ALTER SYSTEM SET audit_syslog_level = 'LOCAL1.NOTICE' SCOPE = SPFILE;      -- the older records
//! ```
//!
//! SYS is always audited into `*.aud` files.
//!
//! **Tells**: login, action and object; the older records of SYS hold the statement. **Does not tell**: rows, columns, client and, in the
//! unified record, the statement: a read of a table is all it says, so how many people it showed stays unknown. Prefer
//! `oracle-unified-json` where you can.
//!
//! **Counted**: records of one statement (one for each object) count once.
//!
//! **Refused**: a record that is shorter than its `LENGTH` says or whose values do not have the length before them (quotes inside of
//! values are not escaped, so the lengths decide).
//!
//! **Example**:
//!
//! ```text
//! <134>1 2026-03-02T09:14:05Z h oracle 1 - - Oracle Unified Audit[2]: LENGTH: '165' TYPE:"4" DBID:"28" SESID:"27" CLIENTID:"" ENTRYID:"1" STMTID:"9" DBUSER:"LI_NA" CURUSER:"APP" ACTION:"3" RETCODE:"0" SCHEMA:"CRM" OBJNAME:"CUSTOMERS" PDB_GUID:"B"
//! ```

use crate::decode::row::{ExportRow, form};
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Format, LONGEST_RECORD, LostRecord, Raw, json};
use crate::model::access::{Position, RecordHash};
use crate::model::time::Timestamp;
use serde_json::{Map, Value};

use super::merger::ObjectMerger;

/// `oracle-syslog`.
pub const FORMAT: Format = Format {
    name: "oracle-syslog",
    recognised_by: "`LENGTH: '…'` and fields `NAME:\"value\"` or `NAME:[n] 'value'`",
    stateless: false,
    decoder: |_| Box::new(Texts::default()),
    recognises,
};

const EXPECTED: &str = "an audit record of Oracle in syslog";

/// A record of a file whose lines are still coming.
struct OpenRecord {
    text: String,
    time: Timestamp,
    position: Position,
    hash: RecordHash,
    /// Its last fields have come.
    whole: bool,
}

#[derive(Default)]
struct Texts {
    joined: ObjectMerger,
    open: Option<OpenRecord>,
    /// Lines of a head that have been seen.
    head: usize,
}

/// Most lines of the head of a file.
const LONGEST_HEAD: usize = 64;

impl Texts {
    fn one(&mut self, text: &str, time: Option<Timestamp>, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let row = ExportRow::of(fields(text)?, EXPECTED)?;
        if let Some(action) = super::audited(&row, raw, time)? {
            self.joined.take(action, emit);
        }
        Ok(())
    }

    fn close(&mut self, emit: &mut Emit<'_>) {
        let Some(OpenRecord { text, time, position, hash, .. }) = self.open.take() else { return };
        if let Err(error) = self.one(&text, Some(time), Raw::new(text.as_bytes(), position, hash), emit) {
            emit(Decoded::Lost(LostRecord { position, hash, length: text.len() as u64, error }));
        }
    }
}

impl Decoder for Texts {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = json::text(raw)?;
        // Shippers that know where a record begins send its lines together.
        if text.contains('\n') && record(text).is_none() {
            return text.lines().try_for_each(|line| self.line(line, raw, emit));
        }
        self.line(text, raw, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.close(emit);
        self.joined.flush(emit);
    }
}

impl Texts {
    fn line(&mut self, text: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if let Some(time) = heading(text) {
            // A statement may hold a line like this one.
            if self.open.as_ref().is_none_or(|open| open.whole) {
                self.close(emit);
                self.head = 0;
                self.open = Some(OpenRecord { text: String::new(), time, position: raw.position, hash: raw.hash, whole: false });
                return Ok(());
            }
        }
        match &mut self.open {
            Some(open) if open.text.len() + text.len() < LONGEST_RECORD => {
                open.text.push_str(text);
                open.text.push('\n');
                open.hash = open.hash.and(raw.hash);
                open.whole |= ends(text);
                Ok(())
            }
            Some(_) => Err(DecodeError::TooLong { limit: LONGEST_RECORD }),
            None => match record(text) {
                Some(body) => self.one(body, raw.envelope.time, raw, emit),
                // The head of a file: its name, the server's release. In syslog other programs write too.
                None if raw.envelope.program.is_some() || text.trim().is_empty() => Ok(()),
                None if self.head < LONGEST_HEAD && !text.trim_start().starts_with(['{', '[', '<']) => {
                    self.head += 1;
                    Ok(())
                }
                None => Err(form(EXPECTED, "without a length or the line with its time")),
            },
        }
    }
}

/// The text from `LENGTH` on, behind what names the program.
fn record(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let body = match text.strip_prefix("Oracle ") {
        Some(rest) => rest.split_once("]: ").map(|(_, body)| body.trim_start())?,
        None => text,
    };
    let rest = body.strip_prefix("LENGTH")?.trim_start().strip_prefix(':')?.trim_start();
    rest.starts_with(['\'', '"']).then_some(body)
}

/// `Wed Oct 21 11:58:08 2020 -04:00` alone on its line.
fn heading(line: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if line.len() > 40 {
        return None;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, month, day, clock, year, rest @ ..] = words.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    let offset = match rest {
        [] => "Z",
        [offset] => offset,
        _ => return None,
    };
    crate::decode::row::time(&format!("{year}-{month:02}-{day:0>2}T{clock}{offset}"), None)
}

/// Whether a line is that of a record's last fields.
fn ends(text: &str) -> bool {
    text.contains("STATUS:[") || text.contains("RETURNCODE:[") || text.contains("RETCODE:")
}

/// `NAME:"value"`, `NAME:[5] 'value'`, with or without spaces around the colon.
fn fields(text: &str) -> Result<Map<String, Value>, DecodeError> {
    let mut fields = Map::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once(':').ok_or_else(|| form(EXPECTED, "without a name"))?;
        let name = name.trim();
        if name.is_empty() || name.len() > 32 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b" _$".contains(&b)) {
            return Err(form(EXPECTED, "with something between its fields"));
        }
        let after = after.trim_start();
        let (length, after) = match after.strip_prefix('[').and_then(|after| after.split_once(']')) {
            Some((length, after)) => (length.trim().parse::<usize>().ok(), after.trim_start()),
            None => (None, after),
        };
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or_else(|| form(EXPECTED, "without a value"))?;
        let body = &after[1..];
        let end = end_of(body, quote, length).ok_or_else(|| form(EXPECTED, "cut off"))?;
        if fields.insert(name.to_owned(), Value::from(&body[..end])).is_some() {
            return Err(form(EXPECTED, "a field stands twice"));
        }
        rest = body[end + 1..].trim_start();
    }
    Ok(fields)
}

/// Where a value ends: at its length, if the quote stands there; else at the first quote behind which a field or nothing follows.
fn end_of(body: &str, quote: char, length: Option<usize>) -> Option<usize> {
    let follows = |rest: &str| {
        let rest = rest.trim_start();
        let name = rest.find(':').map(|at| &rest[..at]);
        rest.is_empty()
            || name.is_some_and(|name| {
                !name.is_empty() && name.len() <= 32 && name.bytes().all(|b| b.is_ascii_uppercase() || b" _$".contains(&b))
            })
    };
    let follows_at = |at: usize| {
        let mut end = body.len().min(at + 64);
        while !body.is_char_boundary(end) {
            end -= 1;
        }
        follows(body.get(at + 1..end).unwrap_or(""))
    };
    if let Some(length) = length
        && body.get(length..).is_some_and(|rest| rest.starts_with(quote))
        && follows_at(length)
    {
        return Some(length);
    }
    let mut quotes = body.match_indices(quote).map(|(at, _)| at).take(4_096);
    quotes.find(|at| follows_at(*at))
}

fn recognises(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let lines = || text.lines().take(100);
    let fielded =
        |text: &str| (text.contains("DBID:") || text.contains("SESSIONID:") || text.contains("SESID:")) && text.contains("ACTION");
    record(text).is_some_and(fielded)
        || lines().any(|line| heading(line).is_some()) && lines().any(|line| record(line).is_some()) && fielded(text)
}
