//! What each part of a configuration means, in words.

use crate::cli::check::report::{Report, count};
use leakwarden::classify::catalog::{Catalog, RowsPerSubject, Table};
use leakwarden::classify::directory::Employee;
use leakwarden::classify::explanations::Explanations;
use leakwarden::config::schema::{Config, Kafka, Sink, SourceKind};
use leakwarden::detect::{DETECTORS, DataRequirement};
use leakwarden::engine::context::Context;
use leakwarden::engine::context::Limits;
use leakwarden::kafka::settings::TLS;
use leakwarden::model::access::Actor;
use leakwarden::model::kind::Kinds;
use leakwarden::model::problem::Problem;
use leakwarden::model::statute::Statute;
use leakwarden::model::time::Timestamp;
use leakwarden::population::SMALLEST_GROUP;
use leakwarden::store;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes every section.
pub fn write(config: &Config, context: &Context, report: &mut Report) {
    let place = |setting: &str| format!("{}: {setting}", config.file.display());
    catalog(config, &context.classifier.catalog, report);
    directory(config, context, &place, report);
    explanations(config, &context.explanations, &place, report);
    sources(config, &place, report);
    time(config, report);
    detectors(config, context, report);
    alerts(config, &place, report);
    statute(config, &context.statute, report);
    service(config, &place, report);
    coverage(context, report);
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn names(kinds: Kinds) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

fn catalog(config: &Config, catalog: &Catalog, report: &mut Report) {
    let tables = catalog.tables();
    report.section(&format!("Catalog: {}", config.catalog.as_deref().map_or_else(|| "none".to_owned(), shown)));
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
        report.line(format!("{}{system}: {what}", table.pattern));
    }
    let spaces: Vec<&str> = catalog.spaces().iter().map(String::as_str).filter(|space| !space.is_empty()).collect();
    if !spaces.is_empty() {
        report.line(format!("subject spaces, whose ids are different people: {}, and the common one", spaces.join(", ")));
    }
    report.line("a table that is not listed is counted by rows or as unknown, never as nobody");
}

fn directory(config: &Config, context: &Context, place: &dyn Fn(&str) -> String, report: &mut Report) {
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
    let units: BTreeSet<&str> = all.iter().filter_map(|employee| employee.unit.as_deref()).collect();
    let roles: BTreeSet<&str> = all.iter().filter_map(|employee| employee.role.as_deref()).collect();
    let mut groups: BTreeMap<Arc<str>, u32> = BTreeMap::new();
    for employee in &all {
        *groups.entry(context.group(&Actor::Employee(employee.id.clone()))).or_default() += 1;
    }
    let small = groups.values().filter(|members| **members < SMALLEST_GROUP).count();
    report.line(format!(
        "{}, {}; {} by role and sector, {small} of them of fewer than {SMALLEST_GROUP} and held against everybody",
        count(units.len(), "unit", "units"),
        count(roles.len(), "role", "roles"),
        count(groups.len(), "peer group", "peer groups"),
    ));
}

