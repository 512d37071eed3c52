//! The case of a revision: the person's, by all that is found about them, or that of the group which the alert is about.

use crate::classify::directory::Directory;
use crate::engine::env::Env;
use crate::engine::tracked::Tracked;
use crate::model::kind::Kinds;
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use crate::profile::Profile;
use crate::profile::measure::Measure;
use crate::profile::window::{Window, day_of};
use crate::triage::Episode;
use crate::triage::case::features::{CaseFeatures, Circumstance};
use crate::triage::case::{CaseView, case_id, group_case_id};
use crate::triage::innocent_reasons::was_employed;
use crate::triage::standing::Standing;
use std::sync::Arc;

/// Members of one job from which on a group is rather a campaign.
const CAMPAIGN: f64 = 6.0;

/// Days after which nobody is new.
const SETTLED_IN: f64 = 28.0;

/// People that a share of claims is taken among at the least.
const FEW_PEOPLE: f64 = 5.0;

/// The case of an episode that is being told of, and that is not among the employee's others meanwhile.
pub fn view(tracked: &mut Tracked, episode: &Episode, env: Env<'_>) -> CaseView {
    if episode.group.is_none() && tracked.marks.case.is_none() {
        (tracked.marks.case, tracked.marks.case_day) = (Some(Box::new(episode.first)), episode.first_day());
    }
    let of = CaseOf::new(tracked, episode, env);
    let (features, id) = (of.features(), of.id());
    let case = CaseView::new(id, features, &env.context.calibration.weights, of.standing());
    if episode.group.is_some() { case.of_group() } else { case }
}

/// What a case is judged by: the employee, the episode that is told of, and the others that are of its case.
struct CaseOf<'a> {
    tracked: &'a Tracked,
    told: &'a Episode,
    /// Ascending by typology.
    episodes: Vec<&'a Episode>,
    env: Env<'a>,
    /// Whom the directory now says to have been employed when a leaver was told of.
    came_late: bool,
}

impl<'a> CaseOf<'a> {
    fn new(tracked: &'a Tracked, told: &'a Episode, env: Env<'a>) -> CaseOf<'a> {
        // What is found about a group is its case, and what else its members do corroborates it; their own cases stand for themselves.
        let of_case = |other: &&Episode| told.group.is_some() || other.group.is_none();
        let mut episodes: Vec<&Episode> = tracked.episodes.iter().filter(of_case).chain([told]).collect();
        episodes.sort_by_key(|episode| episode.typology);
        let ghost = episodes.iter().find(|episode| episode.typology == Typology::GhostLeaver);
        let directory = &env.context.classifier.directory;
        let spell = |day: u32| directory.employee_on(tracked.profile.actor.name(), day_of(day));
        let came_late = ghost.is_some_and(|ghost| was_employed(spell(ghost.last_day()), ghost.first_day(), ghost.last_day()));
        CaseOf { tracked, told, episodes, env, came_late }
    }

    /// What the findings say, and the circumstances.
    fn features(&self) -> CaseFeatures {
        let statute = &self.env.context.statute;
        let weight_of = |episode: &Episode| {
            let kinds: Kinds = episode.peak.observed.kinds.keys().copied().collect();
            statute.weight_b(kinds).max(1)
        };
        let mut features = CaseFeatures::of(self.episodes.iter().copied(), weight_of);
        self.peers(&mut features);
        self.person(&mut features);
        features.set(Circumstance::LateFeed, if self.came_late { 1.0 } else { 0.0 });
        features.set(Circumstance::Weeks, f64::from(self.weeks()));
        if self.told.group.is_some() {
            self.group(&mut features);
        }
        features
    }

    /// What is said of the peers as well, and whether there are any to compare with.
    fn peers(&self, features: &mut CaseFeatures) {
        let calibration = &self.env.models.calibration;
        features.set(Circumstance::Unmeasured, f64::from(u8::from(!calibration.is_measured())));
        let Some(typology) = features.loudest() else { return };
        let own = self.episodes.iter().find(|episode| episode.typology == typology).map(|episode| episode.strength());
        features.set(Circumstance::GroupShare, calibration.share_of(&self.tracked.group, typology, own));
        let employee = self.env.context.classifier.directory.employee_at(self.name(), self.last());
        if let Some(unit) = employee.and_then(|employee| employee.unit.as_ref()) {
            features.set(Circumstance::UnitShare, calibration.share_of_unit(unit, typology, own));
        }
    }

    /// How long the person has been here, and whose reasons are claimed.
    fn person(&self, features: &mut CaseFeatures) {
        let days = self.tracked.own()[Measure::Persons as usize].days;
        features.set(Circumstance::Newcomer, (1.0 - days / SETTLED_IN).max(0.0));
        let claims = [(Circumstance::ClaimedOther, Measure::ClaimedOther), (Circumstance::ClaimedUnknown, Measure::ClaimedUnknown)];
        claims.into_iter().for_each(|(circumstance, measure)| features.set(circumstance, share_of_claims(&self.tracked.profile, measure)));
    }

    /// How many the members of a group are, and whether all are of one job.
    fn group(&self, features: &mut CaseFeatures) {
        let members = self.told.related.len() as f64 + 1.0;
        features.set(Circumstance::Members, members.log2());
        if members >= CAMPAIGN && are_of_one_job(self.name(), self.told, &self.env.context.classifier.directory) {
            features.set(Circumstance::OneJob, members.log2());
        }
    }

    fn name(&self) -> &'a str {
        self.tracked.profile.actor.name()
    }

