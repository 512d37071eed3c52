//! Which people one row of a query may show, and which of them the statement itself lists by their keys.
//!
//! Tables joined by the person's key show the same person on a row; tables that are not show different people.

use crate::classify::catalog::{RowsPerSubject, Table};
use crate::classify::counting::catalog_source::CatalogSource;
use crate::model::kind::Kind;
use crate::model::record::{Dialect, Record};
use crate::sql::{Branch, Column, KeyValue, ListedKeys, array_elements};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The people whom a statement lists.
pub(super) struct ListedPeople<'c> {
    /// No more than so many can be shown.
    pub count: u64,
    /// Their ids, where the listed values are the people's own keys.
    pub ids: Vec<(&'c Table, String)>,
    /// Every row that is shown is about a listed person.
    pub certain: bool,
}

/// People that one row may show.
pub(super) fn per_row(branch: &Branch, known: &[CatalogSource<'_>]) -> u64 {
    let mut groups = BTreeMap::new();
    for (group, at) in groups_of(branch, known) {
        let people = known[at].showing.map_or(1, |showing| showing.people_per_row);
        let most = groups.entry(group).or_insert(0);
        *most = people.max(*most);
    }
    groups.values().sum::<u64>().max(1)
}

/// Whether every row is one row of each of several tables, all of one row a person and joined by the person's key: then no two rows
/// show the same person, and no row shows two. An outer join does not tell, for a row of it may show nobody.
pub(super) fn one_to_one(branch: &Branch, known: &[CatalogSource<'_>], dialect: Dialect) -> bool {
    let collapsed = branch.grouped || branch.aggregated || branch.distinct || branch.packed;
    // A server that takes text for a number joins `'5'` and `'05'` with 5.
    if branch.multiplied || collapsed || !branch.functions.is_empty() || dialect == Dialect::MySql {
        return false;
    }
    let key = |(at, source): (usize, &CatalogSource<'_>)| {
        let entry = source.entry.filter(|entry| entry.rows_per_subject == RowsPerSubject::One)?;
        let alone = source.showing.is_none_or(|showing| showing.people_per_row == 1);
        let column = Column { source: at, name: Some(entry.subject.clone()?) };
        alone.then_some((column, entry.space))
    };
    let own = |at: &usize| !branch.beside.contains(at);
    let keys: Option<Vec<_>> = known.iter().enumerate().filter(|(at, source)| source.flows && own(at)).map(key).collect();
    match keys.as_deref() {
        Some([(first, space), others @ ..]) => others.iter().all(|(other, of)| of == space && flows_to(branch, first, other) == Some(true)),
        _ => false,
    }
}

/// The number of each source's group: sources of one group show the same person on a row.
pub(super) fn groups(branch: &Branch, known: &[CatalogSource<'_>]) -> Vec<usize> {
    let mut group: Vec<usize> = (0..known.len()).collect();
    let is_subject = |column: &Column| {
        let entry = known[column.source].entry?;
        column.name.as_deref().filter(|name| entry.is_subject(name)).map(|_| entry.space)
    };
    for link in &branch.links {
        let (left, right) = (is_subject(&link.left), is_subject(&link.right));
        if left.is_some() && left == right {
            let (from, to) = (group[link.left.source], group[link.right.source]);
            group.iter_mut().filter(|number| **number == from).for_each(|number| *number = to);
        }
    }
    group
}

/// Sources that show people, each with the number of its group.
fn groups_of(branch: &Branch, known: &[CatalogSource<'_>]) -> Vec<(usize, usize)> {
    let group = groups(branch, known);
    let shows = |at: &usize| known[*at].showing.is_some();
    (0..known.len()).filter(shows).map(|at| (group[at], at)).collect()
}

/// The people whom the conditions list, if they list everybody who can be shown.
pub(super) fn listed<'c>(branch: &Branch, known: &[CatalogSource<'c>], record: &Record<'_>) -> Option<ListedPeople<'c>> {
    // Where nobody is shown, those are listed whom the condition probes.
    let mut shown: Vec<usize> = groups_of(branch, known).into_iter().map(|(_, at)| at).collect();
    if shown.is_empty() {
        shown = (0..known.len()).filter(|at| known[*at].flows && known[*at].entry.is_some_and(|entry| !entry.is_impersonal())).collect();
    }
    let lists: Vec<List<'_>> = branch.keys.iter().filter_map(|keys| List::of(keys, branch, known, record)).collect();
    let mut all: Option<ListedPeople<'c>> = None;
    let mut done = BTreeSet::new();
    for (group, at) in groups_or_self(branch, known, &shown) {
        // The other end of a call is not among the listed.
        if known[at].showing.is_some_and(|showing| showing.people_per_row > 1) || shows_only_others(at, branch, known) {
            return None;
        }
        // Each table for itself: the optional side of an outer join may be limited where the other is not.
        let (list, own_key) = listed_of(at, &lists, known)?;
        if !done.insert(group) {
            continue;
        }
        let found = list.people(known[at].entry?, own_key);
        all = Some(match all {
            None => found,
            Some(all) => ListedPeople {
                count: all.count.saturating_add(found.count),
                ids: all.ids.into_iter().chain(found.ids).collect(),
                certain: false,
            },
        });
    }
    all
}

fn groups_or_self(branch: &Branch, known: &[CatalogSource<'_>], shown: &[usize]) -> Vec<(usize, usize)> {
    let groups = groups_of(branch, known);
    if groups.is_empty() { shown.iter().map(|at| (*at, *at)).collect() } else { groups }
}

/// A row that shows only the other end of a call shows somebody else than its subject.
pub(super) fn shows_only_others(at: usize, branch: &Branch, known: &[CatalogSource<'_>]) -> bool {
    let Some(entry) = known[at].entry.filter(|entry| entry.kinds.contains(Kind::CommunicationRecord)) else { return false };
    let mut own = branch.output.iter().filter(|column| column.source == at);
    own.any(|column| {
        let name = column.name.as_deref();
        name.is_none_or(|name| entry.kind_of(name) == Some(Kind::CommunicationRecord) && !entry.is_subject(name))
    })
}

/// A condition that lists values, with all columns that have one of them too.
struct List<'k> {
    column: Column,
    values: Vec<Option<Cow<'k, str>>>,
    reached: Vec<(Column, bool)>,
}

impl<'k> List<'k> {
    fn of(keys: &'k ListedKeys, branch: &Branch, known: &[CatalogSource<'_>], record: &'k Record<'_>) -> Option<List<'k>> {
        let values = values(keys, branch, known, record)?;
        Some(List { column: keys.column.clone(), values, reached: reached(branch, &keys.column) })
    }

    fn people<'c>(&self, entry: &'c Table, own_key: Option<bool>) -> ListedPeople<'c> {
        let ids = match own_key {
            Some(_) => self.values.iter().flatten().map(|id| (entry, id.clone().into_owned())).collect(),
            None => Vec::new(),
        };
        ListedPeople { count: self.values.len() as u64, ids, certain: own_key == Some(true) }
    }
}

