//! Views: who looked at what, and when. Everybody sees their own; data protection officers and auditors all, and whether the chain holds.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, name, time};
use crate::console::words::{Text, lists, sentences};
use crate::desk::DeskError;
use crate::desk::rights::Action;
use crate::desk::view_log::{self, View, ViewRecord};
use maud::html;

/// Records of a page.
const ROWS: i64 = 100;

/// The records that whoever asks may see, newest first, and where the next page begins.
pub async fn found(asked: &Asked) -> Result<(Vec<ViewRecord>, Option<i64>, bool), DeskError> {
    let caller = asked.caller()?;
    let all = caller.may_ever(Action::Views);
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
    let broken = if all { asked.console.chain.first_broken(&mut read, asked.now).await? } else { None };
    drop(read);
    let (zone, lang) = (&asked.zone, asked.reader.lang);
    let content = html! {
        h1 { (Text::Views.say(lang)) }
        @if all {
            @match broken {
                Some(number) => p.told role="alert" { (sentences::broken(number, lang)) },
                None => p { (Text::ChainHolds.say(lang)) },
            }
        } @else { p { (Text::OwnViews.say(lang)) } }
        div.wide { table #views {
            thead { tr {
                th.number scope="col" { (Text::Record.say(lang)) } th scope="col" { (Text::When.say(lang)) } th scope="col" { (Text::Who.say(lang)) }
                th scope="col" { (Text::Page.say(lang)) } th scope="col" { (Text::OfWhat.say(lang)) } th scope="col" { (Text::WhomNamed.say(lang)) } th.number scope="col" { (Text::Rows.say(lang)) }
            } }
            tbody { @for record in &records { tr {
                td.number { (record.number) } td { (time(zone, record.at)) } td { (name(&record.viewer)) } td { (name(&lists::page_named(&record.page, lang))) } td { (name(&record.object)) }
                td { @if all && !record.persons.iter().any(|person| asked.caller().is_ok_and(|caller| caller.hidden.contains(person))) {
                    @for (at, person) in record.persons.iter().enumerate() { @if at > 0 { ", " } (name(person)) }
                } @else { (record.persons.len()) } }
                td.number { (record.rows) }
            } } }
        } }
        @if let Some(next) = next { p { a href={ "/views?before=" (next) } { (Text::Earlier.say(lang)) } } }
    };
    Ok(Answer::page(view(&records), frame(asked.shell(), Text::Views.say(lang), &content)))
}
