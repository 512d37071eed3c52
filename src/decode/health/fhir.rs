//! `fhir-auditevent`: FHIR's AuditEvent of DSTU2, STU3, R4 and R5, as JSON (one a line, pretty-printed, in arrays or Bundles) or XML.
//!
//! **Switch on**: FHIR servers and gateways write one for each interaction, HAPI for instance by an interceptor (IHE's Basic Audit Log Patterns):
//!
//! ```java
//! restfulServer.registerInterceptor(new BalpAuditCaptureInterceptor(sink, contextServices));
//! ```
//!
//! Read them from the server's feed or by `GET AuditEvent?_lastUpdated=…`.
//!
//! **Tells**: the agent with `requestor: true` (the person, where there are several); *which patients* (`entity` of a patient, `patient` of
//! R5); resource types; time, action and outcome. **Does not tell**: how many records a search found; unless patients are listed it is
//! unknown. `purposeOfEvent` is a class (`TREAT`), not a reference to a case, so it is not taken as a claimed reason.
//!
//! **Counted**: by the patients listed. Tables are resource types (`Patient`, `Observation`), the system is `source.site`:
//!
//! ```toml
//! [[table]]
//! system = "Hospital"
//! table = "Patient"
//! subject = "id"
//! [table.columns]
//! "*" = "health"
//! ```
//!
//! Ids: of `Patient/123` it is `123`; `123^^^HOSP&1.2.3&ISO` and `urn:oid:1.2.3|123` are `123^^^&1.2.3&ISO`. `subjects.csv` needs the same form.
//!
//! **Refused**: another resource, an event without a time, XML with a document type or an entity of its own.
//!
//! **Example**:
//!
//! ```json
//! {"resourceType":"AuditEvent","id":"e1","type":{"code":"rest"},"subtype":[{"code":"read"}],"action":"R","recorded":"2026-03-02T09:14:05Z","outcome":"0","agent":[{"who":{"identifier":{"value":"dr.li"}},"requestor":true,"network":{"address":"10.0.0.7"}}],"source":{"site":"Hospital"},"entity":[{"what":{"reference":"Patient/123"}}]}
//! ```

use crate::decode::framing::document::Documents;
use crate::decode::health::trail::{self, Agent, Trail};
use crate::decode::xml::tree::tree as xml_tree;
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Format, IgnoredReason, Raw, json, tree};
use crate::model::record::Record;
use jiff::tz::TimeZone;
use serde_json::Value;

/// `fhir-auditevent`.
pub const FORMAT: Format = Format {
    name: "fhir-auditevent",
    recognised_by: "an object of `resourceType` AuditEvent (or a Bundle of such), or an `AuditEvent` element of FHIR's namespace",
    stateless: false,
    decoder: |settings| {
        let json = Documents::json(Box::new(Fhir { zone: settings.zone.clone(), xml: false }));
        let xml = Documents::xml(&["AuditEvent"], Box::new(Fhir { zone: settings.zone.clone(), xml: true }));
        Box::new(Either { json, xml, is_xml: false })
    },
    recognises,
};

const EXPECTED: &str = "a FHIR AuditEvent";

/// Goes by the form that the last beginning of a document had.
struct Either {
    json: Box<dyn Decoder>,
    xml: Box<dyn Decoder>,
    is_xml: bool,
}

impl Decoder for Either {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let was = self.is_xml;
        match raw.bytes {
            bytes if bytes.starts_with(b"<?xml") || bytes.starts_with(b"<AuditEvent") => self.is_xml = true,
            bytes if bytes.starts_with(b"{") => self.is_xml = false,
            _ => {}
        }
        match (was, self.is_xml) {
            (true, false) => self.xml.flush(emit),
            (false, true) => self.json.flush(emit),
            (true, true) | (false, false) => {}
        }
        if self.is_xml { self.xml.decode(raw, emit) } else { self.json.decode(raw, emit) }
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.json.flush(emit);
        self.xml.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.json.is_record_incomplete() || self.xml.is_record_incomplete()
    }
}

