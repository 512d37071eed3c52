//! The shapes in which PostgreSQL's log and its relatives' reach a collector: each is read without a dead letter, by the people it
//! names, with the rows it has. The fixtures are made by hand.

use leakwarden::classify::catalog::Catalog;
use leakwarden::classify::counting::disclose;
use leakwarden::decode::{self, Codec, Decoded, Raw, Settings};
use leakwarden::model::access::{Operation, Position};
use leakwarden::model::keys::Keys;
use leakwarden::model::persons::Persons::{self, AtMost, Exact, Unknown};
use std::sync::Arc;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/postgresql_shapes");

/// What a record says.
#[derive(PartialEq, Eq, Debug)]
struct Seen {
    operation: Operation,
    account: String,
    ip: String,
    rows: Option<u64>,
    persons: Persons,
    subjects: usize,
}

fn seen(text: &str, format: &str, prefix: Option<&str>) -> Vec<Seen> {
    let keys = Keys::built_in();
    let catalog = std::fs::read_to_string(format!("{FIXTURES}/catalog.toml")).expect("the catalog is there");
    let catalog = Catalog::parse(&catalog, "catalog.toml").expect("the catalog is valid");
    let recognised = || decode::recognise(text.lines().take(100).map(str::as_bytes));
    let format = if format == "auto" { recognised() } else { decode::format(format) }.expect("the format is known");
    let settings = Settings { log_line_prefix: prefix.map(str::to_owned), ..Settings::default() };
    let mut decoder = Codec::named(format, Arc::new(settings)).decoder();
    let mut seen = Vec::new();
    let mut keep = |decoded: Decoded<'_>| match decoded {
        Decoded::Record(record) => {
            let disclosure = disclose(&record, &catalog, &keys);
            let own = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or("").to_owned();
            seen.push(Seen {
                operation: record.operation,
                account: own(&record.account),
                ip: own(&record.client.ip),
                rows: record.rows,
                persons: disclosure.persons,
                subjects: disclosure.subjects.len(),
            });
        }
        Decoded::Lost(lost) => panic!("{lost:?}"),
        _ => {}
    };
    for (at, line) in text.lines().enumerate() {
        let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), keys.record(line.as_bytes()));
        decoder.decode(raw, &mut keep).unwrap_or_else(|error| panic!("{}: {error}", at + 1));
    }
    decoder.flush(&mut keep);
    seen
}

fn of(name: &str, format: &str, prefix: Option<&str>) -> Vec<Seen> {
    seen(&std::fs::read_to_string(format!("{FIXTURES}/{name}")).expect("the fixture is there"), format, prefix)
}

/// An access of li's from an address, empty where the shape has none.
fn of_li(ip: &str, rows: Option<u64>, persons: Persons, subjects: usize) -> Seen {
    Seen { operation: Operation::Read, account: "li".to_owned(), ip: ip.to_owned(), rows, persons, subjects }
}

#[test]
fn operators_and_collectors_carry_the_columns_as_json() {
    let all = || of_li("10.0.0.7", Some(120), Exact(120), 0);
    assert_eq!(of("cnpg_pgaudit.jsonl", "auto", None), [all()]);
    assert_eq!(of("cnpg_postgres_logger.jsonl", "auto", None), [all()]);
    assert_eq!(of("cnpg_postgres_logger.jsonl", "postgresql-csvlog", None), [all()]);
    assert_eq!(of("carried_columns.jsonl", "auto", None), [of_li("10.0.0.7", Some(1), Exact(1), 1), all(), all()]);
}

#[test]
fn files_of_pgauditlogtofile_are_read_in_every_form() {
    assert_eq!(of("pgauditlogtofile.csv", "auto", None), [of_li("10.0.0.7", None, Unknown, 0)]);
    assert_eq!(of("pgauditlogtofile.json", "auto", None), [of_li("10.0.0.7", Some(120), Exact(120), 0)]);
    let quoted = of("pgauditlogtofile_quoted.csv", "auto", None);
    assert_eq!(quoted[0].operation, Operation::Login);
    assert_eq!(quoted[1..], [of_li("10.0.0.7", Some(3), Exact(3), 3), of_li("10.0.0.7", Some(2), Exact(2), 0)]);
}

#[test]
fn relatives_have_columns_of_their_own() {
    let two = || of_li("10.0.0.7", None, AtMost(2), 2);
    assert_eq!(
        of("greenplum.csv", "auto", None),
        [two(), of_li("10.0.0.7", Some(120), Exact(120), 0), of_li("10.0.0.7", None, Exact(0), 0)]
    );
    let edb = of("edb_audit.csv", "auto", None);
    assert_eq!(edb[0].operation, Operation::Login);
    assert_eq!(edb[1..], [two(), of_li("10.0.0.7", None, Exact(0), 0)]);
}

