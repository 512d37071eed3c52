//! What the first records of the configured files are: whether the format that the configuration names reads them.

use crate::cli::check::report::{Report, count};
use crate::cli::check::settings;
use leakwarden::config::schema::{Config, Source, SourceKind};
use leakwarden::decode::LONGEST_RECORD;
use leakwarden::engine::context::Context;
use leakwarden::pipeline::first_records::Undecoded;
use leakwarden::pipeline::partition_decoder::{PartitionDecoder, TimeRange};
use leakwarden::source::files;
use leakwarden::source::piece::Piece;
use std::path::{Path, PathBuf};

/// Decodes the first records of the newest file of each source; gives those of which none decodes.
pub fn look(config: &Config, context: &Context, report: &mut Report) -> Vec<(String, Undecoded)> {
    let mut undecoded = Vec::new();
    for source in &config.sources {
        let SourceKind::Files(pattern) = &source.kind else { continue };
        let modified = |path: &PathBuf| path.metadata().and_then(|about| about.modified()).ok();
        let Some(newest) = settings::matching(pattern).into_iter().max_by_key(modified) else { continue };
        match first_records(config, context, source, &newest) {
            Ok(Some(why)) => undecoded.push((source.name.clone(), why)),
            Ok(None) => {}
            Err(error) => report.line(format!("{}: the newest file cannot be looked at: {error}", source.name)),
        }
    }
    for (name, why) in &undecoded {
        report.line(format!("{name}: of the first {}: {why}", count(usize::try_from(why.records).unwrap_or(0), "record", "records")));
    }
    undecoded
}

fn first_records(config: &Config, context: &Context, source: &Source, path: &Path) -> Result<Option<Undecoded>, anyhow::Error> {
    let classifier = &*context.classifier;
    let mut input = files::open_path(path, &classifier.keys)?;
    let Some(Piece::Block(mut block)) = input.next_block()? else { return Ok(None) };
    // A part of the file is enough.
    if block.bytes.len() > LONGEST_RECORD {
        let end = memchr::memrchr(b'\n', &block.bytes[..LONGEST_RECORD]).map_or(LONGEST_RECORD, |at| at + 1);
        block.bytes.truncate(end);
    }
    let format = config.choice(&source.format).unwrap_or_else(|| config.automatic());
    let mut decoder = PartitionDecoder::new(source.name.clone(), 0, context.partition(&source.name), source.name.clone(), format);
    decoder.recognise(block.lines().take(100).map(|(_, line)| line));
    let batch = decoder.decode(&Piece::Block(block), classifier, TimeRange::default());
    decoder.note(&batch);
    let held = decoder.flush(classifier, TimeRange::default());
    decoder.note(&held);
    Ok(decoder.undecoded())
}
