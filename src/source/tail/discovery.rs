//! What the files that are there hold: what is followed, what was read before and goes on, what is new, and what is nowhere.

use super::candidates::{Candidate, Listing, list};
use super::comparing::{Holds, LONGEST_BEGINNING};
use super::events::{MOST_OPEN, TailEvent};
use super::followed::{FollowedFile, Handle, Identity, QUIET};
use super::state::{Judged, Missing, Tail};
use crate::source::content::{Content, Probe};
use crate::source::read_files::{ReadFile, Standing, file_name};
use crate::source::unpack::{Packing, UnpackError, recognise, unpack, unsupported};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the place of a content may be out of reach.
const UNREACHED: Duration = Duration::from_secs(7 * 86_400);

/// How long no file at all may be seen, once some were: between two steps of a rotation there may be none.
const UNSEEN: Duration = Duration::from_secs(2);

/// Bytes by which two new files may be copies of each other.
const BEGINNING: u64 = 4_096;

/// Contents that are looked for under any name in one round.
const MOST_WANTED: usize = 16;

impl Tail {
    /// Finds out what is where.
    pub(super) fn discover(&mut self, events: &mut Vec<TailEvent>) {
        let bases = self.files.iter().map(|file| file.base.clone()).chain(self.known.iter().map(|read| read.base.clone())).collect();
        let mut listing = list(&self.pattern, &bases);
        self.meet_followed(&listing);
        self.wake(&listing);
        self.postponed.clear();
        let begun: BTreeSet<PathBuf> = self.directories.clone();
        let resumed = self.resumed;
        let mut new = Vec::new();
        self.judge_all(&mut listing, 0, &mut new, events);
        // What was not found there may have got another name.
        let is_postponed = |read: &ReadFile| self.postponed.contains(&(read.base.clone(), read.offset));
        let open = self.known.iter().filter(|read| read.standing == Standing::Open && !read.quiet && !is_postponed(read));
        let wanted: Vec<(PathBuf, PathBuf)> = open.take(MOST_WANTED).map(|read| (read.base.clone(), read.path.clone())).collect();
        let from = listing.found.len();
        wanted.iter().for_each(|(base, path)| listing.look_for(base, path));
        self.judge_all(&mut listing, from, &mut new, events);
        self.miss(&mut listing, events);
        let mut beginnings: Vec<Vec<u8>> = Vec::new();
        for (candidate, content) in new {
            if self.files.len() >= MOST_OPEN {
                self.looked = None;
                break;
            }
            // Two that begin alike may be one: the other is looked at when the first was read.
            let beginning = beginning(&candidate.path).unwrap_or_default();
            if beginnings.iter().any(|other| other.starts_with(&beginning) || beginning.starts_with(other)) {
                continue;
            }
            // What goes on in another file since it was judged may have been copied into this one.
            if self.resumed > resumed && !matches!(self.judge(&candidate, &listing.found, events), Ok(Holds::New(_))) {
                continue;
            }
            let is_begun = candidate.base.parent().is_some_and(|directory| begun.contains(directory));
            match self.begin(&candidate, content, is_begun, events) {
                Ok(()) => beginnings.push(beginning),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => listing.troubles.push(format!("{}: {error}", candidate.path.display())),
            }
        }
        // From now on what is new there is new.
        let named = listing.found.iter().filter(|candidate| candidate.in_pattern);
        let directories: Vec<PathBuf> = named.filter_map(|candidate| candidate.base.parent().map(Path::to_owned)).collect();
        self.directories.extend(directories);
        let paths: BTreeSet<&PathBuf> = listing.found.iter().map(|candidate| &candidate.path).collect();
        self.judged.retain(|path, _| paths.contains(path));
        self.note_trouble(&listing);
        self.order(&listing);
    }

    /// Looks into the files of a listing from one on, and goes on with what is known.
    fn judge_all(&mut self, listing: &mut Listing, from: usize, new: &mut Vec<(Candidate, Content)>, events: &mut Vec<TailEvent>) {
        let open: BTreeSet<Identity> = self.files.iter().map(|file| file.identity).collect();
        for at in from..listing.found.len() {
            let candidate = listing.found[at].clone();
            if open.contains(&candidate.identity) || self.is_judged(&candidate) {
                continue;
            }
            match self.judge(&candidate, &listing.found, events) {
                Ok(Holds::New(content)) => new.push((candidate, content)),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => listing.troubles.push(format!("{}: {error}", candidate.path.display())),
            }
        }
    }

