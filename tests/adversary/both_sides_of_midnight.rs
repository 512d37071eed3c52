//! One half is taken before midnight and one after, so that no day has all of it.

use crate::company::{Company, TODAY, runs, worker};

#[test]
fn midnight_divides_nothing() {
    let bank = Company::bank();
    let all = "SELECT name, phone FROM crm.customers";
    let late = |day: i64, time: &str, rows: u64| worker("ann", day, time).set("statement", all).rows(rows);
    let open = bank.sees(&[late(TODAY + 1, "00:05", 10_000)]);
    bank.sees(&[runs("23:55", all, 5_000), late(TODAY + 1, "00:05", 5_000)]).no_quieter_than(&open);
}
