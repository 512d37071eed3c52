//! Keeps watch that no feed shrinks unnoticed: how much of each was agreed to, kept beside the state, against how much comes.
//!
//! A feed that lost more than `[reload] max_shrinkage_percent` is confirmed by `--accept-shrinkage`, or by its next delivery: a file
//! that was written anew and is of the same size again. That another file changed, or that the service was asked to read again, confirms
//! nothing.

use crate::config::inventory::{self, FeedContent, Inventory, agree};
use crate::config::schema::Config;
use crate::engine::context::Context;
use crate::model::feed::{Feed, FeedSize};
use crate::model::keys::Keys;
use crate::model::problem::Problem;
use crate::private_file::{self, Readers};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The name of the file in the state's directory.
const FILE: &str = "feeds.json";

/// What was agreed to, and what has been refused since.
pub struct FeedGuard {
    known: Known,
    keys: Keys,
    path: PathBuf,
    /// Why what was agreed to before is not known, where that is no first start.
    pub unreadable: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Known {
    /// `None` before the first set-up.
    agreed: Option<Inventory>,
    refused: BTreeMap<Feed, RefusedDelivery>,
}

/// A delivery that was smaller than what was agreed to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RefusedDelivery {
    content: FeedContent,
    /// When the file was written, and its length: another delivery has others.
    written: (i64, i64, u64),
}

/// What lies on disk.
#[derive(Serialize, Deserialize)]
struct Sealed {
    known: String,
    /// Keyed print of it: whoever may shorten a feed must not agree to it in the service's place.
    print: u64,
}

/// A feed that shrank, and what is told of it.
pub struct Shrunken {
    /// Which.
    pub feed: Feed,
    /// With the counts before and now.
    pub problem: Problem,
}

impl FeedGuard {
    /// Goes on from what a state's directory says.
    pub fn open(dir: &Path, keys: &Keys) -> FeedGuard {
        let path = dir.join(FILE);
        let mut guard = FeedGuard { known: Known::default(), keys: keys.clone(), path, unreadable: None };
        match std::fs::read(&guard.path) {
            Ok(bytes) => match guard.unseal(&bytes) {
                Some(known) => guard.known = known,
                None => guard.unreadable = Some("it was not written by this service, or is damaged".to_owned()),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => guard.unreadable = Some(error.to_string()),
        }
        guard
    }

    /// Where it is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn unseal(&self, bytes: &[u8]) -> Option<Known> {
        let sealed: Sealed = serde_json::from_slice(bytes).ok()?;
        let is_ours = self.keys.print("feeds", &sealed.known) == sealed.print;
        is_ours.then(|| serde_json::from_str(&sealed.known).ok()).flatten()
    }

    fn save(&self) -> std::io::Result<()> {
        let known = serde_json::to_string(&self.known)?;
        let sealed = Sealed { print: self.keys.print("feeds", &known), known };
        if let Some(dir) = self.path.parent() {
            private_file::folder(dir)?;
        }
        let mut file = private_file::create(&self.path, Readers::Owner)?;
        file.write_all(&serde_json::to_vec(&sealed)?)?;
        file.finish()
    }

    /// Judges what was loaded: what shrank without having been confirmed. Where nothing did, it is what is agreed to from now on; `accept`
    /// agrees to all. An error: what was found could not be kept.
    pub fn judge(&mut self, config: &Config, context: &Context, accept: bool) -> (Vec<Shrunken>, std::io::Result<()>) {
        let now = Inventory::of(config, context);
        let before = self.known.clone();
        let told = self.weigh(now, accept, config.reload.max_shrinkage_percent, &|feed| written(config, feed));
        let place = |feed| inventory::file(config, feed).unwrap_or(&config.file).display().to_string();
        let percent = config.reload.max_shrinkage_percent;
        let shrunken = |(feed, before, now)| Shrunken { feed, problem: inventory::problem(feed, &place(feed), before, now, percent) };
        let kept = if self.known == before { Ok(()) } else { self.save() };
        (told.into_iter().map(shrunken).collect(), kept)
    }

