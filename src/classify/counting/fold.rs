//! Values that are made of several rows: which of them hold many people, and of how many a row of them may tell.

use crate::classify::counting::catalog_source::CatalogSource;
use crate::classify::counting::people;
use crate::sql::{Branch, Column, Fold, FoldValue};

/// Whether one value may hold the data of many people.
pub(super) fn is_packed(branch: &Branch, known: &[CatalogSource<'_>]) -> bool {
    branch.packed || branch.packs.iter().any(|column| is_personal(column, known))
}

/// How many times the people of one combination of rows a row may show: each `min`, `max`, sum of few and neighbour in a window is
/// one of another row.
pub(super) fn people(branch: &Branch, known: &[CatalogSource<'_>]) -> u64 {
    if branch.folds.is_empty() {
        return 1;
    }
    let groups = people::groups(branch, known);
    branch.folds.iter().map(|fold| of_fold(fold, known, &groups)).fold(1, u64::saturating_mul)
}

fn of_fold(fold: &Fold, known: &[CatalogSource<'_>], groups: &[usize]) -> u64 {
    let personal = |value: &&FoldValue| value.columns.iter().any(|column| is_personal(column, known));
    let values = fold.values.iter().filter(personal).fold(0_u64, |sum, value| sum.saturating_add(value.times));
    // Rows of one person's group are all that person's.
    let of_key = |key: &Column| {
        let is_subject = known[key.source].entry.is_some_and(|entry| key.name.as_deref().is_some_and(|name| entry.is_subject(name)));
        let same = |column: &Column| groups[column.source] == groups[key.source];
        is_subject && fold.values.iter().filter(personal).all(|value| value.columns.iter().all(same))
    };
    if !fold.windowed && fold.keys.iter().any(of_key) {
        return 1;
    }
    values.saturating_add(u64::from(fold.own)).max(1)
}

/// Rows that a count asks for by their values.
pub(super) struct Asked {
    pub columns: Vec<Column>,
    pub people: u64,
}

/// The people whom counts ask for by values of personal columns.
pub(super) fn asked(branch: &Branch, known: &[CatalogSource<'_>]) -> Option<Asked> {
    let mut found = Asked { columns: Vec::new(), people: 0 };
    for value in branch.folds.iter().flat_map(|fold| &fold.values).filter(|value| value.asked) {
        if value.columns.iter().any(|column| is_personal(column, known)) {
            found.columns.extend(value.columns.iter().cloned());
            found.people = found.people.saturating_add(value.times);
        }
    }
    (found.people > 0).then_some(found)
}

/// Whether any of these columns is somebody's, or may be.
pub(super) fn any_personal(columns: &[Column], known: &[CatalogSource<'_>]) -> bool {
    columns.iter().any(|column| is_personal(column, known))
}

/// Whether each row shows somebody: a `CASE` may show a person in some rows and none in others.
pub(super) fn each_row_shows(branch: &Branch, known: &[CatalogSource<'_>]) -> bool {
    if branch.doubtful.is_empty() || known.iter().all(|source| source.showing.is_none()) {
        return true;
    }
    let surely = |column: &&Column| !branch.doubtful.contains(column);
    branch.output.iter().filter(surely).any(|column| is_personal(column, known))
        || branch.choices.iter().any(|alternatives| alternatives.iter().all(|columns| any_personal(columns, known)))
}

fn is_personal(column: &Column, known: &[CatalogSource<'_>]) -> bool {
    let source = &known[column.source];
    match (source.entry, &column.name) {
        _ if source.is_unknown() => true,
        (None, _) => false,
        (Some(entry), None) => !entry.is_impersonal(),
        (Some(entry), Some(name)) => entry.is_subject(name) || entry.kind_of(name).is_some(),
    }
}
