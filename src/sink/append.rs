//! A file of lines that is only appended to, and holds whole lines whatever happens to the process.

use crate::private_file::{self, Readers};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file.
pub struct Appender {
    path: PathBuf,
    /// Whether another process may be writing to it at the same time.
    shared: bool,
    open: Option<Open>,
}

struct Open {
    file: File,
    /// Device and inode: tells whether the path still leads here (log rotation renames files).
    identity: (u64, u64),
    /// Pipes and devices can be neither synced nor repaired.
    regular: bool,
    /// What stands at its end may be somebody else's.
    shared: bool,
}

impl Appender {
    /// Opens or creates the file and its directories, and removes or completes a line torn by a crash.
    pub fn open(path: &Path) -> io::Result<Appender> {
        Appender::with(path, false)
    }

    /// The same for a file that a running service may be writing to: then nothing is removed or completed.
    pub fn open_shared(path: &Path) -> io::Result<Appender> {
        Appender::with(path, true)
    }

    fn with(path: &Path, shared: bool) -> io::Result<Appender> {
        let open = Open::new(path, shared)?;
        Ok(Appender { path: path.to_owned(), shared, open: Some(open) })
    }

    /// Appends whole lines and waits until they are on disk. After an error none of them is in the file, or the next call
    /// repairs what is left of them.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut open = match self.open.take() {
            Some(open) if open.is_still_at(&self.path) => open,
            // It was rotated away, or the last write failed.
            _ => Open::new(&self.path, self.shared)?,
        };
        open.append(lines)?;
        self.open = Some(open);
        Ok(())
    }
}

impl Open {
    fn new(path: &Path, shared: bool) -> io::Result<Open> {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            private_file::folder(directory)?;
        }
        // Alerts name people: readable by the owner and the group alone.
        let mut file = private_file::append(path, Readers::Group)?;
        let about = file.metadata()?;
        let regular = about.is_file();
        if regular {
            match lock(&file) {
                Err(error) if shared && error.kind() == io::ErrorKind::WouldBlock => {}
                locked => locked.and_then(|()| repair(&mut file))?,
            }
            if shared {
                file.unlock()?;
            }
        }
        Ok(Open { file, identity: (about.dev(), about.ino()), regular, shared })
    }

    fn is_still_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|about| (about.dev(), about.ino()) == self.identity)
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if !self.regular {
            self.file.write_all(lines)?;
            return self.file.flush();
        }
        let before = self.file.metadata()?.len();
        let written = self.file.write_all(lines).and_then(|()| self.file.sync_data());
        if written.is_err() && !self.shared {
            // A half line must not wait for the retry: somebody may be reading. If this fails too, opening anew repairs it.
            let _ = self.file.set_len(before);
        }
        written
    }
}

/// Two writers would repair each other's lines away.
fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(fs::TryLockError::WouldBlock) => Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is writing to it")),
        // File systems without locks.
        Err(fs::TryLockError::Error(_)) => Ok(()),
    }
}

/// Makes the file end with a line end: completes a last line that is whole, cuts off one that is torn.
fn repair(file: &mut File) -> io::Result<()> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = last_line_start(file, length)?;
    if start == length {
        return Ok(());
    }
    file.seek(SeekFrom::Start(start))?;
    let mut torn = Vec::new();
    file.take(length - start).read_to_end(&mut torn)?;
    if serde_json::from_slice::<serde::de::IgnoredAny>(&torn).is_ok() {
        file.write_all(b"\n")?;
    } else if torn.first() == Some(&b'{') {
        file.set_len(start)?;
    } else {
        // Rather a file of somebody else than a line of ours.
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its last line is not a JSON object: not a file of alerts?"));
    }
    file.sync_data()
}

/// Where the line without an end begins; `length` if every line has one.
fn last_line_start(file: &mut File, length: u64) -> io::Result<u64> {
    const STEP: u64 = 64 * 1024;
    let mut end = length;
    let mut chunk = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        chunk.clear();
        file.take(end - start).read_to_end(&mut chunk)?;
        if let Some(at) = memchr::memrchr(b'\n', &chunk) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended_to(before: &[u8], line: &[u8]) -> io::Result<Vec<u8>> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("deep/down/alerts.jsonl");
        if !before.is_empty() {
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(&path, before).expect("written");
        }
        Appender::open(&path)?.append(line)?;
        Ok(fs::read(&path).expect("read"))
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_a_whole_one_completed() {
        assert_eq!(appended_to(b"", b"{}\n").expect("appended"), b"{}\n");
        assert_eq!(appended_to(b"{\"a\":1}\n{\"a\":2", b"{}\n").expect("appended"), b"{\"a\":1}\n{}\n");
        assert_eq!(appended_to(b"{\"a\":1}\n{\"a\":2}", b"{}\n").expect("appended"), b"{\"a\":1}\n{\"a\":2}\n{}\n");
        let long = [b"{\"a\":1}\n{\"a\":\"".as_slice(), &[b'x'; 200_000]].concat();
        assert_eq!(appended_to(&long, b"{}\n").expect("appended"), b"{\"a\":1}\n{}\n");
    }

    #[test]
    fn a_file_of_somebody_else_is_not_touched() {
        assert!(appended_to(b"root:x:0:0", b"{}\n").is_err());
    }

    #[test]
    fn a_rotated_file_is_left_and_a_new_one_begun() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("alerts.jsonl");
        let mut appender = Appender::open(&path).expect("opened");
        appender.append(b"1\n").expect("appended");
        fs::rename(&path, dir.path().join("alerts.jsonl.1")).expect("renamed");
        appender.append(b"2\n").expect("appended");
        assert_eq!(fs::read(&path).expect("read"), b"2\n");
        assert_eq!(fs::read(dir.path().join("alerts.jsonl.1")).expect("read"), b"1\n");
    }

    #[test]
    fn a_second_writer_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("alerts.jsonl");
        let _first = Appender::open(&path).expect("opened");
        assert!(Appender::open(&path).err().expect("refused").to_string().contains("another process"));
    }
}
