//! `databricks-audit`: audit logs of Databricks: rows of `system.access.audit`, delivered JSON, and Azure's diagnostic logs.
//!
//! **Switch on**: log delivery in the account console, or a query of the system table `system.access.audit`; and *verbose audit logs* in the
//! workspace's settings, for only then is the text of SQL commands and notebook cells logged:
//!
//! ```json
//! {"enableVerboseAuditLogs": "true"}
//! ```
//!
//! **Without** them what was run is one access whose people are unknown.
//!
//! **Tells**: user, address, for whom a program acted (`identity_metadata.run_by`), and the text of commands. **Does not tell**: rows, ever, so how many people a bulk read showed is unknown;
//! tables of code that is not SQL; which person, other than by keys.
//!
//! **Counted**: a command counts once. Looking at a table's description (`getTable`, `listTables`) shows nobody and is passed over;
//! temporary credentials for a table, downloads of results and shared tables give data away and count as exports.
//!
//! **Refused**: an object without service, action or time, or with one field in two spellings and different values.
//!
//! **Example**:
//!
//! ```json
//! {"event_time":"2026-03-02T09:14:05Z","workspace_id":77,"source_ip_address":"10.0.0.7","user_identity":{"email":"li.na@crm.example"},"service_name":"databrickssql","action_name":"commandSubmit","event_id":"e1","request_params":{"commandText":"SELECT name FROM crm.customers WHERE id = 42","commandId":"c"},"response":{"status_code":200}}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::row::ExportRow;
use crate::decode::{DecodeError, Decoder, Emit, Format, IgnoredReason, Raw, operation};
use crate::model::access::Operation;
use crate::model::record::{Client, Dialect, EventOutcome, Object, Record, Text};
use crate::model::time::{Span, Timestamp};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// `databricks-audit`.
pub const FORMAT: Format = Format {
    name: "databricks-audit",
    recognised_by: "an object with `serviceName`, `actionName` and `requestParams`, in any spelling",
    stateless: false,
    decoder: |settings| Documents::json(Box::new(Databricks { zone: settings.zone.clone(), texts: BTreeMap::new() })),
    recognises: |bytes| {
        let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
        let any = |names: [&str; 3]| names.into_iter().any(has);
        matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
            && any(["\"serviceName\"", "\"service_name\"", "\"ServiceName\""])
            && any(["\"actionName\"", "\"action_name\"", "\"ActionName\""])
            && any(["\"requestParams\"", "\"request_params\"", "\"RequestParams\""])
    },
};

const EXPECTED: &str = "an audit record of Databricks";

struct Databricks {
    zone: Option<TimeZone>,
    /// When each user's last text was logged: for a while the request to run a query adds nothing.
    texts: BTreeMap<String, Timestamp>,
}

/// How long texts are taken to be logged after one was.
const VERBOSE: Span = Span::hours(1);
/// Most users whose texts are kept in mind.
const MOST_USERS: usize = 4_096;

/// What an action does to data.
enum ActionEffect {
    /// Nothing that shows or changes anything.
    None,
    /// An operation of that sort.
    Is(Operation),
    /// A command with its text.
    Command,
}

