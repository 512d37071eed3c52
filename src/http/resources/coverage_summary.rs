//! `/coverage/summary`: sums over employees, by day.

use crate::http::guard::Needs;
use crate::http::query::{QueryParameters, answer, not_yet, refused};
use crate::http::resource::{Resource, View};
use crate::model::coverage::{Counts, Reason, State};
use crate::model::time::Day;
use axum::extract::{RawQuery, State as ViewState};
use axum::response::Response;
use axum::routing::get;
use std::collections::BTreeMap;

/// Days of one summary: those that are kept, and a few more.
const MOST_DAYS: i32 = 100;

/// The resource.
pub const RESOURCE: Resource = Resource {
    path: "/coverage/summary",
    what: "How many employees could be evaluated how far, by day and in all, why not further, and which accessed tables the catalog does not know (JSON).",
    parameters: &[("from", "the first day, as `YYYY-MM-DD`; required"), ("to", "the last day, less than 100 days later; required")],
    answers: &[
        (200, "the sums of the days that have closed"),
        (400, "a parameter is missing, unknown or not understood"),
        (421, "the `Host` is none of this server's"),
        (503, "the state is being restored"),
    ],
    example: "/coverage/summary?from=2026-03-02&to=2026-03-04",
    needs: Needs::Host,
    route: || get(answer_request),
};
async fn answer_request(ViewState(view): ViewState<View>, RawQuery(query): RawQuery) -> Response {
    let asked = QueryParameters::parse(query.as_deref(), &["from", "to"]);
    let bounds = asked.and_then(|asked| Ok((asked.day("from")?, asked.day("to")?)));
    let (from, to) = match bounds {
        Ok((from, to)) if from <= to && to.0 - from.0 < MOST_DAYS => (from, to),
        Ok(_) => return refused(&format!("to must not be before from, and not {MOST_DAYS} days or more after it")),
        Err(refusal) => return refused(&refusal),
    };
    let Some(summary) = view.ask(move |coverage| coverage.summary(from, to)).await else { return not_yet() };
    let days: Vec<_> = summary.days.iter().map(|(day, counts)| row(Some(*day), counts)).collect();
    let mut total = Counts::default();
    summary.days.values().for_each(|counts| total.join(counts));
    let tables: Vec<_> =
        summary.tables.iter().map(|(table, accesses)| serde_json::json!({ "table": table, "accesses": accesses })).collect();
    answer(serde_json::json!({ "days": days, "total": row(None, &total), "unknown_tables": tables }), view.coverage.tasks())
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
