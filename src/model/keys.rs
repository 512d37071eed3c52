//! The secret behind every pseudonym and record hash, and what is derived from it.
//!
//! One key file gives independent keys by BLAKE3's key derivation: for subjects inside, for subjects as published, and
//! for record hashes (a plain hash of a short record could be enumerated back to the phone number in it).

use crate::model::access::{RecordHash, Subject};
use siphasher::sip::SipHasher13;
use std::hash::Hasher as _;

/// Derived keys of a run.
#[derive(Clone)]
pub struct Keys {
    subject: [u8; 32],
    published: [u8; 32],
    record: [u8; 32],
    messages: [u8; 32],
    state: [u8; 32],
    print: (u64, u64),
    built_in: bool,
}

/// Used where no key file is configured; everybody knows it, so pseudonyms made with it protect nobody.
const BUILT_IN: &[u8] = b"leakwarden built-in public key: for trying out only";

/// Shortest key file that is taken for a secret, in bytes.
pub const SHORTEST_SECRET: usize = 32;

impl Keys {
    /// Keys from the bytes of a key file.
    pub fn from_secret(secret: &[u8]) -> Keys {
        let print = blake3::derive_key("leakwarden 2026-11 prints", secret);
        let half = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| print[from + i]));
        Keys {
            print: (half(0), half(8)),
            subject: blake3::derive_key("leakwarden 2026-11 subject pseudonyms", secret),
            published: blake3::derive_key("leakwarden 2026-11 published pseudonyms", secret),
            record: blake3::derive_key("leakwarden 2026-11 record hashes", secret),
            messages: blake3::derive_key("leakwarden 2026-11 messages of own topics", secret),
            state: blake3::derive_key("leakwarden 2026-11 saved state", secret),
            built_in: false,
        }
    }

    /// The same with published pseudonyms of another secret. Whoever changes that secret makes what was published before
    /// and after incomparable to outsiders, and changes nothing of profiles, alert ids and evidence.
    #[must_use]
    pub fn publishing_with(self, secret: &[u8]) -> Keys {
        Keys { published: blake3::derive_key("leakwarden 2026-11 published pseudonyms", secret), ..self }
    }

    /// The built-in public keys, for `decode`, `replay` and `demo` without a key file.
    pub fn built_in() -> Keys {
        Keys { built_in: true, ..Keys::from_secret(BUILT_IN) }
    }

    /// Whether these are the public keys.
    pub fn are_built_in(&self) -> bool {
        self.built_in
    }

    /// The pseudonym of a raw subject id in a space. Ids are compared as trimmed strings.
    pub fn subject(&self, space: &str, id: &str) -> Subject {
        let id = id.trim();
        let length = space.len() + 1 + id.len();
        // Hashed in one go an id costs four fifths of what it does piece by piece; hardly any is longer than a block.
        let mut whole = [0; blake3::BLOCK_LEN];
        if let Some(whole) = whole.get_mut(..length) {
            whole[..space.len()].copy_from_slice(space.as_bytes());
            whole[space.len() + 1..].copy_from_slice(id.as_bytes());
            return Subject(first_u64(blake3::keyed_hash(&self.subject, whole).as_bytes()));
        }
        let mut hasher = blake3::Hasher::new_keyed(&self.subject);
        hasher.update(space.as_bytes()).update(&[0]).update(id.as_bytes());
        Subject(first_u64(hasher.finalize().as_bytes()))
    }

    /// The pseudonym as it may leave the process.
    pub fn published(&self, subject: Subject) -> String {
        let hash = blake3::keyed_hash(&self.published, &subject.0.to_le_bytes());
        hash.to_hex()[..16].to_owned()
    }

    /// The hash of a record's raw bytes.
    pub fn record(&self, bytes: &[u8]) -> RecordHash {
        RecordHash(*blake3::keyed_hash(&self.record, bytes).as_bytes())
    }

    /// The key that the messages of a cluster's own topics are sealed with. Topics of another prefix have another.
    pub fn messages(&self, prefix: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.messages, prefix.as_bytes()).as_bytes()
    }

    /// The key that what is saved on disk is sealed with.
    pub fn state(&self) -> &[u8; 32] {
        &self.state
    }

    /// A hasher for a record that arrives in parts: all its bytes give the same hash as [`Keys::record`] of the whole.
    pub fn record_hasher(&self) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&self.record)
    }

    /// A 64-bit print of a text that is compared in memory and state, and never shown: record ids, addresses, references.
    /// Keyed, so that nobody can choose ids that collide. 0 is kept for "none".
    pub fn print(&self, domain: &str, text: &str) -> u64 {
        let length = domain.len() + 1 + text.len();
        // In one go it costs two thirds of what it does piece by piece, and is the same.
        let mut whole = [0; 64];
        if let Some(whole) = whole.get_mut(..length) {
            whole[..domain.len()].copy_from_slice(domain.as_bytes());
            whole[domain.len() + 1..].copy_from_slice(text.as_bytes());
            let mut hasher = SipHasher13::new_with_keys(self.print.0, self.print.1);
            hasher.write(whole);
            return hasher.finish().max(1);
        }
        let mut hasher = self.print_hasher(domain);
        hasher.write(text.as_bytes());
        hasher.finish().max(1)
    }

    /// A hasher of such prints, for what is made of many parts.
    pub fn print_hasher(&self, domain: &str) -> SipHasher13 {
        let mut hasher = SipHasher13::new_with_keys(self.print.0, self.print.1);
        hasher.write(domain.as_bytes());
        hasher.write_u8(0);
        hasher
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.built_in { "Keys(built-in)" } else { "Keys(secret)" })
    }
}

