//! `postgresql-csvlog`: PostgreSQL's log as CSV, as `log_destination = 'csvlog'` writes it (version 9.0 and later).
//!
//! **Switch on**, in `postgresql.conf`:
//!
//! ```ini
//! logging_collector = on
//! log_destination = 'csvlog'
//! log_connections = on
//! shared_preload_libraries = 'pgaudit'   # or 'auto_explain', or both
//! pgaudit.log = 'all'
//! pgaudit.log_rows = on                  # without it the size of most bulk reads is unknown
//! pgaudit.log_parameter = on             # without it bind values, and so the people behind them, are unknown
//! ```
//!
//! **Tells**: login, database, client address, program, session with its start, statement, SQLSTATE; rows and tables where pgaudit or
//! auto_explain write them. **Does not tell**: columns other than by the statement or a plan; which person, other than by keys and
//! bind values. Severities and the server's own messages may be in the language of `lc_messages`; they are understood in all of them.
//!
//! **Counted**: all lines of one statement count once, as in `postgresql-jsonlog`. A record has 23 columns, 24 with the backend's type
//! (version 13) and 26 with leader and query id (14); it runs over as many physical lines as its statement.
//!
//! **Also read**: the same columns as JSON, with `log_time`, `session_id` and so on as keys: both loggers of CloudNativePG (pgaudit's
//! fields in `record.audit`, or its text in `record.message`) and what collectors make of the file; EDB's audit log as CSV
//! (`edb_audit = 'csv'`); Greenplum's csvlog, 30 columns; pgauditlogtofile's CSV and JSON. These four are not searched for gaps.
//!
//! **Refused**: a record of another number of columns, or whose quotes never close.
//!
//! **Example**:
//!
//! ```text
//! 2026-03-02 09:14:05.990 UTC,"li_na","crm",77,"10.0.0.7:5123",69a55e00.4d,2,"SELECT",2026-03-02 09:14:00 UTC,3/4,0,LOG,00000,"AUDIT: SESSION,1,1,READ,SELECT,,,SELECT name FROM crm.customers WHERE id = 42,<none>,1",,,,,,,,,"psql","client backend",,0
//! ```

use crate::decode::field::let_middle_go;
use crate::decode::postgresql::columns::{self, Layout};
use crate::decode::postgresql::line::form;
use crate::decode::postgresql::session::Sessions;
use crate::decode::postgresql::time::Clock;
use crate::decode::postgresql::{audit_file, csvlog_json};
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Format, IgnoredReason, LONGEST_RECORD, LostRecord, Raw, csv, json};
use crate::model::access::{Position, RecordHash};
use crate::model::signs::Signs;
use std::ops::Range;

/// `postgresql-csvlog`.
pub const CSVLOG: Format = Format {
    name: "postgresql-csvlog",
    recognised_by: "CSV of 23 or more columns: a time with its zone first, a session id in the sixth, a SQLSTATE in the thirteenth; \
                    or JSON with these columns as keys",
    stateless: false,
    decoder: |settings| Box::new(Csvlog { clock: Clock::new(settings.zone.clone()), sessions: Sessions::default(), open: None }),
    recognises,
};

/// Most lines of one record, each of which is remembered until its end.
const MOST_LINES: usize = 250_000;

struct Csvlog {
    clock: Clock,
    sessions: Sessions,
    open: Option<OpenRecord>,
}

/// A record whose end has not come yet.
struct OpenRecord {
    text: String,
    /// Where each of its lines begins in the text, with its place.
    lines: Vec<(usize, Position, RecordHash)>,
    scan: Scan,
    /// Whether it was longer than a record may be.
    signs: Signs,
}

/// How far a record was searched for its end.
#[derive(Clone, Copy, Default)]
struct Scan {
    at: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Before a column.
    #[default]
    Start,
    Bare,
    Quoted,
    /// Behind a quote that ends the column or is the first of two.
    Closing,
}

