//! What a file is known by: its content. Names, inodes and times of files change under rotation, mirrors and packing; what was written
//! first stays.
//!
//! Of what was read, short stretches are remembered by their keyed hashes: those that end at growing distances from the beginning, and the
//! one that ends where reading stopped. A file that has them all is the same content, wherever it lies and however it is packed. Logs that
//! begin with the same long header differ in a later stretch.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// Bytes of a stretch; less at the beginning.
const STRETCH: u64 = 1_024;

/// The first distance from the beginning at which a stretch ends. What is shorter looks like anything.
const FIRST: u64 = 64;

/// How much of packed content is looked at to know it by.
pub const LOOKED_AT: u64 = 64 * 1_024;

/// The hash of the bytes before a place, with the place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Stretch {
    end: u64,
    hash: u64,
}

/// What a content is known by.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Content {
    /// By their ends.
    stretches: Vec<Stretch>,
}

/// How a file compares with a content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Likeness {
    /// It begins with all of it.
    Same,
    /// It is shorter, and alike so far.
    Undecided,
    /// It is something else.
    Other,
}

/// Bytes that can be looked at by their place, with hashes that were asked for before.
pub struct Probe<'a> {
    bytes: Bytes<'a>,
    hasher: &'a blake3::Hasher,
    known: BTreeMap<u64, u64>,
}

enum Bytes<'a> {
    File(&'a File, u64),
    /// The beginning of a content, and whether that is all of it.
    Beginning(Vec<u8>, bool),
}

impl<'a> Probe<'a> {
    /// A plain file as it is now. `hasher` is keyed: a plain hash of a short line could be enumerated back to its content.
    pub fn file(file: &'a File, hasher: &'a blake3::Hasher) -> io::Result<Probe<'a>> {
        let length = file.metadata()?.len();
        Ok(Probe { bytes: Bytes::File(file, length), hasher, known: BTreeMap::new() })
    }

    /// A content that can only be read through: its beginning stands for it.
    pub fn stream(stream: &mut impl Read, hasher: &'a blake3::Hasher) -> io::Result<Probe<'a>> {
        let mut beginning = Vec::new();
        stream.take(LOOKED_AT + 1).read_to_end(&mut beginning)?;
        let is_all = beginning.len() as u64 <= LOOKED_AT;
        beginning.truncate(LOOKED_AT as usize);
        Ok(Probe { bytes: Bytes::Beginning(beginning, is_all), hasher, known: BTreeMap::new() })
    }

    /// How long it is; `None` where only its beginning was looked at.
    pub fn length(&self) -> Option<u64> {
        match &self.bytes {
            Bytes::File(_, length) => Some(*length),
            Bytes::Beginning(bytes, is_all) => is_all.then_some(bytes.len() as u64),
        }
    }

    /// Up to where it can be looked at.
    pub fn reach(&self) -> u64 {
        match &self.bytes {
            Bytes::File(_, length) => *length,
            Bytes::Beginning(bytes, _) => bytes.len() as u64,
        }
    }

    /// The beginning of a content that can only be read through.
    pub fn beginning(&self) -> &[u8] {
        match &self.bytes {
            Bytes::File(..) => &[],
            Bytes::Beginning(bytes, _) => bytes,
        }
    }

    /// Whether the stretches of both that end at a place are the same: what lies behind the last one that is remembered.
    pub fn ends_alike(&mut self, other: &mut Probe<'_>, end: u64) -> io::Result<bool> {
        Ok(self.hash(end)? == other.hash(end)?)
    }

    fn hash(&mut self, end: u64) -> io::Result<u64> {
        if let Some(hash) = self.known.get(&end) {
            return Ok(*hash);
        }
        let from = end.saturating_sub(STRETCH);
        let hash = match &self.bytes {
            Bytes::File(file, _) => {
                let mut bytes = vec![0; (end - from) as usize];
                file.read_exact_at(&mut bytes, from)?;
                hash_of(self.hasher, &bytes)
            }
            Bytes::Beginning(bytes, _) => {
                let bytes = bytes.get(from as usize..end as usize).ok_or(io::ErrorKind::UnexpectedEof)?;
                hash_of(self.hasher, bytes)
            }
        };
        self.known.insert(end, hash);
        Ok(hash)
    }
}