impl Decoder for Databricks {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let outer = ExportRow::read(raw, EXPECTED)?;
        let inner = outer.row(&["properties"], EXPECTED)?.unwrap_or_else(|| outer.clone());
        let text = |names: &[&str]| inner.text(names).or_else(|| outer.text(names));
        let zone = self.zone.as_ref();
        let time = outer.time(&["eventtime", "time", "timestamp", "timegenerated"], zone).or(raw.envelope.time);
        let time = time.ok_or(DecodeError::Field { field: "event_time", rule: "must be a time between 2000 and 2100".to_owned() })?;
        let nested =
            |names: &[&str]| inner.row(names, EXPECTED).and_then(|row| row.map_or_else(|| outer.row(names, EXPECTED), |row| Ok(Some(row))));
        let params = nested(&["requestparams"])?.unwrap_or_default();
        let response = nested(&["response"])?.unwrap_or_default();
        let service = text(&["servicename", "category"]).unwrap_or_default();
        let action = text(&["actionname"]).ok_or_else(|| crate::decode::row::form(EXPECTED, "without an action"))?;
        let has = |name: &str| inner.has(name) || outer.has(name);
        if service.is_empty() || !["requestparams", "useridentity", "identity", "response"].iter().any(|name| has(name)) {
            return Err(crate::decode::row::form(EXPECTED, "without a service, and who asked it for what"));
        }
        let mut record = Record::new(raw.position, raw.hash, time);
        record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
        record.dialect = Dialect::Databricks;
        let identity = nested(&["identity", "useridentity"])?.unwrap_or_default();
        record.account = identity.text(&["email", "subjectname"]).or_else(|| text(&["useridentity", "identity"]));
        // Who began it stands apart from whose rights it ran with.
        let metadata = nested(&["identitymetadata"])?.unwrap_or_default();
        record.on_behalf_of = metadata.text(&["runby"]).filter(|by| record.account.as_ref().is_some_and(|account| account != by));
        record.session = text(&["sessionid"]);
        let command = params.text(&["commandid"]).unwrap_or_default();
        // One request may be logged when it begins and when it ends.
        let requested = text(&["requestid"]).map(|id| Text::Owned(format!("{id}/{action}/{command}")));
        record.id = text(&["eventid", "logid"]).or(requested);
        record.system =
            text(&["workspaceid"]).filter(|id| id != "0").or_else(|| workspace(&outer.text(&["resourceid"]).unwrap_or_default()));
        record.client = Client { ip: text(&["sourceipaddress"]), host: None, app: text(&["useragent"]) };
        record.outcome = outcome(&params, &response);
        match act_of(&service, &action) {
            ActionEffect::None => {
                emit(raw.ignored(IgnoredReason::NotDataAccess));
                return Ok(());
            }
            ActionEffect::Is(Operation::Read) if service == "databrickssql" && self.is_verbose(&record) => {
                emit(raw.ignored(IgnoredReason::DuplicateEvent));
                return Ok(());
            }
            ActionEffect::Is(operation) => {
                record.operation = operation;
                let table = params.text(&["tablefullname", "fullnamearg", "tablename", "name"]).filter(|_| operation != Operation::Admin);
                let path =
                    [params.text(&["share"]), params.text(&["schema"])].into_iter().flatten().chain(table).collect::<Vec<_>>().join(".");
                if !path.is_empty() && matches!(operation, Operation::Read | Operation::Export) {
                    record.objects = vec![Object { table: Text::Owned(path), columns: None }];
                }
            }
            ActionEffect::Command => {
                self.note_text(&record);
                let language = params.text(&["commandlanguage"]).unwrap_or(Text::Borrowed("sql"));
                let code = params.text(&["commandtext", "statement"]).unwrap_or_default();
                let magic = code.trim_start().strip_prefix("%sql").map(|text| Text::Owned(text.to_owned()));
                record.operation = match (magic, language.eq_ignore_ascii_case("sql")) {
                    (Some(text), _) if !told(&mut record, text.clone()) => {
                        emit(raw.ignored(IgnoredReason::NotDataAccess));
                        return Ok(());
                    }
                    (None, true) if !code.trim().is_empty() && !told(&mut record, code.clone()) => {
                        emit(raw.ignored(IgnoredReason::NotDataAccess));
                        return Ok(());
                    }
                    (Some(_), _) | (None, true) => record.operation,
                    // What code reads is not logged.
                    (None, false) => Operation::Other,
                };
            }
        }
        emit(record.into());
        Ok(())
    }
}

impl Databricks {
    fn note_text(&mut self, record: &Record<'_>) {
        if self.texts.len() >= MOST_USERS {
            self.texts.clear();
        }
        let user = record.account.as_deref().unwrap_or("").to_owned();
        let last = self.texts.entry(user).or_insert(record.time);
        *last = record.time.max(*last);
    }

    /// Whether the user's texts are logged, so that one tells of this query, too.
    fn is_verbose(&self, record: &Record<'_>) -> bool {
        let last = self.texts.get(record.account.as_deref().unwrap_or(""));
        last.is_some_and(|last| (record.time - *last).0.abs() <= VERBOSE.0)
    }
}

