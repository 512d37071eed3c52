//! Tells one sink what waits for it, step by step. Time is an argument, so that three days are tried out in a moment.

use crate::database::{Database, DatabaseError};
use crate::model::severity::Severity;
use crate::model::time::{HOUR_MS, MINUTE_MS, Span, Timestamp};
use crate::notify::event::{Event, Message, merged};
use crate::notify::outbox::{self, Became, HeldEvent, Waiting};
use crate::notify::pace::{self, Sent};
use crate::notify::{Held, Notifier, Pace, SendError, Teller};
use crate::random::scatter;
use crate::telemetry::metrics::{Metrics, Told};
use std::time::Duration;
use tokio::runtime::Handle;

/// Events that are looked at together.
const LOOKED_AT: u32 = 500;
/// What ended is told again for so long to sinks that forget.
const ENDED_FOR: i64 = 15 * MINUTE_MS;
/// How long another process waits after this one was last heard of, beside the time of two attempts.
const LEASE: i64 = MINUTE_MS / 2;
/// How often the right to tell is renewed.
const RENEWED: i64 = MINUTE_MS / 6;

/// Tells one sink.
pub struct Worker {
    /// Its name.
    pub name: String,
    /// Whether it names whom a case concerns.
    pub names: bool,
    /// How it wants to be told.
    pub pace: Pace,
    /// The sink.
    pub notifier: Box<dyn Notifier>,
    /// Makes messages.
    pub teller: Teller,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// How long something is tried.
    pub retry_for: Span,
    /// Where the outbox is.
    pub database: Database,
    /// Runs the database's work.
    pub runtime: Handle,
    /// Counts.
    pub metrics: Metrics,
    /// This process.
    pub holder: String,
    /// What it remembers from step to step.
    pub state: State,
}

/// What a worker remembers.
#[derive(Debug, Default)]
pub struct State {
    sent: Sent,
    failures: u32,
    paused_until: i64,
    leased_until: i64,
    renewed_at: i64,
    held_at: i64,
    forgot_at: i64,
    /// A message of several was refused: whom of them it was about is found out one by one.
    one_by_one: usize,
}

/// What to do after a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// There may be more.
    Again,
    /// Nothing before that time, unless something new is put down.
    At(Timestamp),
}

/// What is told next: the event, and those that it stands for.
struct Ready<'a> {
    event: Option<Event>,
    of: Vec<&'a Waiting>,
}

impl Worker {
    /// One step: at most one message.
    pub fn step(&mut self, now: Timestamp) -> Result<Next, DatabaseError> {
        let later = |ms: i64| Ok(Next::At(Timestamp(now.0 + ms)));
        if !self.may_tell(now)? {
            return later(RENEWED);
        }
        self.forget(now)?;
        if now.0 < self.state.paused_until {
            return Ok(Next::At(Timestamp(self.state.paused_until)));
        }
        if let Some(every) = self.pace.repeat
            && now.0 - self.state.held_at >= every.as_millis() as i64
        {
            self.hold(now)?;
            if now.0 < self.state.paused_until {
                return Ok(Next::At(Timestamp(self.state.paused_until)));
            }
        }
        let database = self.database.clone();
        let waiting = self.runtime.block_on(outbox::due(&database, &self.name, now, LOOKED_AT))?;
        if waiting.is_empty() {
            return later(MINUTE_MS / 60);
        }
        let ready = self.ready(&waiting);
        if let Some(until) = self.gathering(&ready, now) {
            return Ok(Next::At(until));
        }
        // What nobody needs to hear any more.
        let (told, untold): (Vec<Ready<'_>>, Vec<Ready<'_>>) = ready.into_iter().partition(|ready| ready.event.is_some());
        if !untold.is_empty() {
            let events: Vec<(Event, Became)> =
                untold.iter().flat_map(|ready| &ready.of).map(|waiting| (waiting.event.clone(), Became::Superseded)).collect();
            self.done(&events, &[], now)?;
            self.count(Told::Superseded, events.len());
        }
        if told.is_empty() {
            return Ok(Next::Again);
        }
        let left = self.state.sent.left(&self.pace, now.0);
        if left == 0 {
            return Ok(Next::At(Timestamp(self.state.sent.next(now.0))));
        }
        let count = if self.state.one_by_one > 0 { 1 } else { pace::gathered(told.len(), left, &self.pace) };
        self.tell(&told[..count], now)?;
        Ok(Next::Again)
    }

    /// Gives the right to tell back.
    pub fn leave(&self) -> Result<(), DatabaseError> {
        let database = self.database.clone();
        self.runtime.block_on(outbox::release(&database, &self.name, &self.holder))
    }

