//! The state of a consumer, and the callbacks of librdkafka that keep it: assignments, statistics, errors.

use crate::kafka::context::{ClientEvents, KafkaContext};
use crate::kafka::identity::{Marks, RecordMark};
use crate::kafka::lookup::{LogReader, WITHIN};
use crate::kafka::read_records::{ReadRecords, Step};
use crate::model::topic::TopicPartition;
use crate::source::kafka::{KafkaEvent, Positions};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by the poll thread, the callbacks (which run on it) and the owner of the source.
#[derive(Default)]
pub struct ConsumerState {
    /// The owner wants the thread to end.
    pub stopping: AtomicBool,
    /// Partitions are assigned and a broker answers.
    pub connected: AtomicBool,
    /// Commits that have failed for good since that was last asked for.
    pub failed_commits: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// The latest commit that was asked for and is not sent yet.
    commit: Option<Positions>,
    assigned: BTreeSet<TopicPartition>,
    /// Whether assigned partitions are paused. librdkafka cannot be asked, and an assignment forgets it.
    paused: bool,
    /// Whether every partition is assigned to us. Nothing is read before, and nothing once one is revoked.
    complete: bool,
    /// Whether the group has assigned anything yet.
    has_joined: bool,
    /// Revoked, and not reported yet: they may come back.
    revoked: BTreeSet<TopicPartition>,
    /// Read before, and no more in their topic: see [`ConsumerState::let_go`]. To the client some may be assigned all the same.
    gone: BTreeSet<TopicPartition>,
    /// Events of callbacks that the poll thread has not passed on yet.
    events: VecDeque<KafkaEvent>,
    lag: BTreeMap<TopicPartition, u64>,
    /// What was read of each partition: at first as saved. It continues there when it is assigned (again).
    read: BTreeMap<TopicPartition, ReadRecords>,
}

impl Inner {
    fn let_go(&mut self, mut gone: BTreeSet<TopicPartition>) {
        gone.retain(|of| self.gone.insert(of.clone()));
        for partition in &gone {
            tracing::warn!(%partition, "its topic has fewer partitions than before; nothing waits for this one any more");
            self.assigned.remove(partition);
            self.lag.remove(partition);
        }
        if !gone.is_empty() {
            self.events.push_back(KafkaEvent::Revoked(gone.into_iter().collect()));
        }
    }
}

impl ConsumerState {
    /// The state of a consumer that starts from these positions, and what it can tell by whether partitions are what they were.
    pub fn new(positions: Positions, marks: BTreeMap<TopicPartition, Marks>) -> ConsumerState {
        let mut marks = marks;
        let read = positions.into_iter().map(|(of, next)| {
            let marks = marks.remove(&of).unwrap_or_default();
            (of, ReadRecords::new(Some(next), marks))
        });
        ConsumerState { inner: Mutex::new(Inner { read: read.collect(), ..Inner::default() }), ..ConsumerState::default() }
    }

    /// A lock that a panic has poisoned is used all the same: no change of several fields can be half done.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`super::KafkaSource::lag`].
    pub fn lag(&self) -> BTreeMap<TopicPartition, u64> {
        self.inner().lag.clone()
    }

    /// See [`super::KafkaSource::commit`].
    pub fn request_commit(&self, positions: Positions) {
        self.inner().commit = Some(positions);
    }

    /// The positions to commit, of partitions that are still assigned.
    pub fn take_commit(&self) -> Option<TopicPartitionList> {
        let mut inner = self.inner();
        let mut positions = inner.commit.take()?;
        positions.retain(|partition, _| inner.assigned.contains(partition));
        (!positions.is_empty()).then(|| list(positions.iter().map(|(partition, offset)| (partition, Some(*offset)))))
    }

    /// Events that callbacks have left.
    pub fn take_events(&self) -> VecDeque<KafkaEvent> {
        std::mem::take(&mut self.inner().events)
    }

    /// Sets whether assigned partitions are paused for backpressure.
    pub fn set_paused(&self, paused: bool) {
        self.inner().paused = paused;
    }

    /// Whether assigned partitions are paused for backpressure.
    pub fn is_paused(&self) -> bool {
        self.inner().paused
    }

    /// The assigned partitions.
    pub fn assigned(&self) -> TopicPartitionList {
        list(self.inner().assigned.iter().map(|partition| (partition, None)))
    }

    /// Whether every partition is assigned to us.
    pub fn is_complete(&self) -> bool {
        self.inner().complete
    }

    /// Whether it is known that some partition is not assigned to us.
    pub fn is_partial(&self) -> bool {
        let inner = self.inner();
        inner.has_joined && !inner.complete
    }

