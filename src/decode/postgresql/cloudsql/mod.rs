//! `cloudsql-logentry`: what Google Cloud SQL and AlloyDB write to Cloud Logging, one `LogEntry` a line or message. PostgreSQL and MySQL.
//!
//! **Switch on**: data access audit logs of the project, and as flags of the instance:
//!
//! ```ini
//! cloudsql.enable_pgaudit = on      # AlloyDB: alloydb.enable_pgaudit
//! pgaudit.log = all
//! pgaudit.log_rows = on
//! pgaudit.log_parameter = on
//! cloudsql_mysql_audit = ON         # Cloud SQL for MySQL
//! ```
//!
//! Export the entries by a sink to Pub/Sub or a bucket.
//!
//! **Tells**: of pgaudit (`PgAuditEntry`) login, database and statement; of MySQL's audit plugin (`MysqlAuditEntry`) also the client's
//! address and the tables; PostgreSQL's own log as text. **Does not tell**: the client's address in pgaudit's entries; rows, unless an
//! entry has them; which person, other than by keys and bind values.
//!
//! **Counted**: lines of one statement count once; statements that Google cut into chunks are put together. Entries of other logs are
//! passed over.
//!
//! **Refused**: a `LogEntry` without its time or the name of its log; MySQL's general and slow logs, which are no audit: switch the plugin
//! on. An entry of which a chunk never came is told of as lost.
//!
//! **Example**:
//!
//! ```json
//! {"insertId":"x1","logName":"projects/p/logs/cloudaudit.googleapis.com%2Fdata_access","timestamp":"2026-03-02T09:14:05Z","resource":{"type":"cloudsql_database","labels":{"database_id":"p:pg1"}},"protoPayload":{"methodName":"cloudsql.instances.query","request":{"@type":"type.googleapis.com/google.cloud.sql.audit.v1.PgAuditEntry","auditType":"SESSION","auditClass":"READ","command":"SELECT","statement":"SELECT name FROM crm.customers WHERE id = 42","user":"li_na","database":"crm","databaseSessionId":77,"statementId":1,"substatementId":1,"chunkIndex":1,"chunkCount":1}}}
//! ```

mod chunks;
mod mysql;

use crate::decode::framing::document::Documents;
use crate::decode::json::Word;
use crate::decode::postgresql::cloudsql::chunks::{Chunk, Chunks, Number, Whole};
use crate::decode::postgresql::line::{Line, Severity};
use crate::decode::postgresql::reader::{Reader, Style};
use crate::decode::postgresql::session::Sessions;
use crate::decode::{DecodeError, Decoder, Emit, Format, IgnoredReason, Raw, json};
use crate::model::signs::Signs;
use crate::model::time::Timestamp;
use serde::Deserialize;
use std::borrow::Cow;

/// `cloudsql-logentry`.
pub const CLOUDSQL: Format = Format {
    name: "cloudsql-logentry",
    recognised_by: "an object with `logName` and a `protoPayload` of a query to Cloud SQL or AlloyDB, or their `textPayload`",
    stateless: false,
    decoder: |settings| {
        Documents::json(Box::new(CloudSql { reader: Reader::new(settings), sessions: Sessions::default(), chunks: Chunks::new() }))
    },
    recognises,
};

struct CloudSql {
    reader: Reader,
    sessions: Sessions,
    chunks: Chunks,
}

#[derive(Deserialize)]
struct LogEntry<'a> {
    #[serde(borrow)]
    timestamp: Option<Word<'a>>,
    #[serde(borrow, rename = "logName")]
    log: Option<Word<'a>>,
    #[serde(borrow, rename = "insertId")]
    insert: Option<Word<'a>>,
    #[serde(borrow, rename = "textPayload")]
    text: Option<Word<'a>>,
    #[serde(borrow, rename = "protoPayload")]
    proto: Option<Proto<'a>>,
    #[serde(borrow)]
    resource: Option<Resource<'a>>,
}

#[derive(Deserialize)]
struct Proto<'a> {
    #[serde(borrow, rename = "methodName")]
    method: Option<Word<'a>>,
    #[serde(borrow, rename = "resourceName")]
    resource: Option<Word<'a>>,
    #[serde(borrow)]
    request: Option<&'a serde_json::value::RawValue>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Word<'a>>,
    #[serde(borrow)]
    labels: Option<Labels<'a>>,
}

#[derive(Deserialize)]
struct Labels<'a> {
    #[serde(borrow)]
    database_id: Option<Word<'a>>,
    #[serde(borrow)]
    instance_id: Option<Word<'a>>,
}

