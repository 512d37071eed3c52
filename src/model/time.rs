//! Event time: an instant in milliseconds, a civil day, a span.
//!
//! Owns what a valid event time is. Zones and calendars belong to [`crate::classify::duty`].

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds of a day of 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An instant of event time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub i64);

/// A civil day of somebody's zone, in days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i32);

/// Why a text or number is not an event time.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TimeError {
    /// Not RFC 3339.
    #[error("must be RFC 3339 with an offset, or integer epoch milliseconds")]
    Form,
    /// Outside of the years that a log can honestly be of.
    #[error("must lie between 2000-01-01 and 2100-01-01")]
    Range,
}

/// The unit of a number that counts since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    #[default]
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl TimeUnit {
    /// Every unit with its name in configurations.
    pub const ALL: [(&'static str, TimeUnit); 4] =
        [("s", TimeUnit::Seconds), ("ms", TimeUnit::Millis), ("us", TimeUnit::Micros), ("ns", TimeUnit::Nanos)];

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        TimeUnit::ALL.iter().find(|(_, unit)| *unit == self).map_or("", |(name, _)| name)
    }

    fn word(self) -> &'static str {
        match self {
            TimeUnit::Seconds => "seconds",
            TimeUnit::Millis => "milliseconds",
            TimeUnit::Micros => "microseconds",
            TimeUnit::Nanos => "nanoseconds",
        }
    }

    fn millis(self, number: i64) -> Option<i64> {
        match self {
            TimeUnit::Seconds => number.checked_mul(1_000),
            TimeUnit::Millis => Some(number),
            TimeUnit::Micros => Some(number.div_euclid(1_000)),
            TimeUnit::Nanos => Some(number.div_euclid(1_000_000)),
        }
    }

    /// The time of so many of them since 1970.
    pub fn since_1970(self, number: i64) -> Result<Timestamp, TimeError> {
        self.millis(number).ok_or(TimeError::Range).and_then(Timestamp::from_millis)
    }

    /// Why a number of this unit is no valid time: what it would be, and the unit of which it would be one.
    pub fn implausible(self, number: i64) -> String {
        let day = self.millis(number).and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
        let day = day
            .map_or(String::new(), |instant| format!("; as {} it is {}", self.word(), jiff::tz::TimeZone::UTC.to_datetime(instant).date()));
        let other = TimeUnit::ALL.iter().find(|(_, unit)| unit.since_1970(number).is_ok());
        let hint = other.map_or(String::new(), |(name, unit)| format!("; epoch {}? set time_unit = \"{name}\"", unit.word()));
        format!("{}{day}{hint}", TimeError::Range)
    }
}

impl Span {
    /// 60 seconds.
    pub const MINUTE: Span = Span(MINUTE_MS);
    /// 60 minutes.
    pub const HOUR: Span = Span(HOUR_MS);
    /// 24 hours.
    pub const DAY: Span = Span(DAY_MS);

    /// So many seconds.
    pub const fn seconds(n: i64) -> Span {
        Span(n * 1_000)
    }
    /// So many minutes.
    pub const fn minutes(n: i64) -> Span {
        Span(n * MINUTE_MS)
    }
    /// So many hours.
    pub const fn hours(n: i64) -> Span {
        Span(n * HOUR_MS)
    }
    /// So many days of 24 hours.
    pub const fn days(n: i64) -> Span {
        Span(n * DAY_MS)
    }

    /// Reads `90s`, `20m`, `24h`, `7d`, as files write it.
    pub fn parse(text: &str) -> Option<Span> {
        let unit = text.chars().last()?;
        let number: i64 = text[..text.len() - unit.len_utf8()].trim().parse().ok()?;
        let factor = match unit {
            's' => 1_000,
            'm' => MINUTE_MS,
            'h' => HOUR_MS,
            'd' => DAY_MS,
            _ => return None,
        };
        number.checked_mul(factor).filter(|ms| *ms >= 0).map(Span)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, ms) in [("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS)] {
            if self.0 >= ms && self.0 % ms == 0 && !(unit == "d" && self.0 == ms) {
                return write!(f, "{}{unit}", self.0 / ms);
            }
        }
        write!(f, "{}s", self.0 / 1_000)
    }
}

