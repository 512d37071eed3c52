//! What one block of a query discloses: kinds, people by their listed keys, and how the number of people follows from the rows.

use crate::classify::catalog::{Catalog, RowsPerSubject, Table};
use crate::classify::counting::catalog_source::{CatalogSource, columns_of, kinds_of, resolve};
use crate::classify::counting::disclosure::TableRead;
use crate::classify::counting::execution_plan;
use crate::classify::counting::fold;
use crate::classify::counting::people::{self, ListedPeople};
use crate::classify::id_sequence;
use crate::model::access::{IdSequence, Subject};
use crate::model::keys::Keys;
use crate::model::kind::Kinds;
use crate::model::record::{Dialect, Record};
use crate::sql::{Branch, Column, system};
use std::sync::Arc;

/// What one branch shows.
pub(super) struct BranchDisclosure {
    pub kinds: Kinds,
    pub count: PeopleRule,
    pub subjects: Vec<Subject>,
    /// How their ids follow one another.
    pub id_sequence: IdSequence,
    pub people_per_row: u64,
    /// Its rows are those of one table of one row a person, whatever becomes of them.
    pub of_people: bool,
    /// What rows are is not proven of a table that was made of others.
    pub unproven: bool,
    /// A table that the catalog does not know, or a function, is among what it reads.
    pub unknown: bool,
}

/// How the people of a branch follow from its rows.
pub(super) enum PeopleRule {
    /// No row shows anybody.
    Nobody,
    /// A row may hold anything.
    Anything,
    /// Rows are people.
    Rows,
    /// Every row is about one person, of whom there may be several rows.
    Detail,
    /// People are no more than rows times people per row.
    Bound,
    /// Certainly one person on every row, and no other.
    One,
    /// So many, whatever the number of rows.
    AtMost(u64),
    /// Like the first, and also no more than so many.
    Capped(Box<PeopleRule>, u64),
}

pub(super) fn disclose_branch(
    branch: &Branch,
    record: &Record<'_>,
    scanned: Option<u64>,
    catalog: &Catalog,
    keys: &Keys,
    reads: &mut Vec<Arc<TableRead>>,
) -> BranchDisclosure {
    let known = resolve(branch, record, catalog);
    note_reads(branch, &known, reads);
    let of_people = of_people(branch, &known);
    let mut shown = BranchDisclosure {
        kinds: Kinds::NONE,
        count: PeopleRule::Nobody,
        subjects: Vec::new(),
        id_sequence: IdSequence::default(),
        people_per_row: 1,
        of_people,
        unproven: known.iter().any(|source| source.flows && source.entry.is_some_and(|entry| !entry.is_proven())),
        unknown: false,
    };
    shown.kinds = known.iter().filter_map(|known| known.showing).fold(Kinds::NONE, |kinds, showing| kinds.union(showing.kinds));
    if !shown.kinds.is_empty() {
        // A sum beside a person is a fact about the person.
        shown.kinds = shown.kinds.union(kinds_of(&branch.summed, &known));
    }
    // Statistics views hold values of other tables: one row of them gave away 101 phone numbers.
    if shows_values(branch, record.dialect)
        || branch.hides_query
        // The only row of a function of somebody's own may as well be a document of everybody.
        || !branch.functions.is_empty() && record.rows == Some(1)
        || known.iter().any(|source| source.showing.is_some() && source.entry.is_some_and(|entry| entry.packs))
    {
        shown.count = PeopleRule::Anything;
        return shown;
    }
    if fold::any_personal(&branch.sends, &known) {
        shown.kinds = shown.kinds.union(kinds_of(&branch.sends, &known));
        shown.count = PeopleRule::Anything;
        return shown;
    }
    let unknown = !branch.functions.is_empty() || known.iter().any(|source| source.flows && source.is_unknown());
    shown.unknown = unknown;
    // Of a table that only resembles a known one nobody knows what its columns are.
    let guessed = known.iter().any(|source| source.flows && source.entry.is_some_and(Table::is_guess));
    let listed = people::listed(branch, &known, record).filter(|_| !guessed);
    if shown.kinds.is_empty() && !(unknown && (!branch.collapsed || !branch.output.is_empty())) {
        return add_tested(probe(branch, &known, listed, shown, record, keys, catalog), branch, &known, record);
    }
    shown.people_per_row = people::per_row(branch, &known) + u64::from(!branch.functions.is_empty() && !shown.kinds.is_empty());
    shown.people_per_row = shown.people_per_row.saturating_mul(fold::people(branch, &known));
    if fold::is_packed(branch, &known) {
        shown.count = PeopleRule::Anything;
    } else if branch.single {
        // `min` and `max` each show the value of one row.
        shown.count = PeopleRule::AtMost(shown.people_per_row);
    } else {
        shown.count = match rows_of(branch, &known, record.dialect) {
            _ if unknown || shown.people_per_row > 1 => PeopleRule::Bound,
            count => count,
        };
    }
    if !unknown {
        limit_to_listed(&mut shown, listed, branch, keys, catalog);
        let own = record.plan.as_deref().and_then(|plan| execution_plan::scanned(branch, &known, plan));
        if let Some(rows) = own.into_iter().chain(scanned).min() {
            shown.count = match shown.count {
                PeopleRule::Anything => PeopleRule::Anything,
                count => PeopleRule::Capped(Box::new(count), rows),
            };
        }
    }
    add_tested(shown, branch, &known, record)
}

