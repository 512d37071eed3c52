//! Messages that the server has cut for syslog: `[5-1] …`, `[5-2] …`.
//!
//! The server cuts at the ends of lines, and lines at 900 bytes, between words where it can. A line of a message begins with a tab
//! or, if it is the detail or the statement, with the prefix; anything else goes on with the line before. The parts of several
//! processes may stand among each other.

use crate::decode::field::let_middle_go;
use crate::decode::postgresql::reader::{Reader, Style};
use crate::decode::postgresql::words::Label;
use crate::decode::{DecodeError, Decoded, Emit, Envelope, IgnoredReason, LONGEST_RECORD, LostRecord, Raw};
use crate::model::access::{Position, RecordHash};
use crate::model::time::{Span, Timestamp};

/// Most messages that wait for further parts.
const MOST_OPEN: usize = 64;

/// How long a message waits for further parts while the log goes on.
const PARTS: Span = Span::seconds(5);

/// What stands before a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Numbered<'t> {
    /// Of the message; not there with `syslog_sequence_numbers = off`.
    pub sequence: Option<u64>,
    /// Of the part; not there where the message was not cut.
    pub part: Option<u64>,
    pub text: &'t str,
}

/// Reads `[5-2] ` and `[5] `. The latter numbers messages or, where those are not numbered, parts. Heroku's router writes which database
/// it is before that, and a space more behind it: `[DATABASE] [5-2]  `.
pub(super) fn numbered(text: &str) -> Option<Numbered<'_>> {
    if let Some((name, rest)) = text.strip_prefix('[').and_then(|text| text.split_once("] "))
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && rest.starts_with('[')
    {
        return numbered(rest).map(|found| Numbered { text: found.text.strip_prefix(' ').unwrap_or(found.text), ..found });
    }
    // `[7][client backend]` is a prefix.
    let (number, rest) = text.strip_prefix('[')?.split_once(']').filter(|(_, rest)| !rest.starts_with('['))?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let digits = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    match number.split_once('-') {
        Some((sequence, part)) => Some(Numbered { sequence: Some(digits(sequence)?), part: Some(digits(part)?), text: rest }),
        None => Some(Numbered { sequence: None, part: Some(digits(number)?), text: rest }),
    }
}

/// A message that is put together.
struct OpenMessage {
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
    /// It was longer than a record may be, and the middle of it was let go.
    cut: bool,
}

/// The messages of one log that wait for further parts; the one that was last gone on with is last.
#[derive(Default)]
pub(super) struct Parts {
    open: Vec<OpenMessage>,
    /// The names under which the server logs: `syslog_ident`. Lines of other programs stand in the same log.
    idents: Vec<String>,
}

/// Most names of servers in one log.
const MOST_IDENTS: usize = 16;

impl Parts {
    /// Takes a record that came through syslog.
    pub fn take(&mut self, text: &str, raw: Raw<'_>, reader: &mut Reader, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let numbered = numbered(text).unwrap_or(Numbered { sequence: None, part: None, text });
        let key = format!("{}/{}", raw.envelope.host.unwrap_or(""), raw.envelope.pid.unwrap_or(""));
        // A server writes the parts of a message together: what waited while the log went on has all of them.
        while let Some(now) = raw.envelope.time
            && self.open.first().is_some_and(|oldest| oldest.key != key && oldest.time.is_some_and(|time| time + PARTS < now))
        {
            let oldest = self.open.remove(0);
            finish(oldest, reader, emit);
        }
        let known = self.open.iter().position(|open| open.key == key);
        let label = reader.label(numbered.text);
        if label.is_none() && known.is_none() && !self.is_server(raw.envelope.program) {
            emit(raw.ignored(IgnoredReason::OtherEvent));
            return Ok(());
        }
        if let (Some(_), Some(program)) = (label, raw.envelope.program) {
            self.keep_ident(program);
        }
        let begins = match numbered {
            Numbered { sequence: Some(_), part: Some(part), .. } => part == 1,
            // A number alone: the label tells whether it is that of a message.
            _ => matches!(label, Some(Label::Message(_))) || (known.is_none() && numbered.part.is_none()),
        };
        if begins {
            let before = known.or_else(|| (self.open.len() >= MOST_OPEN).then_some(0)).map(|at| self.open.remove(at));
            if let Some(before) = before {
                finish(before, reader, emit);
            }
            self.open.push(OpenMessage::new(key, &numbered, raw));
            return Ok(());
        }
        let Some(at) = known else {
            // Its beginning is not there: the log was begun in its midst.
            return Err(torn());
        };
        let mut open = self.open.remove(at);
        let labelled = matches!(label, Some(label) if !matches!(label, Label::Message(_)));
        let follows = match (numbered.sequence, numbered.part) {
            (Some(sequence), Some(part)) => open.sequence == Some(sequence) && part == open.part + 1,
            (None, Some(part)) => open.sequence.is_some() || part == open.part + 1,
            _ => true,
        };
        open.torn |= !follows;
        open.part = numbered.part.unwrap_or(open.part);
        open.push(numbered.text, labelled || numbered.text.is_empty() || numbered.part.is_none(), raw);
        self.open.push(open);
        emit(raw.ignored(IgnoredReason::Continuation));
        Ok(())
    }

