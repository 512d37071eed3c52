//! Messages that may be larger than a broker accepts are split into chunks, and put together again.

use std::collections::BTreeMap;

/// Bytes of content in a chunk. Brokers accept a mebibyte unless configured otherwise.
const CHUNK: usize = 512 * 1024;

/// Header of a chunk: epoch of the sender, number of the message, index of the chunk, number of chunks. All big-endian.
const HEADER: usize = 8 + 8 + 4 + 4;

/// Splits a message. `number` distinguishes the messages of an epoch.
pub fn split(epoch: u64, number: u64, message: &[u8]) -> Vec<Vec<u8>> {
    let count = message.chunks(CHUNK).count().max(1);
    let chunk = |index: usize, content: &[u8]| {
        let mut bytes = Vec::with_capacity(HEADER + content.len());
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&(index as u32).to_be_bytes());
        bytes.extend_from_slice(&(count as u32).to_be_bytes());
        bytes.extend_from_slice(content);
        bytes
    };
    if message.is_empty() {
        return vec![chunk(0, &[])];
    }
    message.chunks(CHUNK).enumerate().map(|(index, content)| chunk(index, content)).collect()
}

/// Messages of which some chunks are missing, by sender and epoch.
#[derive(Clone, Debug, Default)]
pub struct Reassembler {
    partial: BTreeMap<(i32, u64), PartialMessage>,
}

#[derive(Clone, Debug)]
struct PartialMessage {
    number: u64,
    /// Offset of its first chunk.
    first_offset: i64,
    /// Index of the next chunk.
    next: u32,
    bytes: Vec<u8>,
}

impl Reassembler {
    /// Takes a chunk; returns the message that it completes. Chunks whose beginning was not read are skipped: their sender, or the
    /// process that took its place, sends the message again.
    pub fn take(&mut self, sender: i32, offset: i64, chunk: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let (header, content) = chunk.split_at_checked(HEADER).ok_or("is shorter than its head")?;
        let word = |at: usize| u64::from_be_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let half = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().expect("four bytes"));
        let (epoch, number, index, count) = (word(0), word(8), half(16), half(20));
        if count == 1 {
            self.partial.remove(&(sender, epoch));
            return Ok(Some(content.to_vec()));
        }
        // A sender of an older epoch that stopped halfway will not go on.
        self.partial.retain(|(of, old), _| *of != sender || *old >= epoch);
        if index == 0 {
            self.partial.insert((sender, epoch), PartialMessage { number, first_offset: offset, next: 1, bytes: content.to_vec() });
            return Ok(None);
        }
        let Some(partial) = self.partial.get_mut(&(sender, epoch)) else { return Ok(None) };
        if partial.number != number || partial.next < index {
            self.partial.remove(&(sender, epoch));
            return Ok(None);
        }
        if partial.next == index {
            partial.next += 1;
            partial.bytes.extend_from_slice(content);
        }
        if partial.next < count {
            return Ok(None);
        }
        Ok(self.partial.remove(&(sender, epoch)).map(|partial| partial.bytes))
    }

    /// From where to read again, where `next` would be the next offset, so that no partial message is missed.
    pub fn resume(&self, next: i64) -> i64 {
        self.partial.values().map(|partial| partial.first_offset).min().map_or(next, |first| first.min(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_messages_are_whole_again_and_half_ones_are_not_taken() {
        let message: Vec<u8> = (0..CHUNK * 2 + 10).map(|n| n as u8).collect();
        let chunks = split(7, 1, &message);
        assert_eq!(chunks.len(), 3);
        let mut partial = Reassembler::default();
        assert_eq!(partial.take(0, 10, &chunks[0]), Ok(None));
        assert_eq!(partial.resume(12), 10);
        assert_eq!(partial.take(0, 11, &chunks[1]), Ok(None));
        assert_eq!(partial.take(0, 12, &chunks[2]), Ok(Some(message)));
        assert_eq!(partial.resume(13), 13);
        assert_eq!(partial.take(0, 13, &chunks[1]), Ok(None), "its beginning was not read");
        assert_eq!(partial.take(0, 14, &split(8, 1, b"small")[0]), Ok(Some(b"small".to_vec())));
    }
}
