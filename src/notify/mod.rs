//! Who is told of cases, and how: one file and one row of [`NOTIFIERS`] for each kind of sink of people and their programs.
//!
//! ```text
//!  a revision is stored ──► standing: is there something to tell? ──► outbox, in the same transaction
//!                                                                        │
//!                                   a worker for each `[[notify]]`, on a thread of its own ──► the sink
//! ```
//!
//! Nothing is told that is not stored, and what is stored is told: by attempts that repeat for days, with jitter and as the receiver asks;
//! what is refused for good is kept as a dead letter, which a person sends again. No sink has any part in the acknowledgement of the
//! engine: one that hangs slows nobody but itself.

pub mod contacts;
pub mod deadline;
pub mod decided;
pub mod event;
pub mod http;
pub mod ingest;
pub mod outbox;
pub mod overview;
pub mod pace;
pub mod roots;
pub mod secret;
pub mod signature;
pub mod sinks;
pub mod standing;
pub mod words;
pub mod worker;
pub mod workers;

use crate::model::problem::Problem;
use crate::model::severity::Severity;
use crate::model::time::{Span, Timestamp};
use crate::settings::{Entry, Key, Section, SettingsTable, settings};
use event::{Event, Message};
use std::fmt;
use std::path::Path;
use std::time::Duration;

settings! {
    /// What holds for all that is told of cases.
    pub struct NotificationKeys {
        /// Where a case is to be seen, with `{case}` for its id: `"https://desk.example/cases/{case}"`. Default: no link.
        link: Option<String> = None => RESTART;
        /// Also told is what is shown before its records have settled; what does not settle is taken back.
        unsettled: bool = true => RESTART;
        /// So long a message is tried again; then it is kept as a dead letter.
        retry_for: Span = Span::days(3) => RESTART;
    }
}

settings! {
    /// Who is told of cases: when one is shown, becomes graver, is closed or taken back. Told are patterns, severity, counts and a link; see
    /// [operate/notifications.md](operate/notifications.md).
    pub struct NotifyKeys {
        /// Its name, in metrics, messages and `leakwarden notify --test NAME`.
        name: String => RESTART;
        /// Which kind of sink it is.
        kind: String => RESTART;
        /// Told are cases as grave as this.
        severity: Severity = Severity::Low => RESTART;
        /// Told are cases of units that one of these names or globs fits; default: of all.
        units: Vec<String> = Vec::new() => RESTART;
        /// Names the employee (account, source) and the unit. By default nobody is named.
        employee: bool = false => RESTART;
        /// So long an attempt may take, with all that belongs to it.
        timeout: Span = Span::seconds(10) => RESTART;
    }
}

/// Tells.
pub trait Notifier: Send {
    /// Sends, in this order; several at once only where the pace says that they are gathered. `Ok` is what the receiver answered, in a few
    /// words. After an error nobody may have got it, or somebody may.
    fn send(&mut self, messages: &[Message], now: Timestamp) -> Result<String, SendError>;

    /// Finds out whether it could send, without telling anybody anything.
    fn connect(&mut self, now: Timestamp) -> Result<String, SendError>;

    /// Says again what holds: of sinks that forget, see [`Pace::repeat`].
    fn hold(&mut self, _held: &[Held], _now: Timestamp) -> Result<String, SendError> {
        Ok(String::new())
    }
}

/// What a sink that forgets is told again and again.
#[derive(Clone, PartialEq, Debug)]
pub struct Held {
    /// The message of its severity.
    pub message: Message,
    /// When it ended, where it has.
    pub ended: Option<Timestamp>,
}

/// How a sink wants to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pace {
    /// Messages a minute, at most.
    pub per_minute: Option<u32>,
    /// Cases in one message, at most; 0 and 1: it cannot gather.
    pub gather: usize,
    /// It keeps every state: none is superseded.
    pub journal: bool,
    /// Waits so long for more, unless something is critical.
    pub digest: Option<Duration>,
    /// What holds is said again so often.
    pub repeat: Option<Duration>,
}

/// Why an attempt failed. Never with an address, a token, or what the receiver answered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// Whether the receiver refused it for good.
    pub lasting: bool,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
    /// What happened.
    pub message: String,
}

impl SendError {
    /// Trying again may help.
    pub fn transient(message: impl Into<String>) -> SendError {
        SendError { lasting: false, retry_after: None, message: message.into() }
    }

    /// Trying again does not help.
    pub fn lasting(message: impl Into<String>) -> SendError {
        SendError { lasting: true, retry_after: None, message: message.into() }
    }
}

/// The part of a `[[notify]]` that its kind declares, valid.
pub trait NotifierConfig: fmt::Debug + Send + Sync {
    /// The row of its kind.
    fn kind(&self) -> &'static NotifierKind;

    /// What its keys hold.
    fn entries(&self) -> Vec<Entry>;

    /// Where messages go, as `check` says it: `to …`. Never a secret.
    fn describe(&self) -> String;

    /// How it wants to be told.
    fn pace(&self) -> Pace;

    /// The file that it appends to, if it does.
    fn writes_file(&self) -> Option<&Path> {
        None
    }

    /// What only shows when it is tried out: a secret that is not there, a template that does not work.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Makes the sink.
    fn build(&self, common: &Common) -> Result<Box<dyn Notifier>, String>;
}

