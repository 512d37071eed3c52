//! The coordinator's replies as every process knows them: the compacted topic `leakwarden.baselines`, read from its beginning.

use crate::engine::StageReply;
use crate::stream::chunks::{Reassembler, split};
use crate::stream::wire::{decode, encode};
use crate::stream::{InternalTopic, OutgoingRecord};
use std::collections::BTreeMap;

const FIRST_HOUR: u8 = b'b';
const REPLY: u8 = b'a';

/// All replies that some task may still ask for, by hour.
#[derive(Clone, Debug, Default)]
pub struct ReplyTable {
    first_hour: Option<i64>,
    /// The last hour of which the coordinator has said that it had replied to it.
    replied: Option<i64>,
    /// The offset after the last record.
    next: i64,
    /// Encoded.
    replies: BTreeMap<i64, Vec<u8>>,
    partial: BTreeMap<i64, Reassembler>,
}

/// The record of the first hour of all tasks, and of the last hour replied to: the hour before the first if none was.
pub fn first_hour_record(hour: i64, replied: i64) -> OutgoingRecord {
    let value = Some(encode(&(hour, replied)));
    OutgoingRecord { topic: InternalTopic::Baselines, partition: 0, key: vec![FIRST_HOUR], value }
}

/// The records of a reply, a chunk each.
pub fn reply_records(reply: &StageReply) -> Vec<OutgoingRecord> {
    let chunks = split(0, reply.hour as u64, &encode(reply));
    let record = |(index, chunk)| OutgoingRecord {
        topic: InternalTopic::Baselines,
        partition: 0,
        key: key(reply.hour, index as u32),
        value: Some(chunk),
    };
    chunks.into_iter().enumerate().map(record).collect()
}

/// Tombstones for a reply of so many chunks.
pub fn tombstones(hour: i64, chunks: u32) -> impl Iterator<Item = OutgoingRecord> {
    (0..chunks).map(move |index| OutgoingRecord { topic: InternalTopic::Baselines, partition: 0, key: key(hour, index), value: None })
}

fn key(hour: i64, chunk: u32) -> Vec<u8> {
    let mut key = vec![REPLY];
    key.extend_from_slice(&hour.to_be_bytes());
    key.extend_from_slice(&chunk.to_be_bytes());
    key
}

impl ReplyTable {
    /// Takes a record of the topic.
    pub fn take(&mut self, offset: i64, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        self.pass(offset);
        match key.split_first() {
            Some((&FIRST_HOUR, _)) => {
                if let Some((hour, replied)) = value.map(decode::<(i64, i64)>).transpose()? {
                    self.first_hour = Some(hour);
                    self.replied = self.replied.max(Some(replied));
                }
                Ok(())
            }
            Some((&REPLY, rest)) => {
                let hour = rest.first_chunk::<8>().map(|hour| i64::from_be_bytes(*hour)).ok_or("a key is too short")?;
                let Some(value) = value else {
                    self.replies.remove(&hour);
                    self.partial.remove(&hour);
                    return Ok(());
                };
                if let Some(whole) = self.partial.entry(hour).or_default().take(0, offset, value)? {
                    self.partial.remove(&hour);
                    self.replies.insert(hour, whole);
                }
                Ok(())
            }
            Some(_) | None => Err("a key is of an unknown kind".to_owned()),
        }
    }

    /// The first hour of all tasks, once it is known.
    pub fn first_hour(&self) -> Option<i64> {
        self.first_hour
    }

    /// Passes over the record at an offset.
    pub fn pass(&mut self, offset: i64) {
        self.next = offset + 1;
    }

    /// The offset after the last record that was read.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// Whether the reply about an hour seems to be gone: a later one is there, or the coordinator has said that it had replied, and
    /// replies are written in order. Those that some task may still ask for are kept. It is gone where that holds with all of the topic
    /// read: before, a reply that was written again may stand behind later ones.
    pub fn is_gone(&self, hour: i64) -> bool {
        let newest = self.replies.keys().next_back().copied();
        !self.replies.contains_key(&hour) && (newest > Some(hour) || self.replied >= Some(hour))
    }

    /// The first of the hours up to the newest that all have a reply; where the newest are gone, the one behind them.
    pub fn unbroken_from(&self) -> Option<i64> {
        let mut hours = self.replies.keys().rev();
        let newest = hours.next().copied();
        if self.replied > newest {
            return self.replied.map(|replied| replied + 1);
        }
        let newest = newest?;
        Some(hours.zip(1..).take_while(|(hour, back)| **hour == newest - back).last().map_or(newest, |(hour, _)| *hour))
    }

    /// The reply about an hour, once it is there.
    pub fn reply(&self, hour: i64) -> Result<Option<StageReply>, String> {
        self.replies.get(&hour).map(|bytes| decode(bytes)).transpose()
    }
}
