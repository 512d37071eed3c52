//! What is given up to keep within the limits is told at once: it is seen nowhere else.

use crate::engine::output::Evictions;
use crate::telemetry::metrics::Metrics;

/// Counts and logs it.
pub fn tell_evicted(metrics: &Metrics, evicted: Evictions) {
    if evicted.is_nothing() {
        return;
    }
    let Evictions { employees, record_ids } = evicted;
    metrics.evicted(employees, record_ids);
    tracing::warn!(
        profiles = employees,
        record_ids,
        "given up to keep within [state] most_employees and most_record_ids: whoever comes again starts over, and repeats may count twice"
    );
}
