//! What is to be planted: `typology=low_and_slow,persons_per_day=40,role=teller,days=30,insiders=5,seed=1`.

use crate::model::problem::Problem;
use crate::model::typology::Typology;

/// What insiders are to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spec {
    /// The pattern.
    pub typology: Typology,
    /// People on each day; of a few patterns acts.
    pub persons_per_day: u32,
    /// Days on which they act.
    pub days: u32,
    /// The role of those chosen; any where it is not given.
    pub role: Option<String>,
    /// Their unit.
    pub unit: Option<String>,
    /// Whom they look at.
    pub whom: Whom,
    /// How many.
    pub insiders: u32,
    /// Chooses who and when.
    pub seed: u64,
}

/// Whom insiders look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Whom {
    /// People of other territories where owners are known, else people whom no record has named.
    #[default]
    Strangers,
    /// People whom no record has named and nobody is known to serve.
    New,
    /// People of their own territory: harder to tell from work.
    Own,
}

/// People on each day and days, where nothing is said: about what a medium case of each looks like. What is not here cannot be
/// planted.
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

/// Most people that a day may have: beyond it nothing is learnt about detection.
const MOST_PERSONS: u64 = 1_000_000;

impl Spec {
    /// Reads it; every mistake is reported.
    pub fn parse(text: &str) -> Result<Spec, Vec<Problem>> {
        let mut problems = Vec::new();
        let (mut typology, mut persons, mut days, mut role, mut unit) = (None, None, None, None, None);
        let (mut insiders, mut seed, mut whom) = (5, 1, Whom::default());
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
                    "strangers" => whom = Whom::Strangers,
                    "new" => whom = Whom::New,
                    "own" => whom = Whom::Own,
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
            Some((typology, usual_persons, usual_days)) if problems.is_empty() => Ok(Spec {
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
        let spec = Spec::parse("typology=low_and_slow,persons_per_day=40,role=teller,days=30,insiders=5,seed=7").expect("is valid");
        assert_eq!((spec.persons_per_day, spec.days, spec.insiders, spec.seed), (40, 30, 5, 7));
        assert_eq!(spec.role.as_deref(), Some("teller"));
        assert_eq!(Spec::parse("typology=canary").expect("is valid").persons_per_day, 1);
    }

    #[test]
    fn every_mistake_is_told_with_place_rule_and_value() {
        let problems = |text: &str| Spec::parse(text).expect_err("is not valid").iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(problems("typology=log_gap")[0].contains("cannot be planted"));
        assert!(problems("persons_per_day=40")[0].contains("--inject typology must be one of bulk_extract"));
        let all = problems("typology=low_and_slow,days=0,colour=red,half");
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all[0].contains("--inject days must be a whole number from 1") && all[0].contains('0'));
    }
}
