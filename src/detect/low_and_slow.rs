//! `low_and_slow`: a little too much every day, for weeks.
//!
//! **What it does.** Adds up the people touched without a known reason over 7, 30 and 90 days and holds the sum against
//! the employee's days before that window and against the peer group, over as many days of activity; the largest day is
//! left out, so that no single day makes the sum. Judging the window by what lies before it keeps a leak that has gone on
//! for weeks from becoming its own baseline; the peer group keeps what rose slowly (the boiling frog) visible.
//!
//! **Why.** 915 credit reports in 15 months, about 60 a month: no single day stood out.
//!
//! **Example.** +30 unrelated people a day for 25 days, beside the usual 40.
//!
//! **Known false positives.** A territory that grew, a role that changed: the directory and assignments explain them.
//!
//! **Needs.** Some days of history; explanations make it much sharper.

use crate::detect::{AccessContext, Detector, Finding};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::measure::Measure;
use crate::profile::seen::Part;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::LowAndSlow,
    requirements: &[],
    floor: 120,
    floor_counts: "people without a known reason in the window",
    on_access: Some(on_access),
    on_day_closed: None,
};

/// Days of activity in a window before a sum says more than a day does.
const FEWEST_DAYS: u32 = 4;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.change.newly_unexplained == 0 {
        return None;
    }
    let windows = [Window::D7, Window::D30, Window::D90];
    windows.into_iter().filter_map(|window| look_at(context, window)).max_by(|a, b| a.bits.total_cmp(&b.bits))
}

fn look_at(context: &AccessContext<'_>, window: Window) -> Option<Finding> {
    let profile = context.profile;
    let distinct = profile.figure(window, context.change.unit, Part::Unexplained);
    if distinct < context.floor {
        return None;
    }
    let today = profile.today();
    let history = |measure| profile.history.total(measure, today.saturating_sub(1), window.days() - 1);
    let (days, unexplained_before) = history(Measure::Unexplained);
    let days = days + 1;
    let unexplained_today = profile.today_figure(Measure::Unexplained);
    let unexplained = unexplained_before + unexplained_today;
    // What one day adds is for `bulk_extract`: the sum must be too much without its largest day.
    let largest = |measure, of_today: u64| profile.history.largest(measure, today.saturating_sub(1), window.days() - 1).max(of_today);
    if days < FEWEST_DAYS {
        return None;
    }
    let slow = unexplained - largest(Measure::Unexplained, unexplained_today);
    let persons_today = profile.today_figure(Measure::Persons);
    let persons_before = history(Measure::Persons).1;
    let persons = persons_before + persons_today - largest(Measure::Persons, persons_today);
    let of_unexplained = context.expected_before(Measure::Unexplained, window, days - 1).bits(slow);
    let of_persons = context.expected_before(Measure::Persons, window, days - 1).bits(persons);
    // A volume that stays usual speaks against it and does not silence it: what is sold may take the place of work.
    let bits = of_unexplained.min(0.6f64.mul_add(of_unexplained, of_persons));
    // More of everything, with as many reasons as ever, is more work.
    let of_share = context.share_bits(Share::Unexplained, window, unexplained, persons_before + persons_today);
    let bits = bits.min(0.5f64.mul_add(bits, 1.5 * of_share));
    (bits > 0.0).then(|| Finding {
        typology: Typology::LowAndSlow,
        window,
        count: distinct,
        measure: Measure::Persons,
        bits,
        particular: format!(
            "over {days} days of activity, {distinct} different people without a known reason add up, and no single day stands out"
        ),
        related: Vec::new(),
    })
}