    /// When the last access was that is told of.
    fn last(&self) -> Timestamp {
        Timestamp(self.told.evidence.last_ms)
    }

    /// For how many weeks the case has been open.
    fn weeks(&self) -> u32 {
        let first = if self.told.group.is_some() { self.told.first_day() } else { self.tracked.marks.case_day };
        self.told.last_day().saturating_sub(first) / 7
    }

    fn id(&self) -> String {
        match self.told.group {
            Some(group) => group_case_id(self.told.typology, group),
            None => case_id(self.name(), self.tracked.marks.case.as_deref().copied().unwrap_or(self.told.first)),
        }
    }

    /// Where it stands; whom a late feed made a leaver is none.
    fn standing(&self) -> Standing {
        let counts = |other: &&Episode| other.is_alert() && !(self.came_late && other.typology == Typology::GhostLeaver);
        standing(self.episodes.iter().copied().filter(counts))
    }
}

/// Whether all members of a group are of one unit and role.
fn are_of_one_job(name: &str, episode: &Episode, directory: &Directory) -> bool {
    let job = |name: &str| directory.employee_at(name, Timestamp(episode.evidence.last_ms)).map(|e| (e.unit.clone(), e.role.clone()));
    job(name).filter(|(unit, role)| unit.is_some() && role.is_some()).is_some_and(|own| {
        let is_own = |other: &Arc<str>| job(other).is_some_and(|job| job == own);
        episode.related.iter().all(is_own)
    })
}

/// Where a case stands: grave or sure if any of its alerts is, and behind the one login or device that all of its gravest share.
fn standing<'e>(alerts: impl Iterator<Item = &'e Episode> + Clone) -> Standing {
    let gravest = alerts.clone().map(|alert| alert.severity).max();
    let mut places = alerts.clone().filter(|alert| Some(alert.severity) == gravest).map(|alert| alert.standing.place);
    let place = places.next().unwrap_or(0);
    Standing {
        grave: alerts.clone().any(|alert| alert.standing.grave),
        claimed: alerts.clone().all(|alert| alert.standing.claimed),
        place: if places.all(|other| other == place) { place } else { 0 },
    }
}

/// The share of a month's people looked up one by one without a known reason for whom such a reference was claimed.
fn share_of_claims(profile: &Profile, measure: Measure) -> f64 {
    let today = profile.today();
    let of_month = |measure| {
        let (_, before) = profile.total(measure, today.saturating_sub(1), Window::D30.days() - 1);
        (before + profile.day_figure(measure, today)) as f64
    };
    // One of two people is no half of a conduct.
    (of_month(measure) / (of_month(Measure::Singly) + FEW_PEOPLE)).min(1.0)
}
