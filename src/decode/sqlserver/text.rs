//! Event 33205 as text: `name:value` on lines of their own, or all of them on one.

use crate::decode::DecodeError;
use crate::decode::row::{ExportRow, form};
use memchr::memmem::Finder;
use serde_json::{Map, Value};
use std::sync::LazyLock;

use super::EXPECTED;

/// Names of fields, by which one line is taken apart.
const NAMES: [&str; 45] = [
    "audit_schema_version",
    "event_time",
    "sequence_number",
    "action_id",
    "succeeded",
    "is_column_permission",
    "session_id",
    "server_principal_id",
    "database_principal_id",
    "target_server_principal_id",
    "target_database_principal_id",
    "object_id",
    "user_defined_event_id",
    "transaction_id",
    "class_type",
    "duration_milliseconds",
    "response_rows",
    "affected_rows",
    "client_ip",
    "permission_bitmask",
    "sequence_group_id",
    "session_server_principal_name",
    "server_principal_name",
    "server_principal_sid",
    "database_principal_name",
    "target_server_principal_name",
    "target_server_principal_sid",
    "target_database_principal_name",
    "server_instance_name",
    "database_name",
    "schema_name",
    "object_name",
    "statement",
    "additional_information",
    "user_defined_information",
    "application_name",
    "connection_id",
    "data_sensitivity_information",
    "host_name",
    "session_context",
    "client_tls_version",
    "client_tls_version_name",
    "database_transaction_id",
    "ledger_start_sequence_number",
    "external_policy_permissions_checked",
];

/// Where a record begins in a text, behind what shippers put before it.
pub(super) fn start(text: &str) -> Option<usize> {
    let bare = text.trim_start();
    let at = text.len() - bare.len();
    let named = |rest: &str| rest.starts_with("audit_schema_version:") || rest.starts_with("event_time:");
    if named(bare) {
        return Some(at);
    }
    // Each line of a record is looked through for the beginning of the next.
    static EVENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("Audit event:"));
    static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("audit_schema_version:"));
    let head = &text.as_bytes()[..text.len().min(2_048)];
    let found = EVENT.find(head).map(|at| at + EVENT.needle().len()).or_else(|| VERSION.find(head))?;
    let found = found + text[found..].len() - text[found..].trim_start().len();
    named(&text[found..]).then_some(found)
}

/// Whether all of a record stands on one line.
pub(super) fn is_one_line(text: &str) -> bool {
    text.find("action_id:").is_some_and(|at| !text[..at].trim_start().contains(['\n', '\r']))
}

/// Reads a record.
pub(super) fn read(text: &str) -> Result<ExportRow, DecodeError> {
    let text = &text[start(text).unwrap_or(0)..];
    let text = text.replace("\r\n", "\n");
    let one_line = is_one_line(&text);
    let (separator, after) = if one_line { (' ', " additional_information:") } else { ('\n', "\nadditional_information:") };
    let (head, rest) = text.split_once(&format!("{separator}statement:")).unwrap_or((&text, ""));
    // Whoever writes the statement can write such a line into it: the last one is the server's.
    let (statement, tail) = rest.rfind(after).map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
    let mut fields: Map<String, Value> = Map::new();
    for (name, value) in pairs(head, one_line) {
        if fields.insert(name, Value::from(value)).is_some() {
            return Err(form(EXPECTED, "a field stands twice"));
        }
    }
    // Behind the statement clients speak as well: what they name again stays what the server said before.
    for (name, value) in pairs(tail, one_line) {
        fields.entry(name).or_insert_with(|| Value::from(value));
    }
    fields.insert("statement".to_owned(), Value::from(statement));
    ExportRow::of(fields, EXPECTED)
}

/// The names and values of a part of a record.
fn pairs(text: &str, one_line: bool) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let pieces: Box<dyn Iterator<Item = &str>> = if one_line { Box::new(text.split(' ')) } else { Box::new(text.split('\n')) };
    let separator = if one_line { ' ' } else { '\n' };
    for piece in pieces {
        let named = piece.trim_start().split_once(':').map(|(name, value)| (name.trim(), value)).filter(|(name, _)| {
            if one_line { NAMES.contains(name) } else { !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') }
        });
        match (named, found.last_mut()) {
            (Some((name, value)), _) => found.push((name.to_owned(), value.to_owned())),
            (None, Some((_, value))) => {
                value.push(separator);
                value.push_str(piece);
            }
            (None, None) => {}
        }
    }
    found.iter_mut().for_each(|(_, value)| *value = value.trim().to_owned());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "audit_schema_version:1 event_time:2026-03-02 09:00:00.2866666 action_id:SL   succeeded:true client_ip:local machine session_server_principal_name:SOC\\li object_name:customers statement:SELECT a:b, additional_information: FROM x additional_information: user_defined_information: application_name:a server_principal_name:evil";

    #[test]
    fn one_line_and_many_tell_the_same() {
        let many = ONE
            .replace(" event_time", "\nevent_time")
            .replace(" action_id", "\naction_id")
            .replace(" succeeded", "\nsucceeded")
            .replace(" client_ip", "\r\nclient_ip")
            .replace(" session_server", "\nsession_server")
            .replace(" object_name", "\nobject_name")
            .replace(" statement", "\nstatement")
            .replace(" FROM x additional", "\nadditional_information: FROM x\nadditional")
            .replace(" user_defined", "\nuser_defined")
            .replace(" application_name", "\napplication_name");
        for (text, statement) in [
            (ONE, "SELECT a:b, additional_information: FROM x"),
            (&many, "SELECT a:b, additional_information:\nadditional_information: FROM x"),
            (&format!("Audit event: {many}"), "SELECT a:b, additional_information:\nadditional_information: FROM x"),
            (&format!("Mar 2 x\tMSSQLSERVER\tAudit event: {ONE}"), "SELECT a:b, additional_information: FROM x"),
        ] {
            let row = read(text).expect("is one");
            let said = |name: &str| row.text(&[name]).map(|text| text.into_owned()).unwrap_or_default();
            assert_eq!(
                (said("eventtime"), said("actionid"), said("clientip")),
                ("2026-03-02 09:00:00.2866666".into(), "SL".into(), "local machine".into()),
                "{text}"
            );
            assert_eq!(
                (said("sessionserverprincipalname"), said("objectname"), said("statement")),
                ("SOC\\li".into(), "customers".into(), statement.into())
            );
        }
    }

    #[test]
    fn blanks_in_place_of_a_statement_stay() {
        let row = read("event_time:2026-03-02 09:00:00\naction_id:BCM \nstatement:     \nadditional_information:").expect("is one");
        assert_eq!(row.value(&["statement"]).and_then(Value::as_str), Some("     "));
        assert!(read("event_time:1\nevent_time:2\naction_id:SL\nstatement:x").is_err());
    }

    #[test]
    fn records_begin_where_the_server_begins() {
        assert_eq!(
            (start("  event_time:1"), start("MSSQL[1]: Audit event: audit_schema_version:1 x"), start("select 'event_time:'")),
            (Some(2), Some(23), None)
        );
    }
}
