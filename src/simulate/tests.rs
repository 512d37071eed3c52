//! Tests of the company as a whole: what a reader of its files relies on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::*;

pub(crate) fn company(employees: u32, days: u32, seed: u64) -> Company {
    Company::new(Options { employees, days, seed, ..Options::default() }).unwrap()
}

/// The hash of every file, by name.
pub(crate) fn written(company: &Company) -> (tempfile::TempDir, BTreeMap<String, blake3::Hash>) {
    let dir = tempfile::tempdir().unwrap();
    company.write(dir.path()).unwrap();
    let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), blake3::hash(&std::fs::read(entry.path()).unwrap()))
    });
    let hashes = files.collect();
    (dir, hashes)
}

pub(crate) fn lines(dir: &Path, name: &str) -> Vec<String> {
    std::fs::read_to_string(dir.join(name)).unwrap().lines().map(str::to_owned).collect()
}

fn ms(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[test]
fn one_seed_gives_the_same_bytes_and_another_gives_others() {
    let hashes = |seed| written(&company(60, 8, seed)).1;
    let first = hashes(1);
    assert_eq!(first.len(), 13);
    assert_eq!(first, hashes(1));
    let other = hashes(2);
    assert!(["access.jsonl", "employees.csv", "labels.csv", "subjects.csv"].iter().all(|name| first[*name] != other[*name]));
}

#[test]
fn the_bytes_are_those_of_the_day_they_were_first_made() {
    let text: String = company(60, 8, 1).day(3).into_iter().map(|record| record.line).collect();
    // Changes with the simulator's rules only: on another machine, or with another compiler, a change is a fault.
    assert_eq!(blake3::hash(text.as_bytes()).to_hex().as_str()[..16], *"0f49437b4e85079a");
}

#[test]
fn the_log_is_canonical_unique_and_in_order_of_time() {
    let (dir, _) = written(&company(80, 10, 3));
    let mut ids = BTreeSet::new();
    let mut before = 0;
    for line in lines(dir.path(), "access.jsonl") {
        let record: Value = serde_json::from_str(&line).unwrap();
        let time = ms(record["time"].as_str().unwrap());
        assert!(time >= before, "{line}");
        before = time;
        assert!(record["employee"].is_string() != record["account"].is_string(), "{line}");
        assert!(ids.insert(record["id"].as_str().unwrap().to_owned()), "{line}");
        for field in ["session", "system", "operation", "outcome"] {
            assert!(record[field].is_string(), "{field}: {line}");
        }
        for field in ["ip", "host", "app"] {
            assert!(record["client"][field].is_string(), "{field}: {line}");
        }
        if let Some(subjects) = record["subjects"].as_array() {
            let distinct: BTreeSet<_> = subjects.iter().map(|subject| subject.as_str().unwrap()).collect();
            assert_eq!(distinct.len(), subjects.len(), "{line}");
            assert!(record["rows"].as_u64().unwrap() >= subjects.len() as u64, "{line}");
        }
        assert!(record["objects"].is_array() || record["statement"].is_string() || record["operation"] == "login", "{line}");
    }
    assert!(ids.len() > 10_000);
}

#[test]
fn a_day_made_alone_is_that_day_of_the_whole() {
    let whole = company(60, 9, 1);
    let (dir, _) = written(&whole);
    let (from, to) = whole.bounds_ms(7);
    let of_day: Vec<String> = lines(dir.path(), "access.jsonl")
        .into_iter()
        .filter(|line| (from..to).contains(&ms(serde_json::from_str::<Value>(line).unwrap()["time"].as_str().unwrap())))
        .collect();
    let alone: Vec<SimRecord> = company(60, 9, 1).day(7);
    assert_eq!(alone.iter().map(|record| record.line.clone()).collect::<Vec<_>>(), of_day);
    assert!(
        alone.iter().all(|record| record.time_ms == ms(serde_json::from_str::<Value>(&record.line).unwrap()["time"].as_str().unwrap()))
    );
    assert!(alone.iter().all(|record| record.line.contains(&format!("\"{}\"", actor_of(&whole, record.employee)))));
}

fn actor_of(company: &Company, index: u32) -> &str {
    match company.employees().get(index as usize) {
        Some(employee) if employee.by_account => &employee.account,
        Some(_) | None => company.key(index),
    }
}

#[test]
fn every_label_has_its_insider_and_accesses_in_its_time() {
    let company = company(520, 45, 1);
    let insiders: BTreeSet<u32> = company.labels().iter().map(|label| label.index).collect();
    let records = (0..company.days()).flat_map(|day| company.day(day)).filter(|record| insiders.contains(&record.employee));
    let times: Vec<(u32, i64)> = records.map(|record| (record.employee, record.time_ms)).collect();
    for label in company.labels() {
        assert_eq!(company.employees()[label.index as usize].id(), label.employee);
        let inside = |(who, at): &&(u32, i64)| *who == label.index && (label.from_ms..=label.to_ms).contains(at);
        assert!(times.iter().filter(inside).count() >= 2, "{label:?}");
        assert!(label.leaks.iter().all(|(at, _)| (label.from_ms..=label.to_ms).contains(at)), "{label:?}");
        assert!(label.people() > 0 || label.typology == "log_gap", "{label:?}");
    }
}

/// The names of the contract's list.
pub(crate) const TYPOLOGIES: &str = "bulk_extract low_and_slow subscription_harvest enumeration tool_driven list_matching lookup_to_order \
    dossier_assembly fabricated_business out_of_territory borrowed_account shared_privilege ghost_leaver off_duty role_without_need \
    segment_skim tracked_person celebrity control_change_then_lookup privileged_bypass log_gap threshold_hugging splitting_collusion \
    vendor_cohort canary departure_hoarding";

#[test]
fn a_company_of_some_size_has_every_typology_in_three_difficulties() {
    assert_eq!(
        misuse::SCENARIOS.iter().map(|scenario| scenario.name).collect::<Vec<_>>(),
        TYPOLOGIES.split_whitespace().collect::<Vec<_>>()
    );
    for (employees, seed) in [(1000, 1), (2000, 2), (2000, 3)] {
        let company = company(employees, 90, seed);
        let assigned: BTreeSet<(&str, &str)> = company.labels().iter().map(|label| (label.typology, label.difficulty)).collect();
        for typology in TYPOLOGIES.split_whitespace() {
            for difficulty in ["obvious", "medium", "subtle"] {
                assert!(assigned.contains(&(typology, difficulty)), "{employees} {seed}: {typology} {difficulty}");
            }
        }
        let fresh = company.labels().iter().filter(|label| company.employees()[label.index as usize].hired > 0).count();
        assert!(fresh >= 2, "{fresh}");
    }
}

#[test]
fn even_a_small_company_has_some_insiders_and_history_before() {
    for (employees, days) in [(50, 60), (50, 10), (120, 20)] {
        for seed in 1..6 {
            let company = company(employees, days, seed);
            let typologies: BTreeSet<&str> = company.labels().iter().map(|label| label.typology).collect();
            assert!(typologies.len() >= 3, "{employees} {days} {seed}: {typologies:?}");
            let quiet = company.bounds_ms(if days >= 30 { 20 } else { days / 3 }).0;
            assert!(company.labels().iter().all(|label| label.from_ms >= quiet));
        }
    }
}

#[test]
fn insiders_of_the_last_day_are_active_on_it() {
    for days in [2, 60] {
        let options = Options { employees: 300, days, insider_on_last_day: true, ..Options::default() };
        let company = Company::new(options).unwrap();
        let (from, to) = company.bounds_ms(days - 1);
        let active: BTreeSet<&str> =
            company.labels().iter().filter(|label| (from..to).contains(&label.to_ms)).map(|label| label.typology).collect();
        assert!(active.len() >= 21, "{days}: {active:?}");
    }
}

#[test]
fn nobody_is_both_insider_and_look_alike_and_only_insiders_and_jobs_touch_canaries() {
    let company = company(520, 40, 5);
    let insiders: BTreeSet<&str> = company.labels().iter().map(|label| &*label.employee).collect();
    assert_eq!(insiders.len(), company.labels().len());
    assert!(insiders.len() > 40);
    assert!(company.decoys().iter().all(|decoy| !insiders.contains(&*decoy.employee)));
    let kinds: BTreeSet<&str> = company.decoys().iter().map(|decoy| decoy.kind).collect();
    assert_eq!(kinds.len(), innocent::SCENARIOS.len(), "{kinds:?}");
    let canaries: BTreeSet<String> = company.canaries().into_iter().collect();
    let mut touched = BTreeSet::new();
    for day in 0..company.days() {
        for record in company.day(day) {
            let line: Value = serde_json::from_str(&record.line).unwrap();
            let subjects = line["subjects"].as_array().into_iter().flatten();
            if subjects.filter_map(Value::as_str).any(|subject| canaries.contains(subject)) {
                touched.insert(company.key(record.employee).to_owned());
            }
        }
    }
    let mut expected: BTreeSet<String> =
        company.labels().iter().filter(|label| label.typology == "canary").map(|label| label.employee.clone()).collect();
    expected.insert(services::DEDUPLICATION.to_owned());
    assert_eq!(touched, expected);
}

#[test]
fn a_claimed_purpose_covers_its_access_where_it_is_on_file_as_most_are() {
    let company = company(150, 30, 2);
    let reasons: Vec<Value> = (0..30).flat_map(|day| company.explanations(day)).map(|line| serde_json::from_str(&line).unwrap()).collect();
    let by_ref: BTreeMap<&str, &Value> = reasons.iter().map(|reason| (reason["ref"].as_str().unwrap(), reason)).collect();
    assert_eq!(by_ref.len(), reasons.len(), "references are unique");
    let (mut claims, mut unverified) = (0, 0);
    for record in (0..30).flat_map(|day| company.day(day)) {
        let line: Value = serde_json::from_str(&record.line).unwrap();
        let Some((kind, reference)) = line["purpose"].as_str().and_then(|purpose| purpose.split_once(':')) else { continue };
        claims += 1;
        let Some(reason) = by_ref.get(reference) else {
            unverified += 1;
            continue;
        };
        assert!(reason["reason"] == kind || kind == "application");
        assert!(ms(reason["from"].as_str().unwrap()) <= record.time_ms && record.time_ms <= ms(reason["to"].as_str().unwrap()));
        if let Some(covered) = reason["subjects"].as_array() {
            assert!(line["subjects"].as_array().unwrap().iter().all(|subject| covered.contains(subject)));
        }
    }
    assert!(claims > 10_000);
    assert!(unverified * 10 < claims && unverified > 0, "{unverified} of {claims}");
}

#[test]
fn people_stay_silent_before_they_come_and_after_they_go_unless_they_are_ghosts() {
    let company = company(520, 50, 1);
    let ghosts: BTreeSet<u32> = company.labels().iter().filter(|label| label.typology == "ghost_leaver").map(|label| label.index).collect();
    // The personnel office does not know yet that they stay.
    let stays: BTreeSet<&str> =
        company.decoys().iter().filter(|decoy| decoy.kind == "late_hr_feed").map(|decoy| &*decoy.employee).collect();
    let mut silent = 0;
    for day in 0..company.days() {
        for record in company.day(day) {
            if let Some(employee) = company.employees().get(record.employee as usize)
                && !employee.employed(day as i32)
            {
                assert!(ghosts.contains(&record.employee) || stays.contains(employee.id()), "{} on {}", employee.id(), company.date(day));
                silent += 1;
            }
        }
    }
    assert!(silent > 0);
}

/// Look-alikes whose reason is not on file but in the directory, in the crowd, or in the habit.
const WITHOUT_REASONS: [&str; 9] = [
    "handing_over",
    "unapproved_campaign",
    "role_change",
    "remote_work",
    "month_end",
    "new_hire",
    "night_rota",
    "heavy_role",
    "deduplication",
];

#[test]
fn look_alikes_have_reasons_on_file_and_insiders_have_none() {
    let company = company(800, 90, 4);
    let insiders: BTreeSet<u32> = company.labels().iter().map(|label| label.index).collect();
    for episode in &company.episodes {
        let mut log = DayLog::default();
        episode.days.iter().for_each(|day| episode.simulate(&company.world, *day, &mut log));
        let (name, filed) = (episode.scenario.name, !log.reasons.is_empty());
        if insiders.contains(&episode.actor) {
            assert!(!filed, "{name}");
        } else if !WITHOUT_REASONS.contains(&name) {
            assert!(filed, "{name}");
        }
    }
}

#[test]
fn insiders_use_no_machine_or_program_that_honest_people_do_not_use() {
    let company = company(400, 45, 2);
    let insiders: BTreeSet<u32> = company.labels().iter().map(|label| label.index).collect();
    let (mut honest, mut odd) = (BTreeSet::new(), BTreeSet::new());
    for record in (0..company.days()).flat_map(|day| company.day(day)) {
        let line: Value = serde_json::from_str(&record.line).unwrap();
        let host = line["client"]["host"].as_str().unwrap().split('-').next().unwrap().to_owned();
        let of = if insiders.contains(&record.employee) { &mut odd } else { &mut honest };
        of.insert(line["client"]["app"].as_str().unwrap().to_owned());
        of.insert(host);
    }
    odd.remove("pg_dump");
    let alone: Vec<_> = odd.difference(&honest).collect();
    assert!(alone.is_empty(), "{alone:?}");
}

#[test]
fn an_outage_silences_a_unit_and_the_next_day_makes_up_for_it() {
    let company = company(400, 60, 1);
    let world = &company.world;
    let lookups = |unit: u16, day: u32| {
        let of_unit = |record: &&SimRecord| company.employees().get(record.employee as usize).is_some_and(|employee| employee.unit == unit);
        company.day(day).iter().filter(of_unit).count()
    };
    let outages: Vec<(u16, u32)> = (0..world.units.len() as u16)
        .filter(|unit| world.members[usize::from(*unit)].len() > 15)
        .flat_map(|unit| (8..50).map(move |day| (unit, day)))
        .filter(|(unit, day)| routine::outage(world, *unit, *day))
        .collect();
    assert!(!outages.is_empty());
    for (unit, day) in outages {
        assert!(lookups(unit, day) * 10 < lookups(unit, day - 7).max(50), "{unit} {day}");
    }
}

#[test]
fn the_tables_and_the_configuration_are_read_by_their_parsers() {
    let company = Company::new(Options { employees: 60, days: 30, all_owners: true, ..Options::default() }).unwrap();
    let (dir, _) = written(&company);
    for name in ["catalog.toml", "config.toml"] {
        toml::from_str::<toml::Table>(&std::fs::read_to_string(dir.path().join(name)).unwrap()).unwrap();
    }
    assert_eq!(lines(dir.path(), "subjects.csv").len(), 6001);
    assert_eq!(lines(dir.path(), "employees.csv").len(), 61);
    assert_eq!(lines(dir.path(), "labels.csv").len(), 1 + company.labels().len());
    assert!(lines(dir.path(), "calendar.csv").is_empty() || lines(dir.path(), "calendar.csv")[0] == "date,kind");
}

#[test]
fn options_out_of_range_are_refused_with_name_and_value() {
    let refuse = |options: Options| Company::new(options).err().unwrap().to_string();
    assert_eq!(refuse(Options { employees: 0, ..Options::default() }), "simulate: employees must be from 1 to 200000, got 0");
    assert_eq!(
        refuse(Options { zone: "Nowhere".into(), ..Options::default() }),
        "simulate: zone must be a time zone of the IANA database, got Nowhere"
    );
    for (employees, days) in [(1, 1), (5, 3), (13, 1)] {
        company(employees, days, 1).day(0);
    }
}
