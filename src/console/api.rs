//! The same for programs: JSON under `/api/v1`, by the session's cookie and, of what writes, its token in `X-CSRF-Token`; or by a token of
//! the API in `Authorization`, which decides nothing. What is written brings `If-Match` and `Idempotency-Key`. Described by [`openapi`].

pub mod events;
pub mod explanations;
pub mod figures;
pub mod openapi;
pub mod queue;
pub mod scopes;
pub mod silences;
pub mod tokens;
pub mod unmaskings;
pub mod writes;

use crate::console::answer::{Answer, Asked};
use crate::console::pages::{self, today};
use crate::desk::case::{self, CaseFile};
use crate::desk::list::Filter;
use crate::desk::rights::Action;
use crate::desk::view_log::View;
use crate::desk::{DeskError, list, verdict, work};
use serde_json::{Value, json};

fn of(case: &CaseFile) -> Value {
    json!({
        "id": case.id,
        "key": case.key,
        "state": case.state.name(),
        "owner": case.owner,
        "version": case.version,
        "typology": case.typology,
        "severity": case.severity.name(),
        "score": case.score,
        "alerts": case.alerts,
        "parties": case.parties.iter().map(|(name, unit)| json!({ "name": name, "unit": unit })).collect::<Vec<_>>(),
        "opened_at": case.opened_at.to_string(),
        "last_access": case.last_at.to_string(),
        "shown_at": case.shown_at.map(|at| at.to_string()),
        "verdict": case.verdict,
        "proposed_by": case.proposed_by,
        "proposal": if case.proposed_by.is_some() { case.proposed_entry } else { None },
        "closed_at": case.closed_at.map(|at| at.to_string()),
        "erased_at": case.erased_at.map(|at| at.to_string()),
    })
}

/// What is written down of who was shown a case.
fn viewed(case: &CaseFile) -> View<'static> {
    let persons = case.parties.iter().map(|(name, _)| name.clone()).collect();
    View { page: "case", object: case.id.to_string(), persons, rows: case.alerts }
}

fn answered(asked: &Asked, case: &CaseFile) -> Result<Answer, DeskError> {
    // Who gave a case away may not see it any more.
    if asked.caller()?.may(Action::Read, &case.subject()) {
        let case = asked.console.pseudonyms.cover(case).case(case.clone());
        return Ok(Answer::json(viewed(&case), of(&case)).version(case.version));
    }
    Ok(Answer::plain_json(json!({ "id": case.id })))
}

/// `GET /api/v1/session`
pub async fn session(asked: Asked) -> Result<Answer, DeskError> {
    let session = asked.session.as_ref().ok_or(DeskError::NotFound)?;
    let roles: Vec<Value> = session.caller.grants.iter().map(|grant| json!({ "role": grant.role.name(), "unit": grant.unit })).collect();
    let scopes = session.scopes.as_ref().map(|scopes| scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" "));
    Ok(Answer::plain_json(json!({ "account": session.caller.account, "roles": roles, "csrf": session.csrf, "scopes": scopes })))
}

/// `GET /api/v1/cases`
pub async fn cases(asked: Asked) -> Result<Answer, DeskError> {
    let caller = asked.caller()?;
    let filter = Filter { taken: asked.names_taken_only(), ..today::filter(&asked.query)? };
    let limit =
        asked.query.get("limit").map_or(Some(50), |text| text.parse().ok().filter(|limit| (1..=list::LONGEST_PAGE).contains(limit)));
    let rule = || format!("must be from 1 to {}", list::LONGEST_PAGE);
    let limit = limit.ok_or_else(|| DeskError::refused("limit", rule(), asked.query.text("limit")))?;
    let page = list::cases(&asked.console.database, caller, &filter, asked.query.get("after"), limit).await?;
    let count = list::count(&asked.console.database, caller, &filter).await?;
    let view = View { page: "cases", object: String::new(), persons: Vec::new(), rows: page.cases.len() as i64 };
    let shown = |case: &CaseFile| of(&asked.console.pseudonyms.cover(case).case(case.clone()));
    let cases: Vec<Value> = page.cases.iter().map(shown).collect();
    Ok(Answer::json(view, json!({ "cases": cases, "next": page.next, "count": count, "counted_up_to": list::COUNTED })))
}

