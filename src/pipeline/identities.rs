//! Identities behind pseudonyms, found again at the source: the lines that the evidence cites are read once more, and whatever in them has one
//! of the wanted pseudonyms under the key is the identity. Nobody without the key and the log finds anything, and nothing is kept.
//!
//! A line is taken apart by quotes and by the characters that ids are made of, whatever its format; a pseudonym of 64 bits that fits is the
//! proof. Files are looked for under the name that the evidence has and under those that rotation gives. Topics are not read again.

use crate::model::keys::Keys;
use crate::source::files;
use crate::source::piece::{Piece, Run};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A record may go on over so many lines.
const LINES: u64 = 32;
/// Files of one name that are looked at.
const MOST_FILES: usize = 64;
/// Characters of an id at the most.
const LONGEST_ID: usize = 256;

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Identified {
    /// What stands behind a pseudonym, as the log writes it.
    pub identities: BTreeMap<String, BTreeSet<String>>,
    /// How many of the places are still there.
    pub places_there: u64,
}

/// Where and how to look.
#[derive(Clone)]
pub struct Sources {
    /// Globs of files.
    pub globs: Vec<String>,
    /// The keys of pseudonyms.
    pub keys: Keys,
    /// Spaces of subjects beside the common one.
    pub spaces: Vec<String>,
}

impl Sources {
    /// Looks for pseudonyms at lines of files, by the names that evidence has of them.
    pub fn find(&self, places: &BTreeMap<String, BTreeSet<u64>>, pseudonyms: &BTreeSet<String>) -> Identified {
        let mut found = Identified::default();
        for (name, lines) in places {
            let mut there: BTreeSet<u64> = BTreeSet::new();
            for file in self.files(name) {
                // One that cannot be read has nothing to show: how many places were there is told.
                self.read(&file, lines, pseudonyms, &mut found.identities, &mut there);
                if there.len() == lines.len() {
                    break;
                }
            }
            found.places_there += there.len() as u64;
        }
        found
    }

    /// Files of that name, and those that were moved aside from it; the name itself first.
    fn files(&self, name: &str) -> Vec<PathBuf> {
        let folders = self.globs.iter().filter_map(|pattern| glob::glob(pattern).ok()).flat_map(Iterator::flatten);
        let mut folders: BTreeSet<PathBuf> = folders.filter_map(|path| path.parent().map(Path::to_owned)).collect();
        folders.extend(
            self.globs
                .iter()
                .filter(|pattern| !pattern.contains(['*', '?', '[']))
                .filter_map(|path| Path::new(path).parent().map(Path::to_owned)),
        );
        let mut files = BTreeSet::new();
        for folder in folders {
            let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let named = entries.map(|entry| entry.path()).filter_map(|path| {
                let other = path.file_name()?.to_str()?.strip_prefix(name)?;
                (other.is_empty() || other.starts_with(['.', '-', '_'])).then_some((other.len(), path.clone()))
            });
            files.extend(named);
        }
        files.into_iter().take(MOST_FILES).map(|(_, path)| path).collect()
    }

    fn read(
        &self,
        file: &Path,
        lines: &BTreeSet<u64>,
        pseudonyms: &BTreeSet<String>,
        identities: &mut BTreeMap<String, BTreeSet<String>>,
        there: &mut BTreeSet<u64>,
    ) {
        let Some(last) = lines.last().map(|last| last + LINES) else { return };
        let Ok(mut input) = files::open_path(file, &self.keys) else { return };
        while let Ok(Some(piece)) = input.next_block() {
            let Piece::Block(block) = &piece else { continue };
            for run in block.runs() {
                let Run::Line(number, bytes) = run else { continue };
                if number > last {
                    return;
                }
                if lines.range(number.saturating_sub(LINES - 1)..=number).next().is_none() {
                    continue;
                }
                let mut fits = false;
                self.ids(&String::from_utf8_lossy(bytes), &mut |pseudonym, id| {
                    if pseudonyms.contains(&pseudonym) {
                        identities.entry(pseudonym).or_default().insert(id.to_owned());
                        fits = true;
                    }
                });
                if fits {
                    // The record that it belongs to: the nearest cited line at or before it.
                    there.extend(lines.range(..=number).next_back());
                }
            }
        }
    }

    /// Everything in a line that may be an id, with its pseudonym in each space.
    fn ids(&self, line: &str, each: &mut dyn FnMut(String, &str)) {
        let mut seen = BTreeSet::new();
        let words = line.split(|c: char| !(c.is_alphanumeric() || "-_.@:/+*".contains(c)));
        let plain = line.split(|c: char| !c.is_alphanumeric());
        let quoted = ['"', '\''].into_iter().flat_map(|quote| line.split(quote));
        for text in words.chain(plain).chain(quoted) {
            let text = text.trim();
            if text.is_empty() || text.len() > LONGEST_ID || !seen.insert(text) {
                continue;
            }
            for space in std::iter::once("").chain(self.spaces.iter().map(String::as_str)) {
                each(self.keys.published(self.keys.subject(space, text)), text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(dir: &Path) -> Sources {
        Sources {
            globs: vec![format!("{}/crm*.log", dir.display())],
            keys: Keys::from_secret(b"a secret"),
            spaces: vec!["policy".to_owned()],
        }
    }

    #[test]
    fn who_was_seen_is_found_at_the_lines_that_are_cited_whatever_the_format_and_the_name_of_the_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let text =
            "{\"subjects\":[\"C-1001\"]}\n2026-03-02 li LOG: statement: select * from c where id = 'C-1002'\n{\"subjects\":[\"C-1003\"]}\n";
        std::fs::write(dir.path().join("crm.log.1"), text).expect("written");
        std::fs::write(dir.path().join("crm.log"), "nothing of the kind\n").expect("written");
        let of = sources(dir.path());
        let name = |space: &str, id: &str| of.keys.published(of.keys.subject(space, id));
        let places = BTreeMap::from([("crm.log".to_owned(), BTreeSet::from([1, 2]))]);
        let wanted = BTreeSet::from([name("", "C-1001"), name("policy", "C-1002"), name("", "C-9999")]);
        let found = of.find(&places, &wanted);
        let ids: Vec<&str> = found.identities.values().flatten().map(String::as_str).collect();
        assert_eq!((ids.len(), found.places_there), (2, 2), "{ids:?}");
        assert_eq!(found.identities[&name("policy", "C-1002")], BTreeSet::from(["C-1002".to_owned()]));
        // Another key finds nobody, and what is gone is gone.
        let other = Sources { keys: Keys::from_secret(b"another"), ..of.clone() };
        assert_eq!(other.find(&places, &wanted), Identified::default());
        std::fs::remove_file(dir.path().join("crm.log.1")).expect("gone");
        assert_eq!(of.find(&places, &wanted), Identified::default());
    }
}
