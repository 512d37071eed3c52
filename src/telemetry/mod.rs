//! Metrics and log of the service. Neither ever names an employee, an account or a subject.

pub mod logging;
pub mod metrics;
pub mod untrusted;
