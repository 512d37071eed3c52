//! Follows files that grow, where no broker is configured: appended lines, rotation, truncation, mirrors, new files of a glob.
//!
//! A file is its content ([`Content`](crate::source::content::Content)). What was read of each is remembered ([`ReadFile`]), so that reading goes on where it stopped, under
//! whatever name, inode or packing the content is met again, and nothing is read twice. What rotation made of a file is read where nobody
//! has read it. What cannot be reached is waited for; what is nowhere to be found, in a place that can be seen, is lost, and is told.
//!
//! The caller polls: about every [`INTERVAL`] when nothing came, at once when something did.

mod candidates;
mod comparing;
mod discovery;
mod events;
mod followed;
mod polling;
mod state;

pub use events::{FileId, INTERVAL, TailEvent};
pub use state::Tail;

#[cfg(test)]
mod tests;
