//! Clusters as operators set them up and restart them: what cannot work is refused by the rule that is broken, and what is ordinary
//! says so in a line.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::Cluster;
use crate::common::kafka::company::Company;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use std::collections::BTreeSet;

/// It ends with the rule.
fn refused(mut service: Service, rule: &str) {
    assert_eq!(service.ended().code(), Some(1));
    assert!(service.log().contains(rule), "{}", service.log());
}

/// Somebody copied the configuration of one cluster for another and changed the group alone
/// (https://github.com/spring-projects/spring-kafka/issues/465 is the like): both would take each other's messages.
#[test]
fn two_on_one_prefix() {
    let Some(broker) = Broker::shared() else { return };
    let first = Cluster::new("prefix-first", broker.brokers(), 2);
    let service = first.start(0);
    service.ready();
    let rule = "cluster.topic_prefix = \"prefix-first.own\" must be of one cluster alone: prefix-first.own.access is read by group \
                \"prefix-first.tasks\"";
    refused(first.beside("prefix-second").start(1), rule);
    // A second process of the same cluster is welcome.
    let second = first.start(2);
    second.ready();
    assert!(second.stop().success() && service.stop().success());
}

/// Somebody made the own topics by hand, with the retention of the house (https://github.com/karafka/karafka-web/pull/1223): what a
/// task has not read yet would expire.
#[test]
fn own_topics_with_short_retention() {
    let Some(broker) = Broker::shared() else { return };
    for (name, setting, value) in [("short-time", "retention.ms", "60000"), ("short-size", "retention.bytes", "1000000")] {
        let cluster = Cluster::new(name, broker.brokers(), 2);
        cluster.run.topics.create(&format!("{name}.own.access"), 2, &[(setting, value)]);
        refused(cluster.start(0), &format!("topic {name}.own.access: {setting} must be -1"));
    }
}

/// Somebody changed `tasks` of a cluster that has a state.
#[test]
fn tasks_changed() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("other-tasks", broker.brokers(), 2);
    let service = cluster.start(0);
    service.ready();
    assert!(service.stop().success());
    refused(cluster.with_tasks(3).start(0), "tasks is fixed once there is state; cluster.tasks = 2 goes with it");
}

/// Somebody added a machine and took it away again: each task that comes or goes is a line, and nothing is a warning.
#[test]
fn a_process_that_comes_and_goes_warns_of_nothing() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("comes-and-goes", broker.brokers(), 4).patient();
    cluster.run.produce(0, 1);
    let first = cluster.start(0);
    first.ready();
    let second = cluster.start(1);
    second.ready();
    until("it has tasks", || second.metric("leakwarden_tasks_running").is_some_and(|tasks| tasks >= 1.0), || second.log());
    let log = || std::fs::read_to_string(cluster.dir(1).join("service.log")).expect("a log");
    assert!(second.stop().success());
    until("the first has all again", || first.metric("leakwarden_tasks_running") == Some(4.0), || first.log());
    until("it has read all", || first.metric("leakwarden_cluster_lag_records") == Some(0.0), || first.log());
    assert!(log().contains("this process has a task more"), "{}", log());
    assert!(first.log().contains("this process has a task less"), "{}", first.log());
    for log in [first.log(), log()] {
        let warned = log.lines().find(|line| line.contains(r#""level":"WARN""#) || line.contains(r#""level":"ERROR""#));
        assert_eq!(warned, None);
    }
    assert!(first.stop().success());
}

/// Somebody rolled out a changed configuration to one machine of two: both say so, until it is the same again.
#[test]
fn configurations_that_differ() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("differ", broker.brokers(), 2);
    let first = cluster.start(0);
    first.ready();
    let second = cluster.start_otherwise(1, "zone = \"Asia/Shanghai\"", "zone = \"Asia/Tokyo\"");
    second.ready();
    for service in [&first, &second] {
        let differ = || service.metric("leakwarden_cluster_configurations") == Some(2.0);
        let is_told = || service.log().contains("have different configurations or directories");
        until("both know that they differ", || differ() && is_told(), || service.log());
    }
    assert!(second.stop().success());
    let second = cluster.start(1);
    let agree = || first.metric("leakwarden_cluster_configurations") == Some(1.0);
    let is_told = || first.log().contains("all processes of the cluster have the same configuration");
    until("they are the same", || agree() && is_told(), || first.log());
    assert!(second.stop().success() && first.stop().success());
}

/// Somebody started a cluster while its brokers were away: it says that, and not that it restores something.
#[test]
fn no_broker_is_no_broker() {
    let company = Company::simulate(5, 1, 1, 1);
    let more = "[cluster]\ntasks = 2\n";
    let wiring = crate::common::kafka::company::Wiring { more, ..crate::common::kafka::company::Wiring::new("127.0.0.1:1", "t", "a", "g") };
    company.configure(&wiring);
    let service = Service::start(company.dir(), "service");
    let answers = || service.get("/readyz").is_some_and(|(status, why)| status == 503 && why.contains("no broker can be reached"));
    until("it says so", answers, || service.log());
}