    /// The assigned partitions, once the group has assigned any, or an empty set of them.
    pub fn assignment(&self) -> Option<BTreeSet<TopicPartition>> {
        let inner = self.inner();
        inner.has_joined.then(|| inner.assigned.clone())
    }

    /// Every partition is assigned to us. Revoked ones that are not among them no longer exist, nor do others of the same topics that were
    /// read before.
    pub fn set_complete(&self) {
        let mut inner = self.inner();
        inner.complete = true;
        let revoked = std::mem::take(&mut inner.revoked);
        let is_ours = |topic: &Arc<str>| inner.assigned.iter().any(|of| of.topic == *topic);
        let known = inner.read.keys().filter(|of| is_ours(&of.topic)).cloned();
        let gone = revoked.into_iter().chain(known).filter(|of| !inner.assigned.contains(of)).collect();
        inner.let_go(gone);
    }

    /// Assigned partitions are gone, and nothing waits for them.
    pub fn let_go(&self, gone: BTreeSet<TopicPartition>) {
        self.inner().let_go(gone);
    }

    /// A message has come: what to do with it.
    pub fn advance(&self, partition: &TopicPartition, mark: RecordMark) -> Step {
        let mut inner = self.inner();
        // The topic has grown again, and to the client it has been assigned all the time.
        if !inner.gone.is_empty() && inner.gone.remove(partition) {
            inner.assigned.insert(partition.clone());
        }
        match inner.read.get_mut(partition) {
            Some(read) => read.advance(mark),
            None => inner.read.entry(partition.clone()).or_default().advance(mark),
        }
    }

    /// Marks of the assigned partitions of which some records were read, each from the newest on.
    pub fn marks(&self) -> BTreeMap<TopicPartition, Vec<RecordMark>> {
        let inner = self.inner();
        let of = |of: &TopicPartition| Some((of.clone(), inner.read.get(of)?.marks.newest_first()));
        inner.assigned.iter().filter_map(of).filter(|(_, marks)| !marks.is_empty()).collect()
    }

    /// What was read of a partition.
    pub fn read(&self, of: &TopicPartition) -> ReadRecords {
        self.inner().read.get(of).cloned().unwrap_or_default()
    }

    /// Does something with what was read of a partition. Only the poll thread changes it, which is the one that calls this.
    pub fn with_read<T>(&self, of: &TopicPartition, does: impl FnOnce(&mut ReadRecords) -> T) -> T {
        let mut read = self.read(of);
        let done = does(&mut read);
        self.inner().read.insert(of.clone(), read);
        done
    }

    /// Looks at a record of each assigned partition: those of which it does not stand any more where it was read.
    pub fn look_again(&self, reader: &LogReader) -> Vec<(TopicPartition, RecordMark)> {
        // Only the poll thread changes what was read, and it is the one that looks.
        let (assigned, mut read) = {
            let mut inner = self.inner();
            (inner.assigned.clone(), std::mem::take(&mut inner.read))
        };
        let changed = reader.look_again(read.iter_mut().filter(|(of, _)| assigned.contains(*of)), WITHIN);
        self.inner().read = read;
        changed
    }

    /// A partition is read from before its next offset on: see [`ReadRecords::rewind`].
    pub fn rewind(&self, of: &TopicPartition, to: Option<i64>, skip: Option<(i64, i64)>) {
        self.inner().read.entry(of.clone()).or_default().rewind(to, skip);
    }

    /// Partitions are assigned: each goes on where it was left.
    fn assign(&self, partitions: &mut TopicPartitionList) {
        let mut inner = self.inner();
        inner.has_joined = true;
        let mut assigned = Vec::new();
        for mut element in partitions.elements() {
            let partition = TopicPartition::new(element.topic(), element.partition());
            let start = inner.read.get(&partition).and_then(|read| read.next);
            if let Some(start) = start
                && let Err(error) = element.set_offset(Offset::Offset(start))
            {
                tracing::error!(%partition, start, %error, "cannot start at the state's position");
            }
            inner.gone.remove(&partition);
            inner.assigned.insert(partition.clone());
            assigned.push((partition, start));
        }
        inner.events.push_back(KafkaEvent::Assigned(assigned));
    }

    fn revoke(&self, partitions: &TopicPartitionList) {
        let mut inner = self.inner();
        let revoked: Vec<TopicPartition> = partitions.elements().iter().map(|e| TopicPartition::new(e.topic(), e.partition())).collect();
        inner.complete &= revoked.is_empty();
        for partition in revoked {
            inner.lag.remove(&partition);
            if inner.assigned.remove(&partition) {
                inner.revoked.insert(partition);
            }
        }
    }

