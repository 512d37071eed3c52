//! `replay`: historical logs through the same engine that runs live.

mod compare;
mod inject;
pub mod pass;
mod report;
pub mod score;
mod summary;
pub mod topic;

use crate::cli::state::ReplayState;
use crate::cli::{Failure, setup};
use anyhow::Context as _;
use leakwarden::config::inventory;
use leakwarden::config::schema::Config;
use leakwarden::engine::Engine;
use leakwarden::engine::context::Context;
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::evaluate::leaks::LeakProgress;
use leakwarden::model::time::Timestamp;
use leakwarden::pipeline::decisions::replayed::RecordedDecisions;
use leakwarden::pipeline::feeds::{FeedGuard, Shrunken};
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::state::Positions;
use leakwarden::pipeline::{coverage, dead_letters};
use leakwarden::sink::dead_letters::DeadLetters;
use leakwarden::telemetry::untrusted::{self, Untrusted};
use pass::{ReplayPass, create};
use score::GroundTruthFiles;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use topic::TopicHistory;

/// Replay historical logs: the same engine as `run`, fast, with the same alerts whatever the threads and the order of files.
#[derive(clap::Args)]
pub struct Options {
    /// Configuration file; only [catalog] is required
    #[arg(long)]
    config: Option<PathBuf>,
    /// Format of the files; otherwise that of their source, otherwise recognised
    #[arg(long)]
    format: Option<String>,
    /// Only records from this time on (RFC 3339 or a date)
    #[arg(long)]
    from: Option<String>,
    /// Only records before this time (RFC 3339 or a date)
    #[arg(long)]
    to: Option<String>,
    /// Threads; the alerts do not depend on it [default: all cores]
    #[arg(long)]
    threads: Option<usize>,
    /// Where to write alerts as JSON lines, or - for standard output
    #[arg(long)]
    alerts: Option<PathBuf>,
    /// Where to write a report to read, print and send: one HTML file with the gravest shown cases and what was not seen
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Language of the report
    #[arg(long, value_enum, default_value_t, requires = "report")]
    lang: report::Languages,
    /// Where to keep what could not be decoded, as JSON lines without its content, instead of `[dead_letters]`
    #[arg(long)]
    dead_letters: Option<PathBuf>,
    /// Where to write how far each employee's days could be evaluated, as JSON lines
    #[arg(long)]
    coverage: Option<PathBuf>,
    /// Known insiders (`employee,typology,from,to`), to score the alerts against
    #[arg(long)]
    labels: Option<PathBuf>,
    /// Known innocents who look odd (`employee,kind,from,to`) [default: decoys.csv beside the labels]
    #[arg(long, requires = "labels")]
    decoys: Option<PathBuf>,
    /// What each labelled act disclosed (`employee,typology,time,people`) [default: leaked.csv beside the labels, else counted]
    #[arg(long, requires = "labels")]
    leaked: Option<PathBuf>,
    /// Score textbook detectors on the same days and at the same budget beside ours
    #[arg(long, requires = "labels")]
    references: bool,
    /// Where to write the score (or the comparison, or the result of --inject) as JSON
    #[arg(long)]
    score: Option<PathBuf>,
    /// Run the same files through another configuration and tell which alerts are new, lost or changed
    #[arg(long, conflicts_with_all = ["state", "inject", "alerts"])]
    compare: Option<PathBuf>,
    /// Plant insiders into the log and tell when each is caught, e.g. typology=low_and_slow,persons_per_day=40,role=teller,days=30
    #[arg(long, conflicts_with_all = ["state", "labels", "alerts", "dead_letters", "report"])]
    inject: Option<String>,
    /// Leave the state here for `run` to start from; a state that is there is gone on from
    #[arg(long)]
    state: Option<PathBuf>,
    /// Take up catalog, directory and reasons however much less there is of them than before
    #[arg(long, requires = "state")]
    accept_shrinkage: bool,
    /// A topic of a configured Kafka source, from its beginning to where it ends now; may be given again
    #[arg(long, value_name = "TOPIC", requires = "config")]
    kafka: Vec<String>,
    /// Decisions of people that were recorded, instead of `[decisions] file`: with them the same alerts come about again
    #[arg(long, value_name = "FILE", conflicts_with = "inject")]
    decisions: Option<PathBuf>,
    /// Sort each file by the times of its records first, in 256 MiB of memory and, for more, a file without a name in TMPDIR
    #[arg(long, conflicts_with = "kafka")]
    sort: bool,
    /// Files to replay (.gz and .zst too), or - for standard input
    #[arg(required_unless_present = "kafka")]
    files: Vec<String>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    let between = between(options)?;
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    if threads == 0 || threads > 1_024 {
        return Err(Failure::argument("--threads", "must be a whole number from 1 to 1024", threads));
    }
    let of_nothing = options.labels.is_none() && options.compare.is_none() && options.inject.is_none();
    if let Some(path) = options.score.as_ref().filter(|_| of_nothing) {
        return Err(Failure::argument("--score", "must go with --labels, --compare or --inject", path.display()));
    }
    let twice = options.compare.is_some() || options.inject.is_some();
    if twice && options.files.iter().any(|file| file == "-") {
        return Err(Failure::argument("FILES", "must be files where --compare or --inject reads them twice", "-"));
    }
    let known =
        options.labels.as_deref().map(|labels| GroundTruthFiles::read(labels, options.decoys.as_deref(), options.leaked.as_deref()));
    let known = known.transpose()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start threads")?;
    let (config, context) = pool.install(|| setup::load_for(options.config.as_deref(), options.report.is_some()))?;
    if let Some(topic) = &config.directory.explanations_topic {
        eprintln!("warning: business reasons of the topic {topic} are read by the service alone: those of the file count");
    }
    let topics = options.kafka.iter().map(|topic| TopicHistory::of(&config, topic)).collect::<Result<_, _>>()?;
    let decisions = decisions(options.decisions.as_deref().or(config.decisions.file.as_deref()), options.decisions.is_some())?;
    let (sort, format) = (options.sort, options.format.as_deref());
    let pass = ReplayPass { pool, threads, between, files: &options.files, topics, sort, format, decisions };
    if let Some(spec) = &options.inject {
        return inject::test(spec, &pass, &config, &context, options.score.as_deref());
    }
    let (mut letters, sealer) = match &options.dead_letters {
        Some(path) => (Some(DeadLetters::to_new_file(path).map_err(anyhow::Error::from)?), None),
        // Those of the service stay: they may be waiting to be re-driven.
        None => (dead_letters::of_replay(&config).map_err(anyhow::Error::from)?, dead_letters::sealer(&config)?),
    };
    let begun = Instant::now();

