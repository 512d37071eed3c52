//! Lines with a prefix and a label, put together to messages: what stderr, syslog and the logs of providers have in common.
//!
//! A message of several lines goes on with a tab. Its detail, context and statement have lines of their own, with the prefix of
//! their session: lines of other sessions may stand between.

use crate::decode::field::let_middle_go;
use crate::decode::postgresql::backend::{self, Backends, Behind};
use crate::decode::postgresql::forging::LONGEST_OF_SERVERS;
use crate::decode::postgresql::line::{Line, Severity};
use crate::decode::postgresql::pending::LineOrigin;
use crate::decode::postgresql::prefix::{LinePrefix, Start};
use crate::decode::postgresql::prefixes::Prefixes;
use crate::decode::postgresql::session::Sessions;
use crate::decode::postgresql::time::Clock;
use crate::decode::postgresql::words::Label;
use crate::decode::postgresql::{english, plain, state};
use crate::decode::{DecodeError, Decoded, Emit, IgnoredReason, LONGEST_RECORD, LostRecord, Raw, Settings};
use crate::model::access::{Operation, Position, RecordHash};
use crate::model::signs::Signs;
use crate::model::time::{Span, Timestamp};

/// Most messages that wait for further parts. These come soon, or never.
const MOST_OPEN: usize = 64;
/// How long a message waits for further parts while the log goes on: a server writes them together.
const PARTS: Span = Span::seconds(5);
/// Most messages, and most bytes of them, that wait until the meaning of their zone is known.
const MOST_WAITING: usize = 20_000;
const MOST_WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Puts lines together.
pub(super) struct Reader {
    prefixes: Prefixes,
    clock: Clock,
    backends: Backends,
    sessions: Sessions,
    /// The one that was last gone on with is last.
    open: Vec<GatheredMessage>,
    /// Their zone is ambiguous, and no session has told yet which it is.
    waiting: Vec<GatheredMessage>,
    waiting_bytes: usize,
    /// So many have waited in vain that no more do.
    impatient: bool,
}

/// How the lines of one text belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// As in a file: a line that has a prefix is a line of its own.
    Log,
    /// They are one message with its detail and statement.
    Message,
    /// They are one message and nothing else, whatever it holds.
    Whole,
}

/// When a message was logged.
#[derive(Clone, Debug)]
enum When {
    Text(String),
    At(Timestamp),
    Unknown,
}

/// A message whose parts are gathered.
struct GatheredMessage {
    key: String,
    position: Position,
    /// Of the line that was added last.
    last: Position,
    hash: RecordHash,
    length: usize,
    when: When,
    /// When that was, where it can be read at once.
    time: Option<Timestamp>,
    behind: Behind,
    severity: Severity,
    state: Option<String>,
    message: String,
    detail: Option<String>,
    statement: Option<String>,
    context: Option<String>,
    query: bool,
    /// Its line could be read in several ways, as the first of its session.
    ambiguous: bool,
    /// To what the next line belongs.
    part: Label,
    /// It was cut, or can be read in several ways because its client wanted it so.
    signs: Signs,
    /// A part of it was lost on the way.
    torn: bool,
}

impl GatheredMessage {
    /// Adds text to the part that was begun last.
    fn push(&mut self, text: &str, newline: bool, raw: Raw<'_>) {
        if raw.position != self.last {
            self.hash = self.hash.and(raw.hash);
            self.last = raw.position;
        }
        self.length = self.length.saturating_add(text.len() + 1);
        let field = match self.part {
            Label::Message(_) => &mut self.message,
            Label::Detail => self.detail.get_or_insert_default(),
            Label::Statement => self.statement.get_or_insert_default(),
            Label::Context => self.context.get_or_insert_default(),
            Label::Query | Label::Other => return,
        };
        if newline {
            field.push('\n');
        }
        field.push_str(text);
        if field.len() > LONGEST_RECORD {
            let_middle_go(field);
            self.signs = self.signs.and(Signs::CUT_TEXT);
        }
    }

    /// Says of a further line that it counts with this message, once.
    fn tell_part(&self, raw: Raw<'_>, emit: &mut Emit<'_>) {
        if raw.position != self.position && raw.position != self.last {
            emit(raw.ignored(IgnoredReason::Continuation));
        }
    }

    fn lose(&self, error: DecodeError, emit: &mut Emit<'_>) {
        let Behind { user, application, .. } = &self.behind;
        let texts = [user.as_deref().unwrap_or(""), application.as_deref().unwrap_or(""), &self.message];
        let ends = LostRecord::ends(&texts);
        emit(Decoded::Lost(LostRecord { position: self.position, hash: self.hash, length: self.length as u64, error, ends }));
    }
}

