//! Employees who left and came back, or moved.

use crate::common::line::{Line, access, on};
use crate::common::play::{Play, play};
use crate::common::world::World;
use leakwarden::engine::context::Context;
use leakwarden::model::typology::Typology;
use std::sync::Arc;

/// e1 left on 8 March and came back to another unit on 16 March, m1 moved on 9 March; forty colleagues stay.
fn company(reasons: &[String]) -> Arc<Context> {
    let spells = "employee,unit,role,hired,left\ne1,North,teller,2020-01-01,2026-03-08\ne1,South,clerk,2026-03-16,\n\
                  m1,North,teller,2020-01-01,\nm1,South,clerk,2026-03-09,\n";
    let others = (2..42).map(|n| format!("e{n},{},teller,2020-01-01,\n", if n % 2 == 0 { "North" } else { "South" }));
    World::bank().with("employees.csv", spells.to_owned() + &others.collect::<String>()).reasons(reasons).context()
}

/// Five looks of somebody on a day, at people whom nobody has looked at before.
fn looks(who: &str, at: i64) -> Vec<Line> {
    let look = |n: i64| access(who).at(on(at, &format!("10:{n:02}"))).reads("crm.customers", &["name"]).of([(at * 100 + n) as u64 * 7]);
    (0..5).map(look).collect()
}

fn is_alerted(of: &Play, typology: Typology) -> bool {
    of.typologies().contains(&("e1".to_owned(), typology))
}

/// Somebody left, was hired again a week later, and the personnel system wrote a row for each spell.
///
/// What they do in a spell is as usual; what they do between two spells is done outside of the dates of employment.
#[test]
fn between_two_spells_nobody_is_employed() {
    let context = company(&[]);
    let (before, between, after) = (looks("e1", 2), looks("e1", 9), looks("e1", 16));
    assert!(!is_alerted(&play(&context, &[before.clone(), after.clone()].concat()), Typology::GhostLeaver));
    let play = play(&context, &[before, between, after].concat());
    assert!(is_alerted(&play, Typology::GhostLeaver), "{:?}", play.typologies());
}

/// Somebody moved to another unit and role, and both units have a reason of their own.
///
/// A reason of a unit covers the days on which they belong to it, also where a record of before comes late; an alert names where they
/// worked when they did it.
#[test]
fn reasons_and_alerts_go_by_the_spell_of_the_day() {
    let reason =
        |unit: &str| format!("{{\"unit\":\"{unit}\",\"from\":\"2026-03-01T00:00:00Z\",\"reason\":\"campaign\",\"ref\":\"{unit}\"}}");
    let unexplained_of = |who: &str, reasons: &[String], parts: &[Vec<Line>]| {
        let mut play = Play::new(&company(reasons));
        parts.iter().for_each(|lines| play.take(lines));
        play.finish();
        play.of(who).profile.statute_score(leakwarden::profile::counts::CountScope::Unexplained, &play.engine.context().statute).b
    };
    let unexplained = |reasons: &[String], lines: &Vec<Line>| unexplained_of("e1", reasons, std::slice::from_ref(lines));
    let both = [looks("e1", 2), looks("e1", 16)].concat();
    assert_eq!(unexplained(&[], &both), 10);
    assert_eq!(unexplained(&[reason("North")], &both), 5, "the first spell");
    assert_eq!(unexplained(&[reason("South")], &both), 5, "the second");
    let late = [looks("m1", 8), looks("m1", 9), looks("m1", 5)];
    assert_eq!(unexplained_of("m1", &[reason("South")], &late), 5, "a late record is judged by its own day");
    assert_eq!(unexplained_of("m1", &[reason("North")], &late), 10);

    let extract = |at: i64| -> Vec<Line> {
        let read = |n: i64| {
            access("e1")
                .at(on(at, &format!("11:{n:02}")))
                .reads_all("crm.customers")
                .of((0..1_000).map(|id| (at * 100 + n) as u64 * 10_000 + id * 13))
        };
        (0..10).map(read).collect()
    };
    for (at, role, unit) in [(3, "teller", "North"), (17, "clerk", "South")] {
        let play = play(&company(&[]), &extract(at));
        let alerts = play.alerts();
        let alert = alerts.iter().find(|alert| alert.typology == Typology::BulkExtract).expect("is raised");
        assert_eq!((alert.role.as_deref(), alert.unit.as_deref()), (Some(role), Some(unit)));
    }
}

/// A unit shares a capped reason, and somebody moved from it to another one that shares one too.
///
/// Whoever asks first uses it up, wherever the mover is now: the result does not depend on how the work is shared out.
#[test]
fn a_shared_reason_is_used_up_in_one_order_by_who_moved_and_who_stayed() {
    let cap = |unit: &str| {
        format!("{{\"unit\":\"{unit}\",\"from\":\"2026-03-01T00:00:00Z\",\"reason\":\"campaign\",\"ref\":\"{unit}\",\"max_persons\":3}}")
    };
    let context = company(&[cap("North"), cap("South")]);
    let shards: Vec<usize> =
        ["e1", "e2", "e3"].iter().map(|id| context.key(&leakwarden::model::access::Actor::Employee((*id).into())).shard()).collect();
    assert!(shards.iter().all(|shard| *shard == shards[0]), "both units lie together: {shards:?}");
    let apart = World::bank().with("employees.csv", "employee,unit\na,North\nb,South\n").reasons(&[cap("North"), cap("South")]).context();
    let of = |id: &str| apart.key(&leakwarden::model::access::Actor::Employee(id.into())).shard();
    assert_ne!(of("a"), of("b"), "where nobody moved they need not");
}
