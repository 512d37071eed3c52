//! A restart while days of event time wait: all that the others ever answered is there, so that a task goes through days at once, in which
//! alerts open and close between two looks at what was shown early.

use crate::world::{Outcome, World};
use crate::{COMPANY, same_alerts};

impl World<'_> {
    /// Everything was read and settled, nothing was saved, and every process dies: what comes after it reads all again.
    fn restarted_behind(mut self) -> Outcome {
        self.start();
        self.start();
        self.rebalance();
        let (mut before, mut rounds) = (0, 0);
        while self.progress() > before {
            before = self.progress();
            // One that is no multiple of five saves nothing.
            (0..4).for_each(|_| self.round(1));
            rounds += 1;
            assert!(rounds < 1_000, "it comes to no end: {}", self.standing());
        }
        (0..2).for_each(|at| self.crash(at));
        self.rebalance();
        self.until_the_end()
    }
}

#[test]
fn a_restart_while_days_wait_takes_back_nothing_that_settles() {
    let peace = World::new(&COMPANY, 0).in_peace();
    for seed in 1..4 {
        let outcome = World::new(&COMPANY, seed).restarted_behind();
        same_alerts("behind", &outcome, &peace.alerts);
        assert!(outcome.shown.len() > 20, "it is shown again: {}", outcome.shown.len());
        let settles = |id: &&String| peace.alerts.keys().any(|(of, _)| of == *id);
        assert_eq!(outcome.retracted.iter().find(settles), None, "what settles is taken back");
    }
}