    let mut state = options.state.as_deref().map(|dir| ReplayState::open(dir, None, &context)).transpose()?;
    if let Some(dir) = &options.state {
        tell_feeds(dir, options.accept_shrinkage, &config, &context);
    }
    let (engine, positions) = match &mut state {
        Some(state) => state.resume(context.clone())?,
        None => (Engine::new(context.clone()), Positions::default()),
    };
    let mut replay = pass.open(engine, &config, &positions)?.sealing(sealer);
    let mut leaks = known.as_ref().map(|known| LeakProgress::new(&known.labels, &known.leaks));
    let mut ledger = LatestAlerts::default();
    pass.rounds(&mut replay, &mut leaks, &mut ledger, letters.as_mut())?;
    if let Some(state) = &mut state {
        state.save(&mut replay, positions, &config)?;
    }
    pass.finish(&mut replay, &mut ledger, letters)?;
    if let Some(path) = &options.alerts {
        write_alerts(path, &ledger)?;
    }
    if let Some(path) = &options.report {
        report::write(path, &replay, &ledger, options.lang)?;
    }
    if let Some(path) = &options.coverage {
        write_coverage(path, replay.engine())?;
    }
    let score = known.zip(leaks).map(|(known, leaks)| score::score(&replay, &ledger, &known, &leaks, options.references));
    summary::print(&replay, &ledger, score.as_ref(), begun.elapsed());
    if let Some(decisions) = &pass.decisions {
        summary::decisions(decisions, replay.take_decision_notes());
    }
    if let Some(other) = &options.compare {
        return compare::compare(&pass, &ledger, other, options.score.as_deref());
    }
    if let (Some(path), Some(score)) = (&options.score, &score) {
        score::write(path, score)?;
    }
    match replay.undecoded() {
        none if none.is_empty() => Ok(()),
        undecoded => Err(Failure::undecoded(&undecoded)),
    }
}

