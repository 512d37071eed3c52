//! What following files tells, and how often it looks.

use crate::source::piece::Piece;
use crate::source::read_files::ReadFile;
use std::sync::Arc;
use std::time::Duration;

/// How often to poll where nothing came, and to look for files.
pub const INTERVAL: Duration = Duration::from_millis(250);

/// Pieces of one file in one poll at most, so that no file starves the others.
pub(super) const PIECES_PER_POLL: usize = 8;

/// Files that are held open at the most. Of those that are read to their ends, those that were not written for longest are closed.
pub(super) const MOST_OPEN: usize = 256;

/// Identifies a content while this process follows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u64);

/// What happened, in order. Names are those that evidence cites.
#[derive(Debug)]
pub enum TailEvent {
    /// A file is there, or is waited for, of which nothing has come yet.
    Expected {
        /// Its name.
        name: Arc<str>,
    },
    /// A file is followed from now on.
    Opened {
        /// Its number.
        file: FileId,
        /// Its name.
        name: Arc<str>,
    },
    /// Lines of a file.
    Piece {
        /// Its number.
        file: FileId,
        /// Its name.
        name: Arc<str>,
        /// The lines.
        piece: Piece,
    },
    /// A file is read to its end and will not grow: it was moved away or deleted.
    Finished {
        /// Its number.
        file: FileId,
        /// Its name.
        name: Arc<str>,
        /// No other file of that name is followed.
        is_last: bool,
    },
    /// A content that was to be continued is nowhere to be found: what came after is lost.
    Lost(ReadFile),
}
