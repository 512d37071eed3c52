//! Puts the records of a batch together: those of its statements, one a table, and the one at its end that knows the rows.
//!
//! What is held back is bounded in number and in the log's own time: a batch that ends later is told of twice, never not at all.

use crate::decode::IgnoredReason;
use crate::decode::{Emit, hidden_tables, operation};
use crate::model::access::Operation;
use crate::model::doubts::Doubts;
use crate::model::record::{Dialect, EventOutcome, Record, Text};
use crate::model::time::{Span, Timestamp};
use crate::sql::split;
use std::collections::BTreeMap;

use super::event::Event;

/// Most records held back over all sessions.
const MOST: usize = 4_096;
/// Most bytes of statements held back.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How long a statement waits for the end of its batch.
const LONGEST: Span = Span::minutes(10);

#[derive(Default)]
pub(super) struct Sessions {
    open: BTreeMap<String, Vec<Statement>>,
    /// A record whose statement goes on in the next.
    unfinished: Option<Event>,
    held: usize,
    bytes: usize,
    checked: Option<Timestamp>,
}

/// A statement with the tables that its records name.
struct Statement {
    event: Event,
    tables: Vec<String>,
}

impl Sessions {
    pub fn take(&mut self, event: Event, emit: &mut Emit<'_>) {
        if let Some(mut first) = self.unfinished.take() {
            let goes_on = event.sequence == first.sequence + 1 && event.group == first.group && event.action == first.action;
            if goes_on && event.key == first.key && first.statement.len() < crate::decode::LONGEST_RECORD {
                first.statement.push_str(&event.statement);
                first.sequence = event.sequence;
                first.hash = first.hash.and(event.hash);
                // The last part is shorter than a part can be.
                first.cut = event.statement.chars().count() >= 3_900;
                first.length = 0;
                first.pushed_out &= event.pushed_out;
                self.unfinished = Some(first);
                emit(event.ignored(IgnoredReason::Continuation));
                return;
            }
            self.whole(first, emit);
        }
        match event.cut && event.sequence == 1 {
            true => self.unfinished = Some(event),
            false => self.whole(event, emit),
        }
    }

    fn whole(&mut self, event: Event, emit: &mut Emit<'_>) {
        self.expire(event.time, emit);
        match event.action.as_str() {
            "BCM" | "RCM" => {
                let statements = self.close(&event.key);
                batch(event, statements, emit);
            }
            "SL" | "IN" | "UP" | "DL" | "EX" | "RC" | "MG" => self.statement(event, emit),
            "LGO" | "DAGL" => {
                let statements = self.close(&event.key);
                statements.into_iter().for_each(|statement| tell(statement, None, emit));
                emit(event.ignored(IgnoredReason::Session));
            }
            // Beginnings of batches and of transactions, a permission that was only looked at, the audit's own state.
            "BST" | "RST" => emit(event.ignored(IgnoredReason::DuplicateEvent)),
            "TRBC" | "TRBS" | "TRCC" | "TRCS" | "TRRC" | "TRRS" | "RF" | "VDST" | "VSST" | "DABO" => {
                emit(event.ignored(IgnoredReason::NotDataAccess));
            }
            action => {
                let operation = if is_login(action) { Operation::Login } else { Operation::Admin };
                let mut record = record(&event, event.outcome(true));
                record.operation = operation;
                if operation == Operation::Admin {
                    let text = Some(event.statement).filter(|text| !text.is_empty() && !event.cut);
                    // A text that reads is no mere change of rights.
                    record.statement = text.map(Text::Owned);
                }
                emit(record.into());
            }
        }
    }

    fn statement(&mut self, event: Event, emit: &mut Emit<'_>) {
        let open = self.open.entry(event.key.clone()).or_default();
        let table = event.object.clone().filter(|_| event.action != "EX");
        if let (Some(last), Some(table)) = (open.last_mut(), &table) {
            // A join has a record for each of its tables, one after the other.
            let same = last.event.statement == event.statement
                && last.event.transaction == event.transaction
                && last.event.ok == event.ok
                && (event.time - Span::seconds(2)) <= last.event.time;
            if same && !last.tables.contains(table) {
                last.tables.push(table.clone());
                last.event.hash = last.event.hash.and(event.hash);
                emit(event.ignored(IgnoredReason::Continuation));
                return;
            }
        }
        self.held += 1;
        self.bytes += event.statement.len();
        open.push(Statement { event, tables: table.into_iter().collect() });
        if self.held > MOST || self.bytes > MOST_BYTES {
            self.release(emit);
        }
    }

    fn close(&mut self, key: &str) -> Vec<Statement> {
        let statements = self.open.remove(key).unwrap_or_default();
        self.held -= statements.len();
        self.bytes -= statements.iter().map(|statement| statement.event.statement.len()).sum::<usize>();
        statements
    }

