//! What pages share: the frame, times, forms.

use crate::console::reader::Reader;
use crate::console::refused::Refused;
use crate::console::words::{Text, lists, rules, sentences};
use crate::desk::DeskError;
use crate::desk::pseudonym::Pseudonyms;
use crate::desk::rights::Action;
use crate::desk::session::Session;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::zone::Zone;
use crate::page;
use crate::page::Lang;
pub use crate::page::names::name;
use crate::page::names::{text, written};
use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

/// For whom a page is made.
#[derive(Clone, Copy)]
pub struct Shell<'a> {
    /// Who is signed in.
    pub session: Option<&'a Session>,
    /// How they read.
    pub reader: &'a Reader,
    /// The zone of times.
    pub zone: &'a Zone,
    /// When it is made.
    pub now: Timestamp,
    /// How employees are named until their case is taken.
    pub pseudonyms: Pseudonyms,
    /// Whether it is today's queue, which says by script when it is no longer what it was.
    pub follows: bool,
    /// A form of it that was refused.
    pub refused: Option<&'a Refused>,
}

/// The pages of the navigation: address, name, and what it asks for: one of these; nothing where there is none.
const PAGES: [(&str, Text, &[Action]); 8] = [
    ("/", Text::Today, &[]),
    ("/cases", Text::Cases, &[Action::Read]),
    ("/silences", Text::Silences, &[Action::SeeSilences]),
    ("/unmaskings", Text::IdentitiesAndHolds, &[Action::AskUnmask, Action::SeeUnmask]),
    ("/coverage", Text::Coverage, &[]),
    ("/quality", Text::Quality, &[Action::Read]),
    ("/deliveries", Text::Deliveries, &[Action::Deliveries]),
    ("/views", Text::Views, &[]),
];

/// The keys, and what each does.
const KEYS: [(&str, Text); 8] = [
    ("j", Text::KeyNext),
    ("k", Text::KeyPrevious),
    ("Enter", Text::KeyOpen),
    ("a", Text::KeyAssign),
    ("v", Text::KeyVerdict),
    ("/", Text::KeyFilter),
    ("n", Text::KeyNews),
    ("?", Text::KeyHelp),
];

/// A whole page. Without a session it has no navigation.
pub fn frame(shell: Shell<'_>, title: &str, content: &Markup) -> Markup {
    let Shell { session, reader, zone, now, .. } = shell;
    let printed = session.map(|session| {
        html! { footer.printed { (Text::MadeFor.say(reader.lang)) " " (name(&session.caller.account)) ", " (time(zone, now)) " " (zone.name()) " · leakwarden " (env!("CARGO_PKG_VERSION")) " · " (name(&reader.place)) } }
    });
    whole(shell, title, content, printed)
}

fn whole(shell: Shell<'_>, title: &str, content: &Markup, printed: Option<Markup>) -> Markup {
    let Shell { session, reader, zone, .. } = shell;
    let lang = reader.lang;
    let keys = reader.keys && session.is_some();
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { @if shell.refused.is_some() { (Text::NotDone.say(lang)) " · " } (written(title, 200)) " · leakwarden" }
                link rel="stylesheet" href="/style.css";
                @if keys { script src="/keys.js" defer {} }
                @if shell.follows { script src="/follow.js" defer {} }
            }
            body {
                a.skip href="#content" { (Text::Skip.say(lang)) }
                header #top {
                    @if let Some(session) = session { (navigation(session, reader)) }
                    div.out {
                        (languages(session, reader))
                        @if let Some(session) = session {
                            a #zone-link href="/help#zone-help" title=(Text::Zone.say(lang)) { (zone.name()) }
                            a #help-link href="/help" aria-current=[here(reader, "/help")] { (Text::Help.say(lang)) }
                            span #who { (name(&session.caller.account)) }
                            form #sign-out method="post" action="/sign-out" { (token(session)) button { (Text::SignOut.say(lang)) } }
                        }
                    }
                }
                main id="content" tabindex="-1" { @if let Some(unsaid) = shell.refused.and_then(|refused| refused.unsaid(lang)) { (unsaid) } (content) }
                @if keys {
                    dialog #keys aria-labelledby="keys-title" {
                        h2 #keys-title { (Text::Keys.say(lang)) }
                        (key_list(lang))
                        form method="dialog" { button { (Text::Close.say(lang)) } }
                    }
                }
                @if let Some(printed) = printed { (printed) }
            }
        }
    }
}

/// Whether a link leads to the page that is shown.
fn here(reader: &Reader, to: &str) -> Option<&'static str> {
    (reader.place.split('?').next() == Some(to)).then_some("page")
}

