//! `evaluate calibrate`: learns what the findings of each typology are worth in this organisation, by planting insiders into its own log.

use crate::cli::replay::pass::ReplayPass;
use crate::cli::replay::score;
use crate::cli::replay::topic::TopicHistory;
use crate::cli::{Failure, setup};
use anyhow::Context as _;
use leakwarden::config::schema::{Config, SourceKind};
use leakwarden::engine::context::Context;
use leakwarden::evaluate::calibrate::effect::{Effect, Found, Goal};
use leakwarden::evaluate::calibrate::evidence::Evidence;
use leakwarden::evaluate::calibrate::gather::{self, Verdicts};
use leakwarden::evaluate::calibrate::learn::{self, Learnt, Outcome};
use leakwarden::evaluate::calibrate::{plants, traces};
use leakwarden::evaluate::inject::work_patterns::WorkPatterns;
use leakwarden::model::problem::Problem;
use leakwarden::model::time::{Span, Timestamp};
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::private_file::{self, Readers};
use leakwarden::telemetry::untrusted::Untrusted;
use leakwarden::triage::case::weights::CaseWeights;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Records read in all passes together, if more than two passes are needed.
const RECORDS: u64 = 9_000_000;
/// Passes with plants, at the most.
pub const MOST_PASSES: u64 = 8;
/// Cases of the last day that are printed.
const PRINTED: usize = 10;

#[derive(clap::Args)]
pub(super) struct CalibrateOptions {
    /// Configuration file
    #[arg(long)]
    config: PathBuf,
    /// Where to write the weights, for `[alerts] calibration`
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only so many days before --to, or before now
    #[arg(long, value_parser = clap::value_parser!(u32).range(14..=3_660))]
    days: Option<u32>,
    /// Only records from this time on (RFC 3339 or a date)
    #[arg(long, conflicts_with = "days")]
    from: Option<String>,
    /// Only records before this time (RFC 3339 or a date)
    #[arg(long)]
    to: Option<String>,
    /// Verdicts on natural cases that were confirmed (`employee,typology,from,to`)
    #[arg(long)]
    labels: Option<PathBuf>,
    /// Verdicts on natural cases that were found innocent (`employee,kind,from,to`) [default: decoys.csv beside the labels]
    #[arg(long, requires = "labels")]
    decoys: Option<PathBuf>,
    /// How many insiders there are among 1,000 employees in a year, as far as anybody can say
    #[arg(long, default_value_t = INSIDERS_PER_1000)]
    insiders_per_1000: f64,
    /// Passes with plants, at the most; fewer where the log is long
    #[arg(long, default_value_t = MOST_PASSES, value_parser = clap::value_parser!(u64).range(1..=64))]
    passes: u64,
    /// Format of the files; otherwise that of their source, otherwise recognised
    #[arg(long)]
    format: Option<String>,
    /// Threads; the result does not depend on it [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// A topic of a configured Kafka source, from its beginning to where it ends now; may be given again
    #[arg(long, value_name = "TOPIC")]
    kafka: Vec<String>,
    /// Where to write what was found as JSON
    #[arg(long)]
    score: Option<PathBuf>,
    /// Files to replay, again and again; without any, and without --kafka, all that the configured sources hold
    files: Vec<String>,
}

/// Insiders among 1,000 employees in a year, unless somebody knows better.
pub const INSIDERS_PER_1000: f64 = 10.0;

