//! One connection: one request, one answer, within a bounded time.
//!
//! Nobody keeps a connection: a scrape every fifteen seconds can open one, and whoever has no request ready has no business here.

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// How long a request's head, and before it the handshake of TLS, may take.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long all of it may take, the answer included: a reader who does not read is not waited for.
pub const WHOLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of a request's head, and its lines.
const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Answered, or gone.
    Done,
    /// Its request or the reading of the answer took too long.
    Slow,
    /// It was no TLS.
    NoTls,
}

/// What a connection has shown so far.
#[derive(Clone, Default)]
pub struct Asked(Arc<AtomicBool>);

impl Asked {
    /// Whether its request has come.
    pub fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// From where a request came: an extension of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer(pub IpAddr);

/// Answers one request.
pub async fn answer(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, asked: Asked) -> Ended {
    let peer = stream.peer_addr().ok().map(|address| Peer(address.ip()));
    let all = async {
        match tls {
            None => http(stream, router, asked, peer).await,
            Some(tls) => match timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
                Ok(Ok(stream)) => http(stream, router, asked, peer).await,
                Ok(Err(_)) => Ended::NoTls,
                Err(_) => Ended::Slow,
            },
        }
    };
    timeout(WHOLE_TIMEOUT, all).await.unwrap_or(Ended::Slow)
}

async fn http(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router, asked: Asked, peer: Option<Peer>) -> Ended {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        asked.0.store(true, Ordering::Relaxed);
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        router.call(request)
    });
    let mut settings = http1::Builder::new();
    settings.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).keep_alive(false);
    settings.max_headers(MOST_HEADERS).max_buf_size(LONGEST_HEAD);
    match settings.serve_connection(TokioIo::new(stream), service).await {
        Err(error) if error.is_timeout() => Ended::Slow,
        // A request that cannot be understood was answered so, or its sender has gone.
        Ok(()) | Err(_) => Ended::Done,
    }
}