fn hash_of(hasher: &blake3::Hasher, bytes: &[u8]) -> u64 {
    let hash = *hasher.clone().update(bytes).finalize().as_bytes();
    u64::from_le_bytes(std::array::from_fn(|at| hash[at]))
}

/// The places between two at which stretches end: twice in each doubling.
fn milestones(after: u64, until: u64) -> impl Iterator<Item = u64> {
    let doublings = (0..).map(|n| FIRST << n).take_while(move |of| *of <= until);
    doublings.flat_map(|of| [of, of + of / 2]).filter(move |at| *at > after && *at <= until)
}

impl Content {
    /// What is known of the first `until` bytes of something.
    pub fn of(probe: &mut Probe<'_>, until: u64) -> io::Result<Content> {
        let mut content = Content::default();
        content.extend(probe, 0, until)?;
        Ok(content)
    }

    /// What was read goes on from one place to another: what ended at the first ends at the second now.
    pub fn extend(&mut self, probe: &mut Probe<'_>, from: u64, until: u64) -> io::Result<()> {
        let until = until.min(probe.reach());
        let is_kept = |end: u64| milestones(end - 1, end).next().is_some();
        self.stretches.retain(|stretch| stretch.end != from || is_kept(stretch.end));
        for end in milestones(from, until).chain((until > 0).then_some(until)) {
            if self.stretches.last().is_none_or(|last| last.end < end) {
                self.stretches.push(Stretch { end, hash: probe.hash(end)? });
            }
        }
        Ok(())
    }

    /// Up to where something that compares as [`Likeness::Undecided`] is proven to be alike.
    pub fn proven(&self, probe: &Probe<'_>) -> u64 {
        self.stretches.iter().map(|stretch| stretch.end).filter(|end| *end <= probe.reach()).max().unwrap_or(0)
    }

    /// Whether nothing is known of it.
    pub fn is_nothing(&self) -> bool {
        self.stretches.is_empty()
    }

    /// How something compares with it, of which `offset` bytes were read.
    pub fn compare(&self, probe: &mut Probe<'_>, offset: u64) -> io::Result<Likeness> {
        let reach = probe.reach();
        let mut compared = 0;
        // Most differ in the first, which is looked at once for all; where beginnings are alike, the last tells most.
        let within = self.stretches.partition_point(|stretch| stretch.end <= reach);
        let (first, others) = self.stretches[..within].split_at(within.min(1));
        for stretch in first.iter().chain(others.iter().rev()) {
            if probe.hash(stretch.end)? != stretch.hash {
                return Ok(Likeness::Other);
            }
            compared += 1;
        }
        let is_short = probe.length().is_some_and(|length| length < offset);
        Ok(match (compared, is_short) {
            (0, _) => Likeness::Other,
            (_, true) => Likeness::Undecided,
            // Of what can only be read through, the rest is compared then.
            (_, false) => Likeness::Same,
        })
    }

