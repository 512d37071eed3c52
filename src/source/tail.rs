//! Follows files that grow, where no broker is configured: appended lines, rotation, truncation, new files of a glob.
//!
//! A file that is overwritten, or renamed away and created anew, is another file ([`FileId`]) with lines from 1, as it would be in a
//! replay. The caller polls: about every [`INTERVAL`] when nothing came, at once when something did.

use crate::decode::LONGEST_RECORD;
use crate::model::keys::Keys;
use crate::source::SourceError;
use crate::source::files::BLOCK;
use crate::source::fingerprint::Fingerprint;
use crate::source::lines::{LONGEST_HEAD, LineReader, LineSettings};
use crate::source::piece::Piece;
use crate::source::unpack::{Packing, recognise};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often to poll where nothing came.
pub const INTERVAL: Duration = Duration::from_millis(250);

/// How long a file that was moved away or deleted must not grow before it counts as finished: its writer may still hold it.
const GRACE: Duration = Duration::from_secs(30);

/// Pieces of one file in one poll at most, so that no file starves the others.
const PIECES_PER_POLL: usize = 8;

/// Identifies a file while this process follows it. A file that is overwritten, or renamed away and created anew, gets another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u64);

/// Where to continue in a file after a restart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TailPosition {
    /// Where it was last seen.
    pub path: PathBuf,
    /// What it begins with.
    pub fingerprint: Fingerprint,
    /// Next byte.
    pub offset: u64,
    /// Number of the line that begins there.
    pub line: u64,
}

/// What happened, in order.
#[derive(Debug)]
pub enum TailEvent {
    /// A file is followed from now on. Its position is worth saving though nothing has come yet.
    Opened {
        /// Its number.
        file: FileId,
        /// Where it is, and where reading begins.
        position: TailPosition,
    },
    /// Lines of a file.
    Piece {
        /// Its number.
        file: FileId,
        /// The lines.
        piece: Piece,
    },
    /// A file is read to its end and will not grow: it was moved away, deleted or overwritten.
    Finished {
        /// Its number.
        file: FileId,
    },
    /// A file that was to be continued no longer exists: lines after the position are lost.
    Lost(TailPosition),
}

/// Files being followed.
pub struct Tail {
    pattern: String,
    settings: LineSettings,
    grace: Duration,
    /// Positions of an earlier process, or of files that could not be read, that are not taken up yet.
    resume: Vec<TailPosition>,
    /// In the order in which they were opened: a rotated file comes before its successor.
    files: Vec<FollowedFile>,
    /// Device and inode of files that are not logs to follow: packed history.
    ignored: BTreeSet<(u64, u64)>,
    next: u64,
}

struct FollowedFile {
    id: FileId,
    path: PathBuf,
    identity: (u64, u64),
    fingerprint: Fingerprint,
    lines: LineReader<File>,
    /// Since when it is neither found under a path nor growing.
    gone_since: Option<Instant>,
}

impl Tail {
    /// Follows a path or glob, continuing at the positions of an earlier process.
    pub fn new(pattern: &str, keys: &Keys, resume: Vec<TailPosition>) -> Result<Tail, SourceError> {
        glob::Pattern::new(pattern).map_err(|error| SourceError::Glob { place: pattern.to_owned(), why: error.to_string() })?;
        let hasher = keys.record_hasher();
        let settings = LineSettings { block: BLOCK, longest_line: LONGEST_RECORD, prompt: false, follow: true, hasher };
        Ok(Tail { pattern: pattern.to_owned(), settings, grace: GRACE, resume, files: Vec::new(), ignored: BTreeSet::new(), next: 0 })
    }

    /// What happened since the last poll. Does not wait; empty if nothing did.
    pub fn poll(&mut self) -> Vec<TailEvent> {
        let mut events = Vec::new();
        let paths = self.paths();
        self.resume_files(&paths, &mut events);
        self.discover(&paths, &mut events);
        let mut finished = BTreeSet::new();
        for followed in &mut self.files {
            match followed.read(&self.settings.hasher, self.grace, &mut events) {
                FollowState::Follows => continue,
                FollowState::Finished => {}
                FollowState::Failed(error) => {
                    tracing::warn!(path = %followed.path.display(), %error, "cannot be read; trying again");
                    let (line, offset) = followed.lines.position();
                    self.resume.push(followed.position(line, offset));
                }
            }
            finished.insert(followed.id);
            events.push(TailEvent::Finished { file: followed.id });
        }
        self.files.retain(|followed| !finished.contains(&followed.id));
        events
    }

    /// What to save, given the next line and offset of a file ([`Piece::end`]) that saved state contains. `None` of a file that
    /// is finished: there is nothing to continue.
    pub fn position(&self, file: FileId, line: u64, offset: u64) -> Option<TailPosition> {
        let followed = self.files.iter().find(|followed| followed.id == file)?;
        Some(followed.position(line, offset))
    }

    fn paths(&self) -> Vec<PathBuf> {
        // The pattern was checked; directories that cannot be read show up as sources without records.
        let mut paths: Vec<PathBuf> = glob::glob(&self.pattern).map(|paths| paths.flatten().collect()).unwrap_or_default();
        paths.sort();
        paths
    }

