//! Records that are decoded at once know what records before them made.

use super::*;
use crate::classify::catalog::Catalog;
use crate::classify::directory::Directory;
use crate::model::keys::Keys;
use crate::model::zone::Zone;

const CATALOG: &str = "[[table]]\ntable = \"crm.customers\"\nsubject = \"id\"\n[table.columns]\nname = \"name\"\n";

fn classifier() -> Classifier {
    let catalog = Catalog::parse(CATALOG, "catalog.toml").expect("is valid");
    Classifier { catalog, directory: Directory::empty(Zone::utc()), keys: Keys::built_in() }
}

fn decoder() -> PartitionDecoder {
    let format = decode::format("canonical").expect("is known");
    let choice = FormatChoice::Known(Codec::named(format, Arc::default()));
    PartitionDecoder::new("s".to_owned(), 0, PartitionId(0), "s".to_owned(), choice)
}

#[test]
fn messages_that_are_decoded_at_once_know_the_tables_that_earlier_ones_made() {
    let texts = [
        "SELECT n FROM x17",
        "CREATE TABLE x17 AS SELECT name AS n FROM crm.customers",
        "SELECT n FROM x17",
        "CREATE TABLE x18 AS SELECT n FROM x17",
        "SELECT n FROM x18",
        "DROP TABLE x17",
        "SELECT n FROM x17",
    ];
    let lines: Vec<String> =
        texts.iter().map(|text| format!(r#"{{"time":"2026-03-02T09:00:00Z","employee":"e1","rows":5,"statement":"{text}"}}"#)).collect();
    let raw = |at: usize| Raw::new(lines[at].as_bytes(), Position(at as u64), Default::default());
    let classifier = classifier();
    let kinds = |batches: Vec<Batch>| -> Vec<u32> { batches.iter().map(|batch| batch.accesses[0].kinds.len()).collect() };
    let mut one_by_one = decoder();
    let sequential = (0..texts.len()).map(|at| {
        let mut batch = Batch::default();
        one_by_one.decode_message(raw(at), &classifier, &mut batch);
        batch
    });
    assert_eq!(kinds(sequential.collect()), [0, 1, 1, 1, 1, 0, 0]);
    let mut at_once = decoder();
    let mut batches = at_once.decode_messages_stateless((0..texts.len()).map(raw), &classifier);
    at_once.messages_in_order(&mut batches, &classifier, raw);
    assert_eq!(kinds(batches), [0, 1, 1, 1, 1, 0, 0]);
    let known = |decoder: &PartitionDecoder| format!("{:?}", postcard::to_stdvec(decoder.made_tables()));
    assert_eq!(known(&at_once), known(&one_by_one));
}

#[test]
fn blocks_that_are_decoded_at_once_and_after_a_restart_know_a_header_that_changed_before_them() {
    const TIME: &str = "2026-03-02T09:00:00Z";
    let text = |lines: &[&str]| lines.join("\n").replace('T', TIME).into_bytes();
    let head: std::sync::Arc<[u8]> = text(&["time,account,employee,statement", ""]).into();
    let block = |first_line: u64, lines: &[&str]| {
        Piece::Block(Block {
            bytes: text(lines).into(),
            first_line,
            first_offset: first_line,
            lines: lines.len() as u64,
            head: head.clone(),
        })
    };
    let pieces = [
        block(1, &["time,account,employee,statement", "T,a1,e1,SELECT 1", ""]),
        block(3, &["time,employee,account,statement", "T,e2,a2,SELECT 1", ""]),
        block(5, &["T,e3,a3,SELECT 1", ""]),
        block(6, &["T,e4,a4,SELECT 1", ""]),
    ];
    let classifier = classifier();
    let who = |batch: &Batch| batch.accesses.iter().map(|access| access.actor.name().to_string()).collect::<Vec<_>>().join(",");
    let mut at_once = decoder();
    let mut batches: Vec<Batch> =
        pieces[..3].iter().map(|piece| at_once.decode_stateless(piece, &classifier, TimeRange::default())).collect();
    at_once.in_order(&pieces[..3], &mut batches, &classifier, TimeRange::default());
    assert_eq!(batches.iter().map(who).collect::<Vec<_>>(), ["e1", "e2", "e3"]);
    let columns = at_once.columns().expect("a header was read").to_vec();
    let mut restarted = decoder();
    restarted.know_columns(columns);
    assert_eq!(who(&restarted.decode(&pieces[3], &classifier, TimeRange::default())), "e4");
}
