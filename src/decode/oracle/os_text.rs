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
//! Syslog cuts long records, or sends them in parts that follow each other: a statement without its end is not believed, its tables are named.
//!
//! **Refused**: a record with something between its fields, or a part of one whose beginning never came (quotes inside of values are not
//! escaped, so the lengths before them decide).
//!
//! **Example**:
//!
//! ```text
//! 2026-03-02T09:14:05.040652+08:00 db1 Oracle Unified Audit[2]: LENGTH: '165' TYPE:"4" DBID:"28" SESID:"27" CLIENTID:"" ENTRYID:"1" STMTID:"9" DBUSER:"LI_NA" CURUSER:"APP" ACTION:"3" RETCODE:"0" SCHEMA:"CRM" OBJNAME:"CUSTOMERS" PDB_GUID:"B"
//! ```

use crate::decode::IgnoredReason;
use crate::decode::local_clock::{Instant, LocalClock};
use crate::decode::pending::Pending;
use crate::decode::row::{self, ExportRow, form};
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Envelope, Format, LONGEST_RECORD, LostRecord, Raw, json, tool_time};
use crate::model::access::{Position, RecordHash};
use crate::model::time::{Span, TimeUnit, Timestamp};
use hashbrown::HashMap;
use jiff::civil::DateTime;
use serde_json::Value;

use super::merger::ObjectMerger;

/// `oracle-syslog`.
pub const FORMAT: Format = Format {
    name: "oracle-syslog",
    recognised_by: "`LENGTH: '…'` and fields `NAME:\"value\"` or `NAME:[n] 'value'`",
    stateless: false,
    decoder: |settings| Box::new(Texts { clock: LocalClock::new(settings.zone.clone()), ..Texts::default() }),
    recognises,
};

const EXPECTED: &str = "an audit record of Oracle in syslog";

/// A record of a file whose lines are still coming.
struct OpenRecord {
    text: String,
    time: Instant,
    position: Position,
    hash: RecordHash,
    /// Its last fields have come.
    whole: bool,
}

/// A record of syslog without its end: a part of it may follow.
struct PartialRecord {
    text: String,
    time: Option<Timestamp>,
    position: Position,
    hash: RecordHash,
}

#[derive(Default)]
struct Texts {
    clock: LocalClock,
    joined: ObjectMerger,
    open: Option<OpenRecord>,
    /// By host and process.
    parts: Pending<PartialRecord>,
    /// Lines of a head that have been seen.
    head: usize,
    /// When the entry of an export of the journal was made whose fields are coming.
    journal: Option<Timestamp>,
}

/// Most lines of the head of a file.
const LONGEST_HEAD: usize = 64;

impl Texts {
    fn one(&mut self, text: &str, time: Option<Instant>, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let Fields { values, statement_cut, .. } = fields(text)?;
        self.give(values, statement_cut, time, raw, emit)
    }

    fn give(
        &mut self,
        mut values: HashMap<String, Value>,
        cut: bool,
        time: Option<Instant>,
        raw: Raw<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), DecodeError> {
        if cut {
            values.insert(super::CUT.to_owned(), true.into());
        }
        let row = ExportRow::of(values, EXPECTED)?;
        self.joined.take(super::audited(&row, raw, time)?, raw, emit);
        Ok(())
    }

    fn close(&mut self, emit: &mut Emit<'_>) {
        let Some(OpenRecord { text, time, position, hash, .. }) = self.open.take() else { return };
        if let Err(error) = self.one(&text, Some(time), Raw::new(text.as_bytes(), position, hash), emit) {
            emit(Decoded::Lost(LostRecord::new(position, hash, &text, error)));
        }
    }

