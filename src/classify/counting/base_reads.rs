//! What a source says was read beside a text that is believed: the text chooses among the columns, and never narrows them.
//!
//! Engines list every column that they read, also those which only conditions look at. The text tells the two apart where it is
//! understood and speaks of the column; a column that it does not speak of came to the output another way (a list of aliases, a view
//! or a function beside its table), and is taken to be shown.

use crate::classify::catalog::Catalog;
use crate::classify::counting::column_disclosure::ColumnDisclosure;
use crate::model::record::{Record, Text, is_same_table};
use crate::sql::{self, Analysis, Branch, Class, Column, system};
use std::rc::Rc;

/// Puts the columns into the output that the source read and the text does not account for; whether there were any.
pub(super) fn unite(analysis: &mut Rc<Analysis>, record: &Record<'_>, catalog: &Catalog) -> bool {
    // What is changed is read to be changed.
    let shows = matches!(analysis.class, Class::Select | Class::CopyTo | Class::CreateTableAs | Class::Insert | Class::Declare);
    if !shows || record.base_reads.is_empty() {
        return false;
    }
    let mut words = None;
    let mut any = false;
    let dark = analysis.branches.iter().any(|branch| is_dark(branch, record));
    for object in &record.base_reads {
        let Some(entry) = catalog.find(record.system.as_deref(), &object.table) else { continue };
        for name in object.columns.iter().flatten().map(Text::as_ref) {
            if !ColumnDisclosure::of(entry, Some(&[name.to_owned()])).personal || is_shown(analysis, &object.table, name) {
                continue;
            }
            let names = || sql::names(record.statement.as_deref().unwrap_or(""), record.dialect);
            let told = words.get_or_insert_with(names).contains(&name.to_lowercase());
            // It may be the column of another table that the text speaks of.
            let others = || analysis.branches.iter().flat_map(|branch| mentions(branch).map(move |column| (branch, column)));
            let of_this = |(branch, column): (&Branch, &Column)| is_column(branch, column, &object.table, name);
            let of_any = |column: &Column| column.name.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(name));
            let told = told && (others().any(of_this) || !others().any(|(_, column)| of_any(column)));
            if told && !dark {
                continue;
            }
            any |= show(Rc::make_mut(analysis), &object.table, name, told);
        }
    }
    any
}

/// Whether something that the text names is none of the tables that were read: a view, a function, what hides them.
fn is_dark(branch: &Branch, record: &Record<'_>) -> bool {
    let read = |table: &str| record.base_reads.iter().any(|object| is_same_table(&object.table, table));
    let plain = |table: &str| read(table) || system::is_harmless(table, record.dialect);
    branch.hides_query || !branch.functions.is_empty() || !branch.sources.iter().all(|source| plain(&source.table))
}

fn is_column(branch: &Branch, column: &Column, table: &str, name: &str) -> bool {
    let same = column.name.as_deref().is_none_or(|other| other.eq_ignore_ascii_case(name));
    same && is_same_table(&branch.sources[column.source].table, table)
}

fn is_shown(analysis: &Analysis, table: &str, name: &str) -> bool {
    analysis.branches.iter().any(|branch| branch.output.iter().any(|column| is_column(branch, column, table, name)))
}

/// Every column of which the text says what it is for.
fn mentions(branch: &Branch) -> impl Iterator<Item = &Column> {
    let folded = branch.folds.iter().flat_map(|fold| fold.keys.iter().chain(fold.values.iter().flat_map(|value| &value.columns)));
    let tested = branch.tests.iter().flat_map(|test| test.columns.iter().chain(test.keys.iter().map(|keys| &keys.column)));
    let linked = branch.links.iter().flat_map(|link| [&link.left, &link.right]);
    let plain = [&branch.output, &branch.summed, &branch.probes, &branch.sends, &branch.packs].into_iter().flatten();
    plain.chain(branch.keys.iter().map(|keys| &keys.column)).chain(folded).chain(tested).chain(linked)
}

