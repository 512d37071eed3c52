//! `check`: validates everything the service would load, and says what it means.

mod report;
mod sections;

use crate::cli::Failure;
use leakwarden::config::load;
use leakwarden::config::schema::{Config, Kafka, Sink, SourceKind};
use leakwarden::config::validate;
use leakwarden::kafka::settings::Cluster;
use leakwarden::model::problem::Problem;
use report::Report;
use std::io::Write;
use std::path::PathBuf;

/// Validate a configuration and everything it names, and say in words what the service would do with it.
#[derive(clap::Args)]
pub struct Options {
    /// Configuration file
    #[arg(long)]
    config: PathBuf,
}

/// Runs the command. Mistakes of all files are told together; warnings do not fail.
pub fn run(options: &Options) -> Result<(), Failure> {
    let (config, mut problems) = load::read_settings(&options.config)?;
    problems.extend(clusters(&config));
    let context = match load::load(&config) {
        Ok(context) if problems.is_empty() => context,
        Ok(_) => return Err(problems.into()),
        Err(found) => {
            problems.extend(found);
            return Err(problems.into());
        }
    };
    let mut report = Report::default();
    sections::write(&config, &context, &mut report);
    for warning in validate::warnings(&config, &context.classifier.catalog, &context.classifier.directory) {
        report.warn(warning);
    }
    // A reader that has seen enough (`| head`) is no failure.
    let _ = std::io::stdout().lock().write_all(report.finish(&options.config).as_bytes());
    Ok(())
}

/// Settings of Kafka clients that could not be used; whether brokers answer is seen when the service runs.
fn clusters(config: &Config) -> Vec<Problem> {
    let file = config.file.display();
    let sources = config.sources.iter().enumerate().filter_map(|(at, source)| match &source.kind {
        SourceKind::Kafka(kafka) => Some((format!("{file}: source[{at}]"), kafka)),
        SourceKind::Files(_) => None,
    });
    let sinks = config.sinks.iter().enumerate().filter_map(|(at, sink)| match sink {
        Sink::Kafka(kafka) => Some((format!("{file}: sink[{at}]"), kafka)),
        Sink::JsonLines(_) => None,
    });
    let dead_letters = config.dead_letter_topic.iter().map(|kafka| (format!("{file}: dead_letters"), kafka));
    let check = |(place, kafka): (String, &Kafka)| {
        let cluster = Cluster { brokers: kafka.brokers.clone(), client: kafka.client.clone() };
        cluster.check().err().map(|error| Problem::plain(place, error.to_string()))
    };
    sources.chain(sinks).chain(dead_letters).filter_map(check).collect()
}
