//! `ocsf`: events of the Open Cybersecurity Schema Framework: class 6005 (Datastore Activity), 6003 (API Activity) of data, 3002
//! (Authentication, a login), and all of MongoDB's audit log in this schema.
//!
//! **Export** them as JSON, one a line or in arrays, from whatever normalises audit logs to OCSF: Amazon Security Lake, a SIEM, a collector.
//!
//! **Tells**: `actor.user`, `src_endpoint`, `database`, `databucket` or `table`, `query_info.query_string`, `activity_id` and `status_id`.
//! **Does not tell**: rows (the schema has no field for them), columns, which person other than by keys of the statement.
//!
//! **Counted**: one event is one access. What a mapper left in `unmapped` under a name of rows *returned* (`rows_returned`, `row_count` …) is
//! taken as the rows, for reading alone. Calls of interfaces are accesses where they carry a statement or name a table; MongoDB's commands
//! are read from `unmapped` as those of its own audit log are (`mongodb-audit`). Other classes are no access and are passed over.
//!
//! **Refused**: an object without class, activity or time, or with a key twice.
//!
//! **Example**:
//!
//! ```json
//! {"class_uid":6005,"category_uid":6,"activity_id":4,"type_uid":600504,"status_id":1,"time":1772442845500,"actor":{"user":{"name":"li_na"},"session":{"uid":"s1"}},"src_endpoint":{"ip":"10.0.0.7"},"database":{"name":"crm"},"query_info":{"query_string":"SELECT name FROM crm.customers WHERE id = 42"},"metadata":{"uid":"u-1","version":"1.5.0"}}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::mongodb::Mongo;
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Format, IgnoredReason, Raw, json, operation, tree};
use crate::model::access::Operation;
use crate::model::record::{Dialect, EventOutcome, Object, Record, Text};
use crate::model::time::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// `ocsf`.
pub const FORMAT: Format = Format {
    name: "ocsf",
    recognised_by: "an object with `class_uid` and `activity_id` or `type_uid`",
    stateless: false,
    decoder: |settings| {
        let zone = settings.zone.clone();
        Documents::json(Box::new(Ocsf { mongo: Mongo::new(zone.clone()), zone }))
    },
    recognises,
};

const EXPECTED: &str = "an event of OCSF";

struct Ocsf {
    zone: Option<TimeZone>,
    mongo: Mongo,
}