struct Fhir {
    zone: Option<TimeZone>,
    xml: bool,
}

impl Decoder for Fhir {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if self.xml {
            let event = without_value_attributes(xml_tree(raw, EXPECTED)?);
            return self.event(raw, &event, emit);
        }
        let document = json::tree(raw, EXPECTED)?;
        match tree::word(&document, "resourceType").as_deref() {
            Some("AuditEvent") => self.event(raw, &document, emit),
            Some("Bundle") => {
                let resources = tree::list(&document, "entry").iter().filter_map(|entry| entry.get("resource"));
                let events = resources.filter(|resource| tree::word(resource, "resourceType").as_deref() == Some("AuditEvent"));
                let mut events = events.peekable();
                if events.peek().is_none() {
                    emit(raw.ignored(IgnoredReason::OtherEvent));
                }
                events.map(|event| self.event(raw, event, emit)).fold(Ok(()), Result::and)
            }
            Some(_) | None => Err(DecodeError::Form { expected: EXPECTED, what: "another resource".to_owned() }),
        }
    }
}

/// FHIR's XML writes a value as an attribute of that name; as in its JSON, the element is the value.
fn without_value_attributes(value: Value) -> Value {
    match value {
        Value::Object(map) => match map.get("value") {
            Some(Value::String(text)) => Value::String(text.clone()),
            _ => Value::Object(map.into_iter().map(|(key, value)| (key, without_value_attributes(value))).collect()),
        },
        Value::Array(list) => Value::Array(list.into_iter().map(without_value_attributes).collect()),
        other => other,
    }
}

impl Fhir {
    fn event(&self, raw: Raw<'_>, event: &Value, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        // When it happened, where that is said to more than the day; else when it was recorded.
        let times = ["occurredDateTime", "occurredPeriod.start", "period.start", "recorded", "event.dateTime"];
        let texts: Vec<String> = times.iter().filter_map(|path| tree::word(event, path)).collect();
        let exact = texts.iter().find(|text| tree::moment(text, self.zone.as_ref()).is_ok()).or(texts.last());
        let time = tree::time(raw, "recorded", exact.map(String::as_str), self.zone.as_ref())?;
        let mut codes = Vec::new();
        for path in ["type", "subtype", "category", "code", "event.type", "event.subtype"] {
            tree::list(event, path).iter().for_each(|concept| concept_codes(concept, &mut codes));
        }
        let site = ["source.site", "source.observer", "source.identifier"].iter().find_map(|path| named(tree::at(event, path)?));
        let mut found = Trail {
            time,
            id: tree::word(event, "id"),
            codes,
            action: tree::first(event, &["action", "event.action"]),
            outcome: tree::first(event, &["outcome", "outcome.code.code", "outcome.code", "event.outcome"]),
            site,
            agents: ["agent", "participant"].iter().flat_map(|path| tree::list(event, path)).map(agent).collect(),
            subjects: Vec::new(),
            tables: Vec::new(),
        };
        if let Some(patient) = tree::at(event, "patient") {
            found.entity(patient, None, true);
        }
        let mut counted = false;
        for entity in ["entity", "object"].iter().flat_map(|path| tree::list(event, path)) {
            let code = |path: &str| {
                let mut codes = tree::words(entity, path);
                tree::list(entity, path).iter().for_each(|concept| concept_codes(concept, &mut codes));
                codes
            };
            let (kinds, roles) = (code("type"), code("role"));
            // The number that a web server gave the request is no resource.
            if kinds.iter().any(|kind| kind == "XrequestId") {
                continue;
            }
            // A person in the role of the patient. R5 has the role alone.
            let is_patient =
                roles.iter().any(|role| role == "1") && (kinds.is_empty() || kinds.iter().any(|kind| kind == "1" || kind == "Patient"));
            let kind = kinds.into_iter().find(|kind| trail::is_resource(kind));
            let what = ["what", "reference", "identifier"].iter().find_map(|path| tree::at(entity, path));
            match what {
                Some(what) => found.entity(what, kind, is_patient),
                None => found.tables.extend(kind),
            }
            let query = tree::word(entity, "query");
            counted |= query.as_deref().is_some_and(trail::only_counts);
            found.tables.extend(query.and_then(|query| trail::asked(&query)));
        }
        if counted {
            // Some servers list the people that a mere count went over.
            found.subjects.clear();
        }
        let record = found.record(raw).map(|record| if counted { Record { rows: Some(0), ..record } } else { record });
        emit(record.map_or_else(|| raw.ignored(IgnoredReason::Session), Decoded::from));
        Ok(())
    }
}

