//! `demo`: the way a customer goes live, in one minute and one process.
//!
//! A simulated company's past weeks are replayed into state; then its today streams, faster than real time, through a
//! Kafka broker inside of this process into the very service that `run` is. Nothing of the engine knows that it is a demo.
//! The console shows the cases from the beginning, and stays until somebody ends it.

mod broker;
mod desk;
mod screen;

use crate::cli::run as service;
use crate::cli::stop_signals::StopSignals;
use crate::cli::{Failure, setup};
use anyhow::Context as _;
use broker::Broker;
use desk::Desk;
use leakwarden::config::load;
use leakwarden::config::schema::{Config, Kafka, SourceKind};
use leakwarden::engine::Engine;
use leakwarden::engine::context::Context;
use leakwarden::engine::output::Revision;
use leakwarden::evaluate::labels::Label;
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::evaluate::leaks::LeakProgress;
use leakwarden::evaluate::score::{self, GroundTruth};
use leakwarden::http::guard::Guard;
use leakwarden::http::health::Health;
use leakwarden::http::resource::View;
use leakwarden::http::server::Server;
use leakwarden::model::time::{Span, Timestamp};
use leakwarden::pipeline::coverage::Published;
use leakwarden::pipeline::decisions::file::DecisionFile;
use leakwarden::pipeline::delivery::Delivery;
use leakwarden::pipeline::live::in_work::InWork;
use leakwarden::pipeline::live::sources::Sources;
use leakwarden::pipeline::live::{self, Live};
use leakwarden::pipeline::parallel::Parallel;
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::replay::{Replay, assign};
use leakwarden::pipeline::service::Parts;
use leakwarden::pipeline::state::Positions;
use leakwarden::settings::Address;
use leakwarden::simulate::{self, Company};
use leakwarden::sink::Sink;
use leakwarden::sink::jsonl::JsonLinesKeys;
use leakwarden::telemetry::metrics::Metrics;
use screen::Screen;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Watch it work: a simulated company's history, its today through an embedded broker into the service, and the console in the browser.
#[derive(clap::Args)]
pub struct Options {
    /// Ends after so long, e.g. 60s; without it the day passes in a minute, and the console stays until Ctrl-C
    #[arg(long = "for")]
    lasting: Option<String>,
    /// Employees of the company
    #[arg(long, default_value_t = 600)]
    employees: u32,
    /// The same seed gives the same company
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Address of metrics and probes while it runs
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// Address of the console, on this machine
    #[arg(long, default_value = "127.0.0.1:0")]
    console: String,
}

/// How long today lasts.
const DAY: &str = "60s";

/// Days of history before today.
const HISTORY: u32 = 35;

/// The topic through which today streams.
const TOPIC: &str = "db.access";

