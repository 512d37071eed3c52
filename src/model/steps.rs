//! Counted steps: how often loops over what is kept go round, so that a test can hold what a record costs without a clock. Counted in builds
//! with debug assertions alone.

use std::cell::Cell;

thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

/// A loop over what is kept went round so often.
pub fn count(steps: usize) {
    if cfg!(debug_assertions) {
        TAKEN.with(|taken| taken.set(taken.get() + steps as u64));
    }
}

/// Steps of this thread since this was last asked for.
pub fn take() -> u64 {
    TAKEN.with(|taken| taken.replace(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_until_they_are_taken() {
        take();
        (0..3).for_each(count);
        assert_eq!((take(), take()), (3, 0));
    }
}
