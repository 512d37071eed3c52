//! Brings alerts to the sinks on threads of their own, and says up to where all of them have acknowledged.
//!
//! Every batch goes to every sink in order. State that contains an alert is saved only after each sink has acknowledged it
//! (alerts before state, state before offsets), so a crash repeats an alert and never loses one.

use crate::model::alert::Alert;
use crate::sink::Sink;
use crate::sink::retry::{self, Backoff, Ended};
use crate::telemetry::metrics::Metrics;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Batches that wait for a sink. When they are full, whoever gives alerts waits: the service reads no faster than its
/// sinks can take what it finds.
const WAITING: usize = 256;

/// How often a sink without work is looked after.
const IDLE: Duration = Duration::from_secs(1);

/// All sinks of a run.
pub struct Delivery {
    lines: Vec<Line>,
    given: u64,
}

/// Alerts, with the number of their batch.
type Batch = (u64, Vec<Arc<Alert>>);

struct Line {
    batches: Option<Sender<Batch>>,
    done: Arc<AtomicU64>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Delivery {
    /// Starts a thread for each sink.
    pub fn start(sinks: Vec<Box<dyn Sink>>, metrics: &Metrics) -> std::io::Result<Delivery> {
        let lines: std::io::Result<Vec<Line>> = sinks.into_iter().map(|sink| Line::start(sink, metrics)).collect();
        Ok(Delivery { lines: lines?, given: 0 })
    }

    /// Gives alerts to every sink. Waits while a sink is far behind.
    pub fn give(&mut self, alerts: &[Arc<Alert>]) {
        if alerts.is_empty() {
            return;
        }
        self.given += 1;
        for line in &self.lines {
            if let Some(batches) = &line.batches {
                // A sink's thread ends only when it is told to; then its batches are of no use to anybody.
                let _ = batches.send((self.given, alerts.to_vec()));
            }
        }
    }

    /// How many batches were given.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Up to which batch every sink has acknowledged.
    pub fn done(&self) -> u64 {
        self.lines.iter().map(|line| line.done.load(Ordering::Acquire)).min().unwrap_or(self.given)
    }

    /// Whether every sink has acknowledged everything given.
    pub fn is_done(&self) -> bool {
        self.lines.iter().all(|line| line.done.load(Ordering::Acquire) >= self.given)
    }

    /// Waits until everything is acknowledged, at most so long. Says whether it is.
    pub fn wait(&self, at_most: Duration) -> bool {
        let steps = (at_most.as_millis() / 5).max(1);
        for _ in 0..steps {
            if self.is_done() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.is_done()
    }

    /// Ends the threads. Says whether everything was acknowledged before.
    pub fn stop(mut self, at_most: Duration) -> bool {
        let done = self.wait(at_most);
        for line in &mut self.lines {
            (line.batches, line.stop) = (None, None);
        }
        for line in &mut self.lines {
            if let Some(thread) = line.thread.take() {
                // A sink that panicked has said so; there is nothing left to stop.
                let _ = thread.join();
            }
        }
        done
    }
}

impl Line {
    fn start(mut sink: Box<dyn Sink>, metrics: &Metrics) -> std::io::Result<Line> {
        let (batches, waiting): (_, Receiver<Batch>) = bounded(WAITING);
        let (stop, stopped) = bounded::<()>(1);
        let done = Arc::new(AtomicU64::new(0));
        let (acknowledged, measured) = (Arc::clone(&done), metrics.sink(sink.name()));
        let thread = std::thread::Builder::new().name("sink".to_owned()).spawn(move || {
            loop {
                let (number, alerts) = match waiting.recv_timeout(IDLE) {
                    Ok(batch) => batch,
                    Err(RecvTimeoutError::Timeout) => {
                        sink.idle();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                let mut wait = retry::wait_or_stop(&stopped);
                match retry::deliver(&mut *sink, &alerts, Backoff::default(), &measured, &mut wait) {
                    Ended::Done => acknowledged.store(number, Ordering::Release),
                    Ended::Stopped => return,
                }
            }
        })?;
        Ok(Line { batches: Some(batches), done, stop: Some(stop), thread: Some(thread) })
    }
}
