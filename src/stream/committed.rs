//! What is committed beside offsets, so that a restart knows it: an input partition's watermark, and how far states have been saved.
//!
//! Whoever may commit for the group could send the service past records, give it a watermark that mutes a partition, or hide that a
//! state was rolled back. So each text carries a mark of its partition and offset under the key of the cluster's messages. What
//! carries none is not believed: the partition is read from its beginning, and what was taken before is recognised.

use crate::stream::authentication::SealKey;
use crate::stream::changelog::CheckpointId;

/// The text to commit for a partition with an offset.
pub fn seal(key: &SealKey, partition: &str, offset: i64, text: &str) -> String {
    format!("{text};{}", key.mark(partition, &format!("{offset};{text}")))
}

/// The text that was committed, if it is one of ours.
pub fn open<'a>(key: &SealKey, partition: &str, offset: i64, metadata: &'a str) -> Option<&'a str> {
    let (text, mark) = metadata.rsplit_once(';')?;
    // Whoever sees a commit sees its mark as well: time tells them nothing.
    (mark == key.mark(partition, &format!("{offset};{text}"))).then_some(text)
}

/// How far the states of a task and, with the first, of the coordinator had been saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SavedStates {
    /// Of the task.
    pub task: Option<CheckpointId>,
    /// Of the coordinator, which has the state behind those of the tasks.
    pub coordinator: Option<CheckpointId>,
}

impl SavedStates {
    /// As a text.
    pub fn text(self) -> String {
        let part = |name: char, of: Option<CheckpointId>| of.map(|(epoch, number)| format!("{name}={epoch}.{number}"));
        let parts: Vec<String> = [part('t', self.task), part('c', self.coordinator)].into_iter().flatten().collect();
        parts.join(",")
    }

    /// From a text.
    pub fn read(text: &str) -> SavedStates {
        let part = |name: &str| {
            let (epoch, number) = text.split(',').find_map(|part| part.strip_prefix(name))?.split_once('.')?;
            Some((epoch.parse().ok()?, number.parse().ok()?))
        };
        SavedStates { task: part("t="), coordinator: part("c=") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_committed_for_that_partition_and_offset_is_believed() {
        let key = SealKey::new([7; 32]);
        let metadata = seal(&key, "access/1", 40, "w=5");
        assert_eq!(open(&key, "access/1", 40, &metadata), Some("w=5"));
        assert_eq!(open(&key, "access/2", 40, &metadata), None);
        assert_eq!(open(&key, "access/1", 41, &metadata), None, "an offset that somebody moved");
        assert_eq!(open(&key, "access/1", 40, &metadata.replace("w=5", "w=9")), None);
        assert_eq!(open(&key, "access/1", 40, "w=5"), None);
        assert_eq!(open(&key, "access/1", 40, ""), None);
        assert_eq!(open(&key, "access/1", 40, &seal(&key, "access/1", 40, "")), Some(""));
    }

    #[test]
    fn saved_states_are_read_as_they_were_written() {
        for states in [
            SavedStates::default(),
            SavedStates { task: Some((3, 4)), coordinator: None },
            SavedStates { task: Some((3, 4)), coordinator: Some((u64::MAX, 1)) },
        ] {
            assert_eq!(SavedStates::read(&states.text()), states);
        }
    }
}
