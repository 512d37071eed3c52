//! Quality: what people decided, by pattern, with what chance leaves open. Detectors are compared here, reviewers never.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, typology};
use crate::console::words::{Text, sentences};
use crate::desk::DeskError;
use crate::desk::quality::{self, Decided};
use crate::page::Lang;
use crate::page::words::number;
use maud::{Markup, html};

/// `GET /quality`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (of, all) = quality::decided(&asked.console.database, asked.caller()?).await?;
    let lang = asked.reader.lang;
    let columns = [Text::Confirmed, Text::Innocent, Text::DetectorWrong, Text::Unclear, Text::Share, Text::HoursToVerdict, Text::StillOpen];
    let content = html! {
        h1 { (Text::Quality.say(lang)) }
        p { (Text::QualityRule.say(lang)) }
        @if !all.is_decided() { p #nothing { (Text::NoVerdicts.say(lang)) } }
        @if !of.is_empty() {
            div.wide { table #patterns {
                thead { tr { th scope="col" { (Text::Pattern.say(lang)) } @for column in columns { th.number scope="col" { (column.say(lang)) } } } }
                tbody { @for (pattern, one) in &of { (row(&typology(pattern, lang), one, lang)) } }
                tfoot { (row(&html! { (Text::AllPatterns.say(lang)) }, &all, lang)) }
            } }
        }
    };
    Ok(Answer::plain_page(frame(asked.shell(), Text::Quality.say(lang), &content)))
}

fn row(what: &Markup, one: &Decided, lang: Lang) -> Markup {
    let [confirmed, innocent, unclear] = one.outcomes;
    html! {
        tr {
            th scope="row" { (what) }
            @for count in [confirmed, innocent, one.detector_wrong, unclear] { td.number { (number(count)) } }
            td.number { @if let Some((share, interval)) = one.share() { (sentences::share(share, interval, lang)) } @else { "–" } }
            td.number { @if let Some(hours) = one.median_hours() { (format!("{hours:.1}")) } @else { "–" } }
            td.number { (number(one.open)) }
        }
    }
}