/// The shortest list of one source's people; whether it lists their own keys, and certainly.
fn listed_of<'l, 'k>(at: usize, lists: &'l [List<'k>], known: &[CatalogSource<'_>]) -> Option<(&'l List<'k>, Option<bool>)> {
    let entry = known[at].entry?;
    let subject = Column { source: at, name: Some(entry.subject.clone()?) };
    let mut best: Option<(&List<'_>, Option<bool>)> = None;
    for list in lists {
        let own_key = list.reached.iter().find(|(column, _)| is_same(column, &subject)).map(|(_, certain)| *certain);
        let unique =
            list.column.source == at && list.column.name.as_deref().and_then(|name| entry.kind_of(name)).is_some_and(names_one_person);
        if own_key.is_none() && !unique {
            continue;
        }
        let better = best.is_none_or(|(best, best_key)| {
            let names_nobody = best_key.is_none() || best.values.iter().all(Option::is_none);
            list.values.len() < best.values.len() || (list.values.len() == best.values.len() && names_nobody)
        });
        if better {
            best = Some((list, own_key));
        }
    }
    best
}

/// Kinds of which a value belongs to one person.
pub(super) fn names_one_person(kind: Kind) -> bool {
    matches!(kind, Kind::IdNumber | Kind::PhoneNumber | Kind::BankAccount | Kind::TelecomAccount)
}

/// Whether values listed for a column are those of another: `Some(true)` where both are always equal.
pub(super) fn flows_to(branch: &Branch, from: &Column, to: &Column) -> Option<bool> {
    reached(branch, from).into_iter().find(|(column, _)| is_same(column, to)).map(|(_, certain)| certain)
}

/// All columns that have one of the values listed for a column; whether each always equals it.
fn reached(branch: &Branch, from: &Column) -> Vec<(Column, bool)> {
    let mut reached: Vec<(Column, bool)> = vec![(from.clone(), true)];
    let mut at = 0;
    while at < reached.len() {
        let (column, certain) = reached[at].clone();
        for link in &branch.links {
            let both = link.forth && link.back;
            let next = if link.forth && is_same(&link.left, &column) {
                &link.right
            } else if link.back && is_same(&link.right, &column) {
                &link.left
            } else {
                continue;
            };
            if !reached.iter().any(|(known, _)| is_same(known, next)) {
                reached.push((next.clone(), certain && both));
            }
        }
        at += 1;
    }
    reached
}

fn is_same(a: &Column, b: &Column) -> bool {
    a.source == b.source && equal_names(a, b)
}

fn equal_names(a: &Column, b: &Column) -> bool {
    match (&a.name, &b.name) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        (None, _) | (_, None) => false,
    }
}

