//! The bytes of a block, whose memory goes back to whoever reads ahead when the block is done with.
//!
//! Memory that is given away and asked for anew by the megabyte is cleared by the system each time.

use crossbeam_channel::{Receiver, Sender, bounded};
use std::ops::{Deref, DerefMut};

/// Bytes that are read and passed on.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// Where its memory goes back to.
    home: Option<Sender<Vec<u8>>>,
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Buffer {
        Buffer { bytes, home: None }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;
    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            // Where enough is kept, or nobody reads any more, it is given away.
            let _ = home.try_send(std::mem::take(&mut self.bytes));
        }
    }
}

/// What came back from blocks that are done with.
#[derive(Debug)]
pub(super) struct Spare {
    back: Receiver<Vec<u8>>,
    home: Sender<Vec<u8>>,
    /// What held a line much longer than a block is not kept.
    largest: usize,
}

/// Buffers that are kept. More are under way only where many blocks are decoded at once.
const KEPT: usize = 4;

impl Spare {
    pub(super) fn new(block: usize) -> Spare {
        let (home, back) = bounded(KEPT);
        Spare { back, home, largest: block.saturating_mul(2) }
    }

    /// Memory that is empty, of a block before or none yet.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut bytes = self.back.try_iter().find(|bytes| bytes.capacity() <= self.largest).unwrap_or_default();
        bytes.clear();
        bytes
    }

    /// The bytes of a block, whose memory comes back.
    pub(super) fn lend(&self, bytes: Vec<u8>) -> Buffer {
        Buffer { bytes, home: Some(self.home.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_but_for_what_is_too_large_or_too_much() {
        let spare = Spare::new(100);
        assert_eq!(spare.take().capacity(), 0);
        let block = spare.lend(Vec::with_capacity(150));
        let memory = block.as_ptr();
        drop(block);
        let again = spare.take();
        assert!(again.is_empty() && again.as_ptr() == memory);
        drop(spare.lend(Vec::with_capacity(201)));
        assert_eq!(spare.take().capacity(), 0);
        for _ in 0..KEPT + 3 {
            drop(spare.lend(vec![1; 10]));
        }
        assert_eq!(std::iter::from_fn(|| Some(spare.take()).filter(|bytes| bytes.capacity() > 0)).count(), KEPT);
        let last = spare.lend(vec![1]);
        drop(spare);
        assert_eq!(last.as_slice(), [1]);
    }
}
