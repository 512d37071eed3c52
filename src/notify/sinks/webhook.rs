//! A webhook: JSON of ours or a body of the user's, signed by HMAC-SHA256 over time and body.

use crate::model::time::Timestamp;
use crate::notify::event::{Event, Message, What};
use crate::notify::secret::{Address, Secret};
use crate::notify::signature::{hex, hmac_sha256};
use crate::notify::sinks::posted::Posted;
use crate::notify::sinks::recipient;
use crate::notify::sinks::template::{Template, seconds};
use crate::notify::{Common, Notifier, NotifierConfig, NotifierKind, Pace, SendError, words};
use crate::settings::{Entry, Section, SettingsTable, settings};
use serde_json::json;
use std::path::PathBuf;

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind { name: "webhook", doc: WebhookKeys::DOC, keys: WebhookKeys::KEYS, parse };

settings! {
    /// A program of one's own, by HTTP: a POST for each message, with `idempotency-key` and, where there is a secret, `x-leakwarden-signature`.
    pub struct WebhookKeys {
        /// Address; one that holds a token belongs into `url_file` or `url_env`.
        url: Option<Address> = None => RESTART;
        /// File with the address, where it is a secret.
        url_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        url_env: Option<String> = None => RESTART;
        /// File with the secret by which messages are signed.
        secret_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        secret_env: Option<String> = None => RESTART;
        /// File with a token that is sent as `authorization: Bearer …`.
        token_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        token_env: Option<String> = None => RESTART;
        /// Template of the body (minijinja); default: JSON with everything that may be told.
        template_file: Option<PathBuf> = None => RESTART;
        /// What the body is. Where it is JSON, the values of a template are written as JSON.
        content_type: String = "application/json".to_owned() => RESTART;
        /// Certificates by which it proves who it is; default: what the system trusts.
        ca_file: Option<PathBuf> = None => RESTART;
    }
}

#[derive(Debug)]
struct Configured {
    keys: WebhookKeys,
    url: Secret,
    secret: Option<Secret>,
    token: Option<Secret>,
}

fn parse(section: &mut Section<'_>) -> Option<Box<dyn NotifierConfig>> {
    let keys = WebhookKeys::read(section)?;
    let url = Secret::address(section, keys.url.clone(), keys.url_file.clone(), keys.url_env.clone());
    let secret = Secret::optional(section, "secret", keys.secret_file.clone(), keys.secret_env.clone());
    let token = Secret::optional(section, "token", keys.token_file.clone(), keys.token_env.clone());
    let is_type = |c: char| c.is_ascii_graphic() || c == ' ';
    if !keys.content_type.contains('/') || !keys.content_type.chars().all(is_type) {
        section.wrong("content_type", "must be a type like \"application/json\"", format!("{:?}", keys.content_type));
    }
    Some(Box::new(Configured { keys, url: url?, secret, token }))
}

impl Configured {
    fn template(&self) -> Result<Option<Template>, String> {
        let Some(file) = &self.keys.template_file else { return Ok(None) };
        let at = |error: String| format!("{}: {error}", file.display());
        let source = std::fs::read_to_string(file).map_err(|error| at(error.to_string()))?;
        Template::new(source, self.is_json()).map(Some).map_err(at)
    }

    fn is_json(&self) -> bool {
        self.keys.content_type.split(';').next().is_some_and(|kind| kind.trim() == "application/json" || kind.trim().ends_with("+json"))
    }
}

impl NotifierConfig for Configured {
    fn kind(&self) -> &'static NotifierKind {
        &KIND
    }

    fn entries(&self) -> Vec<Entry> {
        self.keys.entries()
    }

    fn describe(&self) -> String {
        let signed = if self.secret.is_some() { "signed" } else { "not signed" };
        format!("to {}, {signed}", recipient::described(&self.url))
    }

    fn pace(&self) -> Pace {
        Pace::default()
    }

    fn check(&self) -> Result<(), String> {
        recipient::address(&self.url)?;
        for secret in self.secret.iter().chain(&self.token) {
            secret.read()?;
        }
        let Some(template) = self.template()? else { return Ok(()) };
        // A case with a name that means something everywhere, and one without any.
        let hostile = Event { whom: Some("\"'<>&{{ x }}\\\u{202e}\n".to_owned()), ..Event::test(0) };
        for event in [Event { what: What::Shown, ..hostile }, Event::test(0)] {
            let sample = Message { event, link: None, contact: None };
            let body = template.render(&sample)?;
            if self.is_json() && serde_json::from_str::<serde_json::Value>(&body).is_err() {
                return Err("what the template makes is no JSON".to_owned());
            }
        }
        Ok(())
    }

    fn build(&self, common: &Common) -> Result<Box<dyn Notifier>, String> {
        let ca_file = self.keys.ca_file.as_deref();
        let posted = Posted::new(common.timeout, ca_file, &self.url, self.token.as_ref(), &self.keys.content_type)?;
        Ok(Box::new(Webhook { posted, secret: self.secret.clone(), template: self.template()? }))
    }
}

struct Webhook {
    posted: Posted,
    secret: Option<Secret>,
    template: Option<Template>,
}

impl Notifier for Webhook {
    fn send(&mut self, messages: &[Message], now: Timestamp) -> Result<String, SendError> {
        let secret = self.secret.as_ref().map(Secret::read).transpose().map_err(SendError::transient)?;
        let make = |message: &Message| {
            let body = match &self.template {
                Some(template) => template.render(message).map_err(SendError::lasting)?,
                None => body(message).to_string(),
            };
            let time = seconds(now);
            let signature = secret.as_ref().map(|secret| ("x-leakwarden-signature", signature(secret, &time, body.as_bytes())));
            Ok((body, std::iter::once(("x-leakwarden-time", time)).chain(signature).collect()))
        };
        self.posted.send(messages, make)
    }

    fn connect(&mut self, _: Timestamp) -> Result<String, SendError> {
        self.posted.connect()
    }
}

/// `v1=` and the HMAC-SHA256 of time, a full stop and body: what is caught on the way cannot be sent again later.
pub fn signature(secret: &str, time: &str, body: &[u8]) -> String {
    format!("v1={}", hex(&hmac_sha256(secret.as_bytes(), &[time.as_bytes(), b".", body])))
}

/// Everything that may be told.
pub fn body(message: &Message) -> serde_json::Value {
    let event = &message.event;
    json!({
        "id": event.id(),
        "event": event.what.name(),
        "at": event.at().to_string(),
        "case": event.case,
        "number": event.number,
        "severity": event.severity.name(),
        "before": event.before.map(|before| before.name()),
        "score": event.score,
        "typologies": event.typologies.iter().map(|typology| typology.name()).collect::<Vec<_>>(),
        "alerts": event.alerts,
        "persons": event.persons,
        "accesses": event.accesses,
        "settled": event.settled,
        "since": event.since,
        "last": event.last,
        "goes_on_in": event.into,
        "concerns": event.whom.as_deref().map(words::name),
        "unit": event.unit.as_deref().map(words::name),
        "contact": message.contact,
        "link": message.link,
        "text": words::text(message),
    })
}
