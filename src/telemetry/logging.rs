//! Sets up the log: to standard error, for people on a terminal and as JSON lines elsewhere.

use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// Level and targets, as in `info` or `leakwarden=debug`.
pub const LEVEL_VARIABLE: &str = "LEAKWARDEN_LOG";
/// `human` or `json`.
pub const FORM_VARIABLE: &str = "LEAKWARDEN_LOG_FORMAT";

const FALLBACK_LEVEL_VARIABLE: &str = "RUST_LOG";
const DEFAULT_LEVEL: &str = "info";

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One readable line.
    Human,
    /// One JSON object a line.
    Json,
}

/// Why logging is not set up.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LoggingError {
    /// The level cannot be understood.
    #[error("environment: {variable} must be a level such as \"info\" or \"leakwarden=debug\", got {value:?}")]
    Level {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// The form cannot be understood.
    #[error("environment: {FORM_VARIABLE} must be \"human\" or \"json\", got {value:?}")]
    Form {
        /// What it holds.
        value: String,
    },
}

/// Sets the log up for the whole process. A second call changes nothing: tests share a process.
pub fn init() -> Result<(), LoggingError> {
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let filter = filter(environment)?;
    // A log that takes no more lines, as on a full disk, must not end the service: reporting that to the same log would.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    // `try_init` fails only where a log is set up already.
    let _ = match form(environment, io::stderr().is_terminal())? {
        Form::Human => builder.with_target(false).with_ansi(io::stderr().is_terminal()).try_init(),
        Form::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
    Ok(())
}

fn filter(environment: impl Fn(&str) -> Option<String>) -> Result<EnvFilter, LoggingError> {
    for variable in [LEVEL_VARIABLE, FALLBACK_LEVEL_VARIABLE] {
        if let Some(value) = environment(variable) {
            return EnvFilter::try_new(&value).map(without_statements).map_err(|_| LoggingError::Level { variable, value });
        }
    }
    Ok(without_statements(EnvFilter::new(DEFAULT_LEVEL)))
}

/// The SQL parser logs each token at debug level, and literals name people: its log is off whatever level is asked for.
fn without_statements(filter: EnvFilter) -> EnvFilter {
    filter.add_directive("sqlparser=off".parse().expect("a directive"))
}

fn form(environment: impl Fn(&str) -> Option<String>, terminal: bool) -> Result<Form, LoggingError> {
    match environment(FORM_VARIABLE).as_deref() {
        Some("human") => Ok(Form::Human),
        Some("json") => Ok(Form::Json),
        Some(other) => Err(LoggingError::Form { value: other.to_owned() }),
        None if terminal => Ok(Form::Human),
        None => Ok(Form::Json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(name: &'static str, value: &'static str) -> impl Fn(&str) -> Option<String> {
        move |asked| (asked == name).then(|| value.to_owned())
    }

    #[test]
    fn the_own_variable_wins_and_a_bad_level_is_named() {
        let both = |name: &str| Some(if name == LEVEL_VARIABLE { "debug" } else { "error" }.to_owned());
        assert_eq!(filter(both).expect("understood").to_string(), "sqlparser=off,debug");
        assert_eq!(filter(|_| None).expect("understood").to_string(), "sqlparser=off,info");
        let asked = filter(holding(LEVEL_VARIABLE, "sqlparser=trace,warn")).expect("understood").to_string();
        assert_eq!(asked, "sqlparser=off,warn", "statements are not to be had");
        let error = filter(holding("RUST_LOG", "a=b=c")).expect_err("refused").to_string();
        assert!(error.contains("RUST_LOG") && error.contains("a=b=c"), "{error}");
    }

    #[test]
    fn people_get_lines_and_pipes_get_json_unless_told_otherwise() {
        assert_eq!(form(|_| None, true), Ok(Form::Human));
        assert_eq!(form(|_| None, false), Ok(Form::Json));
        assert_eq!(form(holding(FORM_VARIABLE, "json"), true), Ok(Form::Json));
        assert!(form(holding(FORM_VARIABLE, "xml"), true).is_err());
    }
}
