//! The one retry of all sinks: transient errors are retried without end, and an alert that fails permanently does not hold up the
//! others.

use crate::model::coverage::SettledDays;
use crate::model::dossier::AlertWithDossier;
use crate::sink::Sink;
use crate::telemetry::metrics::{Delivery, SinkMetrics};
use crossbeam_channel::Receiver;
use std::time::Duration;

/// How long to wait between attempts: doubling from `first` up to `longest`.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The wait after that many failures in a row, from 1.
    pub fn wait(self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// Whether to go on after a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Try again.
    Again,
    /// The service stops.
    Stop,
}

/// How a delivery ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Every alert was acknowledged, or refused for good and counted as such.
    Done,
    /// The service stopped before: state that contains these alerts must not be saved.
    Stopped,
}

/// Delivers until every alert is acknowledged or refused for good. `wait` sleeps, and says whether to go on.
pub fn deliver(
    sink: &mut dyn Sink,
    alerts: &[AlertWithDossier],
    backoff: Backoff,
    metrics: &SinkMetrics,
    wait: &mut dyn FnMut(Duration) -> Next,
) -> Ended {
    let mut failures = 0;
    loop {
        let Err(error) = sink.deliver_with_dossiers(alerts) else {
            metrics.deliveries(Delivery::Delivered, alerts.len() as u64);
            return Ended::Done;
        };
        if !error.retryable {
            return refused(sink, alerts, backoff, metrics, wait, &error.message);
        }
        failures += 1;
        metrics.deliveries(Delivery::Retried, alerts.len() as u64);
        let pause = backoff.wait(failures);
        tracing::warn!(sink = sink.name(), %error, alerts = alerts.len(), failures, ?pause, "alerts are not delivered; trying again");
        if wait(pause) == Next::Stop {
            return Ended::Stopped;
        }
    }
}

/// Delivers settled days until they are acknowledged, or refused for good.
pub fn deliver_coverage(sink: &mut dyn Sink, settled: &SettledDays, backoff: Backoff, wait: &mut dyn FnMut(Duration) -> Next) -> Ended {
    let mut failures = 0;
    loop {
        let Err(error) = sink.deliver_coverage(settled) else { return Ended::Done };
        if !error.retryable {
            tracing::error!(sink = sink.name(), %error, "coverage is refused for good");
            return Ended::Done;
        }
        failures += 1;
        let pause = backoff.wait(failures);
        tracing::warn!(sink = sink.name(), %error, failures, ?pause, "coverage is not delivered; trying again");
        if wait(pause) == Next::Stop {
            return Ended::Stopped;
        }
    }
}

/// One alert of a batch may be to blame: each is tried alone, so that only that one is lost to this sink.
fn refused(
    sink: &mut dyn Sink,
    alerts: &[AlertWithDossier],
    backoff: Backoff,
    metrics: &SinkMetrics,
    wait: &mut dyn FnMut(Duration) -> Next,
    message: &str,
) -> Ended {
    if let [AlertWithDossier { alert, .. }] = alerts {
        metrics.deliveries(Delivery::Refused, 1);
        tracing::error!(sink = sink.name(), error = message, alert = alert.id, "an alert is refused for good");
        return Ended::Done;
    }
    for alert in alerts {
        if deliver(sink, std::slice::from_ref(alert), backoff, metrics, wait) == Ended::Stopped {
            return Ended::Stopped;
        }
    }
    Ended::Done
}

/// Waits on the clock, unless `stop` is disconnected or receives something meanwhile.
pub fn wait_or_stop<T>(stop: &Receiver<T>) -> impl FnMut(Duration) -> Next + '_ {
    move |pause| match stop.recv_timeout(pause) {
        Err(crossbeam_channel::RecvTimeoutError::Timeout) => Next::Again,
        Ok(_) | Err(crossbeam_channel::RecvTimeoutError::Disconnected) => Next::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Alert;
    use crate::sink::SinkError;
    use crate::sink::tests::alert;
    use crate::telemetry::metrics::Metrics;
    use std::sync::Arc;

    /// Fails transiently so many times, and refuses one alert permanently.
    struct Moody {
        failures: usize,
        refuses: &'static str,
        delivered: Vec<String>,
    }

    impl Sink for Moody {
        fn name(&self) -> &str {
            "moody"
        }

        fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Result<(), SinkError> {
            if self.failures > 0 {
                self.failures -= 1;
                return Err(SinkError::transient("away"));
            }
            if alerts.iter().any(|alert| alert.id == self.refuses) {
                return Err(SinkError::permanent("too large"));
            }
            self.delivered.extend(alerts.iter().map(|alert| alert.id.clone()));
            Ok(())
        }
    }

    fn run(sink: &mut Moody, ids: &[&str], stop_after: usize) -> (Ended, Vec<Duration>, String) {
        let metrics = Metrics::new();
        let mut waits = Vec::new();
        let alerts: Vec<_> = ids.iter().map(|id| alert(id).into()).collect();
        let backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1) };
        let ended = deliver(sink, &alerts, backoff, &metrics.sink("moody"), &mut |pause| {
            waits.push(pause);
            if waits.len() >= stop_after { Next::Stop } else { Next::Again }
        });
        (ended, waits, metrics.render())
    }

    #[test]
    fn transient_errors_are_retried_with_growing_waits_up_to_a_bound() {
        let mut sink = Moody { failures: 6, refuses: "", delivered: vec![] };
        let (ended, waits, text) = run(&mut sink, &["a", "b"], 100);
        assert_eq!((ended, sink.delivered), (Ended::Done, vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000].map(Duration::from_millis));
        assert!(text.contains("leakwarden_sink_deliveries_total{outcome=\"delivered\",sink=\"moody\"} 2"), "{text}");
        assert!(text.contains("leakwarden_sink_deliveries_total{outcome=\"retried\",sink=\"moody\"} 12"), "{text}");
    }

    #[test]
    fn only_the_alert_to_blame_is_lost_and_it_is_counted() {
        let mut sink = Moody { failures: 0, refuses: "b", delivered: vec![] };
        let (ended, waits, text) = run(&mut sink, &["a", "b", "c"], 100);
        assert_eq!((ended, sink.delivered, waits), (Ended::Done, vec!["a".to_owned(), "c".to_owned()], vec![]));
        assert!(text.contains("leakwarden_sink_deliveries_total{outcome=\"refused\",sink=\"moody\"} 1"), "{text}");
    }

    #[test]
    fn a_stop_ends_the_trying_and_says_that_nothing_was_delivered() {
        let mut sink = Moody { failures: 100, refuses: "", delivered: vec![] };
        assert_eq!(run(&mut sink, &["a"], 3).0, Ended::Stopped);
        let (_sender, stop) = crossbeam_channel::bounded::<()>(0);
        assert_eq!(wait_or_stop(&stop)(Duration::from_millis(1)), Next::Again);
        drop(_sender);
        assert_eq!(wait_or_stop(&stop)(Duration::from_secs(60)), Next::Stop);
    }

    #[test]
    fn the_wait_does_not_overflow() {
        assert_eq!(Backoff::default().wait(u32::MAX), Duration::from_secs(30));
    }
}
