//! `MysqlAuditEntry`: the audit plugin of Cloud SQL for MySQL.

use super::EXPECTED;
use crate::decode::json::Word;
use crate::decode::postgresql::cloudsql::chunks::{Chunk, Chunks, Number};
use crate::decode::{DecodeError, Emit, IgnoredReason, Raw, json};
use crate::model::access::Operation;
use crate::model::record::{Client, Dialect, EventOutcome, Object, Record, Text};
use crate::model::time::Timestamp;
use serde::Deserialize;

/// What the entry around the request says.
pub(super) struct LogEntryEnvelope<'a> {
    pub instance: &'a str,
    pub insert: Option<&'a str>,
    pub time: Timestamp,
}

#[derive(Deserialize)]
struct MysqlAuditEntry<'a> {
    #[serde(borrow)]
    cmd: Option<Word<'a>>,
    #[serde(borrow)]
    date: Option<Word<'a>>,
    #[serde(borrow)]
    ip: Option<Word<'a>>,
    #[serde(borrow)]
    host: Option<Word<'a>>,
    #[serde(borrow)]
    query: Option<Word<'a>>,
    #[serde(borrow)]
    status: Option<Word<'a>>,
    #[serde(rename = "errCode")]
    error: Option<Number>,
    #[serde(borrow)]
    user: Option<Word<'a>>,
    #[serde(rename = "threadId")]
    thread: Option<Number>,
    #[serde(rename = "queryId")]
    id: Option<Number>,
    #[serde(borrow, default)]
    objects: Vec<Named<'a>>,
    #[serde(rename = "chunkIndex")]
    chunk: Option<Number>,
    #[serde(rename = "chunkCount")]
    chunk_count: Option<Number>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    db: Option<Word<'a>>,
    #[serde(borrow)]
    name: Option<Word<'a>>,
}

/// Refused before anything ran: no privilege, no such thing, not parsable.
const REFUSED: [u64; 14] = [1044, 1045, 1046, 1049, 1051, 1054, 1064, 1109, 1142, 1143, 1146, 1227, 1305, 1370];

/// Reads the request of an entry.
pub(super) fn decode(
    request: &str,
    entry: &LogEntryEnvelope<'_>,
    chunks: &mut Chunks,
    raw: Raw<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), DecodeError> {
    let audit: MysqlAuditEntry<'_> = serde_json::from_str(request).map_err(|e| json::error(EXPECTED, &e))?;
    chunks.tell_lost(emit);
    let cmd = audit.cmd.as_deref().unwrap_or("").to_ascii_lowercase();
    let Some(operation) = operation(&cmd) else {
        emit(raw.ignored(if matches!(cmd.as_str(), "quit" | "ping") { IgnoredReason::Session } else { IgnoredReason::NotDataAccess }));
        return Ok(());
    };
    let thread = audit.thread.map_or(0, |n| n.0);
    let part = Chunk {
        key: format!("{}/{thread}/{}/{}", entry.instance, audit.id.map_or(0, |n| n.0), entry.time.0),
        index: audit.chunk.map_or(1, |n| n.0),
        count: audit.chunk_count.map_or(1, |n| n.0),
        statement: audit.query.as_deref().unwrap_or(""),
        parameter: "",
    };
    let Some(whole) = chunks.take(part, raw) else {
        emit(raw.ignored(IgnoredReason::Continuation));
        return Ok(());
    };
    let time = audit.date.as_deref().and_then(|date| Timestamp::parse(date).ok()).unwrap_or(entry.time);
    let mut record = Record::new(whole.position, whole.hash, time);
    let own = |text: &Option<Word<'_>>| text.as_deref().filter(|text| !text.is_empty()).map(|text| Text::Owned(text.to_owned()));
    record.account = own(&audit.user);
    record.id = entry.insert.map(|id| Text::Owned(id.to_owned()));
    record.session = audit.thread.map(|thread| Text::Owned(format!("{}/{}", entry.instance, thread.0)));
    record.client = Client { ip: own(&audit.ip), host: own(&audit.host), app: None };
    // The database of the tables; a statement on none, or on several, is the instance's.
    let first = audit.objects.first().and_then(|object| object.db.as_deref());
    let one = first.filter(|db| audit.objects.iter().all(|object| object.db.as_deref() == Some(db)));
    let instance = entry.instance.rsplit([':', '/']).next().unwrap_or("");
    record.system = Some(one.unwrap_or(instance)).filter(|name| !name.is_empty()).map(|name| Text::Owned(name.to_owned()));
    record.operation = operation;
    record.dialect = Dialect::MySql;
    record.outcome = match (audit.status.as_deref(), audit.error) {
        (_, Some(Number(error))) if REFUSED.contains(&error) => EventOutcome::Refused,
        (Some("unsuccessful"), _) => EventOutcome::Failure,
        (_, Some(Number(error))) if error != 0 => EventOutcome::Failure,
        _ => EventOutcome::Success,
    };
    match whole.statement.filter(|_| operation != Operation::Login) {
        Some(statement) => record.statement = Some(Text::Owned(statement)),
        None => {
            let table = |object: &Named<'_>| match (&object.db, &object.name) {
                (Some(db), Some(name)) => Some(format!("{}.{}", db.0, name.0)),
                (_, name) => name.as_deref().map(str::to_owned),
            };
            let tables = audit.objects.iter().filter_map(table);
            record.objects = tables.map(|table| Object { table: Text::Owned(table), columns: None }).collect();
        }
    }
    emit(record.into());
    Ok(())
}

/// What was done; `None` for what is no access at all.
fn operation(cmd: &str) -> Option<Operation> {
    let first = cmd.split(['_', ' ']).next().unwrap_or("");
    Some(match first {
        "connect" | "login" => Operation::Login,
        "failed" if cmd.contains("login") => Operation::Login,
        "quit" | "begin" | "commit" | "rollback" | "savepoint" | "release" | "ping" | "change" | "show" | "set" | "unlock" | "lock"
        | "analyze" | "check" | "optimize" | "flush" | "statistics" | "field" | "use" | "start" => return None,
        "insert" | "update" | "replace" | "load" => Operation::Write,
        "delete" | "truncate" => Operation::Delete,
        "create" | "alter" | "drop" | "grant" | "revoke" | "rename" | "install" | "uninstall" => Operation::Admin,
        _ => Operation::Read,
    })
}
