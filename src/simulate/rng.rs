//! Every random choice of the simulator: a small generator and the few distributions it needs.
//!
//! The output of a seed must be the same for ever and on every platform, so there is no outside crate, and no call to the
//! platform's mathematical library: `exp` and `ln` are made here of additions, multiplications and divisions, which IEEE 754 fixes
//! to the last bit.

use crate::random::scatter;

/// xoshiro256++ 1.0 by David Blackman and Sebastiano Vigna (public domain, prng.di.unimi.it), seeded by SplitMix64 as its authors advise.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: [u64; 4],
}

/// A number that depends on every part and on their order: how independent sub-seeds of (seed, purpose, employee, day) are made.
pub(crate) fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(0x6c65_616b, |sum, part| scatter(sum ^ scatter(*part)))
}

impl Rng {
    /// The generator of these parts, whatever was drawn elsewhere before.
    pub(crate) fn of(parts: &[u64]) -> Self {
        let seed = mix(parts);
        Self { state: [scatter(seed), scatter(seed ^ 1), scatter(seed ^ 2), scatter(seed ^ 3)] }
    }

    pub(crate) const fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..n`; 0 where `n` is 0. The bias of multiply-and-shift is below `n / 2^32`.
    pub(crate) const fn below(&mut self, n: u32) -> u32 {
        (((self.next() >> 32) * n as u64) >> 32) as u32
    }

    /// Uniform from `low` to `high`, both inclusive.
    pub(crate) const fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// An index into `weights`, by weight.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (index, weight) in weights.enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// Standard normal but for its far tails: the sum of twelve 16-bit uniforms (Irwin–Hall), which ends at six deviations.
    pub(crate) fn normal(&mut self) -> f64 {
        let mut sum = 0u64;
        for _ in 0..3 {
            let word = self.next();
            sum += (word & 0xffff) + ((word >> 16) & 0xffff) + ((word >> 32) & 0xffff) + (word >> 48);
        }
        (sum as f64 + 6.0) / 65536.0 - 6.0
    }

    /// Gamma with a whole `shape` and mean 1: what makes counts over-dispersed.
    pub(crate) fn gamma(&mut self, shape: u32) -> f64 {
        let product: f64 = (0..shape).map(|_| 1.0 - self.unit()).product();
        -ln(product) / f64::from(shape)
    }

    /// Poisson, by Knuth's product below a mean of 30 and by the normal approximation above.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        if mean >= 30.0 {
            return (mean + mean.sqrt() * self.normal()).max(0.0).round() as u32;
        }
        let limit = exp(-mean.max(0.0));
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

/// `e^x` to about 1e-13: Taylor's series of a small part, squared back.
pub(crate) fn exp(x: f64) -> f64 {
    let small = x.clamp(-60.0, 60.0) / 1024.0;
    let series = (1..=8).rev().fold(1.0, |sum, k| 1.0 + sum * small / f64::from(k));
    (0..10).fold(series, |value, _| value * value)
}

/// Natural logarithm of a positive number: exponent and mantissa, then the series of the inverse hyperbolic tangent.
pub(crate) fn ln(x: f64) -> f64 {
    let bits = x.max(f64::MIN_POSITIVE).to_bits();
    let exponent = ((bits >> 52) as i32 - 1023) as f64;
    let mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let series = (0..18).rev().fold(0.0, |sum, k| sum * t * t + 1.0 / f64::from(2 * k + 1));
    exponent * std::f64::consts::LN_2 + 2.0 * t * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // From the test of the rand_xoshiro crate, which took it from the authors' C code.
        let mut rng = Rng { state: [1, 2, 3, 4] };
        let first: Vec<u64> = (0..4).map(|_| rng.next()).collect();
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
        assert_ne!(mix(&[1, 2]), mix(&[2, 1]));
    }

    #[test]
    fn own_exp_and_ln_agree_with_the_platform() {
        for x in [-20.0, -1.0, -0.1, 0.0, 0.5, 1.0, 7.5] {
            assert!((exp(x) / f64::exp(x) - 1.0).abs() < 1e-11, "exp({x})");
        }
        for x in [1e-9, 0.1, 0.99, 1.0, 1.5, 2.0, 12345.6] {
            assert!((ln(x) - f64::ln(x)).abs() < 1e-11, "ln({x})");
        }
    }

    #[test]
    fn distributions_have_their_means() {
        let mut rng = Rng::of(&[7]);
        let mean = |draw: &mut dyn FnMut(&mut Rng) -> f64, rng: &mut Rng| (0..20_000).map(|_| draw(rng)).sum::<f64>() / 20_000.0;
        assert!((mean(&mut |r| r.unit(), &mut rng) - 0.5).abs() < 0.01);
        assert!(mean(&mut |r| r.normal(), &mut rng).abs() < 0.03);
        assert!((mean(&mut |r| r.gamma(6), &mut rng) - 1.0).abs() < 0.02);
        assert!((mean(&mut |r| f64::from(r.poisson(3.0)), &mut rng) - 3.0).abs() < 0.06);
        assert!((mean(&mut |r| f64::from(r.poisson(90.0)), &mut rng) - 90.0).abs() < 0.5);
        assert!((mean(&mut |r| f64::from(r.between(3, 5)), &mut rng) - 4.0).abs() < 0.03);
    }
}
