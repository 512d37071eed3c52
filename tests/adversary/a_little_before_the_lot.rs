//! One lets oneself be told of for a hundred and fifty people, and then takes ten thousand within the same alert.

use crate::company::{Company, TODAY, runs, worker};

#[test]
fn an_alert_that_becomes_louder_is_shown_again() {
    let bank = Company::bank();
    let all = "SELECT id, name, phone FROM crm.customers";
    let lot = worker("ann", TODAY + 2, "10:00").set("statement", all).rows(10_000);
    let open = bank.sees(std::slice::from_ref(&lot));
    let seen = bank.sees(&[runs("10:00", all, 170), lot]);
    seen.no_quieter_than(&open);
    let again = |alert: &leakwarden::model::alert::Alert| alert.shown_again.as_deref().or(alert.shown_at.as_deref()) >= Some("2026-05-06");
    assert!(seen.alerts.iter().any(again), "{:#?}", seen.alerts);
}
