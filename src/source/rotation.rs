//! The names that rotation gives to a file: numbers, dates, `.old`, and what packing adds.

use std::collections::BTreeSet;
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

/// The numbers of a name beyond what it shares with the name of which rotation made it.
pub struct Numbers {
    of: Vec<u64>,
    /// A number has zeros before it, or is as long as a date.
    counts_up: bool,
}

/// Numbers up to this long count rotations; what is longer is a time.
const LONGEST_COUNT: usize = 5;

impl Numbers {
    /// Those of a name.
    pub fn of(name: &str, base: &str) -> Numbers {
        let name = PACKED.iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(name);
        let shared = name.char_indices().zip(base.chars()).find(|((_, c), of_base)| c != of_base);
        let shared = shared.map_or(name.len().min(base.len()), |((at, _), _)| at);
        let behind = name.get(shared..).unwrap_or_default();
        let digits = behind.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
        let is_time = |digits: &str| digits.len() > LONGEST_COUNT || digits.len() > 1 && digits.starts_with('0');
        // What is too long for a number comes after all others.
        let of = digits.clone().map(|digits| digits.parse().unwrap_or(u64::MAX)).collect();
        Numbers { of, counts_up: digits.into_iter().any(is_time) }
    }

    /// The place of a file among those of the same time: the older before the newer.
    pub fn place(&self, counts_up: bool) -> Vec<u64> {
        if counts_up { self.of.clone() } else { vec![u64::MAX - self.of.last().copied().unwrap_or_default()] }
    }
}

/// Whether of files that rotation made of one the newer has the higher number. Dates and numbers with zeros before them do so; of others
/// it is seen in files that were not written at the same time, and where there are none, the number is that of `logrotate`, which grows
/// with age. `files`: numbers, and when each was last written.
pub fn counts_up<T: Ord>(files: &mut [(T, &Numbers)]) -> bool {
    if files.iter().any(|(_, numbers)| numbers.counts_up) {
        return true;
    }
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    let steps = files.windows(2).filter(|pair| pair[0].0 < pair[1].0);
    let up = steps.map(|pair| pair[1].1.of.last().cmp(&pair[0].1.of.last()) as i64).sum::<i64>();
    up > 0
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
        assert!(differ_in_numbers("app-1.log", "app-20.log") && !differ_in_numbers("app-1.log", "web-2.log"));
    }

    /// Names in the order in which they were written, told by nothing but the names.
    fn in_order(base: &str, names: &[&str]) -> bool {
        let numbers: Vec<Numbers> = names.iter().map(|name| Numbers::of(name, base)).collect();
        let up = counts_up(&mut numbers.iter().map(|numbers| (0, numbers)).collect::<Vec<_>>());
        numbers.iter().map(|numbers| numbers.place(up)).is_sorted_by(|one, other| one < other)
    }

    #[test]
    fn files_of_the_same_time_are_in_the_order_of_their_numbers() {
        for (base, names) in [
            ("a.log", ["a.log.10.gz", "a.log.2.gz", "a.log.1"]),
            ("app01.log", ["app01.log.10", "app01.log.9", "app01.log.0"]),
            ("a.log", ["a.log-0009.gz", "a.log-0010", "a.log-0011"]),
            ("a.log", ["a.log-20260228.gz", "a.log-20260301", "a.log-20260302"]),
            ("a.log", ["a-2026-03-02.9.log", "a-2026-03-02.10.log", "a-2026-03-03.1.log"]),
            ("a.log", ["a.log-20260302-094500", "a.log-20260302-101500", "a.log-20260303-010000.zst"]),
        ] {
            assert!(in_order(base, &names), "{names:?}");
        }
    }

    #[test]
    fn which_way_numbers_count_is_seen_in_files_of_other_times() {
        let up = |files: &[(u64, &str)]| {
            let numbers: Vec<Numbers> = files.iter().map(|(_, name)| Numbers::of(name, "a.log")).collect();
            counts_up(&mut files.iter().zip(&numbers).map(|((at, _), numbers)| (*at, numbers)).collect::<Vec<_>>())
        };
        assert!(up(&[(1, "a-1.log"), (2, "a-2.log"), (2, "a-3.log"), (4, "a-4.log.gz")]));
        assert!(!up(&[(9, "a.log.1"), (3, "a.log.2"), (3, "a.log.3"), (1, "a.log.4.gz")]));
        assert!(!up(&[(3, "a.log.1"), (3, "a.log.2")]));
        assert!(!up(&[]));
    }
}
