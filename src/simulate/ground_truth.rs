//! Assigns scenarios to employees, and labels them: how many insiders and look-alikes a company of a size has, and the rows of
//! `labels.csv`, `decoys.csv` and `leaked.csv`.

use std::collections::BTreeSet;

use super::actor_pool::ActorPool;
use super::adaptation;
use super::calendar::DAY;
use super::day::DayLog;
use super::episode::{Assignment, Difficulty, Episode, Scenario};
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
    /// The same for all members of a group that acted together.
    pub episode: String,
    /// Every act in order of time, with how many people it disclosed whom none before it had.
    pub leaks: Vec<(i64, u64)>,
}

impl Label {
    /// How many people the insider's acts disclosed; at most so many where only rows are known.
    pub fn people(&self) -> u64 {
        self.leaks.iter().map(|(_, people)| people).sum()
    }
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

pub(super) struct GroundTruth {
    pub(super) episodes: Vec<Episode>,
    /// In the order of [`misuse::SCENARIOS`], then of assignment.
    pub(super) labels: Vec<Label>,
    pub(super) decoys: Vec<Decoy>,
}

/// Episodes of misuse. From 750 employees on every typology at every difficulty, once or more often; below, one for every ten
/// employees, so that a small company has a part of the list.
const fn episodes(employees: u32) -> u32 {
    let typologies = misuse::SCENARIOS.len() as u32;
    match employees {
        0..12 => 0,
        12..750 => employees.div_ceil(10),
        750..2500 => 3 * typologies,
        _ => employees / 700 * typologies,
    }
}

/// Episodes of look-alikes: as many as those of misuse, about, with all kinds from 450 employees on.
const fn look_alikes(employees: u32) -> u32 {
    let kinds = innocent::SCENARIOS.len() as u32;
    match employees {
        0..12 => 0,
        12..450 => employees * kinds / 450,
        450..1500 => kinds,
        1500..2500 => 2 * kinds,
        _ => employees / 1000 * kinds,
    }
}

/// Scenarios that new hires are assigned to, once each in a company of 500 and more: nobody knows them, so nothing is known to be unusual.
const BY_NEWCOMERS: [&str; 6] = ["bulk_extract", "enumeration", "list_matching", "lookup_to_order", "dossier_assembly", "segment_skim"];

pub(super) fn assign(world: &mut World) -> GroundTruth {
    let employees = world.employees.len() as u32;
    let innocent = world.options.innocent.is_some();
    let last_day = world.options.insider_on_last_day && !innocent;
    let seed = world.options.seed;
    let mut pool = ActorPool::new(world);
    let mut insiders = Vec::new();
    for scenario in misuse::SCENARIOS {
        if last_day {
            pool.last_day = true;
            // Who goes on for weeks is hard to see on any day; the others should show within the day.
            let difficulty = if scenario.name == "low_and_slow" { Difficulty::Medium } else { Difficulty::Obvious };
            insiders.extend(assigned(&mut pool, scenario, difficulty, true, 1000));
            pool.last_day = false;
        }
    }
    let scenarios = misuse::SCENARIOS.len() as u32;
    let wanted = if innocent {
        0
    } else if last_day {
        episodes(employees) / 4
    } else {
        episodes(employees)
    };
    // A small company starts somewhere in the list, by its seed; and the difficulties go round.
    let shift = if wanted < scenarios { (seed % 1_000_000) as u32 * 7 } else { 0 };
    for number in shift..shift + wanted {
        let (scenario, round) = (&misuse::SCENARIOS[(number % scenarios) as usize], number / scenarios);
        // However many scenarios there are, each comes in another difficulty every round.
        let difficulty = Difficulty::ALL[((number % scenarios + 2 * round) % 3) as usize];
        insiders.extend(assigned(&mut pool, scenario, difficulty, true, round));
    }
    if employees >= 500 && !last_day && !innocent {
        pool.newcomers = true;
        for scenario in misuse::SCENARIOS.iter().filter(|scenario| BY_NEWCOMERS.contains(&scenario.name)) {
            insiders.extend(assigned(&mut pool, scenario, Difficulty::Medium, true, 2000));
        }
        pool.newcomers = false;
    }
    let mut innocents = Vec::new();
    let kinds = innocent::SCENARIOS.len() as u32;
    let known = look_alikes(employees);
    for (number, scenario) in innocent::SCENARIOS.iter().enumerate() {
        // A part of the list in a small company, as with the insiders.
        let place = (number as u32 + kinds - shift % kinds) % kinds;
        for nth in 0..known / kinds + u32::from(place < known % kinds) {
            innocents.extend(assigned(&mut pool, scenario, Difficulty::ALL[(nth as usize + 1) % 3], false, nth));
        }
    }
    innocents.dedup_by_key(|episode: &mut Episode| (episode.scenario.name, episode.actor));
    world.gaps.sort_by_key(|gap| (gap.day, gap.from));
    let world: &World = world;
    let mut labelled: Vec<(Episode, Label)> =
        insiders.into_iter().filter_map(|episode| label(world, &episode).map(|label| (episode, label))).collect();
    labelled.sort_by_key(|(episode, _)| misuse::SCENARIOS.iter().position(|scenario| scenario.name == episode.scenario.name));
    let mut decoys: Vec<Decoy> = innocents.iter().map(|episode| decoy(world, episode)).collect();
    let named: BTreeSet<u32> = labelled.iter().map(|(episode, _)| episode).chain(&innocents).map(|episode| episode.actor).collect();
    decoys.extend(unknown_to_the_directory(world, &named));
    let (mut episodes, labels): (Vec<_>, Vec<_>) = labelled.into_iter().unzip();
    episodes.extend(innocents);
    GroundTruth { episodes, labels, decoys }
}

/// The episodes of a scenario: one for every actor.
fn assigned(pool: &mut ActorPool<'_>, scenario: &'static Scenario, difficulty: Difficulty, insider: bool, nth: u32) -> Vec<Episode> {
    let Some(mut assignment) = (scenario.assign)(pool, difficulty) else { return Vec::new() };
    if insider && !pool.last_day {
        adaptation::adapt(pool.world, scenario.name, difficulty, &mut assignment);
    }
    let Assignment { actor, days, persons, others, aim } = assignment;
    let members = others.len() as u32 + 1;
    let everybody = std::iter::once((actor, days)).chain(others).enumerate();
    let episode = |(member, (who, days)): (usize, (u32, Vec<u32>))| Episode {
        scenario,
        difficulty,
        insider,
        actor: who,
        days,
        persons,
        nth,
        aim,
        lead: actor,
        member: member as u32,
        members,
    };
    everybody.map(episode).filter(|episode| !episode.days.is_empty()).collect()
}

/// A label is made of the episode's accesses alone, so that it never covers accesses that do not exist.
fn label(world: &World, episode: &Episode) -> Option<Label> {
    let mut span: Option<(i64, i64)> = None;
    let mut seen = BTreeSet::new();
    let mut leaks = Vec::new();
    for day in &episode.days {
        let mut log = DayLog::default();
        episode.simulate(world, *day, &mut log);
        log.settle();
        let length = world.calendar.day(*day).length_ms.min(DAY);
        for access in log.accesses.iter().filter(|access| access.at < length) {
            let at = world.calendar.instant(*day, access.at);
            let (from, to) = span.unwrap_or((at, at));
            span = Some((from.min(at), to.max(at)));
            let named = log.subjects_of(access);
            let people = match access.rows {
                Some(0) => 0,
                Some(rows) if named.is_empty() => u64::from(rows),
                Some(_) | None => named.iter().filter(|subject| seen.insert(**subject)).count() as u64,
            };
            leaks.push((at, people));
        }
    }
    span.map(|(from_ms, to_ms)| Label {
        employee: name_of(world, episode.actor).to_owned(),
        index: episode.actor,
        typology: episode.scenario.name,
        from_ms,
        to_ms,
        difficulty: episode.difficulty.name(),
        episode: format!("{}-{}-{}", episode.scenario.name, episode.lead + 1, episode.nth),
        leaks,
    })
}

/// Whom the directory knows late, but for those who are named anyway.
fn unknown_to_the_directory(world: &World, named: &BTreeSet<u32>) -> Vec<Decoy> {
    let last = world.calendar.len() as i32 - 1;
    let mut found = Vec::new();
    for (index, employee) in world.employees.iter().enumerate().filter(|(index, _)| !named.contains(&(*index as u32))) {
        let late = employee.late;
        let mut spans = Vec::new();
        if (1..=last).contains(&employee.hired) && late.hire > 0 {
            spans.push(("late_hire_feed", employee.hired, employee.hired + late.hire));
        }
        if let Some((until, _)) = employee.former.filter(|_| late.job) {
            spans.push(("late_job_feed", until, last));
        }
        if let Some(absence) = employee.absences.iter().find(|absence| late.absence > 0 && (0..last).contains(&absence.to)) {
            spans.push(("late_absence_feed", absence.to + 1, absence.to + late.absence));
        }
        for (kind, from, to) in spans {
            let (from, to) = (from.clamp(0, last) as u32, to.clamp(0, last) as u32);
            found.push(Decoy {
                employee: name_of(world, index as u32).to_owned(),
                kind,
                from_ms: world.calendar.instant(from, 0),
                to_ms: world.calendar.instant(to, world.calendar.day(to).length_ms),
            });
        }
    }
    found
}

fn decoy(world: &World, episode: &Episode) -> Decoy {
    let (first, last) = (episode.days[0], episode.days[episode.days.len() - 1]);
    Decoy {
        employee: name_of(world, episode.actor).to_owned(),
        kind: episode.scenario.name,
        from_ms: world.calendar.instant(first, 0),
        to_ms: world.calendar.instant(last, world.calendar.day(last).length_ms),
    }
}
