//! What takes how long when the service is told to stop: a log line for each part, so that a slow stop says by what it is slow.

use std::time::Instant;

/// A stop that is under way.
pub struct Stopping {
    begun: Instant,
}

impl Stopping {
    /// The service was told to stop.
    pub fn begin() -> Stopping {
        tracing::info!("told to stop");
        Stopping { begun: Instant::now() }
    }

    /// A part of it is done.
    pub fn done(&self, what: &str) {
        tracing::info!(millis = self.begun.elapsed().as_millis() as u64, "stopping: {what}");
    }
}
