//! The server's timestamps: civil time and the zone's abbreviation.

use crate::decode::DecodeError;
use crate::model::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Reads `2026-11-23 16:59:41.856 UTC`.
///
/// `CST` is China and the United States, `IST` India, Israel and Ireland: an abbreviation that means several offsets is read in
/// the configured zone, and refused where none is configured.
pub(super) fn parse(text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, DecodeError> {
    let refuse = |rule: &str| DecodeError::Field { field: "timestamp", rule: rule.to_owned() };
    let (civil, abbreviation) = split(text.trim()).ok_or_else(|| refuse("must be a date, a time and a zone"))?;
    let civil: DateTime = civil.parse().map_err(|_| refuse("must be a date, a time and a zone"))?;
    let instant = match (offset(abbreviation), zone) {
        (Some(offset), _) => offset.to_timestamp(civil).map_err(|_| refuse("must be a valid time"))?,
        (None, Some(zone)) => zone.to_timestamp(civil).map_err(|_| refuse("must be a valid time"))?,
        (None, None) => return Err(refuse("has a zone abbreviation of several meanings: the zone of the log must be configured")),
    };
    Timestamp::from_millis(instant.as_millisecond()).map_err(|error| refuse(&error.to_string()))
}

fn split(text: &str) -> Option<(&str, &str)> {
    let date_end = text.find([' ', 'T'])?;
    let rest = &text[date_end + 1..];
    let time_end = rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'))?;
    Some((&text[..date_end + 1 + time_end], rest[time_end..].trim()))
}

/// The offset of an abbreviation with one meaning, or of a numeric zone.
fn offset(zone: &str) -> Option<Offset> {
    let hours = match zone {
        "UTC" | "GMT" | "Z" | "UCT" => 0,
        "CET" => 1,
        "CEST" | "SAST" => 2,
        "MSK" | "EAT" => 3,
        "PKT" => 5,
        "WIB" => 7,
        "HKT" | "WITA" => 8,
        "KST" | "JST" | "WIT" => 9,
        _ => return numeric(zone),
    };
    Offset::from_hours(hours).ok()
}

fn numeric(zone: &str) -> Option<Offset> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits.get(2..).filter(|m| !m.is_empty()).unwrap_or("0").parse().ok()?);
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, DecodeError> {
        parse(text, None).map(|time| time.to_string())
    }

    #[test]
    fn zones_of_one_meaning_and_numeric_ones_are_read() {
        assert_eq!(read("2026-11-23 16:59:41.856 UTC").expect("reads"), "2026-11-23T16:59:41.856Z");
        assert_eq!(read("2026-11-24 01:59:41 KST").expect("reads"), "2026-11-23T16:59:41Z");
        assert_eq!(read("2026-11-23 13:29:41-03:30").expect("reads"), "2026-11-23T16:59:41Z");
        assert_eq!(read("2026-11-24 00:59:41 +08").expect("reads"), "2026-11-23T16:59:41Z");
    }

    #[test]
    fn an_ambiguous_zone_needs_the_configured_one() {
        assert!(matches!(read("2026-11-24 00:59:41 CST"), Err(DecodeError::Field { field: "timestamp", .. })));
        let shanghai = TimeZone::get("Asia/Shanghai").expect("exists");
        let time = parse("2026-11-24 00:59:41 CST", Some(&shanghai)).expect("reads");
        assert_eq!(time.to_string(), "2026-11-23T16:59:41Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-11-23", "2026-13-23 00:00:00 UTC", "1026-11-23 00:00:00 UTC", "2026-11-23 16:59:41"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
