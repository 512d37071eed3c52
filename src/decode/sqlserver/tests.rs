//! Cases of SQL Server Audit in each of its forms.

use super::*;
use crate::decode::testing;
use crate::model::access::Operation;
use crate::model::doubts::Doubts;
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

/// A record of a table's read as the server writes it, by its parts.
fn event(separator: &str, action: &str, statement: &str, rows: u32) -> String {
    let object = if action == "SL  " { "customers" } else { "" };
    [
        "audit_schema_version:1",
        "event_time:2026-03-02 09:00:00.2866666",
        "sequence_number:1",
        &format!("action_id:{action}"),
        "succeeded:true",
        "session_id:52",
        "class_type:U ",
        &format!("response_rows:{rows}"),
        "client_ip:10.0.0.9",
        "session_server_principal_name:SOC\\li",
        "server_principal_name:SOC\\li",
        "server_instance_name:SQL1",
        "database_name:crm",
        "schema_name:dbo",
        &format!("object_name:{object}"),
        &format!("statement:{statement}"),
        "additional_information:",
        "user_defined_information:",
        "application_name:SSMS",
    ]
    .join(separator)
}

const READ: &str = "SELECT [name],[phone] FROM [dbo].[customers]";

#[test]
fn the_event_is_found_in_whatever_carries_it() {
    let (lines, line) = (event("\n", "SL  ", READ, 0), event(" ", "SL  ", READ, 0));
    let windows = event("\r\n", "SL  ", READ, 0);
    let told = format!("Audit event: {lines}");
    for text in [
        line.clone(),
        format!("Mar  2 09:00:01 SQL1 MSSQLSERVER[4]: Audit event: {line}"),
        format!("<14>1 2026-03-02T09:00:01Z SQL1 MSSQLSERVER 4 - [x@1 EventID=\"33205\"] Audit event: {line}"),
        serde_json::json!({"EventID": 33205, "SourceName": "MSSQLSERVER", "Channel": "Application", "Message": told}).to_string(),
        serde_json::json!({"EventID": 33205, "SourceName": "MSSQL$CRM", "Message": format!("Audit event: {windows}")}).to_string(),
        serde_json::json!({"@timestamp": "2026-03-02T09:00:01Z", "message": told, "winlog": {"event_id": "33205", "provider_name": "MSSQLSERVER$AUDIT", "event_data": {"param1": lines}}}).to_string(),
        serde_json::json!({"winlog": {"event_id": 33205, "channel": "Application", "provider_name": "MSSQLSERVER", "event_data": {"param1": windows}}}).to_string(),
        serde_json::json!({"win": {"system": {"providerName": "MSSQLSERVER", "eventID": "33205"}, "eventdata": {"data": lines}}}).to_string(),
        serde_json::json!({"timestamp": "2026-03-02T09:00:01.1+0000", "rule": {"id": "1"}, "data": {"win": {"system": {"eventID": "33205"}, "eventdata": {"data": line}}}}).to_string(),
        serde_json::json!({"EventID": 33205, "ProviderName": "MSSQLSERVER", "StringInserts": [lines]}).to_string(),
        serde_json::json!({"EventID": 33205, "Source": "MSSQLSERVER", "EventData": format!("<DataItem><EventData><Data>{lines}</Data></EventData></DataItem>")}).to_string(),
        format!("<14>Mar  2 09:00:01 SQL1 MSWinEventLog\t1\tApplication\t123\tMon Mar 02 09:00:01 2026\t33205\tMSSQLSERVER\tSOC\\svc\tAudit event: {line}"),
        serde_json::json!({"EventTime": "2026-03-02 17:00:00", "Hostname": "SQL1", "EventID": 33205, "SourceName": "MSSQLSERVER", "Message": told, "event_time": "2026-03-02 09:00:00.2866666", "action_id": "SL", "session_id": "52", "session_server_principal_name": "SOC\\li", "server_principal_name": "SOC\\li", "client_ip": "10.0.0.9", "database_name": "crm", "schema_name": "dbo", "object_name": "customers", "statement": READ, "application_name": "SSMS"}).to_string(),
        serde_json::json!({"tables": [{"name": "PrimaryResult", "columns": [{"name": "event_time_t", "type": "datetime"}, {"name": "action_id_s"}, {"name": "server_principal_name_s"}, {"name": "client_ip_s"}, {"name": "statement_s"}, {"name": "application_name_s"}], "rows": [["2026-03-02T09:00:00.28Z", "SL", "SOC\\li", "10.0.0.9", READ, "SSMS"]]}]}).to_string(),
        serde_json::json!({"originalEventTimestamp": "2026-03-02T09:00:00.28Z", "category": "SQLSecurityAuditEvents", "properties": {"action_id": "SL", "session_id": 52, "server_principal_name": "SOC\\li", "client_ip": "10.0.0.9", "database_name": "crm", "statement": READ, "application_name": "SSMS"}}).to_string(),
        format!("<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System><EventID Qualifiers=\"16384\">33205</EventID></System><EventData><Data>{lines}</Data></EventData></Event>"),
        format!("<Event xmlns='x'><System><EventID>33205</EventID></System><EventData><Data>{line}</Data></EventData></Event>"),
        serde_json::json!({"event_time": "2026-03-02T09:00:00.2866666", "action_id": 538_987_603, "succeeded": 1, "session_id": 52, "session_server_principal_name": "SOC\\li", "server_principal_name": "SOC\\li", "client_ip": "10.0.0.9", "database_name": "crm", "schema_name": "dbo", "object_name": "customers", "statement": READ, "application_name": "SSMS"}).to_string(),
        serde_json::json!({"TimeGenerated": "2026-03-02T09:00:01Z", "Category": "SQLSecurityAuditEvents", "event_time_t": "2026-03-02T09:00:00.286Z", "action_id_s": "SL", "action_name_s": "SELECT", "succeeded_s": "true", "session_id_d": 52.0, "session_server_principal_name_s": "SOC\\li", "server_principal_name_s": "SOC\\li", "client_ip_s": "10.0.0.9", "database_name_s": "crm", "schema_name_s": "dbo", "object_name_s": "customers", "statement_s": READ, "application_name_s": "SSMS"}).to_string(),
        serde_json::json!({"sqlserver": {"audit": {"event_time": "2026-03-02 09:00:00.2866666", "action_id": "SL", "session_id": "52", "session_server_principal_name": "SOC\\li", "server_principal_name": "SOC\\li", "client_ip": "10.0.0.9", "database_name": "crm", "schema_name": "dbo", "object_name": "customers", "statement": READ, "application_name": "SSMS"}}, "event": {"code": "33205"}}).to_string(),
    ] {
        let found = crate::decode::recognise(text.lines().map(str::as_bytes)).map(|format| format.name);
        assert_eq!(found, Some("sqlserver-audit"), "{text}");
        let (records, dead) = testing::decode(&FORMAT, &text.lines().collect::<Vec<_>>());
        assert_eq!(dead, [], "{text}");
        let [record] = records.as_slice() else { panic!("{text}: {records:?}") };
        assert_eq!((record.account.as_deref(), record.client.ip.as_deref()), (Some("SOC\\li"), Some("10.0.0.9")), "{text}");
        assert_eq!((record.statement.as_deref(), record.client.app.as_deref()), (Some(READ), Some("SSMS")), "{text}");
        assert_eq!((record.time.seconds(), record.operation), (1_772_442_000, Operation::Read), "{text}");
    }
}

