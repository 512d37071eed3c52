//! Revisions on their way into the outbox, as a durable sink of the service: the engine's acknowledgement waits for the commit, and for
//! nothing else. Whether anybody could be told is the workers' business.

use crate::database::{Database, DatabaseError};
use crate::model::alert::Alert;
use crate::model::time::Timestamp;
use crate::notify::outbox::Outbox;
use crate::notify::workers::now;
use crate::sink::{Sink, SinkError};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Puts down what is to be told.
pub struct OutboxSink {
    database: Database,
    outbox: Outbox,
    runtime: Handle,
}

impl OutboxSink {
    /// Into this database, whose work the runtime does.
    pub fn new(database: Database, outbox: Outbox, runtime: Handle) -> OutboxSink {
        OutboxSink { database, outbox, runtime }
    }

    async fn take(&self, alerts: &[Arc<Alert>], now: Timestamp) -> Result<(), DatabaseError> {
        let mut write = self.database.write().await?;
        for alert in alerts {
            self.outbox.take(&mut write, alert, now).await?;
        }
        write.commit().await
    }
}

impl Sink for OutboxSink {
    fn name(&self) -> &str {
        "outbox"
    }

    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Result<(), SinkError> {
        self.runtime
            .block_on(self.take(alerts, now()))
            .map_err(|error| SinkError { retryable: error.is_retryable(), message: error.to_string() })
    }
}
