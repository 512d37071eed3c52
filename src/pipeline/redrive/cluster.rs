//! The way of re-driven records to the processes of a cluster: bundles in `leakwarden.access`, each for the task of its employee.
//!
//! A compacted topic of its own remembers which letters were handed over. It is written once the bundles are acknowledged: where the
//! command breaks off in between, a second run sends them again, and the tasks know them by their ids.

use crate::config::cluster::Cluster as Settings;
use crate::engine::context::Context;
use crate::kafka::producer::{ProducerRecord, RecordProducer};
use crate::kafka::settings::Cluster;
use crate::kafka::topics::{TopicSpec, bounds, ensure, partitions};
use crate::model::access::{Access, RecordContent, RecordId};
use crate::model::keys::Keys;
use crate::pipeline::cluster::writer;
use crate::pipeline::redrive::spool::{LetterId, SpoolEntry};
use crate::source::kafka::range;
use crate::stream::InternalTopic;
use crate::stream::authentication::{self, MessageSealer, SealKey};
use crate::stream::committed;
use crate::stream::wire::{BundleBuilder, BundleItem, RecordPosition, RoutedItem};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Bytes after which a bundle is closed.
const FULL: usize = 256 * 1024;

/// How long brokers may take to acknowledge.
const PATIENCE: Duration = Duration::from_secs(60);

/// The topics of a cluster that re-driving writes to.
pub struct Handover {
    cluster: Cluster,
    access: String,
    redriven: String,
    tasks: i32,
    prefix: String,
}

impl Handover {
    /// Checks that the processes' topic is there, and makes the one that remembers.
    pub async fn prepare(cluster: Cluster, settings: &Settings) -> anyhow::Result<Handover> {
        let access = format!("{}.{}", settings.topic_prefix, InternalTopic::Access.name());
        let redriven = settings.redriven_topic();
        let found = partitions(&cluster, std::slice::from_ref(&access))?.get(&access).copied();
        let rule = || format!("topic {access}: must be there with {} partitions, as its processes make it, got {found:?}", settings.tasks);
        anyhow::ensure!(found == Some(settings.tasks), rule());
        let rule = |_| "all of it is in one".to_owned();
        let spec = TopicSpec { name: redriven.clone(), partitions: 1, compacted: true, rule };
        ensure(&cluster, &[spec], settings.replication_factor).await?;
        Ok(Handover { cluster, access, redriven, tasks: settings.tasks, prefix: settings.topic_prefix.clone() })
    }

    fn key(&self, keys: &Keys) -> SealKey {
        SealKey::new(keys.messages(&self.prefix))
    }

    /// Letters that were handed over before. What somebody else wrote there is not believed: it would keep letters back for ever.
    pub fn known(&self, keys: &Keys) -> anyhow::Result<BTreeSet<LetterId>> {
        let (first, next) = bounds(&self.cluster, &self.redriven, 0)?;
        let (mut known, key) = (BTreeSet::new(), self.key(keys));
        range::read(&self.cluster, &self.redriven, 0, first..next, &mut |_, value| {
            known.extend(
                std::str::from_utf8(value).ok().and_then(|text| committed::open(&key, &self.redriven, 0, text)).and_then(LetterId::parse),
            );
        })?;
        Ok(known)
    }

    /// Hands entries over.
    pub fn hand_over(&self, context: &Context, entries: &[SpoolEntry]) -> anyhow::Result<()> {
        let key = self.key(&context.classifier.keys);
        let sealer = MessageSealer::new(key.clone(), writer());
        let mut sending = Sending { writer: RecordProducer::new(&self.cluster)?, sealer, given: 0, acknowledged: 0 };
        for entry in entries {
            let mut bundles = vec![BundleBuilder::default(); self.tasks.max(1) as usize];
            let all = entry.accesses.iter().enumerate().map(|(at, access)| named(entry.letter, at, access.clone()));
            for (task, access) in all.flat_map(|access| context.route(access, self.tasks.max(1) as u32)) {
                let (task, at, item) = (task as usize, access.time, RoutedItem::of(access, true));
                bundles[task].push(&BundleItem { position: RecordPosition::default(), at, item });
                if bundles[task].len() >= FULL {
                    self.send(&mut sending, entry, task, &mut bundles[task])?;
                }
            }
            for (task, bundle) in bundles.iter_mut().enumerate().filter(|(_, bundle)| !bundle.is_empty()) {
                self.send(&mut sending, entry, task, bundle)?;
            }
        }
        sending.wait()?;
        for entry in entries {
            let text = entry.letter.text().into_bytes();
            let value = committed::seal(&key, &self.redriven, 0, &entry.letter.text()).into_bytes();
            sending.send(self.redriven.clone(), 0, text, value)?;
        }
        sending.wait()
    }

    fn send(&self, sending: &mut Sending, entry: &SpoolEntry, task: usize, bundle: &mut BundleBuilder) -> anyhow::Result<()> {
        let (topic, partition) =
            entry.partition.rsplit_once('/').and_then(|(topic, at)| Some((topic, at.parse().ok()?))).unwrap_or_default();
        let value = bundle.close_redriven(topic, partition);
        sending.send(self.access.clone(), task as i32, entry.partition.clone().into_bytes(), value)
    }
}

/// A record without an id gets one, so that it is known when it comes again.
fn named(letter: LetterId, at: usize, access: Access) -> Access {
    let id = access.id.unwrap_or_else(|| {
        let text = format!("redriven-{}-{at}", letter.text());
        let print = blake3::hash(text.as_bytes()).as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        RecordId { text: text.into(), print, content: RecordContent::default() }
    });
    Access { id: Some(id), ..access }
}

struct Sending {
    writer: RecordProducer,
    sealer: MessageSealer,
    given: u64,
    acknowledged: u64,
}

impl Sending {
    fn send(&mut self, topic: String, partition: i32, key: Vec<u8>, value: Vec<u8>) -> anyhow::Result<()> {
        self.given += 1;
        let seal = self.sealer.seal_in(InternalTopic::Access.name(), partition, &key, Some(&value));
        let header = Some((authentication::HEADER, seal.to_vec()));
        self.writer.send(ProducerRecord { number: self.given, topic, partition, key, value: Some(value), header, low_priority: false });
        self.poll()
    }

    fn poll(&mut self) -> anyhow::Result<()> {
        self.acknowledged += self.writer.poll().context("handing over")?.len() as u64;
        Ok(())
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.acknowledged < self.given {
            let (got, of) = (self.acknowledged, self.given);
            anyhow::ensure!(Instant::now() < deadline, "brokers acknowledged {got} of {of} messages within {PATIENCE:?}: run it again");
            std::thread::sleep(Duration::from_millis(5));
            self.poll()?;
        }
        Ok(())
    }
}