#[test]
fn other_events_of_windows_are_passed_over_whatever_they_say() {
    let lines = event("\n", "SL  ", READ, 0);
    for text in [
        serde_json::json!({"winlog": {"event_id": 4624, "channel": "Security", "event_data": {"param1": lines}}}).to_string(),
        serde_json::json!({"EventID": 33205, "SourceName": "Forger", "Message": lines}).to_string(),
        serde_json::json!({"win": {"system": {"eventID": "18453", "providerName": "MSSQLSERVER"}, "eventdata": {"data": "Login"}}})
            .to_string(),
    ] {
        assert_eq!(testing::decode(&FORMAT, &[&text]).0.len(), 0, "{text}");
        assert_eq!(testing::decode(&FORMAT, &[&text]).1, [], "{text}");
    }
}

#[test]
fn a_batch_whose_text_was_pushed_out_is_an_access_of_unknown_tables() {
    let blanks = " ".repeat(4_000);
    let azure = |statement: &str, rows: u32| {
        serde_json::json!({"category": "SQLSecurityAuditEvents", "properties": {"event_time": "2026-03-02T09:00:00.28Z", "action_id": "BCM ", "session_id": 52, "server_principal_name": "li", "database_name": "crm", "statement": statement, "response_rows": rows, "affected_rows": rows}}).to_string()
    };
    for text in [azure(&blanks, 500), azure("", 500), event("\n", "BCM ", &blanks, 500), event(" ", "BCM ", "", 500)] {
        let (records, dead) = testing::decode(&FORMAT, &text.lines().collect::<Vec<_>>());
        assert_eq!(dead, []);
        let [record] = records.as_slice() else { panic!("{text}: {records:?}") };
        assert_eq!((record.operation, record.rows, record.statement.as_deref()), (Operation::Read, Some(500), None));
        assert!(record.objects.is_empty() && record.doubts.has(Doubts::TEXT));
    }
    let unknown = testing::decode(&FORMAT, &[&azure(&blanks, 0)]).0;
    assert_eq!((unknown.len(), unknown[0].rows), (1, None), "a server of one's own counts nothing");
    assert_eq!(testing::decode(&FORMAT, &[&azure("", 0)]).0.len(), 0);
    // 4,000 bytes of characters of two bytes.
    let cut = testing::decode(&FORMAT, &[&azure(&format!("{:2000}", "SELECT name FROM dbo.customers WHERE id = 4"), 1)]).0;
    assert_eq!((cut.len(), cut[0].statement.as_deref()), (1, None));
}

#[test]
fn tables_are_read_under_every_delimiter_and_naming() {
    let header = "event_time,action_id,succeeded,session_id,session_server_principal_name,server_principal_name,database_name,schema_name,object_name,statement,client_ip";
    let row =
        "2026-03-02 09:00:00.2866666,SL  ,1,52,SOC\\li,SOC\\li,crm,dbo,customers,\"SELECT name\nFROM dbo.customers WHERE id = 4\",10.0.0.9";
    let analytics = header.split(',').map(|name| format!("{name}_s")).collect::<Vec<_>>().join(",");
    for text in
        [format!("{header}\n{row}\n\n(1 row affected)"), format!("{header}\n{row}").replace(',', ";"), format!("{analytics}\n{row}")]
    {
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(crate::decode::recognise([lines[0].as_bytes()]).map(|format| format.name), Some("sqlserver-audit"));
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert_eq!(dead, []);
        assert_eq!((records.len(), records[0].account.as_deref()), (1, Some("SOC\\li")), "{text}");
        assert!(records[0].statement.as_deref().is_some_and(|text| text.ends_with("id = 4")));
    }
}
