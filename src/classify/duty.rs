//! On or off duty: whether an instant lies where an employee is expected to work, by the shift on file and the shape of the week of the role.

use crate::classify::directory::{Absence, DayKind, Directory, Employee};
use crate::model::time::{Day, Timestamp};
use crate::model::week_hours::WeekHours;
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

/// Working time of those whose shift is not known, and of whose role nothing was learnt yet, in local minutes: wide, so that it accuses nobody of an early start.
const USUAL_SHIFT: (u16, u16) = (7 * 60, 21 * 60);

/// Minutes that everybody may start earlier and stay longer.
const GRACE: u16 = 60;

impl Duty {
    /// Whether it rests on a date of the personnel office that may come late: whoever has come back, or begun, is still away in its feed.
    pub fn may_be_late(self) -> bool {
        matches!(self, Duty::Absent(_) | Duty::BeforeHire)
    }
}

/// Judges an instant. Without an employee in the directory nothing can be held against it. `role` are the hours in which the role works, where
/// that was learnt.
pub fn duty(directory: &Directory, employee: Option<&Employee>, role: Option<&WeekHours>, time: Timestamp) -> (LocalTime, Duty) {
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
        None => (local, by_the_hour(directory, employee, role, local)),
    }
}

/// How an instant stands to the hours and days of work alone, whatever the directory says of absences and dates. Where no shift is on file, the
/// hours are those of the role; where one is, the role says which days of rest are worked.
pub fn by_the_hour(directory: &Directory, employee: &Employee, role: Option<&WeekHours>, local: LocalTime) -> Duty {
    if let (None, Some(role)) = (employee.shift, role) {
        return by_the_role(directory, role, local);
    }
    let (start, end) = employee.shift.unwrap_or(USUAL_SHIFT);
    // A night shift belongs to the day on which it starts.
    let started = if end <= start && local.minute < end.saturating_add(GRACE) { Day(local.day.0 - 1) } else { local.day };
    let holiday = directory.day_kind(started) == Some(DayKind::Holiday);
    let of_role = || role.is_some_and(|role| role.has(local.day.weekday(), u32::from(local.minute / 60)));
    match (holiday, is_workday(directory, started) || of_role(), within(start, end, local.minute)) {
        (true, ..) => Duty::Holiday,
        (false, true, true) => Duty::On,
        (false, ..) => Duty::OutsideShift,
    }
}

/// How an instant stands to the hours of a role, with an hour of grace.
fn by_the_role(directory: &Directory, role: &WeekHours, local: LocalTime) -> Duty {
    let (hour, kind) = (u32::from(local.minute / 60), directory.day_kind(local.day));
    let works = |hour: u32| match kind {
        Some(DayKind::Workday) => role.has_on_workdays(hour),
        Some(DayKind::Holiday) | None => role.has(local.day.weekday(), hour),
    };
    match kind {
        Some(DayKind::Holiday) => Duty::Holiday,
        _ if (hour.saturating_sub(1)..=(hour + 1).min(23)).any(works) => Duty::On,
        _ => Duty::OutsideShift,
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
        duty(&directory, directory.employee("day"), None, Timestamp::parse(time).expect("is a time")).1
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
        let judge = |time: &str| duty(&directory, directory.employee("night"), None, Timestamp::parse(time).expect("is a time")).1;
        assert_eq!(judge("2026-01-30T23:00:00Z"), Duty::On, "Friday night");
        assert_eq!(judge("2026-01-31T05:00:00Z"), Duty::On, "the same shift, Saturday morning");
        assert_eq!(judge("2026-01-30T13:00:00Z"), Duty::OutsideShift);
    }

    #[test]
    fn where_no_shift_is_on_file_the_hours_of_the_role_are_those_of_work() {
        let files = DirectoryFiles {
            employees: Some(("e", "employee,shift_start,shift_end\nrota,,\nearly,06:00,14:00\n")),
            calendar: Some(("c", "date,kind\n2026-01-28,holiday\n2026-02-01,workday\n")),
            ..DirectoryFiles::default()
        };
        let directory = Directory::parse(&files, Zone::utc()).expect("is valid");
        // Round the clock from Monday to Saturday, and nobody on Sundays.
        let mut role = WeekHours::default();
        (0..6).for_each(|weekday| (0..24).for_each(|hour| role.add(weekday, hour)));
        let judge = |who: &str, role: Option<&WeekHours>, time: &str| {
            duty(&directory, directory.employee(who), role, Timestamp::parse(time).expect("is a time")).1
        };
        assert_eq!(judge("rota", None, "2026-01-27T03:00:00Z"), Duty::OutsideShift, "nothing was learnt yet");
        assert_eq!(judge("rota", Some(&role), "2026-01-27T03:00:00Z"), Duty::On);
        assert_eq!(judge("rota", Some(&role), "2026-01-31T03:00:00Z"), Duty::On, "a Saturday");
        assert_eq!(judge("rota", Some(&role), "2026-01-25T03:00:00Z"), Duty::OutsideShift, "a Sunday");
        assert_eq!(judge("rota", Some(&role), "2026-02-01T03:00:00Z"), Duty::On, "a Sunday that is made up for");
        assert_eq!(judge("rota", Some(&role), "2026-01-28T10:00:00Z"), Duty::Holiday);
        assert_eq!(judge("early", Some(&role), "2026-01-31T10:00:00Z"), Duty::On, "a Saturday on which the role works");
        assert_eq!(judge("early", None, "2026-01-31T10:00:00Z"), Duty::OutsideShift);
        assert_eq!(judge("early", Some(&role), "2026-01-31T20:00:00Z"), Duty::OutsideShift, "the own shift holds");
    }
}
