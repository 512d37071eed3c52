//! HTTP as all sinks speak it: one attempt with a deadline over all of it, no redirects, a bounded answer, and errors that repeat neither
//! address nor answer, since both may hold a token.

use crate::notify::{SendError, roots};
use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime};
use ureq::Agent;
use ureq::http::{HeaderMap, Response, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Bytes of an answer that are read: an error code is at its beginning.
const ANSWER: u64 = 64 * 1024;
/// The longest pause that a receiver may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// A client.
pub struct Http {
    agent: Agent,
}

/// What a receiver answered.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The beginning of its body.
    pub body: Vec<u8>,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Http {
    /// One whose attempts take no longer than so; it trusts what the system trusts, or the certificates of a file.
    pub fn new(timeout: Duration, ca_file: Option<&Path>) -> Result<Http, String> {
        let roots: Vec<Certificate<'static>> =
            roots::trusted(ca_file)?.iter().map(|root| Certificate::from_der(root.as_ref()).to_owned()).collect();
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build();
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .user_agent(concat!("leakwarden/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        Ok(Http { agent: config.new_agent() })
    }

    /// Posts a body. `Ok` is an answer of success; how it is meant is for the sink to say.
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, SendError> {
        let mut request = self.agent.post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body)).and_then(Answer::judged)
    }

    /// Asks whether somebody is there.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, SendError> {
        let mut request = self.agent.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.call())
    }
}

/// Whether an address is spoken to over TLS, or is of this machine.
pub fn is_safe(address: &str) -> bool {
    let Ok(address) = address.parse::<Uri>() else { return false };
    match (address.scheme_str(), address.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => ["127.0.0.1", "localhost", "[::1]"].contains(&host),
        (Some(_) | None, _) => false,
    }
}

fn answer(response: Result<Response<ureq::Body>, ureq::Error>) -> Result<Answer, SendError> {
    let mut response = response.map_err(|error| failed(&error))?;
    let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers(), SystemTime::now()));
    let mut body = Vec::new();
    let read = response.body_mut().as_reader().take(ANSWER).read_to_end(&mut body);
    if let Err(error) = read {
        // A status of success whose body never ends may have been acted on; trying again is the safer mistake.
        return Err(SendError::transient(format!("its answer (status {status}) broke off: {}", error.kind())));
    }
    Ok(Answer { status, body, retry_after })
}

impl Answer {
    fn judged(self) -> Result<Answer, SendError> {
        let status = self.status;
        match status {
            200..=299 => Ok(self),
            300..=399 => {
                Err(SendError::lasting(format!("it answered {status}: redirects are not followed, since they could lead anywhere")))
            }
            408 | 425 | 429 | 500..=599 => {
                Err(SendError { retry_after: self.retry_after, ..SendError::transient(format!("it answered {status}")) })
            }
            _ => Err(SendError::lasting(format!("it answered {status}"))),
        }
    }

    /// A number of its JSON.
    pub fn code(&self, keys: &[&str]) -> Option<i64> {
        let json: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        keys.iter().find_map(|key| json[*key].as_i64())
    }
}

/// Never what the library says: it may quote the address.
fn failed(error: &ureq::Error) -> SendError {
    match error {
        ureq::Error::Timeout(_) => SendError::transient("it did not answer in time"),
        ureq::Error::HostNotFound => SendError::transient("its name is not known"),
        ureq::Error::Io(error) => SendError::transient(format!("the connection failed: {}", error.kind())),
        ureq::Error::ConnectionFailed | ureq::Error::ConnectProxyFailed(_) => SendError::transient("no connection"),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => SendError::transient("its certificate is not trusted, or it speaks no TLS"),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::RequireHttpsOnly(_) => {
            SendError::lasting("the address cannot be used")
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) | ureq::Error::BodyStalled => {
            SendError::transient("it does not speak HTTP")
        }
        _ => SendError::transient("the request failed"),
    }
}

/// Seconds, or a date of HTTP.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at.max(0).unsigned_abs());
            at.duration_since(now).unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    fn pause(value: &'static str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static(value));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        retry_after(&headers, now).map(|pause| pause.as_secs())
    }

    #[test]
    fn what_is_sent_in_the_clear_stays_on_this_machine() {
        for (address, safe) in [
            ("https://id.bank.example", true),
            ("http://127.0.0.1:8080/realm", true),
            ("http://localhost", true),
            ("http://[::1]/realm", true),
            ("http://id.bank.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://localhost@evil.example/", false),
            ("https://", false),
            ("id.bank.example", false),
        ] {
            assert_eq!(is_safe(address), safe, "{address}");
        }
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_a_date() {
        assert_eq!(pause("120"), Some(120));
        assert_eq!(pause("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(pause("Sun, 06 Nov 1994 08:40:37 GMT"), Some(0), "it is over");
        assert_eq!(pause("999999999"), Some(3_600), "no longer than we wait");
        assert_eq!(pause("soon"), None);
    }

    #[test]
    fn success_refusals_and_troubles_are_told_apart() {
        let judged = |status| Answer { status, body: Vec::new(), retry_after: Some(Duration::from_secs(7)) }.judged();
        assert!(judged(204).is_ok());
        for (status, lasting) in [(301, true), (400, true), (401, true), (413, true), (408, false), (429, false), (503, false)] {
            let error = judged(status).expect_err("refused");
            assert_eq!((error.lasting, error.retry_after.is_some()), (lasting, !lasting), "{status}");
        }
    }
}