/// Takes the text as the record's statement; false where it is no access.
fn told(record: &mut Record<'static>, text: Text<'static>) -> bool {
    let Some(operation) = operation::of_statement(&text, Dialect::Databricks) else { return false };
    record.operation = operation;
    record.statement = Some(text);
    true
}

fn act_of(service: &str, action: &str) -> ActionEffect {
    let lower = action.to_ascii_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    let holds = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    match (service, action) {
        ("databrickssql", "commandSubmit") | ("notebook" | "jobs", "runCommand" | "submitCommand") => ActionEffect::Command,
        (_, "commandFinish") => ActionEffect::None,
        (_, "generateTemporaryTableCredential" | "generateTemporaryPathCredential" | "generateTemporaryVolumeCredential") => {
            ActionEffect::Is(Operation::Export)
        }
        (
            _,
            "deltaSharingQueryTable" | "deltaSharingQueriedTable" | "deltaSharingQueryTableChanges" | "deltaSharingQueriedTableChanges",
        ) => ActionEffect::Is(Operation::Read),
        ("accounts" | "accountsManager" | "ssh", _) if holds(&["login"]) => ActionEffect::Is(Operation::Login),
        // What a query gave is fetched without its text: by dashboards, by Genie, by the interface for statements.
        _ if holds(&["queryresult", "resultset", "statementresult", "resultchunk"]) && !holds(&["download", "export"]) => {
            ActionEffect::Is(Operation::Read)
        }
        ("aibiGenie" | "genie", _) if holds(&["execute", "startconversation", "createmessage", "createconversationmessage"]) => {
            ActionEffect::Is(Operation::Read)
        }
        _ if holds(&["download", "export", "filesget"]) || service == "dbfs" && lower == "read" => ActionEffect::Is(Operation::Export),
        _ if begins(&["execute", "query", "runquery", "preview"]) => ActionEffect::Is(Operation::Read),
        _ if begins(&["get", "list", "search", "view", "attach", "detach", "logout", "describe", "validate", "check", "open", "close"]) => {
            ActionEffect::None
        }
        _ => ActionEffect::Is(Operation::Admin),
    }
}

fn outcome(params: &ExportRow, response: &ExportRow) -> EventOutcome {
    let failed =
        params.text(&["status"]).is_some_and(|status| matches!(status.to_ascii_lowercase().as_str(), "failed" | "cancelled" | "canceled"));
    match response.number(&["statuscode"]) {
        Some(401 | 403) => EventOutcome::Refused,
        _ if failed => EventOutcome::Interrupted,
        Some(400..) => EventOutcome::Failure,
        _ => EventOutcome::Success,
    }
}

