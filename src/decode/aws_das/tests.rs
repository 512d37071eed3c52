//! Tests of the activity streams.

use super::*;
use crate::decode::testing;
use crate::model::access::Operation;
use crate::model::record::{Dialect, EventOutcome, Record};

fn decode(lines: &[String]) -> Vec<Record<'static>> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (records, dead) = testing::decode(&FORMAT, &lines);
    assert_eq!(dead, []);
    records
}

fn document(events: &[String]) -> String {
    format!(
        r#"{{"type":"DatabaseActivityMonitoringRecord","clusterId":"","instanceId":"db-1","databaseActivityEventList":[{}]}}"#,
        events.join(",")
    )
}

fn postgresql(sub: u64, class: &str, command: &str, text: &str, rest: &str) -> String {
    format!(
        r#"{{"type":"record","serverType":"PostgreSQL","logTime":"2026-03-02 09:14:05.990579+00","statementId":6,"substatementId":{sub},"class":"{class}","command":"{command}","commandText":{text},"dbUserName":"li_na","databaseName":"crm","remoteHost":"10.0.0.1","sessionId":"5ce.1","clientApplication":"psql",{rest}}}"#
    )
}

fn other(server: &str, at: &str, class: &str, command: &str, text: &str, rest: &str) -> String {
    format!(
        r#"{{"type":"record","serverType":"{server}","logTime":"2026-03-02 09:14:{at}","class":"{class}","command":"{command}","commandText":{text},"dbUserName":"li_na","databaseName":"crm","remoteHost":"10.0.0.1","sessionId":77,"clientApplication":"x",{rest}}}"#
    )
}

