//! A case: what is known, what was said, what now.

use crate::console::answer::{Answer, Asked};
use crate::console::form::encoded;
use crate::console::html::{frame, lines, name, severity, time, typology};
use crate::console::pages::alert::look;
use crate::console::pages::{case_forms, explanations};
use crate::console::words::{Text, entries, lists, sentences};
use crate::desk::case::{self, CaseFile, CaseState, Entry};
use crate::desk::hold::Hold;
use crate::desk::rights::Action;
use crate::desk::verdict::{self, Verdict};
use crate::desk::view_log::View;
use crate::desk::{DeskError, account, hold, list, work};
use crate::model::alert::Alert;
use crate::model::decision::{VerdictOutcome, VerdictReason};
use crate::model::zone::Zone;
use crate::page::{self, AlertView, Lang};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// Alerts, and people, that are listed.
const LISTED: usize = 50;

/// Entries that are listed: the newest.
const ENTRIES: usize = 120;
/// Entries of the engine in a row that are not folded.
const UNFOLDED: usize = 3;

/// `GET /cases/{id}`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (caller, lang) = (asked.caller()?, asked.reader.lang);
    let mut read = asked.console.database.read().await?;
    let id = asked.case(&mut read).await?;
    let case = case::read_for(&mut read, caller, id, Action::Read).await?;
    let (alerts, entries) = (list::alerts(&mut read, case.id).await?, case::entries(&mut read, case.id).await?);
    let dossier = match alerts.first() {
        Some(first) => list::dossier(&mut read, &first.id, first.revision).await?,
        None => None,
    };
    // To whom a lead can give it.
    let accounts = if caller.may(Action::Assign, &case.subject()) { account::list(&mut read).await? } else { Vec::new() };
    let (_, holds) = hold::of_case(&mut read, caller, case.id).await?;
    drop(read);
    let cover = asked.console.pseudonyms.cover(&case);
    let (case, entries, dossier) = (cover.case(case), cover.entries(entries), dossier.map(|dossier| cover.dossier(dossier)));
    let alerts: Vec<Alert> = alerts.into_iter().map(|alert| cover.alert(alert)).collect();
    let (zone, session) = (&asked.zone, asked.session.as_ref());
    let may = |action| caller.may(action, &case.subject());
    let tables = dossier.as_ref().map_or(&[][..], |dossier| &dossier.accesses.tables);
    let title = format!("{} {}", Text::Case.say(lang), case.id);
    let content = html! {
        h1 { (title) " · " (typology(&case.typology, lang)) }
        p.about {
            (severity(case.severity, lang)) " " (format!("{:.0}", case.score)) " · "
            (lists::state(case.state, lang)) @if let Some(verdict) = &case.verdict { ": " b { (name(&lists::outcome_named(verdict, lang))) } }
            " · " @match &case.owner { Some(owner) => (name(owner)), None => (Text::Free.say(lang)) }
            " · " (Text::Opened.say(lang)) " " (time(zone, case.opened_at))
            @if let Some(shown) = case.shown_at { " · " (Text::Shown.say(lang)) " " (time(zone, shown)) }
            " · " (Text::LastAccess.say(lang)) " " (time(zone, case.last_at))
        }
        @if let Some(session) = session { (case_forms::actions(&asked, session, &case, &accounts)) }
        @if let Some(at) = case.erased_at { p.line #erased { (Text::ErasedRule.say(lang)) " " (time(zone, at)) } }
        @if holds.iter().any(Hold::keeps) { p.line { (Text::KeptByHold.say(lang)) " " a href={ "/cases/" (case.id) "/holds" } { (Text::Holds.say(lang)) } } }
        div.case {
            div {
                @if let Some(first) = alerts.first() {
                    section #gravest aria-labelledby="gravest-title" {
                        h2 #gravest-title { (Text::Gravest.say(lang)) }
                        p {
                            (severity(first.severity, lang)) " " (format!("{:.1}", first.score)) " · " (page::words::lists::typology(first.typology, lang))
                            " · " a href={ "/alerts/" (first.id) } data-row { (Text::GravestAll.say(lang)) }
                        }
                        (page::brief(AlertView { alert: first, dossier: dossier.as_ref() }, "g", &look(&cover, lang)))
                    }
                }
                @if alerts.len() > 1 {
                    section aria-labelledby="alerts" {
                        h2 #alerts { (Text::AllAlerts.say(lang)) }
                        div.wide { table {
                            thead { tr { @for column in [Text::Alert, Text::Pattern, Text::Severity, Text::Revision, Text::Whom, Text::Sentence] { th scope="col" { (column.say(lang)) } } } }
                            tbody { @for alert in alerts.iter().take(LISTED) { (row(alert, lang)) } }
                        } }
                        @if alerts.len() > LISTED { p.quiet { (sentences::and_more(alerts.len() - LISTED, lang)) } }
                    }
                }
            }
            aside aria-label=(Text::WhatWasDone.say(lang)) {
                @if let Some(session) = session {
                    @if case.state == CaseState::Proposed && may(Action::Countersign) && case.proposed_by.as_deref() != Some(caller.account.as_str()) {
                        (case_forms::countersign(&asked, session, &case))
                    }
                    @if case.state != CaseState::Closed && !may(Action::Judge) && may(Action::Take) { p.line { (Text::TakeFirst.say(lang)) } }
                    @if case.state != CaseState::Closed && may(Action::Judge) { (case_forms::verdict(&asked, session, &case, &alerts, tables)) }
                }
                section aria-labelledby="people" {
                    h2 #people { (Text::WhomAbout.say(lang)) }
                    @if cover.covers() { p.quiet { (Text::ByPseudonym.say(lang)) } }
                    ul { @for (party, unit) in case.parties.iter().take(LISTED) { li { @if cover.covers() { (name(party)) } @else { a href={ "/people/" (encoded(party)) } { (name(party)) } } @if let Some(unit) = unit { ", " (name(unit)) } } } }
                    @if case.parties.len() > LISTED { p.quiet { (sentences::and_more(case.parties.len() - LISTED, lang)) } }
                }
                section aria-labelledby="entries" {
                    h2 #entries { (Text::WhatWasDone.say(lang)) }
                    (listed(&entries, zone, lang))
                }
                @if let Some(session) = session {
                    @if may(Action::Note) { (case_forms::note(&asked, session, &case)) }
                    @if case.state == CaseState::Closed && case.erased_at.is_none() && may(Action::Reopen) { (case_forms::reopen(&asked, session, &case)) }
                }
            }
        }
    };
    let persons = case.parties.iter().map(|(name, _)| name.clone()).collect();
    let view = View { page: "case", object: case.id.to_string(), persons, rows: alerts.len() as i64 };
    Ok(Answer::page(view, frame(asked.shell(), &title, &content)).version(case.version))
}

