//! `postgresql-jsonlog`: PostgreSQL's log as JSON, one object a line, as `log_destination = 'jsonlog'` writes it (version 15 and later).
//!
//! **Switch on**, in `postgresql.conf`:
//!
//! ```ini
//! shared_preload_libraries = 'pgaudit'   # or 'auto_explain', or both
//! logging_collector = on
//! log_destination = 'jsonlog'
//! log_connections = on
//! pgaudit.log = 'all'
//! pgaudit.log_rows = on                  # without it the size of most bulk reads is unknown
//! pgaudit.log_parameter = on             # without it bind values, and so the people behind them, are unknown
//! ```
//!
//! **Tells**: login, database, client address, program, session, statement, SQLSTATE; rows and tables where pgaudit or auto_explain write
//! them. **Does not tell**: columns other than by the statement or a plan; which person, other than by keys and bind values.
//!
//! **Counted**: all lines of one statement (pgaudit's, auto_explain's, plain ones, its error) count once. Cursors and `COPY`, for which
//! pgaudit logs 0 rows, are unknown, not zero. A number of a line that is missing within a session is noted as a gap of the log.
//!
//! **Refused**: a line that is no JSON object, is cut off, or holds a key twice. Empty keys are left out by the server and need not be there.
//!
//! **Example**:
//!
//! ```json
//! {"timestamp":"2026-03-02 09:14:05.990 UTC","user":"li_na","dbname":"crm","remote_host":"10.0.0.7","session_id":"69a55e00.4d","line_num":2,"error_severity":"LOG","message":"AUDIT: SESSION,1,1,READ,SELECT,,,SELECT name FROM crm.customers WHERE id = 42,<none>,1","application_name":"psql"}
//! ```

use crate::decode::json::Word;
use crate::decode::postgresql::english;
use crate::decode::postgresql::line::{Line, Severity};
use crate::decode::postgresql::session::Sessions;
use crate::decode::postgresql::time::Clock;
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json};
use crate::model::signs::Signs;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// `postgresql-jsonlog`.
pub const JSONLOG: Format = Format {
    name: "postgresql-jsonlog",
    recognised_by: "an object with `error_severity`, `session_id`, `line_num` and `timestamp`",
    stateless: false,
    decoder: |settings| Box::new(Jsonlog { clock: Clock::new(settings.zone.clone()), sessions: Sessions::default() }),
    recognises,
};

struct Jsonlog {
    clock: Clock,
    sessions: Sessions,
}

#[derive(Deserialize)]
struct JsonLine<'a> {
    #[serde(borrow)]
    timestamp: Word<'a>,
    #[serde(borrow)]
    user: Option<Word<'a>>,
    #[serde(borrow)]
    dbname: Option<Word<'a>>,
    #[serde(borrow)]
    remote_host: Option<Word<'a>>,
    #[serde(borrow)]
    session_id: Word<'a>,
    #[serde(borrow)]
    session_start: Option<Word<'a>>,
    line_num: u64,
    #[serde(borrow)]
    error_severity: Word<'a>,
    #[serde(borrow)]
    state_code: Option<Word<'a>>,
    #[serde(borrow)]
    message: Option<Word<'a>>,
    #[serde(borrow)]
    detail: Option<Word<'a>>,
    #[serde(borrow)]
    context: Option<Word<'a>>,
    #[serde(borrow)]
    statement: Option<Word<'a>>,
    cursor_position: Option<u64>,
    #[serde(borrow)]
    application_name: Option<Word<'a>>,
}

impl Decoder for Jsonlog {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if raw.bytes.trim_ascii().is_empty() {
            return Ok(());
        }
        let fields: JsonLine<'_> = json::read(raw, "a line of PostgreSQL's jsonlog")?;
        let start = fields.session_start.as_ref().map(|start| start.0.as_ref());
        let time = self.clock.read_in_session(&fields.timestamp.0, &fields.session_id.0, start)?;
        let word = |word: Option<Word<'_>>| word.map(|word| word.0.into_owned().into());
        let line = Line {
            position: raw.position,
            hash: raw.hash,
            time,
            session: fields.session_id.0,
            number: fields.line_num,
            user: word(fields.user),
            database: word(fields.dbname),
            host: word(fields.remote_host),
            application: word(fields.application_name),
            severity: Severity::of(&fields.error_severity.0),
            state: word(fields.state_code),
            message: english::message(fields.message.map_or(Cow::Borrowed(""), |message| message.0)),
            detail: word(fields.detail).map(english::detail),
            statement: word(fields.statement),
            context: word(fields.context),
            cursor_position: fields.cursor_position.is_some(),
            signs: Signs::default(),
            cut: false,
        };
        emit(line.numbered());
        self.sessions.take(&line, emit);
        Ok(())
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.sessions.flush(emit);
    }
}

