//! State on disk: one embedded database a directory, replaced shard by shard in transactions.
//!
//! It stores bytes by key, sealed ([`seal`]); what they mean is up to the caller. A second file elsewhere, the [`witness`], knows how often
//! it was written. [`log_cache`] caches the changelogs of a cluster.

mod compacted;
pub mod log_cache;
pub mod seal;
pub mod witness;

use redb::{Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use seal::{SealError, StateSealer};
use std::fs::{self, DirBuilder};
use std::io;
use std::ops::Deref;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// File in the directory.
pub const FILE: &str = "state.redb";

const SHARDS: TableDefinition<u32, &[u8]> = TableDefinition::new("shards");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const META_KEY: &str = "meta";
/// How often the store was written: in its own entry, as the witness has it.
const SAVES_KEY: &str = "saves";

/// redb's own cache; the default of 1 GiB would be the largest part of the process.
const CACHE: usize = 64 * 1024 * 1024;

/// Everything saved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// Metadata of all shards.
    pub meta: Vec<u8>,
    /// Shards by key, ascending.
    pub entries: Vec<(u32, Vec<u8>)>,
}

/// Why state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory is not usable.
    #[error("{place}: {error}")]
    Directory {
        /// The directory.
        place: String,
        /// What the system says.
        error: io::Error,
    },
    /// Another process has it open.
    #[error("{0}: in use by another process: a state directory belongs to one service")]
    InUse(String),
    /// Its content is damaged.
    #[error("{place}: {what} is corrupt: {why}; restore it from a backup, or remove the directory to start afresh")]
    Corrupt {
        /// The file.
        place: String,
        /// The shard, or the part of it.
        what: String,
        /// How it was found.
        why: String,
    },
    /// It is of another version of this program.
    #[error("{place}: {what} is of format {found}, this program reads format {expected}: use the version that wrote it, or start afresh")]
    Version {
        /// The file.
        place: String,
        /// The shard, or the part of it.
        what: String,
        /// Format found.
        found: u16,
        /// Format known.
        expected: u16,
    },
    /// The database failed.
    #[error("{place}: {error}")]
    Database {
        /// The file.
        place: String,
        /// What it says.
        error: Box<redb::Error>,
    },
}

/// An open store. One process at a time has it.
pub struct Store {
    database: Guarded,
    path: PathBuf,
    sealer: StateSealer,
}

/// The database, which may panic when it is closed as well, where its file is damaged.
struct Guarded(Option<Database>);

impl Deref for Guarded {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let database = self.0.take();
        // What was written is committed; nothing more can be done for a file that is damaged.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
    }
}

