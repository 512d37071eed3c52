//! Statements that a service relays with pgaudit's fields in a form of its own. They are assembled as pgaudit's lines are.

use crate::decode::postgresql::line::{Line, Severity};
use crate::decode::postgresql::session::Sessions;
use crate::decode::{Emit, Raw};
use crate::model::signs::Signs;
use crate::model::time::Timestamp;
use std::borrow::Cow;
use std::fmt::Write;

/// One event of the service.
pub(in crate::decode) struct Relayed<'a> {
    pub time: Timestamp,
    pub session: String,
    pub user: Option<String>,
    pub database: Option<String>,
    pub host: Option<String>,
    pub application: Option<String>,
    pub statement_id: u64,
    pub substatement_id: u64,
    pub class: &'a str,
    pub command: &'a str,
    pub object_type: &'a str,
    pub object: &'a str,
    pub statement: &'a str,
    pub binds: Vec<String>,
    pub rows: Option<u64>,
    /// SQLSTATE and message of an error.
    pub error: Option<(String, String)>,
}

/// The sessions of one stream.
#[derive(Default)]
pub(in crate::decode) struct Relay(Sessions);

impl Relay {
    /// Takes the next event.
    pub fn take(&mut self, raw: Raw<'_>, event: Relayed<'_>, emit: &mut Emit<'_>) {
        let message = match event.command {
            "CONNECT" | "AUTHENTICATE" => "connection authorized: ".to_owned(),
            "DISCONNECT" => "disconnection: ".to_owned(),
            _ => audit(&event),
        };
        let mut line = Line {
            position: raw.position,
            hash: raw.hash,
            time: event.time,
            session: Cow::Owned(event.session),
            // Unique within the session and the same when the stream delivers it again.
            number: event.statement_id.saturating_mul(1 << 20).saturating_add(event.substatement_id.min((1 << 20) - 1)),
            user: event.user.map(Cow::Owned),
            database: event.database.map(Cow::Owned),
            host: event.host.map(Cow::Owned),
            application: event.application.map(Cow::Owned),
            severity: Severity::Log,
            state: None,
            message: Cow::Owned(message),
            detail: None,
            statement: None,
            context: None,
            cursor_position: false,
            signs: Signs::default(),
            cut: false,
        };
        if let Some((state, message)) = event.error {
            let login = matches!(event.command, "CONNECT" | "AUTHENTICATE");
            line.severity = if login { Severity::Fatal } else { Severity::Error };
            line.state = Some(Cow::Owned(state));
            line.message = Cow::Owned(message);
            line.statement = (!login).then_some(Cow::Borrowed(event.statement));
        }
        self.0.take(&line, emit);
    }

    /// Emits what is held back.
    pub fn flush(&mut self, emit: &mut Emit<'_>) {
        self.0.flush(emit);
    }
}

/// The event as pgaudit writes it.
fn audit(event: &Relayed<'_>) -> String {
    let mut text = format!("AUDIT: SESSION,{},{}", event.statement_id, event.substatement_id);
    for field in [event.class, event.command, event.object_type, event.object, event.statement] {
        let _ = write!(text, ",{}", quoted(field));
    }
    let binds: Vec<String> = event.binds.iter().map(|value| quoted(value)).collect();
    let binds = if binds.is_empty() { "<none>".to_owned() } else { binds.join(",") };
    let _ = write!(text, ",{}", quoted(&binds));
    if let Some(rows) = event.rows {
        let _ = write!(text, ",{rows}");
    }
    text
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}
