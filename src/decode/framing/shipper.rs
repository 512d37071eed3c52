//! The JSON that log shippers put around a line: Filebeat, Fluent Bit, Vector, Logstash, rsyslog, CloudWatch, journald, Splunk,
//! Graylog. What those that read syslog know of the sender comes along: PostgreSQL's parts are told apart by it.

use crate::decode::framing::Unwrapped;
use crate::model::time::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The keys that carry the line, with what tells when and where. All other keys are the shipper's own matter.
#[derive(Deserialize)]
struct Wire<'a> {
    /// Filebeat, Vector, Logstash, Fluentd, CloudWatch's single events.
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    /// journald, which writes the bytes as numbers where one is no printable character.
    #[serde(borrow, rename = "MESSAGE")]
    journal: Option<&'a RawValue>,
    /// rsyslog, which leaves the space that stands before it.
    #[serde(borrow)]
    msg: Option<&'a RawValue>,
    /// Graylog: the whole of the message, and its first line.
    #[serde(borrow)]
    full_message: Option<&'a RawValue>,
    #[serde(borrow)]
    short_message: Option<&'a RawValue>,
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
    /// Filebeat, of lines that it has parsed.
    #[serde(borrow)]
    json: Option<&'a RawValue>,
    /// CloudWatch's subscriptions.
    #[serde(borrow, rename = "logEvents")]
    events: Option<Vec<&'a RawValue>>,
    /// What CloudWatch gives to those who ask.
    #[serde(borrow, rename = "events")]
    asked: Option<&'a RawValue>,
    #[serde(borrow, rename = "@timestamp")]
    shipped: Option<&'a RawValue>,
    /// journald's, in microseconds.
    #[serde(borrow, rename = "__REALTIME_TIMESTAMP")]
    entered: Option<&'a RawValue>,
    /// Fluent Bit's.
    #[serde(borrow)]
    date: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    host: Option<&'a RawValue>,
    #[serde(borrow, rename = "_HOSTNAME")]
    journal_host: Option<&'a RawValue>,
    #[serde(borrow)]
    hostname: Option<&'a RawValue>,
    /// Who sent it to syslog: journald, Vector, Fluentd, rsyslog, Elastic's agents.
    #[serde(borrow, rename = "SYSLOG_IDENTIFIER")]
    journal_program: Option<&'a RawValue>,
    #[serde(borrow)]
    appname: Option<&'a RawValue>,
    #[serde(borrow)]
    ident: Option<&'a RawValue>,
    #[serde(borrow)]
    programname: Option<&'a RawValue>,
    #[serde(borrow, rename = "_PID")]
    journal_pid: Option<&'a RawValue>,
    #[serde(borrow)]
    procid: Option<&'a RawValue>,
    #[serde(borrow)]
    pid: Option<&'a RawValue>,
    #[serde(borrow)]
    process: Option<&'a RawValue>,
    /// Docker's, beside `log`.
    stream: Option<IgnoredAny>,
    /// Fluent Bit's, of CRI's files.
    #[serde(borrow, rename = "logtag")]
    mark: Option<&'a RawValue>,
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

/// Elastic's name of a process.
#[derive(Deserialize)]
struct Process<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    pid: Option<&'a RawValue>,
}

/// Bytes of each part of a line that Docker cuts.
const DOCKER_PART: usize = 16 * 1024;

/// The letters in an envelope; none where it is no envelope.
pub(super) fn open<'t>(text: &'t str) -> Vec<Unwrapped<'t>> {
    if text.starts_with('[') {
        let several = serde_json::from_str::<Vec<&RawValue>>(text).unwrap_or_default();
        return several.into_iter().filter(|one| one.get().starts_with('{')).flat_map(|one| open(one.get())).collect();
    }
    let Ok(wire) = serde_json::from_str::<Wire<'_>>(text) else { return Vec::new() };
    if let Some(events) = wire.events {
        return events.into_iter().flat_map(|event| open(event.get())).collect();
    }
    let original = wire.event.and_then(|event| serde_json::from_str::<Original<'_>>(event.get()).ok()).map(|event| event.original);
    let log = wire.log.filter(|log| log.get().starts_with('"'));
    let parsed = |value: Option<&'t RawValue>| value.filter(|value| value.get().starts_with('{'));
    let (data, json) = (parsed(wire.data), parsed(wire.json));
    let texts = [original, wire.message, wire.journal, log, wire.event, wire.payload, data, json, wire.full_message, wire.short_message];
    let spaced = || wire.msg.and_then(|msg| carried(msg.get())).map(without_space);
    let Some(payload) = texts.into_iter().flatten().find_map(|value| carried(value.get())).or_else(spaced) else {
        return wire.asked.filter(|events| events.get().starts_with('[')).map_or(Vec::new(), |events| open(events.get()));
    };
    let times = [wire.entered, wire.shipped, wire.timestamp, wire.time, wire.date];
    let time = times.into_iter().flatten().find_map(|value| time(value.get()));
    let host = [wire.host, wire.journal_host, wire.hostname].into_iter().flatten().find_map(|host| {
        let named = serde_json::from_str::<Named<'_>>(host.get()).map_or(host, |host| host.name);
        word(named.get())
    });
    let process = wire.process.and_then(|process| serde_json::from_str::<Process<'_>>(process.get()).ok());
    let (name, number) = process.map_or((None, None), |process| (process.name, process.pid));
    let programs = [wire.journal_program, wire.appname, wire.ident, wire.programname, name];
    let program = programs.into_iter().flatten().find_map(|value| word(value.get()));
    let pid = [wire.journal_pid, wire.procid, wire.pid, number].into_iter().flatten().find_map(|value| process_id(value.get()));
    // Docker cuts long lines at 16 KiB, and only the last part has the line's end; shippers that read CRI's files keep its mark.
    let cut = wire.stream.is_some() && payload.len() == DOCKER_PART && log.is_some_and(|log| !log.get().ends_with("\\n\""));
    let partial = cut || wire.mark.is_some_and(|mark| mark.get() == "\"P\"");
    vec![Unwrapped { payload, time, host, program, pid, partial }]
}

/// A line as text, or a record that the shipper has parsed already.
fn carried(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'{' => Some(Cow::Borrowed(json)),
        b'[' => serde_json::from_str::<Vec<u8>>(json).ok().and_then(|bytes| String::from_utf8(bytes).ok()).map(Cow::Owned),
        _ => word(json).map(|text| match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('\n').unwrap_or(text)),
            Cow::Owned(mut text) => {
                text.truncate(text.strip_suffix('\n').unwrap_or(&text).len());
                Cow::Owned(text)
            }
        }),
    }
}