/// Puts a column into the output of the block that reads its table.
fn show(analysis: &mut Analysis, table: &str, name: &str, told: bool) -> bool {
    let of = |branch: &Branch| {
        let same = |at: &usize| is_same_table(&branch.sources[*at].table, table);
        let flows = |at: &usize| branch.sources[*at].flows && same(at);
        (0..branch.sources.len()).find(flows).or_else(|| (0..branch.sources.len()).find(same))
    };
    let Some((branch, source)) = analysis.branches.iter_mut().find_map(|branch| of(branch).map(|source| (branch, source))) else {
        return false;
    };
    let folds = branch.collapsed || branch.aggregated || branch.grouped;
    // What the text looks at before it counts is looked at, whatever stands beside it.
    if told && folds {
        return false;
    }
    branch.sources[source].flows = true;
    branch.output.push(Column { source, name: Some(name.to_owned()) });
    // How many rows went into one by a way that is not known, nobody knows.
    branch.hides_query |= folds;
    true
}

#[cfg(test)]
mod tests {
    use crate::classify::counting::Disclosure;
    use crate::classify::counting::testing::{count, record};
    use crate::model::kind::{Kind, Kinds};
    use crate::model::persons::Persons;
    use crate::model::record::{Dialect, Object};

    fn read(text: &str, rows: u64, tables: &[(&str, &[&str])]) -> Disclosure {
        let mut record = record();
        let columns = |columns: &[&str]| Some(columns.iter().map(|column| (*column).to_owned().into()).collect());
        record.base_reads =
            tables.iter().map(|(table, names)| Object { table: (*table).to_owned().into(), columns: columns(names) }).collect();
        (record.statement, record.dialect, record.rows) = (Some(text.to_owned().into()), Dialect::Trino, Some(rows));
        count(&record)
    }

    const PEOPLE: &str = "crm.customers";

    #[test]
    fn columns_that_conditions_look_at_are_no_more_than_looked_at() {
        for (text, columns) in [
            ("SELECT name FROM crm.customers WHERE phone = '1' AND id = 7", ["id", "name", "phone"].as_slice()),
            ("SELECT name FROM crm.customers ORDER BY PHONE", &["name", "phone"]),
        ] {
            let found = read(text, 1, &[(PEOPLE, columns)]);
            assert_eq!((found.persons, found.kinds), (Persons::Exact(1), Kinds::of(Kind::Name)), "{text}");
        }
        let counted = read("SELECT count(phone), count(*) FROM crm.customers", 1, &[(PEOPLE, &["phone"])]);
        assert_eq!(counted.persons, Persons::NOBODY);
        let joined = read(
            "SELECT b.name FROM ref.branches b JOIN crm.customers c ON c.phone = b.phone",
            3,
            &[(PEOPLE, &["phone"]), ("ref.branches", &["name", "phone"])],
        );
        assert!(!joined.kinds.contains(Kind::Name), "{joined:?}");
    }

    #[test]
    fn columns_that_the_text_does_not_speak_of_were_shown() {
        let found = read("SELECT branch FROM crm.customers", 5, &[(PEOPLE, &["branch", "name"])]);
        assert_eq!((found.persons, found.kinds), (Persons::AtMost(5), Kinds::of(Kind::Name)));
        let packed = read("SELECT max(branch) FROM crm.customers", 1, &[(PEOPLE, &["branch", "name"])]);
        assert_eq!((packed.persons, packed.kinds), (Persons::Unknown, Kinds::of(Kind::Name)));
        // It is a name of something else that the text speaks of, in a comment, or in a string.
        for text in [
            "SELECT b.name FROM ref.branches b, crm.customers c",
            "SELECT branch FROM crm.customers -- name",
            "SELECT branch, 'name' FROM crm.customers",
        ] {
            let found = read(text, 5, &[(PEOPLE, &["name"]), ("ref.branches", &["name"])]);
            assert!(found.kinds.contains(Kind::Name) && !matches!(found.persons, Persons::Exact(_)), "{text}: {found:?}");
        }
    }

    #[test]
    fn beside_a_view_every_column_that_was_read_may_have_come_from_it() {
        let text = "SELECT v.x FROM scratch.v v JOIN crm.customers c ON c.phone = v.phone";
        let found = read(text, 5, &[(PEOPLE, &["phone"])]);
        assert!(found.kinds.contains(Kind::PhoneNumber) && found.persons == Persons::AtMost(5), "{found:?}");
        // A table that was read itself is no view.
        let found = read(text, 5, &[(PEOPLE, &["phone"]), ("scratch.v", &["x", "phone"])]);
        assert!(!found.kinds.contains(Kind::PhoneNumber), "{found:?}");
    }
}
