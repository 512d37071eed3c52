//! `sqlserver-audit`: records of SQL Server Audit, on a server of one's own or in Azure SQL.
//!
//! **Switch on**:
//!
//! ```sql
//! CREATE SERVER AUDIT reads TO APPLICATION_LOG;       -- or TO FILE
//! ALTER SERVER AUDIT reads WITH (STATE = ON);
//! CREATE DATABASE AUDIT SPECIFICATION reads FOR SERVER AUDIT reads
//!   ADD (SCHEMA_OBJECT_ACCESS_GROUP), ADD (BATCH_COMPLETED_GROUP) WITH (STATE = ON);
//! ```
//!
//! Read are event 33205 of Windows' event log (as text, XML or a shipper's JSON), rows of `sys.fn_get_audit_file` as JSON or as CSV with a
//! header, and Azure's `SQLSecurityAuditEvents`.
//!
//! **Tells**: login, client, statement, and each table whose permission was checked. **Does not tell**: columns other than by the
//! statement, values of parameters, which person other than by keys; rows only in Azure, where the batch says `response_rows`
//! (elsewhere it is always 0, which says nothing).
//!
//! **Counted**: records of a statement are written when its permission is checked, those of its batch at the end; they are put together
//! and count once.
//!
//! **Refused**: a record without an action; lines before the first record; CSV of another number of fields than its header.
//!
//! **Example**:
//!
//! ```json
//! {"event_time":"2026-03-02 09:14:05.4050216","action_id":"SL  ","succeeded":true,"session_id":55,"class_type":"U ","client_ip":"10.0.0.7","server_principal_name":"li_na","database_name":"crm","schema_name":"crm","object_name":"customers","statement":"SELECT name FROM crm.customers WHERE id = 42"}
//! ```

mod batch;
mod event;

use crate::decode::framing::document::Documents;
use crate::decode::row::ExportRow;
use crate::decode::{DecodeError, Decoder, Emit, Format, LostRecord, Raw, csv, json, xml};
use crate::decode::{Decoded, LONGEST_RECORD};
use crate::model::access::{Position, RecordHash};
use batch::Sessions;
use event::Event;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// `sqlserver-audit`.
pub const FORMAT: Format = Format {
    name: "sqlserver-audit",
    recognised_by: "`action_id` with `server_principal_name`, as lines `name:value` of event 33205, as XML, JSON or CSV",
    stateless: false,
    decoder: |settings| Box::new(Reader { zone: settings.zone.clone(), inside: None }),
    recognises,
};

const EXPECTED: &str = "a record of SQL Server Audit";

/// One partition has one form; it is found by the first record.
struct Reader {
    zone: Option<TimeZone>,
    inside: Option<Box<dyn Decoder>>,
}

impl Decoder for Reader {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if raw.bytes.trim_ascii().is_empty() && self.inside.is_none() {
            return Ok(());
        }
        let zone = &self.zone;
        let inside = self.inside.get_or_insert_with(|| {
            let whole = |form| Box::new(Whole { form, zone: zone.clone(), sessions: Sessions::default() });
            match raw.bytes.trim_ascii_start().first() {
                Some(b'{' | b'[') => Documents::json(whole(Form::Json)),
                Some(b'<') => Documents::xml(&["Event"], whole(Form::Xml)),
                _ if is_header(raw.bytes) => Box::new(Table { header: None, whole: whole(Form::Json), open: None }),
                _ => Box::new(Lines { whole: whole(Form::Text), open: None }),
            }
        });
        inside.decode(raw, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        if let Some(inside) = &mut self.inside {
            inside.flush(emit);
        }
    }
}

#[derive(Clone, Copy)]
enum Form {
    Text,
    Json,
    Xml,
}

/// A decoder of records that stand whole.
struct Whole {
    form: Form,
    zone: Option<TimeZone>,
    sessions: Sessions,
}

impl Whole {
    fn take(&mut self, row: Option<ExportRow>, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if let Some(row) = row {
            let event = Event::of(&row, raw, self.zone.as_ref())?;
            self.sessions.take(event, emit);
        }
        Ok(())
    }
}

impl Decoder for Whole {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let row = match self.form {
            Form::Text => Some(event::lines(json::text(raw)?)?),
            Form::Json => of_json(ExportRow::read(raw, EXPECTED)?)?,
            Form::Xml => of_xml(raw)?,
        };
        self.take(row, raw, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.sessions.flush(emit);
    }
}

/// The row in an object: itself, the `properties` of Azure's diagnostics, or the text that a shipper took from the event log.
fn of_json(row: ExportRow) -> Result<Option<ExportRow>, DecodeError> {
    if row.has("actionid") || row.has("eventtime") {
        return Ok(Some(row));
    }
    if let Some(inner) = row.row(&["properties"], EXPECTED)? {
        return Ok(Some(inner));
    }
    let data = row.row(&["winlog"], EXPECTED)?.and_then(|winlog| winlog.row(&["eventdata"], EXPECTED).transpose()).transpose()?;
    let text = data.and_then(|data| data.text(&["param1"])).or_else(|| row.text(&["message", "param1", "data"]));
    if text.is_none() && !["winlog", "eventid", "channel"].iter().any(|key| row.has(key)) {
        return Err(crate::decode::row::form(EXPECTED, "without an action and no event of Windows"));
    }
    text.map(|text| event::lines(&text)).transpose()
}

