//! The console: who reaches it and how they sign in, where cases are kept and how long, and whether the engine hears of what is decided.

use crate::cli::check::report::Report;
use leakwarden::config::schema::{Config, Console};
use leakwarden::database::Kind;
use leakwarden::model::problem::Problem;

/// The section, where cases are kept.
pub fn write(config: &Config, place: &dyn Fn(&str) -> String, report: &mut Report) {
    if !config.keeps_cases() {
        return;
    }
    report.section("Console");
    let console = &config.console;
    report.line(match &console.listen {
        Some(address) => {
            let scheme = if console.tls_certificate_file.is_some() { "https" } else { "http" };
            format!("`run` serves it at {scheme}://{}; {}", address.0, sign_in(console))
        }
        None => format!("`run` serves none: `leakwarden console` does; {}", sign_in(console)),
    });
    let database = config.database_location();
    if let Some(location) = &database {
        report.line(format!("cases in {location}"));
    }
    let kept = &config.retention;
    report.line(format!(
        "kept after their verdict: innocent {}, unclear {} (and what nobody judges), confirmed {}; records of views {}",
        kept.innocent, kept.unclear, kept.confirmed, kept.views
    ));
    if config.decisions.file.is_none() && config.decisions.topic.is_none() {
        let rule = "is not given, nor decisions.topic: verdicts and silences stay in the database, and the engine hears of none";
        report.warn(Problem::plain(place("decisions.file"), rule));
    }
    if config.cluster.is_some() && database.is_some_and(|location| location.kind() != Kind::Postgres) {
        let rule =
            "should be a PostgreSQL where there is a [cluster]: each process keeps the cases of the alerts that it has told, and no other";
        report.warn(Problem::plain(place("database.url"), rule));
    }
}

fn sign_in(console: &Console) -> &'static str {
    match (&console.oidc_issuer, &console.proxy_header) {
        (Some(_), _) => "people sign in at their provider (OpenID Connect)",
        (None, Some(_)) => "people are signed in by a proxy",
        (None, None) => "people sign in with passwords of its own (`leakwarden account`)",
    }
}
