//! `replay --compare`: which alerts another configuration would have changed.

use crate::cli::replay::pass::ReplayPass;
use crate::cli::replay::score;
use crate::cli::{Failure, setup};
use leakwarden::evaluate::compare::{self, AlertSummary, Comparison};
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::pipeline::replay::NoTap;
use leakwarden::telemetry::untrusted::Untrusted;
use std::path::Path;

/// Replays the files with the other configuration and reports what differs from `before`.
pub fn compare(pass: &ReplayPass<'_>, before: &LatestAlerts, other: &Path, score: Option<&Path>) -> Result<(), Failure> {
    let (config, context) = setup::load(Some(other))?;
    let (_, after) = pass.whole(&config, &context, &mut NoTap)?;
    let comparison = compare::compare(before, &after);
    eprintln!();
    eprintln!("with {}: {}", Untrusted(&other.display().to_string()), sums(&comparison));
    comparison.new.iter().for_each(|summary| eprintln!("  new      {}", line(summary)));
    comparison.lost.iter().for_each(|summary| eprintln!("  lost     {}", line(summary)));
    for (was, is) in &comparison.changed {
        eprintln!("  changed  {}: {}", line(was), differences(was, is));
    }
    if let Some(path) = score {
        score::write(path, &comparison)?;
    }
    Ok(())
}

/// How many alerts differ, in one line.
pub fn sums(comparison: &Comparison) -> String {
    let Comparison { same, new, lost, changed } = comparison;
    format!("{same} alerts the same, {} changed, {} new, {} lost", changed.len(), new.len(), lost.len())
}

fn line(summary: &AlertSummary) -> String {
    let budget = if summary.within_budget { "" } else { ", over budget" };
    let AlertSummary { who, typology, severity, score, raised_at, .. } = summary;
    format!("{raised_at} {} {typology} {severity} {score:.1}{budget}", Untrusted(who))
}

fn differences(was: &AlertSummary, is: &AlertSummary) -> String {
    let mut parts = Vec::new();
    let mut note = |name: &str, was: String, is: String| {
        if was != is {
            parts.push(format!("{name} {was} → {is}"));
        }
    };
    note("typology", was.typology.to_string(), is.typology.to_string());
    note("severity", was.severity.to_string(), is.severity.to_string());
    note("score", format!("{:.1}", was.score), format!("{:.1}", is.score));
    note("raised", was.raised_at.clone(), is.raised_at.clone());
    note("within the budget", was.within_budget.to_string(), is.within_budget.to_string());
    parts.join(", ")
}
