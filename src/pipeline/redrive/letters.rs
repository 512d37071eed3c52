//! Dead letters, read back from where they were kept.

use crate::config::schema::Kafka;
use crate::model::topic::TopicPartition;
use crate::pipeline::redrive::spool::LetterId;
use crate::sink::dead_letters::DeadLetter;
use crate::source::kafka::settings::SettingsError;
use crate::source::kafka::{bounds, range};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// What was read.
#[derive(Default)]
pub struct Letters {
    /// Dead letters, in their order.
    pub all: Vec<DeadLetter>,
    /// Lines that are none.
    pub unreadable: u64,
}

/// Bytes of a file that hold the newest.
const NEWEST: u64 = 4 * 1024 * 1024;

/// Messages of each partition that hold the newest.
const NEWEST_MESSAGES: i64 = 20_000;

/// How long a start waits for brokers that only know what was.
const BRIEFLY: Duration = Duration::from_secs(5);

/// How long brokers may take to say what a topic holds.
const PATIENCE: Duration = Duration::from_secs(30);

impl Letters {
    /// From a file.
    pub fn from_file(path: &Path) -> anyhow::Result<Letters> {
        let place = || format!("dead letters: {}", path.display());
        let mut letters = Letters::default();
        let mut reader = BufReader::new(std::fs::File::open(path).with_context(place)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).with_context(place)? > 0 {
            letters.take(&line);
            line.clear();
        }
        Ok(letters)
    }

    /// The ids of the newest in a file: those that a crash may have left beside a state that is older than they are.
    pub fn newest(path: &Path) -> BTreeSet<LetterId> {
        let read = || -> std::io::Result<Letters> {
            let mut file = std::fs::File::open(path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(NEWEST)))?;
            let mut letters = Letters::default();
            for line in BufReader::new(file).split(b'\n') {
                letters.take(&line?);
            }
            Ok(letters)
        };
        // Without a file there are none.
        read().unwrap_or_default().ids()
    }

    /// The same of a topic. Brokers that are away know of none.
    pub fn newest_of(kafka: &Kafka) -> BTreeSet<LetterId> {
        let cluster = kafka.cluster();
        let mut letters = Letters::default();
        let mut read = || -> Result<(), SettingsError> {
            for (TopicPartition { topic, partition }, (first, next)) in bounds(&cluster, &kafka.topics, BRIEFLY)? {
                let from = first.max(next - NEWEST_MESSAGES);
                range::read(&cluster, &topic, partition, from..next, &mut |_, bytes| letters.take(bytes))?;
            }
            Ok(())
        };
        if let Err(error) = read() {
            tracing::warn!(%error, "dead letters of before cannot be read: what is read again may be re-driven too");
        }
        letters.ids()
    }

    fn ids(&self) -> BTreeSet<LetterId> {
        self.all.iter().map(|letter| LetterId::of(&letter.partition, letter.position, &letter.hash)).collect()
    }

    /// From a topic, up to where it ends now.
    pub fn from_topic(kafka: &Kafka) -> anyhow::Result<Letters> {
        let cluster = kafka.cluster();
        let mut letters = Letters::default();
        for (TopicPartition { topic, partition }, (first, next)) in bounds(&cluster, &kafka.topics, PATIENCE).context("dead letters")? {
            let mut take = |_: i64, bytes: &[u8]| letters.take(bytes);
            range::read(&cluster, &topic, partition, first..next, &mut take).context("dead letters")?;
        }
        Ok(letters)
    }

    fn take(&mut self, line: &[u8]) {
        if line.trim_ascii().is_empty() {
            return;
        }
        match serde_json::from_slice(line) {
            Ok(letter) => self.all.push(letter),
            Err(_) => self.unreadable += 1,
        }
    }
}
