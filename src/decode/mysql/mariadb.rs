//! `mariadb-audit`: the log of MariaDB's plugin `server_audit`, as a file or through syslog; also of Amazon's builds for RDS and Aurora MySQL.
//!
//! **Switch on**:
//!
//! ```ini
//! [mariadb]
//! plugin_load_add = server_audit
//! server_audit_logging = ON
//! server_audit_events = CONNECT,QUERY,TABLE
//! server_audit_query_log_limit = 65536      # default 1,024 bytes: longer texts are cut
//! ```
//!
//! Keep `TABLE`: it names the tables behind views and procedures. On RDS: option group `MARIADB_AUDIT_PLUGIN`. Times have one second and no
//! zone: set `[time] zone`, or the zone of the format.
//!
//! **Tells**: who ran what, from where, how it ended, and the tables touched. **Does not tell**: rows and columns, so how many people a
//! bulk read showed is unknown; values of prepared statements, unless the general log is on (else `?`); which person, other than by keys.
//!
//! **Counted**: the lines of one statement (`QUERY` and its `READ`s and `WRITE`s) count once. A text that the limit has cut is not
//! believed where it might have said more. Switching `server_audit_logging` off is itself logged, and nothing after it.
//!
//! **Refused**: a line of another number of fields, or without time, connection or operation.
//!
//! **Example**:
//!
//! ```text
//! 20260302 09:14:05,db1,li_na,10.0.0.7,112,826,QUERY,crm,'SELECT name FROM customers WHERE id = 42',0
//! ```

use crate::decode::IgnoredReason;
use crate::decode::local_clock::{Instant, LocalClock};
use crate::decode::mysql::mariadb_connection::{Connection, LineOrigin, TableLine};
use crate::decode::mysql::mariadb_line::{Line, is_bare, parse};
use crate::decode::mysql::statement::{self, LoggedStatement};
use crate::decode::mysql::text::Scan;
use crate::decode::mysql::time;
use crate::decode::{DecodeError, Decoder, Emit, Format, LONGEST_RECORD, Raw};
use crate::model::access::Operation;
use crate::model::doubts::Doubts;
use crate::model::record::EventOutcome;
use crate::model::signs::Signs;
use crate::model::time::{Span, Timestamp};
use std::collections::BTreeMap;

/// `mariadb-audit`.
pub const FORMAT: Format = Format {
    name: "mariadb-audit",
    recognised_by: "lines of server, user, host, connection, query, operation, database, object and code, separated by commas",
    stateless: false,
    decoder: |settings| Box::new(Mariadb { clock: LocalClock::new(settings.zone.clone()), ..Mariadb::default() }),
    recognises: |line| std::str::from_utf8(line).is_ok_and(is_bare),
};

/// Most connections with something held back.
const MOST_CONNECTIONS: usize = 4_096;
/// Most table lines that are held back for one connection.
const MOST_TABLES: usize = 512;
/// The limit of texts unless the log says another.
const DEFAULT_LIMIT: usize = 1_024;

#[derive(Default)]
struct Mariadb {
    clock: LocalClock,
    /// By server and connection.
    connections: BTreeMap<(String, String), Connection>,
    /// Tables are logged here.
    names_tables: bool,
    /// Line ends in texts are kept here; older versions turn them into spaces.
    keeps_lines: bool,
    /// The limit of texts, where a statement set it.
    limit: Option<usize>,
    checked: Option<Timestamp>,
}

/// How long the tables of a statement wait for it. One that ends later is told of twice, never not at all.
const LONGEST: Span = Span::minutes(10);

impl Decoder for Mariadb {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if raw.bytes.len() > LONGEST_RECORD {
            return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
        }
        // A cut may go through a character, and texts stand in the client's encoding: that must not hide a statement.
        let text = String::from_utf8_lossy(raw.bytes);
        if text.trim().is_empty() {
            emit(raw.ignored(IgnoredReason::Blank));
            return Ok(());
        }
        let line = parse(&text)?;
        let missing = DecodeError::Field { field: "timestamp", rule: "must stand in the line or in the header before it".to_owned() };
        let Instant { time, ambiguous } = match line.time {
            Some(text) => time::local(text, &mut self.clock)?,
            None => Instant { time: raw.envelope.time.ok_or(missing)?, ambiguous: false },
        };
        let owned = str::to_owned;
        let origin = LineOrigin {
            position: raw.position,
            hash: raw.hash,
            length: u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX),
            time,
            doubts: Doubts::TIME.if_so(ambiguous),
            server: owned(line.server),
            connection: owned(line.connection),
            user: owned(line.user),
            host: owned(line.host),
            database: owned(line.database),
            signs: Signs::FORGED_HEADER.if_so(line.forged),
        };
        self.take(&line, origin, emit);
        Ok(())
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        for connection in self.connections.values_mut() {
            connection.give_up(emit);
        }
    }
}

