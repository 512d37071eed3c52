//! Keeps, on this machine, what partitions of the state hold, so that a restart reads little. A thread of its own reads each
//! partition that runs here as it grows, and appends what it reads to a file ([`LogCache`]).
//!
//! Only what was read from the topic, in its order, gets into the file: so it is a beginning of the log whoever wrote what, and
//! every beginning is as good as another. What this process writes could be had without reading, but what others wrote in
//! between (fences, saves of those who were taken for dead) could not. The first save of an epoch writes everything: a cache that ended
//! at the restore would spare next to nothing, so that it is worth to go on reading.
//!
//! Nothing rests on it. Where it fails it says so once, and the service goes on without.

use crate::kafka::consumer::PartitionConsumer;
use crate::kafka::settings::Cluster;
use crate::model::topic::{ChangelogRecord, TopicPartition};
use crate::store::log_cache::{FRAME, LogCache};
use crate::store::seal::StateSealer;
use crate::stream::InternalTopic;
use crate::stream::authentication::{self, SealKey, SeenWriters};
use crate::stream::changelog::ChangelogId;
use crate::stream::restore::{CachedLog, RestoreStats};
use crate::telemetry::metrics::{Metrics, StateCache};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded, unbounded};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where caches are, and of what.
pub struct CacheLocation {
    /// The directory.
    pub dir: PathBuf,
    /// The topic.
    pub topic: Arc<str>,
    /// How brokers are reached.
    pub cluster: Cluster,
    /// A name for the brokers' logs.
    pub group: String,
    /// What messages are sealed with.
    pub key: SealKey,
    /// What files are sealed with.
    pub sealer: StateSealer,
}

enum Order {
    Recall(i32),
    Keep(i32),
    Forget(i32),
    Release(i32),
}

/// The caches of the partitions that are ours.
pub struct Caches {
    orders: Sender<Order>,
    recalled: Receiver<(i32, Option<CachedLog>)>,
    /// Asked for since, and not there yet or being restored from.
    since: BTreeMap<i32, Instant>,
    waiting: BTreeSet<i32>,
    dir: PathBuf,
    ended: Receiver<()>,
    metrics: Metrics,
}

/// What was read is written after so long, and with so many bytes at once.
const WRITE_AFTER: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(100);

impl Caches {
    /// Starts the thread. Without it there are no caches.
    pub fn start(place: CacheLocation, metrics: &Metrics) -> Caches {
        let (orders, ordered) = unbounded();
        // A state is large: the next is read once the last was taken.
        let (answers, recalled) = bounded(1);
        let (ending, ended) = bounded(0);
        let dir = place.dir.clone();
        let thread = Thread { place, answers, metrics: metrics.clone(), reader: None, parts: BTreeMap::new(), failure_logged: false };
        let started = std::thread::Builder::new().name("state-cache".to_owned()).spawn(move || {
            thread.run(&ordered);
            drop::<Sender<()>>(ending);
        });
        if let Err(error) = started {
            tracing::warn!(%error, "states are not cached: a thread cannot be started");
        }
        Caches { orders, recalled, since: BTreeMap::new(), waiting: BTreeSet::new(), dir, ended, metrics: metrics.clone() }
    }

    /// Reads what is cached of a partition; it comes by [`Caches::recalled`].
    pub fn recall(&mut self, part: i32) {
        self.waiting.insert(part);
        self.since.insert(part, Instant::now());
        self.order(Order::Recall(part));
    }

