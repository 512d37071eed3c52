//! Times as the query tools of databases write them: as the settings of a session say, which nobody chose for a reader.

use crate::decode::local_clock::{Instant, LocalClock};
use crate::decode::row;
use crate::model::time::{DAY_MS, Timestamp};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Reads a time: ISO's forms, the interval since 1970 (`+000017794 22:56:57.111795`), and dates with the month's name or between dots
/// and slashes (`02-MAR-26 09.00.01.123456 AM +08:00`, `02.03.26 09:00:01,123456 Europe/Berlin`), `/Date(1772442000286)/`.
pub fn read(text: &str, clock: &mut LocalClock) -> Option<Instant> {
    let text = text.trim();
    // What PowerShell makes of a time in JSON.
    let text = text.strip_prefix("/Date(").and_then(|text| text.strip_suffix(")/")).unwrap_or(text);
    if let Some(civil) = iso(text) {
        return clock.instant(civil).ok();
    }
    match row::time(text, None).or_else(|| interval(text)) {
        Some(time) => clock.known(time).ok(),
        None => named(text, clock),
    }
}

/// ISO's form without a zone.
fn iso(text: &str) -> Option<DateTime> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b',' | b' ' | b'T'));
    let dated = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    if !plain || !dated || text.get(11..).is_some_and(|rest| rest.contains('-')) {
        return None;
    }
    text.replace(',', ".").parse().ok()
}

/// Days and a clock since 1970.
fn interval(text: &str) -> Option<Timestamp> {
    let (days, clock) = text.strip_prefix('+')?.split_once(' ')?;
    let mut parts = clock.split(':').map(|part| part.parse::<f64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let days: i64 = days.parse().ok()?;
    let clock = ((hours * 60.0 + minutes) * 60.0 + seconds) * 1_000.0;
    Timestamp::from_millis(days.checked_mul(DAY_MS)?.checked_add(clock as i64)?).ok()
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// A date as people write it, a clock, perhaps the half of the day, perhaps a zone.
fn named(text: &str, clock: &mut LocalClock) -> Option<Instant> {
    // Months are padded: `02-3月 -26`.
    let text = text.replace("月 -", "月-");
    let mut words = text.split_whitespace();
    let date = date(words.next()?.trim_end_matches(','))?;
    let (time, half_behind) = words.next().map_or(Some((Time::midnight(), None)), clock_time)?;
    let mut rest: Vec<&str> = words.collect();
    let half = half_behind.or_else(|| rest.first().and_then(|word| half_of_day(word)));
    if half_behind.is_none() && half.is_some() {
        rest.remove(0);
    }
    let hour = match half {
        Some(false) => time.hour() % 12,
        Some(true) => time.hour() % 12 + 12,
        None => time.hour(),
    };
    let time = Time::new(hour, time.minute(), time.second(), time.subsec_nanosecond()).ok()?;
    let civil = DateTime::from_parts(date, time);
    match rest.as_slice() {
        [] => clock.instant(civil).ok(),
        [zone] | [zone, _] => {
            let whole = |zone: &str| row::time(&format!("{civil}{zone}"), None);
            let instant = || {
                let zone = TimeZone::get(zone).ok()?;
                Timestamp::from_millis(zone.to_timestamp(civil).ok()?.as_millisecond()).ok()
            };
            let time =
                if zone.starts_with(['+', '-']) || matches!(*zone, "Z" | "UTC") { whole(&zone.replace("UTC", "Z")) } else { instant() };
            clock.known(time?).ok()
        }
        _ => None,
    }
}

/// `02-MAR-26`, `02-3月-26`, `02.03.2026`, `2026/03/02`, `03/02/2026`.
fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['-', '.', '/', ' ']).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    let number = |text: &str| text.parse::<i16>().ok();
    let small = |text: &str| text.parse::<i8>().ok();
    let year = |text: &str| number(text).map(|year| if text.len() <= 2 { year + 2_000 } else { year });
    if first.len() == 4 {
        return Date::new(number(first)?, small(second)?, small(third)?).ok();
    }
    let upper = second.to_uppercase();
    let spelt = MONTHS.iter().position(|name| upper.starts_with(name)).map(|month| month as i8 + 1);
    let spelt = spelt.or_else(|| upper.strip_suffix('月').and_then(small));
    match spelt {
        Some(month) => Date::new(year(third)?, month, small(first)?).ok(),
        // Between slashes Americans put the month first; a day says so where it is greater than twelve.
        None if text.contains('/') => Date::new(year(third)?, small(first)?, small(second)?)
            .or_else(|_| Date::new(year(third).unwrap_or(0), small(second).unwrap_or(0), small(first).unwrap_or(0)))
            .ok(),
        None => Date::new(year(third)?, small(second)?, small(first)?).ok(),
    }
}

