//! Views: who looked at what, and when. Everybody sees their own; data protection officers and auditors all, and whether the chain holds.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, name, time};
use crate::console::routes::ALL_VIEWS;
use crate::desk::DeskError;
use crate::desk::view_log::{self, View, ViewRecord};
use maud::html;

/// Records of a page.
const ROWS: i64 = 100;

/// The records that whoever asks may see, newest first, and where the next page begins.
pub async fn found(asked: &Asked) -> Result<(Vec<ViewRecord>, Option<i64>, bool), DeskError> {
    let caller = asked.caller()?;
    let all = caller.may_ever(ALL_VIEWS);
    let mut read = asked.console.database.read().await?;
    let before = asked.query.number("before").unwrap_or(i64::MAX);
    let only = if all { None } else { Some(caller.account.as_str()) };
    let records = view_log::newest(&mut read, only, before, ROWS).await?;
    let next = if records.len() as i64 == ROWS { records.last().map(|last| last.number) } else { None };
    Ok((records, next, all))
}

/// What is written down of it: whose records were shown is no list of those who were viewed.
pub fn view(records: &[ViewRecord]) -> View<'static> {
    View { page: "views", object: String::new(), persons: Vec::new(), rows: records.len() as i64 }
}

/// `GET /views`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (records, next, all) = found(&asked).await?;
    let mut read = asked.console.database.read().await?;
    let broken = if all { view_log::first_broken(&mut read).await? } else { None };
    drop(read);
    let zone = &asked.console.settings.zone;
    let content = html! {
        h1 { "Views" }
        @if all {
            @match broken {
                Some(number) => p.told role="alert" { "The chain is broken at record " (number) ": it was changed, or one before it is missing." },
                None => p { "Every record is there and is what it was." },
            }
        } @else { p { "What you were shown. Data protection officers and auditors see this of everybody." } }
        table {
            thead { tr { th.number scope="col" { "Record" } th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "Page" } th scope="col" { "Of what" } th scope="col" { "Whom it named" } th.number scope="col" { "Rows" } } }
            tbody { @for record in &records { tr {
                td.number { (record.number) } td { (time(zone, record.at)) } td { (name(&record.viewer)) } td { (record.page) } td { (name(&record.object)) }
                td { @if all && !record.persons.iter().any(|person| asked.caller().is_ok_and(|caller| caller.hidden.contains(person))) {
                    @for (at, person) in record.persons.iter().enumerate() { @if at > 0 { ", " } (name(person)) }
                } @else { (record.persons.len()) } }
                td.number { (record.rows) }
            } } }
        }
        @if let Some(next) = next { p { a href={ "/views?before=" (next) } { "Earlier ones" } } }
    };
    Ok(Answer::page(view(&records), frame(asked.session.as_ref(), "Views", &content)))
}
