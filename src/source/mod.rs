//! Where records come from: complete files, files that grow, Kafka. Sources deliver bytes and their positions; decoding comes later.
//! Kinds of sources, and how each is configured, are the rows of `SOURCES` in `config/source.rs`.

pub mod buffer;
pub mod content;
pub mod files;
pub mod kafka;
pub mod lines;
pub mod piece;
pub mod read_files;
pub mod rotation;
pub mod tail;
pub mod unpack;

use std::io;

/// Why a source cannot be read, or no further.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be opened.
    #[error("{place}: cannot be opened: {error}")]
    Open {
        /// File, or `-`.
        place: String,
        /// What the system says.
        error: io::Error,
    },
    /// It is something that cannot be read as a log.
    #[error("{place}: must be a log file, plain, .gz or .zst, and is {found}")]
    NotALog {
        /// File, or `-`.
        place: String,
        /// What it is instead.
        found: &'static str,
    },
    /// An invalid glob.
    #[error("{place}: must be a path or a glob: {why}")]
    Glob {
        /// As given.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// Reading failed. Everything up to `line` was delivered.
    #[error(
        "{place}: {packing}cannot be read past line {line} (byte {offset} of its content, {dropped} bytes of an unfinished line dropped): {error}"
    )]
    Broken {
        /// File, or `-`.
        place: String,
        /// How it is packed, as a prefix of the message; empty for plain files.
        packing: &'static str,
        /// Last line that was delivered.
        line: u64,
        /// Bytes of content that were delivered.
        offset: u64,
        /// Bytes that came after the last whole line.
        dropped: u64,
        /// What the system or the decompressor says.
        error: io::Error,
    },
    /// A topic cannot be read, or no further.
    #[error("{place}: cannot be read: {why}")]
    Topic {
        /// Topic, partition and offset.
        place: String,
        /// What the client says.
        why: String,
    },
    /// The reading thread ended without saying why.
    #[error("{place}: its reader stopped unexpectedly")]
    ReaderLost {
        /// File, or `-`.
        place: String,
    },
}
