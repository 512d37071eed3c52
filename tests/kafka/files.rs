//! Records from a topic give the alerts that the same records give as files.

use crate::common::kafka::alerts::{as_of_topic, contradictions, differences, settled};
use crate::common::kafka::broker::Broker;
use crate::common::kafka::company::{Company, Wiring};
use crate::common::kafka::service::Service;
use crate::common::kafka::until;

#[test]
fn a_topic_of_four_partitions_gives_the_alerts_of_four_files() {
    let Some(broker) = Broker::shared() else { return };
    let (topic, alerts, topics) = ("files.access", "files.alerts", broker.topics());
    let company = Company::simulate(40, 6, 7, 4);
    topics.create(topic, 4, &[]);
    topics.create(alerts, 2, &[]);
    for (at, records) in company.partitions.iter().enumerate() {
        topics.produce(topic, at as i32, records);
    }
    company.configure(&Wiring::named(broker.brokers(), topic, alerts, "files"));
    let service = Service::start(company.dir(), "service");
    let expected = settled(company.replay().into_iter().map(|alert| as_of_topic(alert, topic)));
    assert!(expected.len() >= 5, "{} alerts make a test", expected.len());
    service.ready();
    until("the group has committed everything", || topics.lag("files", topic) == 0, || service.log());
    assert!(service.stop().success());

    let told: Vec<_> = topics.read(alerts).iter().map(|message| message.json()).collect();
    assert_eq!(contradictions(&told), []);
    assert_eq!(differences(&expected, &settled(told)), Vec::<String>::new());
}
