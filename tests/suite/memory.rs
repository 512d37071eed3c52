//! What one employee costs, against the limits of the design: 8 KiB after 90 ordinary days, 64 KiB at the most, apart from
//! the set behind the statutory counter. `cargo test --release --test suite memory:: -- --ignored --nocapture` prints the figures.

use crate::common::line::{Line, access, on};
use crate::common::play::Play;
use crate::common::world::World;
use leakwarden::engine::tracked::Tracked;
use leakwarden::model::access::Actor;
use leakwarden::model::time::Span;
use leakwarden::profile::EXACT_ENTRIES;
use leakwarden::triage::Episode;

const TYPICAL: usize = 8 * 1024;
const MOST: usize = 64 * 1024;

/// Bytes of the profile with what is found, and of the set behind the statutory counter.
fn bytes(tracked: &Tracked) -> (usize, usize) {
    let (profile, set) = tracked.profile.heap_bytes();
    let profile = profile + tracked.episodes.capacity() * size_of::<Episode>();
    let stored = postcard::to_stdvec(&tracked.keep()).expect("stores").len();
    println!("  in place {} B, profile {profile} B, set {set} B, in a snapshot {stored} B", size_of::<Tracked>());
    (size_of::<Tracked>() + profile, set)
}

#[test]
#[ignore = "prints figures; seconds even when optimised"]
fn an_employee_after_90_days_at_20_accesses_a_day() {
    let context = World::bank().context();
    let mut play = Play::new(&context);
    const PEOPLE: u64 = 100;
    for day in 0..90 {
        let mut lines: Vec<Line> = Vec::new();
        for n in 0..20 {
            for who in 0..PEOPLE {
                let at = on(day, "09:00") + Span::minutes(n * 25) + Span::seconds(who as i64 % 60);
                // Customers come back, a few of them on the same day.
                let customer = who * 10_000 + (day as u64 * 131 + n as u64 * n as u64 * 17) % 700;
                let line = access(&format!("e{who}")).at(at).id(format!("{day}-{n}-{who}"));
                lines.push(match n % 4 {
                    0 => line.reads("crm.customers", &["name", "phone"]).of([customer]).rows(1),
                    1 => line.reads("hotel.stays", &["room"]).of([customer]).rows(3),
                    2 => line.reads("bank.accounts", &["account_no"]).of([customer]).rows(2),
                    _ => line.reads("crm.customers", &["name"]).of([customer]).rows(1),
                });
            }
        }
        play.take(&lines);
    }
    play.finish();
    let mut all: Vec<(usize, usize)> = (0..PEOPLE).map(|who| bytes(&play.of(&format!("e{who}")))).collect();
    all.sort_unstable();
    let (median, most) = (all[all.len() / 2], all[all.len() - 1]);
    println!("typical: {} B of {TYPICAL}, set {} B; largest {} B", median.0, median.1, most.0);
    assert!(most.0 <= TYPICAL, "{} B", most.0);
}

#[test]
#[ignore = "prints figures; seconds even when optimised"]
fn an_employee_at_every_bound() {
    let context = World::bank().context();
    let mut play = Play::new(&context);
    // Every five minutes of 100 days, from 40 files at once as it were, 300 people in all kinds, exports without people beside.
    let mut person = 0;
    for day in 0..100 {
        let mut lines: Vec<Line> = Vec::new();
        for unit in 0..288_i64 {
            let at = on(day, "00:00") + Span::minutes(unit * 5);
            let who = |n: i64| access("e1").at(at + Span::seconds(n * 20)).id(format!("{day}-{unit}-{n}"));
            lines.push(who(0).reads_all(["crm.customers", "loan.credit", "telco.cells"][unit as usize % 3]).of(person..person + 20));
            lines.push(who(1).reads_all("hotel.stays").rows(50));
            lines.push(who(2).reads_all("crm.customers"));
            lines.push(who(3).reads_all("bank.accounts").of([person]));
            person += 20;
        }
        play.take(&lines);
    }
    play.finish();
    let tracked = play.of("e1");
    let (profile, set) = bytes(&tracked);
    println!("maximal: {profile} B of {MOST}; the set of {EXACT_ENTRIES} entries {set} B; {} episodes", tracked.episodes.len());
    assert_eq!(tracked.profile.actor, Actor::Employee("e1".into()));
    assert!(profile <= MOST, "{profile} B");
}
