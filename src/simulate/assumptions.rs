//! What the simulator takes for granted about people: one set of figures a kind of company, so that a detector can be measured where its
//! own assumptions hold and where they do not.
//!
//! `plain` people keep to their tickets, the directory is up to date, and insiders do not know what would give them away. In a `hard`
//! company insiders cite reasons and adapt, tickets are forgotten and mistyped, the personnel office is late, and days of innocent
//! people are far from even.

/// A kind of company.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assume {
    /// As the first version of the simulator made it, byte by byte.
    #[default]
    Plain,
    /// What is known to make detection harder.
    Hard,
}

impl Assume {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Hard];

    /// As it is written on the command line and in `company.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Hard => "hard",
        }
    }

    pub(crate) const fn figures(self) -> &'static Assumptions {
        match self {
            Self::Plain => &PLAIN,
            Self::Hard => &HARD,
        }
    }
}

/// A company in which nobody takes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Innocent {
    /// Nothing happens beside the ordinary and its look-alikes.
    Ordinary,
    /// All agents of an outside employer sit as one unit and work through common queues, by tickets of which few reach the company.
    Vendor,
    /// From a day on another bank belongs to it: its staff and its customers come at once, and each side serves the other's.
    Merger,
    /// For three workdays the tool for tickets is down: no access has a reference, and no reason comes on file.
    TicketOutage,
    /// In one week administrators and jobs move every table, and clerks check what was moved. All of it is approved.
    Migration,
}

impl Innocent {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Ordinary, Self::Vendor, Self::Merger, Self::TicketOutage, Self::Migration];

    /// As it is written on the command line and in `company.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Vendor => "vendor",
            Self::Merger => "merger",
            Self::TicketOutage => "ticket_outage",
            Self::Migration => "migration",
        }
    }
}

/// The first day of what happens: late enough for a history before, early enough for what follows.
pub(crate) const fn begins(days: u32) -> u32 {
    days * 3 / 5
}

/// What a kind of company takes for granted. Chances are of 1.
#[derive(Debug)]
pub(crate) struct Assumptions {
    /// Employees by role in percent, in the order of `roles::ROLES`; none for what stands there.
    pub(crate) shares: Option<&'static [u32]>,
    /// The power to which weights of places are raised: the higher, the smaller the small ones.
    pub(crate) unequal: u32,
    /// A vendor's agents sit as one unit of their own.
    pub(crate) vendor_unit: bool,
    /// One system knows people by logins of its own.
    pub(crate) second_login: bool,
    /// Chance of another job within the range.
    pub(crate) role_change: f64,
    /// Chance that the personnel office learns late of a hire, a new job or a return.
    pub(crate) late_feed: f64,
    /// Shape of the day's luck (Gamma): the lower, the more uneven.
    pub(crate) luck: u32,
    /// How far a person's mood moves the volume.
    pub(crate) mood: f64,
    /// Chance of a day out of proportion, and the exponent of its Pareto distribution.
    pub(crate) burst: (f64, f64),
    /// Weeks of a unit with a campaign, of a thousand.
    pub(crate) campaigns: u64,
    /// Units of agents that have a quota everybody just meets, of a hundred.
    pub(crate) quotas: u64,
    /// Most cases whose ticket is forgotten, by unit.
    pub(crate) forgotten: f64,
    /// Most references that are mistyped, by unit.
    pub(crate) mistyped: f64,
    /// Days of a unit on which its ticket tool files hardly anything, of a thousand.
    pub(crate) tool_down: u64,
    /// Chance that an insider cites reasons that are none.
    pub(crate) citing: f64,
    /// Share of strangers who are one's own customers after all.
    pub(crate) own: f64,
    /// Stolen lists are of the buyer's, and so of the insider's, own region.
    pub(crate) territory_lists: bool,
    /// Insiders stay within what is usual for them, and spread it.
    pub(crate) adapts: bool,
    /// How many look at a person in the news: obvious, medium.
    pub(crate) crowd: (u32, u32),
}

const PLAIN: Assumptions = Assumptions {
    shares: None,
    unequal: 1,
    vendor_unit: false,
    second_login: false,
    role_change: 0.035,
    late_feed: 0.0,
    luck: 8,
    mood: 0.24,
    burst: (0.02, 3.0),
    campaigns: 0,
    quotas: 0,
    forgotten: 0.0,
    mistyped: 0.0,
    tool_down: 0,
    citing: 0.0,
    own: 0.0,
    territory_lists: false,
    adapts: false,
    crowd: (10, 6),
};

const HARD: Assumptions = Assumptions {
    shares: Some(&[30, 10, 10, 5, 3, 14, 2, 2, 2, 14, 7, 1]),
    unequal: 3,
    vendor_unit: true,
    second_login: true,
    role_change: 0.07,
    late_feed: 0.35,
    luck: 4,
    mood: 0.32,
    burst: (0.035, 2.4),
    campaigns: 60,
    quotas: 70,
    forgotten: 0.08,
    mistyped: 0.05,
    tool_down: 15,
    citing: 0.55,
    own: 0.3,
    territory_lists: true,
    adapts: true,
    crowd: (5, 3),
};

#[cfg(test)]
mod tests;
