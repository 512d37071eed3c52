//! Gathers what is learnt from: natural cases of a plain pass, and those of planted schemes of a few more passes.

use crate::engine::context::Context;
use crate::evaluate::calibrate::fit::Truth;
use crate::evaluate::calibrate::learn::{Evidence, PlantedCases, day_of};
use crate::evaluate::calibrate::plants::{self, Scheme};
use crate::evaluate::calibrate::traces::{CaseTrace, CaseTraces};
use crate::evaluate::inject::InjectedAccesses;
use crate::evaluate::inject::work_patterns::WorkPatterns;
use crate::evaluate::labels::{Decoy, Label};
use crate::model::time::{DAY_MS, Timestamp};
use std::collections::BTreeSet;

/// A case counts as that of an act while it goes on and for so many days after.
const AFTERWARDS: i64 = 7;

/// What is known of natural cases.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verdicts<'a> {
    /// Those that were confirmed.
    pub labels: &'a [Label],
    /// Those that were found innocent.
    pub decoys: &'a [Decoy],
}

/// Plants schemes in so many passes, and gathers the cases of all. `pass` replays the log with insiders planted.
pub fn gather<E>(
    (patterns, natural): (&WorkPatterns, &CaseTraces),
    verdicts: Verdicts<'_>,
    (passes, seed): (usize, u64),
    context: &Context,
    mut pass: impl FnMut(InjectedAccesses) -> Result<CaseTraces, E>,
) -> Result<Evidence, E> {
    let mut evidence = self::natural(patterns, natural, verdicts);
    let suspected: BTreeSet<String> = natural.iter().map(|(_, trace)| trace.who.clone()).collect();
    for schemes in plants::passes(passes, seed, patterns, &suspected, context) {
        let insiders: Vec<_> = schemes.iter().flat_map(|scheme| scheme.insiders.iter().cloned()).collect();
        if insiders.is_empty() {
            continue;
        }
        let traces = pass(InjectedAccesses::of(&insiders))?;
        evidence.planted.extend(schemes.iter().map(|scheme| cases_of(scheme, &traces)));
    }
    Ok(evidence)
}

/// Natural cases alone, in the time in which anything would be planted.
pub fn natural(patterns: &WorkPatterns, natural: &CaseTraces, verdicts: Verdicts<'_>) -> Evidence {
    let times = || patterns.by_employee.values().flat_map(|pattern| pattern.days.values());
    let first = times().map(|(first, _)| *first).min().unwrap_or_default();
    let last = times().map(|(_, last)| *last).max().unwrap_or_default();
    // Before that nothing is planted, and what is usual is still being learnt.
    let days = (day_of(Timestamp(first.0.midpoint(last.0))), day_of(last));
    let natural = natural.iter().filter_map(|(_, trace)| trace.within(days.0, days.1)).map(|trace| {
        let truth = verdicts.of(&trace);
        (trace, truth)
    });
    Evidence { natural: natural.collect(), planted: Vec::new(), days, employees: patterns.by_employee.len() }
}

fn cases_of(scheme: &Scheme, traces: &CaseTraces) -> PlantedCases {
    let of_insider = |trace: &CaseTrace| {
        let insider = scheme.insiders.iter().find(|insider| *insider.employee == *trace.who)?;
        let (from, to) = insider.between();
        trace.within(day_of(from), day_of(to) + AFTERWARDS)
    };
    let cases = traces.iter().filter_map(|(_, trace)| of_insider(trace)).collect();
    PlantedCases { typology: scheme.typology, strength: scheme.strength, cases, block: scheme.block }
}

impl Verdicts<'_> {
    fn of(&self, trace: &CaseTrace) -> Truth {
        let (first, last) = (trace.days.first().map_or(0, |seen| seen.day), trace.days.last().map_or(0, |seen| seen.day));
        let overlaps = |from: Timestamp, to: Timestamp| first <= to.0.div_euclid(DAY_MS) + AFTERWARDS && last >= from.0.div_euclid(DAY_MS);
        let confirmed = self.labels.iter().any(|label| label.employee == trace.who && overlaps(label.from, label.to));
        let innocent = self.decoys.iter().any(|decoy| decoy.employee == trace.who && overlaps(decoy.from, decoy.to));
        match (confirmed, innocent) {
            (true, _) => Truth::True,
            (false, true) => Truth::Innocent,
            (false, false) => Truth::Natural,
        }
    }
}
