//! The words of the house: what every stage speaks of. Depends on nothing else here.

pub mod access;
pub mod alert;
pub mod coverage;
pub mod decision;
pub mod dossier;
pub mod doubts;
pub mod feed;
pub mod identity;
pub mod ignored;
pub mod keys;
pub mod kind;
pub mod own_topics;
pub mod persons;
pub mod place;
pub mod problem;
pub mod record;
pub mod severity;
pub mod shown;
pub mod signs;
pub mod stamp;
pub mod statute;
pub mod steps;
pub mod time;
pub mod topic;
pub mod typology;
pub mod week_hours;
pub mod zone;

use problem::Problem;

/// A TOML error as a problem with its line.
pub fn toml_problem(file: &str, text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let place = line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
    Problem::plain(place, format!("must be valid: {}", error.message().replace('\n', " ")))
}
