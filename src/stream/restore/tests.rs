//! Restores through caches of any moment, under writers that break off, overlap and are compacted.

use super::*;
use crate::random::SplitMix64;
use crate::stream::OutgoingRecord;
use crate::stream::changelog::Checkpoint;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const ID: ChangelogId = [7; 16];

/// One writer writes all of it.
fn stamp(offset: i64) -> Stamp {
    Stamp { sequence: offset.unsigned_abs() + 1, ..Stamp::default() }
}

/// Messages by offset; `None` of those that are compacted away.
#[derive(Clone, Default)]
struct Log(Vec<Option<ChangelogRecord>>);

impl Log {
    fn append(&mut self, send: OutgoingRecord) -> i64 {
        let offset = self.0.len() as i64;
        self.0.push(Some(ChangelogRecord { offset, key: send.key, value: send.value, stamp: stamp(offset) }));
        offset
    }

    fn at(&self, offset: i64) -> &ChangelogRecord {
        self.0[offset as usize..].iter().flatten().next().expect("the fence is never compacted away before it is read")
    }

    fn compact(&mut self, random: &mut SplitMix64) {
        let end = self.0.len() - random.below(self.0.len() + 1).min(random.below(self.0.len() + 1));
        let mut seen = BTreeSet::new();
        // A log keeps removals for a while, and then all up to some offset are gone.
        let removals = random.below(end + 1);
        for at in (0..end).rev() {
            let Some(message) = &self.0[at] else { continue };
            let later = !seen.insert(message.key.clone());
            if later || (message.value.is_none() && at < removals) {
                self.0[at] = None;
            }
        }
    }

    /// What a machine would have cached that had read up to an offset.
    fn cached(&self, end: usize) -> CachedLog {
        let mut newest: BTreeMap<&[u8], &ChangelogRecord> = BTreeMap::new();
        newest.extend(self.0[..end].iter().flatten().map(|message| (&message.key[..], message)));
        let last = self.0[..end].iter().flatten().last().map(|message| message.offset);
        let kept = newest.into_values().filter(|message| message.value.is_some() || Some(message.offset) == last);
        let by_offset: BTreeMap<i64, ChangelogRecord> = kept.map(|message| (message.offset, message.clone())).collect();
        by_offset.into_values().collect()
    }
}

struct Outcome {
    metadata: Option<Vec<u8>>,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    changelog: Changelog,
    new_id: Option<ChangelogId>,
    stats: RestoreStats,
    rejected: Option<&'static str>,
}

/// Restores as a node does.
fn restored(log: &mut Log, cached: Option<CachedLog>) -> Outcome {
    let fence = log.append(Changelog::fence(0));
    let (mut restoration, mut step) = Restoration::begin(fence, cached, ID, None);
    let (mut next, mut rejected) = (0, None);
    loop {
        match step {
            RestoreStep::Continue => {}
            RestoreStep::ReadFrom(offset) => next = offset,
            RestoreStep::CacheRejected(why) => (next, rejected) = (0, Some(why)),
            RestoreStep::Complete => break,
        }
        let message = log.at(next);
        next = message.offset + 1;
        step = restoration.take(message.offset, &message.key, message.value.as_deref(), Ok(message.stamp)).expect("it can be read");
    }
    let stats = restoration.stats();
    let (RestoredState { metadata, entries, changelog, .. }, new_id) = restoration.finish(0);
    Outcome { metadata, entries, changelog, new_id, stats, rejected }
}

/// A process that saves now and then, also when it is a zombie.
struct Writer {
    changelog: Changelog,
    state: BTreeMap<Vec<u8>, Vec<u8>>,
    sending: VecDeque<(OutgoingRecord, Option<u64>)>,
    saves: usize,
}

impl Writer {
    fn new(log: &mut Log) -> Writer {
        let outcome = restored(log, None);
        if let Some(id) = outcome.new_id {
            log.append(Changelog::identity(0, id));
        }
        Writer { changelog: outcome.changelog, state: outcome.entries.into_iter().collect(), sending: VecDeque::new(), saves: 0 }
    }

    fn save(&mut self, random: &mut SplitMix64) {
        if !self.sending.is_empty() {
            return;
        }
        self.saves += 1;
        let mut changed: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        if self.changelog.is_fresh() {
            changed.extend(self.state.iter().map(|(id, content)| (id.clone(), Some(content.clone()))));
        }
        for _ in 0..1 + random.below(4) {
            let id = vec![b'a' + random.below(8) as u8];
            let content = (random.below(4) > 0).then(|| format!("{} {}", self.changelog.epoch(), self.saves).into_bytes());
            // Some are of more than one message.
            let content = content.map(|content| if random.below(12) == 0 { content.repeat(100_000) } else { content });
            match &content {
                Some(content) => drop(self.state.insert(id.clone(), content.clone())),
                None => drop(self.state.remove(&id)),
            }
            changed.insert(id, content);
        }
        let Checkpoint { number, entries, metadata, cleanup } =
            self.changelog.checkpoint(changed.into_iter().collect(), &self.saves.to_be_bytes());
        self.sending.extend(entries.into_iter().map(|send| (send, None)));
        self.sending.extend(metadata.into_iter().map(|send| (send, Some(number))));
        self.sending.extend(cleanup.into_iter().map(|send| (send, None)));
    }

    fn send(&mut self, log: &mut Log, many: usize) {
        for _ in 0..many {
            let Some((send, completes)) = self.sending.pop_front() else { return };
            log.append(send);
            if let Some(number) = completes {
                self.changelog.complete(number);
            }
        }
    }
}

