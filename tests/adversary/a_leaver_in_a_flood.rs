//! The account of somebody who left is used while everybody else is loud.

use crate::common::line::Line;
use crate::company::{Company, TODAY, people, worker};

#[test]
fn no_volume_of_others_hides_a_leaver() {
    let mut employees = "employee,unit,role,hired,left,shift_start,shift_end\n".to_owned();
    people().for_each(|(name, unit, role)| employees += &format!("{name},{unit},{role},2020-01-01,,09:00,18:00\n"));
    let bank = Company::bank().with("employees.csv", employees + "zoe,U,teller,2020-01-01,2026-04-30,09:00,18:00\n");
    let ghost = || worker("zoe", TODAY, "15:00").reads("crm.customers", &["name", "phone"]).of(9_000_001..9_000_014).rows(13);
    let open = bank.sees(&[ghost()]);
    let loud = |n| worker(&format!("bob{n}"), TODAY, "09:30").reads("crm.customers", &["name", "phone"]).rows(90_000);
    let mut all: Vec<Line> = (1..=10).map(loud).collect();
    all.push(ghost());
    bank.sees(&all).of(&["zoe"]).no_quieter_than(&open);
}
