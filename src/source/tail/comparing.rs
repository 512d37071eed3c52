//! What a file turned out to hold, by all that was read: what is followed, what was read before, what only begins alike, or what is new.

use super::candidates::Candidate;
use super::followed::FollowedFile;
use super::state::Tail;
use crate::source::content::{Content, Likeness, Probe};
use crate::source::read_files::{ReadFile, Standing};
use std::cmp::Reverse;
use std::fs::File;
use std::io;

/// Beginnings of many logs are alike for so long at the most.
pub(super) const LONGEST_BEGINNING: u64 = 16 * 1_024;

/// What a file turned out to hold.
pub(super) enum Holds {
    /// Nothing that concerns us, as long as it stays like this.
    Nothing,
    /// Something that is being followed, and no more of it.
    Copy,
    /// What is being followed, by its place in the list; its own file is gone.
    Followed(usize),
    /// What was read before, by its place in the list; whether among what was only replayed.
    Known(usize, bool),
    /// Perhaps the beginning of a copy, proven alike up to there.
    Undecided(u64),
    /// It is just changing, or cannot be unpacked yet.
    Unsettled,
    /// What nobody has read.
    New(Content),
}

/// What a file is that has what was read in another.
enum Beside {
    /// No more of it than the other.
    Copy,
    /// Known when the other was read further.
    Undecided,
    /// Something that begins alike.
    Other,
}

impl Tail {
    /// What of all that was read something is.
    pub(super) fn compare(&self, probe: &mut Probe<'_>, candidate: &Candidate, (packed, found): (bool, &[Candidate])) -> io::Result<Holds> {
        let (mut undecided, mut is_copy, mut may_be_copy) = (None, false, false);
        // What has more of a content that was read is rather that.
        let mut followed: Vec<(usize, &FollowedFile)> = self.files.iter().enumerate().collect();
        followed.sort_by_key(|(_, file)| Reverse(file.offset()));
        for (at, file) in followed {
            match file.content().compare(probe, file.offset())? {
                Likeness::Other => {}
                // Of what is packed, little is known by which to tell a copy from what begins alike, until it is read to its end.
                Likeness::Undecided | Likeness::Same if file.is_seen && file.file().is_none() => may_be_copy = true,
                Likeness::Undecided if file.is_seen => is_copy |= file.begins_with(probe)?,
                Likeness::Undecided => undecided = Some(file.content().proven(probe)).max(undecided),
                Likeness::Same if file.is_seen => {
                    // A copy is no longer than what it was copied from. What is longer only begins alike, or is what goes on.
                    let own = file.file().map_or(Ok(u64::MAX), |file| file.metadata().map(|about| about.len()))?;
                    if own < file.offset() {
                        return Ok(Holds::Unsettled);
                    }
                    if probe.length().is_none_or(|length| length <= own) {
                        is_copy |= file.begins_with(probe)?;
                        continue;
                    }
                    // Its own file has another name now, and this one has its name.
                    let has_its_name = file.gone_since.is_some() && candidate.in_pattern && !packed && candidate.base == file.base;
                    if has_its_name || file.offset() >= LONGEST_BEGINNING {
                        return Ok(if own > file.offset() { Holds::Unsettled } else { Holds::Followed(at) });
                    }
                }
                Likeness::Same if self.goes_on_in_its_place(file, candidate, found)? => {}
                Likeness::Same if !packed && file.file().is_some() => return Ok(Holds::Followed(at)),
                Likeness::Same => return Ok(Holds::Copy),
            }
        }
        let mut best: Option<(u64, bool, bool, bool, usize)> = None;
        let mut beside: Option<(u64, bool)> = None;
        for (at, read, is_replayed) in self.all_read() {
            match read.content.compare(probe, read.offset)? {
                Likeness::Other => {}
                Likeness::Undecided => undecided = Some(read.content.proven(probe)).max(undecided),
                Likeness::Same => match self.beside_its_own(probe, candidate, read, found)? {
                    Some(Beside::Copy) => beside = beside.max(Some((read.offset, false))),
                    Some(Beside::Undecided) => beside = beside.max(Some((read.offset, true))),
                    Some(Beside::Other) => {}
                    None => {
                        let (is_in_place, is_of_base) = (read.path == candidate.path, read.base == candidate.base);
                        best = best.max(Some((read.offset, !is_replayed, is_in_place, is_of_base, at)));
                    }
                },
            }
        }
        // What lies where a content was seen last is that, though it may begin like another; so is what rotation made of the same log, and
        // holds no more: two logs in which nothing stands but their header are two.
        let is_that = |(offset, _, is_in_place, is_of_base, _)| is_in_place || is_of_base && probe.length() == Some(offset);
        if is_copy && !best.is_some_and(is_that) {
            return Ok(Holds::Copy);
        }
        let beside = beside.filter(|(offset, _)| best.is_none_or(|best| best.0 < *offset));
        Ok(match (beside, best, undecided) {
            (Some((_, is_undecided)), ..) => {
                if is_undecided {
                    Holds::Unsettled
                } else {
                    Holds::Copy
                }
            }
            (None, Some((_, is_own, _, _, at)), _) => Holds::Known(at, !is_own),
            (None, None, _) if may_be_copy => Holds::Unsettled,
            (None, None, Some(proven)) => Holds::Undecided(proven),
            (None, None, None) => {
                let until = if packed || !candidate.in_pattern { probe.reach() } else { 0 };
                Holds::New(Content::of(probe, until)?)
            }
        })
    }