/// `GET /api/v1/cases/{id}`
pub async fn case(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    let id = asked.case(&mut read).await?;
    let case = case::read_for(&mut read, asked.caller()?, id, Action::Read).await?;
    let (cites, entries) = (verdict::revisions(&mut read, case.id).await?, case::entries(&mut read, case.id).await?);
    drop(read);
    let cover = asked.console.pseudonyms.cover(&case);
    let (case, entries) = (cover.case(case), cover.entries(entries));
    let mut body = of(&case);
    body["cites"] = json!(cites);
    body["entries"] = entries
        .iter()
        .map(|entry| json!({ "id": entry.id, "at": entry.at.to_string(), "by": entry.by, "kind": entry.kind, "body": entry.body }))
        .collect();
    Ok(Answer::json(viewed(&case), body).version(case.version))
}

/// `PATCH /api/v1/cases/{id}/assignment`
pub async fn assign(asked: Asked) -> Result<Answer, DeskError> {
    let case = pages::case::assigned(&asked).await?;
    answered(&asked, &case)
}

/// Whether the case is as it was read. What is done then asks for its own state once more, within its transaction.
async fn current(asked: &Asked) -> Result<(), DeskError> {
    let mut read = asked.console.database.read().await?;
    let case = case::read_for(&mut read, asked.caller()?, asked.number(0)?, Action::Read).await?;
    if asked.if_match == Some(case.version) { Ok(()) } else { Err(DeskError::Changed { now: case.version }) }
}

/// `POST /api/v1/cases/{id}/notes`
pub async fn note(asked: Asked) -> Result<Answer, DeskError> {
    current(&asked).await?;
    let case = work::note(&asked.console.database, asked.caller()?, asked.number(0)?, asked.body.text("note"), asked.now).await?;
    answered(&asked, &case)
}

/// `POST /api/v1/cases/{id}/verdicts`
pub async fn judge(asked: Asked) -> Result<Answer, DeskError> {
    let sent = pages::case::sent_verdict(&asked)?;
    let case = verdict::give(&asked.console.database, asked.caller()?, asked.number(0)?, &sent, asked.if_match, asked.now).await?;
    answered(&asked, &case)
}

/// `POST /api/v1/cases/{id}/countersignature`
pub async fn countersign(asked: Asked) -> Result<Answer, DeskError> {
    current(&asked).await?;
    let case = pages::case::countersigned(&asked).await?;
    answered(&asked, &case)
}

/// `POST /api/v1/cases/{id}/reopening`
pub async fn reopen(asked: Asked) -> Result<Answer, DeskError> {
    let (database, why) = (&asked.console.database, asked.body.text("reason"));
    let case = work::reopen(database, asked.caller()?, asked.number(0)?, why, asked.if_match, asked.now).await?;
    answered(&asked, &case)
}

/// `GET /api/v1/alerts/{id}/dossier`
pub async fn dossier(asked: Asked) -> Result<Answer, DeskError> {
    let (alert, _, cover) = pages::alert::found(&asked).await?;
    let mut read = asked.console.database.read().await?;
    let dossier = list::dossier(&mut read, &alert.id, alert.revision).await?.ok_or(DeskError::NotFound)?;
    let dossier = cover.dossier(dossier);
    Ok(Answer::json(pages::alert::view(&alert), json!({ "dossier": dossier })).version(i64::from(alert.revision)))
}

/// `GET /api/v1/alerts/{id}`
pub async fn alert(asked: Asked) -> Result<Answer, DeskError> {
    let (alert, case, _) = pages::alert::found(&asked).await?;
    let view = pages::alert::view(&alert);
    Ok(Answer::json(view, json!({ "alert": alert, "case": case.id })).version(i64::from(alert.revision)))
}

/// `GET /api/v1/views`
pub async fn views(asked: Asked) -> Result<Answer, DeskError> {
    let (records, next, all) = pages::views::found(&asked).await?;
    let hidden = &asked.caller()?.hidden;
    let named = |persons: &[String]| all && !persons.iter().any(|person| hidden.contains(person));
    let rows = records.iter().map(|record| {
        json!({
            "number": record.number, "at": record.at.to_string(), "viewer": record.viewer, "page": record.page, "object": record.object,
            "persons": if named(&record.persons) { json!(record.persons) } else { json!(record.persons.len()) }, "rows": record.rows,
        })
    });
    let rows: Vec<Value> = rows.collect();
    Ok(Answer::json(pages::views::view(&records), json!({ "views": rows, "next": next })))
}
