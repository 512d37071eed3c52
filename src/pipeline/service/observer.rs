//! Whoever watches the service from within the program, as the screen of the demo does.

use crate::model::alert::Alert;
use crate::model::time::Timestamp;
use std::sync::Arc;

/// Hears of every alert and every step of a service.
pub trait Observer {
    /// Alerts were given to the sinks.
    fn alerts(&mut self, alerts: &[Arc<Alert>]);
    /// A step was made.
    fn stepped(&mut self, progress: &Progress);
}

/// An observer that ignores every event.
pub struct NoObserver;

impl Observer for NoObserver {
    fn alerts(&mut self, _alerts: &[Arc<Alert>]) {}
    fn stepped(&mut self, _progress: &Progress) {}
}

/// How far the service has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Records read since the start.
    pub records: u64,
    /// Employees and accounts known.
    pub employees: usize,
    /// The event time up to which the source that is furthest ahead has come.
    pub watermark: Option<Timestamp>,
    /// Alerts that are open.
    pub open: usize,
}
