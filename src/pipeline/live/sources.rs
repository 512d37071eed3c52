//! The sources of a service, followed at once: Kafka topics and growing files.

use crate::config::schema::{Config, SourceKind};
use crate::model::keys::Keys;
use crate::model::topic::TopicPartition;
use crate::pipeline::brokers;
use crate::pipeline::partition_decoder::partition_name;
use crate::pipeline::state::Positions;
use crate::source::kafka::{KafkaEvent, KafkaMessage, KafkaSource};
use crate::source::piece::Piece;
use crate::source::tail::{FileId, Tail, TailEvent, TailPosition};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a source gives.
pub enum Arrival {
    /// A partition is followed from now on.
    Partition {
        /// Place of its source in the configuration.
        source: usize,
        /// Its name.
        name: String,
    },
    /// A partition is no longer ours, or has ended.
    Gone {
        /// Its name.
        name: String,
    },
    /// Records of a partition are lost to us: it does not go on where we left it.
    Lost {
        /// Place of its source in the configuration.
        source: usize,
        /// Its name.
        name: String,
    },
    /// A partition of a topic is read from before where it was left: from its start, or behind what is left of it.
    Rewound {
        /// Place of its source in the configuration.
        source: usize,
        /// The partition.
        partition: TopicPartition,
        /// The next offset, where some of it is left.
        to: Option<i64>,
    },
    /// A partition of a topic goes on at an offset: what comes before it was taken.
    GoesOn {
        /// The partition.
        partition: TopicPartition,
        /// The next offset.
        next: i64,
    },
    /// A Kafka message.
    Message {
        /// Place of its source in the configuration.
        source: usize,
        /// Name of its partition.
        name: String,
        /// The message.
        message: KafkaMessage,
    },
    /// Lines of a file.
    Piece {
        /// Place of its source in the configuration.
        source: usize,
        /// Name of the file's partition.
        name: String,
        /// The lines.
        piece: Piece,
    },
    /// A source cannot go on.
    Failed {
        /// Place of the source in the configuration.
        source: usize,
        /// Why.
        reason: String,
    },
}

/// All sources.
pub struct Sources {
    kafka: Vec<(usize, KafkaSource)>,
    tails: Vec<Following>,
}

struct Following {
    source: usize,
    /// Name and path or glob of the source.
    of: (String, String),
    tail: Tail,
    /// Name and next (line, offset) of each file.
    files: BTreeMap<FileId, (String, u64, u64)>,
}

/// Batches taken from one Kafka source in a step.
const BATCHES: usize = 16;

/// How long a Kafka client may take to leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

impl Sources {
    /// Starts every source of a configuration from the positions.
    pub fn start(config: &Config, positions: &Positions, keys: &Keys) -> anyhow::Result<Sources> {
        let mut sources = Sources { kafka: Vec::new(), tails: Vec::new() };
        for (at, source) in config.sources.iter().enumerate() {
            match &source.kind {
                SourceKind::Kafka(kafka) => {
                    let started = KafkaSource::start(&brokers::source(kafka, keys), positions.kafka(), positions.kafka_marks())?;
                    sources.kafka.push((at, started));
                }
                SourceKind::Files(pattern) => {
                    let tail = Tail::new(pattern, keys, resume(pattern, positions))?;
                    let of = (source.name.clone(), pattern.clone());
                    sources.tails.push(Following { source: at, of, tail, files: BTreeMap::new() });
                }
            }
        }
        Ok(sources)
    }

