//! The keys come from a parameter, a list or another table, and the log counts no rows.

use crate::company::{Company, ann, takes_all};

#[test]
fn keys_without_a_number_are_no_fewer() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "SELECT id, name, phone FROM crm.customers WHERE id = ANY($1)",
        "SELECT id, name, phone FROM crm.customers WHERE id IN (SELECT id FROM crm.births)",
        "SELECT id, name, phone FROM crm.customers WHERE id IN (SELECT unnest($1::int[]))",
        "SELECT c.name, c.phone FROM crm.customers c JOIN ref.wanted w ON w.id = c.id",
        "SELECT name, phone FROM crm.customers WHERE id = id",
        "SELECT name, phone FROM crm.customers WHERE id = 7 OR true",
    ] {
        bank.sees(&[ann("10:00").set("statement", statement)]).no_quieter_than(&open);
    }
    bank.sees(&[ann("10:00").set("statement", "SELECT name, phone FROM crm.customers WHERE id = $1")]).is_quiet();
}