pub(super) fn run(options: &CalibrateOptions) -> Result<(), Failure> {
    let begun = Instant::now();
    if options.files.iter().any(|file| file == "-") {
        return Err(Failure::argument("FILES", "must be files: they are read several times", "-"));
    }
    if !(options.insiders_per_1000 > 0.0 && options.insiders_per_1000 <= 1_000.0) {
        return Err(Failure::argument("--insiders-per-1000", "must be above 0 and at most 1000", options.insiders_per_1000));
    }
    let known =
        options.labels.as_deref().map(|labels| score::GroundTruthFiles::read(labels, options.decoys.as_deref(), None)).transpose()?;
    let (config, context) = setup::load(Some(&options.config))?;
    let (files, topics) = inputs(options, &config)?;
    let topics = topics.iter().map(|topic| TopicHistory::of(&config, topic)).collect::<Result<_, _>>()?;
    let (pool, threads) = pool(options.threads)?;
    let between = between(options)?;
    let pass =
        ReplayPass { pool, threads, between, files: &files, topics, sort: false, format: options.format.as_deref(), decisions: None };
    let verdicts = known.as_ref().map_or_else(Verdicts::default, |known| Verdicts { labels: &known.labels, decoys: &known.decoys });
    let log = read(&pass, &config, &context, verdicts, options.passes)?;
    let goal = goal(&context, options.insiders_per_1000);
    let in_force = &context.calibration.weights;
    let schemes = log.evidence.planted.iter().filter(|planted| !planted.cases.is_empty()).count();
    if schemes < learn::FEWEST || log.evidence.natural.len() < learn::FEWEST {
        let error = anyhow::anyhow!(
            "too little to learn from: {schemes} planted schemes with an alert and {} natural cases, where {} of each are needed; \
             the weights in force stay",
            log.evidence.natural.len(),
            learn::FEWEST
        );
        return Err(error.into());
    }
    let outcome = learn::learn(&log.evidence, in_force, &CaseWeights::shipped(), &goal);
    print(&log, &outcome, in_force, &goal);
    let report = report(&log, &outcome, in_force, &goal);
    if let Some(path) = &options.score {
        score::write(path, &report)?;
    }
    eprintln!("{} passes over the log in {:.1} s", log.passes, begun.elapsed().as_secs_f64());
    match (&outcome.learnt, &options.out) {
        (None, _) => Err(anyhow::anyhow!(
            "whatever could be learnt finds fewer of the planted cases that were held out than the weights in force ({}): those stay",
            context.calibration.version
        )
        .into()),
        (Some(learnt), Some(path)) => {
            write(path, &learnt.weights.to_json(Some(report)))?;
            eprintln!("{}: weights {}, for `[alerts] calibration`", Untrusted(&path.display().to_string()), learnt.weights.version());
            Ok(())
        }
        (Some(_), None) => Ok(()),
    }
}

/// The files and topics that are named, or those of the configured sources.
fn inputs(options: &CalibrateOptions, config: &Config) -> Result<(Vec<String>, Vec<String>), Failure> {
    if !options.files.is_empty() || !options.kafka.is_empty() {
        return Ok((options.files.clone(), options.kafka.clone()));
    }
    let (mut files, mut topics) = (Vec::new(), Vec::new());
    for source in &config.sources {
        match &source.kind {
            SourceKind::Files(pattern) => {
                let found = glob::glob(pattern).into_iter().flatten().flatten();
                files.extend(found.filter(|path| path.is_file()).map(|path| path.display().to_string()));
            }
            SourceKind::Kafka(kafka) => topics.extend(kafka.topics.iter().filter(|topic| !topic.starts_with('^')).cloned()),
        }
    }
    if files.is_empty() && topics.is_empty() {
        let rule =
            "must name files or topics that can be read: the configured sources have none (a topic by a pattern is named with --kafka)";
        return Err(Failure::Unusable(vec![Problem::plain("FILES", rule)]));
    }
    Ok((files, topics))
}

/// A log as it was read.
pub(super) struct ReadLog {
    pub evidence: Evidence,
    passes: usize,
    seed: u64,
    records: u64,
    times: Option<(Timestamp, Timestamp)>,
}

/// What is wanted of weights, by the configuration.
pub(super) fn goal(context: &Context, insiders_per_1000: f64) -> Goal {
    let alerts = &context.alerts;
    Goal { places: alerts.budget_per_day as usize, show_at: alerts.show_at.clamp(1e-9, 1.0 - 1e-9), insiders_per_1000 }
}

