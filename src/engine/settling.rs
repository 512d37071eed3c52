//! The settling buffer of a shard: holds records until their time has passed in every partition, and hands them out in settled order.
//!
//! Records settle by the minute, and within a minute in an order that is made of the records alone (docs/contract.md §9: time, source, id,
//! hash). So a result depends neither on the order of arrival nor on threads or files.

use crate::engine::context::Context;
use crate::engine::watermark::Scheduled;
use crate::model::access::Access;
use crate::model::time::{MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Up to where records have been applied once time has come to `until`: a minute settles as a whole.
pub fn whole_minutes(until: Timestamp) -> Timestamp {
    Timestamp(until.0.div_euclid(MINUTE_MS) * MINUTE_MS)
}

/// Records that have not settled.
#[derive(Default, Serialize, Deserialize)]
pub struct SettlingBuffer {
    /// By the minute in which they settle (minutes since 1970): whether they came late, and the record.
    pending: BTreeMap<i64, Vec<(bool, Access)>>,
}

/// A record that has not settled, on its way to the buffer of another shard.
pub struct PendingRecord {
    minute: i64,
    late: bool,
    /// The record.
    pub access: Access,
}

/// The records of one minute, in settled order.
pub struct SettledMinute {
    /// Its beginning. Late records settle at it, since their own time has passed.
    pub start: Timestamp,
    /// Whether they came late, and the record.
    pub records: Vec<(bool, Access)>,
}

impl SettlingBuffer {
    /// Holds a record until its time.
    pub fn push(&mut self, scheduled: Scheduled<Access>) {
        let minute = scheduled.settles.0.div_euclid(MINUTE_MS);
        self.pending.entry(minute).or_default().push((scheduled.late, scheduled.item));
    }

    /// Takes over a record from another shard.
    pub fn push_pending(&mut self, PendingRecord { minute, late, access }: PendingRecord) {
        self.pending.entry(minute).or_default().push((late, access));
    }

    /// Gives away all records.
    pub fn drain(&mut self) -> Vec<PendingRecord> {
        let minutes = std::mem::take(&mut self.pending).into_iter();
        let pending =
            minutes.flat_map(|(minute, records)| records.into_iter().map(move |(late, access)| PendingRecord { minute, late, access }));
        pending.collect()
    }

    /// Records that it holds, with when they settle, minute by minute; within a minute in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, &Access)> {
        self.pending.iter().flat_map(|(minute, records)| {
            records.iter().map(|(late, access)| (if *late { Timestamp(*minute * MINUTE_MS) } else { access.time }, access))
        })
    }

    /// The minute in which its first record settles.
    pub fn first(&self) -> Option<Timestamp> {
        self.pending.first_key_value().map(|(minute, _)| Timestamp(minute * MINUTE_MS))
    }

    /// Takes out the next minute with records, if it ends by `until`.
    pub fn next_settled(&mut self, until: Timestamp, context: &Context) -> Option<SettledMinute> {
        let next = self.pending.first_entry().filter(|minute| *minute.key() < until.0.div_euclid(MINUTE_MS))?;
        let (minute, mut records) = next.remove_entry();
        records.sort_by(|(_, a), (_, b)| settled_order(a, b, context));
        Some(SettledMinute { start: Timestamp(minute * MINUTE_MS), records })
    }
}

/// Time, source, id, hash; then, for records that are alike in all of these, partition and position. Partitions are compared by their
/// names: their numbers follow the order in which they were opened.
fn settled_order(a: &Access, b: &Access, context: &Context) -> Ordering {
    fn id(access: &Access) -> Option<&str> {
        access.id.as_ref().map(|id| &*id.text)
    }
    let by_name = || match a.partition == b.partition {
        true => Ordering::Equal,
        false => context.partition_name(a.partition).cmp(&context.partition_name(b.partition)),
    };
    let alike = (a.time, a.source).cmp(&(b.time, b.source)).then_with(|| id(a).cmp(&id(b))).then_with(|| a.hash.0.cmp(&b.hash.0));
    alike.then_with(by_name).then_with(|| a.position.0.cmp(&b.position.0))
}
