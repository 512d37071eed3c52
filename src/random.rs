//! Reproducible random numbers: SplitMix64, the same on every machine for the same seed.
//!
//! For evaluation, the simulator and tests. Nothing of the service draws random numbers.

/// The SplitMix64 generator of Sebastiano Vigna (public domain, prng.di.unimi.it).
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

/// The first number of the generator with this seed: a bijection that scatters neighbouring seeds.
pub const fn scatter(seed: u64) -> u64 {
    SplitMix64::new(seed).number()
}

impl SplitMix64 {
    /// The generator with this seed.
    pub const fn new(seed: u64) -> SplitMix64 {
        SplitMix64(seed)
    }

    /// A generator of its own for each seed and text.
    pub fn keyed(seed: u64, text: &str) -> SplitMix64 {
        let hash = blake3::Hasher::new().update(&seed.to_le_bytes()).update(text.as_bytes()).finalize();
        SplitMix64(u64::from_le_bytes(std::array::from_fn(|at| hash.as_bytes()[at])))
    }

    /// Uniform over all numbers.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `0..n`; 0 where `n` is 0.
    pub const fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.number() % n as u64) as usize }
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True once in `n` draws on average.
    pub const fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One element; `None` of nothing.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        assert_eq!(scatter(1_234_567), 6_457_827_717_110_365_317);
        let mut random = SplitMix64::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.number()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn nothing_is_picked_of_nothing() {
        let mut random = SplitMix64::new(1);
        assert_eq!(random.pick::<u8>(&[]), None);
        assert_eq!(random.pick(&[7]), Some(&7));
    }
}
