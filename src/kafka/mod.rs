//! What Kafka sources and Kafka sinks share: how a cluster is spoken to, and librdkafka's log.

pub mod consumer;
pub mod group;
pub mod producer;
pub mod settings;
pub mod token;
pub mod topics;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The context of a client that asks a few questions, whose answers say what is wrong.
pub struct Quiet;

impl ClientContext for Quiet {
    token::shows_token!();

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        error_line(&error, reason);
    }
}

impl ConsumerContext for Quiet {}

/// librdkafka's log as ours.
pub fn log_line(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
            tracing::error!(facility, "kafka: {message}");
        }
        RDKafkaLogLevel::Warning => tracing::warn!(facility, "kafka: {message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, "kafka: {message}"),
        RDKafkaLogLevel::Debug => tracing::debug!(facility, "kafka: {message}"),
    }
}

/// An error of a client as a line of the log. An outage gives ten a second, and librdkafka's log has told each connection that
/// failed by then: only what it does not repeat is worth a warning.
pub fn error_line(error: &KafkaError, reason: &str) {
    if is_outage(error) {
        tracing::debug!(%error, reason, "kafka");
    } else {
        tracing::warn!(%error, reason, "kafka");
    }
}

/// Whether an error says no more than that brokers cannot be reached.
pub fn is_outage(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(code, Some(RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve))
}
