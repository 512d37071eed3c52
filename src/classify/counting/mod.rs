//! How many people a record disclosed, whom, and what of them (docs/contract.md §3).
//!
//! Owns the rules of counting. A count is never a guess dressed as a fact: what the log cannot say is at most a bound or
//! unknown, and a bound never lies below the truth. What a statement reads is found by [`crate::sql`]; which columns are
//! personal is said by the [`Catalog`].

mod base_reads;
mod branch;
mod catalog_source;
mod column_disclosure;
mod disclosure;
mod execution_plan;
mod fold;
mod foreign_key_check;
mod objects;
mod people;
mod row_shape;
mod selection;
mod shape;
mod statement;
#[cfg(test)]
mod testing;
mod written;

use crate::classify::catalog::Catalog;
use crate::model::keys::Keys;
use crate::model::persons::Persons;
use crate::model::record::{EventOutcome, Record};
use crate::sql;
pub use disclosure::{Disclosure, TableChanges, TableRead, WrittenAbout};
pub use row_shape::{RowShape, row_shape};

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
        EventOutcome::Failure if record.statement.as_deref().is_some_and(|text| sql::is_no_statement(text, record.dialect)) => {
            found.discloses_nobody()
        }
        // What a condition packed may stand in the error.
        EventOutcome::Failure
            if found.persons != Persons::Unknown && record.statement.as_deref().is_some_and(|text| sql::may_pack(text, record.dialect)) =>
        {
            found.persons = Persons::Unknown;
        }
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
        unparsed: found.unparsed,
        exports: found.exports && !found.persons.is_nobody(),
        is_full_read: found.is_full_read,
        changes: found.changes,
        written: found.written,
        persons: found.persons,
        kinds: found.kinds,
        subjects: found.subjects.into_boxed_slice(),
        selection: found.selection,
        shape: found.shape,
        id_sequence: found.id_sequence,
        rows: record.rows,
    }
}
