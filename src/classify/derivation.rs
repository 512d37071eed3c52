//! Tables that statements made of known ones: copies, views, likenesses, new names. What is known of the old holds for the new.
//!
//! Each source partition keeps its own, in the order of its records, so that a replay concludes what the service concluded. What is kept
//! speaks of the tables that the catalog lists, however long the chain of copies; it is bounded, and saved with the position in the source.
//! How many rows of a copy are people is never proven: something else may have been put into it.

use crate::classify::by_name::ByName;
use crate::classify::catalog::{Catalog, ColumnName, Conclusion, Inference, RowsPerSubject, SpaceId, Table};
use crate::classify::counting::{Disclosure, row_shape};
use crate::model::keys::Keys;
use crate::model::kind::{Kind, Kinds};
use crate::model::record::{Dialect, EventOutcome, Record};
use crate::model::time::Timestamp;
use crate::sql::{Made, MadeColumn, Making, OriginColumn, system};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Made tables that a partition keeps; past that the one goes that was made or filled longest ago.
const MOST_TABLES: usize = 4_096;
/// Columns of one of them that are told apart; of a wider one any column may hold anything.
const MOST_COLUMNS: usize = 64;
/// Listed tables behind one of them, and origins of one column; with more, part of it is not known.
const MOST_ORIGINS: usize = 16;
/// Longest name that is kept, in bytes.
const LONGEST_NAME: usize = 256;

/// The tables that the statements of one source partition made of known ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MadeTables {
    kept: Arc<Kept>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    tables: ByName<MadeTable>,
    /// Tables kept so far: the order in which they go.
    turns: u64,
    /// Tables that went for want of room.
    evicted: u64,
    /// The catalog with these tables.
    #[serde(skip)]
    catalog: Option<Catalog>,
}

/// A table that was made of others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct MadeTable {
    name: String,
    /// `made`, `renamed`: how, for a reader.
    how: String,
    at: Timestamp,
    /// The tables that the catalog lists behind it.
    pub(super) bases: Vec<String>,
    /// Its columns by name; any column may hold anything where `None`.
    columns: Option<Vec<(String, Vec<Origin>)>>,
    /// Most people that a row shows.
    people: u64,
    /// A row may hold any number of people.
    packs: bool,
    /// Part of what it was made of is not known.
    unsure: bool,
    turn: u64,
}

/// A column of a listed table; all of them where it has no name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Origin {
    base: String,
    column: Option<String>,
}

impl MadeTables {
    /// The catalog with these tables; the one that is given where there are none.
    pub fn catalog<'c>(&'c self, listed: &'c Catalog) -> &'c Catalog {
        self.kept.catalog.as_ref().filter(|_| !self.kept.tables.is_empty()).unwrap_or(listed)
    }

    /// Concludes anew where the catalog is another than before, or these tables come from a saved state.
    pub fn refresh(&mut self, listed: &Catalog) {
        let is_fresh = self.kept.catalog.as_ref().is_some_and(|catalog| catalog.is_of_same_file(listed));
        if is_fresh || self.kept.tables.is_empty() {
            return;
        }
        let kept = Arc::make_mut(&mut self.kept);
        let mut catalog = listed.as_listed();
        for (system, name, table) in kept.tables.iter() {
            if let Some(found) = table.conclude(Some(system), listed) {
                catalog.conclude(Some(system), name, found);
            }
        }
        kept.catalog = Some(catalog);
    }

    /// Notes what a record's statement makes and drops. Returns whether anything is known otherwise than before.
    pub fn note(&mut self, record: &Record<'_>, disclosure: &Disclosure, listed: &Catalog, keys: &Keys) -> bool {
        let changes = &disclosure.changes;
        if changes.is_empty() || record.outcome != EventOutcome::Success {
            return false;
        }
        let of_system = record.system.as_deref();
        let mut changed = false;
        for name in &changes.drops {
            changed |= self.drop(of_system, name);
        }
        for made in &changes.makes {
            changed |= self.make(made, record, listed, keys);
        }
        changed
    }