#[test]
fn azure_has_values_beside_the_message_and_rows_of_log_analytics() {
    let one = || of_li("10.0.0.9", None, AtMost(1), 1);
    let all = || of_li("10.0.0.9", Some(120), Exact(120), 0);
    assert_eq!(of("azure_detail.jsonl", "azure-postgresql", None), [one()]);
    assert_eq!(of("azure_log_analytics.json", "auto", None), [all()]);
    assert_eq!(of("azure_pgsqlserverlogs.jsonl", "auto", None), [one(), all()]);
}

#[test]
fn prefixes_without_names_or_ends_are_found_out() {
    let all = |ip: &str| of_li(ip, Some(120), Exact(120), 0);
    for prefix in [None, Some("%m %h %u %d ")] {
        assert_eq!(
            of("prefix_mhud.log", "postgresql-stderr", prefix),
            [all("10.0.0.7"), all("10.0.0.7"), all("10.0.0.7"), all("10.0.0.7")]
        );
    }
    assert_eq!(of("prefix_mhud.log", "auto", None).len(), 4);
    for format in ["auto", "postgresql-stderr"] {
        assert_eq!(of("errverbose.log", format, None), [all(""), all(""), all(""), all("")]);
        assert_eq!(of("bare_words.log", format, None), [all("10.0.0.7"), all("10.0.0.7"), all("10.0.0.7"), all("10.0.0.7")]);
    }
}

#[test]
fn one_blank_does_for_two() {
    let expected = [of_li("", None, AtMost(2), 2), of_li("", None, Unknown, 0), of_li("", Some(7), Exact(7), 0)];
    assert_eq!(of("collapsed_ws.log", "postgresql-stderr", None), expected);
    assert_eq!(of("collapsed_ws.log", "auto", None), expected);
}

#[test]
fn frames_of_syslog_need_no_line_ends() {
    let seven = || of_li("", Some(7), Exact(7), 0);
    assert_eq!(of("octet_concat.log", "postgresql-stderr", None), [seven(), seven(), seven()]);
    assert_eq!(of("octet_concat.log", "auto", None).len(), 3);
}

#[test]
fn base_backups_and_replication_take_everybody() {
    let backup = of("pg_basebackup.jsonl", "postgresql-jsonlog", None);
    assert_eq!(backup.len(), 2);
    assert!(backup.iter().all(|seen| (seen.operation, seen.persons) == (Operation::Export, Unknown)), "{backup:?}");
    // The server prints the command once more as the statement of the line.
    let line = "2026-03-02 09:00:00.000 UTC [77] li@crm LOG:  received replication command: BASE_BACKUP ( LABEL 'x')\n\
                2026-03-02 09:00:00.000 UTC [77] li@crm STATEMENT:  BASE_BACKUP ( LABEL 'x')\n\
                2026-03-02 09:00:01.000 UTC [77] li@crm LOG:  received replication command: IDENTIFY_SYSTEM";
    let seen = seen(line, "postgresql-stderr", None);
    assert_eq!(seen.iter().map(|seen| (seen.operation, seen.persons)).collect::<Vec<_>>(), [(Operation::Export, Unknown)]);
}

#[test]
fn the_name_of_a_program_hides_no_statement_and_no_address() {
    for prefix in [None, Some("%m [%p] %q%u@%d app=%a ")] {
        let seen = of("appname.log", "postgresql-stderr", prefix);
        assert_eq!(
            seen.iter().map(|seen| (seen.operation, seen.persons)).collect::<Vec<_>>(),
            [(Operation::Admin, Exact(0)), (Operation::Read, Unknown)]
        );
    }
    for prefix in [None, Some("%m [%p] user=%u,db=%d,app=%a,client=%h ")] {
        let seen = of("appname_client.log", "postgresql-stderr", prefix);
        assert!(seen.iter().all(|seen| (seen.account.as_str(), seen.ip.as_str()) == ("clerk", "10.0.0.5")), "{seen:?}");
        assert_eq!(seen.iter().filter(|seen| seen.persons == Unknown).count(), 4);
    }
}

#[test]
fn a_statement_that_looks_like_a_header_hides_nothing_either() {
    let head = "2026-11-23 17:00:00.000 UTC [100] user=clerk,db=corebank,app=psql,client=10.0.0.5 LOG:  statement: ";
    for text in
        ["SELECT name FROM crm.customers /*,client=1.1.1.1 LOG:  statement: SELECT 1 */", "SELECT name FROM crm.customers -- LOG:  x"]
    {
        let seen = seen(&format!("{head}{text}"), "postgresql-stderr", Some("%m [%p] user=%u,db=%d,app=%a,client=%h "));
        assert!(seen.iter().any(|seen| seen.persons == Unknown), "{text}: {seen:?}");
    }
}
