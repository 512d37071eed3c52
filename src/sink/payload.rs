//! The content of a dead letter, encrypted with a key of its own (XChaCha20-Poly1305), so that it can be decoded once the cause is
//! mended, also when its source no longer has it. Without `[dead_letters] key_file` no content is kept at all.

use crate::model::access::RecordHash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// Encrypts and decrypts contents.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    nonces: [u8; 32],
}

/// Bytes of a nonce, which stands before the encrypted content.
const NONCE: usize = 24;

impl Sealer {
    /// From the bytes of a key file.
    pub fn new(secret: &[u8]) -> Sealer {
        let key = blake3::derive_key("leakwarden 2026-11 dead letter contents", secret);
        let nonces = blake3::derive_key("leakwarden 2026-11 dead letter nonces", secret);
        Sealer { cipher: XChaCha20Poly1305::new(&key.into()), nonces }
    }

    /// Base64 of nonce and encrypted content, bound to the record's hash.
    pub fn seal(&self, content: &[u8], hash: &RecordHash) -> String {
        // Derived from what is encrypted: no nonce ever meets two contents, and nothing needs chance. Equal records give equal
        // texts, which their hashes tell anyhow.
        let mut hasher = blake3::Hasher::new_keyed(&self.nonces);
        hasher.update(&hash.0).update(content);
        let nonce: [u8; NONCE] = std::array::from_fn(|at| hasher.finalize().as_bytes()[at]);
        let payload = Payload { msg: content, aad: &hash.0 };
        let encrypted = self.cipher.encrypt(&XNonce::from(nonce), payload).expect("a record is shorter than 256 GiB");
        STANDARD.encode([nonce.as_slice(), &encrypted].concat())
    }

    /// The content; `None` if it was encrypted with another key, belongs to another record or is damaged.
    pub fn open(&self, sealed: &str, hash: &RecordHash) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, encrypted) = bytes.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        self.cipher.decrypt(&XNonce::from(nonce), Payload { msg: encrypted, aad: &hash.0 }).ok()
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_opens_it_and_only_for_its_record() {
        let (sealer, hash) = (Sealer::new(&[7; 32]), RecordHash([1; 32]));
        let sealed = sealer.seal(b"13900000000", &hash);
        assert!(!sealed.contains("139") && sealed == sealer.seal(b"13900000000", &hash));
        assert_eq!(sealer.open(&sealed, &hash).as_deref(), Some(&b"13900000000"[..]));
        assert_eq!(Sealer::new(&[8; 32]).open(&sealed, &hash), None);
        assert_eq!(sealer.open(&sealed, &RecordHash([2; 32])), None);
        assert_eq!(sealer.open(&sealed[4..], &hash), None);
        assert_eq!(sealer.open("", &hash), None);
        assert_eq!(format!("{sealer:?}"), "Sealer(secret)");
    }
}
