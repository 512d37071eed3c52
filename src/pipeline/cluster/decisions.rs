//! Decisions of people in a cluster: every process reads their topic, and the one that has the coordinator sends what is new through the
//! topic of the tasks' reports, by whose order all processes come to the same.

use crate::config::schema::Config;
use crate::model::decision::Decision;
use crate::model::decision::outcome::{DecisionNote, DecisionOutcome};
use crate::model::decision::parse::Taken;
use crate::model::keys::Keys;
use crate::model::time::{HOUR_MS, Timestamp};
use crate::pipeline::decisions::contents::Contents;
use crate::pipeline::decisions::file::{self, BadLines};
use crate::pipeline::decisions::letters::DecisionLetters;
use crate::pipeline::decisions::topic::{TopicDecisions, TopicLog};
use crate::pipeline::service::record_counts;
use crate::sink::dead_letters::DeadLetter;
use crate::stream::coordinator::Coordinator;
use crate::telemetry::metrics::Metrics;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What is known of the topic, and what is to be written to it.
pub struct ClusterDecisions {
    topic: TopicDecisions,
    name: String,
    log: TopicLog,
    is_complete: bool,
    all: Vec<Decision>,
    /// From when on those that came late are in force.
    taken: BTreeMap<String, Timestamp>,
    bad: BadLines,
    letters: DecisionLetters,
    /// Notes that are not written yet.
    unwritten: Vec<Taken>,
    try_again: Option<Instant>,
}

/// After so long a note is tried again that could not be written.
const RETRY: Duration = Duration::from_secs(5);

impl ClusterDecisions {
    /// Starts to read the topic of a configuration; `None` where it names none.
    pub fn start(config: &Config, letters: Option<DecisionLetters>) -> anyhow::Result<Option<ClusterDecisions>> {
        let (Some(kafka), Some(letters)) = (config.decisions_topic(), letters) else { return Ok(None) };
        let name = kafka.topics.first().cloned().unwrap_or_default();
        let log = TopicLog::new(&kafka)?;
        let topic = TopicDecisions::start(kafka).context("cannot start to read decisions")?;
        let (taken, bad) = (BTreeMap::new(), BadLines::default());
        Ok(Some(ClusterDecisions {
            topic,
            name,
            log,
            is_complete: false,
            all: Vec::new(),
            taken,
            bad,
            letters,
            unwritten: Vec::new(),
            try_again: None,
        }))
    }

    /// Takes what has come. No hour is replied to before all is known that the topic held at the start.
    pub fn read(&mut self, metrics: &Metrics) {
        let (fresh, is_complete) = self.topic.take();
        self.is_complete |= is_complete;
        for contents in fresh {
            self.letters.note(&contents, metrics);
            let Contents { decisions, taken, bad } = contents;
            self.bad.note(&self.name, &bad, metrics);
            self.all.extend(decisions);
            for (id, taken) in taken {
                self.taken.entry(id).or_insert(taken.from);
            }
        }
    }

    /// Gives the coordinator what it does not know.
    pub fn give_to(&mut self, coordinator: &mut Coordinator, metrics: &Metrics) {
        coordinator.hold(!self.is_complete);
        if self.is_complete {
            for decision in &self.all {
                coordinator.submit(decision, self.taken.get(&decision.id).copied());
            }
        }
        let notes = coordinator.take_decision_notes();
        file::tell(&notes, metrics);
        let is_late = |note: &DecisionNote| note.outcome == DecisionOutcome::Late && !self.taken.contains_key(&note.id);
        let late = notes.into_iter().filter(is_late).map(|note| Taken { of: note.id, from: Timestamp(note.hour * HOUR_MS) });
        self.unwritten.extend(late.collect::<Vec<_>>());
        record_counts::count_silenced(coordinator.take_silence_counts(), metrics);
    }

    /// Letters of lines that are no decisions: every process reads them, and the one that has the coordinator keeps them.
    pub fn take_letters(&mut self, keys: &Keys, metrics: &Metrics) -> Vec<DeadLetter> {
        self.letters.take(keys, metrics)
    }

    /// Another process has the coordinator.
    pub fn leave_letters(&mut self) {
        let left = self.letters.leave_older();
        if left > 0 {
            tracing::warn!(lines = left, "messages that are no decisions are left to the process that keeps dead letters now");
        }
    }

    /// Writes down what came late: for replays, since all processes here know it by its place in the log.
    pub fn write(&mut self, now: Instant) {
        if self.try_again.is_some_and(|again| now < again) {
            return;
        }
        while let Some(taken) = self.unwritten.first() {
            if let Err(error) = self.log.append_taken(taken) {
                self.try_again = Some(now + RETRY);
                tracing::error!(%error, "from when on a decision is in force cannot be written to the topic {}", self.name);
                return;
            }
            self.unwritten.remove(0);
        }
    }
}
