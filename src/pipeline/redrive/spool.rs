//! The way of re-driven records from the command to the service: files in the state's directory, each written whole or not at all.
//!
//! They hold accesses as the state does: pseudonyms and prints, no text of a log. The service applies an entry if its state does not
//! contain it yet, saves both at once, and only then removes the file. So each counts once, however often the command is run and
//! whenever either of them breaks off.

use crate::model::access::Access;
use crate::model::keys::Keys;
use crate::private_file::{self, Readers};
pub use crate::sink::dead_letters::LetterId;
use crate::store::seal::StateSealer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A dead letter that could be decoded after all.
#[derive(Serialize, Deserialize)]
pub struct SpoolEntry {
    /// Which.
    pub letter: LetterId,
    /// Name of its source.
    pub source: String,
    /// Name of its partition.
    pub partition: String,
    /// What its record says.
    pub accesses: Vec<Access>,
}

/// The folder, as the service sees it.
pub struct Spool {
    dir: PathBuf,
    look_at: Instant,
    /// Letters of an earlier process. A record of these that is decoded now was read again after a crash: it has counted, and must
    /// not be re-driven.
    pub earlier: BTreeSet<LetterId>,
    /// Files that have been applied and are in no saved state yet, with the letters in them.
    applied: Vec<(PathBuf, Vec<LetterId>)>,
}

/// Folder in the state's directory.
const FOLDER: &str = "redrive";

/// File of the letters that are in a saved state: for the command's report alone.
const DONE: &str = "done";

const ENDING: &str = "spool";

/// What spool files are sealed as.
const SEAL: &[u8] = b"redriven dead letters";

/// Entries of a file: the service applies a file between two of its steps.
const ENTRIES: usize = 5_000;

/// How often the service looks.
const INTERVAL: Duration = Duration::from_secs(1);

impl Spool {
    /// Of a state's directory.
    pub fn open(state: &Path) -> Spool {
        Spool { dir: state.join(FOLDER), look_at: Instant::now(), earlier: BTreeSet::new(), applied: Vec::new() }
    }

    /// The same, knowing letters that were written before.
    #[must_use]
    pub fn with_earlier(self, earlier: BTreeSet<LetterId>) -> Spool {
        Spool { earlier, ..self }
    }

    /// The entries of the next file that has not been taken. One that was not sealed with these keys is refused.
    pub fn take(&mut self, keys: &Keys) -> Option<Vec<SpoolEntry>> {
        if Instant::now() < self.look_at {
            return None;
        }
        let next = files(&self.dir).into_iter().find(|path| self.applied.iter().all(|(applied, _)| applied != path));
        let Some(path) = next else {
            self.look_at = Instant::now() + INTERVAL;
            return None;
        };
        match read(&path, keys) {
            Ok(entries) => {
                self.applied.push((path, entries.iter().map(|entry| entry.letter).collect()));
                Some(entries)
            }
            Err(why) => {
                tracing::error!(path = %path.display(), %why, "re-driven dead letters cannot be taken up: run the command again");
                // It stays for whoever wants to know, and is not read again.
                let _ = fs::rename(&path, path.with_extension("refused"));
                None
            }
        }
    }

    /// A state that contains all that was taken has been saved.
    pub fn saved(&mut self) {
        for (path, letters) in std::mem::take(&mut self.applied) {
            if let Err(error) = note_done(&self.dir, &letters).and_then(|()| fs::remove_file(&path)) {
                tracing::warn!(path = %path.display(), %error, "re-driven dead letters are applied and cannot be put away");
            }
        }
    }
}

/// Hands entries to the service of a state. They are taken up within seconds, or when it starts.
pub fn hand_over(state: &Path, keys: &Keys, entries: &[SpoolEntry]) -> io::Result<()> {
    let dir = state.join(FOLDER);
    private_file::folder(&dir)?;
    let sealer = StateSealer::new(keys);
    for part in entries.chunks(ENTRIES) {
        let content = postcard::to_stdvec(part).map_err(io::Error::other)?;
        let sealed = sealer.seal(SEAL, &content);
        // The same letters make the same name: a second run replaces what a first one left.
        let name = blake3::hash(&content).to_hex()[..24].to_owned();
        let mut file = private_file::create(&dir.join(format!("{name}.{ENDING}")), Readers::Owner)?;
        file.write_all(&sealed)?;
        file.finish()?;
    }
    File::open(&dir)?.sync_all()
}

