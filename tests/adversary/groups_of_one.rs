//! Sums and counts of groups that are one person each.

use crate::company::{Company, runs, takes_all};

#[test]
fn a_group_of_one_is_a_person() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "SELECT phone, count(*) FROM crm.customers GROUP BY phone",
        "SELECT DISTINCT name, phone FROM crm.customers",
        "SELECT max(name), max(phone) FROM crm.customers GROUP BY id",
        "SELECT name, rank() OVER (ORDER BY phone) FROM crm.customers",
        "SELECT grouping(name), name, count(*) FROM crm.customers GROUP BY CUBE (name)",
    ] {
        bank.sees(&[runs("10:00", statement, 10_000)]).no_quieter_than(&open);
    }
}
