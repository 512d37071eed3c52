//! `console`: the console alone, over the database that the service fills; and its accounts.

use crate::cli::stop_signals::StopSignals;
use crate::cli::{Failure, setup};
use anyhow::Context as _;
use clap::Subcommand;
use leakwarden::config::schema::{Config, Retention, SourceKind};
use leakwarden::config::{exposure, load};
use leakwarden::console::oidc::client::Client;
use leakwarden::console::settings::{KeyHolder, Settings, SignIn};
use leakwarden::console::writers::{self, DecisionsTo, Files};
use leakwarden::console::{Console, SharedPeople};
use leakwarden::database::Database;
use leakwarden::desk::ingest::{DeskParts, DeskSink};
use leakwarden::desk::people::People;
use leakwarden::desk::pseudonym::Pseudonyms;
use leakwarden::desk::retention::{self, Terms};
use leakwarden::desk::rights::{Grant, Role};
use leakwarden::desk::unmask::{Finder, Found, Places};
use leakwarden::desk::{DeskError, account};
use leakwarden::engine::context::Context;
use leakwarden::http::server::Server;
use leakwarden::http::tls;
use leakwarden::model::problem::Problem;
use leakwarden::model::time::Timestamp;
use leakwarden::notify::outbox::Outbox;
use leakwarden::pipeline::decisions::topic::TopicLog;
use leakwarden::pipeline::identities::{Identified, Sources};
use leakwarden::sink::Sink;
use leakwarden::telemetry::logging;
use leakwarden::telemetry::metrics::Metrics;
use std::collections::BTreeSet;
use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// How often it is looked for what is to be erased.
const EVERY_HOUR: Duration = Duration::from_secs(60 * 60);

/// Serve the console alone, over the database that `run` fills; or manage its accounts.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Options {
    /// Configuration file of the service
    #[arg(long, required = true)]
    config: Option<PathBuf>,
    /// What to do instead of serving
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Manage the accounts of the console
    #[command(subcommand)]
    Account(AccountCommand),
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Add an account; its password is read from the first line of the input
    Add {
        /// Configuration file of the service
        #[arg(long)]
        config: PathBuf,
        /// Name of the account
        name: String,
        /// The employee whose account it is, by the id of the directory: nobody works on their own case
        #[arg(long)]
        employee: String,
        /// A role: investigator, lead, dpo, operator or auditor, for one unit as ROLE:UNIT; may be repeated
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// No password: a proxy signs people in
        #[arg(long)]
        by_proxy: bool,
        /// No password: the provider of [console] oidc_issuer signs people in, and names whose account it is by this subject
        #[arg(long, conflicts_with = "by_proxy")]
        subject: Option<String>,
    },
    /// Say whose account it is for the provider of [console] oidc_issuer
    Subject {
        /// Configuration file of the service
        #[arg(long)]
        config: PathBuf,
        /// Name of the account
        name: String,
        /// The subject by which the provider names them; without one it names nobody
        subject: Option<String>,
    },
    /// Give an account these roles, and no others
    Grant {
        /// Configuration file of the service
        #[arg(long)]
        config: PathBuf,
        /// Name of the account
        name: String,
        /// A role, as with add; may be repeated
        #[arg(long = "role")]
        roles: Vec<String>,
    },
    /// Give an account another password, from the first line of the input, and another second factor
    Reset {
        /// Configuration file of the service
        #[arg(long)]
        config: PathBuf,
        /// Name of the account
        name: String,
    },
    /// Let an account be used no more, or again
    Disable {
        /// Configuration file of the service
        #[arg(long)]
        config: PathBuf,
        /// Name of the account
        name: String,
        /// Let it be used again
        #[arg(long)]
        undo: bool,
    },
    /// List the accounts and their roles
    List {
        /// Configuration file of the service
        #[arg(long)]
        config: PathBuf,
    },
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    match (&options.what, &options.config) {
        (Some(What::Account(command)), _) => accounts(command),
        (None, Some(file)) => serve(file),
        (None, None) => Err(Failure::argument("--config", "must be given", "")),
    }
}

/// The time of day.
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64))
}

/// A runtime of a few threads.
pub fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("cannot start")?)
}

/// Opens the database of a configuration.
pub fn open(runtime: &Runtime, config: &Config) -> Result<Database, Failure> {
    let location = load::database(config)?;
    Ok(runtime.block_on(Database::open(&location)).with_context(|| location.to_string())?)
}

