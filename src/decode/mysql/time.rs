//! The times of MySQL's relatives: civil, in UTC or in the server's zone.

use crate::decode::DecodeError;
use crate::decode::local_clock::{Instant, LocalClock};
use crate::model::time::{TimeError, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads `2021-06-30T16:19:00 UTC`, `2021-06-30T16:19:00Z`, `2021-06-30 16:19:00`, all of them UTC, and times with an offset.
pub(super) fn utc(text: &str) -> Result<Timestamp, DecodeError> {
    let text = text.trim();
    if let Ok(time) = Timestamp::parse(text) {
        return Ok(time);
    }
    let civil = text.strip_suffix("UTC").unwrap_or(text).trim_end();
    instant(civil.parse().map_err(|_| refuse("must be a date and a time"))?, &TimeZone::UTC)
}

/// Reads `20261123 17:12:35` of the clock's zone, the same in ISO's form (`server_audit_timestamp_format`), and the microseconds
/// since 1970 of Amazon Aurora.
pub(super) fn local(text: &str, clock: &mut LocalClock) -> Result<Instant, DecodeError> {
    let rule = "must be a date and a time, or a time since 1970";
    let known = |clock: &mut LocalClock, time: Result<Timestamp, TimeError>| {
        time.and_then(|time| clock.known(time)).map_err(|error| refuse(&error.to_string()))
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().map_err(|_| refuse(rule))?;
        let millis = match text.len() {
            16 => number / 1_000,
            13 => number,
            10 => number * 1_000,
            _ => return Err(refuse(rule)),
        };
        return known(clock, Timestamp::from_millis(millis));
    }
    if let Some(civil) = plain(text) {
        return clock.instant(civil).map_err(|error| refuse(&error.to_string()));
    }
    // `server_audit_timestamp_format` may be anything; what names its offset needs no zone.
    if let Ok(time) = Timestamp::parse(text) {
        return known(clock, Ok(time));
    }
    let (date, time) = text.split_once([' ', 'T']).ok_or_else(|| refuse(rule))?;
    let civil: DateTime = format!("{date} {:0>8}", time.trim_start()).parse().map_err(|_| refuse(rule))?;
    clock.instant(civil).map_err(|error| refuse(&error.to_string()))
}

/// `20261123 17:12:35`, or with a blank for the hour's zero.
fn plain(text: &str) -> Option<DateTime> {
    let bytes = text.as_bytes();
    if bytes.len() != 17 || bytes[8] != b' ' || bytes[11] != b':' || bytes[14] != b':' {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().enumerate().try_fold(0_i16, |sum, (at, byte)| match byte {
            b'0'..=b'9' => Some(sum * 10 + i16::from(byte - b'0')),
            b' ' if at == 0 && from == 9 => Some(0),
            _ => None,
        })
    };
    let small = |from: usize| number(from, from + 2).and_then(|number| i8::try_from(number).ok());
    DateTime::new(number(0, 4)?, small(4)?, small(6)?, small(9)?, small(12)?, small(15)?, 0).ok()
}

fn instant(civil: DateTime, zone: &TimeZone) -> Result<Timestamp, DecodeError> {
    let instant = zone.to_timestamp(civil).map_err(|_| refuse("must be a valid time"))?;
    Timestamp::from_millis(instant.as_millisecond()).map_err(|error| refuse(&error.to_string()))
}

fn refuse(rule: &str) -> DecodeError {
    DecodeError::Field { field: "timestamp", rule: rule.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_unless_the_zone_is_said() {
        for text in ["2021-06-30T16:19:00 UTC", "2021-06-30T16:19:00Z", "2021-06-30 16:19:00", "2021-06-30T18:19:00+02:00"] {
            assert_eq!(utc(text).expect("reads").to_string(), "2021-06-30T16:19:00Z", "{text}");
        }
        let at = |text: &str, zone: &str| local(text, &mut LocalClock::new(TimeZone::get(zone).ok())).expect("reads").time.to_string();
        assert_eq!(at("20261123 17:12:35", ""), "2026-11-23T17:12:35Z");
        assert_eq!(at("20261123  7:12:35", ""), "2026-11-23T07:12:35Z");
        for text in ["20261123 17:12:35", "2026-11-23 17:12:35", "2026-11-23T17:12:35", "2026-11-23T10:12:35+01:00"] {
            assert_eq!(at(text, "Asia/Shanghai"), "2026-11-23T09:12:35Z", "{text}");
        }
        assert_eq!(at("1573852321234567", ""), "2019-11-15T21:12:01.234Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "20261123", "99991123 00:00:00", "20261323 00:00:00", "99999999999999999999", "2026年1123 1"] {
            assert!(local(text, &mut LocalClock::default()).is_err(), "{text}");
            assert!(utc(text).is_err() || text == "20261123", "{text}");
        }
    }
}
