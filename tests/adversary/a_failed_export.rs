//! The export is cancelled once most rows are out.

use crate::company::{Company, takes_all};

#[test]
fn what_failed_after_it_gave_rows_is_no_quieter() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    bank.sees(&[takes_all("10:00").set("outcome", "failure")]).no_quieter_than(&open);
}