impl Reader {
    pub fn new(settings: &Settings) -> Reader {
        Reader {
            prefixes: Prefixes::new(settings.log_line_prefix.as_deref()),
            clock: Clock::new(settings.zone.clone()),
            backends: Backends::new(),
            sessions: Sessions::default(),
            open: Vec::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            impatient: false,
        }
    }

    /// The label of a text that begins with a prefix and one.
    pub fn label(&mut self, text: &str) -> Option<Label> {
        self.prefixes.read(text).map(|start| start.label)
    }

    /// Takes a text of one or several lines.
    pub fn take(&mut self, text: &str, raw: Raw<'_>, style: Style, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        let mut result = lines.next().map_or(Ok(()), |first| self.line(first, raw, emit));
        let begun = result.is_ok();
        for line in lines {
            if let Some(rest) = line.strip_prefix('\t') {
                result = result.and(if begun { self.go_on(rest, raw, emit) } else { Err(unreadable()) });
                continue;
            }
            let begins = match style {
                Style::Whole => false,
                Style::Message => self.label(line).is_some_and(|label| !matches!(label, Label::Message(_))),
                Style::Log => self.label(line).is_some(),
            };
            if begins {
                result = result.and(self.line(line, raw, emit));
            } else if begun && !(line.is_empty() && style == Style::Log) {
                result = result.and(self.go_on(line, raw, emit));
            }
        }
        result
    }

    /// A part of the message that was taken last was lost on the way.
    pub fn tear(&mut self, position: Position) {
        self.open.iter_mut().filter(|entry| entry.position == position).for_each(|entry| entry.torn = true);
    }

    /// Adds what a carrier holds beside the message that was taken last, where that does not have it itself.
    pub fn add(&mut self, label: Label, text: &str, raw: Raw<'_>) {
        let Some(entry) = self.open.last_mut().filter(|entry| entry.position == raw.position) else { return };
        let has = match label {
            Label::Detail => entry.detail.is_some(),
            Label::Statement => entry.statement.is_some(),
            Label::Context => entry.context.is_some(),
            Label::Message(_) | Label::Query | Label::Other => true,
        };
        if !has && !text.is_empty() {
            entry.part = label;
            entry.push(text, false, raw);
        }
    }

    /// Takes one line.
    fn line(&mut self, line: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if let Some(rest) = line.strip_prefix('\t') {
            return self.go_on(rest, raw, emit);
        }
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let start = self.prefixes.read(line).ok_or_else(unreadable)?;
        let others = self.prefixes.other_readings(line, &start);
        if !others.is_empty() {
            return self.ambiguous(start, others, line, raw, emit);
        }
        self.read(start, line, raw, emit)
    }

    /// Takes a line whose client has chosen the name of its program so that the prefix can be read in several ways. Every reading that
    /// tells of something counts, for whom the last says: what the server itself wrote stands behind what the client chose.
    fn ambiguous(
        &mut self,
        first: Start<'_>,
        others: Vec<Start<'_>>,
        line: &str,
        raw: Raw<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), DecodeError> {
        let last = others.last().map_or(first.head, |last| last.head);
        let all: Vec<Start<'_>> = std::iter::once(first).chain(others).collect();
        let mut telling: Vec<Start<'_>> = all.iter().copied().filter(tells).collect();
        if telling.is_empty() {
            telling = vec![first];
        }
        // What is longer than the server lets a name be is no name: the message only looks like it.
        let is_name = |start: &Start<'_>| start.head.application.is_none_or(|name| name.len() <= LONGEST_OF_SERVERS);
        let signs = Signs::FORGED_HEADER.if_so(all.iter().skip(1).any(is_name));
        let (key, known) = (backend::key(&last, &raw.envelope), telling.len());
        for (at, start) in telling.into_iter().enumerate() {
            let (host, remote) = self.backends.address(&key).unwrap_or_default();
            let head = LinePrefix {
                application: start.head.application,
                state: start.head.state,
                host: host.as_deref().or(last.host),
                remote: remote.as_deref().or(last.remote),
                ..last
            };
            // Readings of one line are statements of sessions of their own: none hides or ends another.
            let key = if at + 1 == known { key.clone() } else { format!("{key}?{at}") };
            match start.label {
                Label::Message(severity) => {
                    self.begin(key, severity, &Start { head, ..start }, line, raw, emit)?;
                    self.open.last_mut().into_iter().for_each(|entry| entry.signs = entry.signs.and(signs));
                }
                _ => self.read(start, line, raw, emit)?,
            }
        }
        let first = self.backends.is_first_ambiguity(&key);
        if let Some(entry) = self.open.last_mut().filter(|entry| entry.key == key) {
            entry.ambiguous = first;
        }
        Ok(())
    }

