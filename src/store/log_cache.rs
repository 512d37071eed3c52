//! A cache of a changelog in a file: the records from its beginning, in order, up to where it was last read.
//!
//! ```text
//! frame    length (4 bytes, little-endian), then sealed under the nonce of the frame before it: records
//! record   offset (8), writer (16), sequence (8), length of the key (4), length of the value (4; all ones of a tombstone), key, value
//! ```
//!
//! Frames are only ever appended, and any beginning of a log is a valid cache of it: where a frame is torn or damaged, what stands
//! before it is still right, and the rest is cut off. As nonces are chained, no frame can be missing, twice or of another file.
//! When half of the file has been superseded by later records it is rewritten beside itself, and renamed.

use crate::model::topic::ChangelogRecord;
use crate::store::compacted::CompactedRecords;
use crate::store::seal::{self, StateSealer};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What was read from a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoadedLog {
    /// The newest record of each key that has no tombstone, by offset, and the last record in any case.
    pub records: Vec<ChangelogRecord>,
    /// What was wrong with the rest of the file, which is cut off.
    pub damage: Option<&'static str>,
}

/// The file of one log. One process at a time has it.
pub struct LogCache {
    path: PathBuf,
    name: String,
    sealer: StateSealer,
    /// Held as long as this lives.
    _lock: File,
    file: Option<File>,
    /// The nonce of the last frame.
    chain: Vec<u8>,
    length: u64,
    /// The length that it had when it was last rewritten, or would have had.
    live: u64,
}

/// Bytes of records in a frame, about.
pub const FRAME: usize = 4 * 1024 * 1024;
/// A longer frame than can have been written.
const TOO_LONG: usize = 64 * 1024 * 1024;
/// A file below this length is not worth rewriting.
const SMALL: u64 = 4 * 1024 * 1024;
/// Bytes of a record beside its key and content.
pub(super) const HEADER: usize = 40;
/// Stands for the length of the value of a tombstone.
pub(super) const TOMBSTONE: u32 = u32::MAX;

impl LogCache {
    /// The file of a name in a directory, which is made where it is missing; `None` while another process has it.
    pub fn open(directory: &Path, name: &str, sealer: StateSealer) -> io::Result<Option<LogCache>> {
        // State holds who looked at how many people's records: for the service's user alone.
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        // The file itself is replaced now and then: a lock on it would be one on a file that is gone.
        let lock = options().open(directory.join(format!("{name}.lock")))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let path = directory.join(format!("{name}.log"));
        let chain = first_link(name);
        Ok(Some(LogCache { path, name: name.to_owned(), sealer, _lock: lock, file: None, chain, length: 0, live: 0 }))
    }

    /// Reads what is there, and cuts off what is not right. To be called before anything is added.
    pub fn load(&mut self) -> io::Result<LoadedLog> {
        self.file = None;
        let file = options().open(&self.path)?;
        let (loaded, chain, length) = read(&file, &self.sealer, first_link(&self.name))?;
        if loaded.damage.is_some() {
            file.set_len(length)?;
        }
        (self.chain, self.length) = (chain, length);
        self.live = loaded.records.iter().map(|record| size(record) as u64).sum();
        if self.is_bloated() {
            self.rewrite(&loaded.records)?;
        } else {
            self.file = Some(file);
        }
        Ok(loaded)
    }

    /// Adds records that were read since. After an error the file is of no more use until it is loaded anew.
    pub fn append(&mut self, records: &[ChangelogRecord]) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        if self.is_bloated() {
            let loaded = self.load()?;
            debug_assert!(loaded.damage.is_none());
        }
        let Some(mut file) = self.file.take() else { return Err(io::Error::other("it was not loaded")) };
        let frame = frame(&self.sealer, &mut self.chain, records);
        file.write_all(&frame)?;
        self.length += frame.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    /// Empties the file.
    pub fn discard(&mut self) -> io::Result<()> {
        self.file = None;
        let file = options().open(&self.path)?;
        file.set_len(0)?;
        (self.file, self.chain, self.length, self.live) = (Some(file), first_link(&self.name), 0, 0);
        Ok(())
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.length
    }

    fn is_bloated(&self) -> bool {
        self.length > SMALL && self.length > 2 * self.live + SMALL
    }

