//! Who asked for which identities, for what, and who agreed; asking for some of those whom a case names. Beside them the cases that are kept.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, lines, name, time, token};
use crate::console::pages::holds;
use crate::console::words::{Text, lists, sentences};
use crate::desk::rights::Action;
use crate::desk::unmask::{self, MOST, UnmaskState, Unmasking};
use crate::desk::view_log::View;
use crate::desk::{DeskError, hold};
use maud::{Markup, html};

/// Pseudonyms that a form lists.
const LISTED: usize = 200;

/// `GET /unmaskings`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (caller, lang) = (asked.caller()?, asked.reader.lang);
    let mut read = asked.console.database.read().await?;
    let (requests, kept) = (unmask::list(&mut read, caller).await?, hold::list(&mut read, caller).await?);
    drop(read);
    let title = Text::IdentitiesAndHolds.say(lang);
    let content = html! {
        h1 { (title) }
        section aria-labelledby="requests-title" {
            h2 #requests-title { (Text::Identities.say(lang)) }
            p.quiet { (Text::IdentitiesRule.say(lang)) }
            (table(&asked, &requests))
        }
        section aria-labelledby="holds-title" {
            h2 #holds-title { (Text::Holds.say(lang)) }
            p.quiet { (Text::HoldsRule.say(lang)) }
            (holds::table(&asked, &kept))
        }
    };
    let view = View { page: "unmaskings", object: String::new(), persons: Vec::new(), rows: (requests.len() + kept.len()) as i64 };
    Ok(Answer::page(view, frame(asked.shell(), title, &content)))
}

fn table(asked: &Asked, requests: &[Unmasking]) -> Markup {
    let lang = asked.reader.lang;
    let columns = [Text::Case, Text::Purpose, Text::Who, Text::State];
    html! {
        @if requests.is_empty() { p { (Text::None.say(lang)) } }
        @else {
            div.wide { table #requests {
                thead { tr {
                    th scope="col" { (Text::Request.say(lang)) } @for column in columns { th scope="col" { (column.say(lang)) } }
                    th.number scope="col" { (Text::Pseudonyms.say(lang)) }
                } }
                tbody { @for one in requests { (row(asked, one)) } }
            } }
        }
    }
}

fn row(asked: &Asked, one: &Unmasking) -> Markup {
    let (zone, lang) = (&asked.zone, asked.reader.lang);
    html! {
        tr {
            td { a href={ "/unmaskings/" (one.id) } data-row { (Text::Request.say(lang)) " " (one.id) } }
            td { (Text::Case.say(lang)) " " (one.case_id) }
            td { (lines(&one.purpose)) }
            td { (name(&one.asked_by)) ", " (time(zone, one.asked_at)) }
            td { (state(asked, one)) }
            td.number { (one.pseudonyms.len()) }
        }
    }
}

/// Where a request stands, by whom and until when.
fn state(asked: &Asked, one: &Unmasking) -> Markup {
    let (zone, lang) = (&asked.zone, asked.reader.lang);
    html! {
        (lists::unmask_state(one.state, one.is_live(asked.now), lang))
        @if let (Some(by), Some(at)) = (&one.decided_by, one.decided_at) { ": " (name(by)) ", " (time(zone, at)) }
        @if let Some(end) = one.expires_at { "; " (Text::ShownUntil.say(lang)) " " (time(zone, end)) }
    }
}

