//! How it stands with all receivers: counts and times out of the tables of the outbox. No event is read: it names people.

use crate::database::{Database, DatabaseError};
use crate::model::time::{DAY_MS, Timestamp};
use sqlx::Row;
use std::collections::BTreeMap;

/// Days of which it is counted what was told.
pub const DAYS: i64 = 7;

/// How it stands with one receiver.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Receiver {
    /// Events that wait.
    pub waiting: u64,
    /// When the oldest of them was put down.
    pub oldest: Option<Timestamp>,
    /// How often the one tried most was tried.
    pub tries: u64,
    /// When something was last told.
    pub last: Option<Timestamp>,
    /// Told in the last [`DAYS`].
    pub told: u64,
    /// Superseded by what came after, in the last [`DAYS`].
    pub superseded: u64,
    /// What was refused for good, or tried for too long.
    pub dead: u64,
}

/// By name: every receiver of which there is anything.
pub async fn receivers(database: &Database, now: Timestamp) -> Result<BTreeMap<String, Receiver>, DatabaseError> {
    let mut read = database.read().await?;
    let mut of: BTreeMap<String, Receiver> = BTreeMap::new();
    let count = |number: i64| number.unsigned_abs();
    let select =
        "select sink, cast(count(*) as bigint), cast(min(made_at) as bigint), cast(max(tries) as bigint) from outbox group by sink";
    for row in sqlx::query(select).fetch_all(&mut *read).await? {
        let one = of.entry(row.try_get(0)?).or_default();
        (one.waiting, one.tries) = (count(row.try_get(1)?), count(row.try_get(3)?));
        one.oldest = row.try_get::<Option<i64>, _>(2)?.map(Timestamp);
    }
    let select =
        "select sink, outcome, cast(count(*) as bigint), cast(max(at) as bigint) from delivery where at >= $1 group by sink, outcome";
    for row in sqlx::query(select).bind(now.0 - DAYS * DAY_MS).fetch_all(&mut *read).await? {
        let one = of.entry(row.try_get(0)?).or_default();
        let number = count(row.try_get(2)?);
        if row.try_get::<String, _>(1)? == "superseded" {
            one.superseded = number;
        } else {
            one.told = number;
            one.last = row.try_get::<Option<i64>, _>(3)?.map(Timestamp);
        }
    }
    for row in sqlx::query("select sink, cast(count(*) as bigint) from dead_letter group by sink").fetch_all(&mut *read).await? {
        of.entry(row.try_get(0)?).or_default().dead = count(row.try_get(1)?);
    }
    Ok(of)
}
