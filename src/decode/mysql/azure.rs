//! `azure-mysql`: audit logs of Azure Database for MySQL (`MySqlAuditLogs`), as Azure Monitor streams, stores or exports them.
//!
//! **Switch on**: set the server parameters `audit_log_enabled = ON` and `audit_log_events = CONNECTION_V2,GENERAL,TABLE_ACCESS`, and send the
//! category `MySqlAuditLogs` of the diagnostic settings to an event hub, a storage account or Log Analytics. Read are the records themselves,
//! lists of them (`records`), and rows of Log Analytics under both of their namings (`sql_text_s`, `SqlText`).
//!
//! **Tells**: login, address, statement, and with `TABLE_ACCESS` the tables behind views. **Does not tell**: rows, so how many people a bulk
//! read showed is unknown; columns other than by the statement; values of prepared statements. Times are UTC.
//!
//! **Counted**: all events of one statement count once. Texts of 2,048 characters are cut and not believed.
//!
//! **Refused**: an object without an event class or a time, or with one field in two spellings and different values.
//!
//! **Example**:
//!
//! ```json
//! {"category":"MySqlAuditLogs","time":"2026-03-02T09:14:05Z","operationName":"LogEvent","properties":{"event_class":"general_log","event_subclass":"LOG","event_time":"2026-03-02T09:14:05Z","error_code":0,"thread_id":5,"user":"li_na","ip":"10.0.0.7","host":"","sql_text":"SELECT name FROM crm.customers WHERE id = 42"}}
//! ```

use crate::decode::IgnoredReason;
use crate::decode::framing::document::Documents;
use crate::decode::local_clock::LocalClock;
use crate::decode::mysql::assembler::{Event, EventPosition, StatementAssembler, Step};
use crate::decode::mysql::session::SessionIdentity;
use crate::decode::row::{ExportRow, form};
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json, tool_time};
use serde_json::{Map, Value};

/// `azure-mysql`.
pub const FORMAT: Format = Format {
    name: "azure-mysql",
    recognised_by: "objects with `event_class` (`event_class_s`, `EventClass`) of general, connection or table access logs",
    stateless: false,
    decoder: |_| Documents::json(Box::new(Azure::default())),
    recognises,
};

const EXPECTED: &str = "an audit record of Azure Database for MySQL";
/// Longer texts are cut.
const LONGEST_TEXT: usize = 2_048;

#[derive(Default)]
struct Azure {
    joined: StatementAssembler,
}

impl Decoder for Azure {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let Value::Object(mut fields) = json::tree(raw, EXPECTED)? else { return Err(form(EXPECTED, "not an object")) };
        let Some(Value::Array(list)) = fields.remove("records") else { return self.one(fields, raw, emit) };
        // One that is no record must not take its neighbours along.
        let mut result = Ok(());
        for item in list {
            result = result.and(match item {
                Value::Object(fields) => self.one(fields, raw, emit),
                _ => Err(form(EXPECTED, "not an object")),
            });
        }
        result
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.joined.flush(emit);
    }
}

/// The fields of the event: in `properties`, with their type behind the name, or themselves.
fn event_fields(mut fields: Map<String, Value>) -> Result<ExportRow, DecodeError> {
    match fields.remove("properties") {
        Some(Value::Object(inner)) => return ExportRow::of(inner, EXPECTED),
        Some(Value::String(text)) => {
            if let Ok(Value::Object(inner)) = json::tree(Raw::new(text.as_bytes(), raw_position(), Default::default()), EXPECTED) {
                return ExportRow::of(inner, EXPECTED);
            }
        }
        _ => {}
    }
    if !fields.contains_key("event_class_s") {
        return ExportRow::of(fields, EXPECTED);
    }
    let bare =
        |name: String| ["_s", "_d", "_t", "_g"].iter().find_map(|suffix| name.strip_suffix(suffix)).map_or(name.clone(), str::to_owned);
    ExportRow::of(fields.into_iter().map(|(name, value)| (bare(name), value)), EXPECTED)
}

fn raw_position() -> crate::model::access::Position {
    crate::model::access::Position(0)
}

