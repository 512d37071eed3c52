//! `snowflake-access-history`: rows of Snowflake's `ACCESS_HISTORY`, best joined with `QUERY_HISTORY`, as JSON objects or CSV (Enterprise edition).
//!
//! **Export** by a shipper, some hours behind the queries:
//!
//! ```sql
//! SELECT a.*, q.QUERY_TEXT, q.QUERY_TYPE, q.ROWS_PRODUCED, q.ROWS_INSERTED, q.ROWS_UNLOADED, q.EXECUTION_STATUS, q.ERROR_CODE, l.CLIENT_IP
//! FROM SNOWFLAKE.ACCOUNT_USAGE.ACCESS_HISTORY a
//! JOIN SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY q USING (QUERY_ID)
//! LEFT JOIN SNOWFLAKE.ACCOUNT_USAGE.SESSIONS s ON s.SESSION_ID = q.SESSION_ID
//! LEFT JOIN SNOWFLAKE.ACCOUNT_USAGE.LOGIN_HISTORY l ON l.EVENT_ID = s.LOGIN_EVENT_ID;
//! ```
//!
//! **Tells**: the user, and tables and columns as they were read, also those behind views; with `ROWS_PRODUCED`, `ROWS_INSERTED` or `ROWS_UNLOADED` the rows (the
//! largest of them). Rows of
//! `LOGIN_HISTORY` are read as logins. **Does not tell**: bind values; which person, other than by keys.
//!
//! **Counted**: one row is one query. With `QUERY_TEXT` and `ROWS_PRODUCED` it tells how many people; without the text a row may hold one
//! person or an array of all, so the count stays unknown.
//!
//! **Refused**: an object without query id, user or time, or with one field in two spellings and different values.
//!
//! **Example**:
//!
//! ```json
//! {"QUERY_ID":"q1","QUERY_START_TIME":"2026-03-02 09:14:05.000 +0000","USER_NAME":"LI_NA","DIRECT_OBJECTS_ACCESSED":[{"objectDomain":"Table","objectName":"CRM.PUBLIC.CUSTOMERS","columns":[{"columnName":"ID"},{"columnName":"NAME"}]}],"BASE_OBJECTS_ACCESSED":[],"QUERY_TEXT":"SELECT name FROM customers WHERE id = 42","ROWS_PRODUCED":1}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::row::ExportRow;
use crate::decode::{DecodeError, Decoder, Emit, Format, IgnoredReason, Raw, hidden_tables, operation};
use crate::model::access::Operation;
use crate::model::record::{Client, Dialect, EventOutcome, Object, Record, Text};
use jiff::tz::TimeZone;
use serde_json::Value;

/// `snowflake-access-history`.
pub const FORMAT: Format = Format {
    name: "snowflake-access-history",
    recognised_by: "an object with `QUERY_ID` and `DIRECT_OBJECTS_ACCESSED` (or `QUERY_TEXT`) and the user's name",
    stateless: true,
    decoder: |settings| Documents::json(Box::new(Snowflake { zone: settings.zone.clone() })),
    recognises,
};

const EXPECTED: &str = "a row of Snowflake's access history";
/// `QUERY_HISTORY` cuts longer texts.
const LONGEST_TEXT: usize = 100_000;

struct Snowflake {
    zone: Option<TimeZone>,
}

impl Decoder for Snowflake {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let row = ExportRow::read(raw, EXPECTED)?;
        // Whatever else a row may hold, of a query it tells what it was, and of a login how it went.
        let tells = ["querytext", "querytype", "directobjectsaccessed", "baseobjectsaccessed", "objectsmodified", "issuccess"];
        if !tells.iter().any(|name| row.has(name)) {
            return Err(crate::decode::row::form(EXPECTED, "neither a query with what it accessed nor a login"));
        }
        let time = row.time(&["querystarttime", "starttime", "eventtimestamp"], self.zone.as_ref()).or(raw.envelope.time);
        let time = time.ok_or(DecodeError::Field { field: "QUERY_START_TIME", rule: "must be a time between 2000 and 2100".to_owned() })?;
        let mut record = Record::new(raw.position, raw.hash, time);
        record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
        record.dialect = Dialect::Snowflake;
        record.id = row.text(&["queryid", "eventid"]);
        record.account = row.text(&["username"]);
        record.session = row.text(&["sessionid"]);
        record.system = row.text(&["databasename"]);
        record.client = Client { ip: row.text(&["clientip"]), host: None, app: row.text(&["clientapplicationid", "reportedclienttype"]) };
        if row.text(&["eventtype"]).is_some_and(|kind| kind.eq_ignore_ascii_case("LOGIN")) {
            record.operation = Operation::Login;
            record.outcome = if row.flag(&["issuccess"]) == Some(false) { EventOutcome::Refused } else { EventOutcome::Success };
            emit(record.into());
            return Ok(());
        }
        record.outcome = outcome(&row);
        match read(&row, &mut record)? {
            true => emit(record.into()),
            false => emit(raw.ignored(IgnoredReason::NotDataAccess)),
        }
        Ok(())
    }
}

