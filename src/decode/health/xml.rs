//! An XML element as a tree: attributes and children by their names without prefix, text as `#`. A child that stands once is
//! a value, one that stands more often a list.

use crate::decode::{DecodeError, Raw, json};
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

/// Deepest element that is read.
const DEEPEST: usize = 64;

/// Reads the one element of a record.
pub(super) fn tree(raw: Raw<'_>, expected: &'static str) -> Result<Value, DecodeError> {
    let refuse = |what: &str| DecodeError::Form { expected, what: what.to_owned() };
    let mut reader = Reader::from_str(json::text(raw)?);
    let mut open: Vec<(String, Map<String, Value>)> = Vec::new();
    loop {
        let done = match reader.read_event().map_err(|_| refuse("not XML"))? {
            Event::Start(start) if open.len() >= DEEPEST => {
                return Err(refuse(if start.is_empty() { "not XML" } else { "nested too deep" }));
            }
            Event::Start(start) => {
                open.push(element(&start).ok_or_else(|| refuse("an attribute is broken or stands twice"))?);
                None
            }
            Event::Empty(start) => Some(element(&start).ok_or_else(|| refuse("an attribute is broken or stands twice"))?),
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                say(&mut open, &text.xml10_content());
                None
            }
            Event::CData(text) => {
                say(&mut open, &text.xml10_content());
                None
            }
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().map_err(|_| refuse("not XML"))?;
                match (character, resolve_predefined_entity(&name)) {
                    (Some(character), _) => say(&mut open, character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => say(&mut open, text),
                    (None, None) => return Err(refuse("an entity of its own")),
                }
                None
            }
            Event::DocType(_) => return Err(refuse("a document type")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
            Event::Eof => return Err(refuse("cut off")),
        };
        let Some((name, content)) = done else { continue };
        match open.last_mut() {
            Some((_, parent)) => join(parent, name, Value::Object(content)),
            None => return Ok(Value::Object(content)),
        }
    }
}

fn element(start: &BytesStart<'_>) -> Option<(String, Map<String, Value>)> {
    let mut content = Map::new();
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        let name = attribute.key.local_name().into_inner().to_owned();
        content.insert(name, Value::String(value.into_owned()));
    }
    Some((start.local_name().into_inner().to_owned(), content))
}

fn say(open: &mut [(String, Map<String, Value>)], text: &str) {
    let Some((_, content)) = open.last_mut() else { return };
    match content.get_mut("#") {
        Some(Value::String(said)) => said.push_str(text),
        _ if text.trim().is_empty() => {}
        _ => {
            content.insert("#".to_owned(), Value::String(text.to_owned()));
        }
    }
}

fn join(parent: &mut Map<String, Value>, name: String, value: Value) {
    match parent.get_mut(&name) {
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
        None => {
            parent.insert(name, value);
        }
    }
}

/// FHIR's XML writes a value as an attribute of that name; as in its JSON, the element is the value.
pub(super) fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => match map.get("value") {
            Some(Value::String(text)) => Value::String(text.clone()),
            _ => Value::Object(map.into_iter().map(|(key, value)| (key, plain(value))).collect()),
        },
        Value::Array(list) => Value::Array(list.into_iter().map(plain).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Position, RecordHash};

    fn read(text: &str) -> Result<Value, String> {
        tree(Raw::new(text.as_bytes(), Position(1), RecordHash::default()), "a test").map_err(|error| error.to_string())
    }

    #[test]
    fn attributes_children_and_text_are_read_without_prefixes() {
        let value = read("<a:x i='1&amp;2'><y>p&lt;&#113;<![CDATA[&]]></y><z/><z k=\"v\"/></a:x>").expect("reads");
        let expected = serde_json::json!({"i": "1&2", "y": {"#": "p<q&"}, "z": [{}, {"k": "v"}]});
        assert_eq!(value, expected);
    }

    #[test]
    fn hostile_xml_is_refused_without_its_content() {
        let deep = "<a>".repeat(100);
        for text in
            [deep.as_str(), "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "<a>&secret;</a>", "<a b='1' b='2'/>", "<a", "<a></b>", "<a>"]
        {
            assert!(read(text).is_err_and(|error| !error.contains("secret")), "{text}");
        }
    }
}
