//! Who of a group looked at the same people: from the lookups that the global stage compares employees by.

use crate::engine::output::Revision;
use crate::model::access::{Actor, Subject};
use crate::model::dossier::{WhoSawWhom, bounded};
use crate::model::keys::Keys;
use crate::population::lookups::{DAYS, RecentLookups};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Employees of a matrix, at the most.
const EMPLOYEES: usize = 40;
/// People of a matrix, at the most.
const SUBJECTS: usize = 30;

/// Adds to each dossier of a group's alert who looked at whom. Members of one group are told together, and the lookups are read once for all.
pub fn attach(revisions: &mut [Revision], lookups: &RecentLookups, keys: &Keys) {
    let mut known: BTreeMap<Vec<String>, WhoSawWhom> = BTreeMap::new();
    for Revision { alert, dossier, .. } in revisions {
        let Some(dossier) = dossier.as_deref_mut().filter(|_| !alert.related.is_empty()) else { continue };
        let names: BTreeSet<&str> = alert.related.iter().map(String::as_str).chain([alert.about()]).collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let matrix = known.entry(names).or_insert_with_key(|names| matrix(names, lookups, keys));
        dossier.group = Some(matrix.clone());
        *dossier = dossier.clone().fitted();
    }
}

fn matrix(names: &[String], lookups: &RecentLookups, keys: &Keys) -> WhoSawWhom {
    let shown = &names[..names.len().min(EMPLOYEES)];
    let numbers: BTreeMap<u32, usize> = shown
        .iter()
        .enumerate()
        .filter_map(|(row, name)| Some((lookups.number_of(&Actor::Employee(Arc::from(name.as_str())))?, row)))
        .collect();
    let mut rows_of: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    for look in lookups.looks() {
        if let Some(row) = numbers.get(&look.who) {
            rows_of.entry(look.subject).or_default().insert(*row);
        }
    }
    let mut shared: Vec<(u64, BTreeSet<usize>)> = rows_of.into_iter().filter(|(_, rows)| rows.len() > 1).collect();
    shared.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
    let left_out = shared.len().saturating_sub(SUBJECTS) as u64;
    shared.truncate(SUBJECTS);
    let mut looks = vec![Vec::new(); shown.len()];
    for (column, (_, rows)) in shared.iter().enumerate() {
        rows.iter().for_each(|row| looks[*row].push(column as u16));
    }
    WhoSawWhom {
        employees: shown.iter().map(|name| bounded(name)).collect(),
        employees_left_out: names.len().saturating_sub(EMPLOYEES) as u32,
        subjects: shared.iter().map(|(subject, _)| keys.published(Subject(*subject))).collect(),
        subjects_left_out: left_out,
        looks,
        days: DAYS,
    }
}