#[test]
fn a_restore_through_the_cache_of_any_earlier_moment_is_that_from_the_beginning() {
    let (mut used, mut rejected, mut spared) = (0, 0, 0);
    for seed in 0..150 {
        let mut random = SplitMix64::new(seed);
        let mut log = Log::default();
        let mut writers = vec![Writer::new(&mut log)];
        let mut caches: Vec<CachedLog> = Vec::new();
        for _ in 0..200 {
            let at = random.below(writers.len());
            match random.below(20) {
                0 => writers.push(Writer::new(&mut log)),
                1 => drop((writers.len() > 1).then(|| writers.remove(at))),
                2..8 => writers[at].save(&mut random),
                8..16 => writers[at].send(&mut log, 1 + random.below(12)),
                16 => log.compact(&mut random),
                17..19 => caches.push(log.cached(random.below(log.0.len() + 1))),
                _ => {
                    let whole = restored(&mut log.clone(), None);
                    for cached in &caches {
                        let outcome = restored(&mut log.clone(), Some(cached.clone()));
                        assert_eq!(outcome.metadata, whole.metadata, "seed {seed}");
                        assert!(outcome.entries == whole.entries, "seed {seed}: entries are others");
                        used += usize::from(outcome.stats.cached > 0);
                        rejected += usize::from(outcome.rejected.is_some());
                        spared += whole.stats.read.saturating_sub(outcome.stats.read);
                    }
                }
            }
        }
    }
    assert!(used > 1_000 && rejected > 10 && spared > 10_000, "{used} used, {rejected} rejected, {spared} messages spared");
}

fn some_log() -> Log {
    let mut log = Log::default();
    let mut writer = Writer::new(&mut log);
    let mut random = SplitMix64::new(1);
    for _ in 0..5 {
        writer.save(&mut random);
        writer.send(&mut log, usize::MAX);
    }
    log
}

#[test]
fn only_what_the_cache_lacks_is_read() {
    let mut log = some_log();
    let cached = log.cached(log.0.len());
    let outcome = restored(&mut log, Some(cached.clone()));
    assert_eq!((outcome.rejected, outcome.stats.cached, outcome.stats.read), (None, cached.len() as u64, 0));
    assert!(outcome.metadata.is_some() && outcome.new_id.is_none());
}

#[test]
fn a_cache_that_is_not_of_this_log_is_refused_and_all_is_read() {
    let rejected = |cached: CachedLog| {
        let whole = restored(&mut some_log(), None);
        let outcome = restored(&mut some_log(), Some(cached));
        assert_eq!((&outcome.metadata, &outcome.entries, outcome.stats), (&whole.metadata, &whole.entries, whole.stats));
        outcome.rejected
    };
    let own = some_log().cached(some_log().0.len());

    let mut other = own.clone();
    let name = other.iter_mut().find(|message| Changelog::is_identity(&message.key)).expect("it is named");
    name.key = Changelog::identity(0, [8; 16]).key;
    assert_eq!(rejected(other), Some("it is of another log"));

    let mut shifted = own.clone();
    shifted.iter_mut().for_each(|message| message.offset += 1);
    assert_eq!(rejected(shifted), Some("the log ends before it"));

    let unidentified: CachedLog = own.iter().filter(|message| !Changelog::is_identity(&message.key)).cloned().collect();
    assert_eq!(rejected(unidentified), Some("it does not say of which log it is"));

    let mut otherwise = own.clone();
    otherwise.last_mut().expect("the last").value = Some(vec![1; 64]);
    assert_eq!(rejected(otherwise), Some("the log has gone on otherwise"));

    let mut unreadable = own.clone();
    let other = unreadable.iter_mut().find(|message| !Changelog::is_identity(&message.key)).expect("it holds others");
    other.key = vec![99];
    assert_eq!(rejected(unreadable), Some("it holds a message that cannot be read"));

    assert_eq!(rejected(Vec::new()), None);
}

/// A writer that had begun before our fence completes a checkpoint after it, and removes what it replaced: what we find up to our fence is
/// less than is known to be saved.
#[test]
fn what_is_known_to_be_saved_is_waited_for() {
    let mut log = Log::default();
    let fence = log.append(Changelog::fence(0));
    let checkpoint = |log: &mut Log, saved: Option<(u64, u64)>| {
        let (mut restoration, _) = Restoration::begin(fence, None, ID, saved);
        let mut steps = Vec::new();
        for at in 0..log.0.len() as i64 {
            let Some(message) = log.0[at as usize].clone() else { continue };
            steps.push(restoration.take(at, &message.key, message.value.as_deref(), Ok(message.stamp)).expect("it can be read"));
        }
        steps
    };
    let (on, whole) = (RestoreStep::Continue, RestoreStep::Complete);
    assert_eq!(checkpoint(&mut log, None), [whole], "nothing was saved");
    assert_eq!(checkpoint(&mut log, Some((2, 2))), [on], "there is less than was saved");
    let mut head = vec![2];
    head.extend(7_u64.to_be_bytes());
    let value = [1_u64, 0, 0].iter().flat_map(|number| number.to_be_bytes()).collect();
    log.append(OutgoingRecord { topic: crate::stream::InternalTopic::State, partition: 0, key: head, value: Some(value) });
    assert_eq!(checkpoint(&mut log, Some((2, 2))), [on, whole], "a later checkpoint has replaced it");
    assert_eq!(checkpoint(&mut log, Some((7, 2))), [on, on]);
}
