//! `trino-event`: events of Trino's event listeners (HTTP, Kafka) and what is shaped like them: `QueryCompletedEvent` as JSON.
//!
//! **Switch on**, in `etc/event-listener.properties`:
//!
//! ```ini
//! event-listener.name=http
//! http-event-listener.log-completed=true
//! http-event-listener.connect-ingest-uri=http://collector:8080/trino
//! ```
//!
//! or the `kafka-event-listener`.
//!
//! **Tells**: user, client, statement with the values of `EXECUTE … USING`, the rows that left (`statistics.outputRows`) or were copied
//! (`writtenRows`), and by `ioMetadata.inputs` the tables and columns that were really read, also behind views. **Does not tell**: which
//! person, other than by keys.
//!
//! **Counted**: a completed query counts once; its creation is passed over, whichever of them comes first, and counts alone where no end
//! comes. The text is believed where it is understood and names every table that was read, because it alone tells a count from a list
//! and whom a key names; else the inputs are. The one row that answers `INSERT` and `CREATE TABLE … AS` is none of theirs.
//!
//! **Refused**: an object without query id, query or context, or a completed query without its time.
//!
//! **Example**:
//!
//! ```json
//! {"metadata":{"queryId":"20260302_091405_00012_pzafy","queryState":"FINISHED","query":"SELECT name FROM pg.crm.customers WHERE id = 42"},"context":{"user":"li_na","remoteClientAddress":"10.0.0.7","source":"trino-cli"},"statistics":{"outputRows":1},"ioMetadata":{"inputs":[{"catalogName":"pg","schema":"crm","table":"customers","columns":["id","name"]}]},"endTime":"2026-03-02T09:14:05Z"}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::row::{self, ExportRow};
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Format, Ignored, IgnoredReason, Raw, hidden_tables, operation};
use crate::model::access::Operation;
use crate::model::record::{Client, Dialect, EventOutcome, Object, Record, Text};
use crate::model::time::{Span, Timestamp};
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// `trino-event`.
pub const FORMAT: Format = Format {
    name: "trino-event",
    recognised_by: "an object with `metadata.queryId`, `metadata.query` and `context`",
    stateless: false,
    decoder: |settings| Documents::json(Box::new(Trino { zone: settings.zone.clone(), created: BTreeMap::new(), ended: BTreeSet::new() })),
    recognises: |bytes| {
        let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
        bytes.trim_ascii_start().starts_with(b"{")
            && has("\"queryId\"")
            && has("\"queryState\"")
            && has("\"metadata\"")
            && has("\"context\"")
            && has("\"query\"")
    },
};

const EXPECTED: &str = "a query event of Trino";
/// Most queries whose end is awaited.
const MOST: usize = 4_096;
/// How long an end is awaited.
const LONGEST: Span = Span::hours(1);

struct Trino {
    zone: Option<TimeZone>,
    /// Queries that were created and have not ended: told of only if their end never comes.
    created: BTreeMap<String, Record<'static>>,
    /// The last that have ended: their creation may come later.
    ended: BTreeSet<String>,
}

impl Decoder for Trino {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let event = ExportRow::read(raw, EXPECTED)?;
        // The HTTP and Kafka listeners put it into an envelope of their own.
        let event = event.row(&["eventpayload", "querycompletedevent", "querycreatedevent"], EXPECTED)?.unwrap_or(event);
        let metadata = event.row(&["metadata"], EXPECTED)?;
        let Some(metadata) = metadata.filter(|metadata| metadata.has("queryid")) else {
            // The end of a split is none of a query.
            if !event.has("queryid") {
                return Err(crate::decode::row::form(EXPECTED, "without a query's id"));
            }
            emit(raw.ignored(IgnoredReason::OtherEvent));
            return Ok(());
        };
        let id = metadata.text(&["queryid"]).unwrap_or_default().into_owned();
        let ended = event.has("endtime") || event.has("statistics") || event.has("iometadata") || event.has("failureinfo");
        let ended = ended || matches!(metadata.text(&["querystate"]).as_deref(), Some("FINISHED" | "FAILED"));
        if !ended && (self.created.contains_key(&id) || self.ended.contains(&id)) {
            emit(raw.ignored(IgnoredReason::DuplicateEvent));
            return Ok(());
        }
        let record = read(&event, &metadata, &id, raw, self.zone.as_ref())?;
        match (ended, record) {
            (true, record) => {
                if let Some(created) = self.created.remove(&id) {
                    let (position, reason) = (created.position, IgnoredReason::DuplicateEvent);
                    emit(Decoded::Ignored(Ignored { position, lines: 1, reason }));
                }
                // Ids begin with their time.
                self.ended.insert(id);
                if self.ended.len() > MOST {
                    self.ended.pop_first();
                }
                emit(record.map_or_else(|| raw.ignored(IgnoredReason::NotDataAccess), Decoded::from));
            }
            (false, Some(mut record)) => {
                // Should its end still come, it must not pass for a repeat.
                record.id = Some(Text::Owned(format!("{id}/created")));
                self.expire(record.time, emit);
                self.created.insert(id, record);
            }
            (false, None) => emit(raw.ignored(IgnoredReason::NotDataAccess)),
        }
        Ok(())
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        std::mem::take(&mut self.created).into_values().for_each(|record| emit(record.into()));
    }
}

