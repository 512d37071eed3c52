//! Dead letters that can be decoded after all, taken up by the running service.

use super::{Live, Observer};
use crate::model::access::Access;
use crate::model::time::Timestamp;
use crate::pipeline::redrive::{self, spool::LetterId};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

impl Live {
    /// Applies what the command has handed over and the state does not contain. It counts like any record that comes late.
    pub(super) fn take_redriven(&mut self, observer: &mut impl Observer) -> anyhow::Result<()> {
        let key = redrive::key_print(self.engine.context());
        let taken = self.parts.spool.as_mut().filter(|_| self.parts.state.is_some()).and_then(|spool| spool.take(key));
        let mut names: Vec<String> = self.sources.iter().map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        for entry in taken.into_iter().flatten() {
            let Some(source) = self.sources.iter().position(|(name, _)| *name == entry.source) else {
                tracing::warn!(source = %entry.source, "a re-driven record is of a source that is not configured");
                continue;
            };
            if !self.positions.redriven.insert(entry.letter) {
                continue;
            }
            self.sources[source].1.redriven(1);
            let id = self.engine.context().partition(&entry.partition);
            let index = names.binary_search(&entry.source).unwrap_or(0) as u16;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
            let mut letters = Vec::new();
            for mut access in entry.accesses {
                (access.partition, access.source) = (id, index);
                // Where nothing could be decoded before there is no watermark: what has happened is believed.
                let believed = self.engine.watermark(id).is_none().then_some(Timestamp(now) + self.settings.skew);
                letters.extend(self.access(source, access, believed, Instant::now(), observer));
            }
            // A partition that nobody follows now must hold nobody up.
            if self.feeds.get(&id).is_none_or(|heard| heard.resting) {
                self.engine.rest(id, Some(self.engine.settled()));
            }
            self.bury(&letters)?;
        }
        Ok(())
    }

    /// A record that was buried before a crash and is decoded now, read again with another configuration, has counted.
    pub(super) fn note_unburied(&mut self, access: &Access) {
        let Some(spool) = self.parts.spool.as_mut().filter(|spool| !spool.buried.is_empty()) else { return };
        let letter = LetterId::of(&self.engine.context().partition_name(access.partition), access.position, &access.hash);
        if spool.buried.remove(&letter) {
            self.positions.redriven.insert(letter);
        }
    }
}
