//! Decisions of people, as recorded input: verdicts, silences, explanations, assignments, maintenance windows, and the end of any of them.
//!
//! One JSON object a line, read strictly ([`parse`]): what is not understood to the letter is refused with place, rule and value, for a
//! decision that means another thing than was written is worse than none. Nothing here is free text: reasons are codes, `by` is the name of
//! an account, and what people write to one another stays where they wrote it. What each does, and from when on, stands in
//! `docs/investigate/decisions.md`.

mod fields;
pub mod outcome;
pub mod parse;
mod write;

use crate::model::time::{HOUR_MS, Span, Timestamp};
use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};

/// A decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// What tells it from all others; a second one of the same id changes nothing.
    pub id: String,
    /// When it was made. It is in force from the first full hour (UTC, event time) on.
    pub at: Timestamp,
    /// The account that made it. No result depends on it.
    pub by: String,
    /// What was decided.
    pub what: DecisionKind,
}

/// What was decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum DecisionKind {
    /// What became of alerts.
    Verdict(Verdict),
    /// Alerts that are written and not shown.
    Silence(Silence),
    /// Accesses that have a reason from now on.
    Explanation(Explanation),
    /// Somebody works on a case, and looks at its people for that.
    Assignment(Assignment),
    /// A source that is known to be silent for a while.
    Maintenance(Maintenance),
    /// A silence, explanation, assignment or maintenance window is over.
    End {
        /// The id of the decision that it ends.
        of: String,
    },
}

/// What was found about alerts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// What was found.
    pub outcome: VerdictOutcome,
    /// Why, as a code that goes with the outcome.
    pub reason: VerdictReason,
    /// The alerts, each with the newest settled revision that was seen of it.
    pub alerts: Vec<CitedAlert>,
    /// Of an innocent verdict: what explains the like from now on.
    pub explanation: Option<Explanation>,
}

/// An alert and the settled revision of it that was seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CitedAlert {
    /// Its id.
    pub id: String,
    /// The revision.
    pub revision: u32,
}

/// What was found about alerts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum VerdictOutcome {
    /// It happened, and no reason was found.
    Confirmed,
    /// There was a reason, or nothing of the kind had happened.
    Innocent,
    /// It cannot be told.
    Unclear,
}

/// A code's name in files.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The name used in files and labels.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }
    };
}

codes! {
    /// Why a verdict is what it is.
    VerdictReason {
        /// Confirmed: it happened, and no reason was found.
        NoReasonFound = "no_reason_found",
        /// Confirmed: there was a reason, and more was taken than it needed.
        BeyondTheReason = "beyond_the_reason",
        /// Innocent: a ticket, a call, a complaint.
        Ticket = "ticket",
        /// Innocent: an appointment with those who were looked up.
        Appointment = "appointment",
        /// Innocent: assigned work.
        Assignment = "assignment",
        /// Innocent: a campaign.
        Campaign = "campaign",
        /// Innocent: a migration, a batch, a report.
        Batch = "batch",
        /// Innocent: an emergency.
        BreakGlass = "break_glass",
        /// Innocent: a new job, place or substitute.
        NewDuties = "new_duties",
        /// Innocent: directory, calendar, catalog or log was wrong.
        WrongData = "wrong_data",
        /// Innocent: nothing unusual had happened.
        DetectorWrong = "detector_wrong",
        /// Unclear: records are missing.
        RecordsMissing = "records_missing",
        /// Unclear: nobody who knows could be asked.
        NobodyToAsk = "nobody_to_ask",
        /// Unclear: a reason was named that cannot be checked.
        NotVerifiable = "not_verifiable",
    }
}

codes! {
    /// Which sort of reason an explanation is: those that explanations of the directory know.
    ExplanationReason {
        /// A ticket.
        Ticket = "ticket",
        /// An appointment.
        Appointment = "appointment",
        /// Assigned work.
        Assignment = "assignment",
        /// A campaign.
        Campaign = "campaign",
        /// A batch.
        Batch = "batch",
        /// An emergency.
        BreakGlass = "break_glass",
    }
}

codes! {
    /// Why something is silenced.
    SilenceReason {
        /// What it is about is known and being dealt with.
        Known = "known",
        /// A campaign, a migration or another event of the house.
        Event = "event",
        /// Somebody tries something out.
        Test = "test",
        /// The detector is being set anew.
        Tuning = "tuning",
    }
}

/// Whom or what a reason is given to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Grantee {
    /// An employee, or an account that is nobody's.
    Employee(String),
    /// Each employee of a unit, by themselves.
    Unit(String),
}

