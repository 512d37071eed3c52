//! `quality`, `coverage` and `deliveries`: counts, and nobody.

use crate::console::answer::{Answer, Asked};
use crate::desk::quality::{self, Decided};
use crate::desk::{DeskError, coverage};
use crate::model::coverage::{Reason, State};
use crate::notify::overview;
use serde_json::{Map, Value, json};

fn of(typology: Option<&str>, one: &Decided) -> Value {
    let [confirmed, innocent, unclear] = one.outcomes;
    json!({
        "typology": typology, "confirmed": confirmed, "innocent": innocent, "unclear": unclear, "detector_wrong": one.detector_wrong, "open": one.open,
        "precision": one.share().map(|(share, (low, high))| json!({ "share": share, "low": low, "high": high })),
        "median_hours": one.median_hours(),
    })
}

/// `GET /api/v1/quality`
pub async fn quality(asked: Asked) -> Result<Answer, DeskError> {
    let (by_typology, all) = quality::decided(&asked.console.database, asked.caller()?).await?;
    let rows: Vec<Value> = by_typology.iter().map(|(typology, one)| of(Some(typology), one)).collect();
    Ok(Answer::plain_json(json!({ "quality": rows, "all": of(None, &all) })))
}

/// `GET /api/v1/coverage`
pub async fn coverage(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    let found = coverage::read(&mut read).await?;
    let days: Vec<Value> = found
        .days
        .iter()
        .map(|(day, of)| {
            let states: Map<String, Value> =
                State::ALL.iter().map(|state| (state.name().to_owned(), of.states[*state as usize].into())).collect();
            let reasons: Map<String, Value> =
                Reason::ALL.iter().map(|reason| (reason.name().to_owned(), of.reasons[*reason as usize].into())).collect();
            json!({ "day": day, "employees": states, "reasons": reasons })
        })
        .collect();
    let tables: Vec<Value> = found.tables.iter().map(|(name, accesses)| json!({ "name": name, "accesses": accesses })).collect();
    Ok(Answer::plain_json(json!({ "days": days, "unknown_tables": tables, "taken_at": found.taken_at.map(|at| at.to_string()) })))
}

/// `GET /api/v1/deliveries`
pub async fn deliveries(asked: Asked) -> Result<Answer, DeskError> {
    let all = overview::receivers(&asked.console.database, asked.now).await?;
    let rows: Vec<Value> = all
        .iter()
        .map(|(name, of)| {
            json!({
                "name": name, "waiting": of.waiting, "oldest": of.oldest.map(|at| at.to_string()), "tries": of.tries, "told": of.told,
                "superseded": of.superseded, "days": overview::DAYS, "last": of.last.map(|at| at.to_string()), "dead_letters": of.dead,
            })
        })
        .collect();
    Ok(Answer::plain_json(json!({ "deliveries": rows })))
}
