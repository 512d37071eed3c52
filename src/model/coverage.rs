//! How far an employee's day could be evaluated: fully, partly or not, and why not.
//!
//! Silence must not be taken for innocence: what could not be seen is said beside what was.

use serde::{Deserialize, Serialize};

/// How far a day was evaluated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum State {
    Fully,
    Partly,
    Not,
}

impl State {
    /// All of them.
    pub const ALL: [State; 3] = [State::Fully, State::Partly, State::Not];

    /// Of a day with or without records, with these reasons.
    pub fn of(has_records: bool, reasons: Reasons) -> State {
        match (has_records, reasons.is_empty()) {
            (false, _) => State::Not,
            (true, true) => State::Fully,
            (true, false) => State::Partly,
        }
    }

    /// The name used in files, answers and metrics.
    pub fn name(self) -> &'static str {
        match self {
            State::Fully => "fully",
            State::Partly => "partly",
            State::Not => "not",
        }
    }
}

/// Why a day was not fully evaluated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Reason {
    /// Records of a source that this employee's records come from could not be decoded on that day.
    DeadLetters,
    /// Such a source was silent or gave far too little, or numbers of its sequence are missing.
    LogGap,
    /// Records came after the day had closed: they count, and no baseline of the day knows them.
    Late,
    /// An access of which the log does not say how many people it showed.
    UnknownPersons,
    /// An access to a table that the catalog does not know.
    UnknownTables,
    /// Too few days before it to hold it against.
    ColdStart,
    /// The service resumed, and records in between are lost to it.
    Restore,
    /// What was kept of the employee was given up for room, and too few days have come since to hold it against.
    Evicted,
}

impl Reason {
    /// How many there are.
    pub const COUNT: usize = 8;
    /// All of them; `ALL[r as usize] == r`.
    pub const ALL: [Reason; Reason::COUNT] = [
        Reason::DeadLetters,
        Reason::LogGap,
        Reason::Late,
        Reason::UnknownPersons,
        Reason::UnknownTables,
        Reason::ColdStart,
        Reason::Restore,
        Reason::Evicted,
    ];

    /// The name used in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Reason::DeadLetters => "dead_letters",
            Reason::LogGap => "log_gap",
            Reason::Late => "late",
            Reason::UnknownPersons => "unknown_persons",
            Reason::UnknownTables => "unknown_tables",
            Reason::ColdStart => "cold_start",
            Reason::Restore => "restore",
            Reason::Evicted => "evicted",
        }
    }
}

/// A set of reasons.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reasons(u8);

impl Reasons {
    /// With one more, where it holds.
    #[must_use]
    pub fn with(self, reason: Reason, holds: bool) -> Reasons {
        Reasons(self.0 | u8::from(holds) << reason as u8)
    }

    /// Whether it is among them.
    pub fn has(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u8) != 0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are among them, in order.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter().filter(move |reason| self.has(*reason))
    }
}

/// Sums of days that have closed everywhere, of a part of the employees: what is kept of coverage beside the alerts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SettledDays {
    /// Which part of the employees: the task, where there are several.
    pub part: String,
    /// Each day, YYYY-MM-DD, ascending.
    pub days: Vec<(String, Counts)>,
    /// Tables that the catalog does not know, with accesses to them, most accessed first.
    pub tables: Vec<(String, u64)>,
}

/// Employee-days of one day by state, and by reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// By state.
    pub states: [u64; State::ALL.len()],
    /// By reason; a day may have several.
    pub reasons: [u64; Reason::COUNT],
}

impl Counts {
    /// Counts a day.
    pub fn add(&mut self, (state, reasons): (State, Reasons)) {
        self.states[state as usize] += 1;
        reasons.iter().for_each(|reason| self.reasons[reason as usize] += 1);
    }

    /// Takes a day back that was counted.
    pub fn remove(&mut self, (state, reasons): (State, Reasons)) {
        let less = |n: &mut u64| *n = n.saturating_sub(1);
        less(&mut self.states[state as usize]);
        reasons.iter().for_each(|reason| less(&mut self.reasons[reason as usize]));
    }

    /// Joins what others counted.
    pub fn join(&mut self, other: &Counts) {
        self.states.iter_mut().zip(other.states).for_each(|(sum, n)| *sum += n);
        self.reasons.iter_mut().zip(other.reasons).for_each(|(sum, n)| *sum += n);
    }

    /// All employee-days.
    pub fn total(&self) -> u64 {
        self.states.iter().sum()
    }
}
