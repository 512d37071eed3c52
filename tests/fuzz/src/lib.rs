//! What is done with the bytes that a fuzzer makes up, and with those of the corpus: everything that the service does with
//! them up to the count of people. Nothing may panic, hang or repeat content in its errors.

use leakwarden::classify::catalog::Catalog;
use leakwarden::classify::classifier::{Classifier, SourcePartition};
use leakwarden::classify::directory::Directory;
use leakwarden::decode::{self, Codec, Decoded, Raw, Settings};
use leakwarden::model::access::{PartitionId, Position};
use leakwarden::model::keys::Keys;
use leakwarden::model::record::Dialect;
use leakwarden::model::time::Timestamp;
use leakwarden::model::zone::Zone;
use leakwarden::sql;
use std::sync::{Arc, LazyLock};

/// Records, and what was refused or lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Records.
    pub records: usize,
    /// Dead letters.
    pub dead: usize,
}

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(|| {
    let catalog = r#"
        [[table]]
        table = "*customers*"
        subject = "id"
        [table.columns]
        name = "name"
        phone = "phone_number"
        [[table]]
        table = "*calls*"
        subject = "caller"
        rows_per_subject = "many"
        [table.columns]
        caller = "communication_record"
        callee = "communication_record"
    "#;
    Classifier {
        catalog: Catalog::parse(catalog, "catalog.toml").expect("the catalog is valid"),
        directory: Directory::empty(Zone::utc()),
        keys: Keys::built_in(),
    }
});

/// Decodes the bytes as the lines of a file of that format, or as one message.
pub fn decode(format: &str, bytes: &[u8], as_lines: bool) -> Tally {
    let format = decode::format(format).expect("the format exists");
    let settings = Settings { latest: Timestamp::parse("2026-12-31T00:00:00Z").ok(), ..Settings::default() };
    let mut decoder = Codec::named(format, Arc::new(settings)).decoder();
    let mut tally = Tally::default();
    let keep = |decoded: Decoded<'_>, tally: &mut Tally| match decoded {
        Decoded::Numbered(_) | Decoded::Ignored(_) => {}
        Decoded::Record(record) => {
            let (access, disclosure) =
                CLASSIFIER.classify(&record, SourcePartition { source: "fuzz", index: 0, partition: PartitionId(0) });
            assert_eq!(access.persons, disclosure.persons);
            tally.records += 1;
        }
        Decoded::Lost(lost) => {
            assert!(lost.error.to_string().len() < LONGEST_REASON, "a reason never repeats content");
            tally.dead += 1;
        }
    };
    let parts: Vec<&[u8]> = if as_lines { bytes.split(|byte| *byte == b'\n').collect() } else { vec![bytes] };
    for (at, part) in parts.into_iter().enumerate() {
        let raw = Raw::new(part, Position(at as u64 + 1), CLASSIFIER.keys.record(part));
        if let Err(error) = decoder.decode(raw, &mut |decoded| keep(decoded, &mut tally)) {
            assert!(error.to_string().len() < LONGEST_REASON, "a reason never repeats content");
            tally.dead += 1;
        }
    }
    decoder.flush(&mut |decoded| keep(decoded, &mut tally));
    let _ = (format.recognises)(bytes);
    tally
}

/// Longest reason of a dead letter, in bytes.
const LONGEST_REASON: usize = 300;

/// Analyses the bytes as SQL in every dialect.
pub fn statement(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for (_, dialect) in Dialect::ALL {
        let analysis = sql::analyse(text, dialect);
        for branch in &analysis.branches {
            let columns =
                branch.output.iter().chain(&branch.summed).chain(&branch.probes).chain(branch.keys.iter().map(|keys| &keys.column));
            assert!(columns.into_iter().all(|column| column.source < branch.sources.len()), "a column is of a source");
        }
        let _ = sql::comment::trailing(text, dialect);
    }
    let _ = sql::is_no_statement(text, Dialect::Generic);
}