    /// Looks once a minute of the log for statements that waited too long.
    fn expire(&mut self, now: Timestamp, emit: &mut Emit<'_>) {
        if self.checked.is_some_and(|checked| now < checked + Span::minutes(1)) {
            return;
        }
        self.checked = Some(now);
        let late: Vec<String> = self
            .open
            .iter()
            .filter(|(_, statements)| statements.first().is_some_and(|first| first.event.time + LONGEST < now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in late {
            self.close(&key).into_iter().for_each(|statement| tell(statement, None, emit));
        }
    }

    fn release(&mut self, emit: &mut Emit<'_>) {
        (self.held, self.bytes) = (0, 0);
        for statement in std::mem::take(&mut self.open).into_values().flatten() {
            tell(statement, None, emit);
        }
    }

    pub fn flush(&mut self, emit: &mut Emit<'_>) {
        if let Some(event) = self.unfinished.take() {
            self.whole(event, emit);
        }
        self.release(emit);
    }
}

fn is_login(action: &str) -> bool {
    action.starts_with("LG") || action.starts_with("DBA") || matches!(action, "CNAU")
}

fn record(event: &Event, outcome: EventOutcome) -> Record<'static> {
    let mut record = Record::new(event.position, event.hash, event.time);
    record.length = event.length;
    record.id = event.id.clone().map(Text::Owned);
    record.session.clone_from(&event.session);
    record.account.clone_from(&event.account);
    record.system.clone_from(&event.system);
    record.client = event.client.clone();
    record.dialect = Dialect::MsSql;
    record.outcome = outcome;
    record.doubts = event.doubts.and(Doubts::TEXT.if_so(event.cut || event.pushed_out));
    record
}

/// A text without what servers and clients change about its edges.
fn plain(text: &str) -> &str {
    text.trim().trim_end_matches(';').trim_end()
}

/// A batch without the settings that clients put before it. Nothing need stand between statements, so that
/// `SET NOCOUNT ON SELECT …` would pass for a setting.
fn without_settings(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let mut words = rest.split_whitespace();
        let mut upper = || words.next().map(|word| word.trim_end_matches(';').to_ascii_uppercase()).unwrap_or_default();
        let (first, second, third) = (upper(), upper(), upper());
        let drop = match (first.as_str(), second.as_str(), third.as_str()) {
            ("SET", _, "ON" | "OFF") => 3,
            ("USE", _, _) | ("BEGIN", "TRAN" | "TRANSACTION" | "TRY", _) => 2,
            _ => return rest,
        };
        let after =
            rest.split_whitespace().nth(drop - 1).map_or(rest.len(), |word| word.as_ptr() as usize - rest.as_ptr() as usize + word.len());
        rest = rest[after..].trim_start();
    }
}

/// What a batch did: its own text tells it, unless its statements ran elsewhere (a procedure, dynamic SQL).
fn batch(event: Event, statements: Vec<Statement>, emit: &mut Emit<'_>) {
    let text = without_settings(&event.statement).to_owned();
    let covered = |statement: &Statement| !plain(&statement.event.statement).is_empty() && text.contains(plain(&statement.event.statement));
    let inner = statements.iter().any(|statement| !covered(statement) && statement.event.action != "EX");
    if (inner || event.cut) && statements.iter().any(|statement| statement.event.action != "EX") {
        let told: Vec<Statement> = statements.into_iter().filter(|statement| statement.event.action != "EX").collect();
        let several = told.len() > 1;
        told.into_iter().for_each(|statement| tell(statement, Some((&event, several)), emit));
        emit(event.ignored(IgnoredReason::Continuation));
        return;
    }
    for statement in &statements {
        emit(statement.event.ignored(IgnoredReason::Continuation));
    }
    let tables: Vec<String> = statements.into_iter().flat_map(|statement| statement.tables).collect();
    if text.trim().is_empty() {
        // Whoever puts enough blanks before a statement pushes it out of what is logged; that rows left is still known.
        if !event.pushed_out && event.rows.is_none_or(|rows| rows == 0) {
            emit(event.ignored(IgnoredReason::NotDataAccess));
            return;
        }
        let mut told = record(&event, event.outcome(true));
        told.doubts = told.doubts.and(Doubts::TEXT);
        told.objects = hidden_tables::objects(&tables);
        told.rows = event.rows;
        emit(told.into());
        return;
    }
    let parts = split::statements(&text, Dialect::MsSql);
    let mut told = record(&event, event.outcome(parts.len() <= 1));
    told.rows = event.rows;
    if event.cut {
        told.operation = Operation::Other;
        told.objects = hidden_tables::objects(&tables);
        emit(told.into());
        return;
    }
    let Some(operation) = parts.iter().find_map(|part| operation::of_statement(part, Dialect::MsSql)) else {
        emit(event.ignored(IgnoredReason::NotDataAccess));
        return;
    };
    told.operation = operation;
    told.statement = hidden_tables::believable(text, Dialect::MsSql, operation);
    if operation == Operation::Read && !tables.is_empty() {
        hidden_tables::name_missing(&mut told, &tables);
    }
    emit(told.into());
}

/// One statement, with what the end of its batch says of the rows.
fn tell(statement: Statement, end: Option<(&Event, bool)>, emit: &mut Emit<'_>) {
    let Statement { event, tables } = statement;
    let mut outcome = event.outcome(true);
    if let (Some((batch, _)), EventOutcome::Success) = (end, outcome) {
        outcome = if batch.ok { EventOutcome::Success } else { EventOutcome::Interrupted };
    }
    let mut told = record(&event, outcome);
    told.operation = match event.action.as_str() {
        "SL" | "RC" => Operation::Read,
        "IN" | "UP" | "MG" => Operation::Write,
        "DL" => Operation::Delete,
        _ => Operation::Other,
    };
    match end.and_then(|(batch, several)| batch.rows.map(|rows| (rows, several))) {
        Some((rows, true)) => told.rows_bound = Some(rows),
        Some((rows, false)) => told.rows = Some(rows),
        None => {}
    }
    if event.cut || event.statement.trim().is_empty() {
        told.objects = hidden_tables::objects(&tables);
    } else {
        told.statement = Some(Text::Owned(event.statement));
        if told.operation == Operation::Read && !tables.is_empty() {
            hidden_tables::name_missing(&mut told, &tables);
        }
    }
    emit(told.into());
}
