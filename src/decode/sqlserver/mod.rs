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
//! Read are event 33205 of Windows' event log (as text, on one line, as XML, or in the JSON of a shipper: Winlogbeat, NXLog, Wazuh), rows of
//! `sys.fn_get_audit_file` as JSON or as CSV with a header, and Azure's `SQLSecurityAuditEvents`, also as rows of Log Analytics. Times are UTC,
//! unless a format of one's own names a `zone`.
//!
//! **Tells**: login, client, statement, and each table whose permission was checked. **Does not tell**: columns other than by the
//! statement, values of parameters, which person other than by keys; rows only in Azure, where the batch says `response_rows`
//! (elsewhere it is always 0, which says nothing).
//!
//! **Counted**: records of a statement are written when its permission is checked, those of its batch at the end; they are put together
//! and count once. A text of 4,000 characters or bytes is cut and not believed; where blanks have pushed a statement out, the batch is an
//! access of unknown tables with the rows that the server counted.
//!
//! **Refused**: a record without an action; lines before the first record; CSV of another number of fields than its header.
//!
//! **Example**:
//!
//! ```json
//! {"event_time":"2026-03-02 09:14:05.4050216","action_id":"SL  ","succeeded":true,"session_id":55,"class_type":"U ","client_ip":"10.0.0.7","server_principal_name":"li_na","database_name":"crm","schema_name":"crm","object_name":"customers","statement":"SELECT name FROM crm.customers WHERE id = 42"}
//! ```

mod action;
mod batch;
mod carrier;
mod event;
mod text;

use crate::decode::IgnoredReason;
use crate::decode::framing::document::Documents;
use crate::decode::local_clock::LocalClock;
use crate::decode::row::{ExportRow, form};
use crate::decode::sheet::{self, Row, Sheet};
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Format, LONGEST_RECORD, LostRecord, Raw, json};
use crate::model::access::{Position, RecordHash};
use crate::sql::contains::contains_any;
use batch::Sessions;
use carrier::Carried;
use event::Event;

/// `sqlserver-audit`.
pub const FORMAT: Format = Format {
    name: "sqlserver-audit",
    recognised_by: "`action_id` with `server_principal_name`, as lines `name:value` of event 33205, as XML, JSON or CSV",
    stateless: false,
    // The server writes its times in UTC, whatever the zone of those who read them.
    decoder: |settings| Box::new(Reader { clock: LocalClock::new(settings.own_zone.clone()), inside: None }),
    recognises,
};

const EXPECTED: &str = "a record of SQL Server Audit";

/// One partition has one form; it is found by the first record.
struct Reader {
    clock: LocalClock,
    inside: Option<Box<dyn Decoder>>,
}