/// What a broken rule is told as: place, rule, value.
pub fn told(error: DeskError) -> Failure {
    match error {
        DeskError::Refused { place, rule, value } => Failure::argument(place, &rule, format!("{value:?}")),
        other => Failure::AtRunTime(anyhow::anyhow!("{other}")),
    }
}

fn accounts(command: &AccountCommand) -> Result<(), Failure> {
    let (AccountCommand::Add { config, .. }
    | AccountCommand::Subject { config, .. }
    | AccountCommand::Grant { config, .. }
    | AccountCommand::Reset { config, .. }
    | AccountCommand::Disable { config, .. }
    | AccountCommand::List { config }) = command;
    let (config, context) = setup::load(Some(config))?;
    let runtime = runtime()?;
    let database = open(&runtime, &config)?;
    match command {
        AccountCommand::Add { name, employee, roles, by_proxy, subject, .. } => {
            let grants = grants(roles)?;
            if config.directory.employees.is_some() && context.classifier.directory.employee(employee).is_none() {
                return Err(Failure::argument("--employee", "must be an employee of the directory", employee));
            }
            let password = if *by_proxy || subject.is_some() { None } else { Some(password()?) };
            let added = account::add(&database, name, employee, password.as_deref(), &grants, now());
            let enrolment = runtime.block_on(added).map_err(told)?;
            if let Some(subject) = subject {
                runtime.block_on(account::set_subject(&database, name, Some(subject))).map_err(told)?;
            }
            enrolled(enrolment.as_ref())
        }
        AccountCommand::Subject { name, subject, .. } => {
            runtime.block_on(account::set_subject(&database, name, subject.as_deref())).map_err(told)
        }
        AccountCommand::Grant { name, roles, .. } => {
            let grants = grants(roles)?;
            runtime.block_on(account::grant(&database, name, &grants, now())).map_err(told)
        }
        AccountCommand::Reset { name, .. } => {
            let password = password()?;
            enrolled(Some(&runtime.block_on(account::reset(&database, name, &password)).map_err(told)?))
        }
        AccountCommand::Disable { name, undo, .. } => runtime.block_on(account::disable(&database, name, !undo)).map_err(told),
        AccountCommand::List { .. } => {
            let listed = runtime.block_on(async {
                let mut read = database.read().await?;
                account::list(&mut read).await
            });
            let mut text = String::new();
            for one in listed.map_err(anyhow::Error::from)? {
                let roles: Vec<String> = one
                    .grants
                    .iter()
                    .map(|grant| match &grant.unit {
                        Some(unit) => format!("{}:{unit}", grant.role.name()),
                        None => grant.role.name().to_owned(),
                    })
                    .collect();
                let (signs_in, disabled) = (if one.signs_in { "" } else { " by proxy" }, if one.disabled { " disabled" } else { "" });
                text += &format!("{}\t{}\t{}{signs_in}{disabled}\n", one.name, one.employee, roles.join(" "));
            }
            std::io::stdout().lock().write_all(text.as_bytes())?;
            Ok(())
        }
    }
}

/// What a new account's owner needs, told once.
fn enrolled(told: Option<&account::Enrolment>) -> Result<(), Failure> {
    if let Some(enrolment) = told {
        let text = format!("second factor, told once (any authenticator takes it): {}\n{}\n", enrolment.secret, enrolment.address);
        std::io::stdout().lock().write_all(text.as_bytes())?;
    }
    Ok(())
}