/// The last part of Azure's resource id.
fn workspace(resource: &str) -> Option<Text<'static>> {
    resource.rsplit('/').next().filter(|name| !name.is_empty()).map(|name| Text::Owned(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;

    fn row(service: &str, action: &str, params: &str, status: u16) -> String {
        format!(
            r#"{{"event_time":"2026-03-02T09:00:00Z","workspace_id":77,"source_ip_address":"10.0.0.5","user_agent":"ua","session_id":"s","user_identity":{{"email":"li@x"}},"service_name":"{service}","action_name":"{action}","event_id":"{service}{action}","request_params":{params},"response":{{"status_code":{status}}}}}"#
        )
    }

    fn decode(lines: &[String]) -> Vec<Record<'static>> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(lines.iter().all(|line| (FORMAT.recognises)(line.as_bytes())));
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert_eq!(dead, []);
        records
    }

    #[test]
    fn commands_tell_their_text_and_requests_to_run_them_nothing_more() {
        let records = decode(&[
            row("databrickssql", "commandSubmit", r#"{"commandText":"SELECT * FROM crm.people","commandId":"c"}"#, 200),
            row("databrickssql", "executeFastQuery", "{}", 200),
            row("databrickssql", "commandFinish", "{}", 200),
        ]);
        let [only] = records.as_slice() else { panic!("one record, not {}", records.len()) };
        assert_eq!((only.statement.as_deref(), only.rows, only.dialect), (Some("SELECT * FROM crm.people"), None, Dialect::Databricks));
        assert_eq!(
            (only.account.as_deref(), only.system.as_deref(), only.client.ip.as_deref()),
            (Some("li@x"), Some("77"), Some("10.0.0.5"))
        );
        assert_eq!(decode(&[row("databrickssql", "executeFastQuery", "{}", 200)])[0].operation, Operation::Read);
    }

    #[test]
    fn without_texts_what_was_run_is_unknown_and_not_nothing() {
        let unknown = |service: &str, action: &str| {
            let records = decode(&[row(service, action, "{}", 200)]);
            let [only] = records.as_slice() else { panic!("{action}: {records:?}") };
            assert_eq!((only.operation, only.rows, only.statement.is_none()), (Operation::Read, None, true), "{action}");
        };
        unknown("databrickssql", "executeAdhocQuery");
        unknown("databrickssql", "executeSavedQuery");
        unknown("aibiGenie", "genieGetMessageQueryResult");
        unknown("aibiGenie", "genieExecuteMessageQuery");
        // Texts that are logged no more do not hide what comes later.
        let records = decode(&[
            row("databrickssql", "commandSubmit", r#"{"commandText":"SELECT * FROM crm.people"}"#, 200),
            row("databrickssql", "executeFastQuery", "{}", 200).replace("T09:", "T12:"),
        ]);
        assert_eq!(records.len(), 2);
    }

    #[test]
    fn cells_of_code_stay_dark_and_metadata_is_no_access() {
        let cell = |language: &str, text: &str| {
            row("notebook", "runCommand", &format!(r#"{{"commandLanguage":"{language}","commandText":"{text}","status":"failed"}}"#), 1)
        };
        let records = decode(&[
            cell("python", "df.show()"),
            cell("python", "%sql SELECT 1 FROM t"),
            cell("sql", "SELECT 2 FROM t"),
            row("unityCatalog", "getTable", r#"{"full_name_arg":"a.b.c"}"#, 200),
        ]);
        assert_eq!(
            records.iter().map(|r| r.statement.as_deref().map(str::trim)).collect::<Vec<_>>(),
            [None, Some("SELECT 1 FROM t"), Some("SELECT 2 FROM t")]
        );
        let job = decode(&[row("jobs", "runCommand", r#"{"commandText":"SELECT 3 FROM t","status":"finished"}"#, 200)]);
        assert_eq!(job[0].statement.as_deref(), Some("SELECT 3 FROM t"), "a job's command reads as a notebook's does");
        assert!(records.iter().all(|r| r.outcome == EventOutcome::Interrupted) && records[0].operation == Operation::Other);
    }

    #[test]
    fn credentials_logins_and_changes_are_told() {
        let records = decode(&[
            row("unityCatalog", "generateTemporaryTableCredential", r#"{"table_full_name":"a.b.c"}"#, 403),
            row("accounts", "tokenLogin", "{}", 401),
            row("unityCatalog", "updatePermissions", "{}", 200),
        ]);
        assert_eq!(records.iter().map(|r| r.operation).collect::<Vec<_>>(), [Operation::Export, Operation::Login, Operation::Admin]);
        assert_eq!(
            (records[0].objects[0].table.as_ref(), records[0].outcome, records[1].outcome),
            ("a.b.c", EventOutcome::Refused, EventOutcome::Refused)
        );
    }

    #[test]
    fn azure_wraps_texts_into_properties() {
        let line = r#"{"resourceId":"/A/WORKSPACES/W1","identity":"{\"email\":\"li@x\"}","time":"2026-03-02T09:00:00Z","category":"databrickssql","properties":{"logId":"l1","serviceName":"databrickssql","actionName":"commandSubmit","requestParams":"{\"commandText\":\"SELECT 1 FROM t\"}","response":null}}"#;
        let records = decode(&[line.to_owned()]);
        assert_eq!(
            (records[0].account.as_deref(), records[0].system.as_deref(), records[0].id.as_deref()),
            (Some("li@x"), Some("W1"), Some("l1"))
        );
        assert_eq!(records[0].statement.as_deref(), Some("SELECT 1 FROM t"));
    }
}
