//! How fast a sink is told: bounds of receivers, what is gathered beyond them, and how long to wait after failures.

use crate::notify::Pace;
use std::collections::VecDeque;
use std::time::Duration;

/// How often something was sent of late.
#[derive(Debug, Default)]
pub struct Sent {
    at: VecDeque<i64>,
}

const MINUTE_MS: i64 = crate::model::time::MINUTE_MS;

impl Sent {
    /// Something was sent.
    pub fn note(&mut self, now: i64) {
        self.at.push_back(now);
    }

    /// How many more may be sent now.
    pub fn left(&mut self, pace: &Pace, now: i64) -> u32 {
        while self.at.front().is_some_and(|at| *at <= now - MINUTE_MS) {
            self.at.pop_front();
        }
        let sent = u32::try_from(self.at.len()).unwrap_or(u32::MAX);
        pace.per_minute.map_or(u32::MAX, |most| most.saturating_sub(sent))
    }

    /// When another one may be sent, where none may now.
    pub fn next(&self, now: i64) -> i64 {
        self.at.front().map_or(now, |at| at + MINUTE_MS)
    }
}

/// Cases that are told one by one; of more at once one message tells.
const ONE_BY_ONE: usize = 3;

/// How many of those that wait go into the next message, where so many messages may still be sent.
pub fn gathered(waiting: usize, left: u32, pace: &Pace) -> usize {
    if pace.journal || pace.digest.is_some() || waiting > ONE_BY_ONE || (waiting as u64) > u64::from(left) {
        return waiting.min(pace.gather.max(1));
    }
    1
}

/// The first wait after a failure, and the longest.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(300);

/// How long to wait after so many failures in a row, from 1: doubling, of which half is up to chance, so that many who failed together do
/// not come back together.
pub fn backoff(failures: u32, chance: u64) -> Duration {
    let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    let whole = FIRST.saturating_mul(factor).min(LONGEST);
    let half = u64::try_from(whole.as_millis() / 2).unwrap_or(u64::MAX);
    Duration::from_millis(half + chance % (half + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_a_minute_than_the_receiver_takes() {
        let pace = Pace { per_minute: Some(2), ..Pace::default() };
        let mut sent = Sent::default();
        assert_eq!(sent.left(&pace, 0), 2);
        sent.note(0);
        sent.note(10_000);
        assert_eq!((sent.left(&pace, 59_999), sent.next(59_999)), (0, 60_000));
        assert_eq!((sent.left(&pace, 60_000), sent.left(&pace, 70_000)), (1, 2));
        assert_eq!(sent.left(&Pace::default(), 0), u32::MAX);
    }

    #[test]
    fn beyond_a_few_they_are_gathered() {
        let chat = Pace { per_minute: Some(20), gather: 10, ..Pace::default() };
        assert_eq!((gathered(1, 20, &chat), gathered(3, 20, &chat), gathered(4, 20, &chat), gathered(40, 20, &chat)), (1, 1, 4, 10));
        assert_eq!(gathered(2, 1, &chat), 2, "one may be sent, and two wait");
        assert_eq!(gathered(9, 20, &Pace::default()), 1, "who cannot gather is told one by one");
        assert_eq!(gathered(2, 20, &Pace { journal: true, gather: 100, ..Pace::default() }), 2);
    }

    #[test]
    fn waits_double_up_to_a_bound_and_differ() {
        let range = |failures| (backoff(failures, 0).as_millis(), backoff(failures, u64::from(u32::MAX) * 1_000 - 1).as_millis());
        assert_eq!((range(1).0, range(2).0, range(30).0), (1_000, 2_000, 150_000));
        for failures in 1..40 {
            let chances: Vec<Duration> = (0..50).map(|n| backoff(failures, crate::random::scatter(n))).collect();
            assert!(chances.iter().all(|wait| *wait <= LONGEST && *wait >= FIRST / 2));
            assert!(chances.iter().any(|wait| *wait != chances[0]), "chance has its say");
        }
    }
}
