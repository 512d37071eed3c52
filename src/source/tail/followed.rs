//! One file that is followed: its lines, and whether it still has what was read of it.

use super::events::{FileId, PIECES_PER_POLL, TailEvent};
use crate::source::content::{Content, Likeness, Probe};
use crate::source::lines::{LONGEST_HEAD, LineReader, LineSettings};
use crate::source::piece::Piece;
use crate::source::read_files::{ReadFile, Standing, file_name};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// What has not been written for so long is quiet.
pub(super) const QUIET: Duration = Duration::from_secs(3_600);

/// An unfinished line up to this length is read anew when the file changes.
const SHORT: u64 = 64 * 1_024;

/// Device and inode.
pub(super) type Identity = (u64, u64);

/// What a content is read from.
pub(super) enum Handle {
    Plain(File),
    /// Unpacked, and complete; with what it begins with.
    Packed(Box<dyn Read + Send>, Vec<u8>),
}

impl Read for Handle {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Handle::Plain(file) => file.read(into),
            Handle::Packed(stream, _) => stream.read(into),
        }
    }
}

/// A content under way.
pub(super) struct FollowedFile {
    pub id: FileId,
    /// As evidence cites it.
    pub name: Arc<str>,
    pub path: PathBuf,
    pub base: PathBuf,
    pub identity: Identity,
    /// Since when it has no path of the source, or has not grown since.
    pub gone_since: Option<Instant>,
    /// Whether any path leads to it.
    pub is_seen: bool,
    content: Content,
    lines: LineReader<Handle>,
    settings: LineSettings,
    /// Length and time of change when it was last compared.
    looked: Option<(u64, SystemTime)>,
    at_end: bool,
}

/// Whether a file goes on being followed.
pub(super) enum FollowState {
    AtEnd,
    /// There is more to read at once.
    Behind,
    Finished,
    /// It is shorter than what was read of it, or is something else.
    Overwritten,
    Failed(io::Error),
    /// It is packed, cannot be read further, and does not change.
    Damaged(io::Error),
}

impl FollowedFile {
    /// Goes on with what was read. A packed stream stands behind it already.
    pub fn open(id: FileId, read: &ReadFile, handle: Handle, identity: Identity, settings: &LineSettings) -> io::Result<FollowedFile> {
        let is_packed = matches!(handle, Handle::Packed(..));
        let settings = LineSettings { follow: !is_packed, ..settings.clone() };
        Ok(FollowedFile {
            id,
            name: Arc::from(file_name(&read.base)),
            path: read.path.clone(),
            base: read.base.clone(),
            identity,
            gone_since: None,
            is_seen: true,
            content: read.content.clone(),
            lines: reader(handle, &settings, (read.line, read.offset))?,
            settings,
            looked: None,
            at_end: false,
        })
    }

    /// The next byte.
    pub fn offset(&self) -> u64 {
        self.lines.position().1
    }

    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The file, where it is a plain one.
    pub fn file(&self) -> Option<&File> {
        match self.lines.get_ref() {
            Handle::Plain(file) => Some(file),
            Handle::Packed(..) => None,
        }
    }

    /// Whether its file begins with all that can be looked at of something, which compares with what was read of it.
    pub fn begins_with(&self, probe: &mut Probe<'_>) -> io::Result<bool> {
        let Some(file) = self.file() else { return Ok(true) };
        let until = probe.reach();
        Ok(file.metadata()?.len() >= until && probe.ends_alike(&mut Probe::file(file, &self.settings.hasher)?, until)?)
    }

    /// Goes on in another file that has the same content.
    pub fn move_to(&mut self, file: File, path: PathBuf, identity: Identity) -> io::Result<()> {
        self.settings.follow = true;
        self.lines = reader(Handle::Plain(file), &self.settings, self.lines.position())?;
        (self.path, self.identity, self.looked, self.is_seen) = (path, identity, None, true);
        Ok(())
    }

    /// Where it is read to its end and may be closed: its length, and when it was last written.
    pub fn rests(&self) -> Option<(u64, SystemTime)> {
        self.looked.filter(|(length, _)| self.at_end && self.settings.follow && *length == self.offset() && self.gone_since.is_none())
    }

