//! The daily budget: which alerts are shown. It ranks, and never changes an id, a score or the content.
//!
//! An alert is shown when it opens while the day has room. When a day ends with room left, the highest scores that were
//! over budget take it.

use crate::model::alert::Alert;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who was shown, and who waits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Budget {
    per_day: u32,
    day: i64,
    left: u32,
    shown: BTreeMap<String, String>,
    /// Over budget: score in tenths, by id.
    waiting: BTreeMap<String, u32>,
}

impl Budget {
    /// A budget of so many alerts a day.
    pub fn new(per_day: u32) -> Budget {
        Budget { per_day, left: per_day, ..Budget::default() }
    }

    /// Sets `shown_at` of a revision. Revisions come in order of event time; `day` is the day of this one. Returns ids
    /// that waited and are shown now, at the end of the day before.
    pub fn pass(&mut self, alert: &mut Alert, day: i64, at: &str) -> Vec<String> {
        let freed = self.turn(day, at);
        if !self.shown.contains_key(&alert.id) {
            if self.left > 0 {
                self.left -= 1;
                self.waiting.remove(&alert.id);
                self.shown.insert(alert.id.clone(), at.to_owned());
            } else {
                self.waiting.insert(alert.id.clone(), (alert.score * 10.0) as u32);
            }
        }
        alert.shown_at = self.shown.get(&alert.id).cloned();
        freed
    }

    /// A later day begins: room that is left goes to the highest scores that wait.
    fn turn(&mut self, day: i64, at: &str) -> Vec<String> {
        if day <= self.day {
            return Vec::new();
        }
        let mut waiting: Vec<(u32, String)> = self.waiting.iter().map(|(id, score)| (*score, id.clone())).collect();
        waiting.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let freed: Vec<String> = waiting.into_iter().take(self.left as usize).map(|(_, id)| id).collect();
        for id in &freed {
            self.waiting.remove(id);
            self.shown.insert(id.clone(), at.to_owned());
        }
        (self.day, self.left) = (day, self.per_day);
        freed
    }

    /// Changes how many are shown a day, from the next day on.
    pub fn set_per_day(&mut self, per_day: u32) {
        self.per_day = per_day;
    }

    /// When the alert was shown, if it was.
    pub fn shown_at(&self, id: &str) -> Option<&str> {
        self.shown.get(id).map(String::as_str)
    }

    /// Forgets an alert that is over.
    pub fn forget(&mut self, id: &str) {
        self.shown.remove(id);
        self.waiting.remove(id);
    }
}
