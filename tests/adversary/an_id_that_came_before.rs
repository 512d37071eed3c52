//! The export bears the id of a record that came before, so as to be taken for a repeat.

use crate::company::{Company, TODAY, ann, takes_all, worker};

#[test]
fn an_id_erases_nothing() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let look = |who: &str| worker(who, TODAY, "09:58").reads("crm.customers", &["name"]).of([1_000_004]).rows(1).id("r-7");
    for who in ["ann", "bob1"] {
        bank.sees(&[look(who), takes_all("10:00").id("r-7")]).no_quieter_than(&open);
    }
    // Written twice with all that it says, it is one record.
    bank.sees(&[look("ann"), look("ann")]).is_quiet();
    let thousands = |n: u64| ann("10:00").reads("crm.customers", &["name", "phone"]).of(n..n + 1_000).rows(1_000).id("r-8");
    let pieces: Vec<_> = (0..10).map(|n| thousands(5_000_000 + 1_000 * n)).collect();
    bank.sees(&pieces).no_quieter_than(&open);
}
