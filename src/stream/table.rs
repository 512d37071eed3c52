//! What the coordinator answers, as every process knows it: a compacted topic read from its beginning.

use crate::engine::global_stage::StageReply;
use crate::stream::frames::{Parts, cut};
use crate::stream::wire::{decode, encode};
use crate::stream::{InternalTopic, OutgoingRecord};
use std::collections::BTreeMap;

const BEGIN: u8 = b'b';
const ANSWER: u8 = b'a';

/// All answers that may still be asked for.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The first hour of all.
    begin: Option<i64>,
    answers: BTreeMap<i64, Vec<u8>>,
    parts: BTreeMap<i64, Parts>,
}

/// The message that tells the first hour of all.
pub fn begin(hour: i64) -> OutgoingRecord {
    OutgoingRecord { topic: InternalTopic::Baselines, partition: 0, key: vec![BEGIN], value: Some(encode(&hour)) }
}

/// The messages of an answer.
pub fn answer(answer: &StageReply) -> Vec<OutgoingRecord> {
    let parts = cut(0, answer.hour as u64, &encode(answer));
    let message =
        |(at, part)| OutgoingRecord { topic: InternalTopic::Baselines, partition: 0, key: key(answer.hour, at as u32), value: Some(part) };
    parts.into_iter().enumerate().map(message).collect()
}

/// The messages that remove an answer of so many parts.
pub fn forget(hour: i64, parts: u32) -> impl Iterator<Item = OutgoingRecord> {
    (0..parts).map(move |at| OutgoingRecord { topic: InternalTopic::Baselines, partition: 0, key: key(hour, at), value: None })
}

fn key(hour: i64, part: u32) -> Vec<u8> {
    let mut key = vec![ANSWER];
    key.extend_from_slice(&hour.to_be_bytes());
    key.extend_from_slice(&part.to_be_bytes());
    key
}

impl Table {
    /// Takes a message of the topic.
    pub fn take(&mut self, offset: i64, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        match key.split_first() {
            Some((&BEGIN, _)) => {
                let hour = value.map(decode).transpose()?;
                self.begin = hour.or(self.begin);
                Ok(())
            }
            Some((&ANSWER, rest)) => {
                let hour = rest.first_chunk::<8>().map(|hour| i64::from_be_bytes(*hour)).ok_or("a key is too short")?;
                let Some(value) = value else {
                    self.answers.remove(&hour);
                    self.parts.remove(&hour);
                    return Ok(());
                };
                if let Some(whole) = self.parts.entry(hour).or_default().take(0, offset, value)? {
                    self.parts.remove(&hour);
                    self.answers.insert(hour, whole);
                }
                Ok(())
            }
            Some(_) | None => Err("a key is of an unknown kind".to_owned()),
        }
    }

    /// The first hour of all, once it is known.
    pub fn begin(&self) -> Option<i64> {
        self.begin
    }

    /// The answer about an hour, once it is there.
    pub fn answer(&self, hour: i64) -> Result<Option<StageReply>, String> {
        self.answers.get(&hour).map(|bytes| decode(bytes)).transpose()
    }
}
