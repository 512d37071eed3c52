//! Who wrote a message of a cluster's own topics, as which of theirs, and why one is not taken.

use serde::{Deserialize, Serialize};

/// Bytes of a writer.
pub const WRITER: usize = 16;

/// One run of a process as a writer: later ones are greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct WriterId(pub [u8; WRITER]);

impl WriterId {
    /// A writer that began at that time, told by chance from others that began then.
    pub fn new(began_ms: i64, chance: u64) -> WriterId {
        let mut id = [0; WRITER];
        let (time, rest) = id.split_at_mut(8);
        time.copy_from_slice(&began_ms.to_be_bytes());
        rest.copy_from_slice(&chance.to_be_bytes());
        WriterId(id)
    }
}

/// What the seal of a message says of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Stamp {
    /// Who wrote it.
    pub writer: WriterId,
    /// Its number among what the writer wrote to the partition, from 1.
    pub sequence: u64,
}

/// Why a message is not taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// It carries no seal, or none of the right length.
    Unsealed,
    /// Its seal is not that of these bytes in this place under our key.
    Forged,
    /// It was there before: somebody has written it again.
    Replayed,
    /// Messages before it are missing.
    Missing,
}

impl Refusal {
    /// Every reason, in order of declaration.
    pub const ALL: [Refusal; 4] = [Refusal::Unsealed, Refusal::Forged, Refusal::Replayed, Refusal::Missing];

    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::Unsealed => "unsealed",
            Refusal::Forged => "forged",
            Refusal::Replayed => "replayed",
            Refusal::Missing => "missing",
        }
    }
}
