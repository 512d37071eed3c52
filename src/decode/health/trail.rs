//! What both forms tell, and how it becomes a record.
//!
//! Tables are FHIR's resource types, `Patient`, `Observation`, `DocumentReference`, so a catalog speaks of them as
//!
//! ```toml
//! [[table]]
//! system = "Hospital"        # source.site, AuditEnterpriseSiteID or AuditSourceID
//! table = "Patient"
//! subject = "id"
//! [table.columns]
//! "*" = "health"
//! ```
//!
//! Ids of patients: of `Patient/123`, relative or absolute, `123`. An HL7 identifier with its assigning authority,
//! `123^^^HOSP&1.2.3&ISO`, and the same as `urn:oid:1.2.3|123` become `123^^^&1.2.3&ISO`, the form that IHE prescribes: the same
//! number of another authority is another person, and taking both for one would count too few. Where no authority stands it is
//! the bare number. `subjects.csv` must hold the ids in the form in which the log has them. A person listed under the numbers of
//! two authorities counts twice, since the record does not tell.

use crate::decode::{Raw, tree};
use crate::model::access::Operation;
use crate::model::record::{EventOutcome, Object, Record, Text};
use crate::model::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// Who took part.
#[derive(Default)]
pub(super) struct Agent {
    pub name: Option<String>,
    pub requestor: bool,
    /// A program or device by its role.
    pub machine: bool,
    /// A person by its role or reference.
    pub human: bool,
    pub address: Option<String>,
}

/// One audit record.
pub(super) struct Trail {
    pub time: Timestamp,
    pub id: Option<String>,
    /// Codes of the event's type and of what it was in particular.
    pub codes: Vec<String>,
    /// `C`, `R`, `U`, `D` or `E`.
    pub action: Option<String>,
    pub outcome: Option<String>,
    pub site: Option<String>,
    pub agents: Vec<Agent>,
    pub subjects: Vec<String>,
    pub tables: Vec<String>,
}

