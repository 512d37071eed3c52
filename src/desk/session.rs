//! Sessions: 256 random bits in a cookie, of which only the hash is stored; new at every sign-in, ended by silence and by age.

use crate::database::{Database, DatabaseError};
use crate::desk::people::People;
use crate::desk::rights::Caller;
use crate::desk::token::Scope;
use crate::desk::{account, random};
use crate::model::time::{HOUR_MS, MINUTE_MS, Timestamp};
use sqlx::Row;

/// A session without requests ends after so long.
pub const IDLE_MS: i64 = 15 * MINUTE_MS;
/// Any session ends after so long.
pub const WHOLE_MS: i64 = 8 * HOUR_MS;
/// Identities are shown for so long after one has signed in; then one signs in again.
pub const STEP_UP_MS: i64 = 15 * MINUTE_MS;
/// When it was used is written down at most so often.
const NOTED_MS: i64 = MINUTE_MS;

/// By what a session is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// Somebody asks.
    ByPerson,
    /// A page that is open asks, and nobody may be there: it keeps no session from ending.
    ByItself,
}

/// Somebody signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Who.
    pub caller: Caller,
    /// What forms must bring back.
    pub csrf: String,
    /// What a program may, which comes with a token; `None` for people who have signed in.
    pub scopes: Option<Vec<Scope>>,
    /// When they proved who they are; `None` where a proxy says who it is.
    pub began: Option<Timestamp>,
    /// The session's stored hash.
    hash: String,
}

fn hash(secret: &str) -> String {
    blake3::derive_key("leakwarden console session", secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Begins a session of an account; returns the secret for its cookie.
pub async fn begin(database: &Database, account: &str, now: Timestamp) -> Result<String, DatabaseError> {
    begin_as_of(database, account, now, now).await
}

/// The same of somebody who proved elsewhere, at `proved`, who they are.
pub async fn begin_as_of(database: &Database, account: &str, proved: Timestamp, now: Timestamp) -> Result<String, DatabaseError> {
    let (secret, csrf) = (random::token()?, random::token()?);
    let mut write = database.write().await?;
    let over = sqlx::query("delete from session where seen_at < $1 or created_at < $2").bind(now.0 - IDLE_MS - NOTED_MS);
    over.bind(now.0 - WHOLE_MS).execute(&mut *write).await?;
    let insert = "insert into session (hash, account, csrf, created_at, seen_at, proved_at) values ($1, $2, $3, $4, $4, $5)";
    sqlx::query(insert).bind(hash(&secret)).bind(account).bind(csrf).bind(now.0).bind(proved.0).execute(&mut *write).await?;
    write.commit().await?;
    Ok(secret)
}

/// Who brings this secret, unless the session is over or the account gone.
pub async fn find(database: &Database, people: &People, secret: &str, by: Use, now: Timestamp) -> Result<Option<Session>, DatabaseError> {
    let hash = hash(secret);
    let mut read = database.read().await?;
    let row = sqlx::query("select account, csrf, created_at, seen_at, proved_at from session where hash = $1").bind(&hash);
    let Some(row) = row.fetch_optional(&mut *read).await? else { return Ok(None) };
    let (account, csrf): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let (created, seen): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
    // No later than the session is old.
    let proved = row.try_get::<Option<i64>, _>(4)?.map_or(created, |proved| proved.min(created));
    if now.0 - created >= WHOLE_MS || now.0 - seen >= IDLE_MS {
        return Ok(None);
    }
    let caller = account::caller(&mut read, people, &account).await?;
    drop(read);
    if by == Use::ByPerson && now.0 - seen >= NOTED_MS {
        let mut write = database.write().await?;
        sqlx::query("update session set seen_at = $2 where hash = $1").bind(&hash).bind(now.0).execute(&mut *write).await?;
        write.commit().await?;
    }
    Ok(caller.map(|caller| Session { caller, csrf, scopes: None, began: Some(Timestamp(proved)), hash }))
}

/// Ends a session.
pub async fn end(database: &Database, session: &Session) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    sqlx::query("delete from session where hash = $1").bind(&session.hash).execute(&mut *write).await?;
    write.commit().await
}

impl Session {
    /// Of somebody whom the proxy has signed in: nothing of it is stored.
    pub fn by_proxy(caller: Caller, csrf: String) -> Session {
        Session { caller, csrf, scopes: None, began: None, hash: String::new() }
    }

    /// Of a program that comes with a token: it sends no forms.
    pub fn by_token(caller: Caller, scopes: Vec<Scope>) -> Session {
        Session { caller, csrf: String::new(), scopes: Some(scopes), began: None, hash: String::new() }
    }
}
