//! Whose rows a statement writes, from the lines of real servers: keys as literals and as bind values.

use crate::common::world::World;
use leakwarden::classify::classifier::Classifier;
use leakwarden::decode::{self, Codec, FormatChoice, Raw, Settings};
use leakwarden::model::access::{Access, Indicators, PartitionId, Position};
use leakwarden::pipeline::partition_decoder::{Batch, PartitionDecoder, TimeRange};
use std::sync::Arc;

fn accesses(format: &str, lines: &[&str]) -> (Vec<Access>, Arc<Classifier>) {
    let classifier = World::bank().context().classifier.clone();
    let codec = Codec::named(decode::format(format).expect("is known"), Arc::new(Settings::default()));
    let mut decoder = PartitionDecoder::new("s".to_owned(), 0, PartitionId(0), "s".to_owned(), FormatChoice::Known(codec));
    let mut all = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let mut batch = Batch::default();
        let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), classifier.keys.record(line.as_bytes()));
        decoder.decode_message(raw, &classifier, &mut batch);
        assert!(batch.dead_letters.is_empty(), "{:?}", batch.dead_letters);
        all.append(&mut batch.accesses);
    }
    all.append(&mut decoder.flush(&classifier, TimeRange::default()).accesses);
    (all, classifier)
}

/// The accesses that are about just the customer, and whether each changes a protection.
fn about(format: &str, lines: &[&str], id: &str) -> Vec<bool> {
    let (accesses, classifier) = accesses(format, lines);
    let customer = classifier.keys.subject("", id);
    let named = accesses.iter().filter(|access| *access.target_subjects == [customer]);
    named.map(|access| access.indicators.has(Indicators::CONTROL)).collect()
}

#[test]
fn postgresql_names_whom_an_update_is_about_by_literals_and_bind_values() {
    let literal = [
        "2026-03-02 09:14:05.123 UTC [71] li@core LOG:  duration: 0.412 ms  statement: UPDATE crm.customers SET phone = '13800000000' WHERE id = 4711",
        "2026-03-02 09:16:05.123 UTC [71] li@core LOG:  duration: 0.212 ms  statement: SELECT name, phone FROM crm.customers WHERE id = 4711",
    ];
    assert_eq!(about("postgresql-stderr", &literal, "4711"), [true]);
    let bound = [
        "2026-03-02 09:14:05.123 UTC [71] li@core LOG:  execute S_2: UPDATE crm.customers SET phone = $1, updated_at = now() WHERE id = $2",
        "2026-03-02 09:14:05.123 UTC [71] li@core DETAIL:  parameters: $1 = '13800000000', $2 = '4711'",
        "2026-03-02 09:17:05.123 UTC [71] li@core LOG:  execute <unnamed>: INSERT INTO crm.loans (customer_id, state) VALUES ($1, $2)",
        "2026-03-02 09:17:05.123 UTC [71] li@core DETAIL:  parameters: $1 = '4711', $2 = 'open'",
    ];
    assert_eq!(about("postgresql-stderr", &bound, "4711"), [true, false]);
    let refused = [
        "2026-03-02 09:14:05.123 UTC [71] li@core ERROR:  permission denied for table customers",
        "2026-03-02 09:14:05.123 UTC [71] li@core STATEMENT:  UPDATE crm.customers SET phone = '1' WHERE id = 4711",
    ];
    let (accesses, _) = accesses("postgresql-stderr", &refused);
    assert!(accesses.iter().all(|access| !access.success), "what was refused changed nothing");
}

#[test]
fn mariadb_names_whom_an_update_is_about() {
    let lines = [
        "20260302 09:14:05,db1,li,10.0.0.7,71,501,WRITE,crm,customers,",
        "20260302 09:14:05,db1,li,10.0.0.7,71,501,QUERY,crm,'UPDATE customers SET phone=\\'13800000000\\' WHERE id=4711',0",
        "20260302 09:15:05,db1,li,10.0.0.7,71,502,QUERY,crm,'INSERT INTO loans (customer_id, state) VALUES (4711, \\'open\\')',0",
    ];
    assert_eq!(about("mariadb-audit", &lines, "4711"), [true, false]);
}
