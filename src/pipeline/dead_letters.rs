//! Where dead letters are kept, as `[dead_letters]` says: the same for a service of either kind, for a replay and for `redrive`.

use crate::config::load;
use crate::config::schema::{Config, Kafka};
use crate::model::problem::Problem;
use crate::sink::SinkError;
use crate::sink::dead_letters::{DEFAULT_TOPIC, DeadLetters};
use crate::sink::payload::Sealer;
use std::path::PathBuf;
use std::sync::Arc;

/// The file of a service, where no topic is configured.
pub fn file(config: &Config) -> PathBuf {
    config.dead_letters.path.clone().unwrap_or_else(|| config.state.dir.join("dead-letters.jsonl"))
}

/// What encrypts the content of dead letters, where a key is given; without one nothing of the content is kept.
pub fn sealer(config: &Config) -> Result<Option<Arc<Sealer>>, Vec<Problem>> {
    let secret = config.dead_letters.key_file.as_deref().map(load::secret).transpose().map_err(|problem| vec![problem])?;
    Ok(secret.map(|secret| Arc::new(Sealer::new(&secret))))
}

/// The writer of a service.
pub fn of_service(config: &Config) -> Result<DeadLetters, SinkError> {
    match config.dead_letter_topic() {
        Some(kafka) => of_topic(&kafka),
        None => DeadLetters::to_file(&file(config)),
    }
}

/// The writer of a replay: what the configuration names, which a service may be using at the same time. `None` where it names nothing.
pub fn of_replay(config: &Config) -> Result<Option<DeadLetters>, SinkError> {
    match (config.dead_letter_topic(), &config.dead_letters.path) {
        (Some(kafka), _) => of_topic(&kafka).map(Some),
        (None, Some(path)) => DeadLetters::to_shared_file(path).map(Some),
        (None, None) => Ok(None),
    }
}

fn of_topic(kafka: &Kafka) -> Result<DeadLetters, SinkError> {
    DeadLetters::to_topic(&kafka.cluster(), kafka.topics.first().map_or(DEFAULT_TOPIC, String::as_str))
}
