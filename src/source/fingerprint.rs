//! Tells a growing file from another one under the same name, also after a restart: by its first bytes. Inodes are reused.

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// How many of the first bytes are looked at.
const LONGEST: u64 = 1_024;

/// A keyed hash of a file's first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fingerprint {
    length: u64,
    hash: [u8; 16],
}

impl Fingerprint {
    /// Of the file as it is now. `hasher` is keyed: a plain hash of a short line could be enumerated back to its content.
    pub fn of(file: &File, hasher: &blake3::Hasher) -> io::Result<Fingerprint> {
        Fingerprint::of_first(file, hasher, LONGEST)
    }

    fn of_first(file: &File, hasher: &blake3::Hasher, length: u64) -> io::Result<Fingerprint> {
        let mut first = Vec::with_capacity(LONGEST as usize);
        let mut chunk = [0; LONGEST as usize];
        while (first.len() as u64) < length {
            let wanted = (length as usize - first.len()).min(chunk.len());
            match file.read_at(&mut chunk[..wanted], first.len() as u64) {
                Ok(0) => break,
                Ok(read) => first.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let hash = *hasher.clone().update(&first).finalize().as_bytes();
        Ok(Fingerprint { length: first.len() as u64, hash: std::array::from_fn(|i| hash[i]) })
    }

    /// Whether that file begins as this one did; it may have grown since.
    pub fn fits(&self, file: &File, hasher: &blake3::Hasher) -> io::Result<bool> {
        Ok(Fingerprint::of_first(file, hasher, self.length)? == *self)
    }

    /// Whether the file was too short for it to be final.
    pub fn may_grow(&self) -> bool {
        self.length < LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::keys::Keys;

    #[test]
    fn a_file_that_grows_still_fits_and_another_does_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("log");
        let hasher = Keys::built_in().record_hasher();
        let write = |text: &str| {
            std::fs::write(&path, text).expect("written");
            File::open(&path).expect("opened")
        };
        let print = Fingerprint::of(&write("one\n"), &hasher).expect("read");
        assert!(print.may_grow());
        assert!(print.fits(&write("one\ntwo\n"), &hasher).expect("read"));
        assert!(!print.fits(&write("two\none\n"), &hasher).expect("read"));
        assert!(!print.fits(&write("on"), &hasher).expect("read"));
        let long = Fingerprint::of(&write(&"x".repeat(5_000)), &hasher).expect("read");
        assert!(!long.may_grow() && long.fits(&write(&"x".repeat(1_024)), &hasher).expect("read"));
    }
}