    fn read(&mut self, start: Start<'_>, line: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let key = backend::key(&start.head, &raw.envelope);
        match start.label {
            Label::Message(severity) => self.begin(key, severity, &start, line, raw, emit),
            part => {
                let same = self.open.iter().rposition(|entry| entry.key == key);
                // Without a prefix it belongs to the line before it.
                let at = same.or_else(|| if key.is_empty() { self.open.len().checked_sub(1) } else { None });
                let mut entry = self.open.remove(at.ok_or_else(orphan)?);
                entry.part = part;
                entry.query |= part == Label::Query;
                entry.tell_part(raw, emit);
                entry.push(start.text, false, raw);
                self.open.push(entry);
                Ok(())
            }
        }
    }

    fn go_on(&mut self, rest: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let entry = self.open.last_mut().ok_or_else(orphan)?;
        entry.tell_part(raw, emit);
        entry.push(rest, true, raw);
        Ok(())
    }

    fn begin(
        &mut self,
        key: String,
        severity: Severity,
        start: &Start<'_>,
        line: &str,
        raw: Raw<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), DecodeError> {
        let head = &start.head;
        let when = when(head, raw);
        if matches!(when, When::Unknown) {
            return Err(without_time());
        }
        if let Some(before) = self.open.iter().position(|entry| entry.key == key) {
            let before = self.open.remove(before);
            self.finish(before, emit);
        } else if self.open.len() >= MOST_OPEN {
            let oldest = self.open.remove(0);
            self.finish(oldest, emit);
        }
        // `log_error_verbosity = verbose` puts the state before the message.
        let (leading, text) = state::leading(start.text).map_or((None, start.text), |(state, text)| (Some(state), text));
        let said = english::message(text.into());
        if let (Some(time), true) = (head.time, is_chinese(line, start.text)) {
            self.clock.speaks_chinese(time);
        }
        self.learn(head, &said, emit);
        let seen = match &when {
            When::Text(text) => text.clone(),
            When::At(time) => time.0.to_string(),
            When::Unknown => String::new(),
        };
        let behind = self.backends.behind(&key, head, &said, &seen);
        let time = match &when {
            When::Text(text) if self.clock.waits(text) => None,
            When::Text(text) => self.clock.read(text).ok(),
            When::At(time) => Some(*time),
            When::Unknown => None,
        };
        while let Some(now) = time
            && self.open.first().and_then(|oldest| oldest.time).is_some_and(|oldest| oldest + PARTS < now)
        {
            let oldest = self.open.remove(0);
            self.finish(oldest, emit);
        }
        self.open.push(GatheredMessage {
            key,
            time,
            position: raw.position,
            last: raw.position,
            hash: raw.hash,
            length: line.len(),
            when,
            behind,
            severity,
            state: head.state.or(leading).map(str::to_owned),
            message: text.to_owned(),
            detail: None,
            statement: None,
            context: None,
            query: false,
            ambiguous: false,
            part: start.label,
            signs: Signs::CUT_TEXT.if_so(raw.cut).and(Signs::FORGED_HEADER.if_so(start.forged)),
            torn: false,
        });
        Ok(())
    }

    /// Learns what the zone means, and goes on with what waited for it.
    fn learn(&mut self, head: &LinePrefix<'_>, message: &str, emit: &mut Emit<'_>) {
        let Some(time) = head.time.filter(|time| self.clock.is_open(time)) else { return };
        match (head.session, head.start) {
            (Some(session), Some(start)) => self.clock.learn(session, start),
            (Some(session), None) if message.starts_with("connection received: ") || head.number == Some("1") => {
                self.clock.learn_by_first(session, time);
            }
            _ => {}
        }
        if !self.waiting.is_empty() && !self.clock.waits(time) {
            self.waiting_bytes = 0;
            for entry in std::mem::take(&mut self.waiting) {
                self.finish(entry, emit);
            }
        }
    }

