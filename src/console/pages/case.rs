//! A case: what is known, what was said, what now.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, name, severity, time, token, typology};
use crate::desk::case::{self, CaseFile, CaseState, Entry};
use crate::desk::rights::Action;
use crate::desk::session::Session;
use crate::desk::verdict::{self, Verdict};
use crate::desk::view_log::View;
use crate::desk::{DeskError, list, work};
use crate::model::alert::Alert;
use crate::model::decision::{VerdictOutcome, VerdictReason};
use crate::model::severity::Severity;
use crate::model::zone::Zone;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// `GET /cases/{id}`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let caller = asked.caller()?;
    let mut read = asked.console.database.read().await?;
    let id = asked.case(&mut read).await?;
    let case = case::read_for(&mut read, caller, id, Action::Read).await?;
    let (alerts, entries) = (list::alerts(&mut read, case.id).await?, case::entries(&mut read, case.id).await?);
    drop(read);
    let (zone, session) = (&asked.console.settings.zone, asked.session.as_ref());
    let may = |action| caller.may(action, &case.subject());
    let title = format!("Case {}", case.id);
    let content = html! {
        h1 { (title) " · " (typology(&case.typology)) " · " (severity(case.severity)) " " (format!("{:.0}", case.score)) }
        p {
            (case.state.name()) @if let Some(verdict) = &case.verdict { ": " b { (verdict) } }
            " · " @match &case.owner { Some(owner) => { "with " (name(owner)) }, None => "free" }
            " · opened " (time(zone, case.opened_at))
            @if let Some(shown) = case.shown_at { " · shown " (time(zone, shown)) }
            " · last access " (time(zone, case.last_at))
        }
        @if let Some(session) = session { (actions(session, &case, &may)) }
        div.columns {
            section aria-labelledby="people" {
                h2 #people { "Whom it is about" }
                ul { @for (party, unit) in &case.parties { li { a href={ "/cases?state=any&about=" (crate::console::form::encoded(party)) } { (name(party)) } @if let Some(unit) = unit { ", " (name(unit)) } } } }
            }
            section aria-labelledby="entries" {
                h2 #entries { "What was done" }
                ol.entries { @for entry in &entries { (told(entry, zone)) } }
            }
        }
        h2 { "Alerts" }
        table {
            thead { tr { th scope="col" { "Alert" } th scope="col" { "What it looks like" } th scope="col" { "Severity" } th.number scope="col" { "Revision" } th scope="col" { "Whom" } th scope="col" { "In one sentence" } } }
            tbody { @for alert in &alerts { (row(alert)) } }
        }
        @if let Some(session) = session {
            @if case.state != CaseState::Closed && may(Action::Judge) { (verdict_form(session, &case, &alerts)) }
            @if case.state == CaseState::Proposed && may(Action::Countersign) && case.proposed_by.as_deref() != Some(caller.account.as_str()) {
                (countersign_form(session, &case))
            }
            @if may(Action::Note) { (note_form(session, &case)) }
            @if case.state == CaseState::Closed && may(Action::Reopen) { (reopen_form(session, &case)) }
        }
    };
    let persons = case.parties.iter().map(|(name, _)| name.clone()).collect();
    let view = View { page: "case", object: case.id.to_string(), persons, rows: alerts.len() as i64 };
    Ok(Answer::page(view, frame(session, &title, &content)).version(case.version))
}

fn row(alert: &Alert) -> Markup {
    html! {
        tr {
            td { a href={ "/alerts/" (alert.id) } { (alert.id.get(..8).unwrap_or(&alert.id)) } }
            td { (typology(alert.typology.name())) }
            td { (severity(alert.severity)) }
            td.number { (alert.revision) }
            td { (name(alert.about())) }
            td { (name(&alert.explanation)) }
        }
    }
}

fn told(entry: &Entry, zone: &Zone) -> Markup {
    let text = |field: &str| entry.body.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    html! {
        li {
            (time(zone, entry.at)) " · " @match &entry.by { Some(by) => (name(by)), None => "the engine" } ": "
            @match entry.kind.as_str() {
                "opened" => "opened the case",
                "alert" => { "added an alert: " (typology(&text("typology"))) }
                "graver" => { "an alert became graver: " (text("severity")) }
                "assigned" => { @match entry.body.get("to").and_then(Value::as_str) { Some(to) => { "gave it to " (name(to)) }, None => "gave it back" } }
                "note" => { "noted" p { (name(&text("text"))) } }
                "proposed" | "verdict" => {
                    @if entry.kind == "proposed" { "proposes " } @else { "decided " }
                    b { (text("verdict")) } " (" (typology(&text("reason"))) ")" p { (name(&text("text"))) }
                }
                "countersigned" => "agreed: the verdict is in force",
                "sent_back" => { "sent the verdict back" p { (name(&text("why"))) } }
                "reopened" => { "opened it again: " (name(&text("why"))) }
                other => (name(other)),
            }
        }
    }
}

