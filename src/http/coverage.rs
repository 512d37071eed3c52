//! `/coverage` and `/coverage/summary`: how far employees' days could be evaluated, and why not further.
//!
//! Employees stand in the body of an answer, and nowhere else: neither in a metric nor in the service's log.

use crate::http::router::View;
use crate::model::coverage::{Counts, Reason, Reasons, State};
use crate::model::time::Day;
use axum::extract::{RawQuery, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeMap;

/// Employees of one answer, where nothing else is asked for, and at the most.
const PAGE: usize = 200;
const LARGEST_PAGE: usize = 1_000;
/// Days of one summary: those that are kept, and one more.
const MOST_DAYS: i32 = 100;

/// What the service knows of coverage.
pub trait Coverage: Send + Sync {
    /// Employees and accounts of a day, by name, those after `after` if it is given; no more than `limit`. `None` while nothing is
    /// known yet.
    fn day(&self, day: Day, only: Option<&str>, after: Option<&str>, limit: usize) -> Option<Vec<EmployeeDay>>;
    /// Sums of the days from `from` to `to`, both inclusive, that are settled.
    fn summary(&self, from: Day, to: Day) -> Option<Summary>;
    /// Which tasks' employees these are, where others may have more.
    fn tasks(&self) -> Option<Tasks>;
}

/// The part of the employees that a process of several knows: each answers for its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Tasks {
    /// The tasks that it has.
    pub here: Vec<i32>,
    /// How many there are.
    pub all: i32,
}

/// One employee or account on one day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EmployeeDay {
    /// The day, local to the employee.
    pub day: String,
    /// The employee.
    pub employee: Option<String>,
    /// The account, where it is nobody's.
    pub account: Option<String>,
    /// How far the day was evaluated.
    pub state: State,
    /// Why not further.
    pub reasons: Vec<&'static str>,
    /// Whether the day has closed, and only late records still change it.
    pub settled: bool,
}

/// Sums of days.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// By day.
    pub days: BTreeMap<Day, Counts>,
    /// Tables that the catalog does not know, with accesses to them, most accessed first.
    pub tables: Vec<(String, u64)>,
}

impl EmployeeDay {
    /// The name of whom it is about.
    pub fn name(&self) -> &str {
        self.employee.as_deref().or(self.account.as_deref()).unwrap_or_default()
    }

    /// The names of reasons.
    pub fn names(reasons: Reasons) -> Vec<&'static str> {
        reasons.iter().map(Reason::name).collect()
    }
}

/// `GET /coverage?day=YYYY-MM-DD[&employee=ID][&after=ID][&limit=N]`
pub async fn of_day(Shared(view): Shared<View>, RawQuery(query): RawQuery) -> Response {
    let asked = match Asked::parse(query.as_deref(), &["day", "employee", "after", "limit"]) {
        Ok(asked) => asked,
        Err(refusal) => return refused(&refusal),
    };
    let (day, limit) = match (asked.day("day"), asked.limit()) {
        (Ok(day), Ok(limit)) => (day, limit),
        (Err(refusal), _) | (_, Err(refusal)) => return refused(&refusal),
    };
    let (only, after) = (asked.text("employee").map(str::to_owned), asked.text("after").map(str::to_owned));
    let tasks = view.coverage.tasks();
    // One more than asked for tells whether there are more.
    let found = tokio::task::spawn_blocking(move || view.coverage.day(day, only.as_deref(), after.as_deref(), limit + 1)).await;
    let Ok(Some(mut employees)) = found else { return not_yet() };
    let next = next_page(&mut employees, limit);
    answer(serde_json::json!({ "day": day.to_string(), "employees": employees, "next": next }), tasks)
}

