//! Dead letters that can be decoded after all, taken up by the running service.

use super::Live;
use crate::model::access::Access;
use crate::pipeline::redrive::spool::LetterId;
use crate::pipeline::service::now;
use crate::pipeline::service::observer::Observer;

impl Live {
    /// Applies what the command has handed over and the state does not contain. It counts like any record that comes late.
    pub(super) fn take_redriven(&mut self, observer: &mut impl Observer) -> anyhow::Result<()> {
        let keys = &self.engine.context().classifier.keys;
        let taken = self.parts.spool.as_mut().filter(|_| self.parts.state.is_some()).and_then(|spool| spool.take(keys));
        for entry in taken.into_iter().flatten() {
            let Some(at) = self.service.followed.sources().iter().position(|source| source.name == entry.source) else {
                tracing::warn!(source = %entry.source, "a re-driven record is of a source that is not configured");
                continue;
            };
            if !self.positions.redriven.insert(entry.letter) {
                continue;
            }
            let source = &self.service.followed.sources()[at];
            source.metrics.redriven(1);
            let (id, index) = (self.engine.context().partition(&entry.partition), source.index);
            for mut access in entry.accesses {
                (access.partition, access.source) = (id, index);
                let believed = self.service.settings.limit(None, now()).latest;
                self.take_access(at, access, now(), believed, observer);
            }
            // Event time must not wait for a partition that is not followed, or idle.
            if self.service.followed.get(&id).is_none_or(|followed| followed.more.0) {
                self.engine.mark_idle(id, Some(self.engine.settled()));
            }
            self.service.dead_letters.keep()?;
        }
        Ok(())
    }

    /// A record that was a dead letter before a crash, and is decoded now as it is read again with another configuration, has counted:
    /// it must not be re-driven as well.
    pub(super) fn note_decoded_after_all(&mut self, access: &Access) {
        let Some(spool) = self.parts.spool.as_mut().filter(|spool| !spool.earlier.is_empty()) else { return };
        let letter = LetterId::of(&self.engine.context().partition_name(access.partition), access.position, &access.hash);
        if spool.earlier.remove(&letter) {
            self.positions.redriven.insert(letter);
        }
    }
}
