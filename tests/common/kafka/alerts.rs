//! Alerts as a consumer of the topic sees them, and what of them must be equal wherever the records came from.

use crate::common::kafka::company::{SOURCE, file};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The last settled revision of each alert. What was shown before its records had settled, and was taken back, is none. Nor is a source's
/// silence that begins at that time (epoch milliseconds) or later, where nobody works any more: a file that was read is finished, and a
/// topic that nothing more is written to is silent.
pub fn settled(alerts: impl IntoIterator<Item = Value>, silent_from: i64) -> BTreeMap<String, Value> {
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    for alert in alerts.into_iter().filter(|alert| alert["settled"] == true) {
        let id = alert["id"].as_str().expect("an id").to_owned();
        let newer = last.get(&id).is_none_or(|known| revision(known) <= revision(&alert));
        if newer {
            last.insert(id, alert);
        }
    }
    let is_silence = |alert: &Value| {
        let begun = alert["first_access"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let begun = begun.unwrap_or_else(|| panic!("{alert} has a beginning")).as_millisecond();
        alert["employee"].is_null() && alert["account"].is_null() && alert["typology"] == "log_gap" && begun >= silent_from
    };
    last.retain(|_, alert| alert["state"] != "retracted" && !is_silence(alert));
    last
}

/// Whether all alerts have been told as far as they are expected to be.
pub fn are_told(expected: &BTreeMap<String, Value>, told: &BTreeMap<String, Value>) -> bool {
    expected.iter().all(|(id, alert)| told.get(id).is_some_and(|told| revision(told) >= revision(alert)))
}

/// Settled alerts of the same id and revision that say different things.
pub fn contradictions(alerts: &[Value]) -> Vec<(Value, Value)> {
    let mut known: BTreeMap<(String, u64), Value> = BTreeMap::new();
    let mut found = Vec::new();
    for alert in alerts.iter().filter(|alert| alert["settled"] == true) {
        let key = (alert["id"].as_str().expect("an id").to_owned(), revision(alert));
        match known.get(&key) {
            Some(other) if other != alert => found.push((other.clone(), alert.clone())),
            Some(_) => {}
            None => {
                known.insert(key, alert.clone());
            }
        }
    }
    found
}

/// An alert from files as it is from a topic: evidence cites offsets from 0 where files have lines from 1. Everything else,
/// the root over the records too, is the same.
pub fn as_of_topic(mut alert: Value, topic: &str) -> Value {
    let of_files = |source: &str| {
        let at = (0..64).find(|at| source == format!("{SOURCE}/{}", file(*at)));
        format!("{topic}/{}", at.unwrap_or_else(|| panic!("{source} is a file of a partition")))
    };
    for source in alert["evidence"]["sources"].as_array_mut().expect("sources") {
        let name = of_files(source["source"].as_str().expect("a name"));
        let offset = |line: &Value| line.as_u64().expect("a line") - 1;
        *source = json!({"source": name, "first": offset(&source["first"]), "last": offset(&source["last"])});
    }
    alert
}

/// Alerts without the offsets of their evidence, which begin again with a topic that is made anew, and without what is said of the source
/// itself: that some of it may be lost.
pub fn wherever(mut alerts: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    alerts.retain(|_, alert| alert["typology"] != "log_gap");
    alerts.values_mut().for_each(|alert| alert["evidence"]["sources"] = Value::Null);
    alerts
}

/// What differs between two sets of alerts, for a message; empty where nothing does.
pub fn differences(expected: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) -> Vec<String> {
    let mut told = Vec::new();
    for (id, alert) in expected {
        match found.get(id) {
            None => told.push(format!("{id} is missing: {} of {}", alert["typology"], alert["employee"])),
            Some(other) => compare(id, alert, other, &mut told),
        }
    }
    told.extend(found.keys().filter(|id| !expected.contains_key(*id)).map(|id| format!("{id} is too much: {}", found[id])));
    told
}

fn compare(place: &str, expected: &Value, found: &Value, told: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                compare(&format!("{place}/{key}"), &expected[key], &found[key], told);
            }
        }
        _ if expected != found => told.push(format!("{place}: {expected} expected, {found} found")),
        _ => {}
    }
}

fn revision(alert: &Value) -> u64 {
    alert["revision"].as_u64().expect("a revision")
}
