//! Whether the input partitions are the ones that were read. What each is known by is committed with its offset, and stands in
//! `leakwarden.ticks` beside, since brokers forget commits with a topic. One that was made anew begins again as another *generation*:
//! tasks know by it that offsets which they have seen mean other records.

use super::Process;
use super::input_partitions::Reading;
use crate::kafka::consumer::ConsumerRecord;
use crate::kafka::identity::{Continuity, MarkKey, Marks, RecordMark};
use crate::kafka::lookup::{AFTER_TROUBLE, INTERVAL, LOOK, LogReader, Rewind, WITHIN};
use crate::kafka::read_records::{ReadRecords, Step};
use crate::kafka::settings::SettingsError;
use crate::kafka::topics;
use crate::model::keys::Keys;
use crate::model::topic::TopicPartition;
use crate::pipeline::brokers::tell_rewound;
use crate::pipeline::cluster::Setup;
use crate::pipeline::cluster::survey::PartitionCounts;
use crate::stream::InternalTopic;
use crate::stream::input_partition::InputPosition;
use crate::stream::wire::KnownInput;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// After so long what an input partition is known by is written again: old records expire.
const KNOWN_AGAIN: Duration = Duration::from_secs(600);

/// After so long brokers are asked again that did not answer.
const ASKED_AGAIN: Duration = Duration::from_secs(1);

/// The watch over the input partitions of a process.
pub struct InputWatch {
    reader: LogReader,
    due: Instant,
    /// When brokers are asked again for the end of the ticks.
    asked_again: Instant,
    /// Assigned, while it is not known yet what they are known by.
    awaiting: Vec<Awaiting>,
    /// How to go on with partitions that are to be followed.
    resumed: BTreeMap<TopicPartition, Reading>,
    /// When it was last written what each partition is known by.
    known: BTreeMap<TopicPartition, Instant>,
}

struct Awaiting {
    partition: TopicPartition,
    /// The offset and the text beside it.
    committed: Option<(i64, String)>,
    /// Up to there `leakwarden.ticks` must be read first; `None` until brokers have said it.
    ticks_end: Option<i64>,
}

impl InputWatch {
    /// With a client of its own.
    pub fn new(setup: &Setup, keys: &Keys) -> Result<InputWatch, SettingsError> {
        let reader = LogReader::new(&setup.cluster, &setup.groups[0].group, MarkKey::new(keys))?;
        let (awaiting, resumed, known) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let now = Instant::now();
        Ok(InputWatch { reader, due: now + INTERVAL, asked_again: now, awaiting, resumed, known })
    }

    /// An input partition was assigned, and what was committed for it.
    pub fn assigned(&mut self, partition: TopicPartition, committed: Option<(i64, String)>) {
        self.awaiting.retain(|awaiting| awaiting.partition != partition);
        self.awaiting.push(Awaiting { partition, committed, ticks_end: None });
    }

    /// An input partition is somebody else's.
    pub fn forget(&mut self, partition: &TopicPartition) {
        self.awaiting.retain(|awaiting| awaiting.partition != *partition);
        self.resumed.remove(partition);
        self.known.remove(partition);
    }

    /// How to go on with a partition that is followed from now on, from that offset.
    pub fn resume(&mut self, partition: &TopicPartition, from: i64) -> Reading {
        let read = ReadRecords::new(Some(from), Marks::default());
        self.resumed.remove(partition).unwrap_or_else(|| Reading::of(read))
    }
}

/// A position of an input partition, and what it is known by.
struct Known {
    position: InputPosition,
    marks: Vec<RecordMark>,
    skip: Option<(i64, i64)>,
}

