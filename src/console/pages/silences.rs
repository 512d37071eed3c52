//! Silences: what is in force, ending first; what waits for somebody; who wanted it and why. A new one says first what it would have hidden.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, lines, name, time, token};
use crate::console::pages::{explanations, proposal};
use crate::console::words::{Text, lists, sentences};
use crate::desk::rights::Action;
use crate::desk::session::Session;
use crate::desk::silence::{self, PREVIEW_DAYS, Preview, Silence, Wanted};
use crate::desk::view_log::View;
use crate::desk::{DeskError, explanation};
use crate::model::decision::{MatchedField, Matcher, SilenceReason};
use crate::model::time::Span;
use axum::http::StatusCode;
use maud::{Markup, html};

/// The form that counts what a silence would have hidden: it is sent by `GET`.
const COUNTED: &str = "/silences?";

/// `GET /silences`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let matchers = matchers(&asked.query);
    // What is to be counted may be refused too: it comes back where it was typed.
    let unread = silence::globs(&matchers).err();
    let counts = unread.is_none() && !matchers.is_empty();
    let asked = match unread {
        Some(error) => {
            let typed = asked.query.clone();
            asked.refusing(COUNTED, typed, error)
        }
        None => asked,
    };
    let (caller, lang) = (asked.caller()?, asked.reader.lang);
    let mut read = asked.console.database.read().await?;
    let silences = silence::list(&mut read, caller).await?;
    let explained = explanation::list(&mut read, caller).await?;
    let preview = if counts { Some(silence::preview(&mut read, &matchers, asked.now).await?) } else { None };
    drop(read);
    let columns = [Text::What, Text::Why, Text::Who, Text::Until, Text::State, Text::Actions];
    let content = html! {
        h1 { (Text::Silences.say(lang)) }
        h2 { (Text::SilencesTitle.say(lang)) }
        p.quiet { (Text::SilencesRule.say(lang)) }
        @if silences.is_empty() { p { (Text::None.say(lang)) } }
        @else {
            div.wide { table #silences {
                thead { tr { th.number scope="col" { (Text::Number.say(lang)) } @for column in columns { th scope="col" { (column.say(lang)) } } } }
                tbody { @for one in &silences { (row(&asked, one)) } }
            } }
        }
        @if let Some(session) = asked.session.as_ref() && caller.may_ever(Action::ProposeSilence) { (new_form(session, &asked, preview.as_ref())) }
        (explanations::table(&asked, &explained))
    };
    let view = View { page: "silences", object: String::new(), persons: Vec::new(), rows: (silences.len() + explained.len()) as i64 };
    let status = if counts || matchers.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(Answer::page(view, frame(asked.shell(), Text::Silences.say(lang), &content)).status(status))
}

fn row(asked: &Asked, silence: &Silence) -> Markup {
    let (zone, lang) = (&asked.zone, asked.reader.lang);
    let in_force = silence.is_in_force(asked.now);
    html! {
        tr {
            td.number { (silence.id) }
            td { @for one in &silence.wanted.matchers { (lists::matched(one.field, lang)) " " (name(&shown(asked, silence, one))) br; } }
            td { (lists::silence_reason(silence.wanted.reason, lang)) ": " (lines(&silence.wanted.text)) }
            td { (name(&silence.by.0)) ", " (time(zone, silence.by.1)) @if let Some(second) = &silence.second { " + " (name(second)) } }
            td { (time(zone, silence.wanted.to)) }
            td { (lists::standing(silence.state, !in_force, lang)) @if let Some((by, at)) = &silence.ended { ": " (name(by)) ", " (time(zone, *at)) } }
            td { (proposal::acts(asked, &format!("/silences/{}", silence.id), silence.state, &silence.by.0, in_force)) }
        }
    }
}

/// What a matcher says to whoever asks.
pub fn shown(asked: &Asked, silence: &Silence, matcher: &Matcher) -> String {
    let said = |session: &Session| silence.said(matcher, &session.caller, asked.console.pseudonyms).to_owned();
    asked.session.as_ref().map_or_else(String::new, said)
}

