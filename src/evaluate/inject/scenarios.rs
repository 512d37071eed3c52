//! Generates the accesses of an insider of each typology, modelled on what the employee reads in the log.

mod concealment;
mod teams;

use crate::classify::duty::{Duty, duty};
use crate::classify::subjects::Tag;
use crate::engine::context::Context;
use crate::evaluate::inject::Gap;
use crate::evaluate::inject::spec::{InjectionSpec, TargetPopulation};
use crate::evaluate::inject::work_patterns::{TypicalRead, WorkPattern, WorkPatterns};
use crate::model::access::{
    Access, ClientPrint, IdSequence, Indicators, Operation, RecordContent, RecordHash, RecordId, Selection, Subject,
};
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::place::{Place, Places};
use crate::model::problem::Problem;
use crate::model::signs::Signs;
use crate::model::time::{Span, Timestamp};
use crate::model::typology::Typology;
use crate::random::SplitMix64;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Fewest places and kinds of data of a dossier.
const DOSSIER: (usize, usize) = (3, 4);
/// The interval of reads by a program.
const MACHINE_PACE: Span = Span(1_500);

/// Days of work from one act to the next: a harvest recurs every week.
pub fn period(typology: Typology) -> usize {
    if typology == Typology::SubscriptionHarvest { 7 } else { 1 }
}

fn places_of<'a>(accesses: impl Iterator<Item = &'a Access>) -> BTreeSet<Place> {
    accesses.flat_map(|access| access.places.iter()).collect()
}

struct AccessGenerator<'a> {
    spec: &'a InjectionSpec,
    name: &'a str,
    pattern: &'a WorkPattern,
    context: &'a Context,
    /// People in `subjects.csv` to read; if empty, people are made up.
    known: Vec<Subject>,
    random: SplitMix64,
    made: u64,
    acts: Vec<Access>,
    gaps: Vec<Gap>,
}

pub use teams::team;

/// What an insider did.
#[derive(Clone, Debug, Default)]
pub struct Acts {
    /// In order of time.
    pub accesses: Vec<Access>,
    /// What is not in the log because of it.
    pub gaps: Vec<Gap>,
}

/// The accesses of an insider on these days, in order of time.
pub fn acts(
    spec: &InjectionSpec,
    name: &str,
    pattern: &WorkPattern,
    days: &[u32],
    patterns: &WorkPatterns,
    context: &Context,
) -> Result<Acts, Problem> {
    let known = known(spec, name, context);
    if spec.whom == TargetPopulation::OwnTerritory && known.is_empty() {
        let rule = "needs the owners of subjects in subjects.csv";
        return Err(Problem::new("--inject whom", rule, format!("own for {name}")));
    }
    let mut generator = AccessGenerator::new(spec, name, pattern, context, known);
    for day in days {
        let Some((first, last)) = pattern.hours(*day) else { continue };
        generator.day(*day, first, last, patterns)?;
    }
    Ok(generator.finish())
}

/// What is done on one day.
#[derive(Clone, Debug)]
pub struct DayAct {
    /// The day.
    pub day: u32,
    /// What, and how much of it.
    pub spec: InjectionSpec,
    /// The purpose that is claimed for it.
    pub purpose: Option<u64>,
}

/// The accesses of somebody who does something else on each day.
pub fn acts_by_day(
    name: &str,
    pattern: &WorkPattern,
    plan: &[DayAct],
    patterns: &WorkPatterns,
    context: &Context,
) -> Result<Vec<Access>, Problem> {
    let Some(begin) = plan.first() else { return Ok(Vec::new()) };
    let mut people: Vec<(TargetPopulation, Vec<Subject>)> = Vec::new();
    let mut generator = AccessGenerator::new(&begin.spec, name, pattern, context, Vec::new());
    for act in plan {
        let Some((first, last)) = pattern.days.get(&act.day).copied() else { continue };
        let at = people.iter().position(|(whom, _)| *whom == act.spec.whom).unwrap_or_else(|| {
            people.push((act.spec.whom, known(&act.spec, name, context)));
            people.len() - 1
        });
        if act.spec.whom == TargetPopulation::OwnTerritory && people[at].1.is_empty() {
            return Err(generator.impossible("needs the owners of subjects in subjects.csv"));
        }
        generator.spec = &act.spec;
        generator.known = std::mem::take(&mut people[at].1);
        let begin = generator.acts.len();
        generator.day(act.day, first, last.max(first + Span::minutes(30)), patterns)?;
        people[at].1 = std::mem::take(&mut generator.known);
        if act.purpose.is_some() {
            generator.acts[begin..].iter_mut().for_each(|access| access.purpose = act.purpose);
        }
    }
    Ok(generator.finish().accesses)
}

