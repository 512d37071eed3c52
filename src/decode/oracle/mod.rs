//! Oracle's audit trails: `oracle-unified-json`, `oracle-audit-xml` and `oracle-syslog`.
//!
//! What they share: each tells the login, the action, the object and the way it ended; none tells rows or columns. A statement
//! that touches several audited objects leaves a record for each, which are put together by session and statement number.

mod merger;
mod os_text;
mod unified;
mod xml;

pub use os_text::FORMAT as SYSLOG;
pub use unified::FORMAT as UNIFIED_JSON;
pub use xml::FORMAT as XML;

use crate::decode::IgnoredReason;
use crate::decode::local_clock::Instant;
use crate::decode::row::ExportRow;
use crate::decode::{DecodeError, Raw, hidden_tables, operation};
use crate::model::access::Operation;
use crate::model::doubts::Doubts;
use crate::model::record::{Client, Dialect, EventOutcome, Object, Record, Text};
use crate::sql;

/// A record with what puts it together with others of its statement.
struct AuditedAction {
    record: Record<'static>,
    /// Of one statement; empty where the trail does not number statements.
    key: String,
    table: Option<String>,
}

/// The shortest lengths at which exports cut statements: `VARCHAR2(2000)` and `VARCHAR2(4000)`.
fn may_be_cut(text: &str) -> bool {
    matches!(text.chars().count(), 1_999 | 2_000 | 3_999 | 4_000) || matches!(text.len(), 1_999 | 2_000 | 3_999 | 4_000)
}

/// A field that readers add where the statement's text has lost its end.
const CUT: &str = "sqltextcut";

/// Reads the fields, under whatever names the trails have for them; within, why it is no access.
fn audited(row: &ExportRow, raw: Raw<'_>, time: Option<Instant>) -> Result<Result<AuditedAction, IgnoredReason>, DecodeError> {
    let Instant { time, ambiguous } = time
        .or(raw.envelope.time.map(|time| Instant { time, ambiguous: false }))
        .ok_or(DecodeError::Field { field: "timestamp", rule: "must be a time between 2000 and 2100".to_owned() })?;
    let text = |names: &[&str]| row.text(names).map(|text| Text::Owned(text.trim().to_owned()));
    let word = |names: &[&str]| text(names).map_or_else(String::new, Text::into_owned);
    let mut record = Record::new(raw.position, raw.hash, time);
    record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
    record.dialect = Dialect::Oracle;
    // `CURRENT_USER` is whose rights count, not who is logged in.
    record.account = text(&["dbusername", "dbuser", "userid", "databaseuser", "username"]);
    record.doubts = Doubts::TIME.if_so(ambiguous);
    record.system = text(&["dbname", "databaseuniquename", "targetname", "pdbname", "instancename", "dbid"]);
    record.client = Client {
        ip: text(&["clientip", "clienthostip", "clientaddress"])
            .filter(|ip| ip.parse::<core::net::IpAddr>().is_ok())
            .or_else(|| host_of(&word(&["authenticationtype", "commenttext", "comment$text"]))),
        host: text(&["userhost", "clienthostname"]),
        app: text(&["clientprogramname", "clientprogram"]),
    };
    let (session, statement) = (word(&["sessionid", "sesid"]), word(&["statementid", "stmtid", "statement"]));
    let (entry, database, instance) = (word(&["entryid"]), word(&["dbid"]), word(&["instanceid", "instancenumber"]));
    let known = !session.is_empty() && session != "0";
    record.session = known.then(|| Text::Owned(session.clone()));
    let own = row.text(&["id"]).filter(|id| id.starts_with("ocid1."));
    // Numbers of a session start over with each; the moment keeps sessions of SYS, which are all 0, apart.
    let numbered =
        (!entry.is_empty()).then(|| Text::Owned(format!("{database}/{instance}/{session}/{entry}/{statement}/{}", word(MOMENT))));
    record.id = own.or(numbered.filter(|_| row.text(MOMENT).is_some()));
    let sql = row.text(&["sqltext", "sqltextvarchar2", "commandtext", "sql"]).and_then(of_lob);
    let action = word(&["actionname", "action", "operation", "eventname", "actionnumber", "action#", "statementtype"]);
    // Whatever has a time would be one otherwise.
    if record.account.is_none() && action.is_empty() && sql.is_none() {
        let what = "neither a login nor an action nor a statement".to_owned();
        return Err(DecodeError::Form { expected: "a record of Oracle's audit", what });
    }
    // In records of SYS the action is the statement itself.
    let number: Option<u32> = action.parse().ok();
    let sql = sql
        .or_else(|| (number.is_none() && action.contains(char::is_whitespace) && action.len() > 24).then(|| Text::Owned(action.clone())));
    let name = number.map_or_else(|| action.to_ascii_uppercase(), |number| name_of(number).to_owned());
    let operation = match operation(&name, sql.as_deref(), &word(&["ses$actions"])) {
        Ok(operation) => operation,
        Err(reason) => return Ok(Err(reason)),
    };
    record.operation = operation;
    let failed = matches!(word(&["operationstatus"]).to_ascii_uppercase().as_str(), "FAILURE" | "FAILED");
    record.outcome = match row.text(&["returncode", "retcode", "errorcode", "status"]).and_then(|code| code.trim().parse::<i64>().ok()) {
        Some(0) | None if !failed => EventOutcome::Success,
        Some(0) => EventOutcome::Failure,
        Some(code) => outcome(code.unsigned_abs()),
        None => EventOutcome::Failure,
    };
    let (owner, object) =
        (word(&["objectschema", "objectowner", "schema", "obj$creator", "owner"]), word(&["objectname", "object", "objname", "obj$name"]));
    let table = (!object.is_empty()).then(|| if owner.is_empty() { object.clone() } else { format!("{owner}.{object}") });
    let table = table.filter(|_| matches!(operation, Operation::Read | Operation::Export | Operation::Write | Operation::Delete));
    if let Some(text) = sql {
        if may_be_cut(&text) || row.has(CUT) {
            record.doubts = record.doubts.and(Doubts::TEXT);
            if table.is_none() {
                record.objects = visible(&text);
            }
        } else {
            record.binds = binds(&row.text(&["sqlbinds", "sqlbindsvarchar2", "sqlbind", "commandparam"]).unwrap_or_default());
            record.statement = hidden_tables::believable(text.into_owned(), Dialect::Oracle, operation);
        }
    }
    let key = if known && !statement.is_empty() { format!("{database}\n{instance}\n{session}\n{statement}") } else { String::new() };
    Ok(Ok(AuditedAction { record, key, table }))
}

