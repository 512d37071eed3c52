//! The server: takes its address, answers, and ends when the service does.

use crate::http::resource::View;
use crate::http::router::router;
use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

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
    /// The server failed.
    #[error("http: {0}")]
    Serve(io::Error),
}

/// How long connections may go on after shutdown began: an open scrape must not delay a restart.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

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
            // Fails where the server has ended already: then there is nothing to end.
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
