//! Receivers of messages on loopback that can be as awkward as real ones: they refuse, ask for a pause, hang, break off, send elsewhere or
//! answer a letter at a time. Of HTTP, SMTP and bare TCP.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How it answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// With this status and body.
    Says(u16, String),
    /// It asks to be left alone for so many seconds.
    Pause(u64),
    /// Somewhere else.
    Elsewhere(String),
    /// Never.
    Hangs,
    /// It breaks off in the middle.
    BreaksOff,
    /// A letter every tenth of a second, without end.
    Drips,
}

/// A request that came.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A receiver of HTTP.
#[derive(Clone)]
pub struct Receiver {
    port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    next: Arc<Mutex<VecDeque<Answer>>>,
    otherwise: Arc<Mutex<Answer>>,
}

impl Receiver {
    /// One that answers so, unless it is told otherwise.
    pub fn start(otherwise: Answer) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let receiver = Receiver { port, seen: Arc::default(), next: Arc::default(), otherwise: Arc::new(Mutex::new(otherwise)) };
        let own = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        receiver
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What came.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("no panic").clone()
    }

    /// Next it answers so, once.
    pub fn then(&self, answer: Answer) {
        self.next.lock().expect("no panic").push_back(answer);
    }

    /// From now on it answers so.
    pub fn always(&self, answer: Answer) {
        *self.otherwise.lock().expect("no panic") = answer;
    }

    fn serve(&self, stream: TcpStream) {
        let Some((request, stream)) = read(stream) else { return };
        self.seen.lock().expect("no panic").push(request);
        let answer = self.next.lock().expect("no panic").pop_front();
        let answer = answer.unwrap_or_else(|| self.otherwise.lock().expect("no panic").clone());
        // The other side may have gone.
        let _ = reply(stream, &answer);
    }
}

fn read(stream: TcpStream) -> Option<(Request, TcpStream)> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut request = Request::default();
    reader.read_line(&mut request.line).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = Vec::new();
    match request.headers.get("content-length") {
        Some(length) => {
            body.resize(length.parse().ok()?, 0);
            reader.read_exact(&mut body).ok()?;
        }
        None if request.headers.contains_key("transfer-encoding") => loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        },
        None => {}
    }
    request.body = String::from_utf8_lossy(&body).into_owned();
    Some((request, stream))
}

fn reply(mut stream: TcpStream, answer: &Answer) -> std::io::Result<()> {
    match answer {
        Answer::Says(status, body) => {
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        }
        Answer::Pause(seconds) => {
            write!(stream, "HTTP/1.1 429 X\r\nretry-after: {seconds}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        }
        Answer::Elsewhere(to) => {
            write!(stream, "HTTP/1.1 307 X\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        }
        Answer::Hangs => {
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Answer::BreaksOff => write!(stream, "HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{{\"errcode\""),
        Answer::Drips => {
            write!(stream, "HTTP/1.1 200 X\r\nx-slow: ")?;
            for _ in 0..600 {
                stream.write_all(b"x")?;
                stream.flush()?;
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
    }
}

/// A server of mail, without TLS, that keeps what it is given.
#[derive(Clone)]
pub struct MailServer {
    port: u16,
    mails: Arc<Mutex<Vec<String>>>,
    /// What it says once a message is there: `250 ok`, unless it is told otherwise; nothing: it drips.
    pub verdict: Arc<Mutex<String>>,
}

impl MailServer {
    pub fn start() -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = MailServer { port, mails: Arc::default(), verdict: Arc::new(Mutex::new("250 ok".to_owned())) };
        let own = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn mails(&self) -> Vec<String> {
        self.mails.lock().expect("no panic").clone()
    }

    pub fn says(&self, verdict: &str) {
        verdict.clone_into(&mut self.verdict.lock().expect("no panic"));
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        stream.write_all(b"220 loopback\r\n").ok()?;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let command = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let verdict = self.verdict.lock().expect("no panic").clone();
            match command.as_str() {
                "EHLO" | "HELO" => stream.write_all(b"250 loopback\r\n").ok()?,
                "QUIT" => return stream.write_all(b"221 bye\r\n").ok(),
                "DATA" if verdict.is_empty() => loop {
                    stream.write_all(b"3").ok()?;
                    std::thread::sleep(Duration::from_millis(100));
                },
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").ok()?;
                    let mut mail = String::new();
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line).ok()? == 0 {
                            return None;
                        }
                        if line == ".\r\n" {
                            break;
                        }
                        mail += &line;
                    }
                    if verdict.starts_with('2') {
                        self.mails.lock().expect("no panic").push(mail);
                    }
                    stream.write_all(format!("{verdict}\r\n").as_bytes()).ok()?;
                }
                _ => stream.write_all(b"250 ok\r\n").ok()?,
            }
        }
    }
}

/// Keeps every byte that comes over TCP.
#[derive(Clone)]
pub struct Catcher {
    port: u16,
    bytes: Arc<Mutex<Vec<u8>>>,
    resets: Arc<AtomicBool>,
}

impl Catcher {
    pub fn start() -> Catcher {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let catcher = Catcher { port, bytes: Arc::default(), resets: Arc::default() };
        let own = catcher.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if own.resets.load(Ordering::Acquire) {
                    continue;
                }
                let mut bytes = Vec::new();
                // The other side decides when it is over.
                let _ = stream.read_to_end(&mut bytes);
                own.bytes.lock().expect("no panic").extend(bytes);
            }
        });
        catcher
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("no panic")).into_owned()
    }
}
