//! What cross-employee detectors look at once a day has closed everywhere.

use crate::model::access::Actor;
use crate::population::lookup::Lookup;
use crate::population::lookups::RecentLookups;
use crate::population::meetings::EmployerMeetings;
use crate::population::summary::Summary;
use crate::population::survey::Survey;

/// What cross-employee detectors look at: one tick.
pub struct DayComparison<'a> {
    /// The day that has just closed everywhere.
    pub last: u32,
    /// Summaries of all employees, in the order of their actors.
    pub members: &'a [Summary],
    /// The looks of the last days, by subject and employee, each pair once.
    pub lookups: &'a [Lookup],
    /// Employees by number.
    pub recent: &'a RecentLookups,
    /// Units of employees and subjects.
    pub survey: &'a Survey,
    /// What agents of each outside employer have in common.
    pub meetings: &'a [EmployerMeetings],
}

impl<'a> DayComparison<'a> {
    /// The employee of a look.
    pub fn actor(&self, look: &Lookup) -> &'a Actor {
        &self.recent.actors()[look.who as usize]
    }

    /// The summary of an employee.
    pub fn member(&self, actor: &Actor) -> Option<&'a Summary> {
        self.members.binary_search_by(|member| member.actor.cmp(actor)).ok().map(|at| &self.members[at])
    }

    /// The looks at each subject with the print of the unit that serves it, one group after the other.
    pub fn by_home(&self) -> impl Iterator<Item = (u64, &'a [Lookup])> {
        self.survey.homes.iter().copied().zip(self.lookups.chunk_by(|a, b| a.subject == b.subject))
    }

    /// The looks at each subject, one group after the other.
    pub fn by_subject(&self) -> impl Iterator<Item = &'a [Lookup]> {
        self.lookups.chunk_by(|a, b| a.subject == b.subject)
    }
}
