//! Claims of identity, on both sides: of a person, how much came by logins that only say that they act for them; of a login, for whom it
//! says so on a day, and how many names it gives that are nobody's.

use crate::model::access::{Access, Actor};
use crate::model::identity::Identity;
use crate::profile::conduct::Signals;
use crate::profile::measure::Measure;
use crate::profile::seen::{Since, UNITS_PER_DAY};
use crate::profile::tally::Tally;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Logins that are kept by name of those that claimed a person.
const LOGINS: usize = 4;

/// Names of one day that are told apart; further ones move no figure.
const NAMES: usize = 16_384;

/// Days for which claimed people are kept: those of the longest window.
const DAYS: u32 = 90;

/// The share of what a window shows, in tenths, beyond which it rests on claims: a little work of one's own proves no claim.
const MOST_TENTHS: u64 = 9;

/// What was claimed of one employee, or by one login.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Logins that claimed to act for this person, the newest last.
    logins: Vec<Arc<str>>,
    /// People touched without a known reason by such claims.
    people: Tally<u64>,
    people_of_days: Tally<u64>,
    /// The day of what follows.
    day: u32,
    /// Of a login: for whom it says that it asks, and how many people it touched for them. Of unlisted logins together: each of them.
    spoken_for: BTreeMap<u64, u64>,
    /// Of a login: names that were not believed.
    rejected: BTreeSet<u64>,
}

impl Default for Claims {
    fn default() -> Claims {
        let (people, people_of_days) = (Tally::new(UNITS_PER_DAY), Tally::new(DAYS));
        Claims { logins: Vec::new(), people, people_of_days, day: 0, spoken_for: BTreeMap::new(), rejected: BTreeSet::new() }
    }
}

impl Claims {
    /// Notes an access by a claim, or one whose claim was not believed. `people`: touched without a known reason for the first time today.
    pub fn note(&mut self, access: &Access, unit: u32, people: u64, signals: &mut Signals) {
        if let Some(login) = &access.login {
            self.claimed_by(login);
            for tally in [self.people.at(unit), self.people_of_days.at(unit / UNITS_PER_DAY)].into_iter().flatten() {
                *tally = tally.saturating_add(people);
            }
            return;
        }
        let day = unit / UNITS_PER_DAY;
        if day < self.day || access.claim == 0 {
            return;
        }
        if day > self.day {
            (self.day, self.spoken_for, self.rejected) = (day, BTreeMap::new(), BTreeSet::new());
        }
        // All unlisted logins together speak for each of them.
        if access.identity == Identity::Claimed || access.is_of_unlisted() {
            let is_new = !self.spoken_for.contains_key(&access.claim);
            if is_new && self.spoken_for.len() == NAMES {
                return;
            }
            let sum = self.spoken_for.entry(access.claim).or_default();
            *sum = sum.saturating_add(people);
            signals[Measure::SpokenFor as usize] += u64::from(is_new);
            signals[Measure::LargestClaim as usize] = *sum;
        } else if self.rejected.len() < NAMES {
            signals[Measure::RejectedNames as usize] += u64::from(self.rejected.insert(access.claim));
        }
    }

    fn claimed_by(&mut self, login: &Arc<str>) {
        if self.logins.last() == Some(login) {
            return;
        }
        self.logins.retain(|known| known != login);
        if self.logins.len() == LOGINS {
            self.logins.remove(0);
        }
        self.logins.push(login.clone());
    }

    /// The login that claimed last.
    pub fn login(&self) -> Option<&Arc<str>> {
        self.logins.last()
    }

    /// Whether so many people of a window rest on claims.
    pub fn hold(&self, since: Since, people: u64) -> bool {
        let of_days = |from| self.people_of_days.since(from).fold(0u64, |sum, more| sum.saturating_add(*more));
        let claimed = match since {
            Since::Unit(unit) => self.people.since(unit).fold(0u64, |sum, more| sum.saturating_add(*more)),
            Since::Day(day) => of_days(day),
            Since::Days(first, last) => of_days(first).saturating_sub(of_days(last + 1)),
        };
        claimed > 0 && claimed.saturating_mul(10) >= people.saturating_mul(MOST_TENTHS)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let names = self.spoken_for.len() * 2 * size_of::<u64>() + self.rejected.len() * size_of::<u64>();
        size_of::<Claims>() + self.people.heap_bytes() + self.people_of_days.heap_bytes() + names
    }
}

/// Whether a profile has something to note of an access's claim.
pub fn is_claim(access: &Access) -> bool {
    access.login.is_some() || (access.claim != 0 && matches!(access.actor, Actor::Account(_)))
}
