//! `[alerts] calibrate_every`: the service has its own history calibrated now and then, by a child process of low priority, which writes
//! the file of `[alerts] calibration`; the change of that file is taken up like any other.

use anyhow::Context as _;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use leakwarden::config::schema::Config;
use leakwarden::model::problem::Problem;
use leakwarden::model::time::Span;
use leakwarden::telemetry::untrusted::harmless;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// How often it is looked whether it is time, and how a child is.
const LOOK: Duration = Duration::from_secs(60);
const CHILD: Duration = Duration::from_millis(500);
/// What was tried in vain is tried again after this share of the time.
const AGAIN: u32 = 7;
/// Days of history that are read.
const DAYS: &str = "60";
/// How much of what a child says is told.
const TOLD: usize = 400;

/// A service that calibrates itself must know where to, and be the only one.
pub fn problem(config: &Config) -> Option<Problem> {
    let every = config.alerts.calibrate_every?;
    let place = format!("{}: alerts.calibrate_every", config.file.display());
    if every < Span::DAY {
        return Some(Problem::new(place, "must be a day or more", every));
    }
    if config.cluster.is_some() {
        let rule = "cannot be given where there is a [cluster]: run `evaluate calibrate` by a timer and give its file to all processes";
        return Some(Problem::plain(place, rule));
    }
    config.alerts.calibration.is_none().then(|| Problem::plain(place, "needs the file to write: [alerts] calibration"))
}

/// What calibrates. Dropped, it ends the child that may be at work, and waits until it has ended: none outlives its service.
pub struct Calibrating {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Calibrating {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts to calibrate, if the configuration wants it.
pub fn start(config: &Config, file: &Path) -> anyhow::Result<Option<Calibrating>> {
    let Some((every, out)) = config.alerts.calibrate_every.zip(config.alerts.calibration.clone()) else { return Ok(None) };
    let own = std::env::current_exe().context("the own program is not found")?;
    let weekly = Weekly { program: own, config: file.to_owned(), out, every: std_duration(every) };
    let (stop, stopped) = crossbeam_channel::bounded(1);
    let thread = std::thread::Builder::new().name("calibrate".to_owned()).spawn(move || weekly.run(&stopped));
    Ok(Some(Calibrating { stop: Some(stop), thread: Some(thread.context("cannot start to calibrate")?) }))
}

fn std_duration(span: Span) -> Duration {
    Duration::from_millis(span.0.max(0).cast_unsigned())
}

struct Weekly {
    program: PathBuf,
    config: PathBuf,
    out: PathBuf,
    every: Duration,
}

impl Weekly {
    fn run(&self, stopped: &Receiver<()>) {
        let mut tried: Option<SystemTime> = None;
        loop {
            let past = |time: SystemTime, by: Duration| time.elapsed().is_ok_and(|since| since >= by);
            let made = std::fs::metadata(&self.out).and_then(|file| file.modified()).ok();
            let is_due = made.is_none_or(|made| past(made, self.every)) && tried.is_none_or(|tried| past(tried, self.every / AGAIN));
            if is_due {
                tried = Some(SystemTime::now());
                match self.calibrate(stopped) {
                    Ok(true) => tracing::info!("the own history was calibrated: {}", self.out.display()),
                    Ok(false) => return,
                    Err(error) => tracing::warn!("the own history was not calibrated: {}", harmless(&format!("{error:#}"))),
                }
            }
            match stopped.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Whether a child did it; not where the service ends meanwhile.
    fn calibrate(&self, stopped: &Receiver<()>) -> anyhow::Result<bool> {
        let mut child = self.child().context("cannot start it")?;
        let mut errors = child.stderr.take();
        let reader = std::thread::spawn(move || {
            let mut said = Vec::new();
            // What it says at its end matters, and it says little.
            let read = errors.as_mut().map(|errors| errors.read_to_end(&mut said));
            read.map_or_else(Vec::new, |_| said)
        });
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            match stopped.recv_timeout(CHILD) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Ok(false);
                }
            }
        };
        let said = reader.join().unwrap_or_default();
        if status.success() {
            return Ok(true);
        }
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        let from = said.char_indices().rev().nth(TOLD).map_or(0, |(at, _)| at);
        anyhow::bail!("{status}: {}", &said[from..])
    }

    fn child(&self) -> std::io::Result<Child> {
        let arguments = |command: &mut Command| -> std::io::Result<Child> {
            command
                .args(["evaluate", "calibrate", "--threads", "1", "--days", DAYS, "--config"])
                .arg(&self.config)
                .arg("--out")
                .arg(&self.out);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
        };
        // Where there is no `nice`, it runs like everything else.
        arguments(Command::new("nice").args(["-n", "19"]).arg(&self.program)).or_else(|_| arguments(&mut Command::new(&self.program)))
    }
}
