//! Deliveries: what is on its way to whom is told, and what was refused for good. Counts and times: nobody is named, no body is shown.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, name, time};
use crate::console::words::Text;
use crate::desk::DeskError;
use crate::model::time::Timestamp;
use crate::notify::overview;
use crate::page::words::number;
use maud::html;

/// `GET /deliveries`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let receivers = overview::receivers(&asked.console.database, asked.now).await?;
    let (zone, lang) = (&asked.zone, asked.reader.lang);
    let at = |at: Option<Timestamp>| html! { @if let Some(at) = at { (time(zone, at)) } @else { "–" } };
    let content = html! {
        h1 { (Text::Deliveries.say(lang)) }
        p { (Text::DeliveriesRule.say(lang)) }
        @if receivers.is_empty() { p #nothing { (Text::NoReceivers.say(lang)) } }
        @else {
            div.wide { table #receivers {
                thead { tr {
                    th scope="col" { (Text::Receiver.say(lang)) } th.number scope="col" { (Text::Waiting.say(lang)) } th scope="col" { (Text::Oldest.say(lang)) }
                    th.number scope="col" { (Text::Tries.say(lang)) } th scope="col" { (Text::LastTold.say(lang)) } th.number scope="col" { (Text::ToldCount.say(lang)) }
                    th.number scope="col" { (Text::Superseded.say(lang)) } th.number scope="col" { (Text::DeadLetters.say(lang)) }
                } }
                tbody { @for (receiver, one) in &receivers { tr {
                    th scope="row" { (name(receiver)) } td.number { (number(one.waiting)) } td { (at(one.oldest)) } td.number { (number(one.tries)) }
                    td { (at(one.last)) } td.number { (number(one.told)) } td.number { (number(one.superseded)) } td.number { (number(one.dead)) }
                } } }
            } }
        }
        p.quiet { (Text::DeadRule.say(lang)) }
    };
    Ok(Answer::plain_page(frame(asked.shell(), Text::Deliveries.say(lang), &content)))
}
