//! `postgresql-stderr`: PostgreSQL's plain log: `log_destination = 'stderr'` or `'syslog'`, a container's output, or a cloud provider's export.
//!
//! **Switch on**, in `postgresql.conf`:
//!
//! ```ini
//! log_destination = 'stderr'                          # or 'syslog'
//! log_line_prefix = '%m [%p] %c %l %q%u@%d %r %e '    # any works that has a time, process and login
//! log_connections = on
//! shared_preload_libraries = 'pgaudit'                # or 'auto_explain', or both
//! pgaudit.log = 'all'
//! pgaudit.log_rows = on
//! pgaudit.log_parameter = on
//! ```
//!
//! What a line tells beside its message stands in `log_line_prefix`. It is found out from the log itself, or taken from the configuration:
//!
//! ```toml
//! [format.office_pg]
//! kind = "postgresql-stderr"
//! log_line_prefix = "%m [%p] %c %q%u@%d %r "
//! ```
//!
//! `%a` is better left out: whoever connects chooses that name, and may write the head of another line into it. Every reading of such a line
//! counts, and it is a sign of tampering; `check` refuses a configured prefix that has it.
//!
//! **Tells**: with `%c`, `%l`, `%r` and `%e` as much as the csvlog; the program, and without `%r` the address, are known from the
//! lines of `log_connections`. Without `%e` only the commonest refusals are told from failures. Rows and tables only where pgaudit or
//! auto_explain write them. **Does not tell**: which person, other than by keys and bind values.
//!
//! **Counted**: all lines of one statement count once. Syslog's parts `[5-1]`, `[5-2]` are put together.
//!
//! **Refused**: a line before the first that the prefix fits; a part of syslog whose beginning is missing. Of one whose middle is, the rest counts.
//!
//! **Example**:
//!
//! ```text
//! 2026-03-02 09:14:05.990 UTC [77] li_na@crm LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,SELECT name FROM crm.customers WHERE id = 42,<none>,1
//! ```

use crate::decode::postgresql::line::Severity;
use crate::decode::postgresql::prefixes;
use crate::decode::postgresql::reader::{Reader, Style};
use crate::decode::postgresql::syslog::{self, Parts};
use crate::decode::postgresql::words::{self, Label};
use crate::decode::{DecodeError, Decoder, Emit, Format, IgnoredReason, Raw, json};

/// `postgresql-stderr`.
pub const STDERR: Format = Format {
    name: "postgresql-stderr",
    recognised_by: "a prefix with a time, or syslog's `[5-1]`, and behind it a severity with a colon and two spaces (`LOG:  `)",
    stateless: false,
    decoder: |settings| Box::new(Stderr { reader: Reader::new(settings), parts: Parts::default() }),
    recognises,
};

struct Stderr {
    reader: Reader,
    parts: Parts,
}

impl Decoder for Stderr {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = json::text(raw)?;
        if raw.envelope.program.is_some() || raw.envelope.pid.is_some() {
            return self.parts.take(text, raw, &mut self.reader, emit);
        }
        if self.parts.go_on(text, raw, &mut self.reader) {
            emit(raw.ignored(IgnoredReason::Continuation));
            return Ok(());
        }
        self.reader.take(text, raw, Style::Log, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.parts.flush(&mut self.reader, emit);
        self.reader.flush(emit);
    }
}

