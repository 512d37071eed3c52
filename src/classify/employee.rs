//! An employee as the directory knows them: spells of employment and of roles, each with its dates, and absences.
//!
//! Somebody who was rehired or moved has a row of `employees.csv` for each spell. Of spells that overlap the later one holds from its
//! first day on: the former ends on the day before.

use crate::model::time::Day;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::Arc;

/// One spell of an employee. Blank cells are `None`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Employee {
    /// The id that logs and accounts name.
    pub id: Arc<str>,
    /// Organisational unit.
    pub unit: Option<Arc<str>>,
    /// Role, e.g. `teller`.
    pub role: Option<Arc<str>>,
    /// Sector of the organisation.
    pub sector: Option<Arc<str>>,
    /// Where they work.
    pub location: Option<Arc<str>>,
    /// Who leads them.
    pub manager: Option<Arc<str>>,
    /// The outside employer; blank is one's own.
    pub employer: Option<Arc<str>>,
    /// First day of the spell.
    pub hired: Option<Day>,
    /// Last day of the spell.
    pub left: Option<Day>,
    /// Whether notice is given, as the directory stands: a status without a date.
    pub notice: bool,
    /// Local minutes at which the shift starts and ends; an end before the start is on the next day.
    pub shift: Option<(u16, u16)>,
    /// Place in the directory's list of zones.
    pub(super) zone: usize,
    /// Days of absence, inclusive, with their kind.
    pub absences: Vec<(Day, Day, Absence)>,
}

/// Why somebody is absent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absence {
    /// On leave.
    Leave,
    /// Sick.
    Sick,
    /// In training: away from the usual work, and often still at a desk.
    Training,
}

impl Absence {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Absence::Leave => "leave",
            Absence::Sick => "sick",
            Absence::Training => "training",
        }
    }
}

/// All spells of one employee, by their first days; there is at least one.
#[derive(Clone, Debug)]
pub(super) struct Employment {
    spells: Vec<Employee>,
}

/// What became of a row that was added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Added {
    /// It is a spell of its own.
    Spell,
    /// It says what another row says.
    Same,
    /// Another row begins on the same day and says something else.
    Contradicts,
}

impl Employment {
    pub(super) fn new(first: Employee) -> Employment {
        Employment { spells: vec![first] }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, spell: Employee) -> Added {
        let at = self.spells.partition_point(|known| known.hired < spell.hired);
        match self.spells.get_mut(at) {
            // A status is no part of a spell: it is as of today.
            Some(known) if *known == (Employee { notice: known.notice, ..spell.clone() }) => {
                known.notice |= spell.notice;
                Added::Same
            }
            Some(known) if known.hired == spell.hired => Added::Contradicts,
            Some(_) | None => {
                self.spells.insert(at, spell);
                Added::Spell
            }
        }
    }

    /// Ends each spell before the next one begins, once all are known. Gives the first days of those that began before the one before
    /// them had ended as its row says.
    pub(super) fn settle(&mut self) -> Vec<Day> {
        let mut overlaps = Vec::new();
        for at in 1..self.spells.len() {
            let Some(next) = self.spells[at].hired else { continue };
            let before = Day(next.0 - 1);
            let former = &mut self.spells[at - 1];
            if former.left.is_some_and(|left| left > before) {
                overlaps.push(next);
            }
            former.left = Some(former.left.map_or(before, |left| left.min(before)));
        }
        overlaps
    }

    /// The newest spell.
    pub(super) fn newest(&self) -> &Employee {
        &self.spells[self.spells.len() - 1]
    }

    /// The spell of a day that `day_of` gives in the zone of each: the one that has begun last, whether or not it is over; the first one
    /// before all.
    pub(super) fn at(&self, day_of: impl Fn(&Employee) -> Day) -> &Employee {
        let has_begun = |spell: &&Employee| spell.hired.is_none_or(|hired| hired <= day_of(spell));
        self.spells.iter().rev().find(has_begun).unwrap_or(&self.spells[0])
    }

    /// Every spell.
    pub(super) fn spells(&self) -> &[Employee] {
        &self.spells
    }

    /// Notes an absence, whichever spell it lies in.
    pub(super) fn add_absence(&mut self, absence: (Day, Day, Absence)) {
        self.spells.iter_mut().for_each(|spell| spell.absences.push(absence));
    }
}

