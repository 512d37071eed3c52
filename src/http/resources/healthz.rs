//! `/healthz`: whether the process is alive.

use crate::http::guard::Needs;
use crate::http::resource::Resource;
use axum::routing::get;

/// The resource.
pub const RESOURCE: Resource = Resource {
    path: "/healthz",
    what: "Whether the process is alive: a liveness probe.",
    parameters: &[],
    answers: &[(200, "it is")],
    example: "/healthz",
    needs: Needs::Nothing,
    route: || get(answer_request),
};

async fn answer_request() -> &'static str {
    "ok\n"
}
