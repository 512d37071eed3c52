//! `mysql-audit-json`: MySQL Enterprise Audit and Percona's `audit_log_filter` in their JSON formats: an array of objects that is open while
//! the server runs.
//!
//! **Switch on**:
//!
//! ```ini
//! [mysqld]
//! audit_log_format = JSON            # Percona: audit_log_filter.format = JSON
//! ```
//!
//! with a filter that logs the classes `connection`, `general` and `table_access`, and adds the rows to `general`:
//!
//! ```sql
//! SELECT audit_log_filter_set_filter('reads', '{"filter": {"class": [{"name": "connection"}, {"name": "table_access"},
//!   {"name": "general", "event": {"name": "status", "print": {"service": {"implementation": "mysql_server", "tag": "query_statistics",
//!    "element": [{"name": "rows_sent", "type": "longlong"}]}}}}]}}');
//! ```
//!
//! **Tells**: who ran what, from where, how it ended; with `table_access` the tables behind views; rows only with `query_statistics`.
//! **Does not tell**: without `query_statistics` the size of bulk reads; statements inside of procedures; values of prepared statements
//! (often `?`); columns other than by the statement. Times are UTC with one second.
//!
//! **Counted**: all events of one statement count once. Rows behind a server-side cursor (`Execute` with 0 rows) are unknown.
//!
//! **Refused**: an object without `timestamp`, `id` or `class`, or with a key twice.
//!
//! **Example**:
//!
//! ```json
//! {"timestamp":"2026-03-02 09:14:05","id":1,"class":"general","event":"status","connection_id":42,"account":{"user":"li_na","host":"desk"},"login":{"user":"li_na","ip":"10.0.0.7"},"general_data":{"command":"Query","sql_command":"select","query":"SELECT name FROM crm.customers WHERE id = 42","status":0},"query_statistics":{"rows_sent":1}}
//! ```

use crate::decode::IgnoredReason;
use crate::decode::framing::document::Documents;
use crate::decode::mysql::assembler::{Event, EventPosition, StatementAssembler, Step};
use crate::decode::mysql::percona::Command;
use crate::decode::mysql::session::SessionIdentity;
use crate::decode::mysql::{percona, time};
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// `mysql-audit-json`.
pub const FORMAT: Format = Format {
    name: "mysql-audit-json",
    recognised_by: "objects with `timestamp`, `id` and `class`, one of MySQL's audit event classes",
    stateless: false,
    decoder: |_| percona::unprefixed(Documents::json(Box::new(AuditJson::default()))),
    recognises,
};

#[derive(Default)]
struct AuditJson {
    joined: StatementAssembler,
}

type Word<'a> = Cow<'a, str>;

#[derive(Deserialize)]
struct AuditEvent<'a> {
    #[serde(borrow)]
    timestamp: Word<'a>,
    id: u64,
    #[serde(borrow)]
    class: Word<'a>,
    #[serde(borrow, default)]
    event: Word<'a>,
    #[serde(default)]
    connection_id: u64,
    #[serde(borrow, default)]
    account: Account<'a>,
    #[serde(borrow, default)]
    login: Login<'a>,
    #[serde(borrow, default)]
    connection_data: ConnectionData<'a>,
    #[serde(borrow, default)]
    general_data: General<'a>,
    #[serde(borrow, default)]
    query_data: General<'a>,
    #[serde(borrow, default)]
    table_access_data: Table<'a>,
    #[serde(borrow, default)]
    global_variable_data: Variable<'a>,
    #[serde(default)]
    query_statistics: Statistics,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Account<'a> {
    #[serde(borrow)]
    user: Word<'a>,
    #[serde(borrow)]
    host: Word<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Login<'a> {
    #[serde(borrow)]
    user: Word<'a>,
    #[serde(borrow)]
    ip: Word<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ConnectionData<'a> {
    status: i64,
    #[serde(borrow)]
    db: Word<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct General<'a> {
    #[serde(borrow)]
    command: Word<'a>,
    #[serde(borrow)]
    sql_command: Word<'a>,
    #[serde(borrow)]
    query: Word<'a>,
    status: i64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Table<'a> {
    #[serde(borrow)]
    db: Word<'a>,
    #[serde(borrow)]
    table: Word<'a>,
    #[serde(borrow)]
    query: Word<'a>,
    #[serde(borrow)]
    sql_command: Word<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Variable<'a> {
    #[serde(borrow)]
    name: Word<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Statistics {
    rows_sent: Option<u64>,
}

