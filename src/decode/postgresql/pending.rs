//! A statement that is held back until all of its lines are in, and how it becomes a record.

use crate::decode::postgresql::command::DIALECT;
use crate::decode::postgresql::line::Line;
use crate::model::access::{Operation, Position, RecordHash};
use crate::model::doubts::Doubts;
use crate::model::record::{Client, EventOutcome, Object, Plan, Record, Text};
use crate::model::signs::Signs;
use crate::model::time::Timestamp;
use crate::sql::{self, Class, split};
use std::borrow::Cow;

/// Where a line stands and who is behind it.
#[derive(Clone, Debug)]
pub(super) struct LineOrigin {
    pub position: Position,
    pub hash: RecordHash,
    pub time: Timestamp,
    pub session: String,
    pub number: u64,
    pub user: Option<String>,
    pub database: Option<String>,
    pub host: Option<String>,
    pub application: Option<String>,
    pub signs: Signs,
    /// A text of it was cut.
    pub cut: bool,
}

/// Which sort of line reported a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LineKind {
    /// A line of pgaudit, with its class and command.
    Audit,
    /// A plan of auto_explain.
    Plan,
    /// A plain statement line.
    Plain,
    /// An error with the statement.
    Failure,
}

/// What the lines of one statement said so far.
#[derive(Clone, Debug)]
pub(super) struct PendingStatement {
    pub origin: LineOrigin,
    pub line_kind: LineKind,
    /// The text as logged: of the whole request.
    pub text: String,
    /// The one statement of it that ran, and of a cursor or prepared statement the query behind it.
    pub statement: String,
    /// pgaudit's class; empty where another line reported.
    pub class: String,
    /// pgaudit's command tag.
    pub command: String,
    /// pgaudit's number within the statement; plans count after their order.
    pub sub: u64,
    /// Number of the last line that reported it.
    pub last: u64,
    pub binds: Vec<Option<String>>,
    pub rows: Option<u64>,
    pub rows_bound: Option<u64>,
    pub plan: Option<Box<Plan>>,
    pub outcome: EventOutcome,
    pub fetched: bool,
    /// A plain line reported it.
    pub stated: bool,
    /// A line with its duration reported it, which comes at its end.
    pub timed: bool,
    /// A portal of the extended protocol ran it.
    pub portal: bool,
    /// Its place among the statements of its text, from 1; 0 where it is the only one.
    pub part: usize,
    /// A record told of it already, so it is kept only for the lines that still belong to it.
    pub told: bool,
    /// Within a function.
    pub nested: bool,
    /// Tables by relation lines, where the text is not logged.
    pub objects: Vec<String>,
}

impl LineOrigin {
    /// The origin of a line. What later lines of a session leave out is known from earlier ones.
    pub(super) fn of(line: &Line<'_>, application: Option<&str>) -> LineOrigin {
        let owned = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        LineOrigin {
            position: line.position,
            hash: line.hash,
            time: line.time,
            session: line.session.as_ref().to_owned(),
            number: line.number,
            user: owned(&line.user),
            database: owned(&line.database).filter(|name| !name.is_empty()),
            host: owned(&line.host),
            application: owned(&line.application).or_else(|| application.map(str::to_owned)),
            signs: line.signs,
            cut: line.cut,
        }
    }

    /// A record of this origin. `part` tells records of one line apart.
    pub(super) fn record(&self, part: &str) -> Record<'static> {
        let text = |text: &Option<String>| text.clone().map(Text::Owned);
        let mut record = Record::new(self.position, self.hash, self.time);
        record.account = text(&self.user);
        record.system = text(&self.database);
        record.id = Some(Text::Owned(format!("{}/{}{part}", self.session, self.number)));
        record.session = Some(Text::Owned(self.session.clone()));
        record.client = Client { ip: text(&self.host), host: None, app: text(&self.application) };
        record.dialect = DIALECT;
        record.signs = self.signs;
        record.doubts = Doubts::TEXT.and(Doubts::PEOPLE).if_so(self.cut);
        record
    }
}

impl PendingStatement {
    /// Whether a line is about a command around a statement that has a line of its own: its text is the same.
    pub(super) fn is_wrapper(&self) -> bool {
        self.class == "FUNCTION" || (!self.class.is_empty() && WRAPPERS.contains(&self.command.as_str()))
    }

