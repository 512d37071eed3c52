//! Statements of every dialect whose one row shows many people: none of them is counted as somebody or nobody.
//!
//! What a hostile reader of the rules would try. They stand in `tests/fixtures/statements/one_row_many_people.sql`.

use crate::common::world;
use leakwarden::classify::catalog::Catalog;
use leakwarden::classify::counting::disclose;
use leakwarden::model::access::{Position, RecordHash};
use leakwarden::model::keys::Keys;
use leakwarden::model::persons::Persons;
use leakwarden::model::record::{Dialect, EventOutcome, Record};
use leakwarden::model::time::Timestamp;

#[test]
fn a_row_that_shows_many_people_is_never_counted_as_one_or_nobody() {
    let corpus = include_str!("../fixtures/statements/one_row_many_people.sql");
    let catalog = Catalog::parse(world::CATALOG, "catalog.toml").expect("is valid");
    let (mut faults, mut count) = (Vec::new(), 0);
    for line in corpus.lines().filter(|line| !line.starts_with("--")) {
        let (name, statement) = line.split_once(' ').expect("a dialect and a statement");
        let (_, dialect) = *Dialect::ALL.iter().find(|(known, _)| *known == name).expect("a dialect");
        for rows in [Some(1), Some(0), None] {
            let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
            record.statement = Some(statement.into());
            (record.dialect, record.rows) = (dialect, rows);
            let said = disclose(&record, &catalog, &Keys::built_in()).persons;
            if !matches!(said, Persons::Unknown) && rows != Some(0) {
                faults.push(format!("{said} with rows {rows:?}: {line}"));
            }
        }
        count += 1;
    }
    assert!(count > 200, "{count} statements");
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn an_error_may_show_what_a_condition_packed() {
    let catalog = Catalog::parse(world::CATALOG, "catalog.toml").expect("is valid");
    for (dialect, statement) in [
        (
            Dialect::MySql,
            "SELECT 1 FROM crm.customers WHERE id = 1 AND updatexml(1, concat(0x7e, (select group_concat(name) from crm.customers)), 1)",
        ),
        (Dialect::MsSql, "SELECT 1 WHERE 1 = CONVERT(int, (SELECT STRING_AGG(name, ',') FROM crm.customers))"),
        (Dialect::PostgreSql, "SELECT 1 FROM crm.customers WHERE 1 = CAST((SELECT string_agg(name, ',') FROM crm.customers) AS int)"),
    ] {
        for rows in [None, Some(0)] {
            let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
            record.statement = Some(statement.into());
            (record.dialect, record.rows, record.outcome) = (dialect, rows, EventOutcome::Failure);
            let said = disclose(&record, &catalog, &Keys::built_in()).persons;
            assert_eq!(said, Persons::Unknown, "{statement} with rows {rows:?}");
        }
    }
}
