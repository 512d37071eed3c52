//! `percona-audit-csv`: Percona Server's plugin `audit_log` in CSV.
//!
//! **Switch on**:
//!
//! ```ini
//! [mysqld]
//! plugin-load-add = audit_log.so
//! audit_log_format = CSV
//! audit_log_policy = ALL
//! ```
//!
//! **Tells** what `percona-audit-json` does: who ran what, from where, and the error code. **Does not tell**: rows, tables behind views,
//! values of prepared statements: how many people a bulk read showed is unknown. Times are UTC with one second.
//!
//! **Counted**: one record is one statement. Texts keep their line ends, so a record may run over several lines.
//!
//! **Refused**: a record of another number of fields, or whose quotes never close.
//!
//! **Example**:
//!
//! ```text
//! "Query","7_2026-03-02T08:00:00","2026-03-02T09:14:05 UTC","select","12",0,"SELECT name FROM customers WHERE id = 42","li_na[li_na] @ desk [10.0.0.7]","desk","","10.0.0.7","crm"
//! ```

use crate::decode::mysql::assembler::StatementAssembler;
use crate::decode::mysql::percona::{self, Command, Fields};
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Format, LONGEST_RECORD, LostRecord, Raw, csv, json};
use crate::model::access::{Position, RecordHash};
use std::borrow::Cow;

/// `percona-audit-csv`.
pub const FORMAT: Format = Format {
    name: "percona-audit-csv",
    recognised_by: "quoted fields: a name, a number with the time of the file, the time",
    stateless: false,
    decoder: |_| Box::new(PerconaCsv::default()),
    recognises: |line| std::str::from_utf8(line).is_ok_and(begins),
};

const EXPECTED: &str = "a line of Percona's audit log in CSV";

#[derive(Default)]
struct PerconaCsv {
    joined: StatementAssembler,
    open: Option<OpenRecord>,
}

/// A record whose text goes on with the next line.
struct OpenRecord {
    text: String,
    position: Position,
    hash: RecordHash,
}

impl Decoder for PerconaCsv {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = json::text(raw)?;
        // Within a field quotes are doubled: no line of a text can look like a beginning.
        if begins(text) {
            self.give_up("cut off", emit);
        }
        let Some(mut open) = self.open.take() else {
            return match csv::closed(text) {
                _ if text.trim().is_empty() => Ok(()),
                true => self.record(text, raw, emit),
                false if begins(text) => {
                    self.open = Some(OpenRecord { text: text.to_owned(), position: raw.position, hash: raw.hash });
                    Ok(())
                }
                false => Err(refuse("neither a record nor the rest of one")),
            };
        };
        open.text.push('\n');
        open.text.push_str(text);
        open.hash = open.hash.and(raw.hash);
        let (position, hash) = (open.position, open.hash);
        // A line with an even number of quotes leaves an open field open.
        if csv::closed(text) {
            let too_long = open.text.len() > LONGEST_RECORD;
            self.open = Some(open);
            if too_long {
                self.give_up("too long", emit);
            }
            return Ok(());
        }
        let whole = Raw { bytes: open.text.as_bytes(), position, hash, ..raw };
        if let Err(error) = self.record(&open.text, whole, emit) {
            emit(Decoded::Lost(LostRecord::new(position, hash, &open.text, error)));
        }
        Ok(())
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.give_up("cut off", emit);
        self.joined.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.open.is_some()
    }
}

impl PerconaCsv {
    fn give_up(&mut self, what: &str, emit: &mut Emit<'_>) {
        if let Some(OpenRecord { text, position, hash }) = self.open.take() {
            emit(Decoded::Lost(LostRecord::new(position, hash, &text, refuse(what))));
        }
    }

    fn record(&mut self, text: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let row = csv::record(text).ok_or_else(|| refuse("not one line of CSV"))?;
        let names: &[&str] = match (Command::of(row.first().map_or("", |name| name)), row.len()) {
            (_, 6) => &["name", "record", "timestamp"],
            (Command::Login | Command::Leave, 12) => &[
                "name",
                "record",
                "timestamp",
                "connection_id",
                "status",
                "user",
                "priv_user",
                "os_login",
                "proxy_user",
                "host",
                "ip",
                "db",
            ],
            (_, 12) => &[
                "name",
                "record",
                "timestamp",
                "command_class",
                "connection_id",
                "status",
                "sqltext",
                "user",
                "host",
                "os_user",
                "ip",
                "db",
            ],
            _ => return Err(refuse("as many fields as no record has")),
        };
        let fields: Fields<'_> = names.iter().zip(row).map(|(name, value)| (Cow::Borrowed(*name), value)).collect();
        percona::take(&mut self.joined, &fields, raw, emit)
    }
}