/// A reason for accesses from now on: it names objects and how many people, so that it explains the cause and never the person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explanation {
    /// Whose accesses.
    pub whom: Grantee,
    /// Glob of the tables; an access is explained by it if it touches one of them.
    pub objects: String,
    /// From when on, inclusive; never before the decision.
    pub from: Timestamp,
    /// Until when, inclusive.
    pub to: Timestamp,
    /// Which sort.
    pub reason: ExplanationReason,
    /// What a claimed purpose refers to it by.
    pub reference: Option<String>,
    /// It covers so many distinct people of each employee.
    pub max_persons: u64,
}

/// Alerts that are written and not shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Silence {
    /// All of these must match.
    pub matchers: Vec<Matcher>,
    /// Until when, exclusive.
    pub to: Timestamp,
    /// Why.
    pub reason: SilenceReason,
}

/// One condition of a silence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Matcher {
    /// Of what.
    pub field: MatchedField,
    /// A glob; without `*`, `?`, `[` and `{` the text itself.
    pub glob: String,
}

codes! {
    /// What of an alert a silence can be about.
    MatchedField {
        /// The typology.
        Typology = "typology",
        /// The unit.
        Unit = "unit",
        /// The role.
        Role = "role",
        /// The employee, or the account where nobody is named.
        Employee = "employee",
        /// The source, of which a gap is told or in which the records stand.
        Source = "source",
    }
}

/// Somebody works on a case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Assignment {
    /// The employee who works on it.
    pub reviewer: String,
    /// The case.
    pub case: String,
    /// Until when, inclusive.
    pub to: Timestamp,
}

/// A window in which a source may be silent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Maintenance {
    /// What is worked on.
    pub on: Maintained,
    /// From when on, inclusive.
    pub from: Timestamp,
    /// Until when, inclusive.
    pub to: Timestamp,
}

/// What is worked on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Maintained {
    /// A source: that it says little or nothing is no finding.
    Source(String),
    /// Objects, by those who work on them: their accesses to them are explained.
    Objects {
        /// Glob of the tables.
        objects: String,
        /// The employee or account.
        employee: String,
    },
}

/// The longest time for which an explanation or an assignment holds.
pub const LONGEST_EXPLANATION: Span = Span::days(90);
/// The longest time for which alerts are silenced.
pub const LONGEST_SILENCE: Span = Span::days(30);
/// The longest maintenance window.
pub const LONGEST_MAINTENANCE: Span = Span::days(30);
/// Bytes of one decision, at the most.
pub const MOST_BYTES: usize = 64 * 1024;
/// Alerts that one verdict cites, at the most.
pub const MOST_ALERTS: usize = 1_000;

/// What is never silenced.
pub const NEVER_SILENCED: [Typology; 3] = [Typology::Canary, Typology::LogGap, Typology::Tampering];

/// The kinds by name, as labels of metrics.
pub const KINDS: [&str; 6] = ["verdict", "silence", "explanation", "assignment", "maintenance", "end"];

impl VerdictOutcome {
    /// All of them.
    pub const ALL: [VerdictOutcome; 3] = [VerdictOutcome::Confirmed, VerdictOutcome::Innocent, VerdictOutcome::Unclear];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            VerdictOutcome::Confirmed => "confirmed",
            VerdictOutcome::Innocent => "innocent",
            VerdictOutcome::Unclear => "unclear",
        }
    }
}

impl VerdictReason {
    /// The outcome that it goes with.
    pub fn outcome(self) -> VerdictOutcome {
        use VerdictReason as R;
        match self {
            R::NoReasonFound | R::BeyondTheReason => VerdictOutcome::Confirmed,
            R::Ticket | R::Appointment | R::Assignment | R::Campaign | R::Batch | R::BreakGlass => VerdictOutcome::Innocent,
            R::NewDuties | R::WrongData | R::DetectorWrong => VerdictOutcome::Innocent,
            R::RecordsMissing | R::NobodyToAsk | R::NotVerifiable => VerdictOutcome::Unclear,
        }
    }
}

impl DecisionKind {
    /// The name used in files and labels.
    pub fn name(&self) -> &'static str {
        match self {
            DecisionKind::Verdict(_) => "verdict",
            DecisionKind::Silence(_) => "silence",
            DecisionKind::Explanation(_) => "explanation",
            DecisionKind::Assignment(_) => "assignment",
            DecisionKind::Maintenance(_) => "maintenance",
            DecisionKind::End { .. } => "end",
        }
    }
}

impl Decision {
    /// The UTC hour from which on it is in force, unless it is taken in later.
    pub fn hour(&self) -> i64 {
        self.at.0.div_euclid(HOUR_MS) + i64::from(self.at.0.rem_euclid(HOUR_MS) > 0)
    }
}
