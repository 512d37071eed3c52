//! The server's timestamps: civil time and the zone's abbreviation.
//!
//! `CST` is China and the United States, `IST` India, Israel and Ireland. Which one a log means it often tells itself: the id of a
//! session holds the instant at which it began, and beside it the log has that moment in its own zone.

use crate::decode::DecodeError;
use crate::model::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Reads the times of one log.
pub(super) struct Clock {
    /// The configured zone, for abbreviations of several meanings of which the log tells nothing.
    zone: Option<TimeZone>,
    /// What abbreviations turned out to mean.
    known: Vec<(String, Offset)>,
}

/// Most abbreviations that are learned: a log has two.
const MOST_KNOWN: usize = 16;

impl Clock {
    /// A clock of the configured zone.
    pub fn new(zone: Option<TimeZone>) -> Clock {
        Clock { zone, known: Vec::new() }
    }

    /// Reads `2026-11-23 16:59:41.856 UTC`.
    pub fn read(&self, text: &str) -> Result<Timestamp, DecodeError> {
        let (civil, zone) = split(text).ok_or_else(|| refuse("must be a date, a time and a zone"))?;
        let instant = match self.offset(zone).or_else(|| self.configured(civil, zone)) {
            Some(offset) => offset.to_timestamp(civil).map_err(|_| refuse("must be a valid time"))?,
            None => return Err(refuse("has a zone abbreviation of several meanings: the zone of the log must be configured")),
        };
        Timestamp::from_millis(instant.as_millisecond()).map_err(|error| refuse(&error.to_string()))
    }

    /// Reads a time of a line that has the id and the start of its session.
    pub fn read_in_session(&mut self, text: &str, session: &str, start: Option<&str>) -> Result<Timestamp, DecodeError> {
        if let (Some(start), true) = (start, self.is_open(text)) {
            self.learn(session, start);
        }
        self.read(text)
    }

    /// The messages beside a time are in Chinese: then `CST` is China's, unless something says otherwise.
    pub fn speaks_chinese(&mut self, text: &str) {
        if self.waits(text) && split(text).is_some_and(|(_, zone)| zone == "CST") {
            self.keep("CST", 8 * 3_600);
        }
    }

    /// Whether the zone of a time is not known other than by the configuration.
    pub fn is_open(&self, text: &str) -> bool {
        split(text).is_some_and(|(_, zone)| !zone.is_empty() && fixed(zone).is_none())
    }

    /// Whether a time cannot be read yet, but could once the meaning of its zone is learned.
    pub fn waits(&self, text: &str) -> bool {
        let unknown = |civil, zone: &str| !zone.is_empty() && self.offset(zone).or_else(|| self.configured(civil, zone)).is_none();
        split(text).is_some_and(|(civil, zone)| unknown(civil, zone))
    }

    /// The offset of the configured zone at that time, unless the abbreviation never means it: `CST` is not UTC's, and whoever
    /// configures the days of the report to be UTC's has not said which of its meanings the log has.
    fn configured(&self, civil: DateTime, abbreviation: &str) -> Option<Offset> {
        let zone = self.zone.as_ref()?;
        let offset = zone.to_offset(zone.to_timestamp(civil).ok()?);
        let several = meanings(abbreviation);
        (several.is_empty() || several.iter().any(|quarters| i64::from(*quarters) * QUARTER == i64::from(offset.seconds())))
            .then_some(offset)
    }

