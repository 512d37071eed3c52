//! Secrets by chance, from the system.

use crate::database::{Database, DatabaseError};
use sqlx::Row;
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

/// A key of that name, made once and kept in the database.
pub(super) async fn kept(database: &Database, name: &str) -> Result<[u8; 32], DatabaseError> {
    let select = "select value from meta where name = $1";
    let mut read = database.read().await?;
    let mut row = sqlx::query(select).bind(name).fetch_optional(&mut *read).await?;
    drop(read);
    if row.is_none() {
        let mut write = database.write().await?;
        let insert = sqlx::query("insert into meta (name, value) values ($1, $2) on conflict do nothing").bind(name).bind(token()?);
        insert.execute(&mut *write).await?;
        row = sqlx::query(select).bind(name).fetch_optional(&mut *write).await?;
        write.commit().await?;
    }
    let text: String = row.map_or(Ok(String::new()), |row| row.try_get(0))?;
    Ok(blake3::derive_key(&format!("leakwarden {name}"), text.as_bytes()))
}
