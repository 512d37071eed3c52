//! The jobs: who does how much of what, when, for whom and with which reason. One row of [`ROLES`] a job.

use super::schema::Act;
use super::sites::SiteKind;

/// The rota of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Monday to Friday and make-up days.
    Office,
    /// Office days; three in ten work a rota that includes weekends.
    Counter,
    /// Seven days a week in day, evening, rotating and night shifts.
    RoundTheClock,
}

/// One job. Shares and probabilities are of 1 unless said otherwise.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) sector: &'static str,
    pub(crate) place: SiteKind,
    /// Share of all employees, in percent.
    pub(crate) percent: u32,
    /// Mean accesses of a full day.
    pub(crate) volume: f64,
    pub(crate) pattern: Pattern,
    /// Customers in the personal book; 0 for a portfolio that nobody shares.
    pub(crate) book: u32,
    /// Share of cases about somebody of the book.
    pub(crate) own: f64,
    /// Mean accesses in one case, which is one customer's business.
    pub(crate) case: f64,
    /// Share of cases that open a list, and the list.
    pub(crate) lists: (f64, Act),
    /// Share of cases with a reason on file, and its sort.
    pub(crate) reason: (f64, &'static str),
    /// Factor of the volume at month end.
    pub(crate) month_end: f64,
    /// Activities with their weights.
    pub(crate) work: &'static [(Act, u32)],
}