impl Decoder for Reader {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if raw.bytes.trim_ascii().is_empty() && self.inside.is_none() {
            emit(raw.ignored(IgnoredReason::Blank));
            return Ok(());
        }
        let clock = &self.clock;
        let inside = self.inside.get_or_insert_with(|| {
            let whole = |form| Box::new(Whole { form, clock: clock.clone(), sessions: Sessions::default() });
            match raw.bytes.trim_ascii_start().first() {
                Some(b'{' | b'[') => Documents::json(whole(Form::Json)),
                Some(b'<') if !is_syslog(raw.bytes) => Documents::xml(&["Event"], whole(Form::Xml)),
                _ if is_table(raw.bytes) => Box::new(Table { sheet: Sheet::new(EXPECTED, is_header), whole: whole(Form::Json) }),
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

    fn is_record_incomplete(&self) -> bool {
        self.inside.as_ref().is_some_and(|inside| inside.is_record_incomplete())
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
    clock: LocalClock,
    sessions: Sessions,
}

impl Whole {
    fn take(&mut self, row: &ExportRow, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let event = Event::of(row, raw, &mut self.clock)?;
        self.sessions.take(event, emit);
        Ok(())
    }
}

impl Decoder for Whole {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let rows = match self.form {
            Form::Text => vec![text::read(json::text(raw)?)?],
            Form::Json => match carrier::of_json(raw)? {
                Carried::Rows(rows) => rows,
                Carried::Other => Vec::new(),
            },
            Form::Xml => carrier::of_xml(raw)?.into_iter().collect(),
        };
        if rows.is_empty() {
            emit(raw.ignored(IgnoredReason::OtherEvent));
        }
        // One that is no record must not take its neighbours along.
        let mut result = Ok(());
        for row in rows {
            result = result.and(self.take(&row, raw, emit));
        }
        result
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.sessions.flush(emit);
    }
}

/// Records as lines `name:value`, or one a line; values may go on over lines.
struct Lines {
    whole: Box<Whole>,
    open: Option<(String, Position, RecordHash)>,
}

impl Lines {
    fn close(&mut self, emit: &mut Emit<'_>) {
        let Some((text, position, hash)) = self.open.take() else { return };
        if let Err(error) = self.whole.decode(Raw::new(text.as_bytes(), position, hash), emit) {
            emit(Decoded::Lost(LostRecord::new(position, hash, &text, error)));
        }
    }
}

impl Decoder for Lines {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let line = json::text(raw)?;
        let start = text::start(line);
        let one_line = start.is_some() && text::is_one_line(line);
        let old = |text: &str| text.trim_start().starts_with("event_time:") && !one_line;
        let first = match start {
            // Within a record the time stands behind its version.
            Some(_) if old(line) => self.open.as_ref().is_none_or(|(known, ..)| known.contains("event_time:")),
            Some(_) => line.trim_start().starts_with("audit_schema_version:") || line.contains("Audit event:") || one_line,
            None => false,
        };
        if first {
            self.close(emit);
            if line.contains('\n') || one_line && line.contains(" additional_information:") {
                return self.whole.decode(raw, emit);
            }
            self.open = Some((line.to_owned(), raw.position, raw.hash));
            return Ok(());
        }
        match &mut self.open {
            Some((known, _, hash)) if known.len() + line.len() < LONGEST_RECORD => {
                known.push('\n');
                known.push_str(line);
                *hash = hash.and(raw.hash);
                emit(raw.ignored(IgnoredReason::Continuation));
                Ok(())
            }
            Some(_) => Err(DecodeError::TooLong { limit: LONGEST_RECORD }),
            None if line.trim().is_empty() => {
                emit(raw.ignored(IgnoredReason::Blank));
                Ok(())
            }
            // In syslog other programs write as well.
            None if raw.envelope.program.is_some() && !line.contains("action_id:") => {
                emit(raw.ignored(IgnoredReason::OtherEvent));
                Ok(())
            }
            None => Err(form(EXPECTED, "before the first record")),
        }
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.close(emit);
        self.whole.flush(emit);
    }
}

/// Rows as CSV behind a header.
struct Table {
    sheet: Sheet,
    whole: Box<Whole>,
}

fn is_header(names: &[String]) -> bool {
    let has = |name: &str| names.iter().any(|known| known == name || known.strip_suffix("_s") == Some(name));
    (has("action_id") || has("action_name")) && (has("server_principal_name") || has("session_server_principal_name") || has("statement"))
}

fn is_table(bytes: &[u8]) -> bool {
    let line = std::str::from_utf8(bytes).unwrap_or("").lines().next().unwrap_or("");
    contains_any(line.as_bytes(), &["action_id", "action_name"]) && sheet::is_header(line, is_header)
}

impl Decoder for Table {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let Some(Row { fields, position, hash }) = self.sheet.take(raw, emit)? else { return Ok(()) };
        self.whole.take(&carrier::of_row(fields)?, Raw { position, hash, ..raw }, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.sheet.flush(emit);
        self.whole.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.sheet.is_open()
    }
}

/// `<14>`: what a reader of syslog could make nothing of.
fn is_syslog(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().get(1).is_some_and(u8::is_ascii_digit)
}

fn recognises(bytes: &[u8]) -> bool {
    let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    match bytes.trim_ascii_start().first() {
        Some(b'{' | b'[') => {
            let typed = has("\"action_id_s\"") || has("\"action_name_s\"");
            (has("server_principal_name") && has("\"action_id\"") && (has("\"event_time\"") || has("\"originalEventTimestamp\"")))
                || typed && (has("\"statement_s\"") || has("server_principal_name"))
                || has("\"SQLSecurityAuditEvents\"") && has("\"action_")
                // As a text within the event of Windows.
                || has("action_id:") && has("server_principal_name:") && has("event_time:")
        }
        Some(b'<') if !is_syslog(bytes) => has("<EventID") && has("33205") && has("action_id:"),
        _ => {
            let first = std::str::from_utf8(bytes).unwrap_or("").trim_start();
            text::start(first).is_some()
                && (has("action_id:") || first.starts_with("audit_schema_version:") || first.contains("Audit event:"))
                || is_table(bytes)
        }
    }
}

#[cfg(test)]
mod tests;
