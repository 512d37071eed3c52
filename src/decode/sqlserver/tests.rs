//! Cases of SQL Server Audit in each of its forms.

use super::*;
use crate::decode::testing;
use crate::model::access::Operation;
use crate::model::record::{Dialect, EventOutcome, Record};

fn line(action: &str, object: &str, rows: u64, statement: &str) -> String {
    let row = serde_json::json!({
        "event_time": "2026-03-02 09:00:01.4050216", "sequence_number": 1, "action_id": format!("{action}  "), "succeeded": true,
        "session_id": 55, "transaction_id": 7, "class_type": "U ", "response_rows": rows, "affected_rows": rows, "client_ip": "10.0.0.5",
        "sequence_group_id": "8F65", "session_server_principal_name": "CORP\\li", "server_principal_name": "app", "database_name": "crm",
        "server_instance_name": "S1", "schema_name": "dbo", "object_name": object, "statement": statement, "application_name": "ssms",
        "connection_id": "C1", "host_name": "PC1", "object_id": object.len(),
    });
    row.to_string()
}

fn decode(lines: &[String]) -> Vec<Record<'static>> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (records, dead) = testing::decode(&FORMAT, &lines);
    assert_eq!(dead, []);
    records
}

#[test]
fn a_batch_takes_in_the_records_of_its_statements() {
    let text = "SELECT * FROM dbo.people p JOIN dbo.cards c ON c.id = p.id";
    let records = decode(&[line("SL", "people", 0, text), line("SL", "cards", 0, text), line("BCM", "", 12, text)]);
    let [only] = records.as_slice() else { panic!("one record, not {}", records.len()) };
    assert_eq!((only.statement.as_deref(), only.rows, only.operation), (Some(text), Some(12), Operation::Read));
    assert_eq!((only.account.as_deref(), only.system.as_deref(), only.session.as_deref()), (Some("CORP\\li"), Some("crm"), Some("55")));
    assert_eq!(
        only.client.ip.as_deref().zip(only.client.host.as_deref()).zip(only.client.app.as_deref()),
        Some((("10.0.0.5", "PC1"), "ssms"))
    );
    assert_eq!(
        (only.time.to_string().as_str(), only.dialect, only.outcome),
        ("2026-03-02T09:00:01.405Z", Dialect::MsSql, EventOutcome::Success)
    );
    assert_eq!(only.id.as_deref(), Some("8F65/2026-03-02 09:00:01.4050216/55/BCM/0"));
}

#[test]
fn without_a_batch_rows_are_unknown_and_a_join_counts_once() {
    let text = "SELECT * FROM people p JOIN cards c ON c.id = p.id";
    let records = decode(&[line("SL", "people", 0, text), line("SL", "cards", 0, text), line("SL", "people", 0, text)]);
    assert_eq!(records.iter().map(|r| r.rows).collect::<Vec<_>>(), [None, None], "the last one ran again");
    assert!(decode(&[line("BCM", "", 0, text)])[0].rows.is_none(), "a server of one's own always says 0");
}

#[test]
fn what_a_procedure_reads_is_told_by_its_own_statements() {
    let records = decode(&[
        line("EX", "export", 0, "EXEC export"),
        line("SL", "people", 0, "SELECT name FROM people"),
        line("BCM", "", 9, "EXEC export"),
    ]);
    let [only] = records.as_slice() else { panic!("one record, not {}", records.len()) };
    assert_eq!((only.statement.as_deref(), only.rows), (Some("SELECT name FROM people"), Some(9)));
}

#[test]
fn tables_behind_a_view_are_named_and_a_denied_statement_is_refused() {
    let records =
        decode(&[line("SL", "people", 0, "SELECT * FROM v"), line("SL", "people", 0, "SELECT 1 FROM people").replace("true", "false")]);
    assert_eq!(records[0].objects.iter().map(|o| o.table.as_ref()).collect::<Vec<_>>(), ["dbo.people"]);
    assert_eq!(records[1].outcome, EventOutcome::Refused);
}

#[test]
fn a_long_statement_is_put_together_and_a_cut_one_is_not_trusted() {
    let long = format!("SELECT /*{}", "x".repeat(3_990));
    let second = line("SL", "people", 0, "*/ 1 FROM people").replace("\"sequence_number\":1", "\"sequence_number\":2");
    let records = decode(&[line("SL", "people", 0, &long), second]);
    assert!(records.len() == 1 && records[0].statement.as_deref().is_some_and(|text| text.ends_with("FROM people")));
    let cut = decode(&[line("SL", "people", 0, &long)]);
    assert_eq!((cut[0].statement.as_deref(), cut[0].objects.len()), (None, 1));
}

const TEXT: &str = "audit_schema_version:1\nevent_time:2026-03-02 09:00:01.4\nsequence_number:1\naction_id:SL  \nsucceeded:true\nsession_id:5\nresponse_rows:0\nserver_principal_name:li\ndatabase_name:crm\nschema_name:dbo\nobject_name:people\nstatement:SELECT *\nadditional_information:x\nFROM people\nadditional_information:\napplication_name:a:b\nhost_name:PC1";

#[test]
fn the_event_log_comes_as_lines_as_xml_and_in_a_shippers_json() {
    let lines: Vec<&str> = TEXT.lines().chain([""]).chain(TEXT.lines()).collect();
    let (records, dead) = testing::decode(&FORMAT, &lines);
    assert_eq!((records.len(), dead.len()), (2, 0));
    assert_eq!(records[0].statement.as_deref(), Some("SELECT *\nadditional_information:x\nFROM people"), "a text cannot end itself");
    let xml = format!("<Event><System><EventID>33205</EventID></System><EventData><Data>{TEXT}</Data></EventData></Event>");
    let shipped = serde_json::json!({"winlog": {"event_id": "33205", "event_data": {"param1": TEXT}}}).to_string();
    for one in [xml.as_str(), &shipped] {
        assert!(recognises(one.as_bytes()), "{one}");
        let (records, dead) = testing::decode(&FORMAT, &one.lines().collect::<Vec<_>>());
        assert_eq!((records.len(), dead.len()), (1, 0), "{one}");
        assert_eq!((records[0].account.as_deref(), records[0].client.app.as_deref()), (Some("li"), Some("a:b")));
    }
}

#[test]
fn rows_come_as_csv() {
    let (records, dead) = testing::decode(
        &FORMAT,
        &[
            "event_time,action_id,succeeded,session_id,server_principal_name,statement,object_name",
            "2026-03-02 09:00:01,SL,1,5,li,\"SELECT \"\"a\"\",",
            "b FROM people\",people",
            "2026-03-02 09:00:02,LGIS,1,5,li,NULL,NULL",
            "broken",
        ],
    );
    assert_eq!(records.iter().map(|r| r.operation).collect::<Vec<_>>(), [Operation::Login, Operation::Read]);
    assert_eq!((records[1].statement.as_deref(), records[1].position.0, dead.len()), (Some("SELECT \"a\",\nb FROM people"), 2, 1));
}

#[test]
fn others_are_not_recognised() {
    for text in ["{\"time\":1,\"statement\":\"action_id\"}", "<Event><System><EventID>4624</EventID></System></Event>", "x,y", ""] {
        assert!(!recognises(text.as_bytes()), "{text}");
    }
}
