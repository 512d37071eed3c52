//! What a client gets, over a real connection.

mod fuzz {
    mod tests;
}

use super::*;
use crate::http::connection::HEAD_TIMEOUT;
use crate::http::coverage::{CoverageSummary, CoverageView, EmployeeDay, Tasks};
use crate::http::guard::Guard;
use crate::http::health::Health;
use crate::http::server::{MOST_CONNECTIONS, ServeError, Server};
use crate::model::coverage::{Counts, State};
use crate::model::time::Day;
use crate::telemetry::metrics::Metrics;
use std::collections::BTreeSet;
use std::io::{Read, Write as _};
use std::net::SocketAddr;
use std::net::TcpStream;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// Three employees, once the state is there.
#[derive(Default)]
struct ThreeEmployees(std::sync::atomic::AtomicBool);

impl CoverageView for ThreeEmployees {
    fn tasks(&self) -> Option<Tasks> {
        None
    }

    fn day(&self, day: Day, only: Option<&str>, after: Option<&str>, limit: usize) -> Option<Vec<EmployeeDay>> {
        self.0.load(std::sync::atomic::Ordering::Acquire).then_some(())?;
        let all = ["E1", "E 2", "E3"].into_iter().filter(|name| only.is_none_or(|only| only == *name) && after < Some(*name));
        let mut all: Vec<EmployeeDay> = all
            .map(|name| EmployeeDay {
                day: day.to_string(),
                employee: Some(name.to_owned()),
                account: None,
                state: State::Partly,
                reasons: vec!["late"],
                settled: true,
            })
            .collect();
        all.sort_by(|a, b| a.employee.cmp(&b.employee));
        all.truncate(limit);
        Some(all)
    }

    fn summary(&self, from: Day, _to: Day) -> Option<CoverageSummary> {
        self.0.load(std::sync::atomic::Ordering::Acquire).then_some(())?;
        let counts = Counts { states: [3, 2, 1], ..Counts::default() };
        Some(CoverageSummary { days: [(from, counts)].into(), tables: vec![("crm.notes".to_owned(), 7)] })
    }
}

struct Running {
    coverage: Arc<ThreeEmployees>,
    address: SocketAddr,
    health: Arc<Health>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<std::thread::JoinHandle<Result<(), ServeError>>>,
}

const TOKEN: &str = "a-token-of-thirty-two-characters";

fn start() -> Running {
    start_with(Guard::new(Some(TOKEN), &[]), None)
}

fn start_with(guard: Guard, tls: Option<TlsAcceptor>) -> Running {
    let health = Arc::new(Health::new(["access"]));
    let coverage = Arc::new(ThreeEmployees::default());
    let view = View::new(Metrics::new(), Arc::clone(&health), coverage.clone(), guard);
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, told) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?.with_tls(tls);
            tell.send(server.address()).expect("the test waits");
            server.serve(view, async { drop(stopped.await) }).await;
            Ok(())
        })
    });
    Running { coverage, address: told.recv().expect("it listens"), health, stop: Some(stop), server: Some(server) }
}

impl Running {
    /// Status line and body.
    fn ask(&self, method: &str, path: &str) -> (u16, String) {
        self.say(&format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\r\n"))
    }

    fn say(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).expect("connected");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
        (head[9..12].parse().expect("a status"), body.to_owned())
    }

    /// As many beginnings of requests.
    fn half_requests(&self, count: usize) -> Vec<TcpStream> {
        let half = || {
            let mut stream = TcpStream::connect(self.address).expect("connected");
            // Fails where it has given way already.
            let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: ");
            stream
        };
        std::iter::repeat_with(half).take(count).collect()
    }
}

