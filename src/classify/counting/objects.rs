//! Counting where the source itself names tables, columns or people: canonical records and the like.

use crate::classify::catalog::Catalog;
use crate::classify::counting::disclosure::{Counted, TableChanges, TableRead, shows_rows};
use crate::classify::counting::shape::{Shape, shape};
use crate::classify::counting::{selection, statement, written};
use crate::model::access::{IdSequence, Indicators, Operation, Selection};
use crate::model::doubts::Doubts;
use crate::model::keys::Keys;
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::record::{Object, Record, Text};
use crate::sql;
use std::sync::Arc;

/// Counts by the tables that the record names.
pub(super) fn count(record: &Record<'_>, catalog: &Catalog, keys: &Keys) -> Counted {
    let shown: Vec<Arc<Shape>> = record.objects.iter().map(|object| shape(record.system.as_deref(), object, catalog)).collect();
    let kinds = shown.iter().fold(Kinds::NONE, |kinds, table| kinds.union(table.read.kinds));
    // What was read the source says itself; how it was chosen only the statement can tell.
    let known = record.statement.as_deref().map(|text| sql::analyse(text, record.dialect));
    let analysis = known.as_deref();
    let mut found = Counted {
        class: "none",
        unparsed: record.doubts.has(Doubts::TEXT) || analysis.is_some_and(|analysis| analysis.unparsed),
        exports: analysis.is_some_and(|analysis| analysis.class == sql::Class::CopyTo),
        is_full_read: false,
        changes: analysis.map(TableChanges::of).unwrap_or_default(),
        written: analysis.map(|analysis| written::about(analysis, record, catalog, keys)).unwrap_or_default(),
        persons: Persons::NOBODY,
        kinds,
        subjects: Vec::new(),
        selection: analysis.map_or(Selection::Unknown, selection::selection),
        shape: analysis.map_or(Indicators::default(), |analysis| selection::indicators(analysis, record, catalog)),
        // Whom it shows the source says itself, so their ids are the record's.
        id_sequence: IdSequence::default(),
        reads: Vec::new(),
    };
    // What was written may have come back to whoever wrote it, where the source bounds the rows.
    let may_return = record.operation == Operation::Write && record.rows_bound.is_some();
    if shows_rows(record.operation) || may_return {
        let mut ids: Vec<&str> = record.subjects.iter().map(|id| id.trim()).filter(|id| !id.is_empty()).collect();
        ids.sort_unstable();
        ids.dedup();
        let persons = persons(record, &shown, ids.len() as u64);
        found.persons = if may_return { persons.at_most() } else { persons };
        if ids.is_empty() && record.rows.is_some() && !found.persons.is_nobody() {
            // The source says which columns were read, the text what was made of them: values that hold many rows.
            found.persons = match statement::by_text(record, catalog, keys) {
                Some(Persons::Unknown) => Persons::Unknown,
                Some(by_text) if by_text.figure() > found.persons.figure() => by_text.at_most(),
                Some(_) if found.unparsed => found.persons.at_most(),
                Some(_) | None => found.persons,
            };
        }
        let space =
            shown.iter().find_map(|table| table.entry.filter(|entry| entry.names_person)).map_or("", |entry| catalog.space(entry.space));
        found.subjects = ids.into_iter().map(|id| keys.subject(space, id)).collect();
    }
    found.reads = shown.iter().map(|table| Arc::clone(&table.read)).collect();
    found
}

/// Counts the people that the record names, of the tables that its statement reads.
pub(super) fn count_beside(read: Counted, record: &Record<'_>, catalog: &Catalog, keys: &Keys) -> Counted {
    let text = |text: &String| Text::Owned(text.clone());
    let object = |read: &Arc<TableRead>| Object {
        table: text(&read.table),
        columns: read.columns.as_ref().map(|columns| columns.iter().map(text).collect()),
    };
    let objects = read.reads.iter().map(object).collect();
    let found = count(&Record { objects, statement: None, ..record.clone() }, catalog, keys);
    Counted {
        class: read.class,
        unparsed: read.unparsed,
        exports: read.exports,
        changes: read.changes,
        written: read.written,
        selection: read.selection,
        shape: read.shape,
        ..found
    }
}