/// `GET /cases/{id}/unmaskings`
pub async fn of_case(asked: Asked) -> Result<Answer, DeskError> {
    let (caller, lang) = (asked.caller()?, asked.reader.lang);
    let mut read = asked.console.database.read().await?;
    let (case, named) = unmask::named(&mut read, caller, asked.number(0)?).await?;
    let requests = unmask::of_case(&mut read, caller, case.id).await?;
    drop(read);
    let title = format!("{} · {} {}", Text::Identities.say(lang), Text::Case.say(lang), case.id);
    let form = asked.form(&format!("/cases/{}/unmaskings", case.id), &[("purpose", Text::PurposeRule), ("pseudonyms", Text::Pseudonyms)]);
    let content = html! {
        h1 { (title) }
        p.quiet { (Text::IdentitiesRule.say(lang)) }
        (table(&asked, &requests))
        @if named.is_empty() { p { (Text::NobodyNamed.say(lang)) } }
        @else if let Some(session) = asked.session.as_ref() {
            form #ask method="post" action={ "/cases/" (case.id) "/unmaskings" } {
                fieldset {
                    legend { (Text::AskIdentities.say(lang)) }
                    (token(session)) input type="hidden" name="version" value=(case.version);
                    (form.says())
                    label for="purpose" { (Text::PurposeRule.say(lang)) } textarea #purpose name="purpose" required aria-invalid=[form.invalid("purpose")] aria-describedby=[form.described("purpose")] autofocus[form.is_wrong("purpose")] { (form.typed("purpose")) }
                    p { (sentences::at_most(MOST, lang)) }
                    div.fields {
                        @for (at, (pseudonym, accesses)) in named.iter().take(LISTED).enumerate() {
                            label.choice { input type="checkbox" name="pseudonym" value=(pseudonym) checked[form.chose("pseudonym", pseudonym)] aria-describedby=[form.described("pseudonyms")] autofocus[at == 0 && form.is_wrong("pseudonyms")]; " " code { (name(pseudonym)) } " " span.quiet { (sentences::accesses(*accesses, lang)) } }
                        }
                    }
                    @if named.len() > LISTED { p.quiet { (sentences::and_more(named.len() - LISTED, lang)) } }
                    p { button.first { (Text::AskIdentities.say(lang)) } }
                }
            }
        }
        p { a href={ "/cases/" (case.id) } { (Text::ToCase.say(lang)) } }
    };
    let case = asked.console.pseudonyms.cover(&case).case(case);
    let persons = case.parties.iter().map(|(name, _)| name.clone()).collect();
    let view = View { page: "pseudonyms", object: case.id.to_string(), persons, rows: named.len() as i64 };
    Ok(Answer::page(view, frame(asked.shell(), &title, &content)).version(case.version))
}

/// `GET /unmaskings/{id}`
pub async fn one(asked: Asked) -> Result<Answer, DeskError> {
    let (caller, zone, lang) = (asked.caller()?, &asked.zone, asked.reader.lang);
    let mut read = asked.console.database.read().await?;
    let one = unmask::one(&mut read, caller, asked.number(0)?).await?;
    drop(read);
    let title = format!("{} {} · {} {}", Text::Request.say(lang), one.id, Text::Case.say(lang), one.case_id);
    let mine = one.asked_by == caller.account;
    let content = html! {
        h1 { (title) }
        dl {
            dt { (Text::Purpose.say(lang)) } dd { (lines(&one.purpose)) }
            dt { (Text::Who.say(lang)) } dd { (name(&one.asked_by)) ", " (time(zone, one.asked_at)) }
            dt { (Text::State.say(lang)) } dd #state { (state(&asked, &one)) }
            dt { (Text::Pseudonyms.say(lang)) } dd { @for pseudonym in &one.pseudonyms { code { (name(pseudonym)) } br; } }
        }
        @if let Some(session) = asked.session.as_ref() && one.state == UnmaskState::Asked && caller.may_ever(Action::ApproveUnmask) && !mine {
            form #decide method="post" action={ "/unmaskings/" (one.id) "/approval" } {
                (token(session))
                p.quiet { (Text::ApprovalRule.say(lang)) }
                p { button.first name="agrees" value="yes" { (Text::AgreeShort.say(lang)) } " " button name="agrees" value="no" { (Text::Disagree.say(lang)) } }
            }
        }
        @if mine && one.is_live(asked.now) { p { a #show href={ "/unmaskings/" (one.id) "/identities" } { (Text::ShowIdentities.say(lang)) } } }
        p { a href="/unmaskings" { (Text::IdentitiesAndHolds.say(lang)) } }
    };
    let view = View { page: "unmaskings", object: one.id.to_string(), persons: Vec::new(), rows: 1 };
    Ok(Answer::page(view, frame(asked.shell(), &title, &content)))
}

fn back(one: &Unmasking) -> Answer {
    Answer::see(format!("/unmaskings/{}", one.id))
}

/// `POST /cases/{id}/unmaskings`
pub async fn ask(asked: Asked) -> Result<Answer, DeskError> {
    let names: Vec<String> = asked.body.all("pseudonym").map(str::to_owned).collect();
    let (database, purpose) = (&asked.console.database, asked.body.text("purpose"));
    Ok(back(&unmask::ask(database, asked.caller()?, asked.number(0)?, purpose, &names, asked.if_match, asked.now).await?))
}

/// `POST /unmaskings/{id}/approval`
pub async fn approve(asked: Asked) -> Result<Answer, DeskError> {
    let (database, agrees) = (&asked.console.database, asked.agrees()?);
    Ok(back(&unmask::decide(database, &asked.people, asked.caller()?, asked.number(0)?, agrees, asked.now).await?))
}
