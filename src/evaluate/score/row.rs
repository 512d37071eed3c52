//! Sums over labels that have something in common: a line of a table.

use crate::evaluate::labels::Label;
use crate::evaluate::score::Caught;
use crate::model::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Labels that have something in common.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// Labels.
    pub labels: usize,
    /// Labels whose employee has an alert of any typology at that time.
    pub caught: usize,
    /// Labels whose employee has an alert of the labelled typology at that time.
    pub named: usize,
    /// Caught among all.
    pub recall: f64,
    /// Things done together count once.
    pub episodes: usize,
    /// Those of which any member was caught.
    pub episodes_caught: usize,
    /// Caught among all.
    pub episode_recall: f64,
    /// Median hours from the first labelled act to the first alert, of those caught.
    pub median_hours: Option<f64>,
    /// Median share of people disclosed by the first alert; all of them where there was none.
    pub median_leaked: Option<f64>,
    #[serde(skip)]
    hours: Vec<f64>,
    #[serde(skip)]
    leaked: Vec<f64>,
    #[serde(skip)]
    groups: BTreeMap<Group, bool>,
}

/// What tells episodes apart: their name, else what and when.
type Group = (Option<String>, &'static str, Option<(Timestamp, Timestamp)>, Option<String>);

impl Row {
    /// Counts a label.
    pub(super) fn add(&mut self, label: &Label, caught: Option<&Caught>, leaks: bool) {
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

    /// Works out what follows from the sums.
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