impl Known {
    fn new(committed: Option<(i64, String)>, noted: Option<&KnownInput>) -> Known {
        let noted = noted.map(|known| {
            let marks = known.marks.iter().map(|(offset, hash)| RecordMark { offset: *offset, hash: *hash }).collect();
            Known { position: InputPosition { generation: known.generation, ..InputPosition::default() }, marks, skip: None }
        });
        let committed = committed.map(|(offset, text)| Known {
            position: InputPosition::read(offset, &text),
            marks: read_marks(&text),
            skip: part(&text, "s=").and_then(|range| {
                let (from, to) = range.split_once('.')?;
                Some((from.parse().ok()?, to.parse().ok()?))
            }),
        });
        match (committed, noted) {
            (Some(committed), Some(noted)) if noted.position.generation > committed.position.generation => {
                // The commit is of what was there before.
                Known { position: InputPosition { watermark: committed.position.watermark, ..noted.position }, ..noted }
            }
            (Some(committed), Some(noted)) if committed.marks.is_empty() => Known { marks: noted.marks, ..committed },
            (Some(known), _) | (None, Some(known)) => known,
            (None, None) => Known { position: InputPosition::default(), marks: Vec::new(), skip: None },
        }
    }
}

fn part<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(',').find_map(|part| part.strip_prefix(name))
}

fn read_marks(text: &str) -> Vec<RecordMark> {
    let mark = |text: &str| {
        let (offset, hash) = text.split_once('.')?;
        Some(RecordMark { offset: offset.parse().ok()?, hash: u64::from_str_radix(hash, 16).ok()? })
    };
    part(text, "m=").map_or_else(Vec::new, |marks| marks.split(':').filter_map(mark).collect())
}

/// The text to commit with a position: that of the position, and what the partition is known by.
pub fn commit_text(position: InputPosition, read: Option<&ReadRecords>) -> String {
    let mut text = position.metadata();
    let Some(read) = read else { return text };
    let marks: Vec<String> = read.marks.newest_first().iter().map(|mark| format!("{}.{:x}", mark.offset, mark.hash)).collect();
    if !marks.is_empty() {
        let _ = write!(text, ",m={}", marks.join(":"));
    }
    if let Some((from, to)) = read.skip {
        let _ = write!(text, ",s={from}.{to}");
    }
    text
}

fn is_beyond(partitions: &PartitionCounts, of: &TopicPartition) -> bool {
    partitions.get(&*of.topic).is_some_and(|count| of.partition >= *count)
}

impl Process {
    /// Begins input partitions that were assigned, once it is known what they are known by.
    pub(super) fn begin_inputs(&mut self) -> anyhow::Result<()> {
        self.ask_for_ticks()?;
        let awaiting = std::mem::take(&mut self.inputs.awaiting);
        let has_read = |of: &Awaiting| of.ticks_end.is_some_and(|end| self.node.has_read_ticks(end));
        let (ready, waiting): (Vec<_>, Vec<_>) = awaiting.into_iter().partition(has_read);
        self.inputs.awaiting = waiting;
        if ready.is_empty() {
            return Ok(());
        }
        let known: Vec<(TopicPartition, Known)> = ready
            .into_iter()
            .map(|Awaiting { partition, committed, .. }| {
                let known = Known::new(committed, self.node.known_input(&partition));
                (partition, known)
            })
            .collect();
        let marks = known.iter().filter(|(_, known)| !known.marks.is_empty()).map(|(of, known)| (of.clone(), known.marks.clone()));
        let continuity = self.inputs.reader.continuity(&marks.collect(), LOOK);
        for (partition, Known { position, marks, skip }) in known {
            let to = match continuity.get(&partition) {
                None | Some(Continuity::Same | Continuity::Unknown) => {
                    let read = ReadRecords { skip, ..ReadRecords::new(Some(position.next), Marks::from_newest(marks)) };
                    let mut reading = Reading::of(read);
                    // What the former topic held and nobody read is told with the first record of this one: whoever began to read it
                    // may have died before that was sent, and where it was sent it is not new.
                    if position.generation > 0 && position.next == 0 {
                        reading.lose();
                    }
                    self.inputs.resumed.insert(partition.clone(), reading);
                    self.node.assign_input(partition, position, 0);
                    continue;
                }
                Some(Continuity::MadeAnew) => None,
                Some(Continuity::LostEnd(to)) => Some(*to),
            };
            let mut read = ReadRecords::new(Some(position.next), Marks::from_newest(marks));
            tell_rewound(&partition, position.next, to);
            read.rewind(to, None);
            self.begin_generation(&partition, position.generation + 1, position, read);
        }
        self.act()
    }