impl Trino {
    fn expire(&mut self, now: Timestamp, emit: &mut Emit<'_>) {
        // Ids begin with their time.
        while let Some((id, first)) = self.created.pop_first() {
            if self.created.len() < MOST && first.time + LONGEST >= now {
                self.created.insert(id, first);
                break;
            }
            emit(first.into());
        }
    }
}

fn read(
    event: &ExportRow,
    metadata: &ExportRow,
    id: &str,
    raw: Raw<'_>,
    zone: Option<&TimeZone>,
) -> Result<Option<Record<'static>>, DecodeError> {
    let time = event.time(&["endtime", "createtime", "executionstarttime"], zone).or(raw.envelope.time).or_else(|| time_of(id));
    let time = time.ok_or(DecodeError::Field { field: "endTime", rule: "must be a time between 2000 and 2100".to_owned() })?;
    let context = event.row(&["context"], EXPECTED)?.unwrap_or_default();
    let statistics = event.row(&["statistics"], EXPECTED)?.unwrap_or_default();
    let io = event.row(&["iometadata"], EXPECTED)?.unwrap_or_default();
    let failure = event.row(&["failureinfo"], EXPECTED)?;
    let mut record = Record::new(raw.position, raw.hash, time);
    record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
    record.id = Some(Text::Owned(id.to_owned()));
    record.dialect = Dialect::Trino;
    // `user` is whom `SET SESSION AUTHORIZATION` chose; the principal may be a proxy's.
    record.account = context.text(&["originaluser", "user", "principal"]);
    record.session = metadata.text(&["transactionid"]).filter(|session| !session.starts_with("00000000"));
    record.client = Client { ip: context.text(&["remoteclientaddress"]), host: None, app: context.text(&["source", "useragent"]) };
    let query = metadata.text(&["query"]);
    let (text, binds) = match query.as_deref().and_then(|query| executed(query, metadata.text(&["preparedquery"]))) {
        Some((text, binds)) => (Some(text), binds),
        None => (metadata.text(&["preparedquery"]).or(query), Vec::new()),
    };
    let by_type = context.text(&["querytype"]);
    let operation = match by_type.as_deref() {
        Some("SELECT") => Some(Operation::Read),
        Some("INSERT" | "UPDATE" | "MERGE") => Some(Operation::Write),
        Some("DELETE") => Some(Operation::Delete),
        Some("DESCRIBE" | "EXPLAIN" | "ANALYZE") => None,
        _ => text.as_deref().and_then(|text| operation::of_statement(text, Dialect::Trino)),
    };
    let inputs = inputs(&io, metadata)?;
    let Some(operation) = operation.or((!inputs.is_empty()).then_some(Operation::Other)) else { return Ok(None) };
    record.operation = operation;
    let catalogs: Vec<&String> = inputs.iter().filter_map(|input| input.catalog.as_ref()).collect();
    let one =
        catalogs.first().filter(|first| catalogs.iter().all(|catalog| catalog == *first)).map(|catalog| Text::Owned((*catalog).clone()));
    record.system = one.clone().or_else(|| context.text(&["catalog", "environment"]));
    let named = |input: &Input| match &input.catalog {
        Some(catalog) if one.is_none() => format!("{catalog}.{}", input.table),
        _ => input.table.clone(),
    };
    record.outcome = match (metadata.text(&["querystate"]).as_deref(), &failure) {
        (Some("FAILED"), _) | (_, Some(_)) => outcome(failure.as_ref())?,
        _ => EventOutcome::Success,
    };
    record.statement = text;
    record.binds = binds;
    let copies = matches!(by_type.as_deref(), Some("INSERT" | "UPDATE" | "MERGE" | "DELETE")) || metadata.has("updatetype");
    let (shown, written) = (statistics.number(&["outputrows"]), statistics.number(&["writtenrows"]));
    let rows = if copies { written } else { shown.max(written) };
    // Rows stream to the client before a query fails: the count that a failed one ends with is none.
    record.rows = rows.filter(|_| record.outcome == EventOutcome::Success);
    if !inputs.is_empty() {
        let tables: Vec<String> = inputs.iter().map(named).collect();
        hidden_tables::name_missing_in(&mut record, &tables, context.text(&["schema"]).as_deref());
        let columns = |input: &Input| Some(input.columns.clone()).filter(|columns| !columns.is_empty());
        let object = |input: &Input| Object { table: Text::Owned(named(input)), columns: columns(input) };
        let read = inputs.iter().map(object).collect();
        if record.objects.is_empty() {
            record.base_reads = read;
        } else {
            if record.operation == Operation::Write {
                // What was read went into what was written: how much of it, the text does not say.
                record.operation = Operation::Other;
            }
            record.objects = read;
        }
    }
    Ok(Some(record))
}

