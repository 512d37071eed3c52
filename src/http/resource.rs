//! What an HTTP resource is, and what its handler may see. The resources themselves are in [`crate::http::resources`].

use crate::http::coverage::CoverageView;
use crate::http::guard::{Guard, Needs};
use crate::http::health::Health;
use crate::telemetry::metrics::Metrics;
use axum::routing::MethodRouter;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Questions about coverage that are worked on at once; further ones wait.
const AT_ONCE: usize = 4;

/// What the handlers may see of the service.
#[derive(Clone)]
pub struct View {
    /// The metrics.
    pub metrics: Metrics,
    /// Readiness.
    pub health: Arc<Health>,
    /// How far employees' days could be evaluated.
    pub coverage: Arc<dyn CoverageView>,
    /// Who is shown what names people.
    pub guard: Guard,
    working: Arc<Semaphore>,
}

impl View {
    /// What a service shows.
    pub fn new(metrics: Metrics, health: Arc<Health>, coverage: Arc<dyn CoverageView>, guard: Guard) -> View {
        View { metrics, health, coverage, guard, working: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Asks for coverage on a thread on which it may take its time, a few at once: probes do not wait for it. `None` where there is no
    /// answer.
    pub async fn ask<T: Send + 'static>(&self, question: impl FnOnce(&dyn CoverageView) -> Option<T> + Send + 'static) -> Option<T> {
        let permit = self.working.clone().acquire_owned().await.ok()?;
        let coverage = self.coverage.clone();
        let asked = tokio::task::spawn_blocking(move || {
            // Kept as long as the thread works, also where nobody waits for the answer any more.
            let _permit = permit;
            question(&*coverage)
        });
        asked.await.ok().flatten()
    }
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
    /// What a request must bring.
    pub needs: Needs,
    /// The handler.
    pub route: fn() -> MethodRouter<View>,
}
