//! The same statement with comments, quotes, other letters and other shapes.

use crate::company::{Company, runs, takes_all};

#[test]
fn the_spelling_of_a_statement_hides_nothing() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "/* count(*) */ select/**/name,phone/**/from/**/crm.customers",
        "SELECT \"name\", \"phone\" FROM \"crm\".\"customers\"",
        "SeLeCt c.Name, c.PHONE fRoM CRM.Customers AS c",
        "TABLE crm.customers",
        "WITH x AS (SELECT name, phone FROM crm.customers) SELECT * FROM x",
        "SELECT y.a, y.b FROM (SELECT name, phone FROM crm.customers) AS y(a, b)",
        "SELECT name, phone FROM crm.customers WHERE id % 2 = 0 UNION ALL SELECT name, phone FROM crm.customers WHERE id % 2 = 1",
        "SELECT c.name, c.phone FROM ref.branches b, LATERAL (SELECT * FROM crm.customers) c",
        "SELECT 1; SELECT name, phone FROM crm.customers",
    ] {
        bank.sees(&[runs("10:00", statement, 10_000)]).no_quieter_than(&open);
    }
}
