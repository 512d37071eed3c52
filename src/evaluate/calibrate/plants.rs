//! Which insiders are planted in each pass over a log: every typology at every strength, spread over roles, on employees who have no alert.

use crate::engine::context::Context;
use crate::evaluate::inject::Insider;
use crate::evaluate::inject::schemes::{Candidate, Schemer};
use crate::evaluate::inject::spec::InjectionSpec;
use crate::evaluate::inject::strength::{Strength, plantable};
use crate::evaluate::inject::work_patterns::WorkPatterns;
use crate::model::typology::Typology;
use crate::random::SplitMix64;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// One in so many employees is made an insider in one pass: the others are to stay what is usual here.
const ONE_IN: usize = 16;
/// As many at the least, however few there are.
const FEWEST: usize = 8;
/// The most that are made insiders in one pass.
const MOST: usize = 160;

/// One planted scheme.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// The pattern.
    pub typology: Typology,
    /// How plain it is.
    pub strength: Strength,
    /// Who acts.
    pub insiders: Vec<Insider>,
}

/// Names a log by who worked on which days: what is drawn depends on it and on nothing else.
pub fn seed_of(patterns: &WorkPatterns) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for (name, pattern) in &patterns.by_employee {
        hasher.update(name.as_bytes()).update(&[0]);
        for (day, (first, last)) in &pattern.days {
            hasher.update(&day.to_le_bytes()).update(&first.0.to_le_bytes()).update(&last.0.to_le_bytes());
        }
    }
    let hash = hasher.finalize();
    u64::from_le_bytes(std::array::from_fn(|at| hash.as_bytes()[at]))
}

/// The schemes of each of so many passes.
pub fn passes(many: usize, seed: u64, patterns: &WorkPatterns, suspected: &BTreeSet<String>, context: &Context) -> Vec<Vec<Scheme>> {
    let schemer = Schemer::new(patterns, context);
    let able = patterns.by_employee.iter().filter(|(name, pattern)| schemer.has_history(pattern) && !suspected.contains(&***name));
    let able = over_roles(able.collect(), seed, context);
    let most = (patterns.by_employee.len() / ONE_IN).clamp(FEWEST, MOST);
    let mut sorts: Vec<(Typology, Strength)> =
        plantable().flat_map(|typology| Strength::ALL.map(|strength| (typology, strength))).collect();
    sorts.sort_by_cached_key(|(typology, strength)| SplitMix64::keyed(seed, &format!("{typology}/{}", strength.name())).number());
    let mut sorts: VecDeque<(Typology, Strength)> = sorts.into();
    let mut passes = Vec::new();
    let (mut made, mut unused) = (0_u64, able.clone());
    for _ in 0..many {
        let mut schemes: Vec<Scheme> = Vec::new();
        let mut insiders = 0;
        // Somebody new in each pass, as long as there are such.
        let mut free: Vec<Candidate<'_>> = if unused.len() >= 4 * most { unused.clone() } else { able.clone() };
        for _ in 0..sorts.len() {
            if insiders >= most {
                break;
            }
            let Some((typology, strength)) = sorts.pop_front() else { break };
            sorts.push_back((typology, strength));
            made += 1;
            let Some(spec) = InjectionSpec::usual(typology, strength, seed.wrapping_add(made)) else { continue };
            if let Ok(found) = schemer.plant(&spec, &mut free) {
                insiders += found.len();
                schemes.push(Scheme { typology, strength, insiders: found });
            }
        }
        let taken: BTreeSet<&Arc<str>> = schemes.iter().flat_map(|scheme| &scheme.insiders).map(|insider| &insider.employee).collect();
        unused.retain(|(name, _)| !taken.contains(name));
        passes.push(schemes);
    }
    passes
}

/// Employees in turns of their roles, so that those at the front are of many.
fn over_roles<'a>(able: Vec<Candidate<'a>>, seed: u64, context: &Context) -> Vec<Candidate<'a>> {
    let mut by_role: BTreeMap<Option<Arc<str>>, Vec<Candidate<'a>>> = BTreeMap::new();
    for (name, pattern) in able {
        let role = context.classifier.directory.employee(name).and_then(|employee| employee.role.clone());
        by_role.entry(role).or_default().push((name, pattern));
    }
    let mut turns: Vec<(usize, u64, Candidate<'a>)> = Vec::new();
    for of_role in by_role.values_mut() {
        of_role.sort_by_cached_key(|(name, _)| SplitMix64::keyed(seed, name).number());
        turns.extend(
            of_role.iter().enumerate().map(|(turn, (name, pattern))| (turn, SplitMix64::keyed(seed, name).number(), (*name, *pattern))),
        );
    }
    turns.sort_by_key(|(turn, print, _)| (*turn, *print));
    turns.into_iter().map(|(.., candidate)| candidate).collect()
}
