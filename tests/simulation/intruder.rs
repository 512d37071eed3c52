//! Somebody who can write to the topics of a cluster, or remove what is in them, and does not know the key.

use crate::log::Content;
use crate::world::{Outcome, TASKS, World};
use leakwarden::stream::committed::SavedStates;
use leakwarden::stream::{InternalTopic, OutgoingRecord};

impl World<'_> {
    /// Somebody who can write to the topics, and does not know the key: with messages of their own, with ours written again, and with
    /// ours of another partition. Where only the newest of a key is kept they choose keys of their own: what was removed is another matter.
    pub(crate) fn intrude(&mut self) {
        self.outcome.intrusions += 1;
        let topic = InternalTopic::ALL[self.dice.below(InternalTopic::ALL.len())];
        let partitions = if topic.is_by_task() { TASKS as usize } else { 1 };
        let (from, to) = (self.dice.below(partitions) as i32, self.dice.below(partitions) as i32);
        let end = self.log.end(topic, from);
        let known =
            if end > 0 { self.log.at(topic, from, self.dice.below(end as usize) as i64).map(|(_, known)| known.clone()) } else { None };
        let (mut key, mut value, mut seal) = known.unwrap_or_else(|| (b"key".to_vec(), Some(b"value".to_vec()), None));
        let kind = self.dice.below(4);
        if topic.is_compacted() {
            key.push(b'x');
        }
        match (kind, &mut value) {
            // Written again, or moved.
            (0, _) => {}
            (1, _) => seal = None,
            (2, Some(value)) if !value.is_empty() => {
                let place = self.dice.below(value.len());
                value[place] ^= 1 << self.dice.below(8);
            }
            _ => value = None,
        }
        self.log.append(OutgoingRecord { topic, partition: to, key, value }, seal.as_deref());
    }

    /// Everything was read, then something befalls the topics and every process dies; the others go on.
    pub fn after(mut self, what: impl Fn(&mut World<'_>)) -> Outcome {
        self.start();
        self.rebalance();
        let is_saved = |world: &World<'_>, task| world.saved.get(&task).is_some_and(|saved: &SavedStates| saved.task.is_some());
        let all_saved = |world: &World<'_>| (0..TASKS).all(|task| is_saved(world, task));
        let mut number = 0;
        while number < 60 || !all_saved(&self) {
            number += 1;
            assert!(number < 5_000, "states are saved: {:?}, {}", self.saved, self.standing());
            self.round(number);
        }
        self.forgiving = true;
        what(&mut self);
        self.crash(0);
        self.rebalance();
        self.until_the_end()
    }

    /// Removes everything that stands in a partition.
    pub fn wipe(&mut self, topic: InternalTopic, partition: i32) {
        self.log.each(topic, partition, |_, slot| *slot = None);
    }

    /// Writes over every key of a partition, and has it compacted: what was there is gone.
    pub fn write_over(&mut self, topic: InternalTopic, partition: i32, value: Option<&[u8]>) {
        let mut keys = Vec::new();
        self.log.each(topic, partition, |_, slot| keys.extend(slot.take().map(|(key, ..): Content| key)));
        for key in keys {
            self.log.append(OutgoingRecord { topic, partition, key, value: value.map(<[u8]>::to_vec) }, None);
        }
    }

    /// The older half of a partition is gone.
    pub fn cut_off(&mut self, topic: InternalTopic, partition: i32) {
        let half = self.log.end(topic, partition) as usize / 2;
        self.log.each(topic, partition, |at, slot| {
            if at < half {
                *slot = None;
            }
        });
    }

    /// Every second message of a partition is gone.
    pub fn thin_out(&mut self, topic: InternalTopic, partition: i32) {
        self.log.each(topic, partition, |at, slot| {
            if at % 2 == 0 {
                *slot = None;
            }
        });
    }

    /// The newer half of what stands in a partition is gone, and offsets are given anew: a topic that was restored from a backup.
    pub fn roll_back(&mut self, topic: InternalTopic, partition: i32) {
        self.log.halve(topic, partition);
    }
}
