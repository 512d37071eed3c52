//! How often detectors speak of innocent people at which strength, as shipped: measured in simulated companies, for houses that are too
//! small to measure it themselves.

use crate::model::typology::Typology;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The table, as data.
const TABLE: &str = include_str!("../../config/calibration/innocents.csv");

/// The table counts whom a detector spoke of within 60 days; of whom it speaks at a time are so many of them, since an episode is
/// remembered for a fortnight.
const AT_A_TIME: f64 = 0.3;

/// Bits, ascending, with the share of employees who are spoken of at a time with at least as many.
type Strengths = Vec<(f64, f64)>;

static SHIPPED: LazyLock<BTreeMap<Typology, Strengths>> = LazyLock::new(|| parse(TABLE).expect("the shipped table is valid"));

fn parse(text: &str) -> Option<BTreeMap<Typology, Strengths>> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let bits: Vec<f64> = lines.next()?.split(',').skip(1).map(str::parse).collect::<Result<_, _>>().ok()?;
    let row = |line: &str| {
        let (name, counts) = line.split_once(',')?;
        let counts: Vec<f64> = counts.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
        let falls = counts.windows(2).all(|pair| pair[0] >= pair[1]) && counts.len() == bits.len();
        let shares = counts.into_iter().map(|count| count / 1_000.0 * AT_A_TIME);
        falls.then_some((Typology::parse(name)?, bits.iter().copied().zip(shares).collect()))
    };
    lines.map(row).collect()
}

/// The share of innocent employees of whom a detector speaks at a time with at least so many bits.
pub fn share(typology: Typology, bits: f64) -> f64 {
    let Some(strengths) = SHIPPED.get(&typology) else { return 0.0 };
    let after = strengths.partition_point(|(at, _)| *at <= bits);
    match (strengths.get(after.wrapping_sub(1)), strengths.get(after)) {
        (Some((from, more)), Some((to, less))) => more + (less - more) * (bits - from) / (to - from),
        (Some((_, share)), None) | (None, Some((_, share))) => *share,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fall_with_strength_and_whom_nobody_speaks_of_is_nobody() {
        assert_eq!(share(Typology::Canary, 20.0), 0.0);
        let of: Vec<f64> = (0..80).map(|bits| share(Typology::OutOfTerritory, f64::from(bits))).collect();
        assert!(of.windows(2).all(|pair| pair[0] >= pair[1]) && of[6] > 0.02 && of[79] < 0.001, "{of:?}");
        assert!(parse("typology,6,9\nenumeration,1,2\n").is_none(), "no more people can be spoken of more strongly");
        assert!(parse("typology,6,9\nnothing,2,1\n").is_none());
    }
}
