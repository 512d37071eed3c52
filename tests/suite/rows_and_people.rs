//! How many people the rows of a statement are: everyday statements exactly, others within bounds that hold.
//!
//! They stand in `tests/fixtures/statements/rows_and_people.sql`.

use leakwarden::classify::catalog::Catalog;
use leakwarden::classify::counting::disclose;
use leakwarden::model::access::{Position, RecordHash};
use leakwarden::model::keys::Keys;
use leakwarden::model::persons::Persons;
use leakwarden::model::record::{Dialect, Record};
use leakwarden::model::time::Timestamp;

/// The table of customers under the names that tools know it by, and one of their accounts.
fn catalog() -> Catalog {
    let customers = ["customers", "crm.customers", "public.customers", "p.crm.customers", "hive.crm.customers"].map(|table| {
        format!(
            "[[table]]\ntable = \"{table}\"\nsubject = \"id\"\nrows_per_subject = \"one\"\n[table.columns]\nname = \"name\"\n\
             phone = \"phone_number\"\nid_card = \"id_number\"\nemail = \"other_identifying\"\n"
        )
    });
    let accounts = "[[table]]\ntable = \"bank.accounts\"\nsubject = \"customer_id\"\nrows_per_subject = \"many\"\n[table.columns]\n\
                    account_no = \"bank_account\"\nbalance = \"property\"\n";
    let branches = "[[table]]\ntable = \"ref.branches\"\n";
    Catalog::parse(&format!("{}{accounts}{branches}", customers.concat()), "catalog.toml").expect("is valid")
}

#[test]
fn rows_are_as_many_people_as_they_can_be() {
    let corpus = include_str!("../fixtures/statements/rows_and_people.sql");
    let catalog = catalog();
    let (mut faults, mut count) = (Vec::new(), 0);
    for line in corpus.lines().filter(|line| !line.starts_with("--")) {
        let mut parts = line.splitn(4, " | ");
        let mut part = || parts.next().expect("four parts");
        let (name, rows, right, statement) = (part(), part(), part(), part());
        let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
        record.statement = Some(statement.into());
        record.dialect = Dialect::ALL.iter().find(|(known, _)| *known == name).expect("a dialect").1;
        record.rows = (rows != "-").then(|| rows.parse().expect("a number"));
        let said = disclose(&record, &catalog, &Keys::built_in()).persons;
        let (word, number) = right.rsplit_once(' ').expect("a bound");
        let holds = match (word, number.parse::<u64>()) {
            ("exact", Ok(n)) => said == Persons::Exact(n),
            ("at most", Ok(n)) => matches!(said, Persons::Exact(m) | Persons::AtMost(m) if m <= n),
            ("at least", Ok(n)) => match said {
                Persons::Exact(m) | Persons::AtMost(m) => m >= n,
                _ => true,
            },
            _ => !matches!(said, Persons::Exact(_)),
        };
        if !holds {
            faults.push(format!("{said}: {line}"));
        }
        count += 1;
    }
    assert!(count > 300, "{count} statements");
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
}
