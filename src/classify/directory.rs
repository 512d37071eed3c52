//! The directory: who works where, whose account is whose at a date, who was absent, which days are holidays.
//!
//! Owns `employees.csv`, `absences.csv`, `calendar.csv` (docs/contract.md §5). Logins are matched in [`crate::classify::logins`]; what
//! is on or off duty is judged in [`crate::classify::duty`].

pub use crate::classify::employee::{Absence, Employee};
use crate::classify::employee::{Added, Employment, linked};
pub use crate::classify::logins::AccountEntries;
use crate::classify::logins::{Login, LoginMatching, LoginRules, Logins, Mapping};
use crate::classify::names::{Likeness, NameIndex, is_disguised};
use crate::classify::table_file::{self, CsvRow};
use crate::model::access::{Actor, UNLISTED};
use crate::model::feed::{Feed, FeedRows, FeedSize};
use crate::model::identity::Identity;
use crate::model::problem::Problem;
use crate::model::shown::{is_plain, shown};
use crate::model::signs::Signs;
use crate::model::time::{Day, Timestamp};
use crate::model::zone::Zone;
use foldhash::fast::FixedState;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A day that differs from its weekday.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DayKind {
    /// Nobody is expected to work.
    Holiday,
    /// A make-up workday.
    Workday,
}

/// The files of the directory, as texts with the names that problems show.
#[derive(Default)]
pub struct DirectoryFiles<'a> {
    /// `employees.csv`
    pub employees: Option<(&'a str, &'a str)>,
    /// `accounts.csv`
    pub accounts: Option<(&'a str, &'a str)>,
    /// `absences.csv`
    pub absences: Option<(&'a str, &'a str)>,
    /// `calendar.csv`
    pub calendar: Option<(&'a str, &'a str)>,
    /// How logins are matched.
    pub rules: LoginRules,
}

/// A record names neither an employee nor an account that could be known: it has no actor.
pub const UNKNOWN_ACTOR: &str = "(unknown)";

/// Who stands behind a record, and how that is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identified {
    /// The person or the login.
    pub actor: Actor,
    /// How.
    pub identity: Identity,
    /// What its names show that is meant against the record.
    pub signs: Signs,
}

impl Identified {
    fn new(actor: Actor, identity: Identity) -> Identified {
        Identified { actor, identity, signs: Signs::default() }
    }

    fn confusable(self) -> Identified {
        Identified { signs: self.signs.and(Signs::CONFUSABLE_NAME), ..self }
    }
}

/// Everything known of the people of the organisation.
#[derive(Debug)]
pub struct Directory {
    employees: HashMap<Arc<str>, Employment, FixedState>,
    /// How much of each file there is.
    feeds: BTreeMap<Feed, FeedRows>,
    /// Units between which somebody moved, each with the first of those that such moves bring together.
    linked_units: HashMap<Arc<str>, Arc<str>, FixedState>,
    names: NameIndex,
    logins: Logins,
    has_accounts: bool,
    calendar: BTreeMap<Day, DayKind>,
    /// The first is the default zone.
    pub(super) zones: Vec<Zone>,
}

impl Directory {
    /// A directory that knows nobody: accounts are taken as employees.
    pub fn empty(zone: Zone) -> Directory {
        let logins = Logins::none(LoginRules::default());
        let names = NameIndex::default();
        Directory {
            employees: HashMap::default(),
            feeds: BTreeMap::new(),
            linked_units: HashMap::default(),
            names,
            logins,
            has_accounts: false,
            calendar: BTreeMap::new(),
            zones: vec![zone],
        }
    }