    /// Learns from the id of a session (`6b0470fd.9e0`) and its start as the log writes it. Both are of the same second.
    pub fn learn(&mut self, session: &str, start: &str) {
        let (Some(began), Some((civil, zone))) = (began(session), split(start)) else { return };
        let Some(ahead) = ahead(civil, began) else { return };
        let whole = (ahead + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
        if (ahead - whole).abs() <= 2 {
            self.keep(zone, whole);
        }
    }

    /// Learns from the id of a session and the time of its first line, which follows its start by moments.
    pub fn learn_by_first(&mut self, session: &str, first: &str) {
        let (Some(began), Some((civil, zone))) = (began(session), split(first)) else { return };
        let Some(ahead) = ahead(civil, began) else { return };
        let fits = |offset: i64| (-1..=MOMENTS).contains(&(ahead - offset));
        match meanings(zone) {
            // Of several meanings exactly one may fit.
            [] => {
                let whole = ahead.div_euclid(QUARTER) * QUARTER;
                if ahead - whole <= 5 {
                    self.keep(zone, whole);
                }
            }
            several => {
                let mut fitting = several.iter().map(|quarters| i64::from(*quarters) * QUARTER).filter(|offset| fits(*offset));
                if let (Some(offset), None) = (fitting.next(), fitting.next()) {
                    self.keep(zone, offset);
                }
            }
        }
    }

    fn keep(&mut self, zone: &str, seconds: i64) {
        let offset = i32::try_from(seconds).ok().filter(|s| s.abs() <= 15 * 3_600).and_then(|s| Offset::from_seconds(s).ok());
        let Some(offset) = offset.filter(|_| !zone.is_empty() && fixed(zone).is_none()) else { return };
        // A topic may carry the lines of several servers: the last that was heard of is the likeliest.
        self.known.retain(|(known, _)| known != zone);
        if self.known.len() < MOST_KNOWN {
            self.known.push((zone.to_owned(), offset));
        }
    }

    fn offset(&self, zone: &str) -> Option<Offset> {
        let known = |zone: &str| self.known.iter().find(|(known, _)| known == zone).map(|(_, offset)| *offset);
        fixed(zone).or_else(|| known(zone)).or_else(|| {
            // Summer time is an hour ahead of the standard time of the same place.
            let (twin, seconds) = match zone.strip_suffix("ST") {
                Some(place) => (format!("{place}DT"), -3_600),
                None => (format!("{}ST", zone.strip_suffix("DT")?), 3_600),
            };
            Offset::from_seconds(known(&twin)?.seconds() + seconds).ok()
        })
    }
}

/// A quarter of an hour in seconds: offsets are multiples of it.
const QUARTER: i64 = 900;
/// Seconds after the start of a session in which its first line is written.
const MOMENTS: i64 = 60;

fn refuse(rule: &str) -> DecodeError {
    DecodeError::Field { field: "timestamp", rule: rule.to_owned() }
}

/// Seconds since 1970 at which a session began, by its id.
fn began(session: &str) -> Option<i64> {
    let (hex, _) = session.split_once('.')?;
    i64::from_str_radix(hex, 16).ok().filter(|seconds| (Timestamp::FIRST.seconds()..Timestamp::END.seconds()).contains(seconds))
}

/// How far a clock that shows the civil time is ahead of UTC, if it is that instant.
fn ahead(civil: DateTime, instant: i64) -> Option<i64> {
    Some(Offset::UTC.to_timestamp(civil).ok()?.as_second() - instant)
}

fn split(text: &str) -> Option<(DateTime, &str)> {
    let text = text.trim();
    let date_end = text.find([' ', 'T'])?;
    let rest = &text[date_end + 1..];
    let time_end = rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'))?;
    let (civil, zone) = text.split_at(date_end + 1 + time_end);
    Some((civil.parse().ok()?, zone.trim()))
}

/// What an abbreviation of several meanings can mean, in quarters of an hour.
fn meanings(zone: &str) -> &'static [i8] {
    match zone {
        "CST" => &[32, -24, -20],
        "CDT" => &[-20, -16, 36],
        "IST" => &[22, 8, 4],
        "PST" => &[-32, 32],
        "BST" => &[4, 24],
        "AST" => &[-16, 12],
        "EST" => &[-20, 40],
        "SST" => &[-44, 32],
        "GST" => &[16, 40],
        "AMT" => &[-16, 16],
        _ => &[],
    }
}

