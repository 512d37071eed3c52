//! Where the fields stand, and how their texts are to be read.

use crate::decode::csv;
use crate::decode::local_clock::{Instant, LocalClock};
use crate::model::access::Operation;
use crate::model::record::Dialect;
use crate::model::time::{TimeUnit, Timestamp};
use encoding_rs::Encoding;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeMap;

/// A field of the canonical record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum Field {
    Time,
    Employee,
    Account,
    Table,
    Columns,
    Rows,
    Subjects,
    Operation,
    Statement,
    Purpose,
    OnBehalfOf,
    Id,
    Session,
    System,
    Ip,
    Host,
    App,
    Outcome,
}

impl Field {
    /// Every field with its name in configurations.
    pub const ALL: [(&'static str, Field); 18] = [
        ("time", Field::Time),
        ("employee", Field::Employee),
        ("account", Field::Account),
        ("table", Field::Table),
        ("columns", Field::Columns),
        ("rows", Field::Rows),
        ("subjects", Field::Subjects),
        ("operation", Field::Operation),
        ("statement", Field::Statement),
        ("purpose", Field::Purpose),
        ("on_behalf_of", Field::OnBehalfOf),
        ("id", Field::Id),
        ("session", Field::Session),
        ("system", Field::System),
        ("ip", Field::Ip),
        ("host", Field::Host),
        ("app", Field::App),
        ("outcome", Field::Outcome),
    ];
}

impl Field {
    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        Field::ALL.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

/// Rows of columns: `kind = "csv"`.
#[derive(Clone, Debug, Default)]
pub struct Csv {
    /// The name of each field's column.
    pub columns: BTreeMap<Field, String>,
    /// Names of the columns, where no header tells them.
    pub header: Vec<String>,
    /// What stands between columns and around them.
    pub dialect: csv::Dialect,
    /// The encoding of the text; UTF-8 where none is given.
    pub encoding: Option<&'static Encoding>,
}

/// A JSON pointer (RFC 6901). A part `*` stands for every element of an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Reads `/a/b`; `None` where it does not begin with a slash.
    pub fn parse(text: &str) -> Option<Pointer> {
        let parts = text.strip_prefix('/')?.split('/');
        Some(Pointer(parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// The texts there: of a text or number itself, of an array its elements.
    pub(super) fn texts(&self, document: &Value) -> Vec<String> {
        let mut texts = Vec::new();
        gather(document, &self.0, &mut texts);
        texts
    }
}

fn gather(value: &Value, path: &[String], texts: &mut Vec<String>) {
    match (path, value) {
        ([], Value::String(text)) => texts.push(text.clone()),
        ([], Value::Number(number)) => texts.push(number.to_string()),
        ([], Value::Bool(truth)) => texts.push(truth.to_string()),
        ([], Value::Array(list)) => list.iter().filter(|item| !item.is_array()).for_each(|item| gather(item, &[], texts)),
        ([part, rest @ ..], Value::Array(list)) if part == "*" => list.iter().for_each(|item| gather(item, rest, texts)),
        ([part, rest @ ..], Value::Array(list)) => {
            if let Some(item) = part.parse::<usize>().ok().and_then(|at| list.get(at)) {
                gather(item, rest, texts);
            }
        }
        ([part, rest @ ..], Value::Object(object)) => {
            if let Some(item) = object.get(part) {
                gather(item, rest, texts);
            }
        }
        _ => {}
    }
}

/// How a time is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TimeForm {
    /// RFC 3339, or a whole number of that unit since 1970.
    Canonical(TimeUnit),
    /// A number of that unit since 1970, with or without a fraction.
    Since(TimeUnit),
    /// As strptime reads it. Without an offset in it the zone of the format holds.
    Pattern(String),
}

impl Default for TimeForm {
    fn default() -> TimeForm {
        TimeForm::Canonical(TimeUnit::Millis)
    }
}

impl TimeForm {
    /// The instant of a text, or the rule that it breaks.
    pub(super) fn read(&self, text: &str, clock: &mut LocalClock) -> Result<Instant, String> {
        let text = text.trim();
        let number = |unit: TimeUnit, number: i64| unit.since_1970(number).map_err(|_| unit.implausible(number));
        let time = match self {
            TimeForm::Canonical(unit) => match text.parse::<i64>() {
                Ok(since) => number(*unit, since)?,
                Err(_) => Timestamp::parse(text).map_err(|error| error.to_string())?,
            },
            TimeForm::Since(unit) => {
                // A fraction is one of seconds, and no more than of milliseconds counts.
                let rule = || format!("must be a number since 1970 in {}", unit.name());
                match (text.parse::<i64>(), unit) {
                    (Ok(since), unit) => number(*unit, since)?,
                    (Err(_), TimeUnit::Seconds) => {
                        let seconds: f64 = text.parse().map_err(|_| rule())?;
                        Timestamp::from_millis((seconds * 1_000.0).round() as i64).map_err(|_| unit.implausible(seconds as i64))?
                    }
                    (Err(_), unit) => {
                        let since: f64 = text.parse().map_err(|_| rule())?;
                        number(*unit, since as i64)?
                    }
                }
            }
            TimeForm::Pattern(pattern) => {
                let rule = || format!("must be a time like {pattern:?}");
                let broken = strtime::parse(pattern, text).map_err(|_| rule())?;
                let Ok(instant) = broken.to_timestamp() else {
                    let civil: DateTime = broken.to_datetime().map_err(|_| rule())?;
                    return clock.instant(civil).map_err(|error| error.to_string());
                };
                Timestamp::from_millis(instant.as_millisecond()).map_err(|error| error.to_string())?
            }
        };
        clock.known(time).map_err(|error| error.to_string())
    }
}

/// A format of one's own.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// `kind = "json"`: where each field stands.
    pub pointers: BTreeMap<Field, Pointer>,
    /// `kind = "regex"`: its named groups are fields.
    pub pattern: Option<Regex>,
    /// `kind = "csv"`: where each field stands.
    pub csv: Csv,
    /// How times are written.
    pub time: TimeForm,
    /// Words for operations other than the canonical ones.
    pub operations: BTreeMap<String, Operation>,
    /// Outcomes that mean success, beside `success`, `ok`, `true`, `0` and an empty one.
    pub successes: Vec<String>,
    /// The language of statements.
    pub dialect: Dialect,
}

impl Mapping {
    /// Compiles a pattern. Fails with the rule that it breaks.
    pub fn compile(pattern: &str) -> Result<Regex, String> {
        let regex = Regex::new(pattern).map_err(|error| {
            let why = error.to_string();
            format!("must be a regular expression ({})", why.lines().last().unwrap_or_default().trim())
        })?;
        let known = |name: &str| Field::ALL.iter().any(|(known, _)| *known == name);
        let names: Vec<&str> = regex.capture_names().flatten().collect();
        if let Some(stranger) = names.iter().find(|name| !known(name)) {
            let all: Vec<&str> = Field::ALL.iter().map(|(name, _)| *name).collect();
            return Err(format!("must have groups named {} alone, not {stranger:?}", all.join(", ")));
        }
        Mapping::complete(|field| names.contains(&field))?;
        Ok(regex)
    }

    /// Whether the fields without which there is no record are there.
    pub fn complete(has: impl Fn(&str) -> bool) -> Result<(), String> {
        if !has("time") || !(has("employee") || has("account")) {
            return Err("must tell `time`, and `employee` or `account`".to_owned());
        }
        Ok(())
    }
}
