//! No count is below the truth, and none is exact and unequal: random statements, evaluated by a real engine.
//!
//! [`grammar`] writes each statement twice: as an employee would send it, and with a mark beside each value that says whose
//! data went into it. SQLite evaluates both; the marks of the second are the people whom the rows of the first show. What
//! counting makes of the text and the number of rows is held against them.
//!
//! `LEAKWARDEN_TRUTH=100000` sets the number of statements, `LEAKWARDEN_TRUTH_SEED` where they begin. [`laboratory`] does the same
//! with a real PostgreSQL and what it logs.

mod company;
mod expressions;
mod grammar;
mod laboratory;
mod packing;

use company::Company;
use grammar::{Sort, Statement};
use leakwarden::classify::catalog::Catalog;
use leakwarden::classify::counting::disclose;
use leakwarden::model::access::{Position, RecordHash};
use leakwarden::model::keys::Keys;
use leakwarden::model::persons::Persons;
use leakwarden::model::record::{Dialect, Record};
use leakwarden::model::time::Timestamp;
use std::collections::BTreeMap;

/// Statements of a quick run; the full tier asks for 100,000.
const STATEMENTS: u64 = 10_000;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |text| text.parse().expect("is a number"))
}

/// What counting says of a statement of which the log gives so many rows.
fn counted(statement: &str, dialect: Dialect, rows: Option<u64>, catalog: &Catalog) -> Persons {
    let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
    record.statement = Some(statement.into());
    record.dialect = dialect;
    record.rows = rows;
    disclose(&record, catalog, &Keys::built_in()).persons
}

/// What is wrong with a count, if anything.
fn fault(said: Persons, truth: u64, statement: &Statement) -> Option<&'static str> {
    match said {
        Persons::Unknown | Persons::AtLeast(_) => None,
        Persons::Exact(n) | Persons::AtMost(n) if n < truth => Some("below the truth"),
        // Of rows that show nobody's data, a condition on somebody's may still tell that the person is there.
        Persons::Exact(n) if n != truth && !(truth == 0 && statement.probes) => Some("exact and unequal"),
        Persons::Exact(_) | Persons::AtMost(_) => None,
    }
}

#[test]
fn no_count_is_below_the_truth_and_none_is_exact_and_unequal() {
    let (count, first) = (number("LEAKWARDEN_TRUTH", STATEMENTS), number("LEAKWARDEN_TRUTH_SEED", 0));
    let catalog = Catalog::parse(company::CATALOG, "catalog.toml").expect("is valid");
    let company = Company::new();
    let (mut faults, mut tally, mut refused) = (Vec::new(), BTreeMap::<(Sort, &str), u64>::new(), 0_u64);
    for seed in first..first + count {
        let statement = grammar::statement(seed);
        let Some((rows, truth)) = company.evaluate(&statement) else {
            refused += 1;
            continue;
        };
        for said_rows in [Some(rows), None] {
            let said = counted(&statement.text, statement.dialect, said_rows, &catalog);
            if said_rows.is_some() {
                let certainty = match said {
                    Persons::Exact(_) => "exact",
                    Persons::AtMost(_) => "at most",
                    Persons::AtLeast(_) | Persons::Unknown => "unknown",
                };
                *tally.entry((statement.sort, certainty)).or_default() += 1;
            }
            if let Some(fault) = fault(said, truth, &statement) {
                faults.push(format!(
                    "{fault}: seed {seed}, {:?}, rows {said_rows:?}, truth {truth}, said {said}\n    {}",
                    statement.dialect, statement.text
                ));
            }
        }
    }
    println!("{count} statements, {refused} of them refused by the engine");
    for ((sort, certainty), n) in &tally {
        println!("{sort:?}: {certainty} {n}");
    }
    let shown: Vec<&String> = faults.iter().take(number("LEAKWARDEN_TRUTH_SHOWN", 20) as usize).collect();
    assert!(faults.is_empty(), "{} of {count} statements:\n{}", faults.len(), shown.into_iter().cloned().collect::<Vec<_>>().join("\n"));
    // A grammar that the engine does not take, or of which nothing is counted, proves nothing.
    assert!(refused * 50 < count, "{refused} of {count} statements were refused by the engine");
    for sort in [Sort::Plain, Sort::Joined, Sort::Whole] {
        let of = |certainty: &str| tally.get(&(sort, certainty)).copied().unwrap_or(0);
        let all = of("exact") + of("at most") + of("unknown");
        assert!(of("unknown") * 4 < all, "{sort:?}: {} of {all} are unknown", of("unknown"));
    }
    let exact = |sort: Sort| tally.get(&(sort, "exact")).copied().unwrap_or(0);
    assert!(exact(Sort::Plain) > count / 20, "plain statements are exact: {}", exact(Sort::Plain));
}
