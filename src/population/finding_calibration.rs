//! Calibration of findings: how many employees each detector reports in this organisation at which strength, and how many bits a finding
//! is worth by that.
//!
//! A model's bits are right where the model fits. How often a detector speaks is measured here, and a finding is worth what that
//! says: -log2 of how many employees (crowds count once) are spoken of as strongly, among a fixed number of chances, since what
//! people can look into does not grow with the organisation. Beyond the strongest that were seen the model's further bits count
//! by the slope at which employees became fewer, so that a detector whose strengths mean little here cannot shout. Nothing is ever
//! silenced: that would happen exactly while an incident spreads.
//!
//! A house of fewer than thirty has too little to measure by: what detectors say of innocent people elsewhere is pooled with it.

use crate::model::typology::Typology;
use crate::population::shipped_strengths;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Strengths are distinguished up to so many bits.
const BITS: usize = 120;
/// Chances among which one employee is the only one: 2,000 employees on the 14 days that an episode remembers.
const CHANCES: f64 = 28_000.0;
/// The weakest that is noted.
const WEAKEST: usize = 6;
/// So few employees are an end of what is seen.
const FEW: f64 = 3.5;
/// By how much further bits of the model count at the least and at the most.
const SLOPES: (f64, f64) = (0.04, 0.5);
/// Before anything was measured: up to so many bits are taken at their word.
const UNMEASURED: f64 = 12.0;
/// Days until the peers' usual is settled, and what findings count for on the first.
const SETTLED: u32 = 12;
const UNSETTLED: f64 = 0.6;
/// So many employees of everywhere are pooled with a group's own.
const POOLED: f64 = 60.0;
/// Employees from which on there is something to measure by. Below, what was measured elsewhere stands in, as of so many employees.
const FEWEST: u32 = 30;
const REFERENCE: f64 = 2_000.0;

/// What one detector says of one employee.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct FindingStrength {
    /// The pattern.
    pub typology: Typology,
    /// How strongly, in bits.
    pub bits: f64,
    /// What it counts for: a crowd counts once, and who is hardly innocent not at all.
    pub weight: f64,
}

/// How many employees each detector speaks of with at least so many bits, everywhere and in each peer group.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct FindingCalibration {
    /// Days since the first that was learnt from.
    age: u32,
    everywhere: Counts,
    groups: BTreeMap<Arc<str>, Counts>,
    units: BTreeMap<Arc<str>, UnitCounts>,
}

/// Of how many employees of a unit each detector speaks at all.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct UnitCounts {
    employees: u32,
    spoken_of: BTreeMap<Typology, u32>,
}

/// The counts of one group of employees.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Counts {
    employees: u32,
    at_least: BTreeMap<Typology, Vec<f64>>,
}

impl Counts {
    fn add(&mut self, strengths: &[FindingStrength]) {
        self.employees += 1;
        for strength in strengths {
            let counts = self.at_least.entry(strength.typology).or_insert_with(|| vec![0.0; BITS]);
            counts.iter_mut().take(strength.bits.max(0.0) as usize + 1).for_each(|count| *count += strength.weight);
        }
    }

    fn of(&self, typology: Typology, at: usize) -> f64 {
        self.at_least.get(&typology).and_then(|counts| counts.get(at)).copied().unwrap_or(0.0)
    }
}

impl FindingCalibration {
    /// Nothing yet, so many days after the first that was learnt from.
    pub fn at_age(age: u32) -> FindingCalibration {
        FindingCalibration { age, ..FindingCalibration::default() }
    }

    /// Adds what the detectors say of one employee of a group and a unit.
    pub fn add(&mut self, group: &Arc<str>, unit: Option<&Arc<str>>, strengths: &[FindingStrength]) {
        self.everywhere.add(strengths);
        if let Some(unit) = unit {
            let counts = self.units.entry(unit.clone()).or_default();
            counts.employees += 1;
            let spoken_of = strengths.iter().filter(|strength| strength.bits >= WEAKEST as f64);
            spoken_of.for_each(|strength| *counts.spoken_of.entry(strength.typology).or_default() += 1);
        }
        match self.groups.get_mut(group) {
            Some(counts) => counts.add(strengths),
            None => self.groups.entry(group.clone()).or_default().add(strengths),
        }
    }

