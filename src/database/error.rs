//! What went wrong with the database, without what was to be written there: texts of databases repeat values, and addresses hold secrets.

use std::path::Path;

/// Why the database did not do something.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("database: {doing}: {what}")]
pub struct DatabaseError {
    doing: String,
    what: String,
    retryable: bool,
    conflict: bool,
}

/// Codes of SQLite (extended or not) and PostgreSQL (`SQLSTATE`, or its class), what they mean, and whether trying again can help.
const CODES: &[(&str, &str, bool)] = &[
    ("5", "another process is writing", true),
    ("261", "another process is writing", true),
    ("517", "another process is writing", true),
    ("6", "another process is writing", true),
    ("8", "the file cannot be written", true),
    ("1032", "the file was moved or deleted", true),
    ("10", "the disk does not answer", true),
    ("11", "the file is damaged", false),
    ("13", "the disk is full", true),
    ("14", "the file cannot be opened", true),
    ("26", "the file is no SQLite database", false),
    ("28P01", "the password is not accepted", false),
    ("28000", "the user is not accepted", false),
    ("3D000", "there is no database of this name", false),
    ("42501", "the user is not allowed to do this", false),
    ("53100", "the disk is full", true),
    ("53300", "there are too many connections", true),
    ("57P03", "the server is starting", true),
    ("57P01", "the server is stopping", true),
    ("55P03", "another process is writing", true),
    ("57014", "it took too long", true),
    ("40P01", "two writers waited for each other", true),
    ("40001", "two writers wanted the same", true),
];

impl DatabaseError {
    /// An error of the library, while doing something that is named in a word.
    pub fn of(doing: &str, error: &sqlx::Error) -> DatabaseError {
        let mut conflict = false;
        let (what, retryable) = match error {
            sqlx::Error::Database(database) => {
                conflict = database.is_unique_violation();
                let code = database.code().unwrap_or_default().into_owned();
                let known = CODES.iter().find(|(known, ..)| *known == code);
                let (meaning, retryable) =
                    known.map_or(("it was refused", code.starts_with("08")), |(_, meaning, again)| (meaning, *again));
                let rule = database.constraint().map_or_else(String::new, |rule| format!(", rule {rule:?}"));
                (format!("{meaning} (code {code}{rule})"), retryable)
            }
            sqlx::Error::Io(error) => (format!("it does not answer ({})", error.kind()), true),
            sqlx::Error::Tls(_) => ("its certificate is not trusted, or it speaks no TLS".to_owned(), true),
            sqlx::Error::PoolTimedOut => ("no connection came free in time".to_owned(), true),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => ("it is closed".to_owned(), true),
            sqlx::Error::RowNotFound => ("what was expected is not there".to_owned(), false),
            sqlx::Error::Configuration(_) => ("its address cannot be understood".to_owned(), false),
            sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::TypeNotFound { .. } => ("a value is not of the kind that was expected".to_owned(), false),
            sqlx::Error::Protocol(_) => ("it answers in another way than expected".to_owned(), true),
            _ => ("it failed".to_owned(), true),
        };
        DatabaseError { doing: doing.to_owned(), what, retryable, conflict }
    }

    /// The place for writers did not come free.
    pub fn busy(doing: &str) -> DatabaseError {
        DatabaseError::plain(doing, "another writer takes too long", true)
    }

    /// What is said of it without an error of the library.
    pub fn plain(doing: &str, what: impl Into<String>, retryable: bool) -> DatabaseError {
        DatabaseError { doing: doing.to_owned(), what: what.into(), retryable, conflict: false }
    }

    /// A file that cannot be made or opened.
    pub fn file(file: &Path, error: &std::io::Error) -> DatabaseError {
        DatabaseError::plain("open", format!("{}: {error}", file.display()), true)
    }

    /// Whether trying again can help.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// Whether something of this key was there already.
    pub fn is_conflict(&self) -> bool {
        self.conflict
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> DatabaseError {
        DatabaseError::of("query", &error)
    }
}