    /// Passes a stream up to a place, comparing what passes. Whether it is the same content; it goes on behind the place.
    pub fn pass(&self, stream: &mut impl Read, offset: u64, hasher: &blake3::Hasher) -> io::Result<bool> {
        let mut before = 0;
        let mut kept: Vec<u8> = Vec::new();
        let ends = self.stretches.iter().filter(|stretch| stretch.end <= offset).map(|stretch| (stretch.end, Some(stretch.hash)));
        for (end, hash) in ends.chain([(offset, None)]) {
            let mut left = end - before;
            let mut chunk = vec![0; left.min(256 * 1_024) as usize];
            while left > 0 {
                let room = chunk.len().min(left as usize);
                stream.read_exact(&mut chunk[..room])?;
                kept.extend_from_slice(&chunk[..room]);
                let surplus = kept.len().saturating_sub(STRETCH as usize);
                kept.drain(..surplus);
                left -= room as u64;
            }
            before = end;
            if hash.is_some_and(|hash| hash_of(hasher, &kept) != hash) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::keys::Keys;

    struct Files(tempfile::TempDir);

    impl Files {
        fn write(&self, bytes: &[u8]) -> File {
            let path = self.0.path().join("log");
            std::fs::write(&path, bytes).expect("written");
            File::open(&path).expect("opened")
        }
    }

    fn lines(from: u32, to: u32) -> Vec<u8> {
        (from..to).flat_map(|n| format!("2026-03-02T10:00:00Z employee e{n} read customer {n}\n").into_bytes()).collect()
    }

    fn likeness(content: &Content, file: &File, offset: u64) -> Likeness {
        let hasher = Keys::built_in().record_hasher();
        content.compare(&mut Probe::file(file, &hasher).expect("opened"), offset).expect("read")
    }

    #[test]
    fn a_content_is_known_again_when_it_has_grown_and_another_is_not() {
        let (files, hasher) = (Files(tempfile::tempdir().expect("a directory")), Keys::built_in().record_hasher());
        let text = lines(0, 1_000);
        let read = lines(0, 700).len() as u64;
        let content = Content::of(&mut Probe::file(&files.write(&text), &hasher).expect("opened"), read).expect("read");
        assert_eq!(likeness(&content, &files.write(&text), read), Likeness::Same);
        assert_eq!(likeness(&content, &files.write(&lines(0, 2_000)), read), Likeness::Same);
        assert_eq!(likeness(&content, &files.write(&lines(0, 400)), read), Likeness::Undecided);
        assert_eq!(likeness(&content, &files.write(&lines(1, 2_000)), read), Likeness::Other);
        assert_eq!(likeness(&content, &files.write(b""), read), Likeness::Other);
        let mut header_alike = lines(0, 300);
        header_alike.extend(lines(5_000, 6_000));
        assert_eq!(likeness(&content, &files.write(&header_alike), read), Likeness::Other, "the same beginning of many kilobytes");
        let mut end_alike = text.clone();
        end_alike[read as usize - 20] ^= 1;
        assert_eq!(likeness(&content, &files.write(&end_alike), read), Likeness::Other, "what was read last is another");
        assert!(
            content.pass(&mut &text[..], read, &hasher).expect("read") && !content.pass(&mut &end_alike[..], read, &hasher).expect("read")
        );
        assert!(content.pass(&mut &lines(0, 400)[..], read, &hasher).is_err());
    }

    #[test]
    fn what_is_known_grows_with_what_is_read_as_if_it_had_been_read_at_once() {
        let (files, hasher) = (Files(tempfile::tempdir().expect("a directory")), Keys::built_in().record_hasher());
        let file = files.write(&lines(0, 3_000));
        let length = file.metadata().expect("there").len();
        let mut probe = Probe::file(&file, &hasher).expect("opened");
        let mut content = Content::default();
        let mut from = 0;
        for until in [10, 64, 65, 96, 5_000, 65_536, length] {
            content.extend(&mut probe, from, until).expect("read");
            from = until;
        }
        assert_eq!(content, Content::of(&mut probe, length).expect("read"));
        assert!(content.stretches.len() < 30, "{}", content.stretches.len());
    }

    #[test]
    fn packed_content_is_known_by_its_beginning() {
        let (files, hasher) = (Files(tempfile::tempdir().expect("a directory")), Keys::built_in().record_hasher());
        let text = lines(0, 3_000);
        let content = Content::of(&mut Probe::file(&files.write(&text), &hasher).expect("opened"), text.len() as u64).expect("read");
        let mut probe = Probe::stream(&mut &text[..], &hasher).expect("read");
        assert_eq!((probe.length(), content.compare(&mut probe, text.len() as u64).expect("read")), (None, Likeness::Same));
        let mut other = Probe::stream(&mut &lines(7, 3_000)[..], &hasher).expect("read");
        assert_eq!(content.compare(&mut other, text.len() as u64).expect("read"), Likeness::Other);
        let mut short = Probe::stream(&mut &lines(0, 10)[..], &hasher).expect("read");
        assert_eq!(content.compare(&mut short, text.len() as u64).expect("read"), Likeness::Undecided);
    }
}
