//! `ocsf`: events of the Open Cybersecurity Schema Framework, class 6005 (Datastore Activity) and 3002 (Authentication, a login).
//!
//! **Export** them as JSON, one a line or in arrays, from whatever normalises audit logs to OCSF: Amazon Security Lake, a SIEM, a collector.
//!
//! **Tells**: `actor.user`, `src_endpoint`, `database`, `databucket` or `table`, `query_info.query_string`, `activity_id` and `status_id`.
//! **Does not tell**: rows (the schema has no field for them), columns, which person other than by keys of the statement.
//!
//! **Counted**: one event is one access. What a mapper left in `unmapped` under a name of rows *returned* (`rows_returned`, `row_count` …) is
//! taken as the rows, for reading alone. Other classes are no access and are passed over.
//!
//! **Refused**: an object without class, activity or time, or with a key twice.
//!
//! **Example**:
//!
//! ```json
//! {"class_uid":6005,"category_uid":6,"activity_id":4,"type_uid":600504,"status_id":1,"time":1772442845500,"actor":{"user":{"name":"li_na"},"session":{"uid":"s1"}},"src_endpoint":{"ip":"10.0.0.7"},"database":{"name":"crm"},"query_info":{"query_string":"SELECT name FROM crm.customers WHERE id = 42"},"metadata":{"uid":"u-1","version":"1.5.0"}}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json, operation, tree};
use crate::model::access::Operation;
use crate::model::record::{Dialect, EventOutcome, Object, Record, Text};
use crate::model::time::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::borrow::Cow;

/// `ocsf`.
pub const FORMAT: Format = Format {
    name: "ocsf",
    recognised_by: "an object with `class_uid` and `activity_id` or `type_uid`",
    stateless: false,
    decoder: |settings| Documents::json(Box::new(Ocsf { zone: settings.zone.clone() })),
    recognises,
};

const EXPECTED: &str = "an event of OCSF";

struct Ocsf {
    zone: Option<TimeZone>,
}

impl Decoder for Ocsf {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let event = json::tree(raw, EXPECTED)?;
        let class = tree::number(&event, "class_uid")
            .ok_or_else(|| DecodeError::Field { field: "class_uid", rule: "must be a number".to_owned() })?;
        if !matches!(class, 6005 | 3002) {
            return Ok(());
        }
        let time = self.time(raw, &event)?;
        if let Some(record) = record(raw, &event, class, time) {
            emit(record.into());
        }
        Ok(())
    }
}

impl Ocsf {
    /// `time` is milliseconds since 1970, `time_dt` RFC 3339.
    fn time(&self, raw: Raw<'_>, event: &Value) -> Result<Timestamp, DecodeError> {
        let refuse = |rule: String| DecodeError::Field { field: "time", rule };
        match event.get("time") {
            Some(Value::Number(number)) => {
                let ms = number.as_i64().ok_or_else(|| refuse("must be whole milliseconds".to_owned()))?;
                Timestamp::from_millis(ms).map_err(|error| refuse(error.to_string()))
            }
            _ => tree::time(raw, "time", tree::first(event, &["time_dt", "time"]).as_deref(), self.zone.as_ref()),
        }
    }
}