/// `09.00.01.123456`, `09:00:01,5`, and `09.00.01AM` with the half of the day.
fn clock_time(text: &str) -> Option<(Time, Option<bool>)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':' | ','))).unwrap_or(text.len());
    let half = if end < text.len() { Some(half_of_day(&text[end..])?) } else { None };
    let mut parts = text[..end].splitn(4, ['.', ':', ',']);
    let mut number = || parts.next().and_then(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (number()?, number()?, number().unwrap_or(0));
    let fraction = parts.next().map_or(Some(0), |digits| format!("{digits:0<9}").get(..9)?.parse::<i32>().ok())?;
    Some((Time::new(hour, minute, second, fraction).ok()?, half))
}

/// Whether it is the second half.
fn half_of_day(word: &str) -> Option<bool> {
    match word.trim_matches('.').to_uppercase().replace('.', "").as_str() {
        "AM" | "上午" => Some(false),
        "PM" | "下午" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, zone: &str) -> Option<String> {
        read(text, &mut LocalClock::new(TimeZone::get(zone).ok())).map(|instant| instant.time.to_string())
    }

    #[test]
    fn the_times_of_query_tools_are_read() {
        assert_eq!(at("+000017794 22:56:57.111795", "").as_deref(), Some("2018-09-20T22:56:57.111Z"));
        for text in [
            "02-MAR-26 09.00.01.123456 PM +08:00",
            "02-MAR-2026 21:00:01.123456",
            "02-3月 -26 09.00.01.123456 下午",
            "02-3月-26 09.00.01.123456 下午",
            "02.03.26 21:00:01,123456",
            "02.03.26 21:00:01,123456000 Asia/Shanghai",
            "2026-03-02 21:00:01.123456",
            "2026-03-02T13:00:01.123456Z",
            "2026-03-02 21:00:01.123456 +08:00",
            "03/02/2026 09:00:01.123 PM",
            "3/2/2026, 9:00:01.123 PM",
            "2026/03/02 21:00:01.123",
            "/Date(1772456401123)/",
        ] {
            assert_eq!(at(text, "Asia/Shanghai").as_deref(), Some("2026-03-02T13:00:01.123Z"), "{text}");
        }
        assert_eq!(at("02-MAR-26 12.00.01.123456789 AM", "").as_deref(), Some("2026-03-02T00:00:01.123Z"));
        assert_eq!(at("02-MAR-26", "").as_deref(), Some("2026-03-02T00:00:00Z"));
        assert_eq!(at("03/22/2026 01:00:00", "").as_deref(), Some("2026-03-22T01:00:00Z"));
        for text in [
            "+x y",
            "+99999999999999999999 1:1:1",
            "+1 1e999:1:1",
            "02-XYZ-26 1.1.1",
            "",
            "AM",
            "a b c d e f",
            "02-MAR-26 1.1.1 Nowhere/At",
        ] {
            assert_eq!(at(text, ""), None, "{text}");
        }
    }
}
