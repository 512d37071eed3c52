//! What accesses that name nobody add to the statutory counter over its horizon: kept up as they come, so that an alert costs no look at
//! every day of a year.

use crate::profile::counted::Counted;

/// Sums of one scope.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Unnamed {
    /// Reading A: every access adds its figure.
    pub a: u64,
    /// Reading B: only the largest adds.
    pub b: u64,
    /// Whether something came on top whose people, tables or kinds are not known.
    pub incomplete: bool,
}

/// Sums of everything, and of what no known reason covers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct UnnamedTotals {
    /// Of everything.
    pub exposure: Unnamed,
    /// Of what no known reason covers.
    pub unexplained: Unnamed,
}

impl Unnamed {
    /// What a day holds.
    fn of(counted: &Counted) -> Unnamed {
        Unnamed { a: counted.a, b: counted.b, incomplete: counted.is_incomplete() }
    }

    fn grow(&mut self, before: Unnamed, after: Unnamed) {
        self.a = self.a.saturating_add(after.a - before.a);
        self.b = self.b.max(after.b);
        self.incomplete |= after.incomplete;
    }
}

impl UnnamedTotals {
    /// What a day holds.
    pub fn of(exposure: &Counted, unexplained: &Counted) -> UnnamedTotals {
        UnnamedTotals { exposure: Unnamed::of(exposure), unexplained: Unnamed::of(unexplained) }
    }

    /// A day has come to hold more.
    pub fn grow(&mut self, before: UnnamedTotals, after: UnnamedTotals) {
        self.exposure.grow(before.exposure, after.exposure);
        self.unexplained.grow(before.unexplained, after.unexplained);
    }
}