    fn rewrite(&mut self, records: &[ChangelogRecord]) -> io::Result<()> {
        let aside = self.path.with_extension("new");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        (self.chain, self.length) = (first_link(&self.name), 0);
        let mut rest = records;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |record: &&ChangelogRecord| {
                let fits = bytes < FRAME;
                bytes += size(record);
                fits
            };
            let many = rest.iter().take_while(fits).count();
            let frame = frame(&self.sealer, &mut self.chain, &rest[..many]);
            (&file).write_all(&frame)?;
            self.length += frame.len() as u64;
            rest = &rest[many..];
        }
        file.sync_data()?;
        fs::rename(&aside, &self.path)?;
        (self.file, self.live) = (Some(file), self.length);
        Ok(())
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    options
}

/// The key that the first frame is sealed under: a file renamed to another name does not match it.
fn first_link(name: &str) -> Vec<u8> {
    format!("beginning of log {name}").into_bytes()
}

fn size(record: &ChangelogRecord) -> usize {
    HEADER + record.key.len() + record.value.as_ref().map_or(0, Vec::len)
}

fn frame(sealer: &StateSealer, chain: &mut Vec<u8>, records: &[ChangelogRecord]) -> Vec<u8> {
    let mut content = Vec::with_capacity(records.iter().map(size).sum());
    for ChangelogRecord { offset, key, value, stamp } in records {
        content.extend_from_slice(&offset.to_le_bytes());
        content.extend_from_slice(&stamp.writer.0);
        content.extend_from_slice(&stamp.sequence.to_le_bytes());
        content.extend_from_slice(&(key.len() as u32).to_le_bytes());
        content.extend_from_slice(&value.as_ref().map_or(TOMBSTONE, |value| value.len() as u32).to_le_bytes());
        content.extend_from_slice(key);
        content.extend_from_slice(value.as_deref().unwrap_or_default());
    }
    let sealed = sealer.seal(chain, &content);
    *chain = link(&sealed);
    let mut frame = (sealed.len() as u32).to_le_bytes().to_vec();
    frame.extend_from_slice(&sealed);
    frame
}

/// What the next frame is sealed under.
fn link(sealed: &[u8]) -> Vec<u8> {
    sealed[..seal::HEAD].to_vec()
}

/// Reads a file up to the first damaged frame: its records, the nonce of the last intact frame, and where that ends.
fn read(file: &File, sealer: &StateSealer, mut chain: Vec<u8>) -> io::Result<(LoadedLog, Vec<u8>, u64)> {
    let mut newest = CompactedRecords::default();
    let (mut reader, mut length) = (BufReader::with_capacity(1 << 20, file), 0);
    let damage = loop {
        let mut head = [0; 4];
        match fill(&mut reader, &mut head)? {
            0 => break None,
            4 => {}
            _ => break Some("its end is torn"),
        }
        let expected = u32::from_le_bytes(head) as usize;
        if expected > TOO_LONG {
            break Some("a length is damaged");
        }
        let mut sealed = vec![0; expected];
        if fill(&mut reader, &mut sealed)? < expected {
            break Some("its end is torn");
        }
        let content = match sealer.unseal(&chain, &sealed) {
            Ok(content) => content,
            Err(seal::SealError::Version { .. }) => break Some("it is of another version"),
            Err(seal::SealError::TooShort | seal::SealError::Broken) => break Some("a seal does not hold"),
        };
        if newest.take(&content).is_none() {
            break Some("a record is damaged");
        }
        chain = link(&sealed);
        length += 4 + expected as u64;
    };
    Ok((LoadedLog { records: newest.records(), damage }, chain, length))
}

