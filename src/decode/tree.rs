//! Fields of JSON trees: by a path whether its parts are nested or one dotted key, and texts that some writers give as numbers.

use crate::decode::{DecodeError, Raw};
use crate::model::record::Record;
use crate::model::time::{TimeError, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The value at a path: `user.name` is the key `name` within `user`, or one key of that name. Nulls are absent.
pub fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    if object.len() <= FEW {
        return at_of_few(object, path);
    }
    if let Some(found) = object.get(path) {
        return Some(found).filter(|found| !found.is_null());
    }
    // Paths are short: a search set up for long texts costs more than it finds.
    let mut dots = path.bytes().enumerate().filter(|(_, byte)| *byte == b'.');
    dots.find_map(|(dot, _)| at(object.get(&path[..dot])?, &path[dot + 1..]))
}

/// Keys that are sooner gone through than searched.
const FEW: usize = 24;

/// The same of an object of few keys: one way through them finds the path and what it may begin with.
fn at_of_few<'v>(object: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let bytes = path.as_bytes();
    let mut outer: Option<(&Value, &str)> = None;
    for (key, found) in object {
        if key.as_bytes().first() != bytes.first() || !path.starts_with(key.as_str()) {
            continue;
        }
        match path.get(key.len()..) {
            Some("") => return Some(found).filter(|found| !found.is_null()),
            // In their order a shorter key comes first, and what is found within it counts.
            Some(rest) if rest.starts_with('.') && outer.is_none_or(|(value, rest)| at(value, rest).is_none()) => {
                outer = Some((found, &rest[1..]));
            }
            Some(_) | None => {}
        }
    }
    outer.and_then(|(value, rest)| at(value, rest))
}

/// The text at a path; a number as it is written. Blanks say nothing.
pub fn word(value: &Value, path: &str) -> Option<String> {
    at(value, path).and_then(text)
}

/// The first of several paths that says something.
pub fn first(value: &Value, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| word(value, path))
}

/// The value at the first of several paths that leads to one.
pub fn first_at<'v>(value: &'v Value, paths: &[&str]) -> Option<&'v Value> {
    paths.iter().find_map(|path| at(value, path))
}

/// A value as text; of a list its first.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(list) => list.first().filter(|first| !first.is_array()).and_then(text),
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

