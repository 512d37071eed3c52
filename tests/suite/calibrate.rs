//! Self-calibration: what is learnt is the same for the same log, finds no fewer of the planted, and is refused where there is nothing to
//! learn from or its file is not what it must be.

use crate::common::program::leakwarden;
use leakwarden::evaluate::calibrate::effect::Goal;
use leakwarden::evaluate::calibrate::evidence::{Evidence, PlantedCases};
use leakwarden::evaluate::calibrate::fit::{Truth, block_of};
use leakwarden::evaluate::calibrate::learn::learn;
use leakwarden::evaluate::calibrate::traces::{CaseDay, CaseTrace, vector, width};
use leakwarden::evaluate::inject::strength::Strength;
use leakwarden::model::typology::Typology;
use leakwarden::random::SplitMix64;
use leakwarden::simulate::{Company, Options};
use leakwarden::triage::case::features::{CaseFeatures, Circumstance};
use leakwarden::triage::case::weights::CaseWeights;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::path::Path;
use std::time::Duration;

const GOAL: Goal = Goal { places: 3, show_at: 0.05, insiders_per_1000: 10.0 };

fn case(who: &str, day: i64, worth: &[(Typology, f64)]) -> CaseTrace {
    let mut features = vec![0.0; width()];
    for (typology, bits) in worth {
        features[*typology as usize] = *bits;
    }
    CaseTrace { who: who.to_owned(), members: [who.to_owned()].into(), days: vec![CaseDay { day, features, grave: false }] }
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
        let day = 100 + random.below(30) as i64;
        let cases = vec![case(&who, day, &worth)];
        evidence.planted.push(PlantedCases { typology: Typology::LowAndSlow, strength, cases, block: block_of(day, evidence.days) });
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

/// Insiders of a part of the time do what those of no other part do: whoever learns by the others has never seen it.
fn something_else_each_time() -> (Evidence, CaseWeights) {
    const KINDS: [Typology; 5] =
        [Typology::Canary, Typology::Enumeration, Typology::TrackedPerson, Typology::SegmentSkim, Typology::ListMatching];
    let mut evidence = evidence();
    for (n, planted) in evidence.planted.iter_mut().enumerate() {
        let day = 100 + (n % 30) as i64;
        planted.block = block_of(day, evidence.days);
        planted.cases = vec![case(&format!("p{n}"), day, &[(KINDS[usize::from(planted.block)], 15.0)])];
    }
    (evidence, weights(&KINDS.map(|kind| (kind, 1.0))))
}

#[test]
fn weights_that_find_fewer_of_those_held_out_are_not_taken() {
    let (evidence, knows_all) = something_else_each_time();
    let outcome = learn(&evidence, &knows_all, &weights(&[(Typology::OffDuty, 0.4)]), &GOAL);
    assert_eq!(outcome.before.at_threshold.sum(), 90, "what is in force shows all: {:?}", outcome.before);
    assert!(outcome.learnt.is_none(), "and stays: {:?}", outcome.learnt);
    let outcome = learn(&evidence, &weights(&[(Typology::OffDuty, 0.4)]), &knows_all, &GOAL);
    assert!(outcome.learnt.is_some_and(|learnt| learnt.after.at_threshold.sum() == 90), "where they ship they are found again");
}

#[test]
fn nothing_is_taken_that_shows_fewer_of_those_held_out_or_more_of_the_natural_ones_whatever_the_threshold() {
    let shipped = weights(&[(Typology::OffDuty, 0.3), (Typology::LowAndSlow, 0.3)]);
    for (bias, show_at) in [(-14.0, 0.05), (-9.0, 0.2), (-5.0, 0.5), (-3.0, 0.9)] {
        let in_force = CaseWeights { bias, ..shipped.clone() };
        for insiders_per_1000 in [0.1, 10.0, 300.0] {
            let outcome = learn(&evidence(), &in_force, &shipped, &Goal { show_at, insiders_per_1000, ..GOAL });
            let before = &outcome.before;
            let after = outcome.learnt.expect("the noise can be told from what tells").after;
            assert!(after.at_threshold.sum() >= before.at_threshold.sum() && after.shown <= before.shown, "{after:?} {before:?}");
            assert!(after.one_place.sum() >= before.one_place.sum() && after.all_places.sum() >= before.all_places.sum());
        }
    }
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

/// Weights by which nothing is worth a look.
const BLIND: &str = r#"{"bias":-20,"worth":{},"circumstances":{}}"#;

fn read(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).expect("is there")
}

#[test]
fn a_company_calibrates_itself_the_same_whatever_the_threads_and_the_source_and_its_file_is_taken_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let with = |plain: &str, file: &str| plain.replace("[alerts]", &format!("[alerts]\ncalibration = \"{file}\""));
    // So small a company may teach nothing that finds as many of what is held out: then what is in force stays, and another is tried.
    let learns = |seed: u64| {
        let company = Company::new(Options { employees: 100, days: 32, seed, ..Options::default() }).expect("a company");
        company.write(dir).expect("written");
        let plain = read(dir, "config.toml");
        std::fs::write(dir.join("blind.json"), BLIND).expect("written");
        std::fs::write(dir.join("config.toml"), with(&plain, "blind.json")).expect("written");
        let ran = calibrate(dir, &["--threads", "1", "--passes", "3", "--out", "one.json", "access.jsonl"]);
        if ran.status == 0 {
            return Some((plain, ran));
        }
        assert!(ran.err.contains("finds fewer of the planted") && !dir.join("one.json").exists(), "{}", ran.err);
        None
    };
    let (plain, one) = (306..311).find_map(learns).expect("one of five companies teaches something");
    let with = |file: &str| with(&plain, file);
    // Without files: those of the configured source.
    let two = calibrate(dir, &["--threads", "2", "--passes", "3", "--out", "two.json"]).well();
    assert!(one.out == two.out, "{} {}", one.err, two.err);
    let told = String::from_utf8(one.out.clone()).expect("is text");
    for part in ["at 3 places a day", "schemes planted", "expected share of true ones", "missed"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let written = read(dir, "one.json");
    assert_eq!(written, read(dir, "two.json"));
    let version = CaseWeights::parse(&written, "one.json").expect("is valid").version();
    std::fs::write(dir.join("config.toml"), with("one.json")).expect("written");
    let ran = leakwarden(dir, &["replay", "--config", "config.toml", "--alerts", "-", "access.jsonl"]);
    let alerts = ran.lines();
    assert!(!alerts.is_empty(), "{}", ran.err);
    assert!(alerts.iter().all(|alert| alert["made_by"]["calibration"] == *version), "{version}: {}", alerts[0]["made_by"]);
    assert!(ran.err.contains("held against it does not show"), "{}", ran.err);
    let file = "kind = \"file\"\npath = \"access.jsonl\"\n";
    assert!(plain.contains(file), "{plain}");
    let (mock, topic) = topic(&read(dir, "access.jsonl"));
    std::fs::write(dir.join("config.toml"), with("blind.json").replace(file, &topic)).expect("written");
    let of_topic = calibrate(dir, &["--kafka", "db.access", "--passes", "3", "--out", "topic.json"]).well();
    assert_eq!(String::from_utf8(of_topic.out).expect("is text"), told);
    assert_eq!(read(dir, "topic.json"), written);
    drop(mock);
}

/// The records in a topic, those of one employee in one partition, and the lines of the source that reads it. A broker of this kind keeps five
/// megabytes of each partition.
fn topic(records: &str) -> (MockCluster<'static, rdkafka::producer::DefaultProducerContext>, String) {
    const PARTITIONS: i32 = 64;
    let mock = MockCluster::new(1).expect("a cluster");
    mock.create_topic("db.access", PARTITIONS, 1).expect("a topic");
    let mut client = rdkafka::ClientConfig::new();
    client.set("bootstrap.servers", mock.bootstrap_servers()).set("queue.buffering.max.messages", "1000000");
    let producer: BaseProducer = client.create().expect("a producer");
    let mut bytes = [0; PARTITIONS as usize];
    for record in records.lines() {
        let value: serde_json::Value = serde_json::from_str(record).expect("is JSON");
        let who = value["employee"].as_str().or(value["account"].as_str()).unwrap_or_default();
        let partition = who.bytes().fold(0, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % PARTITIONS as u32;
        bytes[partition as usize] += record.len();
        producer.send(BaseRecord::<(), _>::to("db.access").partition(partition as i32).payload(record)).expect("is queued");
    }
    assert!(bytes.iter().all(|bytes| *bytes < 4 << 20), "{bytes:?}");
    producer.flush(Duration::from_secs(60)).expect("acknowledged");
    let source = format!("kind = \"kafka\"\nbrokers = \"{}\"\ntopics = [\"db.access\"]\n", mock.bootstrap_servers());
    (mock, source)
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