impl Timestamp {
    /// 2000-01-01T00:00:00Z, the first valid event time.
    pub const FIRST: Timestamp = Timestamp(946_684_800_000);
    /// 2100-01-01T00:00:00Z, the end of valid event times, exclusive.
    pub const END: Timestamp = Timestamp(4_102_444_800_000);

    /// Epoch milliseconds, if in the valid range.
    pub fn from_millis(ms: i64) -> Result<Timestamp, TimeError> {
        let time = Timestamp(ms);
        if time < Timestamp::FIRST || time >= Timestamp::END { Err(TimeError::Range) } else { Ok(time) }
    }

    /// RFC 3339 with an offset.
    pub fn parse(text: &str) -> Result<Timestamp, TimeError> {
        let instant: jiff::Timestamp = text.trim().parse().map_err(|_| TimeError::Form)?;
        Timestamp::from_millis(instant.as_millisecond())
    }

    /// Whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The day in UTC.
    pub fn utc_day(self) -> Day {
        Day(self.0.div_euclid(DAY_MS) as i32)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; milliseconds only where they are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl Add<Span> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Span;
    fn sub(self, earlier: Timestamp) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Day {
    /// The civil day of a calendar date.
    pub fn of_date(date: jiff::civil::Date) -> Day {
        let epoch = jiff::civil::date(1970, 1, 1);
        Day((date - epoch).get_days())
    }

    /// When this day begins in UTC.
    pub fn utc_midnight(self) -> Timestamp {
        Timestamp(i64::from(self.0) * DAY_MS)
    }

    /// The calendar date of this day.
    pub fn date(self) -> jiff::civil::Date {
        jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(self.0))
    }

    /// Monday is 0, Sunday 6.
    pub fn weekday(self) -> u8 {
        (self.0 + 3).rem_euclid(7) as u8
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Day> {
        text.trim().parse::<jiff::civil::Date>().ok().map(Day::of_date)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_the_wrong_unit_is_refused_with_the_right_one() {
        let numbers = [1_772_442_845, 1_772_442_845_123, 1_772_442_845_123_456, 1_772_442_845_123_456_789];
        for ((_, unit), number) in TimeUnit::ALL.into_iter().zip(numbers) {
            assert_eq!(unit.since_1970(number).map(Timestamp::seconds), Ok(1_772_442_845));
            assert!(TimeUnit::ALL.iter().all(|(_, other)| *other == unit || other.since_1970(number).is_err()));
        }
        let rule = TimeUnit::Millis.implausible(1_772_442_845);
        assert!(rule.ends_with("as milliseconds it is 1970-01-21; epoch seconds? set time_unit = \"s\""), "{rule}");
        assert!(!TimeUnit::Millis.implausible(13_800_000_001).contains("138"));
        assert_eq!(TimeUnit::Seconds.implausible(i64::MAX), TimeError::Range.to_string());
    }

    #[test]
    fn years_outside_of_the_valid_range_are_refused() {
        assert_eq!(Timestamp::parse("9999-01-01T00:00:00Z"), Err(TimeError::Range));
        assert_eq!(Timestamp::parse("1999-12-31T23:59:59Z"), Err(TimeError::Range));
        assert_eq!(Timestamp::parse("yesterday"), Err(TimeError::Form));
        assert_eq!(Timestamp::from_millis(i64::MAX), Err(TimeError::Range));
    }

    #[test]
    fn instants_print_as_rfc_3339() {
        let time = Timestamp::parse("2026-03-02T17:14:05+08:00").expect("is valid");
        assert_eq!(time.to_string(), "2026-03-02T09:14:05Z");
        assert_eq!((time + Span(20)).to_string(), "2026-03-02T09:14:05.02Z");
    }

    #[test]
    fn days_know_their_weekday_and_date() {
        let monday = Day::parse("2026-03-02").expect("is a date");
        assert_eq!(monday.weekday(), 0);
        assert_eq!(Day(monday.0 + 6).weekday(), 6);
        assert_eq!(monday.to_string(), "2026-03-02");
        assert_eq!(Day(0).weekday(), 3, "1970-01-01 was a Thursday");
    }

    #[test]
    fn spans_read_and_print_alike() {
        for text in ["20m", "24h", "7d", "90s"] {
            assert_eq!(Span::parse(text).expect("is a span").to_string(), text);
        }
        assert_eq!(Span::parse("5 weeks"), None);
        assert_eq!(Span::parse("-5m"), None);
        assert_eq!(Span::parse("9999999999999999d"), None);
    }
}
