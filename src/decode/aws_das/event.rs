//! One event of an activity stream: its fields, whatever the engine calls them.

use crate::decode::{Raw, operation, tree};
use crate::model::record::{Dialect, EventOutcome, Record, Text};
use crate::model::time::Timestamp;
use crate::sql;
use serde_json::Value;
use std::borrow::Cow;

/// The database behind the stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Engine {
    PostgreSql,
    MySql,
    Oracle,
    SqlServer,
    Other,
}

impl Engine {
    pub fn of(event: &Value) -> Engine {
        let name = tree::first(event, &["serverType", "dbProtocol", "serviceName"]).unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            name if name.contains("postgres") => Engine::PostgreSql,
            name if name.contains("mysql") || name.contains("mariadb") => Engine::MySql,
            name if name.contains("oracle") => Engine::Oracle,
            name if name.contains("sqlserver") || name.contains("sql server") => Engine::SqlServer,
            _ => Engine::Other,
        }
    }

    pub fn dialect(self) -> Dialect {
        match self {
            Engine::PostgreSql => Dialect::PostgreSql,
            Engine::MySql => Dialect::MySql,
            Engine::Oracle | Engine::SqlServer | Engine::Other => Dialect::Generic,
        }
    }
}

/// An event.
pub(super) struct Event<'v> {
    pub value: &'v Value,
    pub instance: &'v str,
    pub time: Timestamp,
    pub engine: Engine,
}

impl Event<'_> {
    pub fn word(&self, key: &str) -> Option<String> {
        tree::word(self.value, key)
    }

    /// A field of the engine's own trail.
    fn native(&self, key: &str) -> Option<String> {
        tree::word(self.value.get("engineNativeAuditFields")?, key)
    }

    /// Sessions of two instances may have one number.
    pub fn session(&self) -> String {
        format!("{}/{}", self.instance, self.word("sessionId").unwrap_or_default())
    }

    /// The statement. Aurora MySQL puts a backslash before every quote.
    pub fn statement(&self) -> Option<String> {
        let text = self.value.get("commandText")?.as_str().filter(|text| !text.trim().is_empty())?;
        Some(if self.engine == Engine::MySql { unescaped(text) } else { text.to_owned() })
    }

    /// Bind values in order. Oracle writes `#1(5):value`.
    pub fn binds(&self) -> Vec<Option<String>> {
        let Some(Value::Array(list)) = self.value.get("paramList") else { return Vec::new() };
        let value = |value: &Value| match value {
            Value::String(text) if self.engine == Engine::Oracle => Some(oracle_bind(text).to_owned()),
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        list.iter().map(|bind| value(bind).filter(|text| !text.is_empty())).collect()
    }

    /// The tables that the event names, with schema or database where it says so.
    pub fn tables(&self) -> Vec<String> {
        let Some(names) = self.word("objectName") else { return Vec::new() };
        let before = match self.engine {
            Engine::MySql => self.word("databaseName"),
            // RDS for Oracle puts the schema there.
            Engine::Oracle => self.word("objectType"),
            Engine::SqlServer => self.native("schema_name"),
            Engine::PostgreSql | Engine::Other => None,
        };
        let full = |name: &str| match &before {
            Some(before) if !name.contains('.') => format!("{before}.{name}"),
            _ => name.to_owned(),
        };
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(full).collect()
    }

    /// The rows that went to the client, where the engine counts them.
    pub fn rows(&self, statement: Option<&str>) -> Option<u64> {
        match self.engine {
            // Rows affected by a change are none that were shown.
            Engine::MySql => {
                let word = sql::split::first_word(statement?).to_ascii_uppercase();
                tree::number(self.value, "rowCount").filter(|_| matches!(word.as_str(), "SELECT" | "WITH" | "TABLE" | "VALUES"))
            }
            // Records of single objects always say 0; only a whole batch is counted.
            Engine::SqlServer => {
                let native = self.value.get("engineNativeAuditFields")?;
                tree::number(native, "response_rows").filter(|rows| *rows > 0)
            }
            Engine::Oracle | Engine::PostgreSql | Engine::Other => None,
        }
    }

    pub fn outcome(&self, statement: Option<&str>) -> EventOutcome {
        let code = self.word("exitCode").unwrap_or_default();
        // A function that the statement calls can raise any error once rows are flowing.
        let checked = statement.is_none_or(|text| !operation::may_raise(text, self.engine.dialect()));
        let refused = |codes: &[&str]| checked && codes.contains(&code.as_str());
        match self.engine {
            Engine::SqlServer if code == "0" => EventOutcome::Refused,
            Engine::SqlServer => EventOutcome::Success,
            Engine::Oracle if matches!(code.as_str(), "" | "0") => EventOutcome::Success,
            Engine::Oracle if refused(&["942", "1031", "904", "1017", "1045", "28000"]) => EventOutcome::Refused,
            _ if self.word("errorMessage").is_none() && matches!(code.as_str(), "" | "0") => EventOutcome::Success,
            _ if refused(&["1044", "1045", "1049", "1054", "1142", "1143", "1146"]) => EventOutcome::Refused,
            _ if statement.is_some_and(|text| sql::is_no_statement(text, self.engine.dialect())) => EventOutcome::Refused,
            Engine::MySql | Engine::Oracle | Engine::PostgreSql | Engine::Other => EventOutcome::Interrupted,
        }
    }

    /// A record of the event, without statement and tables.
    pub fn record(&self, raw: Raw<'_>) -> Record<'static> {
        let own = |text: Option<String>| text.map(Text::Owned);
        let mut record = tree::record(raw, self.time);
        // SQL Server: the login of the session, also after EXECUTE AS.
        record.account = own(self.native("session_server_principal_name").or_else(|| self.word("dbUserName")));
        record.system = own(self.word("databaseName").or_else(|| Some(self.instance.to_owned()).filter(|name| !name.is_empty())));
        record.session = Some(Cow::Owned(self.session()));
        // Counters of statements begin again when the server does, so the time belongs to the id.
        let number = |key: &str| self.word(key).unwrap_or_default();
        let entry = self.native("ENTRY_ID").unwrap_or_default();
        let table = self.word("objectName").unwrap_or_default();
        record.id = self.word("statementId").map(|statement| {
            let time = number("logTime");
            Cow::Owned(format!("{}/{statement}/{}/{entry}/{time}/{table}", self.session(), number("substatementId")))
        });
        tree::client(&mut record, self.word("remoteHost"));
        record.client.host = own(self.native("USERHOST").or_else(|| self.native("host_name"))).or(record.client.host.take());
        record.client.app = own(self.word("clientApplication"));
        record.dialect = self.engine.dialect();
        record
    }
}

fn oracle_bind(text: &str) -> &str {
    let text = text.trim();
    let value = text.strip_prefix('#').and_then(|rest| rest.split_once("):")).map(|(_, value)| value);
    value.unwrap_or(text)
}

/// Takes the backslash before every quote away; a text with a quote that has none was not escaped.
fn unescaped(text: &str) -> String {
    let (mut out, mut characters, mut escapes) = (String::with_capacity(text.len()), text.chars(), 0);
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some(next @ ('\'' | '"' | '\\' | '`')) => {
                    escapes += 1;
                    out.push(next);
                }
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            '\'' | '"' => return text.to_owned(),
            c => out.push(c),
        }
    }
    if escapes > 0 { out } else { text.to_owned() }
}
