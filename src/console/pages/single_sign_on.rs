//! Signing in with the house's provider: away to it, and back with a code. Why somebody was not let in is the operator's to read.

use crate::console::answer::{Answer, Asked};
use crate::console::oidc::client::Client;
use crate::console::pages::sign_in::{next, page};
use crate::console::settings::SignIn;
use crate::desk::attempt::Attempt;
use crate::desk::{DeskError, account, session};
use crate::model::time::Timestamp;
use axum::http::StatusCode;
use std::sync::Arc;

/// The provider, where people sign in with one.
fn provider(asked: &Asked) -> Result<Arc<Client>, DeskError> {
    match &asked.console.settings.sign_in {
        SignIn::Oidc(client) => Ok(Arc::clone(client)),
        SignIn::Local | SignIn::PasswordAlone | SignIn::Proxy { .. } => Err(DeskError::NotFound),
    }
}

/// The form once more, with the reason for the operator alone.
fn refused(asked: &Asked, why: &str) -> Answer {
    tracing::warn!(why, "a sign-in to the console was refused");
    Answer::plain_page(page(asked, "/", true)).status(StatusCode::UNAUTHORIZED).attempt(None)
}

/// `GET /sign-in/oidc`
pub async fn begin(asked: Asked) -> Result<Answer, DeskError> {
    let client = provider(&asked)?;
    let attempt = Attempt::new(next(asked.query.text("next")), asked.query.text("again") == "yes", asked.now)?;
    let sealed = attempt.sealed(&asked.console.database).await?;
    // Nobody has all threads wait for a provider that does not answer.
    let turn = asked.console.sign_ins.acquire().await;
    let place = tokio::task::spawn_blocking(move || client.begins(&attempt)).await;
    drop(turn);
    match place {
        Ok(Ok(place)) => Ok(Answer::see(place).attempt(Some(sealed))),
        Ok(Err(error)) => Ok(refused(&asked, &error.to_string())),
        Err(_) => Ok(refused(&asked, "the request was broken off")),
    }
}

/// `GET /sign-in/oidc/callback`
pub async fn end(asked: Asked) -> Result<Answer, DeskError> {
    let client = provider(&asked)?;
    let database = &asked.console.database;
    let brought = match asked.attempt.as_deref() {
        Some(cookie) => Attempt::opened(database, cookie, asked.now).await?,
        None => None,
    };
    let state = blake3::hash(asked.query.text("state").as_bytes());
    let Some(attempt) = brought.filter(|attempt| blake3::hash(attempt.state.as_bytes()) == state) else {
        return Ok(refused(&asked, "nobody has begun it in this browser, or too long ago"));
    };
    let Some(code) = asked.query.get("code").filter(|code| !code.is_empty() && asked.query.get("error").is_none()) else {
        return Ok(refused(&asked, "the provider gave no code"));
    };
    let (code, of, now) = (code.to_owned(), attempt.clone(), asked.now.0);
    // One more than are let in at once waits.
    let turn = asked.console.sign_ins.acquire().await;
    let claims = tokio::task::spawn_blocking(move || client.ends(&of, &code, now)).await;
    drop(turn);
    let claims = match claims {
        Ok(Ok(claims)) => claims,
        Ok(Err(error)) => return Ok(refused(&asked, &error.to_string())),
        Err(_) => return Ok(refused(&asked, "the request was broken off")),
    };
    if !attempt.claim(database, asked.now).await? {
        return Ok(refused(&asked, "what was brought back has counted before"));
    }
    let mut read = database.read().await?;
    let name = account::of_subject(&mut read, &claims.subject).await?;
    drop(read);
    let Some(name) = name else { return Ok(refused(&asked, "no account has that subject, or it is disabled")) };
    if let Some(before) = &asked.session {
        session::end(database, before).await?;
    }
    // Where the provider does not say when they signed in there, it may have been long ago.
    let signed_in = claims.signed_in.map_or(Timestamp(0), |at| Timestamp(at.saturating_mul(1_000).clamp(0, asked.now.0)));
    let secret = session::begin_as_of(database, &name, signed_in, asked.now).await?;
    Ok(Answer::see(next(&attempt.next)).cookie(Some(secret)).attempt(None))
}
