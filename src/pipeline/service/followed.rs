//! The sources, and the partitions of them that are read here: each with its decoder, when its last record came, and whether the decoder
//! may be holding something back.

use crate::classify::classifier::Classifier;
use crate::classify::derivation::MadeTables;
use crate::config::schema::{Config, Source as SourceConfig, SourceKind};
use crate::decode::FormatChoice;
use crate::model::access::PartitionId;
use crate::model::time::Timestamp;
use crate::pipeline::partition_decoder::{Batch, PartitionDecoder, TimeRange};
use crate::sink::payload::Sealer;
use crate::telemetry::metrics::{Metrics, SourceMetrics};
use crate::telemetry::untrusted::harmless;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The lines of one statement come together: after such a silence what a decoder holds back is complete.
pub const COMPLETE_AFTER: Duration = Duration::from_secs(1);

/// A configured source.
pub struct Source {
    /// Its name.
    pub name: String,
    /// Index of the name among the sorted names of all sources: the same in whatever order they are configured.
    pub index: u16,
    /// Its topics, where it is Kafka.
    pub topics: Vec<String>,
    /// Its metrics.
    pub metrics: SourceMetrics,
    format: FormatChoice,
    /// Whether any of its records was decoded; `None` while it is not known.
    decodes: Option<bool>,
    /// All settings by which its records are decoded, as text to compare.
    decoding: String,
}

/// A partition that is read.
pub struct Followed<X> {
    /// Decodes its records.
    pub decoder: PartitionDecoder,
    /// Its source, by the order of the configuration.
    pub source: usize,
    /// What the mode knows of it beside.
    pub more: X,
    last: Instant,
    arrived: Timestamp,
    /// A record came since the decoder last released what it held back.
    may_hold_back: bool,
}

/// Sources and followed partitions.
pub struct FollowedPartitions<K, X> {
    sources: Vec<Source>,
    followed: BTreeMap<K, Followed<X>>,
    sealer: Option<Arc<Sealer>>,
}

/// What a decoder had held back.
pub struct Released<K> {
    /// Of which partition.
    pub partition: K,
    /// What it was.
    pub batch: Batch,
    /// When its last record arrived.
    pub arrived: Timestamp,
}

impl Source {
    fn format(config: &Config, source: &SourceConfig) -> FormatChoice {
        config.choice(&source.format).unwrap_or_else(|| config.automatic())
    }
}

impl<X> Followed<X> {
    /// A record came, which had arrived at that time of day.
    pub fn touch(&mut self, now: Instant, arrived: Timestamp) {
        (self.last, self.arrived, self.may_hold_back) = (now, arrived, true);
    }

    /// Its silence begins anew: that nothing came was for reasons of our own.
    pub fn awake(&mut self, now: Instant) {
        self.last = now;
    }

    /// How long nothing has come.
    pub fn silence(&self, now: Instant) -> Duration {
        now.duration_since(self.last)
    }
}

impl<K: Ord + Clone, X> FollowedPartitions<K, X> {
    /// The sources of a configuration. With a sealer, dead letters keep their content, encrypted.
    pub fn new(config: &Config, metrics: &Metrics, sealer: Option<Arc<Sealer>>) -> FollowedPartitions<K, X> {
        let mut names: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
        names.sort_unstable();
        let sources = config.sources.iter().map(|source| Source {
            name: source.name.clone(),
            index: names.binary_search(&source.name.as_str()).unwrap_or(0) as u16,
            topics: match &source.kind {
                SourceKind::Kafka(kafka) => kafka.topics.clone(),
                SourceKind::Files(_) => Vec::new(),
            },
            metrics: metrics.source(&source.name),
            decodes: None,
            format: Source::format(config, source),
            decoding: config.decoding_of(source),
        });
        FollowedPartitions { sources: sources.collect(), followed: BTreeMap::new(), sealer }
    }

    /// All sources, in the order of the configuration that the service was started with.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The metrics of the source with an index.
    pub fn metrics_of(&self, index: usize) -> Option<&SourceMetrics> {
        self.sources.iter().find(|source| usize::from(source.index) == index).map(|source| &source.metrics)
    }

    /// Goes on under another configuration of the same sources, in whatever order they stand there now. Partitions of a source whose
    /// records are to be decoded otherwise get new decoders; what the former ones hold back must have been released.
    pub fn adopt(&mut self, config: &Config) {
        let mut changed = Vec::new();
        for (at, source) in self.sources.iter_mut().enumerate() {
            let Some(wanted) = config.sources.iter().find(|wanted| wanted.name == source.name) else { continue };
            let decoding = config.decoding_of(wanted);
            if decoding != source.decoding {
                (source.format, source.decoding) = (Source::format(config, wanted), decoding);
                source.decodes = None;
                changed.push(at);
            }
        }
        for followed in self.followed.values_mut().filter(|followed| changed.contains(&followed.source)) {
            let PartitionDecoder { partition, name, .. } = &followed.decoder;
            let made = followed.decoder.made_tables().clone();
            let columns = followed.decoder.columns().map(<[String]>::to_vec);
            followed.decoder = decoder(&self.sources[followed.source], *partition, name.clone(), self.sealer.clone());
            followed.decoder.know(made);
            columns.into_iter().for_each(|names| followed.decoder.know_columns(names));
        }
    }

