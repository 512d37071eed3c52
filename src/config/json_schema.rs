//! The JSON Schema of the configuration file, for editors (`docs/leakwarden.schema.json`), from the declarations.

use crate::config::reference::{Form, RENEW, Table, tables};
use crate::decode::{AUTO, FORMATS};
use crate::detect::DETECTORS;
use crate::settings::{DefaultValue, Key, ValueType};
use serde_json::{Map, Value, json};

/// The schema, as text.
pub fn json_schema() -> String {
    let all = tables();
    let mut properties = Map::new();
    for table in all.iter().filter(|table| table.kinds.is_empty()) {
        let of_kinds: Vec<&Table> = all.iter().filter(|other| other.name == table.name && !other.kinds.is_empty()).collect();
        let schema = match table.form {
            Form::Once => object(&table.keys.iter().collect::<Vec<_>>(), None),
            Form::List => json!({"type": "array", "items": kinds(table, &of_kinds)}),
            Form::Named if table.name == "detectors" => detectors(table),
            Form::Named => json!({"type": "object", "additionalProperties": kinds(table, &of_kinds)}),
        };
        properties.insert(table.name.to_owned(), with_text(schema, &table.doc.concat()));
    }
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": format!("Made from the declarations in src/config/, src/sink/ and src/notify/ by `{RENEW}`."),
        "title": "Configuration of leakwarden",
        "type": "object",
        "properties": properties,
        "required": ["catalog"],
        "additionalProperties": false,
    });
    format!("{schema:#}\n")
}

fn with_text(mut schema: Value, text: &str) -> Value {
    schema["description"] = json!(text.trim());
    schema
}

/// A table whose keys depend on its `kind`.
fn kinds(table: &Table, of_kinds: &[&Table]) -> Value {
    let mut names: Vec<&str> = of_kinds.iter().flat_map(|of| of.kinds.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    let common = table.keys.iter();
    let mut any: Vec<Value> = names
        .iter()
        .map(|name| {
            let own = of_kinds.iter().filter(|of| of.kinds.contains(name)).flat_map(|of| of.keys);
            object(&common.clone().chain(own).collect::<Vec<_>>(), Some(json!({"const": name})))
        })
        .collect();
    if table.name == "format" {
        let built_in: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        any.push(object(&common.collect::<Vec<_>>(), Some(json!({"enum": built_in}))));
    }
    json!({"anyOf": any})
}

fn detectors(table: &Table) -> Value {
    let mut properties = Map::new();
    for detector in DETECTORS {
        let mut schema = object(&table.keys.iter().collect::<Vec<_>>(), None);
        schema["properties"]["floor"]["default"] = json!(detector.floor);
        schema["properties"]["floor"]["description"] = json!(format!("Smallest count that is worth a look: {}.", detector.floor_counts));
        properties.insert(detector.typology.name().to_owned(), schema);
    }
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// A table of these keys, whose `kind`, if it has one, must be as given.
fn object(keys: &[&Key], kind: Option<Value>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in keys {
        let mut schema = value(key);
        if key.name == "kind" {
            schema.as_object_mut().expect("it is an object").extend(kind.as_ref().and_then(Value::as_object).cloned().unwrap_or_default());
            // A kind that is not the default must be said.
            let is_default = kind.as_ref().is_some_and(|kind| kind["const"] == schema["default"]);
            if !is_default && (key.default)() != DefaultValue::Required {
                required.push(key.name);
                schema.as_object_mut().expect("it is an object").remove("default");
            }
        }
        if (key.default)() == DefaultValue::Required {
            required.push(key.name);
        }
        if let Some(former) = key.traits.former {
            let mut schema = schema.clone();
            schema["deprecated"] = json!(true);
            schema["description"] = json!(format!("Former name of {}.", key.name));
            properties.insert(former.to_owned(), schema);
        }
        properties.insert(key.name.to_owned(), schema);
    }
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn value(key: &Key) -> Value {
    let (low, high) = key.traits.bounds;
    let text_or_texts = json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]});
    let mut schema = match key.value {
        ValueType::Text | ValueType::Path | ValueType::Glob | ValueType::Zone | ValueType::Address => json!({"type": "string"}),
        ValueType::Duration => json!({"type": "string", "pattern": "^[0-9]+ *[smhd]$"}),
        ValueType::Number if high == i64::MAX => json!({"type": "integer", "minimum": low}),
        ValueType::Number => json!({"type": "integer", "minimum": low, "maximum": high}),
        ValueType::Share => json!({"type": "number", "minimum": 0, "maximum": 1}),
        ValueType::Flag => json!({"type": "boolean"}),
        ValueType::Word(words) => json!({"type": "string", "enum": words}),
        ValueType::Texts => text_or_texts,
        ValueType::Table => json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
    };
    if key.name == "format" {
        schema["examples"] = json!(FORMATS.iter().map(|format| format.name).chain([AUTO]).collect::<Vec<_>>());
    }
    schema["description"] = json!(key.text());
    if let DefaultValue::Toml(text) = (key.default)() {
        let parsed: toml::Table = toml::from_str(&format!("value = {text}")).expect("a default is TOML");
        schema["default"] = json!(parsed["value"]);
    }
    schema
}
