//! OCSF, class 2004 (Detection Finding): created, updated, closed; as lines of JSON in a file, or by HTTP.

use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::notify::event::{Message, What};
use crate::notify::secret::{Address, Secret};
use crate::notify::sinks::posted::Posted;
use crate::notify::sinks::recipient;
use crate::notify::sinks::rotated::{Rotated, Rotation};
use crate::notify::{Common, Notifier, NotifierConfig, NotifierKind, Pace, SendError, words};
use crate::settings::{Entry, Section, SettingsTable, settings};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind { name: "ocsf", doc: OcsfKeys::DOC, keys: OcsfKeys::KEYS, parse };

/// The version of the schema that findings are of.
pub const VERSION: &str = "1.5.0";

settings! {
    /// Detection Findings of OCSF (class 2004), in a file of JSON lines or by HTTP: a POST for each.
    pub struct OcsfKeys {
        /// The file; rotated ones get the time into their name.
        path: Option<PathBuf> = None => RESTART;
        /// The file is rotated before it outgrows so many bytes.
        max_bytes: u64 = 64 * 1024 * 1024 => RESTART.within(1_000, 1 << 40);
        /// The file is rotated when a day of UTC has ended.
        daily: bool = true => RESTART;
        /// Rotated files that are kept; 0: all.
        keep: usize = 0 => RESTART.within(0, 100_000);
        /// Address instead of a file; one that holds a token belongs into `url_file` or `url_env`.
        url: Option<Address> = None => RESTART;
        /// File with the address, where it is a secret.
        url_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        url_env: Option<String> = None => RESTART;
        /// File with a token that is sent as `authorization: Bearer …`.
        token_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        token_env: Option<String> = None => RESTART;
        /// Certificates by which it proves who it is; default: what the system trusts.
        ca_file: Option<PathBuf> = None => RESTART;
    }
}

#[derive(Debug)]
struct Configured {
    keys: OcsfKeys,
    to: To,
}

#[derive(Debug)]
enum To {
    File(PathBuf),
    Http(Secret, Option<Secret>),
}

fn parse(section: &mut Section<'_>) -> Option<Box<dyn NotifierConfig>> {
    let keys = OcsfKeys::read(section)?;
    let has_url = keys.url.is_some() || keys.url_file.is_some() || keys.url_env.is_some();
    let to = match &keys.path {
        Some(_) if has_url => {
            section.missing("path", "must not be given beside an address");
            return None;
        }
        Some(path) => To::File(path.clone()),
        None if !has_url => {
            section.missing("path", "must be given, or url, url_file or url_env");
            return None;
        }
        None => {
            let url = Secret::address(section, keys.url.clone(), keys.url_file.clone(), keys.url_env.clone());
            To::Http(url?, Secret::optional(section, "token", keys.token_file.clone(), keys.token_env.clone()))
        }
    };
    Some(Box::new(Configured { keys, to }))
}

impl NotifierConfig for Configured {
    fn kind(&self) -> &'static NotifierKind {
        &KIND
    }

    fn entries(&self) -> Vec<Entry> {
        self.keys.entries()
    }

    fn describe(&self) -> String {
        match &self.to {
            To::File(path) => format!("to the file {} as OCSF", path.display()),
            To::Http(url, _) => format!("to {} as OCSF", recipient::described(url)),
        }
    }

    fn pace(&self) -> Pace {
        let gather = if matches!(self.to, To::File(_)) { 200 } else { 1 };
        Pace { gather, journal: true, ..Pace::default() }
    }

    fn writes_file(&self) -> Option<&Path> {
        self.keys.path.as_deref()
    }

    fn check(&self) -> Result<(), String> {
        let To::Http(url, token) = &self.to else { return Ok(()) };
        recipient::address(url)?;
        token.as_ref().map_or(Ok(()), |token| token.read().map(drop))
    }

    fn build(&self, common: &Common) -> Result<Box<dyn Notifier>, String> {
        Ok(match &self.to {
            To::File(path) => {
                let OcsfKeys { max_bytes, daily, keep, .. } = self.keys;
                Box::new(File(Rotated::new(Rotation { path: path.clone(), max_bytes, daily, keep })))
            }
            To::Http(url, token) => {
                let ca_file = self.keys.ca_file.as_deref();
                Box::new(ByHttp(Posted::new(common.timeout, ca_file, url, token.as_ref(), "application/json")?))
            }
        })
    }
}

