//! A value with its format, encrypted and authenticated (XChaCha20-Poly1305) with a key derived from the subject key, so that neither
//! damage, nor another version, nor what somebody else has written is taken for state, and nobody else can read it.

use crate::model::keys::Keys;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// The format of sealed values.
pub const FORMAT: u16 = 8;

/// Bytes of a nonce.
const NONCE: usize = 24;

/// Bytes of the header: format and nonce. No two values that differ, or stand in different places, have the same.
pub const HEAD: usize = 2 + NONCE;

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
    /// Not the bytes that were sealed in this place with this key.
    Broken,
}

/// Seals what is saved.
#[derive(Clone)]
pub struct StateSealer {
    cipher: XChaCha20Poly1305,
    nonces: [u8; 32],
}

impl StateSealer {
    /// With the key of saved state.
    pub fn new(keys: &Keys) -> StateSealer {
        let cipher = blake3::derive_key("leakwarden 2026-11 saved state: cipher", keys.state());
        let nonces = blake3::derive_key("leakwarden 2026-11 saved state: nonces", keys.state());
        StateSealer { cipher: XChaCha20Poly1305::new(&cipher.into()), nonces }
    }

    /// Format (2 bytes, little-endian), nonce, encrypted content. The place is part of it: a value that stands elsewhere is broken.
    pub fn seal(&self, place: &[u8], content: &[u8]) -> Vec<u8> {
        // Derived from what is encrypted and where: no nonce ever meets two contents, and nothing needs chance.
        let mut hasher = blake3::Hasher::new_keyed(&self.nonces);
        hasher.update(&(place.len() as u64).to_le_bytes()).update(place).update(content);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&hasher.finalize().as_bytes()[..NONCE]);
        let payload = Payload { msg: content, aad: &bound(place) };
        let encrypted = self.cipher.encrypt(&XNonce::from(nonce), payload).expect("a value is shorter than 256 GiB");
        let mut sealed = Vec::with_capacity(HEAD + encrypted.len());
        sealed.extend_from_slice(&FORMAT.to_le_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&encrypted);
        sealed
    }

    /// The content that was sealed in this place.
    pub fn unseal(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let Some((head, encrypted)) = sealed.split_first_chunk::<HEAD>() else {
            return Err(SealError::TooShort);
        };
        let found = u16::from_le_bytes([head[0], head[1]]);
        if found != FORMAT {
            return Err(SealError::Version { found });
        }
        let nonce: [u8; NONCE] = head[2..].try_into().expect("the head is format and nonce");
        let payload = Payload { msg: encrypted, aad: &bound(place) };
        self.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Broken)
    }
}

impl std::fmt::Debug for StateSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateSealer(secret)")
    }
}

fn bound(place: &[u8]) -> Vec<u8> {
    [&FORMAT.to_le_bytes(), place].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_in_the_place_with_the_key_is_unsealed() {
        let sealer = StateSealer::new(&Keys::from_secret(&[7; 32]));
        let sealed = sealer.seal(b"place", b"content");
        assert_eq!(sealer.unseal(b"place", &sealed), Ok(b"content".to_vec()));
        assert!(memchr::memmem::find(&sealed, b"content").is_none(), "it cannot be read");
        assert_eq!(sealer.unseal(b"other", &sealed), Err(SealError::Broken));
        assert_eq!(StateSealer::new(&Keys::from_secret(&[8; 32])).unseal(b"place", &sealed), Err(SealError::Broken));
        assert_eq!(sealer.unseal(b"place", &sealed[..10]), Err(SealError::TooShort));
        for place in 2..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert_eq!(sealer.unseal(b"place", &damaged), Err(SealError::Broken));
        }
        let other = [&(FORMAT + 1).to_le_bytes()[..], &sealed[2..]].concat();
        assert_eq!(sealer.unseal(b"place", &other), Err(SealError::Version { found: FORMAT + 1 }));
        assert_eq!(format!("{sealer:?}"), "StateSealer(secret)");
    }
}