    /// What was recalled. Nothing, if the thread is no more.
    pub fn recalled(&mut self) -> Option<(i32, Option<CachedLog>)> {
        let answer = match self.recalled.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => (*self.waiting.first()?, None),
        };
        self.waiting.remove(&answer.0);
        Some(answer)
    }

    /// A partition was restored: it is read and kept from now on.
    pub fn keep(&mut self, part: i32, how: RestoreStats) {
        let RestoreStats { cached, read, bytes } = how;
        if cached > 0 {
            self.metrics.state_cache(StateCache::Used);
        }
        self.metrics.restored(cached, read);
        let millis = self.since.remove(&part).map_or(0, |since| since.elapsed().as_millis() as u64);
        tracing::info!(partition = part, cached, read, bytes, millis, "a state was restored");
        self.order(Order::Keep(part));
    }

    /// Bytes of all caches on disk.
    pub fn size(&self) -> u64 {
        let files = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
    }

    /// A cache is not what the topic holds.
    pub fn forget(&self, part: i32, why: &str) {
        self.metrics.state_cache(StateCache::Refused);
        tracing::warn!(partition = part, why, "the cache of a state is not used; all of it is read from its topic");
        self.order(Order::Forget(part));
    }

    /// A partition is somebody else's.
    pub fn release(&self, part: i32) {
        self.order(Order::Release(part));
    }

    fn order(&self, order: Order) {
        // A thread that has ended has said why.
        let _ = self.orders.send(order);
    }

    /// Writes what was read; waits for that so long.
    pub fn stop(self, within: Duration) {
        drop((self.orders, self.recalled));
        // Disconnected when it has ended. If it has not, the next start reads a little more.
        if let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(within) {
            tracing::debug!("caches of states were not written in time");
        }
    }
}

/// A new name for a log, by which a cache knows what it is of.
pub fn log_name() -> ChangelogId {
    // Each of these is keyed anew by the system's chance.
    let half = |n: u64| RandomState::new().hash_one(n).to_be_bytes();
    let (mut name, halves) = ([0; 16], [half(0), half(1)]);
    name.copy_from_slice(halves.as_flattened());
    name
}

struct Thread {
    place: CacheLocation,
    answers: Sender<(i32, Option<CachedLog>)>,
    metrics: Metrics,
    /// Made when it is needed first.
    reader: Option<PartitionConsumer>,
    parts: BTreeMap<i32, CachedPartition>,
    /// A failure was logged: one is enough.
    failure_logged: bool,
}

struct CachedPartition {
    prefix: LogCache,
    /// The next offset that is not there yet.
    next: i64,
    /// How far each writer was read.
    seen: SeenWriters,
    keeping: bool,
    /// What was read and is not written yet.
    unwritten: Vec<ChangelogRecord>,
    bytes: usize,
    since: Instant,
}