/// The list at a path; a single value is a list of one.
pub fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    match at(value, path) {
        Some(Value::Array(list)) => list,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

/// The texts of the list at a path.
pub fn words(value: &Value, path: &str) -> Vec<String> {
    list(value, path).iter().filter_map(text).collect()
}

/// The number at a path, also where it stands as text.
pub fn number(value: &Value, path: &str) -> Option<u64> {
    match at(value, path)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A record of that place and time, of one document.
pub fn record(raw: Raw<'_>, time: Timestamp) -> Record<'static> {
    let mut record = Record::new(raw.position, raw.hash, time);
    record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
    record
}

/// An address, or else a host name: what logs that hold either in one field mean.
pub fn client(record: &mut Record<'_>, named: Option<String>) {
    let Some(named) = named else { return };
    match named.parse::<core::net::IpAddr>() {
        Ok(_) => record.client.ip = Some(Cow::Owned(named)),
        Err(_) => record.client.host = Some(Cow::Owned(named)),
    }
}

/// Whether a line, or the first of some lines together, is an object of which a test on its own keys holds. Where it has no end
/// yet, keys at any depth are asked.
pub fn has_keys(bytes: &[u8], test: impl Fn(&dyn Fn(&str) -> bool) -> bool) -> bool {
    let start = bytes.iter().position(|byte| !(byte.is_ascii_whitespace() || matches!(byte, b'[' | b','))).unwrap_or(bytes.len());
    let object = &bytes[start..];
    if object.first() != Some(&b'{') {
        return false;
    }
    let mut objects = serde_json::Deserializer::from_slice(object).into_iter::<BTreeMap<Cow<'_, str>, IgnoredAny>>();
    match objects.next() {
        Some(Ok(keys)) => test(&|key| keys.contains_key(key)),
        Some(Err(error)) if error.is_eof() => test(&|key| names(object, key)),
        Some(Err(_)) | None => false,
    }
}

/// Whether a key of that name stands somewhere in the text.
fn names(text: &[u8], key: &str) -> bool {
    let quoted = format!("\"{key}\"");
    memchr::memmem::find_iter(text, quoted.as_bytes()).any(|at| {
        let after = text[at + quoted.len()..].trim_ascii_start();
        after.first() == Some(&b':') && (at == 0 || text[at - 1] != b'\\')
    })
}

/// Reads a time of that field, by its own zone, else by the configured one, else as UTC; where there is none, the envelope's.
pub fn time(raw: Raw<'_>, field: &'static str, text: Option<&str>, zone: Option<&TimeZone>) -> Result<Timestamp, DecodeError> {
    match text {
        Some(text) => moment(text, zone).map_err(|error| DecodeError::Field { field, rule: error.to_string() }),
        None => raw.envelope.time.ok_or_else(|| DecodeError::Field { field, rule: "is missing".to_owned() }),
    }
}

/// Reads RFC 3339, and what logs write for it: a space for the `T`, a comma before the fraction, `+00`, dates without dashes,
/// no zone at all.
pub fn moment(text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, TimeError> {
    let (civil, rest) = split(text.trim()).ok_or(TimeError::Form)?;
    let civil: DateTime = civil.parse().map_err(|_| TimeError::Form)?;
    let instant = match offset(rest) {
        Some(offset) => offset.to_timestamp(civil),
        None if rest.is_empty() => zone.unwrap_or(&TimeZone::UTC).to_timestamp(civil),
        None => return Err(TimeError::Form),
    };
    Timestamp::from_millis(instant.map_err(|_| TimeError::Range)?.as_millisecond())
}

/// The civil part in ISO's form, and what follows it.
fn split(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let date_end = if text.get(..8)?.bytes().all(|byte| byte.is_ascii_digit()) { 8 } else { 10 };
    let date = text.get(..date_end)?;
    let time = text.get(date_end..)?.strip_prefix([' ', 'T', 't', '-'])?;
    let end = time.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(time.len());
    let rest = time[end..].trim();
    // As it stands where it is what nearly all write.
    if date_end == 10 && text.as_bytes()[date_end] != b'-' {
        return Some((Cow::Borrowed(&text[..date_end + 1 + end]), rest));
    }
    let date = if date_end == 8 { format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]) } else { date.to_owned() };
    Some((Cow::Owned(format!("{date}T{}", time[..end].replace(',', "."))), rest))
}

fn offset(zone: &str) -> Option<Offset> {
    // Java's `SimpleDateFormat` is seen with a dash before the sign.
    let zone = zone.strip_prefix('-').filter(|rest| rest.starts_with(['+', '-'])).unwrap_or(zone);
    if matches!(zone, "Z" | "z" | "UTC" | "GMT") {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_and_nested_keys_read_alike() {
        for json in [r#"{"a":{"b":{"c":7}}}"#, r#"{"a.b.c":7}"#, r#"{"a.b":{"c":7}}"#, r#"{"a":{"b.c":"7"}}"#] {
            let value: Value = serde_json::from_str(json).expect("is JSON");
            assert_eq!((word(&value, "a.b.c").as_deref(), number(&value, "a.b.c")), (Some("7"), Some(7)), "{json}");
            assert_eq!(word(&value, "a.b.d"), None);
        }
    }

    #[test]
    fn paths_lead_to_the_same_in_objects_of_few_keys_and_of_many() {
        for (json, found) in [
            (r#""a.b":null,"a":{"b":1}"#, None),
            (r#""a":{"b":1},"a.b":2"#, Some(2)),
            (r#""a":{"x":1},"a.b":{"c":3}"#, None),
            (r#""a":{"x":1},"a.b":3,"ab":4"#, Some(3)),
            (r#""a":null,"b":1"#, None),
            (r#""a":{"b":{}},"":5"#, None),
        ] {
            let others: String = (0..FEW).map(|at| format!(",\"a{at}\":0")).collect();
            for others in ["", &others] {
                let value: Value = serde_json::from_str(&format!("{{{json}{others}}}")).expect("is JSON");
                assert_eq!(number(&value, "a.b"), found, "{value}");
            }
        }
        let twice: Value = serde_json::from_str(r#"{"a":{"b":{"d":1}},"a.b":{"c":3},"a.b.e":{}}"#).expect("is JSON");
        assert_eq!((number(&twice, "a.b.c"), number(&twice, "a.b.d")), (Some(3), Some(1)));
    }

    #[test]
    fn times_of_many_writers_are_read() {
        let shanghai = TimeZone::get("Asia/Shanghai").expect("exists");
        let read = |text: &str| moment(text, Some(&shanghai)).map(|time| time.to_string());
        for text in
            ["2026-03-02 09:14:05.5+00", "2026-03-02T17:14:05,500+0800", "20260302-09:14:05.500-+0000", "2026-03-02 17:14:05.5000000"]
        {
            assert_eq!(read(text).as_deref(), Ok("2026-03-02T09:14:05.5Z"), "{text}");
        }
        for text in ["", "2026-03-02", "2026-03-02 09:14:05 CST", "1026-03-02 09:14:05", "２０２６-03-02 09:14:05", "2026-13-02T09:14:05Z"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_of_whole_objects_are_their_own_and_of_open_ones_any() {
        let asked = |bytes: &[u8]| has_keys(bytes, |has| has("a") && has("b"));
        assert!(asked(b" [{\"a\": 1, \"b\" :2}, {"));
        assert!(asked(b"{\"x\":{\"a\":1,\n\"b\":[\n"));
        assert!(!asked(b"{\"x\":{\"a\":1,\"b\":2}}"));
        assert!(!asked(br#"{"x":"\"a\":1 \"b\":2"#));
        assert!(!asked(b"\"a\": 1, \"b\": 2"));
    }
}
