//! Which format a log has, and what is in it: `cargo run --example recognise -- FILE`, or a log on standard input.
//!
//! Decodes with the library alone: no configuration, no catalog, no people. Prints one line a record.

use leakwarden::decode::{self, Codec, Decoded, Raw, Settings};
use leakwarden::model::access::{Position, RecordHash};
use std::io::Read;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut bytes = Vec::new();
    match std::env::args_os().nth(1) {
        Some(path) => bytes = std::fs::read(path)?,
        None => {
            std::io::stdin().read_to_end(&mut bytes)?;
        }
    }
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let format = decode::recognise(lines.iter().copied()).ok_or("no format that is known recognises it")?;
    eprintln!("{}: {}", format.name, format.recognised_by);

    let mut decoder = Codec::named(format, Arc::new(Settings::default())).decoder();
    let (mut records, mut dead) = (0, 0);
    let mut emit = |decoded: Decoded<'_>| match decoded {
        Decoded::Record(record) => {
            records += 1;
            let who = record.employee.as_deref().or(record.account.as_deref()).unwrap_or("nobody");
            let rows = record.rows.map_or_else(|| "unknown".to_owned(), |rows| rows.to_string());
            println!("{} {who} {:?} rows {rows} {}", record.time, record.operation, record.statement.as_deref().unwrap_or(""));
        }
        Decoded::Lost(lost) => eprintln!("line {}: {}", lost.position.0, lost.error),
        Decoded::Numbered(_) => {}
    };
    for (at, line) in lines.into_iter().enumerate() {
        // A real program hashes each record with its secret key; here nothing is kept.
        let raw = Raw::new(line, Position(at as u64 + 1), RecordHash::default());
        if let Err(error) = decoder.decode(raw, &mut emit) {
            dead += 1;
            eprintln!("line {}: {error}", at + 1);
        }
    }
    decoder.flush(&mut emit);
    eprintln!("{records} records, {dead} lines that could not be decoded");
    Ok(())
}
