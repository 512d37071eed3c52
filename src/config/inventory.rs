//! How much of every feed a set-up was made of, and whether that is so much less than before that something went wrong where it came from.
//!
//! An export of the personnel system that is cut off or empty is a valid file. Whoever took it up would know nobody any more.

use crate::config::schema::Config;
use crate::engine::context::Context;
use crate::model::feed::{Feed, FeedRows, FeedSize};
use crate::model::problem::Problem;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How much there is of each feed that the configuration names.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Inventory(pub BTreeMap<Feed, FeedContent>);

/// How much there is of a feed, and whose.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FeedContent {
    /// How much.
    pub size: FeedSize,
    /// The smallest prints of its ids, ascending: as many others under other ids are as much a loss. None of feeds whose entries come and go.
    pub ids: Vec<u64>,
}

/// Ids that are kept of a feed. Of more, how many are gone is estimated by these.
const KEPT_IDS: usize = 1_024;

impl FeedContent {
    /// So much, with these ids.
    pub fn new(size: FeedSize, ids: impl Iterator<Item = u64>) -> FeedContent {
        let mut smallest = BTreeSet::new();
        for id in ids {
            if (smallest.len() < KEPT_IDS || smallest.last().is_some_and(|last| id < *last))
                && smallest.insert(id)
                && smallest.len() > KEPT_IDS
            {
                smallest.pop_last();
            }
        }
        FeedContent { size, ids: smallest.into_iter().collect() }
    }

    /// Whether more than so many hundredths of what was there are gone, as far as the ids that both keep tell.
    fn has_lost(&self, before: &FeedContent, percent: u32) -> bool {
        // Below this both keep every id.
        let full = |content: &FeedContent| if content.ids.len() < KEPT_IDS { u64::MAX } else { content.ids.last().copied().unwrap_or(0) };
        let bound = full(self).min(full(before));
        let known = before.ids.iter().filter(|id| **id <= bound);
        let (gone, all) = known.fold((0, 0), |(gone, all), id| (gone + u64::from(self.ids.binary_search(id).is_err()), all + 1));
        gone * 100 > all * u64::from(percent)
    }
}

/// What was found of a feed, with the file that it comes from.
pub struct FeedReport<'a> {
    /// Which feed.
    pub feed: Feed,
    /// Its file.
    pub file: &'a Path,
    /// How much of it there is, and what is odd about it.
    pub rows: FeedRows,
}

impl FeedReport<'_> {
    /// How much there is, in words.
    pub fn told(&self) -> String {
        let FeedSize { rows, entries, ragged, repeated } = self.rows.size;
        let mut told = format!("{entries} {}", self.feed.entries());
        if rows != entries {
            told += &format!(" in {rows} rows");
        }
        if ragged > 0 {
            told += &format!(", {ragged} rows with another number of fields than the header");
        }
        if repeated > 0 {
            told += &format!(", {repeated} that stand there twice");
        }
        told
    }
}

/// What a configuration was loaded of, in the order of [`Feed::ALL`].
pub fn reports<'a>(config: &'a Config, context: &Context) -> Vec<FeedReport<'a>> {
    let of = |feed: Feed| {
        let file = file(config, feed)?;
        let directory = &context.classifier.directory;
        let rows = match feed {
            Feed::Catalog => FeedRows { size: FeedSize::of(context.classifier.catalog.tables().len()), notes: Vec::new() },
            Feed::Employees | Feed::Accounts | Feed::Absences | Feed::Calendar => directory.feeds().get(&feed).cloned().unwrap_or_default(),
            Feed::Subjects => context.subjects.rows().clone(),
            Feed::Explanations => context.explanations.rows().clone(),
        };
        Some(FeedReport { feed, file, rows })
    };
    Feed::ALL.into_iter().filter_map(of).collect()
}

/// The file of a feed.
pub fn file(config: &Config, feed: Feed) -> Option<&Path> {
    let directory = &config.directory;
    match feed {
        Feed::Catalog => config.catalog.as_ref().map(|catalog| catalog.file.as_path()),
        Feed::Employees => directory.employees.as_deref(),
        Feed::Accounts => directory.accounts.as_deref(),
        Feed::Absences => directory.absences.as_deref(),
        Feed::Calendar => directory.calendar.as_deref(),
        Feed::Subjects => directory.subjects.as_deref(),
        Feed::Explanations => directory.explanations.as_deref(),
    }
}

impl Inventory {
    /// Of a configuration that was loaded.
    pub fn of(config: &Config, context: &Context) -> Inventory {
        let content = |report: FeedReport<'_>| (report.feed, FeedContent::new(report.rows.size, ids(context, report.feed)));
        Inventory(reports(config, context).into_iter().map(content).collect())
    }

    /// How much there is of a feed; nothing of one that is not named.
    pub fn size(&self, feed: Feed) -> FeedSize {
        self.0.get(&feed).map(|content| content.size).unwrap_or_default()
    }

    /// What there is of a feed.
    pub fn content(&self, feed: Feed) -> FeedContent {
        self.0.get(&feed).cloned().unwrap_or_default()
    }

