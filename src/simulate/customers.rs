//! The customers: which are planted or tagged, who is popular, and the personal books of employees. Customers are numbers; a
//! branch holds a range of them (see `sites`).

use std::collections::BTreeMap;
use std::ops::Range;

use super::rng::Rng;
use super::sites::{SiteKind, Unit};

/// What `subjects.csv` says of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Vip,
    Employee,
    Canary,
}

impl Tag {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Vip => "vip",
            Self::Employee => "employee",
            Self::Canary => "canary",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Customers {
    pub(crate) total: u32,
    pub(crate) tags: BTreeMap<u32, Tag>,
    /// In ascending order; two are never neighbours and none is the last of its branch.
    pub(crate) canaries: Vec<u32>,
}

const CANARIES: usize = 40;

impl Customers {
    /// Tags some of the customers that `units` hold. `employees` says of each employee the branch where he or she may bank.
    pub(crate) fn new(seed: u64, units: &[Unit], employees: &[u16]) -> Self {
        let total = units.iter().map(|unit| unit.customers.end).max().unwrap_or(0);
        let branches: Vec<&Unit> = units.iter().filter(|unit| unit.place == SiteKind::Branch).collect();
        let mut rng = Rng::of(&[seed, 0xc057]);
        let mut tags = BTreeMap::new();
        for nth in 0..CANARIES {
            let block = &branches[nth % branches.len()].customers;
            let rounds = CANARIES.div_ceil(branches.len()) as u32;
            // One for each stretch of the branch: no two are neighbours, however small it is.
            let stretch = block.len() as u32 / rounds;
            let at = block.start + (nth / branches.len()) as u32 * stretch + rng.below(stretch.saturating_sub(1));
            tags.insert(at, Tag::Canary);
        }
        let canaries = tags.keys().copied().collect();
        for _ in 0..total / 1000 {
            tags.entry(rng.below(total)).or_insert(Tag::Vip);
        }
        for branch in employees {
            let block = &units[usize::from(*branch)].customers;
            if rng.chance(0.5) {
                tags.entry(uniform(block, &mut rng)).or_insert(Tag::Employee);
            }
        }
        Self { total, tags, canaries }
    }

    pub(crate) fn is_canary(&self, customer: u32) -> bool {
        self.canaries.binary_search(&customer).is_ok()
    }

    /// The customer, or the next where this one is planted: nobody's own business leads to a record made up to be avoided.
    pub(crate) fn real(&self, customer: u32) -> u32 {
        if self.is_canary(customer) { customer + 1 } else { customer }
    }

    /// Somebody who asks something of a unit: a few customers of a branch come often, most hardly ever.
    pub(crate) fn visitor(&self, block: &Range<u32>, rng: &mut Rng) -> u32 {
        let u = rng.unit();
        let rank = (block.len() as f64 * u * u.sqrt()) as u64;
        self.real(block.start + (rank * 7919 % block.len() as u64) as u32)
    }

    /// Anybody of a branch.
    pub(crate) fn anyone(&self, block: &Range<u32>, rng: &mut Rng) -> u32 {
        self.real(uniform(block, rng))
    }
}

fn uniform(block: &Range<u32>, rng: &mut Rng) -> u32 {
    block.start + rng.below(block.len() as u32)
}

/// The customers whom one employee knows best: an arithmetic progression round the block of a branch, so that it needs no storage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    block: Range<u32>,
    offset: u32,
    stride: u32,
    pub(crate) size: u32,
}

impl Book {
    /// The `slot`-th of `slots` disjoint portfolios of a branch.
    pub(crate) fn portfolio(block: &Range<u32>, slot: u32, slots: u32) -> Self {
        let size = (block.len() as u32 / slots.max(1)).max(1);
        Self { block: block.clone(), offset: slot, stride: slots, size }
    }

    /// `size` customers of a branch, scattered over it; books of this sort overlap.
    pub(crate) fn scattered(block: &Range<u32>, size: u32, rng: &mut Rng) -> Self {
        let len = block.len() as u32;
        let mut stride = 1 + rng.below(len);
        while gcd(stride, len) != 1 {
            stride += 1;
        }
        Self { block: block.clone(), offset: rng.below(len), stride, size: size.min(len) }
    }

    /// The customer of a rank, counted round the book.
    pub(crate) fn customer(&self, rank: u32) -> u32 {
        let place = u64::from(self.offset) + u64::from(rank % self.size) * u64::from(self.stride);
        self.block.start + (place % self.block.len() as u64) as u32
    }

    /// A rank by popularity: half the cases concern about a tenth of the book. Those in demand change slowly, by the week.
    pub(crate) fn rank(&self, day: u32, rng: &mut Rng) -> u32 {
        let u = rng.unit();
        (f64::from(self.size) * u * u * u.sqrt()) as u32 + day / 7 * (self.size / 40)
    }
}

const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::sites::Shape;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_forty_canaries_that_ordinary_draws_never_meet() {
        let units = super::super::sites::plan(50, 5000, &Shape { unequal: 1, vendor_unit: false, merger: false });
        let customers = Customers::new(1, &units, &[0; 50]);
        assert_eq!(customers.canaries.len(), CANARIES);
        let mut rng = Rng::of(&[1]);
        for _ in 0..50_000 {
            assert!(!customers.is_canary(customers.visitor(&units[0].customers, &mut rng)));
            let someone = customers.anyone(&units[0].customers, &mut rng);
            assert!(!customers.is_canary(someone) && units[0].customers.contains(&someone));
        }
    }

    #[test]
    fn books_hold_distinct_customers_and_portfolios_are_disjoint() {
        let block = 100..1100;
        let all: BTreeSet<u32> = (0..7).flat_map(|slot| members(&Book::portfolio(&block, slot, 7))).collect();
        assert_eq!(all.len(), 7 * (1000 / 7));
        let scattered = members(&Book::scattered(&block, 300, &mut Rng::of(&[3])));
        assert_eq!(scattered.iter().collect::<BTreeSet<_>>().len(), 300);
        assert!(scattered.iter().all(|customer| block.contains(customer)));
    }

    fn members(book: &Book) -> Vec<u32> {
        (0..book.size).map(|rank| book.customer(rank)).collect()
    }
}
