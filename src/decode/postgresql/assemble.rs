//! One session: its lines become records, each statement once.
//!
//! The lines of one statement follow each other: pgaudit gives them one number, functions put inner lines between, COPY and
//! CREATE TABLE AS give two, auto_explain gives the plan of the inner statements before that of the outer. They are held as a
//! group, which ends with the first line of the next statement.

use crate::decode::Emit;
use crate::decode::postgresql::auto_explain::{self, Explained};
use crate::decode::postgresql::command::{self, DIALECT};
use crate::decode::postgresql::dump::Dump;
use crate::decode::postgresql::failure;
use crate::decode::postgresql::group::{Group, Several};
use crate::decode::postgresql::line::{Line, Severity};
use crate::decode::postgresql::names::Names;
use crate::decode::postgresql::pending::{LineKind, LineOrigin, PendingStatement};
use crate::decode::postgresql::pgaudit::{self, Audit, Said};
use crate::decode::postgresql::plain::{self, Plain};
use crate::model::access::{Operation, Position};
use crate::model::record::{EventOutcome, Record};
use crate::sql::split;
use std::collections::VecDeque;

/// Most statements of one group that are held; of a function with more the earlier ones go on at once.
const MOST_HELD: usize = 256;
/// Most statements of a transaction that wait for their portals to be closed.
const MOST_LATE: usize = 4;

/// What is known of one session.
#[derive(Default)]
pub(super) struct Session {
    application: Option<String>,
    names: Names,
    group: Group,
    /// Statements of an open transaction whose last lines come when it ends, the oldest first.
    late: VecDeque<Group>,
    transaction: bool,
    /// Of a text of several statements those of which pgaudit told, and plans.
    audited: Option<Several>,
    planned: Option<Several>,
    dump: Option<Dump>,
}

