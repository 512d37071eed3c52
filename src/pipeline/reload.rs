//! The configuration and every file that it names, read again while the service runs: on SIGHUP, or when one has changed.
//!
//! A thread of its own looks, reads and validates; the service goes on meanwhile and takes what is found valid at one point
//! between two records. All or nothing: one mistake in any file, and everything stays as it was.

use crate::config::inventory::{self, Inventory};
use crate::config::load;
use crate::config::reload_policy;
use crate::config::schema::Config;
use crate::engine::context::Context;
use crate::model::feed::Feed;
use crate::model::problem::Problem;
use crate::pipeline::feeds::{FeedGuard, Shrunken};
use crate::pipeline::reasons::TopicReasons;
use crate::telemetry::metrics::{Metrics, Reload};
use crate::telemetry::untrusted;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often files are looked at. One that changed is read once it has stayed the same for so long: somebody may be writing.
const INTERVAL: Duration = Duration::from_secs(2);

/// Mistakes that are logged one by one; `check` names all.
const MOST_LOGGED: usize = 20;

/// How often files are read anew, in a row, that change while they are read.
const ATTEMPTS: usize = 5;

/// A configuration with all that it names, as read at one time.
pub struct Loaded {
    /// The settings.
    pub config: Arc<Config>,
    /// The set-up.
    pub context: Arc<Context>,
    /// Over the content of every file.
    digest: blake3::Hash,
    /// Whether only reasons of the topic differ from what is in use.
    pub only_reasons: bool,
}

/// Where a configuration is read from.
pub struct Origin {
    /// The file.
    pub file: PathBuf,
    /// What the command line says otherwise.
    pub adjust: Box<dyn Fn(&mut Config) + Send>,
}

/// Changed configurations on their way to the service.
pub struct Reloads {
    /// Valid set-ups that are to be taken up, the newest last.
    pub fresh: Receiver<Loaded>,
}

/// Why nothing was loaded.
enum Refusal {
    Mistakes(Vec<Problem>),
    /// Files changed while they were read.
    Restless,
}

impl Origin {
    /// Reads everything.
    pub fn load(&self) -> Result<Loaded, Vec<Problem>> {
        for _ in 0..ATTEMPTS {
            match self.load_once() {
                Ok(loaded) => return Ok(loaded),
                Err(Refusal::Mistakes(problems)) => return Err(problems),
                Err(Refusal::Restless) => {}
            }
        }
        Err(vec![Problem::plain(self.file.display().to_string(), "and the files that it names must not change while they are read")])
    }

    fn load_once(&self) -> Result<Loaded, Refusal> {
        let mut config = load::read_config(&self.file).map_err(Refusal::Mistakes)?;
        let before = digest(&config);
        (self.adjust)(&mut config);
        let context = load::load(&config);
        // What was read is what was there before and after.
        if digest(&config) != before {
            return Err(Refusal::Restless);
        }
        Ok(Loaded { config: Arc::new(config), context: Arc::new(context.map_err(Refusal::Mistakes)?), digest: before, only_reasons: false })
    }
}

/// Over the content of every file; one that cannot be read has none.
fn digest(config: &Config) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for file in config.files() {
        let content = fs::read(file).unwrap_or_default();
        hasher.update(&(content.len() as u64).to_le_bytes()).update(&content);
    }
    hasher.finalize()
}

