//! What a node wants to be done.

use crate::model::alert::Alert;
use crate::stream::lane::Resume;
use crate::stream::restoring::Read;
use crate::stream::{Send, Topic};
use std::sync::Arc;

/// A partition of the input.
pub type LaneName = (String, i32);

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Send a message; say so when it is acknowledged.
    Send(u64, Send),
    /// Give alerts to the sinks; say so when all have acknowledged them.
    Alerts(u64, Vec<Arc<Alert>>),
    /// Give alerts to the sinks that may change before they settle.
    Provisional(Vec<Arc<Alert>>),
    /// Read a partition of a topic of ours from an offset on. What was read of it before is of no more use.
    Follow(Topic, i32, i64),
    /// Read it no more.
    Leave(Topic, i32),
    /// Read a partition of the input from an offset on.
    FollowLane(LaneName, i64),
    /// Commit how far a partition of the input was read.
    Commit(LaneName, Resume),
    /// Say what this machine has cached of a partition of the state.
    Recall(i32),
    /// The cache of a partition of the state contradicts it, and how: it is to be removed.
    Forget(i32, &'static str),
    /// A partition of the state was read. It is ours, and worth to be cached as it grows.
    Restored(i32, Read),
    /// A partition of the state is no longer ours.
    Release(i32),
}