pub(super) fn pool(threads: Option<u32>) -> Result<(rayon::ThreadPool, usize), Failure> {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = threads.map_or_else(cores, |threads| threads as usize);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start threads")?;
    Ok((pool, threads))
}

/// Reads the log plain, and again with plants.
pub(super) fn read(
    pass: &ReplayPass<'_>,
    config: &Config,
    context: &Arc<Context>,
    verdicts: Verdicts<'_>,
    most: u64,
) -> Result<ReadLog, Failure> {
    let mut patterns = WorkPatterns::default();
    let (replay, natural) = pass.traced(config, context, &mut patterns)?;
    let (records, times) = (replay.tally.lines, replay.tally.times);
    drop(replay);
    let passes = (RECORDS / records.max(1)).saturating_sub(1).clamp(1, most) as usize;
    let seed = plants::seed_of(&patterns);
    let evidence = gather::gather((&patterns, &natural), verdicts, (passes, seed), context, |mut planted| {
        Ok::<_, Failure>(pass.traced(config, context, &mut planted)?.1)
    })?;
    Ok(ReadLog { evidence, passes: passes + 1, seed, records, times })
}

fn between(options: &CalibrateOptions) -> Result<TimeRange, Failure> {
    let mut between = TimeRange::default();
    let to = setup::time("--to", options.to.as_deref())?;
    between.to = to.unwrap_or(between.to);
    between.from = setup::time("--from", options.from.as_deref())?.unwrap_or(between.from);
    if let Some(days) = options.days {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        between.from = to.unwrap_or_else(|| Timestamp(now())) - Span::days(i64::from(days));
    }
    if between.from >= between.to {
        return Err(Failure::argument("--to", &format!("must be after --from ({})", between.from), between.to));
    }
    Ok(between)
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let cannot = || format!("cannot write {}", path.display());
    let mut file = private_file::create(path, Readers::Group).with_context(cannot)?;
    file.write_all(text.as_bytes()).with_context(cannot)?;
    Ok(file.finish().with_context(cannot)?)
}

fn report(log: &ReadLog, outcome: &Outcome, in_force: &CaseWeights, goal: &Goal) -> serde_json::Value {
    let deviations = outcome.learnt.as_ref().map(|learnt| {
        let spoken = traces::names().zip(&learnt.deviations).zip(traces::model(&learnt.weights).weights);
        spoken
            .filter(|(_, weight)| *weight != 0.0)
            .map(|((name, deviation), _)| (name, deviation))
            .collect::<std::collections::BTreeMap<_, _>>()
    });
    serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "from": log.times.map(|(from, _)| from.to_string()),
        "to": log.times.map(|(_, to)| to.to_string()),
        "records": log.records,
        "employees": log.evidence.employees,
        "passes": log.passes,
        "seed": format!("{:016x}", log.seed),
        "natural_cases": log.evidence.natural.len(),
        "planted": outcome.with_case.of,
        "planted_with_case": outcome.with_case.found,
        "places": goal.places,
        "show_at": goal.show_at,
        "insiders_per_1000": goal.insiders_per_1000,
        "weights_before": in_force.version(),
        "strength": outcome.learnt.as_ref().map(|learnt| learnt.strength),
        "deviations": deviations,
        "before": outcome.before,
        "after": outcome.learnt.as_ref().map(|learnt| &learnt.after),
    })
}

