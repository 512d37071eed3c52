//! Processes that read and write the log, and what may befall them.

use crate::company::Company;
use crate::log::Log;
use leakwarden::engine::Sequential;
use leakwarden::engine::output::ToldAlert;
use leakwarden::engine::partition_events::LossCounts;
use leakwarden::model::alert::AlertState;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{HOUR_MS, Span, Timestamp};
use leakwarden::model::topic::TopicPartition;
use leakwarden::population::sources::outages::SourceOutages;
use leakwarden::random::SplitMix64;
use leakwarden::stream::authentication::{MessageSeal, MessageSealer, SealKey, WriterId};
use leakwarden::stream::committed::SavedStates;
use leakwarden::stream::input_partition::{DecodedInput, InputPosition};
use leakwarden::stream::node::{Effect, Layout, Message, Node, Show, StateLoss};
use leakwarden::stream::restore::CachedLog;
use leakwarden::stream::{InternalTopic, OutgoingRecord};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub const TASKS: i32 = 3;

/// The key that all processes have.
pub fn seal_key() -> SealKey {
    SealKey::new([7; 32])
}

/// What a run led to.
pub struct Outcome {
    /// Settled alerts by id and revision.
    pub alerts: BTreeMap<(String, u32), String>,
    /// What was shown before it settled, by id and number.
    pub shown: BTreeMap<(String, u64), String>,
    /// Alerts that were taken back.
    pub retracted: BTreeSet<String>,
    /// Of those that were shown, those that were not taken back behind that.
    pub stands: BTreeSet<String>,
    /// Hashes of the state of each task and of the coordinator.
    pub states: Vec<String>,
    /// Alerts that opened or reached a severity, as it is counted.
    pub news: Vec<(String, Severity)>,
    /// Hours that may lack records, as each task has heard of the sources.
    pub lost_hours: BTreeSet<Vec<i64>>,
    /// Every event, as a number.
    pub events: Vec<u32>,
    pub crashes: usize,
    pub zombies: usize,
    /// Restores that began with a cache.
    pub cached: usize,
    /// Caches that were given up.
    pub refused: usize,
    /// Messages of an intruder, and messages that were refused, each by everybody who read it.
    pub intrusions: usize,
    pub passed_over: u64,
    /// States that were not what had been saved.
    pub losses: Vec<StateLoss>,
}

/// A message that was sent, with its number and its seal.
type SentMessage = (u64, OutgoingRecord, MessageSeal);

struct Process {
    node: Node,
    /// Sent, not in the log yet. Messages of one partition stay in order.
    sending: BTreeMap<(InternalTopic, i32), VecDeque<SentMessage>>,
    /// In the log, not acknowledged yet.
    acknowledging: VecDeque<(u64, i64)>,
    /// Given to the sinks, not acknowledged yet.
    delivering: VecDeque<u64>,
    follows: BTreeMap<(InternalTopic, i32), i64>,
    inputs: BTreeMap<TopicPartition, i64>,
    /// It believes to have these.
    tasks: Vec<i32>,
    /// Stopped for so many events: the group takes it for dead.
    stopped: usize,
}

pub struct World<'a> {
    company: &'a Company,
    pub(crate) dice: SplitMix64,
    pub(crate) log: Log,
    processes: Vec<Process>,
    /// Whom the group has given each task and input partition, by place in `processes`.
    tasks: BTreeMap<i32, usize>,
    inputs: BTreeMap<TopicPartition, usize>,
    committed: BTreeMap<TopicPartition, InputPosition>,
    /// How far states are saved, as the group knows it.
    pub(crate) saved: BTreeMap<i32, SavedStates>,
    /// What machines had read of a partition of the state, each at some time: they keep it for long.
    caches: Vec<(i32, CachedLog)>,
    pub(crate) outcome: Outcome,
    /// Whether an intruder writes all the time.
    pub(crate) besieged: bool,
    /// Whether states may be other than they were saved.
    pub(crate) forgiving: bool,
    /// The time of day.
    clock: Timestamp,
}

