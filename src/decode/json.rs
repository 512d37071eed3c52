//! What the decoders of JSON formats share: the limits, errors without content, and trees without keys that stand twice.

use crate::decode::{DecodeError, LONGEST_RECORD, Raw};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The text of a record within its limits.
pub fn text<'a>(raw: Raw<'a>) -> Result<&'a str, DecodeError> {
    if raw.bytes.len() > LONGEST_RECORD {
        return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
    }
    std::str::from_utf8(raw.bytes).map_err(|e| DecodeError::NotUtf8 { at: e.valid_up_to() })
}

/// Reads a record of the form of `T`. `expected` says what a record of the format is.
pub fn read<'a, T: Deserialize<'a>>(raw: Raw<'a>, expected: &'static str) -> Result<T, DecodeError> {
    serde_json::from_str(text(raw)?).map_err(|e| error(expected, &e))
}

/// Reads a record as a tree. A key that stands twice in one object is an error: of two values each reader believes another.
pub fn tree(raw: Raw<'_>, expected: &'static str) -> Result<Value, DecodeError> {
    read::<Unique>(raw, expected).map(|unique| unique.0)
}

/// A JSON error without the content that serde would quote.
pub fn error(expected: &'static str, error: &serde_json::Error) -> DecodeError {
    let text = error.to_string();
    let what = match error.classify() {
        serde_json::error::Category::Eof => "cut off",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io if text.starts_with("recursion limit") => "nested too deep",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON",
        serde_json::error::Category::Data if text.starts_with("duplicate field") => "a field stands twice",
        serde_json::error::Category::Data if text.starts_with("missing field") => "a field is missing",
        serde_json::error::Category::Data => "wrong type or value",
    };
    DecodeError::Form { expected, what: format!("{what} at column {}", error.column()) }
}

struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Unique, D::Error> {
        from.deserialize_any(Tree).map(Unique)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = seq.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Unique(value))) = map.next_entry::<String, Unique>()? {
            if object.insert(key, value).is_some() {
                return Err(de::Error::custom("duplicate field"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Position, RecordHash};

    fn parse(text: &str) -> Result<Value, String> {
        tree(Raw::new(text.as_bytes(), Position(1), RecordHash::default()), "an object").map_err(|error| error.to_string())
    }

    #[test]
    fn a_tree_is_what_serde_reads_unless_a_key_stands_twice() {
        let text = r#"{"a":[1,-2,3.5,"x\n",null,true],"b":{"a":{}}}"#;
        assert_eq!(parse(text), serde_json::from_str(text).map_err(|_| String::new()));
        assert_eq!(
            parse(r#"{"a":{"13800000001":1,"13800000001":2}}"#),
            Err("record is not an object: a field stands twice at column 38".to_owned())
        );
        assert!(parse(&"[".repeat(200)).is_err_and(|error| error.contains("nested too deep")));
        assert!(parse("{\"a\":").is_err_and(|error| error.contains("cut off")));
    }
}
