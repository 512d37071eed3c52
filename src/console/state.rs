//! What the handlers have: the database, the directory's people, the settings.

use crate::console::settings::Settings;
use crate::database::Database;
use crate::desk::people::People;
use crate::desk::pseudonym::Pseudonyms;
use crate::desk::view_log::ChainCheck;
use crate::desk::view_recorder::ViewRecorder;
use crate::http::guard::Guard;
use crate::telemetry::metrics::Metrics;
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
    /// Writes down what is shown.
    pub views: ViewRecorder,
    /// How employees are named until their case is taken.
    pub pseudonyms: Pseudonyms,
    /// Follows the chain of what was shown.
    pub chain: ChainCheck,
    /// Turns of those who sign in.
    pub(super) sign_ins: Arc<Semaphore>,
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
        let views = ViewRecorder::new(database.clone());
        let (settings, metrics, pseudonyms) = (Arc::new(settings), metrics.clone(), Pseudonyms::default());
        Console { database, people, settings, guard, metrics, views, pseudonyms, chain: ChainCheck::default(), sign_ins }
    }

    /// The same, with employees named by these until their case is taken.
    #[must_use]
    pub fn naming_by(self, pseudonyms: Pseudonyms) -> Console {
        Console { pseudonyms, ..self }
    }
}
