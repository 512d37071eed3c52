//! `replay --inject`: the power test, on the user's own log.

use crate::cli::pass::Pass;
use crate::cli::{Failure, compared, scored};
use leakwarden::config::schema::Config;
use leakwarden::engine::context::Context;
use leakwarden::evaluate::inject::habits::Habits;
use leakwarden::evaluate::inject::spec::Spec;
use leakwarden::evaluate::inject::verdict::{self, Outcome, Verdict};
use leakwarden::evaluate::inject::{Planted, plan};
use leakwarden::telemetry::untrusted::Untrusted;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Passes over the files as they are, then with insiders planted, and tells when each was caught.
pub fn test(spec: &str, pass: &Pass<'_>, config: &Config, context: &Arc<Context>, score: Option<&Path>) -> Result<(), Failure> {
    let spec = Spec::parse(spec)?;
    let mut habits = Habits::default();
    let (replay, plain) = pass.whole(config, context, &mut habits)?;
    let suspected: BTreeSet<String> = plain.in_order().into_iter().filter_map(|entry| entry.alert.employee.clone()).collect();
    let insiders = plan::plan(&spec, &habits, &suspected, context)?;
    let (_, with) = pass.whole(config, context, &mut Planted::of(&insiders))?;
    let verdict = verdict::judge(&insiders, &plain, &with, replay.tally.days());
    print(&spec, &verdict);
    if let Some(path) = score {
        scored::write(path, &verdict)?;
    }
    Ok(())
}

fn print(spec: &Spec, verdict: &Verdict) {
    let Verdict { insiders, caught, caught_within_budget, .. } = verdict;
    eprintln!("planted {} × {}: {} people a day, on {} days", insiders.len(), spec.typology, spec.persons_per_day, spec.days);
    insiders.iter().for_each(line);
    let median = |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.1}"));
    eprintln!(
        "{caught} of {} caught, {caught_within_budget} within the budget; median {} days and {} people before the first alert",
        insiders.len(),
        median(verdict.median_days),
        median(verdict.median_people),
    );
    eprintln!(
        "the rest of the log: {} alerts, {:.2} a day, {:.2} within the budget; beside the insiders {}",
        verdict.others,
        verdict.others_per_day,
        verdict.others_shown_per_day,
        compared::sums(&verdict.changed),
    );
}

fn line(outcome: &Outcome) {
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
