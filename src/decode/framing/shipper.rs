//! The JSON that log shippers put around a line: Filebeat, Fluent Bit, Vector, Logstash, rsyslog, CloudWatch, journald, Splunk, Datadog,
//! Graylog, Elasticsearch, Kafka Connect. What those that read syslog know of the sender comes along: PostgreSQL's parts are told
//! apart by it.

use crate::decode::framing::Unwrapped;
use crate::decode::framing::batch;
use crate::decode::framing::fields::{process_id, time, word};
use crate::decode::framing::packed;
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
    /// Splunk's exports, of which each result is one object.
    #[serde(borrow, rename = "_raw")]
    splunk: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    /// Loki's clients and Grafana's downloads.
    #[serde(borrow)]
    line: Option<&'a RawValue>,
    /// Google's Cloud Logging: a text, or what the agent has parsed.
    #[serde(borrow, rename = "textPayload")]
    google: Option<&'a RawValue>,
    #[serde(borrow, rename = "jsonPayload")]
    google_parsed: Option<&'a RawValue>,
    /// Datadog's exports and Amazon's notifications; its queues; CloudWatch's queries; Promtail's packing.
    #[serde(borrow, rename = "Message")]
    notified: Option<&'a RawValue>,
    #[serde(borrow, rename = "Body")]
    queued: Option<&'a RawValue>,
    #[serde(borrow, rename = "@message")]
    asked: Option<&'a RawValue>,
    #[serde(borrow, rename = "_entry")]
    promtail: Option<&'a RawValue>,
    /// Sumo Logic, of each message.
    #[serde(borrow)]
    map: Option<&'a RawValue>,
    /// Azure's table of syslog.
    #[serde(borrow, rename = "SyslogMessage")]
    azure: Option<&'a RawValue>,
    #[serde(borrow, rename = "TimeGenerated")]
    generated: Option<&'a RawValue>,
    /// Elasticsearch, of each document.
    #[serde(borrow, rename = "_source")]
    document: Option<&'a RawValue>,
    /// Datadog: what it has parsed of the message, and all of it in answers of the older interface.
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    /// Coralogix, and others that call a line its text.
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    /// Fluentd, beside the tag.
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    tag: Option<IgnoredAny>,
    /// EventBridge.
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    /// Debezium, of the row that was written.
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    /// Kinesis and CloudWatch as functions get them.
    #[serde(borrow)]
    kinesis: Option<&'a RawValue>,
    #[serde(borrow)]
    awslogs: Option<&'a RawValue>,
    /// CloudWatch's subscriptions, and what it gives to those who ask.
    #[serde(borrow, rename = "logEvents")]
    subscribed: Option<&'a RawValue>,
    #[serde(borrow, alias = "messages", alias = "Messages", alias = "logs")]
    events: Option<&'a RawValue>,
    /// Loki's pushes; what it answers stands in `result`.
    #[serde(borrow)]
    streams: Option<&'a RawValue>,
    /// OpenTelemetry.
    #[serde(borrow, rename = "resourceLogs", alias = "resource_logs")]
    telemetry: Option<&'a RawValue>,
    /// Azure's diagnostic settings, Firehose over HTTP, functions of Amazon; Splunk's answers; Elasticsearch's.
    #[serde(borrow, alias = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow)]
    results: Option<&'a RawValue>,
    #[serde(borrow)]
    hits: Option<&'a RawValue>,
    /// Google's answers to those who ask: entries, and messages of a queue.
    #[serde(borrow)]
    entries: Option<&'a RawValue>,
    #[serde(borrow, rename = "receivedMessages")]
    received: Option<&'a RawValue>,
    /// Rows below the names of their columns: Azure's tables, and Splunk's.
    #[serde(borrow)]
    tables: Option<&'a RawValue>,
    #[serde(borrow)]
    fields: Option<&'a RawValue>,
    #[serde(borrow)]
    rows: Option<&'a RawValue>,
    /// Mezmo; LogScale; NXLog; Better Stack; Oracle's cloud; proxies of Kafka.
    #[serde(borrow, rename = "_line")]
    mezmo: Option<&'a RawValue>,
    #[serde(borrow, rename = "@rawstring")]
    logscale: Option<&'a RawValue>,
    #[serde(borrow)]
    raw_event: Option<&'a RawValue>,
    #[serde(borrow)]
    raw: Option<&'a RawValue>,
    #[serde(borrow, rename = "logContent")]
    oracle: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    /// Solr's answers.
    #[serde(borrow)]
    response: Option<&'a RawValue>,
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

