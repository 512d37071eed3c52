//! What pages share: the frame, names from logs, times, forms.

use crate::desk::DeskError;
use crate::desk::rights::Action;
use crate::desk::session::Session;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::zone::Zone;
use crate::telemetry::untrusted::harmless;
use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

/// A whole page. Without a session it has no navigation.
pub fn frame(session: Option<&Session>, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (harmless(title)) " · leakwarden" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                @if let Some(session) = session {
                    header {
                        nav aria-label="Pages" {
                            a href="/" { "Today" }
                            @if session.caller.may_ever(Action::Read) { a href="/cases" { "Cases" } }
                            @if session.caller.may_ever(Action::SeeSilences) { a href="/silences" { "Silences" } }
                            a href="/views" { "Views" }
                        }
                        form.out method="post" action="/sign-out" {
                            (token(session))
                            span { (name(&session.caller.account)) }
                            button { "Sign out" }
                        }
                    }
                }
                main id="content" { (content) }
            }
        }
    }
}

/// A name or text that came out of somebody's log: it stands apart from the text around it, and nothing in it acts.
pub fn name(text: &str) -> Markup {
    html! { bdi { (harmless(text)) } }
}

/// What a form must bring back.
pub fn token(session: &Session) -> Markup {
    html! { input type="hidden" name="csrf" value=(session.csrf); }
}

/// A time in the console's zone, to the minute.
pub fn time(zone: &Zone, at: Timestamp) -> Markup {
    let local = zone.local(at);
    let text = format!("{} {:02}:{:02}", local.day, local.minute / 60, local.minute % 60);
    html! { time datetime=(at.to_string()) { (text) } }
}

/// A severity in words and in a colour beside.
pub fn severity(severity: Severity) -> Markup {
    html! { span class={ "severity " (severity.name()) } { (severity.name()) } }
}

/// A typology in words.
pub fn typology(name: &str) -> String {
    name.replace('_', " ")
}

/// A number with thin separators of thousands.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What went wrong, and the way out.
pub fn error(session: Option<&Session>, status: StatusCode, error: &DeskError) -> Markup {
    let title = match status {
        StatusCode::NOT_FOUND => "Not here",
        StatusCode::SERVICE_UNAVAILABLE => "Not now",
        _ => "Not done",
    };
    frame(
        session,
        title,
        &html! {
            h1 { (title) }
            @match error {
                DeskError::NotFound => p { "There is no such page, or it is not for you." },
                DeskError::Database(_) => p { "The database does not answer. Nothing was changed, and nothing was shown that is not written down. Try again in a minute." },
                DeskError::Stale(newer) => {
                    p { "Newer revisions have settled since you opened the case, or alerts have come to it. Your verdict was not taken: go back, open the case again, read them, and decide." }
                    ul { @for one in newer { li { (name(one)) } } }
                }
                DeskError::Changed { now } => p { "Somebody has changed it since you opened it (version " (now) " now). Go back, and open it again." },
                DeskError::Refused { place, rule, value } => p { b { (place) } " " (harmless(rule)) "; it was " q { (name(value)) } "." },
                DeskError::NotAllowed(_) | DeskError::State { .. } => p { (error.to_string()) "." },
            }
            p { a href="/" { "To today's queue" } }
        },
    )
}

/// The style sheet.
pub const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_acts() {
        assert_eq!(name("<b>\u{202e}x\n").into_string(), "<bdi>&lt;b&gt;\\u{202e}x\\u{a}</bdi>");
        assert_eq!([number(7), number(1_234), number(12_345_678)], ["7", "1,234", "12,345,678"]);
    }
}
