//! What is being decoded, kept where it outlives the process: a record whose decoding ends the process (out of memory, out of stack) or
//! exceeds its budget of time is found by it after the restart, set aside, and never decoded again.
//!
//! Before some records are decoded their range is written over a small file, without waiting for the disk: the death of a process leaves
//! the system's cache as it is. Where a process finds such a range it decodes that range record by record, and writes down each; where it
//! finds a record, that one is set aside for good. An end that had other reasons (`kill -9`) costs one range that is decoded carefully.

use crate::model::access::{Position, RecordHash};
use crate::private_file::{self, Readers};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The reason of records that are set aside.
pub const SET_ASIDE: &str = "decoding it ended the process: it is set aside and not decoded again";

/// Messages that are covered by one range.
pub const MESSAGES: u64 = 256;

/// Seconds of running time that a range, or a record that is decoded carefully, may take before the process ends itself.
const BUDGET_SECONDS: u64 = 60;

/// Records that are remembered as set aside.
const MOST_SET_ASIDE: usize = 4_096;

/// What is being decoded, as it is written down.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Mark {
    partition: String,
    /// The range: from the first position to before the end.
    first: u64,
    end: u64,
    /// The record of it, where it is decoded record by record.
    record: Option<Record>,
    /// What decoders held back of it was being taken.
    held: bool,
}

/// Records among which is what an earlier process died of.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Suspects {
    partition: String,
    first: u64,
    end: u64,
    /// It may be one that was held back: nothing is held back of them.
    held: bool,
}

/// A record by its place and content: a file that took another's place has others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Record {
    partition: String,
    position: u64,
    hash: [u8; 32],
}

/// What is being decoded.
pub struct InWork {
    file: Option<File>,
    set_aside_file: PathBuf,
    /// The range that is marked; what lies in it needs no further mark.
    marked: Option<(String, u64, u64)>,
    /// The range that was marked last.
    last: Option<(String, u64, u64)>,
    /// What an earlier process died of lies here.
    suspects: Option<Suspects>,
    set_aside: Vec<Record>,
    /// Counts marks; even while nothing is being decoded. The watch ends the process where it stands still for too long.
    watched: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl InWork {
    /// Without a place to keep it: what ends the process is met again.
    pub fn nowhere() -> InWork {
        InWork {
            file: None,
            set_aside_file: PathBuf::new(),
            marked: None,
            last: None,
            suspects: None,
            set_aside: Vec::new(),
            watched: Arc::default(),
            stop: Arc::default(),
        }
    }

    /// Looks at what an earlier process left in the directory, and watches over what this one decodes.
    pub fn open(dir: &Path) -> io::Result<InWork> {
        let path = dir.join("in-work");
        let left = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Mark>(bytes.trim_ascii()).ok());
        let file = private_file::update(&path, Readers::Owner)?;
        let mut in_work = InWork::nowhere();
        (in_work.file, in_work.set_aside_file) = (Some(file), dir.join("set-aside.jsonl"));
        let known = std::fs::read_to_string(&in_work.set_aside_file).unwrap_or_default();
        in_work.set_aside = known.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if let Some(Mark { partition, first, end, record, held }) = left {
            // A record that was held back is taken with a later one, which was set aside in its place.
            let held = held || record.is_some();
            if let Some(record) = record {
                tracing::error!(partition = %record.partition, position = record.position, "decoding a record ended the process: it is set aside");
                in_work.keep_set_aside(record)?;
            }
            tracing::warn!(%partition, first, end, "the service ended while it decoded these records: they are decoded one by one");
            in_work.suspects = Some(Suspects { partition, first, end, held });
        }
        in_work.watch();
        Ok(in_work)
    }

    fn keep_set_aside(&mut self, record: Record) -> io::Result<()> {
        if self.set_aside.contains(&record) || self.set_aside.len() >= MOST_SET_ASIDE {
            return Ok(());
        }
        let mut file = private_file::append(&self.set_aside_file, Readers::Owner)?;
        let mut line = serde_json::to_vec(&record).map_err(io::Error::from)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_all()?;
        self.set_aside.push(record);
        Ok(())
    }

    /// Ends the process where one mark stands for longer than the budget: only so can what is being decoded be set aside.
    fn watch(&self) {
        let (watched, stop) = (self.watched.clone(), self.stop.clone());
        std::thread::spawn(move || {
            let (mut last, mut seconds) = (0, 0);
            while !stop.load(Ordering::Relaxed) {
                // Seconds of this thread, so that a process that was stopped for long does not lose time.
                std::thread::sleep(Duration::from_secs(1));
                let now = watched.load(Ordering::Relaxed);
                seconds = if now == last && now % 2 == 1 { seconds + 1 } else { 0 };
                last = now;
                if seconds > BUDGET_SECONDS {
                    tracing::error!(
                        "decoding took longer than {BUDGET_SECONDS} s: the process ends, and the record is found after its restart"
                    );
                    std::process::abort();
                }
            }
        });
    }

    /// Whether records of these positions are to be decoded one by one.
    pub fn is_careful(&self, partition: &str, first: u64, end: u64) -> bool {
        let meets = |suspects: &Suspects| suspects.partition == partition && suspects.first < end && first < suspects.end;
        let aside = |record: &Record| record.partition == partition && (first..end).contains(&record.position);
        self.suspects.as_ref().is_some_and(meets) || self.set_aside.iter().any(aside)
    }