    fn drop(&mut self, of_system: Option<&str>, name: &str) -> bool {
        if self.kept.tables.find(of_system, name).is_none() {
            return false;
        }
        let kept = Arc::make_mut(&mut self.kept);
        kept.tables.remove(of_system, name);
        kept.catalog.iter_mut().for_each(|catalog| catalog.forget(of_system, name));
        true
    }

    fn make(&mut self, made: &Made, record: &Record<'_>, listed: &Catalog, keys: &Keys) -> bool {
        let of_system = record.system.as_deref();
        let name = made.table.trim();
        if name.is_empty() || name.len() > LONGEST_NAME || listed.lists(of_system, name) {
            return false;
        }
        let known = self.kept.tables.find(of_system, name);
        let catalog = self.catalog(listed);
        let found = MadeTable::of(made, record.time, of_system, catalog, Some(&self.kept.tables), record.dialect).and_then(|found| {
            let shape = row_shape(made, of_system, catalog, keys);
            (!shape.is_nobody).then_some(MadeTable { people: shape.people, packs: shape.packs, ..found })
        });
        let is_unknown = |source: &String| catalog.find(of_system, source).is_none();
        let found = match (found, known) {
            (Some(found), Some(known)) if matches!(made.making, Making::Copied | Making::Likened) => known.joined(found),
            (Some(found), _) => found,
            // Rows of nobody knows whom are put into a table that was known.
            (None, Some(known)) if made.making == Making::Copied && made.sources.iter().any(is_unknown) && !known.unsure => {
                MadeTable { unsure: true, ..known.clone() }
            }
            (None, _) => return false,
        };
        let Some(conclusion) = found.conclude(of_system, listed) else { return false };
        let renamed = if made.making == Making::Renamed { made.sources.first() } else { None };
        if let Some(old) = renamed {
            self.drop(of_system, old);
        }
        if self
            .kept
            .tables
            .find(of_system, name)
            .is_some_and(|known| *known == MadeTable { turn: known.turn, at: known.at, ..found.clone() })
        {
            return renamed.is_some();
        }
        let kept = Arc::make_mut(&mut self.kept);
        if kept.tables.len() >= MOST_TABLES && kept.tables.find(of_system, name).is_none() {
            let gone = kept.tables.remove_first(|table| table.turn);
            if let (Some((system, gone)), Some(catalog)) = (gone, &mut kept.catalog) {
                catalog.forget(Some(&system), &gone);
            }
            kept.evicted += 1;
        }
        kept.turns += 1;
        kept.tables.insert(of_system, name, MadeTable { turn: kept.turns, ..found });
        kept.catalog.get_or_insert_with(|| listed.as_listed()).conclude(of_system, name, conclusion);
        true
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.tables.is_empty()
    }

    /// Tables that were forgotten for want of room.
    pub fn evicted(&self) -> u64 {
        self.kept.evicted
    }
}

/// What the catalog's file knows of a table, where somebody's data is in it.
fn personal<'c>(catalog: &'c Catalog, of_system: Option<&str>, table: &str) -> Option<&'c Table> {
    catalog.find(of_system, table).filter(|entry| !entry.is_impersonal())
}

