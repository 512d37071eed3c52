//! An export is cut into pieces over the working day, each of which a colleague could have made.

use crate::company::{Company, after, runs, takes_all};

#[test]
fn pieces_over_the_day_add_up() {
    let bank = Company::bank();
    let piece = |n: i64| {
        let statement = format!("SELECT id, name, phone FROM crm.customers WHERE region = {n}");
        runs("10:00", &statement, 250).at(after(9, 600 + n * 720))
    };
    let pieces: Vec<_> = (0..40).map(piece).collect();
    bank.sees(&pieces).no_quieter_than(&bank.sees(&[takes_all("17:20")]));
}
