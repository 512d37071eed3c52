//! An event as a line of CEF (ArcSight Common Event Format), in a message of syslog (RFC 5424).

use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::words;

/// The message of syslog, without what frames it.
pub fn message(message: &Message, host: &str, now: Timestamp) -> String {
    // Facility 13 is that of audits.
    let priority = 13 * 8 + syslog_severity(message.event.severity);
    format!("<{priority}>1 {now} {} leakwarden - - - {}", host_name(host), line(message))
}

/// The line of CEF.
pub fn line(message: &Message) -> String {
    let event = &message.event;
    let typology = event.typologies.first().map_or("case", |typology| typology.name());
    let header = [
        "CEF:0".to_owned(),
        "leakwarden".to_owned(),
        "leakwarden".to_owned(),
        env!("CARGO_PKG_VERSION").to_owned(),
        typology.to_owned(),
        words::title(message),
        grade(event.severity).to_string(),
    ];
    let head: Vec<String> = header.iter().map(|field| in_header(field)).collect();
    let mut extension = vec![
        ("rt", event.at.to_string()),
        ("externalId", event.case.clone()),
        ("act", event.what.name().to_owned()),
        ("cat", typology.to_owned()),
        ("cnt", event.accesses.to_string()),
        ("cn1", event.number.to_string()),
        ("cn1Label", "revision".to_owned()),
        ("cs1", event.typologies.iter().map(|typology| typology.name()).collect::<Vec<_>>().join(" ")),
        ("cs1Label", "typologies".to_owned()),
        ("cs2", event.persons.to_string()),
        ("cs2Label", "persons".to_owned()),
    ];
    extension.extend(
        event.persons.figure().map(|figure| [("cn2", figure.to_string()), ("cn2Label", "personsFigure".to_owned())]).into_iter().flatten(),
    );
    let millis = |text: &str| Timestamp::parse(text).ok().map(|time| time.0.to_string());
    extension.extend(millis(&event.since).map(|since| ("start", since)));
    extension.extend(millis(&event.last).map(|last| ("end", last)));
    extension.extend(event.whom.as_deref().map(|whom| ("suser", words::name(whom))));
    extension.extend(
        message.contact.as_ref().map(|contact| [("cs3", contact.clone()), ("cs3Label", "contact".to_owned())]).into_iter().flatten(),
    );
    extension.extend(event.unit.as_deref().map(|unit| [("cs4", words::name(unit)), ("cs4Label", "unit".to_owned())]).into_iter().flatten());
    extension.extend(message.link.as_ref().map(|link| ("request", link.clone())));
    extension.push(("msg", words::happened(event)));
    let extension: Vec<String> = extension.iter().map(|(key, value)| format!("{key}={}", in_extension(value))).collect();
    format!("{}|{}", head.join("|"), extension.join(" "))
}

/// 0 to 10: its four words are 0–3, 4–6, 7–8, 9–10.
fn grade(severity: Severity) -> u8 {
    match severity {
        Severity::Low => 3,
        Severity::Medium => 6,
        Severity::High => 8,
        Severity::Critical => 10,
    }
}

fn syslog_severity(severity: Severity) -> u8 {
    match severity {
        Severity::Low => 5,
        Severity::Medium => 4,
        Severity::High => 3,
        Severity::Critical => 2,
    }
}

/// A field of the header ends at a bar; it is one line.
fn in_header(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// A value ends where the next key begins, which is known by its sign of equality.
fn in_extension(text: &str) -> String {
    text.replace('\\', "\\\\").replace('=', "\\=").replace('\r', "\\r").replace('\n', "\\n").chars().filter(|c| !c.is_control()).collect()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A name of a host, or none.
fn host_name(host: &str) -> &str {
    let is_name = !host.is_empty() && host.len() <= 255 && host.chars().all(|c| c.is_ascii_graphic());
    if is_name { host } else { "-" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message as sample;

    #[test]
    fn it_is_one_line_whose_fields_end_where_they_should() {
        let mut named = sample("c1", 3);
        named.event.whom = Some("a|b\\c=d\nCEF:0|x".to_owned());
        named.contact = Some("desk = 2|3\nact=closed".to_owned());
        let text = message(&named, "", Timestamp(1_772_442_845_000));
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with("<107>1 2026-03-02T09:14:05Z - leakwarden - - - CEF:0|leakwarden|leakwarden|"), "{text}");
        // A reader of CEF: what stands between bars that are not escaped.
        let mut fields = vec![String::new()];
        let mut letters = text.split_once(" CEF:").expect("CEF").1.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '|' if fields.len() < 8 => fields.push(String::new()),
                '\\' if fields.len() < 8 => fields.last_mut().expect("one").extend(letters.next()),
                letter => fields.last_mut().expect("one").push(letter),
            }
        }
        assert_eq!((fields[4].as_str(), fields[6].as_str()), ("bulk_extract", "8"), "{text}");
        assert!(fields[7].starts_with("rt="), "{text}");
        assert!(text.contains(" suser=a|b\\\\\\\\c\\=d\\\\nCEF:0|x ") && text.contains(" cs3=desk \\= 2|3\\nact\\=closed "), "{text}");
        assert!(text.contains(" externalId=c1 ") && text.contains(" cn1=3 ") && text.contains(" cs2=at most 7991 "), "{text}");
    }
}
