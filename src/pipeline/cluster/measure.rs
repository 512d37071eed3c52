//! What the metrics and probes say of a process: restores, tasks, coverage, watermarks, lag.

use super::Process;
use crate::model::topic::TopicPartition;
use crate::pipeline::service::{now, record_counts};
use crate::stream::InternalTopic;
use crate::telemetry::metrics::table;

impl Process {
    pub(super) fn measure(&mut self) {
        let metrics = &self.service.metrics;
        let restoring = self.node.restore_progress();
        metrics.restoring(restoring.tasks as u64, restoring.messages, restoring.bytes);
        if restoring.tasks > 0 {
            tracing::info!(tasks = restoring.tasks, messages = restoring.messages, bytes = restoring.bytes, "restoring state");
        }
        let running = self.node.tasks().count();
        if restoring.tasks == 0 && self.has_joined() && !self.restored {
            self.restored = true;
            self.service.health.set_restored();
            tracing::info!(tasks = running, "ready");
        }
        metrics.set_tasks(running as u64);
        let (open, coordinates) = (self.node.open_counts(), self.node.coordinator());
        metrics.set_alerts_open(&open.open);
        metrics.set_alerts_shown_open(coordinates.map(|_| &open.shown));
        if let Some((open, shown)) = self.node.take_cases() {
            metrics.set_cases_open(Some((&open.open, &open.shown)));
            metrics.cases_shown(&shown.first, &shown.again);
        } else {
            metrics.set_cases_open(None);
        }
        let employees: usize = self.node.tasks().map(|(_, task)| task.stage().employees()).sum();
        metrics.set_employees_tracked(employees as u64);
        let firsts = self.node.tasks().map(|(task, of)| (task, of.stage()));
        if let Some(news) = self.service.coverage.publish_tasks(firsts, self.setup.layout.tasks) {
            metrics.set_coverage(&news.newest);
            self.service.publisher.coverage(news.settled);
        }
        let watermarks = self.node.watermarks();
        self.service.followed.measure_watermarks(now(), |input| watermarks.get(input).copied());
        self.service.health.set_cut_off(self.consumer.is_cut_off());
        if let Some(lag) = self.survey.lag() {
            self.service.metrics.set_cluster_lag(lag.input, lag.access);
        }
        let failed = self.input_group.take_failed_commits() + self.task_group.take_failed_commits();
        self.service.metrics.add(table::COMMITS_FAILED, [], failed);
        self.measure_lag();
        let counts = self.node.counts();
        record_counts::count_settled(&counts, |index| self.service.followed.metrics_of(index));
        record_counts::count_disclosed(&counts, &self.service.metrics);
    }

    fn measure_lag(&mut self) {
        let mut lags = vec![0; self.service.followed.sources().len()];
        for (partition, lag) in self.consumer.lag() {
            if let Some(followed) = self.service.followed.get(&partition) {
                lags[followed.source] += lag;
            }
        }
        let waiting = lags.iter().sum();
        self.service.report_progress(std::mem::take(&mut self.finished), waiting);
        for (at, (source, lag)) in self.service.followed.sources().iter().zip(lags).enumerate() {
            source.metrics.set_lag(lag);
            self.service.health.set_connected(at, self.has_joined());
        }
    }

    /// Records that wait, about: a message of ours holds as many as the last ones did.
    pub(super) fn backlog(&mut self) -> u64 {
        let access = &self.setup.topics[&InternalTopic::Access];
        let (ours, input): (Vec<_>, Vec<_>) = self.consumer.lag().into_iter().partition(|(of, _)| of.topic == *access);
        let sum = |lags: Vec<(TopicPartition, u64)>| lags.iter().map(|(_, lag)| lag).sum::<u64>();
        sum(input) + sum(ours) * self.node.mean_bundle_size()
    }
}
