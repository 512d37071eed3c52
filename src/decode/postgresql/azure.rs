//! `azure-postgresql`: PostgreSQL's log as Azure's diagnostic settings send it to an Event Hub or a storage account.
//!
//! **Switch on**: the category `PostgreSQLLogs` in the diagnostic settings, and as server parameters:
//!
//! ```ini
//! shared_preload_libraries = pgaudit
//! pgaudit.log = all
//! log_line_prefix = '%t:%r:%u@%d:[%p]:%a:%e'
//! log_connections = on
//! ```
//!
//! With the default prefix `%t-%c-` the login is only known from the lines of `log_connections`.
//!
//! **Tells**: login, database, client, program and statement, as the prefix has them; rows where `pgaudit.log_rows` is on.
//! **Does not tell**: columns other than by the statement; which person, other than by keys and bind values.
//!
//! **Counted**: as in `postgresql-stderr`. Documents hold one record or a list `records`. The flexible server has the prefix within the
//! message, the single server beside it; values and statement stand in `detail` and `statement`. Rows that were exported from Log Analytics
//! (`Message`, `errorLevel_s`; `PGSQLServerLogs`) are read as well. Records of other categories, and metrics, are passed over.
//!
//! **Refused**: a record without category, properties or message; one of them does not take its neighbours in the list along.
//!
//! **Example**:
//!
//! ```json
//! {"time":"2026-03-02T09:14:05Z","category":"PostgreSQLLogs","properties":{"errorLevel":"LOG","message":"2026-03-02 09:14:05 UTC:10.0.0.7(5123):li_na@crm:[77]:psql:00000LOG:  00000: AUDIT: SESSION,1,1,READ,SELECT,,,SELECT name FROM crm.customers WHERE id = 42,<none>,1"},"resourceId":"/SUBSCRIPTIONS/X/PROVIDERS/MICROSOFT.DBFORPOSTGRESQL/FLEXIBLESERVERS/PG1"}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::json::Word;
use crate::decode::postgresql::reader::{Reader, Style};
use crate::decode::postgresql::words::{self, Label};
use crate::decode::{DecodeError, Decoder, Emit, Format, IgnoredReason, Raw, json};
use crate::model::time::Timestamp;
use serde::Deserialize;

/// `azure-postgresql`.
pub const AZURE: Format = Format {
    name: "azure-postgresql",
    recognised_by: "an object of the category `PostgreSQLLogs` with `properties`, alone or in `records`",
    stateless: false,
    decoder: |settings| Documents::json(Box::new(Azure { reader: Reader::new(settings) })),
    recognises,
};

struct Azure {
    reader: Reader,
}

#[derive(Deserialize)]
struct DiagnosticLog<'a> {
    #[serde(borrow)]
    records: Option<Vec<LogEntry<'a>>>,
    #[serde(flatten, borrow)]
    entry: LogEntry<'a>,
}

#[derive(Deserialize)]
struct LogEntry<'a> {
    #[serde(borrow)]
    time: Option<Word<'a>>,
    #[serde(borrow)]
    category: Option<Word<'a>>,
    #[serde(borrow, rename = "resourceId")]
    resource: Option<Word<'a>>,
    #[serde(borrow)]
    properties: Option<Properties<'a>>,
    /// Log Analytics: of all services in one table, with the type at the end of a column's name, or of this one in its own.
    #[serde(borrow, rename = "TimeGenerated", alias = "TimeGenerated [UTC]")]
    generated: Option<Word<'a>>,
    #[serde(borrow, rename = "Category")]
    row_category: Option<Word<'a>>,
    #[serde(borrow, rename = "ResourceId", alias = "_ResourceId")]
    row_resource: Option<Word<'a>>,
    #[serde(borrow, rename = "LogicalServerName_s", alias = "LogicalServerName")]
    server: Option<Word<'a>>,
    #[serde(borrow, rename = "Message")]
    row_message: Option<Word<'a>>,
    #[serde(borrow, rename = "prefix_s", alias = "Prefix", alias = "Prefix_s")]
    row_prefix: Option<Word<'a>>,
    #[serde(borrow, rename = "errorLevel_s", alias = "ErrorLevel", alias = "ErrorLevel_s")]
    row_level: Option<Word<'a>>,
    #[serde(borrow, rename = "detail_s", alias = "Detail", alias = "Detail_s")]
    row_detail: Option<Word<'a>>,
    #[serde(borrow, rename = "context_s", alias = "Context", alias = "Context_s")]
    row_context: Option<Word<'a>>,
    #[serde(borrow, rename = "statement_s", alias = "Statement", alias = "Statement_s")]
    row_statement: Option<Word<'a>>,
}

