//! Findings of OCSF against the definition of their class: a small copy of what it requires and allows.

use crate::harness::{Harness, alert, closed};
use leakwarden::model::severity::Severity;
use serde_json::Value;

/// What the public definition of class 2004 (1.5.0) says of the objects that are used here.
const SCHEMA: &str = include_str!("ocsf_2004.json");

/// Holds a value against an object of the definition; notes what does not fit.
fn hold(schema: &Value, object: &str, value: &Value, place: &str, wrong: &mut Vec<String>) {
    let definition = &schema["objects"][object];
    let Some(fields) = value.as_object() else {
        wrong.push(format!("{place} is no object"));
        return;
    };
    for required in definition["required"].as_array().into_iter().flatten() {
        let name = required.as_str().expect("a name");
        if !fields.contains_key(name) {
            wrong.push(format!("{place} lacks {name}"));
        }
    }
    for (name, value) in fields {
        let kind = definition["attributes"][name].as_str();
        let place = format!("{place}.{name}");
        let fits = match kind {
            None => false,
            Some("string") => value.is_string(),
            Some("integer" | "timestamp") => value.is_i64(),
            Some("boolean") => value.is_boolean(),
            Some("strings") => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
            Some("any") => true,
            Some(kind) if kind.starts_with("enum:") => {
                value.as_i64().is_some_and(|number| schema["enums"][&kind[5..]].get(number.to_string()).is_some())
            }
            Some(kind) if kind.ends_with("[]") => {
                let all = value.as_array().cloned().unwrap_or_default();
                all.iter().for_each(|one| hold(schema, &kind[..kind.len() - 2], one, &place, wrong));
                !all.is_empty()
            }
            Some(kind) => {
                hold(schema, kind, value, &place, wrong);
                true
            }
        };
        if !fits {
            wrong.push(format!("{place} is not of the definition: {value}"));
        }
    }
}

#[test]
fn findings_are_of_the_class_and_created_updated_and_closed() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("findings.jsonl");
    let mut harness = Harness::new(&[&format!("name = \"siem\"\nkind = \"ocsf\"\npath = {path:?}\nemployee = true\n")]);
    harness.take(&alert("c1", "a1", 1, Severity::Medium));
    harness.take(&alert("c1", "a1", 2, Severity::High));
    harness.take(&closed("c1", "a1", 3, Severity::High));
    harness.tell();
    let findings: Vec<Value> =
        std::fs::read_to_string(&path).expect("read").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let activities: Vec<i64> = findings.iter().filter_map(|finding| finding["activity_id"].as_i64()).collect();
    assert_eq!(activities, [1, 2, 3]);
    for finding in &findings {
        let mut wrong = Vec::new();
        hold(&schema, "detection_finding", finding, "finding", &mut wrong);
        assert_eq!(wrong, Vec::<String>::new());
        let activity = finding["activity_id"].as_i64().expect("a number");
        assert_eq!(finding["type_uid"].as_i64(), Some(2_004 * 100 + activity));
        let name = |of: &str, id: &str, name: &str| assert_eq!(schema["enums"][of][finding[id].to_string()], finding[name], "{id}");
        name("activity_id", "activity_id", "activity_name");
        name("severity_id", "severity_id", "severity");
        name("status_id", "status_id", "status");
        assert_eq!(finding["finding_info"]["uid"], "c1", "one finding");
    }
    // The check itself tells right from wrong.
    let mut wrong = Vec::new();
    let mut broken = findings[0].clone();
    broken["severity_id"] = Value::from(42);
    broken["finding_info"].as_object_mut().expect("an object").remove("title");
    hold(&schema, "detection_finding", &broken, "finding", &mut wrong);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}
