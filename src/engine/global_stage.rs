//! The second stage: everything that compares employees. Once an hour it hears sums, once a day small summaries, from every first
//! stage; it answers all of them alike, and decides which alerts are shown.
//!
//! It reads what it hears in an order of its own, so its answers do not depend on how employees are spread over first stages.

use crate::detect::{self, DetectorSettings, GroupFinding};
use crate::engine::context::Context;
use crate::engine::output::{Output, Revision};
use crate::engine::source_monitor::SourceMonitor;
use crate::model::time::{DAY_MS, Day, HOUR_MS, Timestamp};
use crate::population::group_activity::GroupActivity;
use crate::population::lookups::{DayComparison, RecentLookups};
use crate::population::sources::outages::SourceOutages;
use crate::population::volume::{VolumeReport, begin};
use crate::population::{LEARNT_AFTER, Models, Population, Summary};
use crate::profile::window::day_number;
use crate::triage::budget::Budget;
use serde::{Deserialize, Serialize};

/// What a first stage tells as a UTC hour begins.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StageReport {
    /// The hour, by number.
    pub hour: i64,
    /// What its employees have done on the days that are open.
    pub activity: GroupActivity,
    /// What was heard of each partition since the last report.
    pub heard: Vec<VolumeReport>,
    /// Where a day begins with it: summaries of its employees, in the order of their actors.
    pub day: Option<Vec<Summary>>,
}

/// What all first stages are answered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StageReply {
    /// The hour.
    pub hour: i64,
    /// What everybody has done on the days that are open.
    pub activity: GroupActivity,
    /// What cannot be seen of the sources.
    pub outages: SourceOutages,
    /// Where a day begins.
    pub day: Option<DayReply>,
}

/// What was learnt from the days that have closed everywhere.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DayReply {
    /// The peer groups.
    pub models: Models,
    /// What employees have in common.
    pub findings: Vec<GroupFinding>,
}

/// The second stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GlobalStage {
    population: Population,
    stage: RecentLookups,
    budget: Budget,
    watch: SourceMonitor,
}

impl GlobalStage {
    /// A second stage that has heard nothing, and shows so many alerts a day.
    pub fn new(budget_per_day: u32) -> GlobalStage {
        GlobalStage::of((Population::default(), Budget::new(budget_per_day), SourceMonitor::default()), RecentLookups::default())
    }

    /// From its parts.
    pub fn of((population, budget, watch): (Population, Budget, SourceMonitor), stage: RecentLookups) -> GlobalStage {
        GlobalStage { population, stage, budget, watch }
    }

    /// What changes with every alert and hour.
    pub fn parts(&self) -> (&Population, &Budget, &SourceMonitor) {
        (&self.population, &self.budget, &self.watch)
    }

    /// What changes with a day alone.
    pub fn stage(&self) -> &RecentLookups {
        &self.stage
    }

    /// The same, when the rest is of no more use.
    pub fn into_stage(self) -> RecentLookups {
        self.stage
    }

    /// Answers the reports of all first stages about the same hour. Beside the answer comes what is to be told of sources.
    pub fn answer(&mut self, reports: Vec<StageReport>, context: &Context) -> (StageReply, Vec<Revision>) {
        let hour = reports.first().map_or(0, |report| report.hour);
        let begins = reports.first().is_some_and(|report| report.day.is_some());
        let (mut activity, mut heard, mut summaries) = (Vec::new(), Vec::new(), Vec::new());
        for report in reports {
            activity.push(report.activity.into_sorted());
            heard.extend(report.heard);
            summaries.extend(report.day.into_iter().flatten());
        }
        let mut gaps = if begins { self.watch.settle(begin(hour), context) } else { Vec::new() };
        gaps.extend(self.watch.hour(hour, heard, context));
        let day = begins.then(|| self.learn(hour, summaries, &context.settings));
        (StageReply { hour, activity: GroupActivity::of(activity), outages: self.watch.outages().clone(), day }, gaps)
    }

    fn learn(&mut self, hour: i64, mut summaries: Vec<Summary>, settings: &DetectorSettings) -> DayReply {
        summaries.sort_by(|a, b| a.actor.cmp(&b.actor));
        let today = day_number(Day(hour.div_euclid(DAY_MS / HOUR_MS) as i32));
        let models = self.population.learn(today, &summaries);
        self.watch.learnt(&models);
        let last = today.saturating_sub(LEARNT_AFTER);
        self.stage.take(last, &summaries);
        let looks = self.stage.looks();
        let findings = detect::compare_employees(settings, &DayComparison { last, members: &summaries, looks: &looks, stage: &self.stage });
        DayReply { models, findings }
    }

    /// The input ends: what is still to be told of sources.
    pub fn finish(&mut self, context: &Context) -> Vec<Revision> {
        self.watch.settle(Timestamp(i64::MIN / 4), context)
    }

    /// A day begins: room of the budget that is left goes to those that wait.
    pub fn turn(&mut self, hour: i64) {
        self.budget.turn(Timestamp(hour.div_euclid(DAY_MS / HOUR_MS) * DAY_MS));
    }

    /// Lets the budget decide what is shown of revisions that come in order of event time.
    pub fn pass(&mut self, output: &mut Output) {
        self.pass_all(&mut output.revisions);
    }

    /// The same of revisions alone.
    pub fn pass_all(&mut self, revisions: &mut [Revision]) {
        for Revision { at, alert } in revisions {
            self.budget.pass(alert, *at);
        }
    }

    /// When an alert was shown within the budget.
    pub fn shown_at(&self, id: &str) -> Option<&str> {
        self.budget.shown_at(id)
    }

    /// Changes how many alerts are shown a day, from the next day on.
    pub fn set_budget(&mut self, per_day: u32) {
        self.budget.set_per_day(per_day);
    }
}