/// Fills the buffer as far as the file goes; how many bytes that was.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::keys::Keys;
    use crate::model::stamp::Stamp;

    fn sealer() -> StateSealer {
        StateSealer::new(&Keys::built_in())
    }

    fn message(offset: i64, key: &str, value: Option<&str>) -> ChangelogRecord {
        ChangelogRecord {
            offset,
            key: key.as_bytes().to_vec(),
            value: value.map(|value| value.as_bytes().to_vec()),
            stamp: Stamp::default(),
        }
    }

    fn loaded(dir: &Path) -> (LogCache, LoadedLog) {
        let mut cache = LogCache::open(dir, "state-3", sealer()).expect("opened").expect("free");
        let loaded = cache.load().expect("read");
        (cache, loaded)
    }

    /// Ten frames of which each holds a key of its own, one that is replaced again and again, and one that comes and goes.
    fn written(dir: &Path) -> Vec<Vec<ChangelogRecord>> {
        let (mut cache, _) = loaded(dir);
        let mut states = vec![Vec::new()];
        let mut newest = CompactedRecords::default();
        for frame in 0..10_i64 {
            let records = [
                message(frame * 10, &format!("own {frame}"), Some("stays")),
                message(frame * 10 + 3, "again", Some(&frame.to_string())),
                message(frame * 10 + 7, "comes and goes", (frame % 2 == 0).then_some("here")),
            ];
            cache.append(&records).expect("written");
            records.into_iter().for_each(|record| newest.put(record));
            states.push(
                CompactedRecords { offsets: newest.offsets.clone(), records: newest.records.clone(), last: newest.last.clone() }.records(),
            );
        }
        states
    }

    #[test]
    fn the_newest_of_each_key_is_there_in_order_and_the_last_of_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let states = written(dir.path());
        let (mut cache, first) = loaded(dir.path());
        assert_eq!(first, LoadedLog { records: states[10].clone(), damage: None });
        let offsets: Vec<i64> = first.records.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 93, 97], "the removal stands last");
        assert_eq!(first.records[11], message(97, "comes and goes", None));
        cache.append(&[message(101, "later", Some("one"))]).expect("written");
        drop(cache);
        let (mut cache, second) = loaded(dir.path());
        assert_eq!(second.records.last(), Some(&message(101, "later", Some("one"))));
        assert_eq!(second.records.len(), 12, "the removal is of no more use");
        cache.discard().expect("emptied");
        cache.append(&[message(5, "anew", Some("two"))]).expect("written");
        drop(cache);
        assert_eq!(loaded(dir.path()).1.records, [message(5, "anew", Some("two"))]);
    }

    #[test]
    fn damage_anywhere_leaves_what_stood_before_it_and_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let states = written(dir.path());
        let path = dir.path().join("state-3.log");
        let whole = fs::read(&path).expect("read");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&path, &bytes).expect("written");
            let (_, found) = loaded(dir.path());
            assert!(found.damage.is_some(), "damage at {at} is found");
            assert!(states[..10].contains(&found.records), "damage at {at} gives {:?}", found.records);
            // It was cut off.
            let (mut cache, again) = loaded(dir.path());
            assert_eq!(again, LoadedLog { damage: None, ..found });
            cache.append(&[message(1_000, "after", None)]).expect("it goes on from there");
        }
    }

    #[test]
    fn a_torn_end_leaves_the_frames_before_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let states = written(dir.path());
        let path = dir.path().join("state-3.log");
        let whole = fs::read(&path).expect("read");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("written");
            assert!(states[..10].contains(&loaded(dir.path()).1.records), "torn at {length}");
        }
    }

    #[test]
    fn another_version_another_file_and_frames_in_another_order_are_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        written(dir.path());
        let path = dir.path().join("state-3.log");
        let whole = fs::read(&path).expect("read");
        let mut version = whole.clone();
        version[4] = 9;
        fs::write(&path, &version).expect("written");
        assert_eq!(loaded(dir.path()).1, LoadedLog { records: Vec::new(), damage: Some("it is of another version") });

        fs::write(dir.path().join("state-4.log"), &whole).expect("written");
        let other = LogCache::open(dir.path(), "state-4", sealer()).expect("opened").expect("free").load().expect("read");
        assert_eq!(other, LoadedLog { records: Vec::new(), damage: Some("a seal does not hold") });

        let length = 4 + u32::from_le_bytes(whole[..4].try_into().expect("four bytes")) as usize;
        fs::write(&path, &whole[length..]).expect("written");
        assert_eq!(loaded(dir.path()).1.records, []);
    }

    #[test]
    fn what_is_replaced_again_and_again_does_not_let_the_file_grow_without_end() {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut cache, _) = loaded(dir.path());
        let content = "x".repeat(100_000);
        cache.append(&[message(0, "first", Some("stays"))]).expect("written");
        for offset in 1..400 {
            cache.append(&[message(offset, &format!("key {}", offset % 3), Some(&content))]).expect("written");
            assert!(cache.length() < 2 * SMALL + 1_000_000, "{} bytes", cache.length());
        }
        drop(cache);
        let offsets: Vec<i64> = loaded(dir.path()).1.records.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, [0, 397, 398, 399]);
    }

    #[test]
    fn one_process_at_a_time_has_it_and_nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a directory");
        let inner = dir.path().join("cache");
        let (cache, _) = loaded(&inner);
        assert!(LogCache::open(&inner, "state-3", sealer()).expect("opened").is_none());
        assert!(LogCache::open(&inner, "state-4", sealer()).expect("opened").is_some());
        drop(cache);
        assert!(LogCache::open(&inner, "state-3", sealer()).expect("opened").is_some());
        assert_eq!(fs::metadata(&inner).expect("there").permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(inner.join("state-3.log")).expect("there").permissions().mode() & 0o777, 0o600);
    }
}
