//! What a task sends, and the order in which its state is saved: what was sent is acknowledged, then the entries, then the head.

use crate::model::alert::Alert;
use crate::stream::OutgoingRecord;
use crate::stream::changelog::{Changelog, Entry, Save};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Something that leaves a task.
#[derive(Clone, Debug)]
pub enum OutboxItem {
    /// A message.
    Record(OutgoingRecord),
    /// Alerts for the sinks.
    Alerts(Vec<Arc<Alert>>),
}

/// What leaves a task, by number, and up to where all of it is acknowledged.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    waiting: Vec<(u64, OutboxItem)>,
    given: u64,
    acknowledged: u64,
    /// Acknowledged, while something before is not.
    ahead: BTreeSet<u64>,
}

impl Outbox {
    /// Sends a message.
    pub fn send(&mut self, message: OutgoingRecord) {
        self.put(OutboxItem::Record(message));
    }

    /// Gives alerts to the sinks.
    pub fn tell(&mut self, alerts: Vec<Arc<Alert>>) {
        if !alerts.is_empty() {
            self.put(OutboxItem::Alerts(alerts));
        }
    }

    fn put(&mut self, out: OutboxItem) {
        self.given += 1;
        self.waiting.push((self.given, out));
    }

    /// What is to leave, in order.
    pub fn take(&mut self) -> Vec<(u64, OutboxItem)> {
        std::mem::take(&mut self.waiting)
    }

    /// That number was acknowledged.
    pub fn acknowledged(&mut self, number: u64) {
        self.ahead.insert(number);
        while self.ahead.remove(&(self.acknowledged + 1)) {
            self.acknowledged += 1;
        }
    }

    /// How much was given so far.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Whether everything up to that number is acknowledged.
    pub fn is_acknowledged(&self, number: u64) -> bool {
        self.acknowledged >= number
    }

    /// What has been given and is not acknowledged.
    pub fn open(&self) -> u64 {
        self.given - self.acknowledged
    }
}

/// Saves the state of a task.
#[derive(Clone, Debug)]
pub struct Saver {
    changelog: Changelog,
    under_way: Option<UnderWay>,
}

#[derive(Clone, Debug)]
struct UnderWay {
    number: u64,
    entries: Vec<OutgoingRecord>,
    head: Vec<OutgoingRecord>,
    cleanup: Vec<OutgoingRecord>,
    /// What must be acknowledged before the next step.
    after: u64,
    written: bool,
    finished: bool,
}

impl Saver {
    /// Goes on with a changelog.
    pub fn new(changelog: Changelog) -> Saver {
        Saver { changelog, under_way: None }
    }

    /// The writer's epoch.
    pub fn epoch(&self) -> u64 {
        self.changelog.epoch()
    }

    /// Whether a save is under way.
    pub fn is_busy(&self) -> bool {
        self.under_way.is_some()
    }

    /// Begins to save. What was given to the outbox before is acknowledged first.
    pub fn begin(&mut self, entries: Vec<Entry>, head: &[u8], outbox: &Outbox) {
        let Save { number, entries, head, cleanup } = self.changelog.save(entries, head);
        self.under_way = Some(UnderWay { number, entries, head, cleanup, after: outbox.given(), written: false, finished: false });
    }

    /// Goes on as far as acknowledgements allow. True once the save is complete.
    pub fn poll(&mut self, outbox: &mut Outbox) -> bool {
        let Some(save) = &mut self.under_way else { return false };
        while outbox.is_acknowledged(save.after) {
            if !save.written {
                save.written = true;
                save.entries.drain(..).for_each(|message| outbox.send(message));
            } else if !save.finished {
                save.finished = true;
                save.head.drain(..).for_each(|message| outbox.send(message));
            } else {
                save.cleanup.drain(..).for_each(|message| outbox.send(message));
                self.changelog.completed(save.number);
                self.under_way = None;
                return true;
            }
            save.after = outbox.given();
        }
        false
    }
}
