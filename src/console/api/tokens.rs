//! `tokens`: of programs, for oneself.

use crate::console::answer::{Answer, Asked};
use crate::desk::DeskError;
use crate::desk::token::{self, Token};
use axum::http::StatusCode;
use serde_json::{Value, json};

fn of(token: &Token) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" "),
        "version": token.version(),
        "created_at": token.created_at.to_string(),
        "expires_at": token.expires_at.to_string(),
        "ended_at": token.ended_at.map(|at| at.to_string()),
        "used_at": token.used_at.map(|at| at.to_string()),
    })
}

/// `GET /api/v1/tokens`
pub async fn list(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    let tokens = token::list(&mut read, asked.caller()?).await?;
    Ok(Answer::plain_json(json!({ "tokens": tokens.iter().map(of).collect::<Vec<_>>() })))
}

/// `POST /api/v1/tokens`
pub async fn add(asked: Asked) -> Result<Answer, DeskError> {
    let scopes = token::scopes(asked.body.text("scopes"))?;
    let days = asked
        .body
        .number("days")
        .ok_or_else(|| DeskError::refused("days", format!("must be given, from 1 to {}", token::LONGEST_DAYS), asked.body.text("days")))?;
    let (token, secret) = token::add(&asked.console.database, asked.caller()?, asked.body.text("name"), &scopes, days, asked.now).await?;
    let mut body = of(&token);
    body["secret"] = secret.into();
    // Told once: a request that is sent again is told that it was done, and no secret.
    Ok(Answer::plain_json(body).status(StatusCode::CREATED).version(token.version()).told_once("secret"))
}

/// `POST /api/v1/tokens/{id}/end`
pub async fn end(asked: Asked) -> Result<Answer, DeskError> {
    let expected = asked.if_match.unwrap_or(0);
    let token = token::end(&asked.console.database, asked.caller()?, asked.number(0)?, expected, asked.now).await?;
    Ok(Answer::plain_json(of(&token)).version(token.version()))
}
