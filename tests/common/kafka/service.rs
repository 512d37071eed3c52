//! `leakwarden run` as a process that tests stop, kill and start again.

use crate::common::kafka::company::KEY;
use crate::common::kafka::{PATIENCE, until};
use crate::common::program;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const RUN: &[&str] = &["run", "--config", "config.toml", "--listen", "127.0.0.1:0"];

/// A running service. Killed with the guard.
pub struct Service {
    child: Child,
    log: PathBuf,
    /// Bytes that its predecessors of that name had written.
    log_began: u64,
    is_tampered_with: bool,
}

impl Service {
    /// Starts it in a directory, which holds `config.toml`. Its log is `NAME.log` there, that of earlier runs before it.
    pub fn start(dir: &Path, name: &str) -> Service {
        Service::with(dir, name, |_| {})
    }

    /// The same with further arguments or environment.
    pub fn with(dir: &Path, name: &str, prepare: impl FnOnce(&mut Command)) -> Service {
        Service::of(program::command(dir, RUN), dir, name, prepare)
    }

    /// The same where no file may grow beyond so many blocks of 512 bytes, as on a disk that is full.
    pub fn on_full_disk(dir: &Path, name: &str, blocks: u64) -> Service {
        // The signal that comes with the error would end the process; a full disk has none.
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let inner = program::command(dir, RUN);
        let mut command = Command::new("sh");
        command.arg("-c").arg(limit).arg(inner.get_program()).args(inner.get_args()).current_dir(dir);
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Service::of(command, dir, name, |_| {})
    }

    fn of(mut command: Command, dir: &Path, name: &str, prepare: impl FnOnce(&mut Command)) -> Service {
        let log = dir.join(format!("{name}.log"));
        let err = File::options().create(true).append(true).open(&log).expect("a log");
        command.env("LEAKWARDEN_LOG_FORMAT", "json").stdin(Stdio::null()).stdout(Stdio::null()).stderr(err);
        prepare(&mut command);
        let log_began = std::fs::metadata(&log).expect("a log").len();
        Service { child: command.spawn().expect("the service starts"), log, log_began, is_tampered_with: false }
    }

    /// What it and its predecessors of that name wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("a log")
    }

    /// Whether it has found its brokers and read its configuration, and not only begun to serve its probes.
    pub fn has_read_its_configuration(&self) -> bool {
        let log = std::fs::read(&self.log).expect("a log");
        String::from_utf8_lossy(&log[self.log_began as usize..]).contains("explanations.jsonl: ")
    }

    /// Where its log is.
    pub fn path(&self) -> PathBuf {
        self.log.clone()
    }

    /// The test writes to its topics, or takes its state away: then it may say so.
    #[must_use]
    pub fn tampered_with(mut self) -> Service {
        self.is_tampered_with = true;
        self
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("it ended");
    }

    /// SIGSTOP: it stands still, as a machine that pages or a paused container does.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// SIGTERM; the status with which it ended.
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended()
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a process") {
                return status;
            }
            assert!(Instant::now() < deadline, "the service has not ended within {PATIENCE:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until it says that it is ready.
    pub fn ready(&self) {
        until("the service is ready", || self.get("/readyz").is_some_and(|(status, _)| status == 200), || self.log());
    }

    /// A page of its HTTP server: status and text. `None` while nobody answers.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address()?).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
    }

    /// The sum of a metric over its labels.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics")?;
        let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let values: Vec<f64> = text.lines().filter(of_name).filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// Where its HTTP server listens: the last address that its log tells.
    fn address(&self) -> Option<String> {
        let log = std::fs::read_to_string(&self.log).ok()?;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let mut addresses = lines.filter_map(|line| Some(line["address"].as_str()?.to_owned()));
        addresses.next_back()
    }

    /// Any other signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(sent.success(), "kill -{name}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Either fails only where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Whatever befalls it, nobody has written to its topics or taken its state away: it must not say so.
        if !std::thread::panicking() && !self.is_tampered_with {
            let log = self.log();
            let told = log.lines().find(|line| line.contains("were passed over") || line.contains("is not what had been saved"));
            assert_eq!(told, None, "nobody has touched its topics and its state");
        }
    }
}