/// Whether it shows, or asks for, values that the server keeps of other tables.
fn shows_values(branch: &Branch, dialect: Dialect) -> bool {
    // Few sources are the server's own: each is looked up once, and their columns only where it is.
    branch.sources.iter().enumerate().filter(|(_, source)| system::is_harmless(&source.table, dialect)).any(|(at, source)| {
        let holds = |column: &&Column| column.source == at && system::holds_values(&source.table, column.name.as_deref(), dialect);
        branch.output.iter().any(|column| holds(&column)) || branch.probes.iter().filter(holds).any(|column| column.name.is_some())
    })
}

/// Whether somebody is there may be shown beside whatever else is.
fn add_tested(mut shown: BranchDisclosure, branch: &Branch, known: &[CatalogSource<'_>], record: &Record<'_>) -> BranchDisclosure {
    let Some(tested) = people::tested(branch, known, record) else { return shown };
    if !matches!(shown.count, PeopleRule::Nobody) {
        // Those who are only tested for need not be those who are shown.
        if tested.keys != Some(0) {
            shown.count = PeopleRule::Anything;
        }
        return shown;
    }
    shown.kinds = kinds_of(&tested.columns, known);
    let several = branch.multiplied || branch.joined || branch.sources.iter().any(|source| source.flows) || !branch.functions.is_empty();
    shown.count = match (tested.keys, tested.per_row) {
        (None, _) => PeopleRule::Anything,
        (Some(keys), false) => PeopleRule::AtMost(keys),
        (Some(keys), true) if !several => PeopleRule::AtMost(keys.saturating_add(1)),
        (Some(0), true) => PeopleRule::Bound,
        (Some(_), true) => PeopleRule::Anything,
    };
    shown
}

/// Nothing personal leaves. Yet a row that is there or not, for a condition on a personal column, tells that the person is.
fn probe(
    branch: &Branch,
    known: &[CatalogSource<'_>],
    listed: Option<ListedPeople<'_>>,
    mut shown: BranchDisclosure,
    record: &Record<'_>,
    keys: &Keys,
    catalog: &Catalog,
) -> BranchDisclosure {
    let flowing: Vec<Column> = branch.probes.iter().filter(|column| known[column.source].flows).cloned().collect();
    let kinds = kinds_of(&flowing, known);
    if branch.collapsed {
        // A count of everybody tells of nobody; a count of one listed person tells whether that person is there.
        if let Some(listed) = listed.filter(|_| !kinds.is_empty()) {
            shown.kinds = kinds.union(kinds_of(&branch.summed, known));
            shown.count = PeopleRule::AtMost(listed.count);
            (shown.subjects, shown.id_sequence) = (subjects(&listed, keys, catalog), id_sequence(&listed, keys));
        } else if branch.keys.iter().any(|keys| known[keys.column.source].is_unknown()) {
            // Of a table that is not known any column may tell of a person.
            shown.count = PeopleRule::Anything;
        } else if let Some(asked) = fold::asked(branch, known) {
            shown.kinds = kinds_of(&asked.columns, known);
            shown.people_per_row = asked.people;
            shown.count = if branch.single { PeopleRule::AtMost(asked.people) } else { PeopleRule::Bound };
        }
        return shown;
    }
    if kinds.is_empty() {
        return shown;
    }
    shown.kinds = kinds;
    shown.count = rows_of(branch, known, record.dialect);
    limit_to_listed(&mut shown, listed, branch, keys, catalog);
    shown
}

/// ListedPeople key values bound the people, and name them where they are the people's own keys.
fn limit_to_listed(shown: &mut BranchDisclosure, listed: Option<ListedPeople<'_>>, branch: &Branch, keys: &Keys, catalog: &Catalog) {
    let Some(listed) = listed else { return };
    (shown.subjects, shown.id_sequence) = (subjects(&listed, keys, catalog), id_sequence(&listed, keys));
    let count = std::mem::replace(&mut shown.count, PeopleRule::Nobody);
    let one = listed.count == 1 && listed.certain && !shown.subjects.is_empty() && !branch.aggregated && !branch.grouped;
    shown.count = match count {
        PeopleRule::Bound | PeopleRule::Detail if one => PeopleRule::One,
        other => PeopleRule::Capped(Box::new(other), listed.count),
    };
}

fn id_sequence(listed: &ListedPeople<'_>, keys: &Keys) -> IdSequence {
    id_sequence::of(listed.ids.iter().map(|(_, id)| id.as_str()), keys)
}

fn subjects(listed: &ListedPeople<'_>, keys: &Keys, catalog: &Catalog) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = listed.ids.iter().map(|(entry, id)| keys.subject(catalog.space_of(entry), id)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

/// What rows are, where they are those of one table or of several joined one to one: people, or what is known of them.
fn rows_of(branch: &Branch, known: &[CatalogSource<'_>], dialect: Dialect) -> PeopleRule {
    let beside = |at: &usize| branch.beside.contains(at);
    let mut flowing = known.iter().enumerate().filter(|(at, source)| source.flows && !beside(at));
    let (Some((at, only)), None) = (flowing.next(), flowing.next()) else {
        let proven = people::one_to_one(branch, known, dialect) && fold::each_row_shows(branch, known);
        return if proven { PeopleRule::Rows } else { PeopleRule::Bound };
    };
    let Some(entry) = only.entry.filter(|entry| entry.is_proven()) else { return PeopleRule::Bound };
    if !fold::each_row_shows(branch, known) {
        return PeopleRule::Bound;
    }
    // A value beside a row may be missing; the row's own person is not.
    if only.showing.is_none() && known.iter().any(|source| source.showing.is_some()) {
        return PeopleRule::Bound;
    }
    let one_per_row = only.showing.is_none_or(|showing| showing.people_per_row == 1);
    if !one_per_row || entry.subject.is_none() || branch.multiplied || branch.joined || branch.packed {
        return PeopleRule::Bound;
    }
    // No two rows have the same person: `SELECT DISTINCT customer_id`, `GROUP BY customer_id`.
    let is_subject = |column: &Column| column.source == at && column.name.as_deref().is_some_and(|name| entry.is_subject(name));
    if branch.unique.as_ref().is_some_and(is_subject) && !people::shows_only_others(at, branch, known) {
        return PeopleRule::Rows;
    }
    // Two people of one name are one row of a DISTINCT.
    let shows_key = |column: &Column| column.source == at && column.name.as_deref().is_none_or(|name| entry.is_subject(name));
    let thinned = branch.distinct && !branch.output.iter().any(shows_key);
    match entry.rows_per_subject {
        _ if branch.grouped || branch.aggregated || thinned => PeopleRule::Bound,
        RowsPerSubject::One => PeopleRule::Rows,
        RowsPerSubject::Many => PeopleRule::Detail,
    }
}

/// Whether every row that flows in is one of one table, and nobody else's.
fn of_people(branch: &Branch, known: &[CatalogSource<'_>]) -> bool {
    let mut flowing = known.iter().filter(|source| source.flows);
    let (Some(only), None) = (flowing.next(), flowing.next()) else { return false };
    let alone = only.showing.is_some_and(|showing| showing.people_per_row == 1);
    let plain = !branch.multiplied && !branch.joined && branch.functions.is_empty();
    alone && plain && only.entry.is_some_and(|entry| entry.subject.is_some() && entry.rows_per_subject == RowsPerSubject::One)
}

fn note_reads(branch: &Branch, known: &[CatalogSource<'_>], reads: &mut Vec<Arc<TableRead>>) {
    for (at, source) in branch.sources.iter().enumerate() {
        let columns = columns_of(at, &branch.output).unwrap_or(Some(Vec::new()));
        let kinds = known[at].showing.map_or(Kinds::NONE, |showing| showing.kinds);
        match reads.iter_mut().find(|read| read.table.eq_ignore_ascii_case(&source.table)) {
            None => reads.push(Arc::new(TableRead {
                table: source.table.clone(),
                columns,
                kinds,
                known: !known[at].is_unknown(),
                inferred: known[at].entry.and_then(Table::told),
                place: known[at].entry.map(|entry| entry.place),
            })),
            Some(read) => {
                let read = Arc::make_mut(read);
                read.kinds = read.kinds.union(kinds);
                read.columns = match (read.columns.take(), columns) {
                    (Some(mut all), Some(more)) => {
                        all.extend(more.into_iter().filter(|column| !all.contains(column)).collect::<Vec<_>>());
                        Some(all)
                    }
                    (None, _) | (_, None) => None,
                };
            }
        }
    }
}
