//! Whoever guesses passwords waits, by address and account; nobody is locked out by what others do.
//!
//! Failures are counted three times: of the account from this address, of this address whatever the account, and of the account from wherever
//! it was never signed in to. After some that are free each doubles the time until the next attempt is looked at; an attempt before that is
//! refused and counts as none. Whoever signs in from where they did before waits for their own failures alone. Addresses are kept as hashes.

use crate::database::{Database, DatabaseError};
use crate::model::time::{DAY_MS, MINUTE_MS, Timestamp};
use sqlx::Row;
use std::net::IpAddr;

const SECOND_MS: i64 = MINUTE_MS / 60;
/// The longest time between two attempts.
const LONGEST_MS: i64 = 5 * MINUTE_MS;
/// Failures are forgotten after so long without another.
const FORGOTTEN_MS: i64 = DAY_MS;
/// An address is known for so long after it was signed in from.
const KNOWN_MS: i64 = 90 * DAY_MS;
/// Failures that are free: of an account from one address, of an address, of an account from anywhere.
const FREE: [i64; 3] = [5, 20, 50];

/// Who tries, from where.
pub struct Attempt {
    /// The hashes of [`FREE`], in its order.
    hashes: [String; 3],
}

impl Attempt {
    /// Of an account, from an address; where that is not known, all such are one.
    pub fn of(account: &str, from: Option<IpAddr>) -> Attempt {
        // Whoever has an IPv6 address has all of its network.
        let from = from.map(|from| match from.to_canonical() {
            IpAddr::V4(four) => four.to_string(),
            IpAddr::V6(six) => format!("{:?}", &six.segments()[..4]),
        });
        let from = from.unwrap_or_default();
        let hash = |kind: &str, account: &str, from: &str| {
            let text = serde_json::json!([kind, account, from]).to_string();
            blake3::derive_key("leakwarden sign-in delay", text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        Attempt { hashes: [hash("both", account, &from), hash("address", "", &from), hash("account", account, "")] }
    }

    /// Whether it is looked at now.
    pub async fn may(&self, database: &Database, now: Timestamp) -> Result<bool, DatabaseError> {
        let mut read = database.read().await?;
        let known = sqlx::query("select 1 from sign_in_known where hash = $1 and at > $2").bind(&self.hashes[0]).bind(now.0 - KNOWN_MS);
        let known = known.fetch_optional(&mut *read).await?.is_some();
        for (at, (hash, free)) in self.hashes.iter().zip(FREE).enumerate() {
            if known && at > 0 {
                break;
            }
            let row = sqlx::query("select failures, last_at from sign_in_failure where hash = $1").bind(hash);
            let Some(row) = row.fetch_optional(&mut *read).await? else { continue };
            if now.0 < row.try_get::<i64, _>(1)? + wait(row.try_get(0)?, free) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// It failed.
    pub async fn failed(&self, database: &Database, now: Timestamp) -> Result<(), DatabaseError> {
        let mut write = database.write().await?;
        let old = sqlx::query("delete from sign_in_failure where last_at < $1").bind(now.0 - FORGOTTEN_MS);
        old.execute(&mut *write).await?;
        for hash in &self.hashes {
            let upsert = "insert into sign_in_failure (hash, failures, last_at) values ($1, 1, $2)
                on conflict (hash) do update set failures = sign_in_failure.failures + 1, last_at = excluded.last_at";
            sqlx::query(upsert).bind(hash).bind(now.0).execute(&mut *write).await?;
        }
        write.commit().await
    }

    /// It was right: what failed from here is forgotten, and the address is known from now on.
    pub async fn succeeded(&self, database: &Database, now: Timestamp) -> Result<(), DatabaseError> {
        let mut write = database.write().await?;
        sqlx::query("delete from sign_in_failure where hash = $1").bind(&self.hashes[0]).execute(&mut *write).await?;
        sqlx::query("delete from sign_in_known where at < $1").bind(now.0 - KNOWN_MS).execute(&mut *write).await?;
        let upsert = "insert into sign_in_known (hash, at) values ($1, $2) on conflict (hash) do update set at = excluded.at";
        sqlx::query(upsert).bind(&self.hashes[0]).bind(now.0).execute(&mut *write).await?;
        write.commit().await
    }
}

/// How long the next attempt is not looked at after so many failures, in milliseconds.
fn wait(failures: i64, free: i64) -> i64 {
    match failures - free {
        below if below < 0 => 0,
        beyond => (SECOND_MS << beyond.min(20)).min(LONGEST_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_costs_nothing_and_nobody_waits_for_longer_than_minutes() {
        let waits: Vec<i64> = [0, 4, 5, 6, 9, 13, 14, 1_000].map(|failures| wait(failures, 5) / SECOND_MS).to_vec();
        assert_eq!(waits, [0, 0, 1, 2, 16, 256, 300, 300]);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |from: &str| Attempt::of("li", from.parse().ok()).hashes;
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert!(of("2001:db8:1:2::1") != of("2001:db8:1:3::1") && of("10.0.0.1") != of("10.0.0.2"));
    }
}
