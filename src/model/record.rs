//! A record as a decoder understood it: the fields of the log, still with the log's own texts.
//!
//! This is the only place where raw subject ids and statements exist; classification turns a record into an
//! [`Access`](crate::model::access::Access), which holds neither.

use crate::model::access::{Operation, Position, RecordHash};
use crate::model::doubts::Doubts;
use crate::model::signs::Signs;
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
    /// Length of its raw bytes; 0 where several lines make it up.
    pub length: u32,
    /// Event time.
    pub time: Timestamp,
    /// The person, where the source names one.
    pub employee: Option<Text<'a>>,
    /// The login, where the source names one.
    pub account: Option<Text<'a>>,
    /// For whom it acted, where the source says that it acted for somebody: a service, a robot, an assistant.
    pub on_behalf_of: Option<Text<'a>>,
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
    /// Base tables that the source says were read beside a text that is believed: the text may choose among their columns, but what
    /// it does not speak of was read nevertheless. A source that names no columns says nothing of them.
    pub base_reads: Vec<Object<'a>>,
    /// SQL text, analysed where `objects` is empty.
    pub statement: Option<Text<'a>>,
    /// Bind values in the order of their placeholders; `None` is NULL or not logged.
    pub binds: Vec<Option<Text<'a>>>,
    /// The language of `statement`.
    pub dialect: Dialect,
    /// The statement is a query behind a cursor, and this record is a fetch of some of its rows.
    pub fetched: bool,
    /// Result rows; `None` is unknown, never zero.
    pub rows: Option<u64>,
    /// No more rows than these, where the source bounds what it does not count (`FETCH 100`).
    pub rows_bound: Option<u64>,
    /// What the executor itself says of the tables behind a statement.
    pub plan: Option<Box<Plan>>,
    /// Ids of the people disclosed, where the source knows them.
    pub subjects: Vec<Text<'a>>,
    /// Claimed reason, `KIND:REF`.
    pub purpose: Option<Text<'a>>,
    /// How it ended.
    pub outcome: EventOutcome,
    /// What the decoder had to leave open.
    pub doubts: Doubts,
    /// What of it can only be meant against the record.
    pub signs: Signs,
}

/// How a statement ended, as far as the log tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EventOutcome {
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

/// The SQL dialect of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Dialect {
    /// Not known: what most databases share.
    #[default]
    Generic,
    /// PostgreSQL and its relatives.
    PostgreSql,
    /// MySQL and MariaDB.
    MySql,
    /// Oracle and its relatives.
    Oracle,
    /// SQL Server.
    MsSql,
    /// Snowflake.
    Snowflake,
    /// BigQuery.
    BigQuery,
    /// Databricks and Spark.
    Databricks,
    /// Hive and Impala.
    Hive,
    /// Trino, Presto and Athena: close to the standard.
    Trino,
}

impl Dialect {
    /// Every dialect with its name in configurations.
    pub const ALL: [(&'static str, Dialect); 10] = [
        ("generic", Dialect::Generic),
        ("postgresql", Dialect::PostgreSql),
        ("mysql", Dialect::MySql),
        ("oracle", Dialect::Oracle),
        ("mssql", Dialect::MsSql),
        ("snowflake", Dialect::Snowflake),
        ("bigquery", Dialect::BigQuery),
        ("databricks", Dialect::Databricks),
        ("hive", Dialect::Hive),
        ("trino", Dialect::Trino),
    ];
}

/// What a logged execution plan tells beyond the text: the tables behind views and functions, and what fed an aggregate.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Every table that was scanned.
    pub scans: Vec<Scan>,
    /// Output expressions of the topmost node, as the server prints them.
    pub output: Vec<String>,
    /// Conditions that hold for every row of the result, as the server prints them: bind values stand in them as literals.
    pub conditions: Vec<String>,
    /// Rows that went into the topmost aggregate, where there is one.
    pub aggregated: Option<u64>,
    /// Functions in place of tables, or scans that name none: what they read is not in the plan.
    pub functions: bool,
}

/// A table that a plan scanned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scan {
    /// `schema.table`.
    pub table: String,
    /// The name by which output expressions speak of it.
    pub alias: String,
    /// Rows that came out of it, where it ran just once: of several runs a plan gives a rounded mean.
    pub rows: Option<u64>,
    /// One of several arms whose rows are put together: what is printed above it speaks of the first arm alone.
    pub arm: bool,
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

/// Whether two names, each as exact as it is, may be of one table: `mart.people` is none of `crm.people`, `people` may be either.
pub fn is_same_table(one: &str, other: &str) -> bool {
    let same =
        |(one, other): (&str, &str)| one == other || one.is_empty() || other.is_empty() || one.to_lowercase() == other.to_lowercase();
    one.rsplit('.').zip(other.rsplit('.')).all(same)
}

impl<'a> Record<'a> {
    /// A record of that place and time with nothing else known.
    pub fn new(position: Position, hash: RecordHash, time: Timestamp) -> Record<'a> {
        Record {
            position,
            hash,
            length: 0,
            time,
            employee: None,
            account: None,
            on_behalf_of: None,
            id: None,
            session: None,
            client: Client::default(),
            system: None,
            operation: Operation::Read,
            objects: Vec::new(),
            base_reads: Vec::new(),
            statement: None,
            binds: Vec::new(),
            dialect: Dialect::Generic,
            fetched: false,
            rows: None,
            rows_bound: None,
            plan: None,
            subjects: Vec::new(),
            purpose: None,
            outcome: EventOutcome::Success,
            doubts: Doubts::default(),
            signs: Signs::default(),
        }
    }
    /// The record with texts of its own.
    pub fn into_owned(self) -> Record<'static> {
        let own = |text: Option<Text<'_>>| text.map(|text| Text::Owned(text.into_owned()));
        let list = |texts: Vec<Text<'_>>| texts.into_iter().map(|text| Text::Owned(text.into_owned())).collect();
        let object = |object: Object<'_>| Object { table: Text::Owned(object.table.into_owned()), columns: object.columns.map(list) };
        Record {
            employee: own(self.employee),
            account: own(self.account),
            on_behalf_of: own(self.on_behalf_of),
            id: own(self.id),
            session: own(self.session),
            client: Client { ip: own(self.client.ip), host: own(self.client.host), app: own(self.client.app) },
            system: own(self.system),
            objects: self.objects.into_iter().map(object).collect(),
            base_reads: self.base_reads.into_iter().map(object).collect(),
            statement: own(self.statement),
            binds: self.binds.into_iter().map(own).collect(),
            subjects: list(self.subjects),
            purpose: own(self.purpose),
            position: self.position,
            hash: self.hash,
            length: self.length,
            time: self.time,
            operation: self.operation,
            dialect: self.dialect,
            fetched: self.fetched,
            rows: self.rows,
            rows_bound: self.rows_bound,
            plan: self.plan,
            outcome: self.outcome,
            doubts: self.doubts,
            signs: self.signs,
        }
    }
}