/// The text that `EXECUTE` or `EXECUTE IMMEDIATE` runs, and the values that it runs with.
fn executed(query: &str, prepared: Option<Text<'static>>) -> Option<(Text<'static>, Vec<Option<Text<'static>>>)> {
    let word = |text: &'_ str, word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let rest = query.trim_start();
    let rest = word(rest, "EXECUTE").then(|| rest[7..].trim_start())?;
    let (text, rest) = if word(rest, "IMMEDIATE") {
        let (text, rest) = literal(rest[9..].trim_start())?;
        (Text::Owned(text), rest)
    } else {
        // Its name, which may be quoted.
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        (prepared?, &rest[end..])
    };
    let rest = rest.trim_start();
    let mut binds = Vec::new();
    let mut values = if word(rest, "USING") { rest[5..].trim() } else { "" };
    while !values.is_empty() {
        let (value, after) = match literal(values) {
            Some((value, after)) => (Some(value), after.trim_start()),
            None => {
                let end = values.find(',').unwrap_or(values.len());
                let plain = values[..end].trim();
                // What is no number or the like is computed: it is not known here.
                let known = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
                (known.then(|| plain.to_owned()), &values[end..])
            }
        };
        binds.push(value.map(Text::Owned));
        values = match after.strip_prefix(',') {
            Some(after) => after.trim_start(),
            // `DATE '2026-01-01'` and the like: none of the values is sure any more.
            None if !after.is_empty() => return Some((text, Vec::new())),
            None => "",
        };
    }
    Some((text, binds))
}

/// A literal at the beginning, and what follows it.
fn literal(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix('\'')?;
    let mut from = 0;
    loop {
        let at = from + rest[from..].find('\'')?;
        if !rest[at + 1..].starts_with('\'') {
            return Some((rest[..at].replace("''", "'"), &rest[at + 1..]));
        }
        from = at + 2;
    }
}

struct Input {
    catalog: Option<String>,
    table: String,
    columns: Vec<Text<'static>>,
}

