//! How the state of one task is read: all of its log, or what a cache of this machine lacks of it.
//!
//! A cache is the beginning of the log as somebody here once read it. It is never trusted over the log:
//!
//! * It must be of this log and not of one of the same name that was removed: a log is named by a message of its own, which is never
//!   replaced, and which must stand where the cache has it. It can be no longer than the log: it ends before the reader's fence.
//! * Where its last message still stands, it must be the same: a log that lost its end has gone on otherwise.
//! * Cache and rest, read in order, are what the log was at some time: it is merely compacted elsewhere. One thing is lost by
//!   that: removals after the end of the cache may be gone, as a log keeps them for a day, and what they removed seems to be
//!   there. Of epochs before the newest nothing counts; of the newest, number and sum in its head do not match.
//!
//! Where any of this fails, the cache is given up and everything is read from the beginning. That costs time only.

use crate::model::topic::ChangelogRecord;
use crate::stream::changelog::{Changelog, ChangelogId, Restore, Restored};

/// The beginning of a log as it was once read: the newest message of each key, by offset, and the very last one in any case.
pub type CachedLog = Vec<ChangelogRecord>;

/// What is to be done after a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreStep {
    /// Read on.
    Continue,
    /// Read on from another offset.
    ReadFrom(i64),
    /// The cache is not to be used, and why: read from the beginning.
    CacheRejected(&'static str),
    /// The state is whole.
    Complete,
}

/// A state that is being read.
pub struct Restoration {
    fence: i64,
    /// Everything up to the fence was read.
    passed: bool,
    restore: Restore,
    cache: Cache,
    /// Messages of the cache in `restore`.
    cached: u64,
    /// The log's name, should it have none.
    name: ChangelogId,
}

enum Cache {
    /// There is none.
    None,
    /// The message that names the log comes next, if this is its cache.
    Proving(CachedLog, usize),
    /// Its last message comes next, if it still stands.
    Ended(ChangelogRecord),
    /// It was used.
    Used,
}

/// How a state was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RestoreStats {
    /// Messages of the cache.
    pub cached: u64,
    /// Messages of the log.
    pub read: u64,
    /// Bytes of both.
    pub bytes: u64,
}

impl Restoration {
    /// Begins: the first turn is an offset, or why the cache is not to be used.
    pub fn begin(fence: i64, cached: Option<CachedLog>, name: ChangelogId) -> (Restoration, RestoreStep) {
        let mut reading = Restoration { fence, passed: false, restore: Restore::default(), cache: Cache::None, cached: 0, name };
        let Some(cached) = cached else { return (reading, RestoreStep::ReadFrom(0)) };
        let Some(last) = cached.last().map(|last| last.offset) else { return (reading, RestoreStep::ReadFrom(0)) };
        let turn = match cached.iter().position(|message| Changelog::names_log(&message.key)) {
            _ if last >= fence => RestoreStep::CacheRejected("the log ends before it"),
            None => RestoreStep::CacheRejected("it does not say of which log it is"),
            Some(at) => {
                let from = cached[at].offset;
                reading.cache = Cache::Proving(cached, at);
                RestoreStep::ReadFrom(from)
            }
        };
        (reading, turn)
    }

    /// Takes a message, in the order of the log, from the offset of the last turn on.
    pub fn take(&mut self, offset: i64, key: &[u8], value: Option<&[u8]>) -> Result<RestoreStep, String> {
        match std::mem::replace(&mut self.cache, Cache::None) {
            Cache::None => {}
            Cache::Used => self.cache = Cache::Used,
            Cache::Proving(cached, at) => {
                if !is_same(&cached[at], offset, key, value) {
                    return Ok(self.refuse("it is of another log"));
                }
                return Ok(self.use_cache(cached));
            }
            Cache::Ended(last) => {
                if offset < last.offset {
                    return Ok(self.refuse("the log begins behind its end, or ends before it"));
                }
                self.cache = Cache::Used;
                if offset == last.offset {
                    return Ok(if is_same(&last, offset, key, value) {
                        RestoreStep::Continue
                    } else {
                        self.refuse("the log has gone on otherwise")
                    });
                }
            }
        }
        if offset != self.fence {
            self.restore.take(key, value)?;
        }
        if offset < self.fence {
            return Ok(RestoreStep::Continue);
        }
        // Beyond the fence, which may be compacted away itself, only another save can make it whole.
        let may_be_whole = !std::mem::replace(&mut self.passed, true) || Restore::completes(key);
        if !may_be_whole {
            return Ok(RestoreStep::Continue);
        }
        match (self.restore.check(), &self.cache) {
            (Ok(()), _) => Ok(RestoreStep::Complete),
            // Another writer may be saving: then this costs time only.
            (Err(_), Cache::Used) => Ok(self.refuse("with what the log has beyond it, it is not whole")),
            (Err(_), Cache::None | Cache::Proving(..) | Cache::Ended(_)) => Ok(RestoreStep::Continue),
        }
    }

    fn use_cache(&mut self, cached: CachedLog) -> RestoreStep {
        for message in &cached {
            if self.restore.take(&message.key, message.value.as_deref()).is_err() {
                return self.refuse("it holds a message that cannot be read");
            }
        }
        self.cached = self.restore.messages;
        let last = cached.into_iter().next_back().expect("a cache that is used is not empty");
        let from = last.offset;
        self.cache = Cache::Ended(last);
        RestoreStep::ReadFrom(from)
    }

    fn refuse(&mut self, why: &'static str) -> RestoreStep {
        (self.restore, self.cache, self.cached, self.passed) = (Restore::default(), Cache::None, 0, false);
        RestoreStep::CacheRejected(why)
    }