/// By keys that together no other format has, however the JSON is spaced.
fn recognises(line: &[u8]) -> bool {
    const KEYS: [&str; 4] = ["timestamp", "session_id", "error_severity", "line_num"];
    // Cheap for lines of other formats.
    if memchr::memmem::find(line, b"\"error_severity\"").is_none() {
        return false;
    }
    serde_json::from_slice::<BTreeMap<Cow<'_, str>, IgnoredAny>>(line).is_ok_and(|keys| KEYS.iter().all(|key| keys.contains_key(*key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoded, Settings, testing};
    use crate::model::access::{Operation, Position, RecordHash};
    use crate::model::record::{EventOutcome, Record};

    fn line(number: u64, severity: &str, rest: &str) -> String {
        format!(
            r#"{{"timestamp":"2026-11-23 16:59:41.856 UTC","user":"li_na","dbname":"crm","remote_host":"10.0.0.1","session_id":"s.1","line_num":{number},"error_severity":"{severity}",{rest},"application_name":"app"}}"#
        )
    }

    fn audit(number: u64, rest: &str) -> String {
        line(number, "LOG", &format!("\"message\":{}", serde_json::Value::from(format!("AUDIT: SESSION,{rest}"))))
    }

    fn decode(lines: &[String]) -> Vec<Record<'static>> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (records, dead) = testing::decode(&JSONLOG, &lines);
        assert_eq!(dead, []);
        records
    }

    fn refused(text: &str) -> String {
        let raw = Raw::new(text.as_bytes(), Position(1), RecordHash::default());
        (JSONLOG.decoder)(&Settings::default()).decode(raw, &mut |_| {}).expect_err("is refused").to_string()
    }

    #[test]
    fn copy_of_a_query_and_create_table_as_count_once() {
        let records = decode(&[
            audit(1, "1,1,READ,SELECT,,,COPY (SELECT 1 FROM t) TO STDOUT,<none>,1000"),
            audit(2, "1,2,READ,COPY,,,COPY (SELECT 1 FROM t) TO STDOUT,<none>,0"),
            audit(3, "2,1,READ,SELECT,,,CREATE TABLE x AS SELECT * FROM t,<none>,7"),
            audit(4, "2,2,DDL,CREATE TABLE AS,TABLE,x,CREATE TABLE x AS SELECT * FROM t,<none>,0"),
        ]);
        assert_eq!(records.iter().map(|r| r.rows).collect::<Vec<_>>(), [Some(1000), Some(7)]);
        assert_eq!(records[0].operation, Operation::Export);
        assert_eq!(records[0].id.as_deref(), Some("s.1/1"));
    }

    #[test]
    fn every_line_tells_its_number_whatever_it_is_about() {
        let mut decoder = (JSONLOG.decoder)(&Settings::default());
        let mut numbers = Vec::new();
        for text in [line(1, "LOG", "\"message\":\"connection received\""), line(2, "NOTICE", "\"message\":\"x\"")] {
            let raw = Raw::new(text.as_bytes(), Position(1), RecordHash::default());
            let mut note = |decoded: Decoded<'_>| {
                if let Decoded::Numbered(line) = decoded {
                    numbers.push((line.stream.to_owned(), line.number));
                }
            };
            decoder.decode(raw, &mut note).expect("is a line");
        }
        assert_eq!(numbers, [("s.1".to_owned(), 1), ("s.1".to_owned(), 2)]);
    }

    #[test]
    fn zero_rows_of_copy_and_fetch_are_unknown() {
        let records = decode(&[
            audit(1, "1,1,READ,COPY,,,COPY t TO STDOUT,<none>,0"),
            audit(2, "2,1,READ,DECLARE CURSOR,,,DECLARE k CURSOR FOR SELECT * FROM t,<none>,0"),
            audit(3, "3,1,MISC,FETCH,,,FETCH 100 FROM k,<none>,0"),
        ]);
        assert_eq!(records.iter().map(|r| r.rows).collect::<Vec<_>>(), [None, None]);
        assert!(records[1].fetched);
        assert_eq!((records[1].rows_bound, records[1].statement.as_deref()), (Some(100), Some("DECLARE k CURSOR FOR SELECT * FROM t")));
    }

    #[test]
    fn a_cursor_without_fetch_lines_was_fetched_all_the_same() {
        let open = |number, id: u64| audit(number, &format!("{id},1,READ,DECLARE CURSOR,,,DECLARE k CURSOR FOR SELECT * FROM t,<none>,0"));
        for end in ["3,1,MISC,CLOSE CURSOR,,,CLOSE k,<none>,0", "3,1,MISC,COMMIT,,,COMMIT,<none>,0", "3,1,READ,SELECT,,,SELECT 1,<none>,1"]
        {
            let records = decode(&[open(1, 1), audit(2, end)]);
            let cursor = records.iter().find(|record| record.fetched).expect("the cursor is told of");
            assert_eq!((cursor.rows, cursor.id.as_deref()), (None, Some("s.1/1")), "{end}");
        }
        let records = decode(&[open(1, 1), open(2, 2)]);
        assert_eq!(records.iter().filter(|record| record.fetched).count(), 2, "a name that is used again");
    }

    #[test]
    fn a_plain_line_tells_of_all_statements_of_its_text() {
        let text = "BEGIN; PREPARE q(int) AS SELECT * FROM t WHERE id = $1; EXECUTE q(7); SELECT * FROM u; COMMIT";
        let records = decode(&[line(1, "LOG", &format!("\"message\":\"statement: {text}\""))]);
        let texts: Vec<_> = records.iter().map(|record| record.statement.as_deref().unwrap_or("")).collect();
        assert_eq!(texts, ["SELECT * FROM t WHERE id = $1", "SELECT * FROM u"]);
        assert_eq!(records[0].binds, [Some("7".into())]);
        assert_ne!(records[0].id, records[1].id);
    }

    #[test]
    fn inner_lines_of_a_function_stand_for_the_call() {
        let records = decode(&[
            audit(1, "1,1,FUNCTION,EXECUTE,FUNCTION,f,SELECT * FROM f(9),<none>,0"),
            audit(2, "1,2,READ,SELECT,,,SELECT * FROM t WHERE id=p,9,1"),
            audit(3, "1,3,READ,SELECT,,,SELECT * FROM f(9),<none>,1"),
            audit(4, "2,1,FUNCTION,EXECUTE,FUNCTION,g,SELECT * FROM g(),<none>,0"),
            audit(5, "2,2,READ,SELECT,,,SELECT * FROM g(),<none>,10000"),
        ]);
        let texts: Vec<_> = records.iter().map(|r| r.statement.as_deref().expect("has a text")).collect();
        assert_eq!(texts, ["SELECT * FROM t WHERE id=p", "SELECT * FROM g()"], "the body of a definer's function is never logged");
        assert_eq!(records[1].rows, Some(10_000));
    }

    #[test]
    fn each_line_of_a_text_of_several_statements_is_about_one() {
        let text = "PREPARE q(int) AS SELECT name FROM t WHERE id = $1; EXECUTE q(5); SELECT 2";
        let records = decode(&[
            audit(1, &format!("1,1,READ,PREPARE,,,{text},<none>,0")),
            audit(2, &format!("2,1,READ,SELECT,,,{text},5,1")),
            audit(3, &format!("2,2,MISC,EXECUTE,,,{text},<none>,0")),
            audit(4, &format!("3,1,READ,SELECT,,,{text},<none>,1")),
        ]);
        let texts: Vec<_> = records.iter().map(|r| r.statement.as_deref().expect("has a text")).collect();
        assert_eq!(texts, ["SELECT name FROM t WHERE id = $1", "SELECT 2"]);
        assert_eq!(records[0].binds, [Some(Cow::Borrowed("5"))]);
    }

    #[test]
    fn an_error_after_the_audit_line_interrupts_that_statement() {
        let error = r#""state_code":"22012","message":"division by zero","statement":"SELECT 1/x FROM t""#;
        let without_rows = decode(&[audit(1, "1,1,READ,SELECT,,,SELECT 1/x FROM t,<none>"), line(2, "ERROR", error)]);
        assert_eq!(without_rows.iter().map(|r| r.outcome).collect::<Vec<_>>(), [EventOutcome::Interrupted]);
        let with_rows = decode(&[audit(1, "1,1,READ,SELECT,,,SELECT 1/x FROM t,<none>,7"), line(2, "ERROR", error)]);
        assert_eq!(with_rows.iter().map(|r| r.outcome).collect::<Vec<_>>(), [EventOutcome::Success, EventOutcome::Interrupted]);
    }

    #[test]
    fn statements_that_are_no_access_leave_nothing_and_changes_of_control_do() {
        let records = decode(&[
            audit(1, "1,1,MISC,BEGIN,,,BEGIN,<none>,0"),
            audit(2, "2,1,MISC,SET,,,SET statement_timeout = 0,<none>,0"),
            audit(3, "3,1,MISC,SET,,,SET ROLE app_crm,<none>,0"),
            audit(4, "4,1,MISC,COMMIT,,,COMMIT,<none>,0"),
            line(5, "LOG", r#""message":"checkpoint starting: time""#),
        ]);
        assert_eq!(records.iter().map(|r| r.operation).collect::<Vec<_>>(), [Operation::Admin]);
    }

    #[test]
    fn refusals_never_repeat_the_content() {
        let twice = refused(&line(1, "LOG", r#""message":"13800000001","message":"13800000001""#));
        assert!(twice.contains("twice") && !twice.contains("138"), "{twice}");
        let wrong = refused(&line(1, "LOG", r#""message":[13800000001]"#));
        assert!(!wrong.contains("138"), "{wrong}");
        assert!(refused("{\"timestamp\":\"2026").contains("cut off"));
    }

    #[test]
    fn lines_of_the_format_are_recognised() {
        assert!(recognises(line(1, "LOG", r#""message":"x""#).as_bytes()));
        assert!(!recognises(br#"{"time":1,"employee":"E1"}"#));
        assert!(!recognises(br#"{"time":1,"statement":"\"timestamp\" \"session_id\" \"error_severity\" \"line_num\""}"#));
    }

    #[test]
    fn lines_are_recognised_however_their_json_is_spaced_and_ordered() {
        let spaced = br#"  {"error_severity": "LOG", "line_num": 1, "session_id" : "s.1", "timestamp": "2026-11-23 16:59:41.856 UTC"}"#;
        assert!(recognises(spaced));
    }

    #[test]
    fn two_errors_of_one_text_are_two_statements_and_none_hides_the_other() {
        let error = |number, state: &str, message: &str| {
            line(number, "ERROR", &format!(r#""state_code":"{state}","message":"{message}","statement":"SELECT a FROM t""#))
        };
        let cancelled = || error(1, "57014", "canceling statement due to user request");
        let endings = |lines: &[String]| decode(lines).iter().map(|r| r.outcome).collect::<Vec<_>>();
        for second in [error(2, "42501", "permission denied for table t"), error(2, "25P02", "current transaction is aborted")] {
            assert_eq!(endings(&[cancelled(), second]), [EventOutcome::Interrupted, EventOutcome::Refused]);
        }
        let plain = line(1, "LOG", r#""message":"statement: SELECT a FROM t""#);
        assert_eq!(endings(&[plain, cancelled(), error(3, "25P02", "aborted")]), [EventOutcome::Interrupted, EventOutcome::Refused]);
    }

    #[test]
    fn a_plain_line_of_a_statement_that_pgaudit_told_of_adds_nothing() {
        let told = || audit(1, "1,1,READ,SELECT,,,SELECT a FROM t,<not logged>,10");
        let plain = |number, text: &str| line(number, "LOG", &format!(r#""message":"{text}""#));
        let rows = |lines: &[String]| decode(lines).iter().map(|r| r.rows).collect::<Vec<_>>();
        for text in ["duration: 1.0 ms  statement: ", "duration: 1.0 ms  execute <unnamed>: ", "execute <unnamed>: ", "statement: "] {
            let text = format!("{text}SELECT a FROM t");
            assert_eq!(rows(&[told(), plain(2, &text)]), [Some(10)], "{text}");
            assert_eq!(rows(&[told(), plain(2, &text), plain(3, &text)]), [Some(10), None], "sent again: {text}");
        }
        assert_eq!(rows(&[told(), plain(2, "duration: 1.0 ms  statement: SELECT b FROM t")]), [Some(10), None]);
    }

    #[test]
    fn a_run_after_a_refusal_of_the_same_text_is_told_of() {
        let refused = || line(1, "ERROR", r#""state_code":"25P02","message":"aborted","statement":"SELECT a FROM t""#);
        let records = decode(&[refused(), audit(2, "1,1,READ,SELECT,,,SELECT a FROM t,<none>,5")]);
        assert_eq!(
            records.iter().map(|r| (r.outcome, r.rows)).collect::<Vec<_>>(),
            [(EventOutcome::Refused, None), (EventOutcome::Success, Some(5))]
        );
    }
}
