//! Records that are lost, told with their place and their span: from the last record before them to the first behind them, which is known
//! only when it comes.

use crate::model::time::Timestamp;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Losses whose end is not known yet, by their partitions.
pub struct Losses<K> {
    open: BTreeMap<K, Loss>,
}

struct Loss {
    /// The file, or the partition.
    place: String,
    since: Option<Timestamp>,
}

impl<K> Default for Losses<K> {
    fn default() -> Losses<K> {
        Losses { open: BTreeMap::new() }
    }
}

impl<K: Ord> Losses<K> {
    /// Records of a partition are lost, after those of a time.
    pub fn begin(&mut self, partition: K, name: String, file: Option<PathBuf>, since: Option<Timestamp>) {
        let place = file.map_or(name, |file| file.display().to_string());
        let from = since.map_or_else(|| "its beginning".to_owned(), |since| since.to_string());
        tracing::warn!(%place, %from, "records are lost: what came after them is nowhere to be found");
        // Of several in a row the first begins the span.
        self.open.entry(partition).or_insert(Loss { place, since });
    }

    /// A record of a partition came.
    pub fn end(&mut self, partition: &K, time: Timestamp) {
        if self.open.is_empty() {
            return;
        }
        let Some(Loss { place, since }) = self.open.remove(partition) else { return };
        let from = since.unwrap_or(time);
        let days = time.utc_day().0.saturating_sub(from.utc_day().0).max(0) + 1;
        let (first, last) = (from.utc_day(), time.utc_day().max(from.utc_day()));
        tracing::warn!(%place, %from, to = %time, days, "records of this span are lost: its days, {first} to {last}, are partly evaluated");
    }
}
