//! All people come in one row.

use crate::company::{Company, runs};

#[test]
fn one_row_may_hold_everybody() {
    let bank = Company::bank();
    let open = bank.sees(&[runs("10:00", "SELECT name, phone FROM crm.customers", 10_000)]);
    for packed in [
        "SELECT string_agg(name || phone, ',') FROM crm.customers",
        "SELECT json_agg(c) FROM crm.customers c",
        "SELECT array_agg(phone) FROM crm.customers",
        "SELECT sum(phone::numeric * power(10, id)) FROM crm.customers",
        "SELECT xmlagg(xmlelement(name x, phone)) FROM crm.customers",
    ] {
        bank.sees(&[runs("10:00", packed, 1)]).no_quieter_than(&open);
    }
    bank.sees(&[runs("10:00", "SELECT count(*) FROM crm.customers", 1)]).is_quiet();
}
