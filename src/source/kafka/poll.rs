//! The poll thread: it polls in any case, makes batches, and pauses partitions where the owner does not take them.

use crate::kafka::read_records::Step;
use crate::kafka::{is_outage, leaving};
use crate::model::topic::TopicPartition;
use crate::source::kafka::consumer_state::{ConsumerState, SourceConsumer};
use crate::source::kafka::continuity::ContinuityWatch;
use crate::source::kafka::exclusive::{AssignmentCheck, ExclusiveAssignment};
use crate::source::kafka::{KafkaEvent, KafkaMessage};
use crossbeam_channel::{SendTimeoutError, Sender};
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Messages in a batch at most.
const BATCH_MESSAGES: usize = 2_048;
/// Bytes in a batch, about.
const BATCH_BYTES: usize = 1024 * 1024;
/// How long a poll waits for the first message; stop and commit requests wait as long.
const POLL: Duration = Duration::from_millis(100);
/// How long a full channel is waited for before partitions are paused: pausing throws away what librdkafka has fetched ahead.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long leaving the group may take, commits that are not answered yet among it. Brokers that are there answer within moments.
const LEAVING: Duration = Duration::from_secs(3);

/// The state of the thread.
pub struct Poller {
    consumer: SourceConsumer,
    state: Arc<ConsumerState>,
    exclusive: ExclusiveAssignment,
    continuity: ContinuityWatch,
    events: Sender<KafkaEvent>,
    /// What could not be sent yet, in order.
    outbox: VecDeque<KafkaEvent>,
    paused: bool,
    /// The name of the topic of the last message: one allocation per topic, not per message.
    topic: Arc<str>,
}

impl Poller {
    /// Of a consumer that is still to subscribe.
    pub fn new(
        consumer: SourceConsumer,
        state: Arc<ConsumerState>,
        exclusive: ExclusiveAssignment,
        continuity: ContinuityWatch,
        events: Sender<KafkaEvent>,
    ) -> Poller {
        Poller { consumer, state, exclusive, continuity, events, outbox: VecDeque::new(), paused: false, topic: "".into() }
    }

    /// Runs until it is stopped, the client fails for good, or the owner is gone.
    pub fn run(mut self) {
        if let Err(why) = self.exclusive.join(&self.consumer, &self.state) {
            return self.fail(why);
        }
        while !self.state.stopping.load(Ordering::Acquire) {
            self.commit();
            if let Err(error) = self.poll_batch() {
                return self.fail(error.to_string());
            }
            match self.exclusive.check(&self.consumer, &self.state) {
                AssignmentCheck::Unchanged => {}
                AssignmentCheck::Complete => {
                    // What was read before is not held up by what is looked at now.
                    if !self.hand_over() {
                        break;
                    }
                    self.set_complete();
                }
                AssignmentCheck::Refused(why) => {
                    // Another process has the rest, and can have these too.
                    self.fail(why);
                    break;
                }
            }
            let gone = self.exclusive.gone(&self.consumer, &self.state);
            self.state.let_go(gone);
            self.outbox.extend(self.state.take_events());
            let rewound = self.continuity.check(&self.consumer, &self.state);
            self.outbox.extend(rewound);
            if !self.hand_over() {
                break;
            }
        }
        self.leave();
    }

    /// Sends the last event.
    fn fail(&mut self, why: String) {
        self.outbox.push_back(KafkaEvent::Failed(why));
        // Fails where the owner is gone.
        let _ = self.outbox.drain(..).try_for_each(|event| self.events.send(event));
    }

    fn set_complete(&mut self) {
        self.state.set_complete();
        self.state.connected.store(true, Ordering::Release);
        self.outbox.extend(self.state.take_events());
        let rewound = self.continuity.check_before(&self.consumer, &self.state);
        self.outbox.extend(rewound);
        if !self.paused
            && let Err(error) = self.consumer.resume(&self.state.assigned())
        {
            tracing::warn!(%error, "kafka: cannot go on after an assignment");
        }
    }