impl Mariadb {
    fn take(&mut self, line: &Line<'_>, origin: LineOrigin, emit: &mut Emit<'_>) {
        let key = (origin.server.clone(), origin.connection.clone());
        self.expire(origin.time, emit);
        match line.operation {
            "QUERY" => self.query(line, &origin, key, emit),
            "READ" | "WRITE" => {
                self.names_tables = true;
                self.room(&key, emit);
                let connection = self.connections.entry(key).or_default();
                let table = format!("{}.{}", line.database, line.object);
                let written = line.operation == "WRITE";
                // Each partition has a line of its own.
                let known =
                    connection.tables.iter().any(|known| known.query == line.query && known.table == table && known.written == written);
                if connection.tables.len() >= MOST_TABLES {
                    connection.give_up(emit);
                }
                // Aurora's lines are not always in order: the statement may have been told before its tables.
                let told = connection.last.as_ref().is_some_and(|(query, text, _)| {
                    *query == line.query && text.len() + 1 < DEFAULT_LIMIT && text.to_lowercase().contains(&line.object.to_lowercase())
                });
                if known || told {
                    emit(origin.ignored(IgnoredReason::Continuation));
                } else {
                    connection.tables.push(TableLine { query: line.query, table, written, origin });
                }
            }
            // What these do the statement tells.
            "CREATE" | "DROP" | "ALTER" | "RENAME" => {
                self.names_tables = true;
                emit(origin.ignored(IgnoredReason::DuplicateEvent));
            }
            "PROXY_CONNECT" => emit(origin.ignored(IgnoredReason::Session)),
            "DISCONNECT" => {
                emit(origin.ignored(IgnoredReason::Session));
                if let Some(mut connection) = self.connections.remove(&key) {
                    connection.give_up(emit);
                }
            }
            // Logins, failed ones, and changes of the user.
            _ => {
                if line.operation != "FAILED_CONNECT"
                    && let Some(mut connection) = self.connections.remove(&key)
                {
                    connection.give_up(emit);
                }
                let failed = line.code != 0 || line.operation == "FAILED_CONNECT";
                if !failed {
                    self.room(&key, emit);
                    self.connections.entry(key).or_default().user = Some(origin.user.clone());
                }
                let mut record = origin.record(0, 0);
                record.operation = Operation::Login;
                record.outcome = if failed { EventOutcome::Refused } else { EventOutcome::Success };
                emit(record.into());
            }
        }
    }

    fn query(&mut self, line: &Line<'_>, origin: &LineOrigin, key: (String, String), emit: &mut Emit<'_>) {
        self.keeps_lines |= line.keeps_lines;
        self.room(&key, emit);
        let connection = self.connections.entry(key).or_default();
        let scan = Scan::of(&line.object);
        let wraps = matches!(scan.upper(0).as_str(), "CALL" | "EXECUTE") || scan.upper(0) == "BEGIN" && scan.upper(1) == "NOT";
        let part = match &connection.last {
            // `EXECUTE` is logged with the text behind it, after that text.
            Some((query, text, _)) if *query == line.query && *text == *line.object => {
                return emit(origin.ignored(IgnoredReason::DuplicateEvent));
            }
            Some((query, _, part)) if *query == line.query => part + 1,
            _ => 0,
        };
        // Statements inside of a procedure are logged before it, with greater ids (older servers: the last with the same).
        let inner = wraps && connection.highest >= line.query;
        // Tables under greater ids were touched inside of it without a line of their own: cursors, `SET v = (SELECT …)`.
        let (own, waiting): (Vec<TableLine>, _) = connection.tables.drain(..).partition(|table| table.query >= line.query);
        connection.tables = waiting;
        connection.highest = if wraps { 0 } else { connection.highest.max(line.query) };
        connection.user = Some(origin.user.clone());
        connection.last = Some((line.query, line.object.clone().into_owned(), part));
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        let mut logged = LoggedStatement {
            text: &line.object,
            code: line.code,
            names_tables: self.names_tables,
            // One byte less where an escape did not fit. The default holds again after a restart.
            cut: line.logged + 1 >= limit
                || (DEFAULT_LIMIT - 1..=DEFAULT_LIMIT).contains(&line.logged)
                || (scan.comment_at_end && !self.keeps_lines),
            ..LoggedStatement::default()
        };
        for table in &own {
            emit(table.origin.ignored(IgnoredReason::Continuation));
            let list = if table.written { &mut logged.writes } else { &mut logged.reads };
            if !list.contains(&table.table) {
                list.push(table.table.clone());
            }
        }
        if let Some(limit) = new_limit(&line.object).filter(|_| line.code == 0) {
            self.limit = Some(limit);
        }
        let personal = |table: &String| !table.to_ascii_lowercase().starts_with("mysql.");
        if inner && !logged.reads.iter().chain(&logged.writes).any(personal) {
            return emit(origin.ignored(IgnoredReason::DuplicateEvent));
        }
        let mut record = origin.record(line.query, part);
        if statement::fill(&mut record, &logged) {
            emit(record.into());
        } else {
            emit(origin.ignored(IgnoredReason::NotDataAccess));
        }
    }

