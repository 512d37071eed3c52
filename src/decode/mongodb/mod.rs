//! `mongodb-audit`: MongoDB's audit log as JSON, of Enterprise, Percona Server and Atlas; also of Amazon DocumentDB (`audit_logs` with
//! `dml_read`).
//!
//! **Switch on**, in `mongod.conf`:
//!
//! ```yaml
//! auditLog: {destination: file, format: JSON, path: /var/log/mongodb/audit.json}   # or destination: syslog
//! setParameter: {auditAuthorizationSuccess: true}                                  # else only refusals are logged
//! ```
//!
//! **Tells**: user, address, and the command with its arguments. **Does not tell**: rows, so how many people a bulk read showed is
//! unknown; whether a command that was permitted succeeded; which person, other than by the filter.
//!
//! **Counted**: a command is turned into the SQL that reads the same, so that keys, projections and counts are understood by the same
//! rules as everywhere; what has no equal (`$where`, unknown stages) reads everything.
//!
//! **Refused**: an object without `atype`, `ts`, `users` or `result`; one nested too deep.
//!
//! **Example**:
//!
//! ```json
//! {"atype":"authCheck","ts":{"$date":"2026-03-02T09:14:05.500+0000"},"local":{"ip":"10.0.0.1","port":27017},"remote":{"ip":"10.0.0.7","port":4711},"users":[{"user":"li_na","db":"admin"}],"roles":[],"param":{"command":"find","ns":"crm.customers","args":{"find":"customers","filter":{"id":42},"projection":{"name":1}}},"result":0}
//! ```

mod pipeline;
mod query;

use crate::decode::framing::document::Documents;
use crate::decode::row::{self, form};
use crate::decode::{DecodeError, Decoder, Emit, Format, IgnoredReason, Raw, json};
use crate::model::access::Operation;
use crate::model::record::{Client, Dialect, EventOutcome, Object, Record, Text};
use crate::model::time::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, VecDeque};

/// `mongodb-audit`.
pub const FORMAT: Format = Format {
    name: "mongodb-audit",
    recognised_by: "an object with `atype`, `ts`, `users` and `result`",
    stateless: false,
    decoder: |settings| Box::new(Unnamed(Documents::json(Box::new(Mongo::new(settings.zone.clone()))))),
    recognises: |bytes| {
        let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
        let starts = without_program(bytes).trim_ascii_start().first().is_some_and(|c| matches!(c, b'{' | b'['));
        // DocumentDB says in two ways when it was.
        let result = has("\"result\"") || has("\"remote_ip\"") && has("\"timestamp_utc\"");
        starts && has("\"atype\"") && has("\"ts\"") && has("\"users\"") && result
    },
};

const EXPECTED: &str = "a record of MongoDB's audit log";

/// Takes off `mongod: `, which some forwarders leave.
struct Unnamed(Box<dyn Decoder>);

fn without_program(bytes: &[u8]) -> &[u8] {
    let rest = bytes.strip_prefix(b"mongod: ").or_else(|| bytes.strip_prefix(b"mongos: "));
    rest.unwrap_or(bytes)
}

impl Decoder for Unnamed {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        self.0.decode(Raw { bytes: without_program(raw.bytes), ..raw }, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.0.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.0.is_record_incomplete()
    }
}

/// Reads events, each in the order in which it came.
pub(super) struct Mongo {
    zone: Option<TimeZone>,
    seen: Seen,
}

/// Queries that were told of, so that the pages of their cursors are not: by session and collection, the last so many.
#[derive(Default)]
struct Seen {
    known: BTreeSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    /// Whether it was new.
    fn add(&mut self, key: String) -> bool {
        let new = self.known.insert(key.clone());
        if new {
            self.order.push_back(key);
        }
        if self.order.len() > 4_096 {
            self.order.pop_front().into_iter().for_each(|oldest| {
                self.known.remove(&oldest);
            });
        }
        new
    }
}

impl Decoder for Mongo {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let Value::Object(event) = json::tree(raw, EXPECTED)? else { return Err(form(EXPECTED, "not an object")) };
        self.event(raw, &event, emit)
    }
}