/// What was really read; of a query without that, what its analysis found.
fn inputs(io: &ExportRow, metadata: &ExportRow) -> Result<Vec<Input>, DecodeError> {
    let mut list = io.list(&["inputs"], EXPECTED)?;
    if list.is_empty() {
        list = metadata.list(&["tables"], EXPECTED)?;
    }
    let mut found: Vec<Input> = Vec::new();
    for value in list {
        let Value::Object(fields) = value else { continue };
        let input = ExportRow::of(fields, EXPECTED)?;
        let Some(table) = input.text(&["table", "tablename"]) else { continue };
        let schema = input.text(&["schema", "schemaname"]);
        let table = schema.map_or_else(|| table.to_string(), |schema| format!("{schema}.{table}"));
        let catalog = input.text(&["catalogname", "catalog"]).map(Text::into_owned);
        // The columns are names, or objects with one.
        let name = |value: Value| match value {
            Value::Object(fields) => ExportRow::of(fields, EXPECTED).ok().and_then(|column| column.text(&["column", "name", "columnname"])),
            other => row::text(&other),
        };
        let mut columns: Vec<Text<'static>> = input.list(&["columns"], EXPECTED)?.into_iter().filter_map(name).collect();
        // `address#street` and `address.street` are parts of a column.
        let whole = |column: &Text<'static>| column.split_once(['#', '.']).map(|(column, _)| Text::Owned(column.to_owned()));
        columns.extend(columns.iter().filter_map(whole).collect::<Vec<_>>());
        match found.iter_mut().find(|known| known.table == table && known.catalog == catalog) {
            // Read twice: all columns of both, and all there are where one does not say.
            Some(known) if known.columns.is_empty() || columns.is_empty() => known.columns.clear(),
            Some(known) => known.columns.extend(columns),
            None => found.push(Input { catalog, table, columns }),
        }
    }
    Ok(found)
}

fn outcome(failure: Option<&ExportRow>) -> Result<EventOutcome, DecodeError> {
    let Some(failure) = failure else { return Ok(EventOutcome::Interrupted) };
    let code = failure.row(&["errorcode"], EXPECTED)?.and_then(|code| code.text(&["name"]));
    let before = |name: &str| {
        name.ends_with("_NOT_FOUND") || name.ends_with("SYNTAX_ERROR") || name.ends_with("_MISMATCH") || name == "PERMISSION_DENIED"
    };
    Ok(if code.is_some_and(|name| before(&name)) { EventOutcome::Refused } else { EventOutcome::Interrupted })
}

