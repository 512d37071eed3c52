//! Rows of a database that Splunk's DB Connect fetched: `2026-03-02 09:14:05.000, KEY="value", KEY="value"`. Each is read as the JSON object
//! that other exports make of it.

use crate::decode::framing::Unwrapped;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Fewest pairs of a row.
const FEWEST: usize = 3;

/// Most bytes before the first value.
const LONGEST_HEAD: usize = 120;

/// The row that a line is.
pub(super) fn open(text: &str) -> Option<Unwrapped<'_>> {
    let bytes = text.as_bytes();
    // Neither a time nor a name holds such a mark: nearly all lines say no with their first.
    let first = memchr::memchr(b'=', &bytes[..bytes.len().min(LONGEST_HEAD)]).filter(|at| bytes.get(at + 1) == Some(&b'"'))?;
    let start = text[..first].rfind([' ', ',', '\t']).map_or(0, |at| at + 1);
    let before = text[..start].trim_end_matches([' ', ',', '\t']);
    // Nothing but the time of the fetch stands before the first.
    if !before.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T' | b'Z' | b'+' | b' ' | b'/')) {
        return None;
    }
    let payload = object(&text[start..])?;
    Some(Unwrapped { payload: Cow::Owned(payload), ..Unwrapped::default() })
}

fn object(mut rest: &str) -> Option<String> {
    let (mut text, mut pairs) = (String::from("{"), 0);
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"")?;
        if name.is_empty() || name.len() > 64 || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '.' | '-')) {
            return None;
        }
        let (value, after) = value(after)?;
        if !value.is_empty() && !value.eq_ignore_ascii_case("null") {
            let separator = if text.len() > 1 { "," } else { "" };
            // Writing to a text does not fail.
            let _ = write!(text, "{separator}{}:{}", Value::from(name), Value::from(&*value));
        }
        pairs += 1;
        rest = after.trim_start_matches([',', ' ', '\t']).trim_end();
        if rest.len() == after.len() && !rest.is_empty() {
            return None;
        }
    }
    text.push('}');
    (pairs >= FEWEST).then_some(text)
}

/// A value up to its quote. One within is escaped, or goes on with something else than the next pair.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (mut from, mut plain) = (0, true);
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', &text.as_bytes()[from..])?;
        if text.as_bytes()[at] == b'\\' {
            (from, plain) = ((at + 2).min(text.len()), false);
            continue;
        }
        let after = &text[at + 1..];
        if after.trim_end().is_empty() || after.starts_with([',', ' ', '\t']) && next_begins(after) {
            let raw = &text[..at];
            let value = if plain { Cow::Borrowed(raw) } else { Cow::Owned(raw.replace("\\\"", "\"").replace("\\\\", "\\")) };
            return Some((value, after));
        }
        from = at + 1;
    }
}

/// Whether another pair begins, behind what parts pairs.
fn next_begins(text: &str) -> bool {
    let text = text.trim_start_matches([',', ' ', '\t']);
    let name =
        text.bytes().take(65).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'.' | b'-')).count();
    name > 0 && text.as_bytes()[name..].starts_with(b"=\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_db_connect_are_objects() {
        let line = "2026-03-02 09:14:05.000, EVENT_TIMESTAMP=\"2026-03-02 09:14:05\", DBUSERNAME=\"LI\", SQL_TEXT=\"SELECT \\\"A\\\" FROM t WHERE x = 'a, b=c'\", ROWS=\"\"";
        let found = open(line).expect("is one").payload;
        let value: Value = serde_json::from_str(&found).expect("is JSON");
        assert_eq!((&value["DBUSERNAME"], &value["SQL_TEXT"]), (&"LI".into(), &"SELECT \"A\" FROM t WHERE x = 'a, b=c'".into()));
        assert!(value.get("ROWS").is_none());
        assert!(open("a=\"1\" b=\"say \"no\" to it\" c=\"3\"").is_some_and(|row| row.payload.contains("say \\\"no\\\" to it")));
    }

    #[test]
    fn other_lines_are_none() {
        for line in [
            "sql_error_code = 00000 time_ms=\"2026\" pid=\"7\" x=\"1\" LOG:  x",
            "user=\"li\"",
            "a=\"1\" b=\"2\" c=\"3",
            "LOG:  statement: SELECT a=\"1\", b=\"2\", c=\"3\"",
            "a=1 b=2 c=3",
            "=\"",
            "",
        ] {
            assert!(open(line).is_none(), "{line}");
        }
        let long = format!("a=\"{}", "\" x".repeat(100_000));
        assert!(open(&long).is_none());
    }
}
