//! Events of MySQL, Oracle and SQL Server: several of one statement become one record.

use crate::decode::aws_das::event::{Engine, Event};
use crate::decode::pending::Pending;
use crate::decode::{Emit, IgnoredReason, Raw, operation};
use crate::model::access::Operation;
use crate::model::record::{EventOutcome, Object, Record};
use crate::model::time::Span;
use std::borrow::Cow;

/// Events of one statement lie no further apart.
const APART: Span = Span::seconds(2);
/// Most tables that are remembered of one statement.
const MOST_TABLES: usize = 256;

/// What is held back of the open statements, by session.
#[derive(Default)]
pub(super) struct EventMerger(Pending<OpenStatement>);

/// The events of one statement so far.
struct OpenStatement {
    /// The statement's number, where it is one for all of its events.
    number: Option<String>,
    record: Record<'static>,
    tables: Vec<String>,
    /// Whether the statement itself has come, and not only the tables it touched.
    told: bool,
    /// Tables told of by events that are not about the statement itself.
    aside: Vec<(Operation, String)>,
}

impl EventMerger {
    pub(super) fn take(&mut self, raw: Raw<'_>, event: &Event<'_>, emit: &mut Emit<'_>) {
        let command = event.word("command").unwrap_or_default().to_ascii_uppercase();
        if event.engine == Engine::MySql && event.word("class").as_deref() == Some("AUX") {
            return self.aside(raw, event, &command, emit);
        }
        let statement = event.statement();
        let Some(operation) = operation(&command, statement.as_deref(), event) else { return emit(raw.ignored(no_access(&command))) };
        let mut record = event.record(raw);
        record.operation = operation;
        record.outcome = if command.contains("FAILED") { EventOutcome::Failure } else { event.outcome(statement.as_deref()) };
        record.rows = event.rows(statement.as_deref());
        record.binds = event.binds().into_iter().map(|bind| bind.map(Cow::Owned)).collect();
        let tables = event.tables();
        match statement {
            Some(text) => record.statement = Some(Cow::Owned(text)),
            None => record.objects = objects(&tables),
        }
        let number = event.word("statementId").filter(|_| matches!(event.engine, Engine::MySql | Engine::Oracle));
        let new = OpenStatement { number, record, tables, told: true, aside: Vec::new() };
        if let Some(new) = self.joined(new, event) {
            self.put(event.session(), new, emit);
        } else {
            emit(raw.ignored(IgnoredReason::Continuation));
        }
    }

    /// A table that a MySQL statement touched. The event comes before or after that of the statement.
    fn aside(&mut self, raw: Raw<'_>, event: &Event<'_>, command: &str, emit: &mut Emit<'_>) {
        let operation = match command {
            "READ" => Operation::Read,
            "WRITE" => Operation::Write,
            _ => Operation::Admin,
        };
        let number = event.word("statementId");
        let session = event.session();
        let tables = event.tables().into_iter().map(|table| (operation, table));
        match self.0.get_mut(&session) {
            Some(held) if held.number == number => {
                held.aside.extend(tables.take(MOST_TABLES.saturating_sub(held.aside.len())));
                emit(raw.ignored(IgnoredReason::Continuation));
            }
            _ => {
                let held = OpenStatement { number, record: event.record(raw), tables: Vec::new(), told: false, aside: tables.collect() };
                self.put(session, held, emit);
            }
        }
    }

    /// Joins an event to what is held of its statement; gives it back where it begins another.
    fn joined(&mut self, new: OpenStatement, event: &Event<'_>) -> Option<OpenStatement> {
        let session = event.session();
        if let Some(held) = self.0.get_mut(&session) {
            if !held.told && held.number == new.number {
                let aside = std::mem::take(&mut held.aside);
                *held = OpenStatement { aside, ..new };
                return None;
            }
            if held.is_of(&new, event.engine) {
                held.tables.extend(new.tables.into_iter().take(MOST_TABLES.saturating_sub(held.tables.len())));
                held.record.rows = held.record.rows.max(new.record.rows);
                if held.record.statement.is_none() {
                    held.record.objects = objects(&held.tables);
                }
                return None;
            }
        }
        Some(new)
    }