    /// Polls once, and then for as long as messages are there. Callbacks run inside; their events come first.
    fn poll_batch(&mut self) -> Result<(), KafkaError> {
        let mut batch = Batch::default();
        let mut wait = POLL;
        while batch.messages.len() < BATCH_MESSAGES && batch.bytes < BATCH_BYTES {
            let polled = self.consumer.poll(wait);
            let callbacks = self.state.take_events();
            if !callbacks.is_empty() {
                batch.move_to(&mut self.outbox);
                self.outbox.extend(callbacks);
            }
            match polled {
                Some(Ok(message)) => {
                    if message.topic() != &*self.topic {
                        self.topic = message.topic().into();
                    }
                    let partition = TopicPartition::new(Arc::clone(&self.topic), message.partition());
                    let mark = self.continuity.mark(&message);
                    let step = self.state.advance(&partition, mark);
                    let event = match step {
                        Step::Take | Step::Skip => None,
                        Step::SkipLast(next) => Some(KafkaEvent::GoesOn { partition, next }),
                        Step::Gap(expected) => self.continuity.gap(&partition, expected, mark.offset),
                        Step::WentBack(next) => self.continuity.went_back(&self.consumer, &self.state, &partition, next),
                    };
                    if let Some(event) = event {
                        batch.move_to(&mut self.outbox);
                        self.outbox.push_back(event);
                    }
                    // One that came from elsewhere comes again, after those before it.
                    if matches!(step, Step::Take | Step::Gap(_)) {
                        batch.push(owned(&message, &self.topic, mark.hash));
                    }
                }
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
                Some(Err(KafkaError::MessageConsumption(RDKafkaErrorCode::UnknownPartition))) => self.exclusive.miss(),
                // The error callback has logged it.
                Some(Err(error)) if is_outage(&error) => {}
                Some(Err(error)) => tracing::warn!(%error, "kafka: poll"),
                None => break,
            }
            wait = Duration::ZERO;
        }
        batch.move_to(&mut self.outbox);
        Ok(())
    }

    /// Passes on what there is. Where the channel is full for long, pauses; where it has room again, resumes.
    /// False if the owner is gone.
    fn hand_over(&mut self) -> bool {
        let patience = if self.paused { Duration::ZERO } else { PATIENCE };
        while let Some(event) = self.outbox.pop_front() {
            match self.events.send_timeout(event, patience) {
                Ok(()) => {}
                Err(SendTimeoutError::Timeout(event)) => {
                    self.outbox.push_front(event);
                    self.set_paused(true);
                    return true;
                }
                Err(SendTimeoutError::Disconnected(_)) => return false,
            }
        }
        self.set_paused(false);
        true
    }

    fn set_paused(&mut self, paused: bool) {
        if self.paused == paused {
            return;
        }
        self.paused = paused;
        self.state.set_paused(paused);
        if !self.state.is_complete() {
            return;
        }
        let partitions = self.state.assigned();
        let outcome = if paused { self.consumer.pause(&partitions) } else { self.consumer.resume(&partitions) };
        match outcome {
            Ok(()) => tracing::debug!(paused, "kafka: backpressure"),
            Err(error) => tracing::warn!(%error, paused, "kafka: backpressure"),
        }
    }

    /// Sends the latest positions asked for. Not waited for: a broker that hangs must not stop the polling.
    fn commit(&self) {
        let Some(positions) = self.state.take_commit() else { return };
        if let Err(error) = self.consumer.commit(&positions, CommitMode::Async) {
            tracing::warn!(%error, "kafka: offsets are not committed; the state has them");
        }
    }

    /// Leaves the group, after pending commits and within [`LEAVING`]. Messages that still come are dropped.
    fn leave(self) {
        self.commit();
        leaving::leave(self.consumer, LEAVING);
    }
}

#[derive(Default)]
struct Batch {
    messages: Vec<KafkaMessage>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, message: KafkaMessage) {
        self.bytes += message.payload.len() + message.key.as_ref().map_or(0, Vec::len);
        self.messages.push(message);
    }

    fn move_to(&mut self, outbox: &mut VecDeque<KafkaEvent>) {
        if !self.messages.is_empty() {
            outbox.push_back(KafkaEvent::Batch(std::mem::take(&mut self.messages)));
            self.bytes = 0;
        }
    }
}

fn owned(message: &BorrowedMessage<'_>, topic: &Arc<str>, hash: u64) -> KafkaMessage {
    KafkaMessage {
        topic: Arc::clone(topic),
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        payload: message.payload().unwrap_or_default().to_vec(),
        hash,
    }
}
