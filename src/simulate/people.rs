//! The employees: their jobs, units, managers, shifts, working pace, absences and accounts. What they do on a day is the
//! business of `duty` and `routine`.

use super::Options;
use super::assumptions::{Assumptions, Innocent, begins};
use super::calendar::Calendar;
use super::customers::Book;
use super::rng::{Rng, exp, mix};
use super::roles::{Pattern, ROLES, Role};
use super::sites::{SiteKind, Unit};

/// When somebody works, in minutes since midnight. An end before the start is on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shift {
    Fixed {
        start: u32,
        end: u32,
    },
    /// A week of days, a week of evenings.
    Rotating,
}

/// On which days somebody works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Week {
    Office,
    /// Five days on and two off, whatever the day of the week.
    Rota {
        phase: u32,
    },
}

/// Days out of duty; numbers of days from the start, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Absence {
    pub(crate) from: i32,
    pub(crate) to: i32,
    pub(crate) kind: &'static str,
}

/// What the personnel office has not passed on yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LateFeed {
    /// Days by which the hire is dated later than it was.
    pub(crate) hire: i32,
    /// The job is still the former one.
    pub(crate) job: bool,
    /// Days by which absences go on longer than they did.
    pub(crate) absence: i32,
}

/// One employee of the simulated company.
#[derive(Clone, Debug)]
pub struct Employee {
    pub(crate) id: String,
    pub(crate) account: String,
    /// The logs show the account and not the employee.
    pub(crate) by_account: bool,
    /// The account outlives the employment.
    pub(crate) account_kept: bool,
    pub(crate) unit: u16,
    role: u8,
    /// Until which day, exclusive, in which other job of the same place.
    pub(crate) former: Option<(i32, u8)>,
    /// What the directory does not know yet.
    pub(crate) late: LateFeed,
    pub(crate) manager: Option<u32>,
    pub(crate) employer: &'static str,
    /// First and last day employed, as numbers of days from the start.
    pub(crate) hired: i32,
    pub(crate) left: Option<i32>,
    pub(crate) shift: Shift,
    pub(crate) week: Week,
    /// How much more than the usual of the job this person does.
    pub(crate) pace: f64,
    /// Chance of staying late on a day; people without never come on days off either.
    pub(crate) overtime: f64,
    /// Keeps to tickets more, or less, than the job's usual: a factor of the cases without.
    pub(crate) untidy: f64,
    /// From which day on, and how often, somebody works from home; where it is not left to habit.
    pub(crate) from_home: Option<(u32, f64)>,
    /// In order of days, not overlapping.
    pub(crate) absences: Vec<Absence>,
    pub(crate) book: Book,
}

impl Employee {
    /// The id that logs and directory use.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of the job.
    pub fn role_name(&self) -> &'static str {
        self.role().name
    }

    pub(crate) fn role(&self) -> &'static Role {
        &ROLES[usize::from(self.role)]
    }

    /// The job on a day: a directory knows only the last one.
    pub(crate) fn role_on(&self, day: u32) -> &'static Role {
        match self.former {
            Some((until, role)) if (day as i32) < until => &ROLES[usize::from(role)],
            Some(_) | None => self.role(),
        }
    }

    /// The login by which [`SECOND_SYSTEM`] knows this person, where it has logins of its own.
    pub(crate) fn second_login(&self) -> String {
        format!("k{}", self.id.to_lowercase())
    }

    /// The job that the directory has.
    pub(crate) fn listed_role(&self) -> &'static Role {
        match self.former {
            Some((_, former)) if self.late.job => &ROLES[usize::from(former)],
            Some(_) | None => self.role(),
        }
    }

    /// The day of the hire that the directory has.
    pub(crate) fn listed_hire(&self) -> i32 {
        if self.hired > 0 { self.hired + self.late.hire } else { self.hired }
    }

    /// Comes with the bank that joins: nothing was here before.
    fn joins(&mut self, calendar: &Calendar) {
        let first = begins(calendar.len()) as i32;
        self.hired = self.hired.max(first);
        self.left = self.left.filter(|left| *left > first);
        self.former = None;
        self.absences.retain(|absence| absence.from > first);
    }

    pub(crate) fn role_index(&self) -> usize {
        usize::from(self.role)
    }

    /// Neither nights nor evenings, and no rota.
    pub(crate) fn works_by_day(&self) -> bool {
        self.week == Week::Office && matches!(self.shift, Shift::Fixed { start, end } if start < end)
    }

    pub(crate) fn employed(&self, day: i32) -> bool {
        self.hired <= day && self.left.is_none_or(|left| day <= left)
    }

    pub(crate) fn absent(&self, day: i32) -> Option<&Absence> {
        self.absences.iter().find(|absence| absence.from <= day && day <= absence.to)
    }

    /// Distinct persons of a usual day, about.
    pub(crate) fn usual_persons(&self) -> f64 {
        self.role().volume * self.pace / (self.role().case * 1.2)
    }
}

