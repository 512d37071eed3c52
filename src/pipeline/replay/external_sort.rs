//! Sorts more than memory holds: runs that are sorted in memory lie in a file, and are merged.
//!
//! The file is one that nobody else can open: it has no name, and its space is free when the process ends, however it ends.

use crate::private_file;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

/// What is sorted by: first the one, then the other; both together are distinct.
pub type SortKey = (i64, u64);

/// Takes items in any order.
pub struct ExternalSort {
    memory: usize,
    bytes: Vec<u8>,
    items: Vec<(SortKey, usize, usize)>,
    spilled: Option<Spilled>,
}

struct Spilled {
    file: File,
    length: u64,
    /// Where each run begins and ends.
    runs: Vec<(u64, u64)>,
}

/// The key and the length of an item, before its bytes.
const HEAD: usize = 20;

/// What one run is read ahead by, at least.
const SMALLEST_READ: usize = 16 * 1024;

impl ExternalSort {
    /// A sort that holds about so many bytes in memory.
    pub fn new(memory: usize) -> ExternalSort {
        ExternalSort { memory, bytes: Vec::new(), items: Vec::new(), spilled: None }
    }

    /// Takes an item.
    pub fn push(&mut self, key: SortKey, bytes: &[u8]) -> io::Result<()> {
        let held = self.bytes.len() + bytes.len() + (self.items.len() + 1) * size_of::<(SortKey, usize, usize)>();
        if held > self.memory && !self.items.is_empty() {
            self.spill()?;
        }
        self.items.push((key, self.bytes.len(), bytes.len()));
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.items.sort_unstable();
        if self.spilled.is_none() {
            self.spilled = Some(Spilled { file: private_file::nameless(&std::env::temp_dir())?, length: 0, runs: Vec::new() });
        }
        let Some(spilled) = &mut self.spilled else { return Ok(()) };
        let begin = spilled.length;
        let mut out = io::BufWriter::with_capacity(1024 * 1024, &spilled.file);
        for ((first, second), at, length) in self.items.drain(..) {
            let length32 = u32::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
            out.write_all(&first.to_le_bytes())?;
            out.write_all(&second.to_le_bytes())?;
            out.write_all(&length32.to_le_bytes())?;
            out.write_all(&self.bytes[at..at + length])?;
            spilled.length += (HEAD + length) as u64;
        }
        out.flush()?;
        drop(out);
        spilled.runs.push((begin, spilled.length));
        self.bytes.clear();
        Ok(())
    }

    /// All items in their order.
    pub fn sorted(mut self) -> io::Result<Sorted> {
        if self.spilled.is_some() && !self.items.is_empty() {
            self.spill()?;
        }
        self.items.sort_unstable();
        let mut sorted = Sorted { bytes: self.bytes, items: self.items.into_iter(), file: None, runs: Vec::new(), next: BinaryHeap::new() };
        if let Some(Spilled { file, runs, .. }) = self.spilled {
            let ahead = (self.memory / runs.len().max(1)).clamp(SMALLEST_READ, 1024 * 1024);
            sorted.runs = runs.into_iter().map(|(at, end)| Run { at, end, ahead, buffer: Vec::new(), used: 0 }).collect();
            for run in 0..sorted.runs.len() {
                if let Some(key) = sorted.runs[run].peek(&file)? {
                    sorted.next.push(Reverse((key, run)));
                }
            }
            sorted.file = Some(file);
        }
        Ok(sorted)
    }
}

/// Gives items in their order.
pub struct Sorted {
    bytes: Vec<u8>,
    items: std::vec::IntoIter<(SortKey, usize, usize)>,
    file: Option<File>,
    runs: Vec<Run>,
    next: BinaryHeap<Reverse<(SortKey, usize)>>,
}

/// A sorted run in the file, and what of it is in memory.
struct Run {
    at: u64,
    end: u64,
    ahead: usize,
    buffer: Vec<u8>,
    used: usize,
}

impl Run {
    /// Makes sure that so many bytes are in memory.
    fn need(&mut self, file: &File, bytes: usize) -> io::Result<()> {
        if self.buffer.len() - self.used >= bytes {
            return Ok(());
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        let have = self.buffer.len();
        let wanted = bytes.max(self.ahead).min(have + usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        self.buffer.resize(wanted.max(have), 0);
        file.read_exact_at(&mut self.buffer[have..], self.at)?;
        self.at += (self.buffer.len() - have) as u64;
        if self.buffer.len() < bytes { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// The key of the next item.
    fn peek(&mut self, file: &File) -> io::Result<Option<SortKey>> {
        if self.at == self.end && self.used == self.buffer.len() {
            return Ok(None);
        }
        self.need(file, HEAD)?;
        let head = &self.buffer[self.used..self.used + HEAD];
        let half = |from: usize| -> [u8; 8] { std::array::from_fn(|at| head[from + at]) };
        Ok(Some((i64::from_le_bytes(half(0)), u64::from_le_bytes(half(8)))))
    }

    /// The bytes of the next item.
    fn take(&mut self, file: &File) -> io::Result<Vec<u8>> {
        self.need(file, HEAD)?;
        let head = &self.buffer[self.used..self.used + HEAD];
        let length = u32::from_le_bytes(std::array::from_fn(|at| head[16 + at])) as usize;
        self.need(file, HEAD + length)?;
        let from = self.used + HEAD;
        self.used = from + length;
        Ok(self.buffer[from..from + length].to_vec())
    }
}

impl Sorted {
    /// The next item.
    pub fn next_item(&mut self) -> io::Result<Option<(SortKey, Vec<u8>)>> {
        let Some(file) = &self.file else {
            let Some((key, at, length)) = self.items.next() else { return Ok(None) };
            return Ok(Some((key, self.bytes[at..at + length].to_vec())));
        };
        let Some(Reverse((key, run))) = self.next.pop() else { return Ok(None) };
        let bytes = self.runs[run].take(file)?;
        if let Some(after) = self.runs[run].peek(file)? {
            self.next.push(Reverse((after, run)));
        }
        Ok(Some((key, bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    fn sort(memory: usize, items: &[(SortKey, Vec<u8>)]) -> (Vec<(SortKey, Vec<u8>)>, usize) {
        let mut sort = ExternalSort::new(memory);
        items.iter().for_each(|(key, bytes)| sort.push(*key, bytes).expect("takes"));
        let mut sorted = sort.sorted().expect("sorts");
        let runs = sorted.runs.len();
        (std::iter::from_fn(|| sorted.next_item().expect("gives")).collect(), runs)
    }

    #[test]
    fn what_does_not_fit_in_memory_is_sorted_alike() {
        let mut random = SplitMix64::new(7);
        let item = |n: u64| {
            let key = ((random.number() % 500) as i64 - 250, n);
            let length = if n.is_multiple_of(97) { 70_000 } else { random.number() % 300 };
            (key, vec![n as u8; length as usize])
        };
        let items: Vec<(SortKey, Vec<u8>)> = (0..3_000).map(item).collect();
        let mut expected = items.clone();
        expected.sort();
        let (in_memory, none) = sort(usize::MAX, &items);
        let (in_runs, runs) = sort(100_000, &items);
        assert!(none == 0 && runs > 10, "{runs}");
        assert!(in_memory == expected && in_runs == expected);
        let (one_by_one, most) = sort(1, &items[..200]);
        expected = items[..200].to_vec();
        expected.sort();
        assert!(most == 200 && one_by_one == expected);
        assert_eq!(sort(1, &[]).0, []);
    }
}
