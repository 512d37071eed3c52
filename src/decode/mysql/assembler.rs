//! Events of one statement, put together: MySQL's audit plugins tell of it when it begins, for every table that it touches, and
//! when it ends, each time with its text.

use crate::decode::mysql::session::SessionIdentity;
use crate::decode::mysql::statement::{self, LoggedStatement};
use crate::decode::mysql::status;
use crate::decode::mysql::text::Scan;
use crate::decode::{Decoded, Emit, Raw};
use crate::decode::{Ignored, IgnoredReason};
use crate::model::access::{Operation, Position, RecordHash};
use crate::model::record::{Client, Dialect, EventOutcome, Record, Text};
use crate::model::time::{Span, Timestamp};
use std::collections::BTreeMap;

/// Most connections that are remembered.
const MOST_CONNECTIONS: usize = 4_096;
/// Most tables of one statement that are named.
const MOST_TABLES: usize = 256;

/// What an event tells of its statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// It came in.
    Log,
    /// It begins to run.
    Start,
    /// It ended, with that code; more may follow.
    End(i64),
    /// It ended, with that code and so many rows sent: nothing follows.
    Status(i64, Option<u64>),
    /// It came in or ended; this format does not say which.
    General(i64),
    /// It touched a table, as `database.table`.
    Table(String, bool),
}

/// An event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub step: Step,
    pub place: EventPosition,
    pub who: SessionIdentity,
    pub text: String,
    /// The server's class of the statement.
    pub class: String,
    /// The text may go on behind its end.
    pub cut: bool,
}

/// Where and when an event was logged.
#[derive(Clone, Debug)]
pub(super) struct EventPosition {
    pub position: Position,
    pub hash: RecordHash,
    pub length: u32,
    pub time: Timestamp,
    pub connection: String,
    pub id: Option<String>,
}

impl EventPosition {
    pub(super) fn new(raw: Raw<'_>, time: Timestamp, connection: &str, id: Option<String>) -> EventPosition {
        let length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
        EventPosition { position: raw.position, hash: raw.hash, length, time, connection: connection.to_owned(), id }
    }

    fn record(&self, who: SessionIdentity) -> Record<'static> {
        self.clone().into_record(who)
    }

    fn into_record(self, who: SessionIdentity) -> Record<'static> {
        let mut record = Record::new(self.position, self.hash, self.time);
        record.length = self.length;
        record.account = who.user.map(Text::Owned);
        record.client = Client { ip: who.ip.map(Text::Owned), host: who.host.map(Text::Owned), app: None };
        record.system = who.database.map(Text::Owned);
        record.session = Some(self.connection).filter(|text| !text.is_empty()).map(Text::Owned);
        record.id = self.id.map(Text::Owned);
        record.dialect = Dialect::MySql;
        record
    }
}

/// The statements under way, by their connections.
#[derive(Default)]
pub(super) struct StatementAssembler {
    connections: BTreeMap<String, Connection>,
    /// Statements come with an event at their very end, so that tables are waited for.
    ends: bool,
    names_tables: bool,
    checked: Option<Timestamp>,
}

/// How long a statement waits for events that may still come. One that ends later is told of twice, never not at all.
const LONGEST: Span = Span::minutes(10);

#[derive(Default)]
struct Connection {
    who: SessionIdentity,
    current: Option<Current>,
}

/// A statement whose last event may still come.
struct Current {
    event: Event,
    reads: Vec<String>,
    writes: Vec<String>,
    code: i64,
    rows: Option<u64>,
    /// More is known than that it came in or ended.
    inside: bool,
    /// It was seen to come in or to begin.
    begun: bool,
    ended: bool,
}

impl StatementAssembler {
    /// A login, or a change of the user.
    pub(super) fn login(&mut self, place: &EventPosition, who: SessionIdentity, code: i64, emit: &mut Emit<'_>) {
        self.close(&place.connection, emit);
        let mut record = place.record(who.clone());
        record.operation = Operation::Login;
        record.outcome = if code == 0 { EventOutcome::Success } else { EventOutcome::Refused };
        emit(record.into());
        if code == 0 {
            self.room(&place.connection, emit);
            self.connections.insert(place.connection.clone(), Connection { who, current: None });
        }
    }

    /// The stream of changes or of whole tables that a replica asks for.
    pub(super) fn dump(&mut self, place: &EventPosition, who: SessionIdentity, emit: &mut Emit<'_>) {
        let known = self.connections.get(&place.connection).map(|connection| connection.who.clone()).unwrap_or_default();
        let mut record = place.record(who.or(&known));
        record.operation = Operation::Export;
        emit(record.into());
    }

    /// The connection goes.
    pub(super) fn leave(&mut self, connection: &str, emit: &mut Emit<'_>) {
        self.close(connection, emit);
        self.connections.remove(connection);
    }

    /// The command of a connection is over.
    pub(super) fn close(&mut self, connection: &str, emit: &mut Emit<'_>) {
        let names_tables = self.names_tables;
        if let Some(connection) = self.connections.get_mut(connection) {
            connection.finish(names_tables, emit);
        }
    }

    pub(super) fn flush(&mut self, emit: &mut Emit<'_>) {
        let names_tables = self.names_tables;
        self.connections.values_mut().for_each(|connection| connection.finish(names_tables, emit));
    }

