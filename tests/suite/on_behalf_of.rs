//! Services, robots and assistants that act for somebody: what they do is theirs, by baselines of their own, and counts for whom they
//! served as well; no total counts it twice.

use crate::common::line::{Line, by_account, on};
use crate::common::play::{Play, play};
use crate::common::world::World;
use leakwarden::engine::context::Context;
use leakwarden::model::access::Actor;
use leakwarden::model::time::Span;
use leakwarden::model::typology::Typology;
use leakwarden::profile::measure::Measure;
use std::sync::Arc;

fn bank() -> Arc<Context> {
    let rows: String = (1..42).map(|n| format!("e{n},U,teller,2020-01-01\n")).collect();
    let logins: String = (1..42).map(|n| format!("login{n},,e{n},,,\n")).collect();
    World::bank()
        .with("employees.csv", format!("employee,unit,role,hired\n{rows}"))
        .with("accounts.csv", format!("account,system,employee,from,to,shared\nassistant,,,,,\n{logins}"))
        .context()
}

/// Fifteen own customers a day of everybody; and for `e7` the assistant looks at some others.
fn day(day: i64, asks: i64) -> Vec<Line> {
    let mut lines = Vec::new();
    for n in 0..15 {
        for who in 1..42 {
            let at = on(day, "09:05") + Span::minutes(n * 30) + Span::seconds(who);
            let customer = (10_000 * who + (day * 31 + n * 7) % 120) as u64;
            lines.push(by_account(&format!("login{who}")).at(at).reads("crm.customers", &["name", "phone"]).of([customer]));
        }
    }
    for n in 0..asks {
        let at = on(day, "20:00") + Span::seconds(n * 4);
        let line = by_account("assistant").set("on_behalf_of", "e7").at(at).id(format!("a-{day}-{n}"));
        lines.push(line.reads("crm.customers", &["name", "phone"]).of([(1_000_000 + (day * 1_000 + n) * 13) as u64]));
    }
    lines
}

fn people(play: &Play, actor: Actor) -> u64 {
    let key = play.engine.context().key(&actor);
    play.engine.profiles().get(&key).map_or(0, |tracked| tracked.profile.today_figure(Measure::Persons))
}

#[test]
fn what_an_assistant_does_is_its_own_and_counts_for_whom_it_served() {
    let lines = day(0, 9);
    let play = play(&bank(), &lines);
    assert_eq!(people(&play, Actor::Account("assistant".into())), 9);
    assert_eq!(people(&play, Actor::Employee("e7".into())), 15 + 9);
    assert_eq!(people(&play, Actor::Employee("e8".into())), 15);
    assert_eq!(play.counts.accepted, lines.len() as u64, "a record is one record");
}

#[test]
fn who_takes_people_by_an_assistant_is_told_as_who_takes_them_by_hand_and_the_assistant_is_told_too() {
    let mut play = Play::new(&bank());
    (0..21).filter(|n| n % 7 < 5).for_each(|n| play.take(&day(n, 4)));
    play.take(&day(21, 900));
    play.take(&day(22, 0));
    play.finish();
    let told = play.typologies();
    assert!(told.contains(&("e7".to_owned(), Typology::BulkExtract)), "{told:?}");
    assert!(told.contains(&("assistant".to_owned(), Typology::BulkExtract)), "{told:?}");
    // Whether it works at night and how fast is its own.
    let manner = [Typology::ToolDriven, Typology::OffDuty, Typology::BorrowedAccount, Typology::SharedPrivilege];
    assert!(manner.iter().all(|manner| !told.contains(&("e7".to_owned(), *manner))), "{told:?}");
    assert!(told.iter().all(|(who, _)| who == "e7" || who == "assistant"), "{told:?}");
    let alert = play
        .alerts()
        .into_iter()
        .find(|alert| alert.employee.as_deref() == Some("e7") && alert.typology == Typology::BulkExtract)
        .expect("one");
    assert_eq!((alert.identity.map(|identity| identity.name()), alert.account.as_deref()), (Some("claimed"), Some("assistant")));
}

#[test]
fn a_login_that_nobody_knows_and_a_persons_own_serve_nobody() {
    for account in ["stranger", "login3"] {
        let lines: Vec<Line> = (0..400)
            .map(|n| {
                by_account(account)
                    .set("on_behalf_of", "e7")
                    .at(on(0, "10:00") + Span::seconds(n))
                    .reads("crm.customers", &["name"])
                    .of([n as u64])
            })
            .collect();
        let play = play(&bank(), &lines);
        assert_eq!(people(&play, Actor::Employee("e7".into())), 0, "{account}");
        assert!(play.typologies().iter().all(|(who, _)| who != "e7"), "{account}: {:?}", play.typologies());
    }
}