/// What pgaudit wrote. The server's own CSV is made again of it, so that there is one reader of it.
#[derive(Deserialize)]
struct PgAudit<'a> {
    #[serde(borrow, rename = "auditType")]
    audit: Cow<'a, str>,
    #[serde(borrow, rename = "auditClass")]
    class: Cow<'a, str>,
    #[serde(borrow)]
    command: Option<Word<'a>>,
    #[serde(borrow, rename = "objectType")]
    object_type: Option<Word<'a>>,
    #[serde(borrow)]
    object: Option<Word<'a>>,
    #[serde(borrow)]
    statement: Option<Word<'a>>,
    #[serde(borrow)]
    parameter: Option<Word<'a>>,
    #[serde(borrow)]
    user: Option<Word<'a>>,
    #[serde(borrow)]
    database: Option<Word<'a>>,
    #[serde(rename = "databaseSessionId")]
    session: Number,
    #[serde(rename = "statementId")]
    id: Number,
    #[serde(rename = "substatementId")]
    sub: Number,
    rows: Option<Number>,
    #[serde(rename = "chunkIndex")]
    chunk: Option<Number>,
    #[serde(rename = "chunkCount")]
    chunk_count: Option<Number>,
}

const EXPECTED: &str = "a log entry of Cloud SQL";

impl LogEntry<'_> {
    /// The instance: process numbers are those of one server.
    fn instance(&self) -> &str {
        let labels = self.resource.as_ref().and_then(|resource| resource.labels.as_ref());
        let label = labels.and_then(|labels| labels.database_id.as_deref().or(labels.instance_id.as_deref()));
        label.or(self.proto.as_ref().and_then(|proto| proto.resource.as_deref())).unwrap_or("")
    }

    /// Whether the log is one of these databases.
    fn is_text(&self) -> bool {
        let kind = self.resource.as_ref().and_then(|resource| resource.kind.as_deref()).unwrap_or("");
        let log = self.log.as_deref().unwrap_or("");
        self.text.is_some() && (kind == "cloudsql_database" || kind.starts_with("alloydb.") || log.contains("/cloudsql.googleapis.com%2F"))
    }
}

impl CloudSql {
    fn pgaudit(
        &mut self,
        entry: &LogEntry<'_>,
        request: &str,
        time: Timestamp,
        raw: Raw<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), DecodeError> {
        let audit: PgAudit<'_> = serde_json::from_str(request).map_err(|e| json::error(EXPECTED, &e))?;
        let session = format!("{}/{}", entry.instance(), audit.session.0);
        let part = Chunk {
            key: format!("{session}/{}/{}/{}/{}", audit.id.0, audit.sub.0, audit.object.as_deref().unwrap_or(""), time.0),
            index: audit.chunk.map_or(1, |n| n.0),
            count: audit.chunk_count.map_or(1, |n| n.0),
            statement: audit.statement.as_deref().unwrap_or(""),
            parameter: audit.parameter.as_deref().unwrap_or(""),
        };
        let Some(whole) = self.chunks.take(part, raw) else {
            emit(raw.ignored(IgnoredReason::Continuation));
            return Ok(());
        };
        let said = |text: &Option<Word<'_>>| text.as_deref().unwrap_or("").to_owned();
        let mut fields = vec![
            audit.audit.clone().into_owned(),
            audit.id.0.to_string(),
            audit.sub.0.to_string(),
            audit.class.clone().into_owned(),
            said(&audit.command),
            said(&audit.object_type),
            said(&audit.object),
        ];
        let Whole { statement, parameter, position, hash } = whole;
        fields.push(statement.map_or_else(|| "<not logged>".to_owned(), bracketed));
        fields.push(parameter.map_or_else(|| "<not logged>".to_owned(), bracketed));
        fields.extend(audit.rows.map(|rows| rows.0.to_string()));
        let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        let line = Line {
            position,
            hash,
            time,
            session: session.into(),
            number: number(time, audit.id.0, audit.sub.0),
            user: audit.user.map(|user| user.0),
            database: audit.database.map(|database| database.0),
            host: None,
            application: None,
            severity: Severity::Log,
            state: None,
            message: format!("AUDIT: {}", fields.join(",")).into(),
            detail: None,
            statement: None,
            context: None,
            cursor_position: false,
            signs: Signs::default(),
            cut: false,
        };
        self.sessions.take(&line, emit);
        Ok(())
    }
}

