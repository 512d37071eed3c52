//! Syslog headers: RFC 5424, RFC 3164 with its relatives (no host on the local socket, ISO times in rsyslog's files), with or
//! without the priority, and with the octet count of RFC 6587.

use crate::decode::Settings;
use crate::decode::framing::Unwrapped;
use crate::model::time::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// The messages in a text: several where each says its length and no line end parts them; none where there is no such header.
pub(super) fn open_all<'a>(text: &'a str, settings: &Settings) -> Vec<Unwrapped<'a>> {
    match frames(text) {
        // What a frame holds is not lost where it has no header.
        Some(frames) => frames
            .into_iter()
            .map(|frame| open(frame, settings).unwrap_or_else(|| Unwrapped { payload: Cow::Borrowed(frame), ..Unwrapped::default() }))
            .collect(),
        None => open(text, settings).into_iter().collect(),
    }
}

/// The frames of a text in which each begins with its length in octets (RFC 6587); `None` where it is none, or one alone.
fn frames(text: &str) -> Option<Vec<&str>> {
    let (mut frames, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (count, after) = counted(rest)?;
        let Some((frame, next)) = after.split_at_checked(count) else {
            // The last may be cut off: what there is of it is read all the same.
            frames.push(after);
            break;
        };
        frames.push(frame.trim_end_matches(['\r', '\n']));
        rest = next.trim_start_matches(['\r', '\n']);
    }
    (frames.len() > 1).then_some(frames)
}

/// The length that a frame says of itself, and what follows it.
fn counted(text: &str) -> Option<(usize, &str)> {
    // Every line is asked: nearly all say no with their first bytes.
    let length = text.bytes().take(8).take_while(u8::is_ascii_digit).count();
    let (count, rest) = text.split_at(length);
    let rest = rest.strip_prefix(' ').filter(|rest| matches!(length, 1..=7) && rest.starts_with('<'))?;
    count.parse().ok().filter(|count| *count > 0).map(|count| (count, rest))
}

/// The message behind a syslog header; `None` where there is no such header.
fn open<'a>(text: &'a str, settings: &Settings) -> Option<Unwrapped<'a>> {
    let text = without_count(text);
    match priority(text) {
        Some(rest) => match rest.strip_prefix("1 ") {
            Some(rest) => rfc5424(rest),
            None => rfc3164(rest, settings),
        },
        None => rfc3164(text, settings),
    }
}

/// `57 <34>1 …`: the length stands before.
fn without_count(text: &str) -> &str {
    counted(text).map_or(text, |(_, rest)| rest)
}

fn priority(text: &str) -> Option<&str> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    (matches!(number.len(), 1..=3) && number.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
}

fn rfc5424(text: &str) -> Option<Unwrapped<'_>> {
    let mut fields = text.splitn(6, ' ');
    let mut field = || fields.next().filter(|field| !field.is_empty());
    let (time, host, program, pid, _message_id) = (field()?, field()?, field()?, field()?, field()?);
    let message = after_structured_data(fields.next()?)?;
    let said = |field: &'_ str| field != "-";
    let time = if said(time) { Some(Timestamp::parse(time).ok()?) } else { None };
    let word = |field| Some(Cow::Borrowed(field)).filter(|_| said(field));
    Some(Unwrapped { payload: unescaped(message), time, host: word(host), program: word(program), pid: word(pid), ..Unwrapped::default() })
}

/// Skips `-` or `[id name="value\"]"]…` and the byte order mark that may precede the message.
fn after_structured_data(text: &str) -> Option<&str> {
    let mut rest = match text.strip_prefix('-') {
        Some(rest) => rest,
        None => {
            let (mut quoted, mut escaped, mut end) = (false, false, None);
            let mut characters = text.char_indices().peekable();
            while let Some((at, c)) = characters.next() {
                match c {
                    _ if escaped => escaped = false,
                    '\\' if quoted => escaped = true,
                    '"' => quoted = !quoted,
                    ']' if !quoted && characters.peek().is_none_or(|(_, next)| *next != '[') => {
                        end = Some(at + 1);
                        break;
                    }
                    _ => {}
                }
            }
            text.strip_prefix('[').and(end).map(|end| &text[end..])?
        }
    };
    rest = rest.strip_prefix(' ').unwrap_or(rest);
    Some(rest.strip_prefix('\u{feff}').unwrap_or(rest))
}

