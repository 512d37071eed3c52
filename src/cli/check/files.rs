//! What the files say that a configuration names: catalog, directory, business reasons, statute.

use crate::cli::check::report::{Report, count, shown};
use leakwarden::classify::catalog::{Catalog, RowsPerSubject, Table};
use leakwarden::classify::directory::Employee;
use leakwarden::classify::explanations::Explanations;
use leakwarden::config::schema::Config;
use leakwarden::engine::context::Context;
use leakwarden::model::access::Actor;
use leakwarden::model::kind::Kinds;
use leakwarden::model::problem::Problem;
use leakwarden::model::statute::Statute;
use leakwarden::model::time::Timestamp;
use leakwarden::population::SMALLEST_GROUP;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// The tables, and whose data they hold.
pub fn catalog(config: &Config, catalog: &Catalog, report: &mut Report) {
    let tables = catalog.tables();
    report.section(&format!("Catalog: {}", config.catalog.as_ref().map_or_else(|| "none".to_owned(), |catalog| shown(&catalog.file))));
    let of = |want: &dyn Fn(&Table) -> bool| tables.iter().filter(|table| want(table)).count();
    let one = of(&|table| table.subject.is_some() && table.rows_per_subject == RowsPerSubject::One);
    let many = of(&|table| table.subject.is_some() && table.rows_per_subject == RowsPerSubject::Many);
    let none = of(&|table| table.subject.is_none());
    report.line(format!(
        "{}: {one} with one row a person, {many} of details (many rows a person), {none} without a person",
        count(tables.len(), "table", "tables")
    ));
    for table in tables {
        let system = if table.system_pattern() == "*" { String::new() } else { format!(" in {}", table.system_pattern()) };
        let what = match &table.subject {
            None => "nothing personal".to_owned(),
            Some(subject) if table.kinds.is_empty() => format!("person by {subject}; no personal columns"),
            Some(subject) => format!("person by {subject}; {}", names(table.kinds)),
        };
        let told = table.told().map_or_else(String::new, |told| format!(" ({told})"));
        report.line(format!("{}{system}: {what}{told}", table.pattern));
    }
    let spaces: Vec<&str> = catalog.spaces().iter().map(String::as_str).filter(|space| !space.is_empty()).collect();
    if !spaces.is_empty() {
        report.line(format!("subject spaces, whose ids are different people: {}, and the common one", spaces.join(", ")));
    }
    report.line("a table that is not listed is counted by rows or as unknown, never as nobody");
}

fn names(kinds: Kinds) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

/// People, accounts and subjects.
pub fn directory(config: &Config, context: &Context, place: &dyn Fn(&str) -> String, report: &mut Report) {
    let (directory, paths) = (&context.classifier.directory, &config.directory);
    report.section("Directory");
    match &paths.employees {
        Some(file) => employees(file, context, report),
        None => {
            report.line("no employees: nobody has a unit, a role or working time; everybody is one peer group");
            report.warn(Problem::plain(place("directory.employees"), "is not given: peers are not told apart by role and unit"));
        }
    }
    match &paths.accounts {
        Some(file) => {
            let entries = directory.account_entries();
            report.line(format!(
                "{}: {}: {} personal, {} pooled, {} of services",
                shown(file),
                count(directory.accounts(), "account", "accounts"),
                entries.personal,
                entries.pooled,
                entries.service
            ));
        }
        None => report.line("no accounts: an account in a log is taken as the employee of that name"),
    }
    if let Some(file) = &paths.absences {
        let absent: usize = directory.sorted().iter().map(|employee| employee.absences.len()).sum();
        report.line(format!("{}: {} of listed employees", shown(file), count(absent, "absence", "absences")));
    }
    if let Some(file) = &paths.calendar {
        report.line(format!("{}: {} that differ from the weekday", shown(file), count(directory.calendar_days(), "day", "days")));
    }
    if let Some(file) = &paths.subjects {
        let spaces = context.classifier.catalog.spaces().len().max(1);
        let canaries = context.subjects.canaries();
        let listed = context.subjects.len() / spaces;
        report.line(format!("{}: {}, of them {canaries} planted", shown(file), count(listed, "subject", "subjects")));
    }
}

