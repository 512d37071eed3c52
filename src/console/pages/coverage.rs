//! Coverage: how far employees' days were evaluated, and why not further. Silence is no finding of innocence.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, time};
use crate::console::words::{Text, sentences};
use crate::desk::{DeskError, coverage};
use crate::page::coverage::{HouseCoverage, coverage as drawn};
use crate::page::words::Word;
use maud::html;

/// `GET /coverage`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let mut read = asked.console.database.read().await?;
    let found = coverage::read(&mut read).await?;
    drop(read);
    let (zone, lang) = (&asked.zone, asked.reader.lang);
    let house = HouseCoverage { days: found.days.into_iter().collect(), tables: found.tables };
    let content = html! {
        h1 { (Word::NotSeen.say(lang)) }
        p { (Text::CoverageRule.say(lang)) " " (Word::SilenceIsNot.say(lang)) }
        @if house.days.is_empty() { p #nothing { (Text::NoCoverage.say(lang)) } p { (Word::NeverSeen.say(lang)) } }
        @else {
            section #coverage aria-labelledby="coverage-title" {
                h2 #coverage-title { (Text::CoverageTitle.say(lang)) }
                (drawn(&house, "coverage-days", lang))
            }
            @if let Some(at) = found.taken_at { p.quiet { (sentences::taken(lang)) " " (time(zone, at)) " " (zone.name()) } }
        }
    };
    Ok(Answer::plain_page(frame(asked.shell(), Text::Coverage.say(lang), &content)))
}
