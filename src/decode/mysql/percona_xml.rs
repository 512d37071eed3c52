//! `percona-audit-xml`: audit logs of MySQL's relatives in XML: Percona's plugin `audit_log` (`OLD`, its default, or `NEW`), Percona's
//! `audit_log_filter`, and MySQL Enterprise Audit (`NEW` is its default).
//!
//! **Switch on**:
//!
//! ```ini
//! [mysqld]
//! plugin-load-add = audit_log.so
//! audit_log_format = NEW             # or OLD
//! audit_log_policy = ALL
//! ```
//!
//! **Tells**: who ran what, from where, and the error code; filters also the tables. OLD writes the fields of an `AUDIT_RECORD` as
//! attributes, NEW as elements; both are read alike, over lines and one by one through syslog. **Does not tell**: rows, so how many people a
//! bulk read showed is unknown; values of prepared statements (often `?`); columns other than by the statement. Times are UTC with one second.
//!
//! **Counted**: several records of one statement (a filter writes its start, its tables, its end) count once.
//!
//! **Refused**: an element without name or timestamp, with a field that stands twice, with a document type or an unknown entity, or
//! nested deeper than 64 elements.
//!
//! **Example**:
//!
//! ```xml
//! <AUDIT_RECORD NAME="Query" RECORD="7_2026-03-02T08:00:00" TIMESTAMP="2026-03-02T09:14:05 UTC" COMMAND_CLASS="select" CONNECTION_ID="12" STATUS="0" SQLTEXT="SELECT name FROM customers WHERE id = 42" USER="li_na[li_na] @ desk [10.0.0.7]" HOST="desk" IP="10.0.0.7" DB="crm"/>
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::mysql::assembler::StatementAssembler;
use crate::decode::mysql::percona::{self, Fields};
use crate::decode::xml::{self, Values, Visitor};
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json};
use std::borrow::Cow;

/// `percona-audit-xml`.
pub const FORMAT: Format = Format {
    name: "percona-audit-xml",
    recognised_by: "elements `AUDIT_RECORD` with `NAME` and `TIMESTAMP`, as attributes or elements",
    stateless: false,
    decoder: |_| Documents::xml(&["AUDIT_RECORD"], Box::new(PerconaXml::default())),
    recognises,
};

const EXPECTED: &str = "an AUDIT_RECORD element";

#[derive(Default)]
struct PerconaXml {
    joined: StatementAssembler,
}

impl Decoder for PerconaXml {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let mut record = Flat::default();
        // The plugin writes control characters as entities, too, which XML does not allow.
        xml::read(json::text(raw)?, Values::Verbatim, EXPECTED, &mut record)?;
        percona::take(&mut self.joined, &record.fields, raw, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.joined.flush(emit);
    }
}

/// The fields of a record: the attributes of its element, and the texts of the elements right inside of it.
#[derive(Default)]
struct Flat {
    fields: Fields<'static>,
    depth: u32,
    /// Name and text of the field whose element has not ended.
    open: Option<(String, String)>,
}

impl Flat {
    fn keep(&mut self, name: &str, value: String) -> Result<(), &'static str> {
        if self.fields.insert(Cow::Owned(name.to_ascii_lowercase()), Cow::Owned(value)).is_some() {
            Err("a field stands twice")
        } else {
            Ok(())
        }
    }
}

impl Visitor for Flat {
    fn begin(&mut self, name: &str) -> Result<(), &'static str> {
        self.depth += 1;
        if self.depth == 2 {
            self.open = Some((name.to_owned(), String::new()));
        }
        Ok(())
    }

    fn attribute(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), &'static str> {
        if self.depth == 1 { self.keep(name, value.into_owned()) } else { Ok(()) }
    }

    fn text(&mut self, text: &str) {
        if let (2, Some((_, value))) = (self.depth, &mut self.open) {
            value.push_str(text);
        }
    }

    fn end(&mut self) -> Result<(), &'static str> {
        self.depth = self.depth.saturating_sub(1);
        match self.open.take_if(|_| self.depth == 1) {
            Some((name, value)) => self.keep(&name, value),
            None => Ok(()),
        }
    }
}