fn persons(record: &Record<'_>, shown: &[Arc<Shape>], named: u64) -> Persons {
    let unknown = shown.is_empty() || shown.iter().any(|table| table.entry.is_none_or(|entry| entry.is_guess));
    let personal = || shown.iter().filter(|table| table.personal);
    if named > 0 {
        // Ids that the source itself gives are the people. More rows than ids: the list was cut, and rows tell the rest.
        return match record.rows {
            Some(rows) if rows > named && keyed_by_row(shown) => Persons::Exact(rows),
            Some(rows) if rows > named => Persons::AtMost(rows),
            // Nor do the ids that were understood tell of those that were not.
            _ if record.doubts.has(Doubts::PEOPLE) => Persons::Unknown,
            Some(_) | None => Persons::Exact(named),
        };
    }
    // Known tables of which neither a personal column nor the person's key was shown: nobody, however many the rows.
    if personal().next().is_none() && !unknown {
        return Persons::NOBODY;
    }
    if personal().any(|table| table.entry.is_some_and(|entry| entry.packs)) {
        return Persons::Unknown;
    }
    // What stood in a text that was lost may have packed many people into a row.
    let Some(rows) = record.rows.filter(|_| !record.doubts.has(Doubts::TEXT)) else { return Persons::Unknown };
    // Rows of a table keyed by the person are persons. Joins and detail tables repeat a person: 15,000 rows were 10,000 people.
    if !unknown && keyed_by_person(shown) {
        return Persons::Exact(rows);
    }
    let bound = Persons::AtMost(rows.saturating_mul(people_per_row(personal())).max(rows));
    if unknown { bound } else { bound.at_most() }
}

/// One table alone, of one row per person, whatever columns of it are named: the ids beside it tell the people.
fn keyed_by_row(shown: &[Arc<Shape>]) -> bool {
    match shown {
        [only] => only.people_per_row == 1 && only.entry.is_some_and(|entry| entry.is_proven && entry.one_row_a_person),
        _ => false,
    }
}

/// One table alone, with one row per person.
fn keyed_by_person(shown: &[Arc<Shape>]) -> bool {
    match shown {
        [only] => only.personal && only.people_per_row == 1 && only.entry.is_some_and(|entry| entry.one_row_a_person),
        _ => false,
    }
}

/// People that one row of a join may show: tables of one subject space are taken to be joined by the person, tables of
/// different spaces show different people.
fn people_per_row<'a>(personal: impl Iterator<Item = &'a Arc<Shape>>) -> u64 {
    let mut per_space = std::collections::BTreeMap::new();
    for table in personal {
        let most = per_space.entry(table.entry.map(|entry| entry.space)).or_insert(0);
        *most = table.people_per_row.max(*most);
    }
    per_space.values().sum::<u64>().max(1)
}

#[cfg(test)]
mod tests {
    use crate::classify::counting::testing::{count, record};
    use crate::model::access::Operation;
    use crate::model::kind::{Kind, Kinds};
    use crate::model::persons::Persons;
    use crate::model::record::{EventOutcome, Object, Record};

