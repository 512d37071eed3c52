//! Prometheus and Alertmanager as processes, with the files of `deploy/`: only addresses and waiting times are others.

use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// A running process; it is ended in an orderly way when dropped.
pub struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = Command::new("kill").arg("-TERM").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn start(program: &str, arguments: &[String], dir: &Path, port: u16) -> Daemon {
    let log = fs::File::options().create(true).append(true).open(dir.join(format!("{program}.log"))).expect("a log");
    let child = Command::new(program).args(arguments).current_dir(dir).stdout(Stdio::null()).stderr(log).spawn();
    let daemon = Daemon(child.expect("it was there"));
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_ready(port) {
        assert!(Instant::now() < deadline, "{program}: {}", fs::read_to_string(dir.join(format!("{program}.log"))).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(100));
    }
    daemon
}

fn is_ready(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "GET /-/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    ask().is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// The first of these programs that is installed.
fn installed(names: &[&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()))
}

fn deployed(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Replaces what must be there.
#[track_caller]
fn replaced(text: &str, what: &str, by: &str) -> String {
    assert!(text.contains(what), "{what} is not in\n{text}");
    text.replace(what, by)
}

/// An Alertmanager, with what it keeps from start to start.
pub struct Alertmanager {
    program: &'static str,
    dir: PathBuf,
    port: u16,
}

impl Alertmanager {
    /// That of `deploy/`, which tells a receiver at once.
    pub fn set_up(dir: &Path, receiver: u16) -> Option<Alertmanager> {
        let mut config = replaced(&deployed("alertmanager/alertmanager.yml"), "127.0.0.1:5001", &format!("127.0.0.1:{receiver}"));
        for (waits, at_once) in [
            ("group_wait: 30s", "group_wait: 1s"),
            ("group_interval: 5m", "group_interval: 2s"),
            ("group_wait: 10s", "group_wait: 1s"),
            ("group_interval: 1m", "group_interval: 2s"),
        ] {
            config = replaced(&config, waits, at_once);
        }
        Alertmanager::configured(dir, &config)
    }

    /// One that is told what to do by this text.
    pub fn configured(dir: &Path, config: &str) -> Option<Alertmanager> {
        let program = installed(&["prometheus-alertmanager", "alertmanager"])?;
        fs::write(dir.join("alertmanager.yml"), config).expect("written");
        Some(Alertmanager { program, dir: dir.to_owned(), port: free_port() })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it.
    pub fn start(&self) -> Daemon {
        let arguments = [
            "--config.file=alertmanager.yml".to_owned(),
            "--storage.path=alertmanager".to_owned(),
            format!("--web.listen-address=127.0.0.1:{}", self.port),
            "--cluster.listen-address=".to_owned(),
        ];
        start(self.program, &arguments, &self.dir, self.port)
    }
}

/// A Prometheus, with what it keeps from start to start.
pub struct Prometheus {
    dir: PathBuf,
    port: u16,
}

impl Prometheus {
    /// That of `deploy/`, which looks at the service every second.
    pub fn set_up(dir: &Path, service: u16) -> Option<Prometheus> {
        installed(&["prometheus"])?;
        let config = replaced(&deployed("prometheus/prometheus.yml"), "leakwarden:9464", &format!("127.0.0.1:{service}"));
        let config = replaced(&config, "interval: 15s", "interval: 1s");
        fs::write(dir.join("prometheus.yml"), config).expect("written");
        fs::write(dir.join("rules.yml"), deployed("prometheus/rules.yml")).expect("written");
        Some(Prometheus { dir: dir.to_owned(), port: free_port() })
    }

    /// Tells it where to send.
    pub fn knows(self, alertmanager: &Alertmanager) -> Prometheus {
        let file = self.dir.join("prometheus.yml");
        let config = fs::read_to_string(&file).expect("it was set up");
        fs::write(file, replaced(&config, "alertmanager:9093", &format!("127.0.0.1:{}", alertmanager.port))).expect("written");
        self
    }

    /// The series that an expression gives now.
    pub fn query(&self, expression: &str) -> Vec<Value> {
        let encoded: String = expression.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        write!(stream, "GET /api/v1/query?query={encoded} HTTP/1.0\r\nhost: x\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let answer: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{expression}: {error}: {answer}"));
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        answer["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    /// Starts it.
    pub fn start(&self) -> Daemon {
        let arguments = [
            "--config.file=prometheus.yml".to_owned(),
            "--storage.tsdb.path=prometheus".to_owned(),
            format!("--web.listen-address=127.0.0.1:{}", self.port),
        ];
        start("prometheus", &arguments, &self.dir, self.port)
    }
}