impl Decoder for Ocsf {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let event = json::tree(raw, EXPECTED)?;
        let class = tree::number(&event, "class_uid")
            .ok_or_else(|| DecodeError::Field { field: "class_uid", rule: "must be a number".to_owned() })?;
        if tree::word(&event, "unmapped.atype").is_some() {
            return self.mongo.event(raw, &of_mongodb(&event), emit);
        }
        if !matches!(class, 6005 | 6003 | 3002) {
            emit(raw.ignored(IgnoredReason::OtherEvent));
            return Ok(());
        }
        let time = self.time(raw, &event)?;
        let reason = if class == 3002 { IgnoredReason::Session } else { IgnoredReason::NotDataAccess };
        emit(record(raw, &event, class, time).map_or_else(|| raw.ignored(reason), Decoded::from));
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

/// The event as MongoDB's own form of the log has it.
fn of_mongodb(event: &Value) -> Map<String, Value> {
    let at = |path: &str| tree::at(event, path).cloned().unwrap_or_default();
    let kind = tree::word(event, "unmapped.atype").unwrap_or_default();
    // Of a check the command is the interface's operation; else it is the first of its arguments.
    let arguments = tree::first_at(event, &["unmapped.args", "unmapped.param.args", "api.request.data"]).cloned().unwrap_or_default();
    let first = || arguments.as_object().and_then(|arguments| arguments.keys().find(|key| !key.starts_with('$')).cloned());
    let command = tree::first(event, &["unmapped.command", "unmapped.param.command", "api.operation"]).or_else(first).unwrap_or_default();
    let user = tree::first(event, &["actor.user.name", "user.name"]);
    // `admin.li` is the user li of the database admin.
    let (database, name) = match user.as_deref().and_then(|user| user.split_once('.')) {
        Some((database, name)) => (Some(database.to_owned()), Some(name.to_owned())),
        None => (None, user),
    };
    let refused = tree::number(event, "status_id") == Some(2) || tree::number(event, "api.response.code").is_some_and(|code| code > 0);
    let namespace = tree::first(event, &["unmapped.ns", "unmapped.param.ns"]).or_else(|| {
        let database = tree::word(&arguments, "$db")?;
        tree::word(&arguments, &command).map(|collection| format!("{database}.{collection}"))
    });
    let time = match event.get("time") {
        Some(Value::Null) | None => at("time_dt"),
        Some(time) => time.clone(),
    };
    let param = json!({"command": command, "ns": namespace, "args": arguments, "user": name, "db": database});
    let form = json!({
        "atype": kind,
        "ts": {"$date": time},
        "remote": {"ip": at("src_endpoint.ip"), "port": at("src_endpoint.port")},
        "users": name.map(|name| json!({"user": name, "db": database})).into_iter().collect::<Vec<_>>(),
        "param": param,
        "result": i32::from(refused),
    });
    match form {
        Value::Object(form) => form,
        _ => Map::new(),
    }
}

/// Where calls of interfaces carry their statement: Athena, Redshift, RDS, DynamoDB.
const STATEMENTS: &[&str] = &[
    "query_info.query_string",
    "api.request.data.queryString",
    "api.request.data.sql",
    "api.request.data.statement",
    "unmapped.requestParameters.queryString",
    "unmapped.requestParameters.sql",
    "unmapped.requestParameters.statement",
];

/// The tables that a call of an interface names.
fn resources(event: &Value) -> Vec<String> {
    let is_table = |resource: &&Value| tree::word(resource, "type").is_some_and(|kind| kind.to_ascii_lowercase().contains("table"));
    let name = |resource: &Value| tree::first(resource, &["name", "uid"]);
    let mut found: Vec<String> = tree::list(event, "resources").iter().filter(is_table).filter_map(name).collect();
    let asked = ["api.request.data.tableName", "unmapped.requestParameters.tableName"];
    if found.is_empty() {
        found.extend(tree::first(event, &asked));
    }
    // Of Amazon's names the last part is the table's.
    found.iter().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect()
}

/// What a call of an interface does, by the verb that its name begins with; `None` where it touches no data.
fn called(event: &Value) -> Option<Operation> {
    let name = tree::word(event, "api.operation")?.to_ascii_lowercase();
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
    match () {
        () if begins(&["describe", "list", "getwork", "getquery"]) => None,
        () if begins(&["export", "unload"]) => Some(Operation::Export),
        () if begins(&["put", "update", "insert", "write", "batchwrite", "transactwrite"]) => Some(Operation::Write),
        () if begins(&["delete", "remove"]) => Some(Operation::Delete),
        () if begins(&["create", "alter", "tag", "restore", "enable", "disable"]) => Some(Operation::Admin),
        () => Some(Operation::Read),
    }
}

fn record(raw: Raw<'_>, event: &Value, class: u64, time: Timestamp) -> Option<Record<'static>> {
    let own = |text: Option<String>| text.map(Text::Owned);
    // Where only the type is given, the activity is its last two digits.
    let activity = tree::number(event, "activity_id").or_else(|| tree::number(event, "type_uid").map(|uid| uid % 100));
    let mut record = tree::record(raw, time);
    let text = STATEMENTS.iter().find_map(|path| tree::at(event, path)?.as_str()).filter(|text| !text.trim().is_empty());
    let engine = tree::first(event, &["database.type", "metadata.product.name", "type"]).unwrap_or_default().to_ascii_lowercase();
    record.dialect = match engine.as_str() {
        engine if engine.contains("postgres") => Dialect::PostgreSql,
        engine if engine.contains("mysql") || engine.contains("mariadb") => Dialect::MySql,
        _ => Dialect::Generic,
    };
    record.operation = match (class, activity) {
        (6003, _) if text.is_none() && resources(event).is_empty() => return None,
        (6003, _) if text.is_none() => called(event)?,
        // A logoff and the tickets of a session are no access.
        (3002, Some(1)) => Operation::Login,
        (3002, _) => return None,
        (6005, Some(3)) => Operation::Login,
        (6005, Some(2 | 5 | 6)) => Operation::Write,
        (6005, Some(7)) => Operation::Delete,
        (6005, Some(9)) => Operation::Admin,
        (6005, Some(1 | 8 | 10)) => Operation::Read,
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
    if class == 6003 && tables.is_empty() {
        tables = resources(event);
    }
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
    fn mongodbs_commands_are_read_as_those_of_its_own_log() {
        let event = |operation: &str, rest: &str| {
            format!(
                r#"{{"activity_id":2,"category_uid":6,"class_uid":6003,"time":1772442000123,"type_uid":600302,"metadata":{{"product":"MongoDB Server"}},"actor":{{"user":{{"name":"admin.li"}}}},"src_endpoint":{{"ip":"10.0.0.9","port":56692}},"api":{{"operation":"{operation}","response":{{"code":0}}}},"unmapped":{{"atype":"authCheck","ns":"crm.customers","args":{rest}}},"status_id":1}}"#
            )
        };
        let records = decode(&[
            event("find", r#"{"find":"customers","filter":{"id":42},"projection":{"name":1},"lsid":{},"$db":"crm"}"#),
            event("ping", "{}"),
            event("insert", "{}"),
        ]);
        let [read, write] = records.as_slice() else { panic!("two: {records:?}") };
        assert_eq!(
            (read.account.as_deref(), read.client.ip.as_deref(), read.system.as_deref()),
            (Some("li"), Some("10.0.0.9"), Some("crm"))
        );
        assert!(read.statement.as_deref().is_some_and(|text| text.contains(r#""crm"."customers""#) && text.contains("42")), "{read:?}");
        assert_eq!((read.time.to_string().as_str(), write.operation), ("2026-03-02T09:00:00.123Z", Operation::Write));
        let login = r#"{"activity_id":1,"class_uid":3002,"time":1772442000123,"type_uid":300201,"status_id":2,"user":{"name":"admin.li"},"unmapped":{"atype":"authenticate"}}"#;
        let records = decode(&[login.to_owned()]);
        assert_eq!((records[0].operation, records[0].account.as_deref()), (Operation::Login, Some("li")));
        assert_eq!(records[0].outcome, EventOutcome::Refused);
    }

    #[test]
    fn calls_of_interfaces_are_accesses_where_they_name_data() {
        let call = |operation: &str, rest: &str| {
            format!(
                r#"{{"activity_id":1,"class_uid":6003,"time":1772442000123,"type_uid":600301,"actor":{{"user":{{"name":"li"}}}},"api":{{"operation":"{operation}"{rest}}},"status_id":1}}"#
            )
        };
        let records = decode(&[
            call("StartQueryExecution", r#","request":{"data":{"queryString":"SELECT name FROM crm.customers"}}"#),
            call("Scan", r#","request":{"data":{"tableName":"customers"}}"#),
            call("DescribeTable", r#","request":{"data":{"tableName":"customers"}}"#),
            call("AssumeRole", ""),
        ]);
        let [query, scan] = records.as_slice() else { panic!("two: {records:?}") };
        assert_eq!((query.operation, query.statement.as_deref()), (Operation::Read, Some("SELECT name FROM crm.customers")));
        assert_eq!((scan.operation, scan.objects[0].table.as_ref(), scan.rows), (Operation::Read, "customers", None));
    }

    #[test]
    fn events_are_recognised_and_broken_ones_refused() {
        assert!(recognises(event(1, "").as_bytes()) && !recognises(br#"{"message":"\"class_uid\":1"}"#));
        let (records, dead) = testing::decode(&FORMAT, &[r#"{"class_uid":6005,"time":9}"#, r#"{"class_uid":6005,"class_uid":4001}"#, "{}"]);
        assert_eq!((records.len(), dead.len()), (0, 3));
    }
}
