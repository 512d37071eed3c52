//! Whether the service is ready, as the parts of it say. Cheap to write from any thread, read by probes.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

/// What readiness depends on.
#[derive(Debug)]
pub struct Health {
    restored: AtomicBool,
    /// Business reasons of a topic are not read yet.
    reasons_missing: AtomicBool,
    stopping: AtomicBool,
    /// No broker can be reached, or none has answered yet.
    cut_off: AtomicBool,
    sources: Vec<SourceHealth>,
    /// What the times below are counted from.
    begun: Instant,
    /// When a round of work ended last, in milliseconds.
    round_ended: AtomicU64,
    /// When a record was finished last, or none was waiting.
    progressed: AtomicU64,
    /// How long either may be ago.
    stalled_after: AtomicU64,
}

#[derive(Debug)]
struct SourceHealth {
    name: String,
    connected: AtomicBool,
    /// Records came, and none could be decoded.
    undecoded: AtomicBool,
    /// Why something of it cannot be read.
    trouble: RwLock<Option<String>>,
}

/// Why the service is not ready.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotReady {
    /// It is shutting down.
    Stopping,
    /// No Kafka broker can be reached.
    NoBroker,
    /// The state is being restored.
    Restoring,
    /// The business reasons of a topic are being read.
    Reasons,
    /// These sources are not connected, or have no partitions assigned yet.
    Waiting(Vec<String>),
    /// Something of these sources cannot be read now: each with what it is, and why.
    Unreachable(Vec<String>),
    /// Records wait, or are being worked on, and for so long none was finished.
    Stalled(Duration),
    /// None of the records of these sources could be decoded.
    Undecoded(Vec<String>),
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotReady::Stopping => f.write_str("shutting down"),
            NotReady::NoBroker => f.write_str("no broker can be reached"),
            NotReady::Restoring => f.write_str("the state is being restored"),
            NotReady::Reasons => {
                f.write_str("the topic of business reasons has not been read yet: its brokers do not answer, or it is long")
            }
            NotReady::Waiting(sources) => write!(f, "not connected: {}", sources.join(", ")),
            NotReady::Unreachable(sources) => write!(f, "cannot be read now, and is tried again: {}", sources.join("; ")),
            NotReady::Stalled(since) => write!(f, "no progress for {} s: input waits, and no record is finished", since.as_secs()),
            NotReady::Undecoded(sources) => write!(f, "no record could be decoded: {}", sources.join(", ")),
        }
    }
}

impl Health {
    /// Of a service with these sources; not ready yet.
    #[expect(clippy::disallowed_methods, reason = "whether anything moves is asked of the running time, not of the records'")]
    pub fn new<S: Into<String>>(sources: impl IntoIterator<Item = S>) -> Health {
        Health {
            restored: AtomicBool::new(false),
            reasons_missing: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            cut_off: AtomicBool::new(false),
            sources: sources.into_iter().map(|name| SourceHealth::new(name.into())).collect(),
            begun: Instant::now(),
            round_ended: AtomicU64::new(0),
            progressed: AtomicU64::new(0),
            stalled_after: AtomicU64::new(u64::MAX),
        }
    }

    /// The state is there.
    pub fn set_restored(&self) {
        self.end_round(true);
        self.restored.store(true, Ordering::Release);
    }

    /// Whether business reasons of a topic are still to be read before anything is judged.
    pub fn set_reasons_missing(&self, missing: bool) {
        self.reasons_missing.store(missing, Ordering::Release);
    }

    /// A source, by its place in the list given to [`Health::new`], is connected or has lost its connection.
    pub fn set_connected(&self, source: usize, connected: bool) {
        if let Some(source) = self.sources.get(source) {
            source.connected.store(connected, Ordering::Release);
        }
    }

    /// Whether no broker can be reached on which everything rests.
    pub fn set_cut_off(&self, cut_off: bool) {
        self.cut_off.store(cut_off, Ordering::Release);
    }

    /// Why something of a source cannot be read now; `None` where all can.
    pub fn set_trouble(&self, source: usize, why: Option<&str>) {
        let Some(source) = self.sources.get(source) else { return };
        if source.trouble.read().unwrap_or_else(PoisonError::into_inner).as_deref() != why {
            *source.trouble.write().unwrap_or_else(PoisonError::into_inner) = why.map(str::to_owned);
        }
    }

    /// Whether records of a source came of which none could be decoded.
    pub fn set_undecoded(&self, source: usize, undecoded: bool) {
        if let Some(source) = self.sources.get(source) {
            source.undecoded.store(undecoded, Ordering::Release);
        }
    }

