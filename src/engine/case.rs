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
    let context = env.context;
    let name = tracked.profile.actor.name().clone();
    if episode.group.is_none() && tracked.marks.case.is_none() {
        (tracked.marks.case, tracked.marks.case_day) = (Some(episode.first), episode.first_day());
    }
    // What is found about a group is its case, and what else its members do corroborates it; their own cases stand for themselves.
    let of_case = |other: &&Episode| episode.group.is_some() || other.group.is_none();
    let mut episodes: Vec<&Episode> = tracked.episodes.iter().filter(of_case).chain([episode]).collect();
    episodes.sort_by_key(|episode| episode.typology);
    let weight_of = |episode: &Episode| {
        let kinds: Kinds = episode.peak.observed.kinds.keys().copied().collect();
        context.statute.weight_b(kinds).max(1)
    };
    let mut features = CaseFeatures::of(episodes.iter().copied(), weight_of);
    if let Some(typology) = features.loudest() {
        let alone = episodes.iter().find(|episode| episode.typology == typology).map(|episode| episode.strength());
        let calibration = &env.models.calibration;
        features.set(Circumstance::GroupShare, calibration.share_of(&tracked.group, typology, alone));
        let employee = context.classifier.directory.employee_at(&name, Timestamp(episode.evidence.last_ms));
        if let Some(unit) = employee.and_then(|employee| employee.unit.as_ref()) {
            features.set(Circumstance::UnitShare, calibration.share_of_unit(unit, typology, alone));
        }
    }
    features.set(Circumstance::Unmeasured, f64::from(u8::from(!env.models.calibration.is_measured())));
    let days = tracked.own()[Measure::Persons as usize].days;
    features.set(Circumstance::Newcomer, (1.0 - days / SETTLED_IN).max(0.0));
    let ghost = episodes.iter().find(|episode| episode.typology == Typology::GhostLeaver);
    let spell = |day: u32| context.classifier.directory.employee_on(&name, day_of(day));
    // Whom the directory now says to have been employed then was no leaver.
    let came_late = ghost.is_some_and(|ghost| was_employed(spell(ghost.last_day()), ghost.first_day(), ghost.last_day()));
    features.set(Circumstance::LateFeed, if came_late { 1.0 } else { 0.0 });
    let counts = |other: &&Episode| other.is_alert() && !(came_late && other.typology == Typology::GhostLeaver);
    let standing = standing(episodes.iter().copied().filter(counts));
    for (circumstance, measure) in
        [(Circumstance::ClaimedOther, Measure::ClaimedOther), (Circumstance::ClaimedUnknown, Measure::ClaimedUnknown)]
    {
        features.set(circumstance, share_of_claims(&tracked.profile, measure));
    }
    let id = match (episode.group, tracked.marks.case) {
        (Some(group), _) => group_case_id(episode.typology, group),
        (None, first) => case_id(&name, first.unwrap_or(episode.first)),
    };
    let weeks = match episode.group {
        Some(_) => episode.last_day().saturating_sub(episode.first_day()),
        None => episode.last_day().saturating_sub(tracked.marks.case_day),
    };
    features.set(Circumstance::Weeks, f64::from(weeks / 7));
    if episode.group.is_some() {
        let members = episode.related.len() as f64 + 1.0;
        features.set(Circumstance::Members, members.log2());
        if members >= CAMPAIGN && are_of_one_job(&name, episode, &context.classifier.directory) {
            features.set(Circumstance::OneJob, members.log2());
        }
        return CaseView::new(id, features, &context.calibration.weights, standing).of_group();
    }
    CaseView::new(id, features, &context.calibration.weights, standing)
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
