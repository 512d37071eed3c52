//! What a run is set up with: everything that is read by all and changed by none while records are applied.

use crate::classify::classifier::Classifier;
use crate::classify::directory::Employee;
use crate::classify::explanations::{Explanations, Grantee};
use crate::classify::subjects::Subjects;
use crate::detect::DetectorSettings;
use crate::model::access::{Access, Actor, PartitionId};
use crate::model::persons::Persons;
use crate::model::statute::Statute;
use crate::model::time::Span;
use crate::population::volume::{HourVolume, VolumeReport};
use crate::triage::AlertSettings;
use crate::triage::case::weights::Calibration;
use foldhash::fast::FixedState;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::{Arc, RwLock};

/// The set-up of a run.
pub struct Context {
    /// Catalog, directory, keys.
    pub classifier: Arc<Classifier>,
    /// Known business reasons.
    pub explanations: Arc<Explanations>,
    /// Tags of subjects.
    pub subjects: Arc<Subjects>,
    /// Weights of kinds.
    pub statute: Statute,
    /// How detectors are set.
    pub settings: DetectorSettings,
    /// How alerts are made.
    pub alerts: AlertSettings,
    /// By what weights cases are judged.
    pub calibration: Arc<Calibration>,
    /// How long a record may come after later ones of its partition.
    pub lateness: Span,
    /// How long a record's id is remembered.
    pub dedup: Span,
    /// How much is remembered.
    pub limits: Limits,
    /// Hash of everything that influences results.
    pub config: String,
    /// Names of the source partitions, by id.
    pub partitions: RwLock<Vec<String>>,
    /// The source of partitions and topics, by their names; others are their own.
    pub sources: RwLock<BTreeMap<String, Arc<str>>>,
    /// Whether somebody wants dossiers beside alerts. It changes no alert.
    pub dossiers: bool,
    /// Seeds the map of profiles, so that nobody can choose names that collide.
    pub seed: u64,
}

/// How much is kept in memory; what lies beyond is evicted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Employees and accounts with a profile.
    pub employees: usize,
    /// Ids of records by which repeats are known.
    pub record_ids: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { employees: 1_000_000, record_ids: 50_000_000 }
    }
}

/// Shards of the state. Fixed, so that state written by one machine is read by another with more cores.
pub const SHARDS: usize = 64;

impl Context {
    /// The id of a source partition, given on first sight.
    pub fn partition(&self, name: &str) -> PartitionId {
        let mut names = self.partitions.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        });
        PartitionId(at as u32)
    }

    /// The name of a source partition.
    pub fn partition_name(&self, id: PartitionId) -> String {
        let names = self.partitions.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        names.get(id.0 as usize).cloned().unwrap_or_default()
    }

    /// Says which source a partition, or all of a topic, belongs to.
    pub fn belongs(&self, name: &str, source: &str) {
        self.sources.write().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name.to_owned(), Arc::from(source));
    }

    /// The name of a partition's source, where that was said.
    pub fn said_source_of(&self, partition: PartitionId) -> Option<Arc<str>> {
        let name = self.partition_name(partition);
        self.sources.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&name).cloned()
    }

    /// The name of a partition's source.
    pub fn source_of(&self, partition: PartitionId) -> Arc<str> {
        let name = self.partition_name(partition);
        let sources = self.sources.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let topic = name.rsplit_once('/').map(|(topic, _)| topic);
        sources.get(&name).or_else(|| sources.get(topic?)).cloned().unwrap_or_else(|| Arc::from(name))
    }

    /// The volume of a partition in an hour, with the names of partition and source.
    pub fn named(&self, (partition, hour, volume): (PartitionId, i64, HourVolume)) -> VolumeReport {
        VolumeReport { source: self.source_of(partition), partition: Arc::from(self.partition_name(partition)), hour, volume }
    }

    /// Whether an access counts for anybody beside whom it is by. Hardly any does.
    pub fn is_shared(&self, access: &Access) -> bool {
        access.login.is_some() || access.served.is_some() || self.adds_up(access)
    }

    /// Whether it is of a login that nobody is known of, of whom it counts for all together.
    fn adds_up(&self, access: &Access) -> bool {
        access.persons != Persons::NOBODY && self.classifier.directory.is_unmapped(&access.actor)
    }

    /// What an access counts for beside whom it is by: the login that claims to do it for somebody, the employee for whom a service does
    /// it, and, of a login that nobody is known of, all of these together.
    pub fn shares(&self, access: &Access) -> impl Iterator<Item = Access> + use<> {
        let print = || self.classifier.keys.print("claim", access.actor.name()).max(1);
        [access.share_of_login(), access.share_of_served(), self.adds_up(access).then(|| access.share_of_unlisted(print()))]
            .into_iter()
            .flatten()
    }

    /// Whom reasons may have been given to, in a spell of the employee.
    pub fn who(&self, actor: &Actor, spell: Option<&Employee>) -> Grantee {
        let keys = &self.classifier.keys;
        let unit = spell.and_then(|employee| employee.unit.as_deref());
        Grantee { own: Grantee::employee(keys, actor.name()), unit: unit.map_or(0, |unit| Grantee::unit(keys, unit)) }
    }

    /// The peer group in a spell: those of the same role and sector; accounts that are nobody's are a group of their own.
    pub fn group(&self, actor: &Actor, spell: Option<&Employee>) -> Arc<str> {
        match actor {
            Actor::Account(_) => one_text("(accounts)"),
            Actor::Employee(_) => {
                let text = |of: Option<&Arc<str>>| of.map_or("", |text| &**text).to_owned();
                let role = spell.map_or_else(String::new, |e| text(e.role.as_ref().or(e.unit.as_ref())));
                let sector = spell.map_or_else(String::new, |e| text(e.sector.as_ref()));
                one_text(&format!("{role}@{sector}"))
            }
        }
    }

    /// This set-up with names of partitions of its own.
    #[must_use]
    pub fn with_own_partitions(&self) -> Context {
        Context {
            classifier: self.classifier.clone(),
            explanations: self.explanations.clone(),
            subjects: self.subjects.clone(),
            statute: self.statute.clone(),
            settings: self.settings.clone(),
            calibration: self.calibration.clone(),
            config: self.config.clone(),
            partitions: RwLock::default(),
            sources: RwLock::new(self.sources.read().map(|sources| sources.clone()).unwrap_or_default()),
            ..*self
        }
    }

    /// The key of an actor's profile. Employees of a unit that shares a capped reason lie in one shard, since the order
    /// in which they use it up matters; its shard bits come from the unit.
    pub fn key(&self, actor: &Actor) -> ProfileKey {
        let hasher = FixedState::with_seed(self.seed);
        let own = hasher.hash_one(actor);
        let units = self.explanations.shared_units();
        let directory = &self.classifier.directory;
        let spells = if units.is_empty() { &[] } else { directory.spells(actor.name()) };
        // Somebody who moved keeps to one shard, and with them the units between which they moved.
        let unit = spells.iter().filter_map(|spell| spell.unit.as_deref()).find(|unit| units.contains(*unit));
        let route = unit.map_or(own, |unit| hasher.hash_one(directory.linked_unit(unit)));
        ProfileKey { hash: (own & !SHARD_BITS) | (route & SHARD_BITS), actor: actor.clone() }
    }
}

