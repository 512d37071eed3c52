//! Whether the service is ready, as the parts of it say. Cheap to write from any thread, read by probes.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// What readiness depends on.
#[derive(Debug)]
pub struct Health {
    restored: AtomicBool,
    stopping: AtomicBool,
    sources: Vec<(String, AtomicBool)>,
}

/// Why the service is not ready.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotReady {
    /// It is shutting down.
    Stopping,
    /// The state is being restored.
    Restoring,
    /// These sources are not connected, or have no partitions assigned yet.
    Waiting(Vec<String>),
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotReady::Stopping => f.write_str("shutting down"),
            NotReady::Restoring => f.write_str("the state is being restored"),
            NotReady::Waiting(sources) => write!(f, "not connected: {}", sources.join(", ")),
        }
    }
}

impl Health {
    /// Of a service with these sources; not ready yet.
    pub fn new<S: Into<String>>(sources: impl IntoIterator<Item = S>) -> Health {
        Health {
            restored: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            sources: sources.into_iter().map(|name| (name.into(), AtomicBool::new(false))).collect(),
        }
    }

    /// The state is there.
    pub fn set_restored(&self) {
        self.restored.store(true, Ordering::Release);
    }

    /// A source, by its place in the list given to [`Health::new`], is connected or has lost its connection.
    pub fn set_connected(&self, source: usize, connected: bool) {
        if let Some((_, flag)) = self.sources.get(source) {
            flag.store(connected, Ordering::Release);
        }
    }

    /// The service begins to shut down: it takes no more work and will not be ready again.
    pub fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether it is ready, or why not.
    pub fn readiness(&self) -> Result<(), NotReady> {
        if self.stopping.load(Ordering::Acquire) {
            return Err(NotReady::Stopping);
        }
        if !self.restored.load(Ordering::Acquire) {
            return Err(NotReady::Restoring);
        }
        let waiting: Vec<String> =
            self.sources.iter().filter(|(_, connected)| !connected.load(Ordering::Acquire)).map(|(name, _)| name.clone()).collect();
        if waiting.is_empty() { Ok(()) } else { Err(NotReady::Waiting(waiting)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_once_restored_and_every_source_is_connected_until_it_stops() {
        let health = Health::new(["crm", "core"]);
        assert_eq!(health.readiness(), Err(NotReady::Restoring));
        health.set_restored();
        health.set_connected(0, true);
        assert_eq!(health.readiness().expect_err("not yet").to_string(), "not connected: core");
        health.set_connected(1, true);
        assert_eq!(health.readiness(), Ok(()));
        health.set_connected(0, false);
        assert!(health.readiness().is_err());
        health.set_stopping();
        assert_eq!(health.readiness(), Err(NotReady::Stopping));
    }
}
