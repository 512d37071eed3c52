//! What counting gives: the tables read, the people shown, and how they were chosen.

use crate::model::access::{IdSequence, Indicators, Operation, Selection, Subject};
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::place::Place;
use crate::sql::{Analysis, Made};
use std::sync::Arc;

/// What a record disclosed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disclosure {
    /// Tables that were read, in the order of the record or statement.
    pub reads: Vec<Arc<TableRead>>,
    /// What sort of statement it was; `none` where the record carries none.
    pub class: &'static str,
    /// The text was not understood, or cut: tables are those that its words name.
    pub unparsed: bool,
    /// What was read left the database: a file, an unload, a backup.
    pub exports: bool,
    /// It read all rows of one table that is listed, and nothing else.
    pub is_full_read: bool,
    /// What it makes of other tables, and drops.
    pub changes: TableChanges,
    /// Whose rows it writes.
    pub written: WrittenAbout,
    /// How many people.
    pub persons: Persons,
    /// Kinds disclosed.
    pub kinds: Kinds,
    /// The people, where the log says whom; sorted, distinct. Beside a count that is only at most, they are candidates.
    pub subjects: Box<[Subject]>,
    /// How the rows were chosen.
    pub selection: Selection,
    /// The same in indicators: patterns, pages, segments.
    pub shape: Indicators,
    /// How the ids that a statement lists follow one another.
    pub id_sequence: IdSequence,
    /// Result rows, where the log says.
    pub rows: Option<u64>,
}

/// What a statement does to what is known of tables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TableChanges {
    /// Tables that are made or filled from others.
    pub makes: Vec<Made>,
    /// Tables that are dropped.
    pub drops: Vec<String>,
}

impl TableChanges {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.makes.is_empty() && self.drops.is_empty()
    }
}

/// Whose rows a statement writes, and which.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WrittenAbout {
    /// Whose they are, where the statement says so by their keys; sorted, distinct.
    pub subjects: Vec<Subject>,
    /// The tables.
    pub tables: Vec<String>,
    /// Columns that are changed, each with the place of its table in the list.
    pub changed: Vec<(usize, String)>,
}

/// One table that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableRead {
    /// As the log names it.
    pub table: String,
    /// The columns disclosed; all where `None`.
    pub columns: Option<Vec<String>>,
    /// Kinds disclosed from it.
    pub kinds: Kinds,
    /// Whether the catalog knows the table.
    pub known: bool,
    /// From what it is concluded what the table holds, where the catalog does not list it.
    pub inferred: Option<Arc<str>>,
    /// Where it is, of a table that is known.
    pub place: Option<Place>,
}

/// What was read and whom it shows, before the outcome of the record is weighed in.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub reads: Vec<Arc<TableRead>>,
    pub class: &'static str,
    pub unparsed: bool,
    pub exports: bool,
    pub is_full_read: bool,
    pub changes: TableChanges,
    pub written: WrittenAbout,
    pub persons: Persons,
    pub kinds: Kinds,
    pub subjects: Vec<Subject>,
    pub selection: Selection,
    pub shape: Indicators,
    pub id_sequence: IdSequence,
}

impl TableChanges {
    pub(super) fn of(analysis: &Analysis) -> TableChanges {
        TableChanges { makes: analysis.makes.clone(), drops: analysis.drops.clone() }
    }
}

impl Counted {
    /// Whatever was touched, no person was shown.
    pub fn discloses_nobody(&mut self) {
        self.persons = Persons::NOBODY;
        self.kinds = Kinds::NONE;
        self.subjects.clear();
    }
}

/// Whether an operation, by its nature, shows rows to the one who does it. Writes, logins and administration do not.
pub(super) fn shows_rows(operation: Operation) -> bool {
    match operation {
        Operation::Read | Operation::Export | Operation::Other => true,
        Operation::Write | Operation::Delete | Operation::Login | Operation::Admin => false,
    }
}
