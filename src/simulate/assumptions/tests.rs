//! Hard companies and innocent ones: that they are as they say, and that their labels are true.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::simulate::day::DayLog;
use crate::simulate::roles::ROLES;
use crate::simulate::tests::{TYPOLOGIES, company, lines, written};
use crate::simulate::{Assume, Company, Employee, Innocent, Label, Options, SimRecord, assumptions, calendar, claims, people, upheaval};

#[test]
fn shares_add_up_to_a_hundred_whatever_is_assumed() {
    for assume in Assume::ALL {
        let shares = assume.figures().shares.map_or_else(|| ROLES.iter().map(|role| role.percent).collect(), <[u32]>::to_vec);
        assert_eq!((shares.len(), shares.iter().sum::<u32>()), (ROLES.len(), 100), "{}", assume.name());
    }
}

fn hard(employees: u32, days: u32, seed: u64) -> Company {
    Company::new(Options { employees, days, seed, assume: Assume::Hard, ..Options::default() }).unwrap()
}

fn innocent(kind: Innocent, assume: Assume) -> Company {
    Company::new(Options { employees: 300, days: 30, seed: 7, assume, innocent: Some(kind), ..Options::default() }).unwrap()
}

/// Claimed reference, employee index, subjects of every access of a day.
fn claimed(company: &Company, day: u32) -> Vec<(u32, Option<String>)> {
    let claim = |record: SimRecord| {
        let line: Value = serde_json::from_str(&record.line).unwrap();
        (record.employee, line["purpose"].as_str().map(str::to_owned))
    };
    company.day(day).into_iter().map(claim).collect()
}

#[test]
fn a_hard_company_is_the_same_for_ever_and_its_labels_are_true() {
    let hashes = |seed| written(&hard(80, 8, seed)).1;
    assert_eq!(hashes(1), hashes(1));
    assert_ne!(hashes(1)["access.jsonl"], hashes(2)["access.jsonl"]);
    assert_ne!(hashes(1)["access.jsonl"], written(&company(80, 8, 1)).1["access.jsonl"]);

    let company = hard(520, 45, 3);
    let insiders: BTreeSet<u32> = company.labels().iter().map(|label| label.index).collect();
    let records = (0..company.days()).flat_map(|day| company.day(day)).filter(|record| insiders.contains(&record.employee));
    let times: Vec<(u32, i64)> = records.map(|record| (record.employee, record.time_ms)).collect();
    assert!(company.labels().len() > 40);
    for label in company.labels() {
        let inside = |(who, at): &&(u32, i64)| *who == label.index && (label.from_ms..=label.to_ms).contains(at);
        assert!(times.iter().filter(inside).count() >= 2, "{label:?}");
        assert!(label.people() > 0 || label.typology == "log_gap", "{label:?}");
    }
    assert!(company.decoys().iter().all(|decoy| !insiders.iter().any(|insider| company.key(*insider) == decoy.employee)));
}

