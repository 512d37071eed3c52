//! The rounds: looking what is where, then reading what was appended.

use super::events::{FileId, MOST_OPEN, TailEvent};
use super::followed::{FollowState, FollowedFile, QUIET};
use super::state::{Judged, Tail};
use crate::source::read_files::Standing;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How often it is logged what cannot be read.
const REMIND: Duration = Duration::from_secs(60);

impl Tail {
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
        self.rest();
        self.remind();
        for event in &mut events {
            if let TailEvent::Finished { name, is_last, .. } = event {
                *is_last = !self.files.iter().any(|file| file.name == *name);
            }
        }
        events
    }

    /// Closes files that are at their ends: those that are quiet, and where there are too many, those that were not written for longest.
    fn rest(&mut self) {
        let mut resting: Vec<(SystemTime, FileId)> = self.files.iter().filter_map(|file| Some((file.rests()?.1, file.id))).collect();
        resting.sort_unstable();
        // Room is made for those that are to be opened.
        let is_crowded = self.files.len() > MOST_OPEN / 4 * 3;
        let surplus = if is_crowded { self.files.len() - MOST_OPEN / 4 } else { 0 };
        if !self.postponed.is_empty() {
            self.looked = None;
        }
        let is_quiet = |modified: SystemTime| modified.elapsed().is_ok_and(|since| since >= QUIET);
        let closed: BTreeSet<FileId> = resting
            .into_iter()
            .enumerate()
            .filter(|(at, (modified, _))| *at < surplus || is_quiet(*modified))
            .map(|(_, (_, id))| id)
            .collect();
        if closed.is_empty() {
            return;
        }
        for file in std::mem::take(&mut self.files) {
            match file.rests().filter(|_| closed.contains(&file.id)) {
                Some(looked) => {
                    self.judged.insert(file.path.clone(), Judged::as_read(file.identity, looked));
                    self.known.push(file.into_read(Standing::Resting));
                }
                None => self.files.push(file),
            }
        }
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
}