    /// What rests and has changed, or is no longer where it was, is looked for.
    fn wake(&mut self, listing: &Listing) {
        if self.known.iter().all(|read| read.standing != Standing::Resting) {
            return;
        }
        let unchanged: BTreeSet<&PathBuf> =
            listing.found.iter().filter(|candidate| self.is_judged(candidate)).map(|candidate| &candidate.path).collect();
        for read in self.known.iter_mut().filter(|read| read.standing == Standing::Resting) {
            if !unchanged.contains(&read.path) {
                read.standing = Standing::Open;
            }
        }
    }

    /// Notices where followed files are now.
    fn meet_followed(&mut self, listing: &Listing) {
        for file in &mut self.files {
            let found = listing.found.iter().find(|candidate| candidate.identity == file.identity);
            file.is_seen = found.is_some();
            if let Some(found) = found {
                file.path.clone_from(&found.path);
            }
            match (found.is_some_and(|found| found.in_pattern), file.gone_since) {
                (true, _) => file.gone_since = None,
                (false, None) => file.gone_since = Some(Instant::now()),
                (false, Some(_)) => {}
            }
        }
    }

    fn is_judged(&self, candidate: &Candidate) -> bool {
        self.judged.get(&candidate.path).is_some_and(|judged| {
            (judged.identity, judged.length, judged.modified) == (candidate.identity, candidate.length, candidate.modified)
                && judged.undecided_since.is_none()
        })
    }

    fn judged_as(&mut self, candidate: &Candidate, undecided_since: Option<Instant>) {
        let Candidate { identity, length, modified, .. } = *candidate;
        self.judged.insert(candidate.path.clone(), Judged { identity, length, modified, undecided_since });
    }

    /// Looks into a file, and goes on with what it holds, where that is known.
    fn judge(&mut self, candidate: &Candidate, found: &[Candidate], events: &mut Vec<TailEvent>) -> io::Result<Holds> {
        let name: Arc<str> = Arc::from(file_name(&candidate.base));
        if candidate.length == 0 {
            if candidate.in_pattern && self.expected.insert(name.clone()) {
                events.push(TailEvent::Expected { name });
            }
            self.judged_as(candidate, None);
            return Ok(Holds::Nothing);
        }
        let file = File::open(&candidate.path)?;
        let hasher = self.settings.hasher.clone();
        let head = head(&file)?;
        let mut beginning = Vec::new();
        let packed = !matches!(recognise(&head), Packing::Plain);
        let holds = if recognise(&head) == Packing::Utf16 {
            tracing::info!(path = %candidate.path.display(), "UTF-16 text is not followed; replay reads it");
            Holds::Nothing
        } else if let Some(what) = unsupported(&head) {
            // It matters only where something is looked for.
            if self.is_awaited(candidate) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            Holds::Nothing
        } else if packed {
            match opened(&candidate.path).and_then(|mut stream| Probe::stream(&mut stream, &hasher)) {
                // Followed, it would be met anew in each round.
                Ok(probe) if probe.length() == Some(0) => Holds::Nothing,
                Ok(mut probe) => {
                    let holds = self.compare(&mut probe, candidate, (packed, found))?;
                    beginning = probe.beginning().to_vec();
                    holds
                }
                // It may be under way.
                Err(_) if candidate.modified.elapsed().map_or(true, |since| since < self.grace) => Holds::Unsettled,
                Err(error) if self.is_awaited(candidate) => return Err(error),
                Err(_) => Holds::Nothing,
            }
        } else {
            self.compare(&mut Probe::file(&file, &hasher)?, candidate, (packed, found))?
        };
        match holds {
            Holds::Followed(at) => {
                self.files[at].move_to(file, candidate.path.clone(), candidate.identity)?;
                self.resumed += 1;
                tracing::debug!(path = %candidate.path.display(), "another file has the same content, and more: reading goes on in it");
            }
            Holds::Known(at, is_replayed) => {
                let handle = if packed { None } else { Some(file) };
                self.resume((at, is_replayed), candidate, handle, beginning, events)?;
            }
            Holds::Undecided(proven) if !packed => return self.wait_for(candidate, proven, &file, &hasher),
            Holds::Nothing | Holds::Copy | Holds::Undecided(_) => self.judged_as(candidate, None),
            Holds::New(_) | Holds::Unsettled => {}
        }
        Ok(holds)
    }