    /// Whether a record is set aside.
    pub fn is_set_aside(&self, partition: &str, position: Position, hash: RecordHash) -> bool {
        let same = |record: &Record| record.position == position.0 && record.partition == partition && record.hash == hash.0;
        self.set_aside.iter().any(same)
    }

    /// Whether nothing is to be held back of a partition's records that are decoded one by one.
    pub fn holds_nothing_back(&self, partition: &str) -> bool {
        self.suspects.as_ref().is_some_and(|suspects| suspects.partition == partition && suspects.held)
    }

    /// This message, and perhaps those that follow it, are being decoded from now on.
    pub fn begin_message(&mut self, partition: &str, offset: u64) -> io::Result<()> {
        match self.marked.as_ref().is_some_and(|(of, first, end)| of == partition && (*first..*end).contains(&offset)) {
            true => {
                self.count();
                Ok(())
            }
            false => self.begin(partition, offset, offset + MESSAGES),
        }
    }

    /// These records are being decoded from now on.
    pub fn begin(&mut self, partition: &str, first: u64, end: u64) -> io::Result<()> {
        self.count();
        // What comes after the suspects is none.
        if self.suspects.as_ref().is_some_and(|suspects| suspects.partition == partition && first >= suspects.end) {
            self.suspects = None;
        }
        self.marked = Some((partition.to_owned(), first, end));
        self.last.clone_from(&self.marked);
        self.write(&Mark { partition: partition.to_owned(), first, end, record: None, held: false })
    }

    /// What decoders hold back is being taken: most likely of the last records.
    pub fn begin_held(&mut self) -> io::Result<()> {
        self.count();
        let Some((partition, first, end)) = self.last.clone() else { return Ok(()) };
        self.marked = None;
        self.write(&Mark { partition, first, end, record: None, held: true })
    }

    fn count(&self) {
        self.watched.fetch_add(1 + self.watched.load(Ordering::Relaxed) % 2, Ordering::Relaxed);
    }

    /// This record is being decoded by itself.
    pub fn begin_record(&mut self, partition: &str, position: Position, hash: RecordHash) -> io::Result<()> {
        let (first, end) = match &self.suspects {
            Some(suspects) if suspects.partition == partition => (suspects.first, suspects.end),
            _ => (position.0, position.0 + 1),
        };
        self.count();
        self.marked = None;
        self.last = Some((partition.to_owned(), first, end));
        let record = Record { partition: partition.to_owned(), position: position.0, hash: hash.0 };
        self.write(&Mark { partition: partition.to_owned(), first, end, record: Some(record), held: false })
    }

    /// The record, or those of the range so far, are decoded; of a range more may come.
    pub fn pause(&mut self) {
        self.watched.fetch_add(self.watched.load(Ordering::Relaxed) % 2, Ordering::Relaxed);
    }

    /// Nothing is being decoded.
    pub fn end(&mut self) -> io::Result<()> {
        self.pause();
        self.marked = None;
        match &self.file {
            // What is not JSON is no mark.
            Some(file) => file.write_all_at(b"-", 0),
            None => Ok(()),
        }
    }

    fn write(&self, mark: &Mark) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut bytes = serde_json::to_vec(mark).map_err(io::Error::from)?;
        let length = bytes.len().next_multiple_of(WIDTH);
        bytes.resize(length, b' ');
        file.write_all_at(&bytes, 0)?;
        // A shorter mark must not keep the end of a longer one.
        if file.metadata()?.len() > length as u64 { file.set_len(length as u64) } else { Ok(()) }
    }
}

/// Marks are filled up, so that hardly any has another length than the one before.
const WIDTH: usize = 512;

impl Drop for InWork {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: RecordHash = RecordHash([7; 32]);

    #[test]
    fn a_record_that_ended_the_process_twice_is_set_aside_for_good() {
        let dir = tempfile::tempdir().expect("a directory");
        let open = || InWork::open(dir.path()).expect("opens");
        let mut first = open();
        assert!(!first.is_careful("a", 0, 1_000));
        first.begin("a", 100, 200).expect("written");
        drop(first);
        let mut second = open();
        assert!(second.is_careful("a", 150, 151) && !second.is_careful("a", 200, 300) && !second.is_careful("b", 150, 151));
        second.begin_record("a", Position(149), HASH).expect("written");
        second.pause();
        second.begin_record("a", Position(150), HASH).expect("written");
        assert!(!second.is_set_aside("a", Position(150), HASH));
        drop(second);
        let mut third = open();
        assert!(third.is_set_aside("a", Position(150), HASH) && !third.is_set_aside("a", Position(149), HASH));
        assert!(!third.is_set_aside("a", Position(150), RecordHash([8; 32])), "another file has other content there");
        assert!(third.is_careful("a", 160, 161), "there may be another in the range");
        assert!(third.holds_nothing_back("a"), "and it may be one that was held back");
        third.begin("a", 200, 300).expect("written");
        third.end().expect("written");
        drop(third);
        let fourth = open();
        assert!(fourth.is_set_aside("a", Position(150), HASH) && fourth.is_careful("a", 100, 200) && !fourth.is_careful("a", 160, 170));
    }

    #[test]
    fn what_ended_well_leaves_no_mark() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut in_work = InWork::open(dir.path()).expect("opens");
        in_work.begin(&"long".repeat(500), 1, 2).expect("written");
        in_work.begin("short", 1, 2).expect("written");
        in_work.begin_message("short", 1).expect("covered");
        in_work.begin_held().expect("written");
        in_work.end().expect("written");
        assert!(InWork::open(dir.path()).expect("opens").suspects.is_none());
    }
}
