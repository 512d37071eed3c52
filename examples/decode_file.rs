//! Decodes a log file and prints the accesses in it: who read what of how many people.
//!
//! `cargo run --example decode_file -- config/leakwarden.toml config/sample.jsonl`

use leakwarden::config::load;
use leakwarden::pipeline::partition_decoder::{PartitionDecoder, TimeRange};
use leakwarden::pipeline::replay::assign;
use leakwarden::source::files;
use std::io::Write;
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, log] = arguments.as_slice() else { anyhow::bail!("usage: decode_file CONFIG LOG") };
    run(config, log, &mut std::io::stdout())
}

/// Prints one line for each access, and one for each record that cannot be decoded.
pub fn run(config: &str, log: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let config = load::read_config(Path::new(config)).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let context = load::load(&config).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let classifier = &context.classifier;
    // The source whose path matches the file says its format; without one it is recognised from the first records.
    for file in assign(&config, &[log.to_owned()], None) {
        let mut input = files::open(&file.path, &classifier.keys)?;
        let mut decoder = PartitionDecoder::new(file.source, 0, context.partition(&file.path), file.path, file.format);
        while let Some(piece) = input.next_block()? {
            decoder.recognise(piece.first_records(100));
            let batch = decoder.decode(&piece, classifier, TimeRange::default());
            for access in batch.accesses {
                let (who, what) = (access.actor.name(), access.operation.name());
                let tables: Vec<&str> = access.objects.iter().map(|table| &**table).collect();
                writeln!(out, "{} {who} {what} {}: {} people", access.time, tables.join(", "), access.persons)?;
            }
            for letter in batch.dead_letters {
                writeln!(out, "line {}: {}", letter.position.0, letter.reason)?;
            }
        }
    }
    Ok(())
}
