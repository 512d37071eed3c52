//! The argument of `--inject`: `typology=low_and_slow,persons_per_day=40,role=teller,days=30,insiders=5,seed=1`.

use crate::model::problem::Problem;
use crate::model::typology::Typology;

/// What is to be injected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InjectionSpec {
    /// The pattern.
    pub typology: Typology,
    /// People on each day; for a few patterns, acts.
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

/// Default people per day and days of each typology: about a case of medium difficulty. Typologies that are not listed cannot be
/// injected.
const USUAL: &[(Typology, u32, u32)] = &[
    (Typology::BulkExtract, 2_000, 1),
    (Typology::LowAndSlow, 40, 20),
    (Typology::SubscriptionHarvest, 300, 4),
    (Typology::Enumeration, 80, 3),
    (Typology::ToolDriven, 200, 2),
    (Typology::ListMatching, 60, 3),
    (Typology::LookupToOrder, 15, 10),
    (Typology::DossierAssembly, 3, 5),
    (Typology::FabricatedBusiness, 25, 10),
    (Typology::OutOfTerritory, 30, 10),
    (Typology::BorrowedAccount, 30, 3),
    (Typology::OffDuty, 30, 5),
    (Typology::RoleWithoutNeed, 20, 5),
    (Typology::SegmentSkim, 150, 3),
    (Typology::TrackedPerson, 8, 5),
    (Typology::ControlChangeThenLookup, 5, 3),
    (Typology::PrivilegedBypass, 300, 2),
    (Typology::Canary, 1, 1),
];

/// Upper limit of `persons_per_day`.
const MOST_PERSONS: u64 = 1_000_000;

impl InjectionSpec {
    /// Parses the argument; reports every mistake.
    pub fn parse(text: &str) -> Result<InjectionSpec, Vec<Problem>> {
        let mut problems = Vec::new();
        let (mut typology, mut persons, mut days, mut role, mut unit) = (None, None, None, None, None);
        let (mut insiders, mut seed, mut whom) = (5, 1, TargetPopulation::default());
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
                    let rule = "must be one of typology, persons_per_day, days, role, unit, whom, insiders, seed";
                    problems.push(Problem::new("--inject", rule, key));
                }
            }
        }
        let known = typology.and_then(Typology::parse);
        let usual = USUAL.iter().find(|(of, ..)| Some(*of) == known);
        if usual.is_none() {
            let names: Vec<&str> = USUAL.iter().map(|(typology, ..)| typology.name()).collect();
            let rule = match known {
                Some(_) => {
                    "cannot be planted in the records of single employees: it lies in a group, a date of leaving or a gap; use one of"
                }
                None => "must be one of",
            };
            problems.push(Problem::new("--inject typology", format!("{rule} {}", names.join(", ")), typology.unwrap_or("nothing")));
        }
        match usual {
            Some((typology, usual_persons, usual_days)) if problems.is_empty() => Ok(InjectionSpec {
                typology: *typology,
                persons_per_day: persons.map_or(*usual_persons, |persons| persons as u32),
                days: days.map_or(*usual_days, |days| days as u32),
                role,
                unit,
                whom,
                insiders: insiders as u32,
                seed,
            }),
            Some(_) | None => Err(problems),
        }
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
    }

    #[test]
    fn every_mistake_is_told_with_place_rule_and_value() {
        let problems =
            |text: &str| InjectionSpec::parse(text).expect_err("is not valid").iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(problems("typology=log_gap")[0].contains("cannot be planted"));
        assert!(problems("persons_per_day=40")[0].contains("--inject typology must be one of bulk_extract"));
        let all = problems("typology=low_and_slow,days=0,colour=red,half");
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all[0].contains("--inject days must be a whole number from 1") && all[0].contains('0'));
    }
}
