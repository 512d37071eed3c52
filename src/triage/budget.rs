//! The daily budget: which alerts are shown. It ranks, and never changes an id, a score or the content.
//!
//! What people work through is a person's case, so an employee who was shown within the last four weeks takes another place only with
//! what is louder than all that was shown: graver, of another family, of ten times as many people. An alert is shown at once while
//! the day has room and its rank is among the last fortnight's best, as many as the budget allows; a day's room that is left goes to the
//! highest that wait. So a quiet morning's small alert does not take the place of a grave one in the afternoon, and room is never left
//! while somebody waits.
//!
//! Nobody buys silence with alerts about others: alerts about people whom a login only claims to be take no place of the others, those of
//! one login or device take one place a day before all others had theirs, and what is grave by nature has as many places again, which
//! the days after it give back.

mod case;

use crate::model::alert::Alert;
use crate::model::severity::Severity;
use crate::model::steps;
use crate::model::time::{DAY_MS, Timestamp};
use crate::triage::open_alerts::{OpenAlert, OpenAlerts};
use crate::triage::standing::{Rank, Standing};
use case::{Case, Said};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Days by which the bar is set.
const FORTNIGHT: i64 = 14;
/// Days for which an employee who was shown takes no further place with what is no louder.
const KNOWN: i64 = 28;

/// Who was shown, and who waits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Budget {
    per_day: u32,
    day: i64,
    /// When the day began: nothing is shown before.
    began: Timestamp,
    places: Places,
    /// When each alert was shown.
    shown: BTreeMap<String, String>,
    /// When an alert that had been shown was shown again.
    again: BTreeMap<String, String>,
    /// What of an employee or account was shown, and when last.
    known: BTreeMap<String, Case>,
    /// Over budget, by id.
    waiting: BTreeMap<String, Waiting>,
    /// The highest rank of each employee, account or common place, with its day.
    recent: BTreeMap<String, (i64, Rank)>,
    /// How many have each of these ranks; derived when first asked for.
    #[serde(skip)]
    ranks: Option<BTreeMap<Rank, u32>>,
    /// Alerts that are open; saved apart, or derived from those who have them.
    #[serde(skip)]
    open: OpenAlerts,
}

/// The places of a day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Places {
    /// How many there are, after what was given beforehand.
    room: u32,
    /// Taken by alerts about people who are known for certain, and by others.
    sure: u32,
    claimed: u32,
    /// Given beyond, to what is grave by nature.
    extra: u32,
    /// What the days before gave beyond, and this one gives back.
    owed: u32,
    /// Logins and devices behind what was shown.
    common: BTreeSet<u64>,
}

/// An alert that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    rank: Rank,
    standing: Standing,
    /// Employee, account or source.
    who: String,
    said: Said,
    /// Day of the last revision.
    day: i64,
}

impl Places {
    /// Whether an alert has a place. `per_day` bounds what the grave are given beyond.
    fn has(&self, standing: Standing, per_day: u32) -> bool {
        if standing.claimed {
            return self.sure + self.claimed < self.room;
        }
        self.sure < self.room || (standing.grave && self.extra < per_day)
    }

    fn take(&mut self, standing: Standing) {
        match standing.claimed {
            true => self.claimed += 1,
            false if self.sure < self.room => self.sure += 1,
            false => self.extra += 1,
        }
        if standing.place != 0 {
            self.common.insert(standing.place);
        }
    }

    /// The places of the next day.
    fn next(&self, per_day: u32) -> Places {
        let given = self.sure + self.claimed + self.extra;
        let owed = (self.owed + given).saturating_sub(per_day);
        // A day gives back what it can and keeps one place.
        let back = owed.min(per_day.saturating_sub(1));
        Places { room: per_day - back, owed, ..Places::default() }
    }
}

impl Budget {
    /// A budget of so many alerts a day.
    pub fn new(per_day: u32) -> Budget {
        Budget { per_day, places: Places { room: per_day, ..Places::default() }, ..Budget::default() }
    }

    /// Sets `shown_at` of a revision. Revisions come in order of event time; a revision about an earlier day is shown today.
    pub fn pass(&mut self, alert: &mut Alert, standing: Standing, at: Timestamp) {
        self.turn(at);
        let at = at.max(self.began);
        let (who, said) = (alert.about().to_owned(), Said::of(alert, standing));
        if self.shown.contains_key(&alert.id) {
            // It is looked at already: that it became louder takes no place.
            if let Some(case) = self.known.get_mut(&who).filter(|case| case.is_louder(said)) {
                case.note(said, self.day);
                self.again.insert(alert.id.clone(), at.to_string());
            }
        } else {
            let rank = standing.rank(alert.score);
            let whose = if standing.place == 0 { who.clone() } else { format!("\0{}", standing.place) };
            self.note_rank(whose, rank);
            let first_of_place = !self.places.common.contains(&standing.place);
            let waiting = Waiting { rank, standing, who, said, day: self.day };
            if first_of_place && self.may_show(&waiting) && (standing.grave || rank >= self.bar()) {
                self.show(&alert.id, waiting, at);
            } else {
                self.waiting.insert(alert.id.clone(), waiting);
            }
        }
        alert.shown_at = self.shown.get(&alert.id).cloned();
        alert.shown_again = self.again.get(&alert.id).cloned();
        self.open.note(alert, self.day);
    }

