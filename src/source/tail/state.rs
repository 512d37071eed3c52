//! What is known while files are followed: those that are, what was read of others, and what was looked at.

use super::events::{FileId, INTERVAL};
use super::followed::{FollowedFile, Identity};
use crate::decode::LONGEST_RECORD;
use crate::model::keys::Keys;
use crate::source::SourceError;
use crate::source::files::BLOCK;
use crate::source::lines::LineSettings;
use crate::source::read_files::{ReadFile, ReadFiles, Standing};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How long a file that was moved away or deleted must not grow before it counts as finished: its writer may still hold it. And how long
/// one that may be a copy under way must not grow before it counts as another.
const GRACE: Duration = Duration::from_secs(30);

/// How long a content that nobody finds, in a place that can be seen, is looked for.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// Files being followed.
pub struct Tail {
    pub(super) source: String,
    pub(super) pattern: String,
    pub(super) settings: LineSettings,
    pub(super) grace: Duration,
    pub(super) lost_after: Duration,
    pub(super) interval: Duration,
    /// What was read of contents that are not being followed.
    pub(super) known: Vec<ReadFile>,
    /// What was only replayed: read, whoever meets it.
    pub(super) replayed: Vec<ReadFile>,
    pub(super) directories: BTreeSet<PathBuf>,
    /// In the order in which they are read: a rotated file comes before its successor.
    pub(super) files: Vec<FollowedFile>,
    /// Files that were looked at and are not followed, as they were then.
    pub(super) judged: BTreeMap<PathBuf, Judged>,
    /// Names that were told.
    pub(super) expected: BTreeSet<Arc<str>>,
    /// Since when something is missing, by its base and offset.
    pub(super) missing: BTreeMap<(PathBuf, u64), Missing>,
    /// What was found and is to be opened when others are closed.
    pub(super) postponed: BTreeSet<(PathBuf, u64)>,
    /// Why not everything can be read.
    pub(super) trouble: Option<String>,
    pub(super) unseen_since: Option<Instant>,
    pub(super) was_seen: bool,
    pub(super) looked: Option<Instant>,
    pub(super) reminded: Option<Instant>,
    pub(super) next: u64,
    /// How often reading went on in a file that was found.
    pub(super) resumed: u64,
}

/// A content that is looked for.
#[derive(Clone, Copy)]
pub(super) struct Missing {
    pub(super) since: Instant,
    /// Since when its place can be seen, and it is not there.
    pub(super) absent_since: Option<Instant>,
}

/// A file that was looked at and is not followed, as it was then.
pub(super) struct Judged {
    pub(super) identity: Identity,
    pub(super) length: u64,
    pub(super) modified: SystemTime,
    /// Since when it has been like this, where it may be a copy that is under way.
    pub(super) undecided_since: Option<Instant>,
}

impl Judged {
    /// As it was when it was read to its end.
    pub(super) fn as_read(identity: Identity, (length, modified): (u64, SystemTime)) -> Judged {
        Judged { identity, length, modified, undecided_since: None }
    }
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
            postponed: BTreeSet::new(),
            trouble: None,
            unseen_since: None,
            was_seen: false,
            looked: None,
            reminded: None,
            next: 0,
            resumed: 0,
        })
    }

    /// Why something of the source cannot be read now, if so.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// How many directories were looked at: what is new there is new.
    pub fn directories(&self) -> usize {
        self.directories.len()
    }

    /// What is to be saved: how far each content was read. What polls have given must have been taken.
    pub fn read_files(&self) -> ReadFiles {
        let followed = self.files.iter().filter(|file| file.offset() > 0).map(FollowedFile::as_read);
        // Whoever goes on looks for what rests, as for what is open.
        let awake = |read: &ReadFile| match read.standing {
            Standing::Resting => ReadFile { standing: Standing::Open, ..read.clone() },
            Standing::Open | Standing::Finished | Standing::Passed => read.clone(),
        };
        let mut read = ReadFiles {
            source: Some(self.source.clone()),
            directories: self.directories.clone(),
            contents: self.known.iter().map(awake).chain(followed).collect(),
        };
        let open: BTreeSet<&PathBuf> = self.files.iter().map(|file| &file.path).collect();
        read.bound(|file| self.judged.contains_key(&file.path) || open.contains(&file.path));
        read
    }

    pub(super) fn number(&mut self) -> FileId {
        self.next += 1;
        FileId(self.next - 1)
    }
}
