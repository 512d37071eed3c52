//! One session: its lines become records, each statement once.
//!
//! The lines of one statement follow each other: pgaudit gives them one number, functions put inner lines between, COPY and
//! CREATE TABLE AS give two, auto_explain gives the plan of the inner statements before that of the outer. They are held as a
//! group, which ends with the first line of the next statement.

use crate::decode::Emit;
use crate::decode::postgresql::auto_explain::{self, Explained};
use crate::decode::postgresql::command::{self, DIALECT};
use crate::decode::postgresql::failure;
use crate::decode::postgresql::line::{Line, Severity};
use crate::decode::postgresql::names::Names;
use crate::decode::postgresql::pending::{LineKind, LineOrigin, PendingStatement};
use crate::decode::postgresql::pgaudit::{self, Audit, Said};
use crate::decode::postgresql::plain::{self, Plain};
use crate::model::access::Operation;
use crate::model::record::{EventOutcome, Record};
use crate::sql::split;

/// Most statements of one group that are held; of a function with more the earlier ones go on at once.
const MOST_HELD: usize = 256;
/// Which statement of a text of several ran last.
struct Several {
    text: String,
    id: Option<u64>,
    at: usize,
}

/// The lines of one statement.
#[derive(Default)]
struct Group {
    id: Option<u64>,
    held: Vec<PendingStatement>,
    /// The outermost statement has ended: only another line of the same may join.
    complete: bool,
    /// Inner statements of it went on already.
    spilled: bool,
}

/// What is known of one session.
#[derive(Default)]
pub(super) struct Session {
    application: Option<String>,
    names: Names,
    group: Group,
    several: Option<Several>,
    dump: Option<Dump>,
}

/// A session of pg_dump, which reads whole tables.
struct Dump {
    origin: LineOrigin,
    /// A reading of it was seen, so it need not be told otherwise.
    seen: bool,
}

impl Session {
    /// Takes a line; `true` where it is the session's last.
    pub(super) fn take(&mut self, line: &Line<'_>, emit: &mut Emit<'_>) -> bool {
        let message = line.message.as_ref();
        // pgaudit hides the context of its lines; a line of that look with one was raised by somebody's own function.
        if let Some(audit) = message.strip_prefix("AUDIT: ").filter(|_| line.context.is_none()) {
            match pgaudit::parse(audit) {
                Some(audit) => self.audit(line, audit, emit),
                None => self.unreadable(line, emit),
            }
        } else if line.severity == Severity::Log && auto_explain::is_plan(message) {
            match auto_explain::parse(message) {
                Some(explained) => self.plan(line, explained, emit),
                None => self.unreadable(line, emit),
            }
        } else if let Some(command) = line_of_replication(line) {
            self.replication(line, command, emit);
        } else if let (Severity::Error | Severity::Fatal | Severity::Log, Some(statement)) = (line.severity, line.statement.as_deref()) {
            if line.severity != Severity::Log || line.state.as_deref().is_some_and(|state| state.starts_with("08")) {
                self.failure(line, statement, emit);
            }
        } else if line.severity == Severity::Fatal && line.user.is_some() {
            self.release(emit);
            let mut record = self.origin(line).record("");
            record.operation = Operation::Login;
            record.outcome = EventOutcome::Failure;
            emit(record.into());
        } else if line.severity == Severity::Log {
            return self.server_line(line, emit);
        }
        false
    }

    /// Emits what is held back.
    pub(super) fn release(&mut self, emit: &mut Emit<'_>) {
        let mut records = Vec::new();
        self.release_into(&mut records);
        records.into_iter().map(Into::into).for_each(emit);
    }

    /// The same into a list.
    pub(super) fn release_into(&mut self, records: &mut Vec<Record<'static>>) {
        let mut group = std::mem::take(&mut self.group);
        drop_explained_call(&mut group);
        for held in group.held.into_iter().filter(|held| !held.told) {
            self.finish(held, records);
        }
    }

