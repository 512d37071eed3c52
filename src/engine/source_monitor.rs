//! Monitoring of the sources: takes the volumes of an hour, judges gaps in them, and raises alerts about sources.
//!
//! Volumes are joined over all keyed stages, so results depend neither on who read what nor on the order of reading.

use crate::classify::directory::DayKind;
use crate::classify::duty::is_workday;
use crate::classify::explanations::{Grantee, ReasonQuery};
use crate::detect::{SourceFinding, source_findings};
use crate::engine::context::Context;
use crate::engine::output::Revision;
use crate::model::severity::Severity;
use crate::model::time::{Day, Span, Timestamp};
use crate::population::Models;
use crate::population::sources::outages::SourceOutages;
use crate::population::sources::{HourClock, Sources};
use crate::population::volume::{self, VolumeReport, begin};
use crate::triage::source::{SourceEpisode, SourceWriter};
use crate::triage::{Decision, RevisionCause};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The sources under watch, and their gaps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SourceMonitor {
    sources: Sources,
    episodes: BTreeMap<Arc<str>, SourceEpisode>,
    /// Version of the peer baselines.
    baseline: String,
    /// The sources that are listened to; `None` while history is replayed, which may be of any. A file that was replayed and belongs to
    /// none of them is a source that ended, and so is one that is configured no more.
    #[serde(skip)]
    followed: Option<BTreeSet<Arc<str>>>,
}

impl SourceMonitor {
    /// What cannot be seen of the sources.
    pub fn outages(&self) -> &SourceOutages {
        &self.sources.outages
    }

    /// Alerts about sources that are open.
    pub fn open_alerts(&self) -> impl Iterator<Item = (String, Severity)> {
        let open = self.episodes.values().filter(|case| case.episode.is_alert());
        open.map(|case| (case.episode.id(&case.source), case.episode.severity))
    }

    /// From now on these sources are listened to, and no others.
    pub fn follow(&mut self, sources: BTreeSet<Arc<str>>) {
        self.followed = Some(sources);
    }

    /// A day was learnt from.
    pub fn learnt(&mut self, models: &Models) {
        self.baseline.clone_from(&models.version);
    }

    /// A UTC hour begins: takes the volumes of those before it. `is_maintained` says whether people have declared that a source may be
    /// silent in an hour. Revisions come in the order of the sources.
    pub fn hour(
        &mut self,
        hour: i64,
        reports: impl IntoIterator<Item = VolumeReport>,
        context: &Context,
        is_maintained: &dyn Fn(&str, i64) -> bool,
    ) -> Vec<Revision> {
        let directory = &context.classifier.directory;
        let is_worked = |day: i64| is_workday(directory, Day(day as i32));
        let local = directory.zone_of(None).local(begin(hour));
        let ahead = i64::from(local.day.0) * 24 + i64::from(local.minute) / 60 - hour;
        let is_holiday = |day: i64| directory.day_kind(Day(day as i32)) == Some(DayKind::Holiday);
        let followed = self.followed.clone();
        let clock = HourClock {
            hour,
            ahead,
            is_worked: &is_worked,
            is_holiday: &is_holiday,
            is_excused: &|source, hour| is_excused(source, hour, context) || is_maintained(source, hour),
            is_followed: &|source| followed.as_ref().is_none_or(|followed| followed.contains(source)),
        };
        self.sources.take(clock, &volume::join(reports));
        let mut revisions = Vec::new();
        for case in self.episodes.values_mut() {
            if let Some(at) = self.sources.resumed(&case.source, case.low.partition.as_ref(), case.low.to) {
                case.resume(at);
            }
        }
        for found in source_findings(&context.settings, self.sources.judge(clock)) {
            self.take(&found, begin(hour), context, &mut revisions);
        }
        revisions
    }

    fn take(&mut self, found: &SourceFinding, now: Timestamp, context: &Context, revisions: &mut Vec<Revision>) {
        let source = &found.low.source;
        let baseline = &self.baseline.clone();
        let mut known = self.episodes.remove(source);
        if let Some(mut over) = known.take_if(|case| case.episode.is_over(&context.alerts, now)) {
            emit(&mut over, RevisionCause::Over, now, (context, baseline), revisions);
        }
        let Some((mut case, decision)) = SourceEpisode::take(known, found, &context.alerts, now) else { return };
        match decision {
            Decision::Opened | Decision::Raised | Decision::Grew => {
                emit(&mut case, RevisionCause::Decided(decision), now, (context, baseline), revisions);
            }
            Decision::Ignored | Decision::Noted | Decision::Joined => {}
        }
        self.episodes.insert(source.clone(), case);
    }

    /// Tells these alerts again as they stand.
    pub fn tell(&mut self, ids: &BTreeSet<String>, now: Timestamp, context: &Context) -> Vec<Revision> {
        let mut revisions = Vec::new();
        let baseline = &self.baseline.clone();
        for case in self.episodes.values_mut().filter(|case| ids.contains(&case.episode.id(&case.source))) {
            emit(case, RevisionCause::Decided(Decision::Joined), now, (context, baseline), &mut revisions);
        }
        revisions
    }

    /// A verdict closes these alerts.
    pub fn close(&mut self, ids: &BTreeSet<String>, now: Timestamp, context: &Context) -> Vec<Revision> {
        let mut revisions = Vec::new();
        let baseline = &self.baseline.clone();
        self.episodes.retain(|_, case| {
            let is_closed = case.episode.is_alert() && ids.contains(&case.episode.id(&case.source));
            if is_closed {
                emit(case, RevisionCause::Verdict, now, (context, baseline), &mut revisions);
            }
            !is_closed
        });
        revisions
    }

    /// Tells what changed, and closes what has been quiet for long enough.
    pub fn settle(&mut self, now: Timestamp, context: &Context) -> Vec<Revision> {
        let mut revisions = Vec::new();
        let baseline = &self.baseline.clone();
        self.episodes.retain(|_, case| {
            let over = case.episode.is_over(&context.alerts, now);
            if over {
                emit(case, RevisionCause::Over, now, (context, baseline), &mut revisions);
            } else if case.episode.dirty {
                emit(case, RevisionCause::Settled, Timestamp(case.episode.evidence.last_ms), (context, baseline), &mut revisions);
            }
            !over
        });
        revisions
    }
}

/// Whether a reason on file covers some of an hour: maintenance of the source.
fn is_excused(source: &str, hour: i64, context: &Context) -> bool {
    let who = Grantee::source(&context.classifier.keys, source);
    let covered = |time| context.explanations.general(who, ReasonQuery { time, objects: &[], claimed: None }).next().is_some();
    covered(begin(hour)) || covered(begin(hour + 1) - Span(1))
}

fn emit(case: &mut SourceEpisode, why: RevisionCause, at: Timestamp, (context, baseline): (&Context, &str), revisions: &mut Vec<Revision>) {
    if !case.episode.is_alert() {
        return;
    }
    let writer = SourceWriter {
        directory: &context.classifier.directory,
        statute: &context.statute,
        explanations_configured: context.explanations.configured(),
        config: &context.config,
        baseline,
        calibration: &context.calibration.version,
    };
    let view = case.view(&context.calibration.weights);
    revisions.push(Revision { at, alert: writer.write(case, &view, why), case: view, is_news: true, dossier: None });
}
