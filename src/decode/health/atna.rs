//! `atna`: the AuditMessage of DICOM PS3.15, RFC 3881 and IHE's Audit Trail and Node Authentication (ATNA), bare or within syslog.
//!
//! **Switch on**: imaging systems, XDS registries and gateways send them to an audit repository over syslog (UDP or TLS, RFC 5424). Read the
//! repository's files, or have rsyslog hand on the same stream:
//!
//! ```text
//! module(load="imtcp")
//! input(type="imtcp" port="6514")
//! *.* action(type="omfile" file="/var/log/atna.log")
//! ```
//!
//! **Tells**: `ActiveParticipant` with `UserIsRequestor` (the person before the program, where both are); *which patients*
//! (`ParticipantObjectIdentification` of type 1 in role 1); action, outcome, address. **Does not tell**: how many patients a query found;
//! unless they are listed it is unknown.
//!
//! **Counted**: by the patients listed. Tables are named as in FHIR (`Patient`, `DocumentReference`, `ImagingStudy`), the system is
//! `AuditSourceID` or the site. Ids have IHE's form: `123^^^HOSP&1.2.3&ISO` is `123^^^&1.2.3&ISO`, since the same number of another
//! authority is another person; `subjects.csv` needs the same form. Logouts are passed over.
//!
//! **Refused**: a message without `EventIdentification` or time, with a document type or an entity of its own, or cut off.
//!
//! **Example**:
//!
//! ```xml
//! <AuditMessage><EventIdentification EventActionCode="R" EventDateTime="2026-03-02T09:14:05Z" EventOutcomeIndicator="0"><EventID csd-code="110103"/></EventIdentification><ActiveParticipant UserID="dr.li" UserIsRequestor="true" NetworkAccessPointID="10.0.0.7"/><AuditSourceIdentification AuditSourceID="PACS1"/><ParticipantObjectIdentification ParticipantObjectID="123" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"/></AuditMessage>
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::health::trail::{self, Agent, Trail};
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Format, IgnoredReason, Raw, tree, xml};
use jiff::tz::TimeZone;
use serde_json::Value;

/// `atna`.
pub const FORMAT: Format = Format {
    name: "atna",
    recognised_by: "an `AuditMessage` element",
    stateless: false,
    decoder: |settings| Documents::xml(&["AuditMessage"], Box::new(Atna { zone: settings.zone.clone() })),
    recognises,
};

const EXPECTED: &str = "an AuditMessage of DICOM or IHE ATNA";

struct Atna {
    zone: Option<TimeZone>,
}

impl Decoder for Atna {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let message = xml::tree::tree(raw, EXPECTED)?;
        let event = tree::at(&message, "EventIdentification")
            .ok_or_else(|| DecodeError::Field { field: "EventIdentification", rule: "is missing".to_owned() })?;
        let time = tree::time(raw, "EventDateTime", tree::word(event, "EventDateTime").as_deref(), self.zone.as_ref())?;
        let codes: Vec<String> = ["EventID", "EventTypeCode"].iter().flat_map(|path| tree::list(event, path)).filter_map(code).collect();
        let mut found = Trail {
            time,
            id: None,
            action: tree::word(event, "EventActionCode"),
            outcome: tree::word(event, "EventOutcomeIndicator"),
            site: tree::list(&message, "AuditSourceIdentification")
                .iter()
                .find_map(|source| tree::first(source, &["AuditSourceID", "AuditEnterpriseSiteID"])),
            agents: tree::list(&message, "ActiveParticipant").iter().map(agent).collect(),
            subjects: Vec::new(),
            tables: Vec::new(),
            codes,
        };
        for object in tree::list(&message, "ParticipantObjectIdentification") {
            let word = |key: &str| tree::word(object, key).unwrap_or_default();
            let id_type = tree::at(object, "ParticipantObjectIDTypeCode").and_then(code).unwrap_or_default();
            match (word("ParticipantObjectTypeCode").as_str(), word("ParticipantObjectTypeCodeRole").as_str()) {
                ("1", "1") => {
                    found.subjects.extend(trail::patient(&word("ParticipantObjectID")));
                    found.tables.push("Patient".to_owned());
                }
                ("2", role) => {
                    let asked =
                        tree::first(object, &["ParticipantObjectQuery.#", "ParticipantObjectQuery"]).and_then(|query| trail::asked(&query));
                    found.tables.extend(asked.or_else(|| table(&id_type, role, &found.codes).map(str::to_owned)));
                }
                _ => {}
            }
        }
        emit(found.record(raw).map_or_else(|| raw.ignored(IgnoredReason::Session), Decoded::from));
        Ok(())
    }
}

/// A coded value; DICOM renamed the attribute.
fn code(value: &Value) -> Option<String> {
    tree::first(value, &["csd-code", "code"])
}

/// What an object of the system's own is, in FHIR's terms.
fn table(id_type: &str, role: &str, codes: &[String]) -> Option<&'static str> {
    let is = |asked: &[&str]| asked.contains(&id_type) || codes.iter().any(|code| asked.contains(&code.as_str()));
    if id_type == "110180" || id_type == "110181" {
        return Some("ImagingStudy");
    }
    if is(&["ITI-9", "ITI-21", "ITI-22", "ITI-45", "ITI-47", "ITI-55", "ITI-56", "ITI-78", "ITI-83", "ITI-119"]) {
        return Some("Patient");
    }
    if is(&["ITI-16", "ITI-18", "ITI-38", "ITI-39", "ITI-43", "ITI-63", "ITI-66", "ITI-67", "ITI-68", "ITI-41", "ITI-42"]) {
        return Some("DocumentReference");
    }
    // 9 is RFC 3881's number of a report.
    (role == "3" && id_type == "9").then_some("DocumentReference")
}