const MOMENT: &[&str] =
    &["eventtimestamputc", "eventtimestamp", "extendedtimestamp", "auditeventtime", "ntimestamp#", "timestamp", "timestamp#"];

/// Tables that the visible part of a cut text names.
fn visible(text: &str) -> Vec<Object<'static>> {
    let analysis = sql::analyse(text, Dialect::Oracle);
    let mut tables: Vec<String> = analysis.branches.iter().flat_map(|branch| &branch.sources).map(|source| source.table.clone()).collect();
    tables.dedup();
    hidden_tables::objects(&tables)
}

/// What a query tool writes of a large object: its text, perhaps behind its type, or the type alone.
fn of_lob(text: Text<'_>) -> Option<Text<'_>> {
    let plain = |text: &str| {
        let rest = text.trim_start();
        let rest = rest.strip_prefix("(CLOB)").or_else(|| rest.strip_prefix("(HUGECLOB)")).unwrap_or(rest);
        let bare = rest.trim().trim_matches(['[', ']', '<', '>', '(', ')']);
        (!rest.trim().is_empty() && !matches!(bare.to_ascii_uppercase().as_str(), "CLOB" | "HUGECLOB" | "LOB" | "NCLOB"))
            .then_some(rest.len())
    };
    let kept = plain(&text)?;
    Some(if kept == text.len() { text } else { Text::Owned(text[text.len() - kept..].trim_start().to_owned()) })
}

/// Gives the tables to the record where its text does not name them.
fn finish(mut record: Record<'static>, tables: &[String]) -> Record<'static> {
    if tables.is_empty() {
        return record;
    }
    let reads = matches!(record.operation, Operation::Read | Operation::Export);
    if record.statement.is_none() || reads {
        hidden_tables::name_missing(&mut record, tables);
    }
    record
}

/// `(HOST=10.0.0.1)` of the session's way of authentication.
fn host_of(comment: &str) -> Option<Text<'static>> {
    let (_, rest) = comment.split_once("(HOST=")?;
    let (host, _) = rest.split_once(')')?;
    host.parse::<core::net::IpAddr>().is_ok().then(|| Text::Owned(host.to_owned()))
}

/// What an action is, or why it is no access.
fn operation(action: &str, sql: Option<&str>, object_actions: &str) -> Result<Operation, IgnoredReason> {
    let of_text = |text: &str| operation::of_statement(text, Dialect::Oracle);
    let by_text = |sql: Option<&str>| sql.map_or(Some(Operation::Other), of_text).ok_or(IgnoredReason::NotDataAccess);
    Ok(match action {
        "SELECT" | "QUERY" | "READ" => Operation::Read,
        "INSERT" | "UPDATE" | "MERGE" | "UPSERT" | "IMPORT" => Operation::Write,
        "DELETE" | "TRUNCATE" | "TRUNCATE TABLE" => Operation::Delete,
        "LOGON" | "LOGIN" | "CONNECT" => Operation::Login,
        "EXPORT" => Operation::Export,
        "LOGOFF" | "LOGOUT" | "DISCONNECT" | "LOGOFF BY CLEANUP" => return Err(IgnoredReason::Session),
        "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "SET TRANSACTION" | "LOCK" | "LOCK TABLE" => return Err(IgnoredReason::NotDataAccess),
        "SESSION REC" => of_object_actions(object_actions),
        "EXECUTE" | "PL/SQL EXECUTE" | "EXECUTE PROCEDURE" | "CALL" | "CALL METHOD" | "EXECUTE TYPE" | "EXPLAIN" => Operation::Other,
        "CREATE TABLE" if sql.is_some_and(|text| of_text(text) == Some(Operation::Write)) => Operation::Write,
        "" => return by_text(sql),
        other if ADMIN.iter().any(|word| other.starts_with(word)) && other.len() < 64 => Operation::Admin,
        _ => return by_text(sql),
    })
}

const ADMIN: &[&str] = &[
    "CREATE",
    "ALTER",
    "DROP",
    "GRANT",
    "REVOKE",
    "AUDIT",
    "NOAUDIT",
    "SYSTEM",
    "SET ROLE",
    "RENAME",
    "COMMENT",
    "SHUTDOWN",
    "STARTUP",
    "FLASHBACK",
    "PURGE",
    "CHANGE PASSWORD",
];

/// A character each for ALTER, AUDIT, COMMENT, DELETE, GRANT, INDEX, INSERT, LOCK, RENAME, SELECT, UPDATE, …: S, F or B(oth).
fn of_object_actions(actions: &str) -> Operation {
    let done = |at: usize| actions.as_bytes().get(at).is_some_and(|c| matches!(c, b'S' | b'B' | b'F'));
    match () {
        () if done(9) => Operation::Read,
        () if done(6) || done(10) => Operation::Write,
        () if done(3) => Operation::Delete,
        () if actions.is_empty() => Operation::Other,
        () => Operation::Admin,
    }
}

/// Numbers of the view `AUDIT_ACTIONS`.
fn name_of(number: u32) -> &'static str {
    match number {
        1 => "CREATE TABLE",
        2 => "INSERT",
        3 => "SELECT",
        6 => "UPDATE",
        7 => "DELETE",
        26 => "LOCK",
        44 => "COMMIT",
        45 => "ROLLBACK",
        46 => "SAVEPOINT",
        48 => "SET TRANSACTION",
        50 => "EXPLAIN",
        47 | 116 | 123 | 170 => "EXECUTE",
        85 => "TRUNCATE TABLE",
        100 => "LOGON",
        101 | 102 => "LOGOFF",
        103 => "SESSION REC",
        189 => "MERGE",
        0 => "",
        // All others change the database's own objects and rights.
        _ => "ALTER",
    }
}