    /// A record of syslog: given at once, or held back where its end may still come.
    fn sent(&mut self, process: Option<&str>, body: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let key = process.map(|process| format!("{}/{process}", raw.envelope.host.unwrap_or("")));
        if let Some(before) = key.as_ref().and_then(|key| self.parts.take(key)) {
            self.give_up(before, emit);
        }
        let Fields { values, cut, statement_cut } = fields(body)?;
        match key.filter(|_| cut) {
            Some(key) => {
                let part = PartialRecord { text: body.to_owned(), time: raw.envelope.time, position: raw.position, hash: raw.hash };
                if let Some(oldest) = self.parts.put(key, part) {
                    self.give_up(oldest, emit);
                }
                Ok(())
            }
            None => self.give(values, statement_cut, raw.envelope.time.map(known), raw, emit),
        }
    }

    /// A further part of a record.
    fn part(&mut self, process: &str, text: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let key = format!("{}/{process}", raw.envelope.host.unwrap_or(""));
        let Some(mut held) = self.parts.take(&key) else { return Err(form(EXPECTED, "a part without its beginning")) };
        if held.text.len() + text.len() > LONGEST_RECORD {
            self.give_up(held, emit);
            return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
        }
        // Two dots at the seams say that the record goes on.
        let whole = held.text.trim_end().strip_suffix("..").map_or(held.text.len(), str::len);
        held.text.truncate(whole);
        let seamed = text.trim_start().strip_prefix("..");
        held.text.push_str(seamed.unwrap_or(text));
        held.hash = held.hash.and(raw.hash);
        emit(raw.ignored(IgnoredReason::Continuation));
        if fields(&held.text).is_ok_and(|fields| fields.cut) {
            drop(self.parts.put(key, held));
        } else {
            self.give_up(held, emit);
        }
        Ok(())
    }

    fn give_up(&mut self, held: PartialRecord, emit: &mut Emit<'_>) {
        let PartialRecord { text, time, position, hash } = held;
        if let Err(error) = self.one(&text, time.map(known), Raw::new(text.as_bytes(), position, hash), emit) {
            emit(Decoded::Lost(LostRecord::new(position, hash, &text, error)));
        }
    }

    /// Parts whose rest the log has gone on without.
    fn expire(&mut self, now: Option<Timestamp>, emit: &mut Emit<'_>) {
        let late = |held: &PartialRecord| held.time.zip(now).is_some_and(|(held, now)| held + PATIENCE < now);
        while self.parts.oldest().is_some_and(late) {
            let Some(held) = self.parts.pop() else { break };
            self.give_up(held, emit);
        }
    }
}

/// How long a part waits for the next.
const PATIENCE: Span = Span::MINUTE;

fn known(time: Timestamp) -> Instant {
    Instant { time, ambiguous: false }
}

impl Decoder for Texts {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = json::text(raw)?;
        self.expire(raw.envelope.time, emit);
        // Shippers that know where a record begins send its lines together.
        if text.contains('\n') && record(text).is_none() {
            return text.lines().try_for_each(|line| self.line(line, raw, emit));
        }
        self.line(text, raw, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.close(emit);
        while let Some(held) = self.parts.pop() {
            self.give_up(held, emit);
        }
        self.joined.flush(emit);
    }
}

impl Texts {
    /// The time with which a header begins: an ISO one of a word or two.
    fn clock_of(&mut self, head: &str) -> Option<Timestamp> {
        let mut spaces = head.match_indices(' ').map(|(at, _)| at);
        let (first, second) = (spaces.next()?, spaces.next().unwrap_or(head.len()));
        [&head[..second], &head[..first]].iter().find_map(|text| tool_time::read(text, &mut self.clock)).map(|instant| instant.time)
    }