impl Decoder for AuditJson {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let audited: AuditEvent<'_> = json::read(raw, "an event of MySQL's audit log")?;
        let time = time::utc(&audited.timestamp)?;
        let connection = audited.connection_id.to_string();
        // The number begins anew with the second or with the file.
        let id = format!("{}/{}/{connection}", audited.timestamp, audited.id);
        let place = EventPosition::new(raw, time, &connection, Some(id));
        // The client's own login; the account whose rights it has may be a proxy's.
        let user = if audited.login.user.is_empty() { &audited.account.user } else { &audited.login.user };
        let who = SessionIdentity::new(user, &audited.account.host, &audited.login.ip, &audited.connection_data.db);
        let joined = &mut self.joined;
        match (&*audited.class, &*audited.event) {
            ("connection", "connect" | "change_user") => joined.login(&place, who, audited.connection_data.status, emit),
            ("connection", "disconnect") => {
                joined.leave(&connection, emit);
                emit(raw.ignored(IgnoredReason::Session));
            }
            ("command", "command_end") => {
                joined.close(&connection, emit);
                emit(raw.ignored(IgnoredReason::Continuation));
            }
            ("general", event) => {
                let data = &audited.general_data;
                let rows = audited.query_statistics.rows_sent;
                let command = Command::of(&data.command);
                // Rows behind a cursor are sent by fetches.
                let rows = rows.filter(|rows| *rows > 0 || data.command.eq_ignore_ascii_case("query")).filter(|_| data.status == 0);
                match command {
                    Command::Dump => joined.dump(&place, who, emit),
                    Command::Statement => {
                        let step = match event {
                            "log" => Step::Log,
                            "error" | "result" => Step::End(data.status),
                            _ => Step::Status(data.status, rows),
                        };
                        joined.take(statement(step, place, who, data), emit);
                    }
                    // What could not be prepared was refused.
                    Command::Prepare if data.status != 0 => joined.take(statement(Step::Status(data.status, None), place, who, data), emit),
                    Command::Prepare => emit(raw.ignored(IgnoredReason::DuplicateEvent)),
                    Command::Login | Command::Leave => emit(raw.ignored(IgnoredReason::Session)),
                    Command::Nothing => emit(raw.ignored(IgnoredReason::NotDataAccess)),
                }
            }
            ("query", "query_start") => joined.take(statement(Step::Start, place, who, &audited.query_data), emit),
            ("query", "query_status_end") => {
                joined.take(statement(Step::End(audited.query_data.status), place, who, &audited.query_data), emit);
            }
            // A statement inside of a procedure stands by itself.
            ("query", "query_nested_status_end") => {
                joined.nested(statement(Step::Status(audited.query_data.status, None), place, who, &audited.query_data), emit);
            }
            ("table_access", event) => {
                let data = &audited.table_access_data;
                let step = Step::Table(format!("{}.{}", data.db, data.table), event != "read");
                let event = Event { step, place, who, text: data.query.to_string(), class: data.sql_command.to_string(), cut: false };
                joined.take(event, emit);
            }
            ("global_variable", "variable_set") => {
                let text = format!("SET GLOBAL {}", audited.global_variable_data.name);
                joined.nested(Event { step: Step::Status(0, None), place, who, text, class: String::new(), cut: false }, emit);
            }
            // Start and end of the log, authentication, messages, parsing: nothing was touched.
            ("audit" | "server_startup" | "server_shutdown", _) => emit(raw.ignored(IgnoredReason::ServerMessage)),
            _ => emit(raw.ignored(IgnoredReason::OtherEvent)),
        }
        Ok(())
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.joined.flush(emit);
    }
}

fn statement(step: Step, place: EventPosition, who: SessionIdentity, data: &General<'_>) -> Event {
    Event { step, place, who, text: data.query.to_string(), class: data.sql_command.to_string(), cut: false }
}

/// Classes of events.
const CLASSES: [&str; 12] = [
    "audit",
    "connection",
    "general",
    "table_access",
    "command",
    "query",
    "global_variable",
    "stored_program",
    "authentication",
    "message",
    "parse",
    "server_startup",
];

#[derive(Deserialize)]
struct EventHead<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(rename = "id")]
    _id: u64,
    #[serde(borrow)]
    class: Cow<'a, str>,
    #[serde(flatten, borrow)]
    others: BTreeMap<Cow<'a, str>, IgnoredAny>,
}

