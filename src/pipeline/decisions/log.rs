//! The file of decisions, as whoever lets people decide writes it: one line a decision, durably, beside others who do the same.

use crate::model::decision::Decision;
use crate::model::decision::parse::{self, Line, Taken};
use crate::model::problem::Problem;
use crate::private_file::{self, Readers};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Appends decisions to their file. Several processes may do so at once; each call opens, locks, writes, syncs and closes.
#[derive(Clone, Debug)]
pub struct DecisionLog {
    path: PathBuf,
}

/// Why a decision was not written down; the file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It is none that the service would take.
    #[error("the decision{0}")]
    Invalid(Problem),
    /// The file cannot be written.
    #[error("{path}: {error}")]
    Unwritable {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
}

impl DecisionLog {
    /// The file at a path, which is made with the first decision.
    pub fn at(path: &Path) -> DecisionLog {
        DecisionLog { path: path.to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a decision down. When this returns it is on disk, whole; whatever is no valid decision is not written. A decision that is
    /// written again, since nobody knew whether it was, changes nothing.
    pub fn append(&self, decision: &Decision) -> Result<(), LogError> {
        let line = decision.to_line();
        match parse::line(&line) {
            Ok(Line::Decision(read)) if read == *decision => {}
            // Written in the name of somebody else's bounds: the reader has the last word.
            Ok(_) => return Err(LogError::Invalid(Problem::plain(":", "must say what is written of it"))),
            Err(problem) => return Err(LogError::Invalid(problem)),
        }
        self.append_line(&line)
    }

    /// Writes down from when on a decision that came late is in force.
    pub fn append_taken(&self, taken: &Taken) -> Result<(), LogError> {
        self.append_line(&taken.to_line())
    }

    fn append_line(&self, line: &str) -> Result<(), LogError> {
        self.write(line).map_err(|error| LogError::Unwritable { path: self.path.display().to_string(), error })
    }

    fn write(&self, line: &str) -> io::Result<()> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_file::folder(folder)?;
        }
        let mut file = private_file::append(&self.path, Readers::Group)?;
        // Held for one line; where there are no locks, a line is one write behind what is there.
        match file.lock() {
            Err(error) if error.kind() != io::ErrorKind::Unsupported => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut bytes = Vec::with_capacity(line.len() + 2);
        if !ends_with_a_line(&mut file)? {
            // Somebody died in the middle of a line: what they began is no decision, and ours must not be lost in it.
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        file.write_all(&bytes)?;
        file.sync_all()
    }
}

fn ends_with_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decision::DecisionKind;
    use crate::model::time::Timestamp;

    fn end(id: &str) -> Decision {
        let what = DecisionKind::End { of: "D-0".to_owned() };
        Decision { id: id.to_owned(), at: Timestamp(1_772_445_600_000), by: "li".to_owned(), what }
    }

    #[test]
    fn whole_lines_stand_in_the_file_whoever_writes_and_dies_beside() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("decisions").join("decisions.jsonl");
        let log = DecisionLog::at(&path);
        log.append(&end("D-1")).expect("is written");
        std::fs::OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(b"{\"id\":\"D-")).expect("torn");
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let log = log.clone();
                std::thread::spawn(move || (0..20).for_each(|n| log.append(&end(&format!("W-{writer}-{n}"))).expect("is written")))
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().expect("no panic"));
        log.append_taken(&Taken { of: "D-1".to_owned(), from: Timestamp(1_772_445_600_000) }).expect("is written");
        let text = std::fs::read_to_string(&path).expect("is there");
        let (good, bad): (Vec<_>, Vec<_>) = text.lines().partition(|text| parse::line(text).is_ok());
        assert_eq!((good.len(), bad), (82, vec!["{\"id\":\"D-"]));
    }

    #[test]
    fn what_would_be_refused_is_not_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = DecisionLog::at(&dir.path().join("decisions.jsonl"));
        let error = log.append(&end("no id")).expect_err("is refused").to_string();
        assert!(error.contains(": id must be of 1 to 64"), "{error}");
        assert!(!log.path().exists());
    }
}
