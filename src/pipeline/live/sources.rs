//! The sources of a service, followed at once: Kafka topics and growing files.

use crate::config::schema::{Config, SourceKind};
use crate::config::source::partition_name;
use crate::model::keys::Keys;
use crate::model::topic::TopicPartition;
use crate::pipeline::brokers;
use crate::pipeline::state::Positions;
use crate::source::kafka::{KafkaEvent, KafkaMessage, KafkaSource};
use crate::source::piece::Piece;
use crate::source::read_files::{ReadFile, ReadFiles};
use crate::source::tail::{Tail, TailEvent};
use std::path::PathBuf;
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
        /// The file that is lost, where it is one.
        file: Option<PathBuf>,
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
    /// What was read of files that belong to none of these sources.
    others: Vec<ReadFiles>,
}

struct Following {
    source: usize,
    /// Name and path or glob of the source.
    of: (String, String),
    tail: Tail,
}

/// Batches taken from one Kafka source in a step.
const BATCHES: usize = 16;

/// How long a Kafka client may take to leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

impl Sources {
    /// Starts every source of a configuration from the positions.
    pub fn start(config: &Config, positions: &Positions, keys: &Keys) -> anyhow::Result<Sources> {
        let named = |files: &ReadFiles| config.sources.iter().any(|source| Some(&source.name) == files.source.as_ref());
        let (own, others): (Vec<ReadFiles>, Vec<ReadFiles>) = positions.files.iter().cloned().partition(named);
        let mut sources = Sources { kafka: Vec::new(), tails: Vec::new(), others };
        for (at, source) in config.sources.iter().enumerate() {
            match &source.kind {
                SourceKind::Kafka(kafka) => {
                    let started = KafkaSource::start(&brokers::source(kafka, keys), positions.kafka(), positions.kafka_marks())?;
                    sources.kafka.push((at, started));
                }
                SourceKind::Files(pattern) => {
                    let read = ReadFiles::of(&own, Some(&source.name));
                    let tail = Tail::new(&source.name, pattern, keys, read, sources.read_by_nobody())?;
                    let of = (source.name.clone(), pattern.clone());
                    sources.tails.push(Following { source: at, of, tail });
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

    /// Why something of each source of files cannot be read now, if so.
    pub fn troubles(&self) -> impl Iterator<Item = (usize, Option<&str>)> {
        self.tails.iter().map(|following| (following.source, following.tail.trouble()))
    }

    /// Contents that were replayed as no source's, or are of a source that has another name now.
    fn read_by_nobody(&self) -> Vec<ReadFile> {
        self.others.iter().flat_map(|files| files.contents.iter().cloned()).collect()
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
    pub fn files(&self) -> Vec<ReadFiles> {
        self.tails.iter().map(|following| following.tail.read_files()).chain(self.others.iter().cloned()).collect()
    }

    /// Directories in which files are followed: from the first look on, what is new there is read, whatever rotation makes of it.
    pub fn followed_directories(&self) -> usize {
        self.tails.iter().map(|following| following.tail.directories()).sum()
    }

    /// Tells the brokers how far state has been saved.
    pub fn commit(&self, positions: &Positions) {
        for (_, kafka) in &self.kafka {
            kafka.commit(positions.kafka());
        }
    }

    /// How many commits have failed for good since this was last asked for.
    pub fn take_failed_commits(&self) -> u64 {
        self.kafka.iter().map(|(_, kafka)| kafka.take_failed_commits()).sum()
    }

    /// Begins to leave every source. Nothing is committed any more.
    pub fn begin_to_stop(&self) {
        self.kafka.iter().for_each(|(_, kafka)| kafka.begin_to_stop());
    }

    /// Leaves every source.
    pub fn stop(self) {
        self.begin_to_stop();
        for (_, kafka) in self.kafka {
            if !kafka.stop(LEAVE_WITHIN) {
                tracing::warn!("the Kafka client did not leave in time and is left behind");
            }
        }
    }
}

impl Following {
    fn poll(&mut self, arrivals: &mut Vec<Arrival>) {
        let source = self.source;
        let name = |file: &str| partition_name(&self.of.0, &self.of.1, file);
        for event in self.tail.poll() {
            arrivals.push(match event {
                TailEvent::Expected { name: file } | TailEvent::Opened { name: file, .. } => {
                    Arrival::Partition { source, name: name(&file) }
                }
                TailEvent::Piece { name: file, piece, .. } => Arrival::Piece { source, name: name(&file), piece },
                TailEvent::Finished { name: file, is_last: true, .. } => Arrival::Gone { name: name(&file) },
                // Another of that name goes on.
                TailEvent::Finished { is_last: false, .. } => continue,
                TailEvent::Lost(read) => Arrival::Lost { source, name: name(&read.name()), file: Some(read.path) },
            });
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
            arrivals.push(Arrival::Lost { source, name: partition.to_string(), file: None });
        }
        KafkaEvent::Rewound { partition, expected, to } => {
            brokers::tell_rewound(&partition, expected, to);
            arrivals.push(Arrival::Rewound { source, partition, to });
        }
        KafkaEvent::GoesOn { partition, next } => arrivals.push(Arrival::GoesOn { partition, next }),
        KafkaEvent::Failed(reason) => arrivals.push(Arrival::Failed { source, reason }),
    }
}