fn print(log: &ReadLog, outcome: &Outcome, in_force: &CaseWeights, goal: &Goal) {
    let evidence = &log.evidence;
    println!(
        "{} natural cases of {} employees; {} schemes planted, {} of them with an alert",
        evidence.natural.len(),
        evidence.employees,
        outcome.with_case.all(),
        outcome.with_case.sum()
    );
    if let Some(learnt) = &outcome.learnt {
        weights(in_force, learnt);
    }
    println!("\n{:<44}{:>16}{:>16}", "planted schemes that are shown (held out)", "before", "after");
    let after = outcome.learnt.as_ref().map(|learnt| &learnt.after);
    let row = |name: &str, of: &dyn Fn(&Effect) -> String| {
        println!("{name:<44}{:>16}{:>16}", of(&outcome.before), after.map_or("-".to_owned(), of));
    };
    row("at one place a day", &|effect| recall(&effect.one_place));
    row(&format!("at {} places a day", goal.places), &|effect| recall(&effect.all_places));
    row("  obvious, medium, subtle", &|effect| by_strength(&effect.all_places));
    row(&format!("of those worth a look (show_at {})", goal.show_at), &|effect| recall(&effect.at_threshold));
    row("  missed", &|effect| format!("{:.0} %", 100.0 * (1.0 - effect.at_threshold.recall())));
    row("  obvious, medium, subtle missed", &|effect| missed(&effect.at_threshold));
    row("  natural cases shown a day", &|effect| format!("{:.2}", effect.shown_per_day));
    row("  expected share of true ones", &|effect| format!("{:.1} %", 100.0 * effect.expected_share));
    println!("with {} insiders among 1,000 employees in a year", goal.insiders_per_1000);
    if let Some(learnt) = &outcome.learnt {
        queue(evidence, in_force, &learnt.weights);
    }
}

/// A share, with its uncertainty.
fn recall(found: &Found) -> String {
    let (share, all) = (found.recall(), found.all().max(1) as f64);
    format!("{share:.2} ± {:.2}", (share * (1.0 - share) / all).sqrt())
}

fn missed(found: &Found) -> String {
    let shares = found.found.iter().zip(found.of).map(|(found, of)| format!("{:.0} %", 100.0 * (1.0 - *found as f64 / of.max(1) as f64)));
    shares.collect::<Vec<_>>().join(" ")
}

fn by_strength(found: &Found) -> String {
    let shares = found.found.iter().zip(found.of).map(|(found, of)| format!("{:.2}", *found as f64 / of.max(1) as f64));
    shares.collect::<Vec<_>>().join(" ")
}

fn weights(in_force: &CaseWeights, learnt: &Learnt) {
    println!("\n{:<28}{:>10}{:>10}{:>10}", "weight", "before", "after", "±");
    let (before, after) = (traces::model(in_force), traces::model(&learnt.weights));
    println!("{:<28}{:>10.2}{:>10.2}", "(rarity of insiders)", before.bias, after.bias);
    for (at, name) in traces::names().enumerate().filter(|(at, _)| before.weights[*at] != 0.0 || after.weights[*at] != 0.0) {
        println!("{name:<28}{:>10.3}{:>10.3}{:>10.3}", before.weights[at], after.weights[at], learnt.deviations[at]);
    }
    println!("drawn to the shipped weights by {} cases", learnt.strength);
}

/// The cases of the last day with alerts, in the new order.
fn queue(evidence: &Evidence, before: &CaseWeights, after: &CaseWeights) {
    let Some(day) = evidence.natural.iter().flat_map(|(trace, _)| trace.days.iter().map(|seen| seen.day)).max() else { return };
    let queue = learn::queue_of_day(&evidence.natural, day, before, after);
    let mut old: Vec<&str> = Vec::new();
    let mut by_old = queue.clone();
    by_old.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    old.extend(by_old.iter().map(|(who, ..)| *who));
    println!("\n{:<28}{:>8}{:>8}{:>12}{:>12}", "the last day's cases", "place", "was", "expected", "was");
    for (place, (who, was, is)) in queue.iter().take(PRINTED).enumerate() {
        let before = old.iter().position(|other| other == who).map_or(0, |place| place + 1);
        println!("{:<28}{:>8}{before:>8}{:>12.4}{:>12.4}", Untrusted(who).to_string(), place + 1, is, was);
    }
}
