//! A row of an audit table as exports give it: named fields whose spelling and types differ from exporter to exporter.
//!
//! `DBUSERNAME`, `db_user_name` and `dbUserName` are one field here, and `"42"` is a number where one is asked for.

use crate::decode::{DecodeError, Raw, json};
use crate::model::access::{Position, RecordHash};
use crate::model::record::Text;
use crate::model::time::Timestamp;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// A row. Names are kept in small letters without underscores. Many spellings are asked for, of which few are there.
#[derive(Clone, Debug, Default)]
pub struct ExportRow(HashMap<String, Value>);

/// An error for a record that is not of its format's form.
pub fn form(expected: &'static str, what: &str) -> DecodeError {
    DecodeError::Form { expected, what: what.to_owned() }
}

/// A name in small letters without what exporters put between its words. Nearly all are ASCII, and many are so already.
fn plain_name(mut name: String) -> String {
    let between = |c: char| matches!(c, '_' | '-' | ' ');
    if !name.is_ascii() {
        return name.chars().filter(|c| !between(*c)).flat_map(char::to_lowercase).collect();
    }
    if name.contains(between) {
        name.retain(|c| !between(c));
    }
    name.make_ascii_lowercase();
    name
}

impl ExportRow {
    /// Reads a record that is an object.
    pub fn read(raw: Raw<'_>, expected: &'static str) -> Result<ExportRow, DecodeError> {
        match json::tree(raw, expected)? {
            Value::Object(fields) => ExportRow::of(fields, expected),
            _ => Err(form(expected, "not an object")),
        }
    }

    /// The row of an object. Of two spellings of one field with different values nobody knows which is meant.
    pub fn of(fields: impl IntoIterator<Item = (String, Value)>, expected: &'static str) -> Result<ExportRow, DecodeError> {
        let fields = fields.into_iter();
        let mut row = HashMap::with_capacity(fields.size_hint().0);
        for (name, value) in fields {
            if value.is_null() {
                continue;
            }
            match row.entry(plain_name(name)) {
                Entry::Vacant(free) => {
                    free.insert(value);
                }
                Entry::Occupied(known) if *known.get() == value => {}
                Entry::Occupied(_) => return Err(form(expected, "a field stands twice")),
            }
        }
        Ok(ExportRow(row))
    }

    /// The first of the fields that is there.
    pub fn value(&self, names: &[&str]) -> Option<&Value> {
        names.iter().find_map(|name| self.0.get(*name))
    }

    /// Whether there is such a field with a value.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The first of the fields that says something, as text.
    pub fn text(&self, names: &[&str]) -> Option<Text<'static>> {
        names.iter().filter_map(|name| self.0.get(*name)).find_map(text)
    }

    /// A whole number that is not negative.
    pub fn number(&self, names: &[&str]) -> Option<u64> {
        // Some exporters write every number as a float.
        let text = self.text(names)?;
        let text = text.trim();
        let whole = text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|byte| byte == b'0')).map_or(text, |(whole, _)| whole);
        whole.parse().ok()
    }

    /// A yes or no.
    pub fn flag(&self, names: &[&str]) -> Option<bool> {
        match self.value(names)? {
            Value::Bool(flag) => Some(*flag),
            other => match text(other)?.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "y" => Some(true),
                "false" | "0" | "no" | "n" => Some(false),
                _ => None,
            },
        }
    }

    /// A time.
    pub fn time(&self, names: &[&str], zone: Option<&TimeZone>) -> Option<Timestamp> {
        time(&self.text(names)?, zone)
    }

    /// An object, or a text that holds one.
    pub fn row(&self, names: &[&str], expected: &'static str) -> Result<Option<ExportRow>, DecodeError> {
        match self.value(names).cloned().map(|value| unfolded(value, expected)).transpose()? {
            Some(Value::Object(fields)) => ExportRow::of(fields, expected).map(Some),
            Some(_) | None => Ok(None),
        }
    }

    /// The elements of a list, or of a text that holds one.
    pub fn list(&self, names: &[&str], expected: &'static str) -> Result<Vec<Value>, DecodeError> {
        match self.value(names).cloned().map(|value| unfolded(value, expected)).transpose()? {
            Some(Value::Array(list)) => Ok(list),
            Some(_) | None => Ok(Vec::new()),
        }
    }
}

