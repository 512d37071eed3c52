//! Alerts that are shown before they settle wait until it stands in the log that they are: whoever has the task next, also where this
//! process dies in the next moment, takes back what does not settle.

use crate::engine::output::{Revision, ToldAlert};
use crate::model::time::Timestamp;
use crate::stream::OutgoingRecord;
use crate::stream::effect::Effect;
use crate::stream::node::{Node, Sender};
use crate::stream::outbox::OutboxItem;
use std::collections::{BTreeMap, VecDeque};

/// What waits, by task, in the order in which it is shown.
#[derive(Default)]
pub struct Showing(BTreeMap<i32, VecDeque<Waiting>>);

struct Waiting {
    /// The number of the effect that must be acknowledged first, if any.
    note: Option<u64>,
    /// When the record behind it came to its broker; `None` of retractions.
    arrived: Option<Timestamp>,
    alerts: Vec<ToldAlert>,
}

impl Showing {
    /// A task was revoked: what waits is its next owner's.
    pub fn forget(&mut self, task: i32) {
        self.0.remove(&task);
    }
}

impl Node {
    /// Shows alerts of a task once the note is acknowledged; without one behind what waits for its own.
    pub(super) fn show(&mut self, task: i32, arrived: Option<Timestamp>, note: Option<OutgoingRecord>, revisions: Vec<Revision>) {
        if revisions.is_empty() {
            return;
        }
        let note = note.map(|note| {
            self.put_out(Sender::Node, 0, OutboxItem::Record(note));
            self.last_number
        });
        let alerts = revisions.into_iter().map(ToldAlert::from).collect();
        self.showing.0.entry(task).or_default().push_back(Waiting { note, arrived, alerts });
        self.show_noted();
    }

    /// An effect of that number was acknowledged, which may be a note.
    pub(super) fn noted(&mut self, number: u64) {
        let waiting = self.showing.0.values_mut().flatten();
        waiting.filter(|waiting| waiting.note == Some(number)).for_each(|waiting| waiting.note = None);
        self.show_noted();
    }

    fn show_noted(&mut self) {
        for waiting in self.showing.0.values_mut() {
            while waiting.front().is_some_and(|first| first.note.is_none()) {
                let shown = waiting.pop_front().map(|Waiting { arrived, alerts, .. }| Effect::Provisional(arrived, alerts));
                self.effects.extend(shown);
            }
        }
        self.showing.0.retain(|_, waiting| !waiting.is_empty());
    }
}
