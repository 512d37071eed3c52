//! Figures, not promises: how fast the service is beside a bare consumer of the same topic, how soon it tells, how fast state is
//! restored, how much memory many employees take. `cargo test --release --test kafka figures -- --ignored --nocapture --test-threads 1`

use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::Cluster;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use crate::common::program::leakwarden;
use leakwarden::model::time::HOUR_MS;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Employees; each has fifty records.
const EMPLOYEES: usize = 100_000;
const RECORDS: usize = 50 * EMPLOYEES;

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64
}

fn record(time: i64, who: &str, id: &str, subjects: &str, rows: usize) -> String {
    format!(
        r#"{{"time":{time},"id":"{id}","employee":"{who}","system":"crm","client":{{"ip":"10.1.2.3","app":"crm-web"}},"objects":[{{"table":"crm.customers","columns":["name","phone"]}}],"rows":{rows},"subjects":[{subjects}]}}"#
    )
}

/// So many records of seven hours.
fn fill(cluster: &Cluster, records: usize) {
    let (start, step) = (now_ms() - 8 * HOUR_MS, 7 * HOUR_MS / records as i64);
    for partition in 0..4 {
        let lines = (0..records).filter(|at| at % 4 == partition).map(|at| {
            let subject = format!("\"{}\"", (at * 7_919) % 2_000_000);
            record(start + at as i64 * step, &format!("E{:06}", (at * 31) % EMPLOYEES), &format!("f{at}"), &subject, 1)
        });
        cluster.run.topics.produce(&cluster.run.topic, partition as i32, lines);
    }
}

/// Seconds in which a client that does nothing else reads the topic.
fn bare(cluster: &Cluster, brokers: &str) -> f64 {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "bare").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    (0..4).for_each(|partition| list.add_partition_offset(&cluster.run.topic, partition, Offset::Beginning).expect("an offset"));
    let begun = Instant::now();
    consumer.assign(&list).expect("assigned");
    let (mut read, mut bytes) = (0, 0);
    while read < RECORDS {
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(200)) {
            (read, bytes) = (read + 1, bytes + message.payload_len());
        }
    }
    std::mem::forget(consumer);
    println!("{} MB", bytes / 1_000_000);
    begun.elapsed().as_secs_f64()
}

fn read_all(cluster: &Cluster, processes: &[Service]) -> f64 {
    let begun = Instant::now();
    let log = || processes.iter().map(Service::log).collect::<String>();
    let access = format!("{}.own.access", cluster.run.group);
    let done = || {
        cluster.run.topics.lag(&cluster.run.group, &cluster.run.topic) == 0
            && cluster.run.topics.lag(&format!("{}.tasks", cluster.run.group), &access) == 0
    };
    until("everything is read and its offsets are committed", done, log);
    begun.elapsed().as_secs_f64()
}

fn resident(process: &Service) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("it tells");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).expect("a number") / 1_024.0
}

#[test]
#[ignore = "figures of a release build"]
fn throughput_memory_and_restore() {
    let Some(broker) = Broker::usual() else { return };
    let cluster = Cluster::new("figures", broker.brokers(), 4).unhurried();
    fill(&cluster, RECORDS);
    let alone = bare(&cluster, broker.brokers());
    println!("bare consumer: {:.0} records/s", RECORDS as f64 / alone);
    for processes in [1, 2] {
        let cluster = cluster.under(&format!("figures{processes}"));
        let running: Vec<Service> = (0..processes).map(|number| cluster.start(number)).collect();
        running.iter().for_each(Service::ready);
        let seconds = read_all(&cluster, &running);
        let rate = RECORDS as f64 / seconds;
        println!("{processes} process(es): {rate:.0} records/s, {:.2} of the bare consumer", rate * alone / RECORDS as f64);
        for process in running {
            println!("resident: {:.0} MiB", resident(&process));
            assert!(process.stop().success());
        }
        if processes == 1 {
            let state = cluster.run.topics.read(&format!("{}.own.state", cluster.run.group));
            let bytes: usize = state.iter().map(|message| message.payload.as_ref().map_or(0, Vec::len)).sum();
            std::fs::remove_dir_all(cluster.run.company.dir().join("process-0/state")).expect("no cache");
            let begun = Instant::now();
            let process = cluster.start(0);
            process.ready();
            let seconds = begun.elapsed().as_secs_f64();
            println!(
                "restore of {} MB in {seconds:.1} s with start and joining: {:.0} MB/s",
                bytes / 1_000_000,
                bytes as f64 / 1e6 / seconds
            );
            process.kill();
        }
    }
}

/// Seconds of CPU that children of this process have taken which have ended.
fn taken_by_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a process");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    // Fields 16 and 17 of proc(5), in hundredths.
    fields.split_whitespace().skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Seconds of CPU of each kind of thread of a process, the most first.
