//! A small company: its set-up, and its log in partitions that are keyed by nobody.

use crate::common::play::decoded;
use crate::common::world::load_from;
use crate::table::{CATALOG, CONFIG, record};
use crate::world::lost_hours;
use leakwarden::engine::context::Context;
use leakwarden::engine::{Engine, Sequential};
use leakwarden::model::access::{Access, Position};
use leakwarden::model::decision::Decision;
use leakwarden::model::decision::parse::{Line, line};
use leakwarden::model::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use leakwarden::model::topic::TopicPartition;
use leakwarden::random::SplitMix64;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Partitions of the input.
pub const PARTITIONS: i32 = 3;
/// The day before the first.
const START: i64 = 1_772_150_400_000;
const DAYS: i64 = 5;
/// People whom the campaign of the second unit covers.
const CAMPAIGN: usize = 260;

pub struct Company {
    pub context: Arc<Context>,
    /// The records of each input partition, in order.
    pub inputs: BTreeMap<TopicPartition, Vec<Access>>,
    /// Before that record of that input partition others expired before anybody read them, over more than an evening and a night.
    pub lost: Option<(TopicPartition, usize)>,
    /// What people decide.
    pub decisions: Vec<Decision>,
}

impl Company {
    pub fn new() -> Company {
        Company::with_campaign(CAMPAIGN)
    }

