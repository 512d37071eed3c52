//! `unmaskings` and `holds`: asked for, decided, shown for a while; set and lifted.

use crate::console::answer::{Answer, Asked};
use crate::console::pages::{holds, identities as shown};
use crate::desk::DeskError;
use crate::desk::hold::{self, Hold};
use crate::desk::unmask::{self, Unmasking};
use crate::desk::view_log::View;
use axum::http::StatusCode;
use serde_json::{Value, json};

fn of(unmasking: &Unmasking) -> Value {
    json!({
        "id": unmasking.id,
        "version": unmasking.version(),
        "case": unmasking.case_id,
        "state": unmasking.state.name(),
        "purpose": unmasking.purpose,
        "pseudonyms": unmasking.pseudonyms,
        "asked_by": unmasking.asked_by,
        "asked_at": unmasking.asked_at.to_string(),
        "decided_by": unmasking.decided_by,
        "decided_at": unmasking.decided_at.map(|at| at.to_string()),
        "expires_at": unmasking.expires_at.map(|at| at.to_string()),
    })
}

fn answered(unmasking: &Unmasking) -> Answer {
    let view = View { page: "unmaskings", object: unmasking.id.to_string(), persons: Vec::new(), rows: 1 };
    Answer::json(view, of(unmasking)).version(unmasking.version())
}

/// `POST /api/v1/cases/{id}/unmaskings`
pub async fn ask(asked: Asked) -> Result<Answer, DeskError> {
    let names: Vec<String> = asked.body.text("pseudonyms").split_whitespace().map(str::to_owned).collect();
    let (database, purpose) = (&asked.console.database, asked.body.text("purpose"));
    let unmasking = unmask::ask(database, asked.caller()?, asked.number(0)?, purpose, &names, asked.if_match, asked.now).await?;
    Ok(answered(&unmasking).status(StatusCode::CREATED))
}

/// `GET /api/v1/unmaskings`
pub async fn list(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    let all = unmask::list(&mut read, asked.caller()?).await?;
    let view = View { page: "unmaskings", object: String::new(), persons: Vec::new(), rows: all.len() as i64 };
    Ok(Answer::json(view, json!({ "unmaskings": all.iter().map(of).collect::<Vec<_>>() })))
}

/// `GET /api/v1/unmaskings/{id}`
pub async fn one(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    Ok(answered(&unmask::one(&mut read, asked.caller()?, asked.number(0)?).await?))
}

/// `POST /api/v1/unmaskings/{id}/approval`
pub async fn approve(asked: Asked) -> Result<Answer, DeskError> {
    let agrees = asked.agrees()?;
    let mut read = asked.console.database.read().await?;
    let now = unmask::one(&mut read, asked.caller()?, asked.number(0)?).await?.version();
    drop(read);
    if asked.if_match != Some(now) {
        return Err(DeskError::Changed { now });
    }
    let (database, people) = (&asked.console.database, &asked.people);
    Ok(answered(&unmask::decide(database, people, asked.caller()?, asked.number(0)?, agrees, asked.now).await?))
}

/// `GET /api/v1/unmaskings/{id}/identities`
pub async fn identities(asked: Asked) -> Result<Answer, DeskError> {
    let found = shown::looked_for(&asked).await?;
    let found = found.ok_or(DeskError::NotAllowed("sign in again: identities are shown for some minutes after one has signed in"))?;
    let unmasking = &found.unmasking;
    let body = json!({
        "id": unmasking.id, "expires_at": unmasking.expires_at.map(|at| at.to_string()), "identities": found.found.identities,
        "places": found.cited, "places_there": found.found.places_there,
    });
    Ok(Answer::json(found.view(), body))
}

fn of_hold(hold: &Hold) -> Value {
    json!({
        "id": hold.id, "version": hold.version(), "case": hold.case_id, "state": hold.state.name(), "by": hold.by.0, "at": hold.by.1.to_string(),
        "reason": hold.reason, "decided_by": hold.decided.as_ref().map(|(by, _)| by), "decided_at": hold.decided.as_ref().map(|(_, at)| at.to_string()),
        "lifted_by": hold.lifted.as_ref().map(|(by, _)| by), "lifted_at": hold.lifted.as_ref().map(|(_, at)| at.to_string()),
    })
}

/// `GET /api/v1/cases/{id}/holds`
pub async fn holds(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    let (_, all) = hold::of_case(&mut read, asked.caller()?, asked.number(0)?).await?;
    Ok(Answer::plain_json(json!({ "holds": all.iter().map(of_hold).collect::<Vec<_>>() })))
}

/// `POST /api/v1/cases/{id}/holds`: it changes nothing that somebody could have read otherwise, so that any version will do.
pub async fn set_hold(asked: Asked) -> Result<Answer, DeskError> {
    let hold = holds::added(&asked).await?;
    Ok(Answer::plain_json(of_hold(&hold)).status(StatusCode::CREATED).version(hold.version()))
}

/// `POST /api/v1/holds/{id}/decision`
pub async fn decide_hold(asked: Asked) -> Result<Answer, DeskError> {
    let hold = holds::decided(&asked).await?;
    Ok(Answer::plain_json(of_hold(&hold)).version(hold.version()))
}

/// `POST /api/v1/holds/{id}/lifting`
pub async fn lift_hold(asked: Asked) -> Result<Answer, DeskError> {
    let hold = holds::lifted(&asked).await?;
    Ok(Answer::plain_json(of_hold(&hold)).version(hold.version()))
}
