//! Cases of Oracle's audit trails.

use super::*;
use crate::decode::{Format, testing};

fn decode(format: &'static Format, lines: &[&str]) -> Vec<Record<'static>> {
    let (records, dead) = testing::decode(format, lines);
    assert_eq!(dead, []);
    records
}

fn row(entry: u32, statement: u32, object: &str, text: &str) -> String {
    serde_json::json!({
        "EVENT_TIMESTAMP_UTC": "2026-03-02T09:00:01.123456", "SESSIONID": 77, "ENTRY_ID": entry, "STATEMENT_ID": statement, "DBID": 5,
        "DBUSERNAME": "LI", "CURRENT_USER": "APP", "USERHOST": "PC1", "CLIENT_PROGRAM_NAME": "sqlplus", "ACTION_NAME": "SELECT",
        "RETURN_CODE": 0, "OBJECT_SCHEMA": "CRM", "OBJECT_NAME": object, "SQL_TEXT": text, "SQL_BINDS": " #1(2):42", "INSTANCE_ID": 1,
        "AUTHENTICATION_TYPE": "(TYPE=(DATABASE));(CLIENT ADDRESS=((PROTOCOL=tcp)(HOST=10.0.0.5)(PORT=1)));",
    })
    .to_string()
}

#[test]
fn a_statement_on_two_tables_is_one_record() {
    let text = "SELECT * FROM crm.people p JOIN crm.cards c ON c.id = p.id WHERE p.id = :1";
    let lines = [row(1, 9, "PEOPLE", text), row(2, 9, "CARDS", text), row(3, 10, "PEOPLE", text)];
    let records = decode(&UNIFIED_JSON, &lines.each_ref().map(String::as_str));
    assert_eq!(records.len(), 2);
    let first = &records.iter().find(|r| r.position.0 == 1).expect("the first");
    assert_eq!((first.statement.as_deref(), first.objects.len(), first.rows), (Some(text), 0, None));
    assert_eq!(
        (first.account.as_deref(), first.session.as_deref(), first.client.ip.as_deref()),
        (Some("LI"), Some("77"), Some("10.0.0.5"))
    );
    assert_eq!((first.binds.as_slice(), first.operation), ([Some(Text::Borrowed("42"))].as_slice(), Operation::Read));
    assert_eq!(first.time.to_string(), "2026-03-02T09:00:01.123Z");
    assert!(first.id.is_some() && records[0].id != records[1].id);
}

#[test]
fn a_view_or_a_cut_text_leaves_the_named_object() {
    let view = decode(&UNIFIED_JSON, &[&row(1, 9, "PEOPLE", "SELECT * FROM v")]);
    assert_eq!(view[0].objects[0].table, "CRM.PEOPLE");
    let cut = decode(&UNIFIED_JSON, &[&row(1, 9, "PEOPLE", &format!("{:4000}", "SELECT 1"))]);
    assert_eq!((cut[0].statement.as_deref(), cut[0].objects[0].table.as_ref()), (None, "CRM.PEOPLE"));
}

#[test]
fn data_safe_gives_pages_of_events() {
    let page = r#"{"data":{"items":[{"id":"ocid1.x","auditEventTime":"2026-03-02T09:00:00Z","dbUserName":"LI","operation":"SELECT","operationStatus":"FAILURE","errorCode":"942","commandText":"select 1 from x","clientIp":"10.0.0.1"}]}}"#;
    assert!((UNIFIED_JSON.recognises)(page.as_bytes()));
    let records = decode(&UNIFIED_JSON, &[page]);
    assert_eq!((records[0].id.as_deref(), records[0].outcome), (Some("ocid1.x"), EventOutcome::Refused));
}

#[test]
fn xml_records_are_read_from_a_file_that_is_still_open() {
    let lines = [
        "<?xml version=\"1.0\"?><Audit xmlns=\"http://xmlns.oracle.com/oracleas/schema/dbserver_audittrail-11_2.xsd\"><Version>11.2</Version>",
        "<AuditRecord><Audit_Type>1</Audit_Type><Session_Id>8</Session_Id><StatementId>3</StatementId><EntryId>1</EntryId><Extended_Timestamp>2026-03-02T09:00:00.5Z</Extended_Timestamp><DB_User>LI</DB_User><Action>3</Action><Returncode>1013</Returncode><Object_Schema>CRM</Object_Schema><Object_Name>PEOPLE</Object_Name>",
        "<Sql_Text>select *",
        "from people where a &lt; 1</Sql_Text></AuditRecord>",
    ];
    assert!((XML.recognises)(lines.join("\n").as_bytes()));
    let records = decode(&XML, &lines);
    assert_eq!(
        (records[0].statement.as_deref(), records[0].outcome),
        (Some("select *\nfrom people where a < 1"), EventOutcome::Interrupted)
    );
    assert_eq!(records[0].account.as_deref(), Some("LI"));
}

#[test]
fn syslog_names_the_object_and_text_files_the_statement() {
    let unified = "<134>1 2026-03-02T09:00:00Z h oracle 1 - - Oracle Unified Audit[2]: LENGTH: '215' TYPE:\"4\" DBID:\"28\" SESID:\"27\" CLIENTID:\"\" ENTRYID:\"1\" STMTID:\"9\" DBUSER:\"LI\" CURUSER:\"APP\" ACTION:\"3\" RETCODE:\"0\" SCHEMA:\"CRM\" OBJNAME:\"PEOPLE\" PDB_GUID:\"B\"";
    let records = decode(&SYSLOG, &[unified]);
    assert_eq!((records[0].account.as_deref(), records[0].objects[0].table.as_ref(), records[0].rows), (Some("LI"), "CRM.PEOPLE", None));
    let text = [
        "Audit file /x.aud",
        "",
        "Wed Oct 21 11:58:08 2020 -04:00",
        "LENGTH : '200'",
        "ACTION :[61] 'select 'a' from people where b = 'c'",
        "Wed Oct 21 11:58:08 2020'",
        "DATABASE USER:[1] '/'",
        "STATUS:[1] '0'",
        "DBID:[1] '7'",
        "",
    ];
    assert!((SYSLOG.recognises)(text.join("\n").as_bytes()) && !(SYSLOG.recognises)(b"LENGTH of 1"));
    let records = decode(&SYSLOG, &text);
    assert_eq!(
        (records.len(), records[0].account.as_deref(), records[0].time.to_string().as_str()),
        (1, Some("/"), "2020-10-21T15:58:08Z")
    );
    assert_eq!(records[0].statement.as_deref(), Some("select 'a' from people where b = 'c'\nWed Oct 21 11:58:08 2020"));
    let shipped = [text[2..9].join("\n"), text[2..9].join("\n")].map(|text| serde_json::json!({ "message": text }).to_string());
    let shipped = shipped.each_ref().map(String::as_str);
    assert_eq!(crate::decode::recognise(shipped.map(str::as_bytes)).map(|format| format.name), Some("oracle-syslog"));
    assert_eq!(decode(&SYSLOG, &shipped).iter().map(|record| &record.statement).collect::<Vec<_>>(), [&records[0].statement; 2]);
}

#[test]
fn xml_behind_a_shipper_loses_its_escapes_first() {
    let record = "<AuditRecord><Audit_Type>1</Audit_Type><Extended_Timestamp>2026-03-02T09:00:01.5Z</Extended_Timestamp><DB_User>LI</DB_User><Action>3</Action><Returncode>0</Returncode>\n<Sql_Text>select a\nfrom \"people\"</Sql_Text></AuditRecord>";
    let shipped = serde_json::json!({ "message": record }).to_string();
    let records = decode(&XML, &[&shipped]);
    assert_eq!(records[0].statement.as_deref(), Some("select a\nfrom \"people\""));
}

#[test]
fn binds_are_read_by_their_lengths() {
    let read = |text: &str| binds(text).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
    assert_eq!(read(" #1(5):a #2( #2(0): #3(2):张三"), ["a #2(", "", "张三"]);
    assert!(read(" #1(99):a").is_empty() && read("#2(1):a").is_empty() && read("x").is_empty());
}

const UNIFIED: &str = "LENGTH: '150' TYPE:\"4\" DBID:\"816595110\" SESID:\"1215445\" CLIENTID:\"\" ENTRYID:\"0\" STMTID:\"0\" DBUSER:\"LI\" CURUSER:\"LI\" ACTION:\"3\" RETCODE:\"0\" SCHEMA:\"CRM\" OBJNAME:\"CUSTOMERS\" PDB_GUID:\"0001\"";

#[test]
fn records_come_out_of_every_tag_that_syslog_makes_of_the_servers_name() {
    let json = |fields: serde_json::Value| {
        let mut object = serde_json::json!({ "timestamp": "2026-10-26T03:07:34.040652-04:00", "host": "db1" });
        object.as_object_mut().expect("is one").extend(fields.as_object().expect("is one").clone());
        object.to_string()
    };
    for line in [
        format!("Oct 26 07:07:34 db1 Oracle Unified Audit[15149]: {UNIFIED}"),
        format!("<174>Oct 26 07:07:34 db1 Oracle Unified Audit[15149]: {UNIFIED}"),
        format!("<174>Oct 26 07:07:34 Oracle Unified Audit[15149]: {UNIFIED}"),
        format!("2026-10-26T03:07:34.040652-04:00 db1 Oracle Unified Audit[15149]: {UNIFIED}"),
        format!("<174>1 2026-10-26T03:07:34.040652-04:00 db1 Oracle 15149 - - Unified Audit[15149]: {UNIFIED}"),
        format!("<174>1 2026-10-26T03:07:34.040652-04:00 db1 Oracle - - -  Unified Audit[15149]: {UNIFIED}"),
        format!("<174>1 2026-10-26T03:07:34.040652-04:00 db1 Oracle_Unified_Audit 15149 - - {UNIFIED}"),
        json(serde_json::json!({ "programname": "Oracle", "msg": format!(" Unified Audit[15149]: {UNIFIED}") })),
        json(serde_json::json!({ "syslogtag": "Oracle", "message": format!("Unified Audit[15149]: {UNIFIED}") })),
        json(serde_json::json!({ "SYSLOG_IDENTIFIER": "Oracle Unified Audit", "_PID": "15149", "MESSAGE": UNIFIED })),
        format!("2026-10-26 07:07:34 db1 local7.info Oracle Unified Audit[15149]: {UNIFIED}"),
        serde_json::json!({ "TimeGenerated": "2026-10-26T07:07:34Z", "Computer": "db1", "ProcessName": "Oracle", "SyslogMessage": format!("Unified Audit[15149]: {UNIFIED}") }).to_string(),
        json(serde_json::json!({ "SYSLOG_IDENTIFIER": "Oracle", "MESSAGE": format!("Oracle Unified Audit[15149]: {UNIFIED}") })),
    ] {
        let found = crate::decode::recognise([line.as_bytes()]).map(|format| format.name);
        assert_eq!(found, Some("oracle-syslog"), "{line}");
        let records = decode(&SYSLOG, &[&line, &line.replace("ENTRYID:\"0\" STMTID:\"0\"", "ENTRYID:\"1\" STMTID:\"1\"")]);
        assert_eq!(records.len(), 2, "{line}");
        assert_eq!((records[0].account.as_deref(), records[0].objects[0].table.as_ref()), (Some("LI"), "CRM.CUSTOMERS"), "{line}");
        assert_eq!((records[0].time.seconds(), records[0].rows), (1_792_998_454, None), "{line}");
    }
}

#[test]
fn an_export_of_the_journal_is_read_field_by_field() {
    let entry = |number: u32| {
        let message =
            UNIFIED.replace("ENTRYID:\"0\"", &format!("ENTRYID:\"{number}\"")).replace("STMTID:\"0\"", &format!("STMTID:\"{number}\""));
        format!("__CURSOR=s=1\n__REALTIME_TIMESTAMP=1792998454040652\n_HOSTNAME=db1\nMESSAGE={message}\nSYSLOG_PID=15149\n")
    };
    let text = format!("{}\n{}", entry(1), entry(2));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(crate::decode::recognise(lines.iter().map(|line| line.as_bytes())).map(|format| format.name), Some("oracle-syslog"));
    let records = decode(&SYSLOG, &lines);
    assert_eq!((records.len(), records[0].time.seconds()), (2, 1_792_998_454));
}

#[test]
fn what_syslog_cut_names_its_tables_and_what_it_parted_is_put_together() {
    let head = "Oct 26 07:07:34 db1 Oracle Audit[77]: ";
    let first = "LENGTH : '900' ACTION :[700] 'select name from crm.customers where id in (1,2,";
    let cut = decode(&SYSLOG, &[&format!("{head}{first}"), &format!("{head}{UNIFIED}")]);
    assert_eq!(cut.len(), 2, "{cut:?}");
    let lost = cut.iter().find(|record| record.position.0 == 1).expect("the first");
    assert_eq!((lost.statement.as_deref(), lost.objects[0].table.as_ref()), (None, "crm.customers"));
    assert!(lost.doubts.has(Doubts::TEXT));
    let rest = "3)' DATABASE USER:[4] 'LI_N' STATUS:[1] '0' DBID:[1] '7'";
    let first = first.replace("[700]", "[50]");
    for (seam, goes_on) in [("", ""), ("..", ".."), ("..", "")] {
        let whole = decode(&SYSLOG, &[&format!("{head}{first}{seam}"), &format!("{head}{goes_on}{rest}")]);
        assert_eq!(whole.len(), 1, "{whole:?}");
        assert_eq!(whole[0].statement.as_deref(), Some("select name from crm.customers where id in (1,2,3)"), "{seam}");
        assert_eq!((whole[0].account.as_deref(), whole[0].position.0), (Some("LI_N"), 1));
    }
    let (records, dead) = testing::decode(&SYSLOG, &[&format!("{head}{UNIFIED}"), &format!("{head}{rest}")]);
    assert_eq!((records.len(), dead.len()), (1, 1), "a part without its beginning");
    let (records, dead) = testing::decode(&SYSLOG, &[&format!("{head}{UNIFIED}"), "Oct 26 07:07:34 db1 sshd[1]: hello"]);
    assert_eq!((records.len(), dead.len()), (1, 0), "another program");
}

#[test]
fn exports_in_csv_are_read_by_the_names_of_their_header() {
    let plus = [
        "\"EVENT_TIMESTAMP\",\"SESSIONID\",\"ENTRY_ID\",\"STATEMENT_ID\",\"DBUSERNAME\",\"ACTION_NAME\",\"RETURN_CODE\",\"OBJECT_SCHEMA\",\"OBJECT_NAME\",\"SQL_TEXT\"",
        "\"26-OCT-26 03.07.34.040652 AM\",77,1,1,\"LI\",\"SELECT\",0,\"CRM\",\"CUSTOMERS\",\"SELECT name",
        "FROM crm.customers WHERE id = 4\"",
        "\"26-OCT-26 03.07.35.040652 AM\",77,2,2,\"LI\",\"LOGOFF\",0,,,",
        "\"26-OCT-26 03.07.36.040652 AM\",78,1,1,\"LI\",\"SELECT\",0,\"CRM\",\"CUSTOMERS\",\"SELECT name FROM crm.customers WHERE id = 4 OR id = 5 OR id = 6 OR id = 7 OR id=\"",
        "",
        "3 rows selected.",
    ];
    let dbeaver = [
        "OS_USERNAME;USERNAME;USERHOST;TIMESTAMP;OWNER;OBJ_NAME;ACTION;ACTION_NAME;SESSIONID;ENTRYID;STATEMENTID;RETURNCODE;SQL_TEXT",
        "li;LI;PC1;2026-10-26 03:07:34.000;CRM;CUSTOMERS;3;SELECT;77;1;1;0;(CLOB) SELECT name FROM crm.customers WHERE id = 4",
        "li;LI;PC1;2026-10-26 03:07:35.000;CRM;CUSTOMERS;3;SELECT;77;1;2;0;[CLOB]",
    ];
    for lines in [&plus[..], &dbeaver[..]] {
        assert_eq!(crate::decode::recognise([lines[0].as_bytes()]).map(|format| format.name), Some("oracle-unified-json"));
        let mut records = decode(&UNIFIED_JSON, lines);
        records.sort_by_key(|record| record.position);
        assert_eq!(records.len(), 2, "{records:?}");
        assert_eq!(records[0].time.to_string()[..19], *"2026-10-26T03:07:34");
        assert_eq!(records[0].account.as_deref(), Some("LI"));
        assert_eq!(
            records[0].statement.as_deref().map(|text| text.replace('\n', " ")).as_deref(),
            Some("SELECT name FROM crm.customers WHERE id = 4")
        );
        assert_eq!((records[1].statement.as_deref(), records[1].objects[0].table.as_ref()), (None, "CRM.CUSTOMERS"));
    }
    assert_ne!(
        crate::decode::recognise([&b"timestamp,username,action,session_id"[..]]).map(|format| format.name),
        Some("oracle-unified-json")
    );
}