#[derive(Deserialize)]
struct Properties<'a> {
    #[serde(borrow)]
    prefix: Option<Word<'a>>,
    #[serde(borrow)]
    message: Option<Word<'a>>,
    #[serde(borrow, rename = "errorLevel")]
    level: Option<Word<'a>>,
    #[serde(borrow)]
    detail: Option<Word<'a>>,
    #[serde(borrow)]
    context: Option<Word<'a>>,
    #[serde(borrow)]
    statement: Option<Word<'a>>,
}

/// The parts of one message, whichever way they came.
struct MessageParts<'t> {
    prefix: Option<&'t str>,
    message: &'t str,
    level: &'t str,
    beside: [(&'static str, Label, Option<&'t str>); 3],
}

impl LogEntry<'_> {
    fn category(&self) -> Option<&str> {
        self.category.as_deref().or(self.row_category.as_deref())
    }

    fn parts(&self) -> Result<MessageParts<'_>, DecodeError> {
        let all = match &self.properties {
            Some(Properties { prefix, message, level, detail, context, statement }) => [prefix, message, level, detail, context, statement],
            None if self.row_message.is_some() => {
                [&self.row_prefix, &self.row_message, &self.row_level, &self.row_detail, &self.row_context, &self.row_statement]
            }
            None => return Err(form("without its properties")),
        };
        let [prefix, message, level, detail, context, statement] = all.map(|text| text.as_deref().filter(|text| !text.is_empty()));
        Ok(MessageParts {
            prefix,
            message: message.ok_or_else(|| form("without a message"))?,
            level: level.unwrap_or("LOG"),
            beside: [("DETAIL", Label::Detail, detail), ("CONTEXT", Label::Context, context), ("STATEMENT", Label::Statement, statement)],
        })
    }
}

const CATEGORY: &str = "PostgreSQLLogs";

impl Azure {
    fn entry(&mut self, entry: &LogEntry<'_>, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        match entry.category() {
            Some(CATEGORY) => {}
            Some(_) => {
                emit(raw.ignored(IgnoredReason::OtherEvent));
                return Ok(());
            }
            // Metrics have none.
            None if entry.resource.is_some() => {
                emit(raw.ignored(IgnoredReason::OtherEvent));
                return Ok(());
            }
            None => return Err(form("without its category")),
        }
        let MessageParts { prefix, message, level, beside } = entry.parts()?;
        let mut raw = raw;
        let time = entry.time.as_deref().or(entry.generated.as_deref());
        raw.envelope.time = time.and_then(|time| Timestamp::parse(time).ok()).or(raw.envelope.time);
        // Process numbers are those of one server.
        let resource = entry.resource.as_deref().or(entry.row_resource.as_deref());
        let server = resource.and_then(|resource| resource.rsplit('/').next()).or(entry.server.as_deref());
        raw.envelope.host = server.or(raw.envelope.host);
        let Some(prefix) = prefix else {
            self.reader.take(message, raw, Style::Whole, emit)?;
            beside.into_iter().for_each(|(_, label, text)| self.reader.add(label, text.unwrap_or(""), raw));
            return Ok(());
        };
        // A message that has no label of its own gets that of the level. No line of its text may pass for another's.
        let inner = |text: &str| text.replace('\n', "\n\t");
        let label = if words::label(level).is_some() { level } else { "LOG" };
        let mut text = format!("{prefix}{label}:  {}", inner(message));
        for (label, _, part) in beside {
            if let Some(part) = part {
                text.push_str(&format!("\n{prefix}{label}:  {}", inner(part)));
            }
        }
        self.reader.take(&text, raw, Style::Message, emit)
    }
}

impl Decoder for Azure {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let log: DiagnosticLog<'_> = json::read(raw, "an object of Azure's PostgreSQL logs")?;
        match log.records {
            // One that is no record must not take its neighbours along.
            Some(records) => {
                let mut result = Ok(());
                for entry in &records {
                    result = result.and(self.entry(entry, raw, emit));
                }
                result
            }
            None => self.entry(&log.entry, raw, emit),
        }
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.reader.flush(emit);
    }
}

fn form(what: &str) -> DecodeError {
    DecodeError::Form { expected: "a record of Azure's PostgreSQL logs", what: what.to_owned() }
}

