//! What a log shows of how each employee works, so that what is planted looks like it: when they are at work, what they read.

use crate::engine::context::Context;
use crate::model::access::{Access, Actor, Operation};
use crate::model::place::Places;
use crate::model::time::Timestamp;
use crate::pipeline::replay::Tap;
use crate::profile::window::day_number;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Accesses to at most so many people are single looks.
const TARGETED: usize = 3;

/// Sorts of reads that are remembered of an employee.
const SORTS: usize = 64;

/// How everybody works.
#[derive(Default, Debug)]
pub struct Habits {
    /// By employee.
    pub of: BTreeMap<Arc<str>, Habit>,
    /// A read of every sort that anybody does.
    pub sorts: BTreeMap<Sort, Read>,
}

/// How one employee works.
#[derive(Default, Debug)]
pub struct Habit {
    /// First and last record of each local day.
    pub days: BTreeMap<u32, (Timestamp, Timestamp)>,
    /// A read of each sort.
    pub sorts: BTreeMap<Sort, Read>,
}

/// What tells sorts of reads apart: single looks, places, tables, kinds.
pub type Sort = (bool, Places, Vec<Arc<str>>, Vec<&'static str>);

/// A read that stands for others.
#[derive(Clone, Debug)]
pub struct Read {
    /// The earliest of them.
    pub access: Access,
    /// How many there were.
    pub count: u64,
}

impl Tap for Habits {
    fn observe(&mut self, access: &Access, context: &Context) {
        let Actor::Employee(name) = &access.actor else { return };
        let directory = &context.classifier.directory;
        let day = day_number(directory.zone_of(directory.employee(name)).local(access.time).day);
        if !self.of.contains_key(name) {
            self.of.insert(name.clone(), Habit::default());
        }
        let Some(habit) = self.of.get_mut(name) else { return };
        let (first, last) = habit.days.entry(day).or_insert((access.time, access.time));
        (*first, *last) = ((*first).min(access.time), (*last).max(access.time));
        let reads = matches!(access.operation, Operation::Read | Operation::Export);
        if !reads || !access.success || access.persons.is_nobody() || access.kinds.is_empty() {
            return;
        }
        let sort = sort_of(access);
        remember(&mut habit.sorts, &sort, access, SORTS);
        remember(&mut self.sorts, &sort, access, SORTS * SORTS);
    }
}

fn sort_of(access: &Access) -> Sort {
    let targeted = !access.subjects.is_empty() && access.subjects.len() <= TARGETED;
    (targeted, access.places, access.objects.to_vec(), access.kinds.iter().map(|kind| kind.name()).collect())
}

fn remember(sorts: &mut BTreeMap<Sort, Read>, sort: &Sort, access: &Access, most: usize) {
    if let Some(read) = sorts.get_mut(sort) {
        read.count += 1;
        if (access.time, access.hash) < (read.access.time, read.access.hash) {
            read.access = access.clone();
        }
    } else if sorts.len() < most {
        sorts.insert(sort.clone(), Read { access: access.clone(), count: 1 });
    }
}
