//! `silences`, as pages have them.

use crate::console::answer::{Answer, Asked};
use crate::console::pages;
use crate::desk::DeskError;
use crate::desk::silence::{self, Silence};
use crate::desk::view_log::View;
use crate::model::decision::Matcher;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

fn of(asked: &Asked, silence: &Silence) -> Value {
    let of = |matcher: &Matcher| (matcher.field.name().to_owned(), pages::silences::shown(asked, silence, matcher).into());
    let matchers: Map<String, Value> = silence.wanted.matchers.iter().map(of).collect();
    json!({
        "id": silence.id,
        "version": silence.state.version(),
        "state": silence.state.name(),
        "match": matchers,
        "to": silence.wanted.to.to_string(),
        "reason": silence.wanted.reason.name(),
        "text": silence.wanted.text,
        "by": silence.by.0,
        "at": silence.by.1.to_string(),
        "second": silence.second,
        "ended_by": silence.ended.as_ref().map(|(by, _)| by),
        "ended_at": silence.ended.as_ref().map(|(_, at)| at.to_string()),
    })
}

fn answered(asked: &Asked, silence: &Silence) -> Answer {
    let view = View { page: "silences", object: silence.id.to_string(), persons: Vec::new(), rows: 1 };
    Answer::json(view, of(asked, silence)).version(silence.state.version())
}

/// `GET /api/v1/silences`
pub async fn list(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    let silences = silence::list(&mut read, asked.caller()?).await?;
    let view = View { page: "silences", object: String::new(), persons: Vec::new(), rows: silences.len() as i64 };
    Ok(Answer::json(view, json!({ "silences": silences.iter().map(|silence| of(&asked, silence)).collect::<Vec<_>>() })))
}

/// `POST /api/v1/silences`
pub async fn add(asked: Asked) -> Result<Answer, DeskError> {
    Ok(answered(&asked, &pages::silences::added(&asked).await?).status(StatusCode::CREATED))
}

/// `POST /api/v1/silences/{id}/decision`
pub async fn decide(asked: Asked) -> Result<Answer, DeskError> {
    current(&asked).await?;
    Ok(answered(&asked, &pages::silences::decided(&asked).await?))
}

/// `POST /api/v1/silences/{id}/end`
pub async fn end(asked: Asked) -> Result<Answer, DeskError> {
    current(&asked).await?;
    Ok(answered(&asked, &silence::end(&asked.console.database, asked.caller()?, asked.number(0)?, asked.now).await?))
}

/// Whether it is as it was read. Each step is allowed in one state only, so that of two at once one is refused whatever they read.
async fn current(asked: &Asked) -> Result<(), DeskError> {
    let mut read = asked.console.database.read().await?;
    let id = asked.number(0)?;
    let all = silence::list(&mut read, asked.caller()?).await?;
    let now = all.iter().find(|silence| silence.id == id).ok_or(DeskError::NotFound)?.state.version();
    if asked.if_match == Some(now) { Ok(()) } else { Err(DeskError::Changed { now }) }
}