fn rfc3164<'a>(text: &'a str, settings: &Settings) -> Option<Unwrapped<'a>> {
    let (time, rest) = when(text, settings)?;
    let rest = rest.strip_prefix(' ')?;
    // `host tag[12]: text`, or on the local socket `tag[12]: text`.
    let first_end = rest.find(' ')?;
    let (host, tagged) = match tag(rest) {
        Some(_) => (None, rest),
        None => (Some(&rest[..first_end]), rest[first_end..].trim_start()),
    };
    // AIX writes how urgent it is before the tag.
    let urgency = tagged.split_once(' ').filter(|(word, _)| word.split_once(':').is_some_and(|(f, s)| is_facility(f) && is_severity(s)));
    let tagged = urgency.map_or(tagged, |(_, rest)| rest);
    let (program, pid, message) = tag(tagged)?;
    Some(Unwrapped {
        payload: unescaped(message),
        time,
        host: host.map(Cow::Borrowed),
        program: Some(Cow::Borrowed(program)),
        pid: pid.map(Cow::Borrowed),
        ..Unwrapped::default()
    })
}

fn is_facility(word: &str) -> bool {
    let numbered = word.strip_prefix("local").is_some_and(|number| matches!(number.as_bytes(), [b'0'..=b'7']));
    numbered || matches!(word, "kern" | "user" | "mail" | "daemon" | "auth" | "syslog" | "lpr" | "news" | "uucp" | "cron" | "authpriv")
}

fn is_severity(word: &str) -> bool {
    matches!(word, "emerg" | "alert" | "crit" | "err" | "error" | "warn" | "warning" | "notice" | "info" | "debug")
}

/// Tags with blanks in them: Oracle's server writes such, which no reader of syslog expects.
const TAGS_WITH_BLANKS: [&str; 2] = ["Oracle Unified Audit", "Oracle Audit"];

/// `postgres[12]: text` or `program: text`.
fn tag(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let blanks = TAGS_WITH_BLANKS.iter().find(|tag| text.starts_with(**tag)).map(|tag| tag.len());
    let end = blanks.or_else(|| text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_./()+@\\".contains(c))))?;
    let (program, rest) = text.split_at(end);
    if program.is_empty() {
        return None;
    }
    let (pid, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(pid, rest)| (Some(pid), rest))?,
        None => (None, rest),
    };
    let message = rest.strip_prefix(':')?;
    // IBM Cloud puts the resource's name in the tag's place: `crn:v1:…:: text`.
    let message = if program == "crn" { message.split_once(":: ").map_or(message, |(_, rest)| rest) } else { message };
    Some((program, pid, message.strip_prefix(' ').unwrap_or(message)))
}

