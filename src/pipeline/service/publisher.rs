//! Alerts on their way to the sinks and to an observer, and what the metrics say of them: opened, and how long after its access.

use super::observer::Observer;
use crate::engine::output::ToldAlert;
use crate::model::alert::{Alert, AlertState};
use crate::model::coverage::SettledDays;
use crate::model::dossier::AlertWithDossier;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::pipeline::delivery::Delivery;
use crate::telemetry::metrics::Metrics;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Publishes revisions of alerts.
pub struct Publisher {
    delivery: Delivery,
    metrics: Metrics,
    /// Alerts that are known to be open: their severity, and the highest that was published. What settles repeats the lower ones of what
    /// was shown.
    open: BTreeMap<String, (Severity, Severity)>,
}

/// What revisions came about by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// An access that arrived at that time of day, shown before it settles: since its arrival.
    Access(Timestamp),
    /// What has settled: an access, whose arrival is no longer known, the end of a day, or what other employees did.
    Settled,
    /// What was shown and did not settle.
    Retraction,
}

impl Publisher {
    /// Publishes to these sinks.
    pub fn new(delivery: Delivery, metrics: &Metrics) -> Publisher {
        Publisher { delivery, metrics: metrics.clone(), open: BTreeMap::new() }
    }

    /// Gives revisions to every sink and to the observer, and counts them. Waits while a sink is far behind.
    pub fn publish(&mut self, told: &[AlertWithDossier], cause: Cause, now: Timestamp, observer: &mut impl Observer) {
        if told.is_empty() {
            return;
        }
        for AlertWithDossier { alert, .. } in told {
            let is_news = self.count(alert);
            if let Some(latency) = latency(alert, cause, is_news, now) {
                self.metrics.detection_latency(latency);
            }
        }
        self.delivery.give(told);
        let alerts: Vec<Arc<Alert>> = told.iter().map(|told| Arc::clone(&told.alert)).collect();
        observer.alerts(&alerts);
    }

    /// The same of one of several processes: whether a revision is news it says itself, since others may have told of its alert before. It
    /// is not known here which alerts are open.
    pub fn publish_told(&mut self, told: Vec<ToldAlert>, cause: Cause, now: Timestamp) {
        if told.is_empty() {
            return;
        }
        for ToldAlert { alert, is_news, .. } in &told {
            if *is_news && alert.state == AlertState::Open {
                self.metrics.alert(alert.typology, alert.severity);
            }
            if let Some(latency) = latency(alert, cause, *is_news, now) {
                self.metrics.detection_latency(latency);
            }
        }
        let told: Vec<AlertWithDossier> = told.into_iter().map(AlertWithDossier::from).collect();
        self.delivery.give(&told);
    }

    /// Gives settled days to every sink.
    pub fn coverage(&mut self, settled: Vec<SettledDays>) {
        settled.into_iter().for_each(|part| self.delivery.give_coverage(part));
    }

    /// Counts a revision. Says whether the alert opens with it, or reaches a severity that it had not reached.
    fn count(&mut self, alert: &Alert) -> bool {
        match alert.state {
            AlertState::Open => {
                let known = self.open.get(&alert.id).copied();
                let highest = known.map_or(alert.severity, |(_, highest)| highest.max(alert.severity));
                self.open.insert(alert.id.clone(), (alert.severity, highest));
                if known.is_none_or(|(severity, _)| severity != alert.severity) {
                    self.metrics.alert(alert.typology, alert.severity);
                }
                known.is_none_or(|(_, before)| highest > before)
            }
            AlertState::Closed | AlertState::Retracted => {
                self.open.remove(&alert.id);
                false
            }
        }
    }

    /// Alerts are open that a process before this one has published: what is told of them next is no opening.
    pub fn resume<'a>(&mut self, open: impl Iterator<Item = (&'a str, Severity)>) {
        for (id, severity) in open {
            self.open.entry(id.to_owned()).or_insert((severity, severity));
        }
    }

    /// The number of the last batch given to the sinks.
    pub fn given(&self) -> u64 {
        self.delivery.given()
    }

    /// Up to which batch every sink has acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.delivery.done()
    }

    /// Waits until every sink has acknowledged everything, at most so long. Says whether they have.
    pub fn wait(&self, at_most: Duration) -> bool {
        self.delivery.wait(at_most)
    }

    /// The same, and no longer once the service is to stop.
    pub fn wait_while_running(&self, at_most: Duration) -> bool {
        self.delivery.wait_while_running(at_most)
    }

    /// Ends the sinks. Says whether they had acknowledged everything before.
    pub fn stop(self, at_most: Duration) -> bool {
        let acknowledged = self.delivery.stop(at_most);
        if !acknowledged {
            tracing::warn!("sinks have not acknowledged all alerts; they are told again after the next start");
        }
        acknowledged
    }
}

/// From an access to the revision of an open alert that it caused, where that can be told. A revision that was shown before is not
/// measured again when it settles.
fn latency(alert: &Alert, cause: Cause, is_news: bool, now: Timestamp) -> Option<Duration> {
    let since = match (alert.state, cause) {
        (AlertState::Open, Cause::Access(arrived)) => arrived,
        // Nothing was shown before it settled: since the event time of the access that made it what it is.
        (AlertState::Open, Cause::Settled) if is_news => Timestamp::parse(alert.reached.get(&alert.severity)?).ok()?,
        (AlertState::Open | AlertState::Closed | AlertState::Retracted, _) => return None,
    };
    Some(Duration::from_millis((now.0 - since.0).max(0).unsigned_abs()))
}

#[cfg(test)]
mod tests;