/// Goes on over a text; `None` where it is no CSV.
fn scan(text: &str, mut scan: Scan) -> Option<Scan> {
    let bytes = text.as_bytes();
    while scan.at < bytes.len() {
        if scan.state == State::Quoted {
            match memchr::memchr(b'"', &bytes[scan.at..]) {
                Some(at) => (scan.at, scan.state) = (scan.at + at + 1, State::Closing),
                None => scan.at = bytes.len(),
            }
            continue;
        }
        scan.state = match (scan.state, bytes[scan.at]) {
            (State::Start, b'"') | (State::Closing, b'"') => State::Quoted,
            (State::Start | State::Bare | State::Closing, b',') => State::Start,
            (State::Start, _) => State::Bare,
            (State::Bare, b'"') | (State::Closing, _) => return None,
            (state, _) => state,
        };
        scan.at += 1;
    }
    Some(scan)
}

impl OpenRecord {
    fn hash(&self, lines: Range<usize>) -> RecordHash {
        let mut hashes = self.lines[lines].iter().map(|(_, _, hash)| *hash);
        let first = hashes.next().unwrap_or_default();
        hashes.fold(first, RecordHash::and)
    }

    /// Gives up the lines before that one.
    fn lose(&self, end: usize, error: DecodeError, emit: &mut Emit<'_>) {
        let length = self.lines.get(end).map_or(self.text.len(), |(at, _, _)| at.saturating_sub(1));
        let ends = LostRecord::ends(&[self.text.get(..length).unwrap_or_default()]);
        emit(Decoded::Lost(LostRecord { position: self.lines[0].1, hash: self.hash(0..end), length: length as u64, error, ends }));
    }

    /// It has grown too long, within a quoted text: both ends of that stay.
    fn let_middle_go(&mut self) {
        let all = self.lines.len();
        self.lines = vec![(0, self.lines[0].1, self.hash(0..all))];
        let_middle_go(&mut self.text);
        self.scan = Scan { at: self.text.len(), state: State::Quoted };
        self.signs = Signs::CUT_TEXT;
    }

    /// What is left from that line on.
    fn from(mut self, line: usize) -> OpenRecord {
        let at = self.lines[line].0;
        self.lines.drain(..line);
        self.lines.iter_mut().for_each(|(start, _, _)| *start -= at);
        OpenRecord { text: self.text.split_off(at), lines: self.lines, scan: Scan::default(), signs: Signs::default() }
    }
}

impl Csvlog {
    /// Takes one physical line.
    fn line(&mut self, text: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let Some(mut open) = self.open.take() else {
            if text.trim_ascii().is_empty() {
                return Ok(());
            }
            return self.one_line(text, raw, emit).unwrap_or_else(|| self.begin(text, raw, emit));
        };
        // Lines of one message follow each other.
        if open.lines.last().is_none_or(|(_, position, _)| *position != raw.position) {
            emit(raw.ignored(IgnoredReason::Continuation));
        }
        open.text.push('\n');
        open.lines.push((open.text.len(), raw.position, raw.hash));
        open.text.push_str(text);
        self.go_on(open, emit);
        Ok(())
    }

    /// A line that stands alone is read where it lies.
    fn begin(&mut self, text: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        match scan(text, Scan::default()) {
            Some(scan) if scan.state == State::Quoted => {
                if Layout::of(text).is_none() {
                    return Err(form("neither a record nor its continuation"));
                }
                self.open =
                    Some(OpenRecord { text: text.to_owned(), lines: vec![(0, raw.position, raw.hash)], scan, signs: Signs::default() });
                Ok(())
            }
            Some(_) => self.record(text, Signs::default(), (raw.position, raw.hash), emit),
            None => Err(form("not CSV")),
        }
    }

