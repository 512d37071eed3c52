//! `evaluate`: what the detection is worth on one's own log, beyond single alerts, and what it learns from it.

mod calibrate;
mod company;
mod simulated;

use crate::cli::replay::pass::ReplayPass;
use crate::cli::replay::score;
use crate::cli::{Failure, setup};
use leakwarden::evaluate::inject::InjectedAccesses;
use leakwarden::evaluate::inject::work_patterns::WorkPatterns;
use leakwarden::evaluate::quota::{self, Quota, QuotaSpec, Way};
use leakwarden::pipeline::partition_decoder::TimeRange;
use std::path::PathBuf;

/// Measure what the detection is worth on one's own log, and have it learn: `quota` tells how many people may be taken without any alert,
/// `calibrate` in which order cases are to be looked at here.
#[derive(clap::Args)]
pub struct Options {
    /// What to do
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// How many people somebody may take without any alert, by way and by days of work
    Quota(QuotaOptions),
    /// Learn what the findings of each typology are worth here, by planting insiders into the log, and write the weights
    Calibrate(calibrate::CalibrateOptions),
    /// Make the weights that ship with the product, from simulated companies (`config/calibration/make.sh`)
    Weights(simulated::WeightsOptions),
}

#[derive(clap::Args)]
struct QuotaOptions {
    /// Configuration file
    #[arg(long)]
    config: PathBuf,
    /// Format of the files; otherwise that of their source, otherwise recognised
    #[arg(long)]
    format: Option<String>,
    /// Days of work; the log must have 25 more of each employee
    #[arg(long, value_delimiter = ',', default_value = "20,60,250")]
    days: Vec<u32>,
    /// Insiders for each way, time and rate
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    insiders: u32,
    /// Seed of the random choice of employees and people
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; the result does not depend on it [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Where to write the table as JSON
    #[arg(long)]
    score: Option<PathBuf>,
    /// Files to replay, again and again
    #[arg(required = true)]
    files: Vec<String>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    match &options.what {
        What::Quota(options) => run_quota(options),
        What::Calibrate(options) => calibrate::run(options),
        What::Weights(options) => simulated::run(options),
    }
}

fn run_quota(options: &QuotaOptions) -> Result<(), Failure> {
    if let Some(days) = options.days.iter().find(|days| !(5..=2_000).contains(*days)) {
        return Err(Failure::argument("--days", "must be whole numbers from 5 to 2000", days));
    }
    if options.files.iter().any(|file| file == "-") {
        return Err(Failure::argument("FILES", "must be files: they are read several times", "-"));
    }
    let (pool, threads) = calibrate::pool(options.threads)?;
    let (config, context) = setup::load(Some(&options.config))?;
    let between = TimeRange::default();
    let pass = ReplayPass {
        pool,
        threads,
        between,
        files: &options.files,
        topics: Vec::new(),
        sort: false,
        format: options.format.as_deref(),
        decisions: None,
    };
    let mut patterns = WorkPatterns::default();
    let (replay, plain) = pass.whole(&config, &context, &mut patterns)?;
    let spec = QuotaSpec { days: options.days.clone(), insiders: options.insiders as usize, seed: options.seed };
    let mut passes = 1;
    let found = quota::measure(&spec, &patterns, &plain, &context, |insiders| {
        passes += 1;
        Ok::<_, Failure>(pass.whole(&config, &context, &mut InjectedAccesses::of(insiders))?.1)
    })?;
    drop(replay);
    print(&spec, &found, passes);
    if let Some(path) = &options.score {
        score::write(path, &found)?;
    }
    Ok(())
}

fn print(spec: &QuotaSpec, found: &[Quota], passes: u32) {
    let head: String = spec.days.iter().map(|days| format!("{:>12}", format!("{days} days"))).collect();
    println!("people without any alert {head}");
    for way in Way::ALL {
        let cells: String = found.iter().filter(|quota| quota.way == way.name()).map(|quota| format!("{:>12}", cell(quota))).collect();
        println!("{:<24} {cells}   {}", way.name(), way.what());
    }
    eprintln!(
        "{passes} passes over the log, {} insiders for each figure; - where the log is too short or lacks what it takes",
        spec.insiders
    );
}

fn cell(quota: &Quota) -> String {
    match quota.people {
        None => "-".to_owned(),
        Some(people) if quota.at_least => format!("{people} or more"),
        Some(people) => people.to_string(),
    }
}
