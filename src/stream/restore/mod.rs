//! How the state of one task is restored: from all of its changelog, or from a cache on this machine and what the cache lacks of it.
//!
//! A cache is the beginning of the log as a process here once read it. It is never trusted over the log:
//!
//! * It must be of this log and not of one of the same name that was deleted: a log has an identity, in a record of its own, which is
//!   never replaced, and which must stand where the cache has it. The cache can be no longer than the log: it ends before the fence.
//! * Where its last record still stands, it must be the same: a log that lost its end may have continued differently.
//! * Cache and rest, read in order, are what the log was at some time, only compacted elsewhere. One thing is lost by that:
//!   tombstones after the end of the cache may be gone, as brokers keep them for a day, and what they removed seems to exist. In
//!   epochs before the newest that does not matter; in the newest, number and sum in the metadata do not match.
//!
//! Where any of this fails, the cache is rejected and everything is read from the beginning. That costs time only.

use crate::model::topic::ChangelogRecord;
use crate::stream::authentication::{Refusal, SeenWriters, Stamp};
use crate::stream::changelog::{Changelog, ChangelogId, ChangelogReader, CheckpointId, RestoredState};

/// The beginning of a log as it was once read: the newest record of each key, by offset, and the very last one in any case.
pub type CachedLog = Vec<ChangelogRecord>;

/// What to do after a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreStep {
    /// Read on.
    Continue,
    /// Read on from another offset.
    ReadFrom(i64),
    /// The cache was rejected, and why: read from the beginning.
    CacheRejected(&'static str),
    /// The state is whole.
    Complete,
}

/// A state that is being restored.
pub struct Restoration {
    fence: i64,
    /// Everything up to the fence was read.
    has_passed_fence: bool,
    /// What is known to be saved. Less is not whole: a writer that had begun before our fence may have completed a checkpoint after it, and
    /// have removed what it replaced.
    saved: Option<CheckpointId>,
    /// The offset after the last record that was read.
    next: i64,
    reader: ChangelogReader,
    cache: Cache,
    /// Records of the cache in `reader`.
    cached: u64,
    /// How far each writer was read.
    seen: SeenWriters,
    /// Messages that were refused: reason, and offset.
    refused: Vec<(i64, Refusal)>,
    /// An identity for the log, should it have none.
    new_id: ChangelogId,
}

enum Cache {
    /// There is none.
    None,
    /// The record of that index, which identifies the log, is read next: it must be the same in the log.
    Identifying(CachedLog, usize),
    /// The cache was taken, and its last record is read next: it must be the same, if it still stands.
    Joining(ChangelogRecord),
    /// It was used.
    Used,
}

/// How a state was restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RestoreStats {
    /// Records of the cache.
    pub cached: u64,
    /// Records of the log.
    pub read: u64,
    /// Bytes of both.
    pub bytes: u64,
}

impl Restoration {
    /// Begins; the first step says where to read.
    pub fn begin(fence: i64, cached: Option<CachedLog>, new_id: ChangelogId, saved: Option<CheckpointId>) -> (Restoration, RestoreStep) {
        let reader = ChangelogReader::default();
        let (cache, seen, refused) = (Cache::None, SeenWriters::default(), Vec::new());
        let (has_passed_fence, next, cached_records) = (false, 0, 0);
        let mut restoration =
            Restoration { fence, has_passed_fence, saved, next, reader, cache, cached: cached_records, seen, refused, new_id };
        let Some(cached) = cached else { return (restoration, RestoreStep::ReadFrom(0)) };
        let Some(last) = cached.last().map(|last| last.offset) else { return (restoration, RestoreStep::ReadFrom(0)) };
        let step = match cached.iter().position(|record| Changelog::is_identity(&record.key)) {
            _ if last >= fence => RestoreStep::CacheRejected("the log ends before it"),
            None => RestoreStep::CacheRejected("it does not say of which log it is"),
            Some(at) => {
                let from = cached[at].offset;
                restoration.cache = Cache::Identifying(cached, at);
                RestoreStep::ReadFrom(from)
            }
        };
        (restoration, step)
    }

