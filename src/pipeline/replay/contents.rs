//! What a replay reads is known by its content: two names of one file are one, what an earlier run has read is not read again, and what is
//! followed later goes on where the replay ended.

use crate::config::schema::{Config, SourceKind};
use crate::model::keys::Keys;
use crate::pipeline::replay::Assignment;
use crate::source::SourceError;
use crate::source::content::{Content, Likeness, Probe};
use crate::source::files::STDIN;
use crate::source::read_files::{ReadFile, ReadFiles, Standing};
use crate::source::tail::Tail;
use crate::source::unpack::{Packing, UnpackError, recognise, unpack};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Bytes by which two files may hold the same.
const BEGINNING: u64 = 4_096;

/// A file that is read as a stream: unpacked, where it is packed.
fn stream(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    match unpack(File::open(path)?) {
        Ok(unpacked) => Ok(unpacked.reader),
        Err(UnpackError::Io(error)) => Err(error),
        Err(UnpackError::Unsupported(what)) => Err(io::Error::new(io::ErrorKind::InvalidData, what)),
    }
}

fn is_plain(file: &File) -> io::Result<bool> {
    let mut head = [0; 6];
    let length = file.read_at(&mut head, 0)?;
    Ok(recognise(&head[..length]) == Packing::Plain)
}