    /// Tells of what is held back, and keeps it for lines that may still belong to it: only of statements that have ended, or of all.
    pub(super) fn tell(&mut self, ended: bool, emit: &mut Emit<'_>) {
        let open = |held: &PendingStatement| !held.told && !held.has_ended();
        if self.group.held.iter().all(|held| held.told) || (ended && self.group.held.iter().any(open)) {
            return;
        }
        drop_explained_call(&mut self.group);
        let mut records = Vec::new();
        let due: Vec<PendingStatement> = self.group.held.iter().filter(|held| !held.told).cloned().collect();
        self.group.held.iter_mut().for_each(|held| held.told = true);
        for held in due {
            self.finish(held, &mut records);
        }
        records.into_iter().map(Into::into).for_each(emit);
    }

    /// Emits all that is held back, also of cursors that are still open.
    pub(super) fn end(&mut self, records: &mut Vec<Record<'static>>) {
        self.release_into(records);
        self.names.end();
        self.tell_unfetched(records);
    }

    fn finish(&mut self, held: PendingStatement, records: &mut Vec<Record<'static>>) {
        let parts = if held.is_plain() { split::statements(&held.statement, DIALECT) } else { Vec::new() };
        if parts.len() < 2 {
            self.finish_one(held, "", records);
            return;
        }
        // A plain line tells of all statements of its text.
        for (at, part) in parts.iter().take(MOST_HELD).enumerate() {
            let mut one = PendingStatement { statement: (*part).to_owned(), ..held.clone() };
            self.names.resolve(&mut one);
            self.finish_one(one, &format!("/{}", at + 1), records);
        }
        if parts.len() > MOST_HELD {
            let rest = PendingStatement { statement: parts[MOST_HELD..].join("; "), ..held.clone() };
            self.finish_one(rest, "/rest", records);
        }
    }

    fn finish_one(&mut self, held: PendingStatement, part: &str, records: &mut Vec<Record<'static>>) {
        if let Some(dump) = &mut self.dump {
            let word = split::first_word(&held.statement);
            dump.seen |= held.fetched || word.eq_ignore_ascii_case("copy");
        }
        self.names.close(&held.statement);
        let held = if held.outcome == EventOutcome::Success { self.names.open(held) } else { Some(held) };
        records.extend(held.and_then(|held| held.into_record(self.dump.is_some(), part)));
        self.tell_unfetched(records);
    }

    /// Cursors of which no FETCH line told: rows may have been fetched all the same.
    fn tell_unfetched(&mut self, records: &mut Vec<Record<'static>>) {
        for held in self.names.unfetched() {
            records.extend(held.into_record(self.dump.is_some(), ""));
        }
    }

    fn origin(&self, line: &Line<'_>) -> LineOrigin {
        LineOrigin::of(line, self.application.as_deref())
    }

    /// Lines of the server's own: connections, settings, plain statements. Most tell of no access.
    fn server_line(&mut self, line: &Line<'_>, emit: &mut Emit<'_>) -> bool {
        let message = line.message.as_ref();
        if let Some(plain) = plain::parse(message) {
            self.plain(line, &plain, emit);
            return false;
        }
        let replication = message.starts_with("replication connection authorized: ");
        if replication || message.starts_with("connection authorized: ") {
            self.application = self.application.take().or_else(|| application_of(message));
            let mut login = self.origin(line).record("");
            login.operation = Operation::Login;
            emit(login.into());
            // A physical copy of the whole cluster names no table and counts no row.
            if replication {
                let mut export = self.origin(line).record("/replication");
                export.operation = Operation::Export;
                emit(export.into());
            }
        } else if message.starts_with("disconnection: ") || message.starts_with("断开连接") {
            let mut records = Vec::new();
            self.end(&mut records);
            records.into_iter().map(Into::into).for_each(&mut *emit);
            self.tell_dump(emit);
            return true;
        }
        false
    }

    /// A command of the replication protocol (`log_replication_commands`). A base backup and a stream take whole tables, and no line
    /// tells of the rows.
    fn replication(&mut self, line: &Line<'_>, command: &str, emit: &mut Emit<'_>) {
        self.release(emit);
        let word = split::first_word(command).to_ascii_uppercase();
        if matches!(word.as_str(), "BASE_BACKUP" | "START_REPLICATION") {
            let mut export = self.origin(line).record("");
            export.operation = Operation::Export;
            emit(export.into());
        }
    }