    /// Whether a new line speaks of this very statement.
    pub(super) fn is_same(&self, new: &PendingStatement) -> bool {
        // What was told of a command says nothing of the statement around which it is.
        if !self.has_text_of(new) || (self.told && self.is_wrapper() && !new.is_wrapper()) {
            return false;
        }
        // What `PREPARE` prepares it does not run.
        let prepares = || split::first_word(&self.statement).eq_ignore_ascii_case("prepare");
        match (self.line_kind, new.line_kind) {
            // The same text sent again after an error is a statement of its own, whatever line tells of it.
            (LineKind::Failure, _) | (_, LineKind::Plain) => false,
            (_, LineKind::Audit) if self.class.is_empty() => {
                self.outcome == EventOutcome::Success && (new.command == "PREPARE" || !prepares())
            }
            (_, LineKind::Audit) => self.sub == new.sub || self.is_wrapper() || new.is_wrapper(),
            // The audit line of a run with `log_rows` comes at its end: an error after it is another's.
            (LineKind::Audit, LineKind::Failure) => {
                self.rows.is_none() && self.outcome == EventOutcome::Success && new.outcome == EventOutcome::Interrupted
            }
            // A line with a duration comes at the end of a run: an error after it is another's, as is one after an error.
            (LineKind::Plain, LineKind::Failure) => !self.timed && self.rows.is_none() && self.outcome == EventOutcome::Success,
            (LineKind::Audit | LineKind::Plain, LineKind::Plan) => {
                self.plan.is_none() && self.outcome == EventOutcome::Success && !prepares()
            }
            (LineKind::Plan, LineKind::Failure | LineKind::Plan) => false,
        }
    }

    /// Whether a new line is about the text of this one: of several statements the same, and of a prepared one its run.
    fn has_text_of(&self, new: &PendingStatement) -> bool {
        if self.text == new.text {
            return new.line_kind == LineKind::Failure || self.part == new.part;
        }
        let executes = |held: &PendingStatement| split::first_word(&held.text).eq_ignore_ascii_case("execute");
        self.statement == new.statement && !self.statement.is_empty() && (executes(self) || executes(new))
    }

    /// The rows of a cursor's plan are those that were fetched, unless it can be fetched from twice, or was read to its end when its
    /// transaction ended: then they are no more than a bound.
    pub(super) fn explain_cursor(&mut self) {
        let text = self.text.to_ascii_lowercase();
        let query = text.find(" for ").unwrap_or(text.len());
        let head = text[..query].replace("no scroll", "");
        if head.contains(" scroll") || text[..query].contains(" with hold") {
            self.rows_bound = self.rows.take();
            // Nor are those of its tables.
            if let Some(plan) = &mut self.plan {
                plan.scans.iter_mut().for_each(|scan| scan.rows = None);
                plan.aggregated = None;
            }
        }
    }

    /// Takes what a further line of the same statement says.
    pub(super) fn absorb(&mut self, new: PendingStatement) {
        self.last = self.last.max(new.last);
        self.origin.signs = self.origin.signs.and(new.origin.signs);
        self.origin.cut |= new.origin.cut;
        let replaces = self.is_wrapper() && !new.is_wrapper() && new.line_kind == LineKind::Audit;
        if self.class.is_empty() && new.line_kind == LineKind::Audit {
            self.sub = new.sub;
        }
        if replaces || self.class.is_empty() && new.line_kind == LineKind::Audit {
            self.class = new.class;
            self.command = new.command;
            self.statement = new.statement;
            self.sub = self.sub.min(new.sub);
        }
        self.fetched |= new.fetched;
        (self.stated, self.timed) = (self.stated || new.stated, self.timed || new.timed);
        if self.binds.is_empty() {
            self.binds = new.binds;
        }
        // A wrapper's line says 0 rows, which is no count; a plan's count is the executor's own.
        // Relation lines repeat the count, so the larger of two is taken.
        self.rows = match (self.rows, new.rows) {
            (Some(_), Some(rows)) if new.plan.is_some() => Some(rows),
            (Some(_), Some(_)) if self.plan.is_some() => self.rows,
            (old, new) => old.max(new),
        };
        self.rows_bound = self.rows_bound.or(new.rows_bound);
        self.plan = self.plan.take().or(new.plan);
        // An ending that may have let rows out beats one that did not.
        if new.outcome != EventOutcome::Success && self.outcome != EventOutcome::Interrupted {
            self.outcome = new.outcome;
        }
        for object in new.objects {
            if !self.objects.contains(&object) {
                self.objects.push(object);
            }
        }
    }

