//! What the decoders of JSON formats share: the limits, errors without content, texts that borrow, and trees without keys that
//! stand twice. (serde_json itself bounds the depth, and a derived struct refuses its own keys where they stand twice.)

use crate::decode::{DecodeError, LONGEST_RECORD, Raw};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

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

/// The first object of a text that may run over lines and stand in an array: what a format is recognised by.
pub fn first_object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let start = bytes.iter().position(|byte| !(byte.is_ascii_whitespace() || matches!(byte, b'[' | b',')))?;
    serde_json::Deserializer::from_slice(&bytes[start..]).into_iter::<T>().next()?.ok()
}

/// A JSON error without the content that serde would quote.
pub fn error(expected: &'static str, error: &serde_json::Error) -> DecodeError {
    error_with(expected, error, |text| match text {
        text if text.starts_with("duplicate field") => "a field stands twice".to_owned(),
        text if text.starts_with("missing field") => "a field is missing".to_owned(),
        _ => "wrong type or value".to_owned(),
    })
}

/// The same with words of the format's own for a value that does not fit, made of serde's text.
pub fn error_with(expected: &'static str, error: &serde_json::Error, data: impl Fn(&str) -> String) -> DecodeError {
    let text = error.to_string();
    let what = match error.classify() {
        Category::Eof => "cut off".to_owned(),
        Category::Syntax | Category::Io if text.starts_with("recursion limit") => "nested too deep".to_owned(),
        Category::Syntax | Category::Io => "not JSON".to_owned(),
        Category::Data => data(&text),
    };
    DecodeError::Form { expected, what: format!("{what} at column {}", error.column()) }
}

/// A text that borrows where no escape stands in the way. (`Cow` alone never does inside of `Option` and `Vec`.)
#[derive(Clone, Deserialize, Debug)]
pub struct Word<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Deref for Word<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// The same where a whole number counts as its text: ids are often numbers at their source, and 42 is "42".
#[derive(Clone, Debug)]
pub struct WordOrNumber<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for WordOrNumber<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = WordOrNumber<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<WordOrNumber<'de>, E> {
                Ok(WordOrNumber(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<WordOrNumber<'de>, E> {
                Ok(WordOrNumber(Cow::Owned(text.to_owned())))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<WordOrNumber<'de>, E> {
                Ok(WordOrNumber(Cow::Owned(n.to_string())))
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<WordOrNumber<'de>, E> {
                Ok(WordOrNumber(Cow::Owned(n.to_string())))
            }
        }
        from.deserialize_any(Texts)
    }
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
    fn texts_borrow_inside_of_options_and_only_ids_may_be_numbers() {
        let word: Option<Word<'_>> = serde_json::from_str("\"a\"").expect("is a text");
        assert!(matches!(word, Some(Word(Cow::Borrowed("a")))));
        assert!(serde_json::from_str::<Word<'_>>("7").is_err());
        let id: Option<WordOrNumber<'_>> = serde_json::from_str("\"a\"").expect("is a text");
        assert!(matches!(id, Some(WordOrNumber(Cow::Borrowed("a")))));
        assert_eq!(serde_json::from_str::<WordOrNumber<'_>>("-7").expect("is a number").0, "-7");
        assert!(serde_json::from_str::<WordOrNumber<'_>>("1.5").is_err());
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