fn by_thread(process: &Service) -> Vec<(f64, String)> {
    let mut kinds: BTreeMap<String, f64> = BTreeMap::new();
    for thread in std::fs::read_dir(format!("/proc/{}/task", process.id())).expect("a process").flatten() {
        let Ok(stat) = std::fs::read_to_string(thread.path().join("stat")) else { continue };
        let Some((name, fields)) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')) else { continue };
        let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        *kinds.entry(name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()).or_default() += ticks / 100.0;
    }
    let mut sorted: Vec<(f64, String)> = kinds.into_iter().map(|(name, seconds)| (seconds, name)).filter(|(of, _)| *of >= 0.05).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    sorted
}

/// What the same log costs in a replay, in one process without `[cluster]`, and in two with it.
#[test]
#[ignore = "figures of a release build"]
fn cpu_of_a_cluster_beside_one_process_and_a_replay() {
    let Some(broker) = Broker::usual() else { return };
    let records = RECORDS / 10;
    let cluster = Cluster::new("cpu", broker.brokers(), 4).unhurried();
    fill(&cluster, records);
    let cost = |what: &str, of: &dyn Fn()| {
        let before = taken_by_children();
        of();
        let seconds = taken_by_children() - before;
        println!("{what}: {seconds:.1} s of CPU, {:.1} µs a record", seconds * 1e6 / records as f64);
    };
    cost("replay", &|| {
        let arguments = ["replay", "--config", "config.toml", "--kafka", &cluster.run.topic, "--alerts", "-"];
        leakwarden(cluster.run.company.dir(), &arguments).well();
    });
    // Each saves its state every ten seconds.
    let file = cluster.run.company.dir().join("config.toml");
    let hurried = std::fs::read_to_string(&file).expect("a configuration");
    std::fs::write(&file, hurried.replace("checkpoint_interval = \"1s\"", "checkpoint_interval = \"10s\"")).expect("written");
    cost("one process", &|| {
        let process = cluster.run.start();
        cluster.run.committed(&process);
        println!("  {:.1?}", by_thread(&process));
        assert!(process.stop().success());
    });
    for (name, processes) in [("cpu-one", 1), ("cpu-two", 2)] {
        let cluster = cluster.under(name);
        cost(&format!("a cluster of {processes}"), &|| {
            let running: Vec<Service> = (0..processes).map(|number| cluster.start(number)).collect();
            read_all(&cluster, &running);
            running.iter().for_each(|process| println!("  {:.1?}", by_thread(process)));
            running.into_iter().for_each(|process| assert!(process.stop().success()));
        });
    }
}

/// A quarter of 20,000 records a second, by a client of its own.
fn steady(cluster: &Cluster, partition: i32, begun: Instant) -> usize {
    let topics = cluster.run.topics.fresh();
    let (mut count, mut due) = (0, Duration::ZERO);
    while begun.elapsed() < Duration::from_secs(40) {
        let id = |at: usize| format!("l{partition}-{}", count + at);
        let lines =
            (0..1_000).map(|at| record(now_ms(), &format!("E{:04}", (count + at) % 5_000), &id(at), &format!("\"{}\"", at * 13), 1));
        topics.produce(&cluster.run.topic, partition, lines.collect::<Vec<_>>());
        count += 1_000;
        due += Duration::from_millis(200);
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
    }
    count
}

#[test]
#[ignore = "figures of a release build"]
fn from_a_record_to_its_alert_at_20_000_records_a_second() {
    let Some(broker) = Broker::usual() else { return };
    let cluster = Cluster::new("latency", broker.brokers(), 4).unhurried();
    let process = cluster.start(0);
    process.ready();
    let begun = Instant::now();
    let mut sent = BTreeMap::new();
    let steady = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|partition| {
                scope.spawn({
                    let cluster = &cluster;
                    move || steady(cluster, partition, begun)
                })
            })
            .collect();
        while begun.elapsed() < Duration::from_secs(40) {
            std::thread::sleep(Duration::from_millis(500));
            if begun.elapsed() > Duration::from_secs(10) {
                let who = format!("X{}", sent.len());
                let subjects: Vec<String> = (0..2_000).map(|at| format!("\"{}\"", 3_000_000 + at)).collect();
                let time = now_ms();
                cluster.run.topics.produce(&cluster.run.topic, 0, [record(time, &who, &who, &subjects.join(","), 2_000)]);
                sent.insert(who, time);
            }
        }
        threads.into_iter().map(|thread| thread.join().expect("it produces")).sum::<usize>()
    });
    println!("{:.0} records/s were produced", steady as f64 / begun.elapsed().as_secs_f64());
    std::thread::sleep(Duration::from_secs(3));
    let mut waits: Vec<i64> = Vec::new();
    let mut first: BTreeMap<String, i64> = BTreeMap::new();
    for message in cluster.run.topics.read(&cluster.run.alerts) {
        let alert = message.json();
        let (Some(who), Some(at)) = (alert["employee"].as_str(), message.timestamp_ms) else { continue };
        first.entry(who.to_owned()).or_insert(at);
    }
    waits.extend(sent.iter().filter_map(|(who, time)| first.get(who).map(|at| at - time)));
    waits.sort_unstable();
    assert!(!waits.is_empty(), "no alert was told\n{}", process.log());
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!("{} of {} told: p50 {} ms, p99 {} ms", waits.len(), sent.len(), at(0.5), at(0.99));
}