impl Trail {
    /// Takes what an entity refers to.
    fn entity(&mut self, what: &Value, kind: Option<String>, is_patient: bool) {
        let link = tree::first(what, &["reference"]).or_else(|| tree::text(what));
        let referred = link.as_deref().and_then(trail::reference);
        let kind =
            referred.map(|(kind, _)| kind.to_owned()).or_else(|| tree::word(what, "type")).or(kind).filter(|kind| trail::is_resource(kind));
        let is_patient = is_patient || kind.as_deref() == Some("Patient");
        let kind = kind.or_else(|| is_patient.then(|| "Patient".to_owned()));
        // The role says patient, the resource may be something about one.
        if is_patient && kind.as_deref() == Some("Patient") {
            let identifier = tree::at(what, "identifier").unwrap_or(what);
            let value = tree::word(identifier, "value");
            let by_identifier = value.map(|value| trail::identified(&tree::word(identifier, "system").unwrap_or_default(), &value));
            let id = referred.map(|(_, id)| id.to_owned()).or(by_identifier).or_else(|| link.as_deref().and_then(trail::patient));
            self.subjects.extend(id.filter(|id| !id.is_empty()));
        }
        self.tables.extend(kind);
    }
}

/// The codes of a Coding or CodeableConcept.
fn concept_codes(concept: &Value, codes: &mut Vec<String>) {
    codes.extend(tree::word(concept, "code"));
    codes.extend(tree::list(concept, "coding").iter().filter_map(|coding| tree::word(coding, "code")));
}

/// A name by text, Identifier or Reference.
fn named(value: &Value) -> Option<String> {
    tree::text(value).or_else(|| tree::first(value, &["identifier.value", "value", "reference", "display"]))
}

fn agent(agent: &Value) -> Agent {
    let mut codes = Vec::new();
    for path in ["type", "role"] {
        tree::list(agent, path).iter().for_each(|concept| concept_codes(concept, &mut codes));
    }
    let link = tree::first(agent, &["who.reference", "reference.reference"]).unwrap_or_default();
    let kind = trail::reference(&link).map_or("", |(kind, _)| kind);
    let name = ["who.identifier.value", "userId", "userId.value", "altId", "who.reference", "reference.reference", "who.display", "name"];
    Agent {
        name: tree::first(agent, &name),
        requestor: matches!(tree::at(agent, "requestor"), Some(Value::Bool(true)))
            || tree::word(agent, "requestor").as_deref() == Some("true"),
        machine: kind == "Device"
            || codes.iter().any(|code| matches!(code.as_str(), "110150" | "110151" | "110152" | "110153" | "dataprocessor")),
        human: matches!(kind, "Practitioner" | "PractitionerRole" | "Patient" | "RelatedPerson")
            || codes.iter().any(|code| matches!(code.as_str(), "humanuser" | "IRCP" | "INF")),
        address: tree::first(agent, &["network.address", "network.identifier", "networkString", "networkUri"]),
    }
}