    /// What was read of it.
    pub fn as_read(&self) -> ReadFile {
        let (line, offset) = self.lines.position();
        let is_old = |(_, modified): (u64, SystemTime)| modified.elapsed().is_ok_and(|since| since >= QUIET);
        ReadFile {
            path: self.path.clone(),
            base: self.base.clone(),
            content: self.content.clone(),
            offset,
            line,
            standing: Standing::Open,
            quiet: self.at_end && self.looked.is_some_and(is_old),
        }
    }

    pub fn into_read(self, standing: Standing) -> ReadFile {
        ReadFile { standing, ..self.as_read() }
    }

    /// Reads what was appended.
    pub fn read(&mut self, hasher: &blake3::Hasher, grace: Duration, events: &mut Vec<TailEvent>) -> FollowState {
        match self.has_changed(hasher) {
            Ok(false) => {}
            Ok(true) => return FollowState::Overwritten,
            Err(error) => return FollowState::Failed(error),
        }
        self.at_end = false;
        for _ in 0..PIECES_PER_POLL {
            match self.next_piece(hasher) {
                Ok(Some(piece)) => events.push(TailEvent::Piece { file: self.id, name: self.name.clone(), piece }),
                Ok(None) => return self.rest(hasher, grace, events),
                Err(error) => return self.failed(error, grace),
            }
            self.gone_since = self.gone_since.map(|_| Instant::now());
        }
        FollowState::Behind
    }

    fn next_piece(&mut self, hasher: &blake3::Hasher) -> io::Result<Option<Piece>> {
        let from = self.offset();
        let piece = self.lines.next_piece().map_err(|broken| broken.error)?;
        if piece.is_some()
            && let Handle::Plain(file) = self.lines.get_ref()
        {
            let until = self.lines.position().1;
            self.content.extend(&mut Probe::file(file, hasher)?, from, until)?;
        }
        Ok(piece)
    }

    /// A packed file may still be under way.
    fn failed(&self, error: io::Error, grace: Duration) -> FollowState {
        let is_old = || {
            let modified = std::fs::metadata(&self.path).and_then(|about| about.modified());
            modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|since| since >= grace))
        };
        if self.settings.follow || !is_old() { FollowState::Failed(error) } else { FollowState::Damaged(error) }
    }

    /// Whether it no longer has what was read of it.
    pub fn has_changed(&mut self, hasher: &blake3::Hasher) -> io::Result<bool> {
        let Handle::Plain(file) = self.lines.get_ref() else { return Ok(false) };
        let about = file.metadata()?;
        let looks = (about.len(), about.modified()?);
        if self.looked == Some(looks) {
            return Ok(false);
        }
        self.looked = Some(looks);
        let position = self.lines.position();
        let taken = { file }.stream_position()?;
        if !self.content.is_nothing() && self.content.compare(&mut Probe::file(file, hasher)?, position.1)? != Likeness::Same {
            return Ok(true);
        }
        // The line that was begun may be another now.
        if about.len() < taken || (taken > position.1 && taken - position.1 <= SHORT) {
            let file = file.try_clone()?;
            self.lines = reader(Handle::Plain(file), &self.settings, position)?;
        }
        Ok(false)
    }

    fn rest(&mut self, hasher: &blake3::Hasher, grace: Duration, events: &mut Vec<TailEvent>) -> FollowState {
        self.at_end = true;
        if !self.settings.follow {
            return FollowState::Finished;
        }
        if self.gone_since.is_none_or(|since| since.elapsed() < grace) {
            return FollowState::AtEnd;
        }
        // Its last line is a line though nobody ended it.
        self.lines.finish();
        while let Ok(Some(piece)) = self.next_piece(hasher) {
            events.push(TailEvent::Piece { file: self.id, name: self.name.clone(), piece });
        }
        FollowState::Finished
    }
}

/// Lines from a place on, with what the stream begins with.
fn reader(mut handle: Handle, settings: &LineSettings, (line, offset): (u64, u64)) -> io::Result<LineReader<Handle>> {
    let head = match &mut handle {
        Handle::Plain(file) => {
            file.seek(SeekFrom::Start(offset))?;
            let mut head = vec![0; if offset > 0 { LONGEST_HEAD } else { 0 }];
            let length = file.read_at(&mut head, 0)?;
            head.truncate(length);
            head
        }
        Handle::Packed(_, head) => std::mem::take(head),
    };
    Ok(LineReader::resume(handle, settings.clone(), line, offset).with_head(&head))
}

/// Device and inode of a file.
pub(super) fn identity(about: &std::fs::Metadata) -> Identity {
    (about.dev(), about.ino())
}