    /// Follows a partition of a source from its next record on.
    pub fn follow(&mut self, key: K, source: usize, partition: PartitionId, name: String, more: X) {
        let decoder = decoder(&self.sources[source], partition, name, self.sealer.clone());
        let followed = Followed { decoder, source, more, last: Instant::now(), arrived: Timestamp::default(), may_hold_back: false };
        self.followed.insert(key, followed);
    }

    /// Tables that the statements of each partition made, by its name.
    pub fn made_tables(&self) -> impl Iterator<Item = (String, MadeTables)> {
        self.followed.values().map(|followed| (followed.decoder.name.clone(), followed.decoder.made_tables().clone()))
    }

    /// The header below which each partition goes on, by its name.
    pub fn columns(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        self.followed.values().filter_map(|followed| Some((followed.decoder.name.clone(), followed.decoder.columns()?.to_vec())))
    }

    /// Follows a partition no more.
    pub fn leave(&mut self, key: &K) {
        self.followed.remove(key);
    }

    /// A partition, where it is followed.
    pub fn get(&self, key: &K) -> Option<&Followed<X>> {
        self.followed.get(key)
    }

    /// A partition, where it is followed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut Followed<X>> {
        self.followed.get_mut(key)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Followed<X>)> {
        self.followed.iter()
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut Followed<X>)> {
        self.followed.iter_mut()
    }

    /// Notes what became of records of a partition.
    pub fn note(&mut self, key: &K, batch: &Batch) {
        if let Some(followed) = self.followed.get_mut(key) {
            followed.decoder.note(batch);
        }
    }

    /// Sources of which it has come to be known whether any record decodes. Of those of which none does, it is logged which formats come
    /// near.
    pub fn judge_formats(&mut self, now: Instant) -> Vec<(usize, bool)> {
        let mut known = Vec::new();
        for (at, source) in self.sources.iter_mut().enumerate().filter(|(_, source)| source.decodes != Some(true)) {
            let mut of_source = self.followed.values().filter(|followed| followed.source == at);
            let decodes = of_source.clone().any(|followed| followed.decoder.decodes_something());
            // The lines of one record come together: a single refused one may be followed by the others.
            let settled = |followed: &&Followed<X>| followed.decoder.decodes_nothing() && followed.silence(now) >= COMPLETE_AFTER;
            match of_source.find(settled) {
                _ if decodes => {
                    known.push((at, false));
                    source.decodes = Some(true);
                    source.metrics.set_undecoded(false);
                }
                Some(followed) if source.decodes.is_none() => {
                    known.push((at, true));
                    source.decodes = Some(false);
                    source.metrics.set_undecoded(true);
                    let why = followed.decoder.undecoded().map_or_else(String::new, |why| why.to_string());
                    tracing::warn!(source = %source.name, partition = %followed.decoder.name, "no record of the source could be decoded: {}", harmless(&why));
                }
                Some(_) | None => {}
            }
        }
        known
    }

    /// Whether a record of several lines is just arriving somewhere. Where nothing has come for a while, its rest never comes.
    pub fn is_mid_record(&self, now: Instant) -> bool {
        self.followed.values().any(|followed| followed.silence(now) < COMPLETE_AFTER && followed.decoder.is_mid_record())
    }

    /// Whether a decoder may be holding something back.
    pub fn may_hold_back(&self) -> bool {
        self.followed.values().any(|followed| followed.may_hold_back)
    }

    /// Takes what decoders hold back and nothing can be added to any more, by the silence since.
    pub fn release_complete(&mut self, now: Instant, classifier: &Classifier) -> Vec<Released<K>> {
        self.release(classifier, |followed| followed.silence(now) >= COMPLETE_AFTER && !followed.decoder.is_mid_record())
    }

    /// Takes all that decoders hold back. It is in no state, so this comes before a state is saved or decoders change.
    pub fn release_all(&mut self, classifier: &Classifier) -> Vec<Released<K>> {
        self.release(classifier, |_| true)
    }

    fn release(&mut self, classifier: &Classifier, of: impl Fn(&Followed<X>) -> bool) -> Vec<Released<K>> {
        let held = self.followed.iter_mut().filter(|(_, followed)| followed.may_hold_back && of(followed));
        let released = held.map(|(key, followed)| {
            followed.may_hold_back = false;
            let batch = followed.decoder.flush(classifier, TimeRange::default());
            Released { partition: key.clone(), batch, arrived: followed.arrived }
        });
        released.filter(|released| !released.batch.is_empty()).collect()
    }

    /// Measures how far the watermark of each source stands behind the clock: that of its partition which is furthest behind. Returns
    /// these watermarks.
    pub fn measure_watermarks(&self, now: Timestamp, watermark: impl Fn(&K) -> Option<Timestamp>) -> Vec<Timestamp> {
        let mut of_sources: BTreeMap<usize, Timestamp> = BTreeMap::new();
        for (key, followed) in &self.followed {
            if let Some(watermark) = watermark(key) {
                of_sources.entry(followed.source).and_modify(|at| *at = (*at).min(watermark)).or_insert(watermark);
            }
        }
        for (source, watermark) in &of_sources {
            let delay = Duration::from_millis((now.0 - watermark.0).max(0).unsigned_abs());
            self.sources[*source].metrics.set_watermark_delay(delay);
        }
        of_sources.into_values().collect()
    }
}

fn decoder(source: &Source, partition: PartitionId, name: String, sealer: Option<Arc<Sealer>>) -> PartitionDecoder {
    let mut decoder = PartitionDecoder::new(source.name.clone(), source.index, partition, name, source.format.clone());
    decoder.seal_with(sealer);
    decoder
}
