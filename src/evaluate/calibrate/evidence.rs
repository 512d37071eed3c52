//! What is learnt from: natural cases, and planted schemes with what became of them.

use crate::evaluate::calibrate::fit::Truth;
use crate::evaluate::calibrate::traces::CaseTrace;
use crate::evaluate::inject::strength::Strength;
use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};

/// A planted scheme and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlantedCases {
    /// The pattern.
    pub typology: Typology,
    /// How plain it is.
    pub strength: Strength,
    /// Cases about those who act, while they do and a week after.
    pub cases: Vec<CaseTrace>,
    /// Its block of cross-validation.
    pub block: u8,
}

/// What is learnt from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Natural cases, and what is known of each.
    pub natural: Vec<(CaseTrace, Truth)>,
    /// Planted schemes.
    pub planted: Vec<PlantedCases>,
    /// First and last day, since 1970, of that time.
    pub days: (i64, i64),
    /// Employees in the log.
    pub employees: usize,
}

impl Evidence {
    /// A hash of every case, its features to six digits: the last bits of logarithms differ between systems.
    pub fn print(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut take = |kind: &str, trace: &CaseTrace| {
            for seen in &trace.days {
                let head = format!("\n{kind} {} {} {}", trace.who, seen.day, seen.grave);
                let features = seen.features.iter().map(|feature| format!(" {feature:.6}"));
                hasher.update(std::iter::once(head).chain(features).collect::<String>().as_bytes());
            }
        };
        self.natural.iter().for_each(|(trace, truth)| take(&format!("{truth:?}"), trace));
        for (scheme, planted) in self.planted.iter().enumerate() {
            let kind = format!("{scheme} {} {:?}", planted.typology.name(), planted.strength);
            planted.cases.iter().for_each(|trace| take(&kind, trace));
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::calibrate::traces::CaseDay;

    #[test]
    fn the_print_is_of_every_case_and_of_what_can_be_told_apart() {
        let of = |who: &str, feature: f64| {
            let days = vec![CaseDay { day: 9, features: vec![feature], grave: false }];
            let trace = CaseTrace { who: who.to_owned(), members: [who.to_owned()].into(), days };
            Evidence { natural: vec![(trace, Truth::Natural)], ..Evidence::default() }.print()
        };
        assert_eq!(of("e1", 2.0), of("e1", 2.0 + 1e-12));
        assert_ne!(of("e1", 2.0), of("e1", 2.001));
        assert_ne!(of("e1", 2.0), of("e2", 2.0));
    }
}