fn new_form(session: &Session, asked: &Asked, preview: Option<&Preview>) -> Markup {
    let lang = asked.reader.lang;
    let counted = asked.form(COUNTED, &[]);
    let form = asked.form("/silences", &[("days", Text::Days), ("reason", Text::Reason), ("text", Text::Why)]);
    let fields = |writes: bool| {
        html! { @for field in MatchedField::ALL {
            @if writes { input type="hidden" name=(field.name()) value=(asked.query.text(field.name())); }
            @else { div { label for=(field.name()) { (lists::matched(*field, lang)) }
                input id=(field.name()) name=(field.name()) value=(asked.query.text(field.name())) autocomplete="off"
                    aria-invalid=[counted.invalid(field.name())] aria-describedby=[counted.described(field.name())] autofocus[counted.is_wrong(field.name())];
            } }
        } }
    };
    html! {
        form #new-silence method="get" action="/silences" {
            fieldset {
                legend { (Text::NewSilence.say(lang)) }
                (counted.says())
                p { (Text::SilenceMatch.say(lang)) }
                div.fields { (fields(false)) }
                p { button { (Text::Count.say(lang)) } }
            }
        }
        @if let Some(preview) = preview {
            form #ask-silence method="post" action="/silences" {
                fieldset {
                    legend { (Text::AskForIt.say(lang)) }
                    p.line role="status" { (sentences::preview(PREVIEW_DAYS, preview.hidden(), preview.alerts, preview.is_cut, lang)) }
                    (token(session)) (fields(true)) (form.says())
                    label for="days" { (Text::Days.say(lang)) } input #days name="days" type="number" min="1" max="30" required value=[form.kept("days")] aria-invalid=[form.invalid("days")] aria-describedby=[form.described("days")] autofocus[form.is_wrong("days")];
                    label for="reason" { (Text::Reason.say(lang)) }
                    select #reason name="reason" required aria-invalid=[form.invalid("reason")] aria-describedby=[form.described("reason")] autofocus[form.is_wrong("reason")] { option value="" { (Text::Choose.say(lang)) } @for reason in SilenceReason::ALL { option value=(reason.name()) selected[form.chose("reason", reason.name())] { (lists::silence_reason(*reason, lang)) } } }
                    label for="text" { (Text::Why.say(lang)) } textarea #text name="text" required aria-invalid=[form.invalid("text")] aria-describedby=[form.described("text")] autofocus[form.is_wrong("text")] { (form.typed("text")) }
                    p { button.first { (Text::AskSilence.say(lang)) } }
                }
            }
        }
    }
}

fn matchers(fields: &crate::console::form::Fields) -> Vec<Matcher> {
    let given = |field: &MatchedField| fields.get(field.name()).map(str::trim).filter(|glob| !glob.is_empty()).map(str::to_owned);
    MatchedField::ALL.iter().filter_map(|field| Some(Matcher { field: *field, glob: given(field)? })).collect()
}

/// Asks for the silence that was sent.
pub async fn added(asked: &Asked) -> Result<Silence, DeskError> {
    let body = &asked.body;
    let days = body
        .number("days")
        .filter(|days| (1..=30).contains(days))
        .ok_or_else(|| DeskError::refused("days", "must be from 1 to 30", body.text("days")))?;
    let reasons = || SilenceReason::ALL.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(", ");
    let reason = silence::reason(body.text("reason"))
        .ok_or_else(|| DeskError::refused("reason", format!("must be one of {}", reasons()), body.text("reason")))?;
    let wanted = Wanted { matchers: matchers(body), to: asked.now + Span::days(days), reason, text: body.text("text").to_owned() };
    silence::add(&asked.console.database, asked.caller()?, &wanted, asked.now).await
}

/// `POST /silences`
pub async fn add(asked: Asked) -> Result<Answer, DeskError> {
    added(&asked).await?;
    Ok(Answer::see("/silences"))
}

/// Agrees to the silence of the path, or does not.
pub async fn decided(asked: &Asked) -> Result<Silence, DeskError> {
    let agrees = asked.agrees()?;
    silence::decide(&asked.console.database, &asked.people, asked.caller()?, asked.number(0)?, agrees, asked.now).await
}

/// `POST /silences/{id}/decision`
pub async fn decide(asked: Asked) -> Result<Answer, DeskError> {
    decided(&asked).await?;
    Ok(Answer::see("/silences"))
}

/// `POST /silences/{id}/end`
pub async fn end(asked: Asked) -> Result<Answer, DeskError> {
    silence::end(&asked.console.database, asked.caller()?, asked.number(0)?, asked.now).await?;
    Ok(Answer::see("/silences"))
}
