//! How each employee works according to the log (working hours, kinds of reads), as the model for injected accesses.

use crate::engine::context::Context;
use crate::model::access::{Access, Actor, Operation};
use crate::model::place::Places;
use crate::model::time::Timestamp;
use crate::pipeline::replay::Tap;
use crate::profile::window::day_number;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads of at most this many people count as targeted.
const TARGETED: usize = 3;

/// Most kinds of reads kept of an employee.
const MAX_READS: usize = 64;

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
            self.by_employee.insert(name.clone(), WorkPattern::default());
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
