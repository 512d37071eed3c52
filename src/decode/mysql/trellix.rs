//! `trellix-audit-json`: the JSON log of Trellix' (McAfee's) plugin `mysql-audit` for MySQL and MariaDB.
//!
//! **Switch on**:
//!
//! ```ini
//! [mysqld]
//! plugin-load = AUDIT=libaudit_plugin.so
//! audit_json_file = ON
//! ```
//!
//! Leave `audit_record_cmds` empty, or name every command that reads.
//!
//! **Tells**: login, client and its program, statement, tables, the number of rows sent, how it ended. **Does not tell**: columns other than
//! by the statement; values of prepared statements (often `?`); rows where none was sent, which older versions leave out as well.
//!
//! **Counted**: one record a statement.
//!
//! **Refused**: an object without `msg-type`, `date` or `cmd`, or with a key twice.
//!
//! **Example**:
//!
//! ```json
//! {"msg-type":"activity","date":"1772442845123","thread-id":"26","query-id":"424","user":"li_na","priv_user":"li_na","ip":"10.0.0.7","host":"desk","rows":"1","status":"0","cmd":"select","objects":[{"db":"crm","name":"customers","obj_type":"TABLE"}],"query":"SELECT name FROM customers WHERE id = 42"}
//! ```

use crate::decode::IgnoredReason;
use crate::decode::framing::document::Documents;
use crate::decode::json::WordOrNumber;
use crate::decode::mysql::percona::Command;
use crate::decode::mysql::statement::{self, LoggedStatement};
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json, row};
use crate::model::access::Operation;
use crate::model::record::{Client, Dialect, EventOutcome, Record, Text};
use serde::Deserialize;
use std::borrow::Cow;

/// `trellix-audit-json`.
pub const FORMAT: Format = Format {
    name: "trellix-audit-json",
    recognised_by: "objects with `msg-type`, `date` and `cmd` or `audit-version`",
    stateless: false,
    decoder: |_| Documents::json(Box::new(Trellix)),
    recognises,
};

struct Trellix;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, rename = "msg-type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    date: WordOrNumber<'a>,
    #[serde(borrow, rename = "thread-id")]
    thread: Option<WordOrNumber<'a>>,
    #[serde(borrow, rename = "query-id")]
    query_id: Option<WordOrNumber<'a>>,
    #[serde(borrow, default)]
    user: Cow<'a, str>,
    #[serde(borrow, default)]
    priv_user: Cow<'a, str>,
    #[serde(borrow, default)]
    ip: Cow<'a, str>,
    #[serde(borrow, default)]
    host: Cow<'a, str>,
    #[serde(borrow)]
    rows: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    status: Option<WordOrNumber<'a>>,
    #[serde(borrow, default)]
    cmd: Cow<'a, str>,
    #[serde(borrow, default)]
    objects: Vec<Touched<'a>>,
    #[serde(borrow, default)]
    query: Cow<'a, str>,
    #[serde(borrow, default)]
    appname: Cow<'a, str>,
    #[serde(borrow, default)]
    connect_attrs: Attributes<'a>,
    #[serde(borrow, rename = "audit-version")]
    version: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Touched<'a> {
    #[serde(borrow, default)]
    db: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    obj_type: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attributes<'a> {
    #[serde(borrow)]
    program_name: Cow<'a, str>,
}

const EXPECTED: &str = "a message of mysql-audit";

