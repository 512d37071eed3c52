//! Owns who is cast for what: how many insiders and look-alikes a company of a size has, and what the files say of them.

use super::calendar::DAY;
use super::day::DayLog;
use super::episode::{Casting, Difficulty, Episode, Part, Script};
use super::world::World;
use super::{innocent, misuse, name_of};

/// One insider: a line of `labels.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The employee's id.
    pub employee: String,
    /// Index of the employee.
    pub index: u32,
    /// A name of the contract's list.
    pub typology: &'static str,
    /// Epoch milliseconds of the first access that does not belong to the work.
    pub from_ms: i64,
    /// Epoch milliseconds of the last.
    pub to_ms: i64,
    /// `obvious`, `medium` or `subtle`.
    pub difficulty: &'static str,
}

/// One innocent look-alike: a line of `decoys.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoy {
    /// The employee's id, or the service account's name.
    pub employee: String,
    /// What makes it look odd.
    pub kind: &'static str,
    /// Epoch milliseconds at which the first of its days begins.
    pub from_ms: i64,
    /// Epoch milliseconds at which the last ends.
    pub to_ms: i64,
}

pub(super) struct Cast {
    pub(super) episodes: Vec<Episode>,
    /// In order of typology as listed, then of casting.
    pub(super) labels: Vec<Label>,
    pub(super) decoys: Vec<Decoy>,
}

/// Insiders of each typology: together about one employee in a hundred, three of each from 500 employees on.
const fn insiders(employees: u32) -> u32 {
    match employees {
        0..12 => 0,
        12..250 => 1,
        250..500 => 2,
        500..2100 => 3,
        _ => employees / 600,
    }
}

pub(super) fn cast(world: &mut World) -> Cast {
    let employees = world.employees.len() as u32;
    let last_day = world.options.insider_on_last_day;
    let mut casting = Casting::new(world);
    let mut guilty = Vec::new();
    for script in misuse::SCRIPTS {
        if last_day {
            casting.last_day = true;
            // Who goes on for weeks is hard to see on any day; the others should show within the day.
            let difficulty = if script.name == "low_and_slow" { Difficulty::Medium } else { Difficulty::Obvious };
            guilty.extend(play(&mut casting, script, difficulty, 1000));
            casting.last_day = false;
        }
    }
    let each = insiders(employees);
    for (nth_script, script) in misuse::SCRIPTS.iter().enumerate() {
        // Where there are not three of each, the typologies have different difficulties.
        let shift = if each < 3 { nth_script } else { 0 };
        for nth in 0..each {
            guilty.extend(play(&mut casting, script, Difficulty::ALL[(nth as usize + shift) % 3], nth));
        }
    }
    let mut innocents = Vec::new();
    for script in innocent::SCRIPTS {
        for nth in 0..(employees / 1000).max(insiders(employees).min(1)) {
            innocents.extend(play(&mut casting, script, Difficulty::Medium, nth));
        }
    }
    innocents.dedup_by_key(|episode: &mut Episode| (episode.script.name, episode.actor));
    let world: &World = world;
    let mut labelled: Vec<(Episode, Label)> =
        guilty.into_iter().filter_map(|episode| label(world, &episode).map(|label| (episode, label))).collect();
    labelled.sort_by_key(|(episode, _)| misuse::SCRIPTS.iter().position(|script| script.name == episode.script.name));
    let decoys = innocents.iter().map(|episode| decoy(world, episode)).collect();
    let (mut episodes, labels): (Vec<_>, Vec<_>) = labelled.into_iter().unzip();
    episodes.extend(innocents);
    Cast { episodes, labels, decoys }
}

fn play(casting: &mut Casting<'_>, script: &'static Script, difficulty: Difficulty, nth: u32) -> Option<Episode> {
    let Part { actor, days, persons } = (script.cast)(casting, difficulty)?;
    (!days.is_empty()).then_some(Episode { script, difficulty, actor, days, persons, nth })
}

/// What the insider does, played alone, says from when to when: a label never speaks of accesses that are not there.
fn label(world: &World, episode: &Episode) -> Option<Label> {
    let mut span: Option<(i64, i64)> = None;
    for day in &episode.days {
        let mut log = DayLog::default();
        episode.play(world, *day, &mut log);
        let length = world.calendar.day(*day).length_ms.min(DAY);
        for access in log.accesses.iter().filter(|access| access.at < length) {
            let at = world.calendar.instant(*day, access.at);
            let (from, to) = span.unwrap_or((at, at));
            span = Some((from.min(at), to.max(at)));
        }
    }
    span.map(|(from_ms, to_ms)| Label {
        employee: name_of(world, episode.actor).to_owned(),
        index: episode.actor,
        typology: episode.script.name,
        from_ms,
        to_ms,
        difficulty: episode.difficulty.name(),
    })
}

fn decoy(world: &World, episode: &Episode) -> Decoy {
    let (first, last) = (episode.days[0], episode.days[episode.days.len() - 1]);
    Decoy {
        employee: name_of(world, episode.actor).to_owned(),
        kind: episode.script.name,
        from_ms: world.calendar.instant(first, 0),
        to_ms: world.calendar.instant(last, world.calendar.day(last).length_ms),
    }
}
