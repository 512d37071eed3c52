//! The daily budget: which alerts are shown. It ranks, and never changes an id, a score or the content.
//!
//! What people work through is a person's case, so an employee who was shown within the last four weeks takes no second place: what comes
//! later belongs to the case. An alert is shown at once while the day has room and its score is among the last fortnight's best, as
//! many as the budget allows; a day's room that is left goes to the highest scores that wait. So a quiet morning's small alert
//! does not take the place of a grave one in the afternoon, and room is never left while somebody waits.

use crate::model::alert::Alert;
use crate::model::time::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days by which the bar is set.
const FORTNIGHT: i64 = 14;
/// Days for which an employee who was shown takes no further place.
const KNOWN: i64 = 28;

/// Who was shown, and who waits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Budget {
    per_day: u32,
    day: i64,
    /// When the day began: nothing is shown before.
    began: Timestamp,
    left: u32,
    shown: BTreeMap<String, String>,
    /// Day on which an employee or account was last shown.
    known: BTreeMap<String, i64>,
    /// Over budget, by id.
    waiting: BTreeMap<String, Waiting>,
    /// The highest score of each employee or account, with its day.
    recent: BTreeMap<String, (i64, u32)>,
}

/// An alert that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    /// Score in tenths.
    score: u32,
    /// Employee, account or source.
    who: String,
    /// Day of the last revision.
    day: i64,
}

impl Budget {
    /// A budget of so many alerts a day.
    pub fn new(per_day: u32) -> Budget {
        Budget { per_day, left: per_day, ..Budget::default() }
    }

    /// Sets `shown_at` of a revision. Revisions come in order of event time; a revision about an earlier day is shown today.
    pub fn pass(&mut self, alert: &mut Alert, at: Timestamp) {
        self.turn(at);
        let at = at.max(self.began);
        if !self.shown.contains_key(&alert.id) {
            let score = (alert.score * 10.0) as u32;
            let who = alert.about().to_owned();
            let recent = self.recent.entry(who.clone()).or_insert((self.day, 0));
            if score > recent.1 {
                *recent = (self.day, score);
            }
            if self.left > 0 && !self.has_shown(&who) && score >= self.bar() {
                self.show(&alert.id, who, at);
            } else {
                self.waiting.insert(alert.id.clone(), Waiting { score, who, day: self.day });
            }
        }
        alert.shown_at = self.shown.get(&alert.id).cloned();
    }

    /// A day begins: what room the one before has left goes to the highest scores that wait, at its last moment.
    pub fn turn(&mut self, at: Timestamp) {
        let day = at.0.div_euclid(DAY_MS);
        if day <= self.day {
            return;
        }
        let mut waiting: Vec<(u32, String, String)> =
            self.waiting.iter().map(|(id, waiting)| (waiting.score, id.clone(), waiting.who.clone())).collect();
        waiting.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let end = Timestamp((self.day + 1) * DAY_MS - 1);
        for (_, id, who) in waiting {
            // Of two alerts of one employee the second waits on.
            if self.left > 0 && !self.has_shown(&who) {
                self.show(&id, who, end);
            }
        }
        (self.day, self.left, self.began) = (day, self.per_day, at);
        self.waiting.retain(|_, waiting| waiting.day + FORTNIGHT > day);
        self.known.retain(|_, shown| *shown + KNOWN > day);
        self.recent.retain(|_, (of, _)| *of + FORTNIGHT > day);
    }

    fn show(&mut self, id: &str, who: String, at: Timestamp) {
        self.left -= 1;
        self.waiting.remove(id);
        self.known.insert(who, self.day);
        self.shown.insert(id.to_owned(), at.to_string());
    }

    /// Whether an employee or account has been shown of late.
    fn has_shown(&self, who: &str) -> bool {
        self.known.contains_key(who)
    }

    /// The score that the last fortnight's best, as many as the budget allows, all have.
    fn bar(&self) -> u32 {
        let places = self.per_day as usize * FORTNIGHT as usize;
        if self.recent.len() <= places {
            return 0;
        }
        let mut scores: Vec<u32> = self.recent.values().map(|(_, score)| *score).collect();
        let at = scores.len() - places;
        *scores.select_nth_unstable(at).1
    }

    /// Changes how many are shown a day, from the next day on.
    pub fn set_per_day(&mut self, per_day: u32) {
        self.per_day = per_day;
    }

    /// When the alert was shown, if it was.
    pub fn shown_at(&self, id: &str) -> Option<&str> {
        self.shown.get(id).map(String::as_str)
    }
}
