//! `ranger-audit`: Apache Ranger's audit as JSON (Hive, Impala, Trino, HDFS), bare or behind log4j's prefix (`… INFO xaaudit - {…}`).
//!
//! **Switch on**, in the plugin's `ranger-*-audit.xml`:
//!
//! ```ini
//! xasecure.audit.is.enabled=true
//! xasecure.audit.destination.log4j=true     # or Solr, HDFS, Kafka
//! ```
//!
//! Times without a zone are the plugin's local ones: set `[time] zone` or the zone of the format, else they are read as UTC.
//!
//! **Tells**: user, client, resource (`db/table/column,column` of Hive, paths of HDFS), whether it was allowed, and the statement (`reqData`)
//! of Hive, Impala and Trino. The service (`repo`) is the system. **Does not tell**: rows, so how many people a bulk read showed is unknown;
//! which person.
//!
//! **Counted**: a statement gives a record for each table and policy: those of one session and statement within two seconds count once.
//! Tables and columns come from the resource, which is what was authorised; where it names no table the statement is analysed.
//!
//! **Refused**: an object without user or time, or with a key twice.
//!
//! **Example**:
//!
//! ```json
//! {"repoType":3,"repo":"corp_hive","reqUser":"li_na","evtTime":"2026-03-02 09:14:05.142","access":"SELECT","resource":"crm/customers/name","resType":"@column","action":"select","result":1,"sess":"0b9c1f6e","cliIP":"10.0.0.7","reqData":"select name from customers where id = 42"}
//! ```

use crate::decode::pending::Pending;
use crate::decode::{DecodeError, Decoder, Emit, Format, IgnoredReason, Raw, json, operation, tree};
use crate::model::access::Operation;
use crate::model::record::{Dialect, EventOutcome, Object, Record};
use crate::model::time::Span;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::borrow::Cow;

/// `ranger-audit`.
pub const FORMAT: Format = Format {
    name: "ranger-audit",
    recognised_by: "an object with `repoType`, `reqUser` and `evtTime`, also behind log4j's prefix",
    stateless: false,
    decoder: |settings| Box::new(Ranger { zone: settings.zone.clone(), held: Pending::default() }),
    recognises,
};

const EXPECTED: &str = "an audit record of Apache Ranger";
/// Records of one statement lie no further apart.
const APART: Span = Span::seconds(2);
/// Most tables of one statement.
const MOST_TABLES: usize = 256;

struct Ranger {
    zone: Option<TimeZone>,
    held: Pending<Record<'static>>,
}

impl Decoder for Ranger {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = json::text(raw)?;
        if text.trim().is_empty() {
            return Ok(());
        }
        // log4j's own prefix holds no brace.
        let start = text.find('{').ok_or_else(|| DecodeError::Form { expected: EXPECTED, what: "not JSON".to_owned() })?;
        let event = json::tree(Raw { bytes: &text.as_bytes()[start..], ..raw }, EXPECTED)?;
        let moment = tree::word(&event, "evtTime");
        let time = tree::time(raw, "evtTime", moment.as_deref(), self.zone.as_ref())?;
        let Some(user) = tree::word(&event, "reqUser") else {
            return Err(DecodeError::Field { field: "reqUser", rule: "is missing".to_owned() });
        };
        if !touches_data(&event) {
            emit(raw.ignored(IgnoredReason::NotDataAccess));
            return Ok(());
        }
        let mut record = tree::record(raw, time);
        let own = |text: Option<String>| text.map(Cow::Owned);
        record.account = Some(Cow::Owned(user));
        record.system = own(tree::word(&event, "repo"));
        record.session = own(tree::word(&event, "sess"));
        record.client.ip = own(tree::word(&event, "cliIP"));
        record.client.app = own(tree::first(&event, &["cliType", "agent"]));
        // Without its sequence number an id is one of several records.
        let id = tree::word(&event, "id").zip(tree::word(&event, "seq_num"));
        record.id = id.map(|(id, number)| Cow::Owned(format!("{id}/{number}/{}", moment.unwrap_or_default())));
        record.outcome = if tree::number(&event, "result") == Some(0) { EventOutcome::Refused } else { EventOutcome::Success };
        let (catalog, objects) = objects(&event);
        if catalog.is_some() {
            // Trino's catalog is the database; its service has any name.
            (record.system, record.dialect) = (own(catalog), Dialect::Trino);
        }
        record.objects = objects;
        record.statement =
            event.get("reqData").and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(|text| Cow::Owned(text.to_owned()));
        record.operation = operation(&event, record.statement.as_deref());
        self.join(raw, record, emit);
        Ok(())
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        while let Some(record) = self.held.pop() {
            emit(record.into());
        }
    }
}

