//! The scan over the members of a unit: how many of them together are the most surprising.

/// Members of a reported group, at the least and at the most.
pub(super) const FEWEST: usize = 3;
pub(super) const MOST: usize = 8;
/// What one member contributes at the most, in bits: a larger excess is found by other detectors.
pub(super) const OF_ONE: f64 = 12.0;

/// How many of the first of `n` members together are the most surprising, and how surprising they are.
/// `tried`: what it takes to have looked in so many places.
pub(super) fn scan(weights: impl Iterator<Item = f64>, n: usize, tried: f64) -> Option<(usize, f64)> {
    let (mut sum, mut choices, mut best) = (0.0, 0.0, None::<(usize, f64)>);
    for (at, weight) in weights.enumerate() {
        sum += weight;
        // log2 of how many ways there are to choose so many.
        choices += ((n - at) as f64 / (at + 1) as f64).log2();
        let bits = sum - choices - tried;
        if at + 1 >= FEWEST && best.is_none_or(|(_, of_best)| bits > of_best) {
            best = Some((at + 1, bits));
        }
    }
    best
}
