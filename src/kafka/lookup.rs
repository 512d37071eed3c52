//! Looks at single records of partitions, outside of any group: what stands at an offset now.

use crate::kafka::consumer::partition_list;
use crate::kafka::context::KafkaContext;
use crate::kafka::identity::{Continuity, Found, MarkKey, RecordMark, compare};
use crate::kafka::leaving;
use crate::kafka::read_records::ReadRecords;
use crate::kafka::settings::{Cluster, READS_OFFSETS, SettingsError};
use crate::kafka::topics::retry_unready;
use crate::model::topic::TopicPartition;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const DEFAULTS: &[(&str, &str)] = &[
    ("fetch.wait.max.ms", "20"),
    // One record is wanted; a broker gives nothing of a partition whose batch is larger than this, but for one partition at a time.
    ("fetch.message.max.bytes", "1048576"),
    ("fetch.max.bytes", "8388608"),
    ("queued.min.messages", "1"),
];

/// How to go on with a partition that is not what it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rewind {
    /// Behind what is left of it; `None`: from the start, since it was made anew.
    pub to: Option<i64>,
    /// Offsets of what stands there now that were read already.
    pub skip: Option<(i64, i64)>,
}

/// How long it may take to find out what has become of partitions.
pub const LOOK: Duration = Duration::from_secs(3);
/// How often a record of each partition is looked at.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// How long that may take.
pub const WITHIN: Duration = Duration::from_secs(2);
/// How long it is left alone where it took as long.
pub const AFTER_TROUBLE: Duration = Duration::from_secs(15);

/// How long a request about the bounds of a partition may take.
const REQUEST: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(20);

/// A client that looks.
pub struct LogReader {
    /// None once it is let go.
    consumer: Option<BaseConsumer<KafkaContext<()>>>,
    key: MarkKey,
}

impl LogReader {
    /// Connects; brokers may be away. `group` is only a name that librdkafka asks for.
    pub fn new(cluster: &Cluster, group: &str, key: MarkKey) -> Result<LogReader, SettingsError> {
        let mut config = cluster.config(&[READS_OFFSETS, DEFAULTS].concat())?;
        config.set("group.id", format!("{group}.lookup"));
        // A service needs no name for what it only looks at, and its own must not be taken twice.
        config.remove("group.instance.id");
        config.set_log_level(RDKafkaLogLevel::Critical);
        Ok(LogReader { consumer: Some(cluster.request_client(&config, KafkaContext(()))?), key })
    }

    fn consumer(&self) -> &BaseConsumer<KafkaContext<()>> {
        self.consumer.as_ref().expect("it is taken in drop alone")
    }

    /// What stands at these offsets, within about such a time.
    pub fn look(&self, wanted: &BTreeMap<TopicPartition, i64>, within: Duration) -> BTreeMap<TopicPartition, Found> {
        let begun = Instant::now();
        let (mut found, ended) = self.fetch(wanted, begun + within);
        tracing::debug!(
            millis = begun.elapsed().as_millis() as u64,
            wanted = wanted.len(),
            found = found.len(),
            "kafka: looked at records"
        );
        let until = Instant::now() + within;
        for (of, at) in wanted {
            if found.contains_key(of) {
                continue;
            }
            // The other partitions would answer as slowly.
            let bounds = if Instant::now() > until { None } else { self.bounds(of) };
            let what = match bounds {
                Some((first, _)) if *at < first => Found::Expired,
                Some((_, end)) if *at >= end => Found::Beyond,
                // The last offsets of a transaction, or what was compacted away.
                Some(_) if ended.contains(of) => Found::Removed,
                Some(_) | None => Found::Unknown,
            };
            found.insert(of.clone(), what);
        }
        found
    }

    /// The first offset of a partition that has not expired, and the next one to be written.
    pub fn bounds(&self, of: &TopicPartition) -> Option<(i64, i64)> {
        retry_unready(|| self.consumer().fetch_watermarks(&of.topic, of.partition, REQUEST)).ok()
    }