    type Tables<'t> = &'t [(&'t str, Option<&'t [&'t str]>)];

    fn read<'t>(tables: Tables<'t>) -> Record<'t> {
        let mut record = record();
        record.objects = tables
            .iter()
            .map(|(table, columns)| Object { table: (*table).into(), columns: columns.map(|c| c.iter().map(|c| (*c).into()).collect()) })
            .collect();
        record
    }

    fn persons(tables: Tables<'_>, rows: Option<u64>) -> Persons {
        count(&Record { rows, ..read(tables) }).persons
    }

    #[test]
    fn rows_of_a_table_keyed_by_the_person_are_persons() {
        assert_eq!(persons(&[("crm.customers", None)], Some(40)), Persons::Exact(40));
        assert_eq!(persons(&[("crm.customers", None)], Some(0)), Persons::NOBODY);
        assert_eq!(persons(&[("crm.customers", None)], None), Persons::Unknown, "absent rows are never zero");
    }

    #[test]
    fn rows_of_joins_and_detail_tables_are_a_bound() {
        assert_eq!(persons(&[("bank.accounts", None)], Some(15)), Persons::AtMost(15));
        assert_eq!(persons(&[("crm.customers", None), ("bank.accounts", None)], Some(15)), Persons::AtMost(15));
        assert_eq!(persons(&[("crm.customers", None), ("ref.branches", None)], Some(15)), Persons::AtMost(15));
    }

    #[test]
    fn a_row_about_a_call_may_show_two_people() {
        assert_eq!(persons(&[("telco.calls", None)], Some(10)), Persons::AtMost(20));
        assert_eq!(persons(&[("telco.calls", Some(&["caller", "callee"]))], Some(10)), Persons::AtMost(20));
        assert_eq!(persons(&[("telco.calls", Some(&["callee"]))], Some(10)), Persons::AtMost(10));
        assert_eq!(persons(&[("telco.calls", Some(&["callee", "cell"]))], Some(10)), Persons::AtMost(20));
        assert_eq!(persons(&[("telco.calls", Some(&["callee"])), ("crm.customers", None)], Some(10)), Persons::AtMost(20));
    }

    #[test]
    fn given_subjects_are_exact_and_counted_once() {
        let mut record = read(&[("crm.customers", None)]);
        record.subjects = vec!["42".into(), " 42 ".into(), "43".into(), "".into()];
        let found = count(&record);
        assert_eq!((found.persons, found.subjects.len()), (Persons::Exact(2), 2));
        record.rows = Some(5);
        assert_eq!(count(&record).persons, Persons::Exact(5), "the list was cut");
        record.rows = Some(1);
        assert_eq!(count(&record).persons, Persons::Exact(2));
        let mut details = read(&[("bank.accounts", None)]);
        details.subjects = vec!["42".into()];
        details.rows = Some(5);
        assert_eq!(count(&details).persons, Persons::AtMost(5));
    }

    #[test]
    fn a_table_that_the_catalog_does_not_know_is_never_exact() {
        assert_eq!(persons(&[("scratch.copy", None)], Some(7)), Persons::AtMost(7));
        assert_eq!(persons(&[("scratch.copy", Some(&["x"]))], None), Persons::Unknown);
        assert_eq!(persons(&[], Some(7)), Persons::AtMost(7));
        assert_eq!(persons(&[], None), Persons::Unknown);
        let found = count(&read(&[("scratch.copy", None)]));
        assert!(!found.reads[0].known && found.kinds.is_empty());
    }

    #[test]
    fn an_empty_list_of_columns_says_as_little_as_none() {
        assert_eq!(persons(&[("crm.customers", Some(&[]))], Some(40)), Persons::Exact(40));
        assert_eq!(persons(&[("crm.customers", Some(&[]))], None), Persons::Unknown);
    }

    #[test]
    fn no_rows_of_a_table_that_the_catalog_does_not_know_are_a_bound() {
        assert_eq!(persons(&[("scratch.copy", None)], Some(0)), Persons::AtMost(0));
    }

    #[test]
    fn more_rows_than_ids_are_people_whatever_the_columns() {
        let mut record = read(&[("crm.customers", Some(&["region"]))]);
        (record.subjects, record.rows) = (vec!["1".into()], Some(7));
        assert_eq!(count(&record).persons, Persons::Exact(7));
    }

    #[test]
    fn what_is_not_personal_shows_nobody() {
        assert_eq!(persons(&[("ref.branches", None)], Some(7)), Persons::NOBODY);
        assert_eq!(persons(&[("crm.customers", Some(&["branch"]))], Some(7)), Persons::NOBODY);
        assert_eq!(persons(&[("crm.customers", Some(&["branch"]))], None), Persons::NOBODY);
    }

    #[test]
    fn the_subject_column_alone_discloses() {
        let found = count(&Record { rows: Some(3), ..read(&[("crm.customers", Some(&["ID"]))]) });
        assert_eq!((found.persons, found.kinds), (Persons::Exact(3), Kinds::of(Kind::OtherIdentifying)));
        let caller = count(&Record { rows: Some(3), ..read(&[("telco.calls", Some(&["caller"]))]) });
        assert_eq!(caller.kinds, Kinds::of(Kind::CommunicationRecord));
    }

    #[test]
    fn kinds_are_those_of_the_columns() {
        assert_eq!(count(&read(&[("crm.customers", Some(&["name", "branch"]))])).kinds, Kinds::of(Kind::Name));
        assert_eq!(count(&read(&[("crm.customers", None)])).kinds.len(), 2);
    }

    #[test]
    fn writes_logins_and_administration_show_nobody() {
        for operation in [Operation::Write, Operation::Delete, Operation::Login, Operation::Admin] {
            let found = count(&Record { operation, rows: Some(5), ..read(&[("crm.customers", None)]) });
            assert_eq!((found.persons, found.kinds), (Persons::NOBODY, Kinds::NONE));
        }
    }

    #[test]
    fn what_was_refused_shows_nobody_and_what_failed_is_no_more_than_a_bound() {
        let ended = |outcome, rows| count(&Record { outcome, rows, ..read(&[("crm.customers", None)]) }).persons;
        assert_eq!(ended(EventOutcome::Refused, Some(5)), Persons::NOBODY);
        assert_eq!(ended(EventOutcome::Failure, Some(5)), Persons::AtMost(5));
        assert_eq!(ended(EventOutcome::Failure, None), Persons::Unknown);
        assert_eq!(ended(EventOutcome::Interrupted, None), Persons::Unknown);
        let mut record = Record { outcome: EventOutcome::Failure, ..read(&[("crm.customers", None)]) };
        record.subjects = vec!["42".into()];
        assert_eq!(count(&record).persons, Persons::AtMost(1));
    }
}
