//! What the server keeps to plan with holds values of people.

use crate::company::{Company, ann, takes_all};

#[test]
fn samples_of_the_server_are_read() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'customers'",
        "SELECT * FROM pg_statistic",
        "SELECT * FROM mysql.general_log",
    ] {
        bank.sees(&[ann("10:00").set("statement", statement)]).no_quieter_than(&open);
    }
    bank.sees(&[ann("10:00").set("statement", "SELECT relname, reltuples FROM pg_class")]).is_quiet();
}
