//! The whole HTTP surface on one page, and the server under it.

use crate::console::health::Health;
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
}

/// Why the console does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The address is not to be had.
    #[error("console: cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The server failed.
    #[error("console: {0}")]
    Serve(io::Error),
}

/// How long connections may go on after shutdown began: an open scrape must not hold up a restart.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Every route. What is not here is 404; methods other than GET and HEAD are 405.
pub fn router(view: View) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).route("/metrics", get(metrics)).with_state(view)
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

/// A console that has its address and does not answer yet.
pub struct Console {
    listener: TcpListener,
    address: SocketAddr,
}

impl Console {
    /// Takes the address; port 0 takes any.
    pub async fn bind(address: SocketAddr) -> Result<Console, ConsoleError> {
        let refused = |error| ConsoleError::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Console { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` completes, and then for [`LAST_WORDS`] at most.
    pub async fn serve(self, view: View, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ConsoleError> {
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
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            served = server => served.map_err(ConsoleError::Serve),
            () = deadline => Ok(()),
        }
    }
}

/// Takes the address and answers until `shutdown` completes.
pub async fn serve(address: SocketAddr, view: View, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ConsoleError> {
    Console::bind(address).await?.serve(view, shutdown).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    struct Running {
        address: SocketAddr,
        health: Arc<Health>,
        stop: Option<oneshot::Sender<()>>,
        server: Option<std::thread::JoinHandle<Result<(), ConsoleError>>>,
    }

    fn start() -> Running {
        let health = Arc::new(Health::new(["access"]));
        let view = View { metrics: Metrics::new(), health: Arc::clone(&health) };
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let console = Console::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
                tell.send(console.address()).expect("the test waits");
                console.serve(view, async { drop(stopped.await) }).await
            })
        });
        Running { address: told.recv().expect("it listens"), health, stop: Some(stop), server: Some(server) }
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
        let error = runtime.block_on(Console::bind(running.address)).err().expect("refused").to_string();
        assert!(error.starts_with(&format!("console: cannot listen on {}", running.address)), "{error}");
    }
}
