//! Whether all processes work under the same configuration: each tells the others the hash of its own, its directory and catalog
//! among it, by `leakwarden.ticks`.

use super::Process;
use crate::model::time::Span;
use crate::pipeline::service::now;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// After so long it is told again.
const TOLD_AGAIN: Duration = Duration::from_secs(300);
/// Who has told nothing for so long has died.
const GONE_AFTER: Span = Span::minutes(11);

/// What was told, and what was found.
#[derive(Default)]
pub struct ConfigurationWatch {
    told: Option<(String, Instant)>,
    /// The differences that were logged last.
    logged: String,
}

impl Process {
    /// Tells the others this process's configuration, if it is time, and compares theirs.
    pub(super) fn compare_configurations(&mut self, at: Instant) {
        let own = self.node.context().config.clone();
        let watch = &mut self.configurations;
        let is_told = watch.told.as_ref().is_some_and(|(told, since)| **told == *own && at.duration_since(*since) < TOLD_AGAIN);
        if !is_told {
            watch.told = Some((own.to_string(), at));
            self.node.make_configured(own.to_string(), now());
        }
        let mut processes: BTreeMap<&str, usize> = BTreeMap::new();
        for (config, told) in self.node.configurations() {
            let age = Span((now().0 - told.0).abs());
            if !config.is_empty() && age <= GONE_AFTER {
                *processes.entry(config).or_default() += 1;
            }
        }
        processes.entry(&own).or_insert(1);
        self.service.metrics.set_configurations(processes.len() as u64);
        let mut differences = String::new();
        if processes.len() > 1 {
            for (config, count) in &processes {
                let _ = write!(differences, "{}{count} with {config}", if differences.is_empty() { "" } else { ", " });
            }
        }
        if differences == self.configurations.logged {
            return;
        }
        if differences.is_empty() {
            tracing::info!(config = %own, "all processes of the cluster have the same configuration");
        } else {
            tracing::warn!(
                processes = differences,
                own = %own,
                "processes of the cluster have different configurations or directories: a record is decoded by that of the process \
                 with its input partition, judged by that of the process with its employee's task, and ranked by that with task 0"
            );
        }
        self.configurations.logged = differences;
    }

    /// Takes back what was told: this process ends.
    pub(super) fn withdraw_configuration(&mut self) {
        self.node.make_configured(String::new(), now());
    }
}
