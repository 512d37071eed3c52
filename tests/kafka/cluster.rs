//! Several processes share the work, and much befalls them: they are killed, stopped past their session, told another time of day,
//! join and leave; the broker dies; a sink is slow, silent or breaks off; disks are full, caches damaged or impossible. The alerts and the
//! state are those of a run to which nothing happens.

use crate::common::kafka::alerts::{contradictions, differences, wherever};
use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::Cluster;
use crate::common::kafka::flaky::Flaky;
use crate::common::kafka::happening::Happening;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use leakwarden::failpoint::POINTS;
use leakwarden::model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

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
    let running = || -> Vec<f64> { processes.iter().filter_map(|process| process.metric("leakwarden_tasks_running")).collect() };
    let share = |tasks: &[f64]| tasks.iter().sum::<f64>() == 4.0 && tasks.iter().all(|tasks| *tasks >= 1.0);
    until("each has a part", || share(&running()), || format!("{:?}", running()));
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
    let processes = befallen(&trouble, &broker, &way, kills(), 0);
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

/// A topic that is deleted and made anew when all of it was read begins at offset 0, and brokers forget what was committed of it: each
/// record counts once all the same. What the topic held, and was not read when it was deleted, is nowhere: so it has been read here.
#[test]
fn whatever_befalls_and_however_often_the_topic_is_made_anew_each_record_counts_once() {
    remade("remade", kills() / 2, 2);
}

/// The long form of it, with one topic made anew in sixteen kills.
#[test]
#[ignore = "half an hour"]
fn two_hundred_kills() {
    let kills = if std::env::var_os("LEAKWARDEN_KILLS").is_some() { kills() } else { 200 };
    remade("two-hundred", kills, kills.div_ceil(16));
}

/// So many kills, and so often the topic is made anew, beside all else that befalls.
fn remade(name: &str, kills: usize, made_anew: usize) {
    let Some((broker, way)) = Broker::flaky() else { return };
    let mut trouble = Cluster::new(name, broker.brokers(), 4).with_pager(broker.told("FLAKY"));
    trouble.run.company.beat();
    let expected = wherever(trouble.run.expected());
    let processes = befallen(&trouble, &broker, &way, kills, made_anew);
    trouble.settled(|| processes.iter().map(|process| process.log()).collect());
    for process in processes {
        assert!(process.stop().success());
    }
    let told = trouble.run.told();
    println!("{} revisions told, {} alerts settled", told.len(), expected.len());
    assert_eq!(contradictions(&told), []);
    assert_eq!(differences(&expected, &wherever(trouble.run.settled(told))), Vec::<String>::new());
    assert_eq!(trouble.paged(), trouble.told(), "what the one sink was told the other was told as well");
}

fn kills() -> usize {
    std::env::var("LEAKWARDEN_KILLS").map_or(KILLS, |text| text.parse().expect("a number"))
}

