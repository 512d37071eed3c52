//! `/coverage`: how far the day of each employee could be evaluated.

use crate::http::coverage::EmployeeDay;
use crate::http::guard::Needs;
use crate::http::query::{QueryParameters, answer, not_yet, refused};
use crate::http::resource::{Resource, View};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;

/// The resource.
pub const RESOURCE: Resource = Resource {
    path: "/coverage",
    what: "How far the day of each employee and account could be evaluated, by name, and why not further (JSON).",
    parameters: &[
        ("day", "the day, as `YYYY-MM-DD`; required"),
        ("employee", "only the employee or account of this name"),
        ("after", "only names after this one: `next` of the page before"),
        ("limit", "names of a page, from 1 to 1000; 200 where it is not given"),
    ],
    answers: &[
        (200, "a page; `next` is null on the last one"),
        (400, "a parameter is missing, unknown or not understood"),
        (401, "the token is missing or another"),
        (403, "there is no `[http] token_file`"),
        (421, "the `Host` is none of this server's"),
        (503, "the state is being restored"),
    ],
    example: "/coverage?day=2026-03-02",
    needs: Needs::Token,
    route: || get(answer_request),
};
async fn answer_request(State(view): State<View>, RawQuery(query): RawQuery) -> Response {
    let asked = match QueryParameters::parse(query.as_deref(), &["day", "employee", "after", "limit"]) {
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
    let found = view.ask(move |coverage| coverage.day(day, only.as_deref(), after.as_deref(), limit + 1)).await;
    let Some(mut employees) = found else { return not_yet() };
    let next = next_page(&mut employees, limit);
    answer(serde_json::json!({ "day": day.to_string(), "employees": employees, "next": next }), tasks)
}

/// Cuts a page, and names its last. An employee and an account of one name are not cut apart: the next page begins after the name.
fn next_page(employees: &mut Vec<EmployeeDay>, limit: usize) -> Option<String> {
    let over = employees.get(limit)?;
    let share = employees.get(limit.checked_sub(1)?).is_some_and(|last| last.name() == over.name());
    employees.truncate(limit + usize::from(share));
    Some(employees.last()?.name().to_owned())
}
