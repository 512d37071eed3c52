//! Where a record of SQL Server Audit stands within the objects and elements that carry it: shippers of Windows' event log, Azure's
//! diagnostics, Log Analytics, exports of `sys.fn_get_audit_file`.

use crate::decode::row::{ExportRow, form};
use crate::decode::{DecodeError, Raw, json, xml};
use crate::model::access::{Position, RecordHash};
use serde_json::{Map, Value};

use super::{EXPECTED, text};

/// How deep a record may lie in the objects around it.
const DEEPEST: u32 = 12;

/// What an object holds.
pub(super) enum Carried {
    /// Records.
    Rows(Vec<ExportRow>),
    /// Another event.
    Other,
}

/// The records in a JSON object.
pub(super) fn of_json(raw: Raw<'_>) -> Result<Carried, DecodeError> {
    let tree = json::tree(raw, EXPECTED)?;
    let mut rows = Vec::new();
    // What most exports are: the row itself, which has nothing around it to look through.
    if tree.as_object().is_some_and(is_plain_row) {
        gather(tree, 0, &mut rows)?;
        return Ok(Carried::Rows(rows));
    }
    let event = event_of(&tree, 0);
    // A row may have a column of that name for something else.
    let is_row = tree.as_object().is_some_and(|fields| fields.keys().any(|name| matches!(plain(name).as_str(), "actionid" | "actionids")));
    if event.is_other() && !is_row {
        return Ok(Carried::Other);
    }
    gather(tree, 0, &mut rows)?;
    match (rows.is_empty(), event.known) {
        (false, _) => Ok(Carried::Rows(rows)),
        (true, true) => Ok(Carried::Other),
        (true, false) => Err(form(EXPECTED, "without an action and no event of Windows")),
    }
}

/// Whether an object has the fields of a row under their own names.
fn is_plain_row(fields: &Map<String, Value>) -> bool {
    fields.contains_key("action_id") && (fields.contains_key("event_time") || fields.contains_key("statement"))
}

/// What an event of Windows says of itself.
#[derive(Default)]
struct WindowsEvent {
    id: Option<String>,
    provider: Option<String>,
    known: bool,
}