fn agent(agent: &Value) -> Agent {
    let roles: Vec<String> = tree::list(agent, "RoleIDCode").iter().filter_map(code).collect();
    let name = tree::first(agent, &["UserID", "AlternativeUserID", "UserName"]);
    let machine = roles.iter().any(|role| matches!(role.as_str(), "110150" | "110151" | "110152" | "110153"));
    Agent {
        name,
        requestor: tree::word(agent, "UserIsRequestor").is_none_or(|said| matches!(said.as_str(), "true" | "1")),
        machine,
        human: tree::word(agent, "UserName").is_some(),
        address: tree::word(agent, "NetworkAccessPointID"),
    }
}

fn recognises(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let Some(at) = memchr::memmem::find(start, b"<AuditMessage") else { return false };
    let after = start.get(at + "<AuditMessage".len()).copied();
    // Nothing but a declaration and comments may stand before.
    let prologue = start[..at].is_empty() || start.starts_with(b"<?xml") || start.starts_with(b"<!--");
    prologue && after.is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::access::Operation;
    use crate::model::record::{EventOutcome, Record};

    fn decode(lines: &[&str]) -> Vec<Record<'static>> {
        let (records, dead) = testing::decode(&FORMAT, lines);
        assert_eq!(dead, []);
        records
    }

    fn message(event: &str, rest: &str) -> String {
        format!(
            r#"<AuditMessage><EventIdentification EventActionCode="E" EventDateTime="2026-03-02T09:14:05.5Z" EventOutcomeIndicator="0">{event}</EventIdentification><ActiveParticipant UserID="pacs" UserIsRequestor="true" NetworkAccessPointID="10.0.0.7"><RoleIDCode csd-code="110153"/></ActiveParticipant><ActiveParticipant UserID="li@ward" UserName="Dr. Li" UserIsRequestor="true"/><AuditSourceIdentification AuditEnterpriseSiteID="H" AuditSourceID="MPI"/>{rest}</AuditMessage>"#
        )
    }

    const QUERY: &str = r#"<EventID csd-code="110112"/><EventTypeCode csd-code="ITI-21"/>"#;

    #[test]
    fn a_query_names_the_person_and_the_patients_that_are_listed() {
        let patients = r#"<ParticipantObjectIdentification ParticipantObjectID="q" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="24"><ParticipantObjectIDTypeCode csd-code="ITI-21"/><ParticipantObjectQuery>TVNI</ParticipantObjectQuery></ParticipantObjectIdentification><ParticipantObjectIdentification ParticipantObjectID="24^^^MPI&amp;1.2.3&amp;ISO^PI" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"/><ParticipantObjectIdentification ParticipantObjectID="25" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"/>"#;
        let records = decode(&[&message(QUERY, patients)]);
        let [record] = records.as_slice() else { panic!("one: {records:?}") };
        assert_eq!(
            (record.account.as_deref(), record.client.ip.as_deref(), record.system.as_deref()),
            (Some("li@ward"), Some("10.0.0.7"), Some("MPI"))
        );
        assert_eq!(record.subjects, ["24^^^&1.2.3&ISO", "25"]);
        assert_eq!(record.objects.iter().map(|o| o.table.as_ref()).collect::<Vec<_>>(), ["Patient"]);
        assert_eq!((record.operation, record.outcome, record.rows), (Operation::Read, EventOutcome::Success, None));
        assert_eq!((record.time.to_string().as_str(), record.id.as_deref()), ("2026-03-02T09:14:05.5Z", None));
    }

    #[test]
    fn a_query_without_patients_is_unknown_and_a_feed_is_a_write() {
        let query = r#"<ParticipantObjectIdentification ParticipantObjectID="q" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="24"/>"#;
        let records = decode(&[&message(QUERY, query)]);
        assert_eq!((records[0].subjects.len(), records[0].objects[0].table.as_ref()), (0, "Patient"));
        let feed = message(r#"<EventID code="110110"/>"#, "").replace("EventActionCode=\"E\"", "EventActionCode=\"C\"");
        assert_eq!(decode(&[&feed])[0].operation, Operation::Write);
        let transfer = message(r#"<EventID code="110104"/>"#, "");
        assert_eq!(decode(&[&transfer])[0].operation, Operation::Export);
        assert_eq!(decode(&[&message(r#"<EventID code="110114"/><EventTypeCode code="110122"/>"#, "")])[0].operation, Operation::Login);
    }

    #[test]
    fn messages_over_lines_and_within_syslog_are_read() {
        let text = message(QUERY, "").replace("><", ">\n<");
        let mut lines = vec!["<?xml version=\"1.0\"?>"];
        lines.extend(text.lines());
        assert!(recognises(lines.join("\n").as_bytes()));
        assert_eq!(decode(&lines).len(), 1);
        let syslog = format!("<85>1 2026-03-02T09:14:05Z host app 1 IHE+RFC-3881 - \u{feff}{}", message(QUERY, ""));
        assert_eq!(decode(&[&syslog]).len(), 1);
    }

    #[test]
    fn other_elements_and_broken_ones_are_refused() {
        assert!(!recognises(b"<AuditMessages>") && !recognises(b"{\"a\":\"<AuditMessage>\"}"));
        let (records, dead) =
            testing::decode(&FORMAT, &["<AuditMessage/>", "<AuditMessage><EventIdentification EventDateTime='x'/></AuditMessage>"]);
        assert_eq!((records.len(), dead.len()), (0, 2));
    }
}
