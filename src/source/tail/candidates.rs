//! Which files may hold what a source wrote: those of its pattern, and what rotation made of them.

use super::followed::{Identity, identity};
use crate::source::rotation::{Numbers, base, counts_up, differ_in_numbers, directory_of, successors};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file that is there.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Where; of a symbolic link, where it points to.
    pub path: PathBuf,
    /// Of which file of the source it is, or was made by rotation.
    pub base: PathBuf,
    /// Whether the pattern names it.
    pub in_pattern: bool,
    /// Whether its name is one that rotation gives: what it holds and nobody has read is the source's.
    pub is_successor: bool,
    pub identity: Identity,
    pub length: u64,
    pub modified: SystemTime,
}

/// What is there.
#[derive(Default)]
pub(super) struct Listing {
    /// Each file once, the older before the newer.
    pub found: Vec<Candidate>,
    /// What could not be looked at, and why.
    pub troubles: Vec<String>,
    identities: BTreeSet<Identity>,
}

/// Looks for the files of a pattern, and for what rotation made of them and of others that were followed.
pub(super) fn list(pattern: &str, bases: &BTreeSet<PathBuf>) -> Listing {
    let mut listing = Listing::default();
    let named = named(pattern, &mut listing.troubles);
    // Names by directory. What rotation made of another file that the pattern names is none of its own.
    let mut names: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for path in named.iter().chain(bases) {
        if let (Some(directory), Some(name)) = (path.parent(), name_of(path)) {
            names.entry(directory.to_owned()).or_default().insert(name.to_owned());
        }
    }
    let base_of = |path: &Path, behind: bool| -> Option<PathBuf> {
        let mut found: Option<PathBuf> = None;
        loop {
            let of = found.as_deref().unwrap_or(path);
            match base(name_of(of)?, names.get(of.parent()?)?, behind) {
                Some(name) => found = Some(of.with_file_name(name)),
                None => return found,
            }
        }
    };
    for path in &named {
        let own = base_of(path, true).unwrap_or_else(|| path.clone());
        listing.look(path, own, (true, true));
    }
    for directory in names.keys() {
        let entries = match fs::read_dir(directory_of(directory)) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    listing.troubles.push(format!("{}: {error}", directory.display()));
                }
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = directory.join(entry.file_name());
            if !named.contains(&path)
                && let Some(base) = base_of(&path, false)
            {
                listing.look(&path, base, (false, true));
            }
        }
    }
    for path in named.iter().filter(|path| fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink())) {
        listing.look_behind(path);
    }
    listing.order();
    listing
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}

/// The files of a pattern.
fn named(pattern: &str, troubles: &mut Vec<String>) -> BTreeSet<PathBuf> {
    let mut paths = BTreeSet::new();
    // A path is looked at as it stands, so that it is known why there is nothing.
    if !pattern.contains(['*', '?', '[']) {
        paths.insert(PathBuf::from(pattern));
        return paths;
    }
    for found in glob::glob(pattern).into_iter().flatten() {
        match found {
            Ok(path) => {
                paths.insert(path);
            }
            Err(error) => troubles.push(format!("{}: {}", error.path().display(), error.error())),
        }
    }
    paths
}

impl Listing {
    /// Looks for something of a base where it was seen last, and under any name that begins like it.
    pub(super) fn look_for(&mut self, base: &Path, last: &Path) {
        for path in [last.to_owned()].into_iter().chain(successors(base)).chain(successors(last)) {
            self.look(&path, base.to_owned(), (false, false));
        }
    }

    /// The older before the newer. Of those that were last written at the same time the name tells: clocks of file systems tick in
    /// milliseconds or seconds, and copies often bear the time of the copy.
    fn order(&mut self) {
        let numbers = |file: &Candidate| Numbers::of(name_of(&file.path).unwrap_or_default(), name_of(&file.base).unwrap_or_default());
        let numbers: Vec<Numbers> = self.found.iter().map(numbers).collect();
        let mut families: BTreeMap<&Path, Vec<(SystemTime, &Numbers)>> = BTreeMap::new();
        for (file, numbers) in self.found.iter().zip(&numbers).filter(|(file, _)| file.path != file.base) {
            families.entry(&file.base).or_default().push((file.modified, numbers));
        }
        let ways: BTreeMap<PathBuf, bool> =
            families.into_iter().map(|(base, mut files)| (base.to_owned(), counts_up(&mut files))).collect();
        let place = |file: &Candidate, numbers: Numbers| numbers.place(ways.get(&file.base).copied().unwrap_or_default());
        let mut keyed: Vec<_> = std::mem::take(&mut self.found)
            .into_iter()
            .zip(numbers)
            .map(|(file, numbers)| ((file.path == file.base, file.modified, place(&file, numbers), file.path.clone()), file))
            .collect();
        keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.found = keyed.into_iter().map(|(_, file)| file).collect();
    }

    fn look(&mut self, path: &Path, base: PathBuf, (in_pattern, is_successor): (bool, bool)) {
        match fs::metadata(path) {
            Ok(about) if about.is_file() => self.add(path, &about, base, (in_pattern, is_successor)),
            Ok(_) => {}
            Err(error) => {
                // A link without a target, or a file that has just been moved.
                if error.kind() != io::ErrorKind::NotFound && error.kind() != io::ErrorKind::NotADirectory {
                    self.troubles.push(format!("{}: {error}", path.display()));
                }
            }
        }
    }

    fn add(&mut self, path: &Path, about: &Metadata, base: PathBuf, (in_pattern, is_successor): (bool, bool)) {
        let identity = identity(about);
        // Two names of one file are one.
        if !self.identities.insert(identity) {
            return;
        }
        let is_link = fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink());
        let target = if is_link { fs::canonicalize(path).ok() } else { None };
        let modified = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let path = target.unwrap_or_else(|| path.to_owned());
        self.found.push(Candidate { path, base, in_pattern, is_successor, identity, length: about.len(), modified });
    }

    /// Files that a symbolic link may have pointed to before: those beside its target that differ from it in numbers, and what rotation
    /// made of any.
    fn look_behind(&mut self, link: &Path) {
        let Ok(target) = fs::canonicalize(link) else { return };
        let (Some(directory), Some(name)) = (target.parent(), name_of(&target)) else { return };
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let others: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let alike = others.iter().filter(|other| *other == name || differ_in_numbers(name, other));
        let targets: BTreeSet<String> = alike.cloned().collect();
        for other in others.iter().filter(|other| targets.contains(*other) || base(other, &targets, false).is_some()) {
            self.look(&directory.join(other), link.to_owned(), (false, true));
        }
    }
}