/// Time at the end for what is on its way, and for the summary.
const REST: Duration = Duration::from_secs(4);

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    let asked = options.lasting.as_deref().unwrap_or(DAY);
    let lasting = Span::parse(asked).filter(|span| *span >= Span::seconds(10) && *span <= Span::hours(24));
    let lasting = lasting.ok_or_else(|| Failure::argument("--for", "must be a duration from 10s to 24h", asked))?;
    let end = Instant::now() + Duration::from_millis(lasting.0.unsigned_abs());
    let address = options.listen.parse().map_err(|_| Failure::argument("--listen", "must be an address and port", &options.listen))?;
    let company = simulate::Options {
        employees: options.employees,
        days: HISTORY + 1,
        seed: options.seed,
        insider_on_last_day: true,
        ..simulate::Options::default()
    };
    let company = Company::new(company).map_err(crate::cli::simulate::refused)?;
    let (stop, stopped) = crossbeam_channel::bounded(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().context("cannot start")?;
    let (interrupt, interrupted) = (stop.clone(), Arc::new(AtomicBool::new(false)));
    let signals = {
        let _guard = runtime.enter();
        StopSignals::listen().context("cannot listen for SIGTERM")?
    };
    let noted = interrupted.clone();
    runtime.spawn(async move {
        signals.told().await;
        noted.store(true, Ordering::Release);
        // A full channel means that it was told already.
        let _ = interrupt.try_send(());
    });

    let dir = Scratch::new()?;
    let mut screen = Screen::new();
    let broker = Broker::start(TOPIC).context("the embedded broker does not start")?;
    let config = configuration(&company, &dir, broker.address(), &options.console)?;
    let context = Arc::new(load::load(&config)?);
    let metrics = Metrics::new();
    let desk = Desk::open(&runtime, &config, &context, &metrics)?;
    screen.say(&desk.welcome());
    screen.say(&format!(
        "1. A simulated bank: {} employees, {} weeks of database access logs, a few insiders among them.\n   They are labelled, so that the end can say who was caught.",
        company.employees().len(),
        HISTORY / 7
    ));
    // The consumer takes some seconds to join its group: it does so while history is read.
    let sources = Sources::start(&config, &Positions::default(), &context.classifier.keys)?;
    let mut ledger = LatestAlerts::default();
    let engine = history(&config, &context, &dir, &mut screen, &mut ledger, desk.sink(&runtime, &context, &metrics).as_mut())?;

    let health = Arc::new(Health::new(config.sources.iter().map(|source| source.name.clone())));
    let server = runtime.block_on(Server::bind(address)).map_err(anyhow::Error::from)?;
    screen.say(&format!(
        "3. Today, faster than real time, through Kafka into the running service: alerts rise as records arrive.\n   Metrics: http://{}/metrics",
        server.address()
    ));
    let coverage = Arc::new(Published::default());
    let view = View::new(metrics.clone(), health.clone(), coverage.clone(), Guard::default());
    let serving = runtime.spawn(server.serve(view, std::future::pending()));
    let mut sinks = service::sinks(&config)?;
    sinks.push(desk.sink(&runtime, &context, &metrics));
    let delivery = Delivery::start(sinks, &metrics).context("cannot start the sinks")?;
    let mut last = desk.sink(&runtime, &context, &metrics);
    let parts = Parts { delivery, dead_letters: None, sealer: None, metrics, health, reloads: None, coverage };
    let own = live::Parts {
        sources,
        spool: None,
        state: None,
        in_work: InWork::nowhere(),
        decisions: config.decisions.file.as_deref().map(DecisionFile::at),
    };
    let today = company.day(HISTORY);
    let total = today.len() as u64;
    let pace = screen.pace();
    let streaming =
        broker.stream(today, company_keys(&company), end.saturating_duration_since(Instant::now()).saturating_sub(REST), pace.clone());
    screen.begin_today(ledger, total, end, stop);
    let mut engine = Live::new(&config, engine, Positions::default(), parts, own).run(&stopped, &mut screen)?;
    pace.stop();
    // The stream ends by itself once it is told; a panic of it has said so.
    let _ = streaming.join();
    drop(broker);

    let settled = engine.finish(&Parallel);
    kept(last.as_mut(), &settled.revisions)?;
    let ledger = screen.end(settled);
    summary(&company, &ledger, &screen);
    if options.lasting.is_none() && !interrupted.load(Ordering::Acquire) {
        println!("\nThe console stays at {} until Ctrl-C.", desk.address());
        while !interrupted.load(Ordering::Acquire) {
            // What woke it may be older than the end of the day.
            let _ = stopped.recv();
        }
    }
    desk.end(&runtime);
    serving.abort();
    runtime.shutdown_background();
    Ok(())
}

