//! For eight weeks somebody takes a little more each day, so that a lot is what they always take.

use crate::common::line::Line;
use crate::company::{Company, TODAY, takes_all, worker};

fn growing() -> impl Iterator<Item = Line> {
    (0..TODAY).filter(|day| day % 7 < 5).map(|day| {
        let rows = (40.0 * 1.06f64.powi(day as i32)) as u64;
        worker("ann", day, "16:00").set("statement", "SELECT name, phone FROM crm.customers WHERE town = 'x'").rows(rows)
    })
}

#[test]
fn what_grew_slowly_is_still_more_than_the_others_take() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let seen = bank.past(growing()).sees(&[takes_all("10:00")]);
    assert!(seen.first() <= open.first() && seen.is_shown(), "{:?}", seen.told());
}
