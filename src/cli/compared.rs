//! `replay --compare`: what another configuration would have changed.

use crate::cli::pass::Pass;
use crate::cli::{Failure, scored, setup};
use leakwarden::evaluate::compare::{self, Brief, Comparison};
use leakwarden::evaluate::ledger::Ledger;
use leakwarden::pipeline::replay::NoTap;
use leakwarden::telemetry::untrusted::Untrusted;
use std::path::Path;

/// Passes over the files with the other configuration and tells what differs from `ledger`.
pub fn compare(pass: &Pass<'_>, ledger: &Ledger, other: &Path, score: Option<&Path>) -> Result<(), Failure> {
    let (config, context) = setup::load(Some(other))?;
    let (_, after) = pass.whole(&config, &context, &mut NoTap)?;
    let comparison = compare::compare(ledger, &after);
    eprintln!();
    eprintln!("with {}: {}", Untrusted(&other.display().to_string()), sums(&comparison));
    comparison.new.iter().for_each(|brief| eprintln!("  new      {}", line(brief)));
    comparison.lost.iter().for_each(|brief| eprintln!("  lost     {}", line(brief)));
    for (was, is) in &comparison.changed {
        eprintln!("  changed  {}: {}", line(was), differences(was, is));
    }
    if let Some(path) = score {
        scored::write(path, &comparison)?;
    }
    Ok(())
}

/// How many alerts differ, in words.
pub fn sums(comparison: &Comparison) -> String {
    let Comparison { same, new, lost, changed } = comparison;
    format!("{same} alerts the same, {} changed, {} new, {} lost", changed.len(), new.len(), lost.len())
}

fn line(brief: &Brief) -> String {
    let budget = if brief.within_budget { "" } else { ", over budget" };
    let Brief { who, typology, severity, score, raised_at, .. } = brief;
    format!("{raised_at} {} {typology} {severity} {score:.1}{budget}", Untrusted(who))
}

fn differences(was: &Brief, is: &Brief) -> String {
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