/// The text in the event of Windows; other events than 33205 are none of ours.
fn of_xml(raw: Raw<'_>) -> Result<Option<ExportRow>, DecodeError> {
    let found = xml::elements::elements(raw, EXPECTED)?;
    if found.iter().any(|element| element.name == "EventID" && element.text.trim() != "33205") {
        return Ok(None);
    }
    let holds = |text: &str| text.contains("action_id:");
    let data = found.iter().find(|element| matches!(element.name.as_str(), "Data" | "Message") && holds(&element.text));
    data.map(|data| event::lines(&data.text)).transpose()
}

/// Records as lines `name:value`; values may go on over lines.
struct Lines {
    whole: Box<Whole>,
    open: Option<(String, Position, RecordHash)>,
}

/// Whether a record begins with that line.
fn begins(line: &str) -> bool {
    line.starts_with("Audit event:") || line.starts_with("audit_schema_version:")
}

impl Lines {
    fn close(&mut self, emit: &mut Emit<'_>) {
        let Some((text, position, hash)) = self.open.take() else { return };
        if let Err(error) = self.whole.decode(Raw::new(text.as_bytes(), position, hash), emit) {
            emit(Decoded::Lost(LostRecord { position, hash, length: text.len() as u64, error }));
        }
    }
}

impl Decoder for Lines {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = json::text(raw)?;
        let old = |text: &str| text.starts_with("event_time:");
        let first = begins(text) || old(text) && self.open.as_ref().is_none_or(|(known, ..)| known.contains("event_time:"));
        if first {
            self.close(emit);
            if text.contains('\n') {
                return self.whole.decode(raw, emit);
            }
            self.open = Some((text.to_owned(), raw.position, raw.hash));
            return Ok(());
        }
        match &mut self.open {
            Some((known, _, hash)) if known.len() + text.len() < LONGEST_RECORD => {
                known.push('\n');
                known.push_str(text);
                *hash = hash.and(raw.hash);
                Ok(())
            }
            Some(_) => Err(DecodeError::TooLong { limit: LONGEST_RECORD }),
            None if text.trim().is_empty() => Ok(()),
            None => Err(crate::decode::row::form(EXPECTED, "before the first record")),
        }
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.close(emit);
        self.whole.flush(emit);
    }
}

/// Rows as CSV behind a header; a quoted value may go on over lines.
struct Table {
    header: Option<Vec<String>>,
    whole: Box<Whole>,
    /// A record within whose quotes a line ended.
    open: Option<(String, Position, RecordHash)>,
}

fn is_header(bytes: &[u8]) -> bool {
    let line = std::str::from_utf8(bytes).unwrap_or("").lines().next().unwrap_or("");
    line.contains("action_id,") || line.contains("action_id\",") || line.contains(",action_id")
}

impl Decoder for Table {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let line = json::text(raw)?;
        if line.trim().is_empty() && self.open.is_none() {
            return Ok(());
        }
        // A line with an even number of quotes leaves what is open open, and what is not closed.
        let ends = csv::closed(line) == self.open.is_none();
        let (text, position, hash) = match self.open.take() {
            Some((mut text, position, hash)) => {
                text.push('\n');
                text.push_str(line);
                (text, position, hash.and(raw.hash))
            }
            None => (line.trim_start_matches('\u{feff}').to_owned(), raw.position, raw.hash),
        };
        if text.len() > LONGEST_RECORD {
            return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
        }
        if !ends {
            self.open = Some((text, position, hash));
            return Ok(());
        }
        let Some(values) = csv::record(&text) else { return Err(crate::decode::row::form(EXPECTED, "not one line of CSV")) };
        let Some(header) = &self.header else {
            self.header = Some(values.iter().map(|name| name.trim().to_owned()).collect());
            return Ok(());
        };
        if values.iter().eq(header.iter()) {
            return Ok(());
        }
        if values.len() != header.len() {
            return Err(crate::decode::row::form(EXPECTED, "of another number of fields than the header"));
        }
        let said = |value: &str| !value.is_empty() && value != "NULL";
        let row: Map<String, Value> = header
            .iter()
            .cloned()
            .zip(values.into_iter().map(|value| if said(&value) { Value::from(value.into_owned()) } else { Value::Null }))
            .collect();
        self.whole.take(Some(ExportRow::of(row, EXPECTED)?), Raw { position, hash, ..raw }, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        if let Some((text, position, hash)) = self.open.take() {
            let error = crate::decode::row::form(EXPECTED, "cut off");
            emit(Decoded::Lost(LostRecord { position, hash, length: text.len() as u64, error }));
        }
        self.whole.flush(emit);
    }
}

fn recognises(bytes: &[u8]) -> bool {
    let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    let named = has("server_principal_name") && has("session_id");
    match bytes.trim_ascii_start().first() {
        Some(b'{' | b'[') => {
            named && has("\"action_id\"") && has("\"event_time\"")
                || has("param1") && has("action_id:") && has("server_principal_name:")
                || has("\"Message\"") && has("Audit event:") && has("action_id:")
        }
        Some(b'<') => has("<EventID") && has("33205") && has("action_id:"),
        _ => {
            let first = std::str::from_utf8(bytes).unwrap_or("").trim_start();
            begins(first) || named && is_header(bytes) || first.starts_with("event_time:") && has("action_id:")
        }
    }
}

#[cfg(test)]
mod tests;
