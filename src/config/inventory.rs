//! How much of every feed a set-up was made of, and whether that is so much less than before that something went wrong where it came from.
//!
//! An export of the personnel system that is cut off or empty is a valid file. Whoever took it up would know nobody any more.

use crate::config::schema::Config;
use crate::engine::context::Context;
use crate::model::feed::{Feed, FeedRows, FeedSize};
use crate::model::problem::Problem;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// How much there is of each feed that the configuration names.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Inventory(pub BTreeMap<Feed, FeedSize>);

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
        Inventory(reports(config, context).into_iter().map(|report| (report.feed, report.rows.size)).collect())
    }

    /// How much there is of a feed; nothing of one that is not named.
    pub fn size(&self, feed: Feed) -> FeedSize {
        self.0.get(&feed).copied().unwrap_or_default()
    }

    /// Feeds of which more than so many hundredths are gone since `before`, or of which more rows are cut off.
    pub fn shrunken(&self, before: &Inventory, percent: u32) -> Vec<Feed> {
        let is_less = |now: u64, before: u64| before.saturating_sub(now) * 100 > before * u64::from(percent);
        let is_shrunken = |feed: &Feed| {
            let (now, before) = (self.size(*feed), before.size(*feed));
            is_less(now.entries, before.entries) || is_less(now.rows, before.rows) || now.ragged > before.ragged
        };
        Feed::ALL.into_iter().filter(is_shrunken).collect()
    }
}

/// Whether two deliveries of a feed are of one size: neither is more than so many hundredths smaller than the other.
pub fn agree(one: FeedSize, other: FeedSize, percent: u32) -> bool {
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
    let rule = format!("must not lose more than {percent} % (`[reload] max_shrinkage_percent`): {} before", counts(before));
    Problem::new(format!("{file}: {}", feed.name()), rule, format!("{}{cut}", counts(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employees(entries: u64, rows: u64, ragged: u64) -> Inventory {
        Inventory(BTreeMap::from([(Feed::Employees, FeedSize { rows, entries, ragged, repeated: 0 })]))
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
        let size = |n| FeedSize::of(n);
        assert!(agree(size(50), size(46), 10) && agree(size(46), size(50), 10) && agree(size(0), size(0), 10));
        assert!(!agree(size(30), size(50), 10), "a file that is still being written does not confirm itself");
        assert!(!agree(FeedSize { ragged: 1, ..size(9) }, size(9), 10));
    }
}
