//! `explanations`: proposed with a verdict, decided by somebody else.

use crate::console::answer::{Answer, Asked};
use crate::desk::DeskError;
use crate::desk::explanation::{self, Explanation};
use crate::desk::view_log::View;
use crate::model::decision::Grantee;
use serde_json::{Value, json};

fn of(explanation: &Explanation) -> Value {
    let (kind, whom) = match &explanation.whom {
        Grantee::Employee(name) => ("employee", name),
        Grantee::Unit(name) => ("unit", name),
    };
    json!({
        "id": explanation.id, "version": explanation.state.version(), "case": explanation.case_id, "state": explanation.state.name(),
        "whom_kind": kind, "whom": whom, "objects": explanation.objects, "to": explanation.to.to_string(), "reason": explanation.reason.name(),
        "max_persons": explanation.max_persons, "text": explanation.text, "by": explanation.by.0, "at": explanation.by.1.to_string(),
        "second": explanation.second, "ended_by": explanation.ended.as_ref().map(|(by, _)| by),
        "ended_at": explanation.ended.as_ref().map(|(_, at)| at.to_string()),
    })
}

/// Whom they name: a list counts its rows, one names whom.
fn persons(explanation: &Explanation) -> Vec<String> {
    match &explanation.whom {
        Grantee::Employee(name) => vec![name.clone()],
        Grantee::Unit(_) => Vec::new(),
    }
}

/// `GET /api/v1/explanations`
pub async fn list(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    let all = explanation::list(&mut read, asked.caller()?).await?;
    let view = View { page: "explanations", object: String::new(), persons: Vec::new(), rows: all.len() as i64 };
    Ok(Answer::json(view, json!({ "explanations": all.iter().map(of).collect::<Vec<_>>() })))
}

async fn found(asked: &Asked) -> Result<Explanation, DeskError> {
    let mut read = asked.console.database.read().await?;
    let id = asked.number(0)?;
    explanation::list(&mut read, asked.caller()?).await?.into_iter().find(|one| one.id == id).ok_or(DeskError::NotFound)
}

/// Whether it is as it was read. Each step is allowed in one state only, so that of two at once one is refused whatever they read.
async fn current(asked: &Asked) -> Result<(), DeskError> {
    let now = found(asked).await?.state.version();
    if asked.if_match == Some(now) { Ok(()) } else { Err(DeskError::Changed { now }) }
}

async fn answered(asked: &Asked) -> Result<Answer, DeskError> {
    let explanation = found(asked).await?;
    let view = View { page: "explanations", object: explanation.id.to_string(), persons: persons(&explanation), rows: 1 };
    Ok(Answer::json(view, of(&explanation)).version(explanation.state.version()))
}

/// `POST /api/v1/explanations/{id}/decision`
pub async fn decide(asked: Asked) -> Result<Answer, DeskError> {
    current(&asked).await?;
    let agrees = asked.agrees()?;
    explanation::decide(&asked.console.database, &asked.people, asked.caller()?, asked.number(0)?, agrees, asked.now).await?;
    answered(&asked).await
}

/// `POST /api/v1/explanations/{id}/end`
pub async fn end(asked: Asked) -> Result<Answer, DeskError> {
    current(&asked).await?;
    explanation::end(&asked.console.database, asked.caller()?, asked.number(0)?, asked.now).await?;
    answered(&asked).await
}
