//! The files of pgauditlogtofile: pgaudit's fields apart, its text and values together as the last of them.
//!
//! Since 1.7 each value is quoted as JSON quotes it, in the CSV as well, so a record is one line whatever its statement holds;
//! before, quotes were CSV's. Its JSON has the same fields by their names.

use crate::decode::DecodeError;
use crate::decode::json::WordOrNumber;
use crate::decode::postgresql::line::{Line, Severity, form, without_port};
use crate::decode::postgresql::prefix;
use crate::decode::postgresql::time::Clock;
use crate::decode::postgresql::{english, state};
use crate::model::access::{Position, RecordHash};
use crate::model::signs::Signs;
use serde::Deserialize;
use std::borrow::Cow;

/// What a record says, wherever its fields stood.
#[derive(Default)]
pub(super) struct Told {
    time: String,
    user: String,
    database: String,
    host: String,
    session: String,
    number: Option<u64>,
    state: String,
    /// pgaudit's fields before its text; empty for a line about a connection.
    audit: Vec<String>,
    /// pgaudit's text, values and rows, or what is said of a connection.
    content: String,
    detail: String,
    context: String,
    application: String,
}

/// Fields of pgaudit before its text.
const AUDIT: usize = 7;
/// Most columns of a record.
const MOST: usize = 64;

/// Whether a line is a record of which every value is quoted.
pub(super) fn is_quoted(text: &str) -> bool {
    text.strip_prefix('"').is_some_and(|time| prefix::time_length(time).is_some())
        && quoted_columns(text).is_some_and(|columns| {
            columns.get(5).is_some_and(|id| prefix::session_length(id) == Some(id.len())) && of_state(&columns).is_some()
        })
}

/// The columns of such a line.
pub(super) fn quoted_columns(text: &str) -> Option<Vec<String>> {
    let (mut columns, mut rest) = (Vec::with_capacity(34), text);
    while columns.len() < MOST {
        if rest.starts_with('"') {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            columns.push(values.next()?.ok()?);
            rest = &rest[values.byte_offset()..];
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            columns.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return rest.is_empty().then_some(columns),
        }
    }
    None
}

/// Where the SQLSTATE stands: behind the session, its line and command, and two transactions, some of which versions leave out.
fn of_state(columns: &[String]) -> Option<usize> {
    (9..=12).find(|at| columns.get(*at).is_some_and(|text| text.len() == 5 && state::is_state(text)))
}

/// What the columns of a record say.
pub(super) fn told(mut columns: Vec<String>) -> Option<Told> {
    let state = of_state(&columns)?;
    let apart = columns.get(6).is_some_and(|id| prefix::session_length(id) == Some(id.len()));
    let audited = columns.get(state + 1).is_some_and(|kind| matches!(kind.as_str(), "SESSION" | "OBJECT"));
    let content = state + 1 + if audited { AUDIT } else { 0 };
    let mut take = |at: usize| columns.get_mut(at).map(std::mem::take).unwrap_or_default();
    let (session, number) = if apart { (take(6), take(7).parse().ok()) } else { (take(5), None) };
    Some(Told {
        time: take(0),
        user: take(1),
        database: take(2),
        host: take(4),
        session,
        number,
        state: take(state),
        audit: if audited { (state + 1..content).map(&mut take).collect() } else { Vec::new() },
        content: take(content),
        detail: take(content + 1),
        context: take(content + 5),
        // Earlier versions have one column more before it.
        application: Some(take(content + 9))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| if apart { take(content + 10) } else { String::new() }),
    })
}

/// A record as JSON.
#[derive(Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    timestamp: WordOrNumber<'a>,
    #[serde(borrow, rename = "db.user")]
    user: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "db.name")]
    database: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "net.peer.name")]
    host: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.session_id")]
    session: WordOrNumber<'a>,
    #[serde(borrow, rename = "custom.session_line_num")]
    number: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.state_code")]
    state: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.audit_type")]
    audit_type: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.statement_id")]
    statement_id: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.substatement_id")]
    substatement_id: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.class")]
    class: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.command")]
    command: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.object_type")]
    object_type: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.object_name")]
    object_name: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    content: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.detail_log")]
    detail: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.context")]
    context: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "custom.application_name")]
    application: Option<WordOrNumber<'a>>,
}