/// The system that knows people by logins of its own where that is assumed.
pub(crate) const SECOND_SYSTEM: &str = "core";

const VENDORS: [&str; 2] = ["Blue Harbour Outsourcing", "Northgate Contact, Ltd."];

/// Hires everybody. `units` must hold their customers already.
pub(crate) fn plan(options: &Options, assume: &Assumptions, calendar: &Calendar, units: &[Unit]) -> Vec<Employee> {
    let (seed, count) = (options.seed, options.employees);
    let width = count.to_string().len().max(4);
    let mut employees: Vec<Employee> = (0..count).map(|index| hire(seed, assume, index, width, calendar.len() as i32, units)).collect();
    if options.innocent == Some(Innocent::Merger) {
        employees.iter_mut().filter(|employee| units[usize::from(employee.unit)].joins).for_each(|employee| employee.joins(calendar));
    }
    let heads: Vec<Option<u32>> = (0..units.len()).map(|unit| head_of(&employees, unit as u16)).collect();
    let chief = units.iter().position(|unit| unit.place == SiteKind::HeadOffice).and_then(|unit| heads[unit]);
    let mut slots = vec![0; units.len()];
    for employee in employees.iter().filter(|employee| employee.role().book == 0) {
        slots[usize::from(employee.unit)] += 1;
    }
    let mut used = vec![0; units.len()];
    for (index, employee) in employees.iter_mut().enumerate() {
        let unit = usize::from(employee.unit);
        let own = Some(index as u32);
        employee.manager = if heads[unit] == own { chief.filter(|chief| Some(*chief) != own) } else { heads[unit] };
        let mut rng = Rng::of(&[seed, 0xb00c, index as u64]);
        employee.book = if employee.role().book == 0 {
            used[unit] += 1;
            Book::portfolio(&units[unit].customers, used[unit] - 1, slots[unit])
        } else {
            let branch = units[unit].serves[rng.below(units[unit].serves.len() as u32) as usize];
            Book::scattered(&units[usize::from(branch)].customers, employee.role().book, &mut rng)
        };
    }
    employees
}

/// The manager of a branch, else who comes first.
fn head_of(employees: &[Employee], unit: u16) -> Option<u32> {
    let of_unit = || employees.iter().enumerate().filter(|(_, employee)| employee.unit == unit);
    let manager = of_unit().find(|(_, employee)| employee.role().name == "branch manager");
    manager.or_else(|| of_unit().next()).map(|(index, _)| index as u32)
}

fn hire(seed: u64, assume: &Assumptions, index: u32, width: usize, days: i32, units: &[Unit]) -> Employee {
    let mut rng = Rng::of(&[seed, 0x0e3b, u64::from(index)]);
    // A golden-ratio sequence gives every job its share in companies of every size.
    let percent = ((u64::from(index.wrapping_mul(2_654_435_769)) * 100) >> 32) as u32;
    let mut before = 0;
    let share = |nth: usize| assume.shares.map_or(ROLES[nth].percent, |shares| shares[nth]);
    let role = (0..ROLES.len()).find(|nth| {
        before += share(*nth);
        percent < before
    });
    let role = role.expect("shares of roles add up to a hundred");
    let job = &ROLES[role];
    let places: Vec<usize> = (0..units.len()).filter(|unit| units[*unit].place == job.place).collect();
    let unit = places[rng.weighted(places.iter().map(|unit| units[*unit].weight))];
    let (shift, week) = rota(job, &mut rng);
    let (hired, left) = employment(days, &mut rng);
    let former = former(role, assume.role_change, days, hired, left, &mut Rng::of(&[seed, 0xf0a3, u64::from(index)]));
    let mut nature = Rng::of(&[seed, 0x7a7e, u64::from(index)]);
    let mut employee = Employee {
        id: format!("E{:0width$}", index + 1),
        account: format!("{}{:0width$}", units[unit].code, index + 1),
        by_account: rng.chance(0.2),
        account_kept: rng.chance(0.3),
        unit: unit as u16,
        role: role as u8,
        former,
        late: late(assume.late_feed, &mut Rng::of(&[seed, 0x1a7e, u64::from(index)])),
        manager: None,
        employer: if job.name == "vendor agent" { VENDORS[rng.below(2) as usize] } else { "" },
        hired,
        left,
        shift,
        week,
        pace: exp(0.45 * rng.normal() - 0.1),
        overtime: if rng.chance(0.4) { 0.0 } else { 0.02 + 0.12 * rng.unit() },
        untidy: exp(0.5 * nature.normal() - 0.12),
        from_home: None,
        absences: absences(days, &mut rng),
        book: Book::default(),
    };
    // The first vendor's agents sit together where the company is built so.
    if let Some(desk) = units.last().filter(|unit| unit.weight == 0 && employee.employer == VENDORS[0]) {
        employee.unit = units.len() as u16 - 1;
        employee.account = format!("{}{:0width$}", desk.code, index + 1);
    }
    employee
}

