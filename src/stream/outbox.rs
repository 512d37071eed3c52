//! What leaves a task, the coordinator or an input partition, in order, and up to where it is acknowledged.

use crate::engine::output::ToldAlert;
use crate::stream::OutgoingRecord;
use std::collections::BTreeSet;

/// Something that leaves.
#[derive(Clone, Debug)]
pub enum OutboxItem {
    /// A record for a topic.
    Record(OutgoingRecord),
    /// Alerts for the sinks.
    Alerts(Vec<ToldAlert>),
}

/// Items by number, from 1.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    waiting: Vec<(u64, OutboxItem)>,
    last_number: u64,
    /// All items up to this number are acknowledged.
    acknowledged: u64,
    /// Numbers acknowledged beyond that.
    acknowledged_ahead: BTreeSet<u64>,
}

impl Outbox {
    /// Sends a record.
    pub fn send(&mut self, record: OutgoingRecord) {
        self.put(OutboxItem::Record(record));
    }

    /// Gives alerts to the sinks.
    pub fn send_alerts(&mut self, alerts: Vec<ToldAlert>) {
        if !alerts.is_empty() {
            self.put(OutboxItem::Alerts(alerts));
        }
    }

    fn put(&mut self, item: OutboxItem) {
        self.last_number += 1;
        self.waiting.push((self.last_number, item));
    }

    /// Takes out what is to leave, in order.
    pub fn take(&mut self) -> Vec<(u64, OutboxItem)> {
        std::mem::take(&mut self.waiting)
    }

    /// The item of that number was acknowledged.
    pub fn acknowledge(&mut self, number: u64) {
        self.acknowledged_ahead.insert(number);
        while self.acknowledged_ahead.remove(&(self.acknowledged + 1)) {
            self.acknowledged += 1;
        }
    }

    /// The number of the last item.
    pub fn last_number(&self) -> u64 {
        self.last_number
    }

    /// Whether everything up to that number is acknowledged.
    pub fn is_acknowledged(&self, number: u64) -> bool {
        self.acknowledged >= number
    }
}
