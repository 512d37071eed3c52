//! `redrive`: dead letters once more, after what kept them from being decoded was mended.

use crate::cli::{Failure, setup};
use anyhow::Context as _;
use leakwarden::config::schema::{Config, Kafka, SourceKind};
use leakwarden::model::time::Timestamp;
use leakwarden::pipeline::dead_letters;
use leakwarden::pipeline::redrive::cluster::Handover;
use leakwarden::pipeline::redrive::{self, Letters, Report, spool};
use leakwarden::sink::dead_letters::DeadLetter;
use leakwarden::telemetry::untrusted::Untrusted;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Decode dead letters once more, after a fix, and hand those that can be decoded to the service: each counts once.
#[derive(clap::Args)]
pub struct Options {
    /// Configuration file of the service
    #[arg(long)]
    config: PathBuf,
    /// Where the service keeps its state, instead of `[state] dir`
    #[arg(long)]
    state: Option<PathBuf>,
    /// Dead letters: a file, or topic:NAME; otherwise where the service writes them
    #[arg(long)]
    dead_letters: Option<String>,
    /// Only those written since then (RFC 3339 or a date)
    #[arg(long)]
    since: Option<String>,
    /// Only those whose reason matches this glob
    #[arg(long)]
    reason: Option<String>,
    /// Tell what would become of them, and hand nothing over
    #[arg(long)]
    dry_run: bool,
}

/// Reasons that are listed one by one.
const REASONS: usize = 20;

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    let since = setup::time("--since", options.since.as_deref())?;
    let reason = options.reason.as_deref().map(glob::Pattern::new).transpose();
    let reason = reason.map_err(|error| {
        Failure::argument("--reason", &format!("must be a glob ({})", error.msg), options.reason.as_deref().unwrap_or_default())
    })?;
    let (mut config, context) = setup::load(Some(&options.config))?;
    config.state.dir = options.state.clone().unwrap_or(config.state.dir);
    let sealer = dead_letters::sealer(&config)?;
    let Letters { mut all, unreadable } = letters(options, &config)?;
    let read = all.len() as u64 + unreadable;
    let wanted = |letter: &DeadLetter| {
        let recent = match (since, letter.at.as_deref().and_then(|at| Timestamp::parse(at).ok())) {
            (Some(since), Some(at)) => at >= since,
            // Of those that do not say when, any may be wanted.
            (Some(_) | None, _) => true,
        };
        recent && reason.as_ref().is_none_or(|glob| glob.matches(&letter.reason))
    };
    all.retain(wanted);
    let keys = &context.classifier.keys;
    let handover = handover(&config)?;
    let known = handover.as_ref().map_or_else(|| Ok(spool::known(&config.state.dir, keys)), |handover| handover.known(keys))?;
    let report = redrive::redrive(&config, &context, sealer.as_deref(), &all, &known)?;
    let mut who = format!("the service with the state in {}", config.state.dir.display());
    if let Some(handover) = &handover {
        who = "the cluster".to_owned();
        if !options.dry_run {
            handover.hand_over(&context, &report.entries)?;
        }
    } else if !options.dry_run && !report.entries.is_empty() {
        spool::hand_over(&config.state.dir, keys, &report.entries)
            .with_context(|| format!("cannot hand over in {}", config.state.dir.display()))?;
    }
    let text = tell(&report, read, all.len() as u64, unreadable, options.dry_run, &who);
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}

/// How a cluster is reached, where there is one.
fn handover(config: &Config) -> Result<Option<Handover>, Failure> {
    let Some(settings) = &config.cluster else { return Ok(None) };
    let brokers = config.sources.iter().find_map(|source| match &source.kind {
        SourceKind::Kafka(kafka) => Some(kafka.cluster()),
        SourceKind::Files(_) => None,
    });
    let brokers = brokers.context("a cluster needs a [[source]] of kind kafka")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    Ok(Some(runtime.block_on(Handover::prepare(brokers, settings))?))
}

fn letters(options: &Options, config: &Config) -> Result<Letters, Failure> {
    let topic = |kafka: &Kafka| Letters::from_topic(kafka);
    let found = match (options.dead_letters.as_deref(), config.dead_letter_topic()) {
        (Some(given), known) => match given.strip_prefix("topic:") {
            Some(name) => {
                let rule = "must be a file where the configuration names no brokers in [dead_letters]";
                let known = known.as_ref().ok_or_else(|| Failure::argument("--dead-letters", rule, given))?;
                topic(&Kafka { topics: vec![name.to_owned()], ..known.clone() })
            }
            None => Letters::from_file(Path::new(given)),
        },
        (None, Some(kafka)) => topic(&kafka),
        (None, None) => Letters::from_file(&dead_letters::file(config)),
    };
    Ok(found?)
}

fn tell(report: &Report, read: u64, chosen: u64, unreadable: u64, dry_run: bool, who: &str) -> String {
    let mut text = String::new();
    let mut line = |count: u64, what: &str| text += &format!("{count:>9}  {what}\n");
    line(read, "dead letters read");
    let mut some = |count: u64, what: &str| {
        if count > 0 {
            line(count, what);
        }
    };
    some(unreadable, "of them are no dead letters");
    some(read - unreadable - chosen, "of them are not asked for");
    some(report.repeated, "of them repeat another one");
    some(report.decisions, "of them are no decisions: whoever decided writes them again");
    line(report.entries.len() as u64, if dry_run { "recovered, and not handed over" } else { "recovered, and handed over" });
    line(report.already, "already re-driven");
    line(report.undecodable.values().sum(), "still undecodable");
    let mut reasons: Vec<(&String, &u64)> = report.undecodable.iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    for (reason, count) in reasons.iter().take(REASONS) {
        text += &format!("{count:>19}  {}\n", Untrusted(reason));
    }
    let mut line = |count: u64, what: &str| text += &format!("{count:>9}  {what}\n");
    line(report.gone, "gone from their source");
    line(report.changed, "changed at their source");
    line(report.by_replay, "only by a replay: they belong together with lines around them");
    line(report.ignored, "decoded, and of no concern");
    if !dry_run && !report.entries.is_empty() {
        text += &format!("{who} takes them up within seconds, or when it starts\n");
    }
    text
}