fn navigation(session: &Session, reader: &Reader) -> Markup {
    let lang = reader.lang;
    html! {
        nav aria-label=(Text::Pages.say(lang)) {
            @for (to, text, actions) in PAGES {
                @if actions.is_empty() || actions.iter().any(|action| session.caller.may_ever(*action)) { a href=(to) aria-current=[here(reader, to)] { (text.say(lang)) } }
            }
        }
    }
}

/// The switch of languages: each named in itself.
fn languages(session: Option<&Session>, reader: &Reader) -> Markup {
    html! {
        form #language method="post" action="/preferences" aria-label=(Text::Language.say(reader.lang)) {
            @if let Some(session) = session { (token(session)) }
            input type="hidden" name="back" value=(reader.place);
            @for lang in Lang::ALL {
                @if lang != reader.lang { button name="language" value=(lang.tag()) lang=(lang.tag()) { (page::words::Word::Language.say(lang)) } }
            }
        }
    }
}

/// The keys in a list.
pub fn key_list(lang: Lang) -> Markup {
    html! { dl.keys { @for (key, does) in KEYS { dt { kbd { (key) } } dd { (does.say(lang)) } } } }
}

/// Words of a person, line by line.
pub fn lines(words: &str) -> Markup {
    html! { @for (at, line) in words.lines().enumerate() { @if at > 0 { br; } (text(line)) } }
}

/// What a form must bring back.
pub fn token(session: &Session) -> Markup {
    html! { input type="hidden" name="csrf" value=(session.csrf); }
}

/// A time in a zone, to the minute.
pub fn time(zone: &Zone, at: Timestamp) -> Markup {
    let local = zone.local(at);
    let text = format!("{} {:02}:{:02}", local.day, local.minute / 60, local.minute % 60);
    html! { time datetime=(at.to_string()) { (text) } }
}

/// A severity in words and in a colour beside.
pub fn severity(severity: Severity, lang: Lang) -> Markup {
    html! { span class={ "severity " (severity.name()) } { (page::words::lists::severity(severity, lang)) } }
}

/// A typology in words, by its name in the database.
pub fn typology(name: &str, lang: Lang) -> Markup {
    html! { (written(&lists::typology_named(name, lang), 80)) }
}

/// What went wrong, and the way out.
pub fn error(shell: Shell<'_>, status: StatusCode, error: &DeskError) -> Markup {
    let lang = shell.reader.lang;
    let title = match status {
        StatusCode::NOT_FOUND => Text::NotHere,
        StatusCode::SERVICE_UNAVAILABLE => Text::NotNow,
        _ => Text::NotDone,
    };
    let translated = rules::told(error, lang);
    // The same of every place: what is not yours is answered like what is not there.
    let reader = Reader { place: "/".to_owned(), ..shell.reader.clone() };
    whole(
        Shell { reader: &reader, ..shell },
        title.say(lang),
        &html! {
            h1 { (title.say(lang)) }
            @match error {
                DeskError::Refused { value, .. } if translated.is_some() => p { (translated.unwrap_or_default()) "；" q { (name(value)) } },
                DeskError::NotAllowed(_) | DeskError::State { .. } if translated.is_some() => p { (translated.unwrap_or_default()) },
                DeskError::NotFound => p { (Text::NoSuchPage.say(lang)) },
                DeskError::Database(_) => p { (Text::NoDatabase.say(lang)) },
                DeskError::Stale(newer) => {
                    p { (Text::Stale.say(lang)) }
                    ul { @for one in newer { li { (name(one)) } } }
                }
                DeskError::Changed { now } => p { (sentences::changed(*now, lang)) },
                // Rules are those of the API, in its language.
                DeskError::Refused { place, rule, value } => p lang="en" { b { (place) } " " (text(rule)) "; it was " q { (name(value)) } "." },
                DeskError::NotAllowed(_) | DeskError::State { .. } => p lang="en" { (error.to_string()) "." },
            }
            p { a href="/" { (Text::ToQueue.say(lang)) } }
        },
        None,
    )
}

/// The style sheets: of the frame, and of pictures and parts.
pub const STYLE: &str = concat!(include_str!("style.css"), include_str!("../page/style.css"));
/// The script of keys.
pub const KEYS_SCRIPT: &str = include_str!("keys.js");
/// The script of today's queue.
pub const FOLLOW_SCRIPT: &str = include_str!("follow.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_holds_that_of_pictures() {
        assert!(STYLE.ends_with(page::STYLE));
    }

    #[test]
    fn words_of_a_person_keep_their_lines_and_nothing_in_them_acts() {
        assert_eq!(lines("a<b>\n\u{202e}c").into_string(), "<bdi>a&lt;b&gt;</bdi><br><bdi>\\u{202e}c</bdi>");
    }
}
