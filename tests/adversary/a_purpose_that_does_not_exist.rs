//! The statement names a ticket that nobody opened.

use crate::company::{Company, takes_all};

#[test]
fn a_claimed_ticket_explains_nothing() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    bank.sees(&[takes_all("10:00").set("purpose", "ticket:INC-99999")]).no_quieter_than(&open);
}