fn refuse(what: &str) -> DecodeError {
    DecodeError::Form { expected: EXPECTED, what: what.to_owned() }
}

/// `"Query","22567_2021-06-30T16:10:09","2021-`: the first fields of a record.
fn begins(text: &str) -> bool {
    let Some((name, rest)) = text.strip_prefix('"').and_then(|rest| rest.split_once("\",\"")) else { return false };
    let Some((record, rest)) = rest.split_once("\",\"") else { return false };
    let Some((number, opened)) = record.split_once('_') else { return false };
    let dated = |text: &str| text.get(..5).is_some_and(|year| year[..4].bytes().all(|byte| byte.is_ascii_digit()) && year.ends_with('-'));
    let named = !name.is_empty() && name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' ');
    named && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && dated(opened) && dated(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::access::Operation;
    use crate::model::record::EventOutcome;

    const LINE: &str = r#""Query","7_2026-03-02T08:00:00","2026-03-02T09:00:05 UTC","select","2",0,"select ""a"", b from c","joe[joe] @ desk []","desk","","10.0.0.7","crm""#;

    #[test]
    fn a_statement_has_all_that_its_line_tells() {
        let (records, dead) = testing::decode(&FORMAT, &[LINE]);
        assert!(dead.is_empty());
        let [record] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((record.position, record.time.to_string().as_str()), (Position(1), "2026-03-02T09:00:05Z"));
        assert_eq!((record.account.as_deref(), record.system.as_deref(), record.session.as_deref()), (Some("joe"), Some("crm"), Some("2")));
        assert_eq!((record.client.ip.as_deref(), record.client.host.as_deref()), (Some("10.0.0.7"), Some("desk")));
        assert_eq!((record.statement.as_deref(), record.operation), (Some("select \"a\", b from c"), Operation::Read));
    }

    #[test]
    fn records_run_over_lines_and_lose_only_themselves() {
        let spread = LINE.replace(", b", ",\n\n  b -- ,\"\"\n");
        let lines: Vec<&str> = spread.lines().collect();
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert!(dead.is_empty(), "{dead:?}");
        assert_eq!(records[0].statement.as_deref(), Some("select \"a\",\n\n  b -- ,\"\n from c"));
        let (records, dead) = testing::decode(&FORMAT, &[lines[0], LINE, "rubbish", lines[0]]);
        assert_eq!((records.len(), dead.iter().map(|(line, _)| *line).collect::<Vec<_>>()), (1, vec![1, 3, 4]));
    }

    #[test]
    fn logins_have_other_fields_and_the_log_itself_none() {
        let login = r#""Connect","8_2026-03-02T08:00:00","2026-03-02T09:00:05 UTC","10",1045,"joe","joe","","","desk","","crm""#;
        let audit = r#""Audit","1_2026-03-02T08:00:00","2026-03-02T09:00:05 UTC","8.0.33","--port=3306","x86_64-Linux""#;
        let (records, dead) = testing::decode(&FORMAT, &[audit, login]);
        assert!(dead.is_empty());
        let told: Vec<_> = records.iter().map(|r| (r.account.as_deref(), r.operation, r.outcome, r.system.as_deref())).collect();
        assert_eq!(told, [(Some("joe"), Operation::Login, EventOutcome::Refused, Some("crm"))]);
    }

    #[test]
    fn lines_are_recognised_by_their_first_fields() {
        let recognised = |text: &str| crate::decode::recognise([text.as_bytes()]).map(|format| format.name);
        assert_eq!(recognised(LINE), Some("percona-audit-csv"));
        assert_eq!(recognised(LINE.split_once(" b ").expect("is there").0), Some("percona-audit-csv"));
        for text in
            ["\"a\",\"b\",\"c\"", "\"Query\",\"7\",\"2026-\"", "\"Query\",\"7_客户信息\",\"2026-\"", "a,b,c", "\"\",\"7_2026-\",\"2026-\""]
        {
            assert_ne!(recognised(text), Some("percona-audit-csv"), "{text}");
        }
    }
}