    /// Hands on a message that has all its parts.
    fn finish(&mut self, entry: GatheredMessage, emit: &mut Emit<'_>) {
        let time = match &entry.when {
            _ if let Some(time) = entry.time => Ok(time),
            When::Text(text) if self.clock.waits(text) && !self.impatient => return self.wait(entry, emit),
            When::Text(text) => self.clock.read(text),
            When::At(time) => Ok(*time),
            When::Unknown => Err(without_time()),
        };
        match time {
            Ok(time) => {
                let ambiguous = entry.ambiguous;
                let line = line(entry, time);
                // Who names a program so that it looks like a part of the log changes what is logged.
                if ambiguous {
                    let mut record = LineOrigin::of(&line, None).record("/header");
                    record.operation = Operation::Admin;
                    record.signs = line.signs;
                    emit(record.into());
                }
                self.sessions.take(&line, emit);
            }
            Err(error) => entry.lose(error, emit),
        }
    }

    fn wait(&mut self, entry: GatheredMessage, emit: &mut Emit<'_>) {
        self.waiting_bytes += entry.length;
        self.waiting.push(entry);
        if self.waiting.len() > MOST_WAITING || self.waiting_bytes > MOST_WAITING_BYTES {
            self.impatient = true;
            self.give_up_waiting(emit);
        }
    }

    fn give_up_waiting(&mut self, emit: &mut Emit<'_>) {
        self.waiting_bytes = 0;
        for entry in std::mem::take(&mut self.waiting) {
            let When::Text(text) = &entry.when else { continue };
            if let Err(error) = self.clock.read(text) {
                entry.lose(error, emit);
            }
        }
    }

    pub fn flush(&mut self, emit: &mut Emit<'_>) {
        for entry in std::mem::take(&mut self.open) {
            self.finish(entry, emit);
        }
        self.give_up_waiting(emit);
        self.sessions.flush(emit);
    }
}

/// Whether a reading of a line tells of something that somebody did.
fn tells(start: &Start<'_>) -> bool {
    match start.label {
        Label::Message(Severity::Log) => {
            let message = english::message(start.text.into());
            let begins = ["AUDIT: ", "duration: ", "connection ", "disconnection: ", "received replication command: "];
            plain::parse(&message).is_some() || begins.iter().any(|begin| message.starts_with(begin))
        }
        Label::Message(Severity::Error | Severity::Fatal) => true,
        _ => false,
    }
}

/// Whether the label before a text is a Chinese word.
fn is_chinese(line: &str, text: &str) -> bool {
    let label = line[..line.len() - text.len()].trim_end_matches([' ', ':']);
    label.chars().next_back().is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

fn when(head: &LinePrefix<'_>, raw: Raw<'_>) -> When {
    if let Some(time) = head.time {
        return When::Text(time.to_owned());
    }
    let epoch = head.epoch.and_then(|epoch| epoch.replace('.', "").parse().ok()).and_then(|ms| Timestamp::from_millis(ms).ok());
    epoch.or(raw.envelope.time).map_or(When::Unknown, When::At)
}

fn line(entry: GatheredMessage, time: Timestamp) -> Line<'static> {
    let (message, placed) = match entry.severity {
        // A statement may end as it likes.
        Severity::Log => (entry.message.as_str(), false),
        _ => english::without_place(&entry.message),
    };
    let told = entry.severity != Severity::Log || entry.statement.is_some();
    let inferred = || told.then(|| state::of_message(message)).flatten().map(str::to_owned);
    let text = |text: Option<String>| text.map(Into::into);
    let state = entry.state.or_else(inferred).filter(|state| state != "00000");
    let message = match entry.severity {
        Severity::Log => english::message(message.into()).into_owned(),
        _ => message.to_owned(),
    };
    Line {
        position: entry.position,
        hash: entry.hash,
        time,
        session: entry.behind.session.into(),
        number: entry.behind.number,
        user: text(entry.behind.user),
        database: text(entry.behind.database),
        host: text(entry.behind.host),
        application: text(entry.behind.application),
        severity: entry.severity,
        state: text(state),
        message: message.into(),
        detail: entry.detail.map(|detail| english::detail(detail.into())),
        statement: text(entry.statement),
        context: text(entry.context),
        cursor_position: placed && !entry.query,
        signs: entry.signs,
        cut: entry.torn || entry.signs.has(Signs::CUT_TEXT),
    }
}

fn without_time() -> DecodeError {
    DecodeError::Field { field: "log_line_prefix", rule: "must have a time: %m, %t or %n".to_owned() }
}

fn unreadable() -> DecodeError {
    DecodeError::Form { expected: "a line of PostgreSQL's log", what: "its prefix is not known and no severity follows".to_owned() }
}

fn orphan() -> DecodeError {
    DecodeError::Form { expected: "a line of PostgreSQL's log", what: "what it continues is not there".to_owned() }
}