/// `20250605_195009_00010_34b3y` begins with the time of its query in UTC.
fn time_of(id: &str) -> Option<Timestamp> {
    let (date, rest) = id.split_once('_')?;
    let (clock, _) = rest.split_once('_')?;
    row::time(&format!("{date}T{clock}Z"), None).filter(|_| date.len() == 8 && clock.len() == 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;

    fn event(state: &str, query: &str, rest: &str) -> String {
        format!(
            r#"{{"metadata":{{"queryId":"20260302_090000_00012_pzafy","queryState":"{state}","query":"{query}"}},"context":{{"user":"li","originalUser":"wang","principal":"p","remoteClientAddress":"10.0.0.5","source":"cli","environment":"test"}},"createTime":"2026-03-02T09:00:00Z"{rest}}}"#
        )
    }

    fn completed(query: &str, state: &str, rest: &str) -> String {
        let io = r#","statistics":{"outputRows":40},"ioMetadata":{"inputs":[{"catalogName":"pg","schema":"crm","table":"people","columns":["name","phone"],"physicalInputRows":99}]},"endTime":1772442060"#;
        event(state, query, &format!("{io}{rest}"))
    }

    fn decode(lines: &[String]) -> Vec<Record<'static>> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(lines.iter().all(|line| (FORMAT.recognises)(line.as_bytes())));
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert_eq!(dead, []);
        records
    }

    #[test]
    fn a_query_counts_once_with_the_rows_of_its_end() {
        let query = "SELECT name FROM pg.crm.people";
        let records = decode(&[event("QUEUED", query, ""), completed(query, "FINISHED", "")]);
        let [only] = records.as_slice() else { panic!("one record, not {}", records.len()) };
        assert_eq!((only.statement.as_deref(), only.rows, only.objects.len()), (Some(query), Some(40), 0));
        assert_eq!(
            (only.account.as_deref(), only.system.as_deref(), only.client.ip.as_deref()),
            (Some("wang"), Some("pg"), Some("10.0.0.5"))
        );
        assert_eq!((only.time.to_string().as_str(), only.id.as_deref()), ("2026-03-02T09:01:00Z", Some("20260302_090000_00012_pzafy")));
        assert_eq!(decode(&[event("QUEUED", query, "")]).len(), 1, "its end never came");
    }

    #[test]
    fn a_query_counts_once_whichever_of_its_events_comes_first_and_in_the_envelope_of_its_listener() {
        let query = "SELECT name FROM pg.crm.people";
        assert_eq!(decode(&[completed(query, "FINISHED", ""), event("QUEUED", query, "")]).len(), 1);
        let wrapped = |event: String| format!(r#"{{"eventMetadata":{{"ENV":"x"}},"eventPayload":{event}}}"#);
        let records = decode(&[wrapped(event("QUEUED", query, "")), wrapped(completed(query, "FINISHED", ""))]);
        assert_eq!((records.len(), records[0].rows, records[0].account.as_deref()), (1, Some(40), Some("wang")));
    }

    #[test]
    fn copies_count_what_they_wrote_and_never_the_row_that_answers() {
        let copy = |rows: &str| {
            let text = completed("CREATE TABLE x AS SELECT name FROM pg.crm.people", "FINISHED", "");
            decode(&[text.replace("\"outputRows\":40", rows).replace("\"queryState\"", "\"updateType\":\"CREATE TABLE\",\"queryState\"")])
                [0]
            .rows
        };
        assert_eq!((copy("\"outputRows\":1,\"writtenRows\":900"), copy("\"outputRows\":1")), (Some(900), None));
    }

    #[test]
    fn what_is_executed_is_read_with_its_values() {
        let read = |query: &str, prepared: Option<&'static str>| {
            let (text, binds) = executed(query, prepared.map(Text::Borrowed))?;
            Some((text.into_owned(), binds.into_iter().map(|bind| bind.map(Text::into_owned)).collect::<Vec<_>>()))
        };
        let values = |values: &[&str]| values.iter().map(|value| Some((*value).to_owned())).collect::<Vec<_>>();
        assert_eq!(
            read("EXECUTE IMMEDIATE 'SELECT ''a'' FROM t WHERE id = ? AND b = ?' USING 44,'X,''Y'", None),
            Some(("SELECT 'a' FROM t WHERE id = ? AND b = ?".to_owned(), values(&["44", "X,'Y"])))
        );
        assert_eq!(read("execute p using 301", Some("SELECT ?")), Some(("SELECT ?".to_owned(), values(&["301"]))));
        assert_eq!(read("EXECUTE p USING f(1, 2)", Some("S")).expect("is one").1.len(), 2, "what is computed is not known");
        assert_eq!(read("EXECUTE p USING DATE '2026-01-01', 7", Some("S")).expect("is one").1, [None, Some("7".to_owned())]);
        assert_eq!((read("EXECUTE p USING 1", None), read("SELECT 1", None), read("EXECUTE IMMEDIATE 'x", None)), (None, None, None));
    }

    #[test]
    fn behind_a_view_the_columns_read_are_told() {
        let records = decode(&[completed("SELECT * FROM v", "FINISHED", "")]);
        let object = &records[0].objects[0];
        assert_eq!((object.table.as_ref(), object.columns.as_ref().map(Vec::len)), ("crm.people", Some(2)));
        assert_eq!((records[0].rows, records[0].rows_bound), (None, Some(40)), "one row may hold many people");
    }

    #[test]
    fn failures_before_the_query_ran_are_refusals() {
        let failed =
            |name: &str| completed("SELECT 1 FROM people", "FAILED", &format!(r#","failureInfo":{{"errorCode":{{"name":"{name}"}}}}"#));
        let endings: Vec<_> = decode(&[failed("PERMISSION_DENIED"), failed("USER_CANCELED")]).iter().map(|r| (r.outcome, r.rows)).collect();
        assert_eq!(endings, [(EventOutcome::Refused, None), (EventOutcome::Interrupted, None)]);
    }

    #[test]
    fn a_query_without_times_has_that_of_its_id() {
        assert_eq!(time_of("20250605_195009_00010_34b3y").map(|time| time.to_string()).as_deref(), Some("2025-06-05T19:50:09Z"));
        assert_eq!((time_of("x"), time_of("1_2_3")), (None, None));
        assert!(!(FORMAT.recognises)(br#"{"queryId":"x"}"#));
    }
}