    /// A line of pgaudit or auto_explain in a form that is not known here: an access all the same, of which nothing is known.
    fn unreadable(&mut self, line: &Line<'_>, emit: &mut Emit<'_>) {
        self.release(emit);
        emit(self.origin(line).record("").into());
    }

    fn audit(&mut self, line: &Line<'_>, audit: Audit, emit: &mut Emit<'_>) {
        if self.group.id != Some(audit.statement_id) {
            let text = match &audit.statement {
                Said::Here(text) => text.as_str(),
                Said::Before | Said::Nothing => "",
            };
            let unnumbered = self.group.id.is_none();
            let joins = unnumbered && (!self.group.complete || self.group.held.iter().any(|held| held.text == text));
            if !joins {
                self.release(emit);
            }
            self.group.id = Some(audit.statement_id);
            self.group.complete = false;
        }
        let before = self.group.held.iter().find(|held| held.sub == audit.substatement_id).or(self.group.held.last());
        let text = match audit.statement {
            Said::Here(text) => text,
            Said::Before => before.map_or_else(String::new, |held| held.text.clone()),
            Said::Nothing => String::new(),
        };
        let binds = match audit.binds {
            Said::Here(binds) => binds,
            Said::Before => before.map_or_else(Vec::new, |held| held.binds.clone()),
            Said::Nothing => Vec::new(),
        };
        // 0 is no count where the executor did not count: COPY of a table, cursors, utility commands.
        let counted = !matches!(audit.class.as_str(), "MISC" | "MISC_SET" | "FUNCTION" | "DDL" | "ROLE")
            && !matches!(audit.command.as_str(), "COPY" | "DECLARE CURSOR" | "FETCH" | "EXECUTE" | "PREPARE");
        let rows = audit.rows.filter(|rows| counted || *rows > 0);
        let is_table = matches!(audit.object_type.as_str(), "TABLE" | "VIEW" | "MATERIALIZED VIEW" | "FOREIGN TABLE" | "TOAST TABLE");
        let objects = if is_table && !audit.object.is_empty() { vec![audit.object] } else { Vec::new() };
        let mut held = self.held(line, LineKind::Audit, text);
        held.class = audit.class;
        held.command = audit.command;
        held.sub = audit.substatement_id;
        held.binds = binds;
        held.rows = rows;
        held.objects = objects;
        self.resolve(&mut held, Some(audit.statement_id));
        self.hold(held, emit);
    }

    fn plan(&mut self, line: &Line<'_>, explained: Explained, emit: &mut Emit<'_>) {
        let nested = line.context.is_some();
        let mut held = self.held(line, LineKind::Plan, explained.text);
        held.binds = explained.binds;
        held.rows = explained.rows;
        held.plan = Some(Box::new(explained.plan));
        held.nested = nested;
        held.sub = if nested { line.number } else { 0 };
        let joins = self.group.held.iter().any(|other| other.is_same(&held));
        if !joins && (self.group.complete || (self.group.id.is_some() && !nested)) {
            self.release(emit);
        }
        let declared = command::declared(&held.text);
        if let Some(cursor) = &declared {
            self.names.explain(cursor);
        }
        self.resolve(&mut held, None);
        // The rows of a cursor's plan are those that FETCH lines told of.
        if let Some(cursor) = declared {
            if self.names.is_told(&cursor) {
                return;
            }
            held.fetched = true;
        }
        self.hold(held, emit);
        self.group.complete |= !nested;
    }

    fn plain(&mut self, line: &Line<'_>, plain: &Plain<'_>, emit: &mut Emit<'_>) {
        let text = plain.text;
        let mut held = self.held(line, LineKind::Plain, text.to_owned());
        held.binds = line.detail.as_deref().map(plain::parameters).unwrap_or_default();
        (held.stated, held.timed) = (true, plain.timed);
        if self.is_told(&held) {
            return;
        }
        self.release(emit);
        // One line tells of all statements of its text.
        self.names.learn(text, &held.binds);
        if split::statements(text, DIALECT).len() == 1 {
            self.names.resolve(&mut held);
        }
        self.hold(held, emit);
    }

