//! What clouds, shippers and stores make of a log on its way is recognised by itself, and every record comes out of it.

use crate::common::program::{json_lines, leakwarden};
use leakwarden::decode::{self, Codec, Decoded, Raw, Settings};
use leakwarden::model::access::Position;
use leakwarden::model::keys::Keys;
use leakwarden::source::files;
use leakwarden::source::piece::Piece;
use std::sync::Arc;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/carriers");

/// The format that a file is recognised as, its records as time and rows, and the reasons of what is none.
type Carried = (&'static str, Vec<(String, Option<u64>)>, Vec<String>);

fn decode(file: &str) -> Carried {
    let keys = Keys::built_in();
    let mut input = files::open(&format!("{FIXTURES}/{file}"), &keys).expect("the fixture is there");
    let Ok(Some(Piece::Block(block))) = input.next_block() else { panic!("{file} is a block") };
    let format = decode::recognise(block.lines().map(|(_, line)| line)).unwrap_or_else(|| panic!("{file} is recognised"));
    let mut decoder = Codec::named(format, Arc::new(Settings::default())).decoder();
    let (mut records, mut dead) = (Vec::new(), Vec::new());
    let mut keep = |decoded: Decoded<'_>, dead: &mut Vec<String>| match decoded {
        Decoded::Record(record) => records.push((record.time.to_string(), record.rows)),
        Decoded::Lost(lost) => dead.push(lost.error.to_string()),
        _ => {}
    };
    for (line, bytes) in block.lines() {
        let raw = Raw::new(bytes, Position(line), keys.record(bytes));
        if let Err(error) = decoder.decode(raw, &mut |decoded| keep(decoded, &mut dead)) {
            dead.push(error.to_string());
        }
    }
    decoder.flush(&mut |decoded| keep(decoded, &mut dead));
    (format.name, records, dead)
}

#[test]
fn every_record_comes_out_of_every_carrier() {
    let mut files: Vec<String> = std::fs::read_dir(FIXTURES)
        .expect("can be listed")
        .map(|entry| entry.expect("can be listed").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert!(files.len() > 25, "{files:?}");
    for file in files {
        let (format, rows) = match file.split(['.', '_']).next() {
            Some("databricks") => ("databricks-audit", None),
            Some("snowflake") => ("snowflake-access-history", Some(120)),
            _ => ("postgresql-stderr", Some(120)),
        };
        let times = ["2026-03-02T09:00:01Z", "2026-03-02T09:00:02Z"].map(|time| (time.to_owned(), rows)).to_vec();
        assert_eq!(decode(&file), (format, times, Vec::new()), "{file}");
    }
}

#[test]
fn csv_of_ones_own_is_read_by_its_header_in_whatever_encoding() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/own_csv");
    for (format, file) in [("cards", "cards.csv"), ("cards_utf16", "cards.utf16.csv")] {
        let ran = leakwarden(&folder, &["decode", "--config", "leakwarden.toml", "--format", format, file]);
        let told: Vec<String> = json_lines(&ran.out)
            .iter()
            .map(|line| {
                format!("{} {} {} {}", line["time"], line["account"], line["persons"], line["subjects"].as_array().map_or(0, Vec::len))
            })
            .collect();
        let expected = [r#""2026-03-02T09:00:00Z" "李娜" {"exact":2} 2"#, r#""2026-03-02T09:00:02Z" "王" {"exact":40} 0"#];
        assert_eq!(told, expected, "{file}: {}", ran.err);
        // The comma without quotes shifts nothing: its row is refused, and told.
        assert!(ran.err.contains("7 columns where the header has 6"), "{}", ran.err);
    }
}
