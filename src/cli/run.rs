//! `run`: the service.

use crate::cli::Failure;
use crate::cli::console;
use crate::cli::edge::Edge;
use crate::cli::notify;
use crate::cli::state::ReplayState;
use crate::cli::stop_signals::StopSignals;
use crate::cli::weekly;
use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender};
use leakwarden::config::schema::Config;
use leakwarden::config::validate;
use leakwarden::engine::context::Context;
use leakwarden::http::health::Health;
use leakwarden::http::resource::View;
use leakwarden::http::server::Server;
use leakwarden::model::problem::Problem;
use leakwarden::notify::ingest::OutboxSink;
use leakwarden::notify::outbox::Outbox;
use leakwarden::pipeline::cluster::{Process, Setup};
use leakwarden::pipeline::coverage::Published;
use leakwarden::pipeline::dead_letters;
use leakwarden::pipeline::decisions::file::DecisionFile;
use leakwarden::pipeline::decisions::letters::DecisionLetters;
use leakwarden::pipeline::delivery::Delivery;
use leakwarden::pipeline::feeds::FeedGuard;
use leakwarden::pipeline::live::in_work::InWork;
use leakwarden::pipeline::live::sources::Sources;
use leakwarden::pipeline::live::{self, Live};
use leakwarden::pipeline::reasons::TopicReasons;
use leakwarden::pipeline::redrive;
use leakwarden::pipeline::redrive::spool::Spool;
use leakwarden::pipeline::reload::{FeedStart, Loaded, Origin, Reloads};
use leakwarden::pipeline::service::Parts;
use leakwarden::pipeline::service::observer::NoObserver;
use leakwarden::sink::Sink;
use leakwarden::telemetry::metrics::Metrics;
use leakwarden::telemetry::{logging, untrusted};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

/// How long those who tell people may take to end; what they were telling waits in the outbox.
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// How often it is looked whether the reasons of the topic are there.
const REASONS_LOOK: Duration = Duration::from_millis(100);

/// Run the service: Kafka topics or followed files in, alerts out, until SIGTERM or Ctrl-C.
#[derive(clap::Args)]
pub struct Options {
    /// Configuration file
    #[arg(long)]
    config: PathBuf,
    /// Where state is kept, instead of `[state] dir`
    #[arg(long)]
    state: Option<PathBuf>,
    /// Address of metrics and probes, instead of `[http] listen`
    #[arg(long)]
    listen: Option<String>,
    /// Take up catalog, directory and reasons however much less there is of them than before
    #[arg(long)]
    accept_shrinkage: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    // Before anything that takes time: neither signal ends the process by itself, however long what it names takes to read.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("cannot start")?;
    let (stop, stopped) = crossbeam_channel::bounded(1);
    let stopping = Arc::new(AtomicBool::new(false));
    let (reload, asked) = crossbeam_channel::bounded(1);
    {
        let _guard = runtime.enter();
        let signals = StopSignals::listen().context("cannot listen for SIGTERM")?;
        runtime.spawn(forward_stop(signals, stopping.clone(), stop));
        let hangups = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
        runtime.spawn(forward_hangups(hangups, reload));
    }
    let Some((origin, loaded)) = load(origin(options), &stopped)? else { return Ok(()) };
    let config = loaded.config.clone();
    let address =
        config.http.listen.0.parse().map_err(|_| Failure::argument("--listen", "must be an address and port", &config.http.listen.0))?;
    refuse(&config, loaded.context.classifier.keys.are_built_in())?;
    let edge = Edge::open(&config)?;
    logging::init().map_err(anyhow::Error::from)?;
    for former in &config.deprecated {
        tracing::warn!("configuration: {}", untrusted::harmless(&former.to_string()));
    }

    let metrics = Metrics::new();
    let health = Arc::new(Health::new(config.sources.iter().map(|source| source.name.clone())));
    let server = runtime.block_on(Server::bind(address)).map_err(anyhow::Error::from)?.with_tls(edge.tls);
    tracing::info!(address = %server.address(), "metrics and probes are served");
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    let coverage = Arc::new(Published::default());
    let view = View::new(metrics.clone(), health.clone(), coverage.clone(), edge.guard);
    let serving = runtime.spawn(server.serve(view, async {
        // The service drops its end when it is done.
        let _ = end.await;
    }));