    /// After how long without progress it is not ready any more.
    pub fn set_stalled_after(&self, limit: Duration) {
        self.stalled_after.store(millis(limit), Ordering::Release);
    }

    /// A round of work has ended. `progressed`: a record was finished in it, or none is waiting.
    pub fn end_round(&self, progressed: bool) {
        let now = millis(self.begun.elapsed());
        self.round_ended.store(now, Ordering::Release);
        if progressed {
            self.progressed.store(now, Ordering::Release);
        }
    }

    /// For how long nothing was finished that was waiting.
    fn without_progress(&self) -> Duration {
        let last = self.round_ended.load(Ordering::Acquire).min(self.progressed.load(Ordering::Acquire));
        Duration::from_millis(millis(self.begun.elapsed()).saturating_sub(last))
    }

    fn names(&self, of: impl Fn(&SourceHealth) -> bool) -> Vec<String> {
        self.sources.iter().filter(|source| of(source)).map(|source| source.name.clone()).collect()
    }

    /// The service begins to shut down: it takes no more work and will not be ready again.
    pub fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether it is ready, or why not.
    pub fn readiness(&self) -> Result<(), NotReady> {
        if self.stopping.load(Ordering::Acquire) {
            return Err(NotReady::Stopping);
        }
        if self.cut_off.load(Ordering::Acquire) {
            return Err(NotReady::NoBroker);
        }
        if self.reasons_missing.load(Ordering::Acquire) {
            return Err(NotReady::Reasons);
        }
        if !self.restored.load(Ordering::Acquire) {
            return Err(NotReady::Restoring);
        }
        let waiting = self.names(|source| !source.connected.load(Ordering::Acquire));
        if !waiting.is_empty() {
            return Err(NotReady::Waiting(waiting));
        }
        let troubles = self.sources.iter().filter_map(|source| {
            let trouble = source.trouble.read().unwrap_or_else(PoisonError::into_inner);
            trouble.as_ref().map(|why| format!("{}: {why}", source.name))
        });
        let troubles: Vec<String> = troubles.collect();
        if !troubles.is_empty() {
            return Err(NotReady::Unreachable(troubles));
        }
        let since = self.without_progress();
        if since > Duration::from_millis(self.stalled_after.load(Ordering::Acquire)) {
            return Err(NotReady::Stalled(since));
        }
        let undecoded = self.names(|source| source.undecoded.load(Ordering::Acquire));
        if undecoded.is_empty() { Ok(()) } else { Err(NotReady::Undecoded(undecoded)) }
    }
}

impl SourceHealth {
    fn new(name: String) -> SourceHealth {
        SourceHealth { name, connected: AtomicBool::new(false), undecoded: AtomicBool::new(false), trouble: RwLock::default() }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_once_restored_and_every_source_is_connected_until_it_stops() {
        let health = Health::new(["crm", "core"]);
        assert_eq!(health.readiness(), Err(NotReady::Restoring));
        health.set_restored();
        health.set_connected(0, true);
        assert_eq!(health.readiness().expect_err("not yet").to_string(), "not connected: core");
        health.set_connected(1, true);
        assert_eq!(health.readiness(), Ok(()));
        health.set_trouble(1, Some("/mnt/core.log: no such file"));
        let why = health.readiness().expect_err("it cannot be read").to_string();
        assert_eq!(why, "cannot be read now, and is tried again: core: /mnt/core.log: no such file");
        health.set_trouble(1, None);
        assert_eq!(health.readiness(), Ok(()));
        health.set_connected(0, false);
        assert!(health.readiness().is_err());
        health.set_stopping();
        assert_eq!(health.readiness(), Err(NotReady::Stopping));
    }

    #[test]
    fn it_is_not_ready_while_no_record_is_finished_or_none_decodes_and_recovers() {
        let health = Health::new(["crm"]);
        health.set_restored();
        health.set_connected(0, true);
        health.set_stalled_after(Duration::from_millis(200));
        assert_eq!(health.readiness(), Ok(()));
        std::thread::sleep(Duration::from_millis(300));
        assert!(matches!(health.readiness(), Err(NotReady::Stalled(_))), "a round takes for ever");
        health.end_round(false);
        assert!(matches!(health.readiness(), Err(NotReady::Stalled(_))), "rounds end and finish nothing");
        health.end_round(true);
        assert_eq!(health.readiness(), Ok(()));
        health.set_undecoded(0, true);
        assert_eq!(health.readiness().expect_err("nothing decodes").to_string(), "no record could be decoded: crm");
        health.set_undecoded(0, false);
        assert_eq!(health.readiness(), Ok(()));
    }
}