impl Azure {
    fn one(&mut self, fields: Map<String, Value>, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let other = fields
            .get("category")
            .or_else(|| fields.get("Category"))
            .and_then(Value::as_str)
            .is_some_and(|category| category != "MySqlAuditLogs");
        let outer = fields.get("time").or_else(|| fields.get("TimeGenerated")).and_then(Value::as_str).map(str::to_owned);
        let row = event_fields(fields)?;
        let word = |names: &[&str]| row.text(names).map(|text| text.trim().to_owned()).unwrap_or_default();
        let class = word(&["eventclass"]).to_ascii_lowercase();
        if other || class.is_empty() && !word(&["querytime", "startstime"]).is_empty() {
            emit(raw.ignored(IgnoredReason::OtherEvent));
            return Ok(());
        }
        let time = row.text(&["eventtime", "timegenerated"]).map(|text| text.into_owned()).or(outer);
        let time =
            time.and_then(|text| tool_time::read(&text, &mut LocalClock::default())).map(|instant| instant.time).or(raw.envelope.time);
        let time = time.ok_or(DecodeError::Field { field: "event_time", rule: "must be a time between 2000 and 2100".to_owned() })?;
        let connection = word(&["threadid", "connectionid"]);
        let place = EventPosition::new(raw, time, &connection, None);
        let who = SessionIdentity::new(&word(&["user"]), &word(&["host"]), &word(&["ip"]), &word(&["db"]));
        let code = row.text(&["errorcode", "status"]).and_then(|code| code.trim().parse::<i64>().ok()).unwrap_or(0);
        let text = row.text(&["sqltext"]).map(|text| text.into_owned()).unwrap_or_default();
        let cut = text.chars().count() >= LONGEST_TEXT - 1;
        let subclass = word(&["eventsubclass"]).to_ascii_uppercase();
        let event = |step: Step| Event { step, place: place.clone(), who: who.clone(), text: text.clone(), class: String::new(), cut };
        match (class.as_str(), subclass.as_str()) {
            ("general_log", "LOG") => self.joined.take(event(Step::Log), emit),
            ("general_log", "RESULT") => self.joined.take(event(Step::End(code)), emit),
            ("general_log", _) => self.joined.take(event(Step::Status(code, None)), emit),
            ("connection_log", "DISCONNECT") => {
                self.joined.leave(&connection, emit);
                emit(raw.ignored(IgnoredReason::Session));
            }
            ("connection_log", _) => self.joined.login(&place, who.clone(), code, emit),
            ("table_access_log", kind) => {
                let touched = format!("{}.{}", word(&["db"]), word(&["tablename", "table"]));
                self.joined.take(event(Step::Table(touched, kind != "READ")), emit);
            }
            ("", _) => return Err(form(EXPECTED, "without an event class")),
            _ => emit(raw.ignored(IgnoredReason::OtherEvent)),
        }
        Ok(())
    }
}

fn recognises(bytes: &[u8]) -> bool {
    let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
        && (has("\"event_class\"") || has("\"event_class_s\"") || has("\"EventClass\""))
        && (has("\"general_log\"") || has("\"connection_log\"") || has("\"table_access_log\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::access::Operation;
    use crate::model::record::{EventOutcome, Record};

    fn event(class: &str, subclass: &str, rest: &str) -> String {
        format!(
            r#"{{"category":"MySqlAuditLogs","time":"2026-03-02T09:00:00Z","properties":{{"event_class":"{class}","event_subclass":"{subclass}","event_time":"2026-03-02T09:00:00Z","thread_id":5,"user":"li","ip":"10.0.0.9","host":""{rest}}}}}"#
        )
    }

    fn decode(lines: &[&str]) -> Vec<Record<'static>> {
        assert_eq!(crate::decode::recognise(lines.iter().map(|line| line.as_bytes())).map(|format| format.name), Some("azure-mysql"));
        let (records, dead) = testing::decode(&FORMAT, lines);
        assert_eq!(dead, []);
        records
    }

    #[test]
    fn all_namings_of_a_statement_are_read() {
        let text = "select name from crm.customers";
        let record = event("general_log", "STATUS", &format!(r#","error_code":0,"sql_text":"{text}""#));
        let stored = format!(r#"{{"records":[{record},{record}]}}"#);
        let typed = format!(
            r#"{{"Category":"MySqlAuditLogs","TimeGenerated":"2026-03-02T09:00:01Z","event_class_s":"general_log","event_subclass_s":"LOG","event_time_t":"2026-03-02T09:00:00Z","thread_id_d":5.0,"user_s":"li","ip_s":"10.0.0.9","sql_text_s":"{text}"}}"#
        );
        let own = format!(
            r#"{{"TimeGenerated":"2026-03-02T09:00:01Z","EventClass":"general_log","EventSubclass":"LOG","EventTime":"2026-03-02T09:00:00Z","ThreadId":"5","User":"li","Ip":"10.0.0.9","SqlText":"{text}"}}"#
        );
        for (line, count) in [(&record, 1), (&stored, 2), (&typed, 1), (&own, 1)] {
            let records = decode(&[line]);
            assert_eq!(records.len(), count, "{line}");
            let record = &records[0];
            assert_eq!(
                (record.account.as_deref(), record.client.ip.as_deref(), record.statement.as_deref()),
                (Some("li"), Some("10.0.0.9"), Some(text))
            );
            assert_eq!((record.time.to_string().as_str(), record.rows), ("2026-03-02T09:00:00Z", None));
        }
    }

    #[test]
    fn events_of_one_statement_count_once_and_cut_texts_are_not_believed() {
        let text = r#","error_code":0,"sql_text":"select * from v""#;
        let lines = [
            event("connection_log", "CONNECT", r#","connection_id":5,"error_code":0"#),
            event("general_log", "LOG", text),
            event("table_access_log", "READ", r#","connection_id":5,"db":"crm","table":"customers","sql_text":"select * from v""#),
            event("general_log", "STATUS", text),
            event("general_log", "STATUS", &format!(r#","sql_text":"{:2048}""#, "select name from crm.customers where id = 4")),
            event("connection_log", "DISCONNECT", ""),
            event("general_log", "ERROR", r#","error_code":1146,"sql_text":"select * from nowhere""#),
        ];
        let records = decode(&lines.each_ref().map(String::as_str));
        let told: Vec<_> = records.iter().map(|record| (record.operation, record.outcome)).collect();
        assert_eq!(told[0], (Operation::Login, EventOutcome::Success));
        assert_eq!(records[1].plan.as_ref().map(|plan| plan.scans[0].table.as_str()), Some("crm.customers"));
        assert_eq!((records[2].statement.as_deref(), records[2].objects[0].table.as_ref()), (None, "crm.customers"));
        assert_eq!((told.len(), told[3]), (4, (Operation::Read, EventOutcome::Refused)));
    }
}