/// Units between which somebody moved, each with the first by name of those that such moves bring together.
pub(super) fn linked<'a>(all: impl Iterator<Item = &'a Employment>) -> HashMap<Arc<str>, Arc<str>, FixedState> {
    let mut first: HashMap<Arc<str>, Arc<str>, FixedState> = HashMap::default();
    for employment in all {
        let mut units: Vec<Arc<str>> = employment.spells().iter().filter_map(|spell| spell.unit.clone()).collect();
        units.sort_unstable();
        units.dedup();
        if units.len() < 2 {
            continue;
        }
        let mut firsts: Vec<Arc<str>> = units.iter().map(|unit| first.get(unit).unwrap_or(unit).clone()).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let least = firsts[0].clone();
        first.extend(units.into_iter().map(|unit| (unit, least.clone())));
        // Each time two of them become one: as often as there are units, at most.
        if firsts.len() > 1 {
            first.values_mut().filter(|known| firsts.contains(known)).for_each(|known| *known = least.clone());
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use crate::classify::directory::{Directory, DirectoryFiles};
    use crate::model::time::Timestamp;
    use crate::model::zone::Zone;

    fn directory(rows: &str) -> Result<Directory, Vec<crate::model::problem::Problem>> {
        let text = format!("employee,unit,role,hired,left\n{rows}");
        let files = DirectoryFiles { employees: Some(("employees.csv", text.as_str())), ..DirectoryFiles::default() };
        Directory::parse(&files, Zone::utc())
    }

    fn unit(directory: &Directory, id: &str, date: &str) -> String {
        let time = Timestamp::parse(&format!("{date}T12:00:00Z")).expect("is a time");
        directory.employee_at(id, time).and_then(|spell| spell.unit.as_deref()).unwrap_or("nowhere").to_owned()
    }

    #[test]
    fn each_day_has_the_spell_that_began_last() {
        let directory = directory(
            "E1,South,clerk,2026-04-01,\nE1,North,teller,2020-01-01,2025-12-31\nE2,North,teller,,\nE2,West,clerk,2026-03-01,2026-06-30\n",
        );
        let directory = directory.expect("is valid");
        let of = |id: &str, date: &str| unit(&directory, id, date);
        assert_eq!(
            (of("E1", "2019-12-31"), of("E1", "2025-12-31"), of("E1", "2026-02-01")),
            ("North".into(), "North".into(), "North".into())
        );
        assert_eq!(
            (of("E1", "2026-04-01"), of("E2", "2026-02-28"), of("E2", "2026-12-01")),
            ("South".into(), "North".into(), "West".into())
        );
        let ends: Vec<Option<String>> = directory.spells("E2").iter().map(|spell| spell.left.map(|day| day.to_string())).collect();
        assert_eq!(ends, [Some("2026-02-28".to_owned()), Some("2026-06-30".to_owned())], "an open spell ends where the next one begins");
        assert_eq!((directory.employees(), directory.feeds()[&crate::model::feed::Feed::Employees].size.rows), (2, 4));
        assert_eq!(
            (directory.linked_unit("West"), directory.linked_unit("South"), directory.linked_unit("East")),
            ("North", "North", "East")
        );
    }

    #[test]
    fn rows_that_say_the_same_are_told_and_rows_that_contradict_are_refused() {
        let same = directory("E1,North,teller,2020-01-01,\nE1,North,teller,2020-01-01,\nE2,North,,,\nE2,North,,,,\n").expect("is valid");
        let rows = &same.feeds()[&crate::model::feed::Feed::Employees];
        assert_eq!((rows.size.rows, rows.size.entries, rows.size.repeated, rows.size.ragged), (2, 2, 2, 0));
        assert!(rows.notes[0].place.starts_with("employees.csv:3"), "{:?}", rows.notes);
        let problems = directory("E1,North,teller,2020-01-01,\nE1,South,teller,2020-01-01,\n").expect_err("contradicts itself");
        assert!(problems[0].to_string().starts_with("employees.csv:3: employee must stand once, or once for each spell"), "{problems:?}");
    }

    #[test]
    fn a_spell_that_begins_before_the_one_before_it_ended_holds_and_is_told() {
        let directory = directory("E1,North,teller,2020-01-01,2026-03-31\nE1,South,teller,2026-03-31,\n").expect("is valid");
        assert_eq!((unit(&directory, "E1", "2026-03-30"), unit(&directory, "E1", "2026-03-31")), ("North".into(), "South".into()));
        assert_eq!(directory.feeds()[&crate::model::feed::Feed::Employees].notes.len(), 1);
    }
}