impl Mongo {
    pub(super) fn new(zone: Option<TimeZone>) -> Mongo {
        Mongo { zone, seen: Seen::default() }
    }

    /// Reads an event of the log's own form.
    pub(super) fn event(&mut self, raw: Raw<'_>, event: &Map<String, Value>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let kind = event.get("atype").and_then(Value::as_str).ok_or_else(|| form(EXPECTED, "`atype` is missing"))?;
        let time = event.get("ts").and_then(|ts| moment(ts, self.zone.as_ref())).or(raw.envelope.time);
        let time = time.ok_or(DecodeError::Field { field: "ts", rule: "must be a time between 2000 and 2100".to_owned() })?;
        let mut record = Record::new(raw.position, raw.hash, time);
        record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
        // The rendered text follows the standard: no escapes within quotes.
        record.dialect = Dialect::PostgreSql;
        let word = |object: Option<&Value>, name: &str| object.and_then(|object| object.get(name)).and_then(row::text);
        let remote = event.get("remote");
        // DocumentDB writes both in one.
        let joined = event.get("remote_ip").and_then(row::text);
        let joined = joined.as_deref().and_then(|joined| joined.rsplit_once(':'));
        let own = |text: &str| Text::Owned(text.to_owned());
        let ip = word(remote, "ip").filter(|ip| ip != "(NONE)").or_else(|| joined.map(|(ip, _)| own(ip)));
        let port = word(remote, "port").or_else(|| joined.map(|(_, port)| own(port))).unwrap_or_default();
        let user = event.get("users").and_then(Value::as_array).and_then(|users| users.first());
        let param = event.get("param");
        record.account = word(user, "user");
        record.session = ip.as_ref().map(|ip| Text::Owned(format!("{ip}:{port}")));
        record.client.ip = ip;
        let failed = event.get("result").and_then(Value::as_i64).is_some_and(|code| code != 0);
        // A code stands for the check before the command runs.
        record.outcome = if failed { EventOutcome::Refused } else { EventOutcome::Success };
        let tell = match kind {
            "authCheck" => self.command(param, None, &mut record),
            command if event.contains_key("remote_ip") && DOCUMENTDB.contains(&command) => self.command(param, Some(command), &mut record),
            "authenticate" => {
                record.operation = Operation::Login;
                record.account = word(param, "user").or(record.account);
                record.system = word(param, "db");
                true
            }
            "logout" | "clientMetadata" | "startup" | "applicationMessage" | "getClusterParameter" => false,
            "exportCollection" => {
                record.operation = Operation::Export;
                name(&mut record, &word(param, "ns").unwrap_or_default());
                true
            }
            // All others change the database, its users or its rights.
            _ => {
                record.operation = Operation::Admin;
                let namespace = word(param, "ns").or_else(|| word(param, "db")).unwrap_or_default();
                name(&mut record, &namespace);
                true
            }
        };
        let session = ["authenticate", "logout", "clientMetadata"].contains(&kind);
        let reason = if session { IgnoredReason::Session } else { IgnoredReason::NotDataAccess };
        emit(if tell { record.into() } else { raw.ignored(reason) });
        Ok(())
    }
}

/// `{"$date": …}` with a text, a number, or `{"$numberLong": …}`; or a text.
fn moment(value: &Value, zone: Option<&TimeZone>) -> Option<Timestamp> {
    let inner = value.get("$date").unwrap_or(value);
    let inner = inner.get("$numberLong").unwrap_or(inner);
    row::time(&row::text(inner)?, zone)
}

/// `db.collection`: the database and, if there is one, the collection as object.
fn name(record: &mut Record<'static>, namespace: &str) {
    let database = namespace.split('.').next().unwrap_or(namespace);
    record.system = Some(Text::Owned(database.to_owned())).filter(|name| !name.is_empty());
    if namespace.contains('.') {
        record.objects = vec![Object { table: Text::Owned(namespace.to_owned()), columns: None }];
    }
}

/// Commands that DocumentDB tells of by events of their own.
const DOCUMENTDB: &[&str] =
    &["find", "count", "countDocuments", "distinct", "aggregate", "findAndModify", "getMore", "insert", "update", "bulkWrite", "delete"];

