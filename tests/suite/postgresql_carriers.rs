//! The same run of a server, written as jsonlog, csvlog and on stderr, is understood alike: what was done by whom, with which
//! statement, values, rows and plan. Only place and hash differ, and the names that a carrier gives to sessions.

use leakwarden::decode::{self, Codec, Decoded, Raw, Settings};
use leakwarden::model::access::Position;
use leakwarden::model::keys::Keys;
use std::sync::Arc;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/postgresql15");

/// What a log says, in the order of time, without what is the carrier's own. `names` are those of the sessions.
fn understood(name: &str, format: &str, names: bool) -> Vec<String> {
    let keys = Keys::built_in();
    let text = std::fs::read_to_string(format!("{FIXTURES}/{name}")).expect("the fixture is there");
    let recognised = decode::recognise(text.lines().take(100).map(str::as_bytes)).expect("the format is recognised");
    assert_eq!(recognised.name, format, "{name}");
    let mut decoder = Codec::named(recognised, Arc::new(Settings::default())).decoder();
    let mut seen = Vec::new();
    let mut keep = |decoded: Decoded<'_>| match decoded {
        Decoded::Record(record) => {
            let mut record = record.into_owned();
            (record.position, record.hash, record.id) = Default::default();
            if !names {
                record.session = None;
            }
            seen.push(format!("{} {record:?}", record.time));
        }
        Decoded::Numbered(_) | Decoded::Ignored(_) => {}
        Decoded::Lost(lost) => panic!("{name}: {lost:?}"),
    };
    for (at, line) in text.lines().enumerate() {
        let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), keys.record(line.as_bytes()));
        decoder.decode(raw, &mut keep).unwrap_or_else(|error| panic!("{name}:{}: {error}", at + 1));
    }
    decoder.flush(&mut keep);
    seen.sort();
    seen
}

/// `stderr_names`: whether the prefix has the id of the session and the number of the line.
fn agree(run: &str, stderr_names: bool) {
    let csv = understood(&format!("{run}.csv"), "postgresql-csvlog", true);
    assert!(csv.len() > 10, "{run}: only {} records", csv.len());
    assert!(csv == understood(&format!("{run}.json"), "postgresql-jsonlog", true), "{run}: csvlog and jsonlog differ");
    let json = understood(&format!("{run}.json"), "postgresql-jsonlog", stderr_names);
    let log = understood(&format!("{run}.log"), "postgresql-stderr", stderr_names);
    let first = log.iter().zip(&json).find(|(log, json)| log != json);
    assert!(first.is_none() && log.len() == json.len(), "{run}: {} and {} records, first differing: {first:#?}", log.len(), json.len());
}

#[test]
fn pgaudit_is_understood_alike() {
    agree("A_defaults", true);
}

#[test]
fn plans_are_understood_alike() {
    agree("F_auto_explain_json", true);
}

#[test]
fn a_prefix_without_session_client_and_program_is_understood_alike() {
    agree("H_debian_prefix_KST", false);
}
