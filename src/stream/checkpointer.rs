//! Writes checkpoints of a task or of the coordinator, each step once the one before is acknowledged: what was sent before, then the
//! entries, then the metadata, which completes the checkpoint, then tombstones for what it replaces.

use crate::engine::state_entries::StateEntry;
use crate::stream::OutgoingRecord;
use crate::stream::changelog::{Changelog, Checkpoint, CheckpointId};
use crate::stream::outbox::Outbox;

/// Writes the checkpoints of one changelog.
#[derive(Clone, Debug)]
pub struct Checkpointer {
    changelog: Changelog,
    under_way: Option<UnderWay>,
}

#[derive(Clone, Debug)]
struct UnderWay {
    number: u64,
    entries: Vec<OutgoingRecord>,
    metadata: Vec<OutgoingRecord>,
    cleanup: Vec<OutgoingRecord>,
    /// The number in the outbox that must be acknowledged before the next step.
    after: u64,
    next: NextStep,
}

#[derive(Clone, Copy, Debug)]
enum NextStep {
    Entries,
    Metadata,
    Cleanup,
}

impl Checkpointer {
    /// Continues a changelog.
    pub fn new(changelog: Changelog) -> Checkpointer {
        Checkpointer { changelog, under_way: None }
    }

    /// The writer's epoch.
    pub fn epoch(&self) -> u64 {
        self.changelog.epoch()
    }

    /// The last checkpoint that it has completed.
    pub fn newest(&self) -> Option<CheckpointId> {
        self.changelog.newest()
    }

    /// Whether a checkpoint is under way.
    pub fn is_busy(&self) -> bool {
        self.under_way.is_some()
    }

    /// Begins a checkpoint. What is in the outbox already must be acknowledged before it is written.
    pub fn begin(&mut self, entries: Vec<StateEntry>, metadata: &[u8], outbox: &Outbox) {
        let Checkpoint { number, entries, metadata, cleanup } = self.changelog.checkpoint(entries, metadata);
        self.under_way = Some(UnderWay { number, entries, metadata, cleanup, after: outbox.last_number(), next: NextStep::Entries });
    }

    /// Continues as far as acknowledgements allow. True once the checkpoint is complete.
    pub fn poll(&mut self, outbox: &mut Outbox) -> bool {
        let Some(checkpoint) = &mut self.under_way else { return false };
        while outbox.is_acknowledged(checkpoint.after) {
            match checkpoint.next {
                NextStep::Entries => {
                    checkpoint.entries.drain(..).for_each(|record| outbox.send(record));
                    checkpoint.next = NextStep::Metadata;
                }
                NextStep::Metadata => {
                    checkpoint.metadata.drain(..).for_each(|record| outbox.send(record));
                    checkpoint.next = NextStep::Cleanup;
                }
                NextStep::Cleanup => {
                    checkpoint.cleanup.drain(..).for_each(|record| outbox.send(record));
                    self.changelog.complete(checkpoint.number);
                    self.under_way = None;
                    return true;
                }
            }
            checkpoint.after = outbox.last_number();
        }
        false
    }
}
