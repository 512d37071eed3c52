//! Dead letters on their way to where they are kept. Nothing is saved or committed past one that is not kept yet.

use crate::failpoint::hit;
use crate::sink::dead_letters::{DeadLetter, DeadLetters};

/// Dead letters that wait to be kept.
pub struct DeadLetterQueue {
    writer: Option<DeadLetters>,
    waiting: Vec<DeadLetter>,
}

impl DeadLetterQueue {
    /// Without a writer they are logged and kept nowhere.
    pub fn new(writer: Option<DeadLetters>) -> DeadLetterQueue {
        DeadLetterQueue { writer, waiting: Vec::new() }
    }

    /// Adds records that could not be decoded.
    pub fn extend(&mut self, letters: impl IntoIterator<Item = DeadLetter>) {
        self.waiting.extend(letters);
    }

    /// Logs and keeps all that wait. A place that takes none ends the service: nothing may be lost, and offsets stay where they are.
    pub fn keep(&mut self) -> anyhow::Result<()> {
        let letters = std::mem::take(&mut self.waiting);
        for DeadLetter { partition, position, reason, .. } in &letters {
            tracing::warn!(%partition, position = position.0, %reason, "record cannot be decoded");
        }
        if let Some(writer) = self.writer.as_mut().filter(|_| !letters.is_empty()) {
            writer.write(&letters).map_err(|error| anyhow::anyhow!("dead letters cannot be kept: {error}"))?;
            hit("dead letters kept");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Position, RecordHash};

    #[test]
    fn letters_are_kept_once_in_order_and_an_unwritable_place_is_an_error() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("dead.jsonl");
        let mut queue = DeadLetterQueue::new(Some(DeadLetters::to_file(&path).expect("opened")));
        let letter = |position| DeadLetter {
            partition: "access/0".to_owned(),
            position: Position(position),
            length: 3,
            hash: RecordHash([1; 32]),
            reason: "no".to_owned(),
            at: None,
            payload: None,
        };
        queue.extend([letter(1), letter(2)]);
        queue.keep().expect("kept");
        queue.keep().expect("nothing is left");
        let text = std::fs::read_to_string(&path).expect("read");
        let read: Vec<DeadLetter> = text.lines().map(|line| serde_json::from_str(line).expect("a letter")).collect();
        assert_eq!(read.iter().map(|letter| letter.position.0).collect::<Vec<_>>(), [1, 2]);
    }
}
