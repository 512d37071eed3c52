//! `unmaskings` and `holds`: asked for, decided, shown for a while; set and lifted.

use crate::console::answer::{Answer, Asked};
use crate::desk::DeskError;
use crate::desk::hold::{self, Hold};
use crate::desk::session::STEP_UP_MS;
use crate::desk::unmask::{self, Unmasking};
use crate::desk::view_log::View;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

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
    let fresh = asked.session.as_ref().and_then(|session| session.began).is_none_or(|began| asked.now.0 - began.0 < STEP_UP_MS);
    let mut read = asked.console.database.read().await?;
    let (unmasking, places) = unmask::live(&mut read, asked.caller()?, asked.number(0)?, asked.now).await?;
    drop(read);
    if !fresh {
        return Err(DeskError::NotAllowed("sign in again: identities are shown for some minutes after one has signed in"));
    }
    let finder = asked.console.settings.finder.get().ok_or(DeskError::NotAllowed("this console has neither the key nor the sources"))?;
    let (wanted, finder): (BTreeSet<String>, _) = (unmasking.pseudonyms.iter().cloned().collect(), Arc::clone(finder));
    let cited: u64 = places.values().map(|lines| lines.len() as u64).sum();
    let found = tokio::task::spawn_blocking(move || finder.find(&places, &wanted)).await;
    let found = found.unwrap_or_else(|_| Err("the search was broken off".to_owned()));
    // Why a source cannot be read is the operator's business, and may name what nobody here should read.
    let found = found.map_err(|why| {
        tracing::warn!(why, "identities could not be looked for");
        DeskError::NotAllowed("the sources cannot be read")
    })?;
    // Whom it shows is written down by pseudonym: the record lasts, the identity is not kept.
    let view = View {
        page: "identities",
        object: unmasking.id.to_string(),
        persons: unmasking.pseudonyms.clone(),
        rows: found.identities.len() as i64,
    };
    let body = json!({
        "id": unmasking.id, "expires_at": unmasking.expires_at.map(|at| at.to_string()), "identities": found.identities,
        "places": cited, "places_there": found.places_there,
    });
    Ok(Answer::json(view, body))
}

fn of_hold(hold: &Hold) -> Value {
    json!({
        "id": hold.id, "version": hold.version(), "case": hold.case_id, "set_by": hold.set.0, "set_at": hold.set.1.to_string(), "reason": hold.reason,
        "lifted_by": hold.lifted.as_ref().map(|(by, _)| by), "lifted_at": hold.lifted.as_ref().map(|(_, at)| at.to_string()),
    })
}

/// `GET /api/v1/cases/{id}/holds`
pub async fn holds(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    let all = hold::of_case(&mut read, asked.caller()?, asked.number(0)?).await?;
    Ok(Answer::plain_json(json!({ "holds": all.iter().map(of_hold).collect::<Vec<_>>() })))
}

/// `POST /api/v1/cases/{id}/holds`: it changes nothing that somebody could have read otherwise, so that any version will do.
pub async fn set_hold(asked: Asked) -> Result<Answer, DeskError> {
    let (database, reason) = (&asked.console.database, asked.body.text("reason"));
    let hold = hold::set(database, asked.caller()?, asked.number(0)?, reason, asked.now).await?;
    Ok(Answer::plain_json(of_hold(&hold)).status(StatusCode::CREATED).version(hold.version()))
}

/// `POST /api/v1/holds/{id}/lifting`
pub async fn lift_hold(asked: Asked) -> Result<Answer, DeskError> {
    let expected = asked.if_match.unwrap_or(0);
    let hold = hold::lift(&asked.console.database, asked.caller()?, asked.number(0)?, expected, asked.now).await?;
    Ok(Answer::plain_json(of_hold(&hold)).version(hold.version()))
}
