//! Brings alerts to the sinks on threads of their own, and says up to where all of them have acknowledged.
//!
//! Every batch goes to every sink in order. State that contains an alert is saved only after each sink has acknowledged it
//! (alerts before state, state before offsets), so a crash repeats an alert and never loses one.
//!
//! A sink that does not answer keeps nobody from stopping: once that is asked for, no room is waited for any more, what was given then
//! counts as not acknowledged, and a thread that does not end in time is left behind.

use crate::model::coverage::SettledDays;
use crate::model::dossier::AlertWithDossier;
use crate::sink::Sink;
use crate::sink::retry::{self, Backoff, Ended};
use crate::telemetry::metrics::Metrics;
use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Batches that wait for a sink. When they are full, whoever gives alerts waits: the service reads no faster than its
/// sinks can take what it finds.
const WAITING: usize = 256;

/// How often a sink without work is looked after.
const IDLE: Duration = Duration::from_secs(1);
/// How often who waits for room looks whether the service is to stop.
const LOOK: Duration = Duration::from_millis(50);
/// How long the threads of sinks may take to end.
const ENDED_WITHIN: Duration = Duration::from_secs(1);

/// All sinks of a run.
pub struct Delivery {
    lines: Vec<Line>,
    given: u64,
    /// Whether the service is to stop.
    stopping: Arc<AtomicBool>,
    /// There was no room for something when it was to stop: nothing after that is given either.
    given_up: bool,
}

/// What sinks are given.
#[derive(Clone)]
enum Work {
    Alerts(Vec<AlertWithDossier>),
    Coverage(Arc<SettledDays>),
}

/// What a sink is given, with the number of its batch.
type Batch = (u64, Work);

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
        Ok(Delivery { lines: lines?, given: 0, stopping: Arc::default(), given_up: false })
    }

    /// Waits for no room once that is set.
    #[must_use]
    pub fn until(self, stopping: Arc<AtomicBool>) -> Delivery {
        Delivery { stopping, ..self }
    }

    /// Gives alerts to every sink. Waits while a sink is far behind.
    pub fn give(&mut self, alerts: &[AlertWithDossier]) {
        if !alerts.is_empty() {
            self.put(&Work::Alerts(alerts.to_vec()));
        }
    }

    /// Gives settled days to every sink, in the order of the alerts.
    pub fn give_coverage(&mut self, settled: SettledDays) {
        self.put(&Work::Coverage(Arc::new(settled)));
    }

    fn put(&mut self, work: &Work) {
        self.given += 1;
        for batches in self.lines.iter().filter_map(|line| line.batches.as_ref()) {
            let mut batch = (self.given, work.clone());
            while !self.given_up {
                match batches.send_timeout(batch, LOOK) {
                    Err(SendTimeoutError::Timeout(back)) => batch = back,
                    // A sink's thread ends only when it is told to; then its batches are of no use to anybody.
                    Ok(()) | Err(SendTimeoutError::Disconnected(_)) => break,
                }
                self.given_up = self.stopping.load(Ordering::Acquire);
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
        self.wait_while(at_most, || true)
    }

    /// The same, and no longer once the service is to stop.
    pub fn wait_while_running(&self, at_most: Duration) -> bool {
        self.wait_while(at_most, || !self.stopping.load(Ordering::Acquire))
    }

    fn wait_while(&self, at_most: Duration, goes_on: impl Fn() -> bool) -> bool {
        let until = Instant::now() + at_most;
        while !self.is_done() && goes_on() && Instant::now() < until {
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
        let until = Instant::now() + ENDED_WITHIN;
        for thread in self.lines.iter_mut().filter_map(|line| line.thread.take()) {
            while !thread.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
            // A sink that panicked has said so. One in the middle of a request that is not answered ends with the process.
            if thread.is_finished() {
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
                let (number, work) = match waiting.recv_timeout(IDLE) {
                    Ok(batch) => batch,
                    Err(RecvTimeoutError::Timeout) => {
                        sink.idle();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                let mut wait = retry::wait_or_stop(&stopped);
                let ended = match work {
                    Work::Alerts(alerts) => retry::deliver(&mut *sink, &alerts, Backoff::default(), &measured, &mut wait),
                    Work::Coverage(settled) => retry::deliver_coverage(&mut *sink, &settled, Backoff::default(), &mut wait),
                };
                match ended {
                    Ended::Done => acknowledged.store(number, Ordering::Release),
                    Ended::Stopped => return,
                }
            }
        })?;
        Ok(Line { batches: Some(batches), done, stop: Some(stop), thread: Some(thread) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Alert;
    use crate::sink::SinkError;
    use crate::sink::tests::alert;

    /// Answers nothing until it is let go.
    struct Hanging(Receiver<()>);

    impl Sink for Hanging {
        fn name(&self) -> &str {
            "hanging"
        }

        fn deliver(&mut self, _: &[Arc<Alert>]) -> Result<(), SinkError> {
            // Disconnected when it is let go.
            let _ = self.0.recv();
            Ok(())
        }
    }

    /// Logstash waits for ever for an output that is stuck (https://github.com/logstash-plugins/logstash-output-s3/issues/114).
    #[test]
    fn who_is_to_stop_waits_neither_for_room_nor_for_a_sink_that_hangs() {
        let (let_go, held) = bounded::<()>(0);
        let stopping = Arc::new(AtomicBool::new(true));
        let delivery = Delivery::start(vec![Box::new(Hanging(held))], &Metrics::new()).expect("threads").until(stopping);
        let mut delivery = delivery;
        // One more than is held, while the sink has one of them.
        (0..WAITING + 3).for_each(|_| delivery.give(&[alert("a").into()]));
        assert!(!delivery.wait_while_running(Duration::from_secs(600)), "it waits no longer");
        let line = delivery.lines[0].done.clone();
        drop(let_go);
        // Also where the sink answers after all, what was not given to it is not acknowledged, and what comes behind is not either.
        while line.load(Ordering::Acquire) < WAITING as u64 {
            std::thread::yield_now();
        }
        delivery.give(&[alert("b").into()]);
        assert!(!delivery.stop(Duration::from_millis(50)));
    }
}