fn actions(session: &Session, case: &CaseFile, may: &dyn Fn(Action) -> bool) -> Markup {
    let mine = case.owner.as_deref() == Some(session.caller.account.as_str());
    let open = case.state != CaseState::Closed;
    let to = |owner: &str, label: &str| {
        html! {
            form.inline method="post" action={ "/cases/" (case.id) "/assignment" } {
                (token(session)) input type="hidden" name="version" value=(case.version); input type="hidden" name="owner" value=(owner);
                button { (label) }
            }
        }
    };
    html! {
        @if open && may(Action::Take) && !mine { (to(&session.caller.account, "Take it")) }
        @if open && may(Action::Take) && mine { (to("", "Give it back")) }
        @if open && may(Action::Assign) {
            form.inline method="post" action={ "/cases/" (case.id) "/assignment" } {
                (token(session)) input type="hidden" name="version" value=(case.version);
                label for="owner" { "Give it to" } input #owner name="owner" required; button { "Give" }
            }
        }
    }
}

fn verdict_form(session: &Session, case: &CaseFile, alerts: &[Alert]) -> Markup {
    let second = |outcome: VerdictOutcome| match outcome {
        VerdictOutcome::Confirmed => " (needs a second person)",
        VerdictOutcome::Innocent if case.severity == Severity::Critical => " (critical: needs a second person)",
        VerdictOutcome::Innocent | VerdictOutcome::Unclear => "",
    };
    let meaning = |outcome: VerdictOutcome| match outcome {
        VerdictOutcome::Confirmed => "confirmed: it happened, and no reason was found",
        VerdictOutcome::Innocent => "innocent: there was a reason, or nothing unusual had happened",
        VerdictOutcome::Unclear => "unclear: it cannot be told",
    };
    html! {
        form method="post" action={ "/cases/" (case.id) "/verdicts" } {
            fieldset {
                legend { h2 { "Verdict" } }
                (token(session)) input type="hidden" name="version" value=(case.version);
                @for alert in alerts { input type="hidden" name="cite" value={ (alert.id) ":" (alert.revision) }; }
                @for outcome in VerdictOutcome::ALL {
                    p { label.choice { input type="radio" name="verdict" value=(outcome.name()) required; " " (meaning(outcome)) (second(outcome)) } }
                }
                label for="reason" { "Reason" }
                select #reason name="reason" required {
                    option value="" { "choose" }
                    @for outcome in VerdictOutcome::ALL {
                        optgroup label=(outcome.name()) { @for reason in verdict::reasons(outcome) { option value=(reason.name()) { (typology(reason.name())) } } }
                    }
                }
                label for="text" { "What was looked at, whom you asked, what is missing" }
                textarea #text name="text" required {}
                p.quiet { "It cites the " (alerts.len()) " alerts at the revisions shown above; if a newer one settles meanwhile, it is not taken." }
                button.first { "Give the verdict" }
            }
        }
    }
}

fn countersign_form(session: &Session, case: &CaseFile) -> Markup {
    html! {
        form method="post" action={ "/cases/" (case.id) "/countersignature" } {
            fieldset {
                legend { h2 { "The second person" } }
                (token(session)) input type="hidden" name="entry" value=(case.proposed_entry.unwrap_or(0));
                p { (name(case.proposed_by.as_deref().unwrap_or_default())) " proposes " b { (case.verdict.as_deref().unwrap_or_default()) } "." }
                label for="why" { "If you do not agree: why" }
                textarea #why name="why" {}
                p { button.first name="agrees" value="yes" { "I agree: put it into force" } " " button name="agrees" value="no" { "Send it back" } }
            }
        }
    }
}

fn note_form(session: &Session, case: &CaseFile) -> Markup {
    html! {
        form method="post" action={ "/cases/" (case.id) "/notes" } {
            fieldset {
                legend { h2 { "Note" } }
                (token(session))
                label for="note" { "Notes stay: they are never changed or taken away" }
                textarea #note name="note" required {}
                p { button { "Add the note" } }
            }
        }
    }
}

