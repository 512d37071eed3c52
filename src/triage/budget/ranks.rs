//! The ranks of the last fortnight: by them, whether a case is among the best that the budget has room for, before its day is over.

use crate::model::steps;
use crate::triage::standing::Rank;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The highest rank of each case or common place, with its day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RecentRanks {
    recent: BTreeMap<String, (i64, Rank)>,
    /// How many have each of these ranks; derived when first asked for.
    #[serde(skip)]
    ranks: Option<BTreeMap<Rank, u32>>,
}

impl RecentRanks {
    /// A case has a rank.
    pub fn note(&mut self, whose: String, rank: Rank, day: i64) {
        let known = self.recent.get(&whose).map(|(_, rank)| *rank);
        if known.is_some_and(|known| rank <= known) {
            return;
        }
        self.recent.insert(whose, (day, rank));
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

    /// The rank that the best, as many as there are places, all have.
    pub fn bar(&mut self, places: usize) -> Rank {
        if self.recent.len() <= places {
            return Rank::LEAST;
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
        best.map_or(Rank::LEAST, |(rank, _)| *rank)
    }

    /// Forgets the days before one.
    pub fn forget_before(&mut self, day: i64) {
        self.recent.retain(|_, (of, _)| *of >= day);
        self.ranks = None;
    }
}
