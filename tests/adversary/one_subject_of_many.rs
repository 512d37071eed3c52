//! The record names one person and gives ten thousand rows.

use crate::company::{Company, takes_all};

#[test]
fn rows_count_beside_whom_the_record_names() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    bank.sees(&[takes_all("10:00").of([1_000_004])]).no_quieter_than(&open);
}
