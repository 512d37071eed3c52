//! `/metrics`: the numbers of the service, for Prometheus.

use crate::http::guard::Needs;
use crate::http::resource::{Resource, View};
use crate::telemetry::metrics::CONTENT_TYPE;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

/// The resource.
pub const RESOURCE: Resource = Resource {
    path: "/metrics",
    what: "The [metrics](metrics.md) as Prometheus text.",
    parameters: &[],
    answers: &[(200, "always")],
    example: "/metrics",
    needs: Needs::Nothing,
    route: || get(answer_request),
};

async fn answer_request(State(view): State<View>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], view.metrics.render())
}
