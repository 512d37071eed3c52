//! An alert: why it was raised, in figures and pictures, beside what would have been usual and which innocent reasons were tested.

use crate::console::answer::{Answer, Asked};
use crate::console::form::encoded;
use crate::console::html::{frame, name, severity, time};
use crate::console::words::Text;
use crate::desk::case::{self, CaseFile};
use crate::desk::pseudonym::Cover;
use crate::desk::rights::Action;
use crate::desk::view_log::View;
use crate::desk::{DeskError, list};
use crate::model::alert::Alert;
use crate::page::words::{Word, lists};
use crate::page::{self, AlertView, Lang, Look};
use maud::html;

/// The alert, if whoever asks may see its case, and what covers the names in it until somebody has taken that.
pub async fn found(asked: &Asked) -> Result<(Alert, CaseFile, Cover), DeskError> {
    let mut read = asked.console.database.read().await?;
    let id = asked.path.first().map(String::as_str).unwrap_or_default();
    let (alert, case_id) = list::alert(&mut read, id).await?.ok_or(DeskError::NotFound)?;
    let case = case::read_for(&mut read, asked.caller()?, case_id, Action::Read).await?;
    let cover = asked.console.pseudonyms.cover(&case);
    Ok((cover.alert(alert), cover.case(case), cover))
}

/// What is written down of who was shown it.
pub fn view(alert: &Alert) -> View<'static> {
    let persons = std::iter::once(alert.about().to_owned()).chain(alert.related.iter().cloned()).collect();
    View { page: "alert", object: alert.id.clone(), persons, rows: 1 }
}

/// How alerts look in the console: with pseudonyms of people, which are on the way to a verdict.
pub fn look(cover: &Cover, lang: Lang) -> Look<'static> {
    Look { subjects: true, original: !cover.covers(), ..Look::new(lang) }
}

/// `GET /alerts/{id}`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (newest, case, cover) = found(&asked).await?;
    let mut read = asked.console.database.read().await?;
    // An earlier one is history: it is shown as it was, and never decided on.
    let alert = match asked.query.number("revision") {
        Some(number) => cover.alert(list::revision(&mut read, &newest.id, number).await?.ok_or(DeskError::NotFound)?),
        None => newest.clone(),
    };
    let revisions = list::revisions(&mut read, &alert.id).await?;
    let dossier = list::dossier(&mut read, &alert.id, alert.revision).await?.map(|dossier| cover.dossier(dossier));
    drop(read);
    let lang = asked.reader.lang;
    let title = format!("{} {}", Text::Alert.say(lang), alert.id.get(..8).unwrap_or(&alert.id));
    let content = html! {
        h1 { (title) " · " (lists::typology(alert.typology, lang)) }
        p.about {
            (severity(alert.severity, lang)) " " (format!("{:.1}", alert.score))
            " · " @if cover.covers() { (name(alert.about())) } @else { a href={ "/people/" (encoded(alert.about())) } { (name(alert.about())) } }
            @if let Some(role) = &alert.role { " · " (name(role)) } @if let Some(unit) = &alert.unit { " · " (name(unit)) }
            " · " (Text::Revision.say(lang)) " " (alert.revision)
            " · " a #case-link href={ "/cases/" (case.id) } { (Text::Case.say(lang)) " " (case.id) }
        }
        @if alert.revision < newest.revision { p.line role="status" { (Text::EarlierRevision.say(lang)) " " a href={ "/alerts/" (encoded(&alert.id)) } { (Text::NewestRevision.say(lang)) } } }
        section #alert aria-labelledby="told" {
            h2 #told { (Word::WhyShown.say(lang)) }
            (page::alert(AlertView { alert: &alert, dossier: dossier.as_ref() }, "a", &look(&cover, lang)))
        }
        @if revisions.len() > 1 {
            details #revisions {
                summary { (Text::Revisions.say(lang)) " (" (revisions.len()) ")" }
                ul { @for (number, at) in &revisions { li {
                    a href={ "/alerts/" (encoded(&alert.id)) "?revision=" (number) } aria-current=[(*number == alert.revision).then_some("true")] { (Text::Revision.say(lang)) " " (number) }
                    ", " (time(&asked.zone, *at))
                } } }
            }
        }
    };
    Ok(Answer::page(view(&alert), frame(asked.shell(), &title, &content)))
}
