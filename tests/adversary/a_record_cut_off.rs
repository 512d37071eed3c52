//! The record breaks off, before its rows or within its statement.

use crate::common::line::on;
use crate::company::{Company, TODAY, takes_all};

#[test]
fn what_is_cut_off_is_unknown_and_not_nothing() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let at = on(TODAY, "10:00");
    let head = format!(r#"{{"time":"{at}","employee":"ann","client":{{"host":"desk-ann","app":"crm"}},"#);
    for tail in [
        r#""statement":"SELECT id, name, phone FROM crm.customers","rows":"#,
        r#""statement":"SELECT id, name, phone FROM crm.cust"#,
        r#""objects":[{"table":"crm.customers","columns":["name","phone"]}],"operation":"export","ro"#,
        r#""objects":[{"table":"crm.customers","columns":["na"#,
    ] {
        bank.sees_arriving(vec![(at, format!("{head}{tail}"))]).no_quieter_than(&open);
    }
}