/// A time at the beginning, `Mmm dd hh:mm:ss` or ISO, and what follows it. The older form has no year.
fn when<'a>(text: &'a str, settings: &Settings) -> Option<(Option<Timestamp>, &'a str)> {
    if text.as_bytes().first()?.is_ascii_digit() {
        let (iso, _) = text.split_once(' ')?;
        return Some((Some(Timestamp::parse(iso).ok()?), &text[iso.len()..]));
    }
    let month = MONTHS.iter().position(|month| text.starts_with(month))? as i8 + 1;
    let (civil, rest) = text.split_at_checked(15)?;
    let day: i8 = civil.get(4..6)?.trim_start().parse().ok()?;
    let time: Time = civil.get(7..15)?.parse().ok()?;
    // A leap year has every day that there is.
    Date::new(2024, month, day).ok()?;
    (civil.as_bytes()[3] == b' ' && civil.as_bytes()[6] == b' ').then_some(())?;
    Some((dated(month, day, time, settings), rest))
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The latest year in which that day lies no more than a day beyond the end of the log.
fn dated(month: i8, day: i8, time: Time, settings: &Settings) -> Option<Timestamp> {
    let end = settings.latest? + crate::model::time::Span::DAY;
    let zone = settings.zone.clone().unwrap_or(TimeZone::UTC);
    let year = zone.to_datetime(jiff::Timestamp::from_millisecond(end.0).ok()?).year();
    (0..8).find_map(|back| {
        let date = Date::new(year - back, month, day).ok()?;
        let instant = zone.to_timestamp(DateTime::from_parts(date, time)).ok()?;
        Timestamp::from_millis(instant.as_millisecond()).ok().filter(|time| *time <= end)
    })
}

/// rsyslog writes control characters as `#011`. Where the text holds such characters itself nobody has escaped them.
fn unescaped(message: &str) -> Cow<'_, str> {
    if !message.contains("#01") || message.contains(['\t', '\n']) {
        return Cow::Borrowed(message);
    }
    Cow::Owned(message.replace("#011", "\t").replace("#012", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { latest: Timestamp::parse("2026-01-10T00:00:00Z").ok(), ..Settings::default() }
    }

    fn read(text: &str) -> Option<(String, Option<String>, [Option<String>; 3])> {
        let letter = open_all(text, &settings()).into_iter().next()?;
        let own = |word: Option<Cow<'_, str>>| word.map(Cow::into_owned);
        Some((letter.payload.into_owned(), letter.time.map(|t| t.to_string()), [own(letter.host), own(letter.program), own(letter.pid)]))
    }

    fn words(words: [&str; 3]) -> [Option<String>; 3] {
        words.map(|word| Some(word.to_owned()).filter(|word| !word.is_empty()))
    }

    #[test]
    fn headers_of_both_rfcs_come_off() {
        let new = read("<134>1 2026-01-09T17:00:00.123Z db1 postgres 77 - [x a=\"]\\\"\"][y] \u{feff}hello").expect("is syslog");
        assert_eq!(new, ("hello".to_owned(), Some("2026-01-09T17:00:00.123Z".to_owned()), words(["db1", "postgres", "77"])));
        let old = read("<134>Jan  9 17:00:00 db1 postgres[77]: hello: you").expect("is syslog");
        assert_eq!(old, ("hello: you".to_owned(), Some("2026-01-09T17:00:00Z".to_owned()), words(["db1", "postgres", "77"])));
        let local = read("<134>Jan  9 17:00:00 postgres[77]: [5-2] \thello").expect("is syslog");
        assert_eq!((local.0.as_str(), local.2), ("[5-2] \thello", words(["", "postgres", "77"])));
        let file = read("2026-01-09T17:00:00+08:00 db1 postgres[77]: [5-2] #011hello").expect("is syslog");
        assert_eq!((file.0.as_str(), file.1.as_deref()), ("[5-2] \thello", Some("2026-01-09T09:00:00Z")));
        assert_eq!(read("Jan  9 17:00:00 cloud crn:v1:a/b:c:: {\"x\":1}").expect("is syslog").0, "{\"x\":1}");
        for oracle in ["Jan  9 17:00:00 db1", "<134>Jan  9 17:00:00 db1", "<134>Jan  9 17:00:00", "2026-01-09T17:00:00.000000+00:00 db1"] {
            let oracle = read(&format!("{oracle} Oracle Unified Audit[77]: LENGTH: '1'")).expect("is syslog");
            assert_eq!((oracle.0.as_str(), oracle.1.as_deref()), ("LENGTH: '1'", Some("2026-01-09T17:00:00Z")));
            assert_eq!(oracle.2[1..], words(["", "Oracle Unified Audit", "77"])[1..]);
        }
        let aix = read("Jan  9 17:00:00 db1 local0:notice Oracle Audit[77]: x").expect("is syslog");
        assert_eq!((aix.0.as_str(), aix.2), ("x", words(["db1", "Oracle Audit", "77"])));
        let unit = read("Jan 09 17:00:00 db1 postgresql@16-main[77]: x").expect("is syslog");
        assert_eq!((unit.0.as_str(), unit.2), ("x", words(["db1", "postgresql@16-main", "77"])));
        assert_eq!(read("59 <14>1 - - - - - - hello").expect("is syslog").0, "hello");
    }

    #[test]
    fn frames_that_say_their_length_need_no_line_end() {
        let frame = |text: &str| {
            let frame = format!("<134>1 2026-01-09T17:00:00Z db1 postgres 77 - - {text}");
            format!("{} {frame}", frame.len())
        };
        let payloads = |text: &str| open_all(text, &settings()).into_iter().map(|letter| letter.payload.into_owned()).collect::<Vec<_>>();
        let several = [frame("a,7"), frame("\u{65e5}"), frame("b\n\tc")].concat();
        assert_eq!(payloads(&several), ["a,7", "\u{65e5}", "b\n\tc"]);
        assert_eq!(payloads(&several.replace("\tc", "\tc\n")), ["a,7", "\u{65e5}", "b\n\tc"], "a line end between them is none of theirs");
        let long = frame("b, which is cut off");
        assert_eq!(payloads(&format!("{}{}", frame("a"), &long[..long.len() - 4])), ["a", "b, which is cut"]);
        assert_eq!(payloads(&frame("a")), ["a"]);
        // A length that is not true makes no frames of a text.
        assert_eq!(payloads("3 <134>1 2026-01-09T17:00:00Z db1 postgres 77 - - a 5 b"), ["a 5 b"]);
    }

    #[test]
    fn a_time_without_a_year_is_the_last_such_before_the_end_of_the_log() {
        assert_eq!(read("<14>Jan 10 00:00:00 a: x").expect("is syslog").1.as_deref(), Some("2026-01-10T00:00:00Z"));
        assert_eq!(read("<14>Dec 31 23:59:59 a: x").expect("is syslog").1.as_deref(), Some("2025-12-31T23:59:59Z"));
        assert_eq!(read("<14>Feb 29 00:00:00 a: x").expect("is syslog").1.as_deref(), Some("2024-02-29T00:00:00Z"));
        assert_eq!(open("<14>Feb 29 00:00:00 a: x", &Settings::default()).expect("is syslog").time, None);
    }

    #[test]
    fn other_texts_have_no_header() {
        for text in [
            "",
            "<",
            "<1x>Jan",
            "<14>",
            "<14>Jan 10",
            "<14>1 a b",
            "2026-01-09 17:00:00 UTC [1] LOG:  x",
            "Jan 99 00:00:00 a: x y",
            "{}",
            "<AUDIT_RECORD>",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
