//! A login that speaks for an application says of each piece that somebody else asks for it.

use crate::common::line::{Line, by_account, on};
use crate::company::{Company, TODAY, after, logins};

fn web(day: i64, time: &str, end: &str, rows: u64) -> Line {
    let statement = format!("SELECT id, name, phone FROM crm.customers WHERE town = 'x'{end}");
    by_account("web").at(on(day, time)).set("statement", statement).rows(rows)
}

#[test]
fn pieces_of_many_claims_are_the_logins() {
    let of_a_day = |day: i64| (1..=4).map(move |n| web(day, &format!("{:02}:30", 9 + n), &format!(" /* user=bob{n} */"), 5));
    let bank = Company::bank().with("accounts.csv", logins("web,,,,,true\n"));
    let bank = bank.past((1..TODAY).filter(|day| day % 7 < 5).flat_map(of_a_day));
    let open = bank.sees(&[web(TODAY, "10:55", "", 10_000)]);
    let of = |name: &str, n: i64| web(TODAY, "10:00", &format!(" /* user={name} */"), 100).at(after(10, 30 * n));
    let colleagues: Vec<_> = (0..100).map(|n| of(&format!("bob{}", 1 + n % 10), n)).collect();
    bank.sees(&colleagues).no_quieter_than(&open);
    let nobody: Vec<_> = (0..100).map(|n| of(&format!("ghost{n}"), n)).collect();
    bank.sees(&nobody).no_quieter_than(&open);
    // What the application does every day is no news.
    let seen = bank.sees(&[web(TODAY, "10:30", " /* user=bob1 */", 5), web(TODAY, "11:30", " /* user=bob2 */", 5)]);
    assert!(seen.alerts.is_empty(), "{:#?}", seen.told());
}
