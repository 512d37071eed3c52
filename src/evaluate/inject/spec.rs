//! The argument of `--inject`: `typology=low_and_slow,persons_per_day=40,role=teller,days=30,insiders=5,seed=1`.

use crate::evaluate::inject::strength::{self, Strength};
use crate::model::problem::Problem;
use crate::model::typology::Typology;

/// What is to be injected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InjectionSpec {
    /// The pattern.
    pub typology: Typology,
    /// How plain it is: how many act together, and what else is no number of people.
    pub strength: Strength,
    /// People on each day; for a few patterns acts, hours without records, or the limit that is kept.
    pub persons_per_day: u32,
    /// Days with acts, of each insider.
    pub days: u32,
    /// Role of the employees chosen; any by default.
    pub role: Option<String>,
    /// Unit of the employees chosen; any by default.
    pub unit: Option<String>,
    /// The people they read.
    pub whom: TargetPopulation,
    /// Number of insiders.
    pub insiders: u32,
    /// Seed of the random choice of employees, days and people.
    pub seed: u64,
}

/// The people whom insiders read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TargetPopulation {
    /// `strangers`: people of other territories where owners are known, else people whom no record names.
    #[default]
    OtherTerritory,
    /// `new`: people whom no record names and who have no known owner.
    Unseen,
    /// `own`: people of the insider's own territory, harder to tell from work.
    OwnTerritory,
}

/// Upper limit of `persons_per_day`.
const MOST_PERSONS: u64 = 1_000_000;

impl InjectionSpec {
    /// Parses the argument; reports every mistake.
    pub fn parse(text: &str) -> Result<InjectionSpec, Vec<Problem>> {
        let mut problems = Vec::new();
        let (mut typology, mut persons, mut days, mut role, mut unit) = (None, None, None, None, None);
        let (mut insiders, mut seed, mut whom, mut strength) = (5, 1, TargetPopulation::default(), Strength::default());
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((key, value)) = part.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
                problems.push(Problem::new("--inject", "must be KEY=VALUE, separated by commas", part));
                continue;
            };
            let mut whole = |least: u64, most: u64| {
                let number = value.parse().ok().filter(|number| (least..=most).contains(number));
                if number.is_none() {
                    problems.push(Problem::new(format!("--inject {key}"), format!("must be a whole number from {least} to {most}"), value));
                }
                number
            };
            match key {
                "typology" => typology = Some(value),
                "strength" => match Strength::parse(value) {
                    Some(known) => strength = known,
                    None => problems.push(Problem::new("--inject strength", "must be obvious, medium or subtle", value)),
                },
                "persons_per_day" => persons = whole(1, MOST_PERSONS).or(Some(1)),
                "days" => days = whole(1, 3_660).or(Some(1)),
                "insiders" => insiders = whole(1, 1_000).unwrap_or(1),
                "seed" => seed = whole(0, u64::MAX).unwrap_or(1),
                "role" => role = Some(value.to_owned()),
                "unit" => unit = Some(value.to_owned()),
                "whom" => match value {
                    "strangers" => whom = TargetPopulation::OtherTerritory,
                    "new" => whom = TargetPopulation::Unseen,
                    "own" => whom = TargetPopulation::OwnTerritory,
                    _ => problems.push(Problem::new("--inject whom", "must be strangers, new or own", value)),
                },
                _ => {
                    let rule = "must be one of typology, strength, persons_per_day, days, role, unit, whom, insiders, seed";
                    problems.push(Problem::new("--inject", rule, key));
                }
            }
        }
        let known = typology.and_then(Typology::parse);
        let usual = known.and_then(|typology| Some((typology, strength::usual(typology, strength)?)));
        if usual.is_none() {
            let names: Vec<&str> = strength::plantable().map(Typology::name).collect();
            problems.push(Problem::new("--inject typology", format!("must be one of {}", names.join(", ")), typology.unwrap_or("nothing")));
        }
        match usual {
            Some((typology, (usual_persons, usual_days))) if problems.is_empty() => Ok(InjectionSpec {
                typology,
                strength,
                persons_per_day: persons.map_or(usual_persons, |persons| persons as u32),
                days: days.map_or(usual_days, |days| days as u32),
                role,
                unit,
                whom,
                insiders: insiders as u32,
                seed,
            }),
            Some(_) | None => Err(problems),
        }
    }

    /// The usual of a typology and strength, for anybody.
    pub fn usual(typology: Typology, strength: Strength, seed: u64) -> Option<InjectionSpec> {
        let (persons_per_day, days) = strength::usual(typology, strength)?;
        let whom = TargetPopulation::default();
        Some(InjectionSpec { typology, strength, persons_per_day, days, role: None, unit: None, whom, insiders: 1, seed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_with_what_is_usual_for_the_rest() {
        let spec =
            InjectionSpec::parse("typology=low_and_slow,persons_per_day=40,role=teller,days=30,insiders=5,seed=7").expect("is valid");
        assert_eq!((spec.persons_per_day, spec.days, spec.insiders, spec.seed), (40, 30, 5, 7));
        assert_eq!(spec.role.as_deref(), Some("teller"));
        assert_eq!(InjectionSpec::parse("typology=canary").expect("is valid").persons_per_day, 1);
        let subtle = InjectionSpec::parse("typology=low_and_slow,strength=subtle").expect("is valid");
        assert_eq!((subtle.persons_per_day, subtle.strength), (20, Strength::Subtle));
    }

    #[test]
    fn every_mistake_is_told_with_place_rule_and_value() {
        let problems =
            |text: &str| InjectionSpec::parse(text).expect_err("is not valid").iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(problems("typology=celebrity,strength=plain")[0].contains("--inject strength must be obvious, medium or subtle"));
        assert!(problems("persons_per_day=40")[0].contains("--inject typology must be one of bulk_extract"));
        let all = problems("typology=low_and_slow,days=0,colour=red,half");
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all[0].contains("--inject days must be a whole number from 1") && all[0].contains('0'));
    }
}
