//! On or off duty: whether an instant lies where an employee is expected to work.

use crate::classify::directory::{Absence, DayKind, Directory, Employee};
use crate::model::time::{Day, Timestamp};
use crate::model::zone::LocalTime;

/// How an instant stands to an employee's working time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Duty {
    /// Within working time, or nothing is known against it.
    On,
    /// At night or on a day of rest.
    OutsideShift,
    /// On a holiday of the calendar.
    Holiday,
    /// While absent.
    Absent(Absence),
    /// Before the first day that the directory knows: mostly a personnel feed that comes late.
    BeforeHire,
    /// After the last day employed, or between two spells.
    NotEmployed,
}

/// Working time of those whose shift is not known, in local minutes: wide, so that it accuses nobody of an early start.
const USUAL_SHIFT: (u16, u16) = (7 * 60, 21 * 60);

/// Minutes that everybody may start earlier and stay longer.
const GRACE: u16 = 60;

impl Duty {
    /// Whether it rests on a date of the personnel office that may come late: whoever has come back, or begun, is still away in its feed.
    pub fn may_be_late(self) -> bool {
        matches!(self, Duty::Absent(_) | Duty::BeforeHire)
    }
}

/// Judges an instant. Without an employee in the directory nothing can be held against it.
pub fn duty(directory: &Directory, employee: Option<&Employee>, time: Timestamp) -> (LocalTime, Duty) {
    let local = directory.zone_of(employee).local(time);
    let Some(employee) = employee else { return (local, Duty::On) };
    if employee.left.is_some_and(|left| local.day > left) {
        return (local, Duty::NotEmployed);
    }
    if employee.hired.is_some_and(|hired| local.day < hired) {
        return (local, Duty::BeforeHire);
    }
    match employee.absences.iter().find(|(from, to, _)| *from <= local.day && local.day <= *to) {
        Some((.., kind)) => (local, Duty::Absent(*kind)),
        None => (local, by_the_hour(directory, employee, local)),
    }
}

/// How an instant stands to the hours and days of work alone, whatever the directory says of absences and dates.
pub fn by_the_hour(directory: &Directory, employee: &Employee, local: LocalTime) -> Duty {
    let (start, end) = employee.shift.unwrap_or(USUAL_SHIFT);
    // A night shift belongs to the day on which it starts.
    let started = if end <= start && local.minute < end.saturating_add(GRACE) { Day(local.day.0 - 1) } else { local.day };
    let holiday = directory.day_kind(started) == Some(DayKind::Holiday);
    match (holiday, is_workday(directory, started), within(start, end, local.minute)) {
        (true, ..) => Duty::Holiday,
        (false, true, true) => Duty::On,
        (false, ..) => Duty::OutsideShift,
    }
}

/// Whether a day is worked: by the calendar, else by the weekday. Those with a shift of their own are often on a rota over
/// weekends; whether this one is shows in their history, which the detector looks at.
pub fn is_workday(directory: &Directory, day: Day) -> bool {
    match directory.day_kind(day) {
        Some(DayKind::Workday) => true,
        Some(DayKind::Holiday) => false,
        None => day.weekday() < 5,
    }
}

fn within(start: u16, end: u16, minute: u16) -> bool {
    let over_midnight = end <= start;
    let (start, end) = (start.saturating_sub(GRACE), end.saturating_add(GRACE));
    if over_midnight { minute >= start || minute < end } else { (start..end).contains(&minute) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::directory::DirectoryFiles;
    use crate::model::zone::Zone;

    fn judge(time: &str) -> Duty {
        let files = DirectoryFiles {
            employees: Some(("e", "employee,hired,left,shift_start,shift_end\nday,2026-01-01,2026-03-31,09:00,18:00\n")),
            absences: Some(("a", "employee,from,to,kind\nday,2026-02-02,2026-02-03,leave\n")),
            calendar: Some(("c", "date,kind\n2026-01-28,holiday\n2026-02-07,workday\n")),
            ..DirectoryFiles::default()
        };
        let directory = Directory::parse(&files, Zone::named("Asia/Shanghai").expect("exists")).expect("is valid");
        duty(&directory, directory.employee("day"), Timestamp::parse(time).expect("is a time")).1
    }

    #[test]
    fn working_time_is_local_with_an_hour_of_grace() {
        assert_eq!(judge("2026-01-27T10:00:00+08:00"), Duty::On);
        assert_eq!(judge("2026-01-27T08:10:00+08:00"), Duty::On);
        assert_eq!(judge("2026-01-27T23:00:00+08:00"), Duty::OutsideShift);
        assert_eq!(judge("2026-01-31T10:00:00+08:00"), Duty::OutsideShift, "a Saturday");
    }

    #[test]
    fn calendar_absence_and_employment_are_heard() {
        assert_eq!(judge("2026-01-28T10:00:00+08:00"), Duty::Holiday);
        assert_eq!(judge("2026-02-07T10:00:00+08:00"), Duty::On, "a make-up Saturday");
        assert_eq!(judge("2026-02-03T10:00:00+08:00"), Duty::Absent(Absence::Leave));
        assert_eq!(judge("2026-03-31T10:00:00+08:00"), Duty::On, "the last day employed");
        assert_eq!(judge("2026-04-01T10:00:00+08:00"), Duty::NotEmployed);
        assert_eq!(judge("2025-12-31T10:00:00+08:00"), Duty::BeforeHire);
    }

    #[test]
    fn a_night_shift_belongs_to_the_day_it_starts_on() {
        let files =
            DirectoryFiles { employees: Some(("e", "employee,shift_start,shift_end\nnight,22:00,06:00\n")), ..DirectoryFiles::default() };
        let directory = Directory::parse(&files, Zone::utc()).expect("is valid");
        let judge = |time: &str| duty(&directory, directory.employee("night"), Timestamp::parse(time).expect("is a time")).1;
        assert_eq!(judge("2026-01-30T23:00:00Z"), Duty::On, "Friday night");
        assert_eq!(judge("2026-01-31T05:00:00Z"), Duty::On, "the same shift, Saturday morning");
        assert_eq!(judge("2026-01-30T13:00:00Z"), Duty::OutsideShift);
    }
}