struct File(Rotated);

impl Notifier for File {
    fn send(&mut self, messages: &[Message], now: Timestamp) -> Result<String, SendError> {
        let lines: Vec<(String, String)> = messages.iter().map(|message| (message.event.id(), finding(message).to_string())).collect();
        self.0.append(&lines, now, id)?;
        Ok("on disk".to_owned())
    }

    fn connect(&mut self, now: Timestamp) -> Result<String, SendError> {
        self.0.connect(now)
    }
}

fn id(line: &str) -> Option<String> {
    serde_json::from_str::<Value>(line).ok()?["metadata"]["uid"].as_str().map(str::to_owned)
}

struct ByHttp(Posted);

impl Notifier for ByHttp {
    fn send(&mut self, messages: &[Message], _: Timestamp) -> Result<String, SendError> {
        self.0.send(messages, |message| Ok((finding(message).to_string(), Vec::new())))
    }

    fn connect(&mut self, _: Timestamp) -> Result<String, SendError> {
        self.0.connect()
    }
}

/// The finding.
pub fn finding(message: &Message) -> Value {
    let event = &message.event;
    let (activity, activity_name) = match event.what {
        What::Shown | What::Test => (1, "Create"),
        What::Rose | What::Again => (2, "Update"),
        What::Closed | What::Retracted | What::Joined => (3, "Close"),
    };
    let (status, status_name) = if event.what.is_end() { (4, "Resolved") } else { (1, "New") };
    let (severity, severity_name) = match event.severity {
        _ if event.what == What::Test => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    };
    let millis = |text: &str| Timestamp::parse(text).ok().map(|time| time.0);
    let mut info = json!({
        "uid": event.case,
        "title": words::title(message),
        "desc": words::happened(event),
        "types": event.typologies.iter().map(|typology| typology.name()).collect::<Vec<_>>(),
        "analytic": {
            "name": event.typologies.first().map_or("case", |typology| typology.name()),
            // 2 is behavioural.
            "type_id": 2,
            "type": "Behavioral",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "modified_time": event.at,
    });
    set(&mut info, "first_seen_time", millis(&event.since));
    set(&mut info, "last_seen_time", millis(&event.last));
    set(&mut info, "src_url", message.link.clone());
    let mut finding = json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200_400 + activity,
        "type_name": format!("Detection Finding: {activity_name}"),
        "time": event.at,
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "message": words::happened(event),
        "is_alert": event.what != What::Test,
        "metadata": {
            "version": VERSION,
            "uid": event.id(),
            "sequence": event.number,
            "product": {"name": "leakwarden", "vendor_name": "leakwarden", "version": env!("CARGO_PKG_VERSION")},
        },
        "finding_info": info,
        "risk_score": event.score.round() as i64,
        "unmapped": {"persons": event.persons, "accesses": event.accesses, "alerts": event.alerts, "settled": event.settled},
    });
    set(&mut finding["unmapped"], "contact", message.contact.clone());
    set(&mut finding["unmapped"], "goes_on_in", event.into.clone());
    if let Some(whom) = &event.whom {
        let mut user = json!({"name": words::name(whom)});
        set(&mut user, "groups", event.unit.as_deref().map(|unit| json!([{"name": words::name(unit)}])));
        finding["evidences"] = json!([{"actor": {"user": user}}]);
    }
    finding
}

fn set(object: &mut Value, key: &str, value: Option<impl Into<Value>>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(key.to_owned(), value.into());
    }
}