    /// Asks brokers up to where the ticks must be read before partitions that were assigned begin. Where they are away it is asked again.
    fn ask_for_ticks(&mut self) -> anyhow::Result<()> {
        if self.inputs.awaiting.iter().all(|of| of.ticks_end.is_some()) || Instant::now() < self.inputs.asked_again {
            return Ok(());
        }
        match topics::bounds(&self.setup.cluster, &self.setup.topics[&InternalTopic::Ticks], 0) {
            Ok((_, end)) => self.inputs.awaiting.iter_mut().for_each(|of| of.ticks_end = of.ticks_end.or(Some(end))),
            Err(SettingsError::Unreachable(why)) => {
                tracing::warn!(why, "brokers do not answer where partitions that were assigned begin; they are asked again");
                self.inputs.asked_again = Instant::now() + ASKED_AGAIN;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// An input partition begins again as another generation.
    fn begin_generation(&mut self, partition: &TopicPartition, generation: u32, position: InputPosition, read: ReadRecords) {
        let next = read.next.unwrap_or(0);
        let mut reading = Reading::of(read);
        reading.lose();
        self.inputs.resumed.insert(partition.clone(), reading);
        self.committed.remove(partition);
        self.node.assign_input(partition.clone(), InputPosition { generation, next, ..position }, 0);
        self.make_known(partition, generation, &[]);
    }

    fn make_known(&mut self, partition: &TopicPartition, generation: u32, marks: &[RecordMark]) {
        let marks = marks.iter().map(|mark| (mark.offset, mark.hash)).collect();
        self.node.make_known(KnownInput { topic: partition.topic.to_string(), partition: partition.partition, generation, marks });
    }

    /// Has everybody know what the input partitions here are known by: again after a while, and where this process ends.
    pub(super) fn make_inputs_known(&mut self, now: Instant, is_last: bool) {
        for partition in self.node.running_inputs() {
            let said = self.inputs.known.get(&partition);
            let marks = self.service.followed.get(&partition).map(|followed| followed.more.read.marks.newest_first()).unwrap_or_default();
            let is_due = is_last || said.is_none_or(|said| now.duration_since(*said) >= KNOWN_AGAIN);
            if is_due && let Some(generation) = self.node.generation(&partition).filter(|_| !marks.is_empty()) {
                self.inputs.known.insert(partition.clone(), now);
                self.make_known(&partition, generation, &marks);
            }
        }
    }

    /// Looks whether the input partitions are what they were, if it is time.
    pub(super) fn look_at_inputs(&mut self, now: Instant) -> anyhow::Result<()> {
        if now < self.inputs.due {
            self.inputs.reader.keep_up();
            return Ok(());
        }
        let of_inputs = self.service.followed.iter_mut().map(|(of, followed)| (of, &mut followed.more.read));
        let changed = self.inputs.reader.look_again(of_inputs, WITHIN);
        for (partition, was) in changed {
            let Some(followed) = self.service.followed.get_mut(&partition) else { continue };
            if let Some(rewind) = self.inputs.reader.rewind_of_changed(&partition, &mut followed.more.read, was, LOOK) {
                self.go_back(&partition, rewind)?;
            }
        }
        self.inputs.due = Instant::now() + if now.elapsed() >= WITHIN { AFTER_TROUBLE } else { INTERVAL };
        Ok(())
    }

    /// Whether a topic has that partition no more.
    pub(super) fn is_gone(&self, of: &TopicPartition) -> bool {
        is_beyond(&self.survey.partitions(), of)
    }

    /// Partitions that a topic made anew has no more are waited for no longer.
    pub(super) fn retire_inputs(&mut self) {
        let partitions = self.survey.partitions();
        let gone = self.node.retire_inputs(|of| is_beyond(&partitions, of));
        for partition in gone {
            tracing::warn!(%partition, "its topic has fewer partitions than before; nothing waits for this one any more");
        }
    }

    fn go_back(&mut self, partition: &TopicPartition, Rewind { to, skip }: Rewind) -> anyhow::Result<()> {
        // What was read is sent first, under its own generation.
        self.release_all()?;
        self.node.publish_watermarks();
        self.act()?;
        let Some(followed) = self.service.followed.get_mut(partition) else { return Ok(()) };
        let mut read = std::mem::take(&mut followed.more.read);
        tell_rewound(partition, read.next.unwrap_or(0), to);
        read.rewind(to, skip);
        let watermark = self.node.watermarks().get(partition).copied();
        let generation = self.node.generation(partition).unwrap_or(0) + 1;
        self.begin_generation(partition, generation, InputPosition { watermark, ..InputPosition::default() }, read);
        self.act()
    }

    /// Messages of an input partition that were not taken yet. None where it is read from elsewhere now.
    pub(super) fn not_taken_yet(
        &mut self,
        partition: &TopicPartition,
        messages: Vec<ConsumerRecord>,
    ) -> anyhow::Result<Vec<ConsumerRecord>> {
        let mut new = Vec::with_capacity(messages.len());
        for message in messages {
            let Some(followed) = self.service.followed.get_mut(partition) else { break };
            let hash = self.inputs.reader.key().hash(message.timestamp_ms, &message.key, message.value.as_deref());
            match followed.more.read.advance(RecordMark { offset: message.offset, hash }) {
                Step::Take | Step::Gap(_) => new.push(message),
                Step::Skip | Step::SkipLast(_) => {}
                Step::WentBack(next) => {
                    match self.inputs.reader.rewind_of_went_back(partition, &followed.more.read, LOOK) {
                        Some(rewind) => self.go_back(partition, rewind)?,
                        None => self.consumer.assign(partition.clone(), next),
                    }
                    break;
                }
            }
        }
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    #[test]
    fn what_is_committed_is_read_as_it_was_written() {
        let mut read = ReadRecords::new(Some(100), Marks::default());
        (100..140).for_each(|offset| assert_eq!(read.advance(RecordMark { offset, hash: offset.unsigned_abs() << 40 }), Step::Take));
        read.skip = Some((150, 180));
        let position = InputPosition { generation: 2, next: 140, watermark: Some(Timestamp(77)) };
        let text = commit_text(position, Some(&read));
        let known = Known::new(Some((140, text.clone())), None);
        assert_eq!(known.position, position, "{text}");
        assert_eq!((known.marks, known.skip), (read.marks.newest_first(), read.skip), "{text}");
        let earlier = Known::new(Some((140, "w=77".to_owned())), None);
        assert_eq!(earlier.position, InputPosition { generation: 0, ..position });
        assert!(earlier.marks.is_empty() && commit_text(position, None).len() < 20);
    }

    #[test]
    fn a_commit_of_a_former_generation_does_not_count_and_where_there_is_none_it_is_known_all_the_same() {
        let noted = KnownInput { topic: "t".to_owned(), partition: 0, generation: 3, marks: vec![(9, 1)] };
        let known = Known::new(Some((500, "w=77,g=2,m=499.5".to_owned())), Some(&noted));
        assert_eq!(known.position, InputPosition { generation: 3, next: 0, watermark: Some(Timestamp(77)) });
        assert_eq!(known.marks, [RecordMark { offset: 9, hash: 1 }]);
        let known = Known::new(None, Some(&noted));
        assert_eq!((known.position.generation, known.position.next, known.marks.len()), (3, 0, 1));
        let known = Known::new(Some((500, "w=77,g=3,m=499.5".to_owned())), Some(&noted));
        assert_eq!((known.position.next, known.marks[0].offset), (500, 499));
    }
}
