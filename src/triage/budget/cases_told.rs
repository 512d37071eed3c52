//! How many cases were shown: what metrics say of cases, so that an operator is told of new ones and not of each alert that joins one.

use crate::model::severity::BySeverity;

/// Cases that were shown since this was asked last, by the severity of the gravest of their alerts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CasesShown {
    /// For the first time.
    pub first: BySeverity,
    /// Again, because what joined them was louder than all before.
    pub again: BySeverity,
}
