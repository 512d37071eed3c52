//! The export says that it was done years ago, when nobody was watched.

use crate::common::line::on;
use crate::company::{Company, TODAY, takes_all};

#[test]
fn a_time_long_ago_is_judged_and_not_forgotten() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for tells in ["2026-03-01T10:00:00Z", "2025-11-03T10:00:00Z", "2024-06-03T10:00:00Z", "2001-01-01T10:00:00Z"] {
        let seen = bank.sees_arriving(vec![(on(TODAY, "10:00"), takes_all("10:00").at(tells).to_string())]);
        seen.no_quieter_than(&open);
    }
}
