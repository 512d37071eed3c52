//! Envelopes of many letters: Loki's streams, OpenTelemetry's logs, lists of records, rows below the names of their columns.

use crate::decode::framing::Unwrapped;
use crate::decode::framing::fields::{time, word};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use std::borrow::Cow;

/// The letters of each object of a list.
pub(super) fn each<'t>(list: &'t str, open: impl Fn(&'t str) -> Vec<Unwrapped<'t>>) -> Vec<Unwrapped<'t>> {
    let several = serde_json::from_str::<Vec<&'t RawValue>>(list).unwrap_or_default();
    several.into_iter().filter(|one| one.get().starts_with('{')).flat_map(|one| open(one.get())).collect()
}

/// A stream of Loki, as it is pushed today and as it was before.
#[derive(Deserialize)]
struct Stream<'t> {
    #[serde(borrow)]
    values: Option<Vec<Vec<&'t RawValue>>>,
    #[serde(borrow)]
    entries: Option<Vec<&'t RawValue>>,
}

/// Lines of Loki's streams: `["nanoseconds", "line"]`, perhaps with more about the line.
pub(super) fn loki<'t>(streams: &'t str, open: impl Fn(&'t str) -> Vec<Unwrapped<'t>>) -> Vec<Unwrapped<'t>> {
    let streams = serde_json::from_str::<Vec<Stream<'t>>>(streams).unwrap_or_default();
    let line = |value: Vec<&'t RawValue>| {
        let [at, line, ..] = *value.as_slice() else { return None };
        // Only text is a line: what is counted of logs has numbers in this place.
        let payload = word(line.get())?;
        Some(Unwrapped { payload, time: time(at.get()), ..Unwrapped::default() })
    };
    streams
        .into_iter()
        .flat_map(|Stream { values, entries }| {
            let values = values.unwrap_or_default().into_iter().filter_map(line);
            values.chain(entries.unwrap_or_default().into_iter().flat_map(|entry| open(entry.get()))).collect::<Vec<_>>()
        })
        .collect()
}

#[derive(Deserialize)]
struct Resource<'t> {
    #[serde(borrow)]
    resource: Option<Attributes<'t>>,
    #[serde(borrow, alias = "scope_logs", alias = "instrumentationLibraryLogs", rename = "scopeLogs")]
    scopes: Option<Vec<Scope<'t>>>,
}

#[derive(Deserialize)]
struct Attributes<'t> {
    #[serde(borrow)]
    attributes: Option<&'t RawValue>,
}

#[derive(Deserialize)]
struct Scope<'t> {
    #[serde(borrow, alias = "log_records", alias = "logs", rename = "logRecords")]
    records: Option<Vec<LogRecord<'t>>>,
}

#[derive(Deserialize)]
struct LogRecord<'t> {
    #[serde(borrow, alias = "time_unix_nano", rename = "timeUnixNano")]
    time: Option<&'t RawValue>,
    #[serde(borrow, alias = "observed_time_unix_nano", rename = "observedTimeUnixNano")]
    observed: Option<&'t RawValue>,
    #[serde(borrow)]
    body: Option<&'t RawValue>,
    #[serde(borrow)]
    attributes: Option<&'t RawValue>,
}

/// OpenTelemetry's logs. A body that was parsed comes out as the object that it was; where there is none, the attributes do.
pub(super) fn telemetry(logs: &str) -> Vec<Unwrapped<'_>> {
    let mut letters = Vec::new();
    for Resource { resource, scopes } in serde_json::from_str::<Vec<Resource<'_>>>(logs).unwrap_or_default() {
        let named = resource.and_then(|resource| resource.attributes).and_then(attributes);
        let host = named.as_ref().and_then(|named| named.get("host.name")?.as_str().map(str::to_owned));
        for record in scopes.unwrap_or_default().into_iter().filter_map(|scope| scope.records).flatten() {
            let beside = || record.attributes.and_then(attributes).filter(|map| !map.is_empty()).map(|map| Value::Object(map).to_string());
            let body = record.body.and_then(|body| serde_json::from_str::<Value>(body.get()).ok()).and_then(plain);
            let payload = match body {
                Some(Value::String(text)) if !text.trim().is_empty() => text,
                Some(tree @ (Value::Object(_) | Value::Array(_))) => tree.to_string(),
                _ => match beside() {
                    Some(text) => text,
                    None => continue,
                },
            };
            let time = [record.time, record.observed].into_iter().flatten().find_map(|written| time(written.get()));
            let (payload, host) = (Cow::Owned(payload), host.clone().map(Cow::Owned));
            letters.push(Unwrapped { payload, time, host, ..Unwrapped::default() });
        }
    }
    letters
}

fn attributes(list: &RawValue) -> Option<Map<String, Value>> {
    serde_json::from_str::<Value>(list.get()).ok().map(pairs)
}