/// A number for a line of a session, whose own number the entry does not have: it must be the same when the entry is delivered
/// again, and another in a later session of the same process number.
fn number(time: Timestamp, id: u64, sub: u64) -> u64 {
    ((time.0.max(0) as u64) << 20) | ((id & 0x3ff) << 10) | (sub & 0x3ff)
}

/// `[none]` and `[not logged]` as AlloyDB has it, with the brackets of pgaudit.
fn bracketed(text: String) -> String {
    match text.as_str() {
        "[none]" => "<none>".to_owned(),
        "[not logged]" => "<not logged>".to_owned(),
        "" => "<none>".to_owned(),
        _ => text,
    }
}

fn quoted(field: &str) -> String {
    match field.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

impl Decoder for CloudSql {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let entry: LogEntry<'_> = json::read(raw, EXPECTED)?;
        let (outer, mut raw) = (raw, raw);
        let time = entry.timestamp.as_deref().and_then(|time| Timestamp::parse(time).ok()).or(raw.envelope.time);
        raw.envelope.time = time;
        let refuse = |what: &str| DecodeError::Form { expected: EXPECTED, what: what.to_owned() };
        let passed = |reason: IgnoredReason, emit: &mut Emit<'_>| {
            emit(outer.ignored(reason));
            Ok(())
        };
        if let Some(request) = entry.proto.as_ref().and_then(|proto| proto.request).map(serde_json::value::RawValue::get) {
            let time = time.ok_or_else(|| refuse("without a time"))?;
            // Of other requests (to change an instance, say) the keys are not those.
            return match kind(request) {
                Kind::PgAudit => self.pgaudit(&entry, request, time, raw, emit),
                Kind::MySql => {
                    let around = mysql::LogEntryEnvelope { instance: entry.instance(), insert: entry.insert.as_deref(), time };
                    mysql::decode(request, &around, &mut self.chunks, raw, emit)
                }
                Kind::Other => passed(IgnoredReason::OtherEvent, emit),
            };
        }
        if !entry.is_text() {
            // Of another log; without a name of its log and a resource it is of none.
            return if entry.log.is_some() || entry.resource.is_some() {
                passed(IgnoredReason::OtherEvent, emit)
            } else {
                Err(refuse("without the name of its log"))
            };
        }
        let log = entry.log.as_deref().unwrap_or("");
        match entry.text.as_deref() {
            // What MySQL writes of its own running tells of no access; its general and slow logs do.
            Some(_) if log.ends_with("mysql.err") => passed(IgnoredReason::ServerMessage, emit),
            Some(_) if log.ends_with("mysql-general.log") || log.ends_with("mysql-slow.log") => {
                Err(refuse("of a text log of MySQL, which is not read: switch the audit plugin on"))
            }
            Some(text) => {
                let instance = entry.instance().to_owned();
                raw.envelope.host = Some(&instance);
                self.reader.take(text, raw, Style::Whole, emit)
            }
            None => passed(IgnoredReason::OtherEvent, emit),
        }
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.chunks.flush(emit);
        self.sessions.flush(emit);
        self.reader.flush(emit);
    }
}

enum Kind {
    PgAudit,
    MySql,
    Other,
}

/// Which sort of request it is, by its type or else its keys.
fn kind(request: &str) -> Kind {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "@type")]
        kind: Option<Word<'a>>,
        #[serde(rename = "auditClass")]
        class: Option<serde::de::IgnoredAny>,
        #[serde(rename = "privUser")]
        privileged: Option<serde::de::IgnoredAny>,
    }
    let Ok(typed) = serde_json::from_str::<Typed<'_>>(request) else { return Kind::Other };
    match typed.kind.as_deref() {
        Some(kind) if kind.ends_with(".PgAuditEntry") => Kind::PgAudit,
        Some(kind) if kind.ends_with(".MysqlAuditEntry") => Kind::MySql,
        None if typed.class.is_some() => Kind::PgAudit,
        None if typed.privileged.is_some() => Kind::MySql,
        _ => Kind::Other,
    }
}

fn recognises(bytes: &[u8]) -> bool {
    // Cheap for lines of other formats.
    if memchr::memmem::find(bytes, b"Payload\"").is_none() {
        return false;
    }
    let Some(entry) = json::first_object::<LogEntry<'_>>(bytes) else { return false };
    let query = |method: &str| matches!(method, "cloudsql.instances.query" | "alloydb.instances.query");
    entry.log.is_some() && (entry.is_text() || entry.proto.as_ref().and_then(|proto| proto.method.as_deref()).is_some_and(query))
}

#[cfg(test)]
mod tests;