/// People in `subjects.csv` of other territories, or of the employee's own territory, as `spec.whom` says.
fn known(spec: &InjectionSpec, name: &str, context: &Context) -> Vec<Subject> {
    if spec.whom == TargetPopulation::Unseen {
        return Vec::new();
    }
    let own = spec.whom == TargetPopulation::OwnTerritory;
    let unit = context.classifier.directory.employee(name).and_then(|employee| employee.unit.clone());
    let owned = context.subjects.owned();
    let is_own = |owner: &Arc<str>| **owner == *name || Some(owner) == unit.as_ref();
    owned.into_iter().filter(|(_, owner)| is_own(owner) == own).map(|(subject, _)| subject).collect()
}

impl<'a> AccessGenerator<'a> {
    fn new(
        spec: &'a InjectionSpec,
        name: &'a str,
        pattern: &'a WorkPattern,
        context: &'a Context,
        known: Vec<Subject>,
    ) -> AccessGenerator<'a> {
        let random = SplitMix64::keyed(spec.seed, &format!("{name}/acts"));
        AccessGenerator { spec, name, pattern, context, known, random, made: 0, acts: Vec::new(), gaps: Vec::new() }
    }

    fn finish(mut self) -> Acts {
        self.acts.sort_by_key(|access| (access.time, access.hash));
        Acts { accesses: self.acts, gaps: self.gaps }
    }
}

