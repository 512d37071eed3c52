//! `[cluster]`: how several processes share the work.

use crate::config::section::Section;
use crate::model::time::Span;

/// `[cluster]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cluster {
    /// Into how many tasks employees are shared out. Fixed once there is state.
    pub tasks: i32,
    /// A name of this process that stays over restarts, so that a restart moves nothing.
    pub instance: Option<String>,
    /// What the names of our topics begin with.
    pub prefix: String,
    /// Replicas of topics that are made.
    pub replication: i32,
    /// After so long without a sign of life a process is taken for dead.
    pub session: Span,
}

impl Cluster {
    /// Reads the table.
    pub fn read(mut section: Section<'_>) -> Cluster {
        let cluster = Cluster {
            tasks: section.number("tasks", 1..=1_000).map_or(12, |n| n as i32),
            instance: section.text("instance"),
            prefix: section.text("prefix").unwrap_or_else(|| "leakwarden".to_owned()),
            replication: section.number("replication", 1..=100).map_or(1, |n| n as i32),
            session: section.span("session").unwrap_or(Span::seconds(30)),
        };
        section.end();
        cluster
    }
}