#[test]
fn an_event_of_postgresql_is_a_line_of_pgaudit() {
    let rest = r#""objectName":"crm.customers","objectType":"TABLE","rowCount":10,"paramList":["a, \"b\"","7"],"exitCode":null,"errorMessage":null"#;
    let records = decode(&[document(&[postgresql(1, "READ", "SELECT", r#""select * from crm.customers where a = $1""#, rest)])]);
    let [record] = records.as_slice() else { panic!("one record: {records:?}") };
    assert_eq!(record.time.to_string(), "2026-03-02T09:14:05.99Z");
    assert_eq!(
        (record.account.as_deref(), record.system.as_deref(), record.client.ip.as_deref()),
        (Some("li_na"), Some("crm"), Some("10.0.0.1"))
    );
    assert_eq!((record.client.app.as_deref(), record.session.as_deref()), (Some("psql"), Some("db-1/5ce.1")));
    assert_eq!(record.statement.as_deref(), Some("select * from crm.customers where a = $1"));
    assert_eq!(record.binds, [Some("a, \"b\"".into()), Some("7".into())]);
    assert_eq!((record.rows, record.dialect, record.operation), (Some(10), Dialect::PostgreSql, Operation::Read));
    assert_eq!((record.id.as_deref(), record.objects.len()), (Some("db-1/5ce.1/6291457"), 0));
}

#[test]
fn lines_of_one_statement_count_once_and_rows_that_are_null_are_unknown() {
    let text = r#""select * from a join b using (id)""#;
    let (a, b) = (r#""objectName":"public.a","rowCount":null"#, r#""objectName":"public.b","rowCount":null"#);
    let records = decode(&[document(&[postgresql(1, "READ", "SELECT", text, a), postgresql(1, "READ", "SELECT", text, b)])]);
    assert_eq!(records.iter().map(|record| record.rows).collect::<Vec<_>>(), [None]);
    let function = r#""select * from f(9)""#;
    let inner = r#""select name from t where id = 9""#;
    let records = decode(&[
        document(&[postgresql(1, "FUNCTION", "EXECUTE", function, r#""rowCount":0"#)]),
        document(&[postgresql(2, "READ", "SELECT", inner, r#""rowCount":1"#)]),
        document(&[postgresql(3, "READ", "SELECT", function, r#""rowCount":1"#)]),
    ]);
    assert_eq!(records.iter().filter_map(|record| record.statement.as_deref()).collect::<Vec<_>>(), ["select name from t where id = 9"]);
}

#[test]
fn errors_of_postgresql_are_told_and_heartbeats_are_no_access() {
    let failed = |code: &str, message: &str| {
        let rest = format!(r#""exitCode":"{code}","errorMessage":"{message}""#);
        let heart = r#"{"type":"heartbeat"}"#.to_owned();
        decode(&[document(&[heart, postgresql(1, "READ", "SELECT", r#""select * from a""#, &rest)])])
            .iter()
            .map(|r| r.outcome)
            .collect::<Vec<_>>()
    };
    assert_eq!(failed("57014", "canceling statement due to user request"), [EventOutcome::Interrupted]);
    assert_eq!(failed("42501", "permission denied for table a"), [EventOutcome::Refused]);
    let logins = decode(&[document(&[postgresql(1, "MISC", "CONNECT", "null", r#""rowCount":null"#)])]);
    assert_eq!(logins.iter().map(|r| (r.operation, r.outcome)).collect::<Vec<_>>(), [(Operation::Login, EventOutcome::Success)]);
    let refused = postgresql(1, "MISC", "CONNECT", "null", r#""exitCode":"28P01","errorMessage":"password authentication failed""#);
    assert_eq!(
        decode(&[document(&[refused])]).iter().map(|r| (r.operation, r.outcome)).collect::<Vec<_>>(),
        [(Operation::Login, EventOutcome::Failure)]
    );
}

#[test]
fn a_statement_of_mysql_and_the_tables_it_touched_are_one() {
    let main = |id: u64, text: &str, rows: u64| {
        other(
            "MySQL",
            "05.2+00",
            "MAIN",
            "QUERY",
            text,
            &format!(r#""statementId":{id},"substatementId":1,"rowCount":{rows},"exitCode":"0","errorMessage":"""#),
        )
    };
    let aux = |id: u64, table: &str| {
        other(
            "MySQL",
            "05.1+00",
            "AUX",
            "READ",
            r#""x""#,
            &format!(r#""statementId":{id},"substatementId":2,"rowCount":0,"objectName":"{table}","exitCode":"""#),
        )
    };
    let records = decode(&[
        document(&[aux(1, "customers"), main(1, r#""SELECT * FROM customers WHERE name = \\'x\\'""#, 2)]),
        document(&[main(2, r#""SELECT 1 FROM b""#, 3), aux(2, "b")]),
        document(&[aux(3, "customers"), aux(3, "accounts"), main(3, r#""CALL bulk()""#, 0)]),
        document(&[aux(4, "c")]),
    ]);
    let told: Vec<_> =
        records.iter().map(|r| (r.statement.as_deref(), r.objects.iter().map(|o| o.table.as_ref()).collect::<Vec<_>>(), r.rows)).collect();
    assert_eq!(
        told,
        [
            (Some("SELECT * FROM customers WHERE name = 'x'"), vec![], Some(2)),
            (Some("SELECT 1 FROM b"), vec![], Some(3)),
            (Some("CALL bulk()"), vec!["crm.customers", "crm.accounts"], None),
            (None, vec!["crm.c"], None),
        ]
    );
    assert!(records.iter().all(|r| r.operation == Operation::Read && r.dialect == Dialect::MySql));
}

#[test]
fn changes_and_failures_of_mysql_show_no_count() {
    let main = |id: u64, text: &str, rest: &str| {
        other("MySQL", "05.2+00", "MAIN", "QUERY", text, &format!(r#""statementId":{id},"rowCount":5,{rest}"#))
    };
    let records = decode(&[document(&[
        main(1, r#""UPDATE t SET a = 1""#, r#""exitCode":"0""#),
        main(2, r#""SELECT * FROM t""#, r#""exitCode":"1142","errorMessage":"denied""#),
        main(3, r#""SELECT f(a) FROM t""#, r#""exitCode":"1142","errorMessage":"denied""#),
        other("MySQL", "06+00", "MAIN", "FAILED_CONNECT", "null", r#""statementId":0"#),
    ])]);
    let told: Vec<_> = records.iter().map(|r| (r.operation, r.rows, r.outcome)).collect();
    assert_eq!(
        told,
        [
            (Operation::Write, None, EventOutcome::Success),
            (Operation::Read, Some(5), EventOutcome::Refused),
            (Operation::Read, Some(5), EventOutcome::Interrupted),
            (Operation::Login, None, EventOutcome::Failure),
        ]
    );
}

#[test]
fn oracle_tells_a_join_once_for_each_table_and_never_rows() {
    let text = r#""select * from persons p join jobs j on p.id = j.id where p.id = :1""#;
    let event = |at: &str, table: &str, code: u64| {
        let rest = format!(
            r##""statementId":44,"substatementId":null,"objectName":"{table}","objectType":"HR","exitCode":{code},"rowCount":null,"paramList":["#1(2):42"],"engineNativeAuditFields":{{"USERHOST":"pc7"}}"##
        );
        other("oracle", at, "Standard", "SELECT", text, &rest)
    };
    let records = decode(&[document(&[
        event("05.1", "PERSONS", 0),
        event("05.2", "JOBS", 0),
        event("06.0", "JOBS", 0),
        event("06.5", "PERSONS", 942),
    ])]);
    assert_eq!(
        records.iter().map(|r| (r.rows, r.outcome)).collect::<Vec<_>>(),
        [(None, EventOutcome::Success), (None, EventOutcome::Success), (None, EventOutcome::Refused)]
    );
    assert_eq!((records[0].binds.as_slice(), records[0].client.host.as_deref()), (&[Some("42".into())][..], Some("pc7")));
    let bare = other(
        "oracle",
        "09",
        "FineGrainedAudit",
        "SELECT",
        "null",
        r#""statementId":1,"objectName":"PERSONS","objectType":"HR","exitCode":0"#,
    );
    assert_eq!(decode(&[bare])[0].objects[0].table, "HR.PERSONS");
}

#[test]
fn sql_server_counts_only_batches() {
    let event = |command: &str, table: &str, rows: u64| {
        let rest = format!(
            r#""statementId":"0x{table}{command}","substatementId":1,"objectName":"{table}","exitCode":1,"rowCount":0,"engineNativeAuditFields":{{"schema_name":"dbo","response_rows":{rows},"session_server_principal_name":"corp\\li"}}"#
        );
        other("SQLSERVER", "05.9422268+00", "TABLE", command, r#""select * from dbo.T""#, &rest)
    };
    let records = decode(&[document(&[
        event("BATCH STARTED", "", 0),
        event("SELECT", "T", 0),
        event("BATCH COMPLETED", "", 9),
        event("SELECT", "T", 0),
    ])]);
    assert_eq!(records.iter().map(|r| r.rows).collect::<Vec<_>>(), [Some(9), None]);
    assert_eq!(records[0].account.as_deref(), Some("corp\\li"));
}

#[test]
fn what_is_encrypted_or_broken_is_refused_and_says_so() {
    let encrypted = r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"AYADeE1","key":"AQ"}"#;
    let (records, dead) =
        testing::decode(&FORMAT, &[encrypted, r#"{"databaseActivityEventList":7}"#, r#"{"databaseActivityEventList":[[1]]}"#]);
    assert!(records.is_empty());
    assert_eq!(dead.len(), 3);
    assert!(dead[0].1.contains("decryption must come first"), "{dead:?}");
    let inner = document(&[postgresql(1, "READ", "SELECT", r#""select 1 from t""#, r#""rowCount":1"#)]);
    assert_eq!(decode(&[format!(r#"{{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{inner},"key":"k"}}"#)]).len(), 1);
    let quoted = Value::from(inner.as_str());
    assert_eq!(decode(&[format!(r#"{{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{quoted}}}"#)]).len(), 1);
    let twice = document(&[postgresql(1, "READ", "SELECT", r#""select 1""#, r#""rowCount":1,"rowCount":0"#)]);
    let (readings, _) = testing::decode(&FORMAT, &[twice.as_str()]);
    assert!(
        !readings.is_empty() && readings.iter().all(|record| record.signs.has(crate::model::signs::Signs::FORGED_HEADER)),
        "both count"
    );
}

#[test]
fn documents_are_recognised_and_others_are_not() {
    assert!(recognises(document(&[]).as_bytes()));
    assert!(recognises(b"{\n  \"type\": \"x\",\n  \"databaseActivityEventList\": [\n {"));
    assert!(recognises(br#"{"dbUserName":"a","serverType":"oracle","logTime":"x"}"#));
    assert!(!recognises(br#"{"message":"{\"databaseActivityEventList\":[]}"}"#));
    assert!(!recognises(br#"{"dbUserName":"a"}"#));
}