    /// Looks once a minute of the log for tables whose statement does not come: what is told late is no longer in order.
    fn expire(&mut self, now: Timestamp, emit: &mut Emit<'_>) {
        if self.checked.is_some_and(|checked| now < checked + Span::MINUTE) {
            return;
        }
        self.checked = Some(now);
        let late = |connection: &&mut Connection| connection.tables.first().is_some_and(|table| table.origin.time + LONGEST < now);
        self.connections.values_mut().filter(late).for_each(|connection| connection.give_up(emit));
    }

    /// Makes room for one more connection. That with the oldest lines goes.
    fn room(&mut self, key: &(String, String), emit: &mut Emit<'_>) {
        if self.connections.len() < MOST_CONNECTIONS || self.connections.contains_key(key) {
            return;
        }
        // Those that hold nothing back are only remembered for repeats.
        self.connections.retain(|_, connection| !connection.tables.is_empty());
        if self.connections.len() >= MOST_CONNECTIONS {
            for (_, mut connection) in std::mem::take(&mut self.connections) {
                connection.give_up(emit);
            }
        }
    }
}

/// The limit of texts that a statement sets; without a limit no text is cut.
fn new_limit(text: &str) -> Option<usize> {
    const NAME: &str = "server_audit_query_log_limit";
    if text.len() > 1_024 {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let rest = lower.split_once(NAME)?.1.trim_start().trim_start_matches([':', '=']).trim_start();
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let set = Scan::of(&lower).upper(0) == "SET";
    number.parse().ok().filter(|_| set).map(|limit| if limit == 0 { usize::MAX } else { limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Settings, testing};
    use crate::model::access::{Position, RecordHash};
    use crate::model::record::{Dialect, Record};
    use jiff::tz::TimeZone;

    fn file(rest: &[&str]) -> Vec<String> {
        rest.iter().map(|rest| format!("20261123 17:12:35,vm,{rest}")).collect()
    }

    fn decode(rest: &[&str]) -> Vec<Record<'static>> {
        let lines = file(rest);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert_eq!(dead, Vec::new());
        records
    }

    fn objects(record: &Record<'_>) -> Vec<String> {
        record.objects.iter().map(|object| object.table.to_string()).collect()
    }

    fn scans(record: &Record<'_>) -> Vec<String> {
        record.plan.as_ref().map_or(Vec::new(), |plan| plan.scans.iter().map(|scan| scan.table.clone()).collect())
    }

    #[test]
    fn a_statement_has_all_that_its_lines_tell() {
        let records =
            decode(&["u,10.0.0.7,1,5,READ,d,customers,", "u,10.0.0.7,1,5,QUERY,d,'SELECT name FROM customers WHERE id = \\'4\\'',0"]);
        let [record] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((record.position, record.time.to_string().as_str()), (Position(2), "2026-11-23T17:12:35Z"));
        assert_eq!((record.account.as_deref(), record.system.as_deref(), record.session.as_deref()), (Some("u"), Some("d"), Some("1")));
        assert_eq!((record.client.ip.as_deref(), record.client.host.as_deref()), (Some("10.0.0.7"), None));
        assert_eq!(record.statement.as_deref(), Some("SELECT name FROM customers WHERE id = '4'"));
        assert_eq!((record.dialect, record.operation, record.outcome), (Dialect::MySql, Operation::Read, EventOutcome::Success));
        assert_eq!((record.rows, record.objects.len(), record.plan.is_none()), (None, 0, true));
        assert_eq!(record.id.as_deref(), Some("2026-11-23T17:12:35Z/vm/1/5/0"));
    }

    #[test]
    fn zones_and_epochs_tell_the_time() {
        let zone = TimeZone::get("Asia/Shanghai").ok();
        let lines = ["20261123 17:12:35,vm,u,h,1,0,CONNECT,d,,0", "1573852321234567,vm,u,h,1,0,CONNECT,d,,0"];
        let (records, dead) = testing::decode_with(Settings { zone, ..Settings::default() }, &FORMAT, &lines);
        assert!(dead.is_empty());
        let times: Vec<String> = records.iter().map(|record| record.time.to_string()).collect();
        assert_eq!(times, ["2026-11-23T09:12:35Z", "2019-11-15T21:12:01.234Z"]);
    }

    #[test]
    fn logins_are_told_and_leavings_are_not() {
        let records =
            decode(&["u,h,1,0,CONNECT,d,,0", "x,h,2,0,FAILED_CONNECT,,,1045", "x,h,2,0,DISCONNECT,,,0", "u,h,1,0,DISCONNECT,d,,0"]);
        let logged: Vec<_> = records.iter().map(|r| (r.account.as_deref(), r.operation, r.outcome, r.id.is_none())).collect();
        assert_eq!(
            logged,
            [(Some("u"), Operation::Login, EventOutcome::Success, true), (Some("x"), Operation::Login, EventOutcome::Refused, true)]
        );
        assert_eq!(records[1].system.as_deref(), Some("vm"));
    }

    #[test]
    fn a_prepared_text_counts_once() {
        let one = "u,h,1,7,QUERY,d,'SELECT name FROM a WHERE id = 501',0";
        assert_eq!(decode(&["u,h,1,6,QUERY,d,'PREPARE s FROM \\'x\\'',0", "u,h,1,7,READ,d,a,", one, one]).len(), 1);
        assert_eq!(decode(&[one, "u,h,1,7,QUERY,d,'EXECUTE IMMEDIATE concat(\\'a\\')',0"]).len(), 1);
        let records = decode(&[one, "u,h,1,8,QUERY,d,'SELECT name FROM a WHERE id = 501',0"]);
        assert_eq!(records.len(), 2, "another run");
        assert_ne!(records[0].id, records[1].id);
    }

    #[test]
    fn a_table_that_comes_behind_its_statement_is_of_it() {
        let query = "u,10.0.0.9:5,1,7,QUERY,d,'SELECT name FROM a WHERE id IN (1,2)',0,,";
        assert_eq!(decode(&[query, "u,10.0.0.9:5,1,7,READ,d,a,"]).len(), 1);
        assert_eq!(decode(&[query, "u,10.0.0.9:5,1,7,READ,d,hidden,"]).len(), 2, "behind a view");
        assert_eq!(decode(&[query])[0].client.ip.as_deref(), Some("10.0.0.9"));
    }

    #[test]
    fn procedures_are_told_by_the_statements_inside() {
        let inner = "li,h,1,9,QUERY,d,'SELECT * FROM a WHERE id= NAME_CONST(\\'p\\',900)',0";
        let call = "li,h,1,8,QUERY,d,'CALL p(900)',0";
        let records = decode(&["li,h,1,8,READ,mysql,proc,", "root,h,1,9,READ,d,a,", inner, call]);
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].account.as_deref(), records[0].statement.as_deref()), (Some("li"), Some("SELECT * FROM a WHERE id= 900")));
        // A cursor inside of it has no statement of its own.
        let records =
            decode(&["li,h,1,8,READ,mysql,proc,", "root,h,1,9,READ,d,b,", "li,h,1,10,READ,d,a,", &inner.replace(",9,", ",10,"), call]);
        assert_eq!((records.len(), scans(&records[1])), (2, vec!["d.b".to_owned()]));
        assert_eq!(records[1].account.as_deref(), Some("li"));
        // Nothing inside was logged: what it read nobody knows.
        let records = decode(&[call]);
        assert_eq!((records.len(), records[0].statement.as_deref()), (1, Some("CALL p(900)")));
    }

    #[test]
    fn a_text_at_the_limit_is_not_trusted() {
        let long = |length: usize| format!("{:x<length$}", "SELECT id FROM a WHERE id = 5 AND b = 7");
        for (length, trusted) in [(1_022, true), (1_023, false), (1_024, false), (5_000, false)] {
            let records = decode(&["u,h,1,7,READ,d,a,", &format!("u,h,1,7,QUERY,d,'{}',0", long(length))]);
            assert_eq!(records[0].statement.is_some(), trusted, "{length}");
            assert_eq!(objects(&records[0]).len(), usize::from(!trusted));
        }
        let set = "u,h,1,6,QUERY,d,'SET GLOBAL server_audit_query_log_limit=60',0";
        let records = decode(&[set, &format!("u,h,1,7,QUERY,d,'{}',0", long(60))]);
        assert_eq!((records[0].operation, objects(&records[1])), (Operation::Admin, vec!["a".to_owned()]));
        let records = decode(&[&set.replace("=60", "=65536"), &format!("u,h,1,7,QUERY,d,'{}',0", long(5_000))]);
        assert!(records[1].statement.is_some());
    }

    #[test]
    fn a_comment_at_the_end_hides_lines_only_in_old_servers() {
        let text = "u,h,1,7,QUERY,d,'SELECT 1 -- x  , phone FROM a',0";
        assert!(decode(&[text])[0].statement.is_none());
        assert!(decode(&["u,h,1,6,QUERY,d,'SELECT\\n1',0", text])[1].statement.is_some());
    }

    #[test]
    fn table_lines_without_a_statement_are_told_all_the_same() {
        let records = decode(&[
            "u,h,1,0,CONNECT,d,,0",
            "root,h,1,7,READ,d,a,",
            "root,h,1,7,READ,d,a,",
            "root,h,1,7,WRITE,d,b,",
            "u,h,1,0,DISCONNECT,d,,0",
        ]);
        assert_eq!(records.len(), 2);
        assert_eq!(
            (records[1].account.as_deref(), records[1].operation, objects(&records[1])),
            (Some("u"), Operation::Read, vec!["d.a".to_owned(), "d.b".to_owned()])
        );
        assert_eq!(decode(&["u,h,1,7,READ,d,a,"]).len(), 1);
        assert_eq!(decode(&["u,h,1,7,READ,mysql,proc,"]).len(), 0);
    }

    #[test]
    fn a_cut_through_a_character_does_not_hide_the_statement() {
        let mut line = b"20261123 17:12:35,vm,u,h,1,7,QUERY,d,'SELECT phone FROM a WHERE name = \\'\xe5\xbc".to_vec();
        line.extend_from_slice(b"',0");
        let mut decoder = (FORMAT.decoder)(&Settings::default());
        let mut seen = Vec::new();
        let raw = Raw::new(&line, Position(1), RecordHash::default());
        decoder.decode(raw, &mut |decoded| seen.extend(decoded.record().map(Record::into_owned))).expect("decodes");
        assert_eq!(objects(&seen[0]), ["a"]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut lines: Vec<String> = (0..5_000).map(|n| format!("20261123 17:12:35,vm,u,h,{n},{n},READ,d,t{n},")).collect();
        lines.extend((0..2_000).map(|n| format!("20261123 17:12:35,vm,u,h,9,{n},READ,d,t{n},")));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert_eq!((records.len(), dead.len()), (7_000, 0));
    }

    #[test]
    fn lines_are_recognised_also_behind_syslog() {
        let recognised = |text: &str| crate::decode::recognise([text.as_bytes()]).map(|format| format.name);
        assert_eq!(recognised("20261123 17:12:35,vm,u,h,1,7,READ,d,a,"), Some("mariadb-audit"));
        let line = "<14>Nov 23 17:12:35 db1 mysql-server_auditing:  vm,u,h,1,7,QUERY,d,'SELECT 1',0";
        assert_eq!(recognised(line), Some("mariadb-audit"));
        let (records, dead) = testing::decode(&FORMAT, &[line]);
        assert_eq!((records[0].time.to_string().as_str(), dead.len()), ("2026-11-23T17:12:35Z", 0));
        let (_, dead) = testing::decode(&FORMAT, &["vm,u,h,1,7,QUERY,d,'SELECT 1',0"]);
        assert_eq!(dead.len(), 1, "no time");
        for text in ["a,b,c,d,e,f,g,h,i,j", "{}", "<AUDIT_RECORD/>", "2026-11-23 17:12:35,vm"] {
            assert_ne!(recognised(text), Some("mariadb-audit"), "{text}");
        }
    }
}
