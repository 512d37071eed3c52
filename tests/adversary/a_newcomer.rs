//! Somebody of whom nothing is known yet: hired today, or in no directory.

use crate::company::{Company, TODAY, people, takes_all, worker};

#[test]
fn who_is_new_is_held_against_the_others() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let take = |name: &str| worker(name, TODAY, "10:00").set("statement", "SELECT id, name, phone FROM crm.customers").rows(10_000);
    bank.sees(&[take("E-4711")]).no_quieter_than(&open);
    let mut employees = "employee,unit,role,hired,left,shift_start,shift_end\nnew,U,teller,2026-05-04,,09:00,18:00\n".to_owned();
    people().for_each(|(name, unit, role)| employees += &format!("{name},{unit},{role},2020-01-01,,09:00,18:00\n"));
    Company::bank().with("employees.csv", employees).sees(&[take("new")]).no_quieter_than(&open);
}
