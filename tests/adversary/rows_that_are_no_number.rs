//! The number of rows is written as no reader expects it.

use crate::company::{Company, runs, takes_all};
use serde_json::{Value, json};

#[test]
fn however_it_is_written_it_is_no_less() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let written: [Value; 7] =
        [json!(10_000.0), json!("10000"), json!("10,000"), json!(-1), json!([10_000]), json!({"n": 10_000}), json!(null)];
    for rows in written {
        bank.sees(&[runs("10:00", "SELECT id, name, phone FROM crm.customers", 0).set("rows", rows)]).no_quieter_than(&open);
    }
}