/// What sinks are built with beside their own keys.
#[derive(Clone, Debug)]
pub struct Common {
    /// How long an attempt may take.
    pub timeout: Duration,
    /// Runs what is asynchronous.
    pub runtime: tokio::runtime::Handle,
}

/// A kind of sink.
pub struct NotifierKind {
    /// Its name in configurations.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static [&'static str],
    /// Its keys, beside those of all.
    pub keys: &'static [Key],
    /// Reads them.
    pub parse: fn(&mut Section<'_>) -> Option<Box<dyn NotifierConfig>>,
}

/// Every kind.
pub const NOTIFIERS: &[NotifierKind] = &[
    sinks::alertmanager::KIND,
    sinks::webhook::KIND,
    sinks::slack::KIND,
    sinks::teams::KIND,
    sinks::dingtalk::KIND,
    sinks::wecom::KIND,
    sinks::feishu::KIND,
    sinks::syslog::KIND,
    sinks::ocsf::KIND,
    sinks::email::KIND,
    sinks::postgresql::KIND,
    sinks::jsonl::KIND,
];

/// One `[[notify]]`, valid.
#[derive(Debug)]
pub struct Notify {
    /// What all kinds have.
    pub keys: NotifyKeys,
    /// What its kind has.
    pub own: Box<dyn NotifierConfig>,
}

impl Notify {
    /// What each of its keys holds.
    pub fn entries(&self) -> Vec<Entry> {
        [self.keys.entries(), self.own.entries()].concat()
    }

    /// In a line: who is told what.
    pub fn describe(&self) -> String {
        let NotifyKeys { name, severity, employee, units, .. } = &self.keys;
        let named = if *employee { "the employee is named" } else { "nobody is named" };
        let units = if units.is_empty() { String::new() } else { format!(" of {}", units.join(", ")) };
        format!("{name}: cases{units} from {severity} {}; {named}", self.own.describe())
    }

    /// Makes the sink.
    pub fn build(&self, runtime: tokio::runtime::Handle) -> Result<Box<dyn Notifier>, String> {
        self.own.build(&Common { timeout: self.timeout(), runtime })
    }

    /// How long an attempt may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.keys.timeout.0.max(1).unsigned_abs())
    }
}

/// Makes messages of events.
#[derive(Clone, Debug, Default)]
pub struct Teller {
    /// Where a case is to be seen.
    pub link: Option<String>,
    /// Whom to call.
    pub contacts: contacts::Contacts,
}

impl Teller {
    /// The message of an event, with names only where the sink gives them.
    pub fn message(&self, event: Event, names: bool) -> Message {
        let contact = self.contacts.of(&event);
        let link = self.link.as_ref().map(|link| link.replace("{case}", &event.case));
        Message { event: if names { event } else { event.nameless() }, link, contact }
    }
}

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static NotifierKind> {
    NOTIFIERS.iter().find(|kind| kind.name == name)
}

/// Reads one `[[notify]]`.
pub fn read(mut section: Section<'_>) -> Option<Notify> {
    let named = section.peek("kind").map(str::to_owned);
    let keys = NotifyKeys::read(&mut section);
    let Some(kind) = named.as_deref().and_then(kind) else {
        if let Some(named) = named {
            let names: Vec<&str> = NOTIFIERS.iter().map(|kind| kind.name).collect();
            section.wrong("kind", &format!("must be one of {}", names.join(", ")), format!("{named:?}"));
        }
        section.rest();
        return None;
    };
    // What its kind reads is judged also where it has no name.
    let own = (kind.parse)(&mut section);
    let Some(keys) = keys else {
        section.end();
        return None;
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if keys.name.is_empty() || keys.name.len() > 64 || !keys.name.chars().all(is_word) {
        section.wrong("name", "must be a word of letters, digits, - and _", format!("{:?}", keys.name));
    }
    if keys.timeout.0 < 100 || keys.timeout > Span::minutes(2) {
        section.wrong("timeout", "must be from \"1s\" to \"2m\"", keys.timeout);
    }
    for unit in &keys.units {
        if globset::Glob::new(unit).is_err() {
            section.wrong("units", "must be units or globs", format!("{unit:?}"));
        }
    }
    section.end();
    Some(Notify { keys, own: own? })
}

/// Sinks that contradict each other or the rest.
pub fn problems(file: &str, notify: &[Notify], keys: &NotificationKeys, contacts: &contacts::ContactKeys) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, one) in notify.iter().enumerate() {
        if notify[..at].iter().any(|before| before.keys.name == one.keys.name) {
            let rule = "must differ from that of every other [[notify]]";
            problems.push(Problem::new(format!("{file}: notify[{at}].name"), rule, format!("{:?}", one.keys.name)));
        }
    }
    if let Some(link) = &keys.link
        && (secret::address_mistake(&link.replace("{case}", "x")).is_some() || !link.contains("{case}"))
    {
        let rule = "must be an address with {case} in it";
        problems.push(Problem::plain(format!("{file}: notifications.link"), rule));
    }
    if keys.retry_for < Span::minutes(1) || keys.retry_for > Span::days(30) {
        problems.push(Problem::new(format!("{file}: notifications.retry_for"), "must be from \"1m\" to \"30d\"", keys.retry_for));
    }
    if let Err(wrong) = contacts::Contacts::new(contacts) {
        problems.extend(wrong.into_iter().map(|(key, rule)| Problem::plain(format!("{file}: contacts.{key}"), rule)));
    }
    problems
}

#[cfg(test)]
pub(crate) mod tests;