impl MadeTable {
    /// What a statement made, in the words of the tables that are listed. Nothing where none of them holds anybody's data.
    pub(super) fn of(
        made: &Made,
        at: Timestamp,
        of_system: Option<&str>,
        catalog: &Catalog,
        before: Option<&ByName<MadeTable>>,
        dialect: Dialect,
    ) -> Option<MadeTable> {
        let resolver = Resolver { of_system, catalog, before };
        let mut unsure = false;
        let mut bases: Vec<String> = Vec::new();
        for source in &made.sources {
            let entry = catalog.find(of_system, source);
            if entry.is_none_or(Table::is_guess) && system::is_harmless(source, dialect) {
                continue;
            }
            unsure |= entry.is_none_or(Table::is_guess);
            for Origin { base, .. } in resolver.whole(source) {
                if !bases.contains(&base) {
                    bases.push(base);
                }
            }
        }
        if bases.is_empty() {
            return None;
        }
        unsure |= bases.len() > MOST_ORIGINS;
        bases.truncate(MOST_ORIGINS);
        let columns: Option<Vec<_>> =
            made.columns.as_ref().map(|columns| columns.iter().flat_map(|column| resolver.column(column)).collect());
        let columns = columns.filter(|columns| columns.len() <= MOST_COLUMNS);
        let columns = columns.filter(|columns| columns.iter().all(|(name, from)| name.len() <= LONGEST_NAME && from.len() <= MOST_ORIGINS));
        if columns.as_ref().is_some_and(|columns| columns.iter().all(|(_, from)| from.is_empty())) {
            return None;
        }
        let how = match made.making {
            Making::Copied => "made from",
            Making::Viewed => "a view over",
            Making::Likened => "made like",
            Making::Renamed => "renamed from",
        };
        let how = how.to_owned();
        Some(MadeTable { name: made.table.trim().to_owned(), how, at, bases, columns, people: 1, packs: false, unsure, turn: 0 })
    }

    /// Both what was there and what came to it.
    fn joined(&self, more: MadeTable) -> MadeTable {
        let mut all = more;
        all.bases = self.bases.iter().chain(&all.bases).fold(Vec::new(), |mut bases, base| {
            if !bases.contains(base) {
                bases.push(base.clone());
            }
            bases
        });
        all.unsure |= self.unsure || all.bases.len() > MOST_ORIGINS;
        all.bases.truncate(MOST_ORIGINS);
        all.columns = match (&self.columns, all.columns.take()) {
            (Some(known), Some(more)) => join_columns(known.clone(), more),
            _ => None,
        };
        all.people = all.people.max(self.people);
        all.packs |= self.packs;
        all
    }

    /// What is concluded of it from the catalog's file. Nothing where it holds nobody's data.
    pub(super) fn conclude(&self, of_system: Option<&str>, listed: &Catalog) -> Option<Conclusion> {
        let of_base = |base: &str| personal(listed, of_system, base);
        let mut columns: Vec<(ColumnName, Kinds)> = Vec::new();
        let mut subject: Option<(String, SpaceId)> = None;
        for (name, from) in self.columns.iter().flatten() {
            let entries: Vec<(&Table, Option<&str>)> =
                from.iter().filter_map(|origin| Some((of_base(&origin.base)?, origin.column.as_deref()))).collect();
            if name == "*" {
                for (entry, _) in entries {
                    columns.extend(entry.named_columns().iter().cloned());
                    subject = subject.or_else(|| Some((entry.subject.clone()?, entry.space)));
                }
                continue;
            }
            let key = match entries.as_slice() {
                [(entry, Some(column))] if subject.is_none() && entry.is_subject(column) => Some((*entry, *column)),
                _ => None,
            };
            let kinds = match key {
                // Beside other columns the key says nothing more.
                Some((entry, column)) => {
                    subject = Some((name.clone(), entry.space));
                    entry.kinds_of(column)
                }
                None => entries.iter().fold(Kinds::NONE, |kinds, (entry, column)| kinds.union(kinds_behind(entry, *column))),
            };
            if !kinds.is_empty() {
                columns.push((ColumnName::name(name), kinds));
            }
        }
        if self.columns.is_none() {
            let bases = self.bases.iter().filter_map(|base| of_base(base));
            let kinds = bases.fold(Kinds::NONE, |kinds, entry| kinds.union(kinds_behind(entry, None)));
            columns.push((ColumnName::any(), kinds));
        }
        let first = self.bases.iter().find_map(|base| of_base(base))?;
        let holds_any = subject.is_some() || columns.iter().any(|(_, kinds)| !kinds.is_empty());
        let day = self.at.to_string();
        let told = format!("{} {} on {}", self.how, self.bases.join(", "), day.get(..10).unwrap_or(&day));
        holds_any.then(|| Conclusion {
            name: self.name.clone(),
            inference: Inference::Made { told: told.into(), unsure: self.unsure },
            subject,
            columns,
            place: first.place,
            rows_per_subject: RowsPerSubject::Many,
            people_per_row: self.people,
            packs: self.packs,
        })
    }
}

