//! A time zone as a table of its offsets, so that the local day of an access costs a binary search.

use crate::model::time::{Day, Timestamp};
use jiff::tz::TimeZone;

/// The offsets of one zone over the valid years.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    /// (first second since 1970 at which it holds, offset in seconds), ascending.
    offsets: Vec<(i64, i32)>,
}

/// Where an instant stands in somebody's local time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalTime {
    /// The civil day.
    pub day: Day,
    /// Minutes since local midnight, 0 to 1,439.
    pub minute: u16,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Zone {
        Zone { name: "UTC".to_owned(), offsets: vec![(i64::MIN, 0)] }
    }

    /// The zone of that name in the IANA database; `None` if there is none.
    pub fn named(name: &str) -> Option<Zone> {
        let zone = TimeZone::get(name.trim()).ok()?;
        let first = jiff::Timestamp::from_millisecond(Timestamp::FIRST.0).ok()?;
        let mut offsets = vec![(i64::MIN, zone.to_offset(first).seconds())];
        for transition in zone.following(first) {
            let second = transition.timestamp().as_second();
            if second >= Timestamp::END.seconds() {
                break;
            }
            let offset = transition.offset().seconds();
            if offsets.last().is_some_and(|last| last.1 != offset) {
                offsets.push((second, offset));
            }
        }
        Some(Zone { name: name.trim().to_owned(), offsets })
    }

    /// The name it was asked by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether no local day ends after the UTC day of the same date.
    pub fn is_never_behind_utc(&self) -> bool {
        self.offsets.iter().all(|(_, offset)| *offset >= 0)
    }

    /// Beginning and end of a local day.
    pub fn bounds(&self, day: Day) -> (Timestamp, Timestamp) {
        let begin = |day: Day| {
            let naive = i64::from(day.0) * 86_400;
            // The offset that holds at the naive second is off by hours at most, and only where a change of it is that near.
            let offset = |second: i64| i64::from(self.offsets[self.offsets.partition_point(|(from, _)| *from <= second) - 1].1);
            Timestamp((naive - offset(naive - offset(naive))) * 1_000)
        };
        (begin(day), begin(Day(day.0 + 1)))
    }

    /// The local day and minute of an instant.
    pub fn local(&self, time: Timestamp) -> LocalTime {
        let second = time.seconds();
        let after = self.offsets.partition_point(|(from, _)| *from <= second);
        let local = second + i64::from(self.offsets[after - 1].1);
        LocalTime { day: Day(local.div_euclid(86_400) as i32), minute: (local.rem_euclid(86_400) / 60) as u16 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("is a time")
    }

    #[test]
    fn shanghai_is_eight_hours_ahead() {
        let zone = Zone::named("Asia/Shanghai").expect("exists");
        let local = zone.local(at("2026-03-02T17:30:00Z"));
        assert_eq!((local.day.to_string().as_str(), local.minute), ("2026-03-03", 90));
    }

    #[test]
    fn summer_time_is_followed() {
        let zone = Zone::named("Europe/Berlin").expect("exists");
        assert_eq!(zone.local(at("2026-01-15T12:00:00Z")).minute, 13 * 60);
        assert_eq!(zone.local(at("2026-07-15T12:00:00Z")).minute, 14 * 60);
        assert_eq!(zone.local(at("2090-07-15T12:00:00Z")).minute, 14 * 60);
    }

    #[test]
    fn a_local_day_has_its_bounds() {
        let zone = Zone::named("Europe/Berlin").expect("exists");
        let (from, to) = zone.bounds(Day::parse("2026-03-29").expect("a day"));
        assert_eq!((from, to), (at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")), "an hour shorter");
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        assert!(Zone::named("Mars/Olympus").is_none());
    }
}