impl Store {
    /// Opens the store of a directory, making both where they are missing.
    pub fn open(directory: &Path, sealer: StateSealer) -> Result<Store, StoreError> {
        let unusable = |error| StoreError::Directory { place: directory.display().to_string(), error };
        // State holds who looked at how many people's records: for the service's user alone.
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unusable)?;
        let path = directory.join(FILE);
        let database = guarded(&path, || Database::builder().set_cache_size(CACHE).create(&path))?.map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(directory.display().to_string()),
            DatabaseError::Storage(redb::StorageError::Corrupted(why)) => corrupt(&path, "the file", why),
            other => database_error(&path, other),
        })?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(unusable)?;
        Ok(Store { database: Guarded(Some(database)), path, sealer })
    }

    /// Replaces the metadata and these shards, all or none, and waits until they are on disk. Other shards stay.
    pub fn write(&mut self, meta: &[u8], entries: impl IntoIterator<Item = (u32, Vec<u8>)>) -> Result<(), StoreError> {
        self.transact(meta, entries, false)
    }

    /// Replaces everything, all or nothing: shards that are not given are removed.
    pub fn replace(&mut self, meta: &[u8], entries: impl IntoIterator<Item = (u32, Vec<u8>)>) -> Result<(), StoreError> {
        self.transact(meta, entries, true)
    }

    fn transact(&mut self, meta: &[u8], entries: impl IntoIterator<Item = (u32, Vec<u8>)>, afresh: bool) -> Result<(), StoreError> {
        let path = &self.path;
        let mut transaction = self.database.begin_write().map_err(|error| database_error(path, error))?;
        transaction.set_durability(Durability::Immediate).map_err(|error| database_error(path, error))?;
        {
            let mut shards = transaction.open_table(SHARDS).map_err(|error| database_error(path, error))?;
            if afresh {
                shards.retain(|_, _| false).map_err(|error| database_error(path, error))?;
            }
            for (shard, value) in entries {
                let sealed = self.sealer.seal(&shard.to_le_bytes(), &value);
                shards.insert(shard, sealed.as_slice()).map_err(|error| database_error(path, error))?;
            }
            let mut table = transaction.open_table(META).map_err(|error| database_error(path, error))?;
            let sealed = self.sealer.seal(META_KEY.as_bytes(), meta);
            table.insert(META_KEY, sealed.as_slice()).map_err(|error| database_error(path, error))?;
            let saves = {
                let known = table.get(SAVES_KEY).map_err(|error| database_error(path, error))?;
                self.saves_of(known.map(|known| known.value().to_vec()))? + 1
            };
            let sealed = self.sealer.seal(SAVES_KEY.as_bytes(), &saves.to_le_bytes());
            table.insert(SAVES_KEY, sealed.as_slice()).map_err(|error| database_error(path, error))?;
        }
        transaction.commit().map_err(|error| database_error(path, error))
    }

    /// What was last written; `None` of a fresh store.
    pub fn load(&self) -> Result<Option<Snapshot>, StoreError> {
        guarded(&self.path, || self.read())?
    }

    fn read(&self) -> Result<Option<Snapshot>, StoreError> {
        let path = &self.path;
        let transaction = self.database.begin_read().map_err(|error| database_error(path, error))?;
        let meta = match transaction.open_table(META) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            other => other.map_err(|error| database_error(path, error))?,
        };
        let Some(meta) = meta.get(META_KEY).map_err(|error| database_error(path, error))? else {
            return Ok(None);
        };
        let meta = self.unseal(META_KEY.as_bytes(), meta.value(), || "the metadata".to_owned())?;
        let shards = transaction.open_table(SHARDS).map_err(|error| database_error(path, error))?;
        let mut entries = Vec::new();
        for entry in shards.iter().map_err(|error| database_error(path, error))? {
            let (key, value) = entry.map_err(|error| database_error(path, error))?;
            let shard = key.value();
            entries.push((shard, self.unseal(&shard.to_le_bytes(), value.value(), || format!("shard {shard}"))?));
        }
        Ok(Some(Snapshot { meta, entries }))
    }

    /// How often it was written.
    pub fn saves(&self) -> Result<u64, StoreError> {
        guarded(&self.path, || {
            let path = &self.path;
            let transaction = self.database.begin_read().map_err(|error| database_error(path, error))?;
            let meta = match transaction.open_table(META) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(0),
                other => other.map_err(|error| database_error(path, error))?,
            };
            let known = meta.get(SAVES_KEY).map_err(|error| database_error(path, error))?;
            self.saves_of(known.map(|known| known.value().to_vec()))
        })?
    }

    fn saves_of(&self, sealed: Option<Vec<u8>>) -> Result<u64, StoreError> {
        let Some(sealed) = sealed else { return Ok(0) };
        let content = self.unseal(SAVES_KEY.as_bytes(), &sealed, || "the number of saves".to_owned())?;
        Ok(content.try_into().map_or(0, u64::from_le_bytes))
    }

    /// Size of the file in bytes.
    pub fn size(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |about| about.len())
    }

    fn unseal(&self, key: &[u8], sealed: &[u8], what: impl Fn() -> String) -> Result<Vec<u8>, StoreError> {
        self.sealer.unseal(key, sealed).map_err(|error| match error {
            SealError::Version { found } => {
                let place = self.path.display().to_string();
                StoreError::Version { place, what: what(), found, expected: seal::FORMAT }
            }
            SealError::TooShort => corrupt(&self.path, &what(), "it is cut off".to_owned()),
            SealError::Broken => {
                let why = "its seal does not hold: it is damaged, was changed, or is of another subject key";
                corrupt(&self.path, &what(), why.to_owned())
            }
        })
    }
}

/// redb may panic on a file with damaged inner pages; that is reported as a corrupt file like any other.
fn guarded<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T, StoreError> {
    // Nothing of ours is left half changed: a panic while reading changes nothing, and the store is given up with the error.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| corrupt(path, "the file", "its pages contradict each other".to_owned()))
}

fn corrupt(path: &Path, what: &str, why: String) -> StoreError {
    StoreError::Corrupt { place: path.display().to_string(), what: what.to_owned(), why }
}

