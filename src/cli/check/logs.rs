//! `check --log`: reads whole logs, and names the logins whose persons nobody knows.

use crate::cli::check::report::{Report, count};
use crate::cli::failure::Failure;
use leakwarden::config::schema::Config;
use leakwarden::engine::context::Context;
use leakwarden::model::access::Access;
use leakwarden::model::problem::Problem;
use leakwarden::pipeline::first_records::Undecoded;
use leakwarden::pipeline::partition_decoder::{PartitionDecoder, TimeRange};
use leakwarden::pipeline::replay;
use leakwarden::source::files;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Logins that the directory does not list, with their records where those were counted.
pub type Unmapped = BTreeMap<Arc<str>, Option<u64>>;

/// Unmapped logins that are kept apart.
const MOST_LOGINS: usize = 10_000;

/// Those that are named.
const NAMED: usize = 20;

/// Reads the logs; gives those of which nothing decodes.
pub fn read(config: &Config, context: &Context, logs: &[PathBuf], report: &mut Report) -> Result<Vec<(String, Undecoded)>, Failure> {
    let mut undecoded = Vec::new();
    let paths: Vec<String> = logs.iter().map(|path| path.display().to_string()).collect();
    for file in replay::assign(config, &paths, None) {
        let mut unmapped = Unmapped::new();
        let mut records = 0;
        let mut input = files::open(&file.path, &context.classifier.keys).map_err(anyhow::Error::from)?;
        let mut decoder = PartitionDecoder::new(file.source, 0, context.partition(&file.path), file.path.clone(), file.format);
        let mut note = |access: &Access| {
            let name = access.actor.name();
            if context.classifier.directory.is_unmapped(&access.actor) && (unmapped.len() < MOST_LOGINS || unmapped.contains_key(name)) {
                *unmapped.entry(name.clone()).or_default().get_or_insert(0) += 1;
            }
        };
        while let Some(piece) = input.next_block().map_err(anyhow::Error::from)? {
            decoder.recognise(piece.first_records(100));
            let batch = decoder.decode(&piece, &context.classifier, TimeRange::default());
            decoder.note(&batch);
            records += batch.records;
            batch.accesses.iter().for_each(&mut note);
        }
        let held = decoder.flush(&context.classifier, TimeRange::default());
        decoder.note(&held);
        held.accesses.iter().for_each(&mut note);
        report.section(&format!("Log: {}", file.path));
        report.line(format!("{} read", count(usize::try_from(records).unwrap_or(usize::MAX), "record", "records")));
        unmapped_lines(&unmapped).iter().for_each(|line| report.line(line));
        if !unmapped.is_empty() {
            let at_least = if unmapped.len() < MOST_LOGINS { "" } else { "at least " };
            let rule = format!("has {at_least}{} that accounts.csv does not list", count(unmapped.len(), "login", "logins"));
            report.warn(Problem::plain(&file.path, rule));
        }
        undecoded.extend(decoder.undecoded().map(|why| (file.path, why)));
    }
    Ok(undecoded)
}

/// What is said of such logins; nothing where there are none.
pub fn unmapped_lines(unmapped: &Unmapped) -> Vec<String> {
    if unmapped.is_empty() {
        return Vec::new();
    }
    let mut all: Vec<(&Arc<str>, Option<u64>)> = unmapped.iter().map(|(name, records)| (name, *records)).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let mut lines = vec![format!("logins that accounts.csv does not list, so that nobody knows whose they are: {}", all.len())];
    lines.extend(all.iter().take(NAMED).map(|(name, records)| match records {
        Some(records) => format!("  {records} × {name}"),
        None => format!("  {name}"),
    }));
    lines.extend(all.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!("  and {more} more")));
    lines
}