    fn may_tell(&mut self, now: Timestamp) -> Result<bool, DatabaseError> {
        if now.0 < self.state.leased_until && now.0 - self.state.renewed_at < RENEWED {
            return Ok(true);
        }
        let (database, until) = (self.database.clone(), Timestamp(now.0 + LEASE + 2 * self.timeout.as_millis() as i64));
        let has = self.runtime.block_on(outbox::lease(&database, &self.name, &self.holder, now, until))?;
        self.state.leased_until = if has { until.0 } else { 0 };
        self.state.renewed_at = now.0;
        Ok(has)
    }

    fn forget(&mut self, now: Timestamp) -> Result<(), DatabaseError> {
        if now.0 - self.state.forgot_at < HOUR_MS {
            return Ok(());
        }
        self.state.forgot_at = now.0;
        let database = self.database.clone();
        self.runtime.block_on(outbox::forget(&database, &self.name, now))
    }

    /// By case and in order: a journal gets every event, others the last state.
    fn ready<'a>(&self, waiting: &'a [Waiting]) -> Vec<Ready<'a>> {
        if self.pace.journal {
            return waiting.iter().map(|waiting| Ready { event: Some(waiting.event.clone()), of: vec![waiting] }).collect();
        }
        let mut cases: Vec<&str> = Vec::new();
        for waiting in waiting {
            if !cases.contains(&waiting.event.case.as_str()) {
                cases.push(&waiting.event.case);
            }
        }
        let of_case = |case: &str| {
            let of: Vec<&Waiting> = waiting.iter().filter(|waiting| waiting.event.case == case).collect();
            let events: Vec<Event> = of.iter().map(|waiting| waiting.event.clone()).collect();
            Ready { event: merged(&events), of }
        };
        cases.into_iter().map(of_case).collect()
    }

    /// Until when a digest waits for more; `None`: no longer.
    fn gathering(&self, ready: &[Ready<'_>], now: Timestamp) -> Option<Timestamp> {
        let digest = self.pace.digest?.as_millis() as i64;
        let events: Vec<&Event> = ready.iter().flat_map(|ready| &ready.of).map(|waiting| &waiting.event).collect();
        let is_urgent = events.iter().any(|event| event.severity == Severity::Critical && !event.what.is_end());
        let oldest = events.iter().map(|event| event.at).min()?;
        let until = oldest + digest;
        (!is_urgent && now.0 < until).then(|| Timestamp(until.min(now.0 + MINUTE_MS / 60)))
    }

    fn tell(&mut self, told: &[Ready<'_>], now: Timestamp) -> Result<(), DatabaseError> {
        let messages: Vec<Message> =
            told.iter().filter_map(|ready| ready.event.clone()).map(|event| self.teller.message(event, self.names)).collect();
        let held = match self.pace.repeat {
            Some(_) => self.held_by(told, now)?,
            None => Vec::new(),
        };
        let outcome = match self.pace.repeat {
            Some(_) => self.notifier.hold(&self.messages(&held), now),
            None => self.notifier.send(&messages, now),
        };
        // A message that may have been sent counts.
        self.state.sent.note(now.0);
        match outcome {
            Ok(_) => {
                (self.state.failures, self.state.paused_until) = (0, 0);
                self.state.one_by_one = self.state.one_by_one.saturating_sub(1);
                let mut events = Vec::new();
                for ready in told {
                    let last = ready.of.len().saturating_sub(1);
                    let became = |nth: usize| if nth == last { Became::Delivered } else { Became::Superseded };
                    events.extend(ready.of.iter().enumerate().map(|(nth, waiting)| (waiting.event.clone(), became(nth))));
                }
                self.done(&events, &held, now)?;
                self.count(Told::Delivered, told.len());
                self.count(Told::Superseded, events.len() - told.len());
                Ok(())
            }
            Err(error) if error.lasting && told.len() > 1 => {
                tracing::warn!(sink = self.name, %error, messages = told.len(), "a message of several is refused: each is told alone");
                self.state.one_by_one = told.len();
                Ok(())
            }
            Err(error) => self.failed(told, &error, now),
        }
    }

    fn failed(&mut self, told: &[Ready<'_>], error: &SendError, now: Timestamp) -> Result<(), DatabaseError> {
        self.state.one_by_one = self.state.one_by_one.saturating_sub(1);
        let database = self.database.clone();
        let all: Vec<&Waiting> = told.iter().flat_map(|ready| ready.of.iter().copied()).collect();
        let is_over = |waiting: &&Waiting| waiting.first_try.is_some_and(|first| now.0 - first >= self.retry_for.0);
        let (over, again): (Vec<&Waiting>, Vec<&Waiting>) = all.into_iter().partition(|waiting| error.lasting || is_over(waiting));
        if !over.is_empty() {
            let reason = match error.lasting {
                true => error.message.clone(),
                false => format!("not told within {}: {}", self.retry_for, error.message),
            };
            tracing::error!(sink = self.name, %error, events = over.len(), "cases are not told any more: leakwarden notify --again sends them");
            let dead: Vec<(&Event, &str)> = over.iter().map(|waiting| (&waiting.event, reason.as_str())).collect();
            self.runtime.block_on(outbox::died(&database, &self.name, &dead, now))?;
            self.count(if error.lasting { Told::Refused } else { Told::Expired }, dead.len());
        }
        if error.lasting {
            return Ok(());
        }
        self.pause(error, now);
        let due = |waiting: &Waiting| {
            let wait = pace::backoff(waiting.tries + 1, self.chance(&waiting.event.case, waiting.tries, now));
            Timestamp(now.0 + wait.max(error.retry_after.unwrap_or_default()).as_millis() as i64)
        };
        // Of one case together, so that they stay in order.
        let again: Vec<(&Waiting, Timestamp)> = again.into_iter().map(|waiting| (waiting, due(waiting))).collect();
        if !again.is_empty() {
            tracing::warn!(sink = self.name, %error, events = again.len(), failures = self.state.failures, "cases are not told yet; trying again");
            self.runtime.block_on(outbox::failed(&database, &self.name, &again, now))?;
            self.count(Told::Retried, again.len());
        }
        Ok(())
    }

    /// The sink as a whole is left alone for a while: one that is away is not asked for everything that waits.
    fn pause(&mut self, error: &SendError, now: Timestamp) {
        self.state.failures = self.state.failures.saturating_add(1);
        let wait = pace::backoff(self.state.failures, self.chance(&self.name, self.state.failures, now)).as_millis() as i64;
        let wait = wait.max(error.retry_after.unwrap_or(Duration::ZERO).as_millis() as i64);
        self.state.paused_until = now.0 + wait;
    }

    /// Differs from process to process and from try to try.
    fn chance(&self, of: &str, tries: u32, now: Timestamp) -> u64 {
        let hash = blake3::hash(format!("{} {} {of} {tries} {}", self.holder, self.name, now.0).as_bytes());
        scatter(u64::from_le_bytes(std::array::from_fn(|at| hash.as_bytes()[at])))
    }

    fn done(&self, events: &[(Event, Became)], held: &[HeldEvent], now: Timestamp) -> Result<(), DatabaseError> {
        let database = self.database.clone();
        self.runtime.block_on(outbox::done(&database, &self.name, events, held, now))
    }

    fn count(&self, told: Told, n: usize) {
        self.metrics.told(&self.name, told, n as u64);
    }

    fn messages(&self, held: &[HeldEvent]) -> Vec<Held> {
        let message =
            |held: &HeldEvent| Held { message: self.teller.message(held.event.clone(), self.names), ended: held.ended.map(Timestamp) };
        held.iter().map(message).collect()
    }

    /// What holds after these events: each case by its severity, and what it was told by before has ended.
    fn held_by(&self, told: &[Ready<'_>], now: Timestamp) -> Result<Vec<HeldEvent>, DatabaseError> {
        let mut held = Vec::new();
        for event in told.iter().filter_map(|ready| ready.event.as_ref()) {
            let database = self.database.clone();
            let before = self.runtime.block_on(outbox::held_of_case(&database, &self.name, &event.case))?;
            let ends = event.what.is_end();
            let began = before.iter().find(|before| before.event.severity == event.severity).map_or(event.at, |before| before.event.at);
            let is_other = |before: &HeldEvent| ends || before.event.severity != event.severity;
            held.extend(before.into_iter().filter(is_other).map(|before| HeldEvent { ended: Some(now.0), ..before }));
            if !ends {
                held.push(HeldEvent { event: Event { at: began, ..event.clone() }, ended: None });
            }
        }
        Ok(held)
    }

    fn hold(&mut self, now: Timestamp) -> Result<(), DatabaseError> {
        let database = self.database.clone();
        let held = self.runtime.block_on(outbox::held(&database, &self.name, Timestamp(now.0 - ENDED_FOR)))?;
        if !held.is_empty()
            && let Err(error) = self.notifier.hold(&self.messages(&held), now)
        {
            tracing::warn!(sink = self.name, %error, cases = held.len(), "what holds could not be said again");
            self.pause(&error, now);
            return Ok(());
        }
        self.state.held_at = now.0;
        Ok(())
    }
}
