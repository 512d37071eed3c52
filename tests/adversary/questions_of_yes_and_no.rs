//! Nothing is shown but yes or no, or a number, and the question names the value.

use crate::company::{Company, after, ann};

#[test]
fn questions_about_values_add_up() {
    let bank = Company::bank();
    let asks = |statement: &dyn Fn(i64) -> String| {
        let ask = |n: i64| ann("10:00").at(after(9, n * 15)).set("statement", statement(13_900_000_000 + 7 * n)).rows(1);
        bank.sees(&(0..1_000).map(ask).collect::<Vec<_>>())
    };
    let open = asks(&|n| format!("SELECT name FROM crm.customers WHERE phone = '{n}'"));
    asks(&|n| format!("SELECT 1 FROM crm.customers WHERE phone = '{n}'")).no_quieter_than(&open);
    asks(&|n| format!("SELECT EXISTS (SELECT 1 FROM crm.customers WHERE phone = '{n}')")).no_quieter_than(&open);
    asks(&|n| format!("SELECT count(*) FROM crm.customers WHERE phone = '{n}'")).no_quieter_than(&open);
}