fn recognises(bytes: &[u8]) -> bool {
    // Cheap for lines of other formats.
    if memchr::memmem::find(bytes, CATEGORY.as_bytes()).is_none() {
        return false;
    }
    let is_one = |entry: &LogEntry<'_>| entry.category() == Some(CATEGORY) && entry.parts().is_ok();
    json::first_object::<DiagnosticLog<'_>>(bytes).is_some_and(|log| match log.records {
        Some(records) => records.iter().any(is_one),
        None => is_one(&log.entry),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::access::Operation;
    use serde_json::{Value, json};

    fn entry(properties: Value) -> Value {
        json!({"time":"2026-03-02T09:00:00Z","category":"PostgreSQLLogs","operationName":"LogEvent","properties":properties,
               "resourceId":"/SUBSCRIPTIONS/X/PROVIDERS/MICROSOFT.DBFORPOSTGRESQL/FLEXIBLESERVERS/PG1"})
    }

    fn flexible(message: &str) -> Value {
        entry(json!({"timestamp":"2026-03-02 09:00:00.123 UTC","processId":7,"errorLevel":"LOG","sqlerrcode":"00000","message":message}))
    }

    #[test]
    fn the_flexible_server_has_its_prefix_in_the_message() {
        let message = "2026-03-02 09:00:00 UTC:10.0.0.1(64783):li_na@crm:[7]:DBeaver 24:00000LOG:  00000: AUDIT: SESSION,71,1,READ,SELECT,,,\"SELECT a\n\tFROM t\",<none>,5";
        let line = json!({"records":[flexible(message), flexible("rubbish"), {"category":"Other","properties":{}}]}).to_string();
        let (records, dead) = testing::decode(&AZURE, &[&line]);
        assert_eq!((records.len(), dead.len()), (1, 1));
        let record = &records[0];
        assert_eq!(record.time.to_string(), "2026-03-02T09:00:00Z");
        assert_eq!((record.account.as_deref(), record.system.as_deref()), (Some("li_na"), Some("crm")));
        assert_eq!((record.client.ip.as_deref(), record.client.app.as_deref()), (Some("10.0.0.1"), Some("DBeaver 24")));
        assert_eq!((record.statement.as_deref(), record.rows), (Some("SELECT a\nFROM t"), Some(5)));
        assert_eq!(record.operation, Operation::Read);
    }

    #[test]
    fn a_flexible_server_of_the_default_prefix_tells_the_login_once() {
        let line = |text: &str| flexible(&format!("2026-03-02 09:00:00 UTC-69a55270.1f-LOG:  {text}")).to_string();
        let lines = [
            line("connection received: host=10.0.0.1 port=5"),
            line("connection authorized: user=li_na database=crm application_name=psql"),
            line("AUDIT: SESSION,1,1,READ,SELECT,,,SELECT a FROM t,<none>,5"),
        ];
        let (records, dead) = testing::decode(&AZURE, &lines.each_ref().map(String::as_str));
        assert_eq!(dead, []);
        assert_eq!(records.iter().map(|r| r.account.as_deref()).collect::<Vec<_>>(), [Some("li_na"); 2]);
        assert_eq!((records[1].client.ip.as_deref(), records[1].client.app.as_deref()), (Some("10.0.0.1"), Some("psql")));
    }

    #[test]
    fn the_single_server_has_its_prefix_beside_the_message() {
        let prefix = "2026-03-02 09:00:00 UTC:10.0.0.1(43986):li_na@crm:[7]:psql:00000";
        let forged =
            "SELECT 1\n2026-03-02 09:00:00 UTC:10.0.0.1(1):other@crm:[7]:psql:00000LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,SELECT 2,<none>";
        let message = format!("AUDIT: SESSION,13,1,READ,SELECT,,,\"{forged}\",<none>");
        let line = json!({"records":[entry(json!({"prefix":prefix,"message":message,"detail":"","errorLevel":"LOG"}))]}).to_string();
        let (records, dead) = testing::decode(&AZURE, &[&line]);
        assert_eq!((records.len(), dead.len()), (1, 0));
        assert_eq!((records[0].account.as_deref(), records[0].statement.as_deref()), (Some("li_na"), Some(forged)));
    }

    #[test]
    fn records_are_recognised_and_those_of_others_are_not() {
        assert!(recognises(flexible("x").to_string().as_bytes()));
        assert!(recognises(json!({"records":[flexible("x")]}).to_string().as_bytes()));
        let pretty = serde_json::to_string_pretty(&flexible("x")).expect("is JSON");
        assert!(recognises(format!("[\n{pretty},\n{{\"time\":").as_bytes()));
        assert!(!recognises(br#"{"records":[{"category":"Other","properties":{}}],"x":"PostgreSQLLogs"}"#));
        assert!(!recognises(br#"{"category":"PostgreSQLLogs"}"#));
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let line = flexible("x").to_string().replace("\"time\"", "\"time\":\"2026-03-02T09:00:00Z\",\"time\"");
        assert_eq!(testing::decode(&AZURE, &[&line]).1.len(), 1);
    }
}
