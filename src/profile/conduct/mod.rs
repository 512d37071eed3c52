//! How somebody works, beyond how many people they touch: rhythm, devices, steps from id to id, what is familiar. Each part keeps a
//! little state of its own and turns an access into counts for its measures.

pub mod controls;
pub mod devices;
pub mod familiar;
pub mod polls;
pub mod rhythm;
pub mod steps;
pub mod touched;

use crate::classify::directory::Employee;
use crate::classify::notice::Notice;
use crate::classify::subjects::{Subjects, Tag};
use crate::model::access::{Access, Indicators, Operation, Selection, Subject};
use crate::model::zone::LocalTime;
use crate::profile::measure::Measure;
use crate::profile::seen::UNITS_PER_DAY;
use controls::Controls;
use devices::Devices;
use familiar::{Familiar, Which};
use polls::Polls;
use rhythm::Rhythm;
use serde::{Deserialize, Serialize};
use steps::Steps;
use touched::Touched;

use crate::classify::duty::Duty;

/// What surrounds an access and is known of it elsewhere.
pub struct Circumstances<'a> {
    /// Local time.
    pub local: LocalTime,
    /// Where it stands to working time.
    pub duty: Duty,
    /// The person, where the directory lists them.
    pub employee: Option<&'a Employee>,
    /// Tags and owners of subjects.
    pub subjects: &'a Subjects,
    /// The weeks of notice, where somebody is about to leave.
    pub notice: Option<Notice>,
    /// Whether peers commonly touch such a place or kind.
    pub is_common: &'a dyn Fn(Which) -> bool,
}

/// When an access was.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// The five minutes.
    pub unit: u32,
    /// Whether its day had closed.
    pub late: bool,
}

/// Counts of one access, one for each measure.
pub type Signals = [u64; Measure::COUNT];

/// Days after which a first touch has become one's own ground.
const GROWN_FAMILIAR: u32 = 30;
/// What somebody touches in their first days is what they were hired for.
const FIRST_DAYS: u32 = 14;
/// Days after an enquiry in which business counts as following from it.
const FOLLOWS_WITHIN: u32 = 14;
/// People whose business of today is told apart.
const BUSINESS: usize = 256;

/// How one employee works.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Conduct {
    rhythm: Rhythm,
    /// That of what comes late, which is no part of what goes on now.
    late_rhythm: Rhythm,
    steps: Steps,
    devices: Devices,
    polls: Polls,
    controls: Controls,
    familiar: Familiar,
    /// Whom they looked at, one by one and without a known reason.
    pub touched: Touched,
    /// Whose business followed today; ascending.
    business: Vec<u64>,
    /// First local day of all.
    began: u32,
}

impl Conduct {
    /// A later day has begun.
    pub fn turn(&mut self, day: u32) {
        self.business.clear();
        if self.began == 0 {
            self.began = day;
        }
    }

    /// Notes any access, also one that shows nobody, and whether it is without a known reason. `last_look` tells the unit of the last
    /// look at a subject; 0 for none.
    pub fn note_act(
        &mut self,
        access: &Access,
        is_open: bool,
        When { unit, late }: When,
        last_look: impl Fn(Subject) -> u32,
        signals: &mut Signals,
    ) -> devices::Seen {
        let device = self.devices.note(access.client, unit / UNITS_PER_DAY, access.time.0);
        signals[Measure::Switches as usize] += u64::from(device.switched);
        match access.operation {
            Operation::Read | Operation::Export => {
                signals[Measure::Mechanical as usize] +=
                    if late { self.late_rhythm.note_late(access.time.0) } else { self.rhythm.note(access.time.0) };
                let by_key = matches!(access.selection, Selection::Keys | Selection::Unknown);
                let missed = is_open && access.success && by_key && access.rows == Some(0) && access.persons.is_nobody();
                signals[Measure::Misses as usize] += u64::from(missed);
            }
            Operation::Write | Operation::Delete | Operation::Admin | Operation::Login | Operation::Other => {}
        }
        for subject in access.target_subjects.iter().filter(|_| access.success) {
            if access.indicators.has(Indicators::CONTROL) {
                self.controls.changed(*subject, access.time.0);
            }
            let looked = last_look(*subject);
            let follows = looked > 0 && looked + FOLLOWS_WITHIN * UNITS_PER_DAY > unit;
            if follows
                && self.business.len() < BUSINESS
                && let Err(at) = self.business.binary_search(&subject.0)
            {
                self.business.insert(at, subject.0);
                signals[Measure::Followed as usize] += 1;
            }
        }
        device
    }