fn database_error(path: &Path, error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Corrupted(why) => corrupt(path, "the file", why),
        other => StoreError::Database { place: path.display().to_string(), error: Box::new(other) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::keys::Keys;

    fn sealer() -> StateSealer {
        StateSealer::new(&Keys::built_in())
    }

    fn snapshot(meta: &str, entries: &[(u32, &str)]) -> Snapshot {
        let entries = entries.iter().map(|(shard, value)| (*shard, value.as_bytes().to_vec())).collect();
        Snapshot { meta: meta.as_bytes().to_vec(), entries }
    }

    fn write(store: &mut Store, snapshot: &Snapshot) {
        store.write(&snapshot.meta, snapshot.entries.clone()).expect("written");
    }

    #[test]
    fn what_is_written_is_there_after_reopening_and_other_shards_stay() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("deep/state");
        let mut store = Store::open(&path, sealer()).expect("opened");
        assert_eq!(store.load().expect("read"), None);
        write(&mut store, &snapshot("one", &[(7, "seven"), (1, "first")]));
        write(&mut store, &snapshot("two", &[(7, "SEVEN")]));
        drop(store);
        let mut store = Store::open(&path, sealer()).expect("opened again");
        assert_eq!(store.load().expect("read"), Some(snapshot("two", &[(1, "first"), (7, "SEVEN")])));
        assert!(store.size() > 0);
        store.replace(b"three", [(2, b"second".to_vec())]).expect("replaced");
        assert_eq!(store.load().expect("read"), Some(snapshot("three", &[(2, "second")])));
    }

    #[test]
    fn a_write_that_breaks_off_leaves_everything_as_it_was() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(dir.path(), sealer()).expect("opened");
        let before = snapshot("one", &[(1, "first"), (2, "second")]);
        write(&mut store, &before);
        let entries = (1..5_u32).map(|shard| if shard < 4 { (shard, b"new".to_vec()) } else { panic!("out of memory") });
        assert!(catch_unwind(AssertUnwindSafe(|| store.write(b"two", entries))).is_err());
        assert_eq!(store.load().expect("read"), Some(before.clone()));
        drop(store);
        assert_eq!(Store::open(dir.path(), sealer()).expect("opened again").load().expect("read"), Some(before));
    }

    #[test]
    fn the_directory_is_for_its_owner_and_for_one_process() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("state");
        let _store = Store::open(&path, sealer()).expect("opened");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(path.join(FILE)).expect("there").permissions().mode() & 0o777, 0o600);
        let error = Store::open(&path, sealer()).err().expect("refused").to_string();
        assert!(error.contains("in use by another process"), "{error}");
    }

    #[test]
    fn a_damaged_shard_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(dir.path(), sealer()).expect("opened");
        let needle = "the content of shard forty-two ".repeat(10);
        write(&mut store, &snapshot("meta", &[(41, "fine"), (42, &needle)]));
        drop(store);
        let path = dir.path().join(FILE);
        let mut bytes = fs::read(&path).expect("read");
        let places: Vec<usize> = memchr::memmem::find_iter(&bytes, &sealer().seal(&42_u32.to_le_bytes(), needle.as_bytes())).collect();
        assert!(!places.is_empty());
        places.into_iter().for_each(|at| bytes[at + 100] ^= 1);
        fs::write(&path, bytes).expect("written");
        let error = Store::open(dir.path(), sealer()).and_then(|store| store.load()).expect_err("found").to_string();
        assert!(error.contains("shard 42 is corrupt: its seal does not hold"), "{error}");
    }

    #[test]
    fn damage_anywhere_is_an_error_or_harmless_and_never_a_panic_or_wrong_state() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(dir.path(), sealer()).expect("opened");
        let written = snapshot("meta", &[(1, &"one ".repeat(3_000)), (2, "two"), (3, &"three ".repeat(2_000))]);
        write(&mut store, &written);
        drop(store);
        let path = dir.path().join(FILE);
        let whole = fs::read(&path).expect("read");
        for step in 0..60 {
            let mut bytes = whole.clone();
            let at = step * 521 % bytes.len().min(60_000);
            bytes[at..at + 8].iter_mut().for_each(|byte| *byte ^= 0xa5);
            fs::write(&path, bytes).expect("written");
            if let Ok(found) = Store::open(dir.path(), sealer()).and_then(|store| store.load()) {
                assert_eq!(found.as_ref(), Some(&written), "damage at {at}");
            }
        }
    }

    #[test]
    fn state_of_another_format_is_refused_with_both_numbers() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path(), sealer()).expect("opened");
        let transaction = store.database.begin_write().expect("begun");
        {
            let mut sealed = sealer().seal(META_KEY.as_bytes(), b"meta");
            sealed[0] = 9;
            transaction.open_table(META).expect("opened").insert(META_KEY, sealed.as_slice()).expect("inserted");
        }
        transaction.commit().expect("committed");
        let error = store.load().expect_err("refused").to_string();
        assert!(error.contains(&format!("the metadata is of format 9, this program reads format {}", seal::FORMAT)), "{error}");
    }
}
