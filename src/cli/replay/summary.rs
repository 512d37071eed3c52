//! The summary that a replay prints at its end.

use crate::cli::check;
use crate::cli::replay::score::{self, ScoreReport};
use leakwarden::evaluate::latest_alerts::{LatestAlert, LatestAlerts};
use leakwarden::model::coverage::{Counts, Reason, State};
use leakwarden::model::decision::outcome::{DecisionNote, DecisionOutcome};
use leakwarden::model::severity::Severity;
use leakwarden::pipeline::decisions::replayed::{DecisionTally, RecordedDecisions};
use leakwarden::pipeline::replay::{Disorder, Replay};
use leakwarden::telemetry::untrusted::{self, Untrusted};
use std::collections::BTreeMap;
use std::time::Duration;

/// Prints the summary on standard error.
pub fn print(replay: &Replay, ledger: &LatestAlerts, score: Option<&ScoreReport>, took: Duration) {
    let tally = &replay.tally;
    // Before everything else: figures of a log that was read in no order mean little.
    for (input, of) in replay.disordered() {
        eprintln!("warning: {}", disorder(input, of, replay));
    }
    let seconds = took.as_secs_f64().max(1e-9);
    for (file, format) in replay.formats() {
        let format = format.map_or("format not recognised".to_owned(), ToString::to_string);
        eprintln!("{}: {format}", Untrusted(&file));
    }
    // Together with accesses and dead letters those that are passed over are as many as lines, and one more for each further record in one.
    let fates = tally.accesses + tally.ignored.total() + tally.dead;
    let within = match fates.saturating_sub(tally.lines) {
        0 => String::new(),
        more => format!("{more} more within them, "),
    };
    eprintln!(
        "{} records in {seconds:.1} s ({:.0} records/s): {within}{} accesses accepted, {} late, {} duplicates, {} ignored, {} dead letters",
        tally.lines,
        tally.lines as f64 / seconds,
        tally.accepted,
        tally.late,
        tally.duplicate,
        tally.ignored.total(),
        tally.dead,
    );
    for (reason, count) in tally.ignored.iter() {
        eprintln!("  {count} ignored: {}", reason.name());
    }
    for (reason, count) in &tally.reasons {
        eprintln!("  {count} × {}", Untrusted(reason));
    }
    for dead in &tally.first_dead {
        eprintln!("  first at {}:{}: {}", Untrusted(&dead.partition), dead.position.0, Untrusted(&dead.reason));
    }
    if let Some((first, last)) = tally.times {
        eprintln!("{} employees and accounts, from {first} to {last}", replay.engine().profiles().len());
    }
    if !tally.evicted.is_nothing() {
        let evicted = tally.evicted;
        eprintln!(
            "given up to keep within [state] max_employees and max_record_ids: {} profiles, {} record ids",
            evicted.employees, evicted.record_ids
        );
    }
    let alerts = ledger.in_order();
    let mut by_kind: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
    for entry in &alerts {
        *by_kind.entry((entry.alert.typology.name(), entry.alert.severity)).or_default() += 1;
    }
    // People look at cases; several alerts may be one.
    let mut cases: BTreeMap<&str, bool> = BTreeMap::new();
    for entry in &alerts {
        *cases.entry(&entry.alert.case).or_default() |= entry.alert.shown_at.is_some();
    }
    let shown = cases.values().filter(|is_shown| **is_shown).count();
    let a_day = |count: usize| count as f64 / tally.days();
    eprintln!(
        "{} alerts ({:.2} a day) in {} cases, {shown} of them shown ({:.2} a day)",
        alerts.len(),
        a_day(alerts.len()),
        cases.len(),
        a_day(shown)
    );
    expectations(replay, &alerts);
    for ((typology, severity), count) in by_kind {
        eprintln!("  {count:>5} {typology} {severity}");
    }
    coverage(replay);
    unmapped(replay);
    if let Some(score) = score {
        score::print(score);
    }
    if !replay.engine().context().explanations.configured() {
        eprintln!("no explanations are configured: no business reason could be checked, everything counts as unexplained");
    }
    eprintln!("not seen by any database log: screens photographed, copies on shared drives, codes taken from customers' phones");
}

