//! Records that could not be decoded: where they stood and why, never what they held.

use crate::kafka::settings::Cluster;
use crate::model::access::{Position, RecordHash};
use crate::sink::SinkError;
use crate::sink::append::Appender;
use crate::sink::produce::Producer;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Where dead letters go unless told otherwise.
pub const DEFAULT_TOPIC: &str = "leakwarden.dead-letters";

/// A record that could not be decoded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DeadLetter {
    /// The source's name, or topic, or file.
    pub source: String,
    /// The partition, where the source has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// Line or offset.
    pub position: Position,
    /// Its length in bytes.
    pub length: u64,
    /// Keyed hash of its bytes.
    #[serde(serialize_with = "hex")]
    pub hash: RecordHash,
    /// Why, without its content.
    pub reason: String,
}

/// Takes dead letters. Like a sink: `Ok` means acknowledged, and only then may the input offset be committed.
pub struct DeadLetters {
    to: Destination,
}

enum Destination {
    File { path: PathBuf, file: Appender },
    Topic(Producer),
}

impl DeadLetters {
    /// Into a file of JSON lines.
    pub fn to_file(path: &Path) -> Result<DeadLetters, SinkError> {
        let file = Appender::open(path).map_err(|error| SinkError::lasting(format!("dead letters: {}: {error}", path.display())))?;
        Ok(DeadLetters { to: Destination::File { path: path.to_owned(), file } })
    }

    /// Into a topic.
    pub fn to_topic(cluster: &Cluster, topic: &str) -> Result<DeadLetters, SinkError> {
        Ok(DeadLetters { to: Destination::Topic(Producer::new(cluster, topic)?) })
    }

    /// Writes all of them; `Ok` once they are acknowledged.
    pub fn write(&mut self, letters: &[DeadLetter]) -> Result<(), SinkError> {
        let mut lines = Vec::with_capacity(letters.len());
        for letter in letters {
            lines.push(serde_json::to_vec(letter).map_err(|error| SinkError::lasting(format!("dead letter: {error}")))?);
        }
        match &mut self.to {
            Destination::File { path, file } => {
                let text: Vec<u8> = lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
                file.append(&text).map_err(|error| SinkError::passing(format!("dead letters: {}: {error}", path.display())))
            }
            // Keyed by source: one source's dead letters stay in order.
            Destination::Topic(producer) => {
                producer.produce(letters.iter().map(|letter| letter.source.as_bytes()).zip(lines.iter().map(Vec::as_slice)))
            }
        }
    }
}

fn hex<S: serde::Serializer>(hash: &RecordHash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(blake3::Hash::from_bytes(hash.0).to_hex().as_str())
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
            source: "access".to_owned(),
            partition: Some(3),
            position: Position(17),
            length: 12,
            hash: RecordHash([0xab; 32]),
            reason: "time must be given".to_owned(),
        };
        letters.write(&[letter.clone(), DeadLetter { partition: None, ..letter }]).expect("written");
        let hash = "ab".repeat(32);
        let rest = format!("\"position\":17,\"length\":12,\"hash\":\"{hash}\",\"reason\":\"time must be given\"}}\n");
        let expected = format!("{{\"source\":\"access\",\"partition\":3,{rest}{{\"source\":\"access\",{rest}");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), expected);
    }
}