impl Decoder for Trellix {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let message: Message<'_> = json::read(raw, EXPECTED)?;
        if message.kind != "activity" {
            emit(raw.ignored(IgnoredReason::Header));
            return Ok(());
        }
        let mut record = message.record(raw)?;
        let plain: String = message.cmd.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        let code = message.code();
        let command = if plain == "failedlogin" { Command::Login } else { Command::of(&message.cmd) };
        match command {
            Command::Login => {
                record.operation = Operation::Login;
                record.outcome = if code == 0 && plain != "failedlogin" { EventOutcome::Success } else { EventOutcome::Refused };
                emit(record.into());
            }
            Command::Dump => {
                record.operation = Operation::Export;
                emit(record.into());
            }
            Command::Leave => emit(raw.ignored(IgnoredReason::Session)),
            Command::Prepare if code == 0 => emit(raw.ignored(IgnoredReason::DuplicateEvent)),
            Command::Nothing => emit(raw.ignored(IgnoredReason::NotDataAccess)),
            Command::Statement | Command::Prepare => {
                if statement::fill(&mut record, &message.logged(code)) {
                    emit(record.into());
                } else {
                    emit(raw.ignored(IgnoredReason::NotDataAccess));
                }
            }
        }
        Ok(())
    }
}

impl Message<'_> {
    /// The error; older versions do not say it.
    fn code(&self) -> i64 {
        self.status.as_ref().and_then(|status| status.0.trim().parse().ok()).unwrap_or(0)
    }

    fn record(&self, raw: Raw<'_>) -> Result<Record<'static>, DecodeError> {
        let rule = "must be a time since 1970 in milliseconds, between 2000 and 2100";
        let time = row::time(&self.date.0, None).ok_or(DecodeError::Field { field: "date", rule: rule.to_owned() })?;
        let said = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(|text| Text::Owned(text.to_owned()));
        let mut record = Record::new(raw.position, raw.hash, time);
        record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
        record.account = said(&self.user).or_else(|| said(&self.priv_user));
        // Where there is no name the plugin repeats the address.
        let host = said(&self.host).filter(|host| host.as_ref() != self.ip.trim());
        record.client = Client { ip: said(&self.ip), host, app: said(&self.connect_attrs.program_name).or_else(|| said(&self.appname)) };
        let number = |number: &Option<WordOrNumber<'_>>| number.as_ref().map_or("", |number| number.0.trim()).to_owned();
        let (thread, query) = (number(&self.thread), number(&self.query_id));
        record.session = said(&thread);
        record.system = self.objects.iter().find_map(|touched| said(&touched.db));
        if !query.is_empty() {
            // Statements inside of a procedure may have its number.
            record.id = Some(Text::Owned(format!("{}/{thread}/{query}/{}/{}", self.date.0, self.cmd, self.query.len())));
        }
        record.dialect = Dialect::MySql;
        Ok(record)
    }

    fn logged(&self, code: i64) -> LoggedStatement<'_> {
        // What has no text is told by the name of its command.
        let text = if self.query == "n/a" || self.query == self.cmd { "" } else { &*self.query };
        // The star stands for a derived table; behind a view its tables are named as well.
        let named = || self.objects.iter().filter(|touched| !matches!(&*touched.name, "" | "*"));
        let views = named().any(|touched| !touched.obj_type.eq_ignore_ascii_case("view"));
        let tables = named().filter(|touched| !views || !touched.obj_type.eq_ignore_ascii_case("view"));
        let mut reads: Vec<String> = tables
            .map(|touched| if touched.db.is_empty() { touched.name.to_string() } else { format!("{}.{}", touched.db, touched.name) })
            .collect();
        reads.dedup();
        // The table that is written is named first.
        let word = self.cmd.split(['_', ' ']).next().unwrap_or("").to_ascii_lowercase();
        let written =
            matches!(word.as_str(), "insert" | "replace" | "update" | "delete" | "truncate" | "load" | "create" | "alter" | "drop");
        let writes = if written && !reads.is_empty() { vec![reads.remove(0)] } else { Vec::new() };
        let names_tables = !reads.is_empty() || !writes.is_empty();
        let rows = self.rows.as_ref().and_then(|rows| rows.0.trim().parse().ok()).filter(|_| code == 0);
        LoggedStatement { text, class: &self.cmd, code, reads, writes, names_tables, rows, cut: false }
    }
}