    // Where nobody is to be told, and no cases are kept, there is no database either.
    let told = match config.notify.is_empty() {
        true => None,
        false => Some(notify::open(&config, &runtime)?),
    };
    let outbox = Outbox::new(&config.notify, config.notifications.unsettled);
    let desk = Desk::open(&runtime, &config, &loaded.context, outbox.clone(), &metrics)?;
    let (console_ended, console_end) = tokio::sync::oneshot::channel::<()>();
    let showing = desk.console.map(|console| {
        runtime.spawn(console.serve(async {
            let _ = console_end.await;
        }))
    });
    let taking_in = desk.sink;
    let reasons = TopicReasons::start(&config, &loaded.context.classifier.keys, &metrics).context("cannot start to read reasons")?;
    if let Some(reasons) = &reasons {
        health.set_reasons_missing(true);
        while !reasons.is_complete() {
            if stopped.recv_timeout(REASONS_LOOK).is_ok() {
                runtime.shutdown_background();
                return Ok(());
            }
        }
        health.set_reasons_missing(false);
    }
    let context = reasons.as_ref().map_or_else(|| loaded.context.clone(), |reasons| Arc::new(reasons.over(&loaded.context)));
    metrics.set_reasons(context.explanations.len());
    let workers = told.as_ref().map(|database| notify::start(&config, database, &runtime, &metrics)).transpose()?;
    // Where cases are kept, what is to be told is put down with them.
    let only_told = told.filter(|_| taking_in.is_none());
    let outbox = only_told.map(|database| Box::new(OutboxSink::new(database, outbox, runtime.handle().clone())) as Box<dyn Sink>);
    let leave = || workers.map_or((), |workers| workers.stop(TOLD_WITHIN));
    let reloads = || {
        let guard = FeedGuard::open(&config.state.dir, &loaded.context.classifier.keys);
        let start = FeedStart { guard, accept_shrinkage: options.accept_shrinkage, reasons };
        Reloads::start(origin, &loaded, asked, metrics.clone(), start)
    };
    let parts = || -> Result<Parts, Failure> {
        let mut sinks = if taking_in.is_some() && config.sinks.is_empty() { Vec::new() } else { sinks(&config)? };
        sinks.extend(taking_in);
        sinks.extend(outbox);
        Ok(Parts {
            delivery: Delivery::start(sinks, &metrics).context("cannot start the sinks")?.until(stopping.clone()),
            dead_letters: Some(dead_letters::of_service(&config).map_err(anyhow::Error::from)?),
            sealer: dead_letters::sealer(&config)?,
            reloads: Some(reloads().context("cannot start to look for changes")?),
            metrics: metrics.clone(),
            health: health.clone(),
            coverage,
        })
    };
    let letters = || -> Result<DecisionLetters, Failure> {
        Ok(DecisionLetters::new(dead_letters::sealer(&config)?, redrive::earlier(&config), &metrics))
    };
    if let Some(cluster) = &config.cluster {
        health.set_cut_off(true);
        for problem in validate::files_of_a_cluster(&config) {
            tracing::warn!("configuration: {}", untrusted::harmless(&problem.to_string()));
        }
        // Brokers may be away for long, and whoever ends the process meanwhile is obeyed at once.
        let (sender, prepared) = crossbeam_channel::bounded(1);
        let (of, settings) = (config.clone(), cluster.clone());
        let handle = runtime.handle().clone();
        std::thread::spawn(move || {
            // Nobody waits any more where the process ends meanwhile.
            let _ = sender.send(handle.block_on(Setup::prepare(&of, &settings)));
        });
        let setup = crossbeam_channel::select! {
            recv(prepared) -> setup => setup.context("the topics were not prepared")??,
            recv(stopped) -> _ => {
                runtime.shutdown_background();
                return Ok(());
            }
        };
        health.set_cut_off(false);
        let parts = parts()?;
        Process::start(&config, context, setup, config.decisions_topic().map(|_| letters()).transpose()?, parts)?.run(&stopped)?;
        leave();
        tracing::info!("stopped");
        drop((ended, console_ended));
        let _ = runtime.block_on(serving);
        let _ = showing.map(|showing| runtime.block_on(showing));
        runtime.shutdown_background();
        return Ok(());
    }
    let calibrating = weekly::start(&config, &options.config)?;
    let mut kept = ReplayState::open(&config.state.dir, config.state.witness.as_deref(), &context)?;
    if let Some(loss) = kept.loss()? {
        metrics.state_lost(loss.name());
        tracing::error!(how = loss.name(), "the state in {} is not what had been saved: {loss}", config.state.dir.display());
    }
    let (engine, positions) = kept.resume(context)?;
    let keys = engine.context().classifier.keys.clone();
    let following = |file: &Path| Ok::<_, Failure>(DecisionFile::at(file).keeping(letters()?));
    let own = live::Parts {
        sources: Sources::start(&config, &positions, &keys)?,
        spool: Some(Spool::open(&config.state.dir).with_earlier(redrive::earlier(&config)())),
        state: Some(kept.into_state()),
        in_work: InWork::open(&config.state.dir).context("cannot write down what is being decoded")?,
        decisions: config.decisions.file.as_deref().map(following).transpose()?,
    };
    let engine = Live::new(&config, engine, positions, parts()?, own).run(&stopped, &mut NoObserver)?;
    drop(calibrating);
    leave();
    tracing::info!(settled = %engine.settled(), employees = engine.profiles().len(), "stopped");
    drop((ended, console_ended));
    // Whether the last answers went out changes nothing any more.
    let _ = runtime.block_on(serving);
    let _ = showing.map(|showing| runtime.block_on(showing));
    runtime.shutdown_background();
    Ok(())
}