impl Thread {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let order = if self.parts.values().any(|part| part.keeping) {
                orders.try_recv()
            } else {
                orders.recv().map_err(|_| TryRecvError::Disconnected)
            };
            match order {
                Ok(order) => self.obey(order),
                Err(TryRecvError::Empty) => self.read(),
                Err(TryRecvError::Disconnected) => break,
            }
        }
        for part in self.parts.keys().copied().collect::<Vec<_>>() {
            self.write(part);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Recall(part) => {
                self.release(part);
                let cached = match self.open(part) {
                    Ok(cached) => cached,
                    Err(error) => {
                        self.failed(part, &error);
                        None
                    }
                };
                if cached.is_none() {
                    self.metrics.state_cache(StateCache::None);
                }
                // The receiver is gone when the process ends.
                let _ = self.answers.send((part, cached));
            }
            Order::Keep(part) => self.keep(part),
            Order::Forget(part) => self.forget(part),
            Order::Release(part) => self.release(part),
        }
    }

    fn open(&mut self, part: i32) -> io::Result<Option<CachedLog>> {
        let Some(mut prefix) = LogCache::open(&self.place.dir, &format!("state-{part}"), self.place.sealer.clone())? else {
            tracing::info!(partition = part, "the cache of this state is in use by another process, and not used here");
            return Ok(None);
        };
        let loaded = prefix.load()?;
        if let Some(why) = loaded.damage {
            self.metrics.state_cache(StateCache::Refused);
            tracing::warn!(partition = part, why, "the cache of a state is damaged; what stands before that is used, the rest read anew");
        }
        let next = loaded.records.last().map_or(0, |last| last.offset + 1);
        let mut seen = SeenWriters::default();
        loaded.records.iter().for_each(|record| seen.take(record.stamp));
        let kept = CachedPartition { prefix, next, seen, keeping: false, unwritten: Vec::new(), bytes: 0, since: Instant::now() };
        self.parts.insert(part, kept);
        Ok((!loaded.records.is_empty()).then_some(loaded.records))
    }

    fn keep(&mut self, part: i32) {
        let Some(kept) = self.parts.get_mut(&part) else { return };
        if self.reader.is_none() {
            match PartitionConsumer::in_background(&self.place.cluster, &self.place.group, authentication::HEADER) {
                Ok(reader) => self.reader = Some(reader),
                Err(error) => return self.failed(part, &error),
            }
        }
        kept.keeping = true;
        if let Some(reader) = &mut self.reader {
            reader.assign(TopicPartition::new(self.place.topic.clone(), part), kept.next);
        }
    }

    fn read(&mut self) {
        let batch = match self.reader.as_ref().map(|reader| reader.receive(POLL)) {
            None => None,
            Some(Ok(batch)) => batch,
            Some(Err(error)) => {
                let keeping: Vec<i32> = self.parts.keys().copied().collect();
                keeping.into_iter().for_each(|part| self.failed(part, &error));
                self.reader = None;
                None
            }
        };
        if let Some(batch) = batch
            && let Some(kept) = self.parts.get_mut(&batch.partition.partition)
        {
            if kept.unwritten.is_empty() {
                kept.since = Instant::now();
            }
            for message in batch.records {
                if message.offset < kept.next {
                    // Where there is nothing at the offset asked for, a client begins at the beginning: it is not the log that it was.
                    return self.begin_anew(batch.partition.partition);
                }
                kept.next = message.offset + 1;
                let (key, value) = (&message.key, message.value.as_deref());
                let part = batch.partition.partition;
                let stamp = self.place.key.verify(InternalTopic::State.name(), part, key, value, message.header.as_deref());
                // The node passes it over as well, and counts it.
                let Ok(stamp) = stamp.and_then(|stamp| kept.seen.accept(stamp)) else { continue };
                kept.bytes += message.key.len() + message.value.as_ref().map_or(0, Vec::len);
                kept.unwritten.push(ChangelogRecord { offset: message.offset, key: message.key, value: message.value, stamp });
            }
        }
        let due = |part: &CachedPartition| !part.unwritten.is_empty() && (part.bytes >= FRAME || part.since.elapsed() >= WRITE_AFTER);
        let due: Vec<i32> = self.parts.iter().filter(|(_, part)| due(part)).map(|(part, _)| *part).collect();
        due.into_iter().for_each(|part| self.write(part));
    }

    fn begin_anew(&mut self, part: i32) {
        tracing::warn!(partition = part, "a state is no longer what its cache began with; the cache begins anew");
        self.metrics.state_cache(StateCache::Refused);
        self.forget(part);
        self.keep(part);
    }

    fn forget(&mut self, part: i32) {
        let Some(kept) = self.parts.get_mut(&part) else { return };
        (kept.next, kept.bytes) = (0, 0);
        kept.seen = SeenWriters::default();
        kept.unwritten.clear();
        if let Err(error) = kept.prefix.discard() {
            self.failed(part, &error);
        }
    }

    fn write(&mut self, part: i32) {
        let Some(kept) = self.parts.get_mut(&part) else { return };
        let messages = std::mem::take(&mut kept.unwritten);
        kept.bytes = 0;
        if let Err(error) = kept.prefix.append(&messages) {
            self.failed(part, &error);
        }
    }

    fn release(&mut self, part: i32) {
        self.write(part);
        if self.parts.remove(&part).is_some()
            && let Some(reader) = &mut self.reader
        {
            reader.unassign(TopicPartition::new(self.place.topic.clone(), part));
        }
    }

    /// The cache of a partition is given up until the partition comes here anew.
    fn failed(&mut self, part: i32, error: &dyn Display) {
        self.metrics.state_cache(StateCache::Failed);
        if !std::mem::replace(&mut self.failure_logged, true) {
            let dir = self.place.dir.display();
            tracing::warn!(partition = part, %error, "{dir}: the state cannot be cached here; a restart will read all of it from its topic");
        }
        if self.parts.remove(&part).is_some()
            && let Some(reader) = &mut self.reader
        {
            reader.unassign(TopicPartition::new(self.place.topic.clone(), part));
        }
    }
}
