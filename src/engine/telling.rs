//! Telling: what changed of an alert gives a revision, with the case as it stands then.

use crate::engine::case;
use crate::engine::dossier;
use crate::engine::env::Env;
use crate::engine::output::{Output, Revision};
use crate::engine::tracked::Tracked;
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use crate::triage::case::CaseView;
use crate::triage::report::Writer;
use crate::triage::{Decision, Episode, RevisionCause};

/// The alert of which there is something to tell, and what became of it.
pub(super) type News = (Typology, Decision);

/// Tells each alert once, with all that the access led to.
pub(super) fn tell(tracked: &mut Tracked, news: &[News], settles: Timestamp, env: Env<'_>, out: &mut Output) {
    for (at, (typology, decision)) in news.iter().enumerate() {
        if news[..at].iter().any(|(told, _)| told == typology) {
            continue;
        }
        if let Some(position) = tracked.episodes.iter().position(|episode| episode.typology == *typology) {
            let mut episode = tracked.episodes.remove(position);
            emit(tracked, &mut episode, RevisionCause::Decided(*decision), settles, env, out);
            tracked.episodes.insert(position, episode);
        }
    }
}

/// Tells the loudest alert of somebody's case as soon as the case has become worth a look, though no grade was reached and nothing grew much:
/// whoever decides about places knows a case as it was told last, and people leave until the day is over.
pub(super) fn tell_of_worth(tracked: &mut Tracked, settles: Timestamp, env: Env<'_>, out: &mut Output) {
    if tracked.marks.is_worth_a_look {
        return;
    }
    let own = tracked.open_alerts().filter(|episode| episode.group.is_none());
    let Some(loudest) = own.max_by(|a, b| a.worth.total_cmp(&b.worth)).map(|episode| episode.typology) else { return };
    tell_if(tracked, loudest, settles, env, out, |_, case| case.is_worth_a_look(env.context.alerts.show_at));
}

/// Tells an alert where it and its case fulfil a condition.
pub(super) fn tell_if(
    tracked: &mut Tracked,
    typology: Typology,
    settles: Timestamp,
    env: Env<'_>,
    out: &mut Output,
    holds: impl Fn(&Episode, &CaseView) -> bool,
) {
    let Some(position) = tracked.episodes.iter().position(|episode| episode.typology == typology && episode.is_alert()) else { return };
    let mut episode = tracked.episodes.remove(position);
    let case = case::view(tracked, &episode, env);
    if holds(&episode, &case) {
        emit(tracked, &mut episode, RevisionCause::Decided(Decision::Joined), settles, env, out);
    }
    tracked.episodes.insert(position, episode);
}

/// Gives revisions of the episodes that changed, and closes those that have been quiet for long enough at `now`.
pub fn settle_episodes(tracked: &mut Tracked, now: Timestamp, env: Env<'_>, out: &mut Output) {
    if tracked.episodes.is_empty() {
        return;
    }
    // Each is told with the others in their places: they are of one case.
    let mut at = 0;
    while at < tracked.episodes.len() {
        let mut episode = tracked.episodes.remove(at);
        if episode.is_over(&env.context.alerts, now) {
            emit(tracked, &mut episode, RevisionCause::Over, now, env, out);
            continue;
        }
        if episode.dirty {
            let last = Timestamp(episode.evidence.last_ms);
            emit(tracked, &mut episode, RevisionCause::Settled, last, env, out);
        }
        tracked.episodes.insert(at, episode);
        at += 1;
    }
    tracked.close_case();
}

/// Tells the alert of that id again as it stands, where it is open.
pub fn tell_again(tracked: &mut Tracked, id: &str, at: Timestamp, env: Env<'_>, out: &mut Output) {
    let of = |episode: &&Episode| episode.id(tracked.profile.actor.name()) == id;
    let Some(typology) = tracked.open_alerts().find(of).map(|episode| episode.typology) else { return };
    tracked.dirty = true;
    tell_if(tracked, typology, at, env, out, |_, _| true);
}

/// A verdict closes the alert of that id, where it is open. What was judged is not found anew while the window still holds it.
pub fn close_by_verdict(tracked: &mut Tracked, id: &str, at: Timestamp, env: Env<'_>, out: &mut Output) {
    let is_meant = |episode: &Episode| episode.is_alert() && episode.id(tracked.profile.actor.name()) == id;
    let Some(position) = tracked.episodes.iter().position(is_meant) else { return };
    let mut episode = tracked.episodes.remove(position);
    tracked.dirty = true;
    tracked.judged.note(&episode);
    emit(tracked, &mut episode, RevisionCause::Verdict, at, env, out);
    tracked.close_case();
}

/// Gives a revision of an alert, which is one with the case as it stands.
pub(super) fn emit(tracked: &mut Tracked, episode: &mut Episode, why: RevisionCause, at: Timestamp, env: Env<'_>, out: &mut Output) {
    if !episode.is_alert() {
        return;
    }
    let context = env.context;
    let case = case::view(tracked, episode, env);
    if episode.group.is_none() {
        tracked.marks.is_worth_a_look = case.is_worth_a_look(context.alerts.show_at);
    }
    let writer = Writer {
        profile: &tracked.profile,
        // Where they worked when they did it last.
        employee: context.classifier.directory.employee_at(tracked.profile.actor.name(), Timestamp(episode.evidence.last_ms)),
        group: env.models.of(&tracked.group),
        statute: &context.statute,
        explanations_configured: context.explanations.configured(),
        partition_name: &|id| context.partition_name(id),
        config: &context.config,
        baseline: &env.models.version,
        calibration: &context.calibration.version,
        lapses: &tracked.marks.lapses,
        rises: &tracked.marks.rises,
        case: &case,
    };
    let revision = episode.emit();
    let alert = writer.write(episode, revision, why, true);
    let dossier = env.dossiers.then(|| Box::new(dossier::make(tracked, episode, &alert, at, env)));
    out.revisions.push(Revision { at, alert, case, is_news: true, dossier });
}
