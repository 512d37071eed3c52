//! Alertmanager, by its API v2. It knows an alert by its labels and forgets it when it restarts: what holds is said again every minute, to
//! every peer, with an end a day ahead, so that a stop of ours is not taken for the end of a case.

use crate::model::time::{Span, Timestamp};
use crate::notify::event::{Event, Message, What};
use crate::notify::http::Http;
use crate::notify::secret::{Secret, address_mistake};
use crate::notify::{Common, Held, Notifier, NotifierConfig, NotifierKind, Pace, SendError, words};
use crate::settings::{Entry, Section, SettingsTable, settings};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind { name: "alertmanager", doc: AlertmanagerKeys::DOC, keys: AlertmanagerKeys::KEYS, parse };

settings! {
    /// Alertmanager, as alerts `LeakwardenCase`: it wakes whom it is configured to wake, and knows repeats itself.
    pub struct AlertmanagerKeys {
        /// Address of Alertmanager; of several that work together, of each: `["http://a:9093", "http://b:9093"]`.
        url: Vec<String> => RESTART;
        /// File with a token for it.
        token_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        token_env: Option<String> = None => RESTART;
        /// Certificates by which it proves who it is; default: what the system trusts.
        ca_file: Option<PathBuf> = None => RESTART;
    }
}

/// How often what holds is said again.
const EVERY: Duration = Duration::from_secs(60);
/// How far ahead the end of what holds is.
const AHEAD: Span = Span::days(1);
/// What whoever is called does.
const NEXT: &str = "Open the case by its link, take it, read it, and give a verdict: that ends this alert.";
/// Alerts in one request.
const TOGETHER: usize = 200;

#[derive(Debug)]
struct Configured {
    keys: AlertmanagerKeys,
    token: Option<Secret>,
}

fn parse(section: &mut Section<'_>) -> Option<Box<dyn NotifierConfig>> {
    let keys = AlertmanagerKeys::read(section)?;
    let is_wrong = |url: &String| address_mistake(url).is_some() || url.contains(['@', '?', '#']);
    if keys.url.is_empty() || keys.url.iter().any(is_wrong) {
        section.missing("url", "must be addresses that begin with http:// or https://, without a user, password or query");
        return None;
    }
    let token = Secret::optional(section, "token", keys.token_file.clone(), keys.token_env.clone());
    Some(Box::new(Configured { keys, token }))
}

impl NotifierConfig for Configured {
    fn kind(&self) -> &'static NotifierKind {
        &KIND
    }

    fn entries(&self) -> Vec<Entry> {
        self.keys.entries()
    }

    fn describe(&self) -> String {
        format!("to Alertmanager at {}", self.keys.url.join(", "))
    }

    fn pace(&self) -> Pace {
        Pace { gather: TOGETHER, repeat: Some(EVERY), ..Pace::default() }
    }

    fn check(&self) -> Result<(), String> {
        self.token.as_ref().map_or(Ok(()), |token| token.read().map(drop))
    }

    fn build(&self, common: &Common) -> Result<Box<dyn Notifier>, String> {
        // Each peer has its share of the time.
        let peers = u32::try_from(self.keys.url.len()).unwrap_or(1).max(1);
        let http = Http::new(common.timeout / peers, self.keys.ca_file.as_deref())?;
        let peers = self.keys.url.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
        Ok(Box::new(Alertmanager { http, peers, token: self.token.clone() }))
    }
}

struct Alertmanager {
    http: Http,
    peers: Vec<String>,
    token: Option<Secret>,
}

impl Alertmanager {
    fn authorization(&self) -> Result<Option<String>, SendError> {
        let token = self.token.as_ref().map(Secret::read).transpose().map_err(SendError::transient)?;
        Ok(token.map(|token| format!("Bearer {token}")))
    }

