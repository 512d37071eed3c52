//! The context of every client: what librdkafka calls back. Its log and errors become log lines of ours, and a token is shown where
//! one is configured; what else a client reacts to is its [`ClientEvents`].

use crate::kafka::token;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use std::sync::{Mutex, PoisonError};

/// What librdkafka's log calls a commit that failed.
const COMMIT_FAILED: &str = "COMMITFAIL";

/// What one client reacts to beside the log.
pub trait ClientEvents: Send + Sync {
    /// Something failed; it is in the log already.
    fn on_error(&self, _: &KafkaError, _reason: &str) {}

    /// Offsets were not committed, for good; it is in the log already.
    fn on_commit_failed(&self) {}

    /// Statistics, as often as `statistics.interval.ms` says.
    fn on_statistics(&self, _: &Statistics) {}
}

impl ClientEvents for () {}

/// The context of a client. `KafkaContext(())` is that of a client that asks a few questions, whose answers say what is wrong.
#[derive(Default)]
pub struct KafkaContext<E = ()>(pub E);

impl<E: ClientEvents> ClientContext for KafkaContext<E> {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        token::renew(config)
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // A group that shares out its partitions anew takes no commits meanwhile; they are made again, here or elsewhere.
        let is_rebalance =
            ["Group rebalance in progress", "Specified group generation id is not valid"].iter().any(|why| message.contains(why));
        if facility == COMMIT_FAILED && is_rebalance {
            return tracing::info!(facility, "kafka: {message}");
        }
        // librdkafka calls nobody back for a commit that was asked for without a queue, and logs each that fails for good.
        if facility == COMMIT_FAILED {
            self.0.on_commit_failed();
            return tracing::warn!(facility, "kafka: offsets are not committed; the state has them: {message}");
        }
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::error!(facility, "kafka: {message}");
            }
            RDKafkaLogLevel::Warning => tracing::warn!(facility, "kafka: {message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, "kafka: {message}"),
            RDKafkaLogLevel::Debug => tracing::debug!(facility, "kafka: {message}"),
        }
    }

    /// An outage gives ten errors a second, and librdkafka's log has reported each connection that failed by then: only what it does
    /// not repeat is worth a warning.
    fn error(&self, error: KafkaError, reason: &str) {
        // What who asks for an offset wants to know.
        let is_answer = matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::AutoOffsetReset));
        if is_answer || is_outage(&error) {
            tracing::debug!(%error, reason, "kafka");
        } else {
            tracing::warn!(%error, reason, "kafka");
        }
        self.0.on_error(&error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.0.on_statistics(&statistics);
    }
}

impl ConsumerContext for KafkaContext {}

/// Remembers what last went wrong, for the message of whoever gives up.
#[derive(Default)]
pub struct LastError(Mutex<Option<String>>);

impl LastError {
    /// What last went wrong.
    pub fn last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientEvents for LastError {
    fn on_error(&self, error: &KafkaError, reason: &str) {
        // That all brokers are down is said after every failure, and explains none.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
        }
    }
}

impl ConsumerContext for KafkaContext<LastError> {}

/// Whether an error says no more than that brokers cannot be reached.
pub fn is_outage(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(code, Some(RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve))
}