/// Commands of drivers and servers among themselves, and those that only tell about the server.
const NO_ACCESS: &[&str] = &[
    "isMaster",
    "ismaster",
    "hello",
    "ping",
    "buildInfo",
    "buildinfo",
    "getCmdLineOpts",
    "whatsmyuri",
    "saslStart",
    "saslContinue",
    "endSessions",
    "replSetGetStatus",
    "serverStatus",
    "listCollections",
    "listDatabases",
    "listIndexes",
    "listCommands",
    "connectionStatus",
    "getParameter",
    "getFreeMonitoringStatus",
    "hostInfo",
    "killCursors",
    "refreshSessions",
    "startSession",
    "abortTransaction",
    "commitTransaction",
    "getLastError",
    "dbStats",
    "collStats",
    "dbstats",
    "collstats",
    "top",
    "features",
    "replSetHeartbeat",
    "replSetUpdatePosition",
    "getDefaultRWConcern",
    "usersInfo",
    "rolesInfo",
    "validate",
    "currentOp",
    "isdbgrid",
    "getnonce",
    "logout",
];

impl Mongo {
    /// A command that was checked; false where it is no access.
    fn command(&mut self, param: Option<&Value>, event: Option<&str>, record: &mut Record<'static>) -> bool {
        let empty = Map::new();
        let text = |name: &str| param.and_then(|param| param.get(name)).and_then(Value::as_str).unwrap_or("");
        let args = param.and_then(|param| param.get("args")).and_then(Value::as_object).unwrap_or(&empty);
        let (command, namespace) = (event.unwrap_or_else(|| text("command")), text("ns"));
        name(record, namespace);
        // The server's own work: sessions, replication.
        if record.account.is_none()
            && record.client.ip.is_none()
            && ["config", "local", "admin"].contains(&record.system.as_deref().unwrap_or(""))
        {
            return false;
        }
        let client = |name: &str| {
            args.get("$client").or_else(|| args.get("client")).and_then(|client| client.get(name)?.get("name")).and_then(row::text)
        };
        record.client = Client { app: client("application").or_else(|| client("driver")), ..record.client.clone() };
        let session = args
            .get("lsid")
            .map_or_else(|| record.session.as_deref().unwrap_or("").to_owned(), |lsid| lsid.get("id").unwrap_or(lsid).to_string());
        let key = format!("{session}\n{namespace}");
        let statement = match command {
            "find" => Some(query::find(namespace, args)),
            "count" | "countDocuments" => Some(query::count(namespace, args)),
            "distinct" => Some(query::distinct(namespace, args)),
            "findAndModify" | "findandmodify" => Some(query::find_and_modify(namespace, args)),
            "aggregate" => {
                let aggregate = pipeline::aggregate(namespace, args);
                if aggregate.as_ref().is_some_and(|aggregate| aggregate.stored) {
                    record.operation = Operation::Export;
                }
                match aggregate {
                    Some(aggregate) => Some(aggregate.text),
                    // It looks at the server, not at documents.
                    None => return false,
                }
            }
            "getMore" => {
                let cursor = args.get("getMore").map(Value::to_string).unwrap_or_default();
                let told = self.seen.known.contains(&key);
                return !told && self.seen.add(format!("{cursor}\n{namespace}"));
            }
            "mapReduce" | "mapreduce" | "group" | "parallelCollectionScan" | "geoNear" | "geoSearch" | "cloneCollection" => {
                record.operation = Operation::Export;
                None
            }
            "insert" | "update" | "bulkWrite" => {
                record.operation = Operation::Write;
                return true;
            }
            "delete" | "remove" => {
                record.operation = Operation::Delete;
                return true;
            }
            "explain" => return false,
            _ if NO_ACCESS.contains(&command) => return false,
            _ => {
                record.operation = Operation::Admin;
                return true;
            }
        };
        self.seen.add(key);
        if let Some(statement) = statement {
            record.objects = Vec::new();
            record.statement = Some(Text::Owned(statement));
        }
        true
    }
}

#[cfg(test)]
mod tests;
