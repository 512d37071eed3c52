//! `percona-audit-json`: Percona Server's plugin `audit_log` in JSON, one object `audit_record` a line, in a file or through syslog.
//!
//! **Switch on**:
//!
//! ```ini
//! [mysqld]
//! plugin-load-add = audit_log.so
//! audit_log_format = JSON
//! audit_log_policy = ALL
//! audit_log_handler = FILE           # or SYSLOG
//! ```
//!
//! **Tells**: who ran what, from where, and the error code. **Does not tell**: rows, tables behind views, statements inside of procedures,
//! and values of prepared statements (`?`): how many people a bulk read showed is unknown. Times are UTC with one second.
//!
//! **Counted**: one record is one statement. Records are numbered by the plugin; a number that is missing is noted as a gap of the log.
//!
//! **Refused**: an object without `audit_record`, or a record without name or timestamp.
//!
//! **Example**:
//!
//! ```json
//! {"audit_record":{"name":"Query","record":"7_2026-03-02T08:00:00","timestamp":"2026-03-02T09:14:05 UTC","command_class":"select","connection_id":"12","status":0,"sqltext":"SELECT name FROM customers WHERE id = 42","user":"li_na[li_na] @ desk [10.0.0.7]","host":"desk","os_user":"","ip":"10.0.0.7","db":"crm"}}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::mysql::assembler::StatementAssembler;
use crate::decode::mysql::percona::{self, Fields};
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// `percona-audit-json`.
pub const FORMAT: Format = Format {
    name: "percona-audit-json",
    recognised_by: "an object `audit_record` with `name` and `timestamp`",
    stateless: false,
    decoder: |_| percona::unprefixed(Documents::json(Box::new(PerconaJson::default()))),
    recognises,
};

const EXPECTED: &str = "an audit record of Percona's plugin";

#[derive(Default)]
struct PerconaJson {
    joined: StatementAssembler,
}

impl Decoder for PerconaJson {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let mut tree = json::tree(raw, EXPECTED)?;
        let missing = || DecodeError::Form { expected: EXPECTED, what: "no object audit_record".to_owned() };
        let Some(Value::Object(record)) = tree.get_mut("audit_record").map(Value::take) else { return Err(missing()) };
        let value = |value: Value| match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let field = |(mut name, field): (String, Value)| {
            name.make_ascii_lowercase();
            Some((Cow::Owned(name), Cow::Owned(value(field)?)))
        };
        let fields: Fields<'_> = record.into_iter().filter_map(field).collect();
        percona::take(&mut self.joined, &fields, raw, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.joined.flush(emit);
    }
}

#[derive(Deserialize)]
struct RecordHead<'a> {
    #[serde(borrow)]
    audit_record: BTreeMap<Cow<'a, str>, IgnoredAny>,
}

