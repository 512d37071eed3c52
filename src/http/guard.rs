//! Who is shown what names people: whoever brings the token, under a `Host` that is this server's.
//!
//! A page of another site can let a browser ask here, and by a name of its own that resolves to this machine even read the answer. Such
//! a question comes with that name as its `Host`; an address and `localhost` are nobody's name.

use crate::http::query::error;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::metrics::table::HTTP_REFUSED;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, Ipv6Addr};

/// What a request must bring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// Nothing: probes and metrics.
    Nothing,
    /// A `Host` of this server's: sums over people.
    Host,
    /// That, and the token: what names people.
    Token,
}

/// What is compared with what a request brings.
#[derive(Clone, Default)]
pub struct Guard {
    /// The token's hash: comparing hashes takes the same time whatever is compared.
    token: Option<blake3::Hash>,
    hosts: Vec<String>,
}

impl Guard {
    /// With that token, where there is one, and these names beside addresses and `localhost`.
    pub fn new(token: Option<&str>, hosts: &[String]) -> Guard {
        Guard { token: token.map(|token| blake3::hash(token.as_bytes())), hosts: hosts.to_vec() }
    }

    /// Whether the request's `Host` is this server's.
    pub fn knows_host(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else { return false };
        let known = |name: &str| {
            is_address(name) || name.eq_ignore_ascii_case("localhost") || self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
        };
        host.to_str().is_ok_and(|host| known(without_port(host))) && uri.host().is_none_or(known)
    }

    /// Whether it brings the token; `None` where there is none to bring.
    fn knows_token(&self, headers: &HeaderMap) -> Option<bool> {
        let token = self.token?;
        let mut brought = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(brought), None) = (brought.next(), brought.next()) else { return Some(false) };
        let (scheme, brought) = brought.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
        Some(scheme.eq_ignore_ascii_case("bearer") && blake3::hash(brought.trim().as_bytes()) == token)
    }
}

/// A host without its port; of an address of version 6, what stands in its brackets.
fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_once(']').map_or(host, |(_, port)| &host[..host.len() - port.len()]);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn is_address(name: &str) -> bool {
    let within = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    within.map_or_else(|| name.parse::<IpAddr>().is_ok(), |name| name.parse::<Ipv6Addr>().is_ok())
}

/// Lets a request through that brings a `Host` of this server's.
pub async fn host(State((guard, metrics)): State<(Guard, Metrics)>, request: Request, next: Next) -> Response {
    match guard.knows_host(request.uri(), request.headers()) {
        true => next.run(request).await,
        false => misdirected(&metrics),
    }
}

/// Lets a request through that brings the token as well.
pub async fn token(State((guard, metrics)): State<(Guard, Metrics)>, request: Request, next: Next) -> Response {
    if !guard.knows_host(request.uri(), request.headers()) {
        return misdirected(&metrics);
    }
    match guard.knows_token(request.headers()) {
        Some(true) => next.run(request).await,
        Some(false) => {
            metrics.add(HTTP_REFUSED, ["token"], 1);
            let wanted = [(header::WWW_AUTHENTICATE, "Bearer")];
            (wanted, error(StatusCode::UNAUTHORIZED, "needs the token of [http] token_file: Authorization: Bearer TOKEN")).into_response()
        }
        None => {
            metrics.add(HTTP_REFUSED, ["token"], 1);
            error(StatusCode::FORBIDDEN, "names people: nobody is shown it before [http] token_file is configured")
        }
    }
}

fn misdirected(metrics: &Metrics) -> Response {
    metrics.add(HTTP_REFUSED, ["host"], 1);
    error(StatusCode::MISDIRECTED_REQUEST, "the Host is none of this server's: see [http] hosts")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(header::HeaderName, &str)]) -> HeaderMap {
        of.iter().map(|(name, value)| (name.clone(), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn a_name_of_somebody_else_is_no_host_of_ours() {
        let guard = Guard::new(None, &["monitor.bank.example".to_owned()]);
        let path = Uri::from_static("/coverage");
        let known = |host: &str| guard.knows_host(&path, &headers(&[(header::HOST, host)]));
        for ours in ["127.0.0.1:9464", "[::1]:9464", "[::1]", "localhost", "LOCALHOST:1", "10.1.2.3", "Monitor.Bank.Example:9464"] {
            assert!(known(ours), "{ours}");
        }
        for other in
            ["evil.example", "evil.example:9464", "localhost.evil.example", "127.0.0.1.evil.example", "", ":", "[::1", "[evil]", "x@[::1]"]
        {
            assert!(!known(other), "{other:?}");
        }
        assert!(!guard.knows_host(&path, &headers(&[])), "none");
        let both = headers(&[(header::HOST, "localhost")]);
        assert!(!guard.knows_host(&Uri::from_static("http://evil.example/coverage"), &both), "the request's own host counts, too");
        let mut twice = both.clone();
        twice.append(header::HOST, "evil.example".parse().expect("a value"));
        assert!(!guard.knows_host(&path, &twice), "which of two?");
    }

    #[test]
    fn only_the_token_itself_is_the_token() {
        let guard = Guard::new(Some("0123456789abcdef"), &[]);
        let known = |value: &str| guard.knows_token(&headers(&[(header::AUTHORIZATION, value)]));
        assert_eq!((known("Bearer 0123456789abcdef"), known("bearer  0123456789abcdef")), (Some(true), Some(true)));
        for wrong in ["Bearer 0123456789abcde", "Bearer 0123456789abcdeF", "Basic 0123456789abcdef", "0123456789abcdef", "Bearer", ""] {
            assert_eq!(known(wrong), Some(false), "{wrong}");
        }
        assert_eq!(guard.knows_token(&headers(&[])), Some(false));
        assert_eq!(Guard::default().knows_token(&headers(&[(header::AUTHORIZATION, "Bearer ")])), None);
    }
}