/// What was read; false where it is no access.
fn read(row: &ExportRow, record: &mut Record<'static>) -> Result<bool, DecodeError> {
    let direct = accessed(row.list(&["directobjectsaccessed"], EXPECTED)?)?;
    let base = accessed(row.list(&["baseobjectsaccessed"], EXPECTED)?)?;
    let modified = !row.list(&["objectsmodified"], EXPECTED)?.is_empty();
    let text = row.text(&["querytext"]).filter(|text| text.chars().count() < LONGEST_TEXT && text.len() < LONGEST_TEXT);
    let by_text = text.as_deref().map(|text| operation::of_statement(text, Dialect::Snowflake));
    record.operation = match (row.text(&["querytype"]).as_deref(), by_text) {
        (Some("UNLOAD" | "GET_FILES"), _) => Operation::Export,
        // A view's or procedure's owner may read in what looks like no access.
        (_, Some(None)) if direct.is_empty() && base.is_empty() => return Ok(false),
        (_, Some(Some(operation))) => operation,
        _ if modified && direct.is_empty() => Operation::Write,
        // `CREATE TABLE … AS` and `INSERT … SELECT` copy what they read.
        _ if modified => Operation::Other,
        _ => Operation::Read,
    };
    record.rows = rows(row, modified || matches!(record.operation, Operation::Export | Operation::Write));
    record.statement = text;
    // The catalog may know the view or the tables behind it: none of them may be missing.
    let beside = direct.iter().filter(|object| !base.iter().any(|known| known.table == object.table));
    let read: Vec<Object<'static>> = base.iter().chain(beside).cloned().collect();
    let databases: Vec<&str> = read.iter().filter_map(|object| object.table.split_once('.').map(|(database, _)| database)).collect();
    if let Some(first) =
        databases.first().filter(|first| databases.iter().all(|database| database == *first) && databases.len() == read.len())
    {
        record.system = Some(Text::Owned((*first).to_owned()));
    }
    let database = record.system.clone();
    let short = |object: &Object<'static>| {
        let prefix = database.as_ref().map(|database| format!("{database}."));
        let table = prefix.and_then(|prefix| object.table.strip_prefix(prefix.as_str()).map(str::to_owned));
        Object { table: Text::Owned(table.unwrap_or_else(|| object.table.to_string())), columns: object.columns.clone() }
    };
    let tables: Vec<String> = read.iter().map(|object| short(object).table.into_owned()).collect();
    if !tables.is_empty() {
        hidden_tables::name_missing_in(record, &tables, row.text(&["schemaname"]).as_deref());
        if record.objects.is_empty() {
            // Behind a view stand its tables; what only stands before them is a view.
            record.base_reads = if base.is_empty() { &direct } else { &base }.iter().map(short).collect();
        } else {
            record.objects = read.iter().map(short).collect();
            if record.operation == Operation::Write {
                // What was read went into what was written: how much of it, the text does not say.
                record.operation = Operation::Other;
            }
            record.rows_bound = record.rows.take().or(record.rows_bound);
        }
    }
    Ok(true)
}

/// The largest of the counts: what is copied or unloaded is answered by one row, which is none of them.
fn rows(row: &ExportRow, copies: bool) -> Option<u64> {
    let largest = |names: &[&str]| names.iter().filter_map(|name| row.number(&[name])).max();
    let shown = largest(&["rowsproduced", "rowswrittentoresult"]);
    match largest(&["rowsinserted", "rowsunloaded", "rowsupdated", "rowsdeleted"]) {
        Some(moved @ 1..) => Some(moved).max(shown),
        _ if copies => shown.filter(|shown| *shown > 1),
        _ => shown,
    }
}

/// The tables and views of a list, with their columns.
fn accessed(list: Vec<Value>) -> Result<Vec<Object<'static>>, DecodeError> {
    let mut found = Vec::new();
    for value in list {
        let Value::Object(fields) = value else { continue };
        let object = ExportRow::of(fields, EXPECTED)?;
        let domain = object.text(&["objectdomain"]).unwrap_or_default().to_ascii_lowercase();
        // Warehouses, functions, tags and the like hold no rows; what is not known may.
        if ["function", "procedure", "warehouse", "tag", "policy", "sequence", "role", "integration"]
            .iter()
            .any(|word| domain.contains(word))
        {
            continue;
        }
        let Some(table) = object.text(&["objectname"]) else { continue };
        let mut columns = Vec::new();
        let list = object.list(&["columns"], EXPECTED)?;
        let named = list.len();
        for column in list {
            let Value::Object(fields) = column else { continue };
            columns.extend(ExportRow::of(fields, EXPECTED)?.text(&["columnname"]));
        }
        // A column without a name may be any.
        let columns = (named > 0 && columns.len() == named).then_some(columns);
        found.push(Object { table: Text::Owned(table.replace('"', "")), columns });
    }
    Ok(found)
}

