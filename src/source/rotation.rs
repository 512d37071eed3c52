//! The names that rotation gives to a file: numbers, dates, `.old`, and what packing adds.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Words in what is put behind a name.
const WORDS: &[&str] = &["old", "bak", "prev", "previous", "last", "rotated", "gz", "gzip", "zst", "zstd", "bz2", "xz", "lz4", "zip"];

/// What separates them.
const BETWEEN: &[char] = &['.', '-', '_', ':', '~', '@', '+'];

/// Names of packed files.
const PACKED: &[&str] = &[".gz", ".zst", ".bz2", ".xz", ".lz4", ".zip"];

/// All files whose name is that of a file with something behind it, in the same directory.
pub fn successors(path: &Path) -> Vec<PathBuf> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else { return Vec::new() };
    let entries = fs::read_dir(directory_of(directory)).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let mut found: Vec<PathBuf> = entries
        .into_iter()
        .filter(|entry| entry.file_name().to_str().is_some_and(|other| other.len() > name.len() && other.starts_with(name)))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// A directory as it can be read: nothing is the current one.
pub fn directory_of(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() { Path::new(".") } else { directory }
}

/// The name of which this one is what rotation makes, among those that are known. `behind`: only what is put behind a name.
pub fn base<'a>(name: &str, known: &'a BTreeSet<String>, behind: bool) -> Option<&'a String> {
    let found = name.char_indices().rev().filter(|(_, c)| BETWEEN.contains(c)).find_map(|(at, _)| {
        let (base, rest) = name.split_at(at);
        known.get(base).filter(|_| is_rotation(rest))
    });
    if behind { found } else { found.or_else(|| dated(name, known)) }
}

/// `access-20260302.log` and `access.1.log.gz` of `access.log`.
fn dated<'a>(name: &str, known: &'a BTreeSet<String>) -> Option<&'a String> {
    let name = PACKED.iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(name);
    let (stem, extension) = name.rsplit_once('.')?;
    stem.char_indices().filter(|(at, c)| *at > 0 && BETWEEN.contains(c)).find_map(|(at, _)| {
        let (stem, middle) = stem.split_at(at);
        let is_dated = is_rotation(middle) && middle.bytes().any(|byte| byte.is_ascii_digit());
        known.get(&format!("{stem}.{extension}")).filter(|_| is_dated)
    })
}

fn is_rotation(rest: &str) -> bool {
    let is_time = |part: &str| {
        part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'T' | b'Z' | b't' | b'z'))
    };
    rest.split(BETWEEN).all(|part| part.is_empty() || is_time(part) || WORDS.contains(&part.to_ascii_lowercase().as_str()))
}

/// The number behind a name, by which of two files of the same time the older has the higher.
pub fn generation(name: &OsStr) -> u64 {
    let name = name.to_string_lossy();
    let name = PACKED.iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    name.rsplit(BETWEEN).next().and_then(|last| last.parse().ok()).filter(|number| *number < 100_000).unwrap_or(0)
}

/// Whether two names differ in numbers only: what a symbolic link points to one day and the next.
pub fn differ_in_numbers(one: &str, other: &str) -> bool {
    let shape = |name: &str| {
        let mut shape = String::new();
        for c in name.chars() {
            let c = if c.is_ascii_digit() { '0' } else { c };
            if c != '0' || !shape.ends_with('0') {
                shape.push(c);
            }
        }
        shape
    };
    one != other && shape(one) == shape(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rotation_are_known_and_others_are_not() {
        let known: BTreeSet<String> = ["access.log", "audit"].map(str::to_owned).into();
        let names = [
            "access.log.1",
            "access.log.2.gz",
            "access.log-20260302",
            "access.log.2026-03-02",
            "access.log-20260302-1772445600.zst",
            "access.log.old",
            "access.log.2026-03-02T10:00:00Z",
            "access-20260302.log",
            "access-2026-03-02T10-00-00.000.log.gz",
            "access.1.log",
            "audit.1",
        ];
        for name in names {
            assert!(base(name, &known, false).is_some(), "{name}");
        }
        for name in
            ["access.log", "access.log.swp", "access.log.pos", "access-control.log", "access.logs", "audit2", "crm.log.1", "xaccess.log.1"]
        {
            assert_eq!(base(name, &known, false), None, "{name}");
        }
        assert_eq!(base("access-20260302.log", &known, true), None);
        assert!(generation(OsStr::new("a.log.12.gz")) == 12 && generation(OsStr::new("a.log-20260302")) == 0);
        assert!(differ_in_numbers("app-1.log", "app-20.log") && !differ_in_numbers("app-1.log", "web-2.log"));
    }
}