impl Ranger {
    /// Records of one statement, session and user are one.
    fn join(&mut self, raw: Raw<'_>, record: Record<'static>, emit: &mut Emit<'_>) {
        if record.statement.is_none() {
            return emit(record.into());
        }
        // Trino's plugin knows no session: user, client and statement tell one query.
        let session = record.session.as_deref().or(record.client.ip.as_deref()).unwrap_or("");
        let key = format!("{session}/{}", record.account.as_deref().unwrap_or(""));
        if let Some(held) = self.held.get_mut(&key) {
            let same = held.statement == record.statement && held.system == record.system && held.outcome == record.outcome;
            let new = |object: &Object<'_>| held.objects.iter().all(|known| known.table != object.table || known.columns != object.columns);
            let near = (record.time - held.time).0.abs() <= APART.0;
            // The same table again is another run.
            if same && near && !record.objects.is_empty() && record.objects.iter().all(new) && held.objects.len() < MOST_TABLES {
                held.objects.extend(record.objects);
                if record.operation == Operation::Read {
                    held.operation = Operation::Read;
                }
                return emit(raw.ignored(IgnoredReason::Continuation));
            }
        }
        if let Some(before) = self.held.put(key, record) {
            emit(before.into());
        }
    }
}

/// What is no access of data: how Trino's plugin asks for masks and filters, and for the query and its catalog before its tables. A
/// refusal of those is one of the query.
fn touches_data(event: &Value) -> bool {
    let access = tree::word(event, "access").unwrap_or_default().to_ascii_lowercase();
    if matches!(access.as_str(), "getcolumnmask" | "getrowfilters" | "getrowfilter") {
        return false;
    }
    let kind = tree::word(event, "resType").unwrap_or_default().to_ascii_lowercase();
    let before = matches!(kind.as_str(), "trinouser" | "queryid" | "catalog" | "systemproperty" | "sessionproperty" | "schemafunction");
    let names = kind == "schema" && (access.starts_with("show") || access.starts_with("access") || access.starts_with("filter"));
    let refused = tree::number(event, "result") == Some(0);
    !(before || names) || refused
}

/// The tables of the resource: `db/table/column,column`, a path, a topic; and Trino's catalog, of which its resources begin with.
fn objects(event: &Value) -> (Option<String>, Vec<Object<'static>>) {
    let resource = tree::word(event, "resource").unwrap_or_default();
    let kind = tree::word(event, "resType").unwrap_or_default().trim_start_matches('@').to_ascii_lowercase();
    let parts: Vec<&str> = resource.trim_matches('/').split('/').collect();
    match (kind.as_str(), parts.as_slice()) {
        ("column", [catalog, schema, table, columns]) => {
            let columns = Some(*columns).filter(|columns| !columns.contains('*'));
            let columns = columns.map(|columns| columns.split(',').map(|column| Cow::Owned(column.trim().to_owned())).collect());
            (Some((*catalog).to_owned()), vec![Object { table: Cow::Owned(format!("{schema}.{table}")), columns }])
        }
        ("table" | "view", [catalog, schema, table]) => {
            (Some((*catalog).to_owned()), vec![Object { table: Cow::Owned(format!("{schema}.{table}")), columns: None }])
        }
        _ => (None, two_parts(&resource, &kind)),
    }
}

/// The tables of services whose resources begin with the database.
fn two_parts(resource: &str, kind: &str) -> Vec<Object<'static>> {
    if resource.is_empty() {
        return Vec::new();
    }
    let mut parts = resource.trim_matches('/').split('/');
    let named = |table: String, columns: Option<Vec<Cow<'static, str>>>| vec![Object { table: Cow::Owned(table), columns }];
    match (kind, parts.next(), parts.next(), parts.next()) {
        ("column" | "column-family", Some(database), Some(table), columns) => {
            let columns = columns.filter(|columns| !columns.contains('*'));
            let columns = columns.map(|columns| columns.split(',').map(|column| Cow::Owned(column.trim().to_owned())).collect());
            named(format!("{database}.{table}"), columns)
        }
        ("table" | "view", Some(database), Some(table), _) => named(format!("{database}.{table}"), None),
        ("path" | "table" | "topic" | "collection" | "index" | "key" | "url", ..) => named(resource.to_owned(), None),
        _ => Vec::new(),
    }
}

