//! The parameters of a request, and answers in JSON.

use crate::http::coverage::Tasks;
use crate::model::time::Day;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;

/// Employees of one answer, where nothing else is asked for, and at the most.
const PAGE: usize = 200;
const LARGEST_PAGE: usize = 1_000;

/// What was asked for. A process of several adds which employees it answers for.
pub fn answer(mut body: serde_json::Value, tasks: Option<Tasks>) -> Response {
    if let Some(tasks) = tasks {
        body["tasks"] = serde_json::json!(tasks);
    }
    json(StatusCode::OK, &body)
}

/// The request cannot be understood.
pub fn refused(rule: &str) -> Response {
    error(StatusCode::BAD_REQUEST, rule)
}

/// The request is refused for that reason.
pub fn error(status: StatusCode, why: &str) -> Response {
    json(status, &serde_json::json!({ "error": why }))
}

/// The state is being restored.
pub fn not_yet() -> Response {
    error(StatusCode::SERVICE_UNAVAILABLE, "the state is being restored")
}

/// No cache keeps an answer: it names employees.
fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], format!("{body}\n")).into_response()
}

/// The parameters of a query, each given once.
pub struct QueryParameters(BTreeMap<String, String>);

impl QueryParameters {
    /// Those of a query that may have these; or the rule that it breaks.
    pub fn parse(query: Option<&str>, known: &[&str]) -> Result<QueryParameters, String> {
        let mut all = BTreeMap::new();
        for (name, value) in pairs(query.unwrap_or_default()) {
            if !known.contains(&name) {
                return Err(format!("parameters are {}", known.join(", ")));
            }
            let value = decoded(value).ok_or_else(|| format!("{name} must be UTF-8, percent-encoded"))?;
            if all.insert(name.to_owned(), value).is_some() {
                return Err(format!("{name} must be given once"));
            }
        }
        Ok(QueryParameters(all))
    }

    /// The text of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A day that must be given.
    pub fn day(&self, name: &str) -> Result<Day, String> {
        self.text(name).and_then(Day::parse).ok_or_else(|| format!("{name} must be given as YYYY-MM-DD"))
    }

    /// How many employees were asked for.
    pub fn limit(&self) -> Result<usize, String> {
        let limit = self.text("limit").map_or(Some(PAGE), |text| text.parse().ok());
        limit.filter(|limit| (1..=LARGEST_PAGE).contains(limit)).ok_or_else(|| format!("limit must be from 1 to {LARGEST_PAGE}"))
    }
}

/// The fields of a query or a form as they were sent, each with its value.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A percent-encoded text of a query or a form; `None` where it is none.
pub(crate) fn decoded(text: &str) -> Option<String> {
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
        let error = |query: &str, known: &[&str]| QueryParameters::parse(Some(query), known).err();
        assert_eq!(error("dya=2026-03-02", &["day"]).as_deref(), Some("parameters are day"));
        assert_eq!(error("day=1&day=2", &["day"]).as_deref(), Some("day must be given once"));
        let asked = QueryParameters::parse(Some("day=monday&limit=5000"), &["day", "limit"]).expect("is a query");
        assert!(asked.day("day").is_err() && asked.limit().is_err());
    }
}
