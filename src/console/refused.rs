//! A form that was refused comes back in the page where it stands: what was typed is kept, the field that breaks a rule is named by its label
//! and has the focus (WCAG 3.3.1), without script. Which page that is stands beside the route; a page that cannot be shown any more, or was
//! never for whoever asks, leaves the plain page of errors.

use crate::console::form::Fields;
use crate::console::words::{Text, lists, rules, sentences};
use crate::desk::DeskError;
use crate::model::decision::{MatchedField, SilenceReason, VerdictOutcome, VerdictReason};
use crate::page::Lang;
use crate::page::names::{name, text};
use maud::{Markup, html};
use std::sync::atomic::{AtomicBool, Ordering};

/// Fields with words of a person: they are told where their form is on the page no more.
const WRITTEN: [&str; 5] = ["text", "note", "why", "reason", "purpose"];

/// A form that was refused.
#[derive(Debug)]
pub struct Refused {
    action: String,
    fields: Fields,
    error: DeskError,
    said: AtomicBool,
}

/// A form as it is made: empty, or with what was typed where it was refused.
#[derive(Clone, Copy)]
pub struct Form<'a> {
    refused: Option<&'a Refused>,
    labels: &'static [(&'static str, Text)],
    lang: Lang,
}

impl Refused {
    /// One that was sent there.
    pub fn new(action: &str, fields: Fields, error: DeskError) -> Refused {
        Refused { action: action.to_owned(), fields, error, said: AtomicBool::new(false) }
    }

    /// What no form of the page has said, for its top: why, and what was written for a form that is not there any more.
    pub fn unsaid(&self, lang: Lang) -> Option<Markup> {
        if self.said.load(Ordering::Relaxed) {
            return None;
        }
        let written: Vec<&str> = WRITTEN.iter().map(|field| self.fields.text(field)).filter(|text| !text.trim().is_empty()).collect();
        Some(html! {
            div.told #refused role="alert" tabindex="-1" autofocus {
                (message(&self.error, &[], lang))
                @if !written.is_empty() {
                    p { (Text::YouHadWritten.say(lang)) }
                    @for one in written { blockquote { @for line in one.lines() { (text(line)) br; } } }
                }
            }
        })
    }
}

impl<'a> Form<'a> {
    /// The form that is sent there, with the labels of its fields; `refused` is what was refused of the page.
    pub fn new(refused: Option<&'a Refused>, action: &str, labels: &'static [(&'static str, Text)], lang: Lang) -> Form<'a> {
        Form { refused: refused.filter(|refused| refused.action == action), labels, lang }
    }

    /// Whether this very form was refused.
    pub fn is_back(&self) -> bool {
        self.refused.is_some()
    }

    /// What was typed into a field; nothing at first.
    pub fn typed(&self, field: &str) -> &'a str {
        self.refused.map_or("", |refused| refused.fields.text(field))
    }

    /// The same as a field's value, which it has none of at first.
    pub fn kept(&self, field: &str) -> Option<&'a str> {
        self.refused.and_then(|refused| refused.fields.get(field))
    }

    /// Whether that was chosen.
    pub fn chose(&self, field: &str, value: &str) -> bool {
        self.refused.is_some_and(|refused| refused.fields.all(field).any(|chosen| chosen == value))
    }

    /// Whether the field breaks the rule: it has the focus.
    pub fn is_wrong(&self, field: &str) -> bool {
        matches!(self.refused, Some(Refused { error: DeskError::Refused { place, .. }, .. }) if *place == field)
    }

    /// `aria-invalid` of a field.
    pub fn invalid(&self, field: &str) -> Option<&'static str> {
        self.is_wrong(field).then_some("true")
    }

    /// `aria-describedby` of a field.
    pub fn described(&self, field: &str) -> Option<&'static str> {
        self.is_wrong(field).then_some("refused")
    }

    /// Why it was refused, above its fields. It has the focus itself where it is about none of them.
    pub fn says(&self) -> Markup {
        let Some(refused) = self.refused.filter(|refused| !refused.said.swap(true, Ordering::Relaxed)) else { return html! {} };
        let of_field = matches!(refused.error, DeskError::Refused { place, .. } if label(place, self.labels, self.lang).is_some());
        html! { div.told #refused role="alert" tabindex="-1" autofocus[!of_field] { (message(&refused.error, self.labels, self.lang)) } }
    }
}

/// The label of a field.
fn label(field: &str, labels: &[(&'static str, Text)], lang: Lang) -> Option<&'static str> {
    let matched = || MatchedField::ALL.iter().find(|one| one.name() == field).map(|one| lists::matched(*one, lang));
    labels.iter().find(|(name, _)| *name == field).map(|(_, label)| label.say(lang)).or_else(matched)
}

/// Why, in words.
fn message(error: &DeskError, labels: &[(&'static str, Text)], lang: Lang) -> Markup {
    match error {
        DeskError::Refused { place, rule, value } => {
            let label = label(place, labels, lang);
            let chinese = (lang == Lang::Zh).then(|| rules::rule(rule)).flatten();
            let (label, value) =
                (label.or_else(|| rules::field(place).filter(|_| lang == Lang::Zh)).unwrap_or(place), in_words(value, false, lang));
            html! {
                p {
                    b { (label) } ": "
                    @match chinese { Some(rule) => (text(&in_words(&rule, true, lang))), None => span lang="en" { (text(&in_words(rule, true, lang))) } }
                    @if !value.is_empty() { "; " (Text::ItWas.say(lang)) " " q { (name(&value)) } }
                }
            }
        }
        DeskError::Stale(newer) => html! { p { (Text::StaleHere.say(lang)) } ul { @for one in newer { li { (name(one)) } } } },
        DeskError::Changed { now } => html! { p { (sentences::changed_here(*now, lang)) } },
        DeskError::NotAllowed(_) | DeskError::State { .. } => match rules::told(error, lang) {
            Some(told) => html! { p { (told) } },
            None => html! { p lang="en" { (error.to_string()) "." } },
        },
        DeskError::NotFound | DeskError::Database(_) => html! {},
    }
}

/// A rule or a value whose codes are said as the page's choices say them; in quotes, where they stand among words.
fn in_words(text: &str, quoted: bool, lang: Lang) -> String {
    let word = |code: &str| {
        let outcome = VerdictOutcome::ALL.iter().find(|one| one.name() == code).map(|one| lists::outcome(*one, lang));
        let verdict = || VerdictReason::ALL.iter().find(|one| one.name() == code).map(|one| lists::reason(*one, lang));
        let silence = || SilenceReason::ALL.iter().find(|one| one.name() == code).map(|one| lists::silence_reason(*one, lang));
        outcome.or_else(verdict).or_else(silence)
    };
    let said = text.split(' ').map(|piece| {
        let code = piece.trim_end_matches([',', ':']);
        match word(code) {
            Some(word) if quoted => format!("“{word}”{}", &piece[code.len()..]),
            Some(word) => format!("{word}{}", &piece[code.len()..]),
            None => piece.to_owned(),
        }
    });
    said.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_said_as_the_choices_say_them() {
        let rule = "must go with the verdict innocent: batch, campaign";
        let said = in_words(rule, true, Lang::En);
        assert!(
            said.starts_with("must go with the verdict ") && said.contains("“innocent”: “a migration, a batch, a report”, “"),
            "{said}"
        );
        assert_eq!(in_words("3 strangers", true, Lang::En), "3 strangers");
    }
}
