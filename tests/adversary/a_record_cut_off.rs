//! The record breaks off, before its rows or within its statement.

use crate::common::line::on;
use crate::company::{Company, TODAY, ann, takes_all};

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
    // A look at one person is none the more for it.
    let look = ann("10:00").reads("crm.customers", &["name"]).of([1_000_004]).rows(1).to_string();
    let seen = bank.sees_arriving(vec![(at, look.trim_end_matches('}').to_owned())]);
    assert!(seen.alerts.iter().all(|alert| alert.typology.name() == "tampering"), "{:#?}", seen.told());
}
