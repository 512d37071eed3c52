//! A decision as the line that [`crate::model::decision::parse`] reads.

use crate::model::decision::parse::Taken;
use crate::model::decision::{Decision, DecisionKind, Explanation, Grantee, Maintained, Maintenance, Silence, Verdict};
use serde_json::{Map, Value, json};

impl Decision {
    /// Its line, without an end of line.
    pub fn to_line(&self) -> String {
        let mut line = object(json!({"id": self.id, "at": self.at.to_string(), "by": self.by, "kind": self.what.name()}));
        line.extend(match &self.what {
            DecisionKind::Verdict(verdict) => of_verdict(verdict),
            DecisionKind::Silence(silence) => of_silence(silence),
            DecisionKind::Explanation(explanation) => of_explanation(explanation),
            DecisionKind::Assignment(of) => object(json!({"reviewer": of.reviewer, "case": of.case, "to": of.to.to_string()})),
            DecisionKind::Maintenance(maintenance) => of_maintenance(maintenance),
            DecisionKind::End { of } => object(json!({"of": of})),
        });
        Value::Object(line).to_string()
    }
}

impl Taken {
    /// Its line, without an end of line.
    pub fn to_line(&self) -> String {
        json!({"kind": "taken", "of": self.of, "from": self.from.to_string()}).to_string()
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn of_verdict(verdict: &Verdict) -> Map<String, Value> {
    let alerts: Vec<Value> = verdict.alerts.iter().map(|alert| json!({"id": alert.id, "revision": alert.revision})).collect();
    let mut all = object(json!({"outcome": verdict.outcome.name(), "reason": verdict.reason.name(), "alerts": alerts}));
    if let Some(explanation) = &verdict.explanation {
        all.insert("explanation".to_owned(), Value::Object(of_explanation(explanation)));
    }
    all
}

fn of_silence(silence: &Silence) -> Map<String, Value> {
    let matched: Map<String, Value> =
        silence.matchers.iter().map(|matcher| (matcher.field.name().to_owned(), json!(matcher.glob))).collect();
    object(json!({"match": matched, "to": silence.to.to_string(), "reason": silence.reason.name()}))
}

pub(super) fn of_explanation(explanation: &Explanation) -> Map<String, Value> {
    let Explanation { whom, objects, from, to, reason, reference, max_persons } = explanation;
    let (field, name) = match whom {
        Grantee::Employee(name) => ("employee", name),
        Grantee::Unit(name) => ("unit", name),
    };
    let mut all = object(json!({
        "objects": objects, "from": from.to_string(), "to": to.to_string(), "reason": reason.name(), "max_persons": max_persons,
    }));
    all.insert(field.to_owned(), json!(name));
    if let Some(reference) = reference {
        all.insert("ref".to_owned(), json!(reference));
    }
    all
}

fn of_maintenance(maintenance: &Maintenance) -> Map<String, Value> {
    let mut all = object(json!({"from": maintenance.from.to_string(), "to": maintenance.to.to_string()}));
    match &maintenance.on {
        Maintained::Source(source) => drop(all.insert("source".to_owned(), json!(source))),
        Maintained::Objects { objects, employee } => {
            all.insert("objects".to_owned(), json!(objects));
            all.insert("employee".to_owned(), json!(employee));
        }
    }
    all
}
