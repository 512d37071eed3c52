//! The files around the log as text: employees, accounts, absences, calendar, subjects, labels, look-alikes and configuration.

use super::Options;
use super::calendar::DayKind;
use super::ground_truth::{Decoy, Label};
use super::line::subject_id;
use super::people::{Absence, Employee, SECOND_SYSTEM, Shift};
use super::services::SERVICES;
use super::world::World;

/// The configuration with which the monitor reads what is written beside it.
pub(crate) fn config(zone: &str) -> String {
    format!(
        r#"# A simulated company; labels.csv says who its insiders are, decoys.csv who only looks like one.
[catalog]
file = "catalog.toml"

[directory]
employees = "employees.csv"
accounts = "accounts.csv"
absences = "absences.csv"
calendar = "calendar.csv"
subjects = "subjects.csv"
explanations = "explanations.jsonl"

[[source]]
name = "access"
kind = "file"
path = "access.jsonl"
format = "canonical"

[time]
zone = "{zone}"
lateness = "20m"

[alerts]
budget_per_day = 3

[[sink]]
kind = "jsonl"
path = "alerts.jsonl"
"#
    )
}

/// One line of CSV (RFC 4180), with a line break.
fn row(fields: &[&str]) -> String {
    let mut line = String::new();
    for (nth, field) in fields.iter().enumerate() {
        if nth > 0 {
            line.push(',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            line.push_str(&format!("\"{}\"", field.replace('"', "\"\"")));
        } else {
            line.push_str(field);
        }
    }
    line.push('\n');
    line
}

pub(crate) fn employees(world: &World) -> impl Iterator<Item = String> {
    let header = "employee,unit,role,sector,location,manager,employer,status,hired,left,shift_start,shift_end,timezone\n".to_owned();
    std::iter::once(header).chain(world.employees.iter().map(|employee| {
        let unit = &world.units[usize::from(employee.unit)];
        let role = employee.listed_role();
        let manager = employee.manager.map_or("", |manager| &world.employee(manager).id);
        let date = |day| world.calendar.date(day).to_string();
        let hired = date(employee.listed_hire());
        let left = employee.left.map_or(String::new(), date);
        let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let (start, end) = match employee.shift {
            Shift::Fixed { start, end } => (clock(start), clock(end)),
            Shift::Rotating => (String::new(), String::new()),
        };
        let status = status(world, employee);
        row(&[
            &employee.id,
            unit.name,
            role.name,
            role.sector,
            unit.city,
            manager,
            employee.employer,
            status,
            &hired,
            &left,
            &start,
            &end,
            "",
        ])
    }))
}

/// As of the last day.
fn status(world: &World, employee: &Employee) -> &'static str {
    let last = world.calendar.len() as i32 - 1;
    match employee.left {
        Some(left) if left < last => "left",
        Some(_) => "notice",
        None if employee.absent(last).is_some_and(|absence| absence.to - absence.from > 20) => "on_leave",
        None => "active",
    }
}

pub(crate) fn accounts(world: &World) -> impl Iterator<Item = String> {
    let header = "account,system,employee,from,to,shared\n".to_owned();
    let people = world.employees.iter().map(|employee| {
        let from = world.calendar.date(employee.listed_hire()).to_string();
        let closed = employee.left.filter(|_| !employee.account_kept).map_or(String::new(), |left| world.calendar.date(left).to_string());
        let mut rows = row(&[&employee.account, "", &employee.id, &from, &closed, "false"]);
        if world.assume.second_login {
            rows.push_str(&row(&[&employee.second_login(), SECOND_SYSTEM, &employee.id, &from, &closed, "false"]));
        }
        rows
    });
    let services = SERVICES.iter().map(|service| {
        let shared = if service.pooled() { "true" } else { "false" };
        row(&[service.account, service.system, "", "", "", shared])
    });
    std::iter::once(header).chain(people).chain(services)
}

pub(crate) fn absences(world: &World) -> impl Iterator<Item = String> {
    let all = world.employees.iter().flat_map(|employee| listed_absences(employee).map(move |absence| (employee, absence)));
    std::iter::once("employee,from,to,kind\n".to_owned()).chain(all.map(|(employee, absence)| {
        let (from, to) = (world.calendar.date(absence.from).to_string(), world.calendar.date(absence.to).to_string());
        row(&[&employee.id, &from, &to, absence.kind])
    }))
}

