//! What each detector needs, and whether it has it.

use crate::cli::check::report::{Report, count};
use leakwarden::classify::directory::Employee;
use leakwarden::config::schema::Config;
use leakwarden::detect::{DETECTORS, DataRequirement};
use leakwarden::engine::context::Context;
use leakwarden::model::problem::Problem;

/// Every detector: on or off, from which count, and what it judges by.
pub fn write(config: &Config, context: &Context, report: &mut Report) {
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
            let hours = format!("judges {shifts} by their shift and {rest} by the week of their role (07:00 to 21:00 until it is known)");
            Met::Yes(match directory.calendar_days() {
                0 => format!("{hours}; no calendar: only weekends are days of rest"),
                days => format!("{hours}; {} from the calendar", count(days, "day", "days")),
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