fn recognises(line: &[u8]) -> bool {
    // Cheap for lines of other formats.
    if memchr::memmem::find(line, b"\"class\"").is_none() || memchr::memmem::find(line, b"\"timestamp\"").is_none() {
        return false;
    }
    json::first_object::<EventHead<'_>>(percona::without_prefix(line)).is_some_and(|head| {
        let beside = ["event", "server_id", "connection_id"].iter().any(|key| head.others.contains_key(*key));
        beside && CLASSES.contains(&&*head.class) && time::utc(&head.timestamp).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::access::{Operation, Position};
    use crate::model::record::{EventOutcome, Record};

    fn event(second: u32, id: u32, class: &str, event: &str, rest: &str) -> String {
        format!(
            r#"{{ "timestamp": "2026-03-02 09:00:{second:02}", "id": {id}, "class": "{class}", "event": "{event}", "connection_id": 42, "account": {{ "user": "crm_app", "host": "desk" }}, "login": {{ "user": "joe", "os": "", "ip": "10.0.0.7", "proxy": "" }}{rest} }},"#
        )
    }

    fn general(second: u32, id: u32, kind: &str, query: &str, status: i64, more: &str) -> String {
        let query = serde_json::Value::from(query);
        let data =
            format!(r#", "general_data": {{ "command": "Query", "sql_command": "select", "query": {query}, "status": {status} }}{more}"#);
        event(second, id, "general", kind, &data)
    }

    fn table(second: u32, id: u32, kind: &str, name: &str, query: &str) -> String {
        let data = format!(r#", "table_access_data": {{ "db": "crm", "table": "{name}", "query": "{query}", "sql_command": "select" }}"#);
        event(second, id, "table_access", kind, &data)
    }

    fn query(second: u32, id: u32, kind: &str, text: &str) -> String {
        format!(
            r#"{{"timestamp":"2026-03-02 09:00:{second:02}","id":{id},"class":"query","event":"{kind}","connection_id":42,"query_data":{{"query":"{text}","status":0,"sql_command":"select"}}}}"#
        )
    }

    fn decode(lines: &[String]) -> Vec<Record<'static>> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert_eq!(dead, Vec::new());
        records
    }

    fn statistics(rows: u64) -> String {
        format!(
            r#", "query_statistics": {{ "query_time": 0.1, "bytes_sent": 1, "bytes_received": 1, "rows_sent": {rows}, "rows_examined": 9 }}"#
        )
    }

    #[test]
    fn a_statement_has_all_that_its_events_tell() {
        let lines = [
            "[".to_owned(),
            table(1, 0, "read", "customers", "SELECT * FROM customers"),
            general(1, 1, "status", "SELECT * FROM customers", 0, &statistics(40)),
        ];
        let records = decode(&lines);
        let [record] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((record.position, record.time.to_string().as_str()), (Position(3), "2026-03-02T09:00:01Z"));
        assert_eq!(
            (record.account.as_deref(), record.system.as_deref(), record.session.as_deref()),
            (Some("joe"), Some("crm"), Some("42"))
        );
        assert_eq!((record.client.ip.as_deref(), record.client.host.as_deref()), (Some("10.0.0.7"), Some("desk")));
        assert_eq!((record.statement.as_deref(), record.rows, record.plan.is_none()), (Some("SELECT * FROM customers"), Some(40), true));
        assert_eq!((record.operation, record.outcome), (Operation::Read, EventOutcome::Success));
        assert_eq!(record.id.as_deref(), Some("2026-03-02 09:00:01/1/42"));
    }

    #[test]
    fn all_events_of_a_statement_count_once_and_two_runs_twice() {
        let text = "SELECT * FROM v";
        let run = |at: u32| {
            vec![
                general(at, 0, "log", text, 0, ""),
                query(at, 1, "query_start", text),
                table(at, 2, "read", "customers", text),
                table(at, 3, "read", "customers", text),
                query(at, 4, "query_status_end", text),
                general(at, 5, "status", text, 0, ""),
                event(at, 6, "command", "command_end", ""),
            ]
        };
        let all = [run(1), run(2)].concat();
        let records = decode(&all);
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].plan.as_ref().map(|plan| plan.scans.len()), Some(1));
        let only = |class: &str| decode(&all.iter().filter(|line| line.contains(class)).cloned().collect::<Vec<_>>()).len();
        assert_eq!((only("query_status_end"), only("\"log\""), only("\"status\""), only("query_data")), (2, 2, 2, 2));
        assert!(only("table_access") >= 2);
    }

    #[test]
    fn rows_are_none_where_the_server_does_not_count_them() {
        let rows = |text: &str, command: &str, sent: u64| {
            let line = general(1, 0, "status", text, 0, &statistics(sent)).replace("\"Query\"", &format!("\"{command}\""));
            decode(&[line])[0].rows
        };
        assert_eq!(rows("SELECT * FROM a", "Query", 0), Some(0));
        assert_eq!(rows("SELECT * FROM a", "Execute", 3), Some(3));
        assert_eq!(rows("SELECT * FROM a", "Execute", 0), None, "a cursor");
        assert_eq!(rows("SELECT * FROM a INTO OUTFILE 'x'", "Query", 0), None);
        assert_eq!(decode(&[general(1, 0, "status", "SELECT * FROM a", 1317, &statistics(3))])[0].rows, None);
    }

    #[test]
    fn logins_and_databases_are_known_to_later_events() {
        let connect =
            event(1, 0, "connection", "connect", r#", "connection_data": { "connection_type": "ssl", "status": 0, "db": "crm" }"#);
        let refused = connect.replace("\"status\": 0", "\"status\": 1045");
        let used = general(2, 0, "status", "use bank", 0, "");
        let lines = [refused, connect, query(1, 1, "query_status_end", "SELECT 1"), used, query(3, 0, "query_status_end", "SELECT 2")];
        let records = decode(&lines);
        let told: Vec<_> = records.iter().map(|r| (r.operation, r.outcome, r.account.as_deref(), r.system.as_deref())).collect();
        assert_eq!(
            told,
            [
                (Operation::Login, EventOutcome::Refused, Some("joe"), Some("crm")),
                (Operation::Login, EventOutcome::Success, Some("joe"), Some("crm")),
                (Operation::Read, EventOutcome::Success, Some("joe"), Some("crm")),
                (Operation::Read, EventOutcome::Success, Some("joe"), Some("bank")),
            ]
        );
    }

    #[test]
    fn replicas_read_everything_and_the_log_itself_is_no_access() {
        let dump = general(1, 0, "status", "", 0, "").replace("\"Query\"", "\"Binlog Dump\"");
        let startup =
            r#"{ "timestamp": "2026-03-02 09:00:00", "id": 0, "class": "audit", "event": "startup", "startup_data": { "args": ["a"] } }"#;
        let records = decode(&[startup.to_owned(), dump]);
        assert_eq!((records.len(), records[0].operation, records[0].statement.is_none()), (1, Operation::Export, true));
    }

    #[test]
    fn arrays_objects_and_prefixes_are_recognised() {
        let recognised = |text: &str| crate::decode::recognise(text.lines().map(str::as_bytes)).map(|format| format.name);
        let line = general(1, 0, "status", "SELECT 1", 0, "");
        let pretty =
            "[\n  {\n    \"timestamp\": \"2026-03-02 09:00:00\",\n    \"id\": 0,\n    \"class\": \"audit\",\n    \"server_id\": 1\n  },\n";
        for text in [line.clone(), format!("mysql_audit_log: {line}"), pretty.to_owned()] {
            assert_eq!(recognised(&text), Some("mysql-audit-json"), "{text}");
        }
        for text in [
            "{}",
            r#"{"timestamp":"2026-03-02T09:00:00Z","id":"1","class":"audit","event":"x"}"#,
            r#"{"timestamp":"2026-03-02 09:00:00","id":1,"class":"other","event":"x"}"#,
            r#"{"timestamp":"2026-03-02 09:00:00","id":1,"class":"audit"}"#,
        ] {
            assert_ne!(recognised(text), Some("mysql-audit-json"), "{text}");
        }
    }

    #[test]
    fn broken_events_are_refused() {
        for text in [
            r#"{"timestamp":"2026-03-02 09:00:00","class":"general"}"#,
            r#"{"timestamp":"soon","id":1,"class":"general"}"#,
            r#"{"timestamp":"#,
        ] {
            let (records, dead) = testing::decode(&FORMAT, &[text]);
            assert_eq!((records.len(), dead.len()), (0, 1), "{text}");
        }
    }
}