fn recognises(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\"msg-type\"").is_some()
        && json::first_object::<Message<'_>>(bytes).is_some_and(|message| !message.cmd.is_empty() || message.version.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;

    fn line(rest: &str) -> String {
        format!(
            r#"{{"msg-type":"activity","date":"1772442000123","thread-id":"26","query-id":"424","user":"li","priv_user":"li","ip":"10.0.0.9","host":"10.0.0.9",{rest}}}"#
        )
    }

    fn decode(lines: &[String]) -> Vec<Record<'static>> {
        let (records, dead) = testing::decode(&FORMAT, &lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(dead, []);
        records
    }

    #[test]
    fn a_statement_has_its_rows_and_who_asked() {
        let text = r#""connect_attrs":{"_os":"Linux","program_name":"mysql"},"rows":"40","status":"0","cmd":"select","objects":[{"db":"crm","name":"customers","obj_type":"TABLE"}],"query":"select name from crm.customers""#;
        let records = decode(&[
            r#"{"msg-type":"header","date":"1772442000000","audit-version":"1.1.7","hostname":"db1"}"#.to_owned(),
            line(text),
            line(&text.replace("\"40\"", "40").replace("\"0\"", "0")),
        ]);
        for record in &records {
            assert_eq!((record.rows, record.statement.as_deref()), (Some(40), Some("select name from crm.customers")));
            assert_eq!(
                (record.account.as_deref(), record.client.ip.as_deref(), record.client.host.as_deref()),
                (Some("li"), Some("10.0.0.9"), None)
            );
            assert_eq!(
                (record.client.app.as_deref(), record.system.as_deref(), record.session.as_deref()),
                (Some("mysql"), Some("crm"), Some("26"))
            );
            assert_eq!(record.time.to_string(), "2026-03-02T09:00:00.123Z");
        }
        assert_eq!(records.len(), 2);
        assert_eq!(crate::decode::recognise([line(text).as_bytes()]).map(|format| format.name), Some("trellix-audit-json"));
    }

    #[test]
    fn views_and_what_is_no_text_are_told_by_the_tables() {
        let view = r#""rows":"1","cmd":"select","objects":[{"db":"","name":"*","obj_type":"TABLE"},{"db":"crm","name":"v","obj_type":"VIEW"},{"db":"crm","name":"customers","obj_type":"TABLE"}],"query":"select * from v""#;
        let records = decode(&[line(view), line(&view.replace("select * from v", "select"))]);
        assert_eq!(records[0].plan.as_ref().map(|plan| plan.scans[0].table.as_str()), Some("crm.customers"));
        assert_eq!(records[1].objects[0].table, "crm.customers");
        assert!(records.iter().all(|record| record.rows.is_none()), "an aggregate may stand in between");
    }

    #[test]
    fn logins_endings_and_what_is_no_access() {
        let records = decode(&[
            line(r#""cmd":"Connect","query":"Connect""#),
            line(r#""cmd":"Failed Login","status":"1045","query":"Failed Login""#),
            line(r#""cmd":"Quit","query":"Quit""#),
            line(r#""cmd":"show_databases","query":"show databases""#),
            line(r#""cmd":"select","status":"1146","query":"select * from nowhere""#),
            line(r#""cmd":"insert","objects":[{"db":"crm","name":"a","obj_type":"TABLE"}],"query":"insert into a values (1)""#),
        ]);
        let told: Vec<_> = records.iter().map(|record| (record.operation, record.outcome)).collect();
        assert_eq!(
            told,
            [
                (Operation::Login, EventOutcome::Success),
                (Operation::Login, EventOutcome::Refused),
                (Operation::Read, EventOutcome::Refused),
                (Operation::Write, EventOutcome::Success)
            ]
        );
        let (_, dead) = testing::decode(&FORMAT, &[r#"{"msg-type":"activity","date":"soon","cmd":"select"}"#, "{}"]);
        assert_eq!(dead.len(), 2);
    }
}