#[test]
fn a_hard_company_of_some_size_has_every_typology_and_crowds_of_three() {
    let company = hard(1000, 60, 301);
    let assigned: BTreeSet<&str> = company.labels().iter().map(|label| label.typology).collect();
    assert_eq!(assigned, TYPOLOGIES.split_whitespace().collect::<BTreeSet<_>>());
    let crowd =
        |difficulty| company.labels().iter().filter(|label| (label.typology, label.difficulty) == ("celebrity", difficulty)).count();
    assert_eq!((crowd("obvious"), crowd("medium"), crowd("subtle")), (5, 3, 1));
    let kinds: BTreeSet<&str> = company.decoys().iter().map(|decoy| decoy.kind).collect();
    assert!(["late_hire_feed", "late_job_feed", "late_absence_feed"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

#[test]
fn insiders_of_a_hard_company_cite_reasons_and_innocent_people_forget_theirs() {
    let (easy, hard) = (company(520, 45, 3), hard(520, 45, 3));
    // The share of an insider's look-ups within the time of the label that cite something.
    let cited = |company: &Company| {
        let of = |label: &&Label| !["fabricated_business", "log_gap"].contains(&label.typology);
        let labels: BTreeMap<u32, &Label> = company.labels().iter().filter(of).map(|label| (label.index, label)).collect();
        let mut cited = BTreeSet::new();
        for episode in company.episodes.iter().filter(|episode| labels.contains_key(&episode.actor)) {
            for day in &episode.days {
                let mut log = DayLog::default();
                episode.simulate(&company.world, *day, &mut log);
                claims::cite(&company.world, episode, *day, 0, &mut log);
                if log.accesses.iter().any(|access| access.purpose.is_some()) {
                    cited.insert(episode.actor);
                }
            }
        }
        (cited.len() as f64) / labels.len() as f64
    };
    assert_eq!(cited(&easy), 0.0);
    assert!((0.3..0.8).contains(&cited(&hard)), "{}", cited(&hard));
    // People in tickets, for each person whom an employee read on a day.
    let covered = |company: &Company| {
        let explained = company.explanations(25);
        let listed = |line: &String| serde_json::from_str::<Value>(line).unwrap()["subjects"].as_array().map_or(0, Vec::len);
        let mut read = BTreeSet::new();
        for record in company.day(25) {
            let line: Value = serde_json::from_str(&record.line).unwrap();
            let subjects = line["subjects"].as_array().into_iter().flatten();
            read.extend(subjects.map(|subject| (record.employee, subject.as_str().unwrap().to_owned())));
        }
        explained.iter().map(listed).sum::<usize>() as f64 / read.len() as f64
    };
    assert!(covered(&hard) < covered(&easy) - 0.02, "{} {}", covered(&hard), covered(&easy));
    let references: BTreeSet<String> = (0..hard.days())
        .flat_map(|day| hard.explanations(day))
        .map(|line| serde_json::from_str::<Value>(&line).unwrap()["ref"].as_str().unwrap().to_owned())
        .collect();
    assert!(!references.contains(""));
    let unknown = claimed(&hard, 25).into_iter().filter_map(|(_, purpose)| purpose);
    let unknown = unknown.filter(|purpose| !references.contains(purpose.split_once(':').unwrap().1)).count();
    assert!(unknown > 20, "{unknown}");
}

#[test]
fn the_directory_of_a_hard_company_is_late_and_knows_both_logins() {
    let company = hard(1000, 60, 2);
    let (dir, _) = written(&hard(120, 12, 2));
    let accounts = lines(dir.path(), "accounts.csv");
    let logins: BTreeSet<&str> = accounts.iter().filter_map(|row| row.split(',').next()).collect();
    let mut by_login = 0;
    for line in lines(dir.path(), "access.jsonl") {
        let record: Value = serde_json::from_str(&line).unwrap();
        if record["system"] == "core" {
            assert!(logins.contains(record["account"].as_str().unwrap()), "{line}");
            by_login += 1;
        }
    }
    assert!(by_login > 100);
    let late = |of: fn(&people::LateFeed) -> bool| company.employees().iter().filter(|employee| of(&employee.late)).count();
    assert!(late(|late| late.hire > 0) > 200 && late(|late| late.job) > 200 && late(|late| late.absence > 0) > 200);
    let moved = |employee: &&Employee| employee.former.is_some_and(|_| employee.late.job);
    let moved = company.employees().iter().find(moved).unwrap();
    assert_ne!(moved.listed_role().name, moved.role().name);
}

#[test]
fn everybody_in_a_unit_with_a_quota_has_the_same_number() {
    let company = hard(600, 60, 301);
    let day = (40..60).find(|day| company.world.calendar.day(*day).kind == calendar::DayKind::Workday).unwrap();
    let mut by_person: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for record in company.day(day) {
        let line: Value = serde_json::from_str(&record.line).unwrap();
        let subjects = line["subjects"].as_array().into_iter().flatten();
        by_person.entry(record.employee).or_default().extend(subjects.map(|subject| subject.as_str().unwrap().to_owned()));
    }
    let mut numbers: BTreeMap<(u16, usize), usize> = BTreeMap::new();
    for (who, people) in by_person.iter().filter(|(who, _)| **who < 600) {
        if company.employees()[*who as usize].role_name().ends_with("agent") {
            *numbers.entry((company.employees()[*who as usize].unit, people.len())).or_default() += 1;
        }
    }
    assert!(numbers.values().any(|same| *same >= 10), "{numbers:?}");
}

#[test]
fn a_company_of_innocent_people_has_no_labels_and_says_what_befell_it() {
    for kind in Innocent::ALL {
        let company = innocent(kind, Assume::Plain);
        assert!(company.labels().is_empty() && company.episodes.iter().all(|episode| !episode.insider));
        assert!(!company.decoys().is_empty(), "{}", kind.name());
    }
    let (dir, _) = written(
        &Company::new(Options { innocent: Some(Innocent::Merger), assume: Assume::Hard, employees: 60, days: 6, ..Options::default() })
            .unwrap(),
    );
    let said: toml::Table = std::fs::read_to_string(dir.path().join("company.toml")).unwrap().parse().unwrap();
    assert_eq!((said["innocent"].as_str(), said["assume"].as_str(), said["seed"].as_integer()), (Some("merger"), Some("hard"), Some(1)));
    assert_eq!(lines(dir.path(), "labels.csv").len(), 1);
    assert_eq!(lines(dir.path(), "leaked.csv").len(), 1);
}

#[test]
fn a_vendor_sits_as_one_unit_whose_agents_meet_at_the_same_customers() {
    let company = innocent(Innocent::Vendor, Assume::Plain);
    let desk = company.world.units.len() as u16 - 1;
    let agents: BTreeSet<u32> = company.world.members[usize::from(desk)].iter().copied().collect();
    assert!(agents.len() >= 5, "{agents:?}");
    assert!(agents.iter().all(|who| company.world.employee(*who).employer == company.world.employee(*agents.first().unwrap()).employer));
    let mut readers: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for record in (0..10).flat_map(|day| company.day(day)).filter(|record| agents.contains(&record.employee)) {
        let line: Value = serde_json::from_str(&record.line).unwrap();
        for subject in line["subjects"].as_array().into_iter().flatten() {
            readers.entry(subject.as_str().unwrap().to_owned()).or_default().insert(record.employee);
        }
    }
    let met = readers.values().filter(|who| who.len() >= 2).count();
    assert!(met * 20 > readers.len() && met > 50, "{met} of {}", readers.len());
    // Most of it without a reference: their tickets are the vendor's.
    let theirs: Vec<Option<String>> =
        claimed(&company, 8).into_iter().filter(|(who, _)| agents.contains(who)).map(|(_, claim)| claim).collect();
    let cited = theirs.iter().filter(|claim| claim.is_some()).count();
    assert!(cited * 4 < theirs.len(), "{cited} of {}", theirs.len());
}

#[test]
fn a_merger_brings_staff_and_customers_at_once() {
    let company = innocent(Innocent::Merger, Assume::Plain);
    let first = assumptions::begins(30);
    let joins = |who: u32| company.world.unit_of(who).joins;
    let newcomers = (0..300).filter(|who| joins(*who)).count();
    assert!(newcomers > 20, "{newcomers}");
    let mut across = BTreeSet::new();
    for day in 0..30 {
        for record in company.day(day).iter().filter(|record| record.employee < 300) {
            assert!(day >= first || !joins(record.employee));
            let line: Value = serde_json::from_str(&record.line).unwrap();
            let of_them = |subject: &Value| {
                let customer: u32 = subject.as_str().unwrap().trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
                company.world.units.iter().any(|unit| unit.joins && unit.customers.contains(&customer))
            };
            if !joins(record.employee) && line["subjects"].as_array().into_iter().flatten().any(of_them) {
                across.insert((day >= first, record.employee));
            }
        }
    }
    assert!(across.iter().filter(|(after, _)| *after).count() > 50);
}

#[test]
fn nobody_has_a_reference_while_the_tool_for_tickets_is_down() {
    let company = innocent(Innocent::TicketOutage, Assume::Plain);
    let down: Vec<u32> = (0..30).filter(|day| upheaval::without_tickets(&company.world, *day)).collect();
    assert_eq!(down.len(), 3);
    for day in down {
        let of_people = claimed(&company, day).into_iter().filter(|(who, _)| *who < 300);
        let (mut all, mut cited) = (0, 0);
        of_people.for_each(|(_, purpose)| {
            all += 1;
            cited += usize::from(purpose.is_some());
        });
        assert!(cited == 0 && all > 1000, "{day}: {cited} of {all}");
        assert!(company.explanations(day).is_empty());
    }
    assert!(claimed(&company, 10).iter().any(|(_, purpose)| purpose.is_some()));
}

#[test]
fn in_a_migration_week_administrators_and_clerks_move_every_table_with_approval() {
    let company = innocent(Innocent::Migration, Assume::Plain);
    let first = assumptions::begins(30);
    let day = (first..30).find(|day| company.world.calendar.day(*day).kind == calendar::DayKind::Workday).unwrap();
    let moved: Vec<u32> = claimed(&company, day)
        .into_iter()
        .filter(|(_, purpose)| purpose.as_deref().is_some_and(|purpose| purpose.starts_with("batch:JOB-MOVE-")))
        .map(|(who, _)| who)
        .collect();
    let people: BTreeSet<u32> = moved.iter().copied().collect();
    assert!(people.len() > 20 && moved.len() > 200, "{} {}", people.len(), moved.len());
    let on_file = company.explanations(day).iter().filter(|line| line.contains("JOB-MOVE-")).count();
    assert_eq!(on_file, people.len());
}