fn recognises(bytes: &[u8]) -> bool {
    if memchr::memmem::find(bytes, b"AuditEvent").is_none() {
        return false;
    }
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"<") {
        return memchr::memmem::find(start, b"<AuditEvent").is_some() && memchr::memmem::find(start, b"http://hl7.org/fhir").is_some();
    }
    tree::has_keys(bytes, |has| has("resourceType") && (has("agent") || has("participant") || has("entry")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::access::Operation;
    use crate::model::record::{EventOutcome, Record};
    use base64::Engine as _;

    fn decode(lines: &[&str]) -> Vec<Record<'static>> {
        let (records, dead) = testing::decode(&FORMAT, lines);
        assert_eq!(dead, []);
        records
    }

    fn tables(record: &Record<'_>) -> Vec<String> {
        record.objects.iter().map(|object| object.table.to_string()).collect()
    }

    const R4: &str = r#"{"resourceType":"AuditEvent","id":"e1","type":{"system":"s","code":"rest"},"subtype":[{"code":"read"}],"action":"R","recorded":"2026-03-02T17:14:05.5+08:00","outcome":"0","agent":[{"type":{"coding":[{"code":"110153"}]},"who":{"display":"app"},"requestor":true,"network":{"address":"10.0.0.7","type":"2"}},{"type":{"coding":[{"code":"humanuser"}]},"who":{"identifier":{"system":"s","value":"dr.li"}},"requestor":true}],"source":{"site":"Hospital","observer":{"display":"x"}},"entity":[{"what":{"reference":"Patient/123"},"type":{"code":"1"},"role":{"code":"1"}},{"what":{"reference":"https://h/fhir/Observation/9/_history/2"},"type":{"code":"2"},"role":{"code":"4"}}]}"#;

    #[test]
    fn r4_tells_the_person_the_patients_and_the_resources() {
        let records = decode(&[R4]);
        let [record] = records.as_slice() else { panic!("one: {records:?}") };
        assert_eq!((record.time.to_string().as_str(), record.id.as_deref()), ("2026-03-02T09:14:05.5Z", Some("Hospital/e1")));
        assert_eq!(
            (record.account.as_deref(), record.client.ip.as_deref(), record.system.as_deref()),
            (Some("dr.li"), Some("10.0.0.7"), Some("Hospital"))
        );
        assert_eq!((tables(record), &record.subjects), (vec!["Patient".to_owned(), "Observation".to_owned()], &vec!["123".into()]));
        assert_eq!((record.operation, record.outcome, record.rows), (Operation::Read, EventOutcome::Success, None));
    }

    #[test]
    fn dstu2_stu3_and_r5_tell_the_same_by_other_names() {
        let dstu2 = r#"{"resourceType":"AuditEvent","event":{"type":{"coding":[{"code":"rest"}]},"action":"R","dateTime":"2026-03-02T09:14:05Z","outcome":"8"},"participant":[{"userId":"95","requestor":true,"network":{"identifier":"10.0.0.7"}}],"source":{"site":"Cloud","identifier":"h"},"object":[{"reference":{"reference":"Patient/p1/_history/1"},"type":"2"}]}"#;
        let stu3 = r#"{"resourceType":"AuditEvent","type":{"code":"rest"},"action":"R","recorded":"2026-03-02T09:14:05Z","outcome":"8","agent":[{"userId":{"value":"95"},"requestor":true,"network":{"address":"10.0.0.7"}}],"source":{"site":"Cloud"},"entity":[{"reference":{"reference":"Patient/p1"},"type":{"code":"2"}}]}"#;
        let r5 = r#"{"resourceType":"AuditEvent","code":{"coding":[{"code":"read"}]},"action":"R","occurredDateTime":"2026-03-02T09:14:05Z","recorded":"2026-03-02T09:15:00Z","outcome":{"code":{"code":"8"}},"patient":{"reference":"Patient/p1"},"agent":[{"who":{"identifier":{"value":"95"}},"requestor":true,"networkString":"10.0.0.7"}],"source":{"site":{"display":"Cloud"}},"entity":[]}"#;
        for record in decode(&[dstu2, stu3, r5]) {
            assert_eq!(record.time.to_string(), "2026-03-02T09:14:05Z");
            assert_eq!(
                (record.account.as_deref(), record.client.ip.as_deref(), record.system.as_deref()),
                (Some("95"), Some("10.0.0.7"), Some("Cloud"))
            );
            assert_eq!(
                (tables(&record), &record.subjects, record.outcome),
                (vec!["Patient".to_owned()], &vec!["p1".into()], EventOutcome::Failure)
            );
        }
    }

    #[test]
    fn a_search_shows_an_unknown_number_unless_patients_are_listed() {
        let query = base64::engine::general_purpose::STANDARD.encode("https://h/fhir/Patient?name=li");
        let search = format!(
            r#"{{"resourceType":"AuditEvent","action":"E","recorded":"2026-03-02T09:14:05Z","agent":[{{"altId":"x"}}],"entity":[{{"type":{{"code":"2"}},"role":{{"code":"24"}},"query":"{query}"}}]}}"#
        );
        let records = decode(&[&search]);
        assert_eq!((tables(&records[0]), records[0].subjects.len(), records[0].rows), (vec!["Patient".to_owned()], 0, None));
        assert_eq!((records[0].account.as_deref(), records[0].operation), (Some("x"), Operation::Read));
    }

    #[test]
    fn logins_logouts_and_starts_are_told_apart() {
        let of = |code: &str, outcome: &str| {
            decode(&[&format!(
                r#"{{"resourceType":"AuditEvent","type":{{"code":"110114"}},"subtype":[{{"code":"{code}"}}],"action":"E","recorded":"2026-03-02T09:14:05Z","outcome":"{outcome}","agent":[{{"altId":"x"}}]}}"#
            )])
            .iter()
            .map(|record| (record.operation, record.outcome))
            .collect::<Vec<_>>()
        };
        assert_eq!(of("110122", "4"), [(Operation::Login, EventOutcome::Failure)]);
        assert_eq!(of("110123", "0"), []);
    }

    #[test]
    fn pretty_documents_bundles_and_xml_are_read() {
        let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(R4).expect("is JSON")).expect("prints");
        let lines: Vec<&str> = pretty.lines().collect();
        assert!(recognises(lines.join("\n").as_bytes()));
        assert_eq!(decode(&lines)[0].subjects, ["123"]);
        assert_eq!(
            decode(&[&format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{R4}}},{{"resource":{{"resourceType":"Patient"}}}}]}}"#)])
                .len(),
            1
        );
        let xml = [
            "<?xml version=\"1.0\"?>",
            "<AuditEvent xmlns=\"http://hl7.org/fhir\"><id value=\"7\"/><text><div xmlns=\"x\">a &lt; b</div></text><type><code value=\"rest\"/></type>",
            "<action value=\"R\"/><recorded value=\"2026-03-02T09:14:05Z\"/><outcome value=\"0\"/>",
            "<agent><who><identifier><value value=\"dr.li\"/></identifier></who><requestor value=\"true\"/></agent>",
            "<source><site value=\"S\"/></source><entity><what><reference value=\"Patient/1\"/></what></entity>",
            "<entity><what><reference value=\"Patient/2\"/></what></entity></AuditEvent>",
        ];
        assert!(recognises(xml.join("\n").as_bytes()));
        let records = decode(&xml);
        assert_eq!((records[0].subjects.as_slice(), records[0].account.as_deref()), (&["1".into(), "2".into()][..], Some("dr.li")));
    }

    #[test]
    fn other_resources_and_broken_ones_are_refused() {
        let (records, dead) =
            testing::decode(&FORMAT, &[r#"{"resourceType":"Patient","agent":1}"#, r#"{"resourceType":"AuditEvent","agent":[]}"#]);
        assert_eq!((records.len(), dead.len()), (0, 2));
        assert!(!recognises(br#"{"message":"{\"resourceType\":\"AuditEvent\"}"}"#));
        assert!(!recognises(b"<AuditMessage/>"));
    }
}
