//! Who is told of cases: whether each sink could be used, and, where that is asked for, whether it answers.

use crate::cli::Failure;
use crate::cli::check::report::Report;
use crate::cli::notify::runtime;
use leakwarden::config::schema::Config;
use leakwarden::model::problem::Problem;
use leakwarden::notify::workers::now;

/// Secrets that are not there, templates that do not work.
pub fn problems(config: &Config) -> Vec<Problem> {
    let file = config.file.display();
    let of = |(at, notify): (usize, &leakwarden::notify::Notify)| {
        let wrong = notify.own.check().err()?;
        Some(Problem::plain(format!("{file}: notify[{at}] ({}):", notify.keys.name), wrong))
    };
    config.notify.iter().enumerate().filter_map(of).collect()
}

/// Who is told what.
pub fn write(config: &Config, place: &dyn Fn(&str) -> String, report: &mut Report) {
    report.section("Notifications");
    if config.notify.is_empty() {
        report.line("nobody is told of cases: there is no [[notify]]");
        return;
    }
    for notify in &config.notify {
        report.line(notify.describe());
    }
    let early = if config.notifications.unsettled { ", and what is shown before its records settle" } else { "" };
    report.line(format!(
        "told are patterns, severity, counts and a link{early}; never a subject; tried for {}",
        config.notifications.retry_for
    ));
    if config.notifications.link.is_none() {
        report.warn(Problem::plain(place("notifications.link"), "is not given: messages lead nowhere"));
    }
}

/// Whether each sink answers, without telling anybody anything.
pub fn connect(config: &Config, report: &mut Report) -> Result<Vec<Problem>, Failure> {
    let runtime = runtime()?;
    report.section("Connections");
    let mut problems = Vec::new();
    for (at, notify) in config.notify.iter().enumerate() {
        let name = &notify.keys.name;
        let built = notify.build(runtime.handle().clone());
        match built.and_then(|mut notifier| notifier.connect(now()).map_err(|error| error.to_string())) {
            Ok(said) => report.line(format!("{name}: {said}")),
            Err(error) => problems.push(Problem::plain(format!("{}: notify[{at}] ({name}):", config.file.display()), error)),
        }
    }
    if config.notify.is_empty() {
        report.line("none: there is no [[notify]]");
    }
    Ok(problems)
}
