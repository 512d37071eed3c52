//! What is counted, and from when latency is measured, whoever publishes.

use super::*;
use crate::pipeline::service::observer::Progress;
use crate::sink::tests::alert;

/// Hears how many alerts were published.
#[derive(Default)]
struct Heard(usize);

impl Observer for Heard {
    fn alerts(&mut self, alerts: &[Arc<Alert>]) {
        self.0 += alerts.len();
    }

    fn stepped(&mut self, _progress: &Progress) {}
}

struct World {
    publisher: Publisher,
    metrics: Metrics,
    heard: Heard,
}

/// When everything of these tests is published: a minute after the access of the alert.
fn noon() -> Timestamp {
    Timestamp::parse("2026-03-02T09:15:05Z").expect("a time")
}

impl World {
    fn new() -> World {
        let metrics = Metrics::new();
        let delivery = Delivery::start(Vec::new(), &metrics).expect("no sinks");
        World { publisher: Publisher::new(delivery, &metrics), metrics, heard: Heard::default() }
    }

    fn publish(&mut self, alert: Alert, cause: Cause) {
        self.publisher.publish(&[Arc::new(alert).into()], cause, noon(), &mut self.heard);
    }

    /// The value of a series.
    fn series(&self, name: &str) -> f64 {
        let text = self.metrics.render();
        let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))).expect("there is one");
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
    }

    /// How often latency was measured, and the sum of it in seconds.
    fn latency(&self) -> (f64, f64) {
        let name = "leakwarden_detection_latency_seconds";
        (self.series(&format!("{name}_count")), self.series(&format!("{name}_sum")))
    }
}

fn open(revision: u32, severity: Severity) -> Alert {
    Alert { revision, severity, ..Alert::clone(&alert("a")) }
}

/// Three seconds before.
fn arrived() -> Cause {
    Cause::Access(Timestamp(noon().0 - 3_000))
}

#[test]
fn latency_is_from_the_arrival_of_an_access_to_the_revision_that_it_caused() {
    let mut world = World::new();
    world.publish(open(1, Severity::High), arrived());
    assert_eq!(world.latency(), (1.0, 3.0));
    world.publish(open(2, Severity::High), arrived());
    assert_eq!(world.latency(), (2.0, 6.0), "a revision of an open alert counts as well");
    // Clocks of brokers may be ahead.
    world.publish(open(3, Severity::High), Cause::Access(Timestamp(noon().0 + 5_000)));
    assert_eq!(world.latency(), (3.0, 6.0));
    assert_eq!(world.heard.0, 3);
}

#[test]
fn closures_retractions_and_what_settles_as_it_was_shown_are_not_measured() {
    let mut world = World::new();
    world.publish(open(1, Severity::High), arrived());
    for settled in [Severity::Medium, Severity::High] {
        world.publish(open(1, settled), Cause::Settled);
    }
    world.publish(Alert { state: AlertState::Closed, ..open(2, Severity::High) }, Cause::Settled);
    world.publish(Alert { state: AlertState::Closed, ..open(2, Severity::High) }, arrived());
    world.publish(Alert { state: AlertState::Retracted, ..open(2, Severity::High) }, Cause::Retraction);
    assert_eq!(world.latency(), (1.0, 3.0));
}

#[test]
fn what_nothing_showed_before_it_settled_is_measured_from_the_time_of_its_access() {
    let mut world = World::new();
    world.publish(open(1, Severity::High), Cause::Settled);
    assert_eq!(world.latency(), (1.0, 60.0));
    world.publish(open(2, Severity::High), Cause::Settled);
    assert_eq!(world.latency(), (1.0, 60.0), "once");
}

#[test]
fn an_alert_counts_when_it_opens_and_when_it_reaches_a_severity() {
    let mut world = World::new();
    let total = |world: &World, severity: &str| {
        world.series(&format!("leakwarden_alerts_total{{severity=\"{severity}\",typology=\"bulk_extract\"}}"))
    };
    for revision in 1..4 {
        world.publish(open(revision, Severity::High), arrived());
    }
    assert_eq!(total(&world, "high"), 1.0);
    world.publish(open(4, Severity::Critical), arrived());
    assert_eq!((total(&world, "high"), total(&world, "critical")), (1.0, 1.0));
    world.publish(Alert { state: AlertState::Closed, ..open(5, Severity::Critical) }, Cause::Settled);
    world.publish(open(1, Severity::Critical), Cause::Settled);
    assert_eq!(total(&world, "critical"), 2.0, "another episode");
}

#[test]
fn what_a_process_before_has_published_does_not_open_again() {
    let mut world = World::new();
    world.publisher.resume([("a", Severity::High)].into_iter());
    world.publish(open(7, Severity::High), Cause::Settled);
    assert_eq!(world.series("leakwarden_alerts_total{severity=\"high\",typology=\"bulk_extract\"}"), 0.0);
    assert_eq!(world.latency(), (0.0, 0.0), "it is no news");
}

#[test]
fn what_is_said_to_be_no_news_is_neither_counted_nor_measured_again() {
    let mut world = World::new();
    let mut told = |is_news: bool, cause: Cause| {
        world.publisher.publish_told(vec![ToldAlert { alert: Arc::new(open(1, Severity::High)), is_news, dossier: None }], cause, noon());
        world.series("leakwarden_alerts_total{severity=\"high\",typology=\"bulk_extract\"}")
    };
    assert_eq!(told(false, Cause::Settled), 0.0, "another process has shown it");
    assert_eq!(told(true, Cause::Settled), 1.0);
    assert_eq!(told(false, arrived()), 1.0);
    assert_eq!(world.latency(), (2.0, 63.0), "once as it settled, once from the arrival of an access");
}