impl Trail {
    /// The record; `None` for what is no access.
    pub fn record(self, raw: Raw<'_>) -> Option<Record<'static>> {
        let operation = self.operation()?;
        let mut record = tree::record(raw, self.time);
        record.operation = operation;
        // An event that failed may have shown something before: it says no more.
        record.outcome = match self.outcome.as_deref() {
            None | Some("0" | "success" | "information" | "warning") => EventOutcome::Success,
            Some(_) => EventOutcome::Failure,
        };
        let who = self.agents.iter().rev().max_by_key(|agent| {
            (agent.name.is_some(), 4 * u8::from(agent.requestor) + 2 * u8::from(agent.human) + u8::from(!agent.machine))
        });
        record.account = who.and_then(|agent| agent.name.clone()).map(Text::Owned);
        // A device that asks may do so for a person who takes part.
        let person = self.agents.iter().find(|agent| agent.human && !agent.machine && agent.name.is_some());
        let served = person.filter(|_| who.is_some_and(|who| who.machine && !who.human));
        record.on_behalf_of = served.and_then(|agent| agent.name.clone()).map(Text::Owned);
        // The address may stand with the program that the person used.
        let address = who.and_then(|agent| agent.address.clone());
        tree::client(&mut record, address.or_else(|| self.agents.iter().find_map(|agent| agent.address.clone())));
        // Servers number their own events, so the number is theirs.
        let site = self.site.as_deref().unwrap_or("");
        record.id = self.id.map(|id| Cow::Owned(format!("{site}/{id}")));
        record.system = self.site.map(Text::Owned);
        let mut tables: Vec<String> = Vec::new();
        for table in self.tables {
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
        if tables.is_empty() && !self.subjects.is_empty() {
            tables.push("Patient".to_owned());
        }
        record.objects = tables.into_iter().map(|table| Object { table: Cow::Owned(table), columns: None }).collect();
        record.subjects = self.subjects.into_iter().map(Cow::Owned).collect();
        if operation == Operation::Write && record.outcome == EventOutcome::Success {
            // The answer to a change may hold what was stored: FHIR's servers return it unless they are asked not to.
            record.rows_bound = Some(record.subjects.len() as u64);
        }
        Some(record)
    }

    fn operation(&self) -> Option<Operation> {
        let is = |codes: &[&str]| self.codes.iter().any(|code| codes.contains(&code.as_str()));
        // DICOM's codes of events.
        if is(&["110123", "logout"]) {
            return None;
        }
        if is(&["110114", "110122", "login"]) {
            return Some(Operation::Login);
        }
        if is(&["110100", "110113", "110120", "110121", "110108"]) {
            return Some(Operation::Admin);
        }
        if is(&["110102", "110104", "110106", "export"]) {
            return Some(Operation::Export);
        }
        if is(&["110107", "import"]) {
            return Some(Operation::Write);
        }
        Some(match self.action.as_deref() {
            _ if is(&["110105"]) => Operation::Delete,
            Some("C" | "U") => Operation::Write,
            Some("D") => Operation::Delete,
            Some("R" | "E") => Operation::Read,
            _ if is(&["read", "vread", "search", "search-type", "search-system", "history", "history-instance", "110103", "110112"]) => {
                Operation::Read
            }
            _ if is(&["create", "update", "patch", "transaction", "batch"]) => Operation::Write,
            _ if is(&["delete"]) => Operation::Delete,
            _ => Operation::Other,
        })
    }
}

/// Resource type and id of a reference: `Patient/123`, `https://host/fhir/Patient/123/_history/1`.
pub(super) fn reference(text: &str) -> Option<(&str, &str)> {
    let path = text.split(['?', '#']).next().unwrap_or(text);
    let mut parts = path.trim_end_matches('/').rsplit('/').peekable();
    while let Some(id) = parts.next() {
        if id == "_history" {
            continue;
        }
        if let Some(kind) = parts.peek().filter(|kind| is_resource(kind)) {
            return (!id.is_empty()).then_some((kind, id));
        }
    }
    None
}

/// Whether a query asks for a number alone: `_summary=count`. It may be in Base64.
pub(super) fn only_counts(query: &str) -> bool {
    let decoded = STANDARD.decode(query.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = decoded.as_deref().unwrap_or(query);
    let parameters = text.split(['?', '&']).skip(1);
    parameters.map(|parameter| parameter.split('#').next().unwrap_or(parameter)).any(|parameter| parameter.trim() == "_summary=count")
}

/// Whether the name is one of a resource type, as FHIR writes them.
pub(super) fn is_resource(name: &str) -> bool {
    (4..=40).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The id of a patient, as the module says.
pub(super) fn patient(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some((system, value)) = text.split_once('|') {
        return Some(identified(system, value)).filter(|_| !value.is_empty());
    }
    let mut parts = text.split('^');
    let (id, authority) = (parts.next().unwrap_or("").trim(), parts.nth(2).unwrap_or(""));
    if id.is_empty() || !text.contains('^') {
        let id = reference(text).map_or(text, |(_, id)| id);
        return Some(id.to_owned()).filter(|id| !id.is_empty());
    }
    let mut authority = authority.split('&');
    let (namespace, universal) = (authority.next().unwrap_or(""), authority.next().unwrap_or(""));
    Some(match (namespace, universal) {
        ("", "") => id.to_owned(),
        (namespace, "") => format!("{id}^^^{namespace}"),
        (_, universal) => format!("{id}^^^&{universal}&ISO"),
    })
}

/// The id of a patient by an identifier's system and value.
pub(super) fn identified(system: &str, value: &str) -> String {
    match (system.trim(), system.trim().strip_prefix("urn:oid:")) {
        (_, Some(oid)) => format!("{value}^^^&{oid}&ISO"),
        ("", None) => patient(value).unwrap_or_default(),
        (system, None) => format!("{system}|{value}"),
    }
}

/// The resource type that a query in Base64 asks for, where it is a URL.
pub(super) fn asked(query: &str) -> Option<String> {
    let compact: String = query.split_whitespace().collect();
    let text = String::from_utf8(STANDARD.decode(compact).ok()?).ok()?;
    let url = text.split_whitespace().find(|word| !matches!(*word, "GET" | "POST"))?;
    let path = url.split('?').next().unwrap_or(url);
    path.rsplit('/').find(|part| is_resource(part)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_authority_and_references_lose_their_server() {
        let ids = [
            ("Patient/123", "123"),
            ("https://h/fhir/Patient/123/_history/4", "123"),
            ("123", "123"),
            ("123^^^HOSP&1.2.3&ISO^PI", "123^^^&1.2.3&ISO"),
            ("123^^^&1.2.3&ISO", "123^^^&1.2.3&ISO"),
            ("urn:oid:1.2.3|123", "123^^^&1.2.3&ISO"),
            ("123^^^HOSP", "123^^^HOSP"),
            ("123^^^", "123"),
            ("http://h/mrn|7", "http://h/mrn|7"),
        ];
        for (text, id) in ids {
            assert_eq!(patient(text).as_deref(), Some(id), "{text}");
        }
        assert_eq!((patient(""), patient("urn:oid:1|")), (None, None));
        assert_eq!(reference("urn:uuid:1"), None);
    }

    #[test]
    fn a_query_tells_what_it_asks_for() {
        let encoded = |text: &str| STANDARD.encode(text);
        assert_eq!(asked(&encoded("https://h/fhir/Observation?patient=1")).as_deref(), Some("Observation"));
        assert_eq!(asked(&encoded("GET Patient/_search?name=x")).as_deref(), Some("Patient"));
        assert_eq!((asked("%%"), asked(&encoded("MSH|^~"))), (None, None));
    }
}