/// Does something with the content of a file, where it is one that can be read twice.
fn with_probe<T>(path: &Path, keys: &Keys, with: impl FnOnce(&mut Probe<'_>, bool) -> io::Result<T>) -> io::Result<Option<T>> {
    if path == Path::new(STDIN) || !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let hasher = keys.record_hasher();
    let file = File::open(path)?;
    if is_plain(&file)? {
        return with(&mut Probe::file(&file, &hasher)?, true).map(Some);
    }
    with(&mut Probe::stream(&mut stream(path)?, &hasher)?, false).map(Some)
}

/// Files without those that hold what another of them holds as well: a link, a copy, a packed copy, an earlier copy of one that grew. Each
/// left out comes with the one that stays. What cannot be read stays, so that it is told.
pub fn distinct(files: Vec<Assignment>, keys: &Keys) -> (Vec<Assignment>, Vec<(String, String)>) {
    let mut kept: Vec<(Assignment, Vec<u8>)> = Vec::new();
    let mut left_out = Vec::new();
    for file in files {
        let begins = beginning(&file.path).unwrap_or_default();
        // Most differ in what they begin with.
        let alike = |other: &[u8]| !begins.is_empty() && (other.starts_with(&begins) || begins.starts_with(other));
        let holds = |one: &str, other: &str| holds(one, other, keys).unwrap_or(false);
        let same = kept.iter().position(|(other, of_other)| alike(of_other) && holds(&other.path, &file.path));
        if let Some(at) = same {
            left_out.push((file.path, kept[at].0.path.clone()));
            continue;
        }
        // One that holds more takes the place of those that hold less.
        while let Some(at) = kept.iter().position(|(other, of_other)| alike(of_other) && holds(&file.path, &other.path)) {
            left_out.push((kept.remove(at).0.path, file.path.clone()));
        }
        kept.push((file, begins));
    }
    (kept.into_iter().map(|(file, _)| file).collect(), left_out)
}

/// What a file that can be read twice begins with.
fn beginning(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path != STDIN && fs::metadata(path)?.is_file() {
        stream(Path::new(path))?.take(BEGINNING).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Whether a file holds all that another holds.
fn holds(one: &str, other: &str, keys: &Keys) -> io::Result<bool> {
    if one == STDIN || other == STDIN {
        return Ok(false);
    }
    let (one, other) = (Path::new(one), Path::new(other));
    let (about, of_other) = (fs::metadata(one)?, fs::metadata(other)?);
    if !about.is_file() || !of_other.is_file() {
        return Ok(false);
    }
    if (about.dev(), about.ino()) == (of_other.dev(), of_other.ino()) {
        return Ok(true);
    }
    let content = with_probe(other, keys, |probe, _| Content::of(probe, probe.reach()))?.unwrap_or_default();
    let alike = with_probe(one, keys, |probe, _| content.compare(probe, 0))? == Some(Likeness::Same);
    if !alike {
        return Ok(false);
    }
    // Beginnings are alike: read through, as far as the other goes.
    let (mut whole, mut part) = (stream(one)?, stream(other)?);
    let (mut expected, mut found) = (vec![0; 256 * 1_024], vec![0; 256 * 1_024]);
    loop {
        let length = part.read(&mut expected)?;
        if length == 0 {
            return Ok(true);
        }
        match whole.read_exact(&mut found[..length]) {
            Ok(()) if found[..length] == expected[..length] => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// The line up to which each of these files was read before, by its path.
pub fn read_before(files: &[Assignment], read: &[ReadFiles], keys: &Keys) -> BTreeMap<String, u64> {
    let mut lines = BTreeMap::new();
    for file in files {
        let found = with_probe(Path::new(&file.path), keys, |probe, _| {
            let mut best = None;
            for known in read.iter().flat_map(|files| &files.contents).filter(|known| known.standing != Standing::Passed) {
                if known.content.compare(probe, known.offset)? == Likeness::Same {
                    best = best.max(Some((known.offset, known.line)));
                }
            }
            Ok(best)
        });
        // What cannot be read is told where it is opened.
        if let Ok(Some(Some((_, line)))) = found {
            lines.insert(file.path.clone(), line);
        }
    }
    lines
}

/// Notes how far files have been read: path as given, next line, next byte of the content.
pub fn note(config: &Config, ends: &[(String, u64, u64)], keys: &Keys, all: &mut Vec<ReadFiles>) -> Result<(), SourceError> {
    let mut followed: Vec<(&str, &str)> = Vec::new();
    for (path, line, offset) in ends {
        let own = config.sources.iter().find_map(|source| match &source.kind {
            SourceKind::Files(pattern) => found_by(pattern, path).map(|path| (source.name.as_str(), pattern.as_str(), path)),
            SourceKind::Kafka(_) => None,
        });
        let mut files = ReadFiles::of(all, own.as_ref().map(|(name, ..)| *name));
        let noted = with_probe(Path::new(path), keys, |probe, is_plain| {
            // It has gone on, or is known from another run.
            let mut kept = Vec::new();
            for known in std::mem::take(&mut files.contents) {
                if known.offset > *offset || known.content.compare(probe, known.offset)? != Likeness::Same {
                    kept.push(known);
                }
            }
            files.contents = kept;
            let path = own.as_ref().map_or_else(|| PathBuf::from(path), |(_, _, path)| path.clone());
            let content = Content::of(probe, if is_plain { *offset } else { probe.reach() })?;
            let standing = if own.is_some() && is_plain { Standing::Open } else { Standing::Finished };
            files.contents.push(ReadFile { base: path.clone(), path, content, offset: *offset, line: *line, standing, quiet: false });
            Ok(())
        });
        // A pipe is read once, and what is gone meanwhile is not met again.
        if !matches!(noted, Ok(Some(()))) {
            continue;
        }
        files.bound(|file| file.path.exists());
        files.put(all);
        followed.extend(own.map(|(name, pattern, _)| (name, pattern)));
    }
    // What lies beside a followed file by now is history, and what comes later is not.
    followed.sort_unstable();
    followed.dedup();
    for (name, pattern) in followed {
        let replayed = ReadFiles::of(all, None).contents;
        let mut tail = Tail::new(name, pattern, keys, ReadFiles::of(all, Some(name)), replayed)?;
        tail.survey();
        tail.read_files().put(all);
    }
    Ok(())
}

/// The path by which a pattern names a file.
fn found_by(pattern: &str, path: &str) -> Option<PathBuf> {
    let same = fs::canonicalize(path).ok()?;
    glob::glob(pattern).ok()?.flatten().find(|found| fs::canonicalize(found).is_ok_and(|found| found == same))
}
