//! The beginning of a log as a file: the messages that were read from it, in order, up to where reading had come.
//!
//! ```text
//! frame    length (4 bytes, little-endian), then sealed under the checksum of the frame before it: messages
//! message  offset (8), length of the key (4), length of the content (4; all ones of a removal), key, content
//! ```
//!
//! Frames are only ever added, and every beginning of a log is a beginning of it: where a frame is torn or damaged, what stands
//! before it is still right, and the rest is cut off. As checksums are chained, no frame can be missing, twice or of another file.
//! When half of the file has been replaced by later messages it is written anew, beside it, and renamed.

use crate::model::topic::ChangelogRecord;
use crate::store::seal;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What a file holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Loaded {
    /// The newest message of each key that is not removed, by offset, and the last of all messages in any case.
    pub messages: Vec<ChangelogRecord>,
    /// What was wrong with the rest of the file, which is cut off.
    pub damage: Option<&'static str>,
}

/// The file of one log. One process at a time has it.
pub struct Prefix {
    path: PathBuf,
    name: String,
    /// Held as long as this lives.
    _lock: File,
    file: Option<File>,
    /// The checksum of the last frame.
    chain: Vec<u8>,
    length: u64,
    /// The length when it was last written anew, or would have been.
    live: u64,
}

/// Bytes of messages in a frame, about.
pub const FRAME: usize = 4 * 1024 * 1024;
/// A longer frame than can have been written.
const TOO_LONG: usize = 64 * 1024 * 1024;
/// A file below this length is not worth writing anew.
const SMALL: u64 = 4 * 1024 * 1024;
/// Bytes of a message beside its key and content.
const HEAD: usize = 16;
const REMOVED: u32 = u32::MAX;

impl Prefix {
    /// The file of a name in a directory, which is made where it is missing; `None` while another process has it.
    pub fn open(directory: &Path, name: &str) -> io::Result<Option<Prefix>> {
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
        Ok(Some(Prefix { path, name: name.to_owned(), _lock: lock, file: None, chain, length: 0, live: 0 }))
    }

    /// Reads what is there, and cuts off what is not right. To be called before anything is added.
    pub fn load(&mut self) -> io::Result<Loaded> {
        self.file = None;
        let file = options().open(&self.path)?;
        let (loaded, chain, length) = read(&file, first_link(&self.name))?;
        if loaded.damage.is_some() {
            file.set_len(length)?;
        }
        (self.chain, self.length) = (chain, length);
        self.live = loaded.messages.iter().map(|message| size(message) as u64).sum();
        if self.is_bloated() {
            self.rewrite(&loaded.messages)?;
        } else {
            self.file = Some(file);
        }
        Ok(loaded)
    }

    /// Adds messages that were read since. After an error the file is of no more use until it is loaded anew.
    pub fn append(&mut self, messages: &[ChangelogRecord]) -> io::Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        if self.is_bloated() {
            let loaded = self.load()?;
            debug_assert!(loaded.damage.is_none());
        }
        let Some(mut file) = self.file.take() else { return Err(io::Error::other("it was not loaded")) };
        let frame = frame(&mut self.chain, messages);
        file.write_all(&frame)?;
        self.length += frame.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    /// Begins anew with nothing.
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

