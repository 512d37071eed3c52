//! One pass over files and topics: open, read to the end with progress on a terminal, settle.

use crate::cli::replay::{summary, topic};
use crate::cli::{Failure, setup};
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use leakwarden::config::schema::Config;
use leakwarden::engine::Engine;
use leakwarden::engine::context::Context;
use leakwarden::evaluate::calibrate::traces::CaseTraces;
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::pipeline::decisions::replayed::RecordedDecisions;
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::replay::{Inputs, Replay, Round, Tap, assign, contents};
use leakwarden::pipeline::state::Positions;
use leakwarden::private_file::{self, NewFile, Readers};
use leakwarden::sink::dead_letters::DeadLetters;
use leakwarden::source::files::Progress;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

/// Records after which it is told at once that an input is not in order of time.
const ENOUGH: u64 = 1_000;

/// What to replay; `--compare` and `--inject` do so twice.
pub struct ReplayPass<'a> {
    /// The threads that decode and settle.
    pub pool: rayon::ThreadPool,
    /// How many threads.
    pub threads: usize,
    /// Only records of this time.
    pub between: TimeRange,
    /// The files.
    pub files: &'a [String],
    /// Topics, with the offsets at which they ended when the first pass began.
    pub topics: Vec<topic::TopicHistory>,
    /// Whether files are sorted first.
    pub sort: bool,
    /// The format of `--format`.
    pub format: Option<&'a str>,
    /// What people have decided.
    pub decisions: Option<RecordedDecisions>,
}

impl ReplayPass<'_> {
    /// Opens them.
    pub fn open(&self, mut engine: Engine, config: &Config, positions: &Positions) -> Result<Replay, Failure> {
        self.decisions.iter().for_each(|decisions| decisions.take_into(&mut engine));
        let format = setup::format(config, self.format)?;
        let keys = &engine.context().classifier.keys;
        let (files, left_out) = contents::distinct(assign(config, self.files, format.as_ref()), keys);
        for (path, other) in left_out {
            eprintln!("{path}: holds nothing that {other} does not hold as well, and is left out");
        }
        let read = contents::read_before(&files, &positions.files, keys);
        let topics = topic::open(&self.topics, config, format.as_ref(), positions, keys)?;
        let mut replay = Replay::open(engine, Inputs { files, topics, sort: self.sort }, self.between, self.threads, &read)
            .map_err(anyhow::Error::from)?;
        replay.know(&positions.made);
        replay.know_columns(&positions.columns);
        Ok(replay)
    }

    /// Reads to the end.
    pub fn rounds(
        &self,
        replay: &mut Replay,
        tap: &mut impl Tap,
        ledger: &mut LatestAlerts,
        mut letters: Option<&mut DeadLetters>,
    ) -> Result<(), Failure> {
        let mut told = BTreeSet::new();
        let bar = bar(&replay.progress());
        while let Some(round) = self.pool.install(|| replay.round_with(tap)).map_err(anyhow::Error::from)? {
            settle(round, ledger, letters.as_deref_mut())?;
            for (input, disorder) in replay.disordered() {
                if disorder.records >= ENOUGH && told.insert(input.to_owned()) {
                    eprintln!("warning: {}", summary::disorder(input, disorder, replay));
                }
            }
            if let Some(bar) = &bar {
                show(bar, replay, ledger.len());
            }
        }
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        Ok(())
    }

    /// Settles the records that are still buffered.
    pub fn finish(&self, replay: &mut Replay, ledger: &mut LatestAlerts, mut letters: Option<DeadLetters>) -> Result<(), Failure> {
        let round = self.pool.install(|| replay.finish());
        settle(round, ledger, letters.as_mut())?;
        ledger.note_shown(|id| replay.engine().shown_at(id));
        Ok(())
    }

    /// A whole pass from an empty state.
    pub fn whole(&self, config: &Config, context: &Arc<Context>, tap: &mut impl Tap) -> Result<(Replay, LatestAlerts), Failure> {
        let mut replay = self.open(Engine::new(context.clone()), config, &Positions::default())?;
        let mut ledger = LatestAlerts::default();
        self.rounds(&mut replay, tap, &mut ledger, None)?;
        self.finish(&mut replay, &mut ledger, None)?;
        Ok((replay, ledger))
    }

    /// A whole pass from an empty state, of which the cases are kept day by day.
    pub fn traced(&self, config: &Config, context: &Arc<Context>, tap: &mut impl Tap) -> Result<(Replay, CaseTraces), Failure> {
        let mut replay = self.open(Engine::new(context.clone()), config, &Positions::default())?;
        let mut traces = CaseTraces::default();
        let bar = bar(&replay.progress());
        while let Some(round) = self.pool.install(|| replay.round_with(tap)).map_err(anyhow::Error::from)? {
            traces.take(&round.output.revisions);
            if let Some(bar) = &bar {
                show(bar, &replay, traces.len());
            }
        }
        traces.take(&self.pool.install(|| replay.finish()).output.revisions);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        Ok((replay, traces))
    }
}

fn settle(round: Round, ledger: &mut LatestAlerts, letters: Option<&mut DeadLetters>) -> Result<(), Failure> {
    ledger.take(round.output.revisions);
    if let Some(letters) = letters {
        letters.write(&round.dead_letters).context("dead letters cannot be kept")?;
    }
    Ok(())
}

/// A file to write to, which takes its place when it is finished.
pub fn create(path: &Path) -> Result<NewFile, Failure> {
    Ok(private_file::create(path, Readers::Group).with_context(|| format!("cannot write {}", path.display()))?)
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