/// `[{"key": …, "value": …}]` as an object.
fn pairs(list: Value) -> Map<String, Value> {
    let Value::Array(list) = list else { return Map::new() };
    let pair = |pair: Value| match pair {
        Value::Object(mut pair) => match (pair.remove("key"), pair.remove("value")) {
            (Some(Value::String(key)), Some(value)) => plain(value).map(|value| (key, value)),
            _ => None,
        },
        _ => None,
    };
    list.into_iter().filter_map(pair).collect()
}

/// A value without the name of its type around it.
fn plain(value: Value) -> Option<Value> {
    let Value::Object(typed) = value else { return None };
    let (kind, inner) = typed.into_iter().next()?;
    match (kind.as_str(), inner) {
        ("stringValue" | "string_value" | "bytesValue", text @ Value::String(_)) => Some(text),
        // 64 bits are a text in JSON.
        ("intValue" | "int_value", Value::String(text)) => text.parse::<i64>().ok().map(|number| Value::Number(Number::from(number))),
        ("intValue" | "int_value" | "doubleValue" | "double_value", number @ Value::Number(_)) => Some(number),
        ("boolValue" | "bool_value", truth @ Value::Bool(_)) => Some(truth),
        ("kvlistValue" | "kvlist_value", Value::Object(mut list)) => list.remove("values").map(|list| Value::Object(pairs(list))),
        ("arrayValue" | "array_value", Value::Object(mut list)) => match list.remove("values") {
            Some(Value::Array(list)) => Some(Value::Array(list.into_iter().filter_map(plain).collect())),
            _ => Some(Value::Array(Vec::new())),
        },
        _ => None,
    }
}

/// A field of one event in an answer of CloudWatch's.
#[derive(Deserialize)]
struct Field<'t> {
    field: Cow<'t, str>,
    #[serde(borrow)]
    value: Option<&'t RawValue>,
}

/// Events that CloudWatch answers to queries, each a list of its fields; `None` where it is no such list.
pub(super) fn asked(list: &str) -> Option<Vec<Unwrapped<'_>>> {
    let events = serde_json::from_str::<Vec<Vec<Field<'_>>>>(list).ok().filter(|events| events.iter().any(|event| !event.is_empty()))?;
    let letter = |event: Vec<Field<'_>>| {
        let value = |name: &str| event.iter().find(|field| field.field == name).and_then(|field| field.value);
        let message = ["@message", "message", "log"].into_iter().find_map(|name| word(value(name)?.get()));
        let payload = message.map_or_else(|| row(event.iter().map(|field| (field.field.as_ref(), field.value))), Cow::into_owned);
        Unwrapped { payload: Cow::Owned(payload), time: value("@timestamp").and_then(|at| time(at.get())), ..Unwrapped::default() }
    };
    Some(events.into_iter().map(letter).collect())
}

/// Tables of Azure's answers.
#[derive(Deserialize)]
struct Rows<'t> {
    #[serde(borrow)]
    columns: &'t RawValue,
    #[serde(borrow)]
    rows: &'t RawValue,
}

/// The rows of several tables.
pub(super) fn tables(tables: &str) -> Vec<Unwrapped<'_>> {
    let tables = serde_json::from_str::<Vec<Rows<'_>>>(tables).unwrap_or_default();
    tables.into_iter().flat_map(|table| rows(table.columns.get(), table.rows.get())).collect()
}

/// Rows as objects, by the names of their columns. One of another number of values is none.
pub(super) fn rows<'t>(columns: &'t str, rows: &'t str) -> Vec<Unwrapped<'t>> {
    let name = |column: Value| match column {
        Value::Object(mut column) => column.remove("name").and_then(|name| name.as_str().map(str::to_owned)),
        other => other.as_str().map(str::to_owned),
    };
    let names: Option<Vec<String>> =
        serde_json::from_str::<Vec<Value>>(columns).ok().and_then(|columns| columns.into_iter().map(name).collect());
    let Some(names) = names else { return Vec::new() };
    let rows = serde_json::from_str::<Vec<Vec<&'t RawValue>>>(rows).unwrap_or_default();
    let whole = rows.into_iter().filter(|values| values.len() == names.len());
    let letter = |values: Vec<&'t RawValue>| {
        let cells = names.iter().map(String::as_str).zip(values.into_iter().map(Some));
        Unwrapped { payload: Cow::Owned(row(cells)), ..Unwrapped::default() }
    };
    whole.map(letter).collect()
}

/// An object of these fields; what is empty is left out.
fn row<'t>(cells: impl Iterator<Item = (&'t str, Option<&'t RawValue>)>) -> String {
    let cells = cells.filter_map(|(name, value)| Some((name, value.filter(|value| value.get() != "null")?)));
    let cells: Vec<String> = cells.map(|(name, value)| format!("{}:{}", Value::from(name), value.get())).collect();
    format!("{{{}}}", cells.join(","))
}