    /// Whether a content that was written under the same name is looked for.
    fn is_awaited(&self, candidate: &Candidate) -> bool {
        self.known.iter().any(|read| read.standing == Standing::Open && read.base == candidate.base)
    }

    /// A content that was read before is there: in a plain file, or packed.
    fn resume(
        &mut self,
        (at, is_replayed): (usize, bool),
        candidate: &Candidate,
        plain: Option<File>,
        beginning: Vec<u8>,
        events: &mut Vec<TailEvent>,
    ) -> io::Result<()> {
        let mut read = if is_replayed { self.replayed[at].clone() } else { self.known[at].clone() };
        let is_open = matches!(read.standing, Standing::Open | Standing::Resting);
        let has_more = match &plain {
            Some(file) => file.metadata()?.len() > read.offset,
            None => is_open,
        };
        if read.standing == Standing::Passed || !has_more && !is_open {
            if !is_replayed {
                self.known[at].path.clone_from(&candidate.path);
            }
            self.judged_as(candidate, None);
            return Ok(());
        }
        let is_quiet = candidate.modified.elapsed().is_ok_and(|since| since >= QUIET);
        if plain.is_some() && !has_more && is_quiet && candidate.in_pattern && !is_replayed {
            let known = &mut self.known[at];
            known.path.clone_from(&candidate.path);
            (known.standing, known.quiet) = (Standing::Resting, true);
            self.judged_as(candidate, None);
            return Ok(());
        }
        if self.files.len() >= MOST_OPEN {
            self.postponed.insert((read.base, read.offset));
            return Ok(());
        }
        let handle = match plain {
            Some(file) => Handle::Plain(file),
            None => {
                let mut stream = opened(&candidate.path)?;
                if !read.content.pass(&mut stream, read.offset, &self.settings.hasher)? {
                    self.judged_as(candidate, None);
                    return Ok(());
                }
                Handle::Packed(stream, beginning)
            }
        };
        read.path.clone_from(&candidate.path);
        if is_replayed {
            read.base.clone_from(&candidate.base);
        }
        let id = self.number();
        let followed = FollowedFile::open(id, &read, handle, candidate.identity, &self.settings)?;
        if is_replayed {
            self.replayed.remove(at);
        } else {
            self.known.remove(at);
        }
        self.resumed += 1;
        self.follow(followed, events);
        Ok(())
    }

    fn follow(&mut self, followed: FollowedFile, events: &mut Vec<TailEvent>) {
        self.expected.insert(followed.name.clone());
        events.push(TailEvent::Opened { file: followed.id, name: followed.name.clone() });
        self.files.push(followed);
    }

    /// What may be a copy that is under way is waited for, until it goes on or does not.
    fn wait_for(&mut self, candidate: &Candidate, proven: u64, file: &File, hasher: &blake3::Hasher) -> io::Result<Holds> {
        let known =
            self.judged.get(&candidate.path).filter(|known| known.identity == candidate.identity && known.length == candidate.length);
        let since = known.and_then(|known| known.undecided_since).unwrap_or_else(Instant::now);
        if since.elapsed() >= self.grace && proven < LONGEST_BEGINNING {
            let mut probe = Probe::file(file, hasher)?;
            let until = if candidate.in_pattern { 0 } else { probe.reach() };
            return Ok(Holds::New(Content::of(&mut probe, until)?));
        }
        self.judged_as(candidate, Some(since));
        Ok(Holds::Undecided(proven))
    }

    /// Follows a content that nobody has read, or passes it where it was there before us.
    fn begin(&mut self, candidate: &Candidate, content: Content, is_begun: bool, events: &mut Vec<TailEvent>) -> io::Result<()> {
        if self.is_awaited(candidate) {
            return Ok(());
        }
        let mut read = ReadFile {
            path: candidate.path.clone(),
            base: candidate.base.clone(),
            content,
            offset: 0,
            line: 1,
            standing: Standing::Passed,
            quiet: true,
        };
        let file = File::open(&candidate.path)?;
        let packed = !matches!(recognise(&head(&file)?), Packing::Plain);
        let is_history = !is_begun && (packed || !candidate.in_pattern);
        if is_history || !candidate.is_successor {
            if packed && candidate.in_pattern {
                tracing::info!(path = %candidate.path.display(), "packed history is not followed; replay reads it");
            }
            if candidate.is_successor {
                self.known.push(read);
            }
            self.judged_as(candidate, None);
            return Ok(());
        }
        let handle = if packed {
            Handle::Packed(opened(&candidate.path)?, Vec::new())
        } else {
            read.content = Content::default();
            Handle::Plain(file)
        };
        let id = self.number();
        let followed = FollowedFile::open(id, &read, handle, candidate.identity, &self.settings)?;
        self.follow(followed, events);
        Ok(())
    }