/// Each of the three by itself.
fn late(chance: f64, rng: &mut Rng) -> LateFeed {
    let mut days = |least, most| if rng.chance(chance) { rng.between(least, most) as i32 } else { 0 };
    let (hire, job, absence) = (days(3, 20), days(1, 1), days(2, 5));
    LateFeed { hire, job: job > 0, absence }
}

/// Two in a hundred change jobs within the range, for another of the same place that has customers of the same sort.
fn former(role: usize, chance: f64, days: i32, hired: i32, left: Option<i32>, rng: &mut Rng) -> Option<(i32, u8)> {
    let job = &ROLES[role];
    let alike = |other: &usize| *other != role && ROLES[*other].place == job.place && ROLES[*other].pattern == job.pattern;
    let others: Vec<usize> = (0..ROLES.len()).filter(alike).collect();
    if others.is_empty() || !rng.chance(chance) || days < 10 || hired > -30 || left.is_some() {
        return None;
    }
    let until = days / 4 + rng.below(days as u32 / 2) as i32;
    Some((until, others[rng.below(others.len() as u32) as usize] as u8))
}

const fn fixed(start: u32, end: u32) -> Shift {
    Shift::Fixed { start, end }
}

fn rota(job: &Role, rng: &mut Rng) -> (Shift, Week) {
    let early = 15 * rng.below(3);
    let office = fixed(8 * 60 + 30 + early, 17 * 60 + 30 + early);
    let phase = rng.below(7);
    match job.pattern {
        Pattern::Office => (office, Week::Office),
        Pattern::Counter if rng.chance(0.3) => (office, Week::Rota { phase }),
        Pattern::Counter => (office, Week::Office),
        Pattern::RoundTheClock => {
            let shift = match rng.below(100) {
                0..55 => office,
                55..75 => fixed(14 * 60, 22 * 60),
                75..88 => Shift::Rotating,
                _ => fixed(22 * 60, 6 * 60),
            };
            (shift, Week::Rota { phase })
        }
    }
}

/// First and last day: 2 % come and 2 % go within the range, 1 % had gone before it, and a few have given notice.
fn employment(days: i32, rng: &mut Rng) -> (i32, Option<i32>) {
    let before = -(60 + rng.below(4000) as i32);
    let within = 1 + rng.below(days.max(2) as u32 - 1) as i32;
    match rng.below(1000) {
        0..20 => (within, None),
        20..40 => (before, Some(within)),
        40..50 => (before - 300, Some(-1 - rng.below(200) as i32)),
        50..60 => (before, Some(days + rng.below(28) as i32)),
        _ => (before, None),
    }
}

fn absences(days: i32, rng: &mut Rng) -> Vec<Absence> {
    let mut all = Vec::new();
    let span = f64::from(days);
    if rng.chance(0.012) {
        let from = rng.below(days as u32 + 60) as i32 - 60;
        all.push(Absence { from, to: from + 60 + rng.below(90) as i32, kind: "leave" });
    }
    for (kind, every, longest) in [("leave", 75.0, 8), ("sick", 150.0, 3), ("training", 300.0, 4)] {
        for _ in 0..rng.poisson(span / every) {
            let from = rng.below(days as u32) as i32;
            all.push(Absence { from, to: from + rng.below(longest) as i32, kind });
        }
    }
    all.sort_by_key(|absence| absence.from);
    let mut free = i32::MIN;
    all.retain(|absence| {
        let fits = absence.from > free;
        if fits {
            free = absence.to;
        }
        fits
    });
    all
}

/// A few absences (3 %) are broken once by a look at one's own customer: the day on which that happens.
pub(crate) fn glance(seed: u64, who: u32, absence: &Absence) -> Option<i32> {
    let dice = mix(&[seed, 0x61a2, u64::from(who), absence.from as u64]);
    (dice % 100 < 3).then(|| absence.from + (dice >> 32) as i32 % (absence.to - absence.from + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::sites::Shape;
    use jiff::civil::date;

    #[test]
    fn everybody_has_a_manager_but_one_and_absences_do_not_overlap() {
        let calendar = Calendar::new(date(2026, 1, 5), 60, "Asia/Shanghai").unwrap();
        let units = super::super::sites::plan(2000, 200_000, &Shape { unequal: 1, vendor_unit: false, merger: false });
        let options = Options { employees: 2000, seed: 1, ..Options::default() };
        let people = plan(&options, options.assume.figures(), &calendar, &units);
        assert_eq!(people.iter().filter(|employee| employee.manager.is_none()).count(), 1);
        assert!(people.iter().enumerate().all(|(index, employee)| employee.manager != Some(index as u32)));
        assert!(people.iter().all(|employee| employee.absences.windows(2).all(|pair| pair[0].to < pair[1].from)));
        let tellers = people.iter().filter(|employee| employee.role_name() == "teller").count();
        assert!((470..=490).contains(&tellers), "{tellers}");
    }
}
