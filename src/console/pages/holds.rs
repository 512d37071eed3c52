//! Holds: which cases are kept from being erased, who wanted it and why; setting, asking for, deciding on and lifting one.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, lines, name, time, token};
use crate::console::words::{Text, lists};
use crate::desk::DeskError;
use crate::desk::case::CaseFile;
use crate::desk::hold::{self, Hold, HoldState};
use crate::desk::rights::Action;
use crate::desk::view_log::View;
use maud::{Markup, html};

/// `GET /cases/{id}/holds`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (caller, lang) = (asked.caller()?, asked.reader.lang);
    let mut read = asked.console.database.read().await?;
    let (case, holds) = hold::of_case(&mut read, caller, asked.number(0)?).await?;
    drop(read);
    let title = format!("{} · {} {}", Text::Holds.say(lang), Text::Case.say(lang), case.id);
    let may = |action| caller.may(action, &case.subject());
    let rows = holds.len() as i64;
    let listed: Vec<(Hold, CaseFile)> = holds.into_iter().map(|hold| (hold, case.clone())).collect();
    let form = asked.form(&format!("/cases/{}/holds", case.id), &[("reason", Text::Why)]);
    let content = html! {
        h1 { (title) }
        p.quiet { (Text::HoldsRule.say(lang)) }
        (table(&asked, &listed))
        @if let Some(session) = asked.session.as_ref() && may(Action::AskHold) {
            form #new-hold method="post" action={ "/cases/" (case.id) "/holds" } {
                fieldset {
                    legend { (if may(Action::Hold) { Text::SetHold } else { Text::AskHold }.say(lang)) }
                    (token(session)) (form.says())
                    label for="reason" { (Text::Why.say(lang)) } textarea #reason name="reason" required aria-invalid=[form.invalid("reason")] aria-describedby=[form.described("reason")] autofocus[form.is_wrong("reason")] { (form.typed("reason")) }
                    p { button.first { (if may(Action::Hold) { Text::SetHold } else { Text::AskHold }.say(lang)) } }
                }
            }
        }
        @if may(Action::Read) { p { a href={ "/cases/" (case.id) } { (Text::ToCase.say(lang)) } } }
    };
    let view = View { page: "holds", object: case.id.to_string(), persons: Vec::new(), rows };
    Ok(Answer::page(view, frame(asked.shell(), &title, &content)))
}

/// Holds in a table, each with what may be done with it.
pub fn table(asked: &Asked, holds: &[(Hold, CaseFile)]) -> Markup {
    let lang = asked.reader.lang;
    let columns = [Text::Case, Text::Why, Text::Who, Text::State, Text::Actions];
    html! {
        @if holds.is_empty() { p { (Text::None.say(lang)) } }
        @else {
            div.wide { table #holds {
                thead { tr { th.number scope="col" { (Text::Number.say(lang)) } @for column in columns { th scope="col" { (column.say(lang)) } } } }
                tbody { @for (hold, case) in holds { (row(asked, hold, case)) } }
            } }
        }
    }
}

fn row(asked: &Asked, hold: &Hold, case: &CaseFile) -> Markup {
    let (zone, lang) = (&asked.zone, asked.reader.lang);
    let may = |action| asked.session.as_ref().filter(|session| session.caller.may(action, &case.subject()));
    html! {
        tr {
            td.number { (hold.id) }
            td { a href={ "/cases/" (hold.case_id) "/holds" } { (Text::Case.say(lang)) " " (hold.case_id) } }
            td { (lines(&hold.reason)) }
            td { (name(&hold.by.0)) ", " (time(zone, hold.by.1)) @if let Some((by, at)) = &hold.decided { "; " (name(by)) ", " (time(zone, *at)) } }
            td { (lists::hold_state(hold.state, lang)) @if let Some((by, at)) = &hold.lifted { ": " (name(by)) ", " (time(zone, *at)) } }
            td {
                @if let (HoldState::Asked, Some(session)) = (hold.state, may(Action::Hold)) {
                    @for (agrees, label) in [("yes", Text::AgreeShort), ("no", Text::Disagree)] {
                        form.row method="post" action={ "/holds/" (hold.id) "/decision" } { (token(session)) input type="hidden" name="version" value=(hold.version()); input type="hidden" name="agrees" value=(agrees); button { (label.say(lang)) } }
                    }
                }
                @if let (HoldState::Set, Some(session)) = (hold.state, may(Action::LiftHold)) {
                    form.row method="post" action={ "/holds/" (hold.id) "/lifting" } { (token(session)) input type="hidden" name="version" value=(hold.version()); button { (Text::Lift.say(lang)) } }
                }
            }
        }
    }
}

/// Sets or asks for the hold that was sent.
pub async fn added(asked: &Asked) -> Result<Hold, DeskError> {
    hold::set(&asked.console.database, asked.caller()?, asked.number(0)?, asked.body.text("reason"), asked.now).await
}

/// Sets the hold of the path, which was asked for, or does not.
pub async fn decided(asked: &Asked) -> Result<Hold, DeskError> {
    let agrees = asked.agrees()?;
    hold::decide(&asked.console.database, asked.caller()?, asked.number(0)?, agrees, asked.if_match, asked.now).await
}

/// Lifts the hold of the path.
pub async fn lifted(asked: &Asked) -> Result<Hold, DeskError> {
    hold::lift(&asked.console.database, asked.caller()?, asked.number(0)?, asked.if_match.unwrap_or(0), asked.now).await
}

fn back(hold: &Hold) -> Answer {
    Answer::see(format!("/cases/{}/holds", hold.case_id))
}

/// `POST /cases/{id}/holds`
pub async fn set(asked: Asked) -> Result<Answer, DeskError> {
    Ok(back(&added(&asked).await?))
}

/// `POST /holds/{id}/decision`
pub async fn decide(asked: Asked) -> Result<Answer, DeskError> {
    Ok(back(&decided(&asked).await?))
}

/// `POST /holds/{id}/lifting`
pub async fn lift(asked: Asked) -> Result<Answer, DeskError> {
    Ok(back(&lifted(&asked).await?))
}