    /// Whether a followed content whose own file is gone is rather what lies under its name now, and has all that was read of it, than
    /// something of another log: of a log of which only the header was read, every one is the beginning.
    fn goes_on_in_its_place(&self, file: &FollowedFile, candidate: &Candidate, found: &[Candidate]) -> io::Result<bool> {
        if candidate.base == file.base {
            return Ok(false);
        }
        let Some(own) = found.iter().find(|found| found.path == file.base) else { return Ok(false) };
        let Ok(own) = File::open(&own.path) else { return Ok(false) };
        Ok(file.content().compare(&mut Probe::file(&own, &self.settings.hasher)?, file.offset())? == Likeness::Same)
    }

    /// What a file is that has what was read of a content, where the file in which that was read is still there: reading goes on in its own.
    /// `None` where it goes on here.
    fn beside_its_own(&self, probe: &Probe<'_>, candidate: &Candidate, read: &ReadFile, found: &[Candidate]) -> io::Result<Option<Beside>> {
        let is_looked_for = matches!(read.standing, Standing::Open | Standing::Resting);
        let own = found.iter().find(|found| found.path == read.path && found.identity != candidate.identity);
        let Some(own) = own.filter(|_| is_looked_for) else { return Ok(None) };
        let Ok(file) = File::open(&own.path) else { return Ok(None) };
        let mut own = Probe::file(&file, &self.settings.hasher)?;
        if read.content.compare(&mut own, read.offset)? != Likeness::Same {
            return Ok(None);
        }
        // A log that only begins alike has taken its place.
        if own.reach() > read.offset && self.was_read_further(&mut own, read.offset)? {
            return Ok(None);
        }
        let is_longer = |than: u64| probe.length().is_some_and(|length| length > than);
        Ok(match own.reach() {
            // It is opened in this round, and then compared with.
            length if length > read.offset => Some(Beside::Undecided),
            length if !is_longer(length) => Some(Beside::Copy),
            _ if read.offset < LONGEST_BEGINNING => Some(Beside::Other),
            _ => None,
        })
    }

    /// Whether something holds what was read of any content beyond that offset.
    fn was_read_further(&self, probe: &mut Probe<'_>, than: u64) -> io::Result<bool> {
        let followed = self.files.iter().map(|file| (file.content(), file.offset()));
        let read = self.all_read().map(|(_, read, _)| (&read.content, read.offset));
        for (content, offset) in followed.chain(read).filter(|(_, offset)| *offset > than) {
            if content.compare(probe, offset)? == Likeness::Same {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn all_read(&self) -> impl Iterator<Item = (usize, &ReadFile, bool)> {
        let known = self.known.iter().enumerate().map(|(at, read)| (at, read, false));
        known.chain(self.replayed.iter().enumerate().map(|(at, read)| (at, read, true)))
    }
}