    /// What so many bits of a typology are worth, said of a member of a group. `own` is what was reported of the same employee before and
    /// is among the counts: nobody is held against themselves.
    pub fn calibrated_bits(&self, group: &str, typology: Typology, bits: f64, own: FindingStrength) -> f64 {
        if self.everywhere.employees == 0 || bits < WEAKEST as f64 {
            return if bits <= UNMEASURED { bits } else { SLOPES.1.mul_add(bits - UNMEASURED, UNMEASURED) };
        }
        // In the first days every usual is a guess.
        let settled = f64::from(self.age.min(SETTLED)) / f64::from(SETTLED);
        (1.0 - UNSETTLED).mul_add(settled, UNSETTLED) * self.settled_bits(group, typology, bits, own)
    }

    /// Whether there are enough employees to measure by.
    pub fn is_measured(&self) -> bool {
        self.everywhere.employees >= FEWEST
    }

    /// The share of a group of whom the typology speaks at all, beside the employee; `own` is what was reported of them.
    pub fn share_of(&self, group: &str, typology: Typology, own: Option<FindingStrength>) -> f64 {
        let Some(members) = self.groups.get(group).filter(|members| members.employees > 1) else { return 0.0 };
        let own = own.filter(|own| own.bits >= WEAKEST as f64).map_or(0.0, |own| own.weight);
        (members.of(typology, WEAKEST) - own).max(0.0) / f64::from(members.employees - 1)
    }

    /// The same of a unit, where there are others.
    pub fn share_of_unit(&self, unit: &str, typology: Typology, own: Option<FindingStrength>) -> f64 {
        let Some(counts) = self.units.get(unit).filter(|counts| counts.employees > 1) else { return 0.0 };
        let own = u32::from(own.is_some_and(|own| own.bits >= WEAKEST as f64));
        let others = counts.spoken_of.get(&typology).copied().unwrap_or(0).saturating_sub(own);
        f64::from(others) / f64::from(counts.employees - 1)
    }

    fn settled_bits(&self, group: &str, typology: Typology, bits: f64, own: FindingStrength) -> f64 {
        let others = |at: usize| self.others(group, typology, at, if own.bits >= at as f64 { own.weight } else { 0.0 });
        let measured = |at: usize| (CHANCES / (others(at) + 1.0)).log2();
        let end = (WEAKEST..BITS).find(|at| others(*at) <= FEW).unwrap_or(BITS);
        if bits <= end as f64 {
            let at = (bits as usize).min(BITS - 1);
            return measured(at) + (measured(at + 1) - measured(at)) * (bits - at as f64);
        }
        let slope = if end == WEAKEST { SLOPES.1 } else { (measured(end) - measured(WEAKEST)) / (end - WEAKEST) as f64 };
        measured(end) + slope.clamp(SLOPES.0, SLOPES.1) * (bits - end as f64)
    }