    /// Whether a plain line speaks of the statement that the lines before it told of. Each sort of line speaks of it once:
    /// a second one is about the same text sent again.
    fn is_told(&mut self, plain: &PendingStatement) -> bool {
        let mut resolved = plain.clone();
        self.names.resolve(&mut resolved);
        let ended = |held: &PendingStatement| held.line_kind != LineKind::Failure && held.outcome == EventOutcome::Success;
        let same = |held: &PendingStatement| held.text.trim() == plain.text.trim() || held.statement == resolved.statement;
        let unreported_end = |held: &PendingStatement| !held.timed && (plain.timed || !held.stated && !held.class.is_empty());
        let mut known = self.group.held.iter_mut().filter(|held| ended(held) && same(held)).peekable();
        if !known.peek().is_some_and(|held| unreported_end(held)) {
            return false;
        }
        known.for_each(|held| (held.stated, held.timed) = (true, held.timed || plain.timed));
        true
    }

    fn failure(&mut self, line: &Line<'_>, statement: &str, emit: &mut Emit<'_>) {
        let mut held = self.held(line, LineKind::Failure, statement.to_owned());
        held.outcome = failure::outcome(line);
        if !self.group.held.iter().any(|other| other.is_same(&held)) {
            self.release(emit);
        }
        // Of several statements the one that failed comes after the last that is told of.
        let parts = split::statements(statement, DIALECT);
        let done = self.several.as_ref().filter(|several| several.text == statement).map_or(0, |several| several.at + 1);
        // A text of several is refused as a whole only by its grammar: else the earlier ones ran.
        if parts.len() > 1 && line.state.as_deref() != Some("42601") {
            held.outcome = EventOutcome::Interrupted;
        }
        if parts.len() > 1 && done < parts.len() {
            held.statement = parts[done..].join("; ");
        } else if parts.len() == 1 {
            self.names.resolve(&mut held);
        }
        self.hold(held, emit);
        self.group.complete = true;
    }

    fn held(&self, line: &Line<'_>, line_kind: LineKind, text: String) -> PendingStatement {
        PendingStatement {
            origin: self.origin(line),
            line_kind,
            statement: text.clone(),
            text,
            class: String::new(),
            command: String::new(),
            sub: 0,
            last: line.number,
            binds: Vec::new(),
            rows: None,
            rows_bound: None,
            plan: None,
            outcome: EventOutcome::Success,
            fetched: false,
            stated: false,
            timed: false,
            told: false,
            nested: false,
            objects: Vec::new(),
        }
    }

    /// Adds a line to its statement.
    fn hold(&mut self, held: PendingStatement, emit: &mut Emit<'_>) {
        self.notice_dump(&held);
        if let Some(same) = self.group.held.iter_mut().rev().find(|other| other.is_same(&held)) {
            same.absorb(held);
            return;
        }
        // `EXECUTE` has its own text; the statement that it ran is already told.
        if held.command == "EXECUTE" && held.class == "MISC" && self.group.held.iter().any(|other| other.line_kind == LineKind::Audit) {
            return;
        }
        if self.group.held.len() >= MOST_HELD {
            // The outermost stays; it is the first or comes last.
            let spilled = self.group.held.remove(1);
            self.group.spilled |= spilled.names_tables();
            let mut records = Vec::new();
            if !spilled.told {
                self.finish(spilled, &mut records);
            }
            records.into_iter().map(Into::into).for_each(&mut *emit);
        }
        self.group.held.push(held);
    }

    /// Finds the statement that ran: of a text of several, behind a cursor, behind a prepared name.
    fn resolve(&mut self, held: &mut PendingStatement, id: Option<u64>) {
        self.names.learn(&held.text, &held.binds);
        if let Some(part) = self.part(&held.text, id, &held.command) {
            held.statement = part;
        }
        self.names.resolve(held);
    }

