//! Alerts on their way to the sinks, and what the metrics say of them.

use super::InputPartitions;
use crate::engine::output::Counts;
use crate::model::alert::{Alert, AlertState};
use crate::model::kind::Kind;
use crate::model::severity::Severity;
use crate::pipeline::delivery::Delivery;
use crate::pipeline::evicted::tell_evicted;
use crate::telemetry::metrics::{Metrics, Outcome};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Alerts under way.
pub struct Sinks {
    metrics: Metrics,
    /// Batches of the delivery whose acknowledgement somebody waits for.
    waiting: VecDeque<(u64, u64)>,
    open: BTreeMap<String, Severity>,
}

impl Sinks {
    /// None yet.
    pub fn new(metrics: &Metrics) -> Sinks {
        Sinks { metrics: metrics.clone(), waiting: VecDeque::new(), open: BTreeMap::new() }
    }

    /// Gives settled alerts; their number is told once all sinks have acknowledged them.
    pub fn settled(&mut self, number: u64, alerts: &[Arc<Alert>], delivery: &mut Delivery) {
        alerts.iter().for_each(|alert| self.count_alert(alert));
        delivery.give(alerts);
        self.waiting.push_back((delivery.given(), number));
    }

    /// Gives alerts that may change.
    pub fn provisional(&mut self, alerts: &[Arc<Alert>], delivery: &mut Delivery) {
        alerts.iter().for_each(|alert| self.count_alert(alert));
        delivery.give(alerts);
    }

    /// Numbers that were acknowledged.
    pub fn acknowledged(&mut self, delivery: &Delivery) -> Vec<u64> {
        let done = delivery.done();
        let mut numbers = Vec::new();
        while self.waiting.front().is_some_and(|(batch, _)| *batch <= done) {
            numbers.extend(self.waiting.pop_front().map(|(_, number)| number));
        }
        numbers
    }

    fn count_alert(&mut self, alert: &Alert) {
        match alert.state {
            AlertState::Open => {
                let known = self.open.insert(alert.id.clone(), alert.severity);
                if known != Some(alert.severity) {
                    self.metrics.alert(alert.typology, alert.severity);
                }
            }
            AlertState::Closed | AlertState::Retracted => {
                self.open.remove(&alert.id);
            }
        }
        for severity in Severity::ALL {
            self.metrics.set_alerts_open(severity, self.open.values().filter(|of| **of == severity).count() as u64);
        }
    }

    /// Counts what tasks have applied.
    pub fn count(&self, counts: &Counts, input_partitions: &InputPartitions) {
        for (index, source) in counts.sources.iter().enumerate() {
            let Some(metrics) = input_partitions.metrics_of(index) else { continue };
            metrics.records(Outcome::Accepted, source.accepted);
            metrics.records(Outcome::Duplicate, source.duplicate);
            metrics.records(Outcome::Late, source.late);
            metrics.redriven(source.redriven);
        }
        for kind in Kind::ALL {
            self.metrics.personal_records(kind, counts.by_kind[kind as usize]);
        }
        for (tier, people) in &counts.unexplained_by_tier {
            self.metrics.persons_unexplained(*tier as u32, *people);
        }
        tell_evicted(&self.metrics, counts.evicted);
    }
}
