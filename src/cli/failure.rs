//! How a command fails: at run time, or because its arguments or configuration are invalid.

use leakwarden::model::problem::Problem;
use leakwarden::pipeline::first_records::Undecoded;
use leakwarden::telemetry::untrusted::harmless;
use std::fmt;
use std::process::ExitCode;

/// Why a command did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// An error at run time.
    AtRunTime(anyhow::Error),
    /// Arguments or configuration are invalid: every mistake.
    Unusable(Vec<Problem>),
}

impl Failure {
    /// One invalid argument.
    pub fn argument(argument: &str, rule: &str, value: impl fmt::Display) -> Failure {
        Failure::Unusable(vec![Problem::new(argument, rule, value)])
    }

    /// Inputs had records of which none was decoded: what is to be said of each.
    pub fn undecoded(inputs: &[(String, Undecoded)]) -> Failure {
        let told: Vec<String> = inputs.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        Failure::AtRunTime(anyhow::anyhow!("{}", told.join("; ")))
    }

    /// 1 for an error at run time, 2 for invalid arguments or configuration.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::AtRunTime(_) => ExitCode::from(1),
            Failure::Unusable(_) => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // File names come from globs and may hold anything.
            Failure::AtRunTime(error) => write!(f, "error: {}", harmless(&format!("{error:#}"))),
            Failure::Unusable(problems) => {
                for problem in problems {
                    writeln!(f, "error: {problem}")?;
                }
                let count = problems.len();
                write!(f, "{count} mistake{} found; nothing was done", if count == 1 { "" } else { "s" })
            }
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::AtRunTime(error)
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Failure {
        Failure::Unusable(problems)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::AtRunTime(error.into())
    }
}
