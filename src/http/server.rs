//! The server: takes its address, answers, and ends when the service does.
//!
//! So many connections at once and no more: where one more comes, the one that has kept its place for the longest without a request gives
//! it up. A probe asks at once and is answered at once, whatever number of others ask for nothing.

use crate::http::connection::{Asked, Ended, answer};
use crate::http::resource::View;
use crate::http::router::router;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::metrics::table::HTTP_REFUSED;
use axum::Router;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be used.
    #[error("http: cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

/// How long connections may go on after shutdown began: an open scrape must not delay a restart.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections at once: a small part of the files that a process may have open, and more than scrapers and probes need.
pub const MOST_CONNECTIONS: usize = 128;
/// How long nobody is accepted after the system could not.
const PAUSE: Duration = Duration::from_millis(50);

/// A server that has its address and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
}

impl Server {
    /// Takes the address; port 0 takes any.
    pub async fn bind(address: SocketAddr) -> Result<Server, ServeError> {
        let refused = |error| ServeError::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Server { listener, address, tls: None })
    }

    /// Speaks TLS alone, where there is a certificate.
    #[must_use]
    pub fn with_tls(self, tls: Option<TlsAcceptor>) -> Server {
        Server { tls, ..self }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` completes, and then for [`DRAIN_TIMEOUT`] at most.
    pub async fn serve(self, view: View, shutdown: impl Future<Output = ()> + Send + 'static) {
        let metrics = view.metrics.clone();
        self.serve_router(router(view), metrics, shutdown).await;
    }

    /// The same with routes of another module.
    pub async fn serve_router(self, router: Router, metrics: Metrics, shutdown: impl Future<Output = ()> + Send + 'static) {
        let mut connections = Connections { tasks: JoinSet::new(), open: VecDeque::new(), metrics };
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(ended) = connections.tasks.join_next() => {
                    connections.note(ended.ok());
                    continue;
                }
                () = &mut shutdown => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    let asked = Asked::default();
                    connections.make_room();
                    let task = connections.tasks.spawn(answer(stream, self.tls.clone(), router.clone(), asked.clone()));
                    connections.open.push_back((task, asked));
                }
                // Out of files, or a connection that was gone at once: neither ends the service.
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
        drop(self.listener);
        // What has not ended by then is dropped together with the set.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, async { while connections.tasks.join_next().await.is_some() {} }).await;
    }
}

struct Connections {
    tasks: JoinSet<Ended>,
    /// The oldest first.
    open: VecDeque<(AbortHandle, Asked)>,
    metrics: Metrics,
}

impl Connections {
    /// Ends connections until there is room for one more.
    fn make_room(&mut self) {
        self.open.retain(|(task, _)| !task.is_finished());
        while self.open.len() >= MOST_CONNECTIONS {
            let silent = self.open.iter().position(|(_, asked)| !asked.has_come()).unwrap_or(0);
            let Some((task, _)) = self.open.remove(silent) else { return };
            task.abort();
            self.metrics.add(HTTP_REFUSED, ["crowded"], 1);
        }
    }

    fn note(&self, ended: Option<Ended>) {
        match ended {
            Some(Ended::Slow) => self.metrics.add(HTTP_REFUSED, ["slow"], 1),
            Some(Ended::NoTls) => self.metrics.add(HTTP_REFUSED, ["tls"], 1),
            Some(Ended::Done) | None => {}
        }
    }
}
