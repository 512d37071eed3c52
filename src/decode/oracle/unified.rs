//! `oracle-unified-json`: rows of Oracle's `UNIFIED_AUDIT_TRAIL`, `DBA_AUDIT_TRAIL` and their relatives as JSON objects or as CSV with a
//! header, and events of Oracle Data Safe.
//!
//! **Switch on**:
//!
//! ```sql
//! CREATE AUDIT POLICY reads ACTIONS SELECT ON crm.customers, SELECT ON crm.calls;
//! AUDIT POLICY reads;
//! ```
//!
//! Export the view by a shipper (Logstash's jdbc input, `JSON_OBJECT(*)`, SQLcl's `json` format) or a query tool (SQL*Plus' `SET MARKUP CSV
//! ON`, SQL Developer, DBeaver), or fetch Data Safe's events (`oci data-safe audit-event list`). SQL*Plus cuts `SQL_TEXT` after 80 characters
//! unless `SET LONG` says otherwise.
//!
//! **Tells**: login, client, program, statement, object; bind values of fine-grained and some other policies. **Does not tell**: rows, so
//! how many people a bulk read showed is unknown; columns other than by the statement; which person, other than by keys and binds.
//!
//! **Counted**: rows of one statement (one for each object and policy) count once. `SQL_TEXT` is best exported whole: one of exactly
//! 2,000 or 4,000 characters (in CSV also of 80) may have been cut and is not believed.
//!
//! **Refused**: an object without session, return code or time, or with one field in two spellings and different values; a row of CSV with
//! another number of fields than its header.
//!
//! **Example**:
//!
//! ```json
//! {"EVENT_TIMESTAMP_UTC":"2026-03-02T09:14:05.123456","SESSIONID":77,"ENTRY_ID":1,"STATEMENT_ID":9,"DBUSERNAME":"LI_NA","USERHOST":"PC1","CLIENT_PROGRAM_NAME":"sqlplus","ACTION_NAME":"SELECT","RETURN_CODE":0,"OBJECT_SCHEMA":"CRM","OBJECT_NAME":"CUSTOMERS","SQL_TEXT":"SELECT NAME FROM CRM.CUSTOMERS WHERE ID = :1","SQL_BINDS":" #1(2):42"}
//! ```

use crate::decode::IgnoredReason;
use crate::decode::framing::document::Documents;
use crate::decode::local_clock::LocalClock;
use crate::decode::row::ExportRow;
use crate::decode::sheet::{self, Row, Sheet};
use crate::decode::tool_time;
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw};
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::merger::ObjectMerger;

/// `oracle-unified-json`.
pub const FORMAT: Format = Format {
    name: "oracle-unified-json",
    recognised_by: "an object or CSV header with a session, a return code and `EVENT_TIMESTAMP` of `UNIFIED_AUDIT_TRAIL`, or Data Safe's `auditEventTime`",
    stateless: false,
    decoder: |settings| {
        let clock = LocalClock::new(settings.zone.clone());
        Box::new(Either { inside: None, clock })
    },
    recognises,
};

const EXPECTED: &str = "a row of Oracle's unified audit trail";

/// One partition has one form; it is found by the first line.
struct Either {
    inside: Option<Box<dyn Decoder>>,
    clock: LocalClock,
}