pub(crate) const ROLES: &[Role] = &[
    Role {
        name: "teller",
        sector: "finance",
        place: SiteKind::Branch,
        percent: 24,
        volume: 43.0,
        pattern: Pattern::Counter,
        book: 400,
        own: 0.5,
        case: 1.9,
        lists: (0.004, Act::CustomerList),
        reason: (0.91, "ticket"),
        month_end: 1.25,
        work: &[(Act::Find, 20), (Act::Profile, 18), (Act::Balance, 30), (Act::Statement, 14), (Act::Card, 10), (Act::Update, 8)],
    },
    Role {
        name: "call-centre agent",
        sector: "finance",
        place: SiteKind::CallCentre,
        percent: 20,
        volume: 52.0,
        pattern: Pattern::RoundTheClock,
        book: 250,
        own: 0.08,
        case: 1.8,
        lists: (0.002, Act::CustomerList),
        reason: (0.95, "ticket"),
        month_end: 1.1,
        work: &[(Act::Find, 30), (Act::Profile, 22), (Act::Contact, 18), (Act::Balance, 12), (Act::Card, 10), (Act::Update, 8)],
    },
    Role {
        name: "relationship manager",
        sector: "finance",
        place: SiteKind::Branch,
        percent: 16,
        volume: 27.0,
        pattern: Pattern::Office,
        book: 0,
        own: 0.86,
        case: 2.1,
        lists: (0.04, Act::CustomerList),
        reason: (0.84, "appointment"),
        month_end: 1.15,
        work: &[
            (Act::Find, 15),
            (Act::Profile, 22),
            (Act::Balance, 24),
            (Act::Statement, 10),
            (Act::Contact, 20),
            (Act::Update, 5),
            (Act::Loan, 4),
        ],
    },
    Role {
        name: "credit officer",
        sector: "finance",
        place: SiteKind::Branch,
        percent: 8,
        volume: 25.0,
        pattern: Pattern::Office,
        book: 0,
        own: 0.7,
        case: 2.2,
        lists: (0.012, Act::LoanList),
        reason: (0.94, "ticket"),
        month_end: 1.4,
        work: &[(Act::Loan, 34), (Act::Credit, 18), (Act::Collateral, 18), (Act::Profile, 15), (Act::Statement, 11), (Act::Update, 4)],
    },
    Role {
        name: "claims officer",
        sector: "insurance",
        place: SiteKind::Operations,
        percent: 6,
        volume: 26.0,
        pattern: Pattern::Office,
        book: 300,
        own: 0.65,
        case: 2.0,
        lists: (0.01, Act::ClaimList),
        reason: (0.94, "ticket"),
        month_end: 1.2,
        work: &[(Act::Claim, 45), (Act::Health, 24), (Act::Profile, 16), (Act::Contact, 15)],
    },
    Role {
        name: "back-office clerk",
        sector: "finance",
        place: SiteKind::Operations,
        percent: 8,
        volume: 36.0,
        pattern: Pattern::Office,
        book: 500,
        own: 0.3,
        case: 1.6,
        lists: (0.02, Act::CardList),
        reason: (0.82, "assignment"),
        month_end: 1.9,
        work: &[(Act::Balance, 26), (Act::Statement, 30), (Act::Card, 15), (Act::CardAuth, 15), (Act::Profile, 14)],
    },
    Role {
        name: "compliance analyst",
        sector: "finance",
        place: SiteKind::HeadOffice,
        percent: 2,
        volume: 62.0,
        pattern: Pattern::Office,
        book: 300,
        own: 0.15,
        case: 2.6,
        lists: (0.05, Act::CardList),
        reason: (0.82, "assignment"),
        month_end: 1.1,
        work: &[(Act::Statement, 36), (Act::Balance, 22), (Act::CardAuth, 17), (Act::Profile, 15), (Act::Loan, 10)],
    },
    Role {
        name: "branch manager",
        sector: "finance",
        place: SiteKind::Branch,
        percent: 3,
        volume: 12.0,
        pattern: Pattern::Office,
        book: 300,
        own: 0.6,
        case: 1.7,
        lists: (0.05, Act::CustomerList),
        reason: (0.6, "assignment"),
        month_end: 1.3,
        work: &[(Act::Profile, 25), (Act::Balance, 25), (Act::Loan, 25), (Act::Contact, 15), (Act::Find, 10)],
    },
    Role {
        name: "database administrator",
        sector: "finance",
        place: SiteKind::HeadOffice,
        percent: 2,
        volume: 11.0,
        pattern: Pattern::Office,
        book: 100,
        own: 0.1,
        case: 1.2,
        lists: (0.01, Act::CustomerList),
        reason: (0.7, "ticket"),
        month_end: 1.2,
        work: &[(Act::ReportSql, 50), (Act::LookupSql, 25), (Act::Find, 15), (Act::Balance, 10)],
    },
    Role {
        name: "vendor agent",
        sector: "finance",
        place: SiteKind::CallCentre,
        percent: 6,
        volume: 48.0,
        pattern: Pattern::Office,
        book: 350,
        own: 0.65,
        case: 1.7,
        lists: (0.004, Act::CardList),
        reason: (0.92, "assignment"),
        month_end: 1.2,
        work: &[(Act::Find, 34), (Act::Card, 22), (Act::Contact, 34), (Act::Balance, 10)],
    },
    Role {
        name: "telecom desk agent",
        sector: "telecom",
        place: SiteKind::CallCentre,
        percent: 4,
        volume: 39.0,
        pattern: Pattern::RoundTheClock,
        book: 200,
        own: 0.1,
        case: 1.6,
        lists: (0.002, Act::CustomerList),
        reason: (0.95, "ticket"),
        month_end: 1.1,
        work: &[(Act::Subscriber, 48), (Act::Calls, 20), (Act::Find, 25), (Act::Update, 5), (Act::Position, 2)],
    },
    Role {
        name: "marketing analyst",
        sector: "finance",
        place: SiteKind::HeadOffice,
        percent: 1,
        volume: 14.0,
        pattern: Pattern::Office,
        book: 300,
        own: 0.3,
        case: 1.2,
        lists: (0.2, Act::CustomerList),
        reason: (0.75, "assignment"),
        month_end: 1.1,
        work: &[(Act::ReportSql, 45), (Act::Find, 30), (Act::Contact, 25)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_a_hundred() {
        assert_eq!(ROLES.iter().map(|role| role.percent).sum::<u32>(), 100);
    }
}
