//! What is kept of alerts for people, and what they do with it: alerts come in exactly once ([`ingest`]), cases go through their states
//! ([`case`], [`work`]), who may do what ([`rights`]) and who was shown what ([`view_log`]) is held here, so that console, API and command
//! line share one set of rules.
//!
//! Everything is a function of the database and of the time that is given to it; nothing here knows HTTP.

pub mod account;
pub mod answered;
pub mod attempt;
pub mod case;
pub mod coverage;
pub mod delay;
pub mod event;
pub mod explanation;
pub mod feedback;
pub mod history;
pub mod hold;
pub mod ingest;
pub mod list;
pub mod people;
pub mod pseudonym;
pub mod quality;
pub mod random;
pub mod retention;
pub mod rights;
pub mod session;
pub mod silence;
pub mod token;
pub mod unmask;
pub mod verdict;
pub mod view_log;
pub mod view_recorder;
pub mod work;

use crate::database::DatabaseError;

/// The stream of the service itself. Imported replays have streams of their own, and fill no queue.
pub const LIVE: &str = "live";

/// Why something was not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeskError {
    /// It is not there; or it is, and for whoever asks it does not exist.
    #[error("there is no such thing")]
    NotFound,
    /// The role does not include it.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// A rule is broken: where, which, by what.
    #[error("{place} {rule}, got {value:?}")]
    Refused {
        /// The field.
        place: &'static str,
        /// What must hold of it.
        rule: String,
        /// What was given.
        value: String,
    },
    /// It has changed since it was read: by its version.
    #[error("it has changed since: version {now} now")]
    Changed {
        /// The version that it has.
        now: i64,
    },
    /// A verdict cites other revisions than the newest: these alerts have newer ones, or are new.
    #[error("newer revisions have settled: read them and decide again ({})", .0.join(", "))]
    Stale(Vec<String>),
    /// The state does not allow it.
    #[error("what is {state} cannot be {what}")]
    State {
        /// The state that it is in.
        state: &'static str,
        /// What was asked for.
        what: &'static str,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for DeskError {
    fn from(error: sqlx::Error) -> DeskError {
        DeskError::Database(error.into())
    }
}

impl DeskError {
    /// A field that breaks a rule.
    pub fn refused(place: &'static str, rule: impl Into<String>, value: impl Into<String>) -> DeskError {
        DeskError::Refused { place, rule: rule.into(), value: value.into() }
    }
}

/// The longest text of a person: a note, a reason.
pub const LONGEST_TEXT: usize = 4_000;

/// A text of a person: not empty, not endless.
pub fn checked_text(place: &'static str, text: &str) -> Result<String, DeskError> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(DeskError::refused(place, "must be given", "")),
        length if length > LONGEST_TEXT => {
            Err(DeskError::refused(place, format!("must have at most {LONGEST_TEXT} characters"), length.to_string()))
        }
        _ => Ok(text.to_owned()),
    }
}
