//! What messages say, in words. Never of guilt or intent, and never more than the event holds.
//!
//! Names out of logs pass through [`name`]: what acts on a reader or hides is written out, and length is capped.

use crate::model::severity::Severity;
use crate::model::typology::Typology;
use crate::notify::event::{Event, Message, What};
use crate::telemetry::untrusted::Untrusted;

/// A name as it may stand in a message.
pub fn name(name: &str) -> String {
    Untrusted(name).to_string()
}

/// A severity at the beginning of a sentence.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// A pattern in words.
pub fn typology(typology: Typology) -> String {
    typology.name().replace('_', " ")
}

fn typologies(event: &Event) -> String {
    event.typologies.iter().map(|of| typology(*of)).collect::<Vec<_>>().join(", ")
}

/// The first letters of a case's id: enough to speak of it.
pub fn short(case: &str) -> &str {
    case.get(..8).unwrap_or(case)
}

/// One line.
pub fn title(message: &Message) -> String {
    let event = &message.event;
    if event.what == What::Test {
        return "leakwarden: this is a test, nothing happened".to_owned();
    }
    format!("leakwarden: {}, {} (case {})", severity(event.severity), typologies(event), short(&event.case))
}

/// What happened, as a sentence.
pub fn happened(event: &Event) -> String {
    match (event.what, event.before) {
        (What::Shown, _) if event.settled => "A case is shown.".to_owned(),
        (What::Shown, _) => "A case is shown; its records have not all settled yet.".to_owned(),
        (What::Rose, Some(before)) => format!("Its severity rose from {} to {}.", before.name(), event.severity.name()),
        (What::Rose, None) => format!("Its severity rose to {}.", event.severity.name()),
        (What::Again, _) => "It is shown again: another pattern, or many more people.".to_owned(),
        (What::Closed, _) => "It is closed.".to_owned(),
        (What::Retracted, _) => "What was shown before its records settled did not settle, and is taken back.".to_owned(),
        (What::Joined, _) => match &event.into {
            Some(into) => format!("It goes on in case {}.", short(into)),
            None => "It goes on in another case.".to_owned(),
        },
        (What::Test, _) => "Whoever reads this is told of cases.".to_owned(),
    }
}

/// Names and values, for whatever lays them out.
pub fn facts(message: &Message) -> Vec<(&'static str, String)> {
    let event = &message.event;
    if event.what == What::Test {
        return Vec::new();
    }
    let people = if event.persons.figure() == Some(1) { "person" } else { "people" };
    let accesses = if event.accesses == 1 { "access" } else { "accesses" };
    let mut facts = vec![
        ("Severity", severity(event.severity).to_owned()),
        ("Looks like", typologies(event)),
        ("Seen", format!("{} {people} in {} {accesses}", event.persons, event.accesses)),
        ("Alerts", event.alerts.to_string()),
        ("Since", event.since.clone()),
        ("Until", event.last.clone()),
    ];
    facts.extend(event.whom.as_deref().map(|whom| ("Concerns", name(whom))));
    facts.extend(event.whom.as_ref().and(event.unit.as_deref()).map(|unit| ("Unit", name(unit))));
    facts.extend(message.contact.clone().map(|contact| ("Call", contact)));
    facts
}

/// Lines of plain text: what happened, the facts, the link.
pub fn text(message: &Message) -> String {
    let mut lines = vec![happened(&message.event)];
    lines.extend(facts(message).into_iter().map(|(what, value)| format!("{what}: {value}")));
    lines.extend(message.link.clone());
    lines.join("\n")
}

/// Several cases in one message: a title, and a line each.
pub fn gathered(messages: &[Message]) -> (String, Vec<(String, Option<String>)>) {
    let gravest = messages.iter().map(|message| message.event.severity).max().unwrap_or(Severity::Low);
    let title = format!("leakwarden: {} cases, up to {}", messages.len(), gravest.name());
    let line = |message: &Message| {
        let event = &message.event;
        let whom = event.whom.as_deref().map_or_else(String::new, |whom| format!(" Concerns {}.", name(whom)));
        let line = format!("{}, {} (case {}). {}{whom}", severity(event.severity), typologies(event), short(&event.case), happened(event));
        (line, message.link.clone())
    };
    (title, messages.iter().map(line).collect())
}

/// Title and text of one message or several.
pub fn plain(messages: &[Message]) -> (String, String) {
    if let [message] = messages {
        return (title(message), text(message));
    }
    let (title, lines) = gathered(messages);
    let lines = lines.into_iter().map(|(line, link)| link.map_or_else(|| line.clone(), |link| format!("{line}\n{link}")));
    (title, lines.collect::<Vec<_>>().join("\n"))
}

/// The text without what is beyond so many bytes, cut between characters, and saying so.
pub fn cut(text: &str, bytes: usize) -> String {
    const END: &str = "…";
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes.saturating_sub(END.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{END}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::event::tests::event;

    fn message(what: What) -> Message {
        Message { event: event("1f2e3d4c5b6a", 1, what).nameless(), link: Some("https://desk/cases/1".to_owned()), contact: None }
    }

    #[test]
    fn a_message_says_what_and_how_many_and_nobody() {
        let (title, text) = plain(&[message(What::Shown)]);
        assert_eq!(title, "leakwarden: High, bulk extract, off duty (case 1f2e3d4c)");
        assert!(text.contains("Seen: at most 7991 people in 812 accesses\n") && text.ends_with("https://desk/cases/1"), "{text}");
        assert!(!text.contains("E0042") && !text.contains("Hangzhou"));
        assert!(plain(&[message(What::Rose)]).1.starts_with("Its severity rose from medium to high."));
        let (title, text) = plain(&[message(What::Shown), message(What::Closed)]);
        assert_eq!((title.as_str(), text.lines().count()), ("leakwarden: 2 cases, up to high", 4));
    }

    #[test]
    fn names_are_written_out_where_they_act() {
        let mut named = message(What::Shown);
        named.event.whom = Some("\u{202e}E1\r\nBcc: x".to_owned());
        let (_, text) = plain(&[named]);
        assert!(text.contains("Concerns: \\u{202e}E1\\r\\nBcc: x\n"), "{text}");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("short", 9), "short");
        assert_eq!(cut("杭州杭州", 9), "杭州…");
        assert!(cut(&"杭".repeat(900), 2_048).len() <= 2_048);
    }
}
