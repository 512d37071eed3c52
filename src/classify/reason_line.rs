//! One line of `explanations.jsonl`: what it says, checked, with prints and pseudonyms in place of names. Nothing but the line is needed to
//! read it, so that many can be read at once.

use crate::classify::reason::{BusinessReason, Grantee, ReasonKind};
use crate::model::keys::Keys;
use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use globset::GlobBuilder;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
struct ReasonAsWritten {
    employee: Option<String>,
    unit: Option<String>,
    /// Of a source, for which maintenance is on file.
    source: Option<String>,
    subjects: Option<Vec<serde_json::Value>>,
    objects: Option<String>,
    from: serde_json::Value,
    to: Option<serde_json::Value>,
    reason: ReasonKind,
    #[serde(rename = "ref")]
    reference: Option<String>,
    max_persons: Option<u64>,
}

/// A reason as read, before it is filed.
pub struct ReasonLine {
    /// Print of the one whom it is given to.
    pub(super) who: u64,
    /// The unit, where it is given to one.
    pub(super) unit: Option<String>,
    /// The reason.
    pub(super) reason: BusinessReason,
    /// Pseudonyms of those whom it names, in every space.
    pub(super) subjects: Option<Vec<u64>>,
}

impl ReasonLine {
    /// Reads a line. Subject ids are taken in every given space, since a reason does not name one.
    pub fn read(line: &str, keys: &Keys, spaces: &[String]) -> Result<ReasonLine, Problem> {
        let written: ReasonAsWritten = serde_json::from_str(line).map_err(|e| Problem::new(":", "must be an explanation object", e))?;
        let who = match (&written.employee, &written.unit, &written.source) {
            (Some(employee), None, None) => Grantee::employee(keys, employee),
            (None, Some(unit), None) => Grantee::unit(keys, unit),
            (None, None, Some(source)) => Grantee::source(keys, source).own,
            _ => return Err(Problem::plain(": employee", "exactly one of employee, unit and source must be given")),
        };
        let from = instant(&written.from).ok_or_else(|| Problem::new(": from", "must be RFC 3339 or epoch milliseconds", &written.from))?;
        let to = match &written.to {
            None | Some(serde_json::Value::Null) => Timestamp::END,
            Some(to) => instant(to).ok_or_else(|| Problem::new(": to", "must be RFC 3339 or epoch milliseconds", to))?,
        };
        if to < from {
            return Err(Problem::new(": to", format!("must not be before from ({from})"), to));
        }
        let objects = match &written.objects {
            Some(pattern) => {
                let glob = GlobBuilder::new(pattern).case_insensitive(true).build();
                Some(Arc::new(
                    glob.map_err(|e| Problem::new(": objects", format!("must be a glob ({})", e.kind()), pattern))?.compile_matcher(),
                ))
            }
            None => None,
        };
        let reason = BusinessReason {
            kind: written.reason,
            from,
            to,
            reference: written.reference.as_deref().map(|reference| keys.print("ref", reference)),
            max_persons: written.max_persons,
            objects,
            by_subject: written.subjects.is_some(),
            is_shared: written.unit.is_some(),
            is_for_each: false,
            print: keys.print("reason", line.trim()),
        };
        let pseudonyms = |ids: Vec<serde_json::Value>| {
            let mut subjects = Vec::with_capacity(ids.len() * spaces.len());
            for id in ids {
                let id = match id {
                    serde_json::Value::String(id) => id,
                    other => other.to_string(),
                };
                subjects.extend(spaces.iter().map(|space| keys.subject(space, &id).0));
            }
            subjects
        };
        Ok(ReasonLine { who, unit: written.unit, reason, subjects: written.subjects.map(pseudonyms) })
    }
}

fn instant(value: &serde_json::Value) -> Option<Timestamp> {
    match value {
        serde_json::Value::String(text) => Timestamp::parse(text).ok(),
        serde_json::Value::Number(number) => Timestamp::from_millis(number.as_i64()?).ok(),
        _ => None,
    }
}
