//! Quantiles of daily counts in constant room: exact up to 15, then buckets ten per cent wide, older days weighing less.

use serde::{Deserialize, Serialize};

const EXACT: u32 = 16;
const GROWTH: f64 = 1.1;
const BUCKETS: usize = 160;

/// Weighted counts of days by figure.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Histogram {
    weights: Vec<f64>,
}

impl Histogram {
    /// Adds a day.
    pub fn add(&mut self, figure: u32) {
        let bucket = bucket(figure);
        if self.weights.len() <= bucket {
            self.weights.resize(bucket + 1, 0.0);
        }
        self.weights[bucket] += 1.0;
    }

    /// So many days have passed: what was added weighs less.
    pub fn discount(&mut self, days: u32) {
        let factor = 0.97f64.powi(days as i32);
        self.weights.iter_mut().for_each(|weight| *weight *= factor);
    }

    /// The figure below or at which the share `q` of the days lies; 0 without any.
    pub fn quantile(&self, q: f64) -> u32 {
        let wanted = q * self.weights.iter().sum::<f64>();
        let mut sum = 0.0;
        for (bucket, weight) in self.weights.iter().enumerate() {
            sum += weight;
            if *weight > 0.0 && sum >= wanted {
                return figure(bucket);
            }
        }
        0
    }
}

fn bucket(figure: u32) -> usize {
    if figure < EXACT {
        return figure as usize;
    }
    let above = (f64::from(figure) / f64::from(EXACT)).ln() / GROWTH.ln();
    (EXACT as usize + above as usize).min(BUCKETS - 1)
}

/// The middle of a bucket.
fn figure(bucket: usize) -> u32 {
    if bucket < EXACT as usize {
        return bucket as u32;
    }
    let low = f64::from(EXACT) * GROWTH.powi(bucket as i32 - EXACT as i32);
    (low * 1.05).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_tenth() {
        let mut histogram = Histogram::default();
        (1..=1_000).for_each(|n| histogram.add(n));
        for (q, truth) in [(0.5, 500.0), (0.99, 990.0), (0.01, 10.0)] {
            assert!((f64::from(histogram.quantile(q)) / truth - 1.0).abs() < 0.1, "{q}");
        }
        assert_eq!(Histogram::default().quantile(0.5), 0);
    }
}
