//! What each part of a configuration means, in words: the order of the sections.

use crate::cli::check::report::Report;
use crate::cli::check::{console, decisions, detectors, files, notify, records, settings};
use leakwarden::config::schema::Config;
use leakwarden::engine::context::Context;
use leakwarden::pipeline::first_records::Undecoded;

/// Writes every section; gives the sources none of whose first records decodes.
pub fn write(config: &Config, context: &Context, report: &mut Report) -> Vec<(String, Undecoded)> {
    let place = |setting: &str| format!("{}: {setting}", config.file.display());
    files::catalog(config, &context.classifier.catalog, report);
    files::directory(config, context, &place, report);
    files::explanations(config, &context.explanations, &place, report);
    settings::sources(config, &place, report);
    let undecoded = records::look(config, context, report);
    settings::time(config, report);
    detectors::write(config, context, report);
    settings::alerts(config, &place, report);
    notify::write(config, &place, report);
    console::write(config, &place, report);
    decisions::write(config, report);
    files::statute(config, &context.statute, report);
    settings::service(config, &place, report);
    settings::every_setting(config, report);
    coverage(context, report);
    undecoded
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