    /// The one of several statements that a line is about: each number of pgaudit, and each plan, is the next that fits.
    fn part(&mut self, text: &str, id: Option<u64>, command: &str) -> Option<String> {
        let parts = split::statements(text, DIALECT);
        if parts.len() < 2 {
            return None;
        }
        let last = self.several.as_ref().filter(|several| several.text == text);
        if let Some(last) = last.filter(|last| id.is_some() && last.id == id) {
            return parts.get(last.at).map(|part| (*part).to_owned());
        }
        let from = last.map_or(0, |last| last.at + 1);
        let fitting = |at: &usize| fits(command, split::first_word(parts[*at]));
        // The same text may have been sent again.
        let at = (from..parts.len()).find(fitting).or_else(|| (0..parts.len()).find(fitting))?;
        self.several = Some(Several { text: text.to_owned(), id, at });
        Some(parts[at].to_owned())
    }

    /// pg_dump locks every table it is going to read, and asks for all relations in words of its own.
    fn notice_dump(&mut self, held: &PendingStatement) {
        if self.dump.is_some() {
            return;
        }
        let named = held.origin.application.as_deref().is_some_and(|name| name.starts_with("pg_dump"));
        let locks = held.command == "LOCK TABLE" && held.text.ends_with(" IN ACCESS SHARE MODE");
        if named || locks || held.text.contains("relkind IN ('r', 'S', 'v', 'c', 'm', 'f', 'p')") {
            self.dump = Some(Dump { origin: held.origin.clone(), seen: false });
        }
    }

    /// A dump of which no reading is in the log has read all the same: COPY of a table leaves no plan.
    fn tell_dump(&mut self, emit: &mut Emit<'_>) {
        if let Some(dump) = self.dump.take().filter(|dump| !dump.seen) {
            let mut record = dump.origin.record("/dump");
            record.operation = Operation::Export;
            emit(record.into());
        }
    }
}

/// The command of a line about the replication protocol. It has the command as its statement, too.
fn line_of_replication<'l>(line: &'l Line<'_>) -> Option<&'l str> {
    if line.severity != Severity::Log {
        return None;
    }
    ["received replication command: ", "接收到复制命令: ", "收到复制命令: "].iter().find_map(|start| line.message.strip_prefix(start))
}

/// A call whose function read tables on lines of its own discloses what those lines say, and nothing twice. Functions that run
/// with their owner's rights leave no such lines, so another call beside them stays.
fn drop_explained_call(group: &mut Group) {
    if group.held.len() < 2 && !group.spilled {
        return;
    }
    // The outermost statement is the one without a context; with `log_rows` its line is the last, without it the first.
    let held = &group.held;
    let last = (0..held.len()).max_by_key(|at| held[*at].last).filter(|at| held[*at].rows.is_some());
    let first = (0..held.len()).min_by_key(|at| held[*at].sub);
    let outside = held.iter().position(|held| !held.nested).filter(|_| held.iter().any(|held| held.nested));
    let candidates: Vec<usize> = match outside {
        Some(outside) => vec![outside],
        None => last.into_iter().chain(first).collect(),
    };
    let Some(outer) = candidates.into_iter().find(|at| held[*at].only_calls()) else { return };
    let read = group.spilled || held.iter().enumerate().any(|(at, held)| at != outer && held.names_tables());
    if read {
        group.held.remove(outer);
    }
}

/// Whether a statement that begins with the word can have run under pgaudit's command tag; an empty tag is that of a plan.
fn fits(command: &str, word: &str) -> bool {
    let word = word.to_ascii_uppercase();
    let runs = ["SELECT", "WITH", "TABLE", "VALUES", "", "EXECUTE", "COPY", "CREATE", "EXPLAIN", "DECLARE"].contains(&word.as_str());
    let changes = ["INSERT", "UPDATE", "DELETE", "MERGE"].contains(&word.as_str());
    match command {
        "" => runs || changes,
        "SELECT" => runs,
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => word == command || matches!(word.as_str(), "WITH" | "EXECUTE" | "EXPLAIN" | "COPY"),
        command => !word.is_empty() && command.starts_with(&word),
    }
}

fn application_of(message: &str) -> Option<String> {
    let (_, name) = message.split_once(" application_name=")?;
    let end = [" SSL enabled", " GSS ("].iter().filter_map(|end| name.find(end)).min().unwrap_or(name.len());
    Some(name[..end].to_owned()).filter(|name| !name.is_empty())
}
