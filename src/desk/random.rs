//! Secrets by chance, from the system.

use crate::database::DatabaseError;
use std::fs::File;
use std::io::Read as _;

/// So many bytes that nobody can guess.
pub fn bytes<const N: usize>() -> Result<[u8; N], DatabaseError> {
    let mut bytes = [0; N];
    let read = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    read.map_err(|_| DatabaseError::plain("make a secret", "the system gives no random bytes", true))?;
    Ok(bytes)
}

/// 256 bits as text.
pub fn token() -> Result<String, DatabaseError> {
    Ok(bytes::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}
