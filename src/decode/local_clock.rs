//! Civil times of a zone as instants, told apart by the order of their source: when clocks are set back an hour comes twice, and
//! a log that goes on goes on in the second.

use crate::model::time::{Span, TimeError, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// Records of one source may stand so much out of order: they are logged at their end with the time of their beginning.
const SLACK: Span = Span::MINUTE;
/// A pause of this length or less says that the log simply went on.
const PAUSE: Span = Span::minutes(10);

/// The clock of one partition's local times.
#[derive(Clone, Default, Debug)]
pub struct LocalClock {
    zone: Option<TimeZone>,
    last: Option<Timestamp>,
}

/// An instant, and whether another one has the same local time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instant {
    /// The instant.
    pub time: Timestamp,
    /// Nothing told which of two instants it was, or there is none of that local time.
    pub ambiguous: bool,
}

impl LocalClock {
    /// A clock of that zone; UTC where there is none.
    pub fn new(zone: Option<TimeZone>) -> LocalClock {
        LocalClock { zone, last: None }
    }

    /// Reads a local time.
    pub fn instant(&mut self, civil: DateTime) -> Result<Instant, TimeError> {
        let at =
            |instant: Result<jiff::Timestamp, jiff::Error>| Timestamp::from_millis(instant.map_err(|_| TimeError::Range)?.as_millisecond());
        let Some(zone) = &self.zone else { return self.known(at(TimeZone::UTC.to_timestamp(civil))?) };
        let instant = zone.to_ambiguous_timestamp(civil);
        match instant.offset() {
            AmbiguousOffset::Unambiguous { offset } => self.known(at(offset.to_timestamp(civil))?),
            AmbiguousOffset::Gap { before, .. } => {
                let time = at(before.to_timestamp(civil))?;
                self.last = Some(time);
                Ok(Instant { time, ambiguous: true })
            }
            AmbiguousOffset::Fold { before, after } => {
                let (time, ambiguous) = self.of_two(at(before.to_timestamp(civil))?, at(after.to_timestamp(civil))?);
                self.last = Some(time);
                Ok(Instant { time, ambiguous })
            }
        }
    }

    /// Takes note of a time that the source itself tells whole.
    pub fn known(&mut self, time: Timestamp) -> Result<Instant, TimeError> {
        self.last = Some(time);
        Ok(Instant { time, ambiguous: false })
    }

    fn of_two(&self, first: Timestamp, second: Timestamp) -> (Timestamp, bool) {
        match self.last {
            None => (first, true),
            Some(last) if last > second + SLACK => (second, true),
            Some(last) if last > first + SLACK => (second, false),
            Some(last) => (first, last + PAUSE < first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(zone: &str, times: &[&str]) -> Vec<(String, bool)> {
        let mut clock = LocalClock::new(TimeZone::get(zone).ok());
        let read = |text: &&str| clock.instant(text.parse().expect("is a time")).expect("is valid");
        times.iter().map(read).map(|instant| (instant.time.to_string(), instant.ambiguous)).collect()
    }

    #[test]
    fn an_hour_that_comes_twice_is_told_by_the_order() {
        let read = read(
            "America/New_York",
            &[
                "2026-11-01T00:59:50",
                "2026-11-01T01:00:05",
                "2026-11-01T01:59:59",
                "2026-11-01T01:59:40",
                "2026-11-01T01:00:01",
                "2026-11-01T01:40:00",
                "2026-11-01T02:00:00",
            ],
        );
        let times: Vec<&str> = read.iter().map(|(time, _)| &time[11..]).collect();
        assert_eq!(times, ["04:59:50Z", "05:00:05Z", "05:59:59Z", "05:59:40Z", "06:00:01Z", "06:40:00Z", "07:00:00Z"]);
        assert_eq!(read.iter().map(|(_, ambiguous)| *ambiguous).collect::<Vec<_>>(), [false, false, true, false, false, false, false]);
    }

    #[test]
    fn what_no_order_tells_is_said_so() {
        assert_eq!(read("America/New_York", &["2026-11-01T01:30:00"]), [("2026-11-01T05:30:00Z".to_owned(), true)]);
        let late = read("America/New_York", &["2026-11-01T05:00:00", "2026-11-01T01:30:00"]);
        assert_eq!(late[1], ("2026-11-01T06:30:00Z".to_owned(), true), "out of order, the nearer");
        let gap = read("America/New_York", &["2026-03-08T01:59:59", "2026-03-08T02:30:00"]);
        assert_eq!(gap[1], ("2026-03-08T07:30:00Z".to_owned(), true), "no such time");
        assert_eq!(read("Asia/Shanghai", &["2026-11-01T01:30:00"]), [("2026-10-31T17:30:00Z".to_owned(), false)]);
    }
}
