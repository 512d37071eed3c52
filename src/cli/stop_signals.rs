//! The signals by which somebody ends a service: heard from the moment that they are listened for, so that an end in good order is one
//! whenever it is asked for.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and Ctrl-C.
pub struct StopSignals {
    terminated: Signal,
    interrupted: Signal,
}

impl StopSignals {
    /// Listens from now on; within a runtime, which must have its I/O enabled.
    ///
    /// # Errors
    /// The system's, where it does not take a handler.
    pub fn listen() -> std::io::Result<StopSignals> {
        Ok(StopSignals { terminated: signal(SignalKind::terminate())?, interrupted: signal(SignalKind::interrupt())? })
    }

    /// Completes when one has come.
    pub async fn told(mut self) {
        tokio::select! {
            _ = self.terminated.recv() => {}
            _ = self.interrupted.recv() => {}
        }
    }
}