    fn set_lag(&self, statistics: &Statistics) {
        let mut inner = self.inner();
        let mut lags = BTreeMap::new();
        for of in &inner.assigned {
            let about = statistics.topics.get(&*of.topic).and_then(|about| about.partitions.get(&of.partition));
            // Negative: not known yet.
            let Some(about) = about.filter(|about| about.hi_offset >= 0) else { continue };
            let next = if about.app_offset >= 0 { about.app_offset } else { about.lo_offset.max(0) };
            lags.insert(of.clone(), u64::try_from(about.hi_offset - next).unwrap_or(0));
        }
        inner.lag = lags;
    }
}

/// Partitions as librdkafka wants them.
fn list<'a>(partitions: impl Iterator<Item = (&'a TopicPartition, Option<i64>)>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (of, offset) in partitions {
        let mut element = list.add_partition(&of.topic, of.partition);
        if let Some(offset) = offset {
            // Fails for offsets that cannot be; ours came from messages.
            let _ = element.set_offset(Offset::Offset(offset));
        }
    }
    list
}

/// The callbacks of librdkafka, which keep the state.
pub struct Callbacks(pub Arc<ConsumerState>);

/// The consumer of a source.
pub type SourceConsumer = BaseConsumer<KafkaContext<Callbacks>>;

impl ClientEvents for Callbacks {
    fn on_commit_failed(&self) {
        self.0.failed_commits.fetch_add(1, Ordering::AcqRel);
    }

    fn on_error(&self, error: &KafkaError, _: &str) {
        let down = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if down && self.0.connected.swap(false, Ordering::AcqRel) {
            tracing::warn!("kafka: no broker can be reached");
        }
    }

    fn on_statistics(&self, statistics: &Statistics) {
        let up = statistics.brokers.values().any(|broker| broker.state == "UP");
        self.0.connected.store(up && self.0.is_complete(), Ordering::Release);
        self.0.set_lag(statistics);
    }
}

impl ConsumerContext for KafkaContext<Callbacks> {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let cooperative = matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let outcome = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.0.0.assign(partitions);
            if cooperative { consumer.incremental_assign(partitions) } else { consumer.assign(partitions) }
        } else {
            self.0.0.revoke(partitions);
            if cooperative { consumer.incremental_unassign(partitions) } else { consumer.unassign() }
        };
        // Here and not after the poll: not one message may come of a part of the partitions.
        let whole = self.0.0.is_complete();
        if (self.0.0.is_paused() || !whole)
            && let Err(error) = consumer.pause(&self.0.0.assigned())
        {
            tracing::warn!(%error, "kafka: cannot pause partitions after an assignment");
        }
        match outcome {
            Ok(()) => self.0.0.connected.store(whole, Ordering::Release),
            Err(error) => tracing::error!(%error, "kafka: rebalance"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition::new(topic, partition)
    }

    fn assign(state: &ConsumerState, partitions: &[TopicPartition]) {
        state.assign(&mut list(partitions.iter().map(|of| (of, None))));
        state.set_complete();
    }

    fn gone(state: &ConsumerState) -> Vec<TopicPartition> {
        let revoked = |event| if let KafkaEvent::Revoked(gone) = event { gone } else { Vec::new() };
        state.take_events().into_iter().flat_map(revoked).collect()
    }

    #[test]
    fn partitions_that_a_topic_has_no_more_are_gone_once_and_may_be_back() {
        let positions = (0..4).map(|at| (of("t", at), 10)).chain([(of("of another source", 0), 5)]).collect();
        let state = ConsumerState::new(positions, BTreeMap::new());
        assign(&state, &[of("t", 0), of("t", 1), of("t", 2)]);
        assert_eq!(gone(&state), [of("t", 3)], "the state knew it");
        state.let_go([of("t", 2)].into());
        assert_eq!(gone(&state), [of("t", 2)], "the client believes that it is assigned");
        state.revoke(&list([of("t", 0), of("t", 1), of("t", 2)].iter().map(|of| (of, None))));
        assign(&state, &[of("t", 0), of("t", 1)]);
        assert_eq!(gone(&state), []);
        state.request_commit((0..4).map(|at| (of("t", at), 10)).collect());
        assert_eq!(state.take_commit().map(|list| list.count()), Some(2));
        // The topic has grown: one comes by an assignment, one by its messages.
        assign(&state, &[of("t", 2)]);
        let mark = RecordMark { offset: 10, hash: 1 };
        assert_eq!(state.advance(&of("t", 3), mark), Step::Take);
        assert_eq!(gone(&state), []);
        assert_eq!(state.assignment().map(|all| all.len()), Some(4));
    }
}
