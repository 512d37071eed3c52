//! Verdicts on their way to people: whoever was told of a case hears that it is over once somebody has decided it, and not at the full hour at
//! which the engine takes the decision. Decisions are read where the desk commits them, in their order, each once.
//!
//! What has gone on since is not over: a newer revision than the verdict cites stays open here, as it does in the engine, which refuses such a
//! verdict. The engine's own word that an alert is closed comes later, and tells nothing new.

use crate::database::{Database, DatabaseError, Write};
use crate::model::decision::parse::{self, Line};
use crate::model::decision::{DecisionKind, Verdict};
use crate::model::time::Timestamp;
use crate::notify::outbox::{self, Outbox};
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;

/// Decisions of a step.
const STEP: i64 = 200;

/// Puts down what verdicts end; whether there may be more of them.
pub async fn step(database: &Database, outbox: &Outbox, now: Timestamp) -> Result<bool, DatabaseError> {
    let mut read = database.read().await?;
    let waits = !decisions(&mut read).await?.is_empty();
    drop(read);
    if !waits {
        return Ok(false);
    }
    let mut write = database.write().await?;
    let decisions = decisions(&mut write).await?;
    for (_, body) in &decisions {
        if let Ok(Line::Decision(decision)) = parse::line(body)
            && let DecisionKind::Verdict(verdict) = decision.what
        {
            end(&mut write, outbox, &verdict, now).await?;
        }
    }
    if let Some((last, _)) = decisions.last() {
        let upsert = "insert into meta (name, value) values ('told_decisions', $1) on conflict (name) do update set value = excluded.value";
        sqlx::query(upsert).bind(last.to_string()).execute(&mut *write).await?;
    }
    write.commit().await?;
    Ok(decisions.len() as i64 == STEP)
}

/// Decisions that nobody was told of, in their order.
async fn decisions(connection: &mut AnyConnection) -> Result<Vec<(i64, String)>, DatabaseError> {
    let row = sqlx::query("select value from meta where name = 'told_decisions'").fetch_optional(&mut *connection).await?;
    let last: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
    let last = last.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let rows = sqlx::query("select number, body from feedback where number > $1 order by number limit $2").bind(last).bind(STEP);
    rows.fetch_all(connection).await?.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn end(write: &mut Write, outbox: &Outbox, verdict: &Verdict, now: Timestamp) -> Result<(), DatabaseError> {
    let mut of_cases: BTreeMap<String, BTreeMap<&str, u32>> = BTreeMap::new();
    for cited in &verdict.alerts {
        let row = sqlx::query("select case_id from notify_alert where alert_id = $1").bind(&cited.id).fetch_optional(&mut **write).await?;
        if let Some(row) = row {
            of_cases.entry(row.try_get(0)?).or_default().insert(&cited.id, cited.revision);
        }
    }
    for (case, cited) in of_cases {
        let mut standing = outbox::standing(write, &case).await?;
        let event = standing.decide(&case, &cited, now.0);
        outbox::store(write, &case, &standing, now).await?;
        if let Some(event) = event {
            outbox.enqueue(write, &event).await?;
        }
    }
    Ok(())
}
