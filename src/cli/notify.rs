//! `notify`: tries a sink of people out, and sends again what was refused.

use crate::cli::Failure;
use anyhow::{Context as _, anyhow};
use leakwarden::config::load;
use leakwarden::config::schema::Config;
use leakwarden::database::Database;
use leakwarden::notify::contacts::Contacts;
use leakwarden::notify::event::Event;
use leakwarden::notify::outbox::{self, Depth, Outbox};
use leakwarden::notify::workers::{self, now};
use leakwarden::notify::{Notify, Teller, words};
use leakwarden::telemetry::metrics::Metrics;
use leakwarden::telemetry::untrusted::harmless;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;
use tokio::runtime::Runtime;

/// Say who is told of cases and what waits, try a sink out, or send again what was refused.
#[derive(clap::Args)]
pub struct Options {
    /// Configuration file
    #[arg(long)]
    config: PathBuf,
    /// Send a marked test to the [[notify]] of that name, and print the answer
    #[arg(long, value_name = "NAME", conflicts_with = "again")]
    test: Option<String>,
    /// Send dead letters again: those of the [[notify]] of that name, or of all
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    again: Option<String>,
}

/// Dead letters that are listed of a sink.
const LISTED: u32 = 20;

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    let config = load::read_config(&options.config)?;
    let runtime = runtime()?;
    let text = match (&options.test, &options.again) {
        (Some(name), _) => test(&config, &runtime, name)?,
        (None, Some(name)) => again(&config, &runtime, name)?,
        (None, None) => list(&config, &runtime)?,
    };
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}

/// What runs the work of databases.
pub fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().context("cannot start")?)
}

fn find<'a>(config: &'a Config, option: &str, name: &str) -> Result<&'a Notify, Failure> {
    let found = config.notify.iter().find(|notify| notify.keys.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = config.notify.iter().map(|notify| notify.keys.name.as_str()).collect();
        let rule = if names.is_empty() {
            "must name a [[notify]], and there is none".to_owned()
        } else {
            format!("must be one of {}", names.join(", "))
        };
        Failure::argument(option, &rule, name)
    })
}

fn test(config: &Config, runtime: &Runtime, name: &str) -> Result<String, Failure> {
    let notify = find(config, "--test", name)?;
    let mut notifier = notify.build(runtime.handle().clone()).map_err(|error| anyhow!("notify {name}: {error}"))?;
    let at = now();
    let message = teller(config)?.message(Event::test(at.0), false);
    let began = Instant::now();
    let outcome = notifier.send(&[message], at);
    let took = began.elapsed().as_millis();
    match outcome {
        Ok(said) => Ok(format!("{name}: {said} ({took} ms)\n")),
        Err(error) => {
            let again = if error.lasting { "it would not be tried again" } else { "it would be tried again" };
            Err(anyhow!("notify {name}: {error} ({took} ms); {again}").into())
        }
    }
}

fn again(config: &Config, runtime: &Runtime, name: &str) -> Result<String, Failure> {
    let chosen: Vec<&Notify> = if name.is_empty() { config.notify.iter().collect() } else { vec![find(config, "--again", name)?] };
    let database = open(config, runtime)?;
    let mut text = String::new();
    for notify in chosen {
        let name = &notify.keys.name;
        let sent = runtime.block_on(outbox::again(&database, name, notify.own.pace().journal, now())).map_err(anyhow::Error::from)?;
        text += &format!("{name}: {} are told again by the service, {} were superseded\n", sent.0, sent.1);
    }
    Ok(text)
}

fn list(config: &Config, runtime: &Runtime) -> Result<String, Failure> {
    if config.notify.is_empty() {
        return Ok("nobody is told: there is no [[notify]]\n".to_owned());
    }
    let database = open(config, runtime)?;
    let mut text = String::new();
    for notify in &config.notify {
        let name = &notify.keys.name;
        let Depth { waiting, oldest, dead } = runtime.block_on(outbox::depth(&database, name)).map_err(anyhow::Error::from)?;
        let age = oldest.map_or_else(String::new, |oldest| format!(", the oldest for {} s", (now().0 - oldest).max(0) / 1_000));
        text += &format!("{}\n  {waiting} wait{age}; {dead} dead letters\n", harmless(&notify.describe()));
        for (event, reason) in runtime.block_on(outbox::dead_letters(&database, name, LISTED)).map_err(anyhow::Error::from)? {
            text += &format!("  case {}: {}: {}\n", words::short(&event.case), event.what.name(), harmless(&reason));
        }
    }
    Ok(text)
}

/// The database of a configuration.
pub fn open(config: &Config, runtime: &Runtime) -> Result<Database, Failure> {
    let location = load::database(config)?;
    Ok(runtime.block_on(Database::open(&location)).map_err(anyhow::Error::from)?)
}

/// Makes messages as a configuration says.
pub fn teller(config: &Config) -> Result<Teller, Failure> {
    let contacts = Contacts::new(&config.contacts).map_err(|_| anyhow!("[contacts] cannot be used: leakwarden check says why"))?;
    Ok(Teller { link: config.notifications.link.clone(), contacts })
}

/// The workers of a service.
pub fn start(config: &Config, database: &Database, runtime: &Runtime, metrics: &Metrics) -> Result<workers::Workers, Failure> {
    let parts = workers::Parts {
        database: database.clone(),
        outbox: Outbox::new(&config.notify, config.notifications.unsettled),
        runtime: runtime.handle().clone(),
        teller: teller(config)?,
        retry_for: config.notifications.retry_for,
        metrics: metrics.clone(),
    };
    Ok(workers::Workers::start(&config.notify, &parts).map_err(anyhow::Error::msg)?)
}
