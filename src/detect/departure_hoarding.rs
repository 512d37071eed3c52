//! `departure_hoarding`: somebody who is about to leave takes more than usual.
//!
//! ## What it detects
//!
//! Between notice, or the weeks before a known last day, and leaving: more people without a known reason whom the employee never
//! looked at before and who are nobody's of the own territory, or people where the peers have nothing to do, than the days before notice
//! and the peers let one expect.
//!
//! ## In the Notice
//!
//! What is taken along is sold later, or is the dowry for the next employer (points 1 and 2 of the Notice): the published cases
//! of real estate, insurance and recruitment begin in the last weeks at a firm. What is strong is grave by nature.
//!
//! ## Data it needs
//!
//! `left` in `employees.csv`, also of days to come, or `status=notice`. The status is a snapshot and has no date: it counts from the
//! reload that brought it. Without one, the 30 days before `left` count as notice. Spells that follow one another within two weeks are no
//! leaving.
//!
//! ## How it is measured
//!
//! Today, seven days, and all since notice are held against the employee's own days before notice and the peer group; four bits more, since
//! the last weeks are when such things are taken. People looked at before count as well, at half and up to 12 bits: to hand them over is
//! the leaver's last work, and that alone opens no alert.
//!
//! ## Innocent look-alikes
//!
//! Handing over to a successor: the customers are one's own, and were looked at before. Enter owners in `subjects.csv`, or an
//! assignment as explanation. A unit that closes is known by all of it rising together.
//!
//! ## What it cannot see
//!
//! Leaving that nobody knows of, and what was taken before it was announced, as far as it is within what is usual.
//!
//! ## Example
//!
//! Last day on 30 April; from 20 April on, 60 strangers a day by somebody who looked at 15.

use crate::classify::notice::Notice;
use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::history::AllMoments;
use crate::profile::measure::Measure;
use crate::profile::window::{Window, day_number};

pub const DETECTOR: Detector = Detector {
    typology: Typology::DepartureHoarding,
    family: EvidenceFamily::Volume,
    requirements: &[DataRequirement::Employment],
    floor: 15,
    floor_counts: "people without a known reason between notice and leaving",
    listens_to: Listens::To(&[Measure::Unexplained]),
    on_access: Some(on_access),
    on_day_closed: None,
};

/// What the last weeks add to what is more than usual, in bits.
const LAST_WEEKS: f64 = 4.0;
/// From so many bits on it is more than usual.
const MORE_THAN_USUAL: f64 = 6.0;
/// What people who were looked at before count for, and the most that they say, in bits.
const HANDED_OVER: (f64, f64) = (0.5, 12.0);

/// More than usual in a window.
struct More {
    window: Window,
    count: u64,
    bits: f64,
    measure: Measure,
}

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let notice = context.notice?;
    let departing = context.profile.departing.as_deref()?;
    let (first, today) = (day_number(notice.since), context.change.day);
    let (strangers, rare) = (departing.people(first, today), since(context, Measure::Rare, first).1);
    let all = since(context, Measure::Unexplained, first).1;
    if all.max(strangers).max(rare) < context.floor {
        return None;
    }
    // What was usual before: the days since are what is judged.
    let before = context.profile.history.all_moments(first.saturating_sub(1));
    let windows = windows(today + 1 - first);
    let most = |count: &dyn Fn(u32) -> (u32, u64), usual: Measure, measure: Measure| {
        let of = |(window, from): &(Window, u32)| more(context, &before, *window, count(*from), usual, measure);
        windows
            .iter()
            .map(|(window, days)| (*window, (today + 1 - days).max(first)))
            .collect::<Vec<_>>()
            .iter()
            .filter_map(of)
            .max_by(by_bits)
    };
    let days_since = |from| since(context, Measure::Unexplained, from).0;
    let of_strangers = most(&|from| (days_since(from), departing.people(from, today)), Measure::Unexplained, Measure::Fresh);
    let of_rare = most(&|from| since(context, Measure::Rare, from), Measure::Rare, Measure::Rare);
    let of_all = most(&|from| since(context, Measure::Unexplained, from), Measure::Unexplained, Measure::Unexplained);
    let taken = [of_strangers, of_rare].into_iter().flatten().max_by(by_bits).map(|more| More { bits: more.bits + LAST_WEEKS, ..more });
    let handed_over = of_all.map(|more| More { bits: (more.bits * HANDED_OVER.0).min(HANDED_OVER.1), ..more });
    let found = [taken, handed_over].into_iter().flatten().max_by(by_bits)?;
    Some(finding(context, notice, found))
}

fn by_bits(a: &More, b: &More) -> std::cmp::Ordering {
    a.bits.total_cmp(&b.bits)
}

/// Days of activity since one, with today, and the sum of a measure over them.
fn since(context: &AccessContext<'_>, measure: Measure, first: u32) -> (u32, u64) {
    let today = context.change.day;
    let (days, sum) = match today.saturating_sub(first) {
        0 => (0, 0),
        span => context.profile.total(measure, today - 1, span),
    };
    (days + 1, sum + context.of_today(measure))
}

/// The windows to look at, each with its days, of so many days since notice: today, a week, and all of them.
fn windows(days: u32) -> Vec<(Window, u32)> {
    let all = Window::ALL.into_iter().skip(1).find(|window| window.days() >= days).unwrap_or(Window::D90);
    let mut windows = vec![(Window::H24, 1), (Window::D7, 7), (all, days.min(all.days()))];
    windows.retain(|(_, span)| *span <= days);
    windows.dedup_by_key(|(window, _)| *window);
    windows
}

fn more(
    context: &AccessContext<'_>,
    before: &AllMoments,
    window: Window,
    (days, count): (u32, u64),
    usual: Measure,
    measure: Measure,
) -> Option<More> {
    if count < context.floor {
        return None;
    }
    let bits = context.predicted(usual, before, window, days).bits(count);
    (bits >= MORE_THAN_USUAL).then_some(More { window, count, bits, measure })
}

fn finding(context: &AccessContext<'_>, notice: Notice, found: More) -> Finding {
    let whom = match found.measure {
        Measure::Fresh => "never looked at before and not of the own territory",
        Measure::Rare => "where the peers have nothing to do",
        _ => "most of them known from before, as when work is handed over",
    };
    let until = notice.last.map_or("a last day that is not known".to_owned(), |last| format!("the last day, {last}"));
    let told = context.told_in(Measure::Unexplained, found.window, found.count);
    Finding {
        typology: Typology::DepartureHoarding,
        window: found.window,
        count: found.count,
        unknown: told.unknown,
        measure: found.measure,
        bits: found.bits,
        particular: format!("between {}, from when on leaving was near, and {until}: {} {whom}", notice.since, told.number()),
        related: Vec::new(),
        group: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_reach_back_to_notice_and_no_further() {
        assert_eq!(windows(1), [(Window::H24, 1)]);
        assert_eq!(windows(5), [(Window::H24, 1), (Window::D7, 5)]);
        assert_eq!(windows(30), [(Window::H24, 1), (Window::D7, 7), (Window::D30, 30)]);
        assert_eq!(windows(150), [(Window::H24, 1), (Window::D7, 7), (Window::D90, 90)]);
    }
}
