//! The sessions that are open in the log, each with the cursors, prepared statements and lines it may still need.
//!
//! Memory is bounded: of too many sessions, cursors or statements the oldest go, and what was held back for them is emitted.
//! What is held back goes by time, too: where the other sessions of the log have gone on and this one has not, its last statement is
//! told of. A statement that has ended waits for moments, as all that a server says at an end it says at once; one that may still run
//! waits for long, as its rows and its error come at its end. Lines that come later all the same join what was told.

use crate::decode::postgresql::assemble::Session;
use crate::decode::postgresql::line::Line;
use crate::decode::{Decoded, Emit, Ignored, IgnoredReason};
use crate::model::access::Position;
use crate::model::time::{Span, Timestamp};
use hashbrown::HashMap;
use std::collections::VecDeque;

/// Most sessions that are kept at a time.
const MOST_SESSIONS: usize = 10_000;

/// How long a session is silent before its last statement, which has ended, is told of.
const ENDED: Span = Span::seconds(5);
/// The same for one that may still run: half of the time for which records are waited for, unless that is configured.
const RUNNING: Span = Span::minutes(10);

/// The open sessions of one log.
#[derive(Default)]
pub(super) struct Sessions {
    /// By their ids, as places in `open`.
    by_id: HashMap<String, usize>,
    /// Places of sessions that are closed are taken again.
    open: Vec<Option<OpenSession>>,
    free: Vec<usize>,
    /// How many lines were taken.
    clock: u64,
    /// Sessions that were not asked since they were heard of, the longest silent first: for statements that have ended, and for all.
    waiting: [Silence; 2],
}

/// When sessions were heard of, oldest first. One that was heard of again stands there again; what it said before counts no more.
#[derive(Default)]
struct Silence(VecDeque<(u64, usize)>);

impl Silence {
    fn hear(&mut self, clock: u64, at: usize, open: &[Option<OpenSession>]) {
        self.0.push_back((clock, at));
        // Each line adds one and a session needs one: the rest is thrown out when it is the greater part.
        if self.0.len() > 2 * open.len() + 64 {
            self.0.retain(|(clock, at)| heard(open, *at) == Some(*clock));
        }
    }

    /// The session that is silent for the longest time, of those not asked.
    fn longest(&mut self, open: &[Option<OpenSession>]) -> Option<usize> {
        while let Some((clock, at)) = self.0.front().copied() {
            if heard(open, at) == Some(clock) {
                return Some(at);
            }
            self.0.pop_front();
        }
        None
    }
}

/// When a session was heard of last.
fn heard(open: &[Option<OpenSession>], at: usize) -> Option<u64> {
    open.get(at)?.as_ref().map(|open| open.heard)
}

struct OpenSession {
    id: String,
    heard: u64,
    time: Timestamp,
    session: Session,
    /// Lines of which nothing was told yet, and what they are if nothing ever is.
    untold: Vec<(Position, IgnoredReason)>,
}

impl OpenSession {
    /// Says of lines that are held no more, and of which nothing was told, why they are passed over.
    fn pass_over(&mut self, told: &[Position], emit: &mut Emit<'_>) {
        let session = &self.session;
        self.untold.retain(|(position, reason)| {
            if told.contains(position) {
                return false;
            }
            let held = session.holds(*position);
            if !held {
                emit(Decoded::Ignored(Ignored { position: *position, lines: 1, reason: *reason }));
            }
            held
        });
    }
}