fn reopen_form(session: &Session, case: &CaseFile) -> Markup {
    html! {
        form method="post" action={ "/cases/" (case.id) "/reopening" } {
            fieldset {
                legend { h2 { "Open it again" } }
                (token(session)) input type="hidden" name="version" value=(case.version);
                label for="again" { "Why" } input #again name="reason" required;
                p { button { "Open it again" } }
            }
        }
    }
}

/// A verdict as a form or the API sends it.
pub fn sent_verdict(asked: &Asked) -> Result<Verdict, DeskError> {
    let body = &asked.body;
    let outcomes = || VerdictOutcome::ALL.map(VerdictOutcome::name).join(", ");
    let outcome = verdict::outcome(body.text("verdict"));
    let outcome = outcome.ok_or_else(|| DeskError::refused("verdict", format!("must be one of {}", outcomes()), body.text("verdict")))?;
    let reasons = || verdict::reasons(outcome).map(VerdictReason::name).collect::<Vec<_>>().join(", ");
    let reason = verdict::reason(body.text("reason"));
    let reason = reason.ok_or_else(|| DeskError::refused("reason", format!("must be one of {}", reasons()), body.text("reason")))?;
    let mut cites = BTreeMap::new();
    for cite in body.all("cite") {
        let read = cite.rsplit_once(':').and_then(|(id, revision)| Some((id.to_owned(), revision.parse::<i64>().ok()?)));
        let (id, revision) = read.ok_or_else(|| DeskError::refused("cites", "must be alerts with their revisions", cite))?;
        cites.insert(id, revision);
    }
    Ok(Verdict { outcome, reason, text: body.text("text").to_owned(), cites })
}

/// Gives, takes, gives back; returns the case.
pub async fn assigned(asked: &Asked) -> Result<CaseFile, DeskError> {
    let owner = asked.body.get("owner").filter(|owner| !owner.is_empty());
    work::assign(&asked.console.database, &asked.people, asked.caller()?, asked.number(0)?, owner, asked.if_match, asked.now).await
}

/// Puts into force or sends back; returns the case.
pub async fn countersigned(asked: &Asked) -> Result<CaseFile, DeskError> {
    let agrees = match asked.body.text("agrees") {
        "yes" | "true" => Ok(()),
        "no" | "false" => Err(asked.body.text("why")),
        other => return Err(DeskError::refused("agrees", "must be yes or no", other)),
    };
    let entry = asked
        .body
        .number("entry")
        .ok_or_else(|| DeskError::refused("entry", "must be the proposal that was read", asked.body.text("entry")))?;
    verdict::countersign(&asked.console.database, &asked.people, asked.caller()?, asked.number(0)?, entry, agrees, asked.now).await
}

fn back(case: &CaseFile) -> Answer {
    Answer::see(format!("/cases/{}", case.id))
}

/// `POST /cases/{id}/assignment`
pub async fn assign(asked: Asked) -> Result<Answer, DeskError> {
    let case = assigned(&asked).await?;
    // Who gave it away may not see it any more.
    let visible = asked.caller()?.may(Action::Read, &case.subject());
    Ok(if visible { back(&case) } else { Answer::see("/") })
}

/// `POST /cases/{id}/notes`
pub async fn note(asked: Asked) -> Result<Answer, DeskError> {
    Ok(back(&work::note(&asked.console.database, asked.caller()?, asked.number(0)?, asked.body.text("note"), asked.now).await?))
}

/// `POST /cases/{id}/verdicts`
pub async fn judge(asked: Asked) -> Result<Answer, DeskError> {
    let sent = sent_verdict(&asked)?;
    // A new revision is told by the citation; a note of somebody else is no reason to send a verdict again.
    Ok(back(&verdict::give(&asked.console.database, asked.caller()?, asked.number(0)?, &sent, None, asked.now).await?))
}

/// `POST /cases/{id}/countersignature`
pub async fn countersign(asked: Asked) -> Result<Answer, DeskError> {
    Ok(back(&countersigned(&asked).await?))
}

/// `POST /cases/{id}/reopening`
pub async fn reopen(asked: Asked) -> Result<Answer, DeskError> {
    let (caller, why) = (asked.caller()?, asked.body.text("reason"));
    Ok(back(&work::reopen(&asked.console.database, caller, asked.number(0)?, why, asked.if_match, asked.now).await?))
}
