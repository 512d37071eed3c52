//! Where the threshold comes to lie: learnt weights say how probable a case is, up to how rare insiders are, which nobody knows. By how far
//! their odds are moved is bounded by what is shown now: no fewer of the planted, and no more natural cases a day.

use crate::evaluate::calibrate::effect::{Effect, Goal, Judge};
use crate::evaluate::calibrate::fit::Model;

/// How finely, and how far to either side of what the rarity of insiders says it is looked.
const STEP: f64 = 0.1;
const FAR: i32 = 80;

/// Models whose odds are moved.
pub(super) fn by(models: &[Model], by: f64) -> Vec<Model> {
    models.iter().map(|model| Model { bias: model.bias + by, weights: model.weights.clone() }).collect()
}

/// By how much odds are to be moved, as near to `rarity` as can be where no fewer planted schemes and no more natural cases are shown than
/// before. `None` where there is no such.
pub(super) fn moved(judge: &Judge<'_>, models: &[Model], goal: &Goal, before: &Effect, rarity: f64) -> Option<f64> {
    let at = |step: i32| by(models, rarity + f64::from(step) * STEP);
    let keeps = |step: i32| judge.found(&at(step), goal.places, goal.least()).sum() >= before.at_threshold.sum();
    let spares = |step: i32| judge.shown(&at(step), goal) <= before.shown;
    // The more is shown, the more is found: both only ever rise.
    let least = first(keeps)?;
    let most = first(|step| !spares(step)).map_or(FAR, |step| step - 1);
    let step = 0.clamp(least.min(most), most);
    (least <= most && keeps(step) && spares(step)).then(|| rarity + f64::from(step) * STEP)
}

/// The first step at which something holds that holds from there on.
fn first(holds: impl Fn(i32) -> bool) -> Option<i32> {
    let (mut from, mut to) = (-FAR, FAR + 1);
    while from < to {
        let middle = from + (to - from) / 2; // towards `from`: `midpoint` rounds towards zero
        if holds(middle) { to = middle } else { from = middle + 1 }
    }
    (from <= FAR).then_some(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_found_wherever_it_lies() {
        for known in [-FAR, -3, 0, 17, FAR] {
            assert_eq!(first(|step| step >= known), Some(known));
        }
        assert_eq!(first(|_| false), None);
    }
}