    /// Takes a record, in the order of the log, from the offset of the last step on. One that is refused is passed over.
    pub fn take(&mut self, offset: i64, key: &[u8], value: Option<&[u8]>, stamp: Result<Stamp, Refusal>) -> Result<RestoreStep, String> {
        self.next = offset + 1;
        match std::mem::replace(&mut self.cache, Cache::None) {
            Cache::None => {}
            Cache::Used => self.cache = Cache::Used,
            Cache::Identifying(cached, at) => {
                if !is_same(&cached[at], offset, key, value) {
                    return Ok(self.reject("it is of another log"));
                }
                return Ok(self.use_cache(cached));
            }
            Cache::Joining(last) => {
                if offset < last.offset {
                    return Ok(self.reject("the log begins behind its end, or ends before it"));
                }
                self.cache = Cache::Used;
                if offset == last.offset {
                    let is_same = is_same(&last, offset, key, value);
                    return Ok(if is_same { RestoreStep::Continue } else { self.reject("the log has gone on otherwise") });
                }
            }
        }
        let taken = stamp.and_then(|stamp| self.seen.accept(stamp));
        match taken {
            Ok(_) if offset != self.fence => self.reader.take(key, value)?,
            Ok(_) => {}
            Err(why) => {
                self.reader.pass_over(key, value);
                self.refused.push((offset, why));
            }
        }
        if offset < self.fence {
            return Ok(RestoreStep::Continue);
        }
        // Beyond the fence, which may itself be compacted away, only another checkpoint can make the state whole.
        let passes = !std::mem::replace(&mut self.has_passed_fence, true);
        let may_be_whole = passes || (taken.is_ok() && ChangelogReader::completes(key));
        if !may_be_whole {
            return Ok(RestoreStep::Continue);
        }
        match (self.reader.check(), &self.cache) {
            (Ok(()), _) if self.reader.newest_checkpoint() >= self.saved => Ok(RestoreStep::Complete),
            (Ok(()), _) => Ok(RestoreStep::Continue),
            // It may be that another writer is at work, and nothing is wrong with the cache: then rejecting it costs time only.
            (Err(_), Cache::Used) => Ok(self.reject("with what the log has beyond it, it is not whole")),
            (Err(_), Cache::None | Cache::Identifying(..) | Cache::Joining(_)) => Ok(RestoreStep::Continue),
        }
    }

    fn use_cache(&mut self, cached: CachedLog) -> RestoreStep {
        for record in &cached {
            self.seen.take(record.stamp);
            if self.reader.take(&record.key, record.value.as_deref()).is_err() {
                return self.reject("it holds a message that cannot be read");
            }
        }
        self.cached = self.reader.records;
        let last = cached.into_iter().next_back().expect("a cache that is used is not empty");
        let from = last.offset;
        self.cache = Cache::Joining(last);
        RestoreStep::ReadFrom(from)
    }

    fn reject(&mut self, why: &'static str) -> RestoreStep {
        (self.reader, self.cache, self.cached) = (ChangelogReader::default(), Cache::None, 0);
        self.has_passed_fence = false;
        self.seen = SeenWriters::default();
        RestoreStep::CacheRejected(why)
    }

    /// Messages that were refused since this was last asked for: offset and reason.
    pub fn take_refused(&mut self) -> Vec<(i64, Refusal)> {
        std::mem::take(&mut self.refused)
    }

    /// The offset after the last record that was read; none yet is 0.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// How far it has come.
    pub fn stats(&self) -> RestoreStats {
        RestoreStats { cached: self.cached, read: self.reader.records - self.cached, bytes: self.reader.bytes }
    }

    /// The whole state, and the identity to give the log if it has none.
    pub fn finish(self, partition: i32) -> (RestoredState, Option<ChangelogId>) {
        let new_id = (!self.reader.has_identity()).then_some(self.new_id);
        (self.reader.finish(partition, self.fence.unsigned_abs()), new_id)
    }
}

fn is_same(record: &ChangelogRecord, offset: i64, key: &[u8], value: Option<&[u8]>) -> bool {
    record.offset == offset && record.key == key && record.value.as_deref() == value
}

#[cfg(test)]
mod tests;
