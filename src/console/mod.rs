//! The console: where people read alerts and decide about cases, in the browser and over the API. Server-made pages that need no script;
//! its own address.
//!
//! Three rules are held by types rather than by care: a route stands in the table of [`routes`] with its policy or does not exist; a handler
//! answers with what it showed of whom ([`answer::Answer`]), and the page is sent after that record is committed, else 503; whoever may not
//! see a case is answered as if it were not there.

pub mod answer;
pub mod api;
pub mod dispatch;
pub mod form;
pub mod html;
pub mod pages;
pub mod routes;
pub mod settings;
pub mod writers;

use crate::database::Database;
use crate::desk::people::People;
use crate::http::guard::Guard;
use crate::telemetry::metrics::Metrics;
use settings::Settings;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// Passwords that are checked at once: each takes a processor and 19 MiB.
const SIGN_INS: usize = 2;

/// What the handlers have.
#[derive(Clone)]
pub struct Console {
    /// Cases and accounts.
    pub database: Database,
    /// Who stands above whom.
    pub people: SharedPeople,
    /// How it is set up.
    pub settings: Arc<Settings>,
    /// Whose `Host` is whose.
    pub guard: Guard,
    /// Metrics.
    pub metrics: Metrics,
    sign_ins: Arc<Semaphore>,
}

/// The directory's people, which may change while the console runs.
#[derive(Clone, Default)]
pub struct SharedPeople(Arc<RwLock<Arc<People>>>);

impl SharedPeople {
    /// These.
    pub fn new(people: People) -> SharedPeople {
        SharedPeople(Arc::new(RwLock::new(Arc::new(people))))
    }

    /// As they are now.
    pub fn now(&self) -> Arc<People> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The directory has changed.
    pub fn set(&self, people: People) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(people);
    }
}

impl Console {
    /// A console over a database.
    pub fn new(database: Database, people: SharedPeople, settings: Settings, metrics: &Metrics) -> Console {
        let guard = Guard::new(None, &settings.hosts);
        let sign_ins = Arc::new(Semaphore::new(SIGN_INS));
        Console { database, people, settings: Arc::new(settings), guard, metrics: metrics.clone(), sign_ins }
    }

    /// Every route.
    pub fn router(&self) -> axum::Router {
        dispatch::router(self)
    }
}
