//! Records that could not be decoded: where they stood and why; what they held only where a key is given that encrypts it.

use crate::kafka::settings::Cluster;
use crate::model::access::{Position, RecordHash};
use crate::model::time::Timestamp;
use crate::private_file::{self, NewFile, Readers};
use crate::sink::SinkError;
use crate::sink::append::Appender;
use crate::sink::produce::Producer;
use serde::{Deserialize, Deserializer, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The topic of dead letters where brokers are configured and no topic.
pub const DEFAULT_TOPIC: &str = "leakwarden.dead-letters";

/// The partition of lines that are no decisions: those of `[decisions] file`; of a topic with the partition's number behind it. No source of
/// records, and nothing to be decoded once more.
pub const DECISIONS: &str = "[decisions]";

/// A record that could not be decoded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Name of its partition, as in evidence: that of the source, its file, or topic/number.
    #[serde(rename = "source")]
    pub partition: String,
    /// Line or offset.
    pub position: Position,
    /// Its length in bytes.
    pub length: u64,
    /// Keyed hash of its bytes.
    #[serde(serialize_with = "hex", deserialize_with = "from_hex")]
    pub hash: RecordHash,
    /// Why, without its content.
    pub reason: String,
    /// When it was written, RFC 3339; [`DeadLetters::write`] says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Its content, encrypted: [`crate::sink::payload`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

/// Which dead letter: place and content of its record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LetterId([u8; 16]);

impl LetterId {
    /// Of the record at that place.
    pub fn of(source: &str, position: Position, hash: &RecordHash) -> LetterId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(source.len() as u64).to_le_bytes()).update(source.as_bytes()).update(&position.0.to_le_bytes()).update(&hash.0);
        let hash = hasher.finalize();
        LetterId(std::array::from_fn(|at| hash.as_bytes()[at]))
    }

    /// As text.
    pub fn text(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    /// From a text.
    pub fn parse(text: &str) -> Option<LetterId> {
        let whole = text.len() == 32;
        u128::from_str_radix(text, 16).ok().filter(|_| whole).map(|number| LetterId(number.to_be_bytes()))
    }
}

/// Takes dead letters. Like a sink: `Ok` means acknowledged, and only then may the input offset be committed.
pub struct DeadLetters {
    to: Destination,
}

/// How often writing is tried again before it counts as failed, and how long after.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

enum Destination {
    File { path: PathBuf, file: Appender },
    Topic(Producer),
}

impl DeadLetters {
    /// Into a file of JSON lines that is this process's alone, behind what is there.
    pub fn to_file(path: &Path) -> Result<DeadLetters, SinkError> {
        DeadLetters::appending(path, Appender::open(path))
    }

    /// The same for a file that a running service may be writing to as well.
    pub fn to_shared_file(path: &Path) -> Result<DeadLetters, SinkError> {
        DeadLetters::appending(path, Appender::open_shared(path))
    }

    /// Into a file of JSON lines in the place of what is there.
    pub fn to_new_file(path: &Path) -> Result<DeadLetters, SinkError> {
        DeadLetters::appending(
            path,
            private_file::create(path, Readers::Group).and_then(NewFile::finish).and_then(|()| Appender::open_shared(path)),
        )
    }

    fn appending(path: &Path, file: std::io::Result<Appender>) -> Result<DeadLetters, SinkError> {
        let file = file.map_err(|error| SinkError::permanent(format!("dead letters: {}: {error}", path.display())))?;
        Ok(DeadLetters { to: Destination::File { path: path.to_owned(), file } })
    }

    /// Into a topic.
    pub fn to_topic(cluster: &Cluster, topic: &str) -> Result<DeadLetters, SinkError> {
        Ok(DeadLetters { to: Destination::Topic(Producer::new(cluster, topic)?) })
    }

    /// Writes all of them; `Ok` once they are acknowledged. What may pass is tried again a few times.
    pub fn write(&mut self, letters: &[DeadLetter]) -> Result<(), SinkError> {
        if letters.is_empty() {
            return Ok(());
        }
        let mut tries = TRIES;
        loop {
            match self.write_once(letters) {
                Err(error) if error.retryable && tries > 0 => {
                    tracing::warn!(%error, "dead letters are not kept yet; trying again");
                    std::thread::sleep(PAUSE);
                    tries -= 1;
                }
                outcome => return outcome,
            }
        }
    }

    fn write_once(&mut self, letters: &[DeadLetter]) -> Result<(), SinkError> {
        let mut lines = Vec::with_capacity(letters.len());
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let now = Timestamp(since).to_string();
        for letter in letters {
            let letter = DeadLetter { at: Some(now.clone()), ..letter.clone() };
            lines.push(serde_json::to_vec(&letter).map_err(|error| SinkError::permanent(format!("dead letter: {error}")))?);
        }
        match &mut self.to {
            Destination::File { path, file } => {
                let text: Vec<u8> = lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
                file.append(&text).map_err(|error| SinkError::transient(format!("dead letters: {}: {error}", path.display())))
            }
            // Keyed by partition: the dead letters of one stay in order.
            Destination::Topic(producer) => {
                producer.produce(letters.iter().map(|letter| letter.partition.as_bytes()).zip(lines.iter().map(Vec::as_slice)))
            }
        }
    }
}

fn hex<S: serde::Serializer>(hash: &RecordHash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(blake3::Hash::from_bytes(hash.0).to_hex().as_str())
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RecordHash, D::Error> {
    let text = String::deserialize(deserializer)?;
    blake3::Hash::from_hex(text).map(|hash| RecordHash(*hash.as_bytes())).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_is_one_line_of_place_and_reason() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("dead.jsonl");
        let mut letters = DeadLetters::to_file(&path).expect("opened");
        let letter = DeadLetter {
            partition: "access/3".to_owned(),
            position: Position(17),
            length: 12,
            hash: RecordHash([0xab; 32]),
            reason: "time must be given".to_owned(),
            at: None,
            payload: None,
        };
        letters.write(&[letter.clone(), DeadLetter { partition: "access".to_owned(), ..letter.clone() }]).expect("written");
        let hash = "ab".repeat(32);
        let rest = format!("\"position\":17,\"length\":12,\"hash\":\"{hash}\",\"reason\":\"time must be given\",\"at\":\"2");
        let written = std::fs::read_to_string(&path).expect("read");
        let lines: Vec<&str> = written.lines().collect();
        assert!(lines[0].starts_with(&format!("{{\"source\":\"access/3\",{rest}")), "{written}");
        assert!(lines[1].starts_with(&format!("{{\"source\":\"access\",{rest}")) && lines[1].ends_with("Z\"}"), "{written}");
        let read: DeadLetter = serde_json::from_str(lines[0]).expect("reads");
        assert_eq!(DeadLetter { at: None, ..read }, letter);
    }
}