    fn weigh(
        &mut self,
        now: Inventory,
        accept: bool,
        percent: u32,
        written: &dyn Fn(Feed) -> (i64, i64, u64),
    ) -> Vec<(Feed, FeedSize, FeedSize)> {
        let agreed = self.known.agreed.clone().unwrap_or_else(|| now.clone());
        let mut told = Vec::new();
        let shrunken = if accept { Vec::new() } else { now.shrunken(&agreed, percent) };
        let mut refused = BTreeMap::new();
        for feed in shrunken {
            let delivery = RefusedDelivery { content: now.content(feed), written: written(feed) };
            // One that a later delivery confirmed stays confirmed while others are not.
            let first = self.known.refused.get(&feed).filter(|first| agree(&first.content, &delivery.content, percent));
            if first.is_none_or(|first| first.written == delivery.written) {
                told.push((feed, agreed.size(feed), delivery.content.size));
            }
            refused.insert(feed, first.cloned().unwrap_or(delivery));
        }
        self.known = match told.is_empty() {
            true => Known { agreed: Some(now), refused: BTreeMap::new() },
            false => Known { agreed: Some(agreed), refused },
        };
        told
    }
}

/// When the file of a feed was written; of one that is not named any more, the configuration.
fn written(config: &Config, feed: Feed) -> (i64, i64, u64) {
    let file = inventory::file(config, feed).unwrap_or(&config.file);
    std::fs::metadata(file).map_or((0, 0, 0), |about| (about.mtime(), about.mtime_nsec(), about.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(employees: usize, reasons: usize) -> Inventory {
        let content = |n| FeedContent { size: FeedSize::of(n), ids: Vec::new() };
        Inventory(BTreeMap::from([(Feed::Employees, content(employees)), (Feed::Explanations, content(reasons))]))
    }

    fn guard(dir: &Path) -> FeedGuard {
        FeedGuard::open(dir, &Keys::built_in())
    }

    /// Feeds that are told of a delivery at a time.
    fn told(guard: &mut FeedGuard, now: Inventory, at: i64) -> Vec<Feed> {
        guard.weigh(now, false, 10, &|_| (at, 0, 0)).into_iter().map(|(feed, ..)| feed).collect()
    }

    #[test]
    fn the_next_delivery_of_the_same_size_confirms_and_nothing_else_does() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut guard = guard(dir.path());
        assert_eq!(told(&mut guard, of(100, 10), 1), []);
        assert_eq!(told(&mut guard, of(50, 10), 2), [Feed::Employees]);
        assert_eq!(told(&mut guard, of(50, 10), 2), [Feed::Employees], "read again");
        assert_eq!(told(&mut guard, of(70, 10), 3), [Feed::Employees], "larger, and not what was there");
        assert_eq!(told(&mut guard, of(68, 10), 4), []);
        assert_eq!(told(&mut guard, of(64, 10), 5), [], "against the new size");
    }

    #[test]
    fn what_comes_back_needs_no_confirmation_and_all_is_accepted_on_demand() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut guard = guard(dir.path());
        assert_eq!(told(&mut guard, of(100, 10), 1), []);
        assert_eq!(told(&mut guard, of(0, 10), 2), [Feed::Employees]);
        assert_eq!(told(&mut guard, of(100, 10), 3), []);
        assert_eq!(told(&mut guard, of(0, 0), 4), [Feed::Employees, Feed::Explanations], "the former refusal is forgotten");
        assert!(guard.weigh(of(0, 0), true, 10, &|_| (4, 0, 0)).is_empty());
        assert_eq!(told(&mut guard, of(0, 0), 5), []);
    }

    #[test]
    fn what_one_feed_confirmed_waits_for_the_other() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut guard = guard(dir.path());
        assert_eq!(told(&mut guard, of(100, 100), 1), []);
        assert_eq!(told(&mut guard, of(50, 100), 2), [Feed::Employees]);
        assert_eq!(told(&mut guard, of(50, 10), 3), [Feed::Explanations]);
        assert_eq!(told(&mut guard, of(50, 10), 4), []);
    }

    #[test]
    fn what_was_agreed_to_outlives_the_process_and_cannot_be_forged() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut first = guard(dir.path());
        assert_eq!(told(&mut first, of(100, 10), 1), []);
        assert_eq!(told(&mut first, of(10, 10), 2), [Feed::Employees]);
        first.save().expect("is kept");
        let mut second = guard(dir.path());
        assert!(second.unreadable.is_none());
        assert_eq!(told(&mut second, of(10, 10), 2), [Feed::Employees], "a start confirms nothing");
        let text = std::fs::read_to_string(first.path()).expect("is there");
        std::fs::write(first.path(), text.replace("100", "11")).expect("written");
        assert!(guard(dir.path()).unreadable.is_some());
    }
}