    /// What is looked for and was not found: it is waited for where its place cannot be seen, and lost where it can.
    fn miss(&mut self, listing: &mut Listing, events: &mut Vec<TailEvent>) {
        let now = Instant::now();
        let mut missing = std::mem::take(&mut self.missing);
        let undecided: BTreeSet<PathBuf> = listing
            .found
            .iter()
            .filter(|found| self.judged.get(&found.path).is_some_and(|judged| judged.undecided_since.is_some()))
            .map(|found| found.base.clone())
            .collect();
        for read in self.known.iter_mut().filter(|read| read.standing == Standing::Open) {
            let key = (read.base.clone(), read.offset);
            // It was found, and is opened when others are closed.
            if self.postponed.contains(&key) {
                continue;
            }
            let mut of = missing.remove(&key).unwrap_or(Missing { since: now, absent_since: None });
            let directory = read.base.parent();
            let is_visible = listing.found.iter().any(|found| found.is_successor && found.base.parent() == directory);
            let is_hindered = !listing.troubles.is_empty() || undecided.contains(&read.base);
            let name: Arc<str> = Arc::from(read.name());
            if self.expected.insert(name.clone()) {
                events.push(TailEvent::Expected { name });
            }
            if is_visible && read.quiet {
                read.standing = Standing::Finished;
                continue;
            }
            of.absent_since = if is_visible && !is_hindered { of.absent_since.or(Some(now)) } else { None };
            // An empty file may be a copy that has just begun.
            let is_empty = listing.found.iter().any(|found| found.base == read.base && found.length == 0);
            let patience = if is_empty { self.grace.max(self.lost_after) } else { self.lost_after };
            let is_lost = of.absent_since.is_some_and(|since| now.duration_since(since) >= patience);
            if is_lost || now.duration_since(of.since) >= UNREACHED {
                read.standing = Standing::Finished;
                events.push(TailEvent::Lost(read.clone()));
                continue;
            }
            if !is_visible && !read.quiet {
                listing.troubles.push(format!("{}: is not there, and was read up to line {}", read.path.display(), read.line - 1));
            }
            self.missing.insert(key, of);
        }
    }

    fn note_trouble(&mut self, listing: &Listing) {
        let is_seen =
            listing.found.iter().any(|found| found.in_pattern || found.is_successor && (self.was_seen || !self.directories.is_empty()));
        let unseen = if is_seen {
            (self.was_seen, self.unseen_since) = (true, None);
            false
        } else {
            let since = *self.unseen_since.get_or_insert_with(Instant::now);
            !self.was_seen || since.elapsed() >= UNSEEN
        };
        let none = unseen.then(|| format!("{}: no such file", self.pattern));
        self.trouble = listing.troubles.first().cloned().or(none);
    }

    /// Files of one name are read in the order of their time.
    fn order(&mut self, listing: &Listing) {
        let place = |identity| listing.found.iter().position(|found| found.identity == identity);
        // What has no path any more is older than what has one.
        self.files.sort_by_key(|file| (place(file.identity), file.id));
    }
}

/// By what it is first known that two new files may be copies of each other.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    if matches!(recognise(&head(&file)?), Packing::Plain) {
        io::Read::read_to_end(&mut io::Read::take(file, BEGINNING), &mut bytes)?;
    } else {
        io::Read::read_to_end(&mut io::Read::take(opened(path)?, BEGINNING), &mut bytes)?;
    }
    Ok(bytes)
}

/// The first bytes of a file.
fn head(file: &File) -> io::Result<Vec<u8>> {
    let mut head = vec![0; 6];
    let length = file.read_at(&mut head, 0)?;
    head.truncate(length);
    Ok(head)
}

/// What a packed file holds, from its beginning.
fn opened(path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
    match unpack(File::open(path)?) {
        Ok(unpacked) => Ok(unpacked.reader),
        Err(UnpackError::Io(error)) => Err(error),
        Err(UnpackError::Unsupported(what)) => Err(io::Error::new(io::ErrorKind::InvalidData, what)),
    }
}
