//! What each feature of a case weighs: by it, the expected share of true ones among cases like it. Read from a small file; what ships is
//! `config/calibration/shipped.json`.

use crate::model::problem::Problem;
use crate::model::typology::Typology;
use crate::triage::case::features::{CaseFeatures, Circumstance};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The weights that hold where none are configured.
pub const SHIPPED: &str = include_str!("../../../config/calibration/shipped.json");

/// Odds beyond these are not believed, either way.
const MOST_ODDS: f64 = 20.0;

/// The weights, in natural logarithms of odds.
#[derive(Clone, PartialEq, Debug)]
pub struct CaseWeights {
    /// The odds of a case of which nothing speaks.
    pub bias: f64,
    /// Of each bit of a typology's worth; never negative.
    pub worth: BTreeMap<Typology, f64>,
    /// Of the circumstances.
    pub circumstances: BTreeMap<Circumstance, f64>,
}

/// Weights, their version, and what is expected of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Calibration {
    /// The weights.
    pub weights: CaseWeights,
    /// Names them in alerts.
    pub version: String,
    /// What they showed of what they were not fitted by, where their file says.
    pub held_out: Option<HeldOut>,
}

/// What was shown, with these weights, of schemes by which they were not fitted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HeldOut {
    /// The shares of obvious, medium and subtle ones that were not shown; `None` where there were none.
    pub missed: [Option<f64>; 3],
    /// The expected share of true ones of what is shown.
    pub expected_share: f64,
}

impl Calibration {
    /// What ships.
    pub fn shipped() -> Calibration {
        Calibration::parse(SHIPPED, "config/calibration/shipped.json").expect("the shipped weights are valid")
    }

    /// Reads a file of weights. `file` names it in problems.
    pub fn parse(text: &str, file: &str) -> Result<Calibration, Vec<Problem>> {
        let weights = CaseWeights::parse(text, file)?;
        let held_out = serde_json::from_str::<FileAsWritten>(text).ok().and_then(|written| HeldOut::of(&written.learnt?));
        Ok(Calibration { version: weights.version(), weights, held_out })
    }
}

impl HeldOut {
    fn of(learnt: &serde_json::Value) -> Option<HeldOut> {
        let after = learnt.get("after")?;
        let count = |what: &str, at: usize| after.get("at_threshold")?.get(what)?.get(at)?.as_u64();
        let missed = |at: usize| {
            let (found, of) = (count("found", at)?, count("of", at)?);
            (of > 0 && found <= of).then(|| 1.0 - found as f64 / of as f64)
        };
        let expected_share = after.get("expected_share")?.as_f64().filter(|share| (0.0..=1.0).contains(share))?;
        Some(HeldOut { missed: std::array::from_fn(missed), expected_share })
    }
}

/// The file. What else stands in it tells how the weights were learnt, and is no part of their version.
#[derive(Serialize, Deserialize)]
struct FileAsWritten {
    bias: f64,
    worth: BTreeMap<String, f64>,
    circumstances: BTreeMap<String, f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    learnt: Option<serde_json::Value>,
}

impl CaseWeights {
    /// The weights that ship with the product.
    pub fn shipped() -> CaseWeights {
        CaseWeights::parse(SHIPPED, "config/calibration/shipped.json").expect("the shipped weights are valid")
    }

    /// Reads a file of weights. `file` names it in problems. What it does not name weighs nothing.
    pub fn parse(text: &str, file: &str) -> Result<CaseWeights, Vec<Problem>> {
        let written: FileAsWritten = serde_json::from_str(text).map_err(|e| {
            vec![Problem::plain(format!("{file}:{}", e.line()), "must be a file of weights as `evaluate calibrate` writes it")]
        })?;
        let mut problems = Vec::new();
        let mut worth = BTreeMap::new();
        for (name, weight) in &written.worth {
            let place = || format!("{file}: worth.{}", name.escape_debug());
            match Typology::parse(name) {
                None => problems.push(Problem::plain(place(), "must be a typology")),
                Some(_) if !(0.0..=MOST_ODDS).contains(weight) => {
                    problems.push(Problem::new(place(), format!("must be a number from 0 to {MOST_ODDS}"), weight));
                }
                Some(typology) => _ = worth.insert(typology, *weight),
            }
        }
        let mut circumstances = BTreeMap::new();
        for (name, weight) in &written.circumstances {
            let place = || format!("{file}: circumstances.{}", name.escape_debug());
            match Circumstance::ALL.iter().find(|circumstance| circumstance.name() == name) {
                None => problems.push(Problem::plain(place(), "must be a circumstance")),
                Some(_) if !(-MOST_ODDS..=MOST_ODDS).contains(weight) => {
                    problems.push(Problem::new(place(), format!("must be a number from -{MOST_ODDS} to {MOST_ODDS}"), weight));
                }
                Some(circumstance) => _ = circumstances.insert(*circumstance, *weight),
            }
        }
        if !written.bias.is_finite() || written.bias.abs() > 1_000.0 {
            problems.push(Problem::new(format!("{file}: bias"), "must be a number from -1000 to 1000", written.bias));
        }
        if problems.is_empty() { Ok(CaseWeights { bias: written.bias, worth, circumstances }) } else { Err(problems) }
    }

