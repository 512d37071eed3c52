//! Rooms of people that are written to by a webhook: what they have in common. Each has a [`Form`] of its own in its file.

use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::http::{Answer, Http};
use crate::notify::secret::Secret;
use crate::notify::sinks::recipient;
use crate::notify::{Common, Notifier, NotifierConfig, NotifierKind, Pace, SendError};
use crate::settings::{Entry, Section, SettingsTable, settings};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

settings! {
    /// A room that is written to by a webhook.
    pub struct RoomKeys {
        /// File with the webhook's address, which is a secret.
        url_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        url_env: Option<String> = None => RESTART;
    }
}

settings! {
    /// A room that is written to by a webhook, signed.
    pub struct SignedRoomKeys {
        /// File with the webhook's address, which is a secret.
        url_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        url_env: Option<String> = None => RESTART;
        /// File with the secret by which messages are signed, where the room asks for it.
        secret_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        secret_env: Option<String> = None => RESTART;
    }
}

/// How messages of a room look.
pub struct Form {
    /// How it wants to be told.
    pub pace: Pace,
    /// The address to send to, with the signature of now where it stands there.
    pub url: fn(&str, Option<&str>, Timestamp) -> String,
    /// The body, with the signature of now where it stands there.
    pub body: fn(&[Message], Option<&str>, Timestamp) -> Value,
    /// What an answer of success says: some say errors in it.
    pub judge: fn(&Answer) -> Result<String, SendError>,
}

/// A configured room.
#[derive(Debug)]
pub struct Room {
    kind: &'static NotifierKind,
    form: &'static Form,
    url: Secret,
    secret: Option<Secret>,
    entries: Vec<Entry>,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Form({:?})", self.pace)
    }
}

impl std::fmt::Debug for NotifierKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Reads a room whose messages are not signed.
pub fn room(section: &mut Section<'_>, kind: &'static NotifierKind, form: &'static Form) -> Option<Box<dyn NotifierConfig>> {
    let keys = RoomKeys::read(section)?;
    let url = Secret::of(section, "url", keys.url_file.clone(), keys.url_env.clone())?;
    Some(Box::new(Room { kind, form, url, secret: None, entries: keys.entries() }))
}

/// Reads a room whose messages may be signed.
pub fn signed_room(section: &mut Section<'_>, kind: &'static NotifierKind, form: &'static Form) -> Option<Box<dyn NotifierConfig>> {
    let keys = SignedRoomKeys::read(section)?;
    let url = Secret::of(section, "url", keys.url_file.clone(), keys.url_env.clone());
    let secret = Secret::optional(section, "secret", keys.secret_file.clone(), keys.secret_env.clone());
    Some(Box::new(Room { kind, form, url: url?, secret, entries: keys.entries() }))
}

impl NotifierConfig for Room {
    fn kind(&self) -> &'static NotifierKind {
        self.kind
    }

    fn entries(&self) -> Vec<Entry> {
        self.entries.clone()
    }

    fn describe(&self) -> String {
        format!("to {} at {}", self.kind.name, recipient::described(&self.url))
    }

    fn pace(&self) -> Pace {
        self.form.pace
    }

    fn check(&self) -> Result<(), String> {
        recipient::address(&self.url)?;
        self.secret.as_ref().map_or(Ok(()), |secret| secret.read().map(drop))
    }

    fn build(&self, common: &Common) -> Result<Box<dyn Notifier>, String> {
        let http = Http::new(common.timeout, None)?;
        Ok(Box::new(Connected { http, form: self.form, url: self.url.clone(), secret: self.secret.clone() }))
    }
}

struct Connected {
    http: Http,
    form: &'static Form,
    url: Secret,
    secret: Option<Secret>,
}

impl Notifier for Connected {
    fn send(&mut self, messages: &[Message], now: Timestamp) -> Result<String, SendError> {
        // Read anew each time: a secret that was replaced is used at once.
        let url = recipient::address(&self.url).map_err(SendError::transient)?;
        let secret = self.secret.as_ref().map(Secret::read).transpose().map_err(SendError::transient)?;
        let url = (self.form.url)(&url, secret.as_deref(), now);
        let body = (self.form.body)(messages, secret.as_deref(), now).to_string();
        let answer = self.http.post(&url, &[("content-type", "application/json; charset=utf-8")], body.as_bytes())?;
        (self.form.judge)(&answer)
    }

    fn connect(&mut self, _: Timestamp) -> Result<String, SendError> {
        let url = recipient::address(&self.url).map_err(SendError::transient)?;
        // Whatever it says to a question without a message: somebody is there.
        let answer = self.http.get(&url, &[])?;
        Ok(format!("it answers ({}); whether it takes messages shows --test", answer.status))
    }
}

/// The address as it is.
pub fn same_url(url: &str, _: Option<&str>, _: Timestamp) -> String {
    url.to_owned()
}

/// An answer of success in which a number says whether it is one: 0 is. `busy` are numbers that ask to come back later.
pub fn judged_by_code(answer: &Answer, keys: &[&str], busy: &[i64]) -> Result<String, SendError> {
    match answer.code(keys) {
        Some(0) => Ok(format!("status {}, code 0", answer.status)),
        Some(code) if busy.contains(&code) => {
            let pause = answer.retry_after.unwrap_or(Duration::from_secs(60));
            Err(SendError { retry_after: Some(pause), ..SendError::transient(format!("it answered {} with code {code}", answer.status)) })
        }
        Some(code) => Err(SendError::lasting(format!("it answered {} with code {code}", answer.status))),
        None => Err(SendError::lasting(format!("it answered {} without a code: not the address of such a webhook?", answer.status))),
    }
}
