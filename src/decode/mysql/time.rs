//! The times of MySQL's relatives: civil, in UTC or in the server's zone.

use crate::decode::DecodeError;
use crate::model::time::Timestamp;
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

/// Reads `20261123 17:12:35` of the zone, and the microseconds since 1970 of Amazon Aurora.
pub(super) fn local(text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, DecodeError> {
    let rule = "must be a date and a time, or a time since 1970";
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().map_err(|_| refuse(rule))?;
        let millis = match text.len() {
            16 => number / 1_000,
            13 => number,
            10 => number * 1_000,
            _ => return Err(refuse(rule)),
        };
        return Timestamp::from_millis(millis).map_err(|error| refuse(&error.to_string()));
    }
    let (date, time) = text.split_once(' ').ok_or_else(|| refuse(rule))?;
    let civil: DateTime = format!("{date} {:0>8}", time.trim_start()).parse().map_err(|_| refuse(rule))?;
    instant(civil, zone.unwrap_or(&TimeZone::UTC))
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
        let shanghai = TimeZone::get("Asia/Shanghai").expect("exists");
        assert_eq!(local("20261123 17:12:35", None).expect("reads").to_string(), "2026-11-23T17:12:35Z");
        assert_eq!(local("20261123  7:12:35", None).expect("reads").to_string(), "2026-11-23T07:12:35Z");
        assert_eq!(local("20261123 17:12:35", Some(&shanghai)).expect("reads").to_string(), "2026-11-23T09:12:35Z");
        assert_eq!(local("1573852321234567", None).expect("reads").to_string(), "2019-11-15T21:12:01.234Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "20261123", "99991123 00:00:00", "20261323 00:00:00", "99999999999999999999", "2026年1123 1"] {
            assert!(local(text, None).is_err(), "{text}");
            assert!(utc(text).is_err() || text == "20261123", "{text}");
        }
    }
}
