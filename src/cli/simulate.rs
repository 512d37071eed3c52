//! `simulate`: a labelled company's history, to try everything on.

use crate::cli::Failure;
use clap::builder::PossibleValuesParser;
use leakwarden::simulate::{self, Assume, Company, Innocent};
use std::path::PathBuf;
use std::time::Instant;

/// Write a labelled company's history: access.jsonl, the directory, labels.csv and a config.toml to replay it with.
#[derive(clap::Args)]
pub struct Options {
    /// Directory to write to; made if it is not there
    #[arg(long)]
    out: PathBuf,
    /// Employees of the company
    #[arg(long, default_value_t = 2_000)]
    employees: u32,
    /// Days of history
    #[arg(long, default_value_t = 90)]
    days: u32,
    /// The same seed gives the same company, byte by byte
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What is taken for granted: plain people keep to their tickets and the directory is up to date; in a hard company reasons are made up,
    /// forgotten and mistyped, the directory is late, innocent days are uneven, and insiders adapt
    #[arg(long, default_value = Assume::Plain.name(), value_parser = PossibleValuesParser::new(Assume::ALL.map(Assume::name)))]
    assume: String,
    /// A company without insiders, and what befalls it: nothing beside the ordinary, a vendor who sits as one unit, a merger, three days
    /// without the tool for tickets, a week of migration
    #[arg(long, value_parser = PossibleValuesParser::new(Innocent::ALL.map(Innocent::name)))]
    innocent: Option<String>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    let Options { out, employees, days, seed, .. } = options;
    let assume = Assume::ALL.into_iter().find(|assume| assume.name() == options.assume).unwrap_or_default();
    let innocent = Innocent::ALL.into_iter().find(|innocent| options.innocent.as_deref() == Some(innocent.name()));
    let wanted = simulate::Options { employees: *employees, days: *days, seed: *seed, assume, innocent, ..simulate::Options::default() };
    let company = Company::new(wanted).map_err(refused)?;
    let begun = Instant::now();
    let summary = company.write(out).map_err(refused)?;
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!(
        "{} records of {} employees over {} days, {:.0} MB, in {seconds:.1} s ({:.0} records/s); {} labelled insiders, {} look-alikes",
        summary.records,
        summary.employees,
        summary.days,
        summary.bytes as f64 / 1e6,
        summary.records as f64 / seconds.max(1e-9),
        summary.labels,
        summary.decoys,
    );
    eprintln!("replay it: leakwarden replay --config {0}/config.toml --labels {0}/labels.csv {0}/access.jsonl", out.display());
    Ok(())
}

/// A company that cannot be made.
pub fn refused(error: simulate::Error) -> Failure {
    match error {
        simulate::Error::Options { name, rule, value } => Failure::argument(&format!("--{name}"), rule, value),
        error @ simulate::Error::Write { .. } => Failure::AtRunTime(error.into()),
    }
}
