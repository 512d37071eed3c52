//! `ecs`: Elastic Common Schema documents about databases, as Filebeat's modules, Auditbeat, Packetbeat and Elastic Agent write them.
//!
//! **Switch on** the module of the database, for example in Filebeat:
//!
//! ```yaml
//! filebeat.modules:
//!   - module: postgresql
//!     log: {enabled: true}
//! ```
//!
//! Read are documents whose `event.category` says `database` (or `authentication`, as logins) or that have the fields of a database's
//! module, nested or with dotted keys, also as Elasticsearch exports them (`_source`). Where `event.original` or `message` still holds the
//! raw record of a known format, that format reads it, and better: this one is for documents that were taken apart.
//!
//! **Tells**: `user.name`, `client.ip` or `source.ip`, `event.outcome`, and the statement of `postgresql.log.query`, `mysql.*.query`, `mssql`,
//! Packetbeat's `query`. **Does not tell**: columns, which person other than by keys; rows only by Packetbeat (`mysql.num_rows`,
//! `pgsql.num_rows`) and MySQL's slow log (`rows_sent`, where it is not 0: `HANDLER` shows 0).
//!
//! **Counted**: one document is one access. Documents of other categories are passed over.
//!
//! **Refused**: an object without `@timestamp`, or with a key twice.
//!
//! **Example**:
//!
//! ```json
//! {"@timestamp":"2026-03-02T09:14:05.500Z","event":{"category":["database"],"module":"postgresql","action":"query","outcome":"success","id":"e-1"},"user":{"name":"li_na"},"client":{"ip":"10.0.0.7"},"postgresql":{"log":{"query":"SELECT name FROM crm.customers WHERE id = 42","database":"crm","session_id":"5fb3.1"}}}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json, operation, tree};
use crate::model::access::Operation;
use crate::model::record::{Dialect, EventOutcome, Object, Text};
use jiff::tz::TimeZone;
use serde_json::Value;
use std::borrow::Cow;

/// `ecs`.
pub const FORMAT: Format = Format {
    name: "ecs",
    recognised_by: "an object with `@timestamp` and fields of a database: `event.category` database, `postgresql`, `mysql`, `pgsql`, `mssql`",
    stateless: false,
    decoder: |settings| Documents::json(Box::new(Ecs { zone: settings.zone.clone() })),
    recognises,
};

const EXPECTED: &str = "a document of the Elastic Common Schema";
/// Where modules put the statement.
const STATEMENTS: [&str; 11] = [
    "postgresql.log.query",
    "mysql.slowlog.query",
    "mysqlenterprise.audit.general_data.query",
    "mysqlenterprise.audit.query_statement",
    "sqlserver.audit.statement",
    "microsoft_sqlserver.audit.statement",
    "oracle.database_audit.sql_text",
    "db.statement",
    "db.query.text",
    "query",
    "mysql.query",
];
/// Where they put the table.
const TABLES: [&str; 6] = [
    "db.sql.table",
    "db.collection.name",
    "postgresql.log.object_name",
    "mysql.object",
    "elasticsearch.audit.indices",
    "oracle.database_audit.obj_name",
];

struct Ecs {
    zone: Option<TimeZone>,
}

