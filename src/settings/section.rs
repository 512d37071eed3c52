//! Reading a TOML table key by key: every mistake is noted with its place, rule and value, and reading goes on.

use crate::model::problem::Problem;
use crate::settings::value::Setting;
use crate::settings::{Key, SettingsTable};
use std::path::Path;
use toml::{Table, Value};

/// What was found while reading.
#[derive(Default, Debug)]
pub struct Findings {
    /// Mistakes.
    pub problems: Vec<Problem>,
    /// Former names in use: valid in this version only.
    pub deprecated: Vec<Problem>,
}

/// A table of the file under reading.
pub struct Section<'a> {
    table: Table,
    place: String,
    /// Where relative paths begin.
    base: &'a Path,
    findings: &'a mut Findings,
}

impl<'a> Section<'a> {
    /// Reads `table`, whose place is shown as `place` (`file: path.to.table`).
    pub fn new(table: Table, place: impl Into<String>, base: &'a Path, findings: &'a mut Findings) -> Section<'a> {
        Section { table, place: place.into(), base, findings }
    }

    /// Notes a mistake of a key.
    pub fn wrong(&mut self, key: &str, rule: &str, value: impl std::fmt::Display) {
        let place = self.at(key);
        self.findings.problems.push(Problem::new(place, rule, value));
    }

    /// Notes a mistake of a key whose value is not there, or is not shown.
    pub fn missing(&mut self, key: &str, rule: &str) {
        let place = self.at(key);
        self.findings.problems.push(Problem::plain(place, rule));
    }

    /// Whether the key is there and not read yet.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A text that is there and not read yet.
    pub fn peek(&self, key: &str) -> Option<&str> {
        self.table.get(key)?.as_str()
    }

    fn at(&self, key: &str) -> String {
        match self.place.ends_with(": ") {
            true => format!("{}{key}", self.place),
            false => format!("{}.{key}", self.place),
        }
    }

    fn read<T>(&mut self, name: &str, rule: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.table.remove(name)?;
        let read = read(&value);
        if read.is_none() {
            self.wrong(name, rule, shown(&value));
        }
        read
    }

    /// The value of a declared key; the default where it is not given or wrong. `None`: it has none, and must be given.
    pub fn setting<T: Setting>(&mut self, key: &Key, default: Option<T>) -> Option<T> {
        let name = self.name(key);
        if !self.has(name) && default.is_none() {
            let place = self.at(name);
            self.findings.problems.push(Problem::plain(place, T::MISSING));
            return None;
        }
        let bounds = key.traits.bounds;
        let value = match T::SHOWN {
            true => self.read(name, &T::rule(bounds), |value| T::parse(value, bounds)),
            // What is no text is no secret either.
            false if self.peek(name).is_none() => self.read(name, &T::rule(bounds), |value| T::parse(value, bounds)),
            false => self.table.remove(name).and_then(|value| {
                let value = T::parse(&value, bounds);
                if value.is_none() {
                    self.missing(name, &T::rule(bounds));
                }
                value
            }),
        };
        Some(value.or(default)?.relative_to(self.base))
    }

    /// The name by which the key is given.
    fn name(&mut self, key: &Key) -> &'static str {
        let Some(former) = key.traits.former.filter(|former| self.has(former)) else { return key.name };
        let place = self.at(former);
        if self.has(key.name) {
            let rule = format!("must not be given beside {}, whose former name it is", key.name);
            self.findings.problems.push(Problem::plain(place, rule));
            self.table.remove(former);
            return key.name;
        }
        let rule = format!("is a former name that the next version does not read: use {}", key.name);
        self.findings.deprecated.push(Problem::plain(place, rule));
        former
    }

    /// A table within this one, taken out to be read on its own.
    pub fn table(&mut self, name: &str) -> Option<Section<'_>> {
        let table = self.read(name, "must be a table", |value| value.as_table().cloned())?;
        Some(Section { table, place: self.at(name), base: self.base, findings: self.findings })
    }

    /// A table within this one whose keys are declared; without it, or where it is no table, an empty one is read.
    pub fn declared<T: SettingsTable>(&mut self, name: &str) -> Option<T> {
        let mut section = self.table_or_empty(name);
        let keys = T::read(&mut section);
        section.end();
        keys
    }

    /// A table within this one; without it, or where it is no table, an empty one.
    pub fn table_or_empty(&mut self, name: &str) -> Section<'_> {
        let table = self.read(name, "must be a table", |value| value.as_table().cloned()).unwrap_or_default();
        Section { table, place: self.at(name), base: self.base, findings: self.findings }
    }

    /// Leaves a key unread that cannot be judged.
    pub fn forget(&mut self, name: &str) {
        self.table.remove(name);
    }

    /// Each of a list of tables.
    pub fn tables<T>(&mut self, name: &str, mut each: impl FnMut(Section<'_>) -> Option<T>) -> Vec<T> {
        let read = |value: &Value| value.as_array()?.iter().map(|item| item.as_table().cloned()).collect::<Option<Vec<_>>>();
        let tables = self.read(name, "must be a list of tables [[...]]", read).unwrap_or_default();
        let mut all = Vec::new();
        for (nth, table) in tables.into_iter().enumerate() {
            let place = self.at(&format!("{name}[{nth}]"));
            all.extend(each(Section { table, place, base: self.base, findings: self.findings }));
        }
        all
    }

    /// The names in this table.
    pub fn names(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// The table as it was written, as far as it has not been read.
    pub fn written(&self) -> String {
        self.table.to_string()
    }

    /// Lets what is left be: it cannot be judged.
    pub fn rest(&mut self) {
        self.table.clear();
    }

    /// What is left is not known.
    pub fn end(self) {
        for (name, _) in &self.table {
            let place = self.at(name);
            self.findings.problems.push(Problem::plain(place, "is not a known setting"));
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
