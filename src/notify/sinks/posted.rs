//! A program that gets a POST for each message, with an `idempotency-key` and, where one is configured, a token.

use crate::notify::SendError;
use crate::notify::event::Message;
use crate::notify::http::Http;
use crate::notify::secret::Secret;
use crate::notify::sinks::recipient;
use std::path::Path;
use std::time::Duration;

/// Who gets them.
pub struct Posted {
    http: Http,
    url: Secret,
    token: Option<Secret>,
    content_type: String,
}

/// A body, and the headers that go with it alone.
pub type Made = (String, Vec<(&'static str, String)>);

impl Posted {
    /// By an address, whose attempts take no longer than so.
    pub fn new(
        timeout: Duration,
        ca_file: Option<&Path>,
        url: &Secret,
        token: Option<&Secret>,
        content_type: &str,
    ) -> Result<Posted, String> {
        let http = Http::new(timeout, ca_file)?;
        Ok(Posted { http, url: url.clone(), token: token.cloned(), content_type: content_type.to_owned() })
    }

    /// Posts what is made of each message; says what was answered last.
    pub fn send(&self, messages: &[Message], make: impl Fn(&Message) -> Result<Made, SendError>) -> Result<String, SendError> {
        let url = recipient::address(&self.url).map_err(SendError::transient)?;
        let token = self.token.as_ref().map(Secret::read).transpose().map_err(SendError::transient)?;
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut said = String::new();
        for message in messages {
            let (body, more) = make(message)?;
            let id = message.event.id();
            let mut headers = vec![("content-type", self.content_type.as_str()), ("idempotency-key", id.as_str())];
            headers.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
            headers.extend(authorization.as_deref().map(|token| ("authorization", token)));
            let answer = self.http.post(&url, &headers, body.as_bytes())?;
            said = format!("status {}", answer.status);
        }
        Ok(said)
    }

    /// Whether somebody is there.
    pub fn connect(&self) -> Result<String, SendError> {
        let url = recipient::address(&self.url).map_err(SendError::transient)?;
        let answer = self.http.get(&url, &[])?;
        Ok(format!("it answers ({}); whether it takes messages shows --test", answer.status))
    }
}