    /// The file of these weights; `learnt` tells how they were learnt.
    pub fn to_json(&self, learnt: Option<serde_json::Value>) -> String {
        let written = FileAsWritten {
            bias: self.bias,
            worth: self.worth.iter().map(|(typology, weight)| (typology.name().to_owned(), *weight)).collect(),
            circumstances: self.circumstances.iter().map(|(circumstance, weight)| (circumstance.name().to_owned(), *weight)).collect(),
            learnt,
        };
        let mut text = serde_json::to_string_pretty(&written).expect("weights are plain data");
        text.push('\n');
        text
    }

    /// The natural logarithm of the odds that a case is true.
    pub fn log_odds(&self, features: &CaseFeatures) -> f64 {
        let of_typology = |(typology, bits): (Typology, f64)| bits * self.worth.get(&typology).copied().unwrap_or(0.0);
        let of = |(circumstance, value): (Circumstance, f64)| value * self.circumstances.get(&circumstance).copied().unwrap_or(0.0);
        // In the order of typologies and circumstances: floating sums are the same everywhere.
        let sum = features.worth().map(of_typology).fold(self.bias, |sum, part| sum + part);
        let sum = features.circumstances().map(of).fold(sum, |sum, part| sum + part);
        sum.clamp(-MOST_ODDS, MOST_ODDS)
    }

    /// The expected share of true ones among cases with these features.
    pub fn probability(&self, features: &CaseFeatures) -> f64 {
        1.0 / (1.0 + (-self.log_odds(features)).exp())
    }

    /// Names the weights: a hash of their values, whatever else their file says.
    pub fn version(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut take = |name: &str, weight: f64| _ = hasher.update(name.as_bytes()).update(&[0]).update(&weight.to_le_bytes());
        take("bias", self.bias);
        self.worth.iter().for_each(|(typology, weight)| take(typology.name(), *weight));
        self.circumstances.iter().for_each(|(circumstance, weight)| take(circumstance.name(), *weight));
        hasher.finalize().to_hex()[..12].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_weights_is_read_as_it_was_written_and_named_by_its_values() {
        let shipped = CaseWeights::shipped();
        let again = CaseWeights::parse(&shipped.to_json(Some(serde_json::json!({"days": 40}))), "c.json").expect("is valid");
        assert_eq!(again, shipped);
        assert_eq!(again.version(), shipped.version());
        let other = CaseWeights { bias: shipped.bias - 0.5, ..shipped.clone() };
        assert_ne!(other.version(), shipped.version());
    }

    #[test]
    fn what_a_file_says_of_held_out_schemes_is_read_where_it_can_be_meant() {
        let weights = CaseWeights::shipped();
        let read = |after: serde_json::Value| {
            let text = weights.to_json(Some(serde_json::json!({"after": after})));
            Calibration::parse(&text, "c.json").expect("is valid").held_out
        };
        let at = |found: [u64; 3]| serde_json::json!({"at_threshold": {"found": found, "of": [10, 10, 0]}, "expected_share": 0.4});
        assert_eq!(read(at([9, 5, 0])), Some(HeldOut { missed: [Some(1.0 - 0.9), Some(0.5), None], expected_share: 0.4 }));
        assert_eq!(read(at([11, 5, 0])).map(|held_out| held_out.missed[0]), Some(None), "more than there were");
        assert_eq!(read(serde_json::json!({"expected_share": 1e9})), None);
        assert_eq!(Calibration::parse(&weights.to_json(None), "c.json").expect("is valid").held_out, None);
        assert!(Calibration::shipped().held_out.is_some(), "what ships says what it misses");
    }

    #[test]
    fn mistakes_of_a_file_are_all_named() {
        let text = r#"{"bias":-3,"worth":{"nothing":1,"bulk_extract":-0.5},"circumstances":{"weather":1}}"#;
        let problems = CaseWeights::parse(text, "c.json").expect_err("has mistakes");
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("worth.bulk_extract must be a number from 0"), "{told:?}");
        assert!(CaseWeights::parse("{", "c.json").is_err());
    }

    #[test]
    fn more_evidence_is_never_less_probable_and_no_file_leads_beyond_what_is_believed() {
        let shipped = CaseWeights::shipped();
        let of = |strongest: f64| {
            let mut features = CaseFeatures::default();
            features.set(Circumstance::Strongest, strongest);
            shipped.probability(&features)
        };
        assert!((0..120).map(f64::from).map(of).collect::<Vec<_>>().windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(of(1e300) < 1.0 && of(-1e300) > 0.0);
    }
}