impl Decoder for Ecs {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let document = json::tree(raw, EXPECTED)?;
        let event = document.get("_source").filter(|source| source.is_object()).unwrap_or(&document);
        let time = tree::time(raw, "@timestamp", tree::word(event, "@timestamp").as_deref(), self.zone.as_ref())?;
        let own = |text: Option<String>| text.map(Text::Owned);
        let mut record = tree::record(raw, time);
        record.account =
            own(tree::first(event, &["user.name", "client.user.name", "source.user.name", "db.user", "user.id", "related.user"]));
        record.client.ip = own(tree::first(event, &["client.ip", "source.ip", "client.address", "source.address"]));
        record.client.host = own(tree::first(event, &["client.domain", "source.domain"]));
        record.client.app = own(tree::first(event, &["postgresql.log.application_name", "user_agent.original", "client.process.name"]));
        record.session = own(tree::first(event, &["postgresql.log.session_id", "mysql.thread_id", "session.id"]));
        record.system = own(tree::first(
            event,
            &["postgresql.log.database", "db.name", "db.namespace", "mysql.slowlog.schema", "service.name", "service.type"],
        ));
        record.id = own(tree::first(event, &["_id", "event.id"]).or_else(|| tree::word(&document, "_id")));
        let text = STATEMENTS.iter().find_map(|path| tree::word(event, path));
        record.dialect = dialect(event);
        let Some(operation) = operation(event, text.as_deref(), record.dialect) else { return Ok(()) };
        record.operation = operation;
        let tables =
            || TABLES.iter().flat_map(|path| tree::words(event, path)).map(|table| Object { table: Cow::Owned(table), columns: None });
        match text {
            Some(text) => record.statement = Some(Cow::Owned(text)),
            None => record.objects = tables().collect(),
        }
        if operation == Operation::Read {
            // Rows that went over the wire; a slow log says 0 where it did not count.
            let wire = ["mysql.num_rows", "pgsql.num_rows"].iter().find_map(|path| tree::number(event, path));
            record.rows = wire.or_else(|| tree::number(event, "mysql.slowlog.rows_sent").filter(|rows| *rows > 0));
        }
        let outcome = tree::first(event, &["event.outcome", "status"]).unwrap_or_default();
        record.outcome = match outcome.to_ascii_lowercase().as_str() {
            "failure" | "error" | "denied" => EventOutcome::Failure,
            _ => EventOutcome::Success,
        };
        emit(record.into());
        Ok(())
    }
}

fn dialect(event: &Value) -> Dialect {
    let named = tree::first(event, &["event.module", "service.type", "type", "db.system", "network.protocol"]).unwrap_or_default();
    match named.as_str() {
        _ if tree::at(event, "postgresql").is_some() || tree::at(event, "pgsql").is_some() => Dialect::PostgreSql,
        "postgresql" | "pgsql" => Dialect::PostgreSql,
        _ if tree::at(event, "mysql").is_some() => Dialect::MySql,
        "mysql" | "mariadb" | "mysql_enterprise" => Dialect::MySql,
        _ => Dialect::Generic,
    }
}

/// What was done; `None` for what is no access: logouts, records of the server itself.
fn operation(event: &Value, text: Option<&str>, dialect: Dialect) -> Option<Operation> {
    let action = tree::word(event, "event.action").unwrap_or_default().to_ascii_lowercase();
    let categories = tree::words(event, "event.category");
    let is = |category: &str| categories.iter().any(|known| known == category);
    if let Some(text) = text {
        return operation::of_statement(text, dialect);
    }
    let action = action.replace([' ', '-', '.'], "_");
    match action.as_str() {
        action if action.contains("logout") || action.contains("logoff") || action.contains("disconnect") => None,
        action if action.contains("login") || action.contains("logon") || action.contains("connect") => Some(Operation::Login),
        action if action.contains("authenti") => Some(Operation::Login),
        _ if is("authentication") => Some(Operation::Login),
        action if action.contains("delete") || action.contains("drop") || action.contains("truncate") => Some(Operation::Delete),
        action if ["insert", "update", "write", "bulk"].iter().any(|word| action.contains(word)) => Some(Operation::Write),
        action if ["create", "alter", "grant", "revoke", "change", "put"].iter().any(|word| action.contains(word)) => {
            Some(Operation::Admin)
        }
        action if ["select", "read", "query", "search", "get", "access"].iter().any(|word| action.contains(word)) => Some(Operation::Read),
        // A line of a server's log that tells of no statement is its own matter.
        "" if !is("database") || tree::word(event, "event.kind").as_deref() == Some("metric") => None,
        "" if tree::word(event, "log.level").is_some() => None,
        _ => Some(Operation::Other),
    }
}