impl Reloads {
    /// Starts to look for changes of what was loaded, and tells what became of its feeds since the last start. `asked` tells when to read
    /// again in any case; it ends when that does.
    pub fn start(origin: Origin, loaded: &Loaded, asked: Receiver<()>, metrics: Metrics, start: FeedStart) -> std::io::Result<Reloads> {
        let (sender, fresh) = bounded(1);
        let files = loaded.config.files();
        let running = Running { config: loaded.config.clone(), context: loaded.context.clone(), digest: loaded.digest };
        let FeedStart { guard, accept_shrinkage, reasons } = start;
        if let Some(why) = &guard.unreadable {
            let path = guard.path().display();
            tracing::warn!("{path}: {why}: whether a feed has shrunk since the last start cannot be told");
        }
        let mut watch = Watch {
            origin,
            running,
            files,
            tried: Vec::new(),
            seen: Vec::new(),
            sender,
            metrics,
            guard,
            reasons,
            // What came since the start is taken up at the first look.
            reasons_version: 0,
            reasons_at: Instant::now(),
        };
        watch.tell_feeds();
        let shrunken = watch.judge(&loaded.config, &loaded.context, accept_shrinkage);
        for Shrunken { problem, .. } in &shrunken {
            tracing::error!("feed: {}", untrusted::harmless(&problem.to_string()));
        }
        if !shrunken.is_empty() {
            tracing::error!(feeds = shrunken.len(), "the service starts with less than it had: {HOW_CONFIRMED}");
        }
        std::thread::Builder::new().name("reload".to_owned()).spawn(move || watch.run(&asked))?;
        Ok(Reloads { fresh })
    }
}

struct Running {
    config: Arc<Config>,
    context: Arc<Context>,
    digest: blake3::Hash,
}

struct Watch {
    origin: Origin,
    running: Running,
    /// Files of the newest configuration that could be read, in use or not.
    files: Vec<PathBuf>,
    /// How they were at the last attempt.
    tried: Vec<Stamp>,
    /// How they were at the last look.
    seen: Vec<Stamp>,
    sender: Sender<Loaded>,
    metrics: Metrics,
    guard: FeedGuard,
    reasons: Option<TopicReasons>,
    /// The version of the topic's reasons that is in use.
    reasons_version: u64,
    /// When reasons may be taken up next: that takes long where there are many.
    reasons_at: Instant,
}

/// What a start does about feeds.
pub struct FeedStart {
    /// What was agreed to before.
    pub guard: FeedGuard,
    /// Whether whatever is there now is agreed to.
    pub accept_shrinkage: bool,
    /// Reasons of a topic; in use at the start as they are then.
    pub reasons: Option<TopicReasons>,
}

/// So many times as long as taking up reasons took is nothing done about further ones.
const REASONS_REST: u32 = 10;

/// How an operator goes on from a refusal.
const HOW_CONFIRMED: &str = "it is agreed to once that file is delivered again in the same size, or at a start with --accept-shrinkage";

/// What tells without reading that a file is not what it was; `None` where there is none.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

fn stamp(path: &PathBuf) -> Stamp {
    let about = fs::metadata(path).ok()?;
    Some((about.dev(), about.ino(), about.len(), about.mtime().wrapping_mul(1_000_000_000).wrapping_add(about.mtime_nsec()), about.ctime()))
}

impl Watch {
    fn run(mut self, asked: &Receiver<()>) {
        self.tried = self.stamps();
        self.seen.clone_from(&self.tried);
        // A change between the start and the first look.
        if digest(&self.running.config) != self.running.digest {
            self.tried = Vec::new();
        }
        loop {
            let is_asked = match asked.recv_timeout(INTERVAL) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let now = self.stamps();
            let rests = now == self.seen && now != self.tried;
            self.seen = now;
            if (is_asked || (self.running.config.reload.watch && rests)) && self.reload().is_err() {
                return;
            }
            if self.take_reasons().is_err() {
                return;
            }
        }
    }

    fn stamps(&self) -> Vec<Stamp> {
        self.files.iter().map(stamp).collect()
    }

    /// Reads again. An error: the service has ended.
    fn reload(&mut self) -> Result<(), crossbeam_channel::SendError<Loaded>> {
        if let Ok(config) = load::read_config(&self.origin.file) {
            self.files = config.files();
        }
        self.tried = self.stamps();
        self.seen.clone_from(&self.tried);
        match self.origin.load().and_then(|loaded| self.allowed(loaded)) {
            Ok(loaded) if loaded.digest == self.running.digest => {
                // A file that came again as it is confirms what it says.
                self.judge(&loaded.config, &loaded.context, false);
                tracing::info!("the configuration was read again: nothing has changed");
                self.metrics.reload(Reload::Unchanged);
                Ok(())
            }
            Ok(loaded) => {
                let shrunken = self.judge(&loaded.config, &loaded.context, false);
                if !shrunken.is_empty() && self.is_less_than_running(&loaded) {
                    self.refuse(shrunken.into_iter().map(|shrunken| shrunken.problem).collect());
                    tracing::error!("{HOW_CONFIRMED}");
                    return Ok(());
                }
                self.running = Running { config: loaded.config.clone(), context: loaded.context.clone(), digest: loaded.digest };
                self.tell_feeds();
                self.sender.send(self.with_reasons(loaded))
            }
            Err(problems) => {
                self.refuse(problems);
                Ok(())
            }
        }
    }