/// `GET /coverage/summary?from=YYYY-MM-DD&to=YYYY-MM-DD`
pub async fn summary(Shared(view): Shared<View>, RawQuery(query): RawQuery) -> Response {
    let asked = Asked::parse(query.as_deref(), &["from", "to"]);
    let bounds = asked.and_then(|asked| Ok((asked.day("from")?, asked.day("to")?)));
    let (from, to) = match bounds {
        Ok((from, to)) if from <= to && to.0 - from.0 < MOST_DAYS => (from, to),
        Ok(_) => return refused(&format!("to must not be before from, and not {MOST_DAYS} days or more after it")),
        Err(refusal) => return refused(&refusal),
    };
    let Some(summary) = view.coverage.summary(from, to) else { return not_yet() };
    let days: Vec<_> = summary.days.iter().map(|(day, counts)| row(Some(*day), counts)).collect();
    let mut total = Counts::default();
    summary.days.values().for_each(|counts| total.join(counts));
    let tables: Vec<_> =
        summary.tables.iter().map(|(table, accesses)| serde_json::json!({ "table": table, "accesses": accesses })).collect();
    answer(serde_json::json!({ "days": days, "total": row(None, &total), "unknown_tables": tables }), view.coverage.tasks())
}

/// Cuts a page, and names its last. An employee and an account of one name are not cut apart: the next page begins after the name.
fn next_page(employees: &mut Vec<EmployeeDay>, limit: usize) -> Option<String> {
    let over = employees.get(limit)?;
    let share = employees.get(limit.checked_sub(1)?).is_some_and(|last| last.name() == over.name());
    employees.truncate(limit + usize::from(share));
    Some(employees.last()?.name().to_owned())
}

fn row(day: Option<Day>, counts: &Counts) -> serde_json::Value {
    let reasons: BTreeMap<&str, u64> = Reason::ALL.into_iter().map(|reason| (reason.name(), counts.reasons[reason as usize])).collect();
    let mut row = serde_json::json!({ "reasons": reasons });
    for state in State::ALL {
        row[state.name()] = counts.states[state as usize].into();
    }
    if let Some(day) = day {
        row["day"] = day.to_string().into();
    }
    row
}

fn answer(mut body: serde_json::Value, tasks: Option<Tasks>) -> Response {
    if let Some(tasks) = tasks {
        body["tasks"] = serde_json::json!(tasks);
    }
    json(StatusCode::OK, &body)
}

fn refused(rule: &str) -> Response {
    json(StatusCode::BAD_REQUEST, &serde_json::json!({ "error": rule }))
}

fn not_yet() -> Response {
    json(StatusCode::SERVICE_UNAVAILABLE, &serde_json::json!({ "error": "the state is being restored" }))
}

/// Who is watched how far is for no cache.
fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], format!("{body}\n")).into_response()
}

/// The parameters of a query.
struct Asked(BTreeMap<String, String>);

impl Asked {
    fn parse(query: Option<&str>, known: &[&str]) -> Result<Asked, String> {
        let mut all = BTreeMap::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&name) {
                return Err(format!("parameters are {}", known.join(", ")));
            }
            let value = decoded(value).ok_or_else(|| format!("{name} must be UTF-8, percent-encoded"))?;
            if all.insert(name.to_owned(), value).is_some() {
                return Err(format!("{name} must be given once"));
            }
        }
        Ok(Asked(all))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn day(&self, name: &str) -> Result<Day, String> {
        self.text(name).and_then(Day::parse).ok_or_else(|| format!("{name} must be given as YYYY-MM-DD"))
    }

    fn limit(&self) -> Result<usize, String> {
        let limit = self.text("limit").map_or(Some(PAGE), |text| text.parse().ok());
        limit.filter(|limit| (1..=LARGEST_PAGE).contains(limit)).ok_or_else(|| format!("limit must be from 1 to {LARGEST_PAGE}"))
    }
}

/// A percent-encoded text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                (digit(rest.next())? * 16 + digit(rest.next())?) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_arrive_as_they_were_meant() {
        assert_eq!(decoded("E%201+%E5%BC%A0%26").as_deref(), Some("E 1 张&"));
        assert_eq!((decoded("%"), decoded("%zz"), decoded("%ff")), (None, None, None));
    }

    #[test]
    fn a_query_says_what_is_wrong_with_it() {
        let error = |query: &str, known: &[&str]| Asked::parse(Some(query), known).err();
        assert_eq!(error("dya=2026-03-02", &["day"]).as_deref(), Some("parameters are day"));
        assert_eq!(error("day=1&day=2", &["day"]).as_deref(), Some("day must be given once"));
        let asked = Asked::parse(Some("day=monday&limit=5000"), &["day", "limit"]).expect("is a query");
        assert!(asked.day("day").is_err() && asked.limit().is_err());
    }
}
