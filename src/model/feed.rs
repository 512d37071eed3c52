//! What others deliver: catalog, people, subjects and reasons, and how much of each came, so that less of it than before is noticed.

use crate::model::problem::Problem;
use serde::{Deserialize, Serialize};

/// A file that somebody else delivers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// The catalog of tables.
    Catalog,
    /// `employees.csv`
    Employees,
    /// `accounts.csv`
    Accounts,
    /// `absences.csv`
    Absences,
    /// `calendar.csv`
    Calendar,
    /// `subjects.csv`
    Subjects,
    /// `explanations.jsonl`
    Explanations,
}

impl Feed {
    /// Every feed, in order of declaration.
    pub const ALL: [Feed; 7] =
        [Feed::Catalog, Feed::Employees, Feed::Accounts, Feed::Absences, Feed::Calendar, Feed::Subjects, Feed::Explanations];

    /// The label in metrics: the name of its setting.
    pub fn name(self) -> &'static str {
        match self {
            Feed::Catalog => "catalog",
            Feed::Employees => "employees",
            Feed::Accounts => "accounts",
            Feed::Absences => "absences",
            Feed::Calendar => "calendar",
            Feed::Subjects => "subjects",
            Feed::Explanations => "explanations",
        }
    }

    /// What its entries are called.
    pub fn entries(self) -> &'static str {
        match self {
            Feed::Catalog => "tables",
            Feed::Employees => "employees",
            Feed::Accounts => "accounts",
            Feed::Absences => "absences",
            Feed::Calendar => "days",
            Feed::Subjects => "subjects",
            Feed::Explanations => "reasons",
        }
    }
}

/// How much of a feed there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FeedSize {
    /// Rows below the header, or objects; those that stand twice once.
    pub rows: u64,
    /// Distinct entries: an employee may have several rows.
    pub entries: u64,
    /// Rows with another number of fields than the header.
    pub ragged: u64,
    /// Rows that repeat another one, word for word; they change nothing.
    pub repeated: u64,
}

/// What was found of a feed while it was read, beside its content.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FeedRows {
    /// How much.
    pub size: FeedSize,
    /// What is odd and no mistake: the first of each sort, with their places.
    pub notes: Vec<Problem>,
}

/// Notes of one file that are kept.
const MOST_NOTES: usize = 10;

impl FeedRows {
    /// Notes what is odd; beyond the first few it is only counted.
    pub fn note(&mut self, note: impl FnOnce() -> Problem) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note());
        }
    }
}

impl FeedSize {
    /// So many entries, each a row.
    pub fn of(entries: usize) -> FeedSize {
        FeedSize { rows: entries as u64, entries: entries as u64, ..FeedSize::default() }
    }
}