    /// Looks for the end of the open record. One that never ends swallows those after it until a quote stands where none can: then
    /// the last line that begins a record is begun again.
    fn go_on(&mut self, mut open: OpenRecord, emit: &mut Emit<'_>) {
        loop {
            match scan(&open.text, open.scan) {
                Some(scan) if scan.state == State::Quoted => {
                    if open.lines.len() > MOST_LINES {
                        open.lose(open.lines.len(), DecodeError::TooLong { limit: LONGEST_RECORD }, emit);
                        return;
                    }
                    open.scan = scan;
                    if open.text.len() > LONGEST_RECORD {
                        open.let_middle_go();
                    }
                    self.open = Some(open);
                    return;
                }
                Some(_) => {
                    let all = open.lines.len();
                    let (position, hash) = (open.lines[0].1, open.hash(0..all));
                    if let Err(error) = self.record(&open.text, open.signs, (position, hash), emit) {
                        open.lose(all, error, emit);
                    }
                    return;
                }
                None => {
                    let again = (1..open.lines.len()).rev().find(|line| Layout::of(&open.text[open.lines[*line].0..]).is_some());
                    open.lose(again.unwrap_or(open.lines.len()), form("cut off"), emit);
                    let Some(line) = again else { return };
                    open = open.from(line);
                }
            }
        }
    }

    fn record(
        &mut self,
        text: &str,
        signs: Signs,
        (position, hash): (Position, RecordHash),
        emit: &mut Emit<'_>,
    ) -> Result<(), DecodeError> {
        let (mut line, numbered) = columns::line(text, &mut self.clock, position, hash)?;
        (line.signs, line.cut) = (signs, signs.has(Signs::CUT_TEXT));
        if numbered {
            emit(line.numbered());
        }
        self.sessions.take(&line, emit);
        Ok(())
    }

    /// Takes a record that stands on one line whatever it holds, if it is one.
    fn one_line(&mut self, text: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Option<Result<(), DecodeError>> {
        let line = match text.as_bytes().first() {
            Some(b'{') => csvlog_json::line(text, &mut self.clock, raw.position, raw.hash),
            Some(b'"') if audit_file::is_quoted(text) => {
                let told = audit_file::quoted_columns(text).and_then(audit_file::told)?;
                audit_file::line(told, &mut self.clock, raw.position, raw.hash)
            }
            _ => return None,
        };
        // A collector may pass on one of an operator's loggers alone, so numbers that are missing tell nothing.
        Some(line.map(|line| self.sessions.take(&line, emit)))
    }
}

impl Decoder for Csvlog {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = json::text(raw)?;
        let mut result = Ok(());
        for line in text.split('\n') {
            result = result.and(self.line(line, raw, emit));
        }
        result
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        if let Some(open) = self.open.take() {
            open.lose(open.lines.len(), form("cut off"), emit);
        }
        self.sessions.flush(emit);
    }
}