fn outcome(row: &ExportRow) -> EventOutcome {
    let status = row.text(&["executionstatus"]).unwrap_or_default().to_ascii_uppercase();
    match (status.as_str(), row.number(&["errorcode"])) {
        ("" | "SUCCESS" | "RUNNING", _) => EventOutcome::Success,
        // Syntax, unknown or forbidden names, missing rights.
        (_, Some(904 | 1003 | 2003 | 2043 | 3001)) => EventOutcome::Refused,
        _ => EventOutcome::Interrupted,
    }
}

fn recognises(bytes: &[u8]) -> bool {
    if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return false;
    }
    let upper = bytes.get(..bytes.len().min(crate::decode::LONGEST_RECORD)).unwrap_or(bytes).to_ascii_uppercase();
    let has = |word: &str| memchr::memmem::find(&upper, word.as_bytes()).is_some();
    has("\"QUERY_ID\"")
        && has("\"USER_NAME\"")
        && (has("\"DIRECT_OBJECTS_ACCESSED\"") || has("\"QUERY_TEXT\"") && has("\"WAREHOUSE_NAME\""))
        || has("\"REPORTED_CLIENT_TYPE\"") && has("\"IS_SUCCESS\"") && has("\"EVENT_TYPE\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;

    fn row(rest: &str) -> String {
        format!(
            r#"{{"QUERY_ID":"q1","QUERY_START_TIME":"2026-03-02 10:00:00.000 +0100","USER_NAME":"LI","DIRECT_OBJECTS_ACCESSED":[{{"objectDomain":"View","objectName":"CRM.PUBLIC.V","columns":[{{"columnName":"N"}}]}}],"OBJECTS_MODIFIED":[]{rest}}}"#
        )
    }

    fn decode(line: &str) -> Record<'static> {
        assert!(recognises(line.as_bytes()), "{line}");
        let (mut records, dead) = testing::decode(&FORMAT, &[line]);
        assert_eq!((records.len(), dead), (1, Vec::new()));
        records.remove(0)
    }

    #[test]
    fn columns_are_told_as_they_were_read_behind_views() {
        let base = r#","BASE_OBJECTS_ACCESSED":"[{\"objectDomain\":\"Table\",\"objectName\":\"CRM.PUBLIC.PEOPLE\",\"columns\":[{\"columnName\":\"NAME\"}]}]","ROWS_PRODUCED":1"#;
        let record = decode(&row(base));
        let object = &record.objects[0];
        assert_eq!((object.table.as_ref(), object.columns.as_ref().map(|c| c[0].as_ref())), ("PUBLIC.PEOPLE", Some("NAME")));
        assert_eq!((record.rows, record.rows_bound), (None, Some(1)), "one row may be an array of all");
        assert_eq!((record.system.as_deref(), record.account.as_deref(), record.id.as_deref()), (Some("CRM"), Some("LI"), Some("q1")));
        assert_eq!((record.time.to_string().as_str(), record.operation), ("2026-03-02T09:00:00Z", Operation::Read));
    }

    #[test]
    fn a_text_that_names_what_was_read_counts_rows() {
        let record = decode(&row(r#","QUERY_TEXT":"SELECT n FROM crm.public.v","ROWS_PRODUCED":2500,"EXECUTION_STATUS":"SUCCESS""#));
        assert_eq!((record.rows, record.objects.len(), record.statement.is_some()), (Some(2500), 0, true));
    }

    #[test]
    fn copies_count_what_was_moved_and_never_the_row_that_answers() {
        let copied = |rows: &str| {
            let text =
                r#","QUERY_TYPE":"CREATE_TABLE_AS_SELECT","QUERY_TEXT":"create table t as select n from crm.public.v","ROWS_PRODUCED":1"#;
            decode(&row(&format!("{text}{rows}"))).rows
        };
        assert_eq!((copied(r#","ROWS_INSERTED":900,"ROWS_UNLOADED":0"#), copied(r#","ROWS_INSERTED":0"#)), (Some(900), None));
        assert_eq!((copied(""), copied(r#","ROWS_WRITTEN_TO_RESULT":1"#)), (None, None));
    }

    #[test]
    fn a_nameless_column_may_be_any_and_failures_differ() {
        let unnamed = row("").replace("\"columnName\":\"N\"", "\"columnName\":\"\"");
        assert_eq!(decode(&unnamed).objects[0].columns, None);
        let failed = |code: &str| decode(&row(&format!(r#","EXECUTION_STATUS":"FAIL","ERROR_CODE":"{code}""#))).outcome;
        assert_eq!((failed("002003"), failed("000604")), (EventOutcome::Refused, EventOutcome::Interrupted));
        let login = r#"{"EVENT_TYPE":"LOGIN","EVENT_ID":7,"EVENT_TIMESTAMP":"2026-03-02T09:00:00Z","USER_NAME":"LI","CLIENT_IP":"10.0.0.5","REPORTED_CLIENT_TYPE":"JDBC","IS_SUCCESS":"NO"}"#;
        assert_eq!((decode(login).operation, decode(login).outcome), (Operation::Login, EventOutcome::Refused));
        assert!(!recognises(br#"{"user":"x","account":"y"}"#));
    }
}
