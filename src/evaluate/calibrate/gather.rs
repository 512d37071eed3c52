//! Gathers what is learnt from: natural cases of a plain pass, and those of planted schemes of a few more passes.

use crate::engine::context::Context;
use crate::evaluate::calibrate::evidence::{Evidence, PlantedCases};
use crate::evaluate::calibrate::fit::{Truth, block_of};
use crate::evaluate::calibrate::learn::day_of;
use crate::evaluate::calibrate::plants::{self, Scheme};
use crate::evaluate::calibrate::traces::{CaseTrace, CaseTraces};
use crate::evaluate::inject::InjectedAccesses;
use crate::evaluate::inject::strength::Strength;
use crate::evaluate::inject::work_patterns::WorkPatterns;
use crate::evaluate::labels::{Decoy, Label};
use crate::model::time::{DAY_MS, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

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
        let days = evidence.days;
        evidence.planted.extend(schemes.iter().map(|scheme| cases_of(scheme, &traces, days)));
    }
    Ok(evidence)
}

/// The cases of a company whose labels say of every case whether it is true: each labelled episode is taken for a planted scheme, and
/// whatever no label speaks of is innocent.
pub fn labelled(patterns: &WorkPatterns, traces: &CaseTraces, labels: &[Label]) -> Evidence {
    let verdicts = Verdicts { labels, decoys: &[] };
    let all = natural(patterns, traces, verdicts);
    let begin = labels.iter().map(|label| day_of(label.from)).min();
    let days = (begin.unwrap_or(all.days.0).min(all.days.0), all.days.1);
    let innocent = traces.iter().filter(|(_, trace)| verdicts.of(trace) != Truth::True);
    let natural = innocent.filter_map(|(_, trace)| trace.within(days.0, days.1)).map(|trace| (trace, Truth::Innocent));
    let episode = |label: &Label| label.episode.clone().unwrap_or_else(|| format!("{}/{}", label.employee, label.typology));
    let mut episodes: BTreeMap<String, Vec<&Label>> = BTreeMap::new();
    labels.iter().for_each(|label| episodes.entry(episode(label)).or_default().push(label));
    let scheme = |of: Vec<&Label>| {
        let first = of.iter().min_by_key(|label| (label.from, &label.employee))?;
        let strength = first.difficulty.as_deref().and_then(Strength::parse).unwrap_or_default();
        let cases = traces.iter().filter_map(|(_, trace)| {
            let about = || of.iter().filter(|label| trace.members.contains(&label.employee));
            let (from, to) = (about().map(|label| label.from).min()?, about().map(|label| label.to).max()?);
            trace.within(day_of(from), day_of(to) + AFTERWARDS)
        });
        Some(PlantedCases { typology: first.typology, strength, cases: cases.collect(), block: block_of(day_of(first.from), days) })
    };
    let planted = episodes.into_values().filter_map(scheme).collect();
    Evidence { natural: natural.collect(), planted, days, employees: all.employees }
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

fn cases_of(scheme: &Scheme, traces: &CaseTraces, days: (i64, i64)) -> PlantedCases {
    let of_insider = |trace: &CaseTrace| {
        let insider = scheme.insiders.iter().find(|insider| trace.members.contains(&*insider.employee))?;
        let (from, to) = insider.between();
        trace.within(day_of(from), day_of(to) + AFTERWARDS)
    };
    let cases = traces.iter().filter_map(|(_, trace)| of_insider(trace)).collect();
    let begin = scheme.insiders.iter().map(|insider| day_of(insider.between().0)).min();
    PlantedCases { typology: scheme.typology, strength: scheme.strength, cases, block: block_of(begin.unwrap_or(days.0), days) }
}

impl Verdicts<'_> {
    fn of(&self, trace: &CaseTrace) -> Truth {
        let (first, last) = (trace.days.first().map_or(0, |seen| seen.day), trace.days.last().map_or(0, |seen| seen.day));
        let overlaps = |from: Timestamp, to: Timestamp| first <= to.0.div_euclid(DAY_MS) + AFTERWARDS && last >= from.0.div_euclid(DAY_MS);
        let confirmed = self.labels.iter().any(|label| trace.members.contains(&label.employee) && overlaps(label.from, label.to));
        let innocent = self.decoys.iter().any(|decoy| trace.members.contains(&decoy.employee) && overlaps(decoy.from, decoy.to));
        match (confirmed, innocent) {
            (true, _) => Truth::True,
            (false, true) => Truth::Innocent,
            (false, false) => Truth::Natural,
        }
    }
}