fn password() -> Result<String, Failure> {
    eprintln!("the password, at least {} characters, in one line:", account::SHORTEST_PASSWORD);
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn grants(roles: &[String]) -> Result<Vec<Grant>, Failure> {
    let names = Role::ALL.map(Role::name).join(", ");
    let grant = |text: &String| {
        let (role, unit) = text.split_once(':').map_or((text.as_str(), None), |(role, unit)| (role, Some(unit)));
        let role = Role::named(role).filter(|_| unit != Some(""));
        let role = role
            .ok_or_else(|| Failure::argument("--role", &format!("must be one of {names}, or one of them for a unit as ROLE:UNIT"), text))?;
        Ok(Grant { role, unit: unit.map(str::to_owned) })
    };
    roles.iter().map(grant).collect()
}

/// A console that has its address.
pub struct Prepared {
    server: Server,
    console: Console,
    files: Files,
    terms: Terms,
}

impl Prepared {
    /// Takes the address of `[console] listen`, where there is one.
    pub fn open(
        runtime: &Runtime,
        config: &Config,
        database: Database,
        context: &Context,
        metrics: &Metrics,
    ) -> Result<Option<Prepared>, Failure> {
        if config.console.listen.is_none() {
            return Ok(None);
        }
        let place = |key: &str| format!("{}: console.{key}", config.file.display());
        let mut problems = exposure::of_console(config);
        let tls = match (&config.console.tls_certificate_file, &config.console.tls_key_file) {
            (Some(certificate), Some(key)) => tls::acceptor(certificate, key)
                .map_err(|error| problems.push(Problem::plain(place("tls_certificate_file"), error.to_string())))
                .ok(),
            _ => None,
        };
        let sign_in = match (&config.console.proxy_header, &config.console.proxy_secret_file) {
            (Some(header), Some(file)) => match load::secret(file) {
                Ok(secret) => SignIn::Proxy { header: header.to_ascii_lowercase(), secret: blake3::hash(&secret) },
                Err(problem) => {
                    problems.push(problem);
                    SignIn::Local
                }
            },
            _ => provider(config, &mut problems).map_or(SignIn::Local, |client| SignIn::Oidc(Arc::new(client))),
        };
        if !problems.is_empty() {
            return Err(Failure::Unusable(problems));
        }
        Prepared::bind(runtime, config, database, context, metrics, (sign_in, tls)).map(Some)
    }

    /// The same for a demo: accounts need no second factor, and nobody but this machine reaches it.
    pub fn open_here(
        runtime: &Runtime,
        config: &Config,
        database: Database,
        context: &Context,
        metrics: &Metrics,
    ) -> Result<Prepared, Failure> {
        let listen = config.console.listen.as_ref().map_or("", |address| &address.0);
        if !listen.parse().is_ok_and(|address: SocketAddr| address.ip().is_loopback()) {
            return Err(Failure::argument("--console", "must be an address of this machine and a port, e.g. 127.0.0.1:9465", listen));
        }
        Prepared::bind(runtime, config, database, context, metrics, (SignIn::PasswordAlone, None))
    }

    fn bind(
        runtime: &Runtime,
        config: &Config,
        database: Database,
        context: &Context,
        metrics: &Metrics,
        (sign_in, tls): (SignIn, Option<TlsAcceptor>),
    ) -> Result<Prepared, Failure> {
        let listen = config.console.listen.as_ref().map_or("", |address| &address.0);
        let address = listen.parse().map_err(|_| Failure::argument("console.listen", "must be an address and port", listen))?;
        let settings = Settings {
            hosts: config.console.hosts.clone(),
            sign_in,
            finder: KeyHolder::new(Arc::new(AtTheSource(sources(config, context)))),
            proxies: config.console.proxy_addresses.iter().filter_map(|address| address.parse().ok()).collect(),
            budget_per_day: config.alerts.budget_per_day,
            zone: config.time.zone.clone(),
            tls: tls.is_some(),
        };
        let topic = config.decisions_topic().map(|kafka| TopicLog::new(&kafka)).transpose();
        let topic = topic.map_err(|error| anyhow::anyhow!("the topic of decisions: {}", error.message))?;
        let topic = topic.map(|log| DecisionsTo::Topic(Arc::new(Mutex::new(log))));
        let decisions = config.decisions.file.clone().map(DecisionsTo::File).or(topic);
        let files = Files { decisions, views: config.console.views_file.clone() };
        let server = runtime.block_on(Server::bind(address)).map_err(anyhow::Error::from)?.with_tls(tls);
        let scheme = if settings.tls { "https" } else { "http" };
        tracing::info!("the console is served at {scheme}://{}", server.address());
        let pseudonyms = named(runtime, config, &database)?;
        let console = Console::new(database, people(context), settings, metrics).naming_by(pseudonyms);
        Ok(Prepared { server, console, files, terms: terms(config) })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Serves until `shutdown`.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        let metrics = self.console.metrics.clone();
        let writing = tokio::spawn(writers::run(self.console.clone(), self.files.clone()));
        let erasing = tokio::spawn(erase(self.console.database.clone(), self.terms));
        self.server.serve_router(self.console.router(), metrics, shutdown).await;
        writing.abort();
        erasing.abort();
        // What was decided last is not left to the next start, where it can be helped.
        if let Err(why) = writers::step(&self.console, &self.files).await {
            tracing::warn!(why, "decisions or view records wait for the next start");
        }
    }
}

/// The provider that signs people in, where one does.
fn provider(config: &Config, problems: &mut Vec<Problem>) -> Option<Client> {
    let console = &config.console;
    let (issuer, client_id) = (console.oidc_issuer.as_ref()?, console.oidc_client_id.as_ref()?);
    let secret = match console.oidc_client_secret_file.as_deref().map(load::secret).transpose() {
        Ok(secret) => secret.map(|secret| String::from_utf8_lossy(&secret).into_owned()),
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let client = Client::new(issuer, client_id, secret, console.oidc_address.as_ref()?, console.oidc_ca_file.as_deref());
    client.map_err(|why| problems.push(Problem::plain(format!("{}: console.oidc_ca_file", config.file.display()), why))).ok()
}

/// How long what is kept is kept.
pub fn terms(config: &Config) -> Terms {
    let Retention { innocent, unclear, confirmed, views } = config.retention;
    Terms { innocent, unclear, confirmed, views }
}

/// Erases what is due, each hour, until the task is dropped.
async fn erase(database: Database, terms: Terms) {
    loop {
        match retention::sweep(&database, &terms, now()).await {
            Ok(erased) if erased.cases.is_empty() && erased.views == 0 => {}
            Ok(erased) => {
                tracing::info!(cases = erased.cases.len(), views = erased.views, held = erased.held, "erased what is no longer to be kept")
            }
            Err(error) => tracing::error!(%error, "what is no longer to be kept could not be erased, and is tried again within the hour"),
        }
        tokio::time::sleep(EVERY_HOUR).await;
    }
}

/// Identities are found again in the files of the sources, under the key of this configuration.
struct AtTheSource(Sources);

impl Finder for AtTheSource {
    fn find(&self, places: &Places, pseudonyms: &BTreeSet<String>) -> Result<Found, String> {
        let Identified { identities, places_there } = self.0.find(places, pseudonyms);
        Ok(Found { identities, places_there })
    }
}

fn sources(config: &Config, context: &Context) -> Sources {
    let globs = config.sources.iter().filter_map(|source| match &source.kind {
        SourceKind::Files(glob) => Some(glob.clone()),
        SourceKind::Kafka(_) => None,
    });
    let classifier = &context.classifier;
    Sources { globs: globs.collect(), keys: classifier.keys.clone(), spaces: classifier.catalog.spaces().to_vec() }
}

/// How employees are named until their case is taken.
pub fn named(runtime: &Runtime, config: &Config, database: &Database) -> Result<Pseudonyms, Failure> {
    if !config.console.employees_by_pseudonym {
        return Ok(Pseudonyms::default());
    }
    Ok(runtime.block_on(Pseudonyms::of(database)).map_err(anyhow::Error::from)?)
}

/// The directory's people.
pub fn people(context: &Context) -> SharedPeople {
    SharedPeople::new(People::of(&context.classifier.directory))
}

/// What takes alerts into the database of cases, and puts down what is to be told of them.
pub fn desk_sink(
    runtime: &Runtime,
    database: &Database,
    context: &Context,
    outbox: Outbox,
    views: BTreeSet<String>,
    metrics: &Metrics,
) -> Box<dyn Sink> {
    let parts = DeskParts { people: People::of(&context.classifier.directory), outbox, views };
    Box::new(DeskSink::new(database.clone(), parts, runtime.handle().clone(), metrics))
}

fn serve(file: &std::path::Path) -> Result<(), Failure> {
    let (config, context) = setup::load(Some(file))?;
    logging::init().map_err(anyhow::Error::from)?;
    let runtime = runtime()?;
    let signals = {
        let _guard = runtime.enter();
        StopSignals::listen().context("cannot listen for SIGTERM")?
    };
    let database = open(&runtime, &config)?;
    let metrics = Metrics::new();
    let prepared = Prepared::open(&runtime, &config, database, &context, &metrics)?;
    let Some(prepared) = prepared else {
        let rule = "must be given: where the console is served, e.g. \"127.0.0.1:9465\"";
        return Err(Failure::Unusable(vec![Problem::plain(format!("{}: console.listen", config.file.display()), rule)]));
    };
    runtime.block_on(prepared.serve(signals.told()));
    Ok(())
}
