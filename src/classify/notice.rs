//! Notice: from when on somebody is about to leave, as far as the directory and its reloads say.
//!
//! `status=notice` is a snapshot without a date, so history is judged by dates: the weeks before a known last day. Where a reload of the
//! directory brought the news, notice was given then.

use crate::classify::directory::{Directory, Employee};
use crate::model::time::Day;
use serde::{Deserialize, Serialize};

/// Days before a known last day that count as notice: what labour laws commonly ask for.
pub const NOTICE_DAYS: i32 = 30;

/// Another spell that begins within so many days of the last one goes on with it.
const GOES_ON: i32 = 14;

/// The weeks between notice and leaving.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Their first day.
    pub since: Day,
    /// The last day employed, where it is known.
    pub last: Option<Day>,
}

/// The last day of a spell after which no other follows at once: a move to another job ends a spell as well.
fn last_day(directory: &Directory, spell: &Employee) -> Option<Day> {
    let left = spell.left?;
    let goes_on = |next: &Employee| next.hired.is_some_and(|hired| hired > left && hired.0 - left.0 <= GOES_ON);
    (!directory.spells(&spell.id).iter().any(goes_on)).then_some(left)
}

/// What the directory says of somebody's leaving.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Announced {
    /// That notice is given.
    notice: bool,
    /// The last day.
    last: bool,
}

impl Announced {
    /// Whether it says more than before.
    pub fn adds_to(self, before: Announced) -> bool {
        (self.notice && !before.notice) || (self.last && !before.last)
    }
}

/// What the directory says on a day of somebody's leaving.
pub fn announced(directory: &Directory, spell: Option<&Employee>, day: Day) -> Announced {
    let Some(spell) = spell else { return Announced::default() };
    Announced { notice: spell.notice, last: last_day(directory, spell).is_some_and(|last| day <= last) }
}

/// The weeks of notice that hold a day. `heard`: the day of the reload that brought the news, where one did.
pub fn notice(directory: &Directory, spell: Option<&Employee>, day: Day, heard: Option<Day>) -> Option<Notice> {
    let spell = spell?;
    let last = last_day(directory, spell);
    if last.is_some_and(|last| day > last) {
        return None;
    }
    let before_last = last.map(|last| Day(last.0 - NOTICE_DAYS)).filter(|from| *from <= day);
    let heard = heard.filter(|heard| *heard <= day && (spell.notice || last.is_some()));
    let since = before_last.into_iter().chain(heard).min()?;
    Some(Notice { since, last })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::directory::DirectoryFiles;
    use crate::model::zone::Zone;

    fn directory(rows: &str) -> Directory {
        let text = format!("employee,unit,status,hired,left\n{rows}");
        let files = DirectoryFiles { employees: Some(("employees.csv", text.as_str())), ..DirectoryFiles::default() };
        Directory::parse(&files, Zone::utc()).expect("is valid")
    }

    fn day(text: &str) -> Day {
        Day::parse(text).expect("a day")
    }

    fn since(rows: &str, on: &str, heard: Option<&str>) -> Option<String> {
        let directory = directory(rows);
        let spell = directory.employee_on("E1", day(on));
        notice(&directory, spell, day(on), heard.map(day)).map(|notice| notice.since.to_string())
    }

    #[test]
    fn a_known_last_day_makes_the_weeks_before_it_notice() {
        let rows = "E1,U,active,2020-01-01,2026-04-30\n";
        assert_eq!(since(rows, "2026-04-10", None).as_deref(), Some("2026-03-31"));
        assert_eq!(since(rows, "2026-03-20", None), None, "long before");
        assert_eq!(since(rows, "2026-05-01", None), None, "gone");
        assert_eq!(since(rows, "2026-03-20", Some("2026-03-15")).as_deref(), Some("2026-03-15"), "a reload brought the date");
    }

    #[test]
    fn a_status_without_a_date_counts_from_the_reload_that_brought_it() {
        let rows = "E1,U,notice,2020-01-01,\n";
        assert_eq!(since(rows, "2026-04-10", None), None, "a snapshot has no date");
        assert_eq!(since(rows, "2026-04-10", Some("2026-04-01")).as_deref(), Some("2026-04-01"));
        assert_eq!(since(rows, "2026-03-31", Some("2026-04-01")), None);
        assert_eq!(since("E1,U,active,2020-01-01,\n", "2026-04-10", Some("2026-04-01")), None, "notice was taken back");
    }

    #[test]
    fn a_move_to_another_job_is_no_leaving() {
        assert_eq!(since("E1,U,active,2020-01-01,2026-04-30\nE1,V,active,2026-05-01,\n", "2026-04-10", None), None);
        assert!(since("E1,U,active,2020-01-01,2026-04-30\nE1,V,active,2026-09-01,\n", "2026-04-10", None).is_some(), "rehired later");
    }
}
