//! Decodes lines in tests.

use crate::decode::{Codec, Decoded, Format, Raw, Settings};
use crate::model::access::{Position, RecordHash};
use crate::model::record::Record;
use crate::model::time::Timestamp;
use std::sync::Arc;

/// The records of some lines, numbered from 1, and of what was refused or lost the line and the reason.
pub fn decode(format: &'static Format, lines: &[&str]) -> (Vec<Record<'static>>, Vec<(u64, String)>) {
    decode_with(Settings { latest: Timestamp::parse("2026-12-31T00:00:00Z").ok(), ..Settings::default() }, format, lines)
}

/// The same with settings.
pub fn decode_with(settings: Settings, format: &'static Format, lines: &[&str]) -> (Vec<Record<'static>>, Vec<(u64, String)>) {
    let mut decoder = Codec::named(format, Arc::new(settings)).decoder();
    let (mut records, mut dead) = (Vec::new(), Vec::new());
    let mut keep = |decoded: Decoded<'_>, dead: &mut Vec<(u64, String)>| match decoded {
        Decoded::Record(record) => records.push(record.into_owned()),
        Decoded::Numbered(_) | Decoded::Ignored(_) => {}
        Decoded::Lost(lost) => dead.push((lost.position.0, lost.error.to_string())),
    };
    for (at, line) in lines.iter().enumerate() {
        let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), RecordHash::default());
        if let Err(error) = decoder.decode(raw, &mut |decoded| keep(decoded, &mut dead)) {
            dead.push((at as u64 + 1, error.to_string()));
        }
    }
    decoder.flush(&mut |decoded| keep(decoded, &mut dead));
    (records, dead)
}
