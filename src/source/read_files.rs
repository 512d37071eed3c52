//! What was read of which content, as it is saved with the state: also of files that are finished, missing, or were only replayed.

use crate::source::content::Content;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Contents that are remembered of one source beside those that are there; past that those that were finished first are forgotten.
const MOST: usize = 512;

/// What is expected of a content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Standing {
    /// More may come, and is looked for until it is found.
    Open,
    /// It is there, read to its end, and not held open; it is looked at whenever it changes.
    Resting,
    /// It was read to its end. Where it is seen to go on, so does reading.
    Finished,
    /// It was there before the source was followed, and is not to be read.
    Passed,
}

/// What was read of one content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReadFile {
    /// Where it was seen last.
    pub path: PathBuf,
    /// Under which path it was written: rotation gave it others. Evidence cites it by this name.
    pub base: PathBuf,
    /// What it is known by.
    pub content: Content,
    /// Next byte.
    pub offset: u64,
    /// Number of the line that begins there.
    pub line: u64,
    /// What is expected of it.
    pub standing: Standing,
    /// It was read to its end, and had not been written for long.
    pub quiet: bool,
}

/// What was read of one source.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReadFiles {
    /// Name of the source; `None` of files that were replayed and belong to none: whoever meets their content has read it.
    pub source: Option<String>,
    /// Directories that were looked at before: what is new there is new.
    pub directories: BTreeSet<PathBuf>,
    /// Contents, those that were finished first before others.
    pub contents: Vec<ReadFile>,
}

impl ReadFile {
    /// The file's name as evidence cites it.
    pub fn name(&self) -> String {
        file_name(&self.base)
    }
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

impl ReadFiles {
    /// What was read of a source before.
    pub fn of(all: &[ReadFiles], source: Option<&str>) -> ReadFiles {
        let found = all.iter().find(|files| files.source.as_deref() == source);
        found.cloned().unwrap_or_else(|| ReadFiles { source: source.map(str::to_owned), ..ReadFiles::default() })
    }

    /// Puts what was read of a source in the place of what was known.
    pub fn put(self, all: &mut Vec<ReadFiles>) {
        all.retain(|files| files.source != self.source);
        all.push(self);
    }

    /// Forgets what is too much, and never what is there: it would be read again.
    pub fn bound(&mut self, is_there: impl Fn(&ReadFile) -> bool) {
        let absent = self.contents.iter().filter(|file| !is_there(file)).count();
        let mut surplus = absent.saturating_sub(MOST);
        for of in [Standing::Finished, Standing::Open] {
            self.contents.retain(|file| {
                let forgotten = surplus > 0 && (file.standing == Standing::Open) == (of == Standing::Open) && !is_there(file);
                surplus -= usize::from(forgotten);
                !forgotten
            });
            // What is looked for has as much room again.
            surplus = surplus.saturating_sub(MOST);
        }
        while self.directories.len() > 2 * MOST {
            self.directories.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_finished_first_is_forgotten_first_and_what_is_open_last() {
        let file = |n: usize, standing| ReadFile {
            path: PathBuf::from(n.to_string()),
            base: PathBuf::from("a.log"),
            content: Content::default(),
            offset: 1,
            line: 2,
            standing,
            quiet: false,
        };
        let contents = (0..MOST + 10).map(|n| file(n, if n < 5 { Standing::Open } else { Standing::Finished })).collect();
        let mut files = ReadFiles { contents, ..ReadFiles::default() };
        files.bound(|_| true);
        assert_eq!(files.contents.len(), MOST + 10, "they are there");
        files.bound(|_| false);
        assert_eq!(files.contents.len(), MOST);
        assert!(files.contents[..5].iter().all(|file| file.standing == Standing::Open) && files.contents[5].path == Path::new("15"));
    }
}
