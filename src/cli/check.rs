//! `check`: validates everything the service would load, and says what it means.

mod console;
mod decisions;
mod detectors;
mod files;
mod logs;
mod notify;
mod records;
mod report;
mod sections;
mod settings;

use crate::cli::Failure;
use crate::cli::edge::Edge;
use leakwarden::config::custom_format::CustomFormat;
use leakwarden::config::inventory;
use leakwarden::config::load;
use leakwarden::config::schema::{Config, Kafka, SourceKind};
use leakwarden::config::validate;
use leakwarden::decode::postgresql;
use leakwarden::model::problem::Problem;
pub use logs::unmapped_lines;
use report::Report;
use std::io::Write;
use std::path::PathBuf;

/// Validate a configuration and everything it names, and say in words what the service would do with it.
#[derive(clap::Args)]
pub struct Options {
    /// Configuration file
    #[arg(long)]
    config: PathBuf,
    /// Log to read: its logins that the directory does not list are named
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// Try to reach every [[notify]], without telling anybody anything
    #[arg(long)]
    connect: bool,
}

/// Runs the command. Mistakes of all files are told together; warnings do not fail.
pub fn run(options: &Options) -> Result<(), Failure> {
    let (config, mut problems) = load::read_settings(&options.config)?;
    problems.extend(clients(&config));
    problems.extend(prefixes(&config));
    problems.extend(notify::problems(&config));
    for problem in Edge::open(&config).err().into_iter().flatten() {
        // What contradicts itself is told already.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    let context = match load::load(&config) {
        Ok(context) if problems.is_empty() => context,
        Ok(_) => return Err(problems.into()),
        Err(found) => {
            problems.extend(found);
            return Err(problems.into());
        }
    };
    let mut report = Report::default();
    let mut undecoded = sections::write(&config, &context, &mut report);
    undecoded.extend(logs::read(&config, &context, &options.log, &mut report)?);
    let unreached = if options.connect { notify::connect(&config, &mut report)? } else { Vec::new() };
    for warning in validate::warnings(&config, &context.classifier.catalog, &context.classifier.directory) {
        report.warn(warning);
    }
    for note in inventory::reports(&config, &context).into_iter().flat_map(|report| report.rows.notes) {
        report.warn(note);
    }
    // A reader that has seen enough (`| head`) is no failure.
    let _ = std::io::stdout().lock().write_all(report.finish(&options.config).as_bytes());
    if !unreached.is_empty() {
        let told: Vec<String> = unreached.iter().map(ToString::to_string).collect();
        return Err(anyhow::anyhow!("{}", told.join("; ")).into());
    }
    if undecoded.is_empty() { Ok(()) } else { Err(Failure::undecoded(&undecoded)) }
}

/// Prefixes of PostgreSQL's lines in which a client can write what looks like the rest of the line, each with a safe one.
fn prefixes(config: &Config) -> Vec<Problem> {
    let file = config.file.display();
    let of = |(name, own): (&String, &CustomFormat)| {
        let prefix = own.log_line_prefix()?;
        let safe = postgresql::safe_prefix(prefix)?;
        let rule = format!(
            "must not have %a: whoever connects chooses that name, and may write the head of another line into it; safe is {safe:?}, \
             with log_connections = on, which tells the name of each session's program"
        );
        Some(Problem::new(format!("{file}: format.{name}.log_line_prefix"), rule, prefix))
    };
    config.formats.iter().filter_map(of).collect()
}

/// Settings of Kafka clients that could not be used; whether brokers answer is seen when the service runs.
fn clients(config: &Config) -> Vec<Problem> {
    let file = config.file.display();
    let of = |kafka: &Kafka| kafka.cluster().check().err().map(|error| error.to_string());
    let sources = config.sources.iter().enumerate().filter_map(|(at, source)| match &source.kind {
        SourceKind::Kafka(kafka) => Some((format!("source[{at}]"), of(kafka)?)),
        SourceKind::Files(_) => None,
    });
    let sinks = config.sinks.iter().enumerate().filter_map(|(at, sink)| Some((format!("sink[{at}]"), sink.check().err()?)));
    let dead_letters = config.dead_letter_topic().and_then(|kafka| Some(("dead_letters".to_owned(), of(&kafka)?)));
    let reasons = config.explanations_topic().and_then(|kafka| Some(("directory.explanations_client".to_owned(), of(&kafka)?)));
    sources
        .chain(sinks)
        .chain(dead_letters)
        .chain(reasons)
        .map(|(table, error)| Problem::plain(format!("{file}: {table}"), error))
        .collect()
}
