//! The global stage: everything that compares employees and sources. It gets sums once an hour and small summaries once a day from every
//! keyed stage, replies the same to all of them, and decides which alerts the daily budget shows.
//!
//! It puts what it gets into an order of its own, so its replies do not depend on how employees are spread over keyed stages.

use crate::detect::{self, GroupFinding};
use crate::engine::context::Context;
use crate::engine::decisions::{Decided, DecisionSchedule};
use crate::engine::dossier;
use crate::engine::exchange::{DayReply, StageReply, StageReport};
use crate::engine::output::{Output, Revision};
use crate::engine::source_monitor::SourceMonitor;
use crate::model::decision::outcome::DecisionNote;
use crate::model::severity::Severity;
use crate::model::time::{DAY_MS, Day, HOUR_MS, Timestamp};
use crate::model::typology::Typology;
use crate::population::comparison::DayComparison;
use crate::population::group_activity::GroupActivity;
use crate::population::homes::Homes;
use crate::population::lookups::RecentLookups;
use crate::population::meetings::{EmployerMeetings, meetings};
use crate::population::survey::Survey;
use crate::population::volume::begin;
use crate::population::{Population, Summary};
use crate::profile::window::day_number;
use crate::triage::AlertSettings;
use crate::triage::budget::cases_told::CasesShown;
use crate::triage::budget::{Budget, SilenceCounts};
use crate::triage::open_alerts::{OpenAlerts, OpenCounts};
use crate::triage::precision::Precision;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Days beyond those after which an episode closes without findings: whoever is told nothing of an open alert until then has lost it.
const SILENT: i64 = 3;

/// The global stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GlobalStage {
    population: Population,
    lookups: RecentLookups,
    pub(super) budget: Budget,
    pub(super) monitor: SourceMonitor,
    pub(super) decisions: DecisionSchedule,
    /// What became of decisions, until somebody asks.
    #[serde(skip)]
    pub(super) notes: Vec<DecisionNote>,
}

/// The part of its state that changes with every alert and hour.
pub type Parts = (Population, Budget, SourceMonitor, DecisionSchedule);

impl GlobalStage {
    /// A global stage without state.
    pub fn new(settings: &AlertSettings) -> GlobalStage {
        let parts = (Population::default(), Budget::new(settings), SourceMonitor::default(), DecisionSchedule::default());
        GlobalStage::from_parts(parts, RecentLookups::default())
    }

    /// From its parts.
    pub fn from_parts((population, budget, monitor, decisions): Parts, lookups: RecentLookups) -> GlobalStage {
        GlobalStage { population, lookups, budget, monitor, decisions, notes: Vec::new() }
    }

    /// The part of its state that changes with every alert and hour.
    pub fn parts(&self) -> (&Population, &Budget, &SourceMonitor, &DecisionSchedule) {
        (&self.population, &self.budget, &self.monitor, &self.decisions)
    }

    /// The part of its state that changes once a day, which is the largest.
    pub fn lookups(&self) -> &RecentLookups {
        &self.lookups
    }

    /// That part alone.
    pub fn into_lookups(self) -> RecentLookups {
        self.lookups
    }

    /// Replies to the reports of all keyed stages about the same hour. Beside the reply come revisions of alerts about sources.
    pub fn reply_to(&mut self, reports: Vec<StageReport>, context: &Context) -> (StageReply, Vec<Revision>) {
        let hour = reports.first().map_or(0, |report| report.hour);
        let begins = reports.first().is_some_and(|report| report.day.is_some());
        let (mut activity, mut volumes, mut summaries) = (Vec::new(), Vec::new(), Vec::new());
        for report in reports {
            activity.push(report.activity.into_sorted());
            volumes.extend(report.volumes);
            summaries.extend(report.day.into_iter().flatten());
        }
        // Decisions come first: what they are about is what was told before the hour.
        let Decided { mut effects, revisions: mut gaps } = self.decide(hour, begin(hour), context);
        if begins {
            let shown = self.budget.take_untold();
            effects.tell = shown.of_people;
            gaps.extend(self.monitor.tell(&shown.of_sources, begin(hour), context));
            gaps.extend(self.monitor.settle(begin(hour), context));
        }
        let decisions = &self.decisions;
        gaps.extend(self.monitor.hour(hour, volumes, context, &|source, hour| decisions.is_maintained(source, hour)));
        if begins {
            self.budget.forget_open(context.alerts.quiet.0.div_euclid(DAY_MS) + SILENT);
        }
        let day = begins.then(|| self.learn(hour, summaries, context));
        (StageReply { hour, activity: GroupActivity::of(activity), outages: self.monitor.outages().clone(), effects, day }, gaps)
    }

