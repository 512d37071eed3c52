//! What a replay tells at its end.

use leakwarden::model::severity::Severity;
use leakwarden::pipeline::labels::{self, Label};
use leakwarden::pipeline::ledger::Ledger;
use leakwarden::pipeline::replay::Replay;
use leakwarden::telemetry::untrusted::Untrusted;
use std::collections::BTreeMap;
use std::time::Duration;

/// Prints the summary on standard error.
pub fn print(replay: &Replay, ledger: &Ledger, labels: Option<&[Label]>, took: Duration) {
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
    let mut days = 0.0;
    if let Some((first, last)) = tally.times {
        days = ((last - first).0 as f64 / 86_400_000.0).max(1.0);
        eprintln!("{} employees and accounts, from {first} to {last}", replay.engine().profiles().len());
    }
    let alerts = ledger.in_order();
    let mut by_kind: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
    for entry in &alerts {
        *by_kind.entry((entry.alert.typology.name(), entry.alert.severity)).or_default() += 1;
    }
    let shown = alerts.iter().filter(|entry| entry.alert.shown_at.is_some()).count();
    eprintln!("{} alerts ({:.2} a day), {shown} within the budget", alerts.len(), alerts.len() as f64 / days.max(1.0));
    for ((typology, severity), count) in by_kind {
        eprintln!("  {count:>5} {typology} {severity}");
    }
    if let Some(labels) = labels {
        print_score(labels, ledger, days.max(1.0));
    }
    if !replay.engine().context().explanations.configured() {
        eprintln!("no explanations are configured: no business reason could be checked, everything counts as unexplained");
    }
    eprintln!("not seen by any database log: screens photographed, copies on shared drives, codes taken from customers' phones");
}

fn print_score(labels: &[Label], ledger: &Ledger, days: f64) {
    let score = labels::score(labels, ledger, days);
    let (caught, all) = score.recall();
    eprintln!();
    eprintln!("{:<20} {:>7} {:>7} {:>9} {:>24}", "typology", "labels", "caught", "as such", "median hours to alert");
    for (typology, row) in &score.rows {
        let mut hours = row.hours.clone();
        hours.sort_by(f64::total_cmp);
        let median = hours.get(hours.len() / 2).map_or("-".to_owned(), |hours| format!("{hours:.1}"));
        eprintln!("{:<20} {:>7} {:>7} {:>9} {median:>24}", typology.name(), row.labels, row.caught, row.named);
    }
    let share = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    eprintln!(
        "recall {:.3} ({caught} of {all}); precision {:.3} ({} of {} alerts); shown: {:.2} a day, precision {:.3}",
        share(caught, all),
        share(score.true_alerts, score.alerts),
        score.true_alerts,
        score.alerts,
        score.shown as f64 / days,
        share(score.true_shown, score.shown),
    );
    for (label, caught) in &score.cases {
        let difficulty = label.difficulty.as_deref().unwrap_or("");
        let what = format!("{} {} {}", Untrusted(&label.employee), label.typology, Untrusted(difficulty));
        match caught {
            Some(caught) => {
                let people = caught.people.map_or("an unknown number of".to_owned(), |n| n.to_string());
                eprintln!("  caught  {what}: after {:.1} h and {people} people, as {}", caught.hours, caught.typology);
            }
            None => eprintln!("  MISSED  {what}: from {} to {}", label.from, label.to),
        }
    }
}
