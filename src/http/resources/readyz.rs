//! `/readyz`: whether the service has its state and its sources, decodes them and makes progress.

use crate::http::guard::Needs;
use crate::http::resource::{Resource, View};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

/// The resource.
pub const RESOURCE: Resource = Resource {
    path: "/readyz",
    what: "Whether the service has its state and its sources, decodes them and makes progress: a readiness probe.",
    parameters: &[],
    answers: &[(200, "it is ready"), (503, "it is not; the body says why")],
    example: "/readyz",
    needs: Needs::Nothing,
    route: || get(answer_request),
};

async fn answer_request(State(view): State<View>) -> (StatusCode, String) {
    match view.health.readiness() {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}
