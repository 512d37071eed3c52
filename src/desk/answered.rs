//! Requests that may be sent again: a key of the sender's own, and what was answered. A request is claimed before it is done; the same one
//! again is given the same answer and changes nothing, another under the same key is refused.

use crate::database::{Database, DatabaseError};
use crate::model::time::{DAY_MS, Timestamp};
use sqlx::Row;

/// How long a key is kept.
pub const KEPT_MS: i64 = DAY_MS;

/// What is known of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Claim {
    /// It is new, and this request is the one to be done.
    New,
    /// It was answered so.
    Answered(String),
    /// It is being done, or was broken off: what became of it is to be read.
    Begun,
    /// Another request has it.
    Other,
}

/// Claims a key of an account for a request, which is known by its hash.
pub async fn claim(database: &Database, account: &str, key: &str, request: &str, now: Timestamp) -> Result<Claim, DatabaseError> {
    let mut write = database.write().await?;
    sqlx::query("delete from answered where at < $1").bind(now.0 - KEPT_MS).execute(&mut *write).await?;
    let there = sqlx::query("select request, answer from answered where account = $1 and key = $2").bind(account).bind(key);
    if let Some(row) = there.fetch_optional(&mut *write).await? {
        let (of, answer): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        return Ok(match (of == request, answer.is_empty()) {
            (false, _) => Claim::Other,
            (true, true) => Claim::Begun,
            (true, false) => Claim::Answered(answer),
        });
    }
    let insert = sqlx::query("insert into answered (account, key, request, answer, at) values ($1, $2, $3, '', $4)");
    insert.bind(account).bind(key).bind(request).bind(now.0).execute(&mut *write).await?;
    write.commit().await?;
    Ok(Claim::New)
}

/// It was done, and answered so.
pub async fn done(database: &Database, account: &str, key: &str, answer: &str) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    let update = sqlx::query("update answered set answer = $3 where account = $1 and key = $2").bind(account).bind(key).bind(answer);
    update.execute(&mut *write).await?;
    write.commit().await
}

/// It was refused and changed nothing: the key is free again.
pub async fn undone(database: &Database, account: &str, key: &str) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    let delete = sqlx::query("delete from answered where account = $1 and key = $2 and answer = ''").bind(account).bind(key);
    delete.execute(&mut *write).await?;
    write.commit().await
}
