//! Follows files that grow, where no broker is configured: appended lines, rotation, truncation, mirrors, new files of a glob.
//!
//! A file is its content ([`Content`](crate::source::content::Content)). What was read of each is remembered ([`ReadFile`]), so that reading goes on where it stopped, under
//! whatever name, inode or packing the content is met again, and nothing is read twice. What rotation made of a file is read where nobody
//! has read it. What cannot be reached is waited for; what is nowhere to be found, in a place that can be seen, is lost, and is told.
//!
//! The caller polls: about every [`INTERVAL`] when nothing came, at once when something did.

mod candidates;
mod discovery;
mod followed;

use crate::decode::LONGEST_RECORD;
use crate::model::keys::Keys;
use crate::source::SourceError;
use crate::source::files::BLOCK;
use crate::source::lines::LineSettings;
use crate::source::piece::Piece;
use crate::source::read_files::{ReadFile, ReadFiles, Standing};
use discovery::Judged;
use followed::{FollowState, FollowedFile};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often to poll where nothing came, and to look for files.
pub const INTERVAL: Duration = Duration::from_millis(250);

/// How long a file that was moved away or deleted must not grow before it counts as finished: its writer may still hold it. And how long
/// one that may be a copy under way must not grow before it counts as another.
const GRACE: Duration = Duration::from_secs(30);

/// How long a content that nobody finds, in a place that can be seen, is looked for.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// How long the place of a content may be out of reach.
const UNREACHED: Duration = Duration::from_secs(7 * 86_400);

/// How long no file at all may be seen, once some were: between two steps of a rotation there may be none.
const UNSEEN: Duration = Duration::from_secs(2);

/// How often it is logged what cannot be read.
const REMIND: Duration = Duration::from_secs(60);

/// Pieces of one file in one poll at most, so that no file starves the others.
const PIECES_PER_POLL: usize = 8;

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

/// Files being followed.
pub struct Tail {
    source: String,
    pattern: String,
    settings: LineSettings,
    grace: Duration,
    lost_after: Duration,
    interval: Duration,
    /// What was read of contents that are not being followed.
    known: Vec<ReadFile>,
    /// What was only replayed: read, whoever meets it.
    replayed: Vec<ReadFile>,
    directories: BTreeSet<PathBuf>,
    /// In the order in which they are read: a rotated file comes before its successor.
    files: Vec<FollowedFile>,
    /// Files that were looked at and are not followed, as they were then.
    judged: BTreeMap<PathBuf, Judged>,
    /// Names that were told.
    expected: BTreeSet<Arc<str>>,
    /// Since when something is missing, by its base and offset.
    missing: BTreeMap<(PathBuf, u64), Missing>,
    /// Why not everything can be read.
    trouble: Option<String>,
    unseen_since: Option<Instant>,
    was_seen: bool,
    looked: Option<Instant>,
    reminded: Option<Instant>,
    next: u64,
}

/// A content that is looked for.
#[derive(Clone, Copy)]
struct Missing {
    since: Instant,
    /// Since when its place can be seen, and it is not there.
    absent_since: Option<Instant>,
}

impl Tail {
    /// Follows the path or glob of a source, going on from what was read before; `replayed` is what belongs to no source.
    pub fn new(source: &str, pattern: &str, keys: &Keys, read: ReadFiles, replayed: Vec<ReadFile>) -> Result<Tail, SourceError> {
        glob::Pattern::new(pattern).map_err(|error| SourceError::Glob { place: pattern.to_owned(), why: error.to_string() })?;
        let hasher = keys.record_hasher();
        Ok(Tail {
            source: source.to_owned(),
            pattern: pattern.to_owned(),
            settings: LineSettings { block: BLOCK, longest_line: LONGEST_RECORD, prompt: false, follow: true, hasher },
            grace: GRACE,
            lost_after: LOST_AFTER,
            interval: INTERVAL,
            known: read.contents,
            replayed,
            directories: read.directories,
            files: Vec::new(),
            judged: BTreeMap::new(),
            expected: BTreeSet::new(),
            missing: BTreeMap::new(),
            trouble: None,
            unseen_since: None,
            was_seen: false,
            looked: None,
            reminded: None,
            next: 0,
        })
    }

