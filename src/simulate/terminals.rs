//! Where somebody sits: the workstation of one's own, a laptop at home, a counter or a colleague's desk now and then; and how a
//! terminal is named in the log. Insiders use nothing that honest people do not use too.

use super::calendar::MINUTE;
use super::rng::{Rng, mix};
use super::world::{Stream, World};

/// A machine from which somebody works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Terminal {
    /// Wherever the actor is at that time of the day.
    #[default]
    Usual,
    /// The workstation of an employee.
    Desk(u32),
    /// The machine that replaced it.
    Renewed(u32),
    /// The company's laptop of an employee, over VPN.
    Laptop(u32),
    /// A counter or meeting room of a unit.
    Counter(u16, u8),
    /// A machine that belongs to nobody in the company, over VPN.
    Private(u32),
}

impl Terminal {
    /// Tells terminals apart in a sub-seed.
    pub(crate) const fn code(self) -> u64 {
        match self {
            Self::Usual => 0,
            Self::Desk(who) => 1 + 8 * who as u64,
            Self::Renewed(who) => 2 + 8 * who as u64,
            Self::Laptop(who) => 3 + 8 * who as u64,
            Self::Counter(unit, nth) => 4 + 8 * (unit as u64 * 256 + nth as u64),
            Self::Private(number) => 5 + 8 * number as u64,
        }
    }
}

/// Address and name of a terminal on a day.
pub(crate) fn address(world: &World, terminal: Terminal, day: u32) -> (String, String) {
    let named = |prefix: &str, who: u32, suffix: &str| {
        let code = world.units[usize::from(world.employee(who).unit)].code;
        format!("{prefix}-{code}-{:04}{suffix}", who + 1)
    };
    let wired = |who: u32| format!("10.{}.{}.{}", world.employee(who).unit + 10, who / 250, who % 250 + 1);
    // The pool of the VPN: an address for a week.
    let pooled = || {
        let dice = mix(&world.seed(Stream::Terminal, terminal.code(), u64::from(day / 7)));
        format!("10.{}.{}.{}", 200 + dice % 4, (dice >> 8) % 250, (dice >> 24) % 250 + 1)
    };
    match terminal {
        Terminal::Usual => (pooled(), "unknown".to_owned()),
        Terminal::Desk(who) => (wired(who), named("ws", who, "")),
        Terminal::Renewed(who) => (wired(who), named("ws", who, "b")),
        Terminal::Laptop(who) => (pooled(), named("nb", who, "")),
        Terminal::Counter(unit, nth) => {
            (format!("10.{}.240.{}", unit + 10, nth + 1), format!("ctr-{}-{:02}", world.units[usize::from(unit)].code, nth + 1))
        }
        Terminal::Private(_) => {
            const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
            let dice = mix(&world.seed(Stream::Terminal, terminal.code(), u64::MAX));
            let name: String = (0..7).map(|nth| char::from(LETTERS[(dice >> (5 * nth)) as usize % 32])).collect();
            (pooled(), format!("DESKTOP-{name}"))
        }
    }
}

/// Where one employee is through one day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk {
    main: Terminal,
    /// From, to, and where meanwhile.
    away: Option<(u32, u32, Terminal)>,
}

impl Desk {
    pub(crate) fn of(world: &World, who: u32, day: u32) -> Self {
        let employee = world.employee(who);
        let mut habit = Rng::of(&world.seed(Stream::Terminal, who.into(), u64::MAX - 1));
        let mut today = Rng::of(&world.seed(Stream::Terminal, who.into(), day.into()));
        let (remote, owns, renews, wanders) = (habit.unit(), habit.unit(), habit.unit(), habit.unit());
        let counter = Terminal::Counter(employee.unit, habit.below(8) as u8);
        let renewed = renews < 0.06 && f64::from(day) >= renews / 0.06 * f64::from(world.calendar.len());
        let own = if renewed { Terminal::Renewed(who) } else { Terminal::Usual };
        let from_home = employee.from_home.unwrap_or(if remote < 0.2 { (0, 0.3) } else { (0, 0.0) });
        let main = if day >= from_home.0 && today.chance(from_home.1) {
            // One in six works from home on a machine that the company did not buy.
            if owns < 0.17 { Terminal::Private(who) } else { Terminal::Laptop(who) }
        } else if today.chance(0.004) {
            let members = &world.members[usize::from(employee.unit)];
            Terminal::Desk(members[today.below(members.len() as u32) as usize])
        } else {
            own
        };
        let hour = 60 * MINUTE;
        let away = today.chance(if wanders < 0.3 { 0.1 } else { 0.0 }).then(|| {
            let from = today.between(9, 16) * hour + today.below(hour);
            (from, from + today.between(15, 90) * MINUTE, counter)
        });
        Self { main, away }
    }

    pub(crate) fn at(&self, at: u32) -> Terminal {
        match self.away {
            Some((from, to, counter)) if from <= at && at < to => counter,
            Some(_) | None => self.main,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::Options;

    #[test]
    fn most_people_sit_at_one_machine_and_some_at_several() {
        let world = World::new(Options { employees: 300, ..Options::default() }).unwrap();
        let machines = |who| {
            let mut all: Vec<u64> = (0..60).map(|day| Desk::of(&world, who, day).main.code()).collect();
            all.sort_unstable();
            all.dedup();
            all.len()
        };
        let counts: Vec<usize> = (0..300).map(machines).collect();
        assert!(counts.iter().filter(|count| **count <= 2).count() > 180);
        assert!(counts.iter().filter(|count| **count >= 3).count() > 10);
        let names = |terminal| address(&world, terminal, 3).1;
        assert_ne!(names(Terminal::Private(3)), names(Terminal::Private(4)));
        assert_eq!(names(Terminal::Desk(3)).replace("ws", "nb"), names(Terminal::Laptop(3)));
    }
}
