//! The workers of a process: a thread for each sink, and one that measures. They have no part in detection and end with the service.

use crate::database::{Database, Kind};
use crate::model::time::{Span, Timestamp};
use crate::notify::outbox::Outbox;
use crate::notify::worker::{Next, State, Worker};
use crate::notify::{Notify, Teller, decided, outbox};
use crate::telemetry::metrics::Metrics;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is measured.
const MEASURE: Duration = Duration::from_secs(5);
/// How long to wait where the database does not answer.
const AWAY: Duration = Duration::from_secs(5);

/// Running workers.
pub struct Workers {
    stop: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

/// What workers need beside the sinks.
pub struct Parts {
    /// Where the outbox is.
    pub database: Database,
    /// For whom events are put down.
    pub outbox: Outbox,
    /// Runs the database's work, and that of sinks that need it.
    pub runtime: Handle,
    /// Makes messages.
    pub teller: Teller,
    /// How long something is tried.
    pub retry_for: Span,
    /// Counts.
    pub metrics: Metrics,
}

/// The time of day.
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

impl Workers {
    /// Starts a thread for each sink.
    pub fn start(notify: &[Notify], parts: &Parts) -> Result<Workers, String> {
        let (stop, stopped) = bounded::<()>(0);
        let mut workers = Workers { stop: Some(stop), threads: Vec::new() };
        let holder = format!("{}-{}", std::process::id(), now().0);
        if parts.database.kind() == Kind::Sqlite {
            // The file is this process's alone: whoever had the right before has died.
            parts.runtime.block_on(outbox::release_all(&parts.database)).map_err(|error| error.to_string())?;
        }
        for one in notify {
            let name = one.keys.name.clone();
            let notifier = one.build(parts.runtime.clone()).map_err(|error| format!("notify {name}: {error}"))?;
            parts.metrics.notify_sink(&name);
            let worker = Worker {
                name,
                names: one.keys.employee,
                pace: one.own.pace(),
                notifier,
                teller: parts.teller.clone(),
                timeout: one.timeout(),
                retry_for: parts.retry_for,
                database: parts.database.clone(),
                runtime: parts.runtime.clone(),
                metrics: parts.metrics.clone(),
                holder: holder.clone(),
                state: State::default(),
            };
            let stopped = stopped.clone();
            workers.spawn(move || tell(worker, &stopped))?;
        }
        let names: Vec<String> = notify.iter().map(|one| one.keys.name.clone()).collect();
        let (database, runtime, metrics) = (parts.database.clone(), parts.runtime.clone(), parts.metrics.clone());
        let stopped_too = stopped.clone();
        workers.spawn(move || measure(&names, &database, &runtime, &metrics, &stopped))?;
        let (database, runtime, outbox) = (parts.database.clone(), parts.runtime.clone(), parts.outbox.clone());
        workers.spawn(move || decide(&database, &runtime, &outbox, &stopped_too))?;
        Ok(workers)
    }

    fn spawn(&mut self, work: impl FnOnce() + Send + 'static) -> Result<(), String> {
        let thread = std::thread::Builder::new().name("notify".to_owned()).spawn(work).map_err(|error| format!("no thread: {error}"))?;
        self.threads.push(thread);
        Ok(())
    }

    /// Ends the threads. One in the middle of an attempt is waited for no longer than so; what it was telling waits in the outbox.
    pub fn stop(mut self, at_most: Duration) {
        self.stop = None;
        let until = Instant::now() + at_most;
        for thread in std::mem::take(&mut self.threads) {
            while !thread.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
            if thread.is_finished() {
                // One that panicked has said so.
                let _ = thread.join();
            }
        }
    }
}

/// Whether the process stops; waits so long for it.
fn stops(stopped: &Receiver<()>, wait: Duration) -> bool {
    !matches!(stopped.recv_timeout(wait), Err(RecvTimeoutError::Timeout))
}

fn tell(mut worker: Worker, stopped: &Receiver<()>) {
    loop {
        let at = now();
        let wait = match worker.step(at) {
            Ok(Next::Again) => Duration::ZERO,
            // Something new may be put down before.
            Ok(Next::At(time)) => Duration::from_millis((time.0 - at.0).max(0).unsigned_abs()).min(LOOK),
            Err(error) => {
                tracing::warn!(sink = worker.name, %error, "the outbox cannot be read or written; trying again");
                AWAY
            }
        };
        if stops(stopped, wait) {
            if let Err(error) = worker.leave() {
                tracing::warn!(sink = worker.name, %error, "the right to tell was not given back; another process waits for it");
            }
            return;
        }
    }
}

/// Puts down what verdicts end.
fn decide(database: &Database, runtime: &Handle, outbox: &Outbox, stopped: &Receiver<()>) {
    loop {
        let wait = match runtime.block_on(decided::step(database, outbox, now())) {
            Ok(true) => Duration::ZERO,
            Ok(false) => LOOK,
            Err(error) => {
                tracing::warn!(%error, "verdicts cannot be told of; trying again");
                AWAY
            }
        };
        if stops(stopped, wait) {
            return;
        }
    }
}

fn measure(names: &[String], database: &Database, runtime: &Handle, metrics: &Metrics, stopped: &Receiver<()>) {
    loop {
        for name in names {
            match runtime.block_on(outbox::depth(database, name)) {
                Ok(depth) => {
                    let age = depth.oldest.map_or(0, |oldest| (now().0 - oldest).max(0));
                    metrics.set_outbox(name, depth.waiting, Duration::from_millis(age.unsigned_abs()), depth.dead);
                }
                Err(error) => tracing::warn!(sink = name, %error, "the outbox cannot be measured"),
            }
        }
        if stops(stopped, MEASURE) {
            return;
        }
    }
}
