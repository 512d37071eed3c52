//! How far employees' days were evaluated: sums of settled days, as the service hands them over. What comes again replaces what was there, so
//! that a repeat changes nothing and a late record counts.

use crate::database::{Database, DatabaseError};
use crate::model::coverage::{Counts, SettledDays};
use crate::model::time::Timestamp;
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;

/// Days that are shown.
pub const DAYS: i64 = 90;
/// Tables that are shown.
const TABLES: i64 = 100;

/// Sums of all parts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// By day, YYYY-MM-DD.
    pub days: BTreeMap<String, Counts>,
    /// Tables that the catalog does not know, most accessed first.
    pub tables: Vec<(String, u64)>,
    /// When the service last wrote something down.
    pub taken_at: Option<Timestamp>,
}

/// Takes what has settled.
pub async fn take(database: &Database, settled: &SettledDays, now: Timestamp) -> Result<(), DatabaseError> {
    let unwritable = |_| DatabaseError::plain("write coverage", "it cannot be written as JSON", false);
    let mut write = database.write().await?;
    for (day, counts) in &settled.days {
        let upsert = "insert into coverage_day (part, day, states, reasons, taken_at) values ($1, $2, $3, $4, $5)
            on conflict (part, day) do update set states = excluded.states, reasons = excluded.reasons, taken_at = excluded.taken_at";
        let states = serde_json::to_string(&counts.states).map_err(unwritable)?;
        let reasons = serde_json::to_string(&counts.reasons).map_err(unwritable)?;
        sqlx::query(upsert).bind(&settled.part).bind(day).bind(states).bind(reasons).bind(now.0).execute(&mut *write).await?;
    }
    sqlx::query("delete from coverage_table where part = $1").bind(&settled.part).execute(&mut *write).await?;
    for (name, accesses) in &settled.tables {
        let insert = "insert into coverage_table (part, name, accesses) values ($1, $2, $3) on conflict do nothing";
        // PostgreSQL holds no NUL.
        let insert = sqlx::query(insert).bind(&settled.part).bind(name.replace('\0', "\u{fffd}"));
        insert.bind(i64::try_from(*accesses).unwrap_or(i64::MAX)).execute(&mut *write).await?;
    }
    write.commit().await
}

/// The last days, of all parts together.
pub async fn read(connection: &mut AnyConnection) -> Result<Coverage, DatabaseError> {
    let mut found = Coverage::default();
    let select = "select day, states, reasons, taken_at from coverage_day
        where day in (select distinct day from coverage_day order by day desc limit $1) order by day, part";
    for row in sqlx::query(select).bind(DAYS).fetch_all(&mut *connection).await? {
        let counted = |column| -> Result<String, DatabaseError> { Ok(row.try_get(column)?) };
        let (states, reasons) = (serde_json::from_str(&counted(1)?), serde_json::from_str(&counted(2)?));
        // What another version counted otherwise is left out rather than shown under wrong names.
        let (Ok(states), Ok(reasons)) = (states, reasons) else { continue };
        found.days.entry(row.try_get(0)?).or_default().join(&Counts { states, reasons });
        found.taken_at = found.taken_at.max(Some(Timestamp(row.try_get(3)?)));
    }
    let select = "select name, cast(sum(accesses) as bigint) from coverage_table group by name order by 2 desc, name limit $1";
    for row in sqlx::query(select).bind(TABLES).fetch_all(connection).await? {
        found.tables.push((row.try_get(0)?, row.try_get::<i64, _>(1)?.unsigned_abs()));
    }
    Ok(found)
}
