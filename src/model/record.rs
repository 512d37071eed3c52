//! A record as a decoder understood it: the fields of the log, still with the log's own texts.
//!
//! This is the only place where raw subject ids and statements exist; classification turns a record into an
//! [`Access`](crate::model::access::Access), which holds neither.

use crate::model::access::{Operation, Position, RecordHash};
use crate::model::time::Timestamp;
use std::borrow::Cow;

/// A text of the record, borrowed from its bytes where no escape stands in the way.
pub type Text<'a> = Cow<'a, str>;

/// One audit-log record, decoded.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// Where it stands: line or offset of the (first) physical record that carries it.
    pub position: Position,
    /// Keyed hash of its raw bytes.
    pub hash: RecordHash,
    /// Event time.
    pub time: Timestamp,
    /// The person, where the source names one.
    pub employee: Option<Text<'a>>,
    /// The login, where the source names one.
    pub account: Option<Text<'a>>,
    /// The record's own id at its source.
    pub id: Option<Text<'a>>,
    /// Session at the source.
    pub session: Option<Text<'a>>,
    /// Where it came from.
    pub client: Client<'a>,
    /// Database or application.
    pub system: Option<Text<'a>>,
    /// What was done.
    pub operation: Operation,
    /// Tables (and columns) that the source itself names.
    pub objects: Vec<Object<'a>>,
    /// SQL text, analysed where `objects` is empty.
    pub statement: Option<Text<'a>>,
    /// Bind values in the order of their placeholders; `None` is NULL or not logged.
    pub binds: Vec<Option<Text<'a>>>,
    /// Result rows; `None` is unknown, never zero.
    pub rows: Option<u64>,
    /// Ids of the people disclosed, where the source knows them.
    pub subjects: Vec<Text<'a>>,
    /// Claimed reason, `KIND:REF`.
    pub purpose: Option<Text<'a>>,
    /// How it ended.
    pub ending: Ending,
}

/// How a statement ended, as far as the log tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ending {
    /// It ran to its end.
    #[default]
    Success,
    /// The source says no more than that it failed.
    Failure,
    /// Refused before it ran: no privilege, no such table, not parsable. Discloses nobody.
    Refused,
    /// Ended by an error, a cancel or a lost client while it ran: rows may have been delivered before.
    Interrupted,
}

/// From where somebody worked.
#[derive(Clone, Debug, Default)]
pub struct Client<'a> {
    /// Address.
    pub ip: Option<Text<'a>>,
    /// Host name.
    pub host: Option<Text<'a>>,
    /// Program.
    pub app: Option<Text<'a>>,
}

/// A table that was touched.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    /// `schema.table` or `table`.
    pub table: Text<'a>,
    /// The columns, or all where the source does not say.
    pub columns: Option<Vec<Text<'a>>>,
}

impl<'a> Record<'a> {
    /// A record of that place and time with nothing else known.
    pub fn new(position: Position, hash: RecordHash, time: Timestamp) -> Record<'a> {
        Record {
            position,
            hash,
            time,
            employee: None,
            account: None,
            id: None,
            session: None,
            client: Client::default(),
            system: None,
            operation: Operation::Read,
            objects: Vec::new(),
            statement: None,
            binds: Vec::new(),
            rows: None,
            subjects: Vec::new(),
            purpose: None,
            ending: Ending::Success,
        }
    }
}
