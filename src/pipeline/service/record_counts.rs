//! What the metrics say of records, and of what was given up to keep within the limits of memory.

use crate::engine::output::{Counts, Evictions};
use crate::model::kind::Kind;
use crate::pipeline::partition_decoder::Batch;
use crate::telemetry::metrics::{Metrics, Outcome, SourceMetrics, table};
use crate::triage::budget::SilenceCounts;

/// Counts what a decoder made of records that lead to no access.
pub fn count_decoded(batch: &Batch, source: &SourceMetrics) {
    source.records(Outcome::DeadLetter, batch.dead_letters.len() as u64);
    for (reason, records) in batch.ignored.iter() {
        source.records(Outcome::Ignored, records);
        source.ignored(reason, records);
    }
}

/// Counts people that settled accesses disclosed, and what was given up. Records themselves are counted by whoever knows first what
/// becomes of them: one process as they arrive, several as they settle ([`count_settled`]).
pub fn count_disclosed(counts: &Counts, metrics: &Metrics) {
    for kind in Kind::ALL {
        let people = counts.by_kind[kind as usize];
        if people > 0 {
            metrics.personal_records(kind, people);
        }
    }
    for (tier, people) in &counts.unexplained_by_tier {
        metrics.persons_unexplained(*tier as u32, *people);
    }
    if counts.unmapped > 0 {
        metrics.unmapped_login_records(counts.unmapped);
    }
    count_evicted(counts.evicted, metrics);
}

/// Counts records that have settled, by the index of their source.
pub fn count_settled<'a>(counts: &Counts, source: impl Fn(usize) -> Option<&'a SourceMetrics>) {
    for (index, settled) in counts.sources.iter().enumerate() {
        let Some(metrics) = source(index) else { continue };
        metrics.records(Outcome::Accepted, settled.accepted);
        metrics.records(Outcome::Duplicate, settled.duplicate);
        metrics.records(Outcome::Late, settled.late);
        metrics.redriven(settled.redriven);
    }
}

/// Counts alerts that a silence kept out of the queue, and that came back into it by becoming graver.
pub fn count_silenced(counts: SilenceCounts, metrics: &Metrics) {
    let SilenceCounts { silenced, graver } = counts;
    metrics.add(table::ALERTS_SILENCED, ["silenced"], silenced);
    metrics.add(table::ALERTS_SILENCED, ["graver"], graver);
}

/// Counts and logs at once what was given up: it is seen nowhere else.
fn count_evicted(evicted: Evictions, metrics: &Metrics) {
    if evicted.is_nothing() {
        return;
    }
    let Evictions { employees, record_ids } = evicted;
    metrics.evicted(employees, record_ids);
    tracing::warn!(
        profiles = employees,
        record_ids,
        "given up to keep within [state] max_employees and max_record_ids: whoever comes again starts over, and repeats may count twice"
    );
}
