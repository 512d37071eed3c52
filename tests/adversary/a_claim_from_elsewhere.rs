//! A login that may speak for others from its own hosts does so from a laptop.

use crate::common::line::{Line, by_account, on};
use crate::company::{Company, TODAY};

#[test]
fn a_claim_from_elsewhere_is_no_claim() {
    let accounts = "account,system,employee,from,to,shared,hosts\nann,,ann,,,,\nbob1,,bob1,,,,\nweb,,,,,true,10.0.0.*\n";
    let bank = Company::bank().with("accounts.csv", accounts);
    let take = |login: &str, ip: &str, end: &str| -> Line {
        let line = by_account(login).at(on(TODAY, "10:00")).set("client", serde_json::json!({"ip": ip}));
        line.set("statement", format!("SELECT id, name, phone FROM crm.customers{end}")).rows(10_000)
    };
    let open = bank.sees(&[take("ann", "10.0.0.7", "")]);
    let seen = bank.sees(&[take("web", "10.66.6.6", " /* user=bob1 */")]);
    seen.no_quieter_than(&open);
    assert!(seen.alerts.iter().all(|alert| alert.employee.is_none()), "nobody is accused: {:#?}", seen.told());
}
