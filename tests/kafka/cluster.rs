//! Several processes share the work, and much befalls them: they are killed, stopped past their session, told another time of day,
//! join and leave; the broker dies; a sink is slow, silent or breaks off; disks are full, caches damaged or impossible. The alerts and the
//! state are those of a run to which nothing happens.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::Cluster;
use crate::common::kafka::happening::Happening;
use crate::common::kafka::until;
use leakwarden::pipeline::failpoint::POINTS;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Kills of the short form; `LEAKWARDEN_KILLS=200` asks for more.
const KILLS: usize = 12;

/// Records come in so many pieces for each kill, so that something is on the way wherever it falls.
const PIECES: usize = 3;

#[test]
fn processes_that_share_the_work_tell_the_alerts_of_one_replay_and_topics_hold_nothing_raw() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("shared", broker.brokers(), 4);
    cluster.run.produce(0, 1);
    let expected = cluster.run.expected();
    let processes = [cluster.start(0), cluster.start(1)];
    cluster.settled(|| processes.iter().map(|process| process.log()).collect());
    let tasks: Vec<f64> = processes.iter().filter_map(|process| process.metric("leakwarden_tasks_running")).collect();
    assert_eq!(tasks.iter().sum::<f64>(), 4.0, "{tasks:?}");
    assert!(tasks.iter().all(|tasks| *tasks >= 1.0), "each has a part: {tasks:?}");
    for process in processes {
        assert!(process.stop().success());
    }
    cluster.run.holds(&expected);
    assert_eq!(cluster.run.topics.committed(&cluster.run.group, &cluster.run.topic), cluster.run.topics.ends(&cluster.run.topic));
    let subjects = cluster.run.company.subjects();
    for topic in cluster.topics() {
        for message in cluster.run.topics.read(&topic) {
            let text = [message.key, message.payload].into_iter().flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let text: String = text.collect();
            assert!(!text.contains("SELECT") && !text.contains("RAW-"), "{topic} holds a statement or a raw id");
            assert!(subjects.iter().filter(|id| id.len() > 5).all(|id| !text.contains(id.as_str())), "{topic} holds a raw id");
        }
    }
}

