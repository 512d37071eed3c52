//! The dossier of a settled revision: the figures that pictures of an alert are drawn from, handed along with it.
//!
//! Plain data with a version. Pages draw from it and never from live state, so that last year's page can be drawn again. It names employees as
//! the alert does, and people only by published pseudonyms. It is at most [`MOST_BYTES`] as JSON, whatever a log says: what does not fit is
//! left out and counted.

use crate::model::access::Operation;
use crate::model::alert::{Alert, Expected, StatuteScore};
use crate::model::coverage::State;
use crate::model::kind::{Kind, Kinds};
use crate::model::persons::Persons;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version of the format.
pub const VERSION: u32 = 1;
/// Bytes of a dossier as JSON, at the most.
pub const MOST_BYTES: usize = 64 * 1024;
/// Days that it tells of.
pub const DAYS: u32 = 90;
/// Accesses that it lists, at the most.
pub const MOST_ACCESSES: usize = 500;
/// Characters of a name from a log that it keeps.
pub const LONGEST_NAME: usize = 96;
/// Cells of a week by hours: that of Monday, midnight to one, is the first.
pub const WEEK_HOURS: usize = 7 * 24;

/// The figures behind one settled revision.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Dossier {
    /// The version of the format: [`VERSION`].
    pub version: u32,
    /// Id of the alert.
    pub alert: String,
    /// Revision of the alert.
    pub revision: u32,
    /// Event time at which it was made.
    pub made_at: String,
    /// The employee's time zone: days and hours are of it.
    pub zone: String,
    /// The last days.
    pub days: Days,
    /// When they work.
    pub week: Week,
    /// Accesses, as far as they are kept.
    pub accesses: Accesses,
    /// The statutory counter against the figures of the law.
    pub gauge: Gauge,
    /// Of a group: who looked at the same people.
    pub group: Option<WhoSawWhom>,
}

/// Days, and what is usual for a day.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Days {
    /// The first day told of, YYYY-MM-DD.
    pub first: String,
    /// The last one.
    pub last: String,
    /// Days with something to tell, ascending.
    pub list: Vec<DayFigures>,
    /// What is usual of people a day.
    pub persons: Expected,
    /// What is usual of people without a known reason a day.
    pub unexplained: Expected,
}

/// What was counted on a day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DayFigures {
    /// YYYY-MM-DD.
    pub day: String,
    /// Distinct people.
    pub persons: u64,
    /// Those without a known reason.
    pub unexplained: u64,
    /// Accesses that do not tell how many people they disclosed: they come on top.
    pub unknown: u32,
    /// Accesses that disclosed somebody.
    pub accesses: u64,
    /// Whether it is kept out of what is usual, since an alert rose on it.
    pub held_out: bool,
    /// How far it could be evaluated; null where nothing was to be evaluated.
    pub seen: Option<State>,
    /// What stood in the way.
    pub reasons: Vec<String>,
}

/// Accesses by hour and weekday.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Week {
    /// The first day counted, YYYY-MM-DD; null where nothing is kept.
    pub since: Option<String>,
    /// Accesses that disclosed somebody, [`WEEK_HOURS`] of them.
    pub accesses: Vec<u32>,
    /// Those of them made while the directory says that the employee was absent.
    pub absent: Vec<u32>,
    /// Local minutes at which the shift starts and ends; null where no shift is on file.
    pub shift: Option<(u16, u16)>,
}

/// Accesses of the episode and shortly before it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Accesses {
    /// Event time of the first one that could be kept.
    pub since: Option<String>,
    /// Records of evidence, of which these are a part.
    pub evidence: u64,
    /// Those that were kept and did not fit.
    pub left_out: u64,
    /// Names of tables.
    pub tables: Vec<String>,
    /// Names of source partitions or files.
    pub sources: Vec<String>,
    /// Sets of kinds.
    pub kinds: Vec<Vec<Kind>>,
    /// Published pseudonyms.
    pub subjects: Vec<String>,
    /// The accesses, ascending by time.
    pub list: Vec<ListedAccess>,
}

