//! Records from a topic give the alerts that the same records give as files, and nothing raw leaves.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::run::Run;
use crate::common::kafka::skipped;
use crate::common::program::json_lines;
use std::process::Command;

#[test]
fn a_topic_of_four_partitions_gives_the_alerts_of_four_files() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("files", broker.brokers());
    run.produce(0, 1);
    let service = run.start();
    let expected = run.expected();
    service.ready();
    run.committed(&service);
    assert!(service.stop().success());
    run.holds(&expected);
    assert_eq!(run.topics.committed(&run.group, &run.topic), run.topics.ends(&run.topic));
    run.commits_lie_in_the_state();
}

#[test]
fn what_cannot_be_decoded_goes_to_the_dead_letters_and_nothing_raw_leaves() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("raw", broker.brokers());
    let garbage = [r#"{"time":"yesterday","account":"RAW-GARBAGE"}"#, "RAW-GARBAGE", "{\"RAW-GARBAGE\":"];
    run.produce(0, 2);
    let middle = run.topics.ends(&run.topic);
    run.topics.produce(&run.topic, 2, garbage);
    run.produce(1, 2);
    let service = run.start();
    service.ready();
    run.committed(&service);
    assert_eq!(dead_letters(&service.get("/metrics").expect("metrics").1), garbage.len() as f64);
    let log = service.log();
    assert!(service.stop().success());

    let letters = std::fs::read(run.company.dir().join("dead-letters.jsonl")).expect("dead letters");
    let letters = json_lines(&letters);
    let places: Vec<_> =
        letters.iter().map(|letter| (letter["source"].clone(), letter["position"].clone(), letter["length"].clone())).collect();
    let expected =
        garbage.iter().zip(middle[&2]..).map(|(text, offset)| (format!("{}/2", run.topic).into(), offset.into(), text.len().into()));
    assert_eq!(places, expected.collect::<Vec<_>>());
    assert!(letters.iter().all(|letter| letter["reason"].as_str().is_some_and(|reason| !reason.is_empty())), "{letters:?}");

    let mut written = log + &letters.iter().map(ToString::to_string).collect::<String>();
    for topic in run.topics.names().iter().filter(|name| name.starts_with("raw.") && **name != run.topic) {
        for message in run.topics.read(topic) {
            written += &String::from_utf8_lossy(&message.key.unwrap_or_default());
            written += &String::from_utf8_lossy(&message.payload.unwrap_or_default());
        }
    }
    assert!(written.contains("hz0006") || written.contains("E0006"), "the one who was looking is named");
    let raw = run.company.subjects();
    assert!(raw.len() > 1_000);
    assert_eq!(raw.iter().filter(|subject| written.contains(subject.as_str())).collect::<Vec<_>>(), Vec::<&String>::new());
    for text in ["SELECT name", "RAW-"] {
        assert!(!written.contains(text), "{text}");
    }
}

#[test]
fn other_programs_read_the_alerts_by_their_ids() {
    let Some(broker) = Broker::shared() else { return };
    if Command::new("kcat").arg("-V").output().is_err() {
        return skipped("no kcat here");
    }
    let run = Run::new("kcat", broker.brokers());
    run.produce(0, 1);
    let service = run.start();
    service.ready();
    run.committed(&service);
    assert!(service.stop().success());
    let kcat = Command::new("kcat")
        .args(["-C", "-b", broker.brokers(), "-t", &run.alerts, "-o", "beginning", "-e", "-q", "-f", "%k\\t%s\\n"])
        .output()
        .expect("kcat runs");
    assert!(kcat.status.success(), "{}", String::from_utf8_lossy(&kcat.stderr));
    let text = String::from_utf8(kcat.stdout).expect("UTF-8");
    assert!(text.lines().count() >= 5, "{text}");
    for line in text.lines() {
        let (key, alert) = line.split_once('\t').expect("key and alert");
        let alert: serde_json::Value = serde_json::from_str(alert).expect("JSON on one line");
        assert_eq!(alert["id"], key);
    }
}

/// How many records became dead letters, as the metrics say.
fn dead_letters(metrics: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with("leakwarden_records_total") && line.contains("outcome=\"dead_letter\""));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}
