//! What a replay tells at its end.

use crate::cli::scored::{self, Scored};
use leakwarden::model::severity::Severity;
use leakwarden::pipeline::ledger::Ledger;
use leakwarden::pipeline::replay::Replay;
use leakwarden::telemetry::untrusted::Untrusted;
use std::collections::BTreeMap;
use std::time::Duration;

/// Prints the summary on standard error.
pub fn print(replay: &Replay, ledger: &Ledger, score: Option<&Scored>, took: Duration) {
    let tally = &replay.tally;
    let seconds = took.as_secs_f64().max(1e-9);
    for (file, format) in replay.formats() {
        let format = format.map_or("format not recognised".to_owned(), ToString::to_string);
        eprintln!("{}: {format}", Untrusted(&file));
    }
    eprintln!(
        "{} records in {seconds:.1} s ({:.0} records/s): {} accesses accepted, {} late, {} duplicates, {} outside of the time asked for, {} dead letters",
        tally.lines,
        tally.lines as f64 / seconds,
        tally.accepted,
        tally.late,
        tally.duplicate,
        tally.ignored,
        tally.dead,
    );
    for (reason, count) in &tally.reasons {
        eprintln!("  {count} × {}", Untrusted(reason));
    }
    for dead in &tally.first_dead {
        eprintln!("  first at {}:{}: {}", Untrusted(&dead.partition), dead.position.0, Untrusted(&dead.reason));
    }
    if let Some((first, last)) = tally.times {
        eprintln!("{} employees and accounts, from {first} to {last}", replay.engine().profiles().len());
    }
    let alerts = ledger.in_order();
    let mut by_kind: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
    for entry in &alerts {
        *by_kind.entry((entry.alert.typology.name(), entry.alert.severity)).or_default() += 1;
    }
    let shown = alerts.iter().filter(|entry| entry.alert.shown_at.is_some()).count();
    eprintln!("{} alerts ({:.2} a day), {shown} within the budget", alerts.len(), alerts.len() as f64 / tally.days());
    for ((typology, severity), count) in by_kind {
        eprintln!("  {count:>5} {typology} {severity}");
    }
    if let Some(score) = score {
        scored::print(score);
    }
    if !replay.engine().context().explanations.configured() {
        eprintln!("no explanations are configured: no business reason could be checked, everything counts as unexplained");
    }
    eprintln!("not seen by any database log: screens photographed, copies on shared drives, codes taken from customers' phones");
}
