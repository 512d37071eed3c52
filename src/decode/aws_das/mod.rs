//! `aws-das`: Database Activity Streams of Amazon Aurora (PostgreSQL, MySQL) and RDS (Oracle, SQL Server), *after decryption*.
//!
//! **Switch on**:
//!
//! ```sh
//! aws rds start-activity-stream --mode async --kms-key-id KEY --resource-arn ARN --engine-native-audit-fields-included
//! ```
//!
//! The messages of the Kinesis stream hold `databaseActivityEvents`, encrypted by the AWS Encryption SDK with the KMS key. A consumer (a
//! Lambda function, say) decrypts and unzips them and hands on the documents, which are read here; so are the outer document with the
//! decrypted one inside, and single events. The last option makes Oracle and SQL Server tell more of the login and the table.
//!
//! **Tells**: login, client, statement; bind values (PostgreSQL, Oracle); rows returned (PostgreSQL; MySQL for queries). **Does not
//! tell**: rows of Oracle (never) and SQL Server (only of whole batches); columns other than by the statement; which person, other than
//! by keys and parameters.
//!
//! **Counted**: a statement counts once. PostgreSQL's events are pgaudit's lines and are assembled as such; MySQL tells a statement
//! (`MAIN`) and each table it touched (`AUX`), Oracle and SQL Server the same statement once for each table. Heartbeats are passed over.
//!
//! **Refused**: what is still encrypted, and says so; an event without server type or time.
//!
//! **Example**:
//!
//! ```json
//! {"type":"DatabaseActivityMonitoringRecord","instanceId":"db-1","databaseActivityEventList":[{"type":"record","serverType":"PostgreSQL","logTime":"2026-03-02 09:14:05.990579+00","statementId":6,"substatementId":1,"class":"READ","command":"SELECT","commandText":"SELECT name FROM crm.customers WHERE id = 42","dbUserName":"li_na","databaseName":"crm","remoteHost":"10.0.0.7","rowCount":1}]}
//! ```

mod event;
mod merger;

use crate::decode::framing::document::Documents;
use crate::decode::postgresql::relayed::{Relay, Relayed};
use crate::decode::{DecodeError, Decoder, Emit, Format, IgnoredReason, Raw, json, tree};
use event::{Engine, Event};
use jiff::tz::TimeZone;
use merger::EventMerger;
use serde_json::Value;

/// `aws-das`.
pub const FORMAT: Format = Format {
    name: "aws-das",
    recognised_by: "an object with `databaseActivityEventList` or `databaseActivityEvents`, or with `dbUserName`, `serverType` and `logTime`",
    stateless: false,
    decoder: |settings| {
        Documents::json(Box::new(AwsDas { zone: settings.zone.clone(), postgresql: Relay::default(), joined: EventMerger::default() }))
    },
    recognises,
};

const EXPECTED: &str = "a document of a database activity stream";

struct AwsDas {
    zone: Option<TimeZone>,
    postgresql: Relay,
    joined: EventMerger,
}

impl Decoder for AwsDas {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let document = json::tree(raw, EXPECTED)?;
        let refuse = |what: &str| DecodeError::Form { expected: EXPECTED, what: what.to_owned() };
        match document.get("databaseActivityEvents") {
            Some(Value::String(text)) if text.trim_start().starts_with('{') => {
                let inner = Raw { bytes: text.as_bytes(), ..raw };
                self.record(raw, &json::tree(inner, EXPECTED)?, emit)
            }
            Some(Value::String(_)) => Err(refuse("`databaseActivityEvents` is encrypted, decryption must come first")),
            Some(inner) => self.record(raw, inner, emit),
            None => self.record(raw, &document, emit),
        }
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.postgresql.flush(emit);
        self.joined.flush(emit);
    }
}

impl AwsDas {
    fn record(&mut self, raw: Raw<'_>, document: &Value, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let instance = tree::first(document, &["instanceId", "clusterId"]).unwrap_or_default();
        match document.get("databaseActivityEventList") {
            Some(Value::Array(events)) => {
                // One that cannot be read must not take its neighbours along.
                events.iter().map(|event| self.event(raw, &instance, event, emit)).fold(Ok(()), Result::and)
            }
            Some(_) => Err(DecodeError::Field { field: "databaseActivityEventList", rule: "must be an array".to_owned() }),
            None if document.get("dbUserName").is_some() || tree::word(document, "type").as_deref() == Some("heartbeat") => {
                self.event(raw, &instance, document, emit)
            }
            None => Err(DecodeError::Field { field: "databaseActivityEventList", rule: "is missing".to_owned() }),
        }
    }

    fn event(&mut self, raw: Raw<'_>, instance: &str, value: &Value, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if !value.is_object() {
            return Err(DecodeError::Form { expected: EXPECTED, what: "an event is no object".to_owned() });
        }
        // A sign of life of the stream is no access.
        if tree::word(value, "type").as_deref() == Some("heartbeat") {
            emit(raw.ignored(IgnoredReason::Session));
            return Ok(());
        }
        let time = tree::time(raw, "logTime", tree::first(value, &["logTime", "endTime", "startTime"]).as_deref(), self.zone.as_ref())?;
        let event = Event { value, instance, time, engine: Engine::of(value) };
        match event.engine {
            Engine::PostgreSql => self.postgresql(raw, &event, emit),
            Engine::MySql | Engine::Oracle | Engine::SqlServer | Engine::Other => self.joined.take(raw, &event, emit),
        }
        Ok(())
    }

    fn postgresql(&mut self, raw: Raw<'_>, event: &Event<'_>, emit: &mut Emit<'_>) {
        let text = |key: &str| event.value.get(key).and_then(Value::as_str).unwrap_or("");
        let error = event.word("errorMessage").map(|message| (event.word("exitCode").unwrap_or_default(), message));
        let relayed = Relayed {
            time: event.time,
            session: event.session(),
            user: event.word("dbUserName"),
            database: event.word("databaseName"),
            host: event.word("remoteHost"),
            application: event.word("clientApplication"),
            statement_id: tree::number(event.value, "statementId").unwrap_or(0),
            substatement_id: tree::number(event.value, "substatementId").unwrap_or(0),
            class: text("class"),
            command: text("command"),
            object_type: text("objectType"),
            object: text("objectName"),
            statement: text("commandText"),
            binds: event.binds().into_iter().map(Option::unwrap_or_default).collect(),
            rows: tree::number(event.value, "rowCount"),
            error,
        };
        self.postgresql.take(raw, relayed, emit);
    }
}

fn recognises(bytes: &[u8]) -> bool {
    // Cheap for lines of other formats.
    if memchr::memmem::find(bytes, b"atabaseActivity").is_none() && memchr::memmem::find(bytes, b"\"dbUserName\"").is_none() {
        return false;
    }
    tree::has_keys(bytes, |has| {
        has("databaseActivityEventList")
            || has("databaseActivityEvents")
            || ["dbUserName", "serverType", "logTime"].iter().all(|key| has(key))
    })
}

#[cfg(test)]
mod tests;