/// Letters that have been handed over, applied or not.
pub fn known(state: &Path, keys: &Keys) -> BTreeSet<LetterId> {
    let dir = state.join(FOLDER);
    let done = fs::read_to_string(dir.join(DONE)).unwrap_or_default();
    let mut known: BTreeSet<LetterId> = done.lines().filter_map(LetterId::parse).collect();
    for path in files(&dir) {
        known.extend(read(&path, keys).unwrap_or_default().into_iter().map(|entry| entry.letter));
    }
    known
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|ending| ending == ENDING)).collect();
    paths.sort();
    paths
}

fn read(path: &Path, keys: &Keys) -> Result<Vec<SpoolEntry>, String> {
    let sealed = fs::read(path).map_err(|error| error.to_string())?;
    let content = StateSealer::new(keys).unseal(SEAL, &sealed);
    let content = content.map_err(|_| "it is damaged, of another version, or not of this subject key".to_owned())?;
    postcard::from_bytes(&content).map_err(|error| error.to_string())
}

fn note_done(dir: &Path, letters: &[LetterId]) -> io::Result<()> {
    let mut file = private_file::append(&dir.join(DONE), Readers::Owner)?;
    let mut text = String::new();
    // A line that a crash has torn is none.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        text.push('\n');
    }
    text.extend(letters.iter().map(|letter| letter.text() + "\n"));
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Position, RecordHash};

    fn keys(secret: u8) -> Keys {
        Keys::from_secret(&[secret; 32])
    }

    fn entry(position: u64) -> SpoolEntry {
        let letter = LetterId::of("access", Position(position), &RecordHash([3; 32]));
        SpoolEntry { letter, source: "access".to_owned(), partition: "access".to_owned(), accesses: Vec::new() }
    }

    #[test]
    fn a_file_is_taken_once_and_goes_when_the_state_is_saved() {
        let dir = tempfile::tempdir().expect("a directory");
        hand_over(dir.path(), &keys(7), &[entry(1), entry(2)]).expect("handed over");
        hand_over(dir.path(), &keys(7), &[entry(1), entry(2)]).expect("handed over again");
        let mut spool = Spool::open(dir.path());
        assert_eq!(spool.take(&keys(7)).map(|entries| entries.len()), Some(2));
        assert!(spool.take(&keys(7)).is_none());
        // A crash before the state was saved.
        let mut spool = Spool::open(dir.path());
        assert_eq!(spool.take(&keys(7)).map(|entries| entries.len()), Some(2));
        assert_eq!(known(dir.path(), &keys(7)).len(), 2);
        spool.saved();
        assert!(Spool::open(dir.path()).take(&keys(7)).is_none());
        assert_eq!(known(dir.path(), &keys(7)), BTreeSet::from([entry(1).letter, entry(2).letter]));
    }

    #[test]
    fn what_is_damaged_or_of_another_key_is_put_aside() {
        let dir = tempfile::tempdir().expect("a directory");
        hand_over(dir.path(), &keys(7), &[entry(1)]).expect("handed over");
        assert!(Spool::open(dir.path()).take(&keys(8)).is_none());
        assert!(Spool::open(dir.path()).take(&keys(7)).is_none(), "it is refused for good");
        hand_over(dir.path(), &keys(7), &[entry(1)]).expect("handed over");
        let path = files(&dir.path().join(FOLDER)).remove(0);
        let mut bytes = fs::read(&path).expect("read");
        *bytes.last_mut().expect("a byte") ^= 1;
        fs::write(&path, bytes).expect("written");
        assert!(Spool::open(dir.path()).take(&keys(7)).is_none());
    }
}