    fn put(&mut self, session: String, held: OpenStatement, emit: &mut Emit<'_>) {
        if let Some(before) = self.0.put(session, held) {
            before.go(emit);
        }
    }

    pub(super) fn flush(&mut self, emit: &mut Emit<'_>) {
        while let Some(held) = self.0.pop() {
            held.go(emit);
        }
    }
}

impl OpenStatement {
    /// Whether a further event is about the same run of the statement: of another table, or of the batch that it was.
    fn is_of(&self, new: &OpenStatement, engine: Engine) -> bool {
        let (a, b) = (&self.record, &new.record);
        let near = (b.time - a.time).0.abs() <= APART.0;
        let alike =
            near && self.told && a.statement == b.statement && a.statement.is_some() && a.outcome == b.outcome && a.account == b.account;
        let other_table = !new.tables.is_empty() && new.tables.iter().all(|table| !self.tables.contains(table));
        match engine {
            Engine::Oracle => alike && self.number == new.number && a.binds == b.binds && other_table,
            // An event of a batch names no table and comes after those of its tables.
            Engine::SqlServer => alike && !self.tables.is_empty() && (other_table || (new.tables.is_empty() && a.rows.is_none())),
            Engine::MySql | Engine::PostgreSql | Engine::Other => false,
        }
    }

    fn go(self, emit: &mut Emit<'_>) {
        let mut record = self.record;
        let hidden = record.statement.as_deref().is_none_or(|text| !operation::names_tables(text, record.dialect));
        if hidden && !self.aside.is_empty() {
            // What the text does not say, of a call or where there is none, the tables do.
            let read: Vec<String> =
                self.aside.iter().filter(|(done, _)| *done == Operation::Read).map(|(_, table)| table.clone()).collect();
            let all = || self.aside.iter().map(|(_, table)| table.clone()).collect::<Vec<_>>();
            let reads = !read.is_empty();
            record.operation = if reads { Operation::Read } else { self.aside[0].0 };
            record.objects = objects(&if reads { read } else { all() });
            record.rows = None;
        }
        emit(record.into());
    }
}

fn objects(tables: &[String]) -> Vec<Object<'static>> {
    let mut named: Vec<&String> = Vec::new();
    for table in tables {
        if !named.contains(&table) {
            named.push(table);
        }
    }
    named.into_iter().map(|table| Object { table: Cow::Owned(table.clone()), columns: None }).collect()
}

/// Why a command is no access.
fn no_access(command: &str) -> IgnoredReason {
    match command {
        "DISCONNECT" | "LOGOFF" | "LOGOUT" => IgnoredReason::Session,
        "BATCH STARTED" | "RPC STARTED" => IgnoredReason::DuplicateEvent,
        _ => IgnoredReason::NotDataAccess,
    }
}

/// What was done; `None` for what is no access.
fn operation(command: &str, statement: Option<&str>, event: &Event<'_>) -> Option<Operation> {
    match command {
        "CONNECT"
        | "FAILED_CONNECT"
        | "CHANGEUSER"
        | "LOGON"
        | "LOGIN"
        | "LOGIN SUCCEEDED"
        | "LOGIN FAILED"
        | "DATABASE AUTHENTICATION SUCCEEDED"
        | "DATABASE AUTHENTICATION FAILED" => return Some(Operation::Login),
        // The batch's end tells of the same, and counts.
        "DISCONNECT" | "LOGOFF" | "LOGOUT" | "BATCH STARTED" | "RPC STARTED" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" => return None,
        _ => {}
    }
    if event.word("class").is_some_and(|class| class.eq_ignore_ascii_case("Datapump")) {
        return Some(if command == "IMPORT" { Operation::Write } else { Operation::Export });
    }
    if let Some(text) = statement {
        return operation::of_statement(text, event.engine.dialect());
    }
    Some(match command.split_whitespace().next().unwrap_or("") {
        "SELECT" | "READ" => Operation::Read,
        "INSERT" | "UPDATE" | "MERGE" | "WRITE" => Operation::Write,
        "DELETE" | "TRUNCATE" => Operation::Delete,
        "CREATE" | "ALTER" | "DROP" | "GRANT" | "REVOKE" | "AUDIT" | "NOAUDIT" | "RENAME" => Operation::Admin,
        _ => Operation::Other,
    })
}