    /// Notes one named person of a targeted look.
    pub fn note_look(&mut self, access: &Access, subject: Subject, is_open: bool, unit: u32, signals: &mut Signals) {
        if !is_open {
            return;
        }
        self.touched.note(subject, unit / UNITS_PER_DAY);
        let polls = &mut signals[Measure::Polls as usize];
        *polls = (*polls).max(self.polls.note(subject, access.kinds, unit / 12));
        if !self.controls.is_empty() {
            signals[Measure::Controls as usize] += u64::from(self.controls.follows(subject, access.time.0));
        }
    }

    /// Notes where an access that shows somebody looks. `open` are the people touched for the first time today without a known reason.
    pub fn note_ground(
        &mut self,
        access: &Access,
        around: &Circumstances<'_>,
        device: devices::Seen,
        open: u64,
        day: u32,
        signals: &mut Signals,
    ) {
        let steps = self.steps.note(access.id_sequence);
        let walks = access.indicators.has(Indicators::PATTERN) || access.indicators.has(Indicators::PAGED);
        signals[Measure::Enumerated as usize] += if walks { open } else { steps.min(open) };
        let segment = access.indicators.has(Indicators::SEGMENT.and(Indicators::CONTACT));
        let of = |holds: bool| if holds { open } else { 0 };
        signals[Measure::Segment as usize] += of(segment);
        signals[Measure::Direct as usize] += of(access.indicators.has(Indicators::DIRECT));
        signals[Measure::NewPlace as usize] += of(device.unfamiliar);
        let mut rare = false;
        for which in familiar::touched(access.places, access.kinds) {
            self.familiar.note(which, day);
            rare |= !self.is_own_ground(which, day) && !(around.is_common)(which);
        }
        signals[Measure::Rare as usize] += of(rare);
    }

    fn is_own_ground(&self, which: Which, day: u32) -> bool {
        let first = self.familiar.first(which).unwrap_or(day);
        first + GROWN_FAMILIAR <= day || first < self.began + FIRST_DAYS
    }

    /// Places and kinds touched of late.
    pub fn ground(&self, day: u32) -> impl Iterator<Item = familiar::Ground> {
        self.familiar.since(day.saturating_sub(familiar::REMEMBERED_DAYS))
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let parts = [
            self.steps.heap_bytes(),
            self.devices.heap_bytes(),
            self.polls.heap_bytes(),
            self.controls.heap_bytes(),
            self.familiar.heap_bytes(),
            self.touched.heap_bytes(),
        ];
        parts.into_iter().sum::<usize>() + self.business.capacity() * size_of::<u64>()
    }
}

/// Whose a subject is, as far as the directory of subjects says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Territory {
    /// Nobody says.
    Unknown,
    /// One's own, or one's unit's.
    Own,
    /// Another's.
    Foreign,
}

impl Circumstances<'_> {
    /// The tag of a subject, and whose it is.
    pub fn of(&self, subject: Subject) -> (Tag, Territory) {
        let Some((tag, owner)) = self.subjects.entry(subject) else { return (Tag::Plain, Territory::Unknown) };
        let Some(owner) = owner else { return (tag, Territory::Unknown) };
        let Some(employee) = self.employee else { return (tag, Territory::Unknown) };
        let own = *owner == employee.id || employee.unit.as_ref() == Some(owner);
        (tag, if own { Territory::Own } else { Territory::Foreign })
    }
}
