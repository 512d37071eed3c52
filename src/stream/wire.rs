//! What the messages of our topics hold. Each begins with the version of its encoding; a message of another version is refused and
//! never guessed at.

use crate::engine::output::Revision;
use crate::engine::second::Report;
use crate::model::access::Access;
use crate::model::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of all encodings.
pub const VERSION: u8 = 2;

/// The place of a message within its lane: it rises, and is the same whoever sends it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// The offset after the record that led to it.
    pub next: i64,
    /// Several of one record.
    pub sub: u32,
}

/// A message of `leakwarden.access`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Routed {
    /// Topic of the input.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its place in the lane.
    pub place: Place,
    /// The lane's watermark, as far as it may be told with it.
    pub watermark: Option<Timestamp>,
    /// The record; `None` tells the time alone.
    pub record: Option<Settles>,
}

/// A record with its place in time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settles {
    /// When it settles.
    pub at: Timestamp,
    /// Whether it came late.
    pub late: bool,
    /// The record. Its partition and position are those of the input.
    pub access: Access,
}

/// What a task tells the centre.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Told {
    /// Nothing of it lies before this hour.
    Begins {
        /// The hour.
        hour: i64,
        /// Whether its first record lies in that hour; otherwise that is not known yet.
        first: bool,
    },
    /// What came about from one time, inclusive, to another.
    Settled {
        /// From.
        from: Timestamp,
        /// To.
        to: Timestamp,
        /// Revisions, in order.
        revisions: Vec<Revision>,
    },
    /// It has come to an hour and waits.
    Hour {
        /// Revisions of a day that ends.
        ticked: Vec<Revision>,
        /// What the second stage hears.
        report: Report,
        /// The hour up to which the state of the task is saved.
        saved: i64,
    },
    /// What came about when it heard what was learnt at the beginning of a day.
    Heard {
        /// The hour at which the day began.
        hour: i64,
        /// Revisions, in order.
        revisions: Vec<Revision>,
    },
}

/// A recorded tick: a lane was silent, and its time follows that of the others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tick {
    /// Topic of the input.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The offset before which it stands.
    pub next: i64,
    /// Where the watermark moves.
    pub to: Timestamp,
}

/// Encodes a message.
pub fn encode(message: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(message, vec![VERSION]).expect("messages are plain data")
}

/// Decodes a message.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|error| format!("cannot be read: {error}")),
        Some((version, _)) => Err(format!("is of version {version}, this program reads version {VERSION}")),
        None => Err("is empty".to_owned()),
    }
}
