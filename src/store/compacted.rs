//! Compacts records of a log in memory, as brokers do: of each key only the newest counts.

use crate::model::stamp::{Stamp, WRITER, WriterId};
use crate::model::topic::ChangelogRecord;
use crate::store::log_cache::TOMBSTONE;
use std::collections::{BTreeMap, HashMap};

/// The newest record of each key that has no tombstone, and the last record in any case.
#[derive(Default)]
pub(super) struct CompactedRecords {
    pub(super) offsets: HashMap<Vec<u8>, i64>,
    pub(super) records: BTreeMap<i64, ChangelogRecord>,
    pub(super) last: Option<ChangelogRecord>,
}

impl CompactedRecords {
    /// Takes the encoded records of a frame: all, or none (`None`) where one is damaged.
    pub(super) fn take(&mut self, content: &[u8]) -> Option<()> {
        let mut records = Vec::new();
        let mut rest = content;
        let mut before = self.last.as_ref().map_or(-1, |last| last.offset);
        while !rest.is_empty() {
            let (offset, after) = rest.split_first_chunk::<8>()?;
            let (writer, after) = after.split_first_chunk::<WRITER>()?;
            let (sequence, after) = after.split_first_chunk::<8>()?;
            let stamp = Stamp { writer: WriterId(*writer), sequence: u64::from_le_bytes(*sequence) };
            let (key, after) = after.split_first_chunk::<4>()?;
            let (value, after) = after.split_first_chunk::<4>()?;
            let (key, after) = after.split_at_checked(u32::from_le_bytes(*key) as usize)?;
            let (value, after) = match u32::from_le_bytes(*value) {
                TOMBSTONE => (None, after),
                length => after.split_at_checked(length as usize).map(|(value, after)| (Some(value.to_vec()), after))?,
            };
            let offset = i64::from_le_bytes(*offset);
            if offset <= before {
                return None;
            }
            before = offset;
            records.push(ChangelogRecord { offset, key: key.to_vec(), value, stamp });
            rest = after;
        }
        records.into_iter().for_each(|record| self.put(record));
        Some(())
    }

    /// Takes a record.
    pub(super) fn put(&mut self, record: ChangelogRecord) {
        // The last record is kept, even a tombstone, until there is a later one.
        if let Some(last) = self.last.take() {
            self.settle(last);
        }
        self.last = Some(record);
    }

    fn settle(&mut self, record: ChangelogRecord) {
        let replaced = match record.value {
            Some(_) => self.offsets.insert(record.key.clone(), record.offset),
            None => self.offsets.remove(&record.key),
        };
        if let Some(replaced) = replaced {
            self.records.remove(&replaced);
        }
        if record.value.is_some() {
            self.records.insert(record.offset, record);
        }
    }

    /// The records, by offset.
    pub(super) fn records(mut self) -> Vec<ChangelogRecord> {
        let Some(last) = self.last.take() else { return Vec::new() };
        let removal = last.value.is_none().then(|| last.clone());
        self.settle(last);
        self.records.into_values().chain(removal).collect()
    }
}
