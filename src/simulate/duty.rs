//! Who is at work when: from rota, holidays, absences and employment to the hours of one calendar day, and how work spreads
//! over those hours.

use super::calendar::{DayKind, HOUR, MINUTE};
use super::people::{Shift, Week};
use super::rng::{Rng, mix};
use super::world::{Stream, World};

/// The hours that one employee works on one calendar day: one span, or two for a night shift.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Duty {
    spans: Vec<(u32, u32)>,
    /// Share of a full day's work that fits in.
    pub(crate) share: f64,
}

impl Duty {
    /// One span of milliseconds since midnight, a full day's work.
    pub(crate) fn between(from: u32, to: u32) -> Self {
        Self { spans: vec![(from, to)], share: 1.0 }
    }

    /// A time of day at which work happens: mornings and afternoons are busy, meals and the small hours are not.
    pub(crate) fn sample(&self, rng: &mut Rng) -> u32 {
        let total: u32 = self.spans.iter().map(|(from, to)| to - from).sum();
        for _ in 0..64 {
            let mut left = rng.below(total);
            let mut at = 0;
            for (from, to) in &self.spans {
                if left < to - from {
                    at = from + left;
                    break;
                }
                left -= to - from;
            }
            if rng.chance(busyness(at) * self.edge(at)) {
                return at;
            }
        }
        self.spans[0].0
    }

    /// People settle in for a quarter of an hour and pack up for another.
    fn edge(&self, at: u32) -> f64 {
        let near = |span: &&(u32, u32)| span.0 <= at && at < span.1;
        let quarter = 15 * MINUTE;
        match self.spans.iter().find(near) {
            Some((from, to)) if at - from < quarter || to - at < quarter => 0.4,
            _ => 1.0,
        }
    }

    pub(crate) fn first(&self) -> u32 {
        self.spans[0].0
    }

    pub(crate) fn last(&self) -> u32 {
        self.spans[self.spans.len() - 1].1
    }
}

fn busyness(at: u32) -> f64 {
    match at / (30 * MINUTE) {
        2..=9 => 0.4,             // 01:00 to 05:00
        19..=22 | 29..=32 => 1.0, // 09:30 to 11:30, 14:30 to 16:30
        24 | 25 => 0.15,          // 12:00 to 13:00
        26 => 0.4,                // 13:00 to 13:30
        36 => 0.3,                // 18:00 to 18:30
        _ => 0.75,
    }
}

/// Whether the rota calls this employee on this day, employed and not absent.
pub(crate) fn rostered(world: &World, who: u32, day: u32) -> bool {
    let employee = world.employee(who);
    employee.employed(day as i32) && employee.absent(day as i32).is_none() && rota_calls(world, who, day)
}

/// Whether the rota calls, were the employee there.
pub(crate) fn rota_calls(world: &World, who: u32, day: u32) -> bool {
    let kind = world.calendar.day(day).kind;
    match world.employee(who).week {
        Week::Office => matches!(kind, DayKind::Workday | DayKind::MakeUp),
        Week::Rota { phase } => {
            let turn = (day + phase) % 7 < 5;
            let dice = mix(&world.seed(Stream::Rota, who.into(), day.into())) % 10;
            turn && (kind != DayKind::Holiday || dice < 6)
        }
    }
}

/// The hours of an employee on a day, overtime and the rare Saturday included; none where he or she does not work.
pub(crate) fn on_duty(world: &World, who: u32, day: u32) -> Option<Duty> {
    let employee = world.employee(who);
    if !employee.employed(day as i32) || employee.absent(day as i32).is_some() {
        return None;
    }
    let (start, end) = match employee.shift {
        Shift::Fixed { start, end } => (start * MINUTE, end * MINUTE),
        Shift::Rotating if (day / 7).is_multiple_of(2) => (8 * HOUR + HOUR / 2, 17 * HOUR + HOUR / 2),
        Shift::Rotating => (14 * HOUR, 22 * HOUR),
    };
    let midnight = world.calendar.day(day).length_ms;
    let mut rng = Rng::of(&world.seed(Stream::Overtime, who.into(), day.into()));
    let spans = if end < start {
        let morning = day > 0 && rostered(world, who, day - 1);
        let evening = rostered(world, who, day);
        [morning.then_some((0, end)), evening.then_some((start, midnight))].into_iter().flatten().collect()
    } else if rostered(world, who, day) {
        let late = if rng.chance(employee.overtime) { rng.between(20, 110) * MINUTE } else { 0 };
        vec![(start, end + late)]
    } else if employee.week == Week::Office && rng.chance(employee.overtime * 0.12) {
        vec![(10 * HOUR, rng.between(12, 15) * HOUR)]
    } else {
        Vec::new()
    };
    let total: u32 = spans.iter().map(|(from, to)| to - from).sum();
    (total > 0).then(|| Duty { spans, share: f64::from(total) / f64::from(9 * HOUR) * weekend(world, day) })
}

/// The hours that the shift has, whoever is employed.
pub(crate) fn usual_hours(world: &World, who: u32) -> Duty {
    match world.employee(who).shift {
        Shift::Fixed { start, end } if start < end => Duty::between(start * MINUTE, end * MINUTE),
        Shift::Fixed { .. } | Shift::Rotating => Duty::office(),
    }
}

fn weekend(world: &World, day: u32) -> f64 {
    match world.calendar.day(day).kind {
        DayKind::Workday | DayKind::MakeUp => 1.0,
        DayKind::Weekend | DayKind::Holiday => 0.65,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::Options;

    #[test]
    fn night_shifts_span_midnight_and_the_spring_festival_empties_the_offices() {
        let world = World::new(Options { employees: 500, ..Options::default() }).unwrap();
        let night = (0..500).find(|who| world.employee(*who).shift == Shift::Fixed { start: 22 * 60, end: 6 * 60 }).unwrap();
        let duties: Vec<Duty> = (0..60).filter_map(|day| on_duty(&world, night, day)).collect();
        assert!(duties.iter().any(|duty| duty.spans.len() == 2 && duty.first() == 0 && duty.last() == 24 * HOUR));
        let at_work = |day| (0..500).filter(|who| on_duty(&world, *who, day).is_some()).count();
        // Day 40 is Saturday the 14th of February, a make-up day; day 43 is the New Year.
        assert!(at_work(43) * 4 < at_work(40), "{} {}", at_work(43), at_work(40));
        assert!(at_work(5) * 2 < at_work(4));
    }
}
