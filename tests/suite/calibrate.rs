//! Self-calibration: what is learnt is the same for the same log, finds no fewer of the planted, and is refused where there is nothing to
//! learn from or its file is not what it must be.

use crate::common::program::leakwarden;
use leakwarden::evaluate::calibrate::fit::Truth;
use leakwarden::evaluate::calibrate::learn::{Evidence, Goal, PlantedCases, learn};
use leakwarden::evaluate::calibrate::plants::block_of;
use leakwarden::evaluate::calibrate::traces::{CaseDay, CaseTrace, vector, width};
use leakwarden::evaluate::inject::strength::Strength;
use leakwarden::model::typology::Typology;
use leakwarden::random::SplitMix64;
use leakwarden::simulate::{Company, Options};
use leakwarden::triage::case::features::{CaseFeatures, Circumstance};
use leakwarden::triage::case::weights::CaseWeights;
use std::path::Path;

const GOAL: Goal = Goal { places: 3, show_at: 0.05, insiders_per_1000: 10.0 };

fn case(who: &str, day: i64, worth: &[(Typology, f64)]) -> CaseTrace {
    let mut features = vec![0.0; width()];
    for (typology, bits) in worth {
        features[*typology as usize] = *bits;
    }
    CaseTrace { who: who.to_owned(), days: vec![CaseDay { day, features, grave: false }] }
}

/// An organisation in which `off_duty` is noise and `low_and_slow` tells.
fn evidence() -> Evidence {
    let mut random = SplitMix64::new(11);
    let mut evidence = Evidence { days: (100, 129), employees: 500, ..Evidence::default() };
    for n in 0..300 {
        let who = format!("e{n}");
        let worth = [(Typology::OffDuty, 14.0 + 16.0 * random.unit()), (Typology::LowAndSlow, 4.0 * random.unit())];
        evidence.natural.push((case(&who, 100 + random.below(30) as i64, &worth), Truth::Natural));
    }
    for n in 0..90 {
        let (who, strength) = (format!("p{n}"), Strength::ALL[n % 3]);
        let worth = [(Typology::LowAndSlow, 12.0 + 6.0 * random.unit()), (Typology::OffDuty, 4.0 * random.unit())];
        let cases = vec![case(&who, 100 + random.below(30) as i64, &worth)];
        evidence.planted.push(PlantedCases { typology: Typology::LowAndSlow, strength, cases, block: block_of(&who) });
    }
    evidence
}

fn weights(of: &[(Typology, f64)]) -> CaseWeights {
    CaseWeights { bias: -9.0, worth: of.iter().copied().collect(), circumstances: [(Circumstance::Gravity, 0.3)].into() }
}

#[test]
fn what_is_noise_here_weighs_less_and_what_tells_more() {
    let shipped = weights(&[(Typology::OffDuty, 0.3), (Typology::LowAndSlow, 0.3), (Typology::Canary, 0.4)]);
    let outcome = learn(&evidence(), &shipped, &shipped, &GOAL);
    let learnt = outcome.learnt.expect("it finds more");
    assert!(learnt.weights.worth.get(&Typology::OffDuty).copied().unwrap_or(0.0) < 0.15, "{:?}", learnt.weights);
    assert!(learnt.weights.worth[&Typology::LowAndSlow] > 0.3, "{:?}", learnt.weights);
    assert_eq!(learnt.weights.worth[&Typology::Canary], 0.4, "what nothing was seen of stays");
    assert!(learnt.after.all_places.sum() > outcome.before.all_places.sum(), "{:?} {:?}", learnt.after, outcome.before);
    assert!(learnt.deviations.iter().all(|deviation| deviation.is_finite()));
    let again = learn(&evidence(), &shipped, &shipped, &GOAL).learnt.expect("as before");
    assert_eq!(again.weights.version(), learnt.weights.version());
}

#[test]
fn weights_that_find_fewer_of_those_held_out_are_not_taken() {
    // In force is what finds all of them: what is drawn to wrong weights cannot be better, and nothing worse is taken.
    let perfect = weights(&[(Typology::LowAndSlow, 1.0)]);
    let outcome = learn(&evidence(), &perfect, &weights(&[(Typology::OffDuty, 4.0)]), &GOAL);
    for (after, before) in outcome
        .learnt
        .iter()
        .flat_map(|learnt| [(learnt.after.one_place, outcome.before.one_place), (learnt.after.all_places, outcome.before.all_places)])
    {
        assert!(after.sum() >= before.sum(), "{after:?} {before:?}");
    }
    let mut misled = evidence();
    // Those who are planted look like everybody, and everybody like them: to learn that is to find fewer.
    misled.natural.iter_mut().for_each(|(trace, truth)| (trace.days[0].features, *truth) = (vec![0.0; width()], Truth::True));
    misled
        .planted
        .iter_mut()
        .flat_map(|planted| &mut planted.cases)
        .for_each(|case| case.days[0].features[Typology::Canary as usize] = 1.0);
    let outcome = learn(&misled, &perfect, &perfect, &GOAL);
    assert!(outcome.learnt.is_none_or(|learnt| learnt.after.all_places.sum() >= outcome.before.all_places.sum()));
}

