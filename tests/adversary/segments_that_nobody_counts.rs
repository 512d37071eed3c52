//! The people are chosen by a value that many share, and the log counts no rows.

use crate::company::{Company, ann, takes_all};

#[test]
fn a_value_that_many_share_is_no_key() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for condition in ["town = 'Hangzhou'", "is_active = true", "state IN ('A', 'B')", "status = $1", "town = 'x' OR phone = '1'"] {
        let statement = format!("SELECT id, name, phone FROM crm.customers WHERE {condition}");
        bank.sees(&[ann("10:00").set("statement", statement)]).no_quieter_than(&open);
    }
    for condition in ["phone = '13900000007'", "contract_no = 'A-7'", "name = 'Li Lei'", "order_id = $1", "town = 'x' AND id = 7"] {
        let statement = format!("SELECT id, name, phone FROM crm.customers WHERE {condition}");
        bank.sees(&[ann("10:00").set("statement", statement)]).is_quiet();
    }
}
