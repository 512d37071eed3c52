//! `leakwarden run` as a process: files in, signals, metrics and log out.

use crate::common::program::{command, json_lines};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A service under test. It is killed when dropped.
pub struct Service {
    child: Child,
    log: Arc<Mutex<String>>,
    dir: PathBuf,
}

/// How long anything may take on a machine that does other things: by the clock, whatever a look takes.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(50);

impl Service {
    /// Starts it on `config.toml` of a directory, with its state beside it, and waits until it answers.
    pub fn start(dir: &Path) -> Service {
        Service::start_with(dir, &[])
    }

    /// The same with more arguments.
    pub fn start_with(dir: &Path, more: &[&str]) -> Service {
        Service::starting(dir, 0, more).ready()
    }

    /// The same on a port of its own.
    pub fn listening(dir: &Path, port: u16) -> Service {
        Service::starting(dir, port, &[]).ready()
    }

    /// Starts it, and waits until it answers at all: what it reads may not be there.
    pub fn start_unready(dir: &Path) -> Service {
        Service::starting(dir, 0, &[])
    }

    fn ready(self) -> Service {
        self.wait("it is ready", |service| service.get("/readyz").is_some_and(|answer| answer.ends_with("ok\n")));
        self
    }

    fn starting(dir: &Path, port: u16, more: &[&str]) -> Service {
        let listen = format!("127.0.0.1:{port}");
        let arguments = [&["run", "--config", "config.toml", "--state", "state", "--listen", &listen], more].concat();
        let mut child = command(dir, &arguments).env("LEAKWARDEN_LOG", "info").stderr(Stdio::piped()).spawn().expect("it starts");
        let (log, stderr) = (Arc::new(Mutex::new(String::new())), child.stderr.take().expect("is piped"));
        let written = log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = written.lock().expect("no panic");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let service = Service { child, log, dir: dir.to_owned() };
        service.wait("it answers", |service| service.get("/readyz").is_some());
        service
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.log.lock().expect("no panic").clone()
    }

    /// An answer of its HTTP server.
    pub fn get(&self, path: &str) -> Option<String> {
        self.ask(path, "host: x\r\n")
    }

    /// The answer to a request with these headers, each with its line end.
    pub fn ask(&self, path: &str, headers: &str) -> Option<String> {
        let log = self.log();
        let address: String = log.split("127.0.0.1:").nth(1)?.chars().take_while(char::is_ascii_digit).collect();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{address}")).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\n{headers}connection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The value of a series.
    pub fn metric(&self, series: &str) -> f64 {
        let text = self.get("/metrics").expect("answers");
        let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
        line.and_then(|line| line.rsplit(' ').next()).map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Waits for something.
    #[track_caller]
    #[allow(clippy::disallowed_methods, reason = "it waits so long by the clock, however slow each look is")]
    pub fn wait(&self, what: &str, holds: impl Fn(&Service) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}; log:\n{}", self.log());
            std::thread::sleep(LOOK);
        }
    }

    /// Alerts written so far to `alerts.jsonl`.
    pub fn alerts(&self) -> Vec<Value> {
        let bytes = std::fs::read(self.dir.join("alerts.jsonl")).unwrap_or_default();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        json_lines(&bytes[..whole])
    }

    /// Whether somebody is alerted as something.
    pub fn alerted(&self, employee: &str, typology: &str) -> bool {
        self.alerts().iter().any(|alert| alert["employee"] == employee && alert["typology"] == typology)
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Ends it as an operator does, and gives its log.
    pub fn stop(mut self) -> String {
        self.signal("TERM");
        let status = self.child.wait().expect("it ends");
        let log = self.log();
        assert!(status.success(), "{log}");
        log
    }

    /// Ends it as a power cut does.
    pub fn crash(mut self) {
        self.child.kill().expect("is killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Appends lines to a log.
pub fn append<L: std::fmt::Display>(path: &Path, lines: &[L]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).expect("opens");
    file.write_all(text.as_bytes()).expect("is written");
}
