//! What parts are drawn from: plain views of alerts and cases, and how the reader may see them.

use crate::model::alert::Alert;
use crate::model::dossier::Dossier;
use crate::page::words::Lang;

/// How parts are shown to a reader.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The language.
    pub lang: Lang,
    /// The name of an employee as this reader may see it.
    pub name_of: &'a dyn Fn(&str) -> String,
    /// Whether pseudonyms of people are shown: in the console, never in a report.
    pub subjects: bool,
    /// Whether the engine's own paragraph is shown, which names the employee.
    pub original: bool,
    /// Rows of a table of accesses.
    pub rows: usize,
}

/// Rows of a table of accesses, where nothing else is said.
const ROWS: usize = 40;

impl Look<'_> {
    /// Employees as alerts have them, and no people.
    pub fn new(lang: Lang) -> Look<'static> {
        Look { lang, name_of: &|name| name.to_owned(), subjects: false, original: true, rows: ROWS }
    }
}

/// An alert, with its dossier where one was made.
#[derive(Clone, Copy, Debug)]
pub struct AlertView<'a> {
    /// The latest settled revision.
    pub alert: &'a Alert,
    /// Its dossier.
    pub dossier: Option<&'a Dossier>,
}

/// A case: what belongs together, the gravest first.
#[derive(Clone, Debug)]
pub struct CaseView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its score when it was shown, or the latest.
    pub score: f64,
    /// Its alerts, the strongest first.
    pub alerts: Vec<AlertView<'a>>,
}
