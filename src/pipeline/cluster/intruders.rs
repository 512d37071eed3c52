//! What others did to the topics: messages that were passed over, and states that are not what had been saved, are counted and told.

use super::Process;
use crate::stream::InternalTopic;
use crate::stream::authentication::Refusal;
use crate::stream::node::StateLoss;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The same is not logged more often.
const TOLD_AGAIN: Duration = Duration::from_secs(60);
/// A state that is being restored and does not move for so long is compared with the end of its log.
const STILL_FOR: Duration = Duration::from_secs(10);

/// What was told, and which restores stand still.
#[derive(Default)]
pub struct Watch {
    told: BTreeMap<(&'static str, Refusal), (Instant, u64)>,
    /// The next offset of each, and since when.
    still: BTreeMap<i32, (i64, Instant)>,
    /// Since when a task waits for a reply that seems to be gone.
    lacking: Option<Instant>,
}

impl Process {
    /// Tells what was refused and lost, and starts states that will not become whole.
    pub(super) fn look_for_intruders(&mut self, now: Instant) {
        for (topic, why, many, partition, offset) in self.node.take_refused().iter() {
            self.service.metrics.messages_refused(topic, why.name(), many);
            let told = self.watch.told.get(&(topic, why)).copied();
            let untold = told.map_or(0, |(_, untold)| untold) + many;
            if told.is_some_and(|(at, _)| now.duration_since(at) < TOLD_AGAIN) {
                self.watch.told.entry((topic, why)).and_modify(|told| told.1 = untold);
                continue;
            }
            self.watch.told.insert((topic, why), (now, 0));
            let reason = why.name();
            tracing::error!(
                topic,
                reason,
                messages = untold,
                partition,
                offset,
                "messages of an own topic were passed over: who can write there?"
            );
        }
        for StateLoss { part, saved, found, missing } in self.node.take_losses() {
            let how = match (saved > found, found) {
                (true, None) => "deleted",
                (true, Some(_)) => "rolled_back",
                (false, _) => "incomplete",
            };
            self.service.metrics.state_lost(how);
            tracing::error!(
                partition = part,
                how,
                ?saved,
                ?found,
                missing,
                "a state is not what had been saved; the service goes on with what is there"
            );
        }
        self.start_what_stands_still(now);
        self.go_on_without_replies(now);
    }

    /// Has tasks go on whose replies are gone: all of the topic was read, and they are not there.
    fn go_on_without_replies(&mut self, now: Instant) {
        let (tasks, next) = self.node.lacking_replies();
        if tasks.is_empty() {
            self.watch.lacking = None;
            return;
        }
        if now.duration_since(*self.watch.lacking.get_or_insert(now)) < STILL_FOR {
            return;
        }
        self.watch.lacking = Some(now);
        match crate::kafka::topics::bounds(&self.setup.cluster, &self.setup.topics[&InternalTopic::Baselines], 0) {
            Ok((first, end)) if next >= end || first >= end => {
                tracing::error!(?tasks, "replies of the coordinator are gone; the tasks go on without");
                tasks.into_iter().for_each(|task| self.node.go_on_without_reply(task));
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the end of the replies cannot be asked for"),
        }
    }

    fn start_what_stands_still(&mut self, now: Instant) {
        let restoring = self.node.restoring();
        self.watch.still.retain(|part, (next, _)| restoring.contains(&(*part, *next)));
        for (part, next) in restoring {
            let (_, since) = *self.watch.still.entry(part).or_insert((next, now));
            if now.duration_since(since) < STILL_FOR {
                continue;
            }
            self.watch.still.insert(part, (next, now));
            let topic = &self.setup.topics[&InternalTopic::State];
            match crate::kafka::topics::bounds(&self.setup.cluster, topic, part) {
                Ok((first, end)) if next >= end || first >= end => {
                    tracing::error!(partition = part, next, end, "a state is not whole, and there is no more of it");
                    self.node.start_in_part(part);
                }
                // There is more to come.
                Ok(_) => {}
                Err(error) => tracing::warn!(partition = part, %error, "the end of a state cannot be asked for"),
            }
        }
    }
}
