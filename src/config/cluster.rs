//! `[cluster]`: how several processes share the work.

use crate::model::own_topics::{InternalTopic, OTHER_TOPICS};
use crate::model::time::Span;
use crate::settings::settings;

settings! {
    /// Several processes share the work through Kafka; every source must be of kind `kafka` then. Without this table one process
    /// does all of it.
    pub struct Cluster {
        /// Into how many tasks employees are divided. Fixed once there is state.
        tasks: i32 = 12 => RESTART.within(1, 1_000);
        /// Name of this process that stays over restarts, so that a restart moves no task; `${NAME}` is taken from the environment.
        instance_id: Option<String> = None => RESTART.formerly("instance");
        /// What the names of the internal topics begin with.
        topic_prefix: String = "leakwarden".to_owned() => RESTART.formerly("prefix");
        /// Replicas of the internal topics that are created.
        replication_factor: i32 = 1 => RESTART.within(1, 100).formerly("replication");
        /// A process that sends no heartbeat for so long is taken for dead, and others take over its tasks.
        session_timeout: Span = Span::seconds(30) => RESTART.formerly("session");
    }
}

impl Cluster {
    /// The topic that says which dead letters were decoded after all.
    pub fn redriven_topic(&self) -> String {
        format!("{}.redriven", self.topic_prefix)
    }

    /// The topic that has the alerts where no sink is configured.
    pub fn alerts_topic(&self) -> String {
        format!("{}.{}", self.topic_prefix, OTHER_TOPICS[0])
    }

    /// All topics of the service itself, those of alerts and dead letters too: no source may read them.
    pub fn internal_topics(&self) -> Vec<String> {
        let names = InternalTopic::ALL.iter().map(|topic| format!("{}.{}", self.topic_prefix, topic.name()));
        let others = OTHER_TOPICS.iter().map(|name| format!("{}.{name}", self.topic_prefix));
        names.chain([self.redriven_topic()]).chain(others).collect()
    }
}