/// All records are produced, piece by piece, while much befalls those who read them: so many kills, and so often the topic is made anew.
/// Those who run when it is over.
fn befallen(trouble: &Cluster, broker: &Broker, way: &Flaky, kills: usize, made_anew: usize) -> Vec<Service> {
    // Those far ahead of the last one wait for it, and not all that a topic holds is read then.
    let company = &trouble.run.company;
    let pieces = if made_anew > 0 { company.cut_by_time(PIECES * kills) } else { company.cut_by_count(PIECES * kills) };
    let mut pieces = pieces.iter();
    let begun = Instant::now();
    let mut happening = Happening::new(trouble, broker, way, POINTS);
    let (mut killed, mut anew, mut told) = (0, 0, 0);
    while killed < kills || !happening.is_complete() || anew < made_anew {
        if anew < made_anew && killed >= kills * (anew + 1) / (made_anew + 1) {
            killed += happening.make_topic_anew();
            anew += 1;
        }
        if let Some(piece) = pieces.next() {
            trouble.run.produce_piece(piece);
        }
        killed += happening.next();
        if killed >= told + 20 {
            told = killed;
            println!("{killed} killed after {:?}: {}", begun.elapsed(), happening.summary());
        }
    }
    pieces.for_each(|piece| trouble.run.produce_piece(piece));
    println!("{} in {:?}", happening.summary(), begun.elapsed());
    happening.peace()
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
    let measured: f64 = processes.iter().filter_map(|process| process.metric("leakwarden_detection_latency_seconds_count")).sum();
    assert!(measured > 0.0, "latency is measured in a cluster as well");
    let mut by_day: BTreeMap<String, BTreeMap<String, serde_json::Value>> = BTreeMap::new();
    for row in cluster.run.company.coverage() {
        by_day.entry(row["day"].as_str().expect("a day").to_owned()).or_default().insert(name(&row), row);
    }
    // The replay has come to its end, and the service waits for more: days of work are settled in both.
    let worked_until = Timestamp(cluster.run.company.worked_until).to_string();
    let (last_day, _) = worked_until.split_at(10);
    let work: Vec<_> = by_day.iter().filter(|(day, _)| day.as_str() <= last_day).collect();
    let rows: usize = work.iter().map(|(_, rows)| rows.len()).sum();
    let dead = work.iter().flat_map(|(_, rows)| rows.values()).filter(|row| row["reasons"].to_string().contains("dead_letters"));
    assert!(rows > 100 && dead.count() > 0, "{rows} days are no test");
    // Processes publish once a second, and a task may be on its way from one to the other where the machine does much else.
    let amiss = || -> Vec<String> { work.iter().flat_map(|(day, expected)| covers(&processes, day, expected)).collect() };
    until("all tell what the replay tells", || amiss().is_empty(), || format!("{:?}", amiss()));
    for process in processes {
        assert!(process.stop().success());
    }
}

/// Whose day a row of coverage is about.
fn name(row: &serde_json::Value) -> String {
    format!("{}{}", row["employee"], row["account"])
}

/// What processes tell of a day that is settled, beside what a replay does.
fn covers(processes: &[Service], day: &str, expected: &BTreeMap<String, serde_json::Value>) -> Vec<String> {
    let (mut amiss, mut found, mut tasks) = (Vec::new(), BTreeMap::new(), Vec::new());
    for process in processes {
        let Some((200, text)) = process.get(&format!("/coverage?day={day}&limit=1000")) else { return vec![format!("{day}: no answer")] };
        let page: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&page["next"], page["tasks"]["all"].as_u64()), (&serde_json::Value::Null, Some(4)), "{page}");
        tasks.extend(page["tasks"]["here"].as_array().expect("tasks").iter().filter_map(serde_json::Value::as_i64));
        for row in page["employees"].as_array().expect("rows") {
            if found.insert(name(row), row.clone()).is_some() {
                amiss.push(format!("{day}: two processes tell of one: {row}"));
            }
        }
    }
    tasks.sort_unstable();
    if tasks != [0, 1, 2, 3] {
        amiss.push(format!("{day}: {tasks:?}"));
    }
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let differs = names.into_iter().filter(|name| expected.get(*name) != found.get(*name));
    amiss.extend(differs.map(|name| format!("{day}: {:?} expected, {:?} found", expected.get(name), found.get(name))));
    amiss
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
    let cluster = Cluster::new("static", broker.brokers(), 4).patient();
    cluster.run.produce(0, 2);
    let (first, second) = (cluster.start_named(0, "one"), cluster.start_named(1, "two"));
    let running = |process: &crate::common::kafka::service::Service| process.metric("leakwarden_tasks_running").unwrap_or(0.0);
    // Whoever comes first has all of them for a while.
    until("each has its half", || running(&first) == 2.0 && running(&second) == 2.0, || first.log() + &second.log());
    first.kill();
    let first = cluster.start_named(0, "one");
    until("it has its tasks again", || running(&first) + running(&second) == 4.0, || first.log() + &second.log());
    assert_eq!(running(&second), 2.0);
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
