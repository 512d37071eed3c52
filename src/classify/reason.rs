//! One business reason: whom it is given to, when it holds, and what it covers.

use crate::model::keys::Keys;
use crate::model::time::Timestamp;
use globset::GlobMatcher;
use serde::Deserialize;
use std::sync::Arc;

/// Which sort of reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum ReasonKind {
    Ticket,
    Appointment,
    Assignment,
    Campaign,
    Batch,
    BreakGlass,
}

impl ReasonKind {
    /// The name used in files and alerts.
    pub fn name(self) -> &'static str {
        match self {
            ReasonKind::Ticket => "ticket",
            ReasonKind::Appointment => "appointment",
            ReasonKind::Assignment => "assignment",
            ReasonKind::Campaign => "campaign",
            ReasonKind::Batch => "batch",
            ReasonKind::BreakGlass => "break_glass",
        }
    }
}

/// One reason.
#[derive(Clone, Debug)]
pub struct BusinessReason {
    /// Which sort.
    pub kind: ReasonKind,
    /// From when on it covers, inclusive.
    pub from: Timestamp,
    /// Until when, inclusive; [`Timestamp::END`] for ever.
    pub to: Timestamp,
    /// Print of its `ref`.
    pub reference: Option<u64>,
    /// It covers so many distinct people, the first in settled order.
    pub max_persons: Option<u64>,
    /// The tables that it covers; all where `None`.
    pub(super) objects: Option<Arc<GlobMatcher>>,
    /// Whether it names its subjects.
    pub by_subject: bool,
    /// Whether all of a unit share it.
    pub is_shared: bool,
    /// Whether it covers so many people of each who has it, where several have.
    pub is_for_each: bool,
    /// Identity over restarts: print of its text.
    pub print: u64,
}

/// Whom a reason may be given to, as prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grantee {
    /// The employee or account itself.
    pub own: u64,
    /// Their unit; 0 for none.
    pub unit: u64,
}

/// What a reason is asked to cover.
#[derive(Clone, Copy)]
pub struct ReasonQuery<'a> {
    /// When.
    pub time: Timestamp,
    /// Tables touched.
    pub objects: &'a [Arc<str>],
    /// The claimed reference: only the reason with that `ref` is heard.
    pub claimed: Option<u64>,
}

impl BusinessReason {
    /// What has no limit comes first, since a limit is not used up by what needs none; then what a unit shares. So what is taken of that
    /// depends on the unit's accesses alone, and not on how far reasons of one employee are used up.
    pub fn order(&self) -> (bool, bool) {
        (self.max_persons.is_some(), !self.is_shared)
    }

    /// Whether it covers what is asked.
    pub fn covers(&self, asked: ReasonQuery<'_>) -> bool {
        self.from <= asked.time
            && asked.time <= self.to
            && asked.claimed.is_none_or(|claimed| self.reference == Some(claimed))
            && self.objects.as_ref().is_none_or(|glob| asked.objects.iter().any(|object| glob.is_match(&**object)))
    }
}

impl Grantee {
    /// The print of an employee (or account) as reasons name it.
    pub fn employee(keys: &Keys, id: &str) -> u64 {
        keys.print("employee", id)
    }

    /// A source, as reasons for its silence name it.
    pub fn source(keys: &Keys, source: &str) -> Grantee {
        Grantee { own: keys.print("source", source), unit: 0 }
    }

    /// The print of a unit as reasons name it.
    pub fn unit(keys: &Keys, unit: &str) -> u64 {
        keys.print("unit", unit)
    }
}
