//! `evaluate weights`: makes the weights that ship with the product, from simulated companies.

use super::calibrate::{self, INSIDERS_PER_1000, MOST_PASSES};
use crate::cli::replay::pass::ReplayPass;
use crate::cli::replay::score::GroundTruthFiles;
use crate::cli::simulate::refused;
use crate::cli::{Failure, setup};
use leakwarden::evaluate::calibrate::gather::Verdicts;
use leakwarden::evaluate::calibrate::learn;
use leakwarden::evaluate::inject::work_patterns::WorkPatterns;
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::simulate::{self, Company};
use leakwarden::triage::case::features::Circumstance;
use leakwarden::triage::case::weights::CaseWeights;
use std::path::PathBuf;

/// What every company's cases draw away from: the loudest pattern counts, others less, and how many people of how grave a kind.
const START: [(Circumstance, f64); 3] = [(Circumstance::Strongest, 0.3), (Circumstance::Others, 0.1), (Circumstance::Gravity, 0.3)];

#[derive(clap::Args)]
pub(super) struct WeightsOptions {
    /// Seeds of the companies
    #[arg(long, value_delimiter = ',', default_value = "301,302,303,304,305,306")]
    seeds: Vec<u64>,
    /// Employees of each
    #[arg(long, default_value_t = 500)]
    employees: u32,
    /// Days of history of each
    #[arg(long, default_value_t = 60)]
    days: u32,
    /// Learn from the labelled insiders of the companies instead of planted ones: what labels would give at most
    #[arg(long)]
    labels: bool,
    /// How many insiders there are among 1,000 employees in a year
    #[arg(long, default_value_t = INSIDERS_PER_1000)]
    insiders_per_1000: f64,
    /// Threads; the result does not depend on it [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Where to write the weights
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(options: &WeightsOptions) -> Result<(), Failure> {
    let mut companies = Vec::new();
    let mut goal = None;
    for seed in &options.seeds {
        let dir = std::env::temp_dir().join(format!("leakwarden-company-{}-{seed}", std::process::id()));
        let read = company(options, *seed, &dir);
        let _ = std::fs::remove_dir_all(&dir);
        let (evidence, wanted) = read?;
        eprintln!("company {seed}: {} natural cases, {} planted schemes", evidence.natural.len(), evidence.planted.len());
        companies.push(evidence);
        goal = Some(wanted);
    }
    let Some(goal) = goal else { return Err(Failure::argument("--seeds", "must name companies", "none")) };
    let start = CaseWeights { bias: 0.0, worth: Default::default(), circumstances: START.into_iter().collect() };
    let weights = learn::pooled(&companies, &start, &goal);
    let learnt = serde_json::json!({
        "command": format!("leakwarden evaluate weights --seeds {} --employees {} --days {}{} --insiders-per-1000 {} --out FILE",
            options.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(","), options.employees, options.days,
            if options.labels { " --labels" } else { "" }, options.insiders_per_1000),
        "version": env!("CARGO_PKG_VERSION"),
        "natural_cases": companies.iter().map(|company| company.natural.len()).sum::<usize>(),
        "planted": companies.iter().map(|company| company.planted.len()).sum::<usize>(),
        "insiders_per_1000": options.insiders_per_1000,
    });
    calibrate::write(&options.out, &weights.to_json(Some(learnt)))
}

/// Simulates a company and reads its log.
fn company(options: &WeightsOptions, seed: u64, dir: &std::path::Path) -> Result<(learn::Evidence, learn::Goal), Failure> {
    let wanted = simulate::Options { employees: options.employees, days: options.days, seed, ..simulate::Options::default() };
    Company::new(wanted).and_then(|company| company.write(dir)).map_err(refused)?;
    let (config, context) = setup::load(Some(&dir.join("config.toml")))?;
    let files = [dir.join("access.jsonl").display().to_string()];
    let (pool, threads) = calibrate::pool(options.threads)?;
    let pass = ReplayPass { pool, threads, between: TimeRange::default(), files: &files, topics: Vec::new(), sort: false, format: None };
    let goal = calibrate::goal(&context, options.insiders_per_1000);
    if options.labels {
        let known = GroundTruthFiles::read(&dir.join("labels.csv"), None, None)?;
        let mut patterns = WorkPatterns::default();
        let (_, natural) = pass.traced(&config, &context, &mut patterns)?;
        let verdicts = Verdicts { labels: &known.labels, decoys: &known.decoys };
        return Ok((leakwarden::evaluate::calibrate::gather::natural(&patterns, &natural, verdicts), goal));
    }
    Ok((calibrate::read(&pass, &config, &context, Verdicts::default(), MOST_PASSES)?.evidence, goal))
}