impl AccessGenerator<'_> {
    fn day(&mut self, day: u32, first: Timestamp, last: Timestamp, patterns: &WorkPatterns) -> Result<(), Problem> {
        let usual = self.spec.persons_per_day as usize;
        let count = if usual < 8 { usual } else { (usual as f64 * (0.8 + 0.4 * self.random.unit())).round() as usize };
        let look = self.model(true);
        match self.spec.typology {
            Typology::BulkExtract | Typology::SubscriptionHarvest => self.bulk(first, last, count, Indicators::default()),
            Typology::SegmentSkim => self.bulk(first, last, count, Indicators::SEGMENT.and(Indicators::CONTACT)),
            Typology::PrivilegedBypass => self.bulk(first, last, count, Indicators::DIRECT),
            Typology::Enumeration => self.enumerate(&look, first, last, count),
            Typology::ToolDriven => self.at_pace(&look, first, count),
            Typology::ListMatching => self.match_list(&look, first, last, count),
            Typology::FabricatedBusiness => self.under_a_purpose(&look, first, last, count),
            Typology::BorrowedAccount => self.elsewhere(&look, first, last, count),
            Typology::TrackedPerson => self.follow(&look, first, last, count),
            Typology::ControlChangeThenLookup => self.unlock(&look, first, last, count),
            Typology::SharedPrivilege => self.at_several_machines(&look, first, last, count, patterns),
            Typology::ThresholdHugging => return self.below_a_limit(&look, day, first, last),
            Typology::LogGap => self.without_audit(&look, first, last),
            Typology::Tampering => self.under_a_forged_line(&look, first, last, count),
            Typology::Celebrity => self.vips(&look, first, last, count),
            Typology::DossierAssembly => return self.dossiers(first, last, count, patterns),
            Typology::RoleWithoutNeed => return self.strange_ground(first, last, count, patterns),
            Typology::OffDuty => return self.off_duty(&look, last, count),
            Typology::Canary => return self.canaries(&look, first, last, count),
            Typology::OutOfTerritory if self.known.is_empty() || self.spec.whom != TargetPopulation::OtherTerritory => {
                return Err(self.impossible("needs the owners of subjects in subjects.csv, and strangers"));
            }
            _ => drop(self.looks(&look, first, last, count)),
        }
        Ok(())
    }

    fn impossible(&self, why: &str) -> Problem {
        Problem::new("--inject typology", why, format!("{} for {}", self.spec.typology, self.name))
    }

    /// The employee's commonest read that is targeted, or is not, as a template; else the commonest of all.
    fn model(&self, targeted: bool) -> Access {
        let commonest = |of: &mut dyn Iterator<Item = &TypicalRead>| of.max_by_key(|read| read.count).map(|read| read.access.clone());
        let of_sort = &mut self.pattern.reads.iter().filter(|((is, ..), _)| *is == targeted).map(|(_, read)| read);
        commonest(of_sort).or_else(|| commonest(&mut self.pattern.reads.values())).expect("only those who read are chosen")
    }

    /// A person to read.
    fn stranger(&mut self) -> Subject {
        if self.known.is_empty() {
            return Subject(self.random.number());
        }
        self.known[self.random.below(self.known.len())]
    }

    /// Adds a read of these people to the acts.
    fn read(&mut self, model: &Access, time: Timestamp, mut people: Vec<Subject>) -> &mut Access {
        people.sort_unstable();
        people.dedup();
        self.made += 1;
        let text = format!("planted-{}-{}", self.name, self.made);
        let count = people.len() as u64;
        let access = Access {
            time,
            hash: RecordHash(*blake3::hash(text.as_bytes()).as_bytes()),
            id: Some(RecordId {
                print: self.context.classifier.keys.print("planted", &text),
                content: RecordContent::default(),
                text: text.into(),
            }),
            operation: Operation::Read,
            success: true,
            selection: Selection::Keys,
            rows: Some(count),
            persons: Persons::Exact(count),
            subjects: people.into(),
            candidates: false,
            purpose: None,
            indicators: if model.indicators.has(Indicators::CONTACT) { Indicators::CONTACT } else { Indicators::default() },
            id_sequence: IdSequence::default(),
            target_subjects: Box::default(),
            signs: Signs::default(),
            inferred: Box::default(),
            full_read: 0,
            ..model.clone()
        };
        self.acts.push(access);
        self.acts.last_mut().expect("was added")
    }

    fn moments(&mut self, first: Timestamp, last: Timestamp, count: usize) -> Vec<Timestamp> {
        let span = (last - first).0 as f64;
        let mut moments: Vec<Timestamp> = (0..count).map(|_| first + Span((self.random.unit() * span) as i64)).collect();
        moments.sort_unstable();
        moments
    }

    /// Reads of single people over the working time. Returns the index of the first.
    fn looks(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) -> usize {
        let begin = self.acts.len();
        for time in self.moments(first, last, count) {
            let person = self.stranger();
            self.read(look, time, vec![person]);
        }
        begin
    }

    /// One statement that reads all of them.
    fn bulk(&mut self, first: Timestamp, last: Timestamp, count: usize, indicators: Indicators) {
        let model = self.model(false);
        let time = self.moments(first, last, 1)[0];
        let people = (0..count).map(|_| Subject(self.random.number())).collect();
        let access = self.read(&model, time, people);
        access.selection = Selection::Condition;
        access.indicators = access.indicators.and(indicators);
    }

    fn enumerate(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) {
        let begin = self.looks(look, first, last, count);
        let start = self.random.number() >> 1;
        let keys = &self.context.classifier.keys;
        for (act, number) in self.acts[begin..].iter_mut().zip(start..) {
            let print = |number: u64| keys.print("planted", &number.to_string());
            act.id_sequence = IdSequence { id: print(number), before: print(number - 1), consecutive: 0 };
        }
    }

    fn at_pace(&mut self, look: &Access, first: Timestamp, count: usize) {
        let mut time = first;
        for _ in 0..count {
            let person = self.stranger();
            self.read(look, time, vec![person]);
            time = time + MACHINE_PACE;
        }
    }

    /// Look-ups of a list of people most of whom are no customers: three in five find nobody.
    fn match_list(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) {
        self.looks(look, first, last, count);
        for time in self.moments(first, last, count * 3 / 2) {
            let act = self.read(look, time, Vec::new());
            (act.rows, act.persons, act.kinds) = (Some(0), Persons::NOBODY, Kinds::NONE);
        }
    }

    fn under_a_purpose(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) {
        let begin = self.looks(look, first, last, count);
        for at in begin..self.acts.len() {
            self.acts[at].purpose = Some(self.random.number().max(1));
        }
    }

    fn elsewhere(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) {
        let begin = self.looks(look, first, last, count);
        let mut device = SplitMix64::keyed(self.spec.seed, &format!("{}/device", self.name));
        let mut print = || device.number().max(1);
        let client = ClientPrint { ip: print(), host: print(), session: print(), ..look.client };
        self.acts[begin..].iter_mut().for_each(|act| act.client = client);
    }

    /// Reads of one person, repeatedly.
    fn follow(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) {
        let person = Subject(SplitMix64::keyed(self.spec.seed, &format!("{}/followed", self.name)).number());
        for time in self.moments(first, last, count) {
            self.read(look, time, vec![person]);
        }
    }

    /// A change of a person's protection, and a read of the person minutes later.
    fn unlock(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) {
        let begin = self.looks(look, first, last, count);
        for at in begin..self.acts.len() {
            let (time, people) = (self.acts[at].time - Span::minutes(3), self.acts[at].subjects.clone());
            let act = self.read(look, time, Vec::new());
            (act.operation, act.persons, act.kinds, act.rows) = (Operation::Write, Persons::NOBODY, Kinds::NONE, None);
            (act.indicators, act.target_subjects) = (Indicators::CONTROL, people);
        }
    }

    /// Reads of a few people in several places.
    fn dossiers(&mut self, first: Timestamp, last: Timestamp, count: usize, patterns: &WorkPatterns) -> Result<(), Problem> {
        let mut models: Vec<&Access> = Vec::new();
        for read in patterns.reads.iter().filter(|((targeted, ..), _)| *targeted).map(|(_, read)| read) {
            let places = places_of(models.iter().copied());
            let kinds = models.iter().fold(Kinds::NONE, |kinds, model| kinds.union(model.kinds));
            let adds = read.access.places.iter().any(|place| !places.contains(&place)) || kinds.union(read.access.kinds) != kinds;
            if adds && (places.len() < DOSSIER.0 || kinds.iter().count() < DOSSIER.1 || models.len() < 5) {
                models.push(&read.access);
            }
        }
        if places_of(models.iter().copied()).len() < DOSSIER.0 {
            return Err(self.impossible("needs a log in which single people are looked up in three systems or tables"));
        }
        for time in self.moments(first, last - Span::minutes(20), count) {
            let person = self.stranger();
            for (model, minute) in models.iter().zip(0..) {
                let model = Access { actor: self.actor(), partition: self.partition(), source: self.source(), ..(*model).clone() };
                self.read(&model, time + Span::minutes(2 * minute), vec![person]);
            }
        }
        Ok(())
    }

    /// Reads in places that the employee's own records never touch.
    fn strange_ground(&mut self, first: Timestamp, last: Timestamp, count: usize, patterns: &WorkPatterns) -> Result<(), Problem> {
        let own = places_of(self.pattern.reads.values().map(|read| &read.access));
        let is_strange = |places: Places| places.count() > 0 && places.iter().all(|place| !own.contains(&place));
        let strange = patterns.reads.values().filter(|read| is_strange(read.access.places));
        let Some(read) = strange.min_by_key(|read| read.count) else {
            return Err(self.impossible("needs a log in which others read what these employees never do"));
        };
        let own = self.model(true);
        let model = Access { actor: own.actor, partition: own.partition, source: own.source, client: own.client, ..read.access.clone() };
        self.looks(&model, first, last, count);
        Ok(())
    }

    fn off_duty(&mut self, look: &Access, last: Timestamp, count: usize) -> Result<(), Problem> {
        let directory = &self.context.classifier.directory;
        let hours = (1..=16).map(|half| last + Span::minutes(30 * half));
        let off: Vec<Timestamp> =
            hours.filter(|time| duty(directory, directory.employee_at(self.name, *time), None, *time).1 != Duty::On).take(4).collect();
        match (off.first().copied(), off.last().copied()) {
            (Some(first), Some(until)) => drop(self.looks(look, first, until + Span::minutes(1), count)),
            _ => return Err(self.impossible("needs employees whose working time is known")),
        }
        Ok(())
    }

    fn canaries(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) -> Result<(), Problem> {
        let planted = self.context.subjects.tagged(Tag::Canary);
        if planted.is_empty() {
            return Err(self.impossible("needs subjects with the tag `canary` in subjects.csv"));
        }
        for time in self.moments(first, last, count) {
            let person = planted[self.random.below(planted.len())];
            self.read(look, time, vec![person]);
        }
        Ok(())
    }

    fn actor(&self) -> crate::model::access::Actor {
        self.model(true).actor
    }

    fn partition(&self) -> crate::model::access::PartitionId {
        self.model(true).partition
    }

    fn source(&self) -> u16 {
        self.model(true).source
    }
}
