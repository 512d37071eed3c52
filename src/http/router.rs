//! The whole HTTP surface: the table of resources as routes, and as the page of the documentation.

use crate::http::coverage::CoverageView;
use crate::http::health::Health;
use crate::http::resources::RESOURCES;
use crate::telemetry::metrics::Metrics;
use axum::Router;
use axum::routing::MethodRouter;
use std::fmt::Write;
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

/// Every route. What is not in the table is 404; methods other than GET and HEAD are 405.
pub fn router(view: View) -> Router {
    RESOURCES.iter().fold(Router::new(), |router, resource| router.route(resource.path, (resource.route)())).with_state(view)
}

/// The table as the Markdown of `docs/operate/http.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# HTTP\n\n`leakwarden run` answers on `[http] listen`: by default on the loopback only, without a password and without \
         TLS. Everything is read only. Methods other than GET and HEAD get 405, other paths 404.\n\n| path | what | status |\n|---|---|---|\n",
    );
    let mut write = |line: String| writeln!(page, "{line}").expect("a string takes everything");
    for resource in RESOURCES {
        let answers: Vec<String> = resource.answers.iter().map(|(status, when)| format!("{status}: {when}")).collect();
        write(format!("| `{}` | {} | {} |", resource.path, resource.what, answers.join("<br>")));
    }
    for resource in RESOURCES.iter().filter(|resource| !resource.parameters.is_empty()) {
        write(format!("\n## `{}`\n\n| parameter | |\n|---|---|", resource.path));
        resource.parameters.iter().for_each(|(name, what)| write(format!("| `{name}` | {what} |")));
        write(format!("\n```\ncurl 'http://127.0.0.1:9464{}'\n```", resource.example));
    }
    page
}

#[cfg(test)]
mod tests;
