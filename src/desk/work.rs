//! What people do with a case beside judging it: take it, give it, write to it, open it again.

use crate::database::Database;
use crate::desk::case::{self, CaseFile, CaseState};
use crate::desk::feedback;
use crate::desk::people::People;
use crate::desk::rights::{Action, Caller, Grant, Role};
use crate::desk::{DeskError, account, checked_text};
use crate::model::time::Timestamp;
use serde_json::json;

/// Gives a case to an account, or to nobody. Taking a free case and giving one's own back needs no lead.
pub async fn assign(
    database: &Database,
    people: &People,
    caller: &Caller,
    id: i64,
    to: Option<&str>,
    expected: Option<i64>,
    now: Timestamp,
) -> Result<CaseFile, DeskError> {
    let mut write = database.write().await?;
    let action = if to.is_none_or(|to| to == caller.account) { Action::Take } else { Action::Assign };
    let case = case::read_for(&mut write, caller, id, action).await?;
    at_version(&case, expected)?;
    if case.state == CaseState::Closed {
        return Err(DeskError::State { state: case.state.name(), what: "assigned" });
    }
    if case.owner.as_deref() == to {
        return Ok(case);
    }
    if let Some(to) = to {
        let owner = account::caller(&mut write, people, to).await?;
        let owned = case::CaseFile { owner: Some(to.to_owned()), ..case.clone() };
        let can = owner.is_some_and(|owner| owner.may(Action::Judge, &owned.subject()));
        if !can {
            // Why not is not said: that somebody is in the line of managers is nobody's business here.
            return Err(DeskError::refused("owner", "must be an account that may judge this case", to));
        }
    }
    let state = match (to, case.state) {
        (None, _) => CaseState::New,
        (Some(_), CaseState::New) => CaseState::Assigned,
        (Some(_), CaseState::Proposed) => CaseState::Working,
        (Some(_), other) => other,
    };
    let update = "update case_file set owner = $2, state = $3, verdict = null, proposed_by = null, proposed_entry = null where id = $1";
    sqlx::query(update).bind(id).bind(to).bind(state.name()).execute(&mut *write).await?;
    case::enter(&mut write, id, now, Some(&caller.account), "assigned", &json!({ "to": to })).await?;
    let employee = match to {
        Some(to) => account::employee(&mut write, to).await?,
        None => None,
    };
    feedback::assignment(&mut write, caller, &case, employee.as_deref(), now).await?;
    end(write, id, now).await
}

/// Adds a note.
pub async fn note(database: &Database, caller: &Caller, id: i64, text: &str, now: Timestamp) -> Result<CaseFile, DeskError> {
    let text = checked_text("note", text)?;
    let mut write = database.write().await?;
    let case = case::read_for(&mut write, caller, id, Action::Note).await?;
    case::enter(&mut write, id, now, Some(&caller.account), "note", &json!({ "text": text })).await?;
    if matches!(case.state, CaseState::Assigned) {
        let update = sqlx::query("update case_file set state = $2 where id = $1").bind(id).bind(CaseState::Working.name());
        update.execute(&mut *write).await?;
    }
    end(write, id, now).await
}

/// Opens a closed case again.
pub async fn reopen(
    database: &Database,
    caller: &Caller,
    id: i64,
    why: &str,
    expected: Option<i64>,
    now: Timestamp,
) -> Result<CaseFile, DeskError> {
    let why = checked_text("reason", why)?;
    let mut write = database.write().await?;
    let case = case::read_for(&mut write, caller, id, Action::Reopen).await?;
    at_version(&case, expected)?;
    if case.state != CaseState::Closed {
        return Err(DeskError::State { state: case.state.name(), what: "opened again" });
    }
    if case.erased_at.is_some() {
        return Err(DeskError::State { state: "erased", what: "opened again" });
    }
    let update =
        "update case_file set state = $2, verdict = null, proposed_by = null, proposed_entry = null, closed_at = null where id = $1";
    sqlx::query(update).bind(id).bind(CaseState::Reopened.name()).execute(&mut *write).await?;
    case::enter(&mut write, id, now, Some(&caller.account), "reopened", &json!({ "why": why })).await?;
    end(write, id, now).await
}

/// Whether the case is as it was read.
pub(super) fn at_version(case: &CaseFile, expected: Option<i64>) -> Result<(), DeskError> {
    match expected {
        Some(expected) if expected != case.version => Err(DeskError::Changed { now: case.version }),
        Some(_) | None => Ok(()),
    }
}

/// Counts the change, tells of it, and commits; returns the case as it is then.
pub(super) async fn end(mut write: crate::database::Write, id: i64, now: Timestamp) -> Result<CaseFile, DeskError> {
    let version = case::touch(&mut write, id).await?;
    case::tell(&mut write, now, "case", &id.to_string(), version).await?;
    let after = case::read(&mut write, id).await?.ok_or(DeskError::NotFound)?;
    write.commit().await?;
    Ok(after)
}

/// Whoever runs the program on the database itself: named, and with a lead's rights, since nothing would keep them from these.
pub fn operator(account: &str, employee: &str, people: &People) -> Caller {
    let grants = vec![Grant { role: Role::Lead, unit: None }];
    let mut hidden = people.above(employee);
    hidden.insert(employee.to_owned());
    Caller { account: account.to_owned(), employee: employee.to_owned(), grants, hidden }
}