/// The database of cases, where one is in use: what takes alerts in, and the console.
struct Desk {
    sink: Option<Box<dyn Sink>>,
    console: Option<console::Prepared>,
}

impl Desk {
    /// It is in use where `[console] listen` or `[database] url` is given.
    fn open(runtime: &Runtime, config: &Config, context: &Context, outbox: Outbox, metrics: &Metrics) -> Result<Desk, Failure> {
        if !config.keeps_cases() {
            return Ok(Desk { sink: None, console: None });
        }
        let database = console::open(runtime, config)?;
        let sink = console::desk_sink(runtime, &database, context, outbox, config.views(), metrics);
        let console = console::Prepared::open(runtime, config, database, context, metrics)?;
        Ok(Desk { sink: Some(sink), console })
    }
}

/// Where the configuration is read from, at the start and whenever it changes.
fn origin(options: &Options) -> Origin {
    let (state, listen) = (options.state.clone(), options.listen.clone());
    let adjust = move |config: &mut Config| {
        if let Some(state) = &state {
            config.state.dir.clone_from(state);
        }
        if let Some(listen) = &listen {
            config.http.listen.0.clone_from(listen);
        }
    };
    Origin { file: options.config.clone(), adjust: Box::new(adjust) }
}

/// What a service must not start without.
fn refuse(config: &Config, built_in_key: bool) -> Result<(), Failure> {
    let file = config.file.display();
    let mut problems = Vec::new();
    if built_in_key {
        let rule = "must be given: a service must not make pseudonyms with a key that everybody knows";
        problems.push(Problem::plain(format!("{file}: subjects.key_file"), rule));
    }
    if config.sources.is_empty() {
        problems.push(Problem::plain(format!("{file}: source"), "must name at least one [[source]]"));
    }
    problems.extend(weekly::problem(config));
    if problems.is_empty() { Ok(()) } else { Err(Failure::Unusable(problems)) }
}

/// The sinks of a configuration.
pub fn sinks(config: &Config) -> Result<Vec<Box<dyn Sink>>, Failure> {
    let mut sinks = Vec::new();
    for sink in &config.sinks {
        sinks.push(sink.build().map_err(anyhow::Error::from)?);
    }
    if sinks.is_empty() && config.notify.is_empty() {
        tracing::warn!("no [[sink]] is configured: alerts are counted in the metrics and go nowhere else");
    }
    Ok(sinks)
}

/// Passes every hang-up on; one that is waiting already stands for all.
async fn forward_hangups(mut hangups: tokio::signal::unix::Signal, reload: Sender<()>) {
    while hangups.recv().await.is_some() {
        if let Err(crossbeam_channel::TrySendError::Disconnected(())) = reload.try_send(()) {
            return;
        }
    }
}

/// Reads the configuration with all that it names. `None` where somebody ends the process meanwhile: it has nothing to leave in order.
fn load(origin: Origin, stopped: &Receiver<()>) -> Result<Option<(Origin, Loaded)>, Failure> {
    let (sender, read) = crossbeam_channel::bounded(1);
    std::thread::spawn(move || {
        let loaded = origin.load();
        // Nobody waits any more where the process ends meanwhile.
        let _ = sender.send((origin, loaded));
    });
    crossbeam_channel::select! {
        recv(stopped) -> _ => Ok(None),
        recv(read) -> read => {
            let (origin, loaded) = read.context("the configuration was not read")?;
            Ok(Some((origin, loaded?)))
        }
    }
}

/// Says once that the process is to end.
async fn forward_stop(signals: StopSignals, stopping: Arc<AtomicBool>, stop: Sender<()>) {
    signals.told().await;
    stopping.store(true, Ordering::Release);
    // A full channel means that it was told already.
    let _ = stop.try_send(());
}
