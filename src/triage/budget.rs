//! The daily budget: which cases are shown. It ranks, and never changes an alert's id, score or content.
//!
//! A case takes one place, whoever many are in it. It is shown if it is worth a look: so many of those like it are expected to be true
//! (`[alerts] show_at`), or it is grave by nature; places beyond stay empty. It is shown at once while the day has room and its rank is
//! among the last fortnight's best, as many as the budget allows; a day's room that is left goes to the highest that wait and are open, which
//! are told again. So a quiet morning's small case does not take the place of a grave one in the afternoon, and room is never left while
//! somebody worth a look waits.
//! What joins a case that was shown is shown with it, and shows it again where it is louder than all before: graver, of another family, of
//! ten times as many people. A person who was shown within the last four weeks takes another place only with what is louder.
//!
//! Nobody buys silence with cases about others: cases about people whom a login only claims to be take no place of the others, those of
//! one login or device take one place a day before all others had theirs, and what is grave by nature has as many places again, which
//! the days after it give back.

mod case;
pub mod cases_told;
mod decided;
mod decisions;
mod places;
mod ranks;

use crate::model::alert::{Alert, AlertState};
use crate::model::severity::Severity;
use crate::model::time::{DAY_MS, Timestamp};
use crate::triage::AlertSettings;
use crate::triage::case::CaseView;
use crate::triage::open_alerts::{OpenAlert, OpenAlerts, OpenCounts};
use crate::triage::standing::{Rank, Standing};
use case::{KNOWN, Said, ShownBefore};
use cases_told::CasesShown;
pub use decided::{Cited, OpenOnes, SilenceCounts};
use decided::{Decided, Heed};
use places::Places;
use ranks::RecentRanks;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Days by which the bar is set, and for which a case waits.
const FORTNIGHT: i64 = 14;

/// What was shown, and what waits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Budget {
    per_day: u32,
    /// The rank of a sure case that is just worth a look.
    show_at: f64,
    day: i64,
    /// When the day began: nothing is shown before.
    began: Timestamp,
    places: Places,
    /// When each alert was shown.
    shown: BTreeMap<String, String>,
    /// Those of cases that had waited, of which nothing was told since.
    untold: BTreeSet<String>,
    /// When a case that had been shown was shown again by an alert.
    again: BTreeMap<String, String>,
    /// What of an employee, account, source or group was shown, and when last.
    known: BTreeMap<String, ShownBefore>,
    /// By id.
    cases: BTreeMap<String, Case>,
    ranks: RecentRanks,
    /// What people have decided.
    decided: Decided,
    /// Alerts that are open; saved apart, or derived from those who have them.
    #[serde(skip)]
    open: OpenAlerts,
    /// Cases that were shown and not counted yet.
    #[serde(skip)]
    told: CasesShown,
}

/// A case, as of its last revision.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Case {
    is_group: bool,
    /// Employee, account or source, each as it stands.
    members: BTreeMap<String, Member>,
    /// What its alerts say.
    alerts: BTreeMap<String, Said>,
    is_shown: bool,
    /// Day of the last revision.
    day: i64,
}

/// What one member contributes.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct Member {
    probability: f64,
    standing: Standing,
    /// Day of the last revision about this member.
    day: i64,
}

impl Case {
    /// Where it stands: sure and grave if any of its members is.
    fn standing(&self) -> Standing {
        let mut standings = self.members.values().map(|member| member.standing);
        let first = standings.next().unwrap_or_default();
        standings.fold(first, Standing::with)
    }

    /// The highest expected share of true ones of its members, as told lately: what was thought of a member when the group was another is
    /// no more.
    fn probability(&self) -> f64 {
        let lately = self.members.values().filter(|member| member.day + 1 >= self.day);
        lately.map(|member| member.probability).fold(0.0, f64::max)
    }

    fn rank(&self) -> Rank {
        self.standing().rank(self.probability())
    }

    /// Whether so many of its like are expected to be true, or it is grave by nature.
    fn is_worth_a_look(&self, show_at: f64) -> bool {
        self.probability() >= show_at || self.standing().grave
    }

