//! Tests of the log entries of Cloud SQL.

use super::*;
use crate::decode::testing;
use crate::model::access::Operation;
use crate::model::record::{EventOutcome, Record};
use serde_json::{Value, json};

fn entry(request: Value) -> Value {
    json!({"insertId":"x1","logName":"projects/p/logs/cloudaudit.googleapis.com%2Fdata_access","timestamp":"2026-03-02T09:00:00.5Z",
           "resource":{"type":"cloudsql_database","labels":{"database_id":"p:pg1","project_id":"p"}},"severity":"INFO",
           "protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","methodName":"cloudsql.instances.query",
                           "serviceName":"cloudsql.googleapis.com","resourceName":"instances/pg1","request":request}})
}

fn audit(statement: &str, parameter: &str, chunk: u64, count: u64) -> Value {
    entry(json!({"@type":"type.googleapis.com/google.cloud.sql.audit.v1.PgAuditEntry","auditClass":"READ","auditType":"SESSION",
        "command":"SELECT","database":"crm","databaseSessionId":1150,"object":"","objectType":"","parameter":parameter,
        "statement":statement,"statementId":4,"substatementId":1,"user":"li_na","chunkIndex":chunk.to_string(),"chunkCount":count.to_string()}))
}

fn decode(lines: &[Value]) -> (Vec<Record<'static>>, Vec<(u64, String)>) {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    testing::decode(&CLOUDSQL, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

fn text(text: &str) -> Value {
    json!({"insertId":"x2","logName":"projects/p/logs/cloudsql.googleapis.com%2Fpostgres.log","timestamp":"2026-03-02T09:00:00.5Z",
           "resource":{"type":"cloudsql_database","labels":{"database_id":"p:pg1"}},"severity":"INFO","textPayload":text})
}

#[test]
fn a_line_of_pgaudit_has_every_field() {
    let (records, dead) = decode(&[audit("SELECT a, b\nFROM t WHERE id = $1", "\"4\"\"3\"", 1, 1)]);
    assert_eq!((records.len(), dead.len()), (1, 0));
    let record = &records[0];
    assert_eq!(record.statement.as_deref(), Some("SELECT a, b\nFROM t WHERE id = $1"));
    assert_eq!(record.binds, [Some(Cow::Borrowed("4\"3"))]);
    assert_eq!((record.account.as_deref(), record.system.as_deref()), (Some("li_na"), Some("crm")));
    assert_eq!((record.session.as_deref(), record.rows), (Some("p:pg1/1150"), None));
    assert_eq!(record.time.to_string(), "2026-03-02T09:00:00.5Z");
    assert_eq!((record.operation, record.outcome), (Operation::Read, EventOutcome::Success));
}

#[test]
fn chunks_are_put_together_in_their_order() {
    let (records, dead) = decode(&[audit("FROM t", "3", 2, 3), audit("SELECT a ", "4", 1, 3), audit(" WHERE b", "", 3, 3)]);
    assert_eq!((records.len(), dead.len()), (1, 0));
    assert_eq!(records[0].statement.as_deref(), Some("SELECT a FROM t WHERE b"));
    assert_eq!((records[0].binds.clone(), records[0].position.0), (vec![Some(Cow::Borrowed("43"))], 1));
    let (records, dead) = decode(&[audit("SELECT a ", "", 1, 2)]);
    assert_eq!((records.len(), dead.len()), (0, 1), "one that never becomes whole is lost");
}

#[test]
fn the_same_entry_delivered_again_has_the_same_id() {
    let (records, _) = decode(&[audit("SELECT 1", "[none]", 1, 1), audit("SELECT 1", "[none]", 1, 1)]);
    assert!(records.iter().all(|record| record.id == records[0].id && record.binds.is_empty()));
}

#[test]
fn the_text_log_is_read_and_no_line_of_a_message_passes_for_another() {
    let line = |rest: &str| text(&format!("2026-03-02 09:00:00.123 UTC [7]: [1-1] db=crm,user=li_na {rest}"));
    let (records, dead) = decode(&[
        line("LOG:  statement: SELECT 1\n2026-03-02 09:00:00.123 UTC [8]: [1-1] db=crm,user=other LOG:  statement: SELECT 2"),
        line("FATAL:  password authentication failed for user \"li_na\""),
        text("rubbish"),
    ]);
    assert_eq!(dead.len(), 1);
    assert_eq!(
        records.iter().map(|r| (r.account.as_deref(), r.operation)).collect::<Vec<_>>(),
        [(Some("li_na"), Operation::Read), (Some("li_na"), Operation::Login)]
    );
}

#[test]
fn the_audit_plugin_of_mysql_is_read() {
    let request = |cmd: &str, rest: Value| {
        let mut request = json!({"@type":"type.googleapis.com/google.cloud.sql.audit.v1.MysqlAuditEntry","cmd":cmd,
            "date":"2026-03-02T09:00:00.25Z","ip":"10.0.0.1","msgType":"activity","privUser":"root","queryId":"128150",
            "objects":[{"db":"crm","name":"customers","objType":"TABLE"}],"status":"successful","threadId":"11159","user":"li_na"});
        for (key, value) in rest.as_object().expect("an object") {
            request[key] = value.clone();
        }
        entry(request)
    };
    let (records, dead) = decode(&[
        request("select", json!({"query":"SELECT * FROM customers"})),
        request("select", json!({"query":"SELECT * FROM none","status":"unsuccessful","errCode":"1146"})),
        request("select", json!({"query":""})),
        request("commit", json!({"query":"COMMIT"})),
        request("drop_table", json!({"query":"DROP TABLE x","status":"unsuccessful","errCode":1})),
    ]);
    assert_eq!(dead, []);
    let first = &records[0];
    assert_eq!((first.account.as_deref(), first.system.as_deref()), (Some("li_na"), Some("crm")));
    assert_eq!((first.client.ip.as_deref(), first.session.as_deref()), (Some("10.0.0.1"), Some("p:pg1/11159")));
    assert_eq!((first.time.to_string().as_str(), first.id.as_deref()), ("2026-03-02T09:00:00.25Z", Some("x1")));
    assert_eq!((first.statement.as_deref(), first.objects.len(), first.rows), (Some("SELECT * FROM customers"), 0, None));
    assert_eq!(
        records.iter().map(|r| r.outcome).collect::<Vec<_>>(),
        [EventOutcome::Success, EventOutcome::Refused, EventOutcome::Success, EventOutcome::Failure]
    );
    assert_eq!(records[2].objects[0].table, "crm.customers");
    assert_eq!(records[3].operation, Operation::Admin);
}

#[test]
fn other_entries_are_no_accesses_and_are_not_recognised() {
    let other =
        json!({"logName":"x","timestamp":"2026-03-02T09:00:00Z","protoPayload":{"methodName":"cloudsql.instances.list","request":{}}});
    assert!(!recognises(other.to_string().as_bytes()));
    let mut bigquery = entry(json!({}));
    bigquery["protoPayload"]["methodName"] = "jobservice.jobcompleted".into();
    assert!(!recognises(bigquery.to_string().as_bytes()));
    assert!(recognises(audit("x", "", 1, 1).to_string().as_bytes()) && recognises(text("x").to_string().as_bytes()));
    let (records, dead) = decode(&[audit("SELECT 1", "", 1, 1), other]);
    assert_eq!((records.len(), dead.len()), (1, 0));
}
