//! The JSON that log shippers put around a line: Filebeat, Fluent Bit, Vector, Logstash, CloudWatch, journald, Splunk.

use crate::decode::framing::Letter;
use crate::model::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The keys that carry the line, with what tells when and where. All other keys are the shipper's own matter.
#[derive(Deserialize)]
struct Wire<'a> {
    /// Filebeat, Vector, Logstash, Fluentd, CloudWatch's single events.
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    /// journald's export.
    #[serde(borrow, rename = "MESSAGE")]
    journal: Option<&'a RawValue>,
    /// Fluent Bit and Docker; an object with the file's name in Filebeat.
    #[serde(borrow)]
    log: Option<&'a RawValue>,
    /// Splunk's collector; `{"original": …}` where Logstash follows ECS.
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    /// Kafka Connect with schemas.
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    /// IBM Cloud's platform logs.
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    /// CloudWatch's subscriptions.
    #[serde(borrow, rename = "logEvents")]
    events: Option<Vec<&'a RawValue>>,
    #[serde(borrow, rename = "@timestamp")]
    shipped: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    host: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Original<'a> {
    #[serde(borrow)]
    original: &'a RawValue,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: &'a RawValue,
}

/// The letters in an envelope; none where it is no envelope.
pub(super) fn open(text: &str) -> Vec<Letter<'_>> {
    let Ok(wire) = serde_json::from_str::<Wire<'_>>(text) else { return Vec::new() };
    if let Some(events) = wire.events {
        return events.into_iter().flat_map(|event| open(event.get())).collect();
    }
    let original = wire.event.and_then(|event| serde_json::from_str::<Original<'_>>(event.get()).ok()).map(|event| event.original);
    let log = wire.log.filter(|log| log.get().starts_with('"'));
    let data = wire.data.filter(|data| data.get().starts_with('{'));
    let candidates = [original, wire.message, wire.journal, log, wire.event, wire.payload, data];
    let Some(payload) = candidates.into_iter().flatten().find_map(|value| carried(value.get())) else { return Vec::new() };
    let time = [wire.shipped, wire.timestamp, wire.time].into_iter().flatten().find_map(|value| time(value.get()));
    let host = wire.host.and_then(|host| {
        let named = serde_json::from_str::<Named<'_>>(host.get()).map_or(host, |host| host.name);
        word(named.get())
    });
    vec![Letter { payload, time, host, program: None, pid: None }]
}

/// A line as text, or a record that the shipper has parsed already.
fn carried(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'{' => Some(Cow::Borrowed(json)),
        _ => word(json).map(|text| match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('\n').unwrap_or(text)),
            Cow::Owned(mut text) => {
                text.truncate(text.strip_suffix('\n').unwrap_or(&text).len());
                Cow::Owned(text)
            }
        }),
    }
}

/// A JSON text, borrowed where no escape stands in the way.
fn word(json: &str) -> Option<Cow<'_, str>> {
    if !json.starts_with('"') {
        return None;
    }
    match serde_json::from_str::<&str>(json) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
    }
}

fn time(json: &str) -> Option<Timestamp> {
    match word(json) {
        Some(text) => Timestamp::parse(&text).ok(),
        None => json.parse::<i64>().ok().and_then(|ms| Timestamp::from_millis(ms).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_out_with_its_time_and_host() {
        let letters =
            open(r#"{"@timestamp":"2026-03-02T09:00:00Z","message":"a \"b\"\n","host":{"name":"db1"},"log":{"file":{"path":"/x"}}}"#);
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].payload.as_ref(), letters[0].host.as_deref()), ("a \"b\"", Some("db1")));
        assert_eq!(letters[0].time.expect("has one").to_string(), "2026-03-02T09:00:00Z");
    }

    #[test]
    fn parsed_records_and_originals_come_out_whole() {
        assert_eq!(open(r#"{"message":{"a":1}}"#)[0].payload, r#"{"a":1}"#);
        assert_eq!(open(r#"{"event":{"original":"x","kind":"event"},"message":"y"}"#)[0].payload, "x");
        assert_eq!(open(r#"{"schema":null,"payload":"x"}"#)[0].payload, "x");
    }

    #[test]
    fn what_carries_nothing_is_no_envelope() {
        for text in ["{}", "{", r#"{"message":1}"#, r#"{"message":"a","message":"b"}"#, r#"{"log":{"file":"x"}}"#] {
            assert_eq!(open(text), Vec::new(), "{text}");
        }
    }
}