impl<'a> World<'a> {
    pub fn new(company: &'a Company, seed: u64) -> World<'a> {
        let outcome = Outcome {
            alerts: BTreeMap::new(),
            shown: BTreeMap::new(),
            retracted: BTreeSet::new(),
            stands: BTreeSet::new(),
            states: Vec::new(),
            news: Vec::new(),
            lost_hours: BTreeSet::new(),
            events: Vec::new(),
            crashes: 0,
            zombies: 0,
            cached: 0,
            refused: 0,
            intrusions: 0,
            passed_over: 0,
            losses: Vec::new(),
        };
        World {
            company,
            dice: SplitMix64::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)),
            log: Log::default(),
            processes: Vec::new(),
            tasks: BTreeMap::new(),
            inputs: BTreeMap::new(),
            committed: BTreeMap::new(),
            saved: BTreeMap::new(),
            caches: Vec::new(),
            outcome,
            besieged: false,
            forgiving: false,
            clock: Timestamp::default(),
        }
    }

    /// One process, to which nothing happens.
    pub fn in_peace(mut self) -> Outcome {
        self.start();
        self.rebalance();
        self.until_the_end()
    }

    /// Up to four processes, to which much happens; then peace.
    pub fn in_trouble(mut self) -> Outcome {
        for _ in 0..1 + self.dice.below(3) {
            self.start();
        }
        self.rebalance();
        let events = 2_000 + self.dice.below(4_000);
        for _ in 0..events {
            self.event();
        }
        for at in 0..self.processes.len() {
            self.processes[at].stopped = 0;
        }
        self.rebalance();
        self.until_the_end()
    }

    fn layout(&self) -> Layout {
        Layout { tasks: TASKS, inputs: self.company.inputs.keys().cloned().collect() }
    }

    fn process(&mut self) -> Process {
        let writer = WriterId::new(self.outcome.events.len() as i64, self.dice.number());
        Process {
            node: Node::new(self.company.context.clone(), self.layout(), MessageSealer::new(seal_key(), writer)),
            sending: BTreeMap::new(),
            acknowledging: VecDeque::new(),
            delivering: VecDeque::new(),
            follows: BTreeMap::new(),
            inputs: BTreeMap::new(),
            tasks: Vec::new(),
            stopped: 0,
        }
    }

    pub(crate) fn start(&mut self) {
        let process = self.process();
        self.processes.push(process);
    }

    /// The group gives everything out anew. Processes that run hear what they lose before others hear what they get; those that
    /// are stopped hear nothing, and go on as before once they go on.
    pub(crate) fn rebalance(&mut self) {
        let awake: Vec<usize> = (0..self.processes.len()).filter(|at| self.processes[*at].stopped == 0).collect();
        if awake.is_empty() {
            return;
        }
        let mut changes = Vec::new();
        for task in 0..TASKS {
            let to = awake[self.dice.below(awake.len())];
            if self.tasks.insert(task, to) != Some(to) || !self.processes[to].tasks.contains(&task) {
                changes.push((task, to));
            }
        }
        let names: Vec<TopicPartition> = self.company.inputs.keys().cloned().collect();
        let mut inputs = Vec::new();
        for name in names {
            let to = awake[self.dice.below(awake.len())];
            if self.inputs.insert(name.clone(), to) != Some(to) || !self.processes[to].inputs.contains_key(&name) {
                inputs.push((name, to));
            }
        }
        for at in awake {
            self.hear_revoked(at);
        }
        for (task, to) in changes {
            if !self.processes[to].tasks.contains(&task) {
                self.processes[to].tasks.push(task);
            }
            self.processes[to].node.assign(task, self.saved.get(&task).copied().unwrap_or_default());
        }
        for (name, to) in inputs {
            let resume = self.committed.get(&name).copied().unwrap_or(InputPosition::default());
            let end = self.log.end(InternalTopic::Ticks, 0);
            self.processes[to].node.assign_input(name, resume, end);
        }
    }

    /// A process learns what is no longer its own.
    fn hear_revoked(&mut self, at: usize) {
        let process = &mut self.processes[at];
        let gone: Vec<i32> = process.tasks.iter().copied().filter(|task| self.tasks.get(task) != Some(&at)).collect();
        for task in gone {
            process.node.revoke(task);
            process.tasks.retain(|own| *own != task);
        }
        let gone: Vec<TopicPartition> = process.inputs.keys().filter(|name| self.inputs.get(*name) != Some(&at)).cloned().collect();
        for name in gone {
            process.node.revoke_input(&name);
            process.inputs.remove(&name);
        }
    }

    /// One event, chosen by the dice.
    fn event(&mut self) {
        if self.besieged && self.dice.once_in(3) {
            self.intrude();
        }
        let at = self.dice.below(self.processes.len());
        let kind = self.dice.below(1_000);
        self.outcome.events.push((at * 1_000 + kind) as u32);
        if self.processes[at].stopped > 0 {
            self.processes[at].stopped -= 1;
            if self.processes[at].stopped == 0 && self.dice.once_in(3) {
                // It notices at once; otherwise it goes on as a zombie until the next rebalance.
                self.hear_revoked(at);
            }
            return;
        }
        match kind {
            0..300 => self.read(at, 1 + self.dice.clone().below(40)),
            300..520 => self.read_input(at, 1 + self.dice.clone().below(25)),
            520..700 => self.write(at, 1 + self.dice.clone().below(60)),
            700..820 => self.acknowledge(at, 60),
            820..950 => self.step(at),
            950..970 => {
                self.processes[at].node.checkpoint(&Sequential);
                self.take_effects(at);
            }
            970..975 => self.log.compact(&mut self.dice),
            975..978 => {
                let part = self.dice.below(TASKS as usize + 1) as i32;
                self.caches.push((part, self.log.cached(InternalTopic::State, part, &mut self.dice)));
            }
            978..984 => self.crash(at),
            998..1_000 => self.intrude(),
            984..988 => {
                if self.processes.len() < 4 {
                    self.start();
                }
                self.rebalance();
            }
            988..992 => {
                self.processes[at].stopped = 20 + self.dice.below(300);
                self.outcome.zombies += 1;
                self.rebalance();
            }
            992..996 => {
                let inputs: Vec<TopicPartition> = self.processes[at].inputs.keys().cloned().collect();
                // Ticks are true to the order of records only while nobody is behind; an input partition at its end is silent.
                let silent: Vec<TopicPartition> =
                    inputs.into_iter().filter(|name| self.processes[at].inputs[name] as usize >= self.company.inputs[name].len()).collect();
                self.processes[at].node.advance_idle(&silent);
                self.take_effects(at);
            }
            _ => {
                self.processes[at].node.publish_watermarks();
                self.take_effects(at);
            }
        }
    }

    /// The process is gone. What it had sent may or may not have reached the log, in order.
    pub(crate) fn crash(&mut self, at: usize) {
        self.outcome.crashes += 1;
        let mut sending = std::mem::take(&mut self.processes[at].sending);
        for messages in sending.values_mut() {
            for _ in 0..self.dice.below(messages.len() + 1) {
                if let Some((_, send, seal)) = messages.pop_front() {
                    self.log.append(send, Some(&seal));
                }
            }
        }
        self.processes[at] = self.process();
        self.tasks.retain(|_, of| *of != at);
        self.inputs.retain(|_, of| *of != at);
        if self.dice.once_in(2) {
            self.rebalance();
        }
    }

    fn read(&mut self, at: usize, many: usize) {
        let follows: Vec<(InternalTopic, i32)> = self.processes[at].follows.keys().copied().collect();
        let Some(&(topic, partition)) = self.dice.pick(&follows) else { return };
        self.read_from(at, topic, partition, many);
        self.take_effects(at);
    }

    fn read_from(&mut self, at: usize, topic: InternalTopic, partition: i32, many: usize) -> bool {
        let mut moved = false;
        for _ in 0..many {
            let process = &mut self.processes[at];
            let Some(next) = process.follows.get(&(topic, partition)).copied() else { return moved };
            let Some((offset, (key, value, seal))) = self.log.at(topic, partition, next) else { return moved };
            process.follows.insert((topic, partition), offset + 1);
            let message = Message { offset, key, value: value.as_deref(), seal: seal.as_deref() };
            self.clock = self.clock + Span(1_000);
            process.node.message(topic, partition, message, Some(Show { arrived: Timestamp::default(), now: self.clock }));
            moved = true;
            // What it leads to may change what is followed.
            if topic == InternalTopic::State {
                self.take_effects(at);
            }
        }
        moved
    }

    fn read_input(&mut self, at: usize, many: usize) {
        let inputs: Vec<TopicPartition> = self.processes[at].inputs.keys().cloned().collect();
        let Some(name) = self.dice.pick(&inputs).cloned() else { return };
        self.read_input_of(at, &name, many);
    }

    fn read_input_of(&mut self, at: usize, name: &TopicPartition, many: usize) -> bool {
        let records = &self.company.inputs[name];
        let mut moved = false;
        for _ in 0..many {
            let Some(offset) = self.processes[at].inputs.get(name).copied() else { break };
            let Some(access) = records.get(offset as usize) else { break };
            let losses = u64::from(self.company.lost.as_ref().is_some_and(|(of, before)| of == name && *before == offset as usize));
            let losses = LossCounts { losses, ..LossCounts::default() };
            let content =
                DecodedInput { accesses: vec![access.clone()], losses, believed: Some(Timestamp::END), ..DecodedInput::default() };
            self.processes[at].node.record(name, offset, content);
            self.processes[at].inputs.insert(name.clone(), offset + 1);
            moved = true;
        }
        self.take_effects(at);
        moved
    }

    fn write(&mut self, at: usize, many: usize) {
        for _ in 0..many {
            let open: Vec<(InternalTopic, i32)> =
                self.processes[at].sending.iter().filter(|(_, messages)| !messages.is_empty()).map(|(which, _)| *which).collect();
            let Some(which) = self.dice.pick(&open) else { return };
            let process = &mut self.processes[at];
            let (ticket, send, seal) = process.sending.get_mut(which).and_then(VecDeque::pop_front).expect("there is one");
            let offset = self.log.append(send, Some(&seal));
            process.acknowledging.push_back((ticket, offset));
        }
    }

    fn acknowledge(&mut self, at: usize, many: usize) {
        let process = &mut self.processes[at];
        for _ in 0..many {
            if process.acknowledging.is_empty() {
                break;
            }
            // Acknowledgements of different partitions come in any order.
            let which = self.dice.below(process.acknowledging.len().min(4));
            let (ticket, offset) = process.acknowledging.remove(which).expect("it is there");
            process.node.acknowledged(ticket, offset);
        }
        for ticket in process.delivering.drain(..) {
            process.node.acknowledged(ticket, 0);
        }
        self.take_effects(at);
    }

    /// What a process commits of its tasks, which the group takes of their owner alone.
    fn commit_saved(&mut self, at: usize) {
        for (task, _) in self.processes[at].node.tasks() {
            if self.tasks.get(&task) == Some(&at) {
                let states = self.processes[at].node.saved_states(task);
                self.saved.insert(task, states);
            }
        }
        self.outcome.passed_over += self.processes[at].node.take_refused().total();
        let losses = self.processes[at].node.take_losses();
        assert!(self.forgiving || losses.is_empty(), "nobody has touched the states: {losses:?}");
        self.outcome.losses.extend(losses);
    }

    /// A state of which all was read, and which is not whole, is started as it is.
    fn start_in_part(&mut self, at: usize) {
        for (part, next) in self.processes[at].node.restoring() {
            if next >= self.log.end(InternalTopic::State, part) || self.log.at(InternalTopic::State, part, next).is_none() {
                assert!(self.forgiving, "state {part} is whole");
                self.processes[at].node.start_in_part(part);
                self.take_effects(at);
            }
        }
        let (tasks, next) = self.processes[at].node.lacking_replies();
        if self.log.at(InternalTopic::Baselines, 0, next).is_none() {
            for task in tasks {
                assert!(self.forgiving, "replies to task {task} are there");
                self.processes[at].node.go_on_without_reply(task);
            }
        }
    }

    fn step(&mut self, at: usize) {
        if let Some(coordinator) = self.processes[at].node.coordinator_mut() {
            for decision in &self.company.decisions {
                coordinator.submit(decision, None);
            }
        }
        let outcome = self.processes[at].node.step(&Sequential);
        outcome.unwrap_or_else(|error| panic!("process {at}: {error}"));
        self.clock = self.clock + Span(1_000);
        self.processes[at].node.reconcile(self.clock);
        self.commit_saved(at);
        self.take_effects(at);
    }

    fn take_effects(&mut self, at: usize) {
        let mut recalled = Vec::new();
        for effect in self.processes[at].node.effects() {
            let process = &mut self.processes[at];
            match effect {
                Effect::Produce(ticket, send, seal) => {
                    process.sending.entry((send.topic, send.partition)).or_default().push_back((ticket, send, seal));
                }
                Effect::Alerts(ticket, alerts) => {
                    process.delivering.push_back(ticket);
                    alerts.iter().for_each(|told| self.outcome.note(told));
                }
                Effect::Provisional(arrived, alerts) => {
                    let retracted = alerts.iter().filter(|told| told.alert.state == AlertState::Retracted).count();
                    // Only what an access caused has a time of arrival, from which latency is measured.
                    assert_eq!(retracted, if arrived.is_some() { 0 } else { alerts.len() });
                    alerts.iter().for_each(|told| self.outcome.note_shown(told));
                }
                Effect::Consume(topic, partition, from) => {
                    process.follows.insert((topic, partition), from);
                }
                Effect::LoadCache(part) => recalled.push(part),
                Effect::DiscardCache(..) => self.outcome.refused += 1,
                Effect::Restored(_, read) => self.outcome.cached += usize::from(read.cached > 0),
                Effect::ReleaseCache(_) => {}
                Effect::StopConsuming(topic, partition) => {
                    process.follows.remove(&(topic, partition));
                }
                Effect::ConsumeInput(name, from) => {
                    process.inputs.insert(name, from);
                }
                Effect::Commit(name, resume) => {
                    // The group refuses what a process that was taken for dead commits.
                    if self.inputs.get(&name) == Some(&at) {
                        self.committed.insert(name, resume);
                    }
                }
            }
        }
        for part in recalled {
            let cached = self.recalled(part);
            let name = self.dice.number().to_be_bytes();
            self.processes[at].node.cache_loaded(part, cached, [name, name].as_flattened().try_into().expect("16 bytes"));
            self.take_effects(at);
        }
    }

    /// What the machine has cached, of any time; now and then that of another log.
    fn recalled(&mut self, part: i32) -> Option<CachedLog> {
        let caches: Vec<&CachedLog> = self.caches.iter().filter(|(of, _)| *of == part).map(|(_, cached)| cached).collect();
        match self.dice.below(10) {
            0 => None,
            1 => self.dice.pick(&self.caches).map(|(_, cached)| cached.clone()),
            _ => self.dice.pick(&caches).map(|cached| (*cached).clone()),
        }
    }

    /// No more trouble: everything is read and settled.
    pub(crate) fn until_the_end(mut self) -> Outcome {
        let mut quiet = 0;
        let mut rounds = 0;
        while quiet < 4 {
            rounds += 1;
            assert!(rounds < 5_000, "it comes to no end: {}", self.standing());
            let before = self.progress();
            self.round(rounds);
            quiet = if self.progress() == before && rounds % 5 != 0 { quiet + 1 } else { 0 };
        }
        if std::env::var_os("LEAKWARDEN_STANDING").is_some() {
            eprintln!("after {rounds} rounds: {}", self.standing());
        }
        let mut states: Vec<String> = Vec::new();
        for process in std::mem::take(&mut self.processes) {
            if let Some(coordinator) = process.node.coordinator() {
                states.push(format!("coordinator {:?}", coordinator.digest()));
            }
            for task in process.node.into_tasks() {
                let id = task.id();
                self.outcome.lost_hours.insert(lost_hours(task.stage().outages()));
                states.push(format!("task {id} {:?}", task.digest(&Sequential)));
            }
        }
        states.sort();
        assert_eq!(states.len(), TASKS as usize + 1, "every task runs somewhere");
        Outcome { states, ..self.outcome }
    }

    /// Every process reads a little of everything.
    pub(crate) fn round(&mut self, number: usize) {
        for at in 0..self.processes.len() {
            let follows: Vec<(InternalTopic, i32)> = self.processes[at].follows.keys().copied().collect();
            for (topic, partition) in follows {
                self.read_from(at, topic, partition, 500);
                self.take_effects(at);
            }
            let inputs: Vec<TopicPartition> = self.processes[at].inputs.keys().cloned().collect();
            for name in inputs {
                self.read_input_of(at, &name, 200);
            }
            self.processes[at].node.publish_watermarks();
            self.step(at);
            self.write(at, usize::MAX);
            self.acknowledge(at, usize::MAX);
            if number.is_multiple_of(5) {
                self.processes[at].node.checkpoint(&Sequential);
                self.take_effects(at);
            }
            self.start_in_part(at);
        }
    }

    /// A number that grows while anything goes on, saves apart.
    pub(crate) fn progress(&self) -> u64 {
        let ends = [(InternalTopic::Summaries, 0), (InternalTopic::Baselines, 0), (InternalTopic::Ticks, 0)]
            .into_iter()
            .chain((0..TASKS).map(|task| (InternalTopic::Access, task)));
        let log: i64 = ends.map(|(topic, partition)| self.log.end(topic, partition)).sum();
        let read: i64 = self.processes.iter().flat_map(|process| process.follows.iter()).map(|(_, next)| next).sum();
        let inputs: i64 = self.processes.iter().flat_map(|process| process.inputs.values()).sum();
        (log + read + inputs) as u64
    }

    pub(crate) fn standing(&self) -> String {
        let mut text = String::new();
        for (at, process) in self.processes.iter().enumerate() {
            let coordinator = process.node.coordinator().map(|coordinator| coordinator.replied_hour());
            let tasks: Vec<String> = process.node.tasks().map(|(id, task)| format!("{id}: {task:?}")).collect();
            text += &format!(
                "process {at}: tasks {:?} {tasks:?}, coordinator {coordinator:?}, inputs {:?}, {} open\n",
                process.tasks,
                process.inputs,
                process.node.unacknowledged()
            );
        }
        text
    }
}

