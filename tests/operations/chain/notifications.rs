//! Who is called: receives the notifications of an Alertmanager and keeps them.

use serde_json::Value;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Receives notifications.
pub struct Receiver {
    port: u16,
    received: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    /// Begins to listen.
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = received.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(notification) = receive(stream) {
                    kept.lock().expect("no panic").push(notification);
                }
            }
        });
        Receiver { port, received }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Notifications about a rule: that it fires, and that it is over.
    pub fn told(&self, rule: &str) -> (usize, usize) {
        let received = self.received.lock().expect("no panic");
        let of = |status: &str| {
            let about = |told: &&Value| told["status"] == status && told["groupLabels"]["alertname"] == rule;
            received.iter().filter(about).count()
        };
        (of("firing"), of("resolved"))
    }

    /// Notifications about cases: which, whether it is open, and all that it says.
    pub fn cases(&self) -> Vec<(String, bool, Value)> {
        let received = self.received.lock().expect("no panic");
        let about = received.iter().filter(|told| told["groupLabels"]["alertname"] == "LeakwardenCase");
        about
            .map(|told| (told["groupLabels"]["case"].as_str().unwrap_or_default().to_owned(), told["status"] == "firing", told.clone()))
            .collect()
    }

    /// Notifications that a rule fires.
    pub fn firing(&self, rule: &str) -> usize {
        self.told(rule).0
    }

    /// Waits for something, at most three minutes.
    #[track_caller]
    pub fn wait(&self, what: &str, holds: impl Fn(&Receiver) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(180);
        while !holds(self) {
            assert!(Instant::now() < deadline, "{what}: did not come about: {self:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = self.received.lock().expect("no panic");
        let short = received.iter().map(|told| (told["status"].clone(), told["groupLabels"].clone()));
        f.debug_list().entries(short).finish()
    }
}

/// Reads one request with its body, and thanks for it.
fn receive(stream: TcpStream) -> Option<Value> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut stream = stream;
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    serde_json::from_slice(&body).ok()
}