/// How many of the cases shown are expected to be true, and what the calibration missed where that was known.
fn expectations(replay: &Replay, alerts: &[&LatestAlert]) {
    let mut expected: BTreeMap<&str, f64> = BTreeMap::new();
    for entry in alerts.iter().filter(|entry| entry.alert.shown_at.is_some()) {
        let score = expected.entry(&entry.alert.case).or_default();
        *score = score.max(entry.alert.case_score);
    }
    let calibration = &replay.engine().context().calibration;
    if !expected.is_empty() {
        let sum = expected.values().sum::<f64>() / 100.0;
        eprintln!(
            "  {sum:.0} of those shown are expected to be true ({:.0} %), by calibration {}",
            100.0 * sum / expected.len() as f64,
            calibration.version
        );
    }
    let Some(held_out) = calibration.held_out else { return };
    let missed = ["obvious", "medium", "subtle"].into_iter().zip(held_out.missed);
    let missed: Vec<String> = missed.filter_map(|(name, share)| Some(format!("{:.0} % of {name}", 100.0 * share?))).collect();
    if !missed.is_empty() {
        eprintln!("  of schemes that this calibration was held against it does not show {}", missed.join(", "));
    }
}

/// What is told of an input that is far from the order of time, and what to do.
pub fn disorder(input: &str, disorder: Disorder, replay: &Replay) -> String {
    format!(
        "{} is not in order of time: {:.1} % of its records so far ({} of {}) stand after others that are later by more than [time] lateness \
         ({}); they count as late: in the windows of their own time, and as no part of what is usual. Replay with --sort to have them count as they would in order",
        Untrusted(input),
        disorder.percent(),
        disorder.behind,
        disorder.records,
        replay.engine().context().lateness,
    )
}

/// Logins that the directory does not list.
fn unmapped(replay: &Replay) {
    let profiles = replay.engine().profiles();
    let all = profiles.iter().filter(|tracked| tracked.unmapped).map(|tracked| tracked.profile.actor.name().clone());
    for line in check::unmapped_lines(&all.map(|name| (name, None)).collect()) {
        eprintln!("{}", Untrusted(&line));
    }
}

/// How many employee-days were evaluated, and tables that the catalog does not know.
fn coverage(replay: &Replay) {
    let covered = replay.engine().coverage();
    let mut all = Counts::default();
    covered.days.values().for_each(|counts| all.join(counts));
    if all.total() == 0 {
        return;
    }
    let states: Vec<String> = State::ALL.into_iter().map(|state| format!("{} {}", all.states[state as usize], state.name())).collect();
    let reasons = Reason::ALL.into_iter().filter(|reason| all.reasons[*reason as usize] > 0);
    let reasons: Vec<String> = reasons.map(|reason| format!("{} {}", all.reasons[reason as usize], reason.name())).collect();
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    eprintln!("employee-days of the last {} evaluated: {}{why}", covered.days.len(), states.join(", "));
    if covered.tables.is_empty() {
        return;
    }
    let mut tables: Vec<(&str, u64)> = covered.tables.iter().map(|(table, count)| (&**table, *count)).collect();
    tables.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    eprintln!("tables that the catalog does not know: {}", tables.len());
    for (table, count) in tables.into_iter().take(SHOWN_TABLES) {
        eprintln!("  {count} × {}", Untrusted(table));
    }
}

/// Unknown tables that are printed by name.
const SHOWN_TABLES: usize = 10;

/// What became of decisions, on standard error.
pub fn decisions(recorded: &RecordedDecisions, notes: Vec<DecisionNote>) {
    let mut tally = DecisionTally::default();
    tally.take(notes);
    let of = |outcome| tally.of(outcome);
    let waiting = of(DecisionOutcome::Taken) + of(DecisionOutcome::Late);
    eprintln!(
        "{} decisions: {} of {waiting} in force, {} repeated",
        recorded.len(),
        of(DecisionOutcome::InForce),
        of(DecisionOutcome::Repeated)
    );
    for DecisionNote { id, kind, outcome, .. } in &tally.refused {
        eprintln!("  {kind} {} changes nothing: {}", Untrusted(id), outcome.name());
    }
    for bad in recorded.bad().iter().take(SHOWN_BAD) {
        eprintln!(
            "warning: line {} is no decision{}",
            bad.line,
            untrusted::harmless(&format!("{} {}", bad.problem.place, bad.problem.rule))
        );
    }
    if recorded.bad().len() > SHOWN_BAD {
        eprintln!("warning: {} lines are no decisions", recorded.bad().len());
    }
}

/// Lines that are no decisions, of those that are told one by one.
const SHOWN_BAD: usize = 20;
