//! The finding about a source, or one of its partitions, that gave too few records.

use crate::detect::{Finding, SourceFinding};
use crate::model::typology::Typology;
use crate::population::sources::VolumeDrop;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

/// The finding about a source (or one of its partitions) in the hours of a stretch.
pub fn find(low: VolumeDrop) -> SourceFinding {
    let hours = low.to - low.from;
    if let Some((missing, usual)) = low.missing {
        let particular = format!(
            "{missing} numbers of its own sequence never came, of {} that were due today, and about {usual:.0} would have been usual",
            low.records
        );
        return finding(low, missing, particular);
    }
    if let Some(ahead) = low.ahead {
        let particular =
            format!("{ahead} records told a time that had not come, and count at the time at which they came or were waited for");
        return finding(low, ahead, particular);
    }
    let expected = low.usual.median * low.share;
    let missing = (expected - low.records as f64).max(0.0).round() as u64;
    let whole = if low.partition.is_some() { "the partition" } else { "the source" };
    let since = low.before.as_ref().map_or(String::new(), |(_, edge)| format!(" since {}", edge.time));
    let particular = match low.records {
        0 => format!("{whole} has been silent{since}, and about {missing} records would have been usual in {}", in_hours(hours)),
        n => format!("{whole} gave {n} records, about {missing} fewer than usual in {}", in_hours(hours)),
    };
    finding(low, missing, particular)
}

fn finding(low: VolumeDrop, count: u64, particular: String) -> SourceFinding {
    let finding = Finding {
        typology: Typology::LogGap,
        window: if low.to - low.from == 1 { Window::H1 } else { Window::H24 },
        count,
        unknown: 0,
        measure: Measure::Persons,
        bits: low.bits,
        particular,
        related: Vec::new(),
        group: None,
    };
    SourceFinding { low, finding }
}

fn in_hours(hours: i64) -> String {
    if hours == 1 { "one hour".to_owned() } else { format!("{hours} hours") }
}