    /// Takes up reasons of the topic that have changed, beside everything else as it is in use.
    fn take_reasons(&mut self) -> Result<(), crossbeam_channel::SendError<Loaded>> {
        let begun = Instant::now();
        let Some(version) = self.reasons.as_ref().map(TopicReasons::version) else { return Ok(()) };
        if version == self.reasons_version || begun < self.reasons_at {
            return Ok(());
        }
        self.reasons_version = version;
        let Running { config, context, digest } = &self.running;
        let same = Loaded { config: config.clone(), context: context.clone(), digest: *digest, only_reasons: true };
        let sent = self.sender.send(self.with_reasons(same));
        self.reasons_at = Instant::now() + begun.elapsed() * REASONS_REST;
        sent
    }

    /// What was loaded, with the reasons of the topic over those of the file.
    fn with_reasons(&self, loaded: Loaded) -> Loaded {
        match &self.reasons {
            Some(reasons) => Loaded { context: Arc::new(reasons.over(&loaded.context)), ..loaded },
            None => loaded,
        }
    }

    fn refuse(&self, problems: Vec<Problem>) {
        for problem in problems.iter().take(MOST_LOGGED) {
            tracing::error!("configuration: {}", untrusted::harmless(&problem.to_string()));
        }
        tracing::error!(mistakes = problems.len(), "the configuration is refused; the service goes on with the former one");
        self.metrics.reload(Reload::Refused);
    }

    /// What has shrunk without having been confirmed.
    fn judge(&mut self, config: &Config, context: &Context, accept: bool) -> Vec<Shrunken> {
        let (shrunken, kept) = self.guard.judge(config, context, accept);
        if let Err(error) = kept {
            let path = self.guard.path().display();
            tracing::warn!(%error, "{path}: how much of each feed was agreed to cannot be kept for the next start");
        }
        for feed in Feed::ALL {
            self.metrics.set_feed_shrunken(feed, shrunken.iter().any(|shrunken| shrunken.feed == feed));
        }
        shrunken
    }

    /// Where a start took up what had shrunk, less than before is not less than what is in use.
    fn is_less_than_running(&self, loaded: &Loaded) -> bool {
        let running = Inventory::of(&self.running.config, &self.running.context);
        let now = Inventory::of(&loaded.config, &loaded.context);
        !now.shrunken(&running, loaded.config.reload.max_shrinkage_percent).is_empty()
    }

    /// Logs and measures how much of each feed is in use.
    fn tell_feeds(&self) {
        let running = Inventory::of(&self.running.config, &self.running.context);
        Feed::ALL.into_iter().for_each(|feed| self.metrics.set_feed(feed, running.size(feed)));
        for report in inventory::reports(&self.running.config, &self.running.context) {
            tracing::info!("{}: {}", report.file.display(), report.told());
            for note in &report.rows.notes {
                tracing::warn!("feed: {}", untrusted::harmless(&note.to_string()));
            }
        }
    }

    /// Whether it can be taken up by what is running.
    fn allowed(&self, loaded: Loaded) -> Result<Loaded, Vec<Problem>> {
        let mut problems = reload_policy::needing_restart(&self.running.config, &loaded.config);
        let print = |context: &Context| context.classifier.keys.print("reload", "key");
        if print(&self.running.context) != print(&loaded.context) {
            problems.push(reload_policy::other_key(&loaded.config));
        }
        if problems.is_empty() { Ok(loaded) } else { Err(problems) }
    }
}