    /// Reads the files; every mistake of all of them is reported.
    pub fn parse(files: &DirectoryFiles<'_>, default_zone: Zone) -> Result<Directory, Vec<Problem>> {
        let mut directory = Directory { logins: Logins::none(files.rules.clone()), ..Directory::empty(default_zone) };
        let mut problems = Vec::new();
        let mut feeds = BTreeMap::new();
        let mut note = |feed: Feed, result: Result<FeedRows, Vec<Problem>>| match result {
            Ok(rows) => drop(feeds.insert(feed, rows)),
            Err(found) => problems.extend(found),
        };
        if let Some((file, text)) = files.employees {
            note(Feed::Employees, directory.read_employees(file, text));
        }
        if let Some((file, text)) = files.accounts {
            directory.has_accounts = true;
            let (logins, employees) = (&mut directory.logins, &directory.employees);
            let known = |id: &str| employees.get_key_value(id).map_or_else(|| Arc::from(id), |(known, _)| known.clone());
            note(Feed::Accounts, table_file::read(text, file, &["account"], |row, found| logins.add(row, found, known)));
        }
        if let Some((file, text)) = files.absences {
            let read = table_file::read(text, file, &["employee", "from", "to"], |row, found| directory.add_absence(row, found));
            note(Feed::Absences, read);
        }
        if let Some((file, text)) = files.calendar {
            note(Feed::Calendar, table_file::read(text, file, &["date", "kind"], |row, found| directory.add_day(row, found)));
        }
        directory.feeds = feeds;
        if problems.is_empty() { Ok(directory) } else { Err(problems) }
    }

    fn read_employees(&mut self, file: &str, text: &str) -> Result<FeedRows, Vec<Problem>> {
        let mut same = Vec::new();
        let read = table_file::read(text, file, &["employee"], |row, found| match self.add_employee(row, found) {
            Some(Added::Spell) | None => {}
            Some(Added::Same) => same.push(row.place().to_owned()),
            Some(Added::Contradicts) => {
                let rule = "must stand once, or once for each spell, which `hired` and `left` tell apart";
                found.push(Problem::new(format!("{}: employee", row.place()), rule, row.text("employee").unwrap_or("")));
            }
        });
        let mut rows = read?;
        rows.size = FeedSize { rows: rows.size.rows - same.len() as u64, repeated: rows.size.repeated + same.len() as u64, ..rows.size };
        rows.size.entries = self.employees.len() as u64;
        for place in same {
            rows.note(|| Problem::plain(format!("{place}:"), "says of an employee what a row before it says"));
        }
        let settled = self.employees.iter_mut().flat_map(|(id, employment)| employment.settle().into_iter().map(|day| (id.clone(), day)));
        let mut overlaps: Vec<(Arc<str>, Day)> = settled.collect();
        overlaps.sort_unstable();
        for (id, day) in overlaps {
            let rule = format!("has a spell that begins on {day}, before the one before it has ended: the later one holds from then on");
            rows.note(|| Problem::new(format!("{file}: employee"), rule, id));
        }
        self.linked_units = linked(self.employees.values());
        Ok(rows)
    }