fn record(raw: Raw<'_>, event: &Value, class: u64, time: Timestamp) -> Option<Record<'static>> {
    let own = |text: Option<String>| text.map(Text::Owned);
    // Where only the type is given, the activity is its last two digits.
    let activity = tree::number(event, "activity_id").or_else(|| tree::number(event, "type_uid").map(|uid| uid % 100));
    let mut record = tree::record(raw, time);
    let text = tree::at(event, "query_info.query_string").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let engine = tree::first(event, &["database.type", "metadata.product.name", "type"]).unwrap_or_default().to_ascii_lowercase();
    record.dialect = match engine.as_str() {
        engine if engine.contains("postgres") => Dialect::PostgreSql,
        engine if engine.contains("mysql") || engine.contains("mariadb") => Dialect::MySql,
        _ => Dialect::Generic,
    };
    record.operation = match (class, activity) {
        // A logoff and the tickets of a session are no access.
        (3002, Some(1)) => Operation::Login,
        (3002, _) => return None,
        (_, Some(3)) => Operation::Login,
        (_, Some(2 | 5 | 6)) => Operation::Write,
        (_, Some(7)) => Operation::Delete,
        (_, Some(9)) => Operation::Admin,
        (_, Some(1 | 8 | 10)) => Operation::Read,
        // A query may be any statement.
        _ => match text {
            Some(text) => operation::of_statement(text, record.dialect)?,
            None => Operation::Read,
        },
    };
    let user = [
        "actor.user.name",
        "actor.user.uid_alt",
        "actor.user.email_addr",
        "actor.user.uid",
        "actor.session.issuer",
        "user.name",
        "user.uid",
    ];
    record.account =
        own(if class == 3002 { tree::first(event, &["user.name", "user.uid"]) } else { None }.or_else(|| tree::first(event, &user)));
    record.client.ip = own(tree::word(event, "src_endpoint.ip"));
    record.client.host = own(tree::first(event, &["src_endpoint.hostname", "src_endpoint.name"]));
    record.client.app = own(tree::first(event, &["actor.app_name", "actor.process.name", "http_request.user_agent"]));
    record.session = own(tree::first(event, &["actor.session.uid", "session.uid"]));
    record.system =
        own(tree::first(event, &["database.name", "databucket.name", "database.uid", "dst_endpoint.svc_name", "dst_endpoint.hostname"]));
    record.id = own(tree::word(event, "metadata.uid"));
    let bucket = tree::word(event, "databucket.name");
    let file = tree::first(event, &["databucket.file.path", "databucket.file.name"]);
    let mut tables: Vec<String> = tree::list(event, "table").iter().filter_map(|table| tree::first(table, &["name", "uid"])).collect();
    if tables.is_empty() && text.is_none() {
        tables.extend(file.or(bucket));
    }
    match text {
        // The text says more than the one table the schema has room for.
        Some(text) if tables.is_empty() || operation::names_tables(text, record.dialect) => {
            record.statement = Some(Cow::Owned(text.to_owned()))
        }
        Some(_) | None => record.objects = tables.into_iter().map(|table| Object { table: Cow::Owned(table), columns: None }).collect(),
    }
    if record.operation == Operation::Read {
        let names = ["rows_returned", "returned_rows", "row_count", "rowCount", "rows_sent", "response_rows"];
        record.rows = tree::at(event, "unmapped").and_then(|unmapped| names.iter().find_map(|name| tree::number(unmapped, name)));
    }
    record.outcome = match (tree::number(event, "status_id"), tree::word(event, "status").as_deref()) {
        (Some(2), _) | (None, Some("Failure" | "failure")) => EventOutcome::Failure,
        _ => EventOutcome::Success,
    };
    Some(record)
}

fn recognises(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\"class_uid\"").is_some()
        && tree::has_keys(bytes, |has| has("class_uid") && (has("activity_id") || has("type_uid")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;

    fn event(activity: u64, rest: &str) -> String {
        format!(
            r#"{{"class_uid":6005,"activity_id":{activity},"time":1772442845500,"status_id":1,"actor":{{"user":{{"name":"li_na"}},"session":{{"uid":"s1"}},"app_name":"psql"}},"src_endpoint":{{"ip":"10.0.0.7"}},"database":{{"name":"crm","type":"PostgreSQL"}},"metadata":{{"uid":"u1"}}{rest}}}"#
        )
    }

    fn decode(lines: &[String]) -> Vec<Record<'static>> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert_eq!(dead, []);
        records
    }

    #[test]
    fn a_query_tells_who_where_from_and_the_statement() {
        let rest =
            r#","table":{"name":"customers"},"query_info":{"query_string":"SELECT * FROM crm.customers"},"unmapped":{"row_count":7}"#;
        let records = decode(&[event(4, rest)]);
        let [record] = records.as_slice() else { panic!("one: {records:?}") };
        assert_eq!((record.time.to_string().as_str(), record.account.as_deref()), ("2026-03-02T09:14:05.5Z", Some("li_na")));
        assert_eq!(
            (record.client.ip.as_deref(), record.client.app.as_deref(), record.session.as_deref()),
            (Some("10.0.0.7"), Some("psql"), Some("s1"))
        );
        assert_eq!((record.system.as_deref(), record.id.as_deref(), record.dialect), (Some("crm"), Some("u1"), Dialect::PostgreSql));
        assert_eq!((record.statement.as_deref(), record.objects.len()), (Some("SELECT * FROM crm.customers"), 0));
        assert_eq!((record.rows, record.operation, record.outcome), (Some(7), Operation::Read, EventOutcome::Success));
    }

    #[test]
    fn without_a_statement_the_table_speaks_and_rows_are_unknown() {
        let records =
            decode(&[event(1, r#","table":{"name":"crm.customers"}"#), event(5, r#","table":{"name":"t"},"unmapped":{"row_count":7}"#)]);
        assert_eq!((records[0].objects[0].table.as_ref(), records[0].rows), ("crm.customers", None));
        assert_eq!((records[1].operation, records[1].rows), (Operation::Write, None));
    }

    #[test]
    fn logins_are_told_and_other_classes_are_no_access() {
        let login = r#"{"class_uid":3002,"type_uid":300201,"time":1772442845500,"status_id":2,"user":{"name":"li_na"},"src_endpoint":{"ip":"::1"}}"#;
        let other = r#"{"class_uid":4001,"activity_id":1,"time":1}"#;
        let told: Vec<_> = decode(&[login.to_owned(), other.to_owned()]).iter().map(|record| (record.operation, record.outcome)).collect();
        assert_eq!(told, [(Operation::Login, EventOutcome::Failure)]);
    }

    #[test]
    fn events_are_recognised_and_broken_ones_refused() {
        assert!(recognises(event(1, "").as_bytes()) && !recognises(br#"{"message":"\"class_uid\":1"}"#));
        let (records, dead) = testing::decode(&FORMAT, &[r#"{"class_uid":6005,"time":9}"#, r#"{"class_uid":6005,"class_uid":4001}"#, "{}"]);
        assert_eq!((records.len(), dead.len()), (0, 3));
    }
}
