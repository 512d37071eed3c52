//! Makes the dossier of a settled revision, where somebody wants it: from the profile, the peers, the statute, and what is kept meanwhile.
//!
//! Nothing here changes what is judged. Where nobody wants dossiers, nothing of it is kept and nothing is done.

pub mod shared;

use crate::engine::env::Env;
use crate::engine::tracked::Tracked;
use crate::model::alert::{Alert, Expected, OwnExpectation, PeerExpectation};
use crate::model::dossier::{Accesses, DAYS, DayFigures, Days, Dossier, Gauge, VERSION, bounded};
use crate::model::time::Timestamp;
use crate::profile::history::quantile;
use crate::profile::measure::Measure;
use crate::profile::window::day_of;
use crate::triage::Episode;

/// The dossier of a revision that is being told at that event time.
pub fn make(tracked: &Tracked, episode: &Episode, alert: &Alert, at: Timestamp, env: Env<'_>) -> Dossier {
    let context = env.context;
    let directory = &context.classifier.directory;
    let employee = directory.employee_at(tracked.profile.actor.name(), Timestamp(episode.evidence.last_ms));
    let statute = &context.statute;
    let on_duty = |figure: u64| figure / statute.on_duty_divisor.max(1);
    let watch = tracked.watch.0.as_deref();
    Dossier {
        version: VERSION,
        alert: alert.id.clone(),
        revision: alert.revision,
        made_at: at.to_string(),
        zone: directory.zone_of(employee).name().to_owned(),
        days: days(tracked, episode, env),
        week: watch.map(|watch| watch.week(employee.and_then(|employee| employee.shift))).unwrap_or_default(),
        accesses: watch.map_or_else(Accesses::default, |watch| watch.accesses(episode, context)),
        gauge: Gauge {
            jurisdiction: bounded(&statute.jurisdiction),
            article: bounded(&statute.article),
            on_duty: (on_duty(statute.serious), on_duty(statute.especially_serious)),
            ordinary: (statute.serious, statute.especially_serious),
            exposure: alert.statute.exposure.clone(),
            unexplained: alert.statute.unexplained.clone(),
        },
        group: None,
    }
    .fitted()
}

/// The last days with something to tell, and what is usual for one day.
fn days(tracked: &Tracked, episode: &Episode, env: Env<'_>) -> Days {
    let profile = &tracked.profile;
    let last = profile.today().max(episode.last_day());
    let first = (last + 1).saturating_sub(DAYS).max(1);
    let figures = |day: u32| {
        let persons = profile.told_of_day(Measure::Persons, day, profile.day_figure(Measure::Persons, day));
        let unexplained = profile.told_of_day(Measure::Unexplained, day, profile.day_figure(Measure::Unexplained, day));
        let (accesses, evaluation) = (profile.accesses_of_day(day), profile.evaluated.settled_day(day));
        let is_empty = accesses == 0 && persons.known == 0 && persons.unknown == 0 && evaluation.is_none();
        (!is_empty).then(|| DayFigures {
            day: day_of(day).to_string(),
            persons: persons.known,
            unexplained: unexplained.known,
            unknown: persons.unknown,
            accesses,
            held_out: profile.is_held_out(day),
            seen: evaluation.map(|(state, _)| state),
            reasons: evaluation.into_iter().flat_map(|(_, reasons)| reasons.iter()).map(|reason| reason.name().to_owned()).collect(),
        })
    };
    let usual = |measure: Measure| usual(tracked, measure, episode.peak.learnt_to, env);
    Days {
        first: day_of(first).to_string(),
        last: day_of(last).to_string(),
        list: (first..=last).filter_map(figures).collect(),
        persons: usual(Measure::Persons),
        unexplained: usual(Measure::Unexplained),
    }
}

/// What is usual of a measure on one day, by the days up to the one before what the alert shows.
fn usual(tracked: &Tracked, measure: Measure, learnt_to: u32, env: Env<'_>) -> Expected {
    let own = tracked.profile.known_sorted(measure, learnt_to);
    let own = quantile(&own, 0.5).zip(quantile(&own, 0.99)).map(|(median, p99)| OwnExpectation {
        median: median.into(),
        p99: p99.into(),
        days: own.len() as u32,
    });
    let group = env.models.of(&tracked.group);
    let peers = group.measures[measure as usize];
    let peers = (group.members > 0).then(|| PeerExpectation { median: peers.median.into(), p99: peers.p99.into(), members: group.members });
    Expected { own, peers }
}