fn outcome(code: u64) -> EventOutcome {
    match code {
        // Syntax, missing names, missing rights, refused logins.
        900..=999 | 1004 | 1005 | 1017 | 1031 | 1045 | 1720 | 2004 | 4043 | 28000..=28002 | 28009 | 28040 | 41900 => EventOutcome::Refused,
        // Of an error inside of PL/SQL only its class is told.
        6550 => EventOutcome::Refused,
        _ => EventOutcome::Interrupted,
    }
}

/// ` #1(5):value #2(1):x`: number, length, value. What does not fit its lengths tells nothing.
fn binds(text: &str) -> Vec<Option<Text<'static>>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(bind) = rest.strip_prefix('#') {
        let Some((head, tail)) = bind.split_once("):") else { return Vec::new() };
        let Some((number, length)) = head.split_once('(') else { return Vec::new() };
        let (Ok(number), Ok(length)) = (number.trim().parse::<usize>(), length.trim().parse::<usize>()) else { return Vec::new() };
        let ends = |at: usize| tail.get(at..).is_some_and(|rest| rest.trim_start().is_empty() || rest.starts_with(" #"));
        let by_characters = || tail.char_indices().map(|(at, _)| at).chain([tail.len()]).nth(length).filter(|at| ends(*at));
        let Some(end) = Some(length).filter(|at| ends(*at)).or_else(by_characters) else { return Vec::new() };
        if number != found.len() + 1 {
            return Vec::new();
        }
        let value = &tail[..end];
        found.push((!value.is_empty()).then(|| Text::Owned(value.to_owned())));
        rest = tail[end..].trim_start();
    }
    found
}

#[cfg(test)]
mod tests;