    /// Tells every peer. One that took it tells the others what it has told, and what a peer missed it hears a minute later.
    fn post(&self, alerts: &[Value]) -> Result<String, SendError> {
        let authorization = self.authorization()?;
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(authorization.as_deref().map(|token| ("authorization", token)));
        let body = Value::from(alerts).to_string();
        let mut taken = 0;
        let mut failure: Option<SendError> = None;
        for peer in &self.peers {
            match self.http.post(&format!("{peer}/api/v2/alerts"), &headers, body.as_bytes()) {
                Ok(_) => taken += 1,
                // One that may answer later outweighs one that never will.
                Err(error) if failure.as_ref().is_none_or(|before| before.lasting) => failure = Some(error),
                Err(_) => {}
            }
        }
        match failure {
            Some(error) if taken == 0 => Err(error),
            Some(_) | None => Ok(format!("taken by {taken} of {} peers", self.peers.len())),
        }
    }
}

impl Notifier for Alertmanager {
    fn send(&mut self, messages: &[Message], now: Timestamp) -> Result<String, SendError> {
        let ended = |event: &Event| event.what.is_end().then_some(now);
        let alerts: Vec<Value> = messages.iter().map(|message| alert(message, ended(&message.event), now)).collect();
        self.post(&alerts)
    }

    fn connect(&mut self, _: Timestamp) -> Result<String, SendError> {
        let authorization = self.authorization()?;
        let headers: Vec<(&str, &str)> = authorization.as_deref().map(|token| ("authorization", token)).into_iter().collect();
        for peer in &self.peers {
            let answer = self.http.get(&format!("{peer}/api/v2/status"), &headers)?;
            if answer.status != 200 {
                return Err(SendError::transient(format!("it answered {}", answer.status)));
            }
        }
        Ok(format!("{} peers answer", self.peers.len()))
    }

    fn hold(&mut self, held: &[Held], now: Timestamp) -> Result<String, SendError> {
        let alerts: Vec<Value> = held.iter().map(|held| alert(&held.message, held.ended, now)).collect();
        let mut said = String::new();
        for alerts in alerts.chunks(TOGETHER) {
            said = self.post(alerts)?;
        }
        Ok(said)
    }
}

/// The labels are what it is known by: they hold nothing that changes but the severity.
fn alert(message: &Message, ended: Option<Timestamp>, now: Timestamp) -> Value {
    let event = &message.event;
    let (name, ends) = match (event.what, ended) {
        (_, Some(ended)) => ("LeakwardenCase", ended),
        // A test ends by itself.
        (What::Test, None) => ("LeakwardenTest", Timestamp(now.0 + EVERY.as_millis() as i64)),
        (_, None) => ("LeakwardenCase", Timestamp(now.0 + AHEAD.0)),
    };
    let mut annotations = serde_json::Map::new();
    annotations.insert("summary".to_owned(), json!(words::title(message)));
    annotations.insert("description".to_owned(), json!(words::happened(event)));
    if name == "LeakwardenCase" && ended.is_none() {
        annotations.insert("next".to_owned(), json!(NEXT));
    }
    for (what, value) in words::facts(message) {
        annotations.insert(what.to_lowercase().replace(' ', "_"), json!(value));
    }
    let mut alert = json!({
        "labels": {"alertname": name, "case": event.case, "severity": event.severity.name()},
        "annotations": annotations,
        "startsAt": event.at().to_string(),
        "endsAt": ends.to_string(),
    });
    if let Some(link) = &message.link {
        alert["generatorURL"] = json!(link);
        alert["annotations"]["link"] = json!(link);
    }
    alert
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message;

    #[test]
    fn it_is_known_by_case_and_severity_and_ends_a_day_ahead() {
        let now = Timestamp(1_772_500_000_000);
        let firing = alert(&message("c1", 1), None, now);
        assert_eq!(firing["labels"], json!({"alertname": "LeakwardenCase", "case": "c1", "severity": "high"}));
        assert_eq!(firing["endsAt"], Timestamp(now.0 + AHEAD.0).to_string());
        assert_eq!(firing["generatorURL"], "https://desk.example/cases/c1");
        assert_eq!(firing["annotations"]["next"], NEXT);
        let over = alert(&message("c1", 1), Some(now), now);
        assert_eq!((&over["endsAt"], &over["annotations"]["next"]), (&json!(now.to_string()), &Value::Null));
    }
}
