//! Pictures as SVG. Each is drawn from a dossier, has a title and a description that are read aloud, a legend where it has marks, and a table
//! of its numbers below.

mod calendar;
mod days;
mod gauge;
mod matrix;
mod scale;
mod timeline;
mod week;

pub use calendar::calendar;
pub use days::days;
pub use gauge::gauge;
pub use matrix::matrix;
pub use timeline::timeline;
pub use week::week;

use crate::model::time::Timestamp;
use crate::model::zone::Zone;
use crate::page::words::{Lang, Word};
use maud::{Markup, html};

/// A picture and what belongs to it.
struct Picture {
    /// Begins every id: unique on a page.
    id: String,
    title: &'static str,
    told: String,
    size: (u32, u32),
    marks: Markup,
    legend: Markup,
    table: Markup,
}

impl Picture {
    fn draw(self, lang: Lang) -> Markup {
        let Picture { id, title, told, size: (width, height), marks, legend, table } = self;
        let (title_id, told_id) = (format!("{id}-title"), format!("{id}-told"));
        html! {
            figure.picture {
                figcaption { strong { (title) } " " span.told { (told) } }
                div.drawn {
                    svg role="img" aria-labelledby={ (title_id) " " (told_id) } viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) {
                        title id=(title_id) { (title) }
                        desc id=(told_id) { (told) }
                        (marks)
                    }
                }
                (legend)
                details { summary { (Word::AsTable.say(lang)) ": " (title) } div.scroll tabindex="0" role="region" aria-label=(title) { (table) } }
            }
        }
    }
}

/// A picture that cannot be drawn says why, and has no empty axes.
fn nothing(title: Word, why: Word, lang: Lang) -> Markup {
    html! { figure.picture { figcaption { strong { (title.say(lang)) } " " span.told { (why.say(lang)) } } } }
}

/// An entry of a legend: a small picture of the mark, and its meaning.
fn entry(mark: &Markup, meaning: &str) -> Markup {
    html! { li { svg.key viewBox="0 0 22 14" width="22" height="14" aria-hidden="true" { (mark) } (meaning) } }
}

/// The zone of a dossier; UTC where its name says nothing.
fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap_or_else(Zone::utc)
}

/// A time in a zone: day and time of day to the second.
pub(super) fn local(zone: &Zone, at: Timestamp) -> (String, String) {
    // What a dossier holds may come from anywhere: times that no calendar has are shown as the nearest one that it has.
    let at = Timestamp(at.0.clamp(Timestamp::FIRST.0, Timestamp::END.0));
    let local = zone.local(at);
    let seconds = at.seconds().rem_euclid(60);
    (local.day.to_string(), format!("{:02}:{:02}:{seconds:02}", local.minute / 60, local.minute % 60))
}