    /// Records at these offsets, or that others come; and partitions that have none from there on.
    fn fetch(&self, wanted: &BTreeMap<TopicPartition, i64>, until: Instant) -> (BTreeMap<TopicPartition, Found>, BTreeSet<TopicPartition>) {
        let mut list = TopicPartitionList::new();
        for (of, at) in wanted {
            let _ = list.add_partition(&of.topic, of.partition).set_offset(Offset::Offset(*at));
        }
        let (mut found, mut ended) = (BTreeMap::new(), BTreeSet::new());
        if let Err(error) = self.consumer().assign(&list) {
            tracing::debug!(%error, "kafka: cannot look");
            return (found, ended);
        }
        // An end tells the number of its partition and not the topic.
        let mut ends: BTreeMap<i32, usize> = BTreeMap::new();
        // That an offset is out of range tells neither; its bounds do.
        let mut out_of_range = 0;
        let answered = |found: &BTreeMap<TopicPartition, Found>, ended: &BTreeSet<TopicPartition>| {
            wanted.keys().filter(|of| found.contains_key(of) || ended.contains(of)).count()
        };
        while answered(&found, &ended) + out_of_range < wanted.len() && Instant::now() < until {
            match self.consumer().poll(POLL) {
                Some(Ok(message)) => {
                    let of = TopicPartition::new(message.topic(), message.partition());
                    // One from before it can only be of an earlier look.
                    let Some(at) = wanted.get(&of).filter(|at| message.offset() >= **at) else { continue };
                    if found.contains_key(&of) {
                        continue;
                    }
                    let hash = || self.key.hash(message.timestamp().to_millis(), message.key().unwrap_or_default(), message.payload());
                    let what = if message.offset() == *at { Found::Record(hash()) } else { Found::Removed };
                    // What comes behind it is of no use, and would keep the other partitions waiting.
                    if let Err(error) = self.consumer().pause(&partition_list(&[(&of, None)])) {
                        tracing::debug!(%error, "kafka: cannot pause");
                    }
                    found.insert(of, what);
                }
                Some(Err(KafkaError::PartitionEOF(number))) => {
                    let come = ends.entry(number).or_default();
                    *come += 1;
                    if *come >= wanted.keys().filter(|of| of.partition == number).count() {
                        ended.extend(wanted.keys().filter(|of| of.partition == number).cloned());
                    }
                }
                Some(Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset))) => out_of_range += 1,
                Some(Err(_)) | None => {}
            }
        }
        // A partition stays paused where it is assigned again.
        let resumed = self.consumer().resume(&partition_list(&found.keys().map(|of| (of, None)).collect::<Vec<_>>()));
        if let Err(error) = resumed.and_then(|()| self.consumer().unassign()) {
            tracing::debug!(%error, "kafka: cannot look any more");
        }
        (found, ended)
    }

    /// What has become of partitions since records of them were marked. `marks` are those of each, from the newest on.
    pub fn continuity(&self, marks: &BTreeMap<TopicPartition, Vec<RecordMark>>, within: Duration) -> BTreeMap<TopicPartition, Continuity> {
        if marks.is_empty() {
            return BTreeMap::new();
        }
        let newest = marks.iter().filter_map(|(of, marks)| Some((of.clone(), marks.first()?.offset))).collect();
        // Almost always the newest stands where it stood.
        let found = self.look(&newest, within);
        let of_partition = |(of, marks): (&TopicPartition, &Vec<RecordMark>)| {
            let known = newest.get(of).copied().zip(found.get(of).copied());
            let continuity = compare(marks, |at| match known {
                Some((offset, found)) if offset == at => found,
                _ => self.look_at(of, at, within),
            });
            (of.clone(), continuity)
        };
        let mut all: BTreeMap<TopicPartition, Continuity> = marks.iter().map(of_partition).collect();
        further_back(marks, &mut all, |offsets| self.look(offsets, within));
        all
    }

    /// Between two looks: librdkafka asks for a new token inside of a poll alone, and connections of one whose token has run out are lost.
    pub fn keep_up(&self) {
        // Nothing is assigned, so that nothing comes but questions of the client itself.
        let _ = self.consumer().poll(Duration::ZERO);
    }

    /// The key of the hashes.
    pub fn key(&self) -> &MarkKey {
        &self.key
    }

    /// Partitions of which the record that is to be looked at does not stand any more where it was read. The others are verified.
    pub fn look_again<'a>(
        &self,
        partitions: impl Iterator<Item = (&'a TopicPartition, &'a mut ReadRecords)>,
        within: Duration,
    ) -> Vec<(TopicPartition, RecordMark)> {
        let mut read: BTreeMap<TopicPartition, (RecordMark, &mut ReadRecords)> = BTreeMap::new();
        for (of, records) in partitions {
            if let Some(mark) = records.recent.to_look_at() {
                read.insert(of.clone(), (mark, records));
            }
        }
        let wanted = read.iter().map(|(of, (mark, _))| (of.clone(), mark.offset)).collect();
        let found = self.look(&wanted, within);
        let mut changed = Vec::new();
        for (of, (mark, records)) in read {
            let what = found.get(&of).copied().unwrap_or(Found::Unknown);
            tracing::debug!(partition = %of, offset = mark.offset, ?what, "kafka: looked whether a partition is what it was");
            match what {
                Found::Record(hash) if hash == mark.hash => records.recent.verify(),
                Found::Unknown => {}
                // Others tell what became of it, where this one says nothing.
                Found::Record(_) | Found::Beyond | Found::Removed | Found::Expired => changed.push((of, mark)),
            }
        }
        changed
    }

    /// A record does not stand any more where it was read: from where to read, if the partition is another. What was read since may be of
    /// what stands there now.
    pub fn rewind_of_changed(&self, of: &TopicPartition, read: &mut ReadRecords, was: RecordMark, within: Duration) -> Option<Rewind> {
        let older = read.marks.newest_first().into_iter().filter(|mark| mark.offset < was.offset);
        let marks: Vec<RecordMark> = std::iter::once(was).chain(older).collect();
        let to = match compare(&marks, |at| self.look_at(of, at, within)) {
            // It was compacted away, or has expired.
            Continuity::Same => {
                read.recent.verify();
                return None;
            }
            Continuity::Unknown => return None,
            Continuity::MadeAnew => None,
            Continuity::LostEnd(to) => Some(to),
        };
        let first = read.recent.first_of_new(|at| self.look_at(of, at, within));
        Some(Rewind { to, skip: first.zip(read.next).filter(|(first, next)| first < next) })
    }

    /// Offsets of a partition went back: from where to read. `None`: on where it was left.
    pub fn rewind_of_went_back(&self, of: &TopicPartition, read: &ReadRecords, within: Duration) -> Option<Rewind> {
        let marks = read.marks.newest_first();
        match compare(&marks, |at| self.look_at(of, at, within)) {
            Continuity::MadeAnew => Some(Rewind { to: None, skip: None }),
            // Positions of a state that knows no records.
            Continuity::Same if marks.is_empty() => Some(Rewind { to: None, skip: None }),
            Continuity::LostEnd(to) => Some(Rewind { to: Some(to), skip: None }),
            Continuity::Same | Continuity::Unknown => None,
        }
    }

    /// What stands at one offset.
    pub fn look_at(&self, of: &TopicPartition, offset: i64, within: Duration) -> Found {
        self.look(&[(of.clone(), offset)].into(), within).remove(of).unwrap_or(Found::Unknown)
    }
}