/// Writes the company and reads its configuration, with Kafka in the place of the file.
fn configuration(company: &Company, dir: &Scratch, brokers: String, console: &str) -> Result<Config, Failure> {
    company.write_days(dir.path(), 0..HISTORY).map_err(crate::cli::simulate::refused)?;
    let mut config = load::read_config(&dir.path().join("config.toml"))?;
    let client = [("fetch.wait.max.ms", "20"), ("session.timeout.ms", "6000")];
    let client: BTreeMap<String, String> = client.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let kafka = Kafka { brokers, topics: vec![TOPIC.to_owned()], group: "leakwarden-demo".to_owned(), client };
    for source in &mut config.sources {
        source.kind = SourceKind::Kafka(kafka.clone());
    }
    config.sinks = vec![Box::new(JsonLinesKeys { path: dir.path().join("alerts.jsonl") })];
    config.console.listen = Some(Address(console.to_owned()));
    config.database.url = Some("sqlite://desk.sqlite".to_owned());
    config.decisions.file = Some(dir.path().join("decisions.jsonl"));
    config.dossiers = true;
    // Partitions that no record falls into must not hold the others up for longer than the demo lasts.
    config.time.idle_timeout = Span::seconds(2);
    Ok(config)
}

/// Replays the past weeks into the engine that will go live.
fn history(
    config: &Config,
    context: &Arc<Context>,
    dir: &Scratch,
    screen: &mut Screen,
    ledger: &mut LatestAlerts,
    cases: &mut dyn Sink,
) -> Result<Engine, Failure> {
    let begun = Instant::now();
    let file = dir.path().join("access.jsonl").display().to_string();
    let files = assign(config, &[file], setup::format(config, Some("canonical"))?.as_ref());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut replay =
        Replay::open(Engine::new(context.clone()), files, TimeRange::default(), threads, &BTreeMap::new()).map_err(anyhow::Error::from)?;
    while let Some(round) = replay.round().map_err(anyhow::Error::from)? {
        kept(cases, &round.output.revisions)?;
        ledger.take(round.output.revisions);
        screen.history(replay.tally.lines, begun.elapsed());
    }
    let seconds = begun.elapsed().as_secs_f64();
    screen.say(&format!(
        "2. The past {} weeks, replayed into state: {} records in {seconds:.1} s ({:.0} records/s).\n   {} employees and accounts are known now, with what is usual for each; {} alerts rose on the way.",
        HISTORY / 7,
        replay.tally.lines,
        replay.tally.lines as f64 / seconds,
        replay.engine().profiles().len(),
        ledger.len()
    ));
    Ok(replay.into_engine())
}

/// What has settled is a case in the console.
fn kept(cases: &mut dyn Sink, revisions: &[Revision]) -> Result<(), Failure> {
    if revisions.is_empty() {
        return Ok(());
    }
    Ok(cases.deliver_with_dossiers(&desk::told(revisions)).map_err(|error| anyhow::anyhow!("{error:?}"))?)
}

fn company_keys(company: &Company) -> Vec<String> {
    (0..company.employees().len() as u32).map(|index| company.key(index).to_owned()).collect()
}

fn summary(company: &Company, ledger: &LatestAlerts, screen: &Screen) {
    let labels: Vec<Label> = company
        .labels()
        .iter()
        .filter_map(|label| {
            Some(Label {
                employee: label.employee.clone(),
                typology: leakwarden::model::typology::Typology::parse(label.typology)?,
                from: Timestamp(label.from_ms),
                to: Timestamp(label.to_ms),
                difficulty: Some(label.difficulty.to_string()),
                episode: Some(label.episode.clone()),
            })
        })
        .collect();
    let days = f64::from(HISTORY + 1);
    let truth = GroundTruth { labels: &labels, decoys: &[], leaks: &LeakProgress::default(), is_new: &|_| false };
    let score = score::score(&truth, &score::detections(ledger), days);
    screen.summary(&score, Timestamp(company.bounds_ms(HISTORY).0));
}

/// A directory of the demo's own, gone with it.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Result<Scratch, Failure> {
        let path = std::env::temp_dir().join(format!("leakwarden-demo-{}", std::process::id()));
        leakwarden::private_file::new_folder(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Scratch(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left in a temporary directory harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