    /// Whether its end is logged: what the server says of a statement then it says at once.
    pub(super) fn has_ended(&self) -> bool {
        self.timed
            || self.plan.is_some()
            || self.line_kind == LineKind::Failure
            || (self.line_kind == LineKind::Audit && self.rows.is_some())
    }

    /// Whether nothing but a plain line reported it.
    pub(super) fn is_plain(&self) -> bool {
        self.line_kind == LineKind::Plain && self.class.is_empty() && self.plan.is_none()
    }

    /// Whether it reads through functions alone: what they read stands on lines of their own, or nowhere.
    pub(super) fn only_calls(&self) -> bool {
        let analysis = sql::analyse(&self.statement, DIALECT);
        let calls = analysis.branches.iter().all(|branch| branch.sources.is_empty() && !branch.functions.is_empty());
        matches!(analysis.class, Class::Do | Class::Call) || (calls && !analysis.branches.is_empty())
    }

    /// Whether it names tables.
    pub(super) fn names_tables(&self) -> bool {
        !self.objects.is_empty() || sql::analyse(&self.statement, DIALECT).branches.iter().any(|branch| !branch.sources.is_empty())
    }

    /// The record, unless the statement is none that anybody could ask about: a transaction's begin and end, a closed cursor.
    /// `part` tells the records of one line apart.
    pub(super) fn into_record(self, dump: bool, part: &str) -> Option<Record<'static>> {
        let parts = split::statements(&self.statement, DIALECT);
        // Of several statements the first that can show anything names the act: `BEGIN; SELECT …` is no mere BEGIN.
        let operation = match parts.as_slice() {
            [] => operation("", &self, dump)?,
            parts => parts.iter().find_map(|part| operation(&split::first_word(part).to_ascii_uppercase(), &self, dump))?,
        };
        let mut record = self.origin.record(part);
        record.operation = operation;
        record.rows = self.rows;
        record.rows_bound = self.rows_bound;
        record.binds = self.binds.into_iter().map(|value| value.map(Cow::Owned)).collect();
        record.plan = self.plan;
        record.outcome = self.outcome;
        record.fetched = self.fetched;
        // A text that was cut may not tell of every table.
        if self.statement.is_empty() || self.origin.cut {
            record.objects = self.objects.into_iter().map(|table| Object { table: Cow::Owned(table), columns: None }).collect();
        }
        if !self.statement.is_empty() {
            record.statement = Some(Cow::Owned(self.statement));
        }
        Some(record)
    }
}

const WRAPPERS: [&str; 9] = [
    "COPY",
    "CREATE TABLE AS",
    "SELECT INTO",
    "CREATE MATERIALIZED VIEW",
    "REFRESH MATERIALIZED VIEW",
    "EXPLAIN",
    "EXECUTE",
    "DECLARE CURSOR",
    "PREPARE",
];

/// What was done, by the statement's first word; `None` for what is no access at all.
fn operation(word: &str, held: &PendingStatement, dump: bool) -> Option<Operation> {
    let read = if dump { Operation::Export } else { Operation::Read };
    Some(match word {
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "END" | "ABORT" | "SAVEPOINT" | "RELEASE" | "CLOSE" | "DEALLOCATE" | "LOCK"
        | "SHOW" | "LISTEN" | "UNLISTEN" | "NOTIFY" | "DISCARD" | "MOVE" | "ANALYZE" | "VACUUM" | "CHECKPOINT" | "PREPARE" => return None,
        // Settings are an access only where they change who acts or what is logged.
        "SET" | "RESET" => return changes_control(&held.statement).then_some(Operation::Admin),
        "INSERT" | "UPDATE" | "MERGE" => Operation::Write,
        "DELETE" | "TRUNCATE" => Operation::Delete,
        "COPY" if held.class == "WRITE" => Operation::Write,
        "COPY" => match sql::analyse(&held.statement, DIALECT).class {
            Class::CopyFrom => Operation::Write,
            _ => Operation::Export,
        },
        "CREATE" if held.command == "CREATE TABLE AS" || held.class == "READ" => Operation::Write,
        "CREATE" | "ALTER" | "DROP" | "GRANT" | "REVOKE" | "COMMENT" | "REASSIGN" | "REINDEX" | "CLUSTER" | "SECURITY" => Operation::Admin,
        _ if matches!(held.class.as_str(), "DDL" | "ROLE") => Operation::Admin,
        _ => read,
    })
}

fn changes_control(statement: &str) -> bool {
    let lower = statement.to_ascii_lowercase();
    ["role", "session authorization", "pgaudit", "auto_explain", "log_", "row_security"].iter().any(|word| lower.contains(word))
}
