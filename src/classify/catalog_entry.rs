//! An entry of the catalog: a table by its names, whose data its columns hold, and how that is known.

use crate::model::kind::{Kind, Kinds};
use crate::model::place::Place;
use globset::{Glob, GlobBuilder, GlobMatcher};
use serde::Deserialize;
use std::sync::{Arc, LazyLock};

/// Whether a row of a table is about one person of its own, or one of many about the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowsPerSubject {
    /// Keyed by the person: rows are persons.
    #[default]
    One,
    /// A detail table: a person may fill many rows.
    Many,
}

/// A subject space: ids of different spaces are different people.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct SpaceId(pub u16);

/// How it is known what a table holds that the catalog does not list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inference {
    /// Its name resembles that of a table that is listed.
    Resembles,
    /// A view over tables that are listed, as the catalog defines it. Where each row is known to be one person, so is it of the view.
    View {
        /// The tables, for a reader.
        over: Arc<str>,
    },
    /// It was made of tables that are known: a copy, a view, a new name.
    Made {
        /// How and when, for a reader: `made from crm.customers on 2026-03-02`.
        told: Arc<str>,
        /// Part of what it was made of is not known.
        unsure: bool,
    },
}

/// What is concluded of a table from those that it is made of.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// Its name.
    pub name: String,
    /// How it is concluded.
    pub inference: Inference,
    /// The column that identifies the person, with the space of its ids.
    pub subject: Option<(String, SpaceId)>,
    /// Its columns with what they hold.
    pub columns: Vec<(ColumnName, Kinds)>,
    /// The place of what it is made of.
    pub place: Place,
    /// Whether its rows are people.
    pub rows_per_subject: RowsPerSubject,
    /// Most people that one row shows.
    pub people_per_row: u64,
    /// One row may hold any number of people.
    pub packs: bool,
}

/// A table as it is known: one `[[table]]` of the catalog, or what is concluded from one.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) system: GlobMatcher,
    pub(super) table: GlobMatcher,
    /// The same glob without its schema, for logs that name the bare table.
    pub(super) bare: GlobMatcher,
    /// The system it belongs to; the table itself, where no system is named.
    pub place: Place,
    /// The pattern as written.
    pub pattern: String,
    /// The column that identifies the person.
    pub subject: Option<String>,
    /// Whether rows are persons.
    pub rows_per_subject: RowsPerSubject,
    /// The space of its subject ids.
    pub space: SpaceId,
    pub(super) columns: Vec<(ColumnName, Kinds)>,
    /// Most people that one row shows, where that is not told by its columns.
    pub people_per_row: u64,
    /// One row may hold any number of people.
    pub packs: bool,
    /// Every kind that any of its columns holds.
    pub kinds: Kinds,
    /// How it is known, where the catalog does not list it. Its rows are never known to be people.
    pub inference: Option<Inference>,
}

impl Table {
    pub(super) fn is_of(&self, system: &str) -> bool {
        self.system.is_match(system) || (system.is_empty() && self.system_pattern() == "*")
    }

    pub(super) fn concluded(found: Conclusion) -> Table {
        let any = GlobMatcher::clone(&EVERY);
        let kinds = found.columns.iter().fold(Kinds::NONE, |kinds, (_, of)| kinds.union(*of));
        let (subject, space) = found.subject.map_or((None, SpaceId::default()), |(subject, space)| (Some(subject), space));
        Table {
            system: any.clone(),
            table: any.clone(),
            bare: any,
            place: found.place,
            pattern: found.name,
            subject,
            rows_per_subject: found.rows_per_subject,
            space,
            columns: found.columns,
            people_per_row: found.people_per_row,
            packs: found.packs,
            kinds,
            inference: Some(found.inference),
        }
    }

    /// Whether what it holds is not known for certain: neither which kinds, nor of whom.
    pub fn is_guess(&self) -> bool {
        matches!(self.inference, Some(Inference::Resembles | Inference::Made { unsure: true, .. }))
    }

    /// Whether its rows may be counted as its entry says: it is listed, or a view whose definition is.
    pub fn is_proven(&self) -> bool {
        matches!(self.inference, None | Some(Inference::View { .. }))
    }