fn recognises(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some(first) = text.lines().next() else { return false };
    match first.as_bytes().first() {
        Some(b'{') => csvlog_json::recognises(first),
        Some(b'"') => audit_file::is_quoted(first),
        // The time decides for most lines of other formats.
        _ => Layout::of(first).is_some_and(|layout| layout.fits(&csv::columns(first))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::access::Operation;
    use crate::model::record::{EventOutcome, Record};

    const HEAD: &str = "2026-11-24 00:59:42.856 CST,\"li_na\",\"crm\",7,\"10.0.0.1:35490\",6b0470fd.9e0";

    fn line(number: u64, severity: &str, message: &str, rest: &str) -> String {
        let message = message.replace('"', "\"\"");
        format!(
            "{HEAD},{number},\"SELECT\",2026-11-24 00:59:41 CST,3/1,0,{severity},00000,\"{message}\",{rest},\"app\",\"client backend\",,0"
        )
    }

    fn audit(number: u64, statement: &str) -> String {
        line(number, "日志", &format!("AUDIT: SESSION,{number},1,READ,SELECT,,,\"{statement}\",<none>,3"), ",,,,,,,")
    }

    fn decode(text: &str) -> (Vec<Record<'static>>, Vec<(u64, String)>) {
        testing::decode(&CSVLOG, &text.lines().collect::<Vec<_>>())
    }

    #[test]
    fn a_record_over_lines_has_the_place_of_its_first_and_every_field() {
        let text = format!("{}\n{}", audit(1, "SELECT a\n\n\tFROM \"\"t\"\" -- x,\ny"), audit(2, "SELECT 2"));
        let (records, dead) = decode(&text);
        assert_eq!(dead, []);
        assert_eq!(records.iter().map(|r| r.position.0).collect::<Vec<_>>(), [1, 5]);
        let record = &records[0];
        assert_eq!(record.statement.as_deref(), Some("SELECT a\n\n\tFROM \"t\" -- x,\ny"));
        assert_eq!(record.time.to_string(), "2026-11-23T16:59:42.856Z", "the session's start tells which CST it is");
        assert_eq!((record.account.as_deref(), record.system.as_deref()), (Some("li_na"), Some("crm")));
        assert_eq!((record.client.ip.as_deref(), record.client.app.as_deref()), (Some("10.0.0.1"), Some("app")));
        assert_eq!((record.session.as_deref(), record.id.as_deref()), (Some("6b0470fd.9e0"), Some("6b0470fd.9e0/1")));
        assert_eq!((record.rows, record.operation, record.outcome), (Some(3), Operation::Read, EventOutcome::Success));
        assert_ne!(record.hash, records[1].hash.and(records[1].hash));
    }

    #[test]
    fn older_versions_have_fewer_columns() {
        let whole = audit(1, "SELECT 1");
        for end in [",\"client backend\",,0", ",,0"] {
            assert_eq!(decode(whole.strip_suffix(end).expect("ends so")).0.len(), 1, "{end}");
        }
        assert_eq!(decode(whole.strip_suffix(",\"app\",\"client backend\",,0").expect("ends so")).1.len(), 1);
    }

    #[test]
    fn an_error_has_its_state_and_its_place() {
        let error = line(1, "错误", "relation \"t\" does not exist", ",,,,,\"SELECT * FROM t\",15,").replace(",00000,", ",42P01,");
        let (records, dead) = decode(&error);
        assert_eq!(dead, []);
        assert_eq!((records[0].outcome, records[0].statement.as_deref()), (EventOutcome::Refused, Some("SELECT * FROM t")));
    }

    #[test]
    fn a_record_that_never_ends_is_lost_and_those_after_it_are_read() {
        let cut = audit(1, "SELECT a\nFROM x");
        let cut = cut.rsplit_once("x\"").expect("has it").0;
        let (records, dead) = decode(&format!("{cut}\n{}\n{}", audit(2, "SELECT 2"), audit(3, "SELECT 3\n")));
        assert_eq!(
            records.iter().map(|r| (r.position.0, r.statement.as_deref())).collect::<Vec<_>>(),
            [(3, Some("SELECT 2")), (4, Some("SELECT 3\n"))]
        );
        assert_eq!(dead.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1]);
        assert!(dead[0].1.contains("cut off"), "{dead:?}");
        assert_eq!(decode(cut).1.len(), 1, "at the end of the log too");
    }

    #[test]
    fn a_statement_that_looks_like_the_log_stays_a_statement() {
        let inner = format!("SELECT 1\n{}", audit(9, "SELECT * FROM secrets").replace('"', "\"\""));
        let (records, dead) = decode(&audit(1, &inner));
        assert_eq!((records.len(), dead.len()), (1, 0));
        assert!(records[0].statement.as_deref().is_some_and(|text| text.contains("secrets")));
    }

    #[test]
    fn rubbish_is_refused_line_by_line() {
        let (records, dead) = decode(&format!("rubbish\n\"\n,,\n{}\nend\"", audit(1, "SELECT 1")));
        assert_eq!((records.len(), dead.iter().map(|(line, _)| *line).collect::<Vec<_>>()), (1, vec![1, 2, 3, 5]));
    }

    #[test]
    fn its_own_records_are_recognised_and_others_are_not() {
        assert!(recognises(audit(1, "SELECT 1").as_bytes()));
        assert!(recognises(audit(1, "SELECT 1\n").as_bytes()));
        for other in [
            "",
            "2026-11-23 16:59:41.856 UTC [1] LOG:  x",
            "20261123 16:59:41,a,b,7,c,d,e",
            "2026-11-23 16:59:41.856 UTC,a,b,c,d,e,f",
            "{}",
        ] {
            assert!(!recognises(other.as_bytes()), "{other}");
        }
    }
}
