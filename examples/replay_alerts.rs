//! Replays a log file through the engine and prints each alert as a card.
//!
//! `cargo run --example replay_alerts -- config/leakwarden.toml config/sample.jsonl`

use leakwarden::config::load;
use leakwarden::engine::Engine;
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::replay::{Replay, assign};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, log] = arguments.as_slice() else { anyhow::bail!("usage: replay_alerts CONFIG LOG") };
    run(config, log, &mut std::io::stdout())
}

/// Prints a card for each alert, in the order in which they were raised.
pub fn run(config: &str, log: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let config = load::read_config(Path::new(config)).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let context = Arc::new(load::load(&config).map_err(|problems| anyhow::anyhow!("{problems:?}"))?);
    let files = assign(&config, &[log.to_owned()], None);
    // No line of a file was applied before, so there are no positions to continue from.
    let mut replay = Replay::open(Engine::new(context), files, TimeRange::default(), 1, &BTreeMap::new())?;
    // An alert is revised as evidence comes in; the latest revision counts.
    let mut alerts = LatestAlerts::default();
    while let Some(round) = replay.round()? {
        alerts.take(round.output.revisions);
    }
    // At the end of the log nothing later can come: settle the records that are still buffered.
    alerts.take(replay.finish().output.revisions);
    for entry in alerts.in_order() {
        let alert = &entry.alert;
        writeln!(out, "┌ {} {:.1}  {}", alert.severity.name().to_uppercase(), alert.score, alert.typology)?;
        writeln!(out, "│ {}, raised at {}", alert.about(), alert.raised_at)?;
        writeln!(out, "│ {} people in {} accesses within {}", alert.observed.persons, alert.observed.accesses, alert.window)?;
        writeln!(out, "└ {}", alert.explanation)?;
    }
    Ok(())
}
