//! Canonical lines: `access("e7").at("2026-03-02T09:00:00Z").reads("crm.customers", &["name"]).of(&[1, 2])`.

use leakwarden::model::time::{DAY_MS, MINUTE_MS, Timestamp};
use serde_json::{Map, Value, json};
use std::fmt;

/// A canonical record under construction.
#[derive(Clone)]
pub struct Line(Map<String, Value>);

/// An access of an employee; nothing else is said of it yet.
pub fn access(employee: &str) -> Line {
    Line(Map::new()).set("employee", employee)
}

/// An access of an account.
pub fn by_account(account: &str) -> Line {
    Line(Map::new()).set("account", account)
}

/// 2026-03-02T00:00:00Z, a Monday: the tests' first day.
pub const FIRST_DAY: i64 = 1_772_409_600_000;

/// Minutes of a time of day.
pub fn clock(text: &str) -> i64 {
    let (hours, minutes) = text.split_once(':').expect("HH:MM");
    hours.parse::<i64>().expect("hours") * 60 + minutes.parse::<i64>().expect("minutes")
}

/// An instant by the number of its day from the first and its time in UTC.
pub fn on(day: i64, time: &str) -> Timestamp {
    Timestamp(FIRST_DAY + day * DAY_MS + clock(time) * MINUTE_MS)
}

impl Line {
    /// Sets any field.
    pub fn set(mut self, field: &str, value: impl Into<Value>) -> Line {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    /// The event time.
    pub fn at(self, time: impl fmt::Display) -> Line {
        self.set("time", time.to_string())
    }

    /// The table and columns.
    pub fn reads(self, table: &str, columns: &[&str]) -> Line {
        self.set("objects", json!([{"table": table, "columns": columns}]))
    }

    /// The table with all its columns.
    pub fn reads_all(self, table: &str) -> Line {
        self.set("objects", json!([{"table": table}]))
    }

    /// The people, by number.
    pub fn of(self, people: impl IntoIterator<Item = u64>) -> Line {
        let people: Vec<String> = people.into_iter().map(|n| n.to_string()).collect();
        self.set("subjects", people)
    }

    /// Result rows.
    pub fn rows(self, rows: u64) -> Line {
        self.set("rows", rows)
    }

    /// The record's id.
    pub fn id(self, id: impl fmt::Display) -> Line {
        self.set("id", id.to_string())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Value::Object(self.0.clone()), f)
    }
}
