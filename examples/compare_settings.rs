//! Which alerts does a higher floor of one detector cost? Replays a log with both settings and compares the alerts.
//!
//! `cargo run --example compare_settings -- config/leakwarden.toml config/sample.jsonl 5000`

use leakwarden::config::load;
use leakwarden::config::schema::Config;
use leakwarden::detect::DetectorSetting;
use leakwarden::engine::Engine;
use leakwarden::evaluate::compare::compare;
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::model::typology::Typology;
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::replay::{Replay, assign};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, log, floor] = arguments.as_slice() else { anyhow::bail!("usage: compare_settings CONFIG LOG FLOOR") };
    run(config, log, floor.parse()?, &mut std::io::stdout())
}

/// Prints what changes if `bulk_extract` needs `floor` people without a known reason.
pub fn run(config: &str, log: &str, floor: u64, out: &mut impl Write) -> anyhow::Result<()> {
    let mut config = load::read_config(Path::new(config)).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let before = alerts(&config, log)?;
    config.detectors.set(Typology::BulkExtract, DetectorSetting { enabled: true, floor });
    let comparison = compare(&before, &alerts(&config, log)?);
    let (new, lost, changed) = (&comparison.new, &comparison.lost, &comparison.changed);
    writeln!(out, "{} alerts the same, {} changed, {} new, {} lost", comparison.same, changed.len(), new.len(), lost.len())?;
    for alert in lost {
        writeln!(out, "lost: {} {} {:.1}", alert.who, alert.typology, alert.score)?;
    }
    Ok(())
}

fn alerts(config: &Config, log: &str) -> anyhow::Result<LatestAlerts> {
    let context = Arc::new(load::load(config).map_err(|problems| anyhow::anyhow!("{problems:?}"))?);
    let files = assign(config, &[log.to_owned()], None);
    let mut replay = Replay::open(Engine::new(context), files, TimeRange::default(), 1, &BTreeMap::new())?;
    let mut alerts = LatestAlerts::default();
    while let Some(round) = replay.round()? {
        alerts.take(round.output.revisions);
    }
    alerts.take(replay.finish().output.revisions);
    Ok(alerts)
}