/// What Solr has found.
#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow)]
    docs: &'a RawValue,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    bytes: Option<&'a RawValue>,
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

/// What was found within an object.
#[derive(Default)]
pub(super) struct Opened<'t> {
    /// The letters, each with what stood on it; none where the object is no envelope.
    pub(super) letters: Vec<Unwrapped<'t>>,
    /// The object is one of carriers alone: it cannot be a record by itself.
    pub(super) batch: bool,
}

/// Bytes of each part of a line that Docker cuts.
const DOCKER_PART: usize = 16 * 1024;

/// What lies in an envelope that is a JSON object; nothing where it is no envelope.
pub(super) fn open<'t>(text: &'t str) -> Opened<'t> {
    match serde_json::from_str::<Wire<'_>>(text) {
        Ok(wire) => opened(wire),
        Err(_) => Opened::default(),
    }
}

fn opened<'t>(wire: Wire<'t>) -> Opened<'t> {
    let list = |value: Option<&'t RawValue>| value.filter(|value| value.get().starts_with('[')).map(RawValue::get);
    let of_batch = |letters: Vec<Unwrapped<'t>>| Opened { batch: !letters.is_empty(), letters };
    if let Some(events) = list(wire.subscribed) {
        return of_batch(batch::each(events, |event| open(event).letters));
    }
    if let Some(streams) = list(wire.streams) {
        return of_batch(batch::loki(streams, |entry| open(entry).letters));
    }
    if let Some(logs) = list(wire.telemetry) {
        return of_batch(batch::telemetry(logs));
    }
    // What these hold are records, or envelopes that tell more.
    if let Some(records) = list(wire.records) {
        return of_batch(batch::each(records, |record| vec![Unwrapped { payload: Cow::Borrowed(record), ..Unwrapped::default() }]));
    }
    if let Some(found) = wire.response.and_then(|response| serde_json::from_str::<Found<'_>>(response.get()).ok()) {
        return of_batch(batch::each(found.docs.get(), |one| vec![Unwrapped { payload: Cow::Borrowed(one), ..Unwrapped::default() }]));
    }
    if let Some(logs) = list(wire.result) {
        return of_batch(batch::loki(logs, |entry| open(entry).letters));
    }
    if let Some(tables) = list(wire.tables) {
        return of_batch(batch::tables(tables));
    }
    if let (Some(fields), Some(rows)) = (list(wire.fields), list(wire.rows)) {
        return of_batch(batch::rows(fields, rows));
    }
    let original = wire.event.and_then(|event| serde_json::from_str::<Original<'_>>(event.get()).ok()).map(|event| event.original);
    let log = wire.log.filter(|log| log.get().starts_with('"'));
    let parsed = |value: Option<&'t RawValue>| value.filter(|value| value.get().starts_with('{'));
    let mut attributes = parsed(wire.attributes);
    let texts = [original, wire.message, wire.journal, log, wire.event, wire.payload, wire.google, wire.google_parsed, wire.splunk];
    let objects = [wire.document, wire.content, wire.result, wire.data, wire.json, wire.kinesis, wire.awslogs, wire.hits, wire.map];
    let objects = objects.into_iter().chain([wire.detail, wire.after]).map(parsed);
    let texts = texts
        .into_iter()
        .chain([wire.line, wire.promtail, wire.azure, wire.asked, wire.notified])
        .chain([wire.mezmo, wire.logscale, wire.raw_event, wire.raw])
        .chain(objects)
        .chain([parsed(wire.oracle)])
        .chain([wire.full_message, wire.short_message])
        .chain([parsed(wire.record.filter(|_| wire.tag.is_some())), wire.text.filter(|text| text.get().starts_with('"'))]);
    let spaced = || wire.msg.and_then(|msg| carried(msg.get())).map(without_space);
    let unpacked = |value: Option<&'t RawValue>| value.and_then(|data| packed::base64(&word(data.get())?)).map(Cow::Owned);
    // Event Hubs' captures hold bytes, in one way or another.
    let body = wire.queued.and_then(|body| serde_json::from_str::<Body<'_>>(body.get()).map_or(Some(body), |body| body.bytes));
    let queued = || unpacked(body).or_else(|| carried(body?.get()));
    let valued = || unpacked(wire.value).or_else(|| carried(wire.value?.get()));
    let last = || wire.content.filter(|text| text.get().starts_with('"')).and_then(|text| carried(text.get()));
    let found = texts.flatten().find_map(|value| carried(value.get())).or_else(queued).or_else(spaced).or_else(|| unpacked(wire.data));
    // Vector's own coding has the event below its kind.
    let native = || parsed(wire.log).filter(|log| !open(log.get()).letters.is_empty()).map(|log| Cow::Borrowed(log.get()));
    let found = found.or_else(native).or_else(last).or_else(valued);
    let found = found.or_else(|| attributes.take().map(|value| Cow::Borrowed(value.get())));
    let Some(payload) = found else {
        let lists = [list(wire.events), list(wire.results), list(wire.hits), list(wire.data), list(wire.entries), list(wire.received)];
        let Some(list) = lists.into_iter().flatten().next() else { return Opened::default() };
        if let Some(letters) = batch::asked(list) {
            return of_batch(letters);
        }
        let whole = |one: &'t str| vec![Unwrapped { payload: Cow::Borrowed(one), ..Unwrapped::default() }];
        return of_batch(batch::each(list, |one| {
            Some(open(one).letters).filter(|letters| !letters.is_empty()).unwrap_or_else(|| whole(one))
        }));
    };
    let parsed_beside = attributes.map(|value| Cow::Borrowed(value.get()));
    let times = [wire.entered, wire.shipped, wire.timestamp, wire.time, wire.date, wire.generated];
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
    Opened { letters: vec![Unwrapped { payload, parsed: parsed_beside, time, host, program, pid, partial }], batch: false }
}

/// A line as text, or a record that the shipper has parsed already.
fn carried(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'{' => Some(Cow::Borrowed(json)),
        // Several records, or what journald writes of a text with unprintable characters.
        b'[' if json[1..].trim_start().starts_with('{') => Some(Cow::Borrowed(json)),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Vec<Unwrapped<'_>> {
        super::open(text).letters
    }

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
        for text in [
            r#"{"events":[{"message":"a"},{"message":"b"}],"nextToken":"c"}"#,
            r#"{"streams":[{"stream":{"host":"x"},"values":[["1772442845123456789","a"],["1772442845123456789","b",{"m":"n"}]]}]}"#,
            r#"{"streams":[{"labels":"{}","entries":[{"ts":"2026-03-02T09:00:00Z","line":"a"},{"line":"b"}]}]}"#,
            r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}},{"body":{"stringValue":"b"}}]}]}]}"#,
            r#"{"results":[{"_raw":"a"},{"_raw":"b"}]}"#,
            r#"{"Messages":[{"Body":"a"},{"Message":"b"}]}"#,
            r#"{"common":{},"logs":[{"@message":"a"},{"_entry":"b"}]}"#,
            r#"{"results":[[{"field":"@timestamp","value":"2026-03-02 09:00:01.000"},{"field":"@message","value":"a"}],[{"field":"@message","value":"b"}]]}"#,
            r#"{"entries":[{"textPayload":"a"},{"_line":"b"}]}"#,
            r#"{"events":[{"@rawstring":"a"},{"raw_event":"b"}]}"#,
            r#"{"results":[{"content":"a"},{"value":"b"}]}"#,
            r#"{"results":[{"Body":"YQ=="},{"Body":{"bytes":"b"}}]}"#,
            r#"{"hits":[{"_source":{"message":"x"}}],"events":[{"line":"a"},{"line":"b"}]}"#,
        ] {
            assert_eq!(open(text).iter().map(|letter| letter.payload.as_ref()).collect::<Vec<_>>(), ["a", "b"], "{text}");
        }
    }

    #[test]
    fn what_carriers_of_clouds_and_stores_hold_comes_out_whole() {
        for (text, within) in [
            (r#"{"records":[{"category":"x"}]}"#, r#"{"category":"x"}"#),
            (r#"{"responseHeader":{"status":0},"response":{"numFound":1,"docs":[{"a":1}]}}"#, r#"{"a":1}"#),
            (r#"{"_index":"i","_source":{"a":1}}"#, r#"{"a":1}"#),
            (r#"{"hits":{"hits":[]}}"#, r#"{"hits":[]}"#),
            (r#"{"tables":[{"name":"x","columns":[{"name":"a","type":"long"}],"rows":[[1]]}]}"#, r#"{"a":1}"#),
            (r#"{"topic":"t","partition":0,"value":{"a":1}}"#, r#"{"a":1}"#),
            (r#"{"tag":"t","time":1.5,"record":{"a":1}}"#, r#"{"a":1}"#),
            (r#"{"timestamp":1772442845123,"text":"x"}"#, "x"),
            (r#"{"content":"x","log.source":"y"}"#, "x"),
            (r#"{"textPayload":"x","insertId":"1"}"#, "x"),
            (r#"{"jsonPayload":{"message":"x"}}"#, r#"{"message":"x"}"#),
            (r#"{"status":"success","data":{"result":[]}}"#, r#"{"result":[]}"#),
            (r#"{"preview":false,"result":{"_raw":"x"}}"#, r#"{"_raw":"x"}"#),
            (r#"{"payload":[{"a":1},{"b":2}],"schema":null}"#, r#"[{"a":1},{"b":2}]"#),
            (r#"{"before":null,"after":{"a":1},"op":"c"}"#, r#"{"a":1}"#),
            (r#"{"messageId":"1","data":"eyJhIjoxfQ=="}"#, r#"{"a":1}"#),
            (r#"{"id":"1","type":"log","attributes":{"message":"x"}}"#, r#"{"message":"x"}"#),
            (r#"{"log":{"message":"x","file":"f"}}"#, r#"{"message":"x","file":"f"}"#),
            (r#"{"logContent":{"data":{"message":"x"}},"datetime":1}"#, r#"{"data":{"message":"x"}}"#),
            (r#"{"receivedMessages":[{"ackId":"a","message":{"data":"eA=="}}]}"#, r#"{"data":"eA=="}"#),
            (r#"{"tables":[{"columns":[{"name":"a","type":"int"},{"name":"b"}],"rows":[[1,"x"]]}]}"#, r#"{"a":1,"b":"x"}"#),
            (r#"{"fields":["a",{"name":"b"}],"rows":[["1",null]]}"#, r#"{"a":"1"}"#),
            (r#"{"results":[[{"field":"a","value":"1"},{"field":"b","value":"x"}]]}"#, r#"{"a":"1","b":"x"}"#),
        ] {
            assert_eq!(open(text)[0].payload, within, "{text}");
        }
        let kept = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"db1"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1772442845123000000","body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"7"}},{"key":"b","value":{"arrayValue":{"values":[{"boolValue":true}]}}}]}}}]}]}]}"#;
        let letters = open(kept);
        assert_eq!((letters[0].payload.as_ref(), letters[0].host.as_deref()), (r#"{"a":7,"b":[true]}"#, Some("db1")));
        assert_eq!(letters[0].time.map(|time| time.to_string()).as_deref(), Some("2026-03-02T09:14:05.123Z"));
    }

    #[test]
    fn what_carries_nothing_is_no_envelope() {
        for text in [
            "{}",
            "{",
            r#"{"message":1}"#,
            r#"{"message":"a","message":"b"}"#,
            r#"{"log":{"file":"x"}}"#,
            r#"{"events":[1]}"#,
            r#"{"data":"not base64"}"#,
            r#"{"resourceLogs":[{"scopeLogs":7}]}"#,
            r#"{"MESSAGE":[300]}"#,
        ] {
            assert_eq!(open(text), Vec::new(), "{text}");
        }
    }
}
