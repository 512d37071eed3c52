//! Messages that may be larger than a broker takes, as parts; and parts put together again.

use std::collections::BTreeMap;

/// Bytes of a part. Brokers take a mebibyte where nothing else is configured.
const PART: usize = 512 * 1024;

/// Head of a part: sender's epoch, number of the message, place of the part, number of parts.
const HEAD: usize = 8 + 8 + 4 + 4;

/// Cuts a message into parts. `number` tells the messages of an epoch apart.
pub fn cut(epoch: u64, number: u64, message: &[u8]) -> Vec<Vec<u8>> {
    let parts = message.chunks(PART).count().max(1);
    let part = |at: usize, content: &[u8]| {
        let mut bytes = Vec::with_capacity(HEAD + content.len());
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&(at as u32).to_be_bytes());
        bytes.extend_from_slice(&(parts as u32).to_be_bytes());
        bytes.extend_from_slice(content);
        bytes
    };
    if message.is_empty() {
        return vec![part(0, &[])];
    }
    message.chunks(PART).enumerate().map(|(at, content)| part(at, content)).collect()
}

/// Parts of messages that are not whole yet, by sender and epoch.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    open: BTreeMap<(i32, u64), Open>,
}

#[derive(Clone, Debug)]
struct Open {
    number: u64,
    /// Offset of its first part.
    began: i64,
    next: u32,
    bytes: Vec<u8>,
}

impl Parts {
    /// Takes a part of a sender; gives the message that it completes. Parts of which the beginning was not read are passed over:
    /// their sender, or who took its place, says them again.
    pub fn take(&mut self, sender: i32, offset: i64, part: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let (head, content) = part.split_at_checked(HEAD).ok_or("is shorter than its head")?;
        let word = |at: usize| u64::from_be_bytes(head[at..at + 8].try_into().expect("eight bytes"));
        let half = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().expect("four bytes"));
        let (epoch, number, at, parts) = (word(0), word(8), half(16), half(20));
        if parts == 1 {
            self.open.remove(&(sender, epoch));
            return Ok(Some(content.to_vec()));
        }
        // An older sender that stopped halfway will not go on.
        self.open.retain(|(of, old), _| *of != sender || *old >= epoch);
        if at == 0 {
            self.open.insert((sender, epoch), Open { number, began: offset, next: 1, bytes: content.to_vec() });
            return Ok(None);
        }
        let Some(open) = self.open.get_mut(&(sender, epoch)) else { return Ok(None) };
        if open.number != number || open.next < at {
            self.open.remove(&(sender, epoch));
            return Ok(None);
        }
        if open.next == at {
            open.next += 1;
            open.bytes.extend_from_slice(content);
        }
        if open.next < parts {
            return Ok(None);
        }
        Ok(self.open.remove(&(sender, epoch)).map(|open| open.bytes))
    }

    /// From where to read, if reading begins anew, so that nothing that is open is missed.
    pub fn resume(&self, next: i64) -> i64 {
        self.open.values().map(|open| open.began).min().map_or(next, |began| began.min(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_messages_are_whole_again_and_half_ones_are_not_taken() {
        let message: Vec<u8> = (0..PART * 2 + 10).map(|n| n as u8).collect();
        let parts = cut(7, 1, &message);
        assert_eq!(parts.len(), 3);
        let mut open = Parts::default();
        assert_eq!(open.take(0, 10, &parts[0]), Ok(None));
        assert_eq!(open.resume(12), 10);
        assert_eq!(open.take(0, 11, &parts[1]), Ok(None));
        assert_eq!(open.take(0, 12, &parts[2]), Ok(Some(message)));
        assert_eq!(open.resume(13), 13);
        assert_eq!(open.take(0, 13, &parts[1]), Ok(None), "its beginning was not read");
        assert_eq!(open.take(0, 14, &cut(8, 1, b"small")[0]), Ok(Some(b"small".to_vec())));
    }
}
