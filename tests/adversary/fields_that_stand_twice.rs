//! A field stands twice: small for one reader, and true for another.

use crate::common::line::on;
use crate::company::{Company, TODAY, ann, takes_all};

#[test]
fn of_two_readings_the_larger_counts() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let line = takes_all("10:00").to_string();
    let other = |more: &str, first: bool| match first {
        true => line.replacen('{', &format!("{{{more},"), 1),
        false => format!("{},{more}}}", line.trim_end_matches('}')),
    };
    for first in [true, false] {
        for more in [r#""rows":1"#, r#""statement":"SELECT 1""#] {
            bank.sees_arriving(vec![(on(TODAY, "10:00"), other(more, first))]).no_quieter_than(&open);
        }
    }
    // The same twice is only written twice.
    let look = ann("10:00").reads("crm.customers", &["name"]).of([1_000_004]).rows(1).to_string();
    bank.sees_arriving(vec![(on(TODAY, "10:00"), look.replacen('{', "{\"rows\":1,", 1))]).is_quiet();
}