    /// An event of a statement.
    pub(super) fn take(&mut self, event: Event, emit: &mut Emit<'_>) {
        self.room(&event.place.connection, emit);
        self.expire(event.place.time, emit);
        self.names_tables |= matches!(event.step, Step::Table(..));
        self.ends |= matches!(event.step, Step::Status(..));
        let (names_tables, ends) = (self.names_tables, self.ends);
        if !self.connections.contains_key(&event.place.connection) {
            self.connections.insert(event.place.connection.clone(), Connection::default());
        }
        let connection = self.connections.get_mut(&event.place.connection).expect("was put there above");
        if connection.who != event.who {
            connection.who = event.who.clone().or(&connection.who);
        }
        let joins = connection.current.as_ref().is_some_and(|current| current.event.text == event.text && current.joins(&event.step, ends));
        if !joins {
            connection.finish(names_tables, emit);
        }
        let step = event.step.clone();
        if joins {
            // The table's line tells nothing that the statement's does not; of two lines of the statement the last is its own.
            let before = connection.current.as_ref().map_or(event.place.position, |current| current.event.place.position);
            let position = if matches!(step, Step::Table(..)) { event.place.position } else { before };
            emit(ignored(position, IgnoredReason::Continuation));
        }
        let current = match &mut connection.current {
            Some(current) => {
                // The last event has the id that is the statement's own, and says who it was.
                if !matches!(step, Step::Table(..)) {
                    current.event.place = event.place;
                    current.event.who = event.who.or(&current.event.who);
                    if !event.class.is_empty() {
                        current.event.class = event.class;
                    }
                }
                current
            }
            none => none.insert(Current::new(event)),
        };
        if current.add(step, joins) {
            connection.finish(names_tables, emit);
        }
    }

    /// Looks once a minute of the log for statements that waited too long: what is told late is no longer in order.
    fn expire(&mut self, now: Timestamp, emit: &mut Emit<'_>) {
        if self.checked.is_some_and(|checked| now < checked + Span::MINUTE) {
            return;
        }
        self.checked = Some(now);
        let names_tables = self.names_tables;
        let late = |connection: &Connection| connection.current.as_ref().is_some_and(|current| current.event.place.time + LONGEST < now);
        self.connections.values_mut().filter(|connection| late(connection)).for_each(|connection| connection.finish(names_tables, emit));
    }

    /// A statement inside of another, which goes on.
    pub(super) fn nested(&mut self, event: Event, emit: &mut Emit<'_>) {
        let outer = self.connections.get_mut(&event.place.connection).and_then(|connection| connection.current.take());
        let key = event.place.connection.clone();
        self.take(event, emit);
        if let (Some(connection), Some(outer)) = (self.connections.get_mut(&key), outer) {
            connection.current = Some(outer);
        }
    }

    fn room(&mut self, connection: &str, emit: &mut Emit<'_>) {
        if self.connections.len() >= MOST_CONNECTIONS && !self.connections.contains_key(connection) {
            self.flush(emit);
            self.connections.clear();
        }
    }
}

fn ignored(position: Position, reason: IgnoredReason) -> Decoded<'static> {
    Decoded::Ignored(Ignored { position, lines: 1, reason })
}

impl Current {
    fn new(event: Event) -> Current {
        Current { event, reads: Vec::new(), writes: Vec::new(), code: 0, rows: None, inside: false, begun: false, ended: false }
    }

    /// Whether an event with the same text is about this run of it.
    fn joins(&self, step: &Step, ends: bool) -> bool {
        match step {
            Step::Log => false,
            Step::Start => !self.inside && !self.ended,
            Step::End(_) => !self.ended,
            Step::Status(..) => true,
            Step::General(_) => self.inside || self.ended,
            // A table comes again with the next run; or it stands twice in the text.
            Step::Table(table, _) => {
                let again = self.reads.contains(table) || self.writes.contains(table);
                // Behind an event that may have been the end of the last run, a table is the first of the next.
                let over = !self.begun && !self.inside;
                !over && (ends || self.begun && !self.ended || !again)
            }
        }
    }

    /// Adds what an event tells; whether the statement is complete now.
    fn add(&mut self, step: Step, joined: bool) -> bool {
        match step {
            Step::Log => self.begun = true,
            Step::Start => (self.inside, self.begun) = (true, true),
            Step::End(code) => (self.ended, self.code) = (true, code),
            Step::Status(code, rows) => {
                (self.ended, self.code, self.rows) = (true, code, rows);
                return true;
            }
            Step::General(code) => {
                self.code = code;
                return joined;
            }
            Step::Table(table, written) => {
                self.inside = true;
                let list = if written { &mut self.writes } else { &mut self.reads };
                if !list.contains(&table) && list.len() < MOST_TABLES {
                    list.push(table);
                }
            }
        }
        false
    }
}

impl Connection {
    fn finish(&mut self, names_tables: bool, emit: &mut Emit<'_>) {
        let Some(Current { event, reads, writes, code, rows, .. }) = self.current.take() else { return };
        let who = event.who.or(&self.who);
        let position = event.place.position;
        let mut record = event.place.into_record(who);
        if record.system.is_none() {
            record.system =
                reads.iter().chain(&writes).find_map(|table| table.split_once('.')).map(|(database, _)| Text::Owned(database.to_owned()));
        }
        let logged = LoggedStatement { text: &event.text, class: &event.class, code, reads, writes, names_tables, cut: event.cut, rows };
        if statement::fill(&mut record, &logged) {
            emit(record.into());
            return;
        }
        emit(ignored(position, IgnoredReason::NotDataAccess));
        if status::outcome(code) == EventOutcome::Success {
            self.moved(&event.text);
        }
    }

    /// `USE database`.
    fn moved(&mut self, text: &str) {
        let scan = Scan::of(text);
        if let (true, Some((_, database))) = (scan.upper(0) == "USE", scan.words.get(1)) {
            self.who.database = Some((*database).to_owned());
        }
    }
}
