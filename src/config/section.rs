//! Reading a TOML table field by field: every mistake is noted with its place, rule and value, and reading goes on.

use crate::model::problem::Problem;
use crate::model::time::Span;
use toml::{Table, Value};

/// A table of the file under reading.
pub struct Section<'a> {
    table: Table,
    place: String,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Section<'a> {
    /// Reads `table`, whose place is shown as `place` (`file: path.to.table`).
    pub fn new(table: Table, place: impl Into<String>, problems: &'a mut Vec<Problem>) -> Section<'a> {
        Section { table, place: place.into(), problems }
    }

    /// Notes a mistake of a field.
    pub fn wrong(&mut self, field: &str, rule: &str, value: impl std::fmt::Display) {
        let place = self.at(field);
        self.problems.push(Problem::new(place, rule, value));
    }

    /// Whether the field is there and not read yet.
    pub fn has(&self, field: &str) -> bool {
        self.table.contains_key(field)
    }

    fn at(&self, field: &str) -> String {
        match self.place.ends_with(": ") {
            true => format!("{}{field}", self.place),
            false => format!("{}.{field}", self.place),
        }
    }

    fn read<T>(&mut self, field: &str, rule: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.table.remove(field)?;
        let read = read(&value);
        if read.is_none() {
            self.wrong(field, rule, shown(&value));
        }
        read
    }

    /// A string.
    pub fn text(&mut self, field: &str) -> Option<String> {
        self.read(field, "must be a string", |value| value.as_str().map(str::to_owned))
    }

    /// A string that must be there.
    pub fn required(&mut self, field: &str) -> Option<String> {
        if !self.table.contains_key(field) {
            let place = self.at(field);
            self.problems.push(Problem::plain(place, "must be given"));
            return None;
        }
        self.text(field)
    }

    /// A string, or a list of strings.
    pub fn texts(&mut self, field: &str) -> Vec<String> {
        let read = |value: &Value| match value {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(many) => many.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        self.read(field, "must be a string or a list of strings", read).unwrap_or_default()
    }

    /// A switch.
    pub fn flag(&mut self, field: &str) -> Option<bool> {
        self.read(field, "must be true or false", Value::as_bool)
    }

    /// A whole number within bounds.
    pub fn number(&mut self, field: &str, bounds: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let rule = match (*bounds.start(), *bounds.end()) {
            (1, i64::MAX) => "must be > 0".to_owned(),
            (low, i64::MAX) => format!("must be a whole number >= {low}"),
            (low, high) => format!("must be a whole number from {low} to {high}"),
        };
        self.read(field, &rule, |value| value.as_integer().filter(|n| bounds.contains(n)))
    }

    /// A length of time.
    pub fn span(&mut self, field: &str) -> Option<Span> {
        self.read(field, "must be a duration like \"90s\", \"20m\", \"24h\" or \"7d\"", |value| value.as_str().and_then(Span::parse))
    }

    /// One of some words.
    pub fn word<T>(&mut self, field: &str, words: &[(&str, T)]) -> Option<T>
    where
        T: Clone,
    {
        let rule = format!("must be one of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "));
        self.read(field, &rule, |value| words.iter().find(|(word, _)| value.as_str() == Some(word)).map(|(_, meaning)| meaning.clone()))
    }

    /// A table of strings.
    pub fn strings(&mut self, field: &str) -> Vec<(String, String)> {
        let read = |value: &Value| {
            let table = value.as_table()?;
            table
                .iter()
                .map(|(key, value)| match value {
                    Value::String(text) => Some((key.clone(), text.clone())),
                    Value::Integer(_) | Value::Boolean(_) | Value::Float(_) => Some((key.clone(), value.to_string())),
                    _ => None,
                })
                .collect()
        };
        self.read(field, "must be a table of strings", read).unwrap_or_default()
    }

    /// A table, taken out to be read on its own with its place.
    pub fn table(&mut self, field: &str) -> Option<(Table, String)> {
        let table = self.read(field, "must be a table", |value| value.as_table().cloned())?;
        Some((table, self.at(field)))
    }

    /// A list of tables, each with its place.
    pub fn tables(&mut self, field: &str) -> Vec<(Table, String)> {
        let read = |value: &Value| value.as_array()?.iter().map(|item| item.as_table().cloned()).collect::<Option<Vec<_>>>();
        let tables = self.read(field, "must be a list of tables [[...]]", read).unwrap_or_default();
        tables.into_iter().enumerate().map(|(i, table)| (table, self.at(&format!("{field}[{i}]")))).collect()
    }

    /// Every table in this one, with its name and place; what is no table is noted.
    pub fn named_tables(&mut self) -> Vec<(String, Table, String)> {
        let names: Vec<String> = self.table.keys().cloned().collect();
        names.into_iter().filter_map(|name| self.table(&name).map(|(table, place)| (name, table, place))).collect()
    }

    /// Reads a table that was taken out of this one.
    pub fn nested(&mut self, table: Table, place: String, read: impl FnOnce(&mut Section<'_>)) {
        let mut section = Section::new(table, place, self.problems);
        read(&mut section);
        section.end();
    }

    /// Lets what is left be: it cannot be judged.
    pub fn rest(&mut self) {
        self.table.clear();
    }

    /// What is left is not known.
    pub fn end(self) {
        for (field, _) in &self.table {
            let place = self.at(field);
            self.problems.push(Problem::plain(place, "is not a known setting"));
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