fn without_space(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix(' ').unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(text.strip_prefix(' ').map(str::to_owned).unwrap_or(text)),
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

/// A time as a text, or as a number: of seconds, milliseconds or microseconds, which are too far apart to be mistaken.
fn time(json: &str) -> Option<Timestamp> {
    let text = word(json);
    let since = text.as_deref().unwrap_or(json).parse::<f64>();
    match (since, text) {
        (Ok(since), _) => {
            let millis = [1_000.0, 1.0, 0.001].map(|unit| since * unit);
            millis.into_iter().find_map(|millis| Timestamp::from_millis(millis as i64).ok())
        }
        (Err(_), Some(text)) => Timestamp::parse(&text).ok(),
        (Err(_), None) => None,
    }
}

fn process_id(json: &str) -> Option<Cow<'_, str>> {
    let text = word(json).or_else(|| json.bytes().all(|b| b.is_ascii_digit()).then_some(Cow::Borrowed(json)))?;
    Some(text).filter(|text| !text.is_empty())
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
        assert_eq!(open(r#"{"@timestamp":"2026-03-02T09:00:00Z","log":{"offset":1},"json":{"a":1}}"#)[0].payload, r#"{"a":1}"#);
    }

    #[test]
    fn what_is_known_of_the_sender_comes_along() {
        for text in [
            r#"{"__REALTIME_TIMESTAMP":"1772442845123456","_HOSTNAME":"db1","SYSLOG_IDENTIFIER":"postgres","_PID":"7","MESSAGE":[97,9,98]}"#,
            r#"{"appname":"postgres","procid":7,"hostname":"db1","timestamp":"2026-03-02T09:14:05.123Z","message":"a\tb"}"#,
            r#"{"ident":"postgres","pid":"7","host":"db1","date":1772442845.123,"log":"a\tb"}"#,
            r#"{"programname":"postgres","procid":"7","hostname":"db1","timestamp":1772442845123,"msg":" a\tb"}"#,
            r#"{"host":"db1","short_message":"a","full_message":"a\tb","timestamp":1772442845.123,"pid":7,"ident":"postgres"}"#,
            r#"{"@timestamp":"2026-03-02T09:14:05.123Z","process":{"name":"postgres","pid":7},"host":{"hostname":"x","name":"db1"},"message":"a\tb"}"#,
        ] {
            let letters = open(text);
            let [letter] = letters.as_slice() else { panic!("{text}") };
            let said = [letter.host.as_deref(), letter.program.as_deref(), letter.pid.as_deref()];
            assert_eq!((letter.payload.as_ref(), said), ("a\tb", [Some("db1"), Some("postgres"), Some("7")]), "{text}");
            assert_eq!(letter.time.map(|time| time.to_string()).as_deref(), Some("2026-03-02T09:14:05.123Z"), "{text}");
        }
    }

    #[test]
    fn several_lines_come_in_an_array_or_as_an_answer() {
        for text in
            [r#"[{"date":1.5,"log":"a"}, {"date":1.5,"log":"b"}]"#, r#"{"events":[{"message":"a"},{"message":"b"}],"nextToken":"c"}"#]
        {
            assert_eq!(open(text).iter().map(|letter| letter.payload.as_ref()).collect::<Vec<_>>(), ["a", "b"], "{text}");
        }
    }

    #[test]
    fn what_carries_nothing_is_no_envelope() {
        for text in [
            "{}",
            "{",
            r#"{"message":1}"#,
            r#"{"message":"a","message":"b"}"#,
            r#"{"log":{"file":"x"}}"#,
            "[1, [2]]",
            r#"{"events":[1]}"#,
            r#"{"MESSAGE":[300]}"#,
        ] {
            assert_eq!(open(text), Vec::new(), "{text}");
        }
    }
}