/// One access. Names are places in the lists of [`Accesses`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ListedAccess {
    /// Event time, in milliseconds since 1970.
    pub at: i64,
    /// What was done.
    pub operation: Operation,
    /// Tables.
    pub tables: Vec<u16>,
    /// The set of kinds.
    pub kinds: u16,
    /// People disclosed.
    pub persons: Persons,
    /// Whether a known reason covers all of them.
    pub explained: bool,
    /// Where it stands to working time.
    pub duty: DutyMark,
    /// The first few of the people, where the log says whom.
    pub subjects: Vec<u16>,
    /// The source partition or file.
    pub source: u16,
    /// Line or offset there.
    pub position: u64,
}

/// Where an access stands to working time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum DutyMark {
    On,
    OutsideShift,
    Holiday,
    Absent,
    NotEmployed,
}

/// The statutory counter, and where its bands begin.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Gauge {
    /// Which statute file counted.
    pub jurisdiction: String,
    /// The article that the bands are of.
    pub article: String,
    /// For information obtained on duty: where `serious` begins, and `especially_serious`.
    pub on_duty: (u64, u64),
    /// The same where the duty rule does not apply.
    pub ordinary: (u64, u64),
    /// Everything touched.
    pub exposure: StatuteScore,
    /// What no known reason covers.
    pub unexplained: StatuteScore,
}

/// Who looked at whom, of a group.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct WhoSawWhom {
    /// Employees, in order of their ids.
    pub employees: Vec<String>,
    /// More of them, who are left out.
    pub employees_left_out: u32,
    /// Published pseudonyms of people whom several of them looked at, the most shared first.
    pub subjects: Vec<String>,
    /// How many more there are.
    pub subjects_left_out: u64,
    /// For each employee, which of these they looked at.
    pub looks: Vec<Vec<u16>>,
    /// Closed days that are compared.
    pub days: u32,
}

/// An alert on its way to the sinks, with its dossier where somebody wants one.
#[derive(Clone, Debug)]
pub struct AlertWithDossier {
    /// The alert.
    pub alert: Arc<Alert>,
    /// What its pictures are drawn from: of settled revisions, where somebody wants it.
    pub dossier: Option<Arc<Dossier>>,
}

impl From<Arc<Alert>> for AlertWithDossier {
    fn from(alert: Arc<Alert>) -> AlertWithDossier {
        AlertWithDossier { alert, dossier: None }
    }
}

/// A name from a log or file, bounded: the rest is cut off and marked.
pub fn bounded(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

impl Dossier {
    /// Leaves out so much that it is no longer than [`MOST_BYTES`] as JSON: pseudonyms of accesses first, then accesses, then names of groups.
    #[must_use]
    pub fn fitted(mut self) -> Dossier {
        if self.accesses.list.len() > MOST_ACCESSES {
            self.accesses.shorten(MOST_ACCESSES);
        }
        if self.bytes() > MOST_BYTES {
            self.accesses.forget_subjects();
        }
        while self.bytes() > MOST_BYTES && !self.accesses.list.is_empty() {
            let half = self.accesses.list.len() / 2;
            self.accesses.shorten(half);
        }
        if self.bytes() > MOST_BYTES {
            self.group = None;
        }
        self
    }

    fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(usize::MAX, |bytes| bytes.len())
    }
}

impl Accesses {
    /// Adds one, with its names. Past 65,535 names of a sort the last place stands for the rest.
    pub fn push(&mut self, access: ListedAccess, tables: &[&str], source: &str, kinds: Kinds, subjects: &[String]) {
        let tables = tables.iter().map(|table| place_of(&mut self.tables, bounded(table))).collect();
        let source = place_of(&mut self.sources, bounded(source));
        let kinds = place_of(&mut self.kinds, kinds.iter().collect());
        let subjects = subjects.iter().map(|subject| place_of(&mut self.subjects, subject.clone())).collect();
        self.list.push(ListedAccess { tables, source, kinds, subjects, ..access });
    }