    fn add_employee(&mut self, row: &CsvRow<'_>, problems: &mut Vec<Problem>) -> Option<Added> {
        let id = row.required("employee", problems)?;
        let zone = row.text("timezone").map_or(Some(0), |name| self.zone_index(name));
        if zone.is_none() {
            problems.push(Problem::new(
                format!("{}: timezone", row.place()),
                "must be a zone of the IANA database",
                row.text("timezone").unwrap_or(""),
            ));
        }
        let clock = |text: &str| {
            let (hours, minutes) = text.split_once(':')?;
            let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.get(..2)?.parse().ok()?);
            (hours <= 24 && minutes < 60 && hours * 60 + minutes <= 1_440).then_some(hours * 60 + minutes)
        };
        let start = row.parsed("shift_start", "must be HH:MM", problems, clock);
        let end = row.parsed("shift_end", "must be HH:MM", problems, clock);
        let known = ["active", "on_leave", "notice", "left"];
        let notice =
            row.parsed("status", "must be active, on_leave, notice or left", problems, |s| known.contains(&s).then(|| s == "notice"));
        let (hired, left) = (row.day("hired", problems), row.day("left", problems));
        if let (Some(hired), Some(left)) = (hired, left)
            && left < hired
        {
            problems.push(Problem::new(format!("{}: left", row.place()), format!("must not be before hired ({hired})"), left));
        }
        let id: Arc<str> = Arc::from(id);
        let text = |column: &str| row.text(column).map(Arc::from);
        let employee = Employee {
            id: id.clone(),
            unit: text("unit"),
            role: text("role"),
            sector: text("sector"),
            location: text("location"),
            manager: text("manager"),
            employer: text("employer"),
            hired,
            left,
            notice: notice.unwrap_or(false),
            shift: start.zip(end),
            zone: zone.unwrap_or(0),
            absences: Vec::new(),
        };
        Some(match self.employees.get_mut(&id) {
            Some(known) => known.add(employee),
            None => {
                self.names.add(&id);
                self.employees.insert(id, Employment::new(employee));
                Added::Spell
            }
        })
    }

    fn zone_index(&mut self, name: &str) -> Option<usize> {
        if let Some(at) = self.zones.iter().position(|zone| zone.name() == name) {
            return Some(at);
        }
        self.zones.push(Zone::named(name)?);
        Some(self.zones.len() - 1)
    }

    fn add_absence(&mut self, row: &CsvRow<'_>, problems: &mut Vec<Problem>) {
        let kind = row.parsed("kind", "must be leave, sick or training", problems, |text| match text {
            "leave" => Some(Absence::Leave),
            "sick" => Some(Absence::Sick),
            "training" => Some(Absence::Training),
            _ => None,
        });
        let (from, to) = (row.day("from", problems), row.day("to", problems));
        let (Some(id), Some(from), Some(to)) = (row.required("employee", problems), from, to) else { return };
        if to < from {
            problems.push(Problem::new(format!("{}: to", row.place()), format!("must not be before from ({from})"), to));
        }
        // An absence of somebody whom employees.csv does not list concerns nobody: HR feeds reach further than the monitored units.
        if let Some(employee) = self.employees.get_mut(id) {
            employee.add_absence((from, to, kind.unwrap_or(Absence::Leave)));
        }
    }

    fn add_day(&mut self, row: &CsvRow<'_>, problems: &mut Vec<Problem>) {
        let kind = row.parsed("kind", "must be holiday or workday", problems, |text| match text {
            "holiday" => Some(DayKind::Holiday),
            "workday" => Some(DayKind::Workday),
            _ => None,
        });
        if let (Some(day), Some(kind)) = (row.day("date", problems), kind) {
            self.calendar.insert(day, kind);
        }
    }

    /// Who stands behind a record that names an employee, an account or both.
    ///
    /// An account is resolved by its entry for that system and date. A pooled or service account, and one that the
    /// directory does not know, stays an account. Without `accounts.csv`, accounts are taken as employees.
    pub fn identify(&self, employee: Option<&str>, account: Option<&str>, system: Option<&str>, time: Timestamp) -> Option<Identified> {
        self.identify_by(employee, account, None, system, time)
    }

    /// The same where it is known already what the directory makes of the account.
    pub fn identify_by(
        &self,
        employee: Option<&str>,
        account: Option<&str>,
        mapping: Option<Mapping<'_>>,
        system: Option<&str>,
        time: Timestamp,
    ) -> Option<Identified> {
        if let Some(id) = employee.filter(|id| !shown(id).is_empty()) {
            return Some(self.named(id, Identity::Authenticated));
        }
        let account = account.or(employee)?;
        if !self.has_accounts {
            return Some(self.named(account, Identity::Inferred));
        }
        let raw = || Identified::new(Actor::Account(Arc::from(&*shown(account))), Identity::Authenticated);
        Some(match mapping.unwrap_or_else(|| self.login(account, system, time)) {
            Mapping::Known(login) => Identified::new(Directory::holder(login), Identity::Authenticated),
            // What it may do as the login that it is not is no more than a person may.
            Mapping::LooksLike(login) if login.is_for_others() || self.logins.matching(system) == LoginMatching::Exact => {
                raw().confusable()
            }
            Mapping::LooksLike(login) => Identified::new(Directory::holder(login), Identity::Inferred).confusable(),
            Mapping::Ambiguous => raw().confusable(),
            Mapping::Unknown if self.logins.matching(system) == LoginMatching::Number && self.lists(account) => {
                self.named(account, Identity::Inferred)
            }
            Mapping::Unknown if is_disguised(account) => raw().confusable(),
            Mapping::Unknown => raw(),
        })
    }

    /// Whose a login is: a pooled or a program's own is its own.
    fn holder(login: &Login) -> Actor {
        match &login.employee {
            Some(id) if !login.shared => Actor::Employee(id.clone()),
            _ => Actor::Account(login.name.clone()),
        }
    }

    /// The employee of a name, in whatever form; one whom the directory does not list stays as named.
    fn named(&self, name: &str, identity: Identity) -> Identified {
        if let Some((id, _)) = self.employees.get_key_value(name) {
            return Identified::new(Actor::Employee(id.clone()), identity);
        }
        let as_written = || Identified::new(Actor::Employee(Arc::from(&*shown(name))), identity);
        if self.employees.is_empty() {
            return if !is_plain(name) && is_disguised(name) { as_written().confusable() } else { as_written() };
        }
        match self.names.like(name).as_slice() {
            [] | [(Likeness::Realm, _), ..] if is_disguised(name) => as_written().confusable(),
            [] | [(Likeness::Realm, _), ..] => as_written(),
            [(Likeness::Case, id)] | [(Likeness::Case, id), (Likeness::Realm | Likeness::Eye, _), ..] => {
                Identified::new(Actor::Employee(id.clone()), identity)
            }
            [(Likeness::Eye, id)] => Identified::new(Actor::Employee(id.clone()), Identity::Inferred).confusable(),
            // Which of several it is to be taken for is not known.
            _ => as_written().confusable(),
        }
    }

    fn lists(&self, name: &str) -> bool {
        self.employees.contains_key(name) || matches!(self.names.like(name).as_slice(), [(Likeness::Case, _), ..])
    }

    /// What the directory makes of a login.
    pub fn login(&self, account: &str, system: Option<&str>, time: Timestamp) -> Mapping<'_> {
        self.logins.find(account, system, self.zones[0].local(time).day)
    }

    /// The employee whom an application means by a name: an employee's id, or a login of one's own.
    pub fn person(&self, name: &str, system: Option<&str>, time: Timestamp) -> Option<Actor> {
        if let Some((id, _)) = self.employees.get_key_value(name) {
            return Some(Actor::Employee(id.clone()));
        }
        if let Mapping::Known(login) = self.login(name, system, time) {
            return Some(Directory::holder(login)).filter(|actor| matches!(actor, Actor::Employee(_)));
        }
        match self.names.like(name).as_slice() {
            [(Likeness::Case | Likeness::Realm, id)] | [(Likeness::Case, id), (Likeness::Realm | Likeness::Eye, _), ..] => {
                Some(Actor::Employee(id.clone()))
            }
            _ => None,
        }
    }

    /// Whether an actor is a login that `accounts.csv` does not list: nobody knows whose it is.
    pub fn is_unmapped(&self, actor: &Actor) -> bool {
        self.has_accounts
            && matches!(actor, Actor::Account(name) if **name != *UNKNOWN_ACTOR && **name != *UNLISTED && !self.logins.lists(name))
    }

    /// The employee or login that is listed by exactly this name, or by it in other letters: nothing is guessed.
    pub fn listed(&self, name: &str, time: Timestamp) -> Option<Actor> {
        let exactly = |name: &str| {
            let employee = || self.employees.get_key_value(name).map(|(id, _)| Actor::Employee(id.clone()));
            self.logins.exactly(name, self.zones[0].local(time).day).map(Directory::holder).or_else(employee)
        };
        exactly(name).or_else(|| {
            let cased = |cased: String| (cased != name).then(|| exactly(&cased)).flatten();
            cased(name.to_lowercase()).or_else(|| cased(name.to_uppercase()))
        })
    }

    /// The employee of that id, in their newest spell.
    pub fn employee(&self, id: &str) -> Option<&Employee> {
        self.employees.get(id).map(Employment::newest)
    }

    /// The employee of that id, in the spell of a time.
    pub fn employee_at(&self, id: &str, time: Timestamp) -> Option<&Employee> {
        Some(self.employees.get(id)?.at(|spell| self.zones[spell.zone].local(time).day))
    }

    /// The employee of that id, in the spell of a day of their own.
    pub fn employee_on(&self, id: &str, day: Day) -> Option<&Employee> {
        Some(self.employees.get(id)?.at(|_| day))
    }

    /// Every spell of the employee of that id, the first one first.
    pub fn spells(&self, id: &str) -> &[Employee] {
        self.employees.get(id).map_or(&[], Employment::spells)
    }

    /// Every employee's id.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.employees.keys().map(|id| &**id)
    }

    /// The name of every login.
    pub fn login_names(&self) -> impl Iterator<Item = &str> {
        self.logins.entries().map(|login| &*login.name)
    }

    /// The unit of every spell.
    pub fn units(&self) -> impl Iterator<Item = &str> {
        self.employees.values().flat_map(Employment::spells).filter_map(|spell| spell.unit.as_deref())
    }

    /// What stands for a unit and all units with which moves of employees connect it.
    pub fn linked_unit<'a>(&'a self, unit: &'a str) -> &'a str {
        self.linked_units.get(unit).map_or(unit, |first| first)
    }

    /// How much of each file there is, and what is odd about it.
    pub fn feeds(&self) -> &BTreeMap<Feed, FeedRows> {
        &self.feeds
    }

    /// How many employees it lists.
    pub fn employees(&self) -> usize {
        self.employees.len()
    }

    /// Every employee in their newest spell, in the order of their ids.
    pub fn sorted(&self) -> Vec<&Employee> {
        let mut all: Vec<&Employee> = self.employees.values().map(Employment::newest).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// How many accounts it maps.
    pub fn accounts(&self) -> usize {
        self.logins.len()
    }

    /// Entries of `accounts.csv` by what they say of who stands behind an account.
    pub fn account_entries(&self) -> AccountEntries {
        self.logins.by_sort()
    }

    /// Whether `accounts.csv` was given.
    pub fn has_accounts(&self) -> bool {
        self.has_accounts
    }

    /// The zone whose days an employee lives in.
    pub fn zone_of(&self, employee: Option<&Employee>) -> &Zone {
        &self.zones[employee.map_or(0, |employee| employee.zone)]
    }

    /// What the calendar says of a day.
    pub fn day_kind(&self, day: Day) -> Option<DayKind> {
        self.calendar.get(&day).copied()
    }

    /// How many days the calendar lists.
    pub fn calendar_days(&self) -> usize {
        self.calendar.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        let files = DirectoryFiles {
            employees: Some((
                "employees.csv",
                "employee,unit,hired,left,timezone\nE1,Hangzhou,2020-01-01,2026-03-31,\nE2,,,,Europe/Berlin\n",
            )),
            accounts: Some((
                "accounts.csv",
                "account,system,employee,from,to,shared\nli_na,,E1,,2026-03-31,\nli_na,,E2,2026-05-01,,\npool,crm,E1,,,true\nbatch,,,,,false\n",
            )),
            ..DirectoryFiles::default()
        };
        Directory::parse(&files, Zone::utc()).expect("is valid")
    }

    fn actor(directory: &Directory, employee: Option<&str>, account: Option<&str>, system: Option<&str>, time: Timestamp) -> Option<Actor> {
        directory.identify(employee, account, system, time).map(|found| found.actor)
    }

    fn at(date: &str) -> Timestamp {
        Timestamp::parse(&format!("{date}T12:00:00Z")).expect("is a time")
    }

    #[test]
    fn an_account_belongs_to_its_holder_of_the_date() {
        let directory = directory();
        let who = |account, date| actor(&directory, None, Some(account), Some("crm"), at(date)).expect("is somebody");
        assert_eq!(who("li_na", "2026-03-31"), Actor::Employee("E1".into()), "the last day counts");
        assert_eq!(who("li_na", "2026-05-01"), Actor::Employee("E2".into()));
        assert_eq!(who("li_na", "2026-04-10"), Actor::Account("li_na".into()), "between two holders it is nobody's");
    }

    #[test]
    fn pooled_service_and_unknown_accounts_are_nobody() {
        let directory = directory();
        for account in ["pool", "batch", "stranger"] {
            let actor = actor(&directory, None, Some(account), Some("crm"), at("2026-03-02")).expect("is somebody");
            assert_eq!(actor, Actor::Account(account.into()));
        }
        let named = actor(&directory, Some("E9"), Some("pool"), None, at("2026-03-02"));
        assert_eq!(named, Some(Actor::Employee("E9".into())), "the source itself names the person");
    }

    #[test]
    fn without_accounts_a_login_is_taken_as_an_employee() {
        let directory = Directory::empty(Zone::utc());
        assert_eq!(actor(&directory, None, Some("u"), None, at("2026-03-02")), Some(Actor::Employee("u".into())));
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        let files = DirectoryFiles {
            employees: Some(("employees.csv", "employee,hired,shift_start\nE1,2026-13-01,9:00\nE2,,25:00\n,,\n")),
            ..DirectoryFiles::default()
        };
        let problems = Directory::parse(&files, Zone::utc()).expect_err("is not valid");
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert!(
            texts[0].starts_with("employees.csv:2: hired") && texts[1].contains(":3: shift_start") && texts[2].contains(":4: employee"),
            "{texts:?}"
        );
    }
}