fn employees(file: &Path, context: &Context, report: &mut Report) {
    let directory = &context.classifier.directory;
    let all = directory.sorted();
    let of = |want: &dyn Fn(&Employee) -> bool| all.iter().filter(|employee| want(employee)).count();
    let zone = directory.zone_of(None).name();
    report.line(format!(
        "{}: {}: {} with a shift, {} in a time zone of their own, {} with a last day, {} of outside employers",
        shown(file),
        count(all.len(), "employee", "employees"),
        of(&|employee| employee.shift.is_some()),
        of(&|employee| directory.zone_of(Some(employee)).name() != zone),
        of(&|employee| employee.left.is_some()),
        of(&|employee| employee.employer.is_some()),
    ));
    let spells = || all.iter().flat_map(|employee| directory.spells(&employee.id));
    let units: BTreeSet<&str> = spells().filter_map(|employee| employee.unit.as_deref()).collect();
    let roles: BTreeSet<&str> = spells().filter_map(|employee| employee.role.as_deref()).collect();
    let mut groups: BTreeMap<Arc<str>, u32> = BTreeMap::new();
    for employee in &all {
        *groups.entry(context.group(&Actor::Employee(employee.id.clone()), Some(employee))).or_default() += 1;
    }
    let small = groups.values().filter(|members| **members < SMALLEST_GROUP).count();
    report.line(format!(
        "{}, {}; {} by role and sector, {small} of them of fewer than {SMALLEST_GROUP} and held against everybody",
        count(units.len(), "unit", "units"),
        count(roles.len(), "role", "roles"),
        count(groups.len(), "peer group", "peer groups"),
    ));
}

/// Business reasons, and how far they reach.
pub fn explanations(config: &Config, explanations: &Explanations, place: &dyn Fn(&str) -> String, report: &mut Report) {
    report.section("Business reasons");
    if let Some(topic) = &config.directory.explanations_topic {
        report.line(format!("the service reads the topic {topic} too, from its beginning at each start and as it grows"));
    }
    let Some(file) = &config.directory.explanations else {
        if config.directory.explanations_topic.is_some() {
            return;
        }
        report.line("none: no reason can be checked, and everything counts as unexplained");
        report.warn(Problem::plain(place("directory.explanations"), "is not given: everything counts as unexplained"));
        return;
    };
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in explanations.reasons() {
        *kinds.entry(reason.kind.name()).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.into_iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    report.line(format!("{}: {}{kinds}", shown(file), count(explanations.len(), "reason", "reasons")));
    let first = explanations.reasons().iter().map(|reason| reason.from).min();
    let last = explanations.reasons().iter().map(|reason| reason.to).max();
    if let (Some(first), Some(last)) = (first, last) {
        let last = if last == Timestamp::END { "on without end".to_owned() } else { format!("to {last}") };
        report.line(format!("they cover from {first} {last}"));
    }
    let whole = explanations.reasons().iter().filter(|reason| !reason.by_subject && reason.max_persons.is_none()).count();
    let capped = explanations.reasons().iter().filter(|reason| reason.max_persons.is_some()).count();
    report.line(format!(
        "{capped} cover no more than so many people (max_persons), of them for whole units: {}; {whole} neither name people nor have a limit",
        if explanations.shared_units().is_empty() { "none".to_owned() } else { sorted(explanations.shared_units().iter()).join(", ") }
    ));
}

fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Weights and bands.
pub fn statute(config: &Config, statute: &Statute, report: &mut Report) {
    let file = config.statute.file.as_deref().map_or_else(|| "built in".to_owned(), shown);
    report.section(&format!("Statute: {} ({file})", statute.jurisdiction));
    for tier in &statute.tiers {
        let weight = statute.serious / tier.items;
        let mut line = format!("{} items, weight {weight}:", tier.items);
        for kind in tier.kinds.iter() {
            if line.len() + kind.name().len() > 110 {
                report.line(std::mem::replace(&mut line, "   ".to_owned()));
            }
            line = format!("{line} {},", kind.name());
        }
        report.line(line.trim_end_matches(','));
    }
    let (serious, especially, divisor) = (statute.serious, statute.especially_serious, statute.on_duty_divisor);
    report.line(format!(
        "bands obtained on duty: serious from {}, especially_serious from {}",
        serious.div_ceil(divisor),
        especially.div_ceil(divisor)
    ));
    report.line(format!("bands otherwise: serious from {serious}, especially_serious from {especially}"));
    report.line(format!("arithmetically comparable with {}, and nothing more", statute.article));
}
