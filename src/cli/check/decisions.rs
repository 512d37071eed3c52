//! The file of decisions: what is in it, and which lines are none. A line that was written is never taken out again, so that it warns and does
//! not refuse.

use crate::cli::check::report::{Report, count, shown};
use leakwarden::config::schema::Config;
use leakwarden::model::problem::Problem;
use leakwarden::pipeline::decisions::replayed::RecordedDecisions;
use std::io;

/// Lines that are named, of those that are no decisions.
const MOST_NAMED: usize = 20;

/// The section, where there is such a file.
pub fn write(config: &Config, report: &mut Report) {
    let Some(file) = &config.decisions.file else { return };
    report.section(&format!("Decisions: {}", shown(file)));
    let recorded = match RecordedDecisions::read(file) {
        Ok(recorded) => recorded,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            report.line("is not there yet: it is made with the first decision");
            return;
        }
        Err(error) => {
            report.warn(Problem::plain(format!("{}: decisions.file", config.file.display()), format!("cannot be read: {error}")));
            return;
        }
    };
    report.line(count(recorded.len(), "decision", "decisions"));
    // The value may name people: place and rule are enough to find it.
    for bad in recorded.bad().iter().take(MOST_NAMED) {
        let place = format!("{}:{}{}", file.display(), bad.line, bad.problem.place);
        report.warn(Problem::plain(place, format!("{}; it is no decision and counts for none", bad.problem.rule)));
    }
    let more = recorded.bad().len().saturating_sub(MOST_NAMED);
    if more > 0 {
        report.warn(Problem::plain(shown(file), format!("has {more} more lines that are no decisions")));
    }
}