    /// Feeds of which more than so many hundredths are gone since `before`, or of which more rows are cut off.
    pub fn shrunken(&self, earlier: &Inventory, percent: u32) -> Vec<Feed> {
        let is_less = |now: u64, before: u64| before.saturating_sub(now) * 100 > before * u64::from(percent);
        let is_shrunken = |feed: &Feed| {
            let (now, before) = (self.size(*feed), earlier.size(*feed));
            is_less(now.entries, before.entries) || is_less(now.rows, before.rows) || now.ragged > before.ragged
        };
        let has_lost = |feed: &Feed| match (self.0.get(feed), earlier.0.get(feed)) {
            (Some(now), Some(before)) => now.has_lost(before, percent),
            (None, _) | (_, None) => false,
        };
        Feed::ALL.into_iter().filter(|feed| is_shrunken(feed) || has_lost(feed)).collect()
    }
}

/// Prints of what the entries of a feed are known by. Reasons, absences and days come and go.
fn ids(context: &Context, feed: Feed) -> Box<dyn Iterator<Item = u64> + '_> {
    let classifier = &context.classifier;
    let print = move |id: &str| classifier.keys.print("feed id", id);
    match feed {
        Feed::Catalog => Box::new(classifier.catalog.tables().iter().map(move |table| print(&table.pattern))),
        Feed::Employees => Box::new(classifier.directory.ids().map(print)),
        Feed::Accounts => Box::new(classifier.directory.login_names().map(print)),
        Feed::Subjects => Box::new(context.subjects.prints()),
        Feed::Absences | Feed::Calendar | Feed::Explanations => Box::new(std::iter::empty()),
    }
}

/// Whether two deliveries of a feed say the same of how much there is, and of whom: neither is more than so many hundredths smaller than
/// the other.
pub fn agree(one: &FeedContent, other: &FeedContent, percent: u32) -> bool {
    if one.has_lost(other, percent) || other.has_lost(one, percent) {
        return false;
    }
    let (one, other) = (one.size, other.size);
    let alike = |a: u64, b: u64| a.abs_diff(b) * 100 <= a.max(b) * u64::from(percent);
    alike(one.entries, other.entries) && alike(one.rows, other.rows) && one.ragged == other.ragged
}

/// What is told of a feed that shrank.
pub fn problem(feed: Feed, file: &str, before: FeedSize, now: FeedSize, percent: u32) -> Problem {
    let counts = |size: FeedSize| match size.rows == size.entries {
        true => format!("{} {}", size.entries, feed.entries()),
        false => format!("{} {} in {} rows", size.entries, feed.entries(), size.rows),
    };
    let cut = match now.ragged > before.ragged {
        true => format!("; {} rows have another number of fields than the header, where {} had", now.ragged, before.ragged),
        false => String::new(),
    };
    // As many as before, or more, and yet they are gone.
    let is_as_many = now.entries >= before.entries && now.rows >= before.rows && cut.is_empty();
    let other = if is_as_many { ", and too many of those before are not among them" } else { "" };
    let rule = format!("must not lose more than {percent} % (`[reload] max_shrinkage_percent`): {} before", counts(before));
    Problem::new(format!("{file}: {}", feed.name()), rule, format!("{}{cut}{other}", counts(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employees(entries: u64, rows: u64, ragged: u64) -> Inventory {
        let size = FeedSize { rows, entries, ragged, repeated: 0 };
        Inventory(BTreeMap::from([(Feed::Employees, FeedContent { size, ids: Vec::new() })]))
    }

    #[test]
    fn more_than_a_tenth_less_is_shrunken_and_so_are_rows_that_are_cut_off() {
        let before = employees(100, 120, 1);
        let is = |now: Inventory, percent| !now.shrunken(&before, percent).is_empty();
        assert!(!is(employees(90, 108, 1), 10) && is(employees(89, 120, 1), 10), "of employees");
        assert!(is(employees(100, 107, 1), 10), "of their spells");
        assert!(is(employees(100, 120, 2), 10) && !is(employees(120, 140, 0), 10), "of fields");
        assert!(is(Inventory::default(), 10) && !is(Inventory::default(), 100), "of everything");
        assert!(!before.shrunken(&Inventory::default(), 0).is_empty(), "rows are cut off already at first");
        assert!(employees(5, 5, 0).shrunken(&Inventory::default(), 0).is_empty());
    }

    #[test]
    fn deliveries_agree_where_neither_is_much_smaller() {
        let of = |n| FeedContent { size: FeedSize::of(n), ids: Vec::new() };
        assert!(agree(&of(50), &of(46), 10) && agree(&of(46), &of(50), 10) && agree(&of(0), &of(0), 10));
        assert!(!agree(&of(30), &of(50), 10), "a file that is still being written does not confirm itself");
        let cut = FeedContent { size: FeedSize { ragged: 1, ..FeedSize::of(9) }, ids: Vec::new() };
        assert!(!agree(&cut, &of(9), 10));
    }

    #[test]
    fn as_many_under_other_ids_are_a_loss_too() {
        let of = |ids: std::ops::Range<u64>| {
            let size = FeedSize::of((ids.end - ids.start) as usize);
            let content = FeedContent::new(size, ids.map(crate::random::scatter));
            Inventory(BTreeMap::from([(Feed::Employees, content)]))
        };
        for size in [40, 1_000, 50_000] {
            let before = of(0..size);
            let is = |from: u64, to: u64| !of(from..to).shrunken(&before, 10).is_empty();
            assert!(!is(0, size) && !is(size / 20, size + size / 20) && !is(0, size * 3), "{size}");
            assert!(is(size / 4, size + size / 4) && is(size, size * 2) && is(size, size * 4), "{size}");
        }
    }
}
