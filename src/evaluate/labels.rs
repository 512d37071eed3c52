//! Ground truth: labels (who did what, and when), decoys (innocents who look suspicious for a while) and leaks (how many people each
//! act of an insider disclosed). From simulations and settled cases. Alerts are held against them in [`crate::evaluate::score`].

use crate::classify::table_file::{self, CsvRow};
use crate::model::problem::Problem;
use crate::model::time::{Day, Span, Timestamp};
use crate::model::typology::Typology;

/// One row of `labels.csv`: an incident of one employee.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The insider.
    pub employee: String,
    /// The pattern.
    pub typology: Typology,
    /// The first act.
    pub from: Timestamp,
    /// The last act.
    pub to: Timestamp,
    /// `obvious`, `medium` or `subtle`, where the file says.
    pub difficulty: Option<String>,
    /// The incident's name, where the file says; members of a group have it in common.
    pub episode: Option<String>,
}

/// One row of `decoys.csv`: an innocent who looks suspicious for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoy {
    /// The innocent.
    pub employee: String,
    /// Why they look suspicious.
    pub kind: String,
    /// From this time.
    pub from: Timestamp,
    /// Until this time.
    pub to: Timestamp,
}

/// One row of `leaked.csv`: an act, and how many people it disclosed whom no earlier one had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leak {
    /// The insider.
    pub employee: String,
    /// The pattern it is part of.
    pub typology: Typology,
    /// When the act took place.
    pub time: Timestamp,
    /// People disclosed for the first time.
    pub people: u64,
}

/// Reads `labels.csv`: `employee,typology,from,to`, optionally `difficulty` and `episode`; times are RFC 3339 or dates.
pub fn parse(text: &str, file: &str) -> Result<Vec<Label>, Vec<Problem>> {
    let mut labels = Vec::new();
    table_file::read(text, file, &["employee", "typology", "from", "to"], |row, problems| {
        let span = span(row, problems);
        let typology = typology(row, problems);
        let employee = row.required("employee", problems);
        if let (Some(employee), Some(typology), Some((from, to))) = (employee, typology, span) {
            let text = |column| row.text(column).map(str::to_owned);
            let (difficulty, episode) = (text("difficulty"), text("episode"));
            labels.push(Label { employee: employee.to_owned(), typology, from, to, difficulty, episode });
        }
    })?;
    Ok(labels)
}

/// Reads `decoys.csv`: `employee,kind,from,to`.
pub fn parse_decoys(text: &str, file: &str) -> Result<Vec<Decoy>, Vec<Problem>> {
    let mut decoys = Vec::new();
    table_file::read(text, file, &["employee", "kind", "from", "to"], |row, problems| {
        let span = span(row, problems);
        if let (Some(employee), Some((from, to))) = (row.required("employee", problems), span) {
            let kind = row.text("kind").unwrap_or("unnamed").to_owned();
            decoys.push(Decoy { employee: employee.to_owned(), kind, from, to });
        }
    })?;
    Ok(decoys)
}

/// Reads `leaked.csv`: `employee,typology,time,people`.
pub fn parse_leaks(text: &str, file: &str) -> Result<Vec<Leak>, Vec<Problem>> {
    let mut leaks = Vec::new();
    table_file::read(text, file, &["employee", "typology", "time", "people"], |row, problems| {
        let time = row.parsed("time", "must be RFC 3339", problems, |text| Timestamp::parse(text).ok());
        let people = row.parsed("people", "must be a whole number", problems, |text| text.parse().ok());
        let typology = typology(row, problems);
        let employee = row.required("employee", problems);
        if let (Some(employee), Some(typology), Some(time), Some(people)) = (employee, typology, time, people) {
            leaks.push(Leak { employee: employee.to_owned(), typology, time, people });
        }
    })?;
    Ok(leaks)
}

fn typology(row: &CsvRow<'_>, problems: &mut Vec<Problem>) -> Option<Typology> {
    row.parsed("typology", "must be a typology", problems, Typology::parse)
}

fn span(row: &CsvRow<'_>, problems: &mut Vec<Problem>) -> Option<(Timestamp, Timestamp)> {
    let rule = "must be RFC 3339 or a date";
    let from = row.parsed("from", rule, problems, |text| instant(text, Span(0)));
    let to = row.parsed("to", rule, problems, |text| instant(text, Span::days(1)));
    from.zip(to)
}

/// A date as an end includes its day.
fn instant(text: &str, day: Span) -> Option<Timestamp> {
    Timestamp::parse(text).ok().or_else(|| Day::parse(text).map(|date| date.utc_midnight() + day))
}