/// Exports write nested values as texts.
fn unfolded(value: Value, expected: &'static str) -> Result<Value, DecodeError> {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            json::tree(Raw::new(text.as_bytes(), Position(0), RecordHash::default()), expected)
        }
        other => Ok(other),
    }
}

/// A text or number that says something.
pub fn text(value: &Value) -> Option<Text<'static>> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()).map(Text::Owned),
        Value::Number(number) => Some(Text::Owned(number.to_string())),
        Value::Bool(flag) => Some(Text::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A time in one of the forms of exports: RFC 3339, the same with spaces or without a zone, seconds or milliseconds since 1970.
pub fn time(text: &str, zone: Option<&TimeZone>) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return since_1970(number);
    }
    let text = text.strip_suffix(" UTC").map_or_else(|| text.to_owned(), |text| format!("{text}Z"));
    // `2024-01-15 10:30:00.000 +0000` has a space before its offset.
    let joined = match text.rsplit_once(' ') {
        Some((rest, offset)) if offset.starts_with(['+', '-']) => format!("{rest}{offset}"),
        _ => text,
    };
    if let Ok(instant) = joined.parse::<jiff::Timestamp>() {
        return Timestamp::from_millis(instant.as_millisecond()).ok();
    }
    let civil: DateTime = joined.parse().ok()?;
    let instant = zone.unwrap_or(&TimeZone::UTC).to_timestamp(civil).ok()?;
    Timestamp::from_millis(instant.as_millisecond()).ok()
}

/// By its size a number is one of seconds, or of a smaller unit: the years 2000 to 2100 do not overlap between them.
fn since_1970(number: f64) -> Option<Timestamp> {
    [1_000.0, 1.0, 1e-3, 1e-6].into_iter().find_map(|unit| {
        let millis = number * unit;
        let fits = millis >= Timestamp::FIRST.0 as f64 && millis < Timestamp::END.0 as f64;
        fits.then(|| Timestamp::from_millis(millis as i64).ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Result<ExportRow, DecodeError> {
        ExportRow::read(Raw::new(text.as_bytes(), Position(1), RecordHash::default()), "a row")
    }

    #[test]
    fn fields_are_found_in_every_spelling_and_never_twice() {
        let read = row(r#"{"DB_USER_NAME":"u","rowsProduced":"7.0","nothing":null,"list":"[1,{\"a\":2}]","flag":1}"#).expect("is a row");
        assert_eq!(
            (read.text(&["dbusername"]).as_deref(), read.number(&["rowsproduced"]), read.has("nothing")),
            (Some("u"), Some(7), false)
        );
        assert_eq!((read.list(&["list"], "a row").expect("is a list").len(), read.flag(&["flag"])), (2, Some(true)));
        assert!(row(r#"{"db_user":"a","DBUSER":"b"}"#).is_err_and(|error| error.to_string().contains("twice")));
        assert!(row(r#"{"db_user":"a","DBUSER":"a"}"#).is_ok());
        assert!(row("[]").is_err());
    }

    #[test]
    fn times_come_in_many_forms() {
        let read = |text: &str| time(text, None).map(|time| time.to_string());
        let same = Some("2024-01-15T10:30:00Z".to_owned());
        for text in [
            "2024-01-15T10:30:00Z",
            "2024-01-15 10:30:00.0000000",
            "2024-01-15 11:30:00.000 +0100",
            "2024-01-15T05:30:00-0500",
            "2024-01-15 10:30:00 UTC",
            "1705314600",
            "1705314600000",
            "1705314600000000",
        ] {
            assert_eq!(read(text), same, "{text}");
        }
        let shanghai = TimeZone::get("Asia/Shanghai").expect("is known");
        assert_eq!(time("2024-01-15 18:30:00", Some(&shanghai)).map(|time| time.to_string()), same);
        assert_eq!((read("1850-01-01T00:00:00Z"), read("x"), read("1e300"), read("NaN")), (None, None, None, None));
    }
}