    /// Whether a program is a server of PostgreSQL, or may be one.
    fn is_server(&self, program: Option<&str>) -> bool {
        program.is_none_or(|program| program.starts_with("postgres") || self.idents.iter().any(|known| known == program))
    }

    fn keep_ident(&mut self, program: &str) {
        if self.idents.len() < MOST_IDENTS && !self.idents.iter().any(|known| known == program) {
            self.idents.push(program.to_owned());
        }
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

impl OpenMessage {
    fn new(key: String, numbered: &Numbered<'_>, raw: Raw<'_>) -> OpenMessage {
        let own = |text: Option<&str>| text.map(str::to_owned);
        OpenMessage {
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
            cut: raw.cut,
        }
    }

    fn push(&mut self, text: &str, line: bool, raw: Raw<'_>) {
        self.hash = self.hash.and(raw.hash);
        self.length = self.length.saturating_add(raw.bytes.len());
        // The line end was dropped; the tab behind it was not, nor was a space at which a line was cut.
        if line || text.starts_with('\t') {
            self.text.push('\n');
        }
        self.text.push_str(text);
        if self.text.len() > LONGEST_RECORD {
            let_middle_go(&mut self.text);
            self.cut = true;
        }
    }
}

fn finish(open: OpenMessage, reader: &mut Reader, emit: &mut Emit<'_>) {
    let (position, hash, length) = (open.position, open.hash, open.length as u64);
    let lost = |error| Decoded::Lost(LostRecord { position, hash, length, error, ends: LostRecord::ends(&[&open.text]) });
    let envelope = Envelope { time: open.time, host: open.host.as_deref(), program: None, pid: open.pid.as_deref() };
    let raw = Raw { bytes: open.text.as_bytes(), position: open.position, hash: open.hash, envelope, cut: open.cut };
    match reader.take(&open.text, raw, Style::Message, emit) {
        Ok(()) if open.torn => reader.tear(open.position),
        Ok(()) => {}
        Err(error) => emit(lost(error)),
    }
}

fn torn() -> DecodeError {
    DecodeError::Form { expected: "a message of PostgreSQL in syslog", what: "a part of it is missing".to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::decode::postgresql::STDERR;
    use crate::decode::testing;
    use crate::model::record::{EventOutcome, Record};

    fn decode(lines: &[&str]) -> (Vec<Record<'static>>, Vec<(u64, String)>) {
        testing::decode(&STDERR, lines)
    }

    fn text(record: &Record<'_>) -> String {
        record.statement.as_deref().expect("has a text").to_owned()
    }

    #[test]
    fn a_message_that_lost_a_part_on_the_way_still_says_who_and_when() {
        let header = "<134>Nov 23 16:59:41 db1 postgres[7]: ";
        let (records, dead) = decode(&[
            &format!("{header}[5-1] 2026-11-23 16:59:41 UTC li@crm LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,crm.customers,\"SELECT name"),
            &format!("{header}[5-3] #011FROM t\",<none>,9"),
        ]);
        assert_eq!((records.len(), dead.len()), (1, 0), "{dead:?}");
        let record = &records[0];
        assert!(record.account.as_deref() == Some("li") && record.doubts.has(crate::model::doubts::Doubts::TEXT), "{record:?}");
        assert!(record.signs.is_empty(), "networks lose what nobody took");
    }

    #[test]
    fn parts_of_several_processes_are_put_together() {
        let (records, dead) = decode(&[
            "<87>Nov 24 16:01:57 runuser: pam_limits(runuser:session): not permitted; uid=0",
            "<134>Nov 24 16:01:57 postgres[7]: [5-1] 2026-11-24 16:01:57.000 UTC [7] a@b LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,\"SELECT x,",
            "<134>Nov 24 16:01:57 postgres[8]: [9-1] 2026-11-24 16:01:57.001 UTC [8] c@b LOG:  statement: SELECT 2",
            "<134>Nov 24 16:01:57 postgres[7]: [5-2] \t",
            "<134>Nov 24 16:01:57 postgres[7]: [5-3] #011  y_long",
            "<134>Nov 24 16:01:57 postgres[7]: [5-4]  AS z_cut",
            "<134>Nov 24 16:01:57 postgres[7]: [5-5] _within FROM t\",<none>,3",
            "<134>Nov 24 16:01:57 sshd[9]: Accepted publickey for root",
        ]);
        assert_eq!(dead, []);
        assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["SELECT x,\n\n  y_long AS z_cut_within FROM t", "SELECT 2"]);
        assert_eq!((records[0].position.0, records[0].rows, records[0].account.as_deref()), (2, Some(3), Some("a")));
    }

    #[test]
    fn an_empty_prefix_leaves_time_and_process_to_syslog() {
        let (records, dead) = decode(&[
            "<134>Nov 24 16:01:57 db1 postgres[7]: [1-1] LOG:  connection authorized: user=a database=b application_name=psql",
            "<131>Nov 24 16:01:58 db1 postgres[7]: [2-1] ERROR:  relation \"t\" does not exist at character 15",
            "<131>Nov 24 16:01:58 db1 postgres[7]: [2-2] STATEMENT:  SELECT * FROM t",
            "<134>Nov 24 16:01:59 db2 postgres[7]: [1-1] LOG:  statement: SELECT 1",
        ]);
        assert_eq!(dead, []);
        assert_eq!(records.iter().map(|r| r.account.as_deref()).collect::<Vec<_>>(), [Some("a"), Some("a"), None], "db2 is another server");
        assert_eq!((records[1].outcome, text(&records[1])), (EventOutcome::Refused, "SELECT * FROM t".to_owned()));
        assert_eq!(records[1].time.to_string(), "2026-11-24T16:01:58Z");
        assert_eq!(records[1].client.app.as_deref(), Some("psql"));
    }

    #[test]
    fn messages_without_numbers_and_uncut_ones_are_read() {
        let (records, dead) = decode(&[
            "<134>Nov 24 16:01:57 pg15[7]: [1] LOG:  statement: SELECT 1,",
            "<134>Nov 24 16:01:57 pg15[7]: [2] \t2",
            "<134>Nov 24 16:01:57 pg15[7]: LOG:  statement: SELECT 3",
            "<134>Nov 24 16:01:57 pg15[8]: [12] LOG:  statement: SELECT 4,#012#0115",
            "<134>Nov 24 16:01:57 pg15[8]: [13] ERROR:  division by zero#012STATEMENT:  SELECT 1/0",
            "<131>Nov 24 16:01:57 pg15[9]: ERROR:  division by zero",
            "STATEMENT:  SELECT",
            "\t2/0",
        ]);
        assert_eq!(dead, []);
        let mut texts = records.iter().map(text).collect::<Vec<_>>();
        texts.sort();
        assert_eq!(texts, ["SELECT\n2/0", "SELECT 1,\n2", "SELECT 1/0", "SELECT 3", "SELECT 4,\n5"]);
    }

    #[test]
    fn of_a_message_that_lost_a_part_the_rest_counts() {
        let (records, dead) = decode(&[
            "<134>Nov 24 16:01:57 postgres[6]: [4-2] the end",
            "<134>Nov 24 16:01:57 postgres[7]: [5-1] LOG:  statement: SELECT 1",
            "<134>Nov 24 16:01:57 postgres[7]: [5-3] \tFROM t",
            "<134>Nov 24 16:01:57 postgres[7]: [6-1] LOG:  statement: SELECT 2",
            "<134>Nov 24 16:01:57 postgres[7]: [7-1] rubbish",
        ]);
        assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["SELECT 1\nFROM t", "SELECT 2"]);
        let mut lines: Vec<u64> = dead.iter().map(|(line, _)| *line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [1, 5]);
    }
}