    fn line(&mut self, text: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if let Some((civil, offset)) = heading(text) {
            // A statement may hold a line like this one.
            if self.open.as_ref().is_none_or(|open| open.whole) {
                self.close(emit);
                self.head = 0;
                let time = match offset {
                    Some(offset) => row::time(&format!("{civil}{offset}"), None).and_then(|time| self.clock.known(time).ok()),
                    None => self.clock.instant(civil).ok(),
                };
                let time = time.ok_or_else(|| form(EXPECTED, "without a valid time"))?;
                self.open = Some(OpenRecord { text: String::new(), time, position: raw.position, hash: raw.hash, whole: false });
                return Ok(());
            }
        }
        if let Some(open) = &mut self.open {
            if open.text.len() + text.len() >= LONGEST_RECORD {
                return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
            }
            open.text.push_str(text);
            open.text.push('\n');
            open.hash = open.hash.and(raw.hash);
            open.whole |= ends(text);
            if raw.position != open.position {
                emit(raw.ignored(IgnoredReason::Continuation));
            }
            return Ok(());
        }
        if let Some(value) = text.strip_prefix("__REALTIME_TIMESTAMP=") {
            self.journal = value.trim().parse().ok().and_then(|micros| TimeUnit::Micros.since_1970(micros).ok());
        }
        if let Some((name, value)) = text.split_once('=').filter(|(name, _)| self.journal.is_some() && is_journal_field(name)) {
            if name != "MESSAGE" {
                emit(raw.ignored(IgnoredReason::Continuation));
                return Ok(());
            }
            let raw = Raw { envelope: Envelope { time: self.journal, ..raw.envelope }, ..raw };
            let (process, body) = tagged(value);
            return match record(body) {
                Some(body) => self.sent(process, body, raw, emit),
                None => {
                    emit(raw.ignored(IgnoredReason::OtherEvent));
                    Ok(())
                }
            };
        }
        let (process, body) = tagged(text);
        if process.is_none()
            && record(body).is_none()
            && raw.envelope.program.is_none()
            && let Some((head, rest)) = behind_head(text)
        {
            let time = self.clock_of(head);
            let raw = Raw { envelope: Envelope { time: time.or(raw.envelope.time), ..raw.envelope }, ..raw };
            let (process, body) = tagged(rest);
            return match (record(body), process) {
                (Some(body), process) => self.sent(process, body, raw, emit),
                (None, Some(process)) => self.part(process, body, raw, emit),
                (None, None) => Err(form(EXPECTED, "without a length")),
            };
        }
        let of_oracle = matches!(raw.envelope.program, Some("Oracle Unified Audit" | "Oracle Audit"));
        let process = process.or_else(|| raw.envelope.pid.filter(|_| of_oracle));
        match (record(body), process) {
            (Some(body), process) => self.sent(process, body, raw, emit),
            (None, Some(process)) if !body.trim().is_empty() => self.part(process, body, raw, emit),
            // The head of a file: its name, the server's release. In syslog other programs write too.
            (None, _) if raw.envelope.program.is_some() => {
                emit(raw.ignored(IgnoredReason::OtherEvent));
                Ok(())
            }
            (None, _) if text.trim().is_empty() => {
                emit(raw.ignored(IgnoredReason::Blank));
                Ok(())
            }
            (None, _) if self.head < LONGEST_HEAD && !text.trim_start().starts_with(['{', '[', '<']) => {
                self.head += 1;
                // Free text: it may as well be of something else.
                emit(raw.ignored(IgnoredReason::OtherEvent));
                Ok(())
            }
            (None, _) => Err(form(EXPECTED, "without a length or the line with its time")),
        }
    }
}

/// Whether that is the name of a field in `journalctl -o export`.
fn is_journal_field(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A line behind a header that nobody knows: what stands before the server's name for itself, and the rest.
fn behind_head(text: &str) -> Option<(&str, &str)> {
    // What carries the line as a text of its own is to be opened first.
    if text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let head = text.get(..256).unwrap_or(text);
    let at = ["Oracle Unified Audit[", "Oracle Audit[", "Unified Audit["].iter().find_map(|name| head.find(name))?;
    (at > 0).then(|| text.split_at(at))
}

/// What the server calls itself, with the number of its process, and the text behind it. Readers of syslog take the first word, all
/// of it or nothing of it for the program.
fn tagged(text: &str) -> (Option<&str>, &str) {
    let trimmed = text.trim_start();
    let rest = trimmed.strip_prefix("Oracle ").unwrap_or(trimmed);
    let rest = rest.strip_prefix("Unified ").unwrap_or(rest);
    match rest.strip_prefix("Audit[").and_then(|rest| rest.split_once("]:")) {
        Some((process, body)) if process.len() <= 20 && process.bytes().all(|byte| byte.is_ascii_digit()) => (Some(process), body),
        _ => (None, text),
    }
}

/// The text from `LENGTH` on.
fn record(text: &str) -> Option<&str> {
    let body = text.trim_start();
    let rest = body.strip_prefix("LENGTH")?.trim_start().strip_prefix(':')?.trim_start();
    rest.starts_with(['\'', '"']).then_some(body)
}

/// `Wed Oct 21 11:58:08 2020 -04:00` alone on its line.
fn heading(line: &str) -> Option<(DateTime, Option<&str>)> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if line.len() > 40 {
        return None;
    }
    let mut words = line.split_whitespace();
    // Nearly all lines say no with their second word.
    let month = words.nth(1)?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let (day, clock, year, offset) = (words.next()?, words.next()?, words.next()?, words.next());
    let civil = format!("{year}-{month:02}-{day:0>2}T{clock}").parse().ok()?;
    words.next().is_none().then_some((civil, offset))
}