    /// Finds the files of an earlier process again, wherever rotation has moved them.
    fn resume_files(&mut self, paths: &[PathBuf], events: &mut Vec<TailEvent>) {
        for position in std::mem::take(&mut self.resume) {
            let candidates = std::iter::once(position.path.clone()).chain(paths.iter().cloned()).chain(successors(&position.path));
            let found = candidates.into_iter().find_map(|path| {
                let file = File::open(&path).ok()?;
                let long_enough = file.metadata().is_ok_and(|about| about.is_file() && about.len() >= position.offset);
                let fits = long_enough && position.fingerprint.fits(&file, &self.settings.hasher).unwrap_or(false);
                (fits && !self.is_known(&file)).then_some((path, file))
            });
            let opened = match found {
                Some((path, file)) => self.open(path, file, position.line, position.offset, events),
                None => {
                    events.push(TailEvent::Lost(position));
                    continue;
                }
            };
            if let Err(error) = opened {
                tracing::warn!(path = %position.path.display(), %error, "cannot continue reading; trying again");
                self.resume.push(position);
            }
        }
    }

    fn is_known(&self, file: &File) -> bool {
        let identity = file.metadata().ok().map(|about| (about.dev(), about.ino()));
        self.files.iter().any(|followed| Some(followed.identity) == identity)
    }

    /// Opens files that are new, and notices where known ones are now.
    fn discover(&mut self, paths: &[PathBuf], events: &mut Vec<TailEvent>) {
        let mut present = BTreeSet::new();
        for path in paths {
            let Ok(about) = fs::metadata(path) else { continue };
            let identity = (about.dev(), about.ino());
            if !about.is_file() || !present.insert(identity) || self.ignored.contains(&identity) {
                continue;
            }
            if let Some(followed) = self.files.iter_mut().find(|followed| followed.identity == identity) {
                followed.path.clone_from(path);
                continue;
            }
            if let Err(error) = self.open_new(path, identity, events) {
                tracing::warn!(path = %path.display(), %error, "cannot be followed; trying again");
            }
        }
        for followed in &mut self.files {
            if present.contains(&followed.identity) {
                followed.gone_since = None;
            } else if followed.gone_since.is_none() {
                followed.gone_since = Some(Instant::now());
            }
        }
    }

    fn open_new(&mut self, path: &Path, identity: (u64, u64), events: &mut Vec<TailEvent>) -> io::Result<()> {
        let file = File::open(path)?;
        let mut head = [0; 4];
        let length = file.read_at(&mut head, 0)?;
        if !matches!(recognise(&head[..length]), Packing::Plain) {
            tracing::info!(path = %path.display(), "packed history and UTF-16 text are not followed; replay reads them");
            self.ignored.insert(identity);
            return Ok(());
        }
        self.open(path.to_owned(), file, 1, 0, events)
    }

    fn open(&mut self, path: PathBuf, mut file: File, line: u64, offset: u64, events: &mut Vec<TailEvent>) -> io::Result<()> {
        let about = file.metadata()?;
        let fingerprint = Fingerprint::of(&file, &self.settings.hasher)?;
        file.seek(SeekFrom::Start(offset))?;
        let id = FileId(self.next);
        self.next += 1;
        events.push(TailEvent::Opened { file: id, position: TailPosition { path: path.clone(), fingerprint, offset, line } });
        let mut head = vec![0; if offset > 0 { LONGEST_HEAD } else { 0 }];
        let length = file.read_at(&mut head, 0)?;
        let lines = LineReader::resume(file, self.settings.clone(), line, offset).with_head(&head[..length]);
        self.files.push(FollowedFile { id, path, identity: (about.dev(), about.ino()), fingerprint, lines, gone_since: None });
        Ok(())
    }
}

/// Whether a file goes on being followed.
enum FollowState {
    Follows,
    Finished,
    /// It cannot be read now; it is taken up again where it was left, as a file of its own.
    Failed(io::Error),
}

impl FollowedFile {
    /// Reads what was appended.
    fn read(&mut self, hasher: &blake3::Hasher, grace: Duration, events: &mut Vec<TailEvent>) -> FollowState {
        match self.was_overwritten(hasher) {
            // The next poll finds the path again and opens what is there now.
            Ok(true) => return FollowState::Finished,
            Ok(false) => {}
            Err(error) => return FollowState::Failed(error),
        }
        for _ in 0..PIECES_PER_POLL {
            match self.lines.next_piece() {
                Ok(Some(piece)) => events.push(TailEvent::Piece { file: self.id, piece }),
                Ok(None) => return self.at_end(grace, events),
                Err(broken) => return FollowState::Failed(broken.error),
            }
            self.gone_since = self.gone_since.map(|_| Instant::now());
        }
        FollowState::Follows
    }

    /// Whether it is shorter than what was read of it, or begins differently: it was truncated, and perhaps rewritten.
    fn was_overwritten(&mut self, hasher: &blake3::Hasher) -> io::Result<bool> {
        let file = self.lines.get_ref();
        if file.metadata()?.len() < self.lines.position().1 || !self.fingerprint.fits(file, hasher)? {
            return Ok(true);
        }
        if self.fingerprint.may_grow() {
            self.fingerprint = Fingerprint::of(file, hasher)?;
        }
        Ok(false)
    }

    fn at_end(&mut self, grace: Duration, events: &mut Vec<TailEvent>) -> FollowState {
        if self.gone_since.is_none_or(|since| since.elapsed() < grace) {
            return FollowState::Follows;
        }
        self.lines.finish();
        while let Ok(Some(piece)) = self.lines.next_piece() {
            events.push(TailEvent::Piece { file: self.id, piece });
        }
        FollowState::Finished
    }

    fn position(&self, line: u64, offset: u64) -> TailPosition {
        TailPosition { path: self.path.clone(), fingerprint: self.fingerprint, offset, line }
    }
}

/// Names that rotation gives to a file: its own name with something after it, in the same directory.
pub fn successors(path: &Path) -> Vec<PathBuf> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else { return Vec::new() };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let entries = fs::read_dir(directory).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let mut found: Vec<PathBuf> = entries
        .into_iter()
        .filter(|entry| entry.file_name().to_str().is_some_and(|other| other.len() > name.len() && other.starts_with(name)))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests;
