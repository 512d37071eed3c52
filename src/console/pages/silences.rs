//! Silences: what is in force, ending first; what waits for somebody; who wanted it and why. A new one says first what it would have hidden.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, name, time, token};
use crate::desk::DeskError;
use crate::desk::rights::Action;
use crate::desk::session::Session;
use crate::desk::silence::{self, PREVIEW_DAYS, Preview, Silence, SilenceState, Wanted};
use crate::desk::view_log::View;
use crate::model::decision::{MatchedField, Matcher, SilenceReason};
use crate::model::severity::Severity;
use crate::model::time::Span;
use crate::model::zone::Zone;
use maud::{Markup, html};

/// `GET /silences`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let caller = asked.caller()?;
    let mut read = asked.console.database.read().await?;
    let silences = silence::list(&mut read, caller).await?;
    let matchers = matchers(&asked.query);
    let preview = if matchers.is_empty() { None } else { Some(silence::preview(&mut read, &matchers, asked.now).await?) };
    drop(read);
    let zone = &asked.console.settings.zone;
    let content = html! {
        h1 { "Silences" }
        p.quiet { "What a silence matches is written and not shown. It ends by itself within 30 days. What is critical, planted or about the log itself is never silenced." }
        table {
            thead { tr { th.number scope="col" { "No." } th scope="col" { "What" } th scope="col" { "Why" } th scope="col" { "Who" } th scope="col" { "Until" } th scope="col" { "State" } th scope="col" { "" } } }
            tbody { @for one in &silences { (row(&asked, one, zone)) } }
        }
        @if silences.is_empty() { p { "There are none." } }
        @if let Some(session) = asked.session.as_ref() && caller.may_ever(Action::ProposeSilence) { (new_form(session, &asked, preview.as_ref())) }
    };
    let view = View { page: "silences", object: String::new(), persons: Vec::new(), rows: silences.len() as i64 };
    Ok(Answer::page(view, frame(asked.session.as_ref(), "Silences", &content)))
}

fn row(asked: &Asked, silence: &Silence, zone: &Zone) -> Markup {
    let in_force = silence.is_in_force(asked.now);
    let state = if silence.state == SilenceState::InForce && !in_force { "over" } else { silence.state.name() };
    let may = |action| asked.session.as_ref().is_some_and(|session| session.caller.may_ever(action));
    let act = |session: &Session, act: &str, label: &str| {
        html! { form.inline method="post" action={ "/silences/" (silence.id) "/" (act) } { (token(session)) input type="hidden" name="agrees" value=(if label == "Agree" { "yes" } else { "no" }); button { (label) } } }
    };
    html! {
        tr {
            td.number { (silence.id) }
            td { @for one in &silence.wanted.matchers { (one.field.name()) " " (name(&one.glob)) br; } }
            td { (silence.wanted.reason.name()) ": " (name(&silence.wanted.text)) }
            td { (name(&silence.by.0)) ", " (time(zone, silence.by.1)) @if let Some(second) = &silence.second { " and " (name(second)) } }
            td { (time(zone, silence.wanted.to)) }
            td { (state.replace('_', " ")) @if let Some((by, at)) = &silence.ended { " by " (name(by)) ", " (time(zone, *at)) } }
            td {
                @if let Some(session) = &asked.session {
                    @if silence.state == SilenceState::Proposed && may(Action::DecideSilence) && silence.by.0 != session.caller.account { (act(session, "decision", "Agree")) (act(session, "decision", "Do not agree")) }
                    @if (in_force || silence.state == SilenceState::Proposed) && may(Action::ProposeSilence) { (act(session, "end", "End it")) }
                }
            }
        }
    }
}

fn new_form(session: &Session, asked: &Asked, preview: Option<&Preview>) -> Markup {
    let fields = |writes: bool| {
        html! { @for field in MatchedField::ALL {
            @if writes { input type="hidden" name=(field.name()) value=(asked.query.text(field.name())); }
            @else { label for=(field.name()) { (field.name()) } input id=(field.name()) name=(field.name()) value=(asked.query.text(field.name())); }
        } }
    };
    html! {
        form method="get" action="/silences" {
            fieldset {
                legend { h2 { "A new one: what it would have hidden" } }
                p { "All that is filled in must match; " code { "*" } " stands for anything. To name a person needs two people." }
                (fields(false))
                p { button { "Count" } }
            }
        }
        @if let Some(preview) = preview {
            form method="post" action="/silences" {
                fieldset {
                    legend { h2 { "Ask for it" } }
                    p.line {
                        "Of the last " (PREVIEW_DAYS) " days it would have hidden " b { (preview.hidden()) } " alerts ("
                        @for severity in Severity::ALL { (severity.name()) " " (preview.alerts[severity as usize]) " " }
                        "); the critical ones would be shown all the same." @if preview.is_cut { " Only the newest were looked at." }
                    }
                    (token(session)) (fields(true))
                    label for="days" { "For how many days" } input #days name="days" type="number" min="1" max="30" required;
                    label for="reason" { "Reason" }
                    select #reason name="reason" required { option value="" { "choose" } @for reason in SilenceReason::ALL { option value=(reason.name()) { (reason.name()) } } }
                    label for="text" { "Why" } textarea #text name="text" required {}
                    p { button.first { "Ask for the silence" } }
                }
            }
        }
    }
}

fn matchers(fields: &crate::console::form::Fields) -> Vec<Matcher> {
    let given = |field: &MatchedField| fields.get(field.name()).map(str::trim).filter(|glob| !glob.is_empty()).map(str::to_owned);
    MatchedField::ALL.iter().filter_map(|field| Some(Matcher { field: *field, glob: given(field)? })).collect()
}

/// `POST /silences`
pub async fn add(asked: Asked) -> Result<Answer, DeskError> {
    let body = &asked.body;
    let days = body
        .number("days")
        .filter(|days| (1..=30).contains(days))
        .ok_or_else(|| DeskError::refused("days", "must be from 1 to 30", body.text("days")))?;
    let reasons = || SilenceReason::ALL.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(", ");
    let reason = silence::reason(body.text("reason"))
        .ok_or_else(|| DeskError::refused("reason", format!("must be one of {}", reasons()), body.text("reason")))?;
    let wanted = Wanted { matchers: matchers(body), to: asked.now + Span::days(days), reason, text: body.text("text").to_owned() };
    silence::add(&asked.console.database, asked.caller()?, &wanted, asked.now).await?;
    Ok(Answer::see("/silences"))
}

/// `POST /silences/{id}/decision`
pub async fn decide(asked: Asked) -> Result<Answer, DeskError> {
    let agrees = match asked.body.text("agrees") {
        "yes" => true,
        "no" => false,
        other => return Err(DeskError::refused("agrees", "must be yes or no", other)),
    };
    silence::decide(&asked.console.database, &asked.people, asked.caller()?, asked.number(0)?, agrees, asked.now).await?;
    Ok(Answer::see("/silences"))
}

/// `POST /silences/{id}/end`
pub async fn end(asked: Asked) -> Result<Answer, DeskError> {
    silence::end(&asked.console.database, asked.caller()?, asked.number(0)?, asked.now).await?;
    Ok(Answer::see("/silences"))
}
