//! Recall over labels that have something in common: a row of the score's tables.

use crate::evaluate::labels::Label;
use crate::evaluate::score::FirstDetection;
use crate::model::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Recall and time to detect over a group of labels.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RecallSummary {
    /// Labels.
    pub labels: usize,
    /// Detected labels: the employee has an alert of any typology at that time.
    pub caught: usize,
    /// Detected labels with an alert of the labelled typology.
    pub named: usize,
    /// Detected labels among all.
    pub recall: f64,
    /// Episodes: what a group did together counts once.
    pub episodes: usize,
    /// Episodes of which any member was detected.
    pub episodes_caught: usize,
    /// Detected episodes among all.
    pub episode_recall: f64,
    /// Median time to detect in hours, from the first labelled act to the first alert, over detected labels.
    pub median_hours: Option<f64>,
    /// Median share of people disclosed by the first alert; 1 for labels that were not detected.
    pub median_leaked: Option<f64>,
    #[serde(skip)]
    hours: Vec<f64>,
    #[serde(skip)]
    leaked: Vec<f64>,
    #[serde(skip)]
    groups: BTreeMap<Group, bool>,
}

/// The key of an episode: its name, else typology, time and difficulty.
type Group = (Option<String>, &'static str, Option<(Timestamp, Timestamp)>, Option<String>);

impl RecallSummary {
    /// Adds a label.
    pub(super) fn add(&mut self, label: &Label, caught: Option<&FirstDetection>, leaks: bool) {
        self.labels += 1;
        self.caught += usize::from(caught.is_some());
        self.named += usize::from(caught.is_some_and(|caught| caught.named));
        self.hours.extend(caught.map(|caught| caught.hours));
        if leaks {
            self.leaked.push(caught.map_or(1.0, |caught| caught.leaked.unwrap_or(0.0)));
        }
        let time = label.episode.is_none().then_some((label.from, label.to));
        let group = (label.episode.clone(), label.typology.name(), time, label.difficulty.clone());
        *self.groups.entry(group).or_default() |= caught.is_some();
    }

    /// Computes the shares and medians.
    pub(super) fn close(&mut self) {
        (self.episodes, self.episodes_caught) = (self.groups.len(), self.groups.values().filter(|caught| **caught).count());
        self.recall = share(self.caught, self.labels);
        self.episode_recall = share(self.episodes_caught, self.episodes);
        (self.median_hours, self.median_leaked) = (median(&mut self.hours), median(&mut self.leaked));
    }
}

/// A part of a whole; nothing of nothing is all of it.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// The middle of a list, or the mean of the two in the middle.
pub fn median(of: &mut [f64]) -> Option<f64> {
    of.sort_by(f64::total_cmp);
    let (low, high) = (of.len().checked_sub(1)? / 2, of.len() / 2);
    Some((of[low] + of[high]) / 2.0)
}