/// As the directory knows them: where it learns of a return late, they go on to the next one at the most.
fn listed_absences(employee: &Employee) -> impl Iterator<Item = Absence> + '_ {
    let next = |nth: usize| employee.absences.get(nth + 1).map_or(i32::MAX, |next| next.from - 1);
    let listed = move |(nth, absence): (usize, &Absence)| Absence { to: (absence.to + employee.late.absence).min(next(nth)), ..*absence };
    employee.absences.iter().enumerate().map(listed)
}

pub(crate) fn calendar(world: &World) -> impl Iterator<Item = String> {
    let line = |day: &super::calendar::Day| match day.kind {
        DayKind::Holiday => Some(row(&[&day.date.to_string(), "holiday"])),
        DayKind::MakeUp => Some(row(&[&day.date.to_string(), "workday"])),
        DayKind::Workday | DayKind::Weekend => None,
    };
    std::iter::once("date,kind\n".to_owned()).chain(world.calendar.days().filter_map(line))
}

/// Tagged customers; all of them with `all_owners`.
pub(crate) fn subjects(world: &World) -> impl Iterator<Item = String> {
    let owner = |customer: u32| world.units.iter().find(|unit| unit.customers.contains(&customer)).map_or("", |unit| unit.name);
    let tags = &world.customers.tags;
    let tagged = tags.keys().copied().filter(|_| !world.options.all_owners);
    let all = if world.options.all_owners { 0..world.customers.total } else { 0..0 };
    let line = move |customer: u32| row(&[&subject_id(customer), tags.get(&customer).map_or("", |tag| tag.name()), owner(customer)]);
    std::iter::once("subject,tag,owner\n".to_owned()).chain(tagged.chain(all).map(line))
}

/// What the company was made of, to be read beside its labels.
pub(crate) fn settings(options: &Options) -> String {
    let Options { employees, days, seed, start, zone, assume, innocent, .. } = options;
    let mut text = format!("employees = {employees}\ndays = {days}\nseed = {seed}\nstart = \"{start}\"\nzone = \"{zone}\"\n");
    text.push_str(&format!("# What the simulator took for granted.\nassume = \"{}\"\n", assume.name()));
    if let Some(innocent) = innocent {
        text.push_str(&format!("# Nobody is an insider; what befalls the company.\ninnocent = \"{}\"\n", innocent.name()));
    }
    text
}

pub(crate) fn labels(world: &World, labels: &[Label]) -> String {
    let mut text = "employee,typology,from,to,difficulty,people,episode\n".to_owned();
    for label in labels {
        let (from, to) = (world.calendar.rfc3339(label.from_ms), world.calendar.rfc3339(label.to_ms + 999));
        let people = label.people().to_string();
        text.push_str(&row(&[&label.employee, label.typology, &from, &to, label.difficulty, &people, &label.episode]));
    }
    text
}

/// What every insider's acts disclosed, act by act: people not disclosed by an earlier one.
pub(crate) fn leaked<'a>(world: &'a World, labels: &'a [Label]) -> impl Iterator<Item = String> + 'a {
    let acts = labels.iter().flat_map(|label| label.leaks.iter().map(move |leak| (label, leak)));
    std::iter::once("employee,typology,time,people\n".to_owned())
        .chain(acts.map(|(label, (at, people))| row(&[&label.employee, label.typology, &world.calendar.rfc3339(*at), &people.to_string()])))
}

pub(crate) fn decoys(world: &World, decoys: &[Decoy]) -> String {
    let mut text = "employee,kind,from,to\n".to_owned();
    for decoy in decoys {
        let (from, to) = (world.calendar.rfc3339(decoy.from_ms), world.calendar.rfc3339(decoy.to_ms));
        text.push_str(&row(&[&decoy.employee, decoy.kind, &from, &to]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_and_quotes_are_quoted() {
        assert_eq!(row(&["a", "b, \"c\"", ""]), "a,\"b, \"\"c\"\"\",\n");
    }
}
