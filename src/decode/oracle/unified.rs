//! `oracle-unified-json`: rows of Oracle's `UNIFIED_AUDIT_TRAIL` as JSON objects, and events of Oracle Data Safe.
//!
//! **Switch on**:
//!
//! ```sql
//! CREATE AUDIT POLICY reads ACTIONS SELECT ON crm.customers, SELECT ON crm.calls;
//! AUDIT POLICY reads;
//! ```
//!
//! Export the view by a shipper (Logstash's jdbc input, `JSON_OBJECT(*)`, SQLcl's `json` format), or fetch Data Safe's events
//! (`oci data-safe audit-event list`).
//!
//! **Tells**: login, client, program, statement, object; bind values of fine-grained and some other policies. **Does not tell**: rows, so
//! how many people a bulk read showed is unknown; columns other than by the statement; which person, other than by keys and binds.
//!
//! **Counted**: rows of one statement (one for each object and policy) count once. `SQL_TEXT` is best exported whole: one of exactly
//! 2,000 or 4,000 characters may have been cut and is not believed.
//!
//! **Refused**: an object without session, return code or time, or with one field in two spellings and different values.
//!
//! **Example**:
//!
//! ```json
//! {"EVENT_TIMESTAMP_UTC":"2026-03-02T09:14:05.123456","SESSIONID":77,"ENTRY_ID":1,"STATEMENT_ID":9,"DBUSERNAME":"LI_NA","USERHOST":"PC1","CLIENT_PROGRAM_NAME":"sqlplus","ACTION_NAME":"SELECT","RETURN_CODE":0,"OBJECT_SCHEMA":"CRM","OBJECT_NAME":"CUSTOMERS","SQL_TEXT":"SELECT NAME FROM CRM.CUSTOMERS WHERE ID = :1","SQL_BINDS":" #1(2):42"}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::row::{self, ExportRow};
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw};
use crate::model::time::Timestamp;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::merger::ObjectMerger;

/// `oracle-unified-json`.
pub const FORMAT: Format = Format {
    name: "oracle-unified-json",
    recognised_by: "an object with a session, a return code and `EVENT_TIMESTAMP` of `UNIFIED_AUDIT_TRAIL`, or Data Safe's `auditEventTime`",
    stateless: false,
    decoder: |settings| Documents::json(Box::new(Unified { zone: settings.zone.clone(), joined: ObjectMerger::default() })),
    recognises,
};

const EXPECTED: &str = "a row of Oracle's unified audit trail";

struct Unified {
    zone: Option<TimeZone>,
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
        let zone = self.zone.as_ref();
        let utc = row.time(&["eventtimestamputc", "auditeventtime"], None);
        let time = utc.or_else(|| row.text(&["eventtimestamp"]).and_then(|text| row::time(&text, zone).or_else(|| oracles(&text, zone))));
        if let Some(action) = super::audited(row, raw, time)? {
            self.joined.take(action, emit);
        }
        Ok(())
    }
}

/// Oracle's own forms: the interval since 1970 `+000017794 22:56:57.111795`, and `02-MAR-26 09.00.01.123456 AM +00:00`.
fn oracles(text: &str, zone: Option<&TimeZone>) -> Option<Timestamp> {
    if let Some(interval) = text.strip_prefix('+') {
        let (days, clock) = interval.split_once(' ')?;
        let mut parts = clock.split(':').map(|part| part.parse::<f64>().ok());
        let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
        let days: i64 = days.parse().ok()?;
        let clock = ((hours * 60.0 + minutes) * 60.0 + seconds) * 1_000.0;
        return Timestamp::from_millis(days.checked_mul(crate::model::time::DAY_MS)?.checked_add(clock as i64)?).ok();
    }
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let mut words = text.split_whitespace();
    let mut date = words.next()?.split('-');
    let day: u8 = date.next()?.parse().ok()?;
    let name = date.next()?.to_ascii_uppercase();
    let month = MONTHS.iter().position(|month| *month == name)? + 1;
    let year: u32 = date.next()?.parse().ok()?;
    let year = if year < 100 { year + 2_000 } else { year };
    let mut clock = words.next()?.splitn(3, ['.', ':']);
    let (hour, minute, second): (u8, u8, &str) = (clock.next()?.parse().ok()?, clock.next()?.parse().ok()?, clock.next()?);
    let mut rest: Vec<&str> = words.collect();
    let half = rest.first().map(|word| word.to_ascii_uppercase()).filter(|word| matches!(word.as_str(), "AM" | "PM"));
    let hour = match half.as_deref() {
        Some("AM") => hour % 12,
        Some(_) => hour % 12 + 12,
        None => hour,
    };
    if half.is_some() {
        rest.remove(0);
    }
    row::time(&format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second}{}", rest.concat()), zone)
}

/// By keys that together no other format has.
fn recognises(bytes: &[u8]) -> bool {
    let has = |word: &str| memchr::memmem::find(&bytes.to_ascii_uppercase(), word.as_bytes()).is_some();
    if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) || bytes.len() > crate::decode::LONGEST_RECORD {
        return false;
    }
    if !(has("\"EVENT_TIMESTAMP") || has("\"AUDITEVENTTIME\"")) {
        return false;
    }
    let Ok(keys) = serde_json::from_slice::<BTreeMap<Cow<'_, str>, serde::de::IgnoredAny>>(bytes) else {
        return has("\"RETURN_CODE\"") && has("\"SESSIONID\"") || has("\"AUDITEVENTTIME\"") && has("\"DBUSERNAME\"");
    };
    let keys: Vec<String> = keys.keys().map(|key| key.to_ascii_lowercase()).collect();
    let of = |names: &[&str]| names.iter().all(|name| keys.iter().any(|key| key == name));
    let timed = of(&["event_timestamp"]) || of(&["event_timestamp_utc"]);
    timed && (of(&["return_code"]) || of(&["sessionid"]))
        || of(&["auditeventtime", "dbusername"])
        || (of(&["items"]) || of(&["data"])) && has("\"AUDITEVENTTIME\"") && has("\"DBUSERNAME\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oracles_own_times_are_read() {
        let read = |text: &str| oracles(text, None).map(|time| time.to_string());
        assert_eq!(read("+000017794 22:56:57.111795").as_deref(), Some("2018-09-20T22:56:57.111Z"));
        assert_eq!(read("02-MAR-26 09.00.01.123456 PM +08:00").as_deref(), Some("2026-03-02T13:00:01.123Z"));
        assert_eq!(read("02-MAR-26 12.00.01.123456789 AM").as_deref(), Some("2026-03-02T00:00:01.123Z"));
        for text in ["+x y", "+99999999999999999999 1:1:1", "+1 1e999:1:1", "02-XYZ-26 1.1.1", "", "AM"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