fn operation(event: &Value, statement: Option<&str>) -> Operation {
    let access = tree::first(event, &["access", "action"]).unwrap_or_default().to_ascii_lowercase();
    match access.as_str() {
        "select" | "read" | "read_execute" | "get" | "scan" | "query" | "consume" | "row_filter" | "_any" | "all" => Operation::Read,
        access if access.starts_with("mask") || access.starts_with("selectfrom") => Operation::Read,
        access if access.starts_with("insertinto") || access.starts_with("update") => Operation::Write,
        access if access.starts_with("deletefrom") || access.starts_with("truncate") || access.starts_with("drop") => Operation::Delete,
        access if access.starts_with("create") || access.starts_with("show") || access.starts_with("set") => Operation::Admin,
        "update" | "insert" | "write" | "put" | "publish" | "append" => Operation::Write,
        "delete" | "drop" => Operation::Delete,
        "create" | "alter" | "index" | "lock" | "grant" | "admin" | "repladmin" | "serviceadmin" | "use" | "execute" | "traverse" => {
            Operation::Admin
        }
        "export" | "unload" => Operation::Export,
        _ => statement.and_then(|text| operation::of_statement(text, Dialect::Generic)).unwrap_or(Operation::Other),
    }
}

fn recognises(line: &[u8]) -> bool {
    if memchr::memmem::find(line, b"\"repoType\"").is_none() {
        return false;
    }
    let Some(start) = memchr::memchr(b'{', line) else { return false };
    tree::has_keys(&line[start..], |has| has("repoType") && has("reqUser") && has("evtTime"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;

    fn line(access: &str, resource: &str, kind: &str, rest: &str) -> String {
        format!(
            r#"{{"repoType":3,"repo":"hive","reqUser":"li_na","evtTime":"2026-03-02 09:14:05.142","access":"{access}","resource":"{resource}","resType":"{kind}","action":"QUERY","result":1,"cliIP":"10.0.0.7","id":"i","seq_num":1{rest}}}"#
        )
    }

    fn decode(lines: &[String]) -> Vec<Record<'static>> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert_eq!(dead, []);
        records
    }

    #[test]
    fn a_record_names_table_columns_and_statement() {
        let records = decode(&[line(
            "SELECT",
            "crm/customers/name,phone",
            "@column",
            r#","sess":"s1","reqData":"select name, phone from customers""#,
        )]);
        let [record] = records.as_slice() else { panic!("one: {records:?}") };
        assert_eq!(
            (record.time.to_string().as_str(), record.account.as_deref(), record.system.as_deref()),
            ("2026-03-02T09:14:05.142Z", Some("li_na"), Some("hive"))
        );
        assert_eq!((record.client.ip.as_deref(), record.session.as_deref()), (Some("10.0.0.7"), Some("s1")));
        assert_eq!(record.objects[0].table, "crm.customers");
        assert_eq!(record.objects[0].columns.as_deref(), Some(&["name".into(), "phone".into()][..]));
        assert_eq!((record.operation, record.outcome, record.rows), (Operation::Read, EventOutcome::Success, None));
        assert!(record.statement.is_some() && record.id.is_some());
    }

    #[test]
    fn records_of_one_statement_count_once_and_its_runs_each() {
        let of = |table: &str| line("SELECT", &format!("crm/{table}/id"), "@column", r#","sess":"s1","reqData":"select 1""#);
        let records = decode(&[of("a"), of("b"), of("a")]);
        assert_eq!(records.iter().map(|record| record.objects.len()).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn paths_refusals_and_prefixes_are_read() {
        let hdfs = line("READ", "/user/a", "path", "").replace("\"result\":1", "\"result\":0");
        let prefixed = format!("2026-03-02 09:14:06,003 INFO [q]: x.Log4j (L.java:logJSON(107)) - {hdfs}");
        for record in decode(&[hdfs, prefixed]) {
            assert_eq!(
                (record.objects[0].table.as_ref(), record.outcome, record.operation),
                ("/user/a", EventOutcome::Refused, Operation::Read)
            );
        }
    }

    #[test]
    fn records_are_recognised_and_broken_ones_refused() {
        assert!(recognises(line("READ", "/a", "path", "").as_bytes()));
        assert!(!recognises(br#"{"message":"{\"repoType\":1}"}"#) && !recognises(b"x - {\"repoType\":1}"));
        let (records, dead) =
            testing::decode(&FORMAT, &["nothing", r#"{"repoType":1,"evtTime":"2026-03-02 09:14:05"}"#, r#"{"repoType":1,"repoType":2}"#]);
        assert_eq!((records.len(), dead.len()), (0, 3));
    }
}