    /// How it is known, for a reader; nothing where the catalog lists it.
    pub fn told(&self) -> Option<Arc<str>> {
        match self.inference.as_ref()? {
            Inference::Resembles => Some(format!("resembles {}", self.pattern).into()),
            Inference::View { over } => Some(format!("view over {over}").into()),
            Inference::Made { told, .. } => Some(Arc::clone(told)),
        }
    }

    /// The glob of systems as written.
    pub fn system_pattern(&self) -> &str {
        self.system.glob().glob()
    }

    /// Column globs as written, with their kinds.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.columns.iter().flat_map(|(column, kinds)| kinds.iter().map(|kind| (column.text(), kind)))
    }

    /// Whether it takes everything that `later` could be found for, as far as the patterns tell.
    pub fn shadows(&self, later: &Table) -> bool {
        let same_system = self.system_pattern() == "*" || self.system_pattern().eq_ignore_ascii_case(later.system_pattern());
        (same_system || self.system.is_match(later.system_pattern())) && self.table.is_match(&later.pattern)
    }

    /// The kind that a column holds, if any; the first of them, where it holds several.
    pub fn kind_of(&self, column: &str) -> Option<Kind> {
        self.kinds_of(column).iter().next()
    }

    /// The kinds that a column holds. Of a table that was made of others, one column may hold several.
    pub fn kinds_of(&self, column: &str) -> Kinds {
        self.columns.iter().find(|(name, _)| name.is_match(column)).map_or(Kinds::NONE, |(_, kinds)| *kinds)
    }

    /// Its columns, for a table that is made of it.
    pub fn named_columns(&self) -> &[(ColumnName, Kinds)] {
        &self.columns
    }

    /// How many of its columns hold that kind, as far as the patterns tell: a pattern may stand for several, and counts twice.
    pub fn columns_of(&self, kind: Kind) -> usize {
        let width = |column: &ColumnName| match column {
            ColumnName::Name(_) => 1,
            ColumnName::Glob(_) => 2,
        };
        self.columns.iter().filter(|(_, of)| of.contains(kind)).map(|(column, _)| width(column)).sum()
    }

    /// Whether the column is the one that identifies the person.
    pub fn is_subject(&self, column: &str) -> bool {
        self.subject.as_deref().is_some_and(|subject| subject.eq_ignore_ascii_case(column))
    }

    /// Whether the catalog says that the table holds nothing personal.
    pub fn is_impersonal(&self) -> bool {
        self.kinds.is_empty() && self.subject.is_none()
    }
}

/// A column glob; most are plain names, which are compared without the glob machinery.
#[derive(Clone, Debug)]
pub enum ColumnName {
    /// A name, in any case.
    Name(String),
    /// A pattern.
    Glob(GlobMatcher),
}

/// Takes every name.
static EVERY: LazyLock<GlobMatcher> = LazyLock::new(|| Glob::new("*").expect("is a glob").compile_matcher());

impl ColumnName {
    /// A column of just that name.
    pub fn name(name: &str) -> ColumnName {
        ColumnName::Name(name.to_owned())
    }

    /// Any column whatever.
    pub fn any() -> ColumnName {
        ColumnName::Glob(GlobMatcher::clone(&EVERY))
    }

    pub(super) fn new(text: &str, glob: GlobMatcher) -> ColumnName {
        let plain = text.is_ascii() && !text.contains(['*', '?', '[', ']', '{', '}', '\\', '!']);
        if plain { ColumnName::Name(text.to_owned()) } else { ColumnName::Glob(glob) }
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        match self {
            ColumnName::Name(name) => name,
            ColumnName::Glob(glob) => glob.glob().glob(),
        }
    }

    pub(super) fn is_match(&self, column: &str) -> bool {
        match self {
            ColumnName::Name(name) => name.eq_ignore_ascii_case(column),
            ColumnName::Glob(glob) => glob.is_match(column),
        }
    }
}

/// Table name without schema.
pub(super) fn bare(table: &str) -> &str {
    table.rsplit('.').next().unwrap_or(table)
}

pub(super) fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(pattern).case_insensitive(true).build().map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
}
