//! A file of lines that is rotated by size and by day, synced, and whose torn end is repaired. A line that was written before a crash is not
//! written again after it.

use crate::model::time::{Day, Timestamp};
use crate::notify::SendError;
use crate::private_file;
use crate::sink::append::Appender;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// When a file is rotated, and how many are kept.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The file that is written to.
    pub path: PathBuf,
    /// It is rotated before it outgrows so many bytes.
    pub max_bytes: u64,
    /// It is rotated when a day of UTC has ended.
    pub daily: bool,
    /// Rotated files that are kept; 0: all.
    pub keep: usize,
}

/// The file.
pub struct Rotated {
    rotation: Rotation,
    open: Option<Open>,
}

struct Open {
    file: Appender,
    bytes: u64,
    day: Day,
    /// Of the lines at its end, by what they are known.
    known: BTreeSet<String>,
}

/// Bytes of the end of a file in which repeats are looked for: a batch is smaller.
const TAIL: u64 = 512 * 1024;

impl Rotated {
    /// A file that is opened when it is first written to.
    pub fn new(rotation: Rotation) -> Rotated {
        Rotated { rotation, open: None }
    }

    /// Appends lines, each by what it is known, and waits until they are on disk. `key` reads that from a line which is there.
    pub fn append(&mut self, lines: &[(String, String)], now: Timestamp, key: fn(&str) -> Option<String>) -> Result<(), SendError> {
        let path = self.rotation.path.clone();
        self.write(lines, now, key).map_err(|error| {
            self.open = None;
            SendError::transient(format!("{}: {error}", path.display()))
        })
    }

    /// Whether it could be written to.
    pub fn connect(&mut self, now: Timestamp) -> Result<String, SendError> {
        self.append(&[], now, |_| None)?;
        Ok("it can be written".to_owned())
    }

    fn write(&mut self, lines: &[(String, String)], now: Timestamp, key: fn(&str) -> Option<String>) -> io::Result<()> {
        if self.open.is_none() {
            self.open = Some(Open::new(&self.rotation.path, now, key)?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let text: String = lines.iter().filter(|(id, _)| !open.known.contains(id)).map(|(_, line)| format!("{line}\n")).collect();
        if text.is_empty() {
            return Ok(());
        }
        let is_full = open.bytes > 0 && open.bytes + text.len() as u64 > self.rotation.max_bytes;
        let is_old = self.rotation.daily && open.bytes > 0 && open.day < now.utc_day();
        if is_full || is_old {
            self.open = None;
            self.rotate(now)?;
            return self.write(lines, now, key);
        }
        open.file.append(text.as_bytes())?;
        open.bytes += text.len() as u64;
        // Only what a crash could repeat matters, and that was read when it was opened.
        open.known.clear();
        Ok(())
    }

    /// Renames the file by the time of its end, and removes the oldest.
    fn rotate(&self, now: Timestamp) -> io::Result<()> {
        let path = &self.rotation.path;
        let stamp: String = now.to_string().chars().filter(char::is_ascii_digit).take(14).collect();
        let target = (0..1_000).map(|nth| rotated_name(path, &stamp, nth)).find(|target| !target.exists());
        let target = target.ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))?;
        fs::rename(path, target)?;
        if self.rotation.keep > 0 {
            let mut old = rotated_files(path)?;
            old.sort();
            let surplus = old.len().saturating_sub(self.rotation.keep);
            for file in &old[..surplus] {
                fs::remove_file(file)?;
            }
        }
        Ok(())
    }
}

impl Open {
    fn new(path: &Path, now: Timestamp, key: fn(&str) -> Option<String>) -> io::Result<Open> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_file::folder(folder)?;
        }
        // Repairs its end first.
        let mut file = Appender::open(path)?;
        file.append(b"")?;
        let (bytes, day, known) = match fs::File::open(path) {
            Ok(mut there) => {
                let about = there.metadata()?;
                let changed = about.modified()?.duration_since(std::time::UNIX_EPOCH).map_or(now.0, |since| since.as_millis() as i64);
                let known = if about.is_file() { tail(&mut there, about.len(), key)? } else { BTreeSet::new() };
                (about.len(), Timestamp(changed).utc_day(), known)
            }
            Err(error) => return Err(error),
        };
        Ok(Open { file, bytes, day: if bytes == 0 { now.utc_day() } else { day }, known })
    }
}

fn tail(file: &mut fs::File, length: u64, key: fn(&str) -> Option<String>) -> io::Result<BTreeSet<String>> {
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut text = Vec::new();
    file.take(TAIL).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).lines().filter_map(key).collect())
}

fn rotated_name(path: &Path, stamp: &str, nth: u32) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (stem, ending) = name.rsplit_once('.').map_or((name.as_ref(), String::new()), |(stem, ending)| (stem, format!(".{ending}")));
    path.with_file_name(format!("{stem}-{stamp}-{nth:03}{ending}"))
}

fn rotated_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (stem, ending) = name.rsplit_once('.').map_or((name.as_str(), String::new()), |(stem, ending)| (stem, format!(".{ending}")));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_ours = |name: &str| {
        let middle = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.strip_suffix(&ending));
        middle.is_some_and(|middle| middle.len() == 18 && middle.chars().all(|c| c.is_ascii_digit() || c == '-'))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_ours) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::DAY_MS;

    fn key(line: &str) -> Option<String> {
        serde_json::from_str::<serde_json::Value>(line).ok()?["id"].as_str().map(str::to_owned)
    }

    fn line(id: &str) -> (String, String) {
        (id.to_owned(), format!("{{\"id\":\"{id}\"}}"))
    }

    fn rotation(path: &Path) -> Rotation {
        Rotation { path: path.to_owned(), max_bytes: 1_000, daily: true, keep: 2 }
    }

    #[test]
    fn a_line_that_was_written_before_a_crash_is_not_written_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("told/cases.jsonl");
        let now = Timestamp(1_772_442_845_000);
        Rotated::new(rotation(&path)).append(&[line("a"), line("b")], now, key).expect("written");
        // Torn by a crash.
        let mut torn = fs::read(&path).expect("read");
        torn.extend_from_slice(b"{\"id\":\"c");
        fs::write(&path, torn).expect("written");
        Rotated::new(rotation(&path)).append(&[line("b"), line("c")], now, key).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n");
    }

    #[test]
    fn it_is_rotated_by_size_and_by_day_and_the_oldest_go() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("cases.jsonl");
        fs::write(dir.path().join("cases-notes.jsonl"), "mine").expect("written");
        let mut file = Rotated::new(rotation(&path));
        let begin = 1_772_442_845_000;
        let files = || rotated_files(&path).expect("listed").len();
        for n in 0..100 {
            file.append(&[line(&format!("{n:030}"))], Timestamp(begin + n), key).expect("written");
        }
        assert!(fs::metadata(&path).expect("there").len() <= 1_000 && files() == 2);
        let mut another = Rotated::new(rotation(&dir.path().join("days.jsonl")));
        another.append(&[line("today")], Timestamp(begin), key).expect("written");
        another.append(&[line("tomorrow")], Timestamp(begin + DAY_MS), key).expect("written");
        assert_eq!(fs::read_to_string(dir.path().join("days.jsonl")).expect("read"), "{\"id\":\"tomorrow\"}\n");
        assert_eq!(fs::read_to_string(dir.path().join("cases-notes.jsonl")).expect("there"), "mine");
    }
}