impl Session {
    /// Takes a line; `true` where it is the session's last.
    pub(super) fn take(&mut self, line: &Line<'_>, emit: &mut Emit<'_>) -> bool {
        let message = line.message.as_ref();
        // pgaudit hides the context of its lines; a line of that look with one was raised by somebody's own function.
        if let Some(audit) = message.strip_prefix("AUDIT: ").filter(|_| line.context.is_none()) {
            match pgaudit::parse(audit) {
                Some(audit) => self.audit(line, audit, emit),
                None => match pgaudit::parse_cut(audit) {
                    Some(cut) => self.audit(&Line { cut: true, ..line.clone() }, cut, emit),
                    None => self.unreadable(line, emit),
                },
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

    /// Whether something is held back of which that line tells, and nothing was told yet.
    pub(super) fn holds(&self, position: Position) -> bool {
        self.group.held.iter().any(|held| !held.told && held.origin.position == position) || self.names.holds(position)
    }

    /// Emits what is held back.
    pub(super) fn release(&mut self, emit: &mut Emit<'_>) {
        let mut records = Vec::new();
        self.release_into(&mut records);
        records.into_iter().map(Into::into).for_each(emit);
    }

    /// The same into a list. At the end of a transaction its portals are closed, and their lines written.
    fn release_into(&mut self, records: &mut Vec<Record<'static>>) {
        let group = std::mem::take(&mut self.group);
        self.transaction = (self.transaction || group.begins_transaction()) && !group.ends_transaction();
        self.finish_group(group, records);
        while self.late.len() > if self.transaction { MOST_LATE } else { 0 } {
            let Some(group) = self.late.pop_front() else { break };
            self.finish_group(group, records);
        }
    }

    fn finish_group(&mut self, mut group: Group, records: &mut Vec<Record<'static>>) {
        group.drop_explained_call();
        for held in group.held.into_iter().filter(|held| !held.told) {
            self.finish(held, records);
        }
    }

    /// Goes on to the next statement that a plain line tells of. Within a transaction the one before may have lines to come.
    fn supersede(&mut self, emit: &mut Emit<'_>) {
        if self.transaction && self.group.waits_for_portal() {
            self.late.push_back(std::mem::take(&mut self.group));
        }
        self.release(emit);
    }

    /// Tells of what is held back, and keeps it for lines that may still belong to it: only of statements that have ended, or of all.
    pub(super) fn tell(&mut self, ended: bool, emit: &mut Emit<'_>) {
        let mut due = Vec::new();
        let groups = self.late.iter_mut().filter(|_| !ended).chain(std::iter::once(&mut self.group));
        for group in groups {
            let open = |held: &PendingStatement| !held.told && !held.has_ended();
            if ended && group.held.iter().any(open) {
                continue;
            }
            if group.held.iter().any(|held| !held.told) {
                group.drop_explained_call();
            }
            due.extend(group.held.iter().filter(|held| !held.told).cloned());
            group.held.iter_mut().for_each(|held| held.told = true);
        }
        let mut records = Vec::new();
        for held in due {
            self.finish(held, &mut records);
        }
        records.into_iter().map(Into::into).for_each(emit);
    }

    /// Emits all that is held back, also of cursors that are still open.
    pub(super) fn end(&mut self, records: &mut Vec<Record<'static>>) {
        while let Some(group) = self.late.pop_front() {
            self.finish_group(group, records);
        }
        self.release_into(records);
        self.names.end();
        self.tell_unfetched(records);
    }

    fn finish(&mut self, held: PendingStatement, records: &mut Vec<Record<'static>>) {
        // A plain line tells of all statements of its text: their records have its number.
        let part = match held.part {
            at if at > 0 && held.line_kind == LineKind::Plain => format!("/{at}"),
            _ => String::new(),
        };
        self.finish_one(held, &part, records);
    }

    fn finish_one(&mut self, held: PendingStatement, part: &str, records: &mut Vec<Record<'static>>) {
        if let Some(dump) = &mut self.dump {
            dump.saw(&held);
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
            self.dump.take().and_then(Dump::untold).into_iter().for_each(|record| emit(record.into()));
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
        let numbered = self.group.id == Some(audit.statement_id);
        let held = &self.group.held;
        let before = held.iter().find(|held| held.sub == audit.substatement_id).or(held.last()).filter(|_| numbered);
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
        let part = self.resolve(&mut held, Some(audit.statement_id));
        if self.joins_late(&held) {
            return;
        }
        if !numbered {
            let unnumbered = self.group.id.is_none();
            // The statements of one text have numbers of their own, and one plain line before them all.
            let joins = (unnumbered && !self.group.complete) || ((unnumbered || held.part > 0) && self.group.has(&held));
            if !joins {
                self.release(emit);
            }
            self.group.id = Some(audit.statement_id);
            self.group.complete = false;
        }
        if part.is_none() && !self.group.has(&held) {
            self.names.learn(&held.text, &held.binds);
        }
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
        let part = self.resolve(&mut held, None);
        let declared = command::declared(part.as_deref().unwrap_or(&held.text));
        // The rows of a cursor's plan are those that FETCH lines told of.
        if declared.as_deref().is_some_and(|cursor| self.names.is_told(cursor)) {
            return;
        }
        if self.joins_late(&held) {
            return;
        }
        let over = self.group.complete || self.group.is_over() || (self.group.id.is_some() && !nested);
        if over && !self.group.has(&held) {
            self.release(emit);
        }
        if let Some(cursor) = &declared {
            held.explain_cursor();
            if held.rows.is_some() {
                self.names.explain(cursor);
                held.fetched = true;
            }
        }
        // The plan of a cursor comes when it is closed: it opens none.
        if part.is_none() && !self.group.has(&held) && !declared.is_some_and(|cursor| self.names.knows(&cursor)) {
            self.names.learn(&held.text, &held.binds);
        }
        self.hold(held, emit);
        self.group.complete |= !nested;
    }

    fn plain(&mut self, line: &Line<'_>, plain: &Plain<'_>, emit: &mut Emit<'_>) {
        let text = plain.text;
        let mut held = self.held(line, LineKind::Plain, text.to_owned());
        held.binds = line.detail.as_deref().map(plain::parameters).unwrap_or_default();
        (held.stated, held.timed, held.portal) = (true, plain.timed, plain.portal);
        let parts = split::statements(text, DIALECT);
        if parts.len() > 1 {
            return self.plain_parts(&held, &parts, emit);
        }
        if self.is_told(&held) {
            return;
        }
        // A line with a duration comes at the end, behind the plans of what its functions ran.
        let inner = held.timed && !self.group.held.is_empty() && self.group.held.iter().all(|held| held.nested);
        if !inner {
            self.supersede(emit);
        }
        // What `EXECUTE` ran stands in its detail.
        if let Some(prepared) = line.detail.as_deref().and_then(|detail| detail.strip_prefix("prepare: ")) {
            self.names.learn(prepared, &[]);
        }
        self.names.learn(text, &held.binds);
        self.names.resolve(&mut held);
        self.hold(held, emit);
    }

    /// One line tells of all statements of its text, but for those of which the lines before it told: a line with its duration comes
    /// at the end, behind the plans of those that have one.
    fn plain_parts(&mut self, held: &PendingStatement, parts: &[&str], emit: &mut Emit<'_>) {
        let told = |at: usize| [&self.audited, &self.planned].iter().any(|several| Several::has_told(several.as_ref(), &held.text, at));
        let told: Vec<bool> = (0..parts.len().min(MOST_HELD)).map(|at| held.timed && told(at)).collect();
        let stated = self.group.held.iter().any(|known| known.part > 0 && known.text == held.text && known.stated && !known.timed);
        if held.timed && stated {
            let known = self.group.held.iter_mut().filter(|known| known.text == held.text);
            return known.for_each(|known| known.timed = true);
        }
        if !(held.timed && self.group.held.iter().any(|known| known.text == held.text)) {
            self.supersede(emit);
        }
        self.names.learn(&held.text, &held.binds);
        for (at, part) in parts.iter().enumerate().take(MOST_HELD).filter(|(at, _)| !told[*at]) {
            // What comes behind the last that is looked at by itself is one with it.
            let last = at + 1 == MOST_HELD && parts.len() > MOST_HELD;
            let statement = if last { parts[at..].join("; ") } else { (*part).to_owned() };
            let mut one = PendingStatement { statement, part: at + 1, ..held.clone() };
            self.names.resolve(&mut one);
            self.dump = self.dump.take().or_else(|| Dump::noticed(&one));
            self.group.held.push(one);
        }
        (self.audited, self.planned) = (None, None);
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
        known.for_each(|held| (held.stated, held.timed, held.portal) = (true, held.timed || plain.timed, held.portal || plain.portal));
        true
    }

    fn failure(&mut self, line: &Line<'_>, statement: &str, emit: &mut Emit<'_>) {
        let mut held = self.held(line, LineKind::Failure, statement.to_owned());
        held.outcome = failure::outcome(line);
        if !self.group.has(&held) {
            self.release(emit);
        }
        // Of several statements the one that failed comes after the last that is told of.
        let parts = split::statements(statement, DIALECT);
        let several = [&self.audited, &self.planned].into_iter().flatten().filter(|several| several.text == statement);
        let done = several.map(|several| several.at + 1).max().unwrap_or(0);
        // A text of several is refused as a whole only by its grammar: else the earlier ones ran.
        if parts.len() > 1 && line.state.as_deref() != Some("42601") {
            held.outcome = EventOutcome::Interrupted;
        }
        // One plain line told of them all, and nothing says how far they came.
        if self.group.held.iter().any(|known| known.part > 0 && known.is_same(&held)) {
            let open = self.group.held.iter_mut().filter(|known| known.is_same(&held));
            open.for_each(|known| known.absorb(held.clone()));
            self.group.complete = true;
            return;
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
            portal: false,
            part: 0,
            told: false,
            nested: false,
            objects: Vec::new(),
        }
    }

    /// Adds a line to its statement.
    fn hold(&mut self, held: PendingStatement, emit: &mut Emit<'_>) {
        self.dump = self.dump.take().or_else(|| Dump::noticed(&held));
        if let Some(same) = self.group.same(&held) {
            same.absorb(held);
            return;
        }
        // `EXECUTE` has its own text; the statement that it ran is already told.
        if held.command == "EXECUTE" && held.class == "MISC" && self.group.held.iter().any(|other| !other.class.is_empty()) {
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

    /// Finds the statement that ran: of a text of several, behind a cursor, behind a prepared name. Gives the one of several.
    fn resolve(&mut self, held: &mut PendingStatement, id: Option<u64>) -> Option<String> {
        let several = if id.is_some() { &mut self.audited } else { &mut self.planned };
        let part = Several::next(several, &held.text, id, &held.command).map(|(at, part)| (at, part.to_owned()));
        if let Some((at, part)) = &part {
            (held.part, held.statement) = (at + 1, part.clone());
            // What the others prepare and open is known from the first line on.
            if several.as_ref().is_some_and(Several::is_first) && !self.group.has(held) {
                match id {
                    Some(_) => self.names.learn(&held.text, &held.binds),
                    None => self.names.learn_missing(&held.text, &held.binds),
                }
            }
        }
        self.names.resolve(held);
        part.map(|(_, part)| part)
    }

    /// Gives a line to the statement of an open transaction that it ends, if it is none of the statement at hand.
    fn joins_late(&mut self, held: &PendingStatement) -> bool {
        if self.group.has(held) {
            return false;
        }
        let same = self.late.iter_mut().find_map(|group| group.same(held));
        same.map(|same| same.absorb(held.clone())).is_some()
    }
}

/// The command of a line about the replication protocol. It has the command as its statement, too.
fn line_of_replication<'l>(line: &'l Line<'_>) -> Option<&'l str> {
    if line.severity != Severity::Log {
        return None;
    }
    ["received replication command: ", "接收到复制命令: ", "收到复制命令: "].iter().find_map(|start| line.message.strip_prefix(start))
}

fn application_of(message: &str) -> Option<String> {
    let (_, name) = message.split_once(" application_name=")?;
    let end = [" SSL enabled", " GSS ("].iter().filter_map(|end| name.find(end)).min().unwrap_or(name.len());
    Some(name[..end].to_owned()).filter(|name| !name.is_empty())
}