    /// A company whose second unit has a campaign for so many people.
    pub fn with_campaign(max_persons: usize) -> Company {
        let dir = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
        write("config.toml", &CONFIG.replace("[directory]", "[directory]\nexplanations = \"explanations.jsonl\""));
        write("catalog.toml", CATALOG);
        let people: String = (0..14).map(|n| format!("E{n},Unit {},teller,bank\n", n % 3)).collect();
        write("employees.csv", &format!("employee,unit,role,sector\n{people}"));
        let (from, to) = (START + 4 * DAY_MS, START + 5 * DAY_MS);
        let reason =
            |given: &str, most: usize| format!("{{{given},\"from\":{from},\"to\":{to},\"reason\":\"campaign\",\"max_persons\":{most}}}\n");
        let reasons = [reason(r#""unit":"Unit 1","objects":"crm.*""#, max_persons), reason(r#""employee":"E4""#, 25)];
        write("explanations.jsonl", &reasons.concat());
        let context = load_from(&dir.path().join("config.toml"));
        let lines = lines();
        let names: Vec<TopicPartition> = (0..PARTITIONS).map(|partition| TopicPartition::new("db.access", partition)).collect();
        let mut inputs: BTreeMap<TopicPartition, Vec<Access>> = names.iter().map(|name| (name.clone(), Vec::new())).collect();
        let mut dice = SplitMix64::new(5);
        for access in decoded(&context, &lines) {
            let name = &names[dice.below(names.len())];
            let input = inputs.get_mut(name).expect("every name has an input partition");
            let position = Position(input.len() as u64);
            input.push(Access { position, ..access });
        }
        // A little disorder, and the last word of every input partition lies so late that everything else settles.
        for (name, input) in &mut inputs {
            for at in (7..input.len()).step_by(11) {
                input.swap(at - 1, at);
            }
            let end = format!(r#"{{"time":{},"employee":"END{}","operation":"login"}}"#, START + (DAYS + 1) * DAY_MS, name.partition);
            input.extend(decoded(&context, &[end]));
            input.iter_mut().enumerate().for_each(|(at, access)| access.position = Position(at as u64));
        }
        let name = &names[0];
        let input = inputs.get_mut(name).expect("every name has an input partition");
        let gap = START + 3 * DAY_MS + 16 * HOUR_MS..START + 4 * DAY_MS + 9 * HOUR_MS;
        input.retain(|access| !gap.contains(&access.time.0));
        let behind = input.iter().position(|access| access.time.0 >= gap.end).expect("there is a day behind it");
        input.iter_mut().enumerate().for_each(|(at, access)| access.position = Position(at as u64));
        let mut company = Company { context, inputs, lost: Some((name.clone(), behind)), decisions: Vec::new() };
        company.decisions = company.decide();
        company
    }

    /// A verdict about whatever was told on the third day, which explains what the tellers of the second unit do from then on, and a silence
    /// about the others, which ends on the last day.
    fn decide(&self) -> Vec<Decision> {
        let told: BTreeSet<String> = self.by_one_engine().into_iter().map(|((id, _), _)| id).collect();
        let alerts: Vec<_> = told.iter().map(|id| json!({"id": id, "revision": 1_000})).collect();
        let at = |day: i64, minute: i64| START + day * DAY_MS + minute * MINUTE_MS;
        let explanation = json!({"unit": "Unit 1", "objects": "crm.*", "to": at(30, 0), "reason": "campaign", "max_persons": 40});
        let all = [
            json!({"id": "V-1", "at": at(2, 16 * 60 + 17), "by": "li", "kind": "verdict", "outcome": "innocent", "reason": "campaign",
                "alerts": alerts, "explanation": explanation}),
            json!({"id": "S-1", "at": at(3, 7 * 60 + 30), "by": "li", "kind": "silence", "match": {"role": "teller"}, "to": at(20, 0),
                "reason": "event"}),
            json!({"id": "N-1", "at": at(4, 12 * 60), "by": "li", "kind": "end", "of": "S-1"}),
        ];
        let decision = |value: &serde_json::Value| match line(&value.to_string()) {
            Ok(Line::Decision(decision)) => decision,
            other => panic!("{value}: {other:?}"),
        };
        all.iter().map(decision).collect()
    }

    /// Alerts of one engine that reads all input partitions in peace, settled only.
    pub fn by_one_engine(&self) -> BTreeMap<(String, u32), String> {
        self.one_engine().0
    }

    /// The same, and the hours that may lack records.
    pub fn one_engine(&self) -> (BTreeMap<(String, u32), String>, Vec<i64>) {
        let mut engine = Engine::new(Arc::new(self.context.with_own_partitions()));
        let ids: Vec<_> = self.inputs.keys().map(|input| engine.context().partition(&input.to_string())).collect();
        ids.iter().for_each(|id| engine.add_partition(*id));
        for decision in &self.decisions {
            let _ = engine.take_decision(decision.clone(), None);
        }
        let mut alerts = BTreeMap::new();
        let longest = self.inputs.values().map(Vec::len).max().unwrap_or(0);
        for at in 0..longest {
            for (id, input) in ids.iter().zip(self.inputs.values()) {
                if let Some(access) = input.get(at) {
                    if self
                        .lost
                        .as_ref()
                        .is_some_and(|(of, before)| *before == at && engine.context().partition_name(*id) == of.to_string())
                    {
                        engine.note_loss(*id);
                    }
                    engine.take(Access { partition: *id, ..access.clone() }, Some(Timestamp::END));
                }
            }
            for revision in engine.advance(&Sequential).revisions {
                let text = serde_json::to_string(&revision.alert).expect("writes");
                alerts.insert((revision.alert.id, revision.alert.revision), text);
            }
        }
        (alerts, lost_hours(engine.outages()))
    }
}

/// Everybody looks customers up in working hours; two read many of them, three look at the same few strangers, some records come
/// twice. On the last day those of one unit, who are looked after by different tasks, work on a campaign by turns, beyond what it covers.
fn lines() -> Vec<String> {
    let mut dice = SplitMix64::new(3);
    let mut timed: Vec<(i64, String)> = Vec::new();
    let mut id = 0;
    for day in 0..DAYS {
        for who in 0..14 {
            for _ in 0..6 + dice.below(5) {
                let time = START + day * DAY_MS + (8 * 60 + dice.below(9 * 60) as i64) * MINUTE_MS + dice.below(MINUTE_MS as usize) as i64;
                id += 1;
                let subject = 100 * who + dice.below(60);
                timed.push((time, record(time, who, &id.to_string(), &[subject])));
                if dice.once_in(20) {
                    timed.push((time, record(time, who, &id.to_string(), &[subject])));
                }
            }
        }
    }
    for (who, day, people) in [(2, 2, 900), (9, 3, 1_500)] {
        for part in 0..6 {
            let time = START + day * DAY_MS + (13 * 60 + part * 7) * MINUTE_MS;
            id += 1;
            let subjects: Vec<usize> = (0..people / 6).map(|n| (10_000 + who * 10_000 + part * 1_000 + n) as usize).collect();
            timed.push((time, record(time, who as usize, &format!("x{id}"), &subjects)));
        }
    }
    for who in [4, 5, 6] {
        for subject in 0..25 {
            let time = START + 2 * DAY_MS + (15 * 60 + subject * 2 + who) * MINUTE_MS;
            id += 1;
            timed.push((time, record(time, who as usize, &format!("y{id}"), &[900_000 + subject as usize])));
        }
    }
    for turn in 0..36 {
        for (at, who) in [1, 4, 7, 10, 13].into_iter().enumerate() {
            let time = START + 4 * DAY_MS + (9 * 60 + turn * 10 + at as i64) * MINUTE_MS + dice.below(2 * MINUTE_MS as usize) as i64;
            id += 1;
            // Some are looked at by several.
            let subjects: Vec<usize> = (0..4).map(|_| 700_000 + 1_000 * dice.below(3) + dice.below(400)).collect();
            let line = record(time, who, &format!("z{id}"), &subjects);
            // Of some the log does not say whom they show.
            let line = if dice.once_in(15) { line.split(r#","subjects""#).next().unwrap_or_default().to_owned() + "}" } else { line };
            if dice.once_in(10) {
                timed.push((time, line.clone()));
            }
            timed.push((time, line));
        }
    }
    timed.sort();
    timed.into_iter().map(|(_, line)| line).collect()
}