impl Decoder for Either {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let first = raw.bytes.trim_ascii_start().first();
        if first.is_none() && self.inside.is_none() {
            emit(raw.ignored(IgnoredReason::Blank));
            return Ok(());
        }
        let clock = self.clock.clone();
        let unified = || Unified { clock, joined: ObjectMerger::default() };
        let inside = self.inside.get_or_insert_with(|| match first {
            Some(b'{' | b'[') => Documents::json(Box::new(unified())),
            _ => Box::new(Table { sheet: Sheet::new(EXPECTED, is_header), unified: unified() }),
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

/// Rows of CSV.
struct Table {
    sheet: Sheet,
    unified: Unified,
}

impl Decoder for Table {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let Some(Row { mut fields, position, hash }) = self.sheet.take(raw, emit)? else { return Ok(()) };
        // What SQL*Plus shows of a long text unless told otherwise.
        let text = fields.iter().find(|(name, _)| name.to_ascii_lowercase().replace('_', "") == "sqltext");
        if text.and_then(|(_, value)| value.as_str()).is_some_and(|text| text.chars().count() == 80) {
            fields.insert(super::CUT.to_owned(), true.into());
        }
        let row = ExportRow::of(fields, EXPECTED)?;
        self.unified.one(&row, Raw { position, hash, ..raw }, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.sheet.flush(emit);
        self.unified.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.sheet.is_open()
    }
}

/// Names of `UNIFIED_AUDIT_TRAIL`, `DBA_AUDIT_TRAIL`, `DBA_FGA_AUDIT_TRAIL`, `AUD$`.
fn is_header(names: &[String]) -> bool {
    const OWN: [&str; 12] = [
        "dbusername",
        "returncode",
        "sqltext",
        "actionname",
        "objname",
        "obj$name",
        "extendedtimestamp",
        "eventtimestamp",
        "eventtimestamputc",
        "unifiedauditpolicies",
        "entryid",
        "userhost",
    ];
    let names: Vec<String> = names.iter().map(|name| name.replace('_', "")).collect();
    let has = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
    has(&["dbusername", "dbuser", "username", "userid"])
        && has(&["actionname", "action", "action#", "statementtype"])
        && has(&["eventtimestamp", "eventtimestamputc", "extendedtimestamp", "ntimestamp#", "timestamp", "timestamp#"])
        // Logs of others have users, actions and times as well.
        && names.iter().filter(|name| OWN.contains(&name.as_str())).count() > 1
}

struct Unified {
    clock: LocalClock,
    joined: ObjectMerger,
}

impl Decoder for Unified {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let row = ExportRow::read(raw, EXPECTED)?;
        // A page of Data Safe, or of ORDS, holds a list of events.
        let mut page = row.list(&["items"], EXPECTED)?;
        if let Some(data) = row.row(&["data"], EXPECTED)? {
            page.extend(data.list(&["items"], EXPECTED)?);
        }
        if page.is_empty() {
            return self.one(&row, raw, emit);
        }
        let mut result = Ok(());
        for item in page {
            let serde_json::Value::Object(fields) = item else { continue };
            result = result.and(ExportRow::of(fields, EXPECTED).and_then(|row| self.one(&row, raw, emit)));
        }
        result
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.joined.flush(emit);
    }
}

impl Unified {
    fn one(&mut self, row: &ExportRow, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let utc = ["eventtimestamputc", "auditeventtime", "ntimestamp#"];
        let local = ["eventtimestamp", "extendedtimestamp", "timestamp", "timestamp#"];
        let time = match row.text(&utc).and_then(|text| tool_time::read(&text, &mut LocalClock::default())) {
            Some(utc) => self.clock.known(utc.time).ok(),
            None => row.text(&local).and_then(|text| tool_time::read(&text, &mut self.clock)),
        };
        self.joined.take(super::audited(row, raw, time)?, raw, emit);
        Ok(())
    }
}

/// By keys that together no other format has.
fn recognises(bytes: &[u8]) -> bool {
    if bytes.len() > crate::decode::LONGEST_RECORD {
        return false;
    }
    if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return std::str::from_utf8(bytes).is_ok_and(|line| sheet::is_header(line.lines().next().unwrap_or(""), is_header));
    }
    let upper = bytes.to_ascii_uppercase();
    let has = |word: &str| memchr::memmem::find(&upper, word.as_bytes()).is_some();
    if !(has("\"EVENT_TIMESTAMP") || has("\"EXTENDED_TIMESTAMP\"") || has("\"AUDITEVENTTIME\"")) {
        return false;
    }
    let Ok(keys) = serde_json::from_slice::<BTreeMap<Cow<'_, str>, serde::de::IgnoredAny>>(bytes) else {
        return has("\"RETURN_CODE\"") && has("\"SESSIONID\"") || has("\"AUDITEVENTTIME\"") && has("\"DBUSERNAME\"");
    };
    let keys: Vec<String> = keys.keys().map(|key| key.to_ascii_lowercase()).collect();
    let of = |names: &[&str]| names.iter().all(|name| keys.iter().any(|key| key == name));
    let timed = of(&["event_timestamp"]) || of(&["event_timestamp_utc"]) || of(&["extended_timestamp", "action_name"]);
    timed && (of(&["return_code"]) || of(&["sessionid"]))
        || of(&["auditeventtime", "dbusername"])
        || (of(&["items"]) || of(&["data"])) && has("\"AUDITEVENTTIME\"") && has("\"DBUSERNAME\"")
        || (of(&["items"]) || of(&["results"])) && has("\"EVENT_TIMESTAMP") && has("\"DBUSERNAME\"")
}
