//! Small tables of a company in a real engine, and the people whom a statement shows of them.

use super::grammar::Statement;
use rusqlite::Connection;
use std::collections::BTreeSet;

/// What the catalog says of the tables below.
pub const CATALOG: &str = r#"
    [[table]]
    table = "customers"
    subject = "id"
    [table.columns]
    name = "name"
    phone = "phone_number"
    balance = "property"

    [[table]]
    table = "accounts"
    subject = "customer_id"
    rows_per_subject = "many"
    [table.columns]
    account_no = "bank_account"
    amount = "property"

    [[table]]
    table = "calls"
    subject = "caller"
    rows_per_subject = "many"
    subject_space = "telco"
    [table.columns]
    caller = "communication_record"
    callee = "communication_record"

    [[table]]
    table = "branches"
"#;

/// Two people of one name, one without accounts, accounts of nobody, calls among few: what makes rows and people differ.
pub const TABLES: &str = "
    CREATE TABLE customers (k INTEGER PRIMARY KEY, id INTEGER UNIQUE, name TEXT, phone INTEGER, balance INTEGER, city TEXT, branch INTEGER);
    INSERT INTO customers VALUES
        (1, 11, 'ann', 7001, 50, 'x', 1), (2, 12, 'ann', 7002, 60, 'x', 1), (3, 13, 'bea', 7003, 50, 'y', 2),
        (4, 14, 'cem', 7004, 990, 'y', 2), (5, 15, 'dag', 7005, 70, 'y', 3), (6, 16, 'eve', 7006, 80, 'z', 3),
        (7, 17, 'fay', 7007, 80, 'x', 1), (8, 18, 'gus', 7008, 10, 'x', 2), (9, 19, 'hal', 7009, 20, 'y', 2);
    CREATE TABLE accounts (k INTEGER PRIMARY KEY, customer_id INTEGER, account_no TEXT, amount INTEGER, kind TEXT);
    INSERT INTO accounts VALUES
        (1, 11, 'a1', 5, 'g'), (2, 11, 'a2', 6, 's'), (3, 12, 'a3', 5, 'g'), (4, 13, 'a4', 90, 'g'), (5, 14, 'a5', 7, 's'),
        (6, 14, 'a6', 8, 's'), (7, 14, 'a7', 9, 'g'), (8, 15, 'a8', 5, 'g'), (9, 16, 'a9', 1, 'p'), (10, 17, 'b1', 2, 'g'),
        (11, 18, 'b2', 3, 's'), (12, 42, 'b3', 4, 'g');
    CREATE TABLE calls (k INTEGER PRIMARY KEY, caller INTEGER, callee INTEGER, cell INTEGER);
    INSERT INTO calls VALUES
        (1, 7001, 7002, 1), (2, 7001, 7003, 1), (3, 7002, 7001, 2), (4, 7004, 7009, 3), (5, 7004, 7008, 3), (6, 7005, 7007, 1),
        (7, 7006, 7001, 2), (8, 7008, 7004, 2);
    CREATE TABLE branches (k INTEGER PRIMARY KEY, id INTEGER, city TEXT);
    INSERT INTO branches VALUES (1, 1, 'x'), (2, 2, 'y'), (3, 3, 'z');
    CREATE TABLE scratch (a TEXT, b TEXT, c TEXT, d TEXT, e TEXT, f TEXT, g TEXT, h TEXT);
";

/// The tables, in memory.
pub struct Company(Connection);

impl Company {
    pub fn new() -> Company {
        let tables = Connection::open_in_memory().expect("a database in memory");
        tables.execute_batch(TABLES).expect("the tables are valid");
        Company(tables)
    }

    /// The number of rows of a statement and the number of people they show; `None` where the engine does not take it.
    pub fn evaluate(&self, statement: &Statement) -> Option<(u64, u64)> {
        let mut rows = 0;
        self.each(&statement.engine, |_| rows += 1)?;
        let mut people = BTreeSet::new();
        self.each(&statement.marked, |row| {
            for column in 0..row.as_ref().column_count() {
                if row.as_ref().column_name(column).is_ok_and(|name| name.starts_with("p_")) {
                    let marks: Option<String> = row.get(column).expect("a mark is a text");
                    people.extend(marks.iter().flat_map(|marks| marks.split('|')).filter(|mark| !mark.is_empty()).map(str::to_owned));
                }
            }
        })?;
        Some((rows, people.len() as u64))
    }

    fn each(&self, text: &str, mut row: impl FnMut(&rusqlite::Row<'_>)) -> Option<()> {
        let mut prepared = match self.0.prepare(text) {
            Ok(prepared) => prepared,
            Err(error) if std::env::var_os("LEAKWARDEN_TRUTH_ERRORS").is_some() => {
                println!("{error}\n    {text}");
                return None;
            }
            Err(_) => return None,
        };
        let mut rows = prepared.query([]).ok()?;
        while let Some(next) = rows.next().ok()? {
            row(next);
        }
        Some(())
    }
}