fn recognises(bytes: &[u8]) -> bool {
    // Cheap for lines of other formats.
    if memchr::memmem::find(bytes, b": ").is_none() {
        return false;
    }
    let Some(line) = std::str::from_utf8(bytes).ok().and_then(|text| text.lines().next()) else { return false };
    if let Some(numbered) = syslog::numbered(line) {
        return prefixes::recognises(numbered.text, true);
    }
    let bare = words::exactly_at(line)
        .is_some_and(|(label, _)| matches!(label, Label::Message(Severity::Log | Severity::Error | Severity::Fatal)));
    bare || prefixes::recognises(line, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Settings, testing};
    use crate::model::access::Operation;
    use crate::model::record::{EventOutcome, Record};
    use crate::model::signs::Signs;
    use jiff::tz::TimeZone;

    fn decode(lines: &[&str]) -> (Vec<Record<'static>>, Vec<(u64, String)>) {
        testing::decode(&STDERR, lines)
    }

    fn well(lines: &[&str]) -> Vec<Record<'static>> {
        let (records, dead) = decode(lines);
        assert_eq!(dead, []);
        records
    }

    fn text(record: &Record<'_>) -> String {
        record.statement.as_deref().expect("has a text").to_owned()
    }

    const AUDIT: &str = "2026-11-23 16:59:41.856 UTC [7] li_na@crm LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,";

    #[test]
    fn a_message_over_lines_has_every_field() {
        let records = well(&[
            "2026-11-23 16:59:40.000 UTC [7] [unknown]@[unknown] LOG:  connection received: host=10.0.0.1 port=35490",
            "2026-11-23 16:59:40.001 UTC [7] li_na@crm LOG:  connection authorized: user=li_na database=crm application_name=DBeaver 24",
            &format!("{AUDIT}\"SELECT a"),
            "\t",
            "\t\tFROM t\",<none>,5",
            "2026-11-23 16:59:42.000 UTC [7] li_na@crm LOG:  disconnection: session time: 0:00:00.007 user=li_na",
            "2026-11-23 16:59:43.000 UTC [7] LOG:  statement: SELECT 1",
        ]);
        assert_eq!(records.iter().map(|r| r.operation).collect::<Vec<_>>(), [Operation::Login, Operation::Read, Operation::Read]);
        let record = &records[1];
        assert_eq!((record.position.0, text(record).as_str(), record.rows), (3, "SELECT a\n\n\tFROM t", Some(5)));
        assert_eq!((record.account.as_deref(), record.system.as_deref()), (Some("li_na"), Some("crm")));
        assert_eq!((record.client.ip.as_deref(), record.client.app.as_deref()), (Some("10.0.0.1"), Some("DBeaver 24")));
        assert_eq!(record.time.to_string(), "2026-11-23T16:59:41.856Z");
        assert_eq!(record.session, records[0].session);
        assert_ne!(record.session, records[2].session, "the number of the process was used again");
        assert_eq!(records[2].account, None);
    }

    #[test]
    fn parts_of_interleaved_sessions_find_their_message() {
        let records = well(&[
            "2026-11-23 16:59:41.856 UTC [7] li_na@crm ERROR:  division by zero",
            "2026-11-23 16:59:41.856 UTC [8] other@crm ERROR:  relation \"t\" does not exist at character 15",
            "2026-11-23 16:59:41.856 UTC [7] li_na@crm STATEMENT:  SELECT 1/x",
            "2026-11-23 16:59:41.856 UTC [8] other@crm HINT:  none",
            "2026-11-23 16:59:41.856 UTC [8] other@crm STATEMENT:  SELECT * FROM",
            "\tt",
        ]);
        let seen: Vec<_> = records.iter().map(|r| (r.account.as_deref(), text(r), r.outcome)).collect();
        assert_eq!(
            seen,
            [
                (Some("li_na"), "SELECT 1/x".to_owned(), EventOutcome::Interrupted),
                (Some("other"), "SELECT * FROM\nt".to_owned(), EventOutcome::Refused)
            ]
        );
    }

    #[test]
    fn an_error_within_a_function_is_no_refusal() {
        let records = well(&[
            "2026-11-23 16:59:41.856 UTC [7] li_na@crm ERROR:  permission denied for table t",
            "2026-11-23 16:59:41.856 UTC [7] li_na@crm CONTEXT:  PL/pgSQL function f() line 3 at RAISE",
            "2026-11-23 16:59:41.856 UTC [7] li_na@crm STATEMENT:  SELECT f()",
        ]);
        assert_eq!(records[0].outcome, EventOutcome::Interrupted);
    }

    #[test]
    fn bind_values_stand_in_the_detail() {
        for (log, execute, detail) in [
            ("LOG", "execute <unnamed>: SELECT $1", "DETAIL:  parameters: $1 = 'x'"),
            ("日志", "执行 <unnamed>: SELECT $1", "详细信息:  参数: $1 = 'x'"),
        ] {
            let head = "2026-11-23 16:59:41 +08 [7] li_na@crm";
            let records = well(&[&format!("{head} {log}:  {execute}"), &format!("{head} {detail}")]);
            assert_eq!((records[0].binds.clone(), text(&records[0])), (vec![Some("x".into())], "SELECT $1".to_owned()));
        }
    }

    #[test]
    fn states_are_in_the_prefix_or_before_the_message() {
        let records = well(&[
            "2026-11-23 16:59:41 UTC:10.0.0.1(5):li_na@crm:[7]:psql:42501ERROR:  42501: whatever",
            "2026-11-23 16:59:41 UTC:10.0.0.1(5):li_na@crm:[7]:psql:42501LOCATION:  aclcheck_error, aclchk.c:3843",
            "2026-11-23 16:59:41 UTC:10.0.0.1(5):li_na@crm:[7]:psql:42501STATEMENT:  SELECT 1",
        ]);
        assert_eq!((records[0].client.app.as_deref(), text(&records[0])), (Some("psql"), "SELECT 1".to_owned()));
    }

    #[test]
    fn a_zone_of_several_meanings_waits_until_a_session_tells() {
        let lines = [
            "2026-11-24 00:59:41.000 CST [6] LOG:  statement: SELECT 0",
            "2026-11-24 00:59:41.988 CST [7] [unknown]@[unknown] sess=6b0470fd.7 line=1 LOG:  connection received: host=[local]",
            "2026-11-24 00:59:42.000 CST [7] li_na@crm sess=6b0470fd.7 line=2 LOG:  statement: SELECT 1",
        ];
        let records = well(&lines);
        let times: Vec<_> = records.iter().map(|r| r.time.to_string()).collect();
        assert_eq!(times, ["2026-11-23T16:59:41Z", "2026-11-23T16:59:42Z"]);
        assert_eq!(decode(&lines[..1]).1.len(), 1, "nothing has told");
        let settings = || Settings { zone: TimeZone::get("America/Chicago").ok(), ..Settings::default() };
        assert_eq!(testing::decode_with(settings(), &STDERR, &lines[..1]).0[0].time.to_string(), "2026-11-24T06:59:41Z");
    }

    #[test]
    fn a_header_around_the_line_is_no_part_of_its_prefix() {
        let line = "2026-11-23 16:59:41 UTC:10.0.0.1(5):li_na@crm:[7]:LOG:  statement: SELECT";
        for header in [
            "2026-11-23T16:59:41.123456789Z stderr F ",
            "Nov 23 16:59:41 db1 postgres[7]: ",
            "2026-11-23T16:59:41+00:00 db1 postgres[7]: ",
            "100 <134>1 2026-11-23T16:59:41Z db1 postgres 7 - - ",
        ] {
            let lines = [format!("{header}{line} 1,"), format!("{header}\t2"), format!("{header}{line} 3")];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let records = well(&lines);
            assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["SELECT 1,\n2", "SELECT 3"], "{header}");
            assert!(records.iter().all(|record| record.account.as_deref() == Some("li_na")), "{header}");
        }
    }

    #[test]
    fn parts_for_syslog_are_put_together_behind_shippers_too() {
        let parts = [
            (7, "[5-1] LOG:  connection authorized: user=li_na database=crm"),
            (7, "[6-1] LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,\"SELECT a"),
            (8, "[6-1] LOG:  statement: SELECT 2"),
            (7, "[6-2] \\tFROM t\",<none>,5"),
        ];
        let at = "\"__REALTIME_TIMESTAMP\":\"1795453181856000\",\"_HOSTNAME\":\"db1\",\"SYSLOG_IDENTIFIER\":\"postgres\"";
        let lines = parts.map(|(pid, text)| format!("{{{at},\"_PID\":\"{pid}\",\"MESSAGE\":\"{}\"}}", text.replace('"', "\\\"")));
        let records = well(&lines.each_ref().map(String::as_str));
        assert_eq!((text(&records[1]).as_str(), records[1].rows), ("SELECT a\nFROM t", Some(5)));
        assert_eq!((records[1].account.as_deref(), records[1].time.to_string().as_str()), (Some("li_na"), "2026-11-23T16:59:41.856Z"));
    }

    #[test]
    fn a_log_may_change_its_prefix() {
        let records = well(&[
            "2026-11-23 16:59:41.856 UTC [7] li_na@crm LOG:  statement: SELECT 1",
            "2026-11-23 16:59:41 UTC:10.0.0.1(5):li_na@crm:[8]:LOG:  statement: SELECT 2",
            "user=li_na|db=crm|2026-11-23 16:59:41 UTC|pid=9| LOG:  statement: SELECT 3",
        ]);
        assert_eq!(records.len(), 3);
        assert!(records.iter().all(|record| record.account.as_deref() == Some("li_na")));
    }

    #[test]
    fn a_line_that_was_cut_within_its_quotes_keeps_its_table() {
        let cut =
            "2026-11-23 16:59:41.856 UTC [7] li@crm LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,crm.customers,\"SELECT name FROM crm.cust";
        let records = well(&[cut]);
        assert!(records[0].doubts.has(crate::model::doubts::Doubts::TEXT) && records[0].rows.is_none());
        let named = |record: &Record<'_>| record.objects.iter().chain(&record.base_reads).any(|object| object.table == "crm.customers");
        assert!(named(&records[0]), "{:?}", records[0]);
    }

    /// Account, whether the line carries the sign, and text, of every record with a text.
    fn forged(prefix: Option<&str>, lines: &[&str]) -> Vec<(String, bool, String)> {
        let settings = Settings { log_line_prefix: prefix.map(str::to_owned), ..Settings::default() };
        let (records, _) = testing::decode_with(settings, &STDERR, lines);
        let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let told = |record: &Record<'_>| {
            (own(record.account.as_deref()), record.signs.has(Signs::FORGED_HEADER), own(record.statement.as_deref()))
        };
        records.iter().map(told).filter(|(_, _, text)| !text.is_empty()).collect()
    }

    #[test]
    fn names_that_hold_the_head_of_a_line_are_a_sign() {
        let (with_app, with_client) = (Some("%m [%p] %q%u@%d app=%a "), Some("%m [%p] user=%u,db=%d,app=%a,client=%h "));
        let (at, text) = ("2026-11-23 16:59:41.856 UTC [7]", "statement: SELECT name FROM t");
        for (prefix, line) in [
            (with_app, format!("{at} li@crm app=x LOG:  checkpoint starting: time LOG:  {text}")),
            (None, format!("{at} li@crm app=x LOG:  checkpoint starting: time LOG:  {text}")),
            (with_client, format!("{at} user=li,db=crm,app=x,client=[local] LOG:  x,client=10.0.0.5 LOG:  {text}")),
            (with_client, format!("{at} user=li,db=crm,app=psql,client=9.9.9.9,client=10.0.0.5 LOG:  {text}")),
        ] {
            let seen = forged(prefix, &[&line]);
            assert!(seen.contains(&("li".to_owned(), true, "SELECT name FROM t".to_owned())), "{line}: {seen:?}");
        }
        let refused = format!("{at} wang@crm LOG:  {text}@postgres FATAL:  password authentication failed for user \"x\"");
        let seen = forged(Some("%m [%p] %q%u@%d "), &[&refused]);
        assert!(!seen.is_empty() && seen.iter().all(|(account, signed, _)| account.starts_with("wang@crm LOG:") && *signed), "{seen:?}");
    }

    #[test]
    fn messages_that_speak_of_errors_are_no_names() {
        for (prefix, head) in [
            ("%m [%p] %q%u@%d app=%a ", "li@crm app=DBeaver 24 - Main <crm> "),
            ("%m [%p] user=%u,db=%d,app=%a,client=%h ", "user=li,db=crm,app=a, b; c,client=10.0.0.5 "),
            ("%m [%p] %q%u@%d ", "li@crm "),
        ] {
            let line =
                format!("2026-11-23 16:59:41.856 UTC [7] {head}LOG:  statement: SELECT * FROM app.messages WHERE text LIKE '% ERROR:  %'");
            let seen = forged(Some(prefix), &[&line]);
            assert!(seen.iter().all(|(account, signed, _)| account == "li" && !signed), "{seen:?}");
        }
    }

    #[test]
    fn a_given_prefix_is_read_as_it_stands() {
        let settings = Settings { log_line_prefix: Some("%t;%u;%d;%a; ".to_owned()), ..Settings::default() };
        let line = "2026-11-23 16:59:41 UTC;li na;crm;a LOG:  b; LOG:  statement: SELECT 1";
        let (records, dead) = testing::decode_with(settings, &STDERR, &[line, "2026-11-23 16:59:41.856 UTC [7] LOG:  x"]);
        assert_eq!((records.len(), dead.len()), (1, 1));
        assert_eq!((records[0].account.as_deref(), records[0].client.app.as_deref()), (Some("li na"), Some("a LOG:  b")));
    }

    #[test]
    fn what_continues_nothing_and_what_nobody_can_read_are_dead() {
        let (records, dead) = decode(&["\tx", "rubbish", "", "2026-11-23 16:59:41.856 UTC [7] STATEMENT:  x", AUDIT, "LOG:  no time"]);
        assert_eq!(records.len(), 1);
        assert_eq!(dead.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 4, 6]);
    }

    #[test]
    fn a_message_of_several_lines_comes_whole() {
        let line = format!("{AUDIT}\"SELECT a\n\tFROM t\",<none>,5\n2026-11-23 16:59:42.000 UTC [7] li_na@crm LOG:  statement: SELECT 2");
        assert_eq!(well(&[&line]).iter().map(text).collect::<Vec<_>>(), ["SELECT a\nFROM t", "SELECT 2"]);
    }

    #[test]
    fn its_own_lines_are_recognised() {
        assert!(recognises(AUDIT.as_bytes()) && recognises(b"[5-1] LOG:  x") && recognises(b"LOG:  x"));
        for line in ["", "[5-1] x", "INFO:  x", "{\"a\":\"LOG:  x\"}", "[5-1]", "2026-11-23 16:59:41 LOG:  x"] {
            assert!(!recognises(line.as_bytes()), "{line}");
        }
    }
}