/// Hands on what is emitted, and notes of which lines it tells.
fn noting<'n>(told: &'n mut Vec<Position>, emit: &'n mut Emit<'_>) -> impl FnMut(Decoded<'_>) + 'n {
    |decoded| {
        told.extend(decoded.fate().map(|(position, _)| position));
        emit(decoded);
    }
}

/// What a line is of which nothing is told by itself.
fn reason(line: &Line<'_>) -> IgnoredReason {
    let message = line.message.as_ref();
    let starts = |words: &[&str]| words.iter().any(|word| message.starts_with(word));
    match () {
        () if line.statement.is_some() || starts(&["AUDIT: ", "duration: ", "statement: ", "execute "]) => IgnoredReason::Continuation,
        () if starts(&["connection ", "disconnection: ", "断开连接", "could not receive data from client", "unexpected EOF on client"]) => {
            IgnoredReason::Session
        }
        () if message.contains("replication") => IgnoredReason::ReplicationStatus,
        () => IgnoredReason::ServerMessage,
    }
}

impl Sessions {
    /// Takes the next line of the log.
    pub(super) fn take(&mut self, line: &Line<'_>, emit: &mut Emit<'_>) {
        self.settle(line.time, emit);
        self.clock += 1;
        let at = match self.by_id.get(line.session.as_ref()) {
            Some(at) => *at,
            None => self.open(&line.session, line.time, emit),
        };
        let Some(open) = &mut self.open[at] else { return };
        (open.heard, open.time) = (self.clock, line.time);
        let mut told = Vec::new();
        let closes = open.session.take(line, &mut noting(&mut told, emit));
        // Of what is held as a statement and then told by nothing, no data was touched.
        let held = open.session.holds(line.position);
        open.untold.push((line.position, if held { IgnoredReason::NotDataAccess } else { reason(line) }));
        open.pass_over(&told, emit);
        if closes {
            self.close(at);
            return;
        }
        for waiting in &mut self.waiting {
            waiting.hear(self.clock, at, &self.open);
        }
    }

    /// A place for a session that was not heard of.
    fn open(&mut self, id: &str, time: Timestamp, emit: &mut Emit<'_>) -> usize {
        self.make_room(emit);
        let at = self.free.pop().unwrap_or(self.open.len());
        if at == self.open.len() {
            self.open.push(None);
        }
        self.open[at] = Some(OpenSession { id: id.to_owned(), heard: self.clock, time, session: Session::default(), untold: Vec::new() });
        self.by_id.insert(id.to_owned(), at);
        at
    }

    /// Tells of the last statements of sessions that have been silent for long. Each silence of a session is looked at twice.
    fn settle(&mut self, now: Timestamp, emit: &mut Emit<'_>) {
        for (waiting, (silence, ended)) in self.waiting.iter_mut().zip([(ENDED, true), (RUNNING, false)]) {
            while let Some(at) = waiting.longest(&self.open)
                && let Some(open) = &mut self.open[at]
                && open.time + silence < now
            {
                waiting.0.pop_front();
                let mut told = Vec::new();
                open.session.tell(ended, &mut noting(&mut told, emit));
                open.pass_over(&told, emit);
            }
        }
    }

    /// Emits what every session holds back, in the order of the log.
    pub(super) fn flush(&mut self, emit: &mut Emit<'_>) {
        let mut records = Vec::new();
        for open in self.open.iter_mut().flatten() {
            open.session.end(&mut records);
        }
        records.sort_by_key(|record| record.position);
        let told: Vec<Position> = records.iter().map(|record| record.position).collect();
        records.into_iter().map(Into::into).for_each(&mut *emit);
        for open in self.open.iter_mut().flatten().filter(|open| !open.untold.is_empty()) {
            // They are in order.
            open.untold.retain(|(position, _)| told.binary_search(position).is_err());
            open.pass_over(&[], emit);
        }
    }

    fn close(&mut self, at: usize) -> Option<OpenSession> {
        let open = self.open.get_mut(at)?.take()?;
        self.by_id.remove(&open.id);
        self.free.push(at);
        Some(open)
    }

    /// Of too many sessions a tenth goes, the longest silent.
    fn make_room(&mut self, emit: &mut Emit<'_>) {
        if self.by_id.len() < MOST_SESSIONS {
            return;
        }
        let mut silent: Vec<(u64, usize)> = (0..self.open.len()).filter_map(|at| heard(&self.open, at).map(|clock| (clock, at))).collect();
        silent.sort_unstable();
        for (_, at) in silent.into_iter().take(MOST_SESSIONS / 10) {
            let Some(mut open) = self.close(at) else { continue };
            let mut records = Vec::new();
            open.session.end(&mut records);
            let told: Vec<Position> = records.iter().map(|record| record.position).collect();
            records.into_iter().map(Into::into).for_each(&mut *emit);
            open.pass_over(&told, emit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Codec, Format, Raw, Settings, postgresql};
    use crate::model::access::RecordHash;
    use std::sync::Arc;

    /// Twenty days of sessions that work for moments and are silent for hours, in the order of time. Of each line the time in seconds,
    /// the session and the message.
    fn days() -> Vec<(i64, u64, String)> {
        let mut lines = Vec::new();
        for (session, every) in [(1, 7_207), (2, 11_003), (3, 3_607), (4, 60_013), (5, 613)] {
            for (number, at) in (session as i64 * 97..20 * 86_400).step_by(every).enumerate() {
                let text = format!("SELECT name FROM crm.customers WHERE id = {number}");
                let all: Vec<(i64, String)> = match session {
                    1 => vec![(at, format!("AUDIT: SESSION,{},1,READ,SELECT,,,{text},<none>,1", number + 1))],
                    2 => vec![(at, format!("AUDIT: SESSION,{},1,READ,SELECT,,,{text},<none>", number + 1))],
                    3 => vec![(at, format!("statement: {text}")), (at + 40, format!("duration: 40000.1 ms  plan: {}", plan(&text)))],
                    4 => vec![(at, format!("statement: {text}"))],
                    _ => vec![(at, format!("duration: 1.0 ms  statement: {text}"))],
                };
                lines.extend(all.into_iter().map(|(at, message)| (at, session, message)));
            }
        }
        lines.sort_by_key(|(at, _, _)| *at);
        lines
    }

    fn plan(text: &str) -> String {
        format!(r#"{{"Query Text": "{text}", "Plan": {{"Node Type": "Seq Scan", "Actual Rows": 1, "Actual Loops": 1}}}}"#)
    }

    /// How many records of the days there are, of how many session 3 tells the row, and by how much the latest lags behind.
    fn lag(format: &'static Format, write: impl Fn(&str, u64, usize, &str) -> String) -> (usize, usize, Span) {
        let mut decoder = Codec::named(format, Arc::new(Settings::default())).decoder();
        let (mut latest, mut lag, mut count, mut told) = (Timestamp::FIRST, Span(0), 0, 0);
        let start = Timestamp::parse("2026-03-02T00:00:00Z").expect("is a time");
        let mut keep = |decoded: Decoded<'_>| {
            if let Decoded::Record(record) = decoded {
                latest = latest.max(record.time);
                lag = lag.max(Span(latest.0 - record.time.0));
                count += 1;
                told += usize::from(record.plan.is_some() && record.rows == Some(1));
            }
        };
        for (at, (seconds, session, message)) in days().into_iter().enumerate() {
            let time = (start + Span::seconds(seconds)).to_string().replace('T', " ").replace('Z', " UTC");
            let line = write(&time, session, at, &message);
            let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), RecordHash::default());
            decoder.decode(raw, &mut keep).expect("is a line");
        }
        decoder.flush(&mut keep);
        (count, told, lag)
    }

    #[test]
    fn history_in_order_comes_in_order() {
        let statements = days().iter().filter(|(_, _, message)| !message.contains("plan: ")).count();
        let plans = days().len() - statements;
        let json = |time: &str, session: u64, at: usize, message: &str| {
            serde_json::json!({"timestamp": time, "user": "li", "dbname": "crm", "session_id": format!("69a52d80.{session}"), "line_num": at,
                               "error_severity": "LOG", "message": message})
            .to_string()
        };
        let stderr = |time: &str, session: u64, _: usize, message: &str| format!("{time} [{session}] li@crm LOG:  {message}");
        for (count, told, lag) in [lag(&postgresql::JSONLOG, json), lag(&postgresql::STDERR, stderr)] {
            assert_eq!((count, told), (statements, plans), "each statement once, a long one with the rows that its end told");
            assert!(lag <= Span::minutes(20), "{lag:?}: later than records are waited for");
        }
    }

    #[test]
    fn what_comes_after_a_statement_was_told_of_tells_nothing_twice() {
        let text = "SELECT name FROM crm.customers";
        let lines = [
            (0, 1, format!("statement: {text}")),
            (700, 2, "statement: SELECT 1".to_owned()),
            (1_400, 1, format!("duration: 1400000.0 ms  plan: {}", plan(text))),
            (1_400, 1, format!("duration: 1400000.0 ms  statement: {text}")),
            (1_401, 1, format!("statement: {text}")),
        ];
        let mut decoder = Codec::named(&postgresql::STDERR, Arc::new(Settings::default())).decoder();
        let mut seen = Vec::new();
        let mut keep = |decoded: Decoded<'_>| {
            seen.extend(decoded.record().map(|record| (record.statement.as_deref().unwrap_or("").to_owned(), record.time)));
        };
        let start = Timestamp::parse("2026-03-02T00:00:00Z").expect("is a time");
        for (at, (seconds, session, message)) in lines.iter().enumerate() {
            let time = (start + Span::seconds(*seconds)).to_string().replace('T', " ").replace('Z', " UTC");
            let line = format!("{time} [{session}] li@crm LOG:  {message}");
            decoder.decode(Raw::new(line.as_bytes(), Position(at as u64 + 1), RecordHash::default()), &mut keep).expect("is a line");
        }
        decoder.flush(&mut keep);
        assert_eq!(seen.iter().filter(|(told, _)| told == text).count(), 2, "{seen:?}");
    }
}
