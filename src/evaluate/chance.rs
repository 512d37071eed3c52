//! Chance that is the same everywhere for the same seed: SplitMix64. For evaluation only; nothing of the service draws lots.

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// A stream of its own for each seed.
    pub fn seeded(seed: u64) -> Chance {
        Chance(seed)
    }

    /// A stream of its own for each seed and text.
    pub fn of(seed: u64, text: &str) -> Chance {
        let hash = blake3::Hasher::new().update(&seed.to_le_bytes()).update(text.as_bytes()).finalize();
        Chance(u64::from_le_bytes(std::array::from_fn(|at| hash.as_bytes()[at])))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where there is none.
    pub fn below(&mut self, n: usize) -> usize {
        (self.number() % n.max(1) as u64) as usize
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