fn recognises(bytes: &[u8]) -> bool {
    if memchr::memmem::find(bytes, b"\"@timestamp\"").is_none() {
        return false;
    }
    let start = bytes.trim_ascii_start();
    let object = serde_json::Deserializer::from_slice(start).into_iter::<Value>().next().and_then(Result::ok);
    object.is_some_and(|document| {
        let event = document.get("_source").filter(|source| source.is_object()).unwrap_or(&document);
        let categories = tree::words(event, "event.category");
        let of_database =
            categories.iter().any(|category| category == "database") || STATEMENTS[..7].iter().any(|path| tree::at(event, path).is_some());
        let packets = tree::at(event, "query").is_some() && ["mysql", "pgsql", "mongodb"].iter().any(|key| tree::at(event, key).is_some());
        tree::at(event, "@timestamp").is_some() && (of_database || packets)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::record::Record;

    fn decode(lines: &[&str]) -> Vec<Record<'static>> {
        let (records, dead) = testing::decode(&FORMAT, lines);
        assert_eq!(dead, []);
        records
    }

    const NESTED: &str = r#"{"@timestamp":"2026-03-02T09:14:05.5Z","event":{"category":["database"],"action":"query","outcome":"success","id":"e1"},"user":{"name":"li_na"},"client":{"ip":"10.0.0.7"},"postgresql":{"log":{"query":"SELECT * FROM crm.customers","database":"crm","application_name":"psql","session_id":"s1"}}}"#;

    #[test]
    fn nested_and_dotted_documents_read_alike() {
        let dotted = r#"{"@timestamp":"2026-03-02T09:14:05.5Z","event.category":"database","event.action":"query","event.id":"e1","user.name":"li_na","client.ip":"10.0.0.7","postgresql.log.query":"SELECT * FROM crm.customers","postgresql.log.database":"crm","postgresql.log.application_name":"psql","postgresql.log.session_id":"s1"}"#;
        for record in decode(&[NESTED, dotted]) {
            assert_eq!((record.time.to_string().as_str(), record.account.as_deref()), ("2026-03-02T09:14:05.5Z", Some("li_na")));
            assert_eq!(
                (record.client.ip.as_deref(), record.client.app.as_deref(), record.session.as_deref()),
                (Some("10.0.0.7"), Some("psql"), Some("s1"))
            );
            assert_eq!((record.system.as_deref(), record.id.as_deref()), (Some("crm"), Some("e1")));
            assert_eq!(record.statement.as_deref(), Some("SELECT * FROM crm.customers"));
            assert_eq!((record.rows, record.operation, record.outcome), (None, Operation::Read, EventOutcome::Success));
        }
    }

    #[test]
    fn packetbeat_counts_rows_and_zero_of_a_slow_log_is_unknown() {
        let packets = r#"{"@timestamp":"2026-03-02T09:14:05Z","type":"mysql","query":"SELECT 1 FROM t","mysql":{"num_rows":9},"client":{"ip":"10.0.0.7"}}"#;
        let slow =
            r#"{"@timestamp":"2026-03-02T09:14:05Z","mysql":{"slowlog":{"query":"SELECT 1 FROM t","rows_sent":0}},"user":{"name":"a"}}"#;
        assert!(recognises(packets.as_bytes()) && recognises(slow.as_bytes()));
        assert_eq!(
            decode(&[packets, slow]).iter().map(|record| (record.rows, record.dialect)).collect::<Vec<_>>(),
            [(Some(9), Dialect::MySql), (None, Dialect::MySql)]
        );
    }

    #[test]
    fn logins_are_told_and_lines_of_the_server_are_not() {
        let login = r#"{"@timestamp":"2026-03-02T09:14:05Z","event":{"category":["authentication","database"],"action":"login","outcome":"failure"},"user":{"name":"a"}}"#;
        let server =
            r#"{"@timestamp":"2026-03-02T09:14:05Z","event":{"category":["database"]},"log":{"level":"LOG"},"message":"checkpoint"}"#;
        assert_eq!(
            decode(&[login, server]).iter().map(|record| (record.operation, record.outcome)).collect::<Vec<_>>(),
            [(Operation::Login, EventOutcome::Failure)]
        );
    }

    #[test]
    fn documents_are_recognised_and_others_are_not() {
        assert!(recognises(NESTED.as_bytes()) && recognises(format!(r#"{{"_id":"1","_source":{NESTED}}}"#).as_bytes()));
        assert!(!recognises(br#"{"@timestamp":"2026-03-02T09:14:05Z","message":"x"}"#));
        let (records, dead) = testing::decode(&FORMAT, &["{}", r#"{"@timestamp":"yesterday"}"#]);
        assert_eq!((records.len(), dead.len()), (0, 2));
    }
}
