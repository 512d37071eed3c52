//! The columns of the csvlog as keys of JSON: what operators' loggers make of it (CloudNativePG, whose second logger takes pgaudit's
//! fields apart), and log collectors that have parsed it. The object with the columns may lie within another.

use crate::decode::json::WordOrNumber;
use crate::decode::postgresql::audit_file;
use crate::decode::postgresql::line::{Line, without_port};
use crate::decode::postgresql::time::Clock;
use crate::decode::postgresql::{english, words};
use crate::decode::{DecodeError, json};
use crate::model::access::{Position, RecordHash};
use crate::model::signs::Signs;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write;

const EXPECTED: &str = "a JSON object with the columns of PostgreSQL's csvlog";

/// Most objects that lie within each other around the columns.
const MOST_LAYERS: usize = 3;

/// The keys under which the object with the columns lies.
#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    log: Option<&'a RawValue>,
    #[serde(borrow)]
    log_processed: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    postgresql: Option<&'a RawValue>,
    /// Supabase, each perhaps a list of one.
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    parsed: Option<&'a RawValue>,
}

/// Supabase's message, which stands outside.
#[derive(Deserialize)]
struct Outside<'a> {
    #[serde(borrow)]
    event_message: Option<WordOrNumber<'a>>,
}

/// What a list of one holds.
fn alone(value: &RawValue) -> &str {
    let list = serde_json::from_str::<Vec<&RawValue>>(value.get());
    list.ok().filter(|list| list.len() == 1).and_then(|list| list.first().map(|one| one.get())).unwrap_or(value.get())
}

/// The columns, by the names of the documentation's table for them, or by those of the jsonlog.
#[derive(Deserialize)]
struct Columns<'a> {
    #[serde(borrow)]
    log_time: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    timestamp: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    user_name: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    user: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    database_name: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    dbname: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    connection_from: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    remote_host: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    session_id: WordOrNumber<'a>,
    #[serde(borrow)]
    session_line_num: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    line_num: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    session_start_time: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    session_start: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    error_severity: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    sql_state_code: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    state_code: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    message: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    detail: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    context: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    query: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    statement: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    query_pos: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    cursor_position: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    application_name: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    audit: Option<Audit<'a>>,
}

/// pgaudit's fields.
#[derive(Deserialize)]
struct Audit<'a> {
    #[serde(borrow)]
    audit_type: WordOrNumber<'a>,
    #[serde(borrow)]
    statement_id: WordOrNumber<'a>,
    #[serde(borrow)]
    substatement_id: WordOrNumber<'a>,
    #[serde(borrow)]
    class: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    command: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    object_type: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    object_name: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    statement: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    parameter: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    rows: Option<WordOrNumber<'a>>,
}

/// The object that has the columns: this one, or one within it.
fn innermost(text: &str) -> &str {
    let mut object = text;
    for _ in 0..MOST_LAYERS {
        let Ok(outer) = serde_json::from_str::<Outer<'_>>(object) else { break };
        let within = [outer.record, outer.log_processed, outer.log, outer.message, outer.postgresql, outer.metadata, outer.parsed];
        let Some(inner) = within.into_iter().flatten().map(alone).find(|inner| inner.starts_with('{') && inner.contains("\"session_id\""))
        else {
            break;
        };
        object = inner;
    }
    object
}

/// The line that a JSON object tells of.
pub(super) fn line<'t>(text: &'t str, clock: &mut Clock, position: Position, hash: RecordHash) -> Result<Line<'t>, DecodeError> {
    if text.contains("\"custom.session_id\"") {
        let named: audit_file::Named<'_> = serde_json::from_str(text).map_err(|error| json::error(EXPECTED, &error))?;
        return audit_file::line(named.into(), clock, position, hash);
    }
    let columns: Columns<'t> = serde_json::from_str(innermost(text)).map_err(|error| json::error(EXPECTED, &error))?;
    let word = |word: Option<WordOrNumber<'t>>| word.map(|word| word.0).filter(|word| !word.is_empty());
    let either = |one: Option<WordOrNumber<'t>>, other: Option<WordOrNumber<'t>>| word(one).or_else(|| word(other));
    let time =
        either(columns.log_time, columns.timestamp).ok_or(DecodeError::Field { field: "log_time", rule: "is missing".to_owned() })?;
    let start = either(columns.session_start_time, columns.session_start);
    let session = columns.session_id.0;
    let time = clock.read_in_session(&time, &session, start.as_deref())?;
    let number = either(columns.session_line_num, columns.line_num).and_then(|number| number.parse().ok());
    let message = match &columns.audit {
        Some(audit) => Cow::Owned(audit.message()),
        None => {
            let outside = || word(serde_json::from_str::<Outside<'t>>(text).ok()?.event_message);
            english::message(word(columns.message).or_else(outside).unwrap_or_default())
        }
    };
    Ok(Line {
        position,
        hash,
        time,
        session,
        number: number.unwrap_or(position.0),
        user: either(columns.user_name, columns.user),
        database: either(columns.database_name, columns.dbname),
        host: word(columns.connection_from).map(without_port).or_else(|| word(columns.remote_host)),
        application: word(columns.application_name),
        severity: words::severity(&word(columns.error_severity).unwrap_or_default()),
        state: either(columns.sql_state_code, columns.state_code).filter(|state| state != "00000"),
        message,
        detail: word(columns.detail).map(english::detail),
        statement: either(columns.query, columns.statement),
        context: word(columns.context),
        cursor_position: either(columns.query_pos, columns.cursor_position).is_some_and(|at| at != "0"),
        signs: Signs::default(),
        cut: false,
    })
}

impl Audit<'_> {
    /// The message that pgaudit wrote.
    fn message(&self) -> String {
        let text = |field: &Option<WordOrNumber<'_>>| field.as_ref().map_or_else(String::new, |field| quoted(&field.0));
        let mut message = format!("AUDIT: {},{},{}", self.audit_type.0, self.statement_id.0, self.substatement_id.0);
        for field in [&self.class, &self.command, &self.object_type, &self.object_name, &self.statement] {
            let _ = write!(message, ",{}", text(field));
        }
        let values = self.parameter.as_ref().map_or("<not logged>", |values| &values.0);
        let _ = write!(message, ",{}", quoted(values));
        if let Some(rows) = self.rows.as_ref().filter(|rows| !rows.0.is_empty()) {
            let _ = write!(message, ",{}", rows.0);
        }
        message
    }
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}

/// Whether an object is one of these.
pub(super) fn recognises(text: &str) -> bool {
    // Cheap for lines of other formats.
    if text.contains("\"custom.session_id\"") {
        return serde_json::from_str::<audit_file::Named<'_>>(text).is_ok();
    }
    if !text.contains("\"session_id\"") {
        return false;
    }
    serde_json::from_str::<Columns<'_>>(innermost(text)).is_ok_and(|columns| {
        let numbered = columns.session_line_num.is_some() || columns.line_num.is_some();
        let timed = columns.log_time.is_some() || columns.timestamp.is_some();
        timed && (numbered || columns.audit.is_some()) && (columns.error_severity.is_some() || columns.audit.is_some())
    })
}