    /// How far it has come.
    pub fn read(&self) -> RestoreStats {
        RestoreStats { cached: self.cached, read: self.restore.messages - self.cached, bytes: self.restore.bytes }
    }

    /// The whole state, and the name to give the log if it has none.
    pub fn finish(self, partition: i32) -> (Restored, Option<ChangelogId>) {
        let name = (!self.restore.is_named()).then_some(self.name);
        (self.restore.finish(partition, self.fence.unsigned_abs()), name)
    }
}

fn is_same(message: &ChangelogRecord, offset: i64, key: &[u8], value: Option<&[u8]>) -> bool {
    message.offset == offset && message.key == key && message.value.as_deref() == value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;
    use crate::stream::OutgoingRecord;
    use crate::stream::changelog::Save;
    use std::collections::{BTreeMap, BTreeSet, VecDeque};

    const NAME: ChangelogId = [7; 16];

    /// Messages by offset; `None` of those that are compacted away.
    #[derive(Clone, Default)]
    struct Log(Vec<Option<ChangelogRecord>>);

    impl Log {
        fn append(&mut self, send: OutgoingRecord) -> i64 {
            let offset = self.0.len() as i64;
            self.0.push(Some(ChangelogRecord { offset, key: send.key, value: send.value }));
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
        head: Option<Vec<u8>>,
        entries: Vec<(Vec<u8>, Vec<u8>)>,
        changelog: Changelog,
        unnamed: Option<ChangelogId>,
        read: RestoreStats,
        refused: Option<&'static str>,
    }

    /// Restores as a node does.
    fn restored(log: &mut Log, cached: Option<CachedLog>) -> Outcome {
        let fence = log.append(Changelog::fence(0));
        let (mut reading, mut turn) = Restoration::begin(fence, cached, NAME);
        let (mut next, mut refused) = (0, None);
        loop {
            match turn {
                RestoreStep::Continue => {}
                RestoreStep::ReadFrom(offset) => next = offset,
                RestoreStep::CacheRejected(why) => (next, refused) = (0, Some(why)),
                RestoreStep::Complete => break,
            }
            let message = log.at(next);
            next = message.offset + 1;
            turn = reading.take(message.offset, &message.key, message.value.as_deref()).expect("it can be read");
        }
        let read = reading.read();
        let (Restored { head, entries, changelog }, unnamed) = reading.finish(0);
        Outcome { head, entries, changelog, unnamed, read, refused }
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
            if let Some(name) = outcome.unnamed {
                log.append(Changelog::name(0, name));
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
            let Save { number, entries, head, cleanup } = self.changelog.save(changed.into_iter().collect(), &self.saves.to_be_bytes());
            self.sending.extend(entries.into_iter().map(|send| (send, None)));
            self.sending.extend(head.into_iter().map(|send| (send, Some(number))));
            self.sending.extend(cleanup.into_iter().map(|send| (send, None)));
        }

        fn send(&mut self, log: &mut Log, many: usize) {
            for _ in 0..many {
                let Some((send, completes)) = self.sending.pop_front() else { return };
                log.append(send);
                if let Some(number) = completes {
                    self.changelog.completed(number);
                }
            }
        }
    }

    #[test]
    fn a_restore_through_the_cache_of_any_earlier_moment_is_that_from_the_beginning() {
        let (mut used, mut refused, mut spared) = (0, 0, 0);
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
                            assert_eq!(outcome.head, whole.head, "seed {seed}");
                            assert!(outcome.entries == whole.entries, "seed {seed}: entries are others");
                            used += usize::from(outcome.read.cached > 0);
                            refused += usize::from(outcome.refused.is_some());
                            spared += whole.read.read.saturating_sub(outcome.read.read);
                        }
                    }
                }
            }
        }
        assert!(used > 1_000 && refused > 10 && spared > 10_000, "{used} used, {refused} refused, {spared} messages spared");
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
        assert_eq!((outcome.refused, outcome.read.cached, outcome.read.read), (None, cached.len() as u64, 0));
        assert!(outcome.head.is_some() && outcome.unnamed.is_none());
    }

    #[test]
    fn a_cache_that_is_not_of_this_log_is_refused_and_all_is_read() {
        let refused = |cached: CachedLog| {
            let whole = restored(&mut some_log(), None);
            let outcome = restored(&mut some_log(), Some(cached));
            assert_eq!((&outcome.head, &outcome.entries, outcome.read), (&whole.head, &whole.entries, whole.read));
            outcome.refused
        };
        let own = some_log().cached(some_log().0.len());

        let mut other = own.clone();
        let name = other.iter_mut().find(|message| Changelog::names_log(&message.key)).expect("it is named");
        name.key = Changelog::name(0, [8; 16]).key;
        assert_eq!(refused(other), Some("it is of another log"));

        let mut shifted = own.clone();
        shifted.iter_mut().for_each(|message| message.offset += 1);
        assert_eq!(refused(shifted), Some("the log ends before it"));

        let nameless: CachedLog = own.iter().filter(|message| !Changelog::names_log(&message.key)).cloned().collect();
        assert_eq!(refused(nameless), Some("it does not say of which log it is"));

        let mut otherwise = own.clone();
        otherwise.last_mut().expect("the last").value = Some(vec![1; 64]);
        assert_eq!(refused(otherwise), Some("the log has gone on otherwise"));

        let mut unreadable = own.clone();
        let other = unreadable.iter_mut().find(|message| !Changelog::names_log(&message.key)).expect("it holds others");
        other.key = vec![99];
        assert_eq!(refused(unreadable), Some("it holds a message that cannot be read"));

        assert_eq!(refused(Vec::new()), None);
    }
}