/// Texts of groups of which each thread remembers the last ones.
const REMEMBERED: usize = 64;

/// The same text in one place for all who have it: there are few groups and many employees.
fn one_text(text: &str) -> Arc<str> {
    thread_local! {
        static RECENT: RefCell<Vec<Arc<str>>> = const { RefCell::new(Vec::new()) };
    }
    RECENT.with_borrow_mut(|recent| {
        if let Some(known) = recent.iter().find(|known| ***known == *text) {
            return known.clone();
        }
        if recent.len() == REMEMBERED {
            recent.remove(0);
        }
        recent.push(Arc::from(text));
        recent[recent.len() - 1].clone()
    })
}

/// The bits of a 64-bit hash from which `DashMap` chooses one of 64 shards (below the 7 bits that its tables use as tags).
const SHARD_BITS: u64 = 0b11_1111 << 51;

/// The key of a profile: the actor, and a hash made once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileKey {
    hash: u64,
    /// Whose profile it is.
    pub actor: Actor,
}

impl ProfileKey {
    /// The shard in which it lies.
    pub fn shard(&self) -> usize {
        ((self.hash & SHARD_BITS) >> 51) as usize
    }
}

impl std::hash::Hash for ProfileKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Passes the hash of a [`ProfileKey`] through.
#[derive(Clone, Copy, Default)]
pub struct PassThrough(u64);

impl std::hash::Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl BuildHasher for PassThrough {
    type Hasher = PassThrough;
    fn build_hasher(&self) -> PassThrough {
        PassThrough(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dashmap::DashMap;

    #[test]
    fn our_shard_is_that_of_the_map() {
        let map: DashMap<ProfileKey, (), PassThrough> = DashMap::with_hasher_and_shard_amount(PassThrough::default(), SHARDS);
        let state = FixedState::with_seed(7);
        for n in 0..1_000 {
            let key = ProfileKey { hash: state.hash_one(n), actor: Actor::Employee(format!("E{n}").into()) };
            let shard = key.shard();
            map.insert(key.clone(), ());
            // Two keys of one shard cannot be locked for writing at once: hold this one and try its neighbours of another shard.
            let held = map.get_mut(&key).expect("was inserted");
            let other = ProfileKey { hash: key.hash ^ (1 << 51), ..key.clone() };
            assert_ne!(other.shard(), shard);
            assert!(matches!(map.try_get(&other), dashmap::try_result::TryResult::Absent), "another shard is free");
            let same = ProfileKey { hash: key.hash ^ 1, ..key.clone() };
            assert!(matches!(map.try_get(&same), dashmap::try_result::TryResult::Locked), "the same shard is taken");
            drop(held);
        }
    }
}
