//! The whole HTTP surface on one page, and the server under it.

use crate::http::coverage::{self, Coverage};
use crate::http::health::Health;
use crate::telemetry::metrics::{CONTENT_TYPE, Metrics};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What the handlers may see of the service.
#[derive(Clone)]
pub struct View {
    /// The numbers.
    pub metrics: Metrics,
    /// Readiness.
    pub health: Arc<Health>,
    /// How far employees' days could be evaluated.
    pub coverage: Arc<dyn Coverage>,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is not to be had.
    #[error("http: cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The server failed.
    #[error("http: {0}")]
    Serve(io::Error),
}

/// How long connections may go on after shutdown began: an open scrape must not hold up a restart.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Every route. What is not here is 404; methods other than GET and HEAD are 405.
pub fn router(view: View) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/coverage", get(coverage::of_day))
        .route("/coverage/summary", get(coverage::summary))
        .with_state(view)
}

/// The process is alive and answers.
async fn healthz() -> &'static str {
    "ok\n"
}

/// It has its state and its sources; otherwise why not.
async fn readyz(State(view): State<View>) -> (StatusCode, String) {
    match view.health.readiness() {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

async fn metrics(State(view): State<View>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], view.metrics.render())
}

/// A server that has its address and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the address; port 0 takes any.
    pub async fn bind(address: SocketAddr) -> Result<Server, ServeError> {
        let refused = |error| ServeError::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Server { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` completes, and then for [`DRAIN_TIMEOUT`] at most.
    pub async fn serve(self, view: View, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let (began, shutting_down) = oneshot::channel();
        let signal = async move {
            shutdown.await;
            // Nobody listens where the server ended first.
            let _ = began.send(());
        };
        let server = axum::serve(self.listener, router(view)).with_graceful_shutdown(signal).into_future();
        let deadline = async {
            // An error means that the server is gone together with its signal: `select` has its result.
            let _ = shutting_down.await;
            tokio::time::sleep(DRAIN_TIMEOUT).await;
        };
        tokio::select! {
            served = server => served.map_err(ServeError::Serve),
            () = deadline => Ok(()),
        }
    }
}

/// Takes the address and answers until `shutdown` completes.
pub async fn serve(address: SocketAddr, view: View, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
    Server::bind(address).await?.serve(view, shutdown).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::coverage::{EmployeeDay, Summary, Tasks};
    use crate::model::coverage::{Counts, State};
    use crate::model::time::Day;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    /// Three employees, once the state is there.
    #[derive(Default)]
    struct Nobody(std::sync::atomic::AtomicBool);

    impl Coverage for Nobody {
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

        fn summary(&self, from: Day, _to: Day) -> Option<Summary> {
            let counts = Counts { states: [3, 2, 1], ..Counts::default() };
            Some(Summary { days: [(from, counts)].into(), tables: vec![("crm.notes".to_owned(), 7)] })
        }
    }

    struct Running {
        coverage: Arc<Nobody>,
        address: SocketAddr,
        health: Arc<Health>,
        stop: Option<oneshot::Sender<()>>,
        server: Option<std::thread::JoinHandle<Result<(), ServeError>>>,
    }

    fn start() -> Running {
        let health = Arc::new(Health::new(["access"]));
        let coverage = Arc::new(Nobody::default());
        let view = View { metrics: Metrics::new(), health: Arc::clone(&health), coverage: coverage.clone() };
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
                tell.send(server.address()).expect("the test waits");
                server.serve(view, async { drop(stopped.await) }).await
            })
        });
        Running { coverage, address: told.recv().expect("it listens"), health, stop: Some(stop), server: Some(server) }
    }

    impl Running {
        /// Status line and body.
        fn ask(&self, method: &str, path: &str) -> (u16, String) {
            let mut stream = TcpStream::connect(self.address).expect("connected");
            write!(stream, "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("answered");
            let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
            (head[9..12].parse().expect("a status"), body.to_owned())
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
        for wrong in ["/coverage", "/coverage?day=x", "/coverage?day=2026-03-02&limit=0", "/coverage/summary?from=2026-03-02&to=2026-01-01"]
        {
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
}