fn row(alert: &Alert, lang: Lang) -> Markup {
    html! {
        tr {
            td { a href={ "/alerts/" (alert.id) } data-row { (name(alert.id.get(..8).unwrap_or(&alert.id))) } }
            td { (page::words::lists::typology(alert.typology, lang)) }
            td { (severity(alert.severity, lang)) }
            td.number { (alert.revision) }
            td { (name(alert.about())) }
            td { (sentences::short(alert, lang)) }
        }
    }
}

/// What was entered; a run of the engine's own entries is folded, so that what people said is not lost among them.
fn listed(entries: &[Entry], zone: &Zone, lang: Lang) -> Markup {
    let earlier = entries.len().saturating_sub(ENTRIES);
    html! {
        @if earlier > 0 { p.quiet { (sentences::earlier(earlier, lang)) } }
        ol.entries {
            @for run in entries[earlier..].chunk_by(|one, next| one.by.is_none() == next.by.is_none()) {
                @if run.len() > UNFOLDED && run[0].by.is_none() {
                    li { details {
                        summary { (time(zone, run[0].at)) " · " (sentences::of_engine(run.len(), lang)) }
                        ol.entries { @for entry in run { (told(entry, zone, lang)) } }
                    } }
                } @else { @for entry in run { (told(entry, zone, lang)) } }
            }
        }
    }
}

fn told(entry: &Entry, zone: &Zone, lang: Lang) -> Markup {
    let text = |field: &str| entry.body.get(field).and_then(Value::as_str).unwrap_or_default();
    let by = match &entry.by {
        Some(by) => name(by),
        None => html! { (Text::TheEngine.say(lang)) },
    };
    let did = entries::did(&entry.kind, entry.body.get("to").and_then(Value::as_str).is_some(), lang);
    html! {
        li {
            (time(zone, entry.at)) " · " (by) ": "
            @match did { Some(did) => (did), None => (name(&entry.kind)) }
            @match entry.kind.as_str() {
                "alert" => { ": " (typology(text("typology"), lang)) }
                "graver" => { ": " (name(&lists::severity_named(text("severity"), lang))) }
                "assigned" => { @if let Some(to) = entry.body.get("to").and_then(Value::as_str) { " " (name(to)) } }
                "note" => { p { (lines(text("text"))) } }
                "proposed" | "verdict" => {
                    " " b { (name(&lists::outcome_named(text("verdict"), lang))) } " (" (name(&lists::reason_named(text("reason"), lang))) ")"
                    p { (lines(text("text"))) }
                }
                "sent_back" | "reopened" => { p { (lines(text("why"))) } }
                "hold_asked" | "hold_set" if !text("why").is_empty() => { p { (lines(text("why"))) } }
                "unmasking_asked" => { p { (lines(text("purpose"))) } }
                "unmasking_decided" => { ": " (name(&lists::unmask_decided(text("state"), lang))) }
                _ => {}
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
    let (database, id) = (&asked.console.database, asked.number(0)?);
    let mut read = database.read().await?;
    let case = case::read_for(&mut read, asked.caller()?, id, Action::Judge).await?;
    drop(read);
    // What is proposed beside it is checked before anything is written.
    let proposed = explanations::proposed(&asked, &case, &sent)?;
    // A new revision is told by the citation; a note of somebody else is no reason to send a verdict again.
    Ok(back(&verdict::give_with(database, asked.caller()?, id, &sent, proposed.as_ref(), None, asked.now).await?))
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