/// A record hash in hexadecimal digits.
pub fn hex(hash: &RecordHash) -> String {
    blake3::Hash::from_bytes(hash.0).to_hex().to_string()
}

fn first_u64(hash: &[u8; 32]) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| hash[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_compared_as_trimmed_texts_within_their_space() {
        let keys = Keys::built_in();
        assert_eq!(keys.subject("", " 42 "), keys.subject("", "42"));
        assert_ne!(keys.subject("", "42"), keys.subject("telco", "42"));
        assert_ne!(keys.subject("a", "b"), keys.subject("", "b"));
    }

    #[test]
    fn a_print_does_not_depend_on_how_its_text_is_hashed() {
        let keys = Keys::built_in();
        for length in [0, 1, 7, 8, 59, 60, 61, 62, 63, 64, 200] {
            let text = "7".repeat(length);
            let mut hasher = keys.print_hasher("ref");
            text.bytes().for_each(|byte| hasher.write_u8(byte));
            assert_eq!(keys.print("ref", &text), hasher.finish().max(1), "{length}");
        }
    }

    #[test]
    fn a_pseudonym_does_not_depend_on_how_its_id_is_hashed() {
        let keys = Keys::built_in();
        for length in [0, 1, 30, 57, 58, 59, 60, 63, 64, 65, 200] {
            let (space, id) = ("telco", "7".repeat(length));
            let mut hasher = blake3::Hasher::new_keyed(&keys.subject);
            hasher.update(space.as_bytes()).update(&[0]).update(id.as_bytes());
            assert_eq!(keys.subject(space, &id), Subject(first_u64(hasher.finalize().as_bytes())), "{length}");
        }
    }

    #[test]
    fn rotation_changes_what_is_published_and_nothing_else() {
        let (old, new) = (Keys::from_secret(&[7; 32]), Keys::from_secret(&[7; 32]).publishing_with(&[8; 32]));
        let subject = old.subject("", "42");
        assert_eq!((subject, old.record(b"x"), old.print("a", "b")), (new.subject("", "42"), new.record(b"x"), new.print("a", "b")));
        assert_ne!(old.published(subject), new.published(subject));
    }

    #[test]
    fn a_record_hashed_in_parts_has_the_hash_of_the_whole() {
        let keys = Keys::built_in();
        let mut hasher = keys.record_hasher();
        hasher.update(b"one ").update(b"record");
        assert_eq!(RecordHash(*hasher.finalize().as_bytes()), keys.record(b"one record"));
    }

    #[test]
    fn another_secret_gives_other_pseudonyms_and_the_debug_text_tells_none() {
        let keys = Keys::from_secret(&[7; 32]);
        assert_ne!(keys.subject("", "42"), Keys::built_in().subject("", "42"));
        assert_eq!(format!("{keys:?}"), "Keys(secret)");
    }
}
