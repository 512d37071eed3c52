//! How many people a record disclosed, whom, and what of them (SPEC §3).
//!
//! Owns the rules of counting. A count is never a guess dressed as a fact: what the log cannot say is at most a bound or
//! unknown, and a bound never lies below the truth. What a statement reads is found by [`crate::sql`]; which columns are
//! personal is said by the [`Catalog`].

mod objects;
mod people;
mod planned;
mod shape;
mod statement;

use crate::classify::catalog::Catalog;
use crate::model::access::{IdSequence, Indicators, Operation, Selection, Subject};
use crate::model::keys::Keys;
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::record::{EventOutcome, Record};
use crate::sql;

/// What a record disclosed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disclosure {
    /// Tables that were read, in the order of the record or statement.
    pub reads: Vec<TableRead>,
    /// What sort of statement it was; `none` where the record carries none.
    pub class: &'static str,
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
}

/// What was read and whom it shows, before the way it ended is weighed in.
#[derive(Clone, Debug)]
struct Found {
    reads: Vec<TableRead>,
    class: &'static str,
    persons: Persons,
    kinds: Kinds,
    subjects: Vec<Subject>,
    selection: Selection,
    shape: Indicators,
    id_sequence: IdSequence,
}

/// Counts what a record disclosed.
pub fn disclose(record: &Record<'_>, catalog: &Catalog, keys: &Keys) -> Disclosure {
    let by_statement = if record.objects.is_empty() { statement::count(record, catalog, keys) } else { None };
    let mut found = match by_statement {
        // The source knows the people; the statement tells what was read of them.
        Some(read) if !record.subjects.is_empty() => objects::count_beside(read, record, catalog, keys),
        Some(read) => read,
        None => objects::count(record, catalog, keys),
    };
    match record.outcome {
        EventOutcome::Success => {}
        // No privilege, no such table, not parsable, aborted transaction: it never ran, so nobody saw a row.
        EventOutcome::Refused => found.discloses_nobody(),
        // The server streams rows before an error, a cancel or a lost client ends the statement: 8,999 of 10,000 rows were seen
        // delivered that way. What is exact for a statement that ran to its end is a bound for one that did not.
        EventOutcome::Failure if record.statement.as_deref().is_some_and(sql::is_no_statement) => found.discloses_nobody(),
        EventOutcome::Failure | EventOutcome::Interrupted => found.persons = found.persons.at_most(),
    }
    if found.persons.is_nobody() {
        // Beside a table that the catalog does not know, nobody is a bound, too.
        let persons = found.persons;
        found.discloses_nobody();
        found.persons = persons;
    }
    found.subjects.sort_unstable();
    found.subjects.dedup();
    Disclosure {
        reads: found.reads,
        class: found.class,
        persons: found.persons,
        kinds: found.kinds,
        subjects: found.subjects.into_boxed_slice(),
        selection: found.selection,
        shape: found.shape,
        id_sequence: found.id_sequence,
        rows: record.rows,
    }
}

impl Found {
    /// Whatever was touched, no person was shown.
    fn discloses_nobody(&mut self) {
        self.persons = Persons::NOBODY;
        self.kinds = Kinds::NONE;
        self.subjects.clear();
    }
}

/// Whether an operation, by its nature, shows rows to the one who does it. Writes, logins and administration do not.
fn shows_rows(operation: Operation) -> bool {
    match operation {
        Operation::Read | Operation::Export | Operation::Other => true,
        Operation::Write | Operation::Delete | Operation::Login | Operation::Admin => false,
    }
}