    fn rewrite(&mut self, messages: &[ChangelogRecord]) -> io::Result<()> {
        let aside = self.path.with_extension("new");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        (self.chain, self.length) = (first_link(&self.name), 0);
        let mut rest = messages;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |message: &&ChangelogRecord| {
                let fits = bytes < FRAME;
                bytes += size(message);
                fits
            };
            let many = rest.iter().take_while(fits).count();
            let frame = frame(&mut self.chain, &rest[..many]);
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

/// What the first frame is sealed under: a file under the name of another is as wrong as a damaged one.
fn first_link(name: &str) -> Vec<u8> {
    format!("beginning of log {name}").into_bytes()
}

fn size(message: &ChangelogRecord) -> usize {
    HEAD + message.key.len() + message.value.as_ref().map_or(0, Vec::len)
}

fn frame(chain: &mut Vec<u8>, messages: &[ChangelogRecord]) -> Vec<u8> {
    let mut content = Vec::with_capacity(messages.iter().map(size).sum());
    for ChangelogRecord { offset, key, value } in messages {
        content.extend_from_slice(&offset.to_le_bytes());
        content.extend_from_slice(&(key.len() as u32).to_le_bytes());
        content.extend_from_slice(&value.as_ref().map_or(REMOVED, |value| value.len() as u32).to_le_bytes());
        content.extend_from_slice(key);
        content.extend_from_slice(value.as_deref().unwrap_or_default());
    }
    let sealed = seal::seal(chain, &content);
    *chain = link(&sealed);
    let mut frame = (sealed.len() as u32).to_le_bytes().to_vec();
    frame.extend_from_slice(&sealed);
    frame
}

/// The checksum of a frame.
fn link(sealed: &[u8]) -> Vec<u8> {
    sealed[..seal::HEAD].to_vec()
}

/// What stands in a file up to the first frame that is not right, the checksum of the last that is, and where it ends.
fn read(file: &File, mut chain: Vec<u8>) -> io::Result<(Loaded, Vec<u8>, u64)> {
    let mut newest = Newest::default();
    let (mut reader, mut length) = (BufReader::with_capacity(1 << 20, file), 0);
    let damage = loop {
        let mut head = [0; 4];
        match whole(&mut reader, &mut head)? {
            0 => break None,
            4 => {}
            _ => break Some("its end is torn"),
        }
        let expected = u32::from_le_bytes(head) as usize;
        if expected > TOO_LONG {
            break Some("a length is damaged");
        }
        let mut sealed = vec![0; expected];
        if whole(&mut reader, &mut sealed)? < expected {
            break Some("its end is torn");
        }
        let content = match seal::unseal(&chain, &sealed) {
            Ok(content) => content,
            Err(seal::SealError::Version { .. }) => break Some("it is of another version"),
            Err(seal::SealError::TooShort | seal::SealError::Checksum) => break Some("a checksum does not match"),
        };
        if newest.take(content).is_none() {
            break Some("a message is damaged");
        }
        chain = link(&sealed);
        length += 4 + expected as u64;
    };
    Ok((Loaded { messages: newest.messages(), damage }, chain, length))
}

/// Fills the buffer as far as there is something.
fn whole(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
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

/// The newest message of each key.
#[derive(Default)]
struct Newest {
    places: HashMap<Vec<u8>, i64>,
    messages: BTreeMap<i64, ChangelogRecord>,
    last: Option<ChangelogRecord>,
}

impl Newest {
    /// Takes the messages of a frame, all or, where one is not right, none.
    fn take(&mut self, content: &[u8]) -> Option<()> {
        let mut messages = Vec::new();
        let mut rest = content;
        let mut before = self.last.as_ref().map_or(-1, |last| last.offset);
        while !rest.is_empty() {
            let (offset, after) = rest.split_first_chunk::<8>()?;
            let (key, after) = after.split_first_chunk::<4>()?;
            let (value, after) = after.split_first_chunk::<4>()?;
            let (key, after) = after.split_at_checked(u32::from_le_bytes(*key) as usize)?;
            let (value, after) = match u32::from_le_bytes(*value) {
                REMOVED => (None, after),
                length => after.split_at_checked(length as usize).map(|(value, after)| (Some(value.to_vec()), after))?,
            };
            let offset = i64::from_le_bytes(*offset);
            if offset <= before {
                return None;
            }
            before = offset;
            messages.push(ChangelogRecord { offset, key: key.to_vec(), value });
            rest = after;
        }
        messages.into_iter().for_each(|message| self.put(message));
        Some(())
    }

    fn put(&mut self, message: ChangelogRecord) {
        // The last is kept whatever it is, until there is a later one.
        if let Some(last) = self.last.take() {
            self.settle(last);
        }
        self.last = Some(message);
    }

    fn settle(&mut self, message: ChangelogRecord) {
        let replaced = match message.value {
            Some(_) => self.places.insert(message.key.clone(), message.offset),
            None => self.places.remove(&message.key),
        };
        if let Some(replaced) = replaced {
            self.messages.remove(&replaced);
        }
        if message.value.is_some() {
            self.messages.insert(message.offset, message);
        }
    }

    fn messages(mut self) -> Vec<ChangelogRecord> {
        let Some(last) = self.last.take() else { return Vec::new() };
        let removal = last.value.is_none().then(|| last.clone());
        self.settle(last);
        self.messages.into_values().chain(removal).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(offset: i64, key: &str, value: Option<&str>) -> ChangelogRecord {
        ChangelogRecord { offset, key: key.as_bytes().to_vec(), value: value.map(|value| value.as_bytes().to_vec()) }
    }

    fn loaded(dir: &Path) -> (Prefix, Loaded) {
        let mut prefix = Prefix::open(dir, "state-3").expect("opened").expect("free");
        let loaded = prefix.load().expect("read");
        (prefix, loaded)
    }

    /// Ten frames of which each holds a key of its own, one that is replaced again and again, and one that comes and goes.
    fn written(dir: &Path) -> Vec<Vec<ChangelogRecord>> {
        let (mut prefix, _) = loaded(dir);
        let mut states = vec![Vec::new()];
        let mut newest = Newest::default();
        for frame in 0..10_i64 {
            let messages = [
                message(frame * 10, &format!("own {frame}"), Some("stays")),
                message(frame * 10 + 3, "again", Some(&frame.to_string())),
                message(frame * 10 + 7, "comes and goes", (frame % 2 == 0).then_some("here")),
            ];
            prefix.append(&messages).expect("written");
            messages.into_iter().for_each(|message| newest.put(message));
            states.push(Newest { places: newest.places.clone(), messages: newest.messages.clone(), last: newest.last.clone() }.messages());
        }
        states
    }

    #[test]
    fn the_newest_of_each_key_is_there_in_order_and_the_last_of_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let states = written(dir.path());
        let (mut prefix, first) = loaded(dir.path());
        assert_eq!(first, Loaded { messages: states[10].clone(), damage: None });
        let offsets: Vec<i64> = first.messages.iter().map(|message| message.offset).collect();
        assert_eq!(offsets, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 93, 97], "the removal stands last");
        assert_eq!(first.messages[11], message(97, "comes and goes", None));
        prefix.append(&[message(101, "later", Some("one"))]).expect("written");
        drop(prefix);
        let (mut prefix, second) = loaded(dir.path());
        assert_eq!(second.messages.last(), Some(&message(101, "later", Some("one"))));
        assert_eq!(second.messages.len(), 12, "the removal is of no more use");
        prefix.discard().expect("emptied");
        prefix.append(&[message(5, "anew", Some("two"))]).expect("written");
        drop(prefix);
        assert_eq!(loaded(dir.path()).1.messages, [message(5, "anew", Some("two"))]);
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
            assert!(states[..10].contains(&found.messages), "damage at {at} gives {:?}", found.messages);
            // It was cut off.
            let (mut prefix, again) = loaded(dir.path());
            assert_eq!(again, Loaded { damage: None, ..found });
            prefix.append(&[message(1_000, "after", None)]).expect("it goes on from there");
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
            assert!(states[..10].contains(&loaded(dir.path()).1.messages), "torn at {length}");
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
        assert_eq!(loaded(dir.path()).1, Loaded { messages: Vec::new(), damage: Some("it is of another version") });

        fs::write(dir.path().join("state-4.log"), &whole).expect("written");
        let other = Prefix::open(dir.path(), "state-4").expect("opened").expect("free").load().expect("read");
        assert_eq!(other, Loaded { messages: Vec::new(), damage: Some("a checksum does not match") });

        let length = 4 + u32::from_le_bytes(whole[..4].try_into().expect("four bytes")) as usize;
        fs::write(&path, &whole[length..]).expect("written");
        assert_eq!(loaded(dir.path()).1.messages, []);
    }

    #[test]
    fn what_is_replaced_again_and_again_does_not_let_the_file_grow_without_end() {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut prefix, _) = loaded(dir.path());
        let content = "x".repeat(100_000);
        prefix.append(&[message(0, "first", Some("stays"))]).expect("written");
        for offset in 1..400 {
            prefix.append(&[message(offset, &format!("key {}", offset % 3), Some(&content))]).expect("written");
            assert!(prefix.length() < 2 * SMALL + 1_000_000, "{} bytes", prefix.length());
        }
        drop(prefix);
        let offsets: Vec<i64> = loaded(dir.path()).1.messages.iter().map(|message| message.offset).collect();
        assert_eq!(offsets, [0, 397, 398, 399]);
    }

    #[test]
    fn one_process_at_a_time_has_it_and_nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a directory");
        let inner = dir.path().join("cache");
        let (prefix, _) = loaded(&inner);
        assert!(Prefix::open(&inner, "state-3").expect("opened").is_none());
        assert!(Prefix::open(&inner, "state-4").expect("opened").is_some());
        drop(prefix);
        assert!(Prefix::open(&inner, "state-3").expect("opened").is_some());
        assert_eq!(fs::metadata(&inner).expect("there").permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(inner.join("state-3.log")).expect("there").permissions().mode() & 0o777, 0o600);
    }
}
