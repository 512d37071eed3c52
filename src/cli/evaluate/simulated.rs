//! `evaluate weights`: makes the weights that ship with the product, from simulated companies.

use super::calibrate;
use super::company::Named;
use crate::cli::replay::pass::ReplayPass;
use crate::cli::replay::score::GroundTruthFiles;
use crate::cli::simulate::refused;
use crate::cli::{Failure, setup};
use anyhow::Context as _;
use leakwarden::evaluate::calibrate::effect::{Found, Goal};
use leakwarden::evaluate::calibrate::evidence::Evidence;
use leakwarden::evaluate::calibrate::gather::{self, Verdicts};
use leakwarden::evaluate::calibrate::pooled::{self, Pooled};
use leakwarden::evaluate::inject::work_patterns::WorkPatterns;
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::simulate::Company;
use leakwarden::triage::AlertSettings;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, clap::Args)]
pub(super) struct WeightsOptions {
    /// Companies, as ASSUME:SEED or, of those without insiders, ASSUME:SEED:KIND (see `simulate --assume` and `--innocent`)
    #[arg(long, value_delimiter = ',', default_value = pooled::COMPANIES)]
    companies: Vec<Named>,
    /// Employees of each
    #[arg(long, default_value_t = 500)]
    employees: u32,
    /// Days of history of each
    #[arg(long, default_value_t = 60)]
    days: u32,
    /// Learn from insiders who are planted into each company's log in so many passes, instead of its labelled ones
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=64))]
    plants: u64,
    /// How many insiders the weights expect among 1,000 employees in a year; simulated companies have about 1,300
    #[arg(long, default_value_t = pooled::INSIDERS_PER_1000)]
    insiders_per_1000: f64,
    /// Keep what each company's log gave in this folder, and take it from there where it is: for another fit of the same companies
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// Threads; the result does not depend on it [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Where to write the weights
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(options: &WeightsOptions) -> Result<(), Failure> {
    let mut companies = Vec::new();
    for named in &options.companies {
        let evidence = kept(options, named)?;
        eprintln!("{named}: {} innocent cases, {} schemes", evidence.natural.len(), evidence.planted.len());
        companies.push(evidence);
    }
    let usual = AlertSettings::default();
    let goal = Goal { places: usual.budget_per_day as usize, show_at: usual.show_at, insiders_per_1000: options.insiders_per_1000 };
    let Some(pooled) = pooled::pooled(&companies, &goal) else {
        return Err(Failure::argument("--companies", "must name some with insiders and some cases", "nothing to learn from"));
    };
    print(options, &pooled);
    let learnt = serde_json::json!({
        "command": command(options),
        "from": if options.plants == 0 { "cases of simulated companies, of which their labels say which are true" }
            else { "cases of simulated companies, and of insiders who were planted into their logs" },
        "innocent_cases": companies.iter().map(|company| company.natural.len()).sum::<usize>(),
        "schemes": companies.iter().map(|company| company.planted.len()).sum::<usize>(),
        "insiders_per_1000": options.insiders_per_1000,
        "strength": pooled.strength,
        "evidence": companies.iter().map(Evidence::print).collect::<Vec<_>>(),
        "probe": probe(options)?,
        "after": pooled.after,
    });
    calibrate::write(&options.out, &pooled.weights.to_json(Some(learnt)))
}

/// What makes these weights.
fn command(options: &WeightsOptions) -> String {
    let names: Vec<String> = options.companies.iter().map(ToString::to_string).collect();
    let WeightsOptions { employees, days, plants, insiders_per_1000, .. } = options;
    format!(
        "leakwarden evaluate weights --companies {} --employees {employees} --days {days} --plants {plants} \
         --insiders-per-1000 {insiders_per_1000} --out FILE",
        names.join(",")
    )
}

/// A small company, by whose cases a change of detectors, features or the simulator is noticed in a second, where making all weights anew takes
/// minutes.
const PROBE: (&str, u32, u32) = ("hard:303", 60, 30);

/// The print of the small company's evidence.
fn probe(options: &WeightsOptions) -> Result<String, Failure> {
    let (name, employees, days) = PROBE;
    let named: Named = name.parse().map_err(|rule: String| Failure::argument("--companies", &rule, name))?;
    Ok(kept(&WeightsOptions { employees, days, plants: 0, evidence: None, ..options.clone() }, &named)?.print())
}

