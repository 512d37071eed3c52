//! The fields of a JSON object, each of which must be asked for: what nobody asked for is a mistake and not ignored.

use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use serde_json::{Map, Value};

/// The longest name, glob or id, in characters.
pub const LONGEST_TEXT: usize = 256;

/// An object that is being read.
pub struct Fields {
    /// How the object is called in messages: nothing, or `explanation.`.
    prefix: String,
    map: Map<String, Value>,
}

impl Fields {
    /// The fields of a value, which must be an object.
    pub fn of(prefix: &str, value: Value) -> Result<Fields, Problem> {
        match value {
            Value::Object(map) => Ok(Fields { prefix: prefix.to_owned(), map }),
            other => Err(Problem::new(format!(": {}", prefix.trim_end_matches('.')), "must be an object", other)),
        }
    }

    /// A mistake at a field.
    pub fn problem(&self, field: &str, rule: impl Into<String>, value: impl std::fmt::Display) -> Problem {
        Problem::new(format!(": {}{field}", self.prefix), rule, value)
    }

    fn plain(&self, field: &str, rule: &str) -> Problem {
        Problem::plain(format!(": {}{field}", self.prefix), rule)
    }

    /// A field, if it is there and not null.
    pub fn value(&mut self, field: &str) -> Option<Value> {
        self.map.remove(field).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    pub fn required(&mut self, field: &str) -> Result<Value, Problem> {
        self.value(field).ok_or_else(|| self.plain(field, "must be given"))
    }

    /// A text: neither empty nor longer than names are, without control characters.
    pub fn text(&mut self, field: &str) -> Result<String, Problem> {
        let value = self.required(field)?;
        self.as_text(field, value)
    }

    /// The same, if it is there.
    pub fn optional_text(&mut self, field: &str) -> Result<Option<String>, Problem> {
        self.value(field).map(|value| self.as_text(field, value)).transpose()
    }

    fn as_text(&self, field: &str, value: Value) -> Result<String, Problem> {
        let rule = "must be a text of 1 to 256 characters, none of them a control character";
        match value {
            Value::String(text) => {
                let fits = !text.trim().is_empty() && text.chars().count() <= LONGEST_TEXT && !text.contains(char::is_control);
                if fits { Ok(text) } else { Err(self.problem(field, rule, text)) }
            }
            other => Err(self.problem(field, rule, other)),
        }
    }

    /// An id: letters, digits and `-_.:`, so that it stands in addresses and file names as it is.
    pub fn id(&mut self, field: &str) -> Result<String, Problem> {
        let text = self.text(field)?;
        let fits = text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c));
        if fits { Ok(text) } else { Err(self.problem(field, "must be of 1 to 64 letters, digits and -_.:", text)) }
    }

    /// A time.
    pub fn time(&mut self, field: &str) -> Result<Timestamp, Problem> {
        let value = self.required(field)?;
        self.as_time(field, &value)
    }

    /// The same, if it is there.
    pub fn optional_time(&mut self, field: &str) -> Result<Option<Timestamp>, Problem> {
        self.value(field).map(|value| self.as_time(field, &value)).transpose()
    }

    fn as_time(&self, field: &str, value: &Value) -> Result<Timestamp, Problem> {
        let time = match value {
            Value::String(text) => Timestamp::parse(text).ok(),
            Value::Number(number) => number.as_i64().and_then(|ms| Timestamp::from_millis(ms).ok()),
            _ => None,
        };
        time.ok_or_else(|| self.problem(field, "must be RFC 3339 or epoch milliseconds, from 2000 to 2100", value))
    }

    /// A whole number within bounds.
    pub fn number(&mut self, field: &str, from: u64, to: u64) -> Result<u64, Problem> {
        let value = self.required(field)?;
        let number = value.as_u64().filter(|number| (from..=to).contains(number));
        number.ok_or_else(|| self.problem(field, format!("must be a whole number from {from} to {to}"), value))
    }

    /// A code.
    pub fn code<C: Copy>(&mut self, field: &str, all: &[C], name: impl Fn(C) -> &'static str) -> Result<C, Problem> {
        let text = self.text(field)?;
        all.iter().copied().find(|code| name(*code) == text).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|code| name(*code)).collect();
            self.problem(field, format!("must be one of {}", names.join(", ")), text)
        })
    }

    /// A glob that leaves something out: one that matches whatever it is asked is none.
    pub fn glob(&mut self, field: &str) -> Result<String, Problem> {
        let text = self.text(field)?;
        check_glob(&text).map_err(|rule| self.problem(field, rule, &text))?;
        Ok(text)
    }

    /// The object is read: nothing must be left.
    pub fn end(self) -> Result<(), Problem> {
        match self.map.iter().find(|(_, value)| !value.is_null()) {
            Some((name, value)) => Err(self.problem(name, "is no field of such a decision", value)),
            None => Ok(()),
        }
    }
}

/// What is wrong with a glob.
pub fn check_glob(text: &str) -> Result<(), String> {
    globset::Glob::new(text).map_err(|error| format!("must be a glob ({})", error.kind()))?;
    let says_nothing = !text.chars().any(char::is_alphanumeric);
    if says_nothing { Err("must name something: a glob that matches everything is none".to_owned()) } else { Ok(()) }
}