fn recognises(line: &[u8]) -> bool {
    // Cheap for lines of other formats.
    if memchr::memmem::find(line, b"\"audit_record\"").is_none() {
        return false;
    }
    json::first_object::<RecordHead<'_>>(percona::without_prefix(line))
        .is_some_and(|head| ["name", "timestamp", "record"].iter().all(|key| head.audit_record.contains_key(*key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::access::{Operation, Position};
    use crate::model::record::{Dialect, EventOutcome};

    fn record(rest: &str) -> String {
        format!(
            r#"{{"audit_record":{{"name":"Query","record":"7_2026-03-02T08:00:00","timestamp":"2026-03-02T09:00:05 UTC",{rest},"user":"joe[dba] @ desk [10.0.0.7]","host":"desk","os_user":"","ip":"10.0.0.7","db":"crm"}}}}"#
        )
    }

    #[test]
    fn a_statement_has_all_that_its_record_tells() {
        let line =
            record(r#""command_class":"select","connection_id":"12","status":0,"sqltext":"select name\nfrom customers where id = 5""#);
        let (records, dead) = testing::decode(&FORMAT, &[&line]);
        assert!(dead.is_empty());
        let [record] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((record.position, record.time.to_string().as_str()), (Position(1), "2026-03-02T09:00:05Z"));
        assert_eq!(
            (record.account.as_deref(), record.system.as_deref(), record.session.as_deref()),
            (Some("joe"), Some("crm"), Some("12"))
        );
        assert_eq!((record.client.ip.as_deref(), record.client.host.as_deref()), (Some("10.0.0.7"), Some("desk")));
        assert_eq!(
            (record.operation, record.outcome, record.dialect, record.rows),
            (Operation::Read, EventOutcome::Success, Dialect::MySql, None)
        );
        assert_eq!(record.statement.as_deref(), Some("select name\nfrom customers where id = 5"));
        assert_eq!(record.id.as_deref(), Some("7_2026-03-02T08:00:00/2026-03-02T09:00:05Z/12"));
    }

    #[test]
    fn endings_logins_and_what_is_no_access() {
        let lines = [
            record(r#""command_class":"select","connection_id":"12","status":1146,"sqltext":"select * from nowhere""#),
            record(r#""connection_id":"13","status":1045"#).replace("Query", "Connect"),
            record(r#""connection_id":"12","status":0"#).replace("Query", "Quit"),
            record(r#""command_class":"show_tables","connection_id":"12","status":0,"sqltext":"show tables""#),
            record(r#""command_class":"select","connection_id":"12","status":0,"sqltext":"select ?""#).replace("Query", "Prepare"),
            record(r#""command_class":"set_option","connection_id":"12","status":0,"sqltext":"set global audit_log_policy='NONE'""#),
            record(r#""command_class":"select","connection_id":"12","status":0,"sqltext":"select * from a where id = ?""#)
                .replace("Query", "Execute"),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert!(dead.is_empty(), "{dead:?}");
        let told: Vec<_> = records.iter().map(|record| (record.operation, record.outcome)).collect();
        assert_eq!(
            told,
            [
                (Operation::Read, EventOutcome::Refused),
                (Operation::Login, EventOutcome::Refused),
                (Operation::Admin, EventOutcome::Success),
                (Operation::Read, EventOutcome::Success)
            ]
        );
    }

    #[test]
    fn two_runs_of_one_text_are_two() {
        let line = record(r#""command_class":"select","connection_id":"12","status":0,"sqltext":"select * from a""#);
        let (records, _) = testing::decode(&FORMAT, &[&line, &line.replace("7_2026", "8_2026")]);
        assert_eq!(records.len(), 2);
        assert_ne!(records[0].id, records[1].id);
    }

    #[test]
    fn objects_over_lines_behind_names_and_syslog_are_recognised() {
        let line = record(r#""command_class":"select","connection_id":"12","status":0,"sqltext":"select 1""#);
        let recognised = |text: &str| crate::decode::recognise([text.as_bytes()]).map(|format| format.name);
        let spread = format!("percona-audit: {}", line.replace(",\"", ",\n   \""));
        for text in
            [line.clone(), format!("percona-audit: {line}"), format!("<14>Mar  2 09:00:05 db1 percona-audit: {line}"), spread.clone()]
        {
            assert_eq!(recognised(&text), Some("percona-audit-json"), "{text}");
        }
        let lines: Vec<&str> = spread.lines().collect();
        assert_eq!(testing::decode(&FORMAT, &lines).0.len(), 1);
        for text in
            ["{}", r#"{"audit_record":1}"#, r#"{"audit_record":{"id":1}}"#, r#"{"timestamp":"2026-03-02 09:00:00","id":1,"class":"audit"}"#]
        {
            assert_ne!(recognised(text), Some("percona-audit-json"), "{text}");
        }
    }

    #[test]
    fn broken_records_are_refused() {
        for text in [
            r#"{"audit_record":{"name":"Query"}}"#,
            r#"{"audit_record":{"name":"Query","timestamp":"soon"}}"#,
            r#"{"audit_record":{"name":"Query","timestamp":"2026-03-02T09:00:05 UTC","status":"x"}}"#,
            r#"{"audit_record":"#,
            r#"{"other":{}}"#,
        ] {
            let (records, dead) = testing::decode(&FORMAT, &[text]);
            assert_eq!((records.len(), dead.len()), (0, 1), "{text}");
        }
    }
}