/// What companies that were left out are shown by weights of the others.
fn print(options: &WeightsOptions, pooled: &Pooled) {
    println!("{:<28}{:>26}{:>20}{:>20}", "company left out", "obvious, medium, subtle", "schemes shown", "innocent a day");
    for (named, effect) in options.companies.iter().zip(&pooled.companies) {
        let Found { found, of } = effect.at_threshold;
        let shares: Vec<String> = found.iter().zip(of).map(|(found, of)| format!("{:.2}", *found as f64 / of.max(1) as f64)).collect();
        let shown = format!("{} of {}", effect.at_threshold.sum(), effect.at_threshold.all());
        println!("{:<28}{:>26}{shown:>20}{:>20.2}", named.to_string(), shares.join(" "), effect.shown_per_day);
    }
    println!("drawn to where it starts by {} cases", pooled.strength);
}

/// What a company's log gave, from the folder where it is kept if it is there.
fn kept(options: &WeightsOptions, named: &Named) -> Result<Evidence, Failure> {
    let name = format!("{}-{}x{}-{}.json", named.to_string().replace(':', "-"), options.employees, options.days, options.plants);
    let path = options.evidence.as_ref().map(|dir| dir.join(name));
    if let Some(path) = path.as_deref().filter(|path| path.exists()) {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        return Ok(serde_json::from_str(&text).with_context(|| format!("{} is no evidence of this version", path.display()))?);
    }
    let dir = std::env::temp_dir().join(format!("leakwarden-company-{}-{}", std::process::id(), named.to_string().replace(':', "-")));
    let read = company(options, named, &dir);
    let _ = std::fs::remove_dir_all(&dir);
    let evidence = read?;
    if let Some(path) = &path {
        let text = serde_json::to_string(&evidence).context("evidence is plain data")?;
        path.parent().map_or(Ok(()), leakwarden::private_file::folder).with_context(|| format!("cannot write {}", path.display()))?;
        calibrate::write(path, &text)?;
    }
    Ok(evidence)
}

/// Simulates a company and reads its log.
fn company(options: &WeightsOptions, named: &Named, dir: &Path) -> Result<Evidence, Failure> {
    Company::new(named.options(options.employees, options.days)).and_then(|company| company.write(dir)).map_err(refused)?;
    let (config, mut context) = setup::load(Some(&dir.join("config.toml")))?;
    // A case is told of when it becomes worth a look: by the weights that ship, of which those that are made must not be made.
    Arc::get_mut(&mut context).context("nobody else has what was just loaded")?.alerts.show_at = f64::INFINITY;
    let files = [dir.join("access.jsonl").display().to_string()];
    let (pool, threads) = calibrate::pool(options.threads)?;
    let pass = ReplayPass {
        pool,
        threads,
        between: TimeRange::default(),
        files: &files,
        topics: Vec::new(),
        sort: false,
        format: None,
        decisions: None,
    };
    let known = GroundTruthFiles::read(&dir.join("labels.csv"), None, None)?;
    if options.plants > 0 {
        let verdicts = Verdicts { labels: &known.labels, decoys: &known.decoys };
        return Ok(calibrate::read(&pass, &config, &context, verdicts, options.plants)?.evidence);
    }
    let mut patterns = WorkPatterns::default();
    let (_, traces) = pass.traced(&config, &context, &mut patterns)?;
    Ok(gather::labelled(&patterns, &traces, &known.labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use leakwarden::triage::case::weights::SHIPPED;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: WeightsOptions,
    }

    #[test]
    fn what_ships_was_made_by_the_command_as_it_is() {
        let line = Line::try_parse_from(["weights", "--out", "FILE"]).expect("needs no more");
        let shipped: serde_json::Value = serde_json::from_str(SHIPPED).expect("is JSON");
        assert_eq!(shipped["learnt"]["command"], command(&line.options), "run config/calibration/make.sh");
    }

    #[test]
    fn what_ships_was_learnt_of_the_detectors_and_the_simulator_as_they_are_by_any_number_of_threads() {
        let shipped: serde_json::Value = serde_json::from_str(SHIPPED).expect("is JSON");
        for threads in ["1", "3"] {
            let line = Line::try_parse_from(["weights", "--out", "FILE", "--threads", threads]).expect("needs no more");
            let now = probe(&line.options).unwrap_or_else(|_| panic!("a small company can be read"));
            assert_eq!(shipped["learnt"]["probe"], now, "run config/calibration/make.sh");
        }
    }
}
