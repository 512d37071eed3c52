//! One log line of the server, free of its carrier.

use crate::decode::{DecodeError, Decoded, SequenceNumber};
use crate::model::access::{Position, RecordHash};
use crate::model::signs::Signs;
use crate::model::time::Timestamp;
use std::borrow::Cow;

/// What a carrier says of one message.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub position: Position,
    pub hash: RecordHash,
    pub time: Timestamp,
    /// `session_id` of the log: start of the session and process id.
    pub session: Cow<'a, str>,
    /// Number of the line within its session.
    pub number: u64,
    /// The login. `SET ROLE` and `SET SESSION AUTHORIZATION` do not change it.
    pub user: Option<Cow<'a, str>>,
    pub database: Option<Cow<'a, str>>,
    pub host: Option<Cow<'a, str>>,
    pub application: Option<Cow<'a, str>>,
    pub severity: Severity,
    /// SQLSTATE.
    pub state: Option<Cow<'a, str>>,
    pub message: Cow<'a, str>,
    pub detail: Option<Cow<'a, str>>,
    /// The statement that an error stopped.
    pub statement: Option<Cow<'a, str>>,
    /// The functions within which it happened.
    pub context: Option<Cow<'a, str>>,
    /// Where in the statement: errors of parsing have it, errors of running do not.
    pub cursor_position: bool,
    /// What of it can only be meant against the record.
    pub signs: Signs,
    /// Its text was cut.
    pub cut: bool,
}

impl Line<'_> {
    /// Its number within its session, from 1 on, whatever the line is about.
    pub fn numbered(&self) -> Decoded<'_> {
        let Line { position, hash, time, number, .. } = *self;
        Decoded::Numbered(SequenceNumber { stream: &self.session, number, time, position, hash })
    }
}

/// A record that is none of the csvlog's.
pub(super) fn form(what: &str) -> DecodeError {
    DecodeError::Form { expected: "a record of PostgreSQL's csvlog", what: what.to_owned() }
}

/// `10.0.0.1:35490` without the port; `[local]` as it is.
pub(super) fn without_port(from: Cow<'_, str>) -> Cow<'_, str> {
    match from.rfind(':') {
        Some(at) if at > 0 && from[at + 1..].bytes().all(|b| b.is_ascii_digit()) && is_one_address(&from[..at]) => match from {
            Cow::Borrowed(from) => Cow::Borrowed(&from[..at]),
            Cow::Owned(from) => Cow::Owned(from[..at].to_owned()),
        },
        _ => from,
    }
}

/// Whether what stands before a port is whole: `fe80::1` ends in digits, too, and has no port.
fn is_one_address(host: &str) -> bool {
    !host.contains(':') || host.parse::<core::net::Ipv6Addr>().is_ok() || (host.starts_with('[') && host.ends_with(']'))
}

/// What the line is about. Carriers translate the words of other languages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Severity {
    Log,
    Error,
    Fatal,
    /// Notices, warnings, debug output: they tell of no access.
    Notice,
}

impl Severity {
    /// The severity of that English word.
    pub fn of(word: &str) -> Severity {
        match word {
            "LOG" => Severity::Log,
            "ERROR" => Severity::Error,
            "FATAL" | "PANIC" => Severity::Fatal,
            _ => Severity::Notice,
        }
    }
}