#[test]
fn whatever_befalls_processes_and_broker_nothing_is_lost_and_nothing_is_told_twice_in_two_ways() {
    let (Some(quiet), Some((broker, way))) = (Broker::shared(), Broker::flaky()) else { return };
    // Names of topics are part of the state: the same on both brokers.
    let peace = Cluster::new("befallen", quiet.brokers(), 4);
    peace.run.produce(0, 1);
    let process = peace.start(0);
    peace.settled(|| process.log());
    assert!(process.stop().success());
    let (told, state) = (peace.told(), peace.state());
    assert!(told.len() > 20, "{} revisions are no test", told.len());

    let trouble = Cluster::new("befallen", broker.brokers(), 4).with_pager(broker.told("FLAKY"));
    let kills = std::env::var("LEAKWARDEN_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let pieces = PIECES * kills;
    let begun = Instant::now();
    let mut happening = Happening::new(&trouble, &broker, &way, POINTS);
    let mut killed = 0;
    let mut piece = 0;
    while killed < kills || !happening.is_complete() {
        if piece < pieces {
            trouble.run.produce(piece, pieces);
            piece += 1;
        }
        killed += happening.next();
    }
    (piece..pieces).for_each(|piece| trouble.run.produce(piece, pieces));
    println!("{} in {:?}", happening.summary(), begun.elapsed());
    let processes = happening.peace();
    trouble.settled(|| processes.iter().map(|process| process.log()).collect());
    for process in processes {
        assert!(process.stop().success());
    }
    let found = trouble.told();
    let lost: Vec<_> = told.keys().filter(|key| !found.contains_key(*key)).collect();
    let more: Vec<_> = found.keys().filter(|key| !told.contains_key(*key)).collect();
    assert_eq!((lost.len(), more.len()), (0, 0), "lost {lost:?}, too much {more:?}");
    for (key, alert) in &told {
        assert_eq!(&found[key], alert, "{key:?} is another");
    }
    assert_eq!(trouble.state(), state, "the state is another");
    assert_eq!(trouble.paged(), found, "what the one sink was told the other was told as well");
}

#[test]
fn each_process_tells_how_far_its_employees_days_were_evaluated_as_one_replay_does() {
    let Some(broker) = Broker::shared() else { return };
    let mut cluster = Cluster::new("covered", broker.brokers(), 4);
    // What nobody can read is held against those whose source it is from.
    let log = &mut cluster.run.company.partitions[1];
    let middle = log.len() / 2;
    log.insert(middle, r#"{"time": "no time", "employee": 7"#.to_owned());
    cluster.run.produce(0, 1);
    cluster.run.expected();
    let processes = [cluster.start(0), cluster.start(1)];
    cluster.settled(|| processes.iter().map(|process| process.log()).collect());
    let mut compared = 0;
    let measured: f64 = processes.iter().filter_map(|process| process.metric("leakwarden_detection_latency_seconds_count")).sum();
    assert!(measured > 0.0, "latency is measured in a cluster as well");
    let mut dead = 0;
    let mut by_day: BTreeMap<String, BTreeMap<String, serde_json::Value>> = BTreeMap::new();
    for row in cluster.run.company.coverage() {
        let name = format!("{}{}", row["employee"], row["account"]);
        by_day.entry(row["day"].as_str().expect("a day").to_owned()).or_default().insert(name, row);
    }
    for (day, expected) in by_day {
        let mut found = BTreeMap::new();
        let mut tasks = Vec::new();
        for process in &processes {
            let (status, text) = process.get(&format!("/coverage?day={day}&limit=1000")).expect("an answer");
            assert_eq!(status, 200, "{text}");
            let page: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(page["next"], serde_json::Value::Null);
            assert_eq!(page["tasks"]["all"], 4);
            tasks.extend(page["tasks"]["here"].as_array().expect("tasks").clone());
            for row in page["employees"].as_array().expect("rows") {
                let known = found.insert(format!("{}{}", row["employee"], row["account"]), row.clone());
                assert!(known.is_none(), "two processes tell of one employee: {row}");
            }
        }
        assert_eq!(tasks.len(), 4, "{tasks:?}");
        // The replay has come to its end; the service waits for more.
        for (name, row) in expected.iter().filter(|(name, _)| found.get(*name).is_some_and(|row| row["settled"] == true)) {
            assert_eq!(&found[name], row);
            compared += 1;
            dead += usize::from(row["reasons"].to_string().contains("dead_letters"));
        }
        let more = found.iter().find(|(name, row)| row["settled"] == true && !expected.contains_key(*name));
        assert_eq!(more, None, "{day}");
    }
    assert!(compared > 100 && dead > 0, "{compared} days compared, {dead} with dead letters");
    for process in processes {
        assert!(process.stop().success());
    }
}

#[test]
fn a_new_cluster_shows_at_once_what_settles_later() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("fresh", broker.brokers(), 4);
    let process = cluster.start(0);
    process.ready();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let people: Vec<String> = (0..3_000).map(|n| format!("\"{n}\"")).collect();
    let record = format!(
        r#"{{"time":{now},"id":"a","employee":"X","objects":[{{"table":"crm.customers","columns":["name","phone"]}}],"subjects":[{}]}}"#,
        people.join(",")
    );
    cluster.run.topics.produce(&cluster.run.topic, 0, [record]);
    let shown = || cluster.run.told().iter().any(|alert| alert["employee"] == "X" && alert["settled"] == false);
    until("it is shown long before its hour is over", shown, || process.log());
    assert!(process.stop().success());
}

#[test]
fn a_restart_under_the_same_name_moves_no_task() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("static", broker.brokers(), 4);
    cluster.run.produce(0, 2);
    let (first, second) = (cluster.start_named(0, "one"), cluster.start_named(1, "two"));
    let running = |process: &crate::common::kafka::service::Service| process.metric("leakwarden_tasks_running").unwrap_or(0.0);
    until("both have tasks", || running(&first) + running(&second) == 4.0 && running(&first) > 0.0, || first.log() + &second.log());
    let before = running(&second);
    first.kill();
    let first = cluster.start_named(0, "one");
    std::thread::sleep(Duration::from_secs(1));
    until("it has its tasks again", || running(&first) + running(&second) == 4.0, || first.log() + &second.log());
    assert_eq!(running(&second), before);
    assert!(!second.log().contains("taken for dead"));
}

#[test]
fn topics_that_do_not_fit_are_refused_with_their_name_and_rule() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("misfit", broker.brokers(), 4);
    cluster.run.topics.create("misfit.own.state", 3, &[("cleanup.policy", "compact")]);
    let mut process = cluster.start(0);
    assert!(!process.ended().success());
    let log = process.log();
    assert!(log.contains("topic misfit.own.state: must have 5 partitions to go with the others, got 3: tasks is fixed once there is state; cluster.tasks = 2 goes with it"), "{log}");
    let cluster = Cluster::new("forgetful", broker.brokers(), 4);
    cluster.run.topics.create("forgetful.own.state", 5, &[("cleanup.policy", "delete")]);
    let mut process = cluster.start(0);
    assert!(!process.ended().success());
    assert!(process.log().contains("topic forgetful.own.state: cleanup.policy must be compact"), "{}", process.log());
}
