//! Why a line that was read is no access by itself, and how many there were: one of the fates of a record (docs/contract.md §2).

/// Why a line is no record of an access by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum IgnoredReason {
    /// Nothing stands in it.
    Blank,
    /// The head of a table, a comment, or what stands around records.
    Header,
    /// Part of a record of several lines, or of a statement of which several lines tell: counted with it.
    Continuation,
    /// Tells of an access that another record tells better.
    DuplicateEvent,
    /// A session begins, ends or is kept alive.
    Session,
    /// A statement or event that touches no data: transactions, settings, metadata.
    NotDataAccess,
    /// What a server says of itself: start, checkpoints, warnings.
    ServerMessage,
    /// Replication between servers, and a sign of life of it.
    ReplicationStatus,
    /// An event of another kind, or of another log that shares the stream.
    OtherEvent,
    /// Outside of the time that was asked for.
    OutsideTime,
    /// The decoder did not say.
    Other,
}

impl IgnoredReason {
    /// Every reason.
    pub const ALL: [IgnoredReason; 11] = [
        IgnoredReason::Blank,
        IgnoredReason::Header,
        IgnoredReason::Continuation,
        IgnoredReason::DuplicateEvent,
        IgnoredReason::Session,
        IgnoredReason::NotDataAccess,
        IgnoredReason::ServerMessage,
        IgnoredReason::ReplicationStatus,
        IgnoredReason::OtherEvent,
        IgnoredReason::OutsideTime,
        IgnoredReason::Other,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            IgnoredReason::Blank => "blank",
            IgnoredReason::Header => "header",
            IgnoredReason::Continuation => "continuation",
            IgnoredReason::DuplicateEvent => "duplicate_event",
            IgnoredReason::Session => "session",
            IgnoredReason::NotDataAccess => "not_data_access",
            IgnoredReason::ServerMessage => "server_message",
            IgnoredReason::ReplicationStatus => "replication_status",
            IgnoredReason::OtherEvent => "other_event",
            IgnoredReason::OutsideTime => "outside_time",
            IgnoredReason::Other => "other",
        }
    }
}

/// How many lines were passed over, by reason.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct IgnoredCounts([u64; IgnoredReason::ALL.len()]);

impl IgnoredCounts {
    /// Counts some.
    pub fn add(&mut self, reason: IgnoredReason, lines: u64) {
        self.0[reason as usize] += lines;
    }

    /// Counts those that another counted.
    pub fn join(&mut self, other: &IgnoredCounts) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, lines)| *sum += lines);
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The reasons that came up, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (IgnoredReason, u64)> + '_ {
        IgnoredReason::ALL.into_iter().map(|reason| (reason, self.0[reason as usize])).filter(|(_, lines)| *lines > 0)
    }
}