/// Whether a line is that of a record's last fields.
fn ends(text: &str) -> bool {
    memchr::memchr(b':', text.as_bytes()).is_some()
        && (text.contains("STATUS:[") || text.contains("RETURNCODE:[") || text.contains("RETCODE:"))
}

/// The fields of a record.
struct Fields {
    values: HashMap<String, Value>,
    /// The last value has lost its end.
    cut: bool,
    /// That value is, or would have been followed by, the one that may hold a statement.
    statement_cut: bool,
}

/// `NAME:"value"`, `NAME:[5] 'value'`, with or without spaces around the colon.
fn fields(text: &str) -> Result<Fields, DecodeError> {
    let (mut values, mut cut, mut statement_cut) = (HashMap::new(), false, false);
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let plain = |name: &str| name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b" _$#.".contains(&b));
        let Some((name, after)) = rest.split_once(':').filter(|(name, _)| plain(name)) else {
            // A name that was cut stands at the end.
            if plain(rest.trim()) && !values.is_empty() {
                cut = true;
                break;
            }
            return Err(form(EXPECTED, "with something between its fields"));
        };
        let name = name.trim();
        if name.is_empty() {
            return Err(form(EXPECTED, "without a name"));
        }
        let after = after.trim_start();
        let (length, after) = match after.strip_prefix('[').and_then(|after| after.split_once(']')) {
            Some((length, after)) => (length.trim().parse::<usize>().ok(), after.trim_start()),
            None => (None, after),
        };
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
            if after.trim_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | '.' | ' ')).is_empty() && !values.is_empty() {
                cut = true;
                break;
            }
            return Err(form(EXPECTED, "without a value"));
        };
        let body = &after[1..];
        let (value, next) = match end_of(body, quote, length) {
            Some(end) => (&body[..end], &body[end + 1..]),
            None => {
                (cut, statement_cut) = (true, name == "ACTION");
                (body.trim_end().strip_suffix("..").unwrap_or(body), "")
            }
        };
        // What another character set makes of a text is never shorter than what the server had.
        if next.trim().is_empty() && length.is_some_and(|length| value.len() < length) {
            (cut, statement_cut) = (true, name == "ACTION");
        }
        if values.insert(name.to_owned(), Value::from(value)).is_some() {
            return Err(form(EXPECTED, "a field stands twice"));
        }
        rest = next.trim_start();
    }
    statement_cut |= cut && !values.contains_key("ACTION");
    Ok(Fields { values, cut, statement_cut })
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
    let in_journal = || {
        lines().any(|line| line.starts_with("__REALTIME_TIMESTAMP="))
            && lines().filter_map(|line| line.strip_prefix("MESSAGE=")).any(|value| record(tagged(value).1).is_some_and(fielded))
    };
    in_journal()
        || record(tagged(text).1).or_else(|| record(tagged(behind_head(text)?.1).1)).is_some_and(fielded)
        || lines().any(|line| heading(line).is_some()) && lines().any(|line| record(line).is_some()) && fielded(text)
}