/// The kinds of a column of a listed table, or of all of them. The key that tells the person is information by itself.
fn kinds_behind(entry: &Table, column: Option<&str>) -> Kinds {
    let (kinds, is_subject) = match column {
        None => (entry.kinds, entry.subject.is_some()),
        Some(column) => (entry.kinds_of(column), entry.is_subject(column)),
    };
    if kinds.is_empty() && is_subject { Kinds::of(Kind::OtherIdentifying) } else { kinds }
}

fn join_columns(mut all: Vec<(String, Vec<Origin>)>, more: Vec<(String, Vec<Origin>)>) -> Option<Vec<(String, Vec<Origin>)>> {
    for (name, from) in more {
        match all.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, known)) => {
                let new: Vec<Origin> = from.into_iter().filter(|origin| !known.contains(origin)).collect();
                known.extend(new);
                if known.len() > MOST_ORIGINS {
                    return None;
                }
            }
            None => all.push((name, from)),
        }
    }
    (all.len() <= MOST_COLUMNS).then_some(all)
}

/// Follows columns to the tables that are listed.
struct Resolver<'r> {
    of_system: Option<&'r str>,
    catalog: &'r Catalog,
    before: Option<&'r ByName<MadeTable>>,
}

impl Resolver<'_> {
    /// The made table of a name, where it is not one that is listed.
    fn made(&self, table: &str) -> Option<&MadeTable> {
        let is_made = self.catalog.find(self.of_system, table).is_some_and(|entry| matches!(entry.inference, Some(Inference::Made { .. })));
        self.before.filter(|_| is_made)?.find(self.of_system, table)
    }

    /// Everything of a table.
    fn whole(&self, table: &str) -> Vec<Origin> {
        match self.made(table) {
            Some(made) => made.bases.iter().map(|base| Origin { base: base.clone(), column: None }).collect(),
            None => {
                let known = personal(self.catalog, self.of_system, table).is_some();
                known.then(|| Origin { base: table.to_owned(), column: None }).into_iter().collect()
            }
        }
    }

    /// What one column of a table comes from.
    fn of(&self, origin: &OriginColumn) -> Vec<Origin> {
        let Some(column) = &origin.column else { return self.whole(&origin.table) };
        let named = |origin: &Origin| Origin { base: origin.base.clone(), column: Some(column.clone()) };
        match self.made(&origin.table) {
            None => self.whole(&origin.table).iter().map(named).collect(),
            Some(MadeTable { columns: None, .. }) => self.whole(&origin.table),
            Some(MadeTable { columns: Some(columns), .. }) => {
                let own = columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, from)| from.clone());
                let every = columns.iter().filter(|(name, _)| name == "*").flat_map(|(_, from)| from.iter().map(named));
                own.unwrap_or_else(|| every.collect())
            }
        }
    }

    /// The columns that a made one stands for: several where it is all of a table.
    fn column(&self, column: &MadeColumn) -> Vec<(String, Vec<Origin>)> {
        let mut distinct: Vec<Origin> = Vec::new();
        let mut columns = Vec::new();
        for origin in &column.from {
            match self.made(&origin.table) {
                Some(MadeTable { columns: Some(of_table), .. }) if column.name == "*" && origin.column.is_none() => {
                    columns.extend(of_table.iter().cloned());
                }
                Some(_) | None => {
                    let new: Vec<Origin> = self.of(origin).into_iter().filter(|origin| !distinct.contains(origin)).collect();
                    distinct.extend(new);
                }
            }
        }
        if !distinct.is_empty() || columns.is_empty() {
            columns.push((column.name.clone(), distinct));
        }
        columns
    }
}

#[cfg(test)]
mod tests;