/// The distinct values, sorted, `None` for one that the log does not say; nothing where their number is not known.
pub(super) fn values<'k>(
    keys: &'k ListedKeys,
    branch: &Branch,
    known: &[CatalogSource<'_>],
    record: &'k Record<'_>,
) -> Option<Vec<Option<Cow<'k, str>>>> {
    let mut distinct = Vec::with_capacity(keys.values.len());
    let said = |text: &'k str| Some(Cow::Borrowed(text.trim()));
    let mut silent = 0_u64;
    for value in &keys.values {
        match value {
            // A server that takes the column's text for a number finds `'5'`, `'05'` and `'5 x'` for 5, and all words for 0.
            KeyValue::Number(text) if record.dialect == Dialect::MySql && (!is_own_key(keys, known) || is_zero(text)) => return None,
            KeyValue::Literal(text) | KeyValue::Number(text) => distinct.push(said(text)),
            KeyValue::Bind(number) => match record.binds.get(number - 1) {
                Some(Some(text)) => distinct.push(said(text)),
                Some(None) | None => silent += 1,
            },
            KeyValue::BindArray(number) => {
                let array = record.binds.get(number - 1)?.as_deref()?;
                distinct.extend(array_elements(array)?.into_iter().map(|element| Some(Cow::Owned(element.trim().to_owned()))));
            }
            KeyValue::Variable(name) => {
                distinct.push(Some(Cow::Owned(variable(name, keys, branch, known, record)?)));
            }
        }
    }
    // Several values that the log does not say are several people; one place in the list stands for one of them.
    match silent {
        0 => {}
        1 => distinct.push(None),
        _ => return None,
    }
    distinct.sort_unstable();
    distinct.dedup();
    Some(distinct)
}

fn is_own_key(keys: &ListedKeys, known: &[CatalogSource<'_>]) -> bool {
    let name = keys.column.name.as_deref();
    known[keys.column.source].entry.is_some_and(|entry| name.is_some_and(|name| entry.is_subject(name)))
}

fn is_zero(number: &str) -> bool {
    number.trim_start_matches('-').bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

/// People of whom a statement shows only that they are there, and whether the number of its rows bounds them.
pub(super) fn tested(branch: &Branch, known: &[CatalogSource<'_>], record: &Record<'_>) -> Option<TestedPeople> {
    let is_personal = |column: &Column| match known[column.source].entry.filter(|entry| !entry.is_guess()) {
        Some(entry) => column.name.as_deref().is_some_and(|name| entry.is_subject(name) || entry.kind_of(name).is_some()),
        // Of a table that is not known any column may be.
        None => !known[column.source].harmless,
    };
    let mut all: Option<TestedPeople> = None;
    for test in branch.tests.iter().filter(|test| test.columns.iter().any(is_personal)) {
        let all = all.get_or_insert_with(TestedPeople::default);
        all.columns.extend(test.columns.iter().cloned());
        let listed: Vec<&ListedKeys> = test.keys.iter().filter(|keys| is_personal(&keys.column)).collect();
        if listed.is_empty() {
            all.per_row = true;
            continue;
        }
        let fewest = listed.iter().filter_map(|keys| values(keys, branch, known, record)).map(|values| values.len() as u64).min();
        all.keys = fewest.and_then(|fewest| all.keys?.checked_add(fewest));
    }
    all
}

/// What [`tested`] finds.
pub(super) struct TestedPeople {
    pub columns: Vec<Column>,
    /// ListedPeople values; nothing where their number is not known.
    pub keys: Option<u64>,
    /// A condition lists no values: each row of the result may tell of somebody else.
    pub per_row: bool,
}

impl Default for TestedPeople {
    fn default() -> TestedPeople {
        TestedPeople { columns: Vec::new(), keys: Some(0), per_row: false }
    }
}

/// The value of a variable in a function's body: `id = i`.
///
/// The log lists the values of all variables of the function and leaves those out that the statement does not use. So a lone
/// value belongs to the lone name that is no column; where any other name might be a variable too, nothing is concluded.
fn variable(name: &str, keys: &ListedKeys, branch: &Branch, known: &[CatalogSource<'_>], record: &Record<'_>) -> Option<String> {
    let mut said = record.binds.iter().flatten().filter(|value| !value.is_empty());
    let (Some(only), None) = (said.next(), said.next()) else { return None };
    let [source] = known else { return None };
    let entry = source.entry?;
    let is_column = |name: &str| entry.is_subject(name) || entry.kind_of(name).is_some();
    let understood = |column: &Column| column.name.as_deref().is_none_or(|other| other == name || is_column(other));
    let all_understood = branch.output.iter().chain(&branch.probes).chain(&branch.summed).all(understood);
    let text = record.statement.as_deref().unwrap_or("");
    let alone = branch.keys.len() == 1 && keys.values.len() == 1 && !text.contains(['$', '?']);
    (alone && all_understood && !is_column(name)).then(|| only.trim().to_owned())
}
