//! How each employee works according to the log (working hours, kinds of reads), as the model for injected accesses.

use crate::engine::context::Context;
use crate::model::access::{Access, Actor, Operation};
use crate::model::place::Places;
use crate::model::time::{Span, Timestamp};
use crate::pipeline::replay::Tap;
use crate::profile::window::day_number;
use crate::random::SplitMix64;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads of at most this many people count as targeted.
const TARGETED: usize = 3;

/// Most kinds of reads kept of an employee.
const MAX_READS: usize = 64;

/// Of about so many employees it is kept whom they read on each day.
const COUNTED: usize = 4_000;

/// Most people of a day that are kept.
const MAX_PEOPLE: usize = 512;

/// How everybody works.
#[derive(Default, Debug)]
pub struct WorkPatterns {
    /// By employee.
    pub by_employee: BTreeMap<Arc<str>, WorkPattern>,
    /// The typical read of each signature, over all employees.
    pub reads: BTreeMap<ReadSignature, TypicalRead>,
}

/// How one employee works.
#[derive(Default, Debug)]
pub struct WorkPattern {
    /// First and last record of each local day.
    pub days: BTreeMap<u32, (Timestamp, Timestamp)>,
    /// The typical read of each signature.
    pub reads: BTreeMap<ReadSignature, TypicalRead>,
    /// A purpose that was claimed on a day.
    pub purposes: BTreeMap<u32, u64>,
    /// People read on each day, repeats included, of those of whom that is kept ([`COUNTED`]).
    pub people: BTreeMap<u32, Vec<u64>>,
    /// Whether that is kept.
    pub counts_people: bool,
}

impl WorkPattern {
    /// The working time of a day; of a day without work, that of the last one before.
    pub fn hours(&self, day: u32) -> Option<(Timestamp, Timestamp)> {
        let (worked, (first, last)) = self.days.range(..=day).next_back()?;
        let later = Span::days(i64::from(day - worked));
        Some((*first + later, (*last).max(*first + Span::minutes(30)) + later))
    }

    /// How many people were read on a day.
    pub fn people_on(&self, day: u32) -> usize {
        let mut people = self.people.get(&day).cloned().unwrap_or_default();
        people.sort_unstable();
        people.dedup();
        people.len()
    }
}

/// What distinguishes kinds of reads: whether targeted, places, tables, kinds of data.
pub type ReadSignature = (bool, Places, Vec<Arc<str>>, Vec<&'static str>);

/// A read that represents all of its signature.
#[derive(Clone, Debug)]
pub struct TypicalRead {
    /// The earliest of them.
    pub access: Access,
    /// How many there are.
    pub count: u64,
}

impl Tap for WorkPatterns {
    fn observe(&mut self, access: &Access, context: &Context) {
        let Actor::Employee(name) = &access.actor else { return };
        let directory = &context.classifier.directory;
        let day = day_number(directory.zone_of(directory.employee_at(name, access.time)).local(access.time).day);
        if !self.by_employee.contains_key(name) {
            // The same ones for ever, whatever comes first.
            let one_in = context.classifier.directory.employees().div_ceil(COUNTED).max(1);
            let counts_people = SplitMix64::keyed(0, name).once_in(one_in);
            self.by_employee.insert(name.clone(), WorkPattern { counts_people, ..WorkPattern::default() });
        }
        let Some(pattern) = self.by_employee.get_mut(name) else { return };
        let (first, last) = pattern.days.entry(day).or_insert((access.time, access.time));
        (*first, *last) = ((*first).min(access.time), (*last).max(access.time));
        let reads = matches!(access.operation, Operation::Read | Operation::Export);
        if !reads || !access.success || access.persons.is_nobody() || access.kinds.is_empty() {
            return;
        }
        if let Some(purpose) = access.purpose {
            pattern.purposes.entry(day).or_insert(purpose);
        }
        if pattern.counts_people {
            let people = pattern.people.entry(day).or_default();
            people.extend(access.subjects.iter().map(|subject| subject.0).take(MAX_PEOPLE.saturating_sub(people.len())));
        }
        let signature = signature_of(access);
        remember(&mut pattern.reads, &signature, access, MAX_READS);
        remember(&mut self.reads, &signature, access, MAX_READS * MAX_READS);
    }
}

fn signature_of(access: &Access) -> ReadSignature {
    let targeted = !access.subjects.is_empty() && access.subjects.len() <= TARGETED;
    (targeted, access.places, access.objects.to_vec(), access.kinds.iter().map(|kind| kind.name()).collect())
}

fn remember(reads: &mut BTreeMap<ReadSignature, TypicalRead>, signature: &ReadSignature, access: &Access, most: usize) {
    if let Some(read) = reads.get_mut(signature) {
        read.count += 1;
        if (access.time, access.hash) < (read.access.time, read.access.hash) {
            read.access = access.clone();
        }
    } else if reads.len() < most {
        reads.insert(signature.clone(), TypicalRead { access: access.clone(), count: 1 });
    }
}