/// Of partitions whose newest mark stands where it stood, looks at the oldest that is left. Who reads on into one that was made anew and ends
/// before that is noticed has marks of both.
fn further_back(
    marks: &BTreeMap<TopicPartition, Vec<RecordMark>>,
    all: &mut BTreeMap<TopicPartition, Continuity>,
    look: impl Fn(&BTreeMap<TopicPartition, i64>) -> BTreeMap<TopicPartition, Found>,
) {
    let is_same = |(of, _): &(&TopicPartition, &Vec<RecordMark>)| all.get(*of) == Some(&Continuity::Same);
    let older = |marks: &[RecordMark]| marks.iter().skip(1).copied().collect::<Vec<_>>();
    let mut open: BTreeMap<TopicPartition, Vec<RecordMark>> =
        marks.iter().filter(is_same).map(|(of, marks)| (of.clone(), older(marks))).collect();
    open.retain(|_, older| !older.is_empty());
    while !open.is_empty() {
        let oldest = open.iter().filter_map(|(of, older)| Some((of.clone(), older.last()?.offset))).collect();
        let found = look(&oldest);
        open.retain(|of, older| {
            let Some(mark) = older.pop() else { return false };
            match found.get(of) {
                Some(Found::Expired | Found::Removed) => !older.is_empty(),
                Some(Found::Record(hash)) if *hash == mark.hash => false,
                Some(Found::Record(_) | Found::Beyond) => {
                    all.insert(of.clone(), Continuity::MadeAnew);
                    false
                }
                Some(Found::Unknown) | None => false,
            }
        });
    }
}

impl Drop for LogReader {
    fn drop(&mut self) {
        self.consumer.take().into_iter().for_each(leaving::let_go);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(partition: i32) -> TopicPartition {
        TopicPartition::new("t", partition)
    }

    #[test]
    fn who_has_marks_of_the_former_and_of_the_new_one_is_told_that_it_was_made_anew() {
        let mark = |offset: i64, hash: u64| RecordMark { offset, hash };
        let marks: BTreeMap<_, _> = (0..4).map(|at| (of(at), vec![mark(70, 2), mark(64, 2), mark(8, 1), mark(0, 1)])).collect();
        // Made anew; the same; the same, and its beginning has expired; one that nobody answers for.
        let there = |of: &TopicPartition, offset: i64| match (of.partition, offset) {
            (0, _) => Found::Record(2),
            (1, 0..60) => Found::Record(1),
            (2, 0..60) => Found::Expired,
            (3, _) => Found::Unknown,
            _ => Found::Record(2),
        };
        let mut all: BTreeMap<_, _> = (0..4).map(|at| (of(at), Continuity::Same)).collect();
        further_back(&marks, &mut all, |offsets| offsets.iter().map(|(of, at)| (of.clone(), there(of, *at))).collect());
        let expected = [Continuity::MadeAnew, Continuity::Same, Continuity::Same, Continuity::Same];
        assert_eq!(all.into_values().collect::<Vec<_>>(), expected);
    }
}
