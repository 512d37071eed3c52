//! Dead letters driven once more: each one's record is read again at its source, held against its hash, decoded with the
//! configuration of today, and handed to the service ([`spool`]). What is gone or changed is said and never guessed.

pub mod again;
pub mod cluster;
mod letters;
mod places;
pub mod spool;

use crate::config::schema::Config;
use crate::engine::context::Context;
use crate::model::access::Access;
use crate::pipeline::dead_letters;
use crate::sink::dead_letters::{DECISIONS, DeadLetter};
use crate::sink::payload::Sealer;
pub use letters::Letters;
use spool::{LetterId, SpoolEntry};
use std::collections::{BTreeMap, BTreeSet};

/// What became of a dead letter.
#[derive(Clone, Debug)]
pub enum Fate {
    /// Its record can be decoded now.
    Recovered(Vec<Access>),
    /// It can be decoded, and is of no concern.
    Ignored,
    /// It still cannot, for this reason.
    Undecodable(String),
    /// The source does not have it any more.
    Gone,
    /// Something else stands there.
    Changed,
    /// It changes what was counted of lines around it, or its lines do not stand together: only a replay counts it right.
    ByReplay,
}

/// What became of all of them.
#[derive(Default)]
pub struct Report {
    /// What is to be handed over.
    pub entries: Vec<SpoolEntry>,
    /// Letters that say the same as an earlier one.
    pub repeated: u64,
    /// Lines that are no decisions.
    pub decisions: u64,
    /// Accesses in the entries.
    pub accesses: u64,
    /// Of no concern.
    pub ignored: u64,
    /// Handed over before.
    pub already: u64,
    /// Not there any more.
    pub gone: u64,
    /// Something else is there.
    pub changed: u64,
    /// Only by replay.
    pub by_replay: u64,
    /// Still not to be decoded, by reason.
    pub undecodable: BTreeMap<String, u64>,
}

/// Says, when it is asked, which dead letters are kept already, of the newest.
pub fn earlier(config: &Config) -> Box<dyn Fn() -> BTreeSet<LetterId> + Send> {
    let (topic, file) = (config.dead_letter_topic(), dead_letters::file(config));
    Box::new(move || topic.as_ref().map_or_else(|| Letters::newest(&file), Letters::newest_of))
}

/// Reads, checks and decodes; `known` are those that were handed over before.
pub fn redrive(
    config: &Config,
    context: &Context,
    sealer: Option<&Sealer>,
    letters: &[DeadLetter],
    known: &BTreeSet<LetterId>,
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let mut by_partition: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (at, letter) in letters.iter().enumerate() {
        let id = id(letter);
        if !seen.insert(id) {
            report.repeated += 1;
        } else if is_of_decisions(letter) {
            report.decisions += 1;
        } else if known.contains(&id) {
            report.already += 1;
        } else {
            by_partition.entry(&letter.partition).or_default().push(at);
        }
    }
    for (partition, of) in by_partition {
        let place = places::find(config, partition);
        let mut fates = match &place {
            Some(place) => place.decode(context, letters, &of)?,
            None => BTreeMap::new(),
        };
        for at in of {
            let letter = &letters[at];
            let mut fate = fates.remove(&at).unwrap_or(Fate::Gone);
            if let (Fate::Gone | Fate::Changed, Some(place), Some(sealer)) = (&fate, &place, sealer) {
                fate = place.decode_kept(context, letter, sealer).unwrap_or(fate);
            }
            let source = place.as_ref().map_or_else(String::new, |place| place.source.clone());
            report.take(letter, source, fate);
        }
    }
    Ok(report)
}

/// Whether it is a line that is no decision: whoever decided writes it again, and there is nothing to decode.
fn is_of_decisions(letter: &DeadLetter) -> bool {
    letter.partition.strip_prefix(DECISIONS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn id(letter: &DeadLetter) -> LetterId {
    LetterId::of(&letter.partition, letter.position, &letter.hash)
}

impl Report {
    fn take(&mut self, letter: &DeadLetter, source: String, fate: Fate) {
        match fate {
            Fate::Recovered(accesses) => {
                self.accesses += accesses.len() as u64;
                self.entries.push(SpoolEntry { letter: id(letter), source, partition: letter.partition.clone(), accesses });
            }
            Fate::Ignored => self.ignored += 1,
            Fate::Undecodable(reason) => *self.undecodable.entry(reason).or_default() += 1,
            Fate::Gone => self.gone += 1,
            Fate::Changed => self.changed += 1,
            Fate::ByReplay => self.by_replay += 1,
        }
    }
}