#[test]
fn probes_and_metrics_answer_and_nothing_else_does() {
    let running = start();
    assert_eq!(running.ask("GET", "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(running.ask("GET", "/readyz"), (503, "the state is being restored\n".to_owned()));
    running.health.set_restored();
    assert_eq!(running.ask("GET", "/readyz"), (503, "not connected: access\n".to_owned()));
    running.health.set_connected(0, true);
    assert_eq!(running.ask("GET", "/readyz"), (200, "ok\n".to_owned()));
    let (status, text) = running.ask("GET", "/metrics");
    assert!(status == 200 && text.contains("leakwarden_build_info{version="), "{text}");
    assert_eq!(running.ask("GET", "/").0, 404);
    assert_eq!(running.ask("POST", "/metrics").0, 405);
}

#[test]
fn coverage_answers_by_pages_and_says_what_a_question_lacks() {
    let running = start();
    let json = |(status, body): (u16, String)| (status, serde_json::from_str::<serde_json::Value>(&body).expect("JSON"));
    assert_eq!(running.ask("GET", "/coverage?day=2026-03-02").0, 503, "nothing is restored");
    running.coverage.0.store(true, std::sync::atomic::Ordering::Release);
    let (status, first) = json(running.ask("GET", "/coverage?day=2026-03-02&limit=2"));
    assert_eq!((status, &first["next"], first["employees"].as_array().map(Vec::len)), (200, &"E1".into(), Some(2)), "{first}");
    let (_, rest) = json(running.ask("GET", "/coverage?day=2026-03-02&limit=2&after=E1"));
    assert_eq!((&rest["next"], &rest["employees"][0]["employee"]), (&serde_json::Value::Null, &"E3".into()), "{rest}");
    let (_, one) = json(running.ask("GET", "/coverage?day=2026-03-02&employee=E%202"));
    assert_eq!((&one["employees"][0]["state"], &one["employees"][0]["reasons"][0]), (&"partly".into(), &"late".into()), "{one}");
    for wrong in ["/coverage", "/coverage?day=x", "/coverage?day=2026-03-02&limit=0", "/coverage/summary?from=2026-03-02&to=2026-01-01"] {
        assert_eq!(running.ask("GET", wrong).0, 400, "{wrong}");
    }
    let (_, sums) = json(running.ask("GET", "/coverage/summary?from=2026-03-02&to=2026-03-04"));
    assert_eq!(
        (&sums["days"][0]["fully"], &sums["total"]["not"], &sums["unknown_tables"][0]["table"]),
        (&3.into(), &1.into(), &"crm.notes".into())
    );
    assert_eq!(running.ask("POST", "/coverage").0, 405);
}

#[test]
fn every_resource_of_the_table_answers_as_it_says() {
    let running = start();
    let unready: Vec<u16> = RESOURCES.iter().map(|resource| running.ask("GET", resource.example).0).collect();
    running.coverage.0.store(true, std::sync::atomic::Ordering::Release);
    running.health.set_restored();
    running.health.set_connected(0, true);
    for (resource, unready) in RESOURCES.iter().zip(unready) {
        let path = resource.path;
        assert!(resource.example.split('?').next() == Some(path), "{path}: its example is for another path");
        assert_eq!(running.ask("GET", resource.example).0, 200, "{path}");
        assert_eq!(running.ask("POST", path).0, 405, "{path}: everything is read only");
        let mut seen = BTreeSet::from([200, unready]);
        if !resource.parameters.is_empty() {
            seen.insert(running.ask("GET", &format!("{path}?no_parameter=1")).0);
        }
        let bare = |running: &Running, host: &str| running.say(&format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n")).0;
        if resource.needs != Needs::Nothing {
            seen.insert(bare(&running, "x"));
        }
        if resource.needs == Needs::Token {
            seen.extend([bare(&running, "localhost"), bare(&start_with(Guard::default(), None), "localhost")]);
        }
        assert_eq!(seen, resource.answers.iter().map(|(status, _)| *status).collect(), "{path}: status codes");
        let row = format!("| {} | ", resource.what);
        assert!(reference().lines().any(|line| line.starts_with(&format!("| `{path}` | ")) && line.contains(&row)), "{path}");
    }
}

#[test]
fn people_are_named_to_nobody_without_the_token_or_by_another_host() {
    let running = start();
    running.coverage.0.store(true, std::sync::atomic::Ordering::Release);
    let ask = |of: &Running, head: &str| of.say(&format!("GET /coverage?day=2026-03-02 HTTP/1.1\r\n{head}\r\n"));
    let token = format!("authorization: Bearer {TOKEN}\r\n");
    for (head, status) in [
        ("host: localhost\r\n".to_owned(), 401),
        ("host: localhost\r\nauthorization: Bearer another\r\n".to_owned(), 401),
        (token.clone(), 421),
        (format!("host: evil.example\r\n{token}"), 421),
        (format!("host: localhost\r\n{token}"), 200),
    ] {
        let (found, body) = ask(&running, &head);
        assert_eq!((found, body.contains("E1")), (status, status == 200), "{head}: {body}");
    }
    let untold = start_with(Guard::default(), None);
    untold.coverage.0.store(true, std::sync::atomic::Ordering::Release);
    let (status, body) = ask(&untold, &format!("host: localhost\r\n{token}"));
    assert!(status == 403 && !body.contains("E1"), "{status} {body}");
    assert_eq!(untold.say("GET /healthz HTTP/1.1\r\nhost: evil.example\r\n\r\n").0, 200, "a probe names nobody");
    let text = running.ask("GET", "/metrics").1;
    assert!(text.contains("leakwarden_http_refused_total{reason=\"token\"} 2"), "{text}");
    assert!(text.contains("leakwarden_http_refused_total{reason=\"host\"} 2"), "{text}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "its running time is what is tested")]
fn half_requests_take_no_probe_away() {
    let running = start();
    let silent = running.half_requests(300);
    let begun = std::time::Instant::now();
    assert_eq!(running.ask("GET", "/healthz"), (200, "ok\n".to_owned()));
    assert!(begun.elapsed() < HEAD_TIMEOUT / 2, "it waited for the others: {:?}", begun.elapsed());
    let text = running.ask("GET", "/metrics").1;
    let gone: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("leakwarden_http_refused_total{reason=\"crowded\"} "))
        .and_then(|count| count.parse().ok())
        .expect("a count");
    assert!((300 - MOST_CONNECTIONS..=302 - MOST_CONNECTIONS + 1).contains(&gone), "{gone}");
    drop(silent);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "its running time is what is tested")]
fn a_request_that_does_not_end_is_ended() {
    let running = start();
    let mut slow = running.half_requests(1).pop().expect("one");
    let begun = std::time::Instant::now();
    let mut answer = Vec::new();
    // The end, or that it was reset: both are an end.
    let _ = slow.read_to_end(&mut answer);
    assert!((HEAD_TIMEOUT..HEAD_TIMEOUT * 3).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let long = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", "x".repeat(64 * 1024));
    let mut stream = TcpStream::connect(running.address).expect("connected");
    // It may be closed before all of it is sent.
    let _ = stream.write_all(long.as_bytes());
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.windows(6).any(|at| at == b" 200 O"), "a head has a bound");
    assert_eq!(running.ask("GET", "/healthz").0, 200);
}

#[test]
fn with_a_certificate_it_speaks_tls_alone() {
    use tokio_rustls::rustls;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    let certificate = folder.join("localhost.pem");
    let tls = crate::http::tls::acceptor(&certificate, &folder.join("localhost.key")).expect("a certificate");
    let running = start_with(Guard::default(), Some(tls));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_file(&certificate).expect("read")).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let client = Arc::new(client.with_root_certificates(roots).with_no_client_auth());
    let session = rustls::ClientConnection::new(client, "localhost".try_into().expect("a name")).expect("a session");
    let mut stream = rustls::StreamOwned::new(session, TcpStream::connect(running.address).expect("connected"));
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    let mut answer = String::new();
    // The server may close the connection without the farewell of TLS.
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"), "{answer}");
    let mut plain = TcpStream::connect(running.address).expect("connected");
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes);
    assert!(!bytes.starts_with(b"HTTP"), "nothing in the clear");
}

#[test]
fn every_file_of_resources_is_a_row_of_the_table() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/resources");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("listed")
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .filter(|name| name != "mod")
        .collect();
    let rows: BTreeSet<String> = RESOURCES.iter().map(|resource| resource.path.trim_start_matches('/').replace('/', "_")).collect();
    assert_eq!(files, rows, "a file of src/http/resources without a row in RESOURCES, or under another name than its path");
}

#[test]
fn shutdown_does_not_wait_for_an_idle_connection() {
    let mut running = start();
    let mut idle = TcpStream::connect(running.address).expect("connected");
    idle.write_all(b"GET /metrics HTT").expect("sent");
    assert_eq!(running.ask("GET", "/healthz").0, 200);
    running.stop.take().expect("running").send(()).expect("it listens");
    running.server.take().expect("running").join().expect("no panic").expect("no error");
}

#[test]
fn an_address_in_use_is_named() {
    let running = start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let error = runtime.block_on(Server::bind(running.address)).err().expect("refused").to_string();
    assert!(error.starts_with(&format!("http: cannot listen on {}", running.address)), "{error}");
}
