//! The topics of the service, and what each is for.

/// A topic of ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum InternalTopic {
    /// Accesses, keyed by employee: pseudonyms only, no statement.
    Access,
    /// The state of each task, compacted.
    State,
    /// What tasks tell the coordinator.
    Summaries,
    /// What the coordinator answers, compacted: every process reads all of it.
    Baselines,
    /// How far the time of silent input partitions was moved on.
    Ticks,
}

impl InternalTopic {
    /// All of them.
    pub const ALL: [InternalTopic; 5] =
        [InternalTopic::Access, InternalTopic::State, InternalTopic::Summaries, InternalTopic::Baselines, InternalTopic::Ticks];

    /// What its name ends with.
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

    /// Whether only the newest message of a key is kept.
    pub fn is_compacted(self) -> bool {
        match self {
            InternalTopic::State | InternalTopic::Baselines => true,
            InternalTopic::Access | InternalTopic::Summaries | InternalTopic::Ticks => false,
        }
    }
}