    /// What happened since the last poll. Does not wait; empty if nothing did.
    pub fn poll(&mut self) -> Vec<TailEvent> {
        let mut events = Vec::new();
        if self.looked.is_none_or(|looked| looked.elapsed() >= self.interval) {
            self.looked = Some(Instant::now());
            self.verify();
            self.discover(&mut events);
        }
        let mut left = Vec::with_capacity(self.files.len());
        let mut behind: BTreeSet<Arc<str>> = BTreeSet::new();
        for mut file in std::mem::take(&mut self.files) {
            // What rotation put behind it waits until it is read.
            if behind.contains(&file.name) {
                left.push(file);
                continue;
            }
            match file.read(&self.settings.hasher, self.grace, &mut events) {
                FollowState::Behind => {
                    behind.insert(file.name.clone());
                    left.push(file);
                }
                FollowState::AtEnd => left.push(file),
                FollowState::Finished => {
                    events.push(TailEvent::Finished { file: file.id, name: file.name.clone(), is_last: true });
                    self.known.push(file.into_read(Standing::Finished));
                }
                FollowState::Overwritten => self.look_for(file),
                FollowState::Failed(error) => {
                    self.trouble = Some(format!("{}: {error}", file.path.display()));
                    self.look_for(file);
                }
                FollowState::Damaged(error) => {
                    tracing::warn!(path = %file.path.display(), %error, "a packed file cannot be read to its end");
                    let read = file.into_read(Standing::Finished);
                    events.push(TailEvent::Lost(read.clone()));
                    self.known.push(read);
                }
            }
        }
        self.files = left;
        self.remind();
        for event in &mut events {
            if let TailEvent::Finished { name, is_last, .. } = event {
                *is_last = !self.files.iter().any(|file| file.name == *name);
            }
        }
        events
    }

    /// Looks what is there, without reading any of it: what lies beside followed files is history from now on.
    pub fn survey(&mut self) {
        self.discover(&mut Vec::new());
    }

    /// Parts with files that no longer have what was read of them.
    fn verify(&mut self) {
        for mut file in std::mem::take(&mut self.files) {
            match file.has_changed(&self.settings.hasher) {
                Ok(true) => self.look_for(file),
                // An error comes again where it is read.
                Ok(false) | Err(_) => self.files.push(file),
            }
        }
    }

    /// A file no longer has what was read of it, or cannot be read now: its content is looked for.
    fn look_for(&mut self, file: FollowedFile) {
        // Nothing was read: whatever is found is new.
        if file.offset() > 0 {
            self.known.push(file.into_read(Standing::Open));
        }
        // What was a copy of it may be all that there is now.
        self.judged.clear();
        self.looked = None;
    }

    /// Why something of the source cannot be read now, if so.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// What is to be saved: how far each content was read. What polls have given must have been taken.
    pub fn read_files(&self) -> ReadFiles {
        let followed = self.files.iter().filter(|file| file.offset() > 0).map(FollowedFile::as_read);
        let mut read = ReadFiles {
            source: Some(self.source.clone()),
            directories: self.directories.clone(),
            contents: self.known.iter().cloned().chain(followed).collect(),
        };
        read.bound();
        read
    }

    fn remind(&mut self) {
        match &self.trouble {
            Some(why) if self.reminded.is_none_or(|reminded| reminded.elapsed() >= REMIND) => {
                tracing::warn!(source = %self.source, "cannot be read now, and is tried again: {why}");
                self.reminded = Some(Instant::now());
            }
            Some(_) => {}
            None => {
                if self.reminded.take().is_some() {
                    tracing::info!(source = %self.source, "can be read again");
                }
            }
        }
    }

    fn number(&mut self) -> FileId {
        self.next += 1;
        FileId(self.next - 1)
    }
}

#[cfg(test)]
mod tests;
