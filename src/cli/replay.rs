//! `replay`: historical logs through the same engine that runs live.

use crate::cli::kept::Kept;
use crate::cli::scored::{self, Known, Scored};
use crate::cli::{Failure, setup, summary};
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use leakwarden::engine::Engine;
use leakwarden::pipeline::feed::{Between, Dead};
use leakwarden::pipeline::leaks::Leaks;
use leakwarden::pipeline::ledger::Ledger;
use leakwarden::pipeline::reference;
use leakwarden::pipeline::replay::{Replay, Round, assign};
use leakwarden::pipeline::score::{self, Truth};
use leakwarden::pipeline::state::Positions;
use leakwarden::source::files::Progress;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

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
    /// Where to keep what could not be decoded, as JSON lines (position, length, hash, reason; never the content)
    #[arg(long)]
    dead_letters: Option<PathBuf>,
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
    /// Where to write the score as JSON
    #[arg(long, requires = "labels")]
    score: Option<PathBuf>,
    /// Leave the state here for `run` to start from; a state that is there is gone on from
    #[arg(long)]
    state: Option<PathBuf>,
    /// Files to replay (.gz and .zst too), or - for standard input
    #[arg(required = true)]
    files: Vec<String>,
}

/// Runs the command.
pub fn run(options: Options) -> Result<(), Failure> {
    let mut between = Between::default();
    between.from = setup::time("--from", options.from.as_deref())?.unwrap_or(between.from);
    between.to = setup::time("--to", options.to.as_deref())?.unwrap_or(between.to);
    if between.from >= between.to {
        return Err(Failure::argument("--to", &format!("must be after --from ({})", between.from), between.to));
    }
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    if threads == 0 || threads > 1_024 {
        return Err(Failure::argument("--threads", "must be a whole number from 1 to 1024", threads));
    }
    let known =
        options.labels.as_deref().map(|labels| Known::read(labels, options.decoys.as_deref(), options.leaked.as_deref())).transpose()?;
    let (config, context) = setup::load(options.config.as_deref())?;
    let format = setup::format(&config, options.format.as_deref())?;
    let dead_letters = options.dead_letters.clone().or_else(|| config.dead_letters.clone());
    let mut letters = dead_letters.map(|path| create(&path)).transpose()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start threads")?;
    let begun = Instant::now();

    let mut kept = options.state.as_deref().map(Kept::open).transpose()?;
    let (engine, positions) = match &mut kept {
        Some(kept) => kept.resume(context.clone())?,
        None => (Engine::new(context.clone()), Positions::default()),
    };
    let files = assign(&config, &options.files, format.as_ref());
    let mut replay = Replay::open(engine, files, between, threads, &positions.lines).map_err(anyhow::Error::from)?;
    replay.leaks = known.as_ref().map(|known| Leaks::new(&known.labels, &known.leaks));
    let bar = bar(&replay.progress());
    let mut ledger = Ledger::default();
    while let Some(round) = pool.install(|| replay.round()).map_err(anyhow::Error::from)? {
        settle(round, &mut ledger, letters.as_mut())?;
        if let Some(bar) = &bar {
            show(bar, &replay, ledger.len());
        }
    }
    if let Some(kept) = &mut kept {
        kept.leave(&mut replay, positions, &config)?;
    }
    let round = pool.install(|| replay.finish());
    settle(round, &mut ledger, letters.as_mut())?;
    ledger.note_shown(|id| replay.engine().shown_at(id));
    if let Some(mut letters) = letters {
        letters.flush()?;
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if let Some(path) = &options.alerts {
        write_alerts(path, &ledger)?;
    }
    let score = known.map(|known| scored(&replay, &ledger, &known, options.references));
    summary::print(&replay, &ledger, score.as_ref(), begun.elapsed());
    if let (Some(path), Some(score)) = (&options.score, &score) {
        scored::write(path, score)?;
    }
    Ok(())
}

fn settle(round: Round, ledger: &mut Ledger, letters: Option<&mut BufWriter<File>>) -> Result<(), Failure> {
    ledger.take(round.output.revisions);
    if let Some(letters) = letters {
        for dead in &round.dead {
            write_dead(letters, dead)?;
        }
    }
    Ok(())
}

fn write_dead(to: &mut impl Write, dead: &Dead) -> std::io::Result<()> {
    let hash = leakwarden::model::keys::hex(&dead.hash);
    let line = serde_json::json!({
        "source": dead.partition, "position": dead.position.0, "length": dead.length, "hash": hash, "reason": dead.reason,
    });
    writeln!(to, "{line}")
}

fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(BufWriter::new(file))
}

fn write_alerts(path: &Path, ledger: &Ledger) -> Result<(), Failure> {
    let mut out: Box<dyn Write> =
        if path == Path::new("-") { Box::new(BufWriter::new(std::io::stdout().lock())) } else { Box::new(create(path)?) };
    for entry in ledger.in_order() {
        serde_json::to_writer(&mut out, &entry.alert).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

fn scored(replay: &Replay, ledger: &Ledger, known: &Known, references: bool) -> Scored {
    let none = Leaks::default();
    let directory = &replay.engine().context().classifier.directory;
    let truth = Truth {
        labels: &known.labels,
        decoys: &known.decoys,
        leaks: replay.leaks.as_ref().unwrap_or(&none),
        is_new: &|label| scored::is_new(directory, label),
    };
    let days = replay.tally.days();
    let of = |sightings: &[score::Sighting]| score::score(&truth, sightings, days);
    let budget = replay.engine().context().alerts.budget_per_day;
    let table = if references { reference::REFERENCES } else { &[] };
    let figures = if references { reference::days(replay.engine()) } else { Vec::new() };
    let references = table.iter().map(|(name, begin)| (*name, of(&reference::shown(&mut *begin(), &figures, budget)).shown));
    Scored { references: references.collect(), ours: of(&score::sightings(ledger)) }
}

/// A progress bar over the bytes of all files, on a terminal.
fn bar(inputs: &[Arc<Progress>]) -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let total: Option<u64> = inputs.iter().map(|input| input.total()).sum();
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let template = if total.is_some() { "{bar:40} {percent:>3} %  {bytes_per_sec}  {msg}" } else { "{spinner} {bytes}  {msg}" };
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    Some(bar)
}

fn show(bar: &ProgressBar, replay: &Replay, alerts: usize) {
    bar.set_position(replay.progress().iter().map(|input| input.read()).sum());
    let at = replay.tally.times.map_or(String::new(), |(_, last)| last.to_string());
    bar.set_message(format!("{} records, {} employees, {alerts} alerts, at {at}", replay.tally.lines, replay.engine().profiles().len()));
}
