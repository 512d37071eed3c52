//! One company, its topics and its service: what most tests do, in a few words.

use crate::common::kafka::alerts::{as_of_topic, contradictions, differences, settled};
use crate::common::kafka::company::{Company, Wiring, time};
use crate::common::kafka::service::Service;
use crate::common::kafka::topics::{Stored, Topics};
use crate::common::kafka::{until, until_done};
use leakwarden::model::keys::Keys;
use leakwarden::pipeline::state::StateDir;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// Topics and group of a test, all under its name.
pub struct Run {
    /// The company, of four partitions.
    pub company: Company,
    /// The broker's topics.
    pub topics: Topics,
    /// Input.
    pub topic: String,
    /// Alerts.
    pub alerts: String,
    /// Consumer group.
    pub group: String,
    brokers: String,
}

impl Run {
    /// A company with a dozen alerts in six days, and empty topics.
    pub fn new(name: &str, brokers: &str) -> Run {
        let run = Run {
            company: Company::simulate(40, 6, 7, 4),
            topics: Topics::of(brokers),
            topic: format!("{name}.access"),
            alerts: format!("{name}.alerts"),
            group: name.to_owned(),
            brokers: brokers.to_owned(),
        };
        run.topics.create(&run.topic, run.company.partitions.len() as i32, &[]);
        run.topics.create(&run.alerts, 2, &[]);
        run.company.configure(&run.wiring());
        run
    }

    /// The same topic, read by another group into other alerts.
    pub fn as_group(&self, name: &str) -> Run {
        let run = Run {
            company: Company::simulate(40, 6, 7, 4),
            topics: self.topics.clone(),
            topic: self.topic.clone(),
            alerts: format!("{name}.alerts"),
            group: name.to_owned(),
            brokers: self.brokers.clone(),
        };
        run.topics.create(&run.alerts, 2, &[]);
        run
    }

    /// Where its service reads and writes.
    pub fn wiring(&self) -> Wiring<'_> {
        Wiring::new(&self.brokers, &self.topic, &self.alerts, &self.group)
    }

    /// Produces what lies in that part (of `of`) of every partition.
    pub fn produce(&self, part: usize, of: usize) {
        self.produce_piece(&self.company.cut_by_count(of)[part]);
    }

    /// Produces a piece of every partition.
    pub fn produce_piece(&self, piece: &[Range<usize>]) {
        for (at, (records, range)) in self.company.partitions.iter().zip(piece).enumerate() {
            self.topics.produce(&self.topic, at as i32, &records[range.clone()]);
        }
    }

    /// Produces the first or the second half by time, of all partitions alike: what ends earlier would be late when it goes on.
    pub fn produce_half(&self, second: bool) {
        let middle = self.company.middle();
        for (at, records) in self.company.partitions.iter().enumerate() {
            let of_half: Vec<_> = records.iter().filter(|record| (time(record) > middle) == second).collect();
            self.topics.produce(&self.topic, at as i32, of_half);
        }
    }

    /// Produces the first or the second half by time into a topic of so many partitions: what was in those that are missing goes into others,
    /// in order of time.
    pub fn produce_half_into(&self, partitions: usize, second: bool) {
        let middle = self.company.middle();
        for to in 0..partitions {
            let of_half = |records: &'_ Vec<String>| -> Vec<String> {
                records.iter().filter(|record| (time(record) > middle) == second).cloned().collect()
            };
            let mut records: Vec<String> = self.company.partitions.iter().skip(to).step_by(partitions).flat_map(of_half).collect();
            records.sort_by_key(|record| time(record));
            self.topics.produce(&self.topic, to as i32, records);
        }
    }

    /// Deletes the input topic and makes it anew, empty.
    pub fn make_anew(&self) {
        self.make_anew_of(self.company.partitions.len());
    }

    /// The same with so many partitions.
    pub fn make_anew_of(&self, partitions: usize) {
        self.topics.delete(&self.topic);
        until("the topic is gone", || !self.topics.names().contains(&self.topic), String::new);
        self.topics.create(&self.topic, partitions as i32, &[]);
    }

    /// Starts its service.
    pub fn start(&self) -> Service {
        Service::start(self.company.dir(), "service")
    }

    /// Waits until the group has committed everything.
    pub fn committed(&self, service: &Service) {
        // Nothing is committed while what was read cannot settle yet.
        let read = || service.metric("leakwarden_records_total").unwrap_or_default();
        let lag = || Some(self.topics.lag(&self.group, &self.topic)).filter(|lag| *lag != 0);
        until_done("everything is committed", || lag().map(|lag| format!("{lag} records behind, {} read", read())), || service.log());
    }

    /// How far the state reaches that lies on disk. No service may run.
    pub fn state(&self) -> BTreeMap<i32, i64> {
        let secret = std::fs::read(self.company.dir().join("subject.key")).expect("a key");
        let state = StateDir::open(&self.company.dir().join("state"), None, &Keys::from_secret(&secret)).expect("a state");
        let Some((_, positions)) = state.load().expect("a state") else { return BTreeMap::new() };
        positions.offsets.into_iter().map(|((_, partition), offset)| (partition, offset)).collect()
    }

    /// Offsets that are committed must lie in the state. No service may run.
    pub fn commits_lie_in_the_state(&self) {
        let (state, committed) = (self.state(), self.topics.committed(&self.group, &self.topic));
        for (partition, offset) in &committed {
            assert!(state.get(partition) >= Some(offset), "partition {partition}: {offset} is committed, the state has {state:?}");
        }
    }

    /// Alerts as they came into the topic.
    pub fn told(&self) -> Vec<Value> {
        self.topics.read(&self.alerts).iter().map(Stored::json).collect()
    }

    /// The last settled revision of each alert, without the silence at the end of the company.
    pub fn settled(&self, alerts: impl IntoIterator<Item = Value>) -> BTreeMap<String, Value> {
        settled(alerts, self.company.silent_from())
    }

    /// The alerts of a replay of the same records as files, as if they had come from the topic.
    pub fn expected(&self) -> BTreeMap<String, Value> {
        let expected = self.settled(self.company.replay().into_iter().map(|alert| as_of_topic(alert, &self.topic)));
        assert!(expected.len() >= 5, "{} alerts make no test", expected.len());
        expected
    }

    /// The topic must hold exactly these alerts, and never two that contradict each other.
    #[track_caller]
    pub fn holds(&self, expected: &BTreeMap<String, Value>) {
        let told = self.told();
        assert_eq!(contradictions(&told), []);
        assert_eq!(differences(expected, &self.settled(told)), Vec::<String>::new());
    }
}
