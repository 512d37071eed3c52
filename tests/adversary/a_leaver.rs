//! The account of somebody who left takes a few people a day.

use crate::company::{Company, TODAY, ann, worker};

#[test]
fn a_leavers_account_is_no_quieter_than_the_own() {
    let bank = Company::bank();
    let open = bank.sees(&[ann("10:00").reads("crm.customers", &["name", "phone"]).rows(600)]);
    let left = "employee,unit,role,hired,left,shift_start,shift_end\nbob1,U,teller,2020-01-01,2026-04-30,09:00,18:00\nann,U,teller,2020-01-01,,09:00,18:00\n";
    let ghost = Company::bank().with("employees.csv", left);
    let seen = ghost.sees(&[worker("bob1", TODAY, "10:00").reads("crm.customers", &["name", "phone"]).rows(600)]).of(&["bob1"]);
    seen.no_quieter_than(&open);
}