    fn said(&self) -> Said {
        self.alerts.values().copied().reduce(Said::with).unwrap_or_default()
    }

    /// By what name it is known that it was shown.
    fn known_as<'c>(&'c self, id: &'c str) -> &'c str {
        match self.members.keys().next() {
            Some(who) if !self.is_group => who,
            _ => id,
        }
    }
}

impl Budget {
    /// A budget of so many cases a day, and which are worth a look.
    pub fn new(settings: &AlertSettings) -> Budget {
        let mut budget = Budget { places: Places::of(settings.budget_per_day), ..Budget::default() };
        budget.set(settings);
        budget
    }

    /// Sets `shown_at` of a revision. Revisions come in order of event time; a revision about an earlier day is shown today.
    pub fn pass(&mut self, alert: &mut Alert, view: &CaseView, at: Timestamp) {
        self.turn(at);
        let at = at.max(self.began);
        match self.decided.heed(alert, view, at, self.day) {
            Heed::Ranked => self.rank(alert, view, at),
            Heed::Closed => self.close(&alert.id, &view.id),
            Heed::Silenced => self.withdraw(&alert.id, &view.id),
        }
        self.tell(alert);
    }

    /// A revision counts for its case, which may be shown by it.
    fn rank(&mut self, alert: &Alert, view: &CaseView, at: Timestamp) {
        // What is over is no reason to show a case for the first time: others of it may have been told for the last time already.
        if alert.state != AlertState::Open && self.cases.get(&view.id).is_none_or(|case| !case.is_shown) {
            return;
        }
        let (who, said) = (alert.about().to_owned(), Said::of(alert, view.standing));
        let probability = self.decided.expected(view);
        let case = self.cases.entry(view.id.clone()).or_default();
        (case.is_group, case.day) = (view.is_group, self.day);
        case.members.insert(who, Member { probability, standing: view.standing, day: self.day });
        case.alerts.insert(alert.id.clone(), said);
        if case.is_shown {
            // It is looked at already: that more joins it takes no place.
            self.shown.entry(alert.id.clone()).or_insert_with(|| at.to_string());
            let known = self.known.entry(case.known_as(&view.id).to_owned()).or_default();
            if known.is_louder(said) {
                known.note(said, self.day);
                self.told.again[alert.severity as usize] += 1;
                self.again.insert(alert.id.clone(), at.to_string());
            }
        } else if case.is_worth_a_look(self.show_at) {
            let (standing, rank) = (case.standing(), case.rank());
            let whose = if standing.place == 0 { view.id.clone() } else { format!("\0{}", standing.place) };
            self.ranks.note(whose, rank, self.day);
            let bar = self.ranks.bar(self.per_day as usize * FORTNIGHT as usize);
            if self.places.is_first_of_place(standing) && self.may_show(&view.id) && (standing.grave || rank >= bar) {
                self.show(&view.id, at, Some(&alert.id));
            }
        }
    }