impl WindowsEvent {
    /// Other events than 33205, and other programs, are none of ours.
    fn is_other(&self) -> bool {
        self.id.as_ref().is_some_and(|id| id != "33205")
            || self.provider.as_ref().is_some_and(|provider| !provider.to_ascii_uppercase().contains("SQL"))
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// A text, or a number as one.
fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The number of the event and its source, wherever the shipper put them.
fn event_of(value: &Value, depth: u32) -> WindowsEvent {
    let mut event = WindowsEvent::default();
    let Value::Object(fields) = value else { return event };
    for (name, value) in fields {
        let key = plain(name);
        match key.as_str() {
            "eventid" | "winlogeventid" | "eventcode" => {
                if let Some(said) = said(value).filter(|said| said.bytes().all(|byte| byte.is_ascii_digit())) {
                    (event.id, event.known) = (Some(said), true);
                }
            }
            "providername" | "sourcename" | "winlogprovidername" | "eventsource" => {
                if let Some(said) = said(value) {
                    (event.provider, event.known) = (Some(said), true);
                }
            }
            "channel" | "winlog" | "eventdata" => event.known = true,
            _ => {}
        }
        if depth < 4 && matches!(key.as_str(), "winlog" | "win" | "system" | "data" | "event" | "eventid") {
            let inner = event_of(value, depth + 1);
            event.id = event.id.or(inner.id);
            event.provider = event.provider.or(inner.provider);
            event.known |= inner.known;
        }
    }
    event
}

/// Keys that hold the record itself, before those that tell of it in words.
const KEYS: [&str; 14] = [
    "properties",
    "winlog",
    "win",
    "sqlserver",
    "microsoft_sqlserver",
    "audit",
    "event_data",
    "eventdata",
    "EventData",
    "param1",
    "StringInserts",
    "records",
    "message",
    "Message",
];

fn gather(value: Value, depth: u32, rows: &mut Vec<ExportRow>) -> Result<(), DecodeError> {
    if depth > DEEPEST {
        return Ok(());
    }
    match value {
        Value::Object(mut fields) => {
            tell_time(&mut fields);
            if let Some(table) = table(&mut fields) {
                return table.into_iter().try_for_each(|row| gather(Value::Object(row), depth + 1, rows));
            }
            if let Some(row) = row(&mut fields)? {
                rows.push(row);
                return Ok(());
            }
            // One event tells of its record more than once: as data and in words.
            let before = rows.len();
            for key in KEYS {
                if let Some(inner) = fields.remove(key) {
                    gather(inner, depth + 1, rows)?;
                    if rows.len() > before {
                        return Ok(());
                    }
                }
            }
            for (_, inner) in fields {
                gather(inner, depth + 1, rows)?;
                if rows.len() > before {
                    return Ok(());
                }
            }
            Ok(())
        }
        Value::Array(list) => list.into_iter().try_for_each(|inner| gather(inner, depth + 1, rows)),
        Value::String(text) => {
            // Every text of every field is looked through.
            if memchr::memmem::find(text.as_bytes(), b"action_id").is_none() {
                return Ok(());
            }
            if text.trim_start().starts_with(['{', '[']) {
                return gather(json::tree(nowhere(&text), EXPECTED)?, depth + 1, rows);
            }
            if text.trim_start().starts_with('<') {
                rows.extend(of_xml(nowhere(&text))?);
                return Ok(());
            }
            if text.contains("action_id:") {
                rows.push(text::read(&text)?);
            }
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn nowhere(text: &str) -> Raw<'_> {
    Raw::new(text.as_bytes(), Position(0), RecordHash::default())
}

/// Managed instances tell the time beside the properties of the event.
fn tell_time(fields: &mut Map<String, Value>) {
    let outer = fields.get("originalEventTimestamp").or_else(|| fields.get("time")).filter(|time| time.is_string()).cloned();
    if let (Some(time), Some(Value::Object(properties))) = (outer, fields.get_mut("properties")) {
        properties.entry("event_time").or_insert(time);
    }
}

/// The rows of an answer of Log Analytics: `{"columns": [{"name": …}], "rows": [[…]]}`.
fn table(fields: &mut Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    let names: Vec<String> =
        fields.get("columns")?.as_array()?.iter().map(|column| Some(column.get("name")?.as_str()?.to_owned())).collect::<Option<_>>()?;
    let rows = fields.get("rows")?.as_array()?;
    Some(rows.iter().filter_map(Value::as_array).map(|cells| names.iter().cloned().zip(cells.iter().cloned()).collect()).collect())
}

/// The row that an object is. Log Analytics puts the type behind each name: `statement_s`, `response_rows_d`.
fn row(fields: &mut Map<String, Value>) -> Result<Option<ExportRow>, DecodeError> {
    let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_object() && !value.is_array());
    if has("action_id_s") || has("action_name_s") {
        let typed = std::mem::take(fields).into_iter().map(|(name, value)| {
            // Exports say the zone beside a name: `event_time_t [UTC]`.
            let name = name.strip_suffix(" [UTC]").map(str::to_owned).unwrap_or(name);
            let bare = ["_s", "_d", "_g", "_t", "_b"].iter().find_map(|suffix| name.strip_suffix(suffix)).map(str::to_owned);
            (bare.unwrap_or(name), value)
        });
        let mut bare = Map::new();
        for (name, value) in typed {
            // `event_time_t` is the time, `event_time_s` its text; empty ones say nothing.
            let says = |value: &Value| !value.is_null() && value.as_str() != Some("");
            if bare.get(&name).is_none_or(|known| !says(known)) {
                bare.insert(name, value);
            }
        }
        return ExportRow::of(bare, EXPECTED).map(Some);
    }
    // NXLog puts what it knows itself beside the fields that it took from the record: another time, the name of the server.
    if fields.contains_key("action_id") {
        fields.retain(|name, _| !name.bytes().any(|byte| byte.is_ascii_uppercase()));
    }
    if is_plain_row(fields) {
        return ExportRow::of(std::mem::take(fields), EXPECTED).map(Some);
    }
    let names: Vec<String> = fields.keys().map(|name| plain(name)).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    let acts = has("actionid") || has("actionname");
    if acts && (has("eventtime") || has("originaleventtimestamp") || has("statement") || has("sessionid") || has("serverprincipalname")) {
        return ExportRow::of(std::mem::take(fields), EXPECTED).map(Some);
    }
    Ok(None)
}

/// A row of a table, under whatever names an export has for its columns.
pub(super) fn of_row(mut fields: Map<String, Value>) -> Result<ExportRow, DecodeError> {
    match row(&mut fields)? {
        Some(row) => Ok(row),
        None => ExportRow::of(fields, EXPECTED),
    }
}

/// The text in the event of Windows; other events than 33205 are none of ours.
pub(super) fn of_xml(raw: Raw<'_>) -> Result<Option<ExportRow>, DecodeError> {
    let found = xml::elements::elements(raw, EXPECTED)?;
    if found.iter().any(|element| element.name == "EventID" && element.text.trim() != "33205") {
        return Ok(None);
    }
    let holds = |text: &str| text.contains("action_id:");
    let data = found.iter().find(|element| matches!(element.name.as_str(), "Data" | "Message") && holds(&element.text));
    data.map(|data| text::read(&data.text)).transpose()
}
