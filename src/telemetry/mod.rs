//! What the service says of itself: numbers and log lines. Neither ever names an employee, an account or a subject.

pub mod logging;
pub mod metrics;
pub mod untrusted;
