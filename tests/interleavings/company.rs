//! A company of chance: what its people do, and how that reaches the partitions of a log.

use crate::common::play::decoded;
use crate::common::world::load_from;
use crate::table::{CATALOG, CONFIG, record};
use leakwarden::engine::context::Context;
use leakwarden::model::access::{Access, Position};
use leakwarden::model::decision::Decision;
use leakwarden::model::time::{DAY_MS, MINUTE_MS};
use leakwarden::model::topic::TopicPartition;
use leakwarden::random::SplitMix64;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The day before the first.
const START: i64 = 1_772_150_400_000;
/// Fewer than any source's volume can be judged by: a partition's silence is a matter of what lies in it.
const DAYS: i64 = 4;
const PEOPLE: usize = 12;
/// People whom a campaign covers, about half of those whom a unit looks at.
const CAMPAIGN: usize = 60;
/// How late a record may come, less one: the default of `[time] lateness`.
const LATENESS: i64 = 19 * MINUTE_MS;

/// How records reach the partitions.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Partitions.
    pub partitions: i32,
    /// Of a hundred records, so many lie elsewhere than the others of their employee.
    pub strays: usize,
    /// Of a hundred records, so many come again, somewhere.
    pub copies: usize,
    /// Of a hundred records, so many come late, within what is allowed.
    pub late: usize,
    /// Chooses.
    pub seed: u64,
}

pub struct Company {
    pub context: Arc<Context>,
    /// The records of each input partition, in order.
    pub inputs: BTreeMap<TopicPartition, Vec<Access>>,
    /// Records that stand somewhere else already.
    pub copies: u64,
    /// Nothing is lost here.
    pub lost: Option<(TopicPartition, usize)>,
    /// Nobody decides anything here.
    pub decisions: Vec<Decision>,
}

/// The set-up, which is the same for all.
pub fn context() -> Arc<Context> {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    write("config.toml", &CONFIG.replace("[directory]", "[directory]\nexplanations = \"explanations.jsonl\""));
    // What it covers of each unit is decided by the order in which its employees' records settle.
    let reason =
        |unit: usize| format!("{{\"unit\":\"Unit {unit}\",\"from\":{START},\"reason\":\"campaign\",\"max_persons\":{CAMPAIGN}}}\n");
    write("explanations.jsonl", &(0..3).map(reason).collect::<String>());
    write("catalog.toml", CATALOG);
    let people: String = (0..PEOPLE).map(|n| format!("E{n},Unit {},teller,bank\n", n % 3)).collect();
    write("employees.csv", &format!("employee,unit,role,sector\n{people}"));
    let context = load_from(&dir.path().join("config.toml"));
    context.belongs("db.access", "access");
    context
}

/// What happened: records with their times, by employee.
pub struct Story(Vec<Vec<(i64, String)>>);

impl Story {
    /// Everybody looks customers up in working hours; of some insiders one reads many of them within an hour, the next goes through
    /// strangers at night, and some look at the same few.
    pub fn new(seed: u64, insiders: usize) -> Story {
        let mut dice = SplitMix64::new(seed);
        let mut people: Vec<Vec<(i64, String)>> = vec![Vec::new(); PEOPLE];
        let mut add = |who: usize, time: i64, subjects: &[usize]| {
            let id = people[who].len();
            people[who].push((time, record(time, who, &format!("{who}-{id}"), subjects)));
        };
        for day in 0..DAYS {
            for who in 0..PEOPLE {
                for _ in 0..3 + dice.below(5) {
                    let time =
                        START + day * DAY_MS + (8 * 60 + dice.below(9 * 60) as i64) * MINUTE_MS + dice.below(MINUTE_MS as usize) as i64;
                    add(who, time, &[100 * who + dice.below(60)]);
                }
            }
        }
        for _ in 0..insiders {
            let (who, day) = (dice.below(PEOPLE), 1 + dice.below(DAYS as usize - 1) as i64);
            let first = 10_000 + dice.below(80) * 10_000;
            match dice.below(3) {
                0 => {
                    let each = 40 + dice.below(200);
                    for part in 0..6 {
                        let subjects: Vec<usize> = (0..each).map(|n| first + part * 1_000 + n).collect();
                        add(who, START + day * DAY_MS + (13 * 60 + part as i64 * 7) * MINUTE_MS, &subjects);
                    }
                }
                1 => {
                    for look in 0..60 + dice.below(60) {
                        add(who, START + day * DAY_MS + (22 * 60 + look as i64) * MINUTE_MS - dice.below(30_000) as i64, &[first + look]);
                    }
                }
                _ => {
                    for other in 0..3 {
                        for subject in 0..25 {
                            // Several people in the same millisecond, too.
                            let time = START + day * DAY_MS + (15 * 60 + subject as i64 * 2) * MINUTE_MS;
                            add((who + other) % PEOPLE, time, &[first + subject]);
                        }
                    }
                }
            }
        }
        people.iter_mut().for_each(|records| records.sort());
        Story(people)
    }

    /// How it reaches the partitions.
    pub fn laid_out(&self, context: &Arc<Context>, layout: Layout) -> Company {
        let mut dice = SplitMix64::new(layout.seed);
        let partitions = layout.partitions as usize;
        let mut arriving: Vec<Vec<(i64, String)>> = vec![Vec::new(); partitions];
        let mut copies = 0;
        for records in &self.0 {
            let own = dice.below(partitions);
            for (time, line) in records {
                let mut arrive = |at: usize, dice: &mut SplitMix64, line: String| {
                    let late = if dice.below(100) < layout.late { dice.below(LATENESS as usize) as i64 } else { 0 };
                    arriving[at].push((time + late, line));
                };
                let at = if dice.below(100) < layout.strays { dice.below(partitions) } else { own };
                arrive(at, &mut dice, line.clone());
                if dice.below(100) < layout.copies {
                    copies += 1;
                    let at = dice.below(partitions);
                    arrive(at, &mut dice, line.clone());
                }
            }
        }
        // The last word of every input partition lies so late that everything else settles. It does not itself.
        let end = START + (DAYS + 2) * DAY_MS;
        let end = (end, format!(r#"{{"time":{end},"employee":"END","id":"end","operation":"login"}}"#));
        let mut inputs = BTreeMap::new();
        for (partition, mut lines) in arriving.into_iter().enumerate() {
            lines.sort_by_key(|(arrives, _)| *arrives);
            let lines: Vec<String> = lines.into_iter().chain([end.clone()]).map(|(_, line)| line).collect();
            let mut input = decoded(context, &lines);
            assert_eq!(input.len(), lines.len());
            input.iter_mut().enumerate().for_each(|(at, access)| access.position = Position(at as u64));
            inputs.insert(TopicPartition::new("db.access", partition as i32), input);
        }
        Company { context: context.clone(), inputs, copies, lost: None, decisions: Vec::new() }
    }
}
