//! `replay --inject`: measures detection of synthetic insiders in the user's own log.

use crate::cli::Failure;
use crate::cli::replay::pass::ReplayPass;
use crate::cli::replay::{compare, score};
use leakwarden::config::schema::Config;
use leakwarden::engine::context::Context;
use leakwarden::evaluate::inject::result::{self, InjectionResult, InsiderOutcome};
use leakwarden::evaluate::inject::spec::InjectionSpec;
use leakwarden::evaluate::inject::work_patterns::WorkPatterns;
use leakwarden::evaluate::inject::{InjectedAccesses, plan};
use leakwarden::telemetry::untrusted::Untrusted;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Replays the files as they are, then with insiders injected, and reports when each was detected.
pub fn test(spec: &str, pass: &ReplayPass<'_>, config: &Config, context: &Arc<Context>, score: Option<&Path>) -> Result<(), Failure> {
    let spec = InjectionSpec::parse(spec)?;
    let mut patterns = WorkPatterns::default();
    let (replay, plain) = pass.whole(config, context, &mut patterns)?;
    let suspected: BTreeSet<String> = plain.in_order().into_iter().filter_map(|entry| entry.alert.employee.clone()).collect();
    let insiders = plan::plan(&spec, &patterns, &suspected, context)?;
    let (_, with) = pass.whole(config, context, &mut InjectedAccesses::of(&insiders))?;
    let result = result::measure(&insiders, &plain, &with, replay.tally.days());
    print(&spec, &result);
    if let Some(path) = score {
        score::write(path, &result)?;
    }
    Ok(())
}

fn print(spec: &InjectionSpec, result: &InjectionResult) {
    let InjectionResult { insiders, caught, caught_within_budget, .. } = result;
    eprintln!("planted {} × {}: {} people a day, on {} days", insiders.len(), spec.typology, spec.persons_per_day, spec.days);
    insiders.iter().for_each(line);
    let median = |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.1}"));
    eprintln!(
        "{caught} of {} caught, {caught_within_budget} within the budget; median {} days and {} people before the first alert",
        insiders.len(),
        median(result.median_days),
        median(result.median_people),
    );
    eprintln!(
        "the rest of the log: {} alerts, {:.2} a day, {:.2} within the budget; beside the insiders {}",
        result.others,
        result.others_per_day,
        result.others_shown_per_day,
        compare::sums(&result.changed),
    );
}

fn line(outcome: &InsiderOutcome) {
    let who = Untrusted(&outcome.employee);
    match &outcome.caught {
        Some(caught) => {
            let shown = caught.shown_after_days.map_or("over budget".to_owned(), |days| format!("shown after {days:.1} days"));
            eprintln!(
                "  caught  {who}: after {:.1} days and {} of {} people, as {}, {}, {shown}",
                caught.days, caught.people, outcome.people, caught.typology, caught.severity,
            );
        }
        None => eprintln!("  MISSED  {who}: {} people from {} to {}", outcome.people, outcome.from, outcome.to),
    }
}
