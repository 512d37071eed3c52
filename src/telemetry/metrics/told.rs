//! What is counted of telling people.

use super::{Metrics, table};
use std::time::Duration;

/// What became of what people are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// The receiver took it.
    Delivered,
    /// It failed, and is tried again.
    Retried,
    /// It was refused for good: a dead letter.
    Refused,
    /// It was tried for too long: a dead letter.
    Expired,
    /// What came after it is told instead.
    Superseded,
}

impl Told {
    /// Every outcome, in order of declaration.
    pub const ALL: [Told; 5] = [Told::Delivered, Told::Retried, Told::Refused, Told::Expired, Told::Superseded];

    /// The label.
    pub fn name(self) -> &'static str {
        match self {
            Told::Delivered => "delivered",
            Told::Retried => "retried",
            Told::Refused => "refused",
            Told::Expired => "expired",
            Told::Superseded => "superseded",
        }
    }
}

impl Metrics {
    /// A sink of people is told from now on; all its series exist.
    pub fn notify_sink(&self, name: &str) {
        Told::ALL.iter().for_each(|told| self.told(name, *told, 0));
        self.set_outbox(name, 0, Duration::ZERO, 0);
    }

    /// So many messages for a sink of people became this.
    pub fn told(&self, sink: &str, told: Told, n: u64) {
        self.add(table::NOTIFICATIONS, [sink, told.name()], n);
    }

    /// How many messages wait for a sink of people, how long the oldest of them has waited, and how many dead letters there are.
    pub fn set_outbox(&self, sink: &str, waiting: u64, oldest: Duration, dead: u64) {
        self.set(table::NOTIFICATIONS_WAITING, [sink], waiting as f64);
        self.set(table::NOTIFICATION_OLDEST, [sink], oldest.as_secs_f64());
        self.set(table::NOTIFICATION_DEAD_LETTERS, [sink], dead as f64);
    }
}