    /// Says of an alert when it was shown.
    fn tell(&mut self, alert: &mut Alert) {
        self.untold.remove(&alert.id);
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

    /// Open alerts of cases that had waited, and are shown since they were told of last: whoever reads alerts does not know it yet.
    pub fn take_untold(&mut self) -> OpenOnes {
        let untold = std::mem::take(&mut self.untold);
        self.decided.open_of(untold.iter().map(String::as_str), &self.open)
    }

    /// A day begins: what room the one before has left goes to the highest ranks that wait, at its last moment.
    pub fn turn(&mut self, at: Timestamp) {
        let day = at.0.div_euclid(DAY_MS);
        if day <= self.day {
            return;
        }
        let is_open = |case: &Case| case.alerts.keys().any(|id| self.open.contains(id));
        let waiting = self.cases.iter().filter(|(_, case)| !case.is_shown && case.is_worth_a_look(self.show_at) && is_open(case));
        let mut waiting: Vec<(Rank, String)> = waiting.map(|(id, case)| (case.rank(), id.clone())).collect();
        waiting.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let end = Timestamp((self.day + 1) * DAY_MS - 1);
        // The first of each login or device, then its others.
        for others in [false, true] {
            for (_, id) in &waiting {
                let case = &self.cases[id];
                let first_of_place = self.places.is_first_of_place(case.standing());
                if (first_of_place || others) && !case.is_shown && self.may_show(id) {
                    self.show(id, end, None);
                }
            }
        }
        self.places =
            (self.day..day).take(FORTNIGHT as usize).fold(std::mem::take(&mut self.places), |places, _| places.next(self.per_day));
        (self.day, self.began) = (day, at);
        let open = &self.open;
        self.cases.retain(|_, case| {
            let kept = if case.is_shown { KNOWN } else { FORTNIGHT };
            case.day + kept > day || (case.is_shown && case.alerts.keys().any(|id| open.contains(id)))
        });
        self.known.retain(|_, known| known.day() + KNOWN > day);
        self.ranks.forget_before(day - FORTNIGHT + 1);
        self.decided.turn(day, at, &self.open);
    }

    /// A verdict has closed an alert: what comes next of those whom the case was about is news.
    fn close(&mut self, alert: &str, id: &str) {
        let Some(case) = self.cases.get_mut(id) else { return };
        case.alerts.remove(alert);
        let open = &self.open;
        if case.alerts.keys().any(|other| open.contains(other)) {
            return;
        }
        if let Some(case) = self.cases.remove(id) {
            self.known.remove(case.known_as(id));
            if case.is_group {
                for who in case.members.keys() {
                    self.known.remove(who);
                }
            }
        }
    }

    /// An alert gives its case no reason to be shown any more.
    fn withdraw(&mut self, alert: &str, id: &str) {
        let Some(case) = self.cases.get_mut(id).filter(|case| !case.is_shown) else { return };
        case.alerts.remove(alert);
        if case.alerts.is_empty() {
            self.cases.remove(id);
        }
    }

    /// Shows a case with those of its alerts that are open, or by the one that is told of just now.
    fn show(&mut self, id: &str, at: Timestamp, told: Option<&str>) {
        let Some(case) = self.cases.get_mut(id) else { return };
        case.is_shown = true;
        let (case, said) = (&*case, case.said());
        self.told.first[said.severity() as usize] += 1;
        self.places.take(case.standing());
        self.known.entry(case.known_as(id).to_owned()).or_default().note(said, self.day);
        if case.is_group {
            // What their members do by themselves is held against it.
            case.members.keys().for_each(|who| self.known.entry(who.clone()).or_default().note(said, self.day));
        }
        for alert in case.alerts.keys() {
            if !self.open.contains(alert) && told != Some(alert) {
                continue;
            }
            self.shown.insert(alert.clone(), at.to_string());
            self.open.show(alert);
            if told.is_none() {
                self.untold.insert(alert.clone());
            }
        }
    }

    /// Whether there is room, and it is news.
    fn may_show(&self, id: &str) -> bool {
        let Some(case) = self.cases.get(id) else { return false };
        let is_news = self.known.get(case.known_as(id)).is_none_or(|known| known.takes_place(case.said(), self.day));
        is_news && self.places.has(case.standing(), self.per_day)
    }

    /// Changes how many are shown a day, from the next day on, and which are worth a look, from now on.
    pub fn set(&mut self, settings: &AlertSettings) {
        (self.per_day, self.show_at) = (settings.budget_per_day, settings.show_at);
        self.decided.set_learning(settings.learn_from_verdicts);
    }

    /// What was shown since this was asked last, by this process.
    pub fn take_cases_shown(&mut self) -> CasesShown {
        std::mem::take(&mut self.told)
    }

    /// Cases of which an alert is open, by the gravest that is: all, and those that were shown.
    pub fn open_cases(&self) -> OpenCounts {
        let mut counts = OpenCounts::default();
        for case in self.cases.values() {
            let open = case.alerts.keys().filter_map(|id| self.open.severity(id));
            if let Some(gravest) = open.max() {
                counts.open[gravest as usize] += 1;
                counts.shown[gravest as usize] += u64::from(case.is_shown);
            }
        }
        counts
    }

    /// When the alert was shown, if it was.
    pub fn shown_at(&self, id: &str) -> Option<&str> {
        self.shown.get(id).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
