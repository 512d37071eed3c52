//! What several employees do together: one list shared out among them, one list that each of them takes, one person whom all look at.

use super::{AccessGenerator, Acts, known};
use crate::classify::subjects::Tag;
use crate::engine::context::Context;
use crate::evaluate::inject::spec::InjectionSpec;
use crate::evaluate::inject::work_patterns::WorkPattern;
use crate::model::access::Subject;
use crate::model::problem::Problem;
use crate::model::typology::Typology;
use crate::random::SplitMix64;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The share of a common list that each member takes.
const TAKEN: f64 = 0.75;
/// Pages that a member looks at of the one person.
const PAGES: usize = 3;
/// How often somebody looks on another day as well.
const AGAIN: f64 = 0.3;

/// What the members do on these days; the first leads.
pub fn team(spec: &InjectionSpec, members: &[(&Arc<str>, &WorkPattern)], days: &[u32], context: &Context) -> Result<Vec<Acts>, Problem> {
    let Some((lead, _)) = members.first() else { return Ok(Vec::new()) };
    let mut random = SplitMix64::keyed(spec.seed, &format!("{lead}/team"));
    let each = spec.persons_per_day as usize;
    let strangers = match spec.typology {
        Typology::SplittingCollusion => destination(spec, lead, context, &mut random),
        _ => known(spec, lead, context),
    };
    let person = |random: &mut SplitMix64| random.pick(&strangers).copied().unwrap_or_else(|| Subject(random.number()));
    let vips = context.subjects.tagged(Tag::Vip);
    let aim = random.pick(&vips).copied().unwrap_or_else(|| person(&mut random));
    let lists: Vec<Vec<Subject>> = days
        .iter()
        .map(|_| match spec.typology {
            Typology::SplittingCollusion => (0..each * members.len()).map(|_| person(&mut random)).collect(),
            Typology::VendorCohort => (0..each * 5 / 4).map(|_| person(&mut random)).collect(),
            _ => vec![aim; PAGES],
        })
        .collect();
    let mut all = Vec::new();
    for (nth, (name, pattern)) in members.iter().enumerate() {
        let mut generator = AccessGenerator::new(spec, name, pattern, context, Vec::new());
        let look = generator.model(true);
        let chosen = nth % days.len().max(1);
        for (at, (day, list)) in days.iter().zip(&lists).enumerate() {
            // Who does not work on a day leaves out what was theirs of it.
            let Some((first, last)) = pattern.days.contains_key(day).then(|| pattern.hours(*day)).flatten() else { continue };
            let mine: Vec<Subject> = match spec.typology {
                Typology::SplittingCollusion => list.iter().copied().skip(nth).step_by(members.len()).collect(),
                Typology::VendorCohort => list.iter().copied().filter(|_| generator.random.unit() < TAKEN).collect(),
                _ if at == chosen || generator.random.unit() < AGAIN => list.clone(),
                _ => Vec::new(),
            };
            for (time, subject) in generator.moments(first, last, mine.len()).into_iter().zip(mine) {
                generator.read(&look, time, vec![subject]);
            }
        }
        all.push(generator.finish());
    }
    Ok(all)
}

/// Of people whom another unit serves, those of one such unit: a list has one origin. Where owners are not known, anybody.
fn destination(spec: &InjectionSpec, lead: &str, context: &Context, random: &mut SplitMix64) -> Vec<Subject> {
    let strangers = known(spec, lead, context);
    let mut by_owner: BTreeMap<&str, Vec<Subject>> = BTreeMap::new();
    for subject in &strangers {
        if let Some(owner) = context.subjects.owner(*subject) {
            by_owner.entry(owner).or_default().push(*subject);
        }
    }
    let lists: Vec<Vec<Subject>> = by_owner.into_values().filter(|of| of.len() >= 100).collect();
    random.pick(&lists).cloned().unwrap_or(strangers)
}
