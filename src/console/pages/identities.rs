//! Identities while a grant lasts: found again at the source, shown, and never kept. Whoever signed in a while ago signs in again first.

use crate::console::answer::{Answer, Asked};
use crate::console::form::encoded;
use crate::console::html::{frame, name, time};
use crate::console::words::{Text, sentences};
use crate::desk::DeskError;
use crate::desk::session::STEP_UP_MS;
use crate::desk::unmask::{self, Found, Unmasking};
use crate::desk::view_log::View;
use axum::http::StatusCode;
use maud::html;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What was found at the source.
pub struct Shown {
    /// The request that was agreed to.
    pub unmasking: Unmasking,
    /// What was found.
    pub found: Found,
    /// How many places the alerts cite.
    pub cited: u64,
}

impl Shown {
    /// Whom it shows is written down by pseudonym: the record lasts, the identity is not kept.
    pub fn view(&self) -> View<'static> {
        let rows = self.found.identities.len() as i64;
        View { page: "identities", object: self.unmasking.id.to_string(), persons: self.unmasking.pseudonyms.clone(), rows }
    }
}

/// Looks for the identities of the request that the path names; `None` where whoever asks must sign in again first.
pub async fn looked_for(asked: &Asked) -> Result<Option<Shown>, DeskError> {
    let mut read = asked.console.database.read().await?;
    let (unmasking, places) = unmask::live(&mut read, asked.caller()?, asked.number(0)?, asked.now).await?;
    drop(read);
    let began = asked.session.as_ref().and_then(|session| session.began);
    if began.is_some_and(|began| asked.now.0 - began.0 >= STEP_UP_MS) {
        return Ok(None);
    }
    let finder = asked.console.settings.finder.get().ok_or(DeskError::NotAllowed("this console has neither the key nor the sources"))?;
    let (wanted, finder): (BTreeSet<String>, _) = (unmasking.pseudonyms.iter().cloned().collect(), Arc::clone(finder));
    let cited = unmask::cited(&places);
    let found = tokio::task::spawn_blocking(move || finder.find(&places, &wanted)).await;
    let found = found.unwrap_or_else(|_| Err("the search was broken off".to_owned()));
    // Why a source cannot be read is the operator's business, and may name what nobody here should read.
    let found = found.map_err(|why| {
        tracing::warn!(why, "identities could not be looked for");
        DeskError::NotAllowed("the sources cannot be read")
    })?;
    Ok(Some(Shown { unmasking, found, cited }))
}

/// `GET /unmaskings/{id}/identities`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (zone, lang) = (&asked.zone, asked.reader.lang);
    let Some(shown) = looked_for(&asked).await? else { return again(&asked) };
    let Shown { unmasking, found, cited } = &shown;
    let title = format!("{} · {} {}", Text::Identities.say(lang), Text::Case.say(lang), unmasking.case_id);
    let content = html! {
        h1 { (title) }
        p.line { (Text::IdentitiesNotKept.say(lang)) @if let Some(end) = unmasking.expires_at { " " (Text::ShownUntil.say(lang)) " " (time(zone, end)) "." } }
        p { (Text::Purpose.say(lang)) ": " (crate::console::html::lines(&unmasking.purpose)) }
        div.wide { table #identities {
            thead { tr { @for column in [Text::Pseudonym, Text::AsTheLogHasIt] { th scope="col" { (column.say(lang)) } } } }
            tbody {
                @for pseudonym in &unmasking.pseudonyms {
                    tr {
                        td { code { (name(pseudonym)) } }
                        td {
                            @match found.identities.get(pseudonym) {
                                Some(ids) => @for (at, id) in ids.iter().enumerate() { @if at > 0 { ", " } b { (name(id)) } },
                                None => (Text::NotFoundThere.say(lang)),
                            }
                        }
                    }
                }
            }
        } }
        p.quiet { (sentences::places(found.places_there, *cited, lang)) }
        p { a href={ "/unmaskings/" (unmasking.id) } { (Text::ToRequest.say(lang)) } }
    };
    Ok(Answer::page(shown.view(), frame(asked.shell(), &title, &content)))
}

/// Who signed in longer ago than a while signs in again.
fn again(asked: &Asked) -> Result<Answer, DeskError> {
    let lang = asked.reader.lang;
    let place = format!("/unmaskings/{}/identities", asked.number(0)?);
    let content = html! {
        h1 { (Text::SignInAgain.say(lang)) }
        p { (Text::SignInAgainRule.say(lang)) }
        p { a #again href={ "/sign-in?again=yes&next=" (encoded(&place)) } { (Text::SignInAgain.say(lang)) } }
    };
    Ok(Answer::plain_page(frame(asked.shell(), Text::SignInAgain.say(lang), &content)).status(StatusCode::FORBIDDEN))
}
