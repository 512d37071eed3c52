//! Corroboration: findings of independent detectors about one employee are combined.
//!
//! Findings of one family rest on the same count (people without a reason, say), so only the strongest of each family counts, and
//! each at a share of its bits: independent evidence adds in bits, and patterns of one person's conduct are never quite
//! independent.

use crate::detect::{EvidenceFamily, family};
use crate::model::typology::Typology;
use crate::triage::Episode;

/// Days for which a finding counts in full; it fades to nothing over as many again.
const HEARD: u32 = 7;

/// What the strongest of each other family counts for.
const SHARE: f64 = 0.4;

/// The most that others add, in bits.
const MOST: f64 = 24.0;

/// What patterns of other families say, in bits.
pub fn corroboration(episodes: &[Episode], of: Typology, day: u32) -> f64 {
    let own = family(of);
    let mut best: Vec<(EvidenceFamily, f64)> = Vec::new();
    for episode in episodes {
        let family = family(episode.typology);
        if family == own {
            continue;
        }
        let age = day.saturating_sub(episode.last_day());
        let fading = 1.0 - f64::from(age.saturating_sub(HEARD)) / f64::from(HEARD);
        let bits = episode.worth * fading.clamp(0.0, 1.0);
        match best.iter_mut().find(|(known, _)| *known == family) {
            Some((_, known)) => *known = known.max(bits),
            None => best.push((family, bits)),
        }
    }
    (SHARE * best.iter().map(|(_, bits)| bits).sum::<f64>()).min(MOST)
}