fn explanations(config: &Config, explanations: &Explanations, place: &dyn Fn(&str) -> String, report: &mut Report) {
    report.section("Business reasons");
    let Some(file) = &config.directory.explanations else {
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

fn sources(config: &Config, place: &dyn Fn(&str) -> String, report: &mut Report) {
    report.section("Sources");
    if config.sources.is_empty() {
        report.line("none: `replay` and `decode` read the files they are given; `run` has nothing to read");
        report.warn(Problem::plain(place("source"), "is not given: `run` has nothing to read"));
    }
    for (at, source) in config.sources.iter().enumerate() {
        match &source.kind {
            SourceKind::Files(pattern) => {
                let found = matching(pattern);
                report.line(format!("{}: files {pattern}, format {}: {} now", source.name, source.format, count(found, "file", "files")));
                if found == 0 {
                    report.warn(Problem::new(place(&format!("source[{at}].path")), "matches no file now", pattern));
                }
            }
            SourceKind::Kafka(kafka) => {
                report.line(format!("{}: Kafka {}, group {}, format {}", source.name, kafka_line(kafka), kafka.group, source.format));
            }
        }
    }
}

fn matching(pattern: &str) -> usize {
    let found = glob::glob(pattern).map_or(0, |paths| paths.flatten().filter(|path| path.is_file()).count());
    // A name may hold what a glob would take for a pattern.
    found.max(usize::from(Path::new(pattern).is_file()))
}

/// Never the client's settings: they may hold secrets.
fn kafka_line(kafka: &Kafka) -> String {
    let settings = match kafka.client.len() {
        0 => String::new(),
        n => format!(" with {}", count(n, "client setting", "client settings")),
    };
    let tls = if TLS { "" } else { ", build without TLS" };
    format!("{} at {}{settings}{tls}", kafka.topics.join(", "), kafka.brokers)
}

fn time(config: &Config, report: &mut Report) {
    report.section("Time");
    report.line(format!("days and hours are those of {} where an employee has no zone of their own", config.zone.name()));
    report.line(format!("records settle {} after later ones of their source (lateness); what comes later still counts", config.lateness));
    report.line(format!("a record id counts once within {} (dedup)", config.dedup));
    let Limits { employees, record_ids } = config.limits;
    report.line(format!("at most {employees} employees and accounts and {record_ids} record ids are remembered; what is given up is told"));
    report.line(format!(
        "live: up to {} ahead of the broker's clock (skew); a silent partition holds nobody up after {} (idle)",
        config.skew, config.idle
    ));
}

fn detectors(config: &Config, context: &Context, report: &mut Report) {
    report.section("Detectors");
    let title = config.file.display();
    for detector in DETECTORS {
        let name = detector.typology.name();
        let setting = config.detectors.of(detector.typology);
        if !setting.enabled {
            report.line(format!("{name}: off"));
            continue;
        }
        report.line(format!("{name}: on, from {} {}", setting.floor, detector.floor_counts));
        for need in detector.requirements {
            match met(*need, context) {
                Met::Yes(how) => report.line(format!("  {how}")),
                Met::No(what) => {
                    report.line(format!("  cannot work without {what}"));
                    report.warn(Problem::plain(format!("{title}: detectors.{name}"), format!("cannot work without {what}")));
                }
            }
        }
    }
}

/// Whether data that a detector needs is there.
enum Met {
    Yes(String),
    No(String),
}

fn met(need: DataRequirement, context: &Context) -> Met {
    let directory = &context.classifier.directory;
    let people = directory.sorted();
    let of = |want: &dyn Fn(&Employee) -> bool| people.iter().filter(|employee| want(employee)).count();
    match need {
        DataRequirement::Employment => {
            let dated = of(&|employee| employee.hired.is_some() || employee.left.is_some());
            let absent = of(&|employee| !employee.absences.is_empty());
            match (dated, absent) {
                (0, 0) => Met::No("hired or left dates in employees.csv, or absences.csv".to_owned()),
                (dated, absent) => Met::Yes(format!("judges {dated} by dates of employment and {absent} by absences")),
            }
        }
        DataRequirement::WorkingTime if people.is_empty() => Met::No("employees.csv: nobody's working time is known".to_owned()),
        DataRequirement::WorkingTime => {
            let shifts = of(&|employee| employee.shift.is_some());
            let rest = people.len() - shifts;
            Met::Yes(match directory.calendar_days() {
                0 => format!("judges {shifts} by their shift and {rest} by 07:00 to 21:00; no calendar: only weekends are days of rest"),
                days => {
                    format!("judges {shifts} by their shift and {rest} by 07:00 to 21:00; {} from the calendar", count(days, "day", "days"))
                }
            })
        }
        DataRequirement::Tags => match context.subjects.canaries() {
            0 => Met::No("subjects tagged canary in subjects.csv".to_owned()),
            n => Met::Yes(format!("watches {}", count(n, "planted record", "planted records"))),
        },
        DataRequirement::Vips => match context.subjects.vips() {
            0 => Met::No("subjects tagged vip or employee in subjects.csv".to_owned()),
            n => Met::Yes(format!(
                "watches {}",
                count(n, "person of public interest or colleague", "people of public interest or colleagues")
            )),
        },
        DataRequirement::Territories => match (context.subjects.owners(), of(&|employee| employee.unit.is_some())) {
            (0, _) => Met::No("owners in subjects.csv: whose territory a subject is".to_owned()),
            (_, 0) => Met::No("units in employees.csv: whose territory an employee works in".to_owned()),
            (owners, _) => Met::Yes(format!("knows whose territory {} are", count(owners, "subject", "subjects"))),
        },
        DataRequirement::Purposes if context.explanations.configured() => {
            Met::Yes("checks claimed purposes against the reasons on file".to_owned())
        }
        DataRequirement::Purposes => Met::No("explanations: no purpose can be checked, and everything counts as unexplained".to_owned()),
        DataRequirement::Employers => match of(&|employee| employee.employer.is_some()) {
            0 => Met::No("employers in employees.csv: who works for whom outside".to_owned()),
            n => Met::Yes(format!("compares {} of outside employers", count(n, "agent", "agents"))),
        },
        DataRequirement::Roles => match of(&|employee| employee.role.is_some()) {
            0 => Met::No("roles in employees.csv: who the peers are".to_owned()),
            n => Met::Yes(format!("compares {} by role", count(n, "employee", "employees"))),
        },
        DataRequirement::Units => match of(&|employee| employee.unit.is_some()) {
            0 => Met::No("units in employees.csv: who works together".to_owned()),
            n => Met::Yes(format!("compares {} within units", count(n, "employee", "employees"))),
        },
        DataRequirement::Subjects => in_log("ids of people", "`subjects`"),
        DataRequirement::Statements => in_log("statement texts", "`statement_class`"),
        DataRequirement::Rows => in_log("numbers of rows, also of look-ups that find nobody", "`rows`"),
        DataRequirement::Clients => in_log("addresses or host names of clients", "`client`"),
        DataRequirement::Programs => in_log("names of client programs", "`client`"),
        DataRequirement::FineTimes => in_log("times finer than the gaps of a tool", "`time`"),
        DataRequirement::Writes => in_log("writes and administration, with the ids of those they are about", "`operation`"),
    }
}

/// What only the log can have.
fn in_log(what: &str, shown_as: &str) -> Met {
    Met::Yes(format!("needs {what} in the log: `leakwarden decode` shows them as {shown_as}"))
}

fn alerts(config: &Config, place: &dyn Fn(&str) -> String, report: &mut Report) {
    report.section("Alerts");
    let alerts = &config.alerts;
    report.line(format!(
        "open at {}, close after {} without findings; {} a day are shown, and all are written",
        alerts.open_at.name(),
        alerts.quiet,
        alerts.budget_per_day
    ));
    report.line(match config.provisional {
        true => "told at once as unsettled, and confirmed or retracted when their records settle",
        false => "told once their records have settled",
    });
    for sink in &config.sinks {
        match sink {
            Sink::JsonLines(path) => report.line(format!("to the file {} as JSON lines", shown(path))),
            Sink::Kafka(kafka) => report.line(format!("to Kafka {}", kafka_line(kafka))),
        }
    }
    if config.sinks.is_empty() {
        report.line("to nobody: no sink is configured; `replay --alerts FILE` writes them all the same");
        report.warn(Problem::plain(place("sink"), "is not given: `run` tells nobody of its alerts"));
    }
    let content = if config.dead_letter_key.is_some() { "the content encrypted" } else { "never the content" };
    match (&config.dead_letters, &config.dead_letter_topic) {
        (Some(path), _) => report.line(format!("dead letters to {}: place, length, hash, reason; {content}", shown(path))),
        (None, Some(kafka)) => report.line(format!("dead letters to Kafka {}: place, length, hash, reason; {content}", kafka_line(kafka))),
        (None, None) => report.line(format!("dead letters to the state's directory: place, length, hash, reason; {content}")),
    }
    if let Some(path) = &config.dead_letter_key
        && others_may_read(path)
    {
        report.warn(Problem::new(place("dead_letters.key_file"), "may be read by other users: chmod 600", shown(path)));
    }
}

fn statute(config: &Config, statute: &Statute, report: &mut Report) {
    let file = config.statute.as_deref().map_or_else(|| "built in".to_owned(), shown);
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

fn service(config: &Config, place: &dyn Fn(&str) -> String, report: &mut Report) {
    report.section("Service");
    let state = config.state.join(store::FILE);
    let there =
        if state.is_file() { "goes on from the state there" } else { "empty: history that is replayed with --state gives it baselines" };
    match &config.cluster {
        Some(cluster) => {
            let (prefix, tasks) = (&cluster.prefix, cluster.tasks);
            report.line(format!(
                "one of several processes that share {tasks} tasks; state in topic {prefix}.state, saved every {}",
                config.checkpoint
            ));
            report.line(format!("a cache of that state in {}, which may be deleted", shown(&config.state.join("cache"))));
        }
        None => report.line(format!("state in {}, saved every {}; {there}", shown(&config.state), config.checkpoint)),
    }
    let local = config.listen.parse().is_ok_and(|address: std::net::SocketAddr| address.ip().is_loopback());
    let reach = if local { "reached from this machine only" } else { "reached from other machines, without a password" };
    report.line(format!("metrics and probes at http://{}, {reach}", config.listen));
    match &config.key_file {
        Some(path) => {
            report.line(format!("pseudonyms by the secret in {}", shown(path)));
            if others_may_read(path) {
                report.warn(Problem::new(place("subjects.key_file"), "may be read by other users: chmod 600", shown(path)));
            }
        }
        None => {
            report.line("pseudonyms by the built-in public key, which protects nobody: `run` refuses to start");
            report.warn(Problem::plain(place("subjects.key_file"), "is not given: `run` refuses to start"));
        }
    }
    if let Some(path) = &config.publish_key_file {
        report.line(format!("pseudonyms that leave the process by the secret in {}", shown(path)));
        if others_may_read(path) {
            report.warn(Problem::new(place("subjects.publish_key_file"), "may be read by other users: chmod 600", shown(path)));
        }
    }
}

fn others_may_read(path: &PathBuf) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o007 != 0)
}

fn coverage(context: &Context, report: &mut Report) {
    report.section("Not seen");
    report.line("by any database log: screens photographed, copies on shared drives, codes taken from customers' phones");
    report.line(
        "by logs without rows or key values: how many people a bulk read disclosed; it counts as unknown, which detectors treat as large",
    );
    report.line("by logs that were switched off, or never on: silence of a source is no proof of anything");
    if context.classifier.directory.account_entries().pooled > 0 {
        report.line("behind pooled accounts: which person it was");
    }
}
