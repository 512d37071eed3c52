//! `oracle-audit-xml`: Oracle's audit files in XML, one `AuditRecord` element a record.
//!
//! **Switch on**:
//!
//! ```sql
//! ALTER SYSTEM SET audit_trail = XML, EXTENDED SCOPE = SPFILE;   -- EXTENDED adds the statement and its bind values
//! AUDIT SELECT ON crm.customers BY ACCESS;
//! ```
//!
//! The files are `*.xml` under `audit_file_dest`; one that a running server writes has no end yet, and is read all the same.
//!
//! **Tells**: login, host, action, object, and with `EXTENDED` the statement and its bind values. **Does not tell**: rows, so how many
//! people a bulk read showed is unknown; columns other than by the statement; the client's address; of SYS the session.
//!
//! **Counted**: records of one statement (one for each object) count once.
//!
//! **Refused**: a record with a field twice, a document type or an entity of its own, without a time, or cut off.
//!
//! **Example**:
//!
//! ```xml
//! <AuditRecord><Audit_Type>1</Audit_Type><Session_Id>8</Session_Id><StatementId>1</StatementId><EntryId>1</EntryId><Extended_Timestamp>2026-03-02T09:14:05.5Z</Extended_Timestamp><DB_User>LI_NA</DB_User><Action>3</Action><Returncode>0</Returncode><Object_Schema>CRM</Object_Schema><Object_Name>CUSTOMERS</Object_Name><Sql_Text>SELECT NAME FROM CRM.CUSTOMERS WHERE ID = :1</Sql_Text></AuditRecord>
//! ```

use crate::decode::IgnoredReason;
use crate::decode::framing::document::Documents;
use crate::decode::local_clock::LocalClock;
use crate::decode::row::ExportRow;
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, xml};
use serde_json::{Map, Value};

use super::merger::ObjectMerger;

/// `oracle-audit-xml`.
pub const FORMAT: Format = Format {
    name: "oracle-audit-xml",
    recognised_by: "`AuditRecord` elements with `Extended_Timestamp` or the audit file's own namespace",
    stateless: false,
    decoder: |settings| {
        let records = Documents::xml(
            &["AuditRecord"],
            Box::new(Xml { clock: LocalClock::new(settings.zone.clone()), joined: ObjectMerger::default() }),
        );
        Box::new(Headed { records, begun: false })
    },
    recognises: |bytes| {
        // What carries XML as a text of its own is no XML: its escapes are still to be taken off.
        let has = |word: &str| bytes.trim_ascii_start().starts_with(b"<") && memchr::memmem::find(bytes, word.as_bytes()).is_some();
        has("<AuditRecord>") && (has("<Extended_Timestamp>") || has("<Audit_Type>"))
            || has("<Audit xmlns=\"http://xmlns.oracle.com/oracleas/schema/dbserver_audittrail")
    },
};

const EXPECTED: &str = "an AuditRecord of Oracle";

/// The tag that opens a file runs over lines of attributes alone, which are no part of a record.
struct Headed {
    records: Box<dyn Decoder>,
    begun: bool,
}

impl Decoder for Headed {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        self.begun |= memchr::memmem::find(raw.bytes, b"<AuditRecord").is_some();
        let text = raw.bytes.trim_ascii();
        let opens = text.is_empty() || text.starts_with(b"<") || memchr::memmem::find(text, b"=\"").is_some() && !text.starts_with(b"{");
        if self.begun || !opens {
            return self.records.decode(raw, emit);
        }
        emit(raw.ignored(IgnoredReason::OtherEvent));
        Ok(())
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.records.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.records.is_record_incomplete()
    }
}

struct Xml {
    clock: LocalClock,
    joined: ObjectMerger,
}

impl Decoder for Xml {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let mut fields = Map::new();
        for element in xml::elements::elements(raw, EXPECTED)?.into_iter().skip(1) {
            // A policy may be named twice, never a field that counts.
            if fields.insert(element.name, Value::from(element.text)).is_some() {
                return Err(crate::decode::row::form(EXPECTED, "a field stands twice"));
            }
        }
        let row = ExportRow::of(fields, EXPECTED)?;
        let time = row.text(&["extendedtimestamp", "timestamp"]).and_then(|text| crate::decode::tool_time::read(&text, &mut self.clock));
        self.joined.take(super::audited(&row, raw, time)?, raw, emit);
        Ok(())
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.joined.flush(emit);
    }
}