fn recognises(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line) else { return false };
    let trimmed = text.trim_start();
    if !trimmed.starts_with('<') {
        return false;
    }
    let Some(at) = text.find("<AUDIT_RECORD") else { return false };
    let rest = &text[at + "<AUDIT_RECORD".len()..];
    // One line of a record that goes on does not tell enough; together with the next it does.
    let has = |name: &str| rest.contains(&format!("{name}=\"")) || rest.contains(&format!("<{name}>"));
    rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
        && has("NAME")
        && has("TIMESTAMP")
        // MySQL 5.6 does not number its records.
        && (has("RECORD") || has("RECORD_ID") || has("CONNECTION_ID") || has("SERVER_ID"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::access::{Operation, Position};
    use crate::model::record::{EventOutcome, Record};

    const OLD: &str = r#"<AUDIT_RECORD
  NAME="Query"
  RECORD="4_2026-03-02T08:00:00"
  TIMESTAMP="2026-03-02T09:00:05 UTC"
  COMMAND_CLASS="select"
  CONNECTION_ID="14"
  STATUS="0"
  SQLTEXT="select name, &quot;x&quot; from a where id &lt; 5&#10; and b = '&#1;>'"
  USER="joe[joe] @ desk [10.0.0.7]"
  HOST="desk"
  OS_USER=""
  IP="10.0.0.7"
  DB="crm"
/>"#;

    const NEW: &str = "<AUDIT_RECORD>
  <NAME>Query</NAME>
  <RECORD>4_2026-03-02T08:00:00</RECORD>
  <TIMESTAMP>2026-03-02T09:00:05 UTC</TIMESTAMP>
  <COMMAND_CLASS>select</COMMAND_CLASS>
  <CONNECTION_ID>14</CONNECTION_ID>
  <STATUS>0</STATUS>
  <SQLTEXT>select name, &quot;x&quot; from a where id &lt; 5&#10; and b = '&#1;&gt;'</SQLTEXT>
  <USER>joe[joe] @ desk [10.0.0.7]</USER>
  <HOST>desk</HOST>
  <OS_USER></OS_USER>
  <IP>10.0.0.7</IP>
  <DB>crm</DB>
</AUDIT_RECORD>";

    fn decode(text: &str) -> (Vec<Record<'static>>, Vec<(u64, String)>) {
        testing::decode(&FORMAT, &text.lines().collect::<Vec<_>>())
    }

    #[test]
    fn both_styles_tell_the_same() {
        for text in [OLD, NEW] {
            let (records, dead) = decode(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AUDIT>\n{text}\n</AUDIT>"));
            assert!(dead.is_empty(), "{dead:?}");
            let [record] = records.as_slice() else { panic!("{records:?}") };
            assert_eq!((record.position, record.time.to_string().as_str()), (Position(3), "2026-03-02T09:00:05Z"));
            assert_eq!(
                (record.account.as_deref(), record.system.as_deref(), record.session.as_deref()),
                (Some("joe"), Some("crm"), Some("14"))
            );
            assert_eq!((record.client.ip.as_deref(), record.client.host.as_deref()), (Some("10.0.0.7"), Some("desk")));
            assert_eq!((record.operation, record.outcome, record.rows), (Operation::Read, EventOutcome::Success, None));
            assert_eq!(record.statement.as_deref(), Some("select name, \"x\" from a where id < 5\n and b = '\u{1}>'"));
            assert_eq!(record.id.as_deref(), Some("4_2026-03-02T08:00:00/2026-03-02T09:00:05Z/14"));
        }
    }

    #[test]
    fn lines_that_are_shipped_one_by_one_are_put_together() {
        for text in [OLD, NEW] {
            let shipped = |line: &str| -> Vec<String> {
                let syslog = format!("<134>1 2026-03-02T09:00:06Z db1 audit 7 - - {line}");
                vec![serde_json::json!({ "message": line }).to_string(), serde_json::json!({ "log": &syslog }).to_string(), syslog]
            };
            for way in 0..3 {
                let lines: Vec<String> = text.lines().map(|line| shipped(line).swap_remove(way)).collect();
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let found = crate::decode::recognise(lines.iter().map(|line| line.as_bytes())).map(|format| format.name);
                assert_eq!(found, Some("percona-audit-xml"), "{lines:?}");
                let (records, dead) = testing::decode(&FORMAT, &lines);
                assert_eq!((dead, records.len()), (Vec::new(), 1), "{lines:?}");
            }
        }
    }

    fn filter(number: u32, name: &str, rest: &str) -> String {
        format!(
            "<AUDIT_RECORD><NAME>{name}</NAME><RECORD_ID>{number}_2026-03-02T08:00:00</RECORD_ID><TIMESTAMP>2026-03-02T09:00:05</TIMESTAMP><CONNECTION_ID>11</CONNECTION_ID>{rest}</AUDIT_RECORD>"
        )
    }

    #[test]
    fn several_records_of_one_statement_count_once() {
        let text = "<COMMAND_CLASS>select</COMMAND_CLASS><SQLTEXT>SELECT * FROM v</SQLTEXT>";
        let user = "<USER>joe[joe] @ desk []</USER><STATUS>0</STATUS>";
        let lines = [
            filter(1, "Query", &format!("{text}{user}")),
            filter(2, "Query Start", text),
            filter(3, "TableRead", &format!("{text}<DB>crm</DB><TABLE>customers</TABLE>")),
            filter(4, "Query Status End", text),
            filter(5, "Query", &format!("{text}{user}")),
            filter(6, "Command End", ""),
        ];
        let (records, dead) = decode(&lines.join("\n"));
        assert!(dead.is_empty());
        let [record] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((record.account.as_deref(), record.system.as_deref()), (Some("joe"), Some("crm")));
        assert_eq!(record.plan.as_ref().map(|plan| plan.scans[0].table.as_str()), Some("crm.customers"));
        // Enterprise writes one a statement.
        let (records, _) = decode(&[&lines[4][..], &lines[4], &lines[2], &lines[4]].join("\n"));
        assert_eq!(records.len(), 3);
    }

    #[test]
    fn broken_records_are_refused() {
        for text in [
            "<AUDIT_RECORD NAME=\"Query\"/>",
            "<AUDIT_RECORD NAME=\"Query\" NAME=\"Quit\" TIMESTAMP=\"2026-03-02T09:00:05 UTC\"/>",
            "<AUDIT_RECORD><NAME>Query</NAME><NAME>Quit</NAME></AUDIT_RECORD>",
            "<AUDIT_RECORD><NAME>&nothing;</NAME></AUDIT_RECORD>",
            "<AUDIT_RECORD><NAME></AUDIT_RECORD>",
            "<AUDIT_RECORD><NAME>Query</NAME>",
            "<AUDIT_RECORD NAME=\"&#xffffff;\"/>",
        ] {
            let (records, dead) = decode(text);
            assert_eq!((records.len(), dead.len()), (0, 1), "{text}");
        }
    }

    #[test]
    fn records_are_recognised_over_lines_too() {
        let recognised = |text: &str| crate::decode::recognise(text.lines().map(str::as_bytes)).map(|format| format.name);
        let oldest = r#"<AUDIT_RECORD TIMESTAMP="2012-08-02T14:53:45" NAME="Query" CONNECTION_ID="1" STATUS="0" SQLTEXT="SELECT 1"/>"#;
        for text in [OLD.to_owned(), oldest.to_owned(), format!("<?xml version=\"1.0\"?>\n<AUDIT>\n{NEW}"), filter(1, "Query", "")] {
            assert_eq!(recognised(&text), Some("percona-audit-xml"), "{text}");
        }
        for text in
            ["<AuditMessage/>", "<Audit><AuditRecord/></Audit>", "<AUDIT_RECORDS NAME=\"\" TIMESTAMP=\"\" RECORD=\"\"/>", "x <AUDIT_RECORD"]
        {
            assert_ne!(recognised(text), Some("percona-audit-xml"), "{text}");
        }
    }
}
