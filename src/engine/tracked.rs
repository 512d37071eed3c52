//! An employee under watch: the profile, the episodes, and what is derived once a day.

use crate::classify::explanations::Who;
use crate::engine::context::Context;
use crate::model::statute::{Band, Statute};
use crate::population::Summary;
use crate::profile::Profile;
use crate::profile::history::Moments;
use crate::profile::measure::Measure;
use crate::profile::seen::Part;
use crate::triage::Episode;
use std::sync::Arc;

/// One employee or account.
#[derive(Clone, Debug)]
pub struct Tracked {
    /// What is kept of them.
    pub profile: Profile,
    /// Stretches of conduct that look like something, ascending by typology.
    pub episodes: Vec<Episode>,
    /// Last day that the peers have learnt from.
    pub told: u32,
    /// Newest five minutes seen: a late record is judged by the window that ends here.
    pub newest: u32,
    /// Moments of the closed days before today; derived.
    pub own: [Moments; Measure::COUNT],
    /// Whom reasons may have been given to; derived.
    pub who: Who,
    /// The peer group; derived.
    pub group: Arc<str>,
}

/// What a snapshot keeps; the rest is derived.
pub type Kept = (Profile, Vec<Episode>, u32, u32);

impl Tracked {
    /// Begins to track.
    pub fn new(profile: Profile, context: &Context) -> Tracked {
        let (who, group) = (context.who(&profile.actor), context.group(&profile.actor));
        let mut tracked = Tracked { profile, episodes: Vec::new(), told: 0, newest: 0, own: Default::default(), who, group };
        tracked.derive();
        tracked
    }

    /// What a snapshot keeps.
    pub fn keep(&self) -> (&Profile, &Vec<Episode>, u32, u32) {
        (&self.profile, &self.episodes, self.told, self.newest)
    }

    /// Goes on from a snapshot.
    pub fn restore((profile, episodes, told, newest): Kept, context: &Context) -> Tracked {
        Tracked { episodes, told, newest, ..Tracked::new(profile, context) }
    }

    /// Ids of the open alerts.
    pub fn alert_ids(&self) -> Vec<String> {
        self.episodes.iter().filter(|episode| episode.is_alert()).map(|episode| episode.id(self.profile.actor.name())).collect()
    }

    /// Opens a later day, if it is one.
    pub fn open_day(&mut self, day: u32, statute: &Statute) {
        if day > self.profile.today() {
            self.profile.open_day(day, statute);
            self.derive();
        }
    }

    /// Closes the newest day, once it is over for certain.
    pub fn close_through(&mut self, day: u32) {
        if self.profile.close_through(day).is_some() {
            self.derive();
        }
    }

    fn derive(&mut self) {
        let last = self.profile.today().saturating_sub(1);
        self.own = Measure::ALL.map(|measure| self.profile.history.moments(measure, last));
    }

    /// The unit by whose window an access is judged.
    pub fn newest_unit(&mut self, unit: u32) -> u32 {
        self.newest = self.newest.max(unit);
        self.newest
    }

    /// The band of the unexplained score for information obtained on duty.
    pub fn unexplained_band(&self, statute: &Statute) -> Band {
        statute.band(self.profile.statute_score(Part::Unexplained, statute).b, true)
    }

    /// What the peers may learn from, of days up to `last`.
    pub fn summary(&mut self, last: u32) -> Option<Summary> {
        if self.profile.history.is_empty() {
            return None;
        }
        let mut days: Vec<_> = self.profile.history.learnt(last).take_while(|day| day.day > self.told).copied().collect();
        days.reverse();
        self.told = self.told.max(last);
        let moments = Measure::ALL.map(|measure| self.profile.history.moments(measure, last));
        Some(Summary { actor: self.profile.actor.clone(), group: self.group.clone(), moments, days })
    }
}
