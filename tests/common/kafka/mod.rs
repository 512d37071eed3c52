//! Tests against a real Apache Kafka: a broker that can be killed ([`broker`]), its topics ([`topics`]), the service as a
//! process beside it ([`service`]), a company whose log goes there ([`company`]), and all of it in a few words ([`run`]).
//!
//! A test begins with `let Some(broker) = Broker::shared() else { return };`. Where no broker can be had it says so in capitals
//! and passes; with `LEAKWARDEN_REQUIRE_KAFKA=1` it fails. With `LEAKWARDEN_KAFKA_APART=1` it passes at once: it runs elsewhere.

pub mod alerts;
pub mod broker;
pub mod cluster;
pub mod company;
pub mod flaky;
pub mod happening;
pub mod run;
pub mod service;
pub mod topics;

use std::io::Write;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine, and how long something that takes many steps may stand still.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Whether these tests run in another step, and not now.
pub fn apart() -> bool {
    std::env::var_os("LEAKWARDEN_KAFKA_APART").is_some()
}

/// Says that tests are skipped, past the capture of the test's output; fails where they must not be.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("LEAKWARDEN_REQUIRE_KAFKA").is_none(), "a real Kafka is required here: {why}");
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Waits until something holds; fails with the last answer to `state` when it does not in time.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool, state: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}; {}", state());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until something that takes many steps is done, looking at it once a second: `look` says where it stands, and `None` when it is
/// done. Fails where it has stood still for long, with where it stands and the answer to `log`.
#[track_caller]
pub fn until_done(what: &str, mut look: impl FnMut() -> Option<String>, log: impl Fn() -> String) {
    let (mut moved, mut last) = (Instant::now(), String::new());
    while let Some(stands) = look() {
        if stands != last {
            (moved, last) = (Instant::now(), stands);
        }
        assert!(moved.elapsed() < PATIENCE, "{what}: stands still for {PATIENCE:?} at {last}; {}", log());
        std::thread::sleep(Duration::from_secs(1));
    }
}
