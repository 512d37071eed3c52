//! The internal topics of a cluster, and what each is for.

/// An internal topic.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum InternalTopic {
    /// Accesses, keyed by employee: pseudonyms only, no statement.
    Access,
    /// The changelogs of the tasks and, in the last partition, of the coordinator. Compacted.
    State,
    /// Reports of the tasks to the coordinator.
    Summaries,
    /// Replies of the coordinator. Compacted: every process reads all of it.
    Baselines,
    /// By how much the watermarks of idle input partitions were advanced.
    Ticks,
}

impl InternalTopic {
    /// All of them.
    pub const ALL: [InternalTopic; 5] =
        [InternalTopic::Access, InternalTopic::State, InternalTopic::Summaries, InternalTopic::Baselines, InternalTopic::Ticks];

    /// Its name without the prefix, which is configured.
    pub fn name(self) -> &'static str {
        match self {
            InternalTopic::Access => "access",
            InternalTopic::State => "state",
            InternalTopic::Summaries => "summaries",
            InternalTopic::Baselines => "baselines",
            InternalTopic::Ticks => "ticks",
        }
    }

    /// Whether it has a partition for each task; the others have one.
    pub fn is_by_task(self) -> bool {
        match self {
            InternalTopic::Access | InternalTopic::State => true,
            InternalTopic::Summaries | InternalTopic::Baselines | InternalTopic::Ticks => false,
        }
    }

    /// Whether it is compacted: only the newest record of a key is kept.
    pub fn is_compacted(self) -> bool {
        match self {
            InternalTopic::State | InternalTopic::Baselines => true,
            InternalTopic::Access | InternalTopic::Summaries | InternalTopic::Ticks => false,
        }
    }
}

/// What the names of the topics end with by which others hear of the service, or it of reasons: none of them holds records of access.
pub const OTHER_TOPICS: [&str; 3] = ["alerts", "dead-letters", "explanations"];
