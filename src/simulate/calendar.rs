//! The days of the simulated range: their dates, public holidays, make-up workdays, month ends and their place in real time.
//! Who works on a day is the business of `duty`.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::Error;

pub(crate) const MINUTE: u32 = 60_000;
pub(crate) const HOUR: u32 = 60 * MINUTE;
pub(crate) const DAY: u32 = 24 * HOUR;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DayKind {
    Workday,
    Weekend,
    Holiday,
    /// A weekend day that is worked in exchange for a holiday.
    MakeUp,
}

#[derive(Clone, Debug)]
pub(crate) struct Day {
    pub(crate) date: Date,
    pub(crate) kind: DayKind,
    /// One of the last two workdays of the month, or the first of the next.
    pub(crate) month_end: bool,
    /// Epoch milliseconds of local midnight.
    pub(crate) midnight_ms: i64,
    /// Shorter than 24 hours where the clocks go forward.
    pub(crate) length_ms: u32,
    /// The offset at midnight as RFC 3339 writes it. It serves the whole day: still the right instant where clocks change.
    pub(crate) offset: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    pub(crate) zone: TimeZone,
    start: Date,
    days: Vec<Day>,
}

type MonthDay = (i8, i8);

/// The arrangement announced by the State Council for 2026: holidays by first and last date, then make-up workdays.
const HOLIDAYS_2026: &[(MonthDay, MonthDay)] =
    &[((1, 1), (1, 3)), ((2, 15), (2, 23)), ((4, 4), (4, 6)), ((5, 1), (5, 5)), ((6, 19), (6, 21)), ((9, 25), (9, 27)), ((10, 1), (10, 7))];
const MAKE_UP_2026: &[MonthDay] = &[(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)];
/// Other years: only what the solar calendar fixes.
const HOLIDAYS: &[(MonthDay, MonthDay)] = &[((1, 1), (1, 1)), ((5, 1), (5, 3)), ((10, 1), (10, 3))];

fn kind_of(date: Date) -> DayKind {
    let (holidays, make_up) = if date.year() == 2026 { (HOLIDAYS_2026, MAKE_UP_2026) } else { (HOLIDAYS, &[][..]) };
    let day = (date.month(), date.day());
    if holidays.iter().any(|(first, last)| *first <= day && day <= *last) {
        DayKind::Holiday
    } else if make_up.contains(&day) {
        DayKind::MakeUp
    } else if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
        DayKind::Weekend
    } else {
        DayKind::Workday
    }
}

fn is_month_end(date: Date) -> bool {
    let works = |date: Date| matches!(kind_of(date), DayKind::Workday | DayKind::MakeUp);
    let later = (1..=14).map(|n| date.saturating_add(n.days())).filter(|next| works(*next) && next.month() == date.month());
    let earlier = (1..date.day()).filter(|n| works(date.saturating_sub(n.days())));
    works(date) && (later.count() < 2 && date.day() > 14 || earlier.count() == 0)
}

impl Calendar {
    pub(crate) fn new(start: Date, days: u32, zone: &str) -> Result<Self, Error> {
        let zone = TimeZone::get(zone).map_err(|_| Error::options("zone", "must be a time zone of the IANA database", zone))?;
        let days = (0..i64::from(days))
            .map(|n| {
                let date = start.checked_add(n.days())?;
                let midnight = date.to_zoned_datetime(zone.clone())?;
                let next = date.tomorrow()?.to_zoned_datetime(zone.clone())?;
                let midnight_ms = midnight.timestamp().as_millisecond();
                let length_ms = (next.timestamp().as_millisecond() - midnight_ms).min(i64::from(DAY)) as u32;
                let offset = midnight.strftime("%:z").to_string();
                Ok(Day { date, kind: kind_of(date), month_end: is_month_end(date), midnight_ms, length_ms, offset })
            })
            .collect::<Result<_, jiff::Error>>()
            .map_err(|_| Error::options("start", "must leave room for the days within the calendar", &start.to_string()))?;
        Ok(Self { zone, start, days })
    }

    /// Number of days in the range.
    pub(crate) fn len(&self) -> u32 {
        self.days.len() as u32
    }

    pub(crate) fn day(&self, day: u32) -> &Day {
        &self.days[day as usize]
    }

    pub(crate) fn days(&self) -> impl Iterator<Item = &Day> {
        self.days.iter()
    }

    /// The date of a day number, which may lie before or after the range.
    pub(crate) fn date(&self, day: i32) -> Date {
        self.start.saturating_add(i64::from(day).days())
    }

    /// Epoch milliseconds of a time of day, in milliseconds since local midnight.
    pub(crate) fn instant(&self, day: u32, at: u32) -> i64 {
        self.day(day).midnight_ms + i64::from(at)
    }

    /// RFC 3339 with the local offset, to the second, rounded down.
    pub(crate) fn rfc3339(&self, ms: i64) -> String {
        let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        time.to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_spring_festival_of_2026_and_its_make_up_days_are_known() {
        assert_eq!(kind_of(date(2026, 2, 14)), DayKind::MakeUp);
        assert!((15..=23).all(|day| kind_of(date(2026, 2, day)) == DayKind::Holiday));
        assert_eq!(kind_of(date(2026, 2, 24)), DayKind::Workday);
        assert_eq!(kind_of(date(2027, 2, 15)), DayKind::Workday);
    }

    #[test]
    fn month_end_is_the_last_two_workdays_and_the_first() {
        let ends: Vec<i8> = (1..=28).filter(|day| is_month_end(date(2026, 2, *day))).collect();
        assert_eq!(ends, [2, 27, 28]);
    }

    #[test]
    fn a_day_on_which_clocks_go_forward_is_shorter() {
        let calendar = Calendar::new(date(2026, 3, 29), 2, "Europe/Berlin").unwrap();
        assert_eq!(calendar.day(0).length_ms, 23 * 60 * MINUTE);
        assert_eq!(calendar.instant(1, 0) - calendar.instant(0, 0), i64::from(23 * 60 * MINUTE));
        assert!(Calendar::new(date(2026, 3, 29), 2, "Mars/Olympus").is_err());
    }
}
