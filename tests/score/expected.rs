//! What the score must reach, and what no log can show.

use super::Table;
use super::verdict::Verdict;

/// Carriers that no format reads yet.
pub const NO_DECODER_YET: &[&str] = &["csv", "log", "syslog"];

/// What a run must reach.
struct Floor {
    /// The run.
    run: &'static str,
    /// Cases that are counted exactly, of a hundred that are scored.
    right: usize,
    /// Cases of which the log has no line, in the order of their names.
    invisible: &'static [(&'static str, &'static str)],
}

const FLOORS: &[Floor] = &[];

/// What a carrier of a run lacks.
pub fn faults(run: &str, carrier: &str, table: &Table, dead: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let of = |verdict| table.get(&verdict).map(Vec::as_slice).unwrap_or_default();
    faults.extend(of(Verdict::Wrong).iter().map(|(_, counted)| format!("{carrier}: WRONG {counted}")));
    let floor = FLOORS.iter().find(|floor| floor.run == run);
    let mut invisible: Vec<&str> = of(Verdict::Invisible).iter().map(|(case, _)| case.as_str()).collect();
    invisible.sort_unstable();
    let listed: Vec<&str> = floor.into_iter().flat_map(|floor| floor.invisible).map(|(case, _)| *case).collect();
    if invisible != listed {
        faults.push(format!("{carrier}: nothing shows {invisible:?}, expected of {listed:?}"));
    }
    if dead > 0 {
        faults.push(format!("{carrier}: {dead} records could not be decoded"));
    }
    let scored: usize = table.values().map(Vec::len).sum();
    let right = of(Verdict::Right).len();
    if let Some(floor) = floor.filter(|floor| right * 100 < floor.right * scored) {
        faults.push(format!("{carrier}: {right} of {scored} right, less than {} in a hundred", floor.right));
    }
    faults
}
