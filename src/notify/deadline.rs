//! A deadline over what has none of its own: a mail server that answers a letter a minute satisfies every timeout of a single read.
//!
//! The work is done on a thread that is left behind if it takes too long, and only a few may be left behind at a time.

use crate::notify::SendError;
use crossbeam_channel::bounded;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Attempts that may hang at a time: another one might reach a server that answers.
const HANGING: usize = 4;

/// Runs attempts of one sink.
#[derive(Default)]
pub struct Bounded {
    running: Arc<AtomicUsize>,
}

impl Bounded {
    /// Runs an attempt, and waits no longer than so for its end.
    pub fn run<T: Send + 'static>(
        &self,
        at_most: Duration,
        attempt: impl FnOnce() -> Result<T, SendError> + Send + 'static,
    ) -> Result<T, SendError> {
        if self.running.load(Ordering::Acquire) >= HANGING {
            return Err(SendError::transient(format!("the last {HANGING} attempts have not ended yet")));
        }
        self.running.fetch_add(1, Ordering::AcqRel);
        let (done, outcome) = bounded(1);
        let running = self.running.clone();
        let started = std::thread::Builder::new().name("notify-attempt".to_owned()).spawn(move || {
            let result = attempt();
            running.fetch_sub(1, Ordering::AcqRel);
            // Nobody waits any more where it took too long.
            let _ = done.send(result);
        });
        if started.is_err() {
            self.running.fetch_sub(1, Ordering::AcqRel);
            return Err(SendError::transient("no thread could be started"));
        }
        outcome.recv_timeout(at_most).unwrap_or_else(|_| Err(SendError::transient("it did not answer in time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_hangs_is_left_behind_and_not_for_ever_more() {
        let (let_go, held) = bounded::<()>(0);
        let bounded = Bounded::default();
        let short = Duration::from_millis(20);
        for _ in 0..HANGING {
            let held = held.clone();
            let hang = move || {
                // Disconnected when it is let go.
                let _ = held.recv();
                Ok(())
            };
            assert_eq!(bounded.run(short, hang).expect_err("it hangs").message, "it did not answer in time");
        }
        assert!(bounded.run(short, || Ok(())).expect_err("enough").message.contains("have not ended yet"));
        drop(let_go);
        while bounded.running.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
        assert_eq!(bounded.run(Duration::from_secs(60), || Ok(7)), Ok(7));
    }
}
