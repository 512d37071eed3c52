//! The topics of the service, and what each is for.

/// A topic of ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Topic {
    /// Accesses, keyed by employee: pseudonyms only, no statement.
    Access,
    /// The state of each task, compacted.
    State,
    /// What tasks tell the centre.
    Summaries,
    /// What the centre answers, compacted: every process reads all of it.
    Baselines,
    /// How far the time of silent input partitions was moved on.
    Ticks,
}

impl Topic {
    /// All of them.
    pub const ALL: [Topic; 5] = [Topic::Access, Topic::State, Topic::Summaries, Topic::Baselines, Topic::Ticks];

    /// What its name ends with.
    pub fn name(self) -> &'static str {
        match self {
            Topic::Access => "access",
            Topic::State => "state",
            Topic::Summaries => "summaries",
            Topic::Baselines => "baselines",
            Topic::Ticks => "ticks",
        }
    }

    /// Whether it has a partition for each task; the others have one.
    pub fn is_by_task(self) -> bool {
        match self {
            Topic::Access | Topic::State => true,
            Topic::Summaries | Topic::Baselines | Topic::Ticks => false,
        }
    }

    /// Whether only the newest message of a key is kept.
    pub fn is_compacted(self) -> bool {
        match self {
            Topic::State | Topic::Baselines => true,
            Topic::Access | Topic::Summaries | Topic::Ticks => false,
        }
    }
}