    /// Keeps so many: the first and the last ones.
    fn shorten(&mut self, kept: usize) {
        let Accesses { since, evidence, left_out, tables, sources, kinds, subjects, list } = std::mem::take(self);
        (self.since, self.evidence) = (since, evidence);
        self.left_out = left_out + list.len().saturating_sub(kept) as u64;
        let (head, tail) = (kept.div_ceil(2), list.len().saturating_sub(kept / 2));
        for (_, access) in list.into_iter().enumerate().filter(|(at, _)| *at < head || *at >= tail) {
            let of = |names: &[String], at: u16| names.get(usize::from(at)).cloned().unwrap_or_default();
            let named: Vec<String> = access.tables.iter().map(|at| of(&tables, *at)).collect();
            let named: Vec<&str> = named.iter().map(String::as_str).collect();
            let whom: Vec<String> = access.subjects.iter().map(|at| of(&subjects, *at)).collect();
            let what = kinds.get(usize::from(access.kinds)).into_iter().flatten().copied().collect();
            let source = of(&sources, access.source);
            self.push(access, &named, &source, what, &whom);
        }
    }

    fn forget_subjects(&mut self) {
        self.subjects.clear();
        self.list.iter_mut().for_each(|access| access.subjects.clear());
    }
}

/// The place of a name in a list, to which it is added where it is new.
fn place_of<T: PartialEq>(names: &mut Vec<T>, name: T) -> u16 {
    let at = names.iter().rposition(|known| *known == name).unwrap_or_else(|| {
        if names.len() < usize::from(u16::MAX) {
            names.push(name);
        }
        names.len() - 1
    });
    at as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(at: i64) -> ListedAccess {
        ListedAccess {
            at,
            operation: Operation::Read,
            tables: Vec::new(),
            kinds: 0,
            persons: Persons::AtMost(3),
            explained: false,
            duty: DutyMark::On,
            subjects: Vec::new(),
            source: 0,
            position: at.unsigned_abs(),
        }
    }

    fn dossier(accesses: Accesses) -> Dossier {
        Dossier {
            version: VERSION,
            alert: "a".to_owned(),
            revision: 1,
            made_at: "2026-03-10T00:00:00Z".to_owned(),
            zone: "UTC".to_owned(),
            days: Days::default(),
            week: Week::default(),
            accesses,
            gauge: Gauge::default(),
            group: None,
        }
    }

    #[test]
    fn names_stand_once_and_the_first_and_last_accesses_stay() {
        let mut accesses = Accesses::default();
        for at in 0..900 {
            let table = format!("t{}", at % 3);
            accesses.push(access(at), &[&table, "both"], "crm/0", Kinds::of(Kind::Name), &[format!("p{at}")]);
        }
        assert_eq!((accesses.tables.len(), accesses.sources.len(), accesses.kinds.len()), (4, 1, 1));
        let fitted = dossier(accesses).fitted();
        assert_eq!((fitted.accesses.list.len() as u64 + fitted.accesses.left_out, fitted.accesses.list[0].at), (900, 0));
        assert_eq!(fitted.accesses.list.last().map(|access| access.at), Some(899));
        assert!(fitted.bytes() <= MOST_BYTES);
        let back: Dossier = serde_json::from_slice(&serde_json::to_vec(&fitted).expect("is plain data")).expect("reads back");
        assert_eq!(back, fitted);
        let postcard: Dossier = postcard::from_bytes(&postcard::to_stdvec(&fitted).expect("is plain data")).expect("reads back");
        assert_eq!(postcard, fitted);
    }

    #[test]
    fn nothing_that_a_log_says_makes_it_larger_than_the_bound() {
        let mut accesses = Accesses::default();
        let hostile = "\u{1}\"<script>\u{202e}".repeat(500);
        for at in 0..500 {
            let table = format!("{at}{hostile}");
            accesses.push(access(i64::MIN + at), &[&table], &table, Kinds(u32::MAX >> 6), &vec![format!("{at}"); 4]);
        }
        let fitted = dossier(accesses).fitted();
        assert!(fitted.bytes() <= MOST_BYTES && !fitted.accesses.list.is_empty());
        assert!(fitted.accesses.left_out > 0);
    }
}
