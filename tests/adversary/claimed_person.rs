//! Whoever has the password of an application's login says in a comment that somebody else is asking.

use crate::common::line::{Line, by_account, on};
use crate::company::{Company, TODAY, mix, worker};
use leakwarden::model::identity::Identity;
use serde_json::json;

const ACCOUNTS: &str = "account,shared,hosts\napp,true,10.0.0.*\n";

/// The application asks for somebody.
fn asks(day: i64, time: &str, person: &str, customers: impl Iterator<Item = u64>) -> Line {
    let customers: Vec<u64> = customers.collect();
    let line = by_account("app").at(on(day, time)).set("client", json!({"ip": "10.0.0.7", "app": "crm-web"}));
    let statement = format!("SELECT name, phone FROM crm.customers WHERE id = ANY($1) /* user='{person}' */");
    line.set("statement", statement).rows(customers.len() as u64).of(customers)
}

/// Sixty days on which the application asks for ten tellers, for each for about a dozen customers.
fn bank() -> Company {
    let mut past = Vec::new();
    for day in (0..TODAY).filter(|day| day % 7 < 5) {
        past.extend(work(day));
    }
    Company::bank().with("accounts.csv", ACCOUNTS).past(past)
}

fn work(day: i64) -> Vec<Line> {
    let of = |n: u64| {
        let count = 10 + mix(day as u64 * 100 + n) % 6;
        (0..count).map(move |k| {
            let customer = 2_000_000 + n * 1_000 + mix(day as u64 * 7 + n * 31 + k) % 900;
            asks(day, &format!("{:02}:{:02}", 9 + (k * 40 + n) / 60, (k * 40 + n) % 60), &format!("bob{n}"), std::iter::once(customer))
        })
    };
    (1..=10).flat_map(of).collect()
}

#[test]
fn a_claim_hides_neither_the_act_nor_the_login() {
    let bank = bank();
    bank.sees(&work(TODAY)).is_quiet();
    let taken = |n: u64| 5_000_000 + n * 13;
    let open = bank.sees(&[worker("ann", TODAY, "15:00").reads("crm.customers", &["name", "phone"]).of((0..10_000).map(taken))]);
    let hidden = bank.sees(&[work(TODAY), vec![asks(TODAY, "15:00", "bob3", (0..10_000).map(taken))]].concat());
    hidden.no_quieter_than(&open);
    let claimed = hidden.about(&["bob3"]);
    assert!(
        claimed.iter().all(|alert| (alert.identity, alert.account.as_deref()) == (Some(Identity::Claimed), Some("app"))),
        "{claimed:?}"
    );
    assert!(!claimed.is_empty() && !hidden.about(&["app"]).is_empty(), "{:#?}", hidden.told());
    // From where the application does not run.
    let elsewhere = asks(TODAY, "15:00", "bob3", (0..10_000).map(taken)).set("client", json!({"ip": "10.9.9.9"}));
    let elsewhere = bank.sees(&[work(TODAY), vec![elsewhere]].concat());
    elsewhere.no_quieter_than(&open);
    assert!(elsewhere.about(&["bob3"]).is_empty(), "{:#?}", elsewhere.told());
}

#[test]
fn a_little_in_the_name_of_each_is_no_quieter_than_all_in_ones_own() {
    let bank = bank();
    let taken = |n: u64| 5_000_000 + n * 13;
    let open = bank.sees(&[worker("ann", TODAY, "15:00").reads("crm.customers", &["name", "phone"]).of((0..10_000).map(taken))]);
    let share = |n: u64| asks(TODAY, "15:00", &format!("bob{n}"), (n * 1_000..n * 1_000 + 1_000).map(taken));
    let spread = bank.sees(&[work(TODAY), (1..=10).map(share).collect()].concat());
    spread.no_quieter_than(&open);
    assert!(!spread.about(&["app"]).is_empty(), "{:#?}", spread.told());
}