    /// What has arrived; waits at most so long where nothing has.
    pub fn receive(&mut self, wait: Duration) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for following in &mut self.tails {
            following.poll(&mut arrivals);
        }
        for (source, kafka) in &self.kafka {
            for _ in 0..BATCHES {
                match kafka.events().try_recv() {
                    Ok(event) => take(*source, event, &mut arrivals),
                    Err(_) => break,
                }
            }
        }
        if arrivals.is_empty() {
            match self.kafka.as_slice() {
                [(source, kafka)] => {
                    if let Ok(event) = kafka.events().recv_timeout(wait) {
                        take(*source, event, &mut arrivals);
                    }
                }
                _ => std::thread::sleep(wait),
            }
        }
        arrivals
    }

    /// Which sources are connected.
    pub fn connected(&self) -> Vec<(usize, bool)> {
        let kafka = self.kafka.iter().map(|(source, kafka)| (*source, kafka.is_connected()));
        kafka.chain(self.tails.iter().map(|following| (following.source, true))).collect()
    }

    /// Sources of which nothing is read, since others have a part of them.
    pub fn partial(&self) -> Vec<usize> {
        self.kafka.iter().filter(|(_, kafka)| kafka.is_partial()).map(|(source, _)| *source).collect()
    }

    /// How many records each source is behind.
    pub fn lag(&self) -> Vec<(usize, u64)> {
        self.kafka.iter().map(|(source, kafka)| (*source, kafka.lag().values().sum())).collect()
    }

    /// How far each file has been taken.
    pub fn tails(&self) -> Vec<TailPosition> {
        let of = |following: &Following| {
            let positions = following.files.iter().filter_map(|(file, (_, line, offset))| following.tail.position(*file, *line, *offset));
            positions.collect::<Vec<_>>()
        };
        self.tails.iter().flat_map(of).collect()
    }

    /// Tells the brokers how far state has been saved.
    pub fn commit(&self, positions: &Positions) {
        for (_, kafka) in &self.kafka {
            kafka.commit(positions.kafka());
        }
    }

    /// Leaves every source.
    pub fn stop(self) {
        self.kafka.iter().for_each(|(_, kafka)| kafka.begin_to_stop());
        for (_, kafka) in self.kafka {
            if !kafka.stop(LEAVE_WITHIN) {
                tracing::warn!("the Kafka client did not leave in time and is left behind");
            }
        }
    }
}

impl Following {
    fn poll(&mut self, arrivals: &mut Vec<Arrival>) {
        for event in self.tail.poll() {
            match event {
                TailEvent::Opened { file, position } => {
                    let file_name = position.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                    let name = partition_name(&self.of.0, &self.of.1, &file_name);
                    self.files.insert(file, (name.clone(), position.line, position.offset));
                    arrivals.push(Arrival::Partition { source: self.source, name });
                }
                TailEvent::Piece { file, piece } => {
                    let Some((name, line, offset)) = self.files.get_mut(&file) else { continue };
                    (*line, *offset) = piece.end();
                    arrivals.push(Arrival::Piece { source: self.source, name: name.clone(), piece });
                }
                TailEvent::Finished { file } => {
                    if let Some((name, ..)) = self.files.remove(&file) {
                        arrivals.push(Arrival::Gone { name });
                    }
                }
                TailEvent::Lost(position) => {
                    tracing::warn!(line = position.line, "a file that was followed is gone: what came after is lost to us");
                    let file_name = position.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                    arrivals.push(Arrival::Lost { source: self.source, name: partition_name(&self.of.0, &self.of.1, &file_name) });
                }
            }
        }
    }
}

fn take(source: usize, event: KafkaEvent, arrivals: &mut Vec<Arrival>) {
    match event {
        KafkaEvent::Batch(messages) => arrivals.extend(messages.into_iter().map(|message| Arrival::Message {
            source,
            name: format!("{}/{}", message.topic, message.partition),
            message,
        })),
        KafkaEvent::Assigned(partitions) => {
            arrivals.extend(partitions.into_iter().map(|(partition, _)| Arrival::Partition { source, name: partition.to_string() }))
        }
        KafkaEvent::Revoked(partitions) => {
            arrivals.extend(partitions.into_iter().map(|partition| Arrival::Gone { name: partition.to_string() }));
        }
        KafkaEvent::Jumped { partition, expected, found } => {
            tracing::warn!(%partition, expected, found, "records are missing: they expired before they were read");
            arrivals.push(Arrival::Lost { source, name: partition.to_string() });
        }
        KafkaEvent::Rewound { partition, expected, to } => {
            brokers::tell_rewound(&partition, expected, to);
            arrivals.push(Arrival::Rewound { source, partition, to });
        }
        KafkaEvent::GoesOn { partition, next } => arrivals.push(Arrival::GoesOn { partition, next }),
        KafkaEvent::Failed(reason) => arrivals.push(Arrival::Failed { source, reason }),
    }
}

/// Where following goes on: a position of an earlier service. Files that were only replayed are found by name.
fn resume(pattern: &str, positions: &Positions) -> Vec<TailPosition> {
    let of_pattern = |position: &&TailPosition| glob::Pattern::new(pattern).is_ok_and(|glob| glob.matches_path(&position.path));
    positions.tails.iter().filter(of_pattern).cloned().collect()
}