    /// The alerts that are open.
    pub fn open(&self) -> &OpenAlerts {
        &self.open
    }

    /// Goes on with those that are open.
    pub fn set_open(&mut self, open: OpenAlerts) {
        self.open = open;
    }

    /// An alert of that severity is open, as its episode says: it was told last today.
    pub fn restore_open(&mut self, open: impl Iterator<Item = (String, Severity)>) {
        let of = |(id, severity): (String, Severity)| {
            let alert = OpenAlert { severity, shown: self.shown.contains_key(&id), day: self.day };
            (id, alert)
        };
        self.open = open.map(of).collect::<BTreeMap<_, _>>().into();
    }

    /// Forgets open alerts of which nothing was told for so many days: nobody has them any more.
    pub fn forget_open(&mut self, silent: i64) {
        self.open.forget_before(self.day - silent);
    }

    /// A day begins: what room the one before has left goes to the highest ranks that wait, at its last moment.
    pub fn turn(&mut self, at: Timestamp) {
        let day = at.0.div_euclid(DAY_MS);
        if day <= self.day {
            return;
        }
        let mut waiting: Vec<(String, Waiting)> = self.waiting.iter().map(|(id, waiting)| (id.clone(), waiting.clone())).collect();
        waiting.sort_by(|a, b| b.1.rank.cmp(&a.1.rank).then_with(|| a.0.cmp(&b.0)));
        let end = Timestamp((self.day + 1) * DAY_MS - 1);
        // The first of each login or device, then its others.
        for others in [false, true] {
            for (id, waiting) in &waiting {
                let first_of_place = !self.places.common.contains(&waiting.standing.place);
                if (first_of_place || others) && !self.shown.contains_key(id) && self.may_show(waiting) {
                    self.show(id, waiting.clone(), end);
                }
            }
        }
        self.places =
            (self.day..day).take(FORTNIGHT as usize).fold(std::mem::take(&mut self.places), |places, _| places.next(self.per_day));
        (self.day, self.began) = (day, at);
        self.waiting.retain(|_, waiting| waiting.day + FORTNIGHT > day);
        self.known.retain(|_, case| case.day() + KNOWN > day);
        self.recent.retain(|_, (of, _)| *of + FORTNIGHT > day);
        self.ranks = None;
    }

    fn show(&mut self, id: &str, waiting: Waiting, at: Timestamp) {
        let Waiting { standing, who, said, .. } = waiting;
        self.places.take(standing);
        self.waiting.remove(id);
        self.known.entry(who).or_default().note(said, self.day);
        self.shown.insert(id.to_owned(), at.to_string());
        self.open.show(id);
    }

    /// Whether there is room, and it is news.
    fn may_show(&self, waiting: &Waiting) -> bool {
        let is_news = self.known.get(&waiting.who).is_none_or(|case| case.takes_place(waiting.said, self.day));
        is_news && self.places.has(waiting.standing, self.per_day)
    }

    /// An alert of somebody has a rank.
    fn note_rank(&mut self, whose: String, rank: Rank) {
        let known = self.recent.get(&whose).map(|(_, rank)| *rank);
        if known.is_some_and(|known| rank <= known) {
            return;
        }
        self.recent.insert(whose, (self.day, rank));
        if let Some(ranks) = &mut self.ranks {
            *ranks.entry(rank).or_default() += 1;
            if let Some((rank, many)) = known.and_then(|known| Some((known, ranks.get_mut(&known)?))) {
                *many -= 1;
                if *many == 0 {
                    ranks.remove(&rank);
                }
            }
        }
    }

    /// The rank that the last fortnight's best, as many as the budget allows, all have.
    fn bar(&mut self) -> Rank {
        let places = self.per_day as usize * FORTNIGHT as usize;
        if self.recent.len() <= places {
            return Rank::default();
        }
        let recent = &self.recent;
        let ranks = self.ranks.get_or_insert_with(|| {
            let mut ranks = BTreeMap::new();
            recent.values().for_each(|(_, rank)| *ranks.entry(*rank).or_default() += 1);
            steps::count(recent.len());
            ranks
        });
        let mut better = 0;
        let best = ranks.iter().rev().inspect(|_| steps::count(1)).find(|(_, many)| {
            better += **many as usize;
            better >= places
        });
        best.map_or_else(Rank::default, |(rank, _)| *rank)
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

#[cfg(test)]
mod tests;