    /// How many would be spoken of as strongly if everybody were like the group, as far as the group is large enough to tell.
    fn others(&self, group: &str, typology: Typology, at: usize, own: f64) -> f64 {
        let employees = f64::from(self.everywhere.employees);
        let less = |count: f64| (count - own).max(0.0);
        if self.everywhere.employees < FEWEST {
            // A handful says little, and everything at once where two of them do something together.
            let shipped = shipped_strengths::share(typology, at as f64);
            return (less(self.everywhere.of(typology, at)) + POOLED * shipped) / (employees + POOLED) * REFERENCE;
        }
        let everywhere = less(self.everywhere.of(typology, at)) / employees;
        let rate = match self.groups.get(group) {
            Some(members) => (less(members.of(typology, at)) + POOLED * everywhere) / (f64::from(members.employees) + POOLED),
            None => everywhere,
        };
        rate * employees
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Arc<str> {
        Arc::from("teller")
    }

    fn nothing() -> FindingStrength {
        FindingStrength { typology: Typology::Canary, bits: 0.0, weight: 0.0 }
    }

    fn strength(typology: Typology, bits: f64) -> FindingStrength {
        FindingStrength { typology, bits, weight: 1.0 }
    }

    #[test]
    fn what_is_said_of_many_is_worth_less_and_never_nothing() {
        let mut calibration = FindingCalibration::at_age(90);
        (0..2_000).for_each(|n| {
            let bits = if n < 3 { 60.0 } else { 22.0 };
            let said = [strength(Typology::OffDuty, bits)];
            calibration.add(&group(), None, if n < 200 { &said } else { &[] });
        });
        let worth = |typology, bits| calibration.calibrated_bits("teller", typology, bits, nothing());
        assert!((6.0..9.0).contains(&worth(Typology::OffDuty, 22.0)), "many are: {}", worth(Typology::OffDuty, 22.0));
        assert!(worth(Typology::OffDuty, 61.0) > worth(Typology::OffDuty, 22.0) + 6.0, "few are that loud");
        assert!(worth(Typology::Canary, 22.0) > 20.0, "nobody is");
    }

    #[test]
    fn the_share_of_a_unit_is_that_of_the_others_in_it() {
        let mut calibration = FindingCalibration::at_age(90);
        let unit: Arc<str> = Arc::from("Hangzhou");
        let said = [strength(Typology::RoleWithoutNeed, 9.0)];
        (0..5).for_each(|n| calibration.add(&group(), Some(&unit), if n < 3 { &said } else { &[] }));
        let of = |own| calibration.share_of_unit("Hangzhou", Typology::RoleWithoutNeed, own);
        assert_eq!((of(Some(said[0])), of(None)), (0.5, 0.75));
        assert_eq!(calibration.share_of_unit("Ningbo", Typology::RoleWithoutNeed, None), 0.0);
    }

    #[test]
    fn a_house_of_eight_is_measured_by_what_was_measured_elsewhere() {
        let house = |said: usize, typology| {
            let mut calibration = FindingCalibration::at_age(40);
            let says = [strength(typology, 30.0)];
            (0..8).for_each(|n| calibration.add(&group(), None, if n < said { &says } else { &[] }));
            move |bits| calibration.calibrated_bits("teller", typology, bits, nothing())
        };
        let seldom = house(0, Typology::DossierAssembly);
        assert!(seldom(24.0) > 16.0, "innocent people hardly assemble dossiers: {}", seldom(24.0));
        let often = house(0, Typology::OutOfTerritory);
        assert!(often(24.0) < seldom(24.0) - 4.0, "and often look beyond their territory: {}", often(24.0));
        let all = house(6, Typology::DossierAssembly);
        assert!(all(24.0) < 12.0, "where six of eight do it, it is how they work: {}", all(24.0));
        let worth: Vec<f64> = (12..400).map(|n| often(f64::from(n) / 2.0)).collect();
        assert!(worth.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9), "{worth:?}");
    }

    #[test]
    fn more_bits_are_never_worth_less_and_a_crowd_counts_once() {
        let mut calibration = FindingCalibration::at_age(90);
        (0..1_000).for_each(|n| calibration.add(&group(), None, &[strength(Typology::LowAndSlow, f64::from(n % 97))]));
        let worth: Vec<f64> =
            (12..400).map(|n| calibration.calibrated_bits("teller", Typology::LowAndSlow, f64::from(n) / 2.0, nothing())).collect();
        assert!(worth.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9), "{worth:?}");
        let mut crowd = FindingCalibration::at_age(90);
        (0..40)
            .for_each(|_| crowd.add(&group(), None, &[FindingStrength { typology: Typology::Celebrity, bits: 20.0, weight: 1.0 / 40.0 }]));
        assert!(crowd.calibrated_bits("teller", Typology::Celebrity, 20.0, nothing()) > 13.0);
    }
}
