//! A value with its format and a checksum, so that neither damage nor another version is taken for state.

/// The format of sealed values.
pub const FORMAT: u16 = 4;

/// Bytes of the header: format and checksum.
pub const HEAD: usize = 2 + blake3::OUT_LEN;

/// Why a value is not what was sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealError {
    /// Shorter than its head.
    TooShort,
    /// Of another format.
    Version {
        /// Which.
        found: u16,
    },
    /// Not the bytes that were sealed under this key.
    Checksum,
}

/// Format (2 bytes, little-endian), checksum over format, key and content, content.
pub fn seal(key: &[u8], content: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(HEAD + content.len());
    sealed.extend_from_slice(&FORMAT.to_le_bytes());
    sealed.extend_from_slice(checksum(key, content).as_bytes());
    sealed.extend_from_slice(content);
    sealed
}

/// The content that was sealed under this key.
pub fn unseal<'a>(key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], SealError> {
    let Some((head, content)) = sealed.split_at_checked(HEAD) else {
        return Err(SealError::TooShort);
    };
    let found = u16::from_le_bytes([head[0], head[1]]);
    if found != FORMAT {
        return Err(SealError::Version { found });
    }
    if checksum(key, content) == *<&[u8; blake3::OUT_LEN]>::try_from(&head[2..]).map_err(|_| SealError::TooShort)? {
        Ok(content)
    } else {
        Err(SealError::Checksum)
    }
}

/// The key is part of it, so that a value stored under the wrong key does not match.
fn checksum(key: &[u8], content: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&FORMAT.to_le_bytes()).update(&(key.len() as u64).to_le_bytes()).update(key).update(content);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_under_the_key_is_unsealed() {
        let sealed = seal(b"key", b"content");
        assert_eq!(unseal(b"key", &sealed), Ok(&b"content"[..]));
        assert_eq!(unseal(b"yek", &sealed), Err(SealError::Checksum));
        assert_eq!(unseal(b"key", &sealed[..10]), Err(SealError::TooShort));
        for place in 2..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert_eq!(unseal(b"key", &damaged), Err(SealError::Checksum));
        }
        let other = [&(FORMAT + 1).to_le_bytes()[..], &sealed[2..]].concat();
        assert_eq!(unseal(b"key", &other), Err(SealError::Version { found: FORMAT + 1 }));
    }
}