    fn learn(&mut self, hour: i64, mut summaries: Vec<Summary>, context: &Context) -> DayReply {
        summaries.sort_by(|a, b| a.actor.cmp(&b.actor));
        let today = day_number(Day(hour.div_euclid(DAY_MS / HOUR_MS) as i32));
        let last = today.saturating_sub(context.classifier.directory.days_to_close());
        let models = self.population.learn(today, last, &summaries);
        self.monitor.learnt(&models);
        let mut homes = Homes::new(&context.subjects, &summaries);
        self.lookups.take(last, &summaries, &mut homes);
        let lookups = self.lookups.sorted();
        let survey = Survey::of(&self.lookups, &summaries, &lookups, &mut homes);
        let meetings = meetings(&self.lookups, &survey, &lookups);
        let recent = &self.lookups;
        let day = DayComparison { last, members: &summaries, lookups: &lookups, recent, survey: &survey, meetings: &meetings };
        let findings = detect::compare_employees(&context.settings, &day);
        // A list that is shared for months must not become a habit.
        let is_found = |employer: &EmployerMeetings| {
            let found =
                |found: &GroupFinding| found.finding.typology == Typology::VendorCohort && found.finding.group == Some(employer.employer);
            findings.iter().any(found)
        };
        let employers: Vec<_> = meetings.iter().filter(|employer| !is_found(employer)).map(|of| (of.employer, of.total())).collect();
        self.lookups.learn(last, employers.into_iter());
        DayReply { models, findings }
    }

    /// The input ends: revisions of alerts about sources that changed since their last one.
    pub fn finish(&mut self, context: &Context) -> Vec<Revision> {
        self.monitor.settle(Timestamp(i64::MIN / 4), context)
    }

    /// A day begins: what is left of the budget goes to alerts that were held back.
    pub fn begin_day(&mut self, hour: i64) {
        self.budget.turn(Timestamp(hour.div_euclid(DAY_MS / HOUR_MS) * DAY_MS));
    }

    /// Lets the budget decide which revisions are shown. They come in order of event time.
    pub fn apply_budget(&mut self, output: &mut Output, context: &Context) {
        self.apply_budget_to(&mut output.revisions, context);
    }

    /// The same of revisions alone.
    pub fn apply_budget_to(&mut self, revisions: &mut [Revision], context: &Context) {
        if context.dossiers {
            // Who of a group looked at the same people is known here alone.
            dossier::shared::attach(revisions, &self.lookups, &context.classifier.keys);
        }
        for Revision { at, alert, case, is_news, .. } in revisions {
            *is_news &= self.budget.open().severity(&alert.id) != Some(alert.severity);
            self.budget.pass(alert, case, *at);
        }
    }

    /// Cases of which an alert is open: all, and those that were shown.
    pub fn open_cases(&self) -> OpenCounts {
        self.budget.open_cases()
    }

    /// Cases that were shown since this was asked last.
    pub fn take_cases_shown(&mut self) -> CasesShown {
        self.budget.take_cases_shown()
    }

    /// The alerts that are open.
    pub fn open_alerts(&self) -> &OpenAlerts {
        self.budget.open()
    }

    /// Goes on with those that are open.
    pub fn set_open_alerts(&mut self, open: OpenAlerts) {
        self.budget.set_open(open);
    }

    /// Goes on with alerts that are open by the episodes of those who have them; those about sources are added.
    pub fn restore_open_alerts(&mut self, open: Vec<(String, Severity)>) {
        let of_sources = self.monitor.open_alerts();
        self.budget.restore_open(open.into_iter().chain(of_sources));
    }

    /// From now on these sources are listened to, and no others.
    pub fn follow(&mut self, sources: BTreeSet<Arc<str>>) {
        self.monitor.follow(sources);
    }

    /// What silences decided since this was last asked for.
    pub fn take_silence_counts(&mut self) -> SilenceCounts {
        self.budget.take_silence_counts()
    }

    /// What verdicts say of the typologies.
    pub fn precision(&self) -> &Precision {
        self.budget.precision()
    }

    /// When an alert was shown within the budget.
    pub fn shown_at(&self, id: &str) -> Option<&str> {
        self.budget.shown_at(id)
    }

    /// The input ends: what waits of decisions comes into force as of then, since no other hour will.
    pub(super) fn finish_decisions(&mut self, now: Timestamp, context: &Context) -> Decided {
        self.decide(i64::MAX, now, context)
    }

    /// Changes how many cases are shown a day, from the next day on, and which are worth a look.
    pub fn set_budget(&mut self, settings: &AlertSettings) {
        self.budget.set(settings);
    }
}
