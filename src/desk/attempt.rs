//! A sign-in that somebody has begun with the house's provider: what they must bring back is in a cookie of their own browser, which cannot
//! be made up, and each counts once.

use crate::database::{Database, DatabaseError};
use crate::desk::random;
use crate::model::time::{MINUTE_MS, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// How long one may take over it.
pub const LONGEST_MS: i64 = 10 * MINUTE_MS;

/// What was begun.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// What the provider sends back: of this browser.
    pub state: String,
    /// What the provider puts into the token: of this attempt.
    pub nonce: String,
    /// What proves that whoever brings the code has begun it (PKCE).
    pub verifier: String,
    /// Where to go then.
    pub next: String,
    /// Whether they had to sign in anew, however long they have been signed in there.
    pub again: bool,
    /// When, in milliseconds.
    pub at: i64,
}

impl Attempt {
    /// Begins one.
    pub fn new(next: String, again: bool, now: Timestamp) -> Result<Attempt, DatabaseError> {
        Ok(Attempt { state: random::token()?, nonce: random::token()?, verifier: random::token()?, next, again, at: now.0 })
    }

    /// As the cookie holds it.
    pub async fn sealed(&self, database: &Database) -> Result<String, DatabaseError> {
        let text = serde_json::to_vec(self).map_err(|_| DatabaseError::plain("begin a sign-in", "it cannot be written", false))?;
        let text = URL_SAFE_NO_PAD.encode(text);
        let seal = blake3::keyed_hash(&random::kept(database, "sign_in_key").await?, text.as_bytes()).to_hex();
        Ok(format!("{text}.{seal}"))
    }

    /// From the cookie, unless it was made up or has taken too long.
    pub async fn opened(database: &Database, cookie: &str, now: Timestamp) -> Result<Option<Attempt>, DatabaseError> {
        let Some((text, seal)) = cookie.split_once('.') else { return Ok(None) };
        let wanted = blake3::keyed_hash(&random::kept(database, "sign_in_key").await?, text.as_bytes());
        // Hashes are compared without telling where they differ.
        if blake3::Hash::from_hex(seal).ok() != Some(wanted) {
            return Ok(None);
        }
        let attempt = URL_SAFE_NO_PAD.decode(text).ok().and_then(|text| serde_json::from_slice::<Attempt>(&text).ok());
        Ok(attempt.filter(|attempt| (0..LONGEST_MS).contains(&(now.0 - attempt.at))))
    }

    /// Counts it; whether it had not counted before.
    pub async fn claim(&self, database: &Database, now: Timestamp) -> Result<bool, DatabaseError> {
        let mut write = database.write().await?;
        sqlx::query("delete from sign_in_used where at < $1").bind(now.0 - LONGEST_MS).execute(&mut *write).await?;
        let insert = sqlx::query("insert into sign_in_used (state, at) values ($1, $2) on conflict do nothing");
        let state = blake3::hash(self.state.as_bytes()).to_hex().to_string();
        let first = insert.bind(state).bind(self.at).execute(&mut *write).await?.rows_affected() == 1;
        write.commit().await?;
        Ok(first)
    }
}
