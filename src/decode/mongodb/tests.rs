//! Cases of MongoDB's audit log.

use super::*;
use crate::decode::testing;

fn check(command: &str, args: &str, result: u32) -> String {
    format!(
        r#"{{"atype":"authCheck","ts":{{"$date":"2026-03-02T10:00:00.500+0100"}},"local":{{"ip":"10.0.0.1","port":27017}},"remote":{{"ip":"10.0.0.5","port":4711}},"users":[{{"user":"li","db":"admin"}}],"roles":[],"param":{{"command":"{command}","ns":"crm.people","args":{args}}},"result":{result}}}"#
    )
}

fn decode(lines: &[String]) -> Vec<Record<'static>> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (records, dead) = testing::decode(&FORMAT, &lines);
    assert_eq!(dead, []);
    records
}

fn text(command: &str, args: &str) -> String {
    decode(&[check(command, args, 0)])[0].statement.as_deref().expect("has a text").to_owned()
}

#[test]
fn a_find_tells_whom_it_looks_for_and_what_it_shows() {
    let line =
        check("find", r#"{"find":"people","filter":{"_id":{"$oid":"58842568c706f50f5c1de663"}},"projection":{"name":1},"limit":1}"#, 0);
    assert!((FORMAT.recognises)(line.as_bytes()) && !(FORMAT.recognises)(br#"{"atype":"x"}"#));
    let record = &decode(&[line])[0];
    let expected = r#"SELECT "name", "_id" FROM "crm"."people" WHERE "_id" = '58842568c706f50f5c1de663' LIMIT 1"#;
    assert_eq!((record.statement.as_deref(), record.rows, record.objects.len()), (Some(expected), None, 0));
    assert_eq!(
        (record.account.as_deref(), record.system.as_deref(), record.client.ip.as_deref()),
        (Some("li"), Some("crm"), Some("10.0.0.5"))
    );
    assert_eq!((record.time.to_string().as_str(), record.session.as_deref()), ("2026-03-02T09:00:00.5Z", Some("10.0.0.5:4711")));
}

#[test]
fn filters_never_claim_more_than_they_say() {
    let find = |filter: &str| text("find", &format!(r#"{{"filter":{filter}}}"#)).replace(r#"SELECT * FROM "crm"."people""#, "");
    assert_eq!(find(r#"{"id":{"$in":[1,2.0,{"$numberLong":"3"}]}}"#), r#" WHERE "id" IN ('1', '2', '3')"#);
    assert_eq!(find(r#"{"age":{"$gte":3,"$lt":9}}"#), r#" WHERE "age" >= '3' AND "age" < '9'"#);
    assert_eq!(find(r#"{"$or":[{"id":1},{"id":2}]}"#), r#" WHERE (("id" = '1') OR ("id" = '2'))"#);
    assert_eq!(find(r#"{"$or":[{"id":1},{"$expr":{}}]}"#), "");
    assert_eq!(find(r#"{"id":{"$ne":1},"$where":"1"}"#), r#" WHERE "id" IS NOT NULL"#);
    assert_eq!(find(r#"{"a\"b":"x' OR 1=1 --\\"}"#), r#" WHERE "a""b" = 'x'' OR 1=1 --\'"#);
    assert_eq!(find(r#"{"n":{"$in":["a",{"$regex":"b"}]},"m":{"$regex":"^x"}}"#), r#" WHERE "m" LIKE '%' AND "n" IS NOT NULL"#);
}

#[test]
fn counts_are_counts_and_other_groups_read_everything() {
    let run = |pipeline: &str| text("aggregate", &format!(r#"{{"pipeline":{pipeline}}}"#));
    assert_eq!(text("count", r#"{"query":{"city":"x"}}"#), r#"SELECT count(*) FROM "crm"."people" WHERE "city" = 'x'"#);
    assert_eq!(
        run(r#"[{"$match":{"a":1}},{"$group":{"_id":null,"n":{"$sum":1}}}]"#),
        r#"SELECT count(*) FROM "crm"."people" WHERE ("a" = '1')"#
    );
    assert_eq!(run(r#"[{"$group":{"_id":"$city","n":{"$sum":1}}}]"#), r#"SELECT "city", count(*) FROM "crm"."people" GROUP BY "city""#);
    assert_eq!(run(r#"[{"$group":{"_id":null,"all":{"$push":"$name"}}},{"$limit":1}]"#), r#"SELECT * FROM "crm"."people""#);
    assert_eq!(
        run(r#"[{"$match":{"_id":1}},{"$lookup":{"from":"cards","as":"c"}},{"$limit":1}]"#),
        r#"SELECT * FROM "crm"."people", "crm"."cards""#
    );
    assert_eq!(
        run(r#"[{"$sort":{"a":1}},{"$project":{"a.b":1,"_id":0}},{"$limit":5}]"#),
        r#"SELECT "a", "a.b" FROM "crm"."people" LIMIT 5"#
    );
    assert_eq!(text("distinct", r#"{"key":"phone"}"#), r#"SELECT DISTINCT "phone" FROM "crm"."people""#);
}

#[test]
fn pages_of_a_cursor_count_once() {
    let more = |cursor: u32, session: &str| {
        check("getMore", &format!(r#"{{"getMore":{{"$numberLong":"{cursor}"}},"collection":"people","lsid":{{"id":"{session}"}}}}"#), 0)
    };
    let find = check("find", r#"{"filter":{},"lsid":{"id":"a"}}"#, 0);
    assert_eq!(decode(&[find, more(1, "a"), more(1, "a"), more(2, "b"), more(2, "b")]).len(), 2, "the cursor of b began before this log");
}

#[test]
fn refusals_logins_and_changes_are_told_and_chatter_is_not() {
    let login = check("x", "{}", 18).replace("authCheck", "authenticate").replace(r#""command":"x""#, r#""user":"wang","db":"admin""#);
    let records = decode(&[
        check("find", "{}", 13),
        login,
        check("insert", "{}", 0),
        check("hello", "{}", 0),
        check("x", "{}", 0).replace("authCheck", "createUser"),
    ]);
    assert_eq!(
        records.iter().map(|r| r.operation).collect::<Vec<_>>(),
        [Operation::Read, Operation::Login, Operation::Write, Operation::Admin]
    );
    assert_eq!(
        (records[0].outcome, records[1].outcome, records[1].account.as_deref()),
        (EventOutcome::Refused, EventOutcome::Refused, Some("wang"))
    );
}

#[test]
fn hostile_records_are_refused() {
    let (records, dead) =
        testing::decode(&FORMAT, &[r#"{"atype":"authCheck","atype":"x"}"#, r#"{"atype":"authCheck","ts":{"$date":"9999"}}"#, "{\"ts\":1}"]);
    assert_eq!((records.len(), dead.len()), (0, 3));
}