impl From<Named<'_>> for Told {
    fn from(named: Named<'_>) -> Told {
        let own = |text: Option<WordOrNumber<'_>>| text.map(|text| text.0.into_owned()).unwrap_or_default();
        let audited = named.audit_type.is_some();
        let fields =
            [named.audit_type, named.statement_id, named.substatement_id, named.class, named.command, named.object_type, named.object_name];
        Told {
            time: named.timestamp.0.into_owned(),
            user: own(named.user),
            database: own(named.database),
            host: own(named.host),
            session: named.session.0.into_owned(),
            number: own(named.number).parse().ok(),
            state: own(named.state),
            audit: if audited { fields.map(own).into() } else { Vec::new() },
            content: own(named.content),
            detail: own(named.detail),
            context: own(named.context),
            application: own(named.application),
        }
    }
}

/// The line of the server that a record tells of.
pub(super) fn line(told: Told, clock: &mut Clock, position: Position, hash: RecordHash) -> Result<Line<'static>, DecodeError> {
    if told.session.is_empty() {
        return Err(form("without a session"));
    }
    let text = |text: String| Some(Cow::Owned(text)).filter(|text: &Cow<'static, str>| !text.is_empty());
    // Nothing but the beginning of a session tells what its zone means.
    if clock.waits(&told.time) {
        clock.learn_by_first(&told.session, &told.time);
    }
    let time = clock.read(&told.time)?;
    let id = |at: usize| told.audit.get(at).and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
    // Unique within the session, and the same when the file is read again.
    let number = told.number.unwrap_or(id(1).saturating_mul(1 << 20).saturating_add(id(2).min((1 << 20) - 1)));
    let message = match told.audit.as_slice() {
        [] => english::message(Cow::Owned(told.content)),
        fields => Cow::Owned(format!("AUDIT: {},{}", fields.join(","), requoted(&told.content))),
    };
    Ok(Line {
        position,
        hash,
        time,
        session: Cow::Owned(told.session),
        number,
        user: text(told.user),
        database: text(told.database),
        host: text(told.host).map(without_port),
        application: text(told.application),
        severity: Severity::Log,
        state: text(told.state).filter(|state| state != "00000"),
        message,
        detail: text(told.detail),
        statement: None,
        context: text(told.context),
        cursor_position: false,
        signs: Signs::default(),
        cut: false,
    })
}

/// pgaudit's text, values and rows. Where its quotes were taken away, the text ends before what pgaudit writes for no values.
fn requoted(content: &str) -> Cow<'_, str> {
    if content.starts_with('"') {
        return Cow::Borrowed(content);
    }
    let end = |text: &str| {
        ["<none>", "<not logged>", "<previously logged>"].iter().find_map(|none| text.strip_suffix(none)?.strip_suffix(',')).map(str::len)
    };
    let rows = content.rsplit_once(',').filter(|(_, rows)| !rows.is_empty() && rows.bytes().all(|b| b.is_ascii_digit()));
    let Some(end) = end(content).or_else(|| end(rows?.0)) else { return Cow::Borrowed(content) };
    let (statement, rest) = content.split_at(end);
    Cow::Owned(format!("\"{}\"{rest}", statement.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_ends_before_what_stands_for_no_values() {
        assert_eq!(requoted("SELECT a, \"b\" FROM t,<not logged>"), "\"SELECT a, \"\"b\"\" FROM t\",<not logged>");
        assert_eq!(requoted("SELECT a, b FROM t,<none>,120"), "\"SELECT a, b FROM t\",<none>,120");
        for same in ["\"SELECT a, b\",<none>,1", "SELECT a FROM t,43,1", "SELECT a"] {
            assert_eq!(requoted(same), same);
        }
    }

    #[test]
    fn values_are_quoted_as_json_does() {
        let columns = quoted_columns(r#""a","x \"y\", z\n1",,"",last"#).expect("are columns");
        assert_eq!(columns, ["a", "x \"y\", z\n1", "", "", "last"]);
        assert_eq!(quoted_columns("\"open"), None);
        assert_eq!(quoted_columns("\"a\"b"), None);
    }
}