/// Somebody restarted all machines, and those of the service were back before those of the brokers:
/// <https://github.com/linkedin/Burrow/issues/201>. It waits for them, and needs nobody to start it again.
#[test]
fn a_start_before_its_brokers() {
    let Some(broker) = Broker::start() else { return };
    let cluster = Cluster::new("before-brokers", broker.brokers(), 2);
    broker.kill();
    let mut service = cluster.start(0);
    until("it says so", || service.log().contains("no broker can be reached; it is tried again"), || service.log());
    assert!(service.is_running(), "{}", service.log());
    broker.restart();
    service.ready();
    assert!(service.stop().success());
}

/// Somebody gave whole units a campaign for so many people, as `simulate` does: all employees of the unit use it up together, whichever
/// process looks after them, in the order in which their records settle.
#[test]
fn a_campaign_of_a_unit() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("campaign", broker.brokers(), 4);
    let company = cluster.run.company.dir().to_owned();
    let on_file = std::fs::read_to_string(company.join("explanations.jsonl")).expect("reasons");
    let employees = std::fs::read_to_string(company.join("employees.csv")).expect("employees");
    let column = employees.lines().next().and_then(|head| head.split(',').position(|name| name == "unit")).expect("a column");
    let units: BTreeSet<&str> =
        employees.lines().skip(1).filter_map(|row| row.split(',').nth(column)).filter(|unit| !unit.is_empty()).collect();
    let expected = |most: u64| {
        let reason = |unit: &&str| {
            format!("{{\"unit\":{unit:?},\"from\":\"2020-01-01T00:00:00Z\",\"reason\":\"campaign\",\"max_persons\":{most}}}\n")
        };
        let reasons: String = units.iter().map(reason).collect();
        std::fs::write(company.join("explanations.jsonl"), on_file.clone() + &reasons).expect("written");
        cluster.run.expected()
    };
    let without = expected(1);
    let with = expected(150);
    assert_ne!(with, without, "the limit decides what is told");
    cluster.run.produce(0, 1);
    let processes = [cluster.start(0), cluster.start(1)];
    processes.iter().for_each(Service::ready);
    cluster.settled(|| processes.iter().map(|process| process.log()).collect());
    for process in processes {
        assert!(process.stop().success());
    }
    cluster.run.holds(&with);
}

/// Somebody configured a cluster and no sink: the alerts of all processes are in one topic, which is made.
#[test]
fn a_cluster_without_a_sink() {
    let Some(broker) = Broker::shared() else { return };
    let mut cluster = Cluster::new("no-sink", broker.brokers(), 2);
    let elsewhere = std::mem::replace(&mut cluster.run.alerts, "no-sink.own.alerts".to_owned());
    let expected = cluster.run.expected();
    cluster.run.produce(0, 1);
    let sink = format!("[[sink]]\nkind = \"kafka\"\nbrokers = \"{}\"\ntopic = \"no-sink.own.alerts\"\n[sink.client]\n", broker.brokers());
    let process = cluster.start_otherwise(0, &sink, "");
    cluster.settled(|| process.log());
    assert!(process.stop().success());
    cluster.run.holds(&expected);
    assert!(cluster.run.topics.read(&elsewhere).is_empty());
}

/// Somebody's machine died, and an exporter that asks for the partitions of living members alone showed no lag of its own any more:
/// <https://github.com/danielqsj/kafka_exporter/pull/220>. Who lives says how far the whole group is behind, also of what the dead one
/// has while its session lasts, and of the tasks' own topic.
#[test]
fn the_lag_of_who_died_is_told_by_who_lives() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("dead-owner", broker.brokers(), 2).patient();
    cluster.run.produce_half(false);
    let (first, second) = (cluster.start(0), cluster.start(1));
    let has = |service: &Service| service.metric("leakwarden_tasks_running") == Some(1.0);
    until("each has a task", || has(&first) && has(&second), || first.log() + &second.log());
    cluster.run.committed(&first);
    let lag = |topic: &str| first.metric(&format!("leakwarden_cluster_lag_records{{topic=\"{topic}\"}}"));
    until("nothing is left", || lag("input") == Some(0.0), || first.log());
    second.kill();
    cluster.run.produce_half(true);
    let (tasks, access) = (format!("{}.tasks", cluster.run.group), cluster.topics().swap_remove(0));
    let behind = || (cluster.run.topics.lag(&cluster.run.group, &cluster.run.topic), cluster.run.topics.lag(&tasks, &access));
    let told = || lag("input").zip(lag("access"));
    // Who lives goes on with its own part; then it says what the brokers say.
    until(
        "it is told",
        || behind().0 > 0 && behind().1 > 0 && told() == Some((behind().0 as f64, behind().1 as f64)),
        || format!("{:?} and not {:?}: {}", told(), behind(), first.log()),
    );
    assert_eq!(cluster.run.topics.members(&tasks).len(), 2, "nobody has missed it");
    assert!(first.stop().success());
}