#[test]
fn features_and_weights_mean_the_same_as_numbers() {
    let mut features = CaseFeatures::default();
    features.set(Circumstance::Gravity, 3.0);
    let weights = weights(&[]);
    let model = leakwarden::evaluate::calibrate::traces::model(&weights);
    assert!((model.score(&vector(&features)) - weights.log_odds(&features)).abs() < 1e-9);
    assert_eq!(leakwarden::evaluate::calibrate::traces::weights(&model), weights);
}

fn calibrate(dir: &Path, more: &[&str]) -> crate::common::program::Ran {
    leakwarden(dir, &[&["evaluate", "calibrate", "--config", "config.toml"], more].concat())
}

#[test]
fn a_company_calibrates_itself_the_same_whatever_the_threads_and_its_file_is_taken_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let company = Company::new(Options { employees: 120, days: 36, seed: 301, ..Options::default() }).expect("a company");
    company.write(dir.path()).expect("written");
    let one = calibrate(dir.path(), &["--threads", "1", "--passes", "5", "--out", "one.json", "access.jsonl"]);
    let two = calibrate(dir.path(), &["--threads", "2", "--passes", "5", "--out", "two.json", "access.jsonl"]);
    assert!(one.status == two.status && one.out == two.out, "{} {}", one.err, two.err);
    let told = String::from_utf8(one.out).expect("is text");
    assert!(told.contains("at 3 places a day") && told.contains("schemes planted"), "{told}");
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name));
    if one.status == 1 {
        assert!(one.err.contains("those stay") && read("one.json").is_err(), "{}", one.err);
        return;
    }
    assert_eq!(one.status, 0, "{}", one.err);
    let written = read("one.json").expect("written");
    assert_eq!(written, read("two.json").expect("written"));
    let version = CaseWeights::parse(&written, "one.json").expect("is valid").version();
    let config = read("config.toml").expect("there");
    std::fs::write(dir.path().join("config.toml"), config.replace("[alerts]", "[alerts]\ncalibration = \"one.json\"")).expect("written");
    let ran = leakwarden(dir.path(), &["replay", "--config", "config.toml", "--alerts", "-", "access.jsonl"]);
    let alerts = ran.lines();
    assert!(config.contains("[alerts]") && !alerts.is_empty(), "{}", ran.err);
    assert!(alerts.iter().all(|alert| alert["made_by"]["calibration"] == *version), "{version}: {}", alerts[0]["made_by"]);
}

#[test]
fn too_little_is_refused_and_so_are_files_that_are_no_weights() {
    let dir = tempfile::tempdir().expect("a directory");
    let company = Company::new(Options { employees: 6, days: 16, seed: 1, ..Options::default() }).expect("a company");
    company.write(dir.path()).expect("written");
    let ran = calibrate(dir.path(), &["--out", "w.json", "access.jsonl"]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.err.contains("too little to learn from") && !dir.path().join("w.json").exists(), "{}", ran.err);
    let ran = calibrate(dir.path(), &["--insiders-per-1000", "0", "access.jsonl"]);
    assert!(ran.status == 2 && ran.err.contains("--insiders-per-1000 must be above 0"), "{}", ran.err);
    for hostile in [
        "",
        "{}",
        "[]",
        r#"{"bias":1e999,"worth":{},"circumstances":{}}"#,
        r#"{"bias":-1,"worth":{"bulk_extract":-1},"circumstances":{}}"#,
        r#"{"bias":-1,"worth":{"bulk_extract":1e300},"circumstances":{}}"#,
        r#"{"bias":-1,"worth":{"\u001b[2J":1},"circumstances":{}}"#,
        r#"{"bias":-1,"worth":{},"circumstances":{"gravity":null}}"#,
        &"[".repeat(200_000),
    ] {
        let told = CaseWeights::parse(hostile, "c.json").expect_err("is no file of weights");
        assert!(
            told.iter().all(|problem| problem.to_string().starts_with("c.json") && !problem.to_string().contains('\u{1b}')),
            "{told:?}"
        );
    }
}