/// The offset of an abbreviation with one meaning, or of a numeric zone.
fn fixed(zone: &str) -> Option<Offset> {
    let hours = match zone {
        "UTC" | "GMT" | "Z" | "UCT" | "WET" => 0,
        "CET" | "WAT" | "WEST" => 1,
        "CEST" | "SAST" | "EET" | "CAT" => 2,
        "MSK" | "EAT" | "EEST" | "IDT" => 3,
        "PKT" => 5,
        "WIB" => 7,
        "HKT" | "WITA" | "AWST" => 8,
        "KST" | "JST" | "WIT" => 9,
        "AEST" => 10,
        "AEDT" => 11,
        "NZST" => 12,
        "NZDT" => 13,
        "ADT" => -3,
        "EDT" => -4,
        "MDT" => -6,
        "MST" | "PDT" => -7,
        "AKDT" => -8,
        "AKST" | "HDT" => -9,
        "HST" => -10,
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
        Clock::new(None).read(text).map(|time| time.to_string())
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
        let clock = Clock::new(TimeZone::get("Asia/Shanghai").ok());
        let time = clock.read("2026-11-24 00:59:41 CST").expect("reads");
        assert_eq!(time.to_string(), "2026-11-23T16:59:41Z");
    }

    #[test]
    fn a_configured_zone_that_never_has_the_abbreviation_tells_nothing() {
        let mut clock = Clock::new(TimeZone::get("UTC").ok());
        assert!(clock.waits("2026-11-24 00:59:41 CST") && clock.read("2026-11-24 00:59:41 CST").is_err());
        assert!(!clock.waits("2026-11-24 00:59:41") && !clock.waits("2026-11-24 00:59:41 XYZ"));
        clock.speaks_chinese("2026-11-24 00:59:41 CST");
        assert_eq!(clock.read("2026-11-24 00:59:41 CST").expect("reads").to_string(), "2026-11-23T16:59:41Z");
    }

    /// 2026-11-23T16:59:41Z, as the id of a session has it.
    const BEGAN: &str = "6b0470fd.9e0";

    #[test]
    fn the_start_of_a_session_tells_what_its_zone_means() {
        let mut clock = Clock::new(TimeZone::get("America/Chicago").ok());
        let time = clock.read_in_session("2026-11-24 00:59:50.5 CST", BEGAN, Some("2026-11-24 00:59:41 CST")).expect("reads");
        assert_eq!(time.to_string(), "2026-11-23T16:59:50.5Z", "what the log tells goes before what is configured");
        assert_eq!(clock.read("2026-11-24 01:00:00 CST").expect("reads").to_string(), "2026-11-23T17:00:00Z");
    }

    #[test]
    fn a_session_that_began_in_summer_time_tells_of_standard_time() {
        let mut clock = Clock::new(None);
        let time = clock.read_in_session("2026-11-23 11:30:00 CST", BEGAN, Some("2026-11-23 11:59:41 CDT")).expect("reads");
        assert_eq!(time.to_string(), "2026-11-23T17:30:00Z");
    }

    #[test]
    fn the_first_line_of_a_session_tells_where_only_one_meaning_fits() {
        let mut clock = Clock::new(None);
        assert!(clock.waits("2026-11-24 00:59:42.1 CST"));
        clock.learn_by_first(BEGAN, "2026-11-24 02:59:42.1 CST");
        assert!(clock.waits("2026-11-24 00:59:42.1 CST"), "two hours after its start it is no first line");
        clock.learn_by_first(BEGAN, "2026-11-24 00:59:42.1 CST");
        assert_eq!(clock.read("2026-11-24 01:00:00 CST").expect("reads").to_string(), "2026-11-23T17:00:00Z");
    }

    #[test]
    fn an_id_that_has_nothing_to_do_with_the_time_teaches_nothing() {
        let mut clock = Clock::new(None);
        for (id, start) in
            [("x.y", "2026-11-24 00:59:41 CST"), (BEGAN, "2026-11-24 00:52:41 CST"), (BEGAN, "2036-11-24 00:59:41 CST"), (BEGAN, "")]
        {
            clock.learn(id, start);
            assert!(clock.waits("2026-11-24 00:59:42.1 CST"), "{id} {start}");
        }
    }

    #[test]
    fn a_log_in_chinese_has_the_time_of_china() {
        let mut clock = Clock::new(None);
        clock.speaks_chinese("2026-11-24 00:59:42 CST");
        assert_eq!(clock.read("2026-11-24 01:00:00 CST").expect("reads").to_string(), "2026-11-23T17:00:00Z");
        let mut configured = Clock::new(TimeZone::get("America/Chicago").ok());
        configured.speaks_chinese("2026-11-24 00:59:42 CST");
        assert_eq!(configured.read("2026-11-24 01:00:00 CST").expect("reads").to_string(), "2026-11-24T07:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-11-23", "2026-13-23 00:00:00 UTC", "1026-11-23 00:00:00 UTC", "2026-11-23 16:59:41"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