/// The decisions of a file. One that is configured and not there yet holds none.
fn decisions(path: Option<&Path>, is_asked_for: bool) -> Result<Option<RecordedDecisions>, Failure> {
    let Some(path) = path else { return Ok(None) };
    match RecordedDecisions::read(path) {
        Ok(decisions) => Ok(Some(decisions)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_asked_for => Ok(None),
        Err(error) if is_asked_for => {
            Err(Failure::argument("--decisions", &format!("must be a file that can be read ({error})"), path.display()))
        }
        Err(error) => Err(anyhow::Error::from(error).context(format!("cannot read {}", path.display())).into()),
    }
}

/// Tells what became of the feeds since the state was made: its profiles know people who may be missing now.
fn tell_feeds(dir: &Path, accept: bool, config: &Config, context: &Context) {
    for report in inventory::reports(config, context) {
        eprintln!("{}: {}", Untrusted(&report.file.display().to_string()), report.told());
        report.rows.notes.iter().for_each(|note| eprintln!("warning: {}", untrusted::harmless(&note.to_string())));
    }
    let mut guard = FeedGuard::open(dir, &context.classifier.keys);
    let (shrunken, kept) = guard.judge(config, context, accept);
    for Shrunken { problem, .. } in &shrunken {
        eprintln!("warning: feed: {}", untrusted::harmless(&problem.to_string()));
    }
    if !shrunken.is_empty() {
        eprintln!("warning: this replay goes on with less than the state was made with; where that is meant, say --accept-shrinkage");
    }
    if let Err(error) = kept {
        eprintln!("warning: {}: how much of each feed was agreed to cannot be kept: {error}", guard.path().display());
    }
}

fn between(options: &Options) -> Result<TimeRange, Failure> {
    let mut between = TimeRange::default();
    let time = |argument, text: &Option<String>| -> Result<Option<Timestamp>, Failure> { setup::time(argument, text.as_deref()) };
    between.from = time("--from", &options.from)?.unwrap_or(between.from);
    between.to = time("--to", &options.to)?.unwrap_or(between.to);
    if between.from >= between.to {
        return Err(Failure::argument("--to", &format!("must be after --from ({})", between.from), between.to));
    }
    Ok(between)
}

fn write_coverage(path: &Path, engine: &Engine) -> Result<(), Failure> {
    let mut out = create(path)?;
    for day in coverage::all(engine) {
        serde_json::to_writer(&mut out, &day).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(out.finish()?)
}

fn write_alerts(path: &Path, ledger: &LatestAlerts) -> Result<(), Failure> {
    if path == Path::new("-") {
        let mut out = BufWriter::new(std::io::stdout().lock());
        alert_lines(&mut out, ledger)?;
        return Ok(out.flush()?);
    }
    let mut out = create(path)?;
    alert_lines(&mut out, ledger)?;
    Ok(out.finish()?)
}

fn alert_lines(out: &mut impl Write, ledger: &LatestAlerts) -> std::io::Result<()> {
    for entry in ledger.in_order() {
        serde_json::to_writer(&mut *out, &entry.alert)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
