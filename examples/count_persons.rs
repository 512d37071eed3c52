//! How many people does an SQL statement disclose, and how certain is that? Needs a catalog that says which columns are personal.
//!
//! `cargo run --example count_persons -- config/leakwarden.toml crm "SELECT name FROM crm.customers WHERE id = 'C10001'" 1`

use leakwarden::classify::counting::disclose;
use leakwarden::config::load;
use leakwarden::model::access::{Position, RecordHash};
use leakwarden::model::persons::Persons;
use leakwarden::model::record::{Dialect, Record};
use leakwarden::model::time::Timestamp;
use std::io::Write;
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (config, system, statement, rows) = match arguments.as_slice() {
        [config, system, statement] => (config, system, statement, None),
        [config, system, statement, rows] => (config, system, statement, Some(rows.parse()?)),
        _ => anyhow::bail!("usage: count_persons CONFIG SYSTEM STATEMENT [ROWS]"),
    };
    run(config, system, statement, rows, &mut std::io::stdout())
}

/// Prints the tables, the kinds of personal data and the number of people; `rows` is the size of the result, if the log has it.
pub fn run(config: &str, system: &str, statement: &str, rows: Option<u64>, out: &mut impl Write) -> anyhow::Result<()> {
    let config = load::read_config(Path::new(config)).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let context = load::load(&config).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let record = Record {
        system: Some(system.into()),
        statement: Some(statement.into()),
        dialect: Dialect::PostgreSql,
        rows,
        ..Record::new(Position(1), RecordHash::default(), Timestamp::FIRST)
    };
    let disclosure = disclose(&record, &context.classifier.catalog, &context.classifier.keys);
    for read in &disclosure.reads {
        let kinds: Vec<&str> = read.kinds.iter().map(|kind| kind.name()).collect();
        writeln!(out, "{}: {}", read.table, kinds.join(", "))?;
    }
    match disclosure.persons {
        Persons::Exact(n) => writeln!(out, "exactly {n} people")?,
        Persons::AtMost(n) => writeln!(out, "at most {n} people")?,
        Persons::AtLeast(n) => writeln!(out, "at least {n} people")?,
        Persons::Unknown => writeln!(out, "an unknown number of people: the log has no number of rows")?,
    }
    Ok(())
}