/// The hours that may lack records, of all sources, within a year of the first days of the companies here.
pub fn lost_hours(outages: &SourceOutages) -> Vec<i64> {
    let within = |from: i64, to: i64| outages.sources().any(|source| outages.within(source, from, to) & SourceOutages::LOST != 0);
    let first = 1_772_150_400_000 / HOUR_MS;
    let days = (first..first + 366 * 24).step_by(24).filter(|day| within(*day, day + 24));
    days.flat_map(|day| day..day + 24).filter(|hour| within(*hour, hour + 1)).collect()
}

impl Outcome {
    fn note_shown(&mut self, told: &ToldAlert) {
        let alert = &told.alert;
        self.note_news(told);
        assert!(!alert.settled);
        let key = (alert.id.clone(), alert.provisional.expect("it has a number of its own"));
        let text = serde_json::to_string(&**alert).expect("writes");
        let known = self.shown.insert(key, text);
        assert_eq!(known, None, "shown under a number that was used");
        if alert.state == AlertState::Retracted {
            self.retracted.insert(alert.id.clone());
            self.stands.remove(&alert.id);
        } else {
            self.stands.insert(alert.id.clone());
        }
    }

    /// What counts as an alert that opens or reaches a severity.
    fn note_news(&mut self, ToldAlert { alert, is_news, .. }: &ToldAlert) {
        if *is_news && alert.state == AlertState::Open {
            self.news.push((alert.id.clone(), alert.severity));
        }
    }

    fn note(&mut self, told: &ToldAlert) {
        let alert = &told.alert;
        self.note_news(told);
        let text = serde_json::to_string(&**alert).expect("writes");
        let key = (alert.id.clone(), alert.revision);
        if let Some(known) = self.alerts.get(&key) {
            assert_eq!(known, &text, "alert {key:?} twice with another content");
        }
        self.alerts.insert(key, text);
    }
}
