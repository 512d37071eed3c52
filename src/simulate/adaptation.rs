//! Insiders who know what would give them away: they take less a day than they do by work, and take it over more weeks.

use super::actor_pool::working_days;
use super::episode::{Assignment, Difficulty};
use super::rng::Rng;
use super::world::{Stream, World};

/// Patterns whose figure is people a day, and which may be spread over more days.
const BY_PERSONS: [&str; 11] = [
    "bulk_extract",
    "low_and_slow",
    "enumeration",
    "list_matching",
    "out_of_territory",
    "segment_skim",
    "fabricated_business",
    "shared_privilege",
    "splitting_collusion",
    "vendor_cohort",
    "subscription_harvest",
];

/// Makes an assignment less conspicuous: the obvious ones stay as they are.
pub(crate) fn adapt(world: &World, scenario: &str, difficulty: Difficulty, assignment: &mut Assignment) {
    if difficulty == Difficulty::Obvious || !world.assume.adapts || !BY_PERSONS.contains(&scenario) {
        return;
    }
    // Two and three halves of a usual day are below the highest of a hundred days of somebody whose days are uneven.
    let usual = world.employee(assignment.actor).usual_persons();
    let most = usual * difficulty.of(1.0, 1.2, 0.6);
    let least = f64::from(assignment.persons) / 4.0;
    assignment.persons = f64::from(assignment.persons).min(most.max(least)).round().max(1.0) as u32;
    if assignment.others.is_empty() && scenario != "subscription_harvest" {
        let mut rng = Rng::of(&world.seed(Stream::Claim, 1 << 43 | u64::from(assignment.actor), 0));
        spread(world, difficulty.of(1.0, 1.5, 2.0), &mut rng, assignment);
    }
}

/// So many times as many days, with days between on which nothing is taken.
fn spread(world: &World, times: f64, rng: &mut Rng, assignment: &mut Assignment) {
    let Some(first) = assignment.days.first().copied() else { return };
    let wanted = (assignment.days.len() as f64 * times).ceil() as u32;
    let found = working_days(world, assignment.actor, first, wanted * 2);
    let days: Vec<u32> = found.into_iter().filter(|day| *day == first || rng.chance(0.6)).take(wanted as usize).collect();
    if days.len() >= assignment.days.len() {
        assignment.days = days;
    }
}
