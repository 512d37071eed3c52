//! What an HTTP resource is, and what its handler may see. The resources themselves are in [`crate::http::resources`].

use crate::http::coverage::CoverageView;
use crate::http::health::Health;
use crate::telemetry::metrics::Metrics;
use axum::routing::MethodRouter;
use std::sync::Arc;

/// What the handlers may see of the service.
#[derive(Clone)]
pub struct View {
    /// The metrics.
    pub metrics: Metrics,
    /// Readiness.
    pub health: Arc<Health>,
    /// How far employees' days could be evaluated.
    pub coverage: Arc<dyn CoverageView>,
}

/// One resource: what may be asked for under one path.
pub struct Resource {
    /// The path.
    pub path: &'static str,
    /// What it answers, in one sentence.
    pub what: &'static str,
    /// Parameters of the query, with what they are.
    pub parameters: &'static [(&'static str, &'static str)],
    /// Status codes, with when they come.
    pub answers: &'static [(u16, &'static str)],
    /// A request that is answered with 200 once the service is ready.
    pub example: &'static str,
    /// The handler.
    pub route: fn() -> MethodRouter<View>,
}
