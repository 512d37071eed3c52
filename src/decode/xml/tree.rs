//! An XML element as a tree: attributes and children by their names without prefix, text as `#`. A child that stands once is
//! a value, one that stands more often a list.

use crate::decode::row::form;
use crate::decode::xml::{self, Values, Visitor};
use crate::decode::{DecodeError, Raw, json};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Reads the one element of a record.
pub fn tree(raw: Raw<'_>, expected: &'static str) -> Result<Value, DecodeError> {
    let mut tree = Tree::default();
    xml::read(json::text(raw)?, Values::Normalised, expected, &mut tree)?;
    tree.root.map(Value::Object).ok_or_else(|| form(expected, "cut off"))
}

#[derive(Default)]
struct Tree {
    /// Names and contents of the elements that have not ended, from the outermost in.
    open: Vec<(String, Map<String, Value>)>,
    root: Option<Map<String, Value>>,
}

impl Visitor for Tree {
    fn begin(&mut self, name: &str) -> Result<(), &'static str> {
        self.open.push((name.to_owned(), Map::new()));
        Ok(())
    }

    fn attribute(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), &'static str> {
        if let Some((_, content)) = self.open.last_mut() {
            content.insert(name.to_owned(), Value::String(value.into_owned()));
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        let Some((_, content)) = self.open.last_mut() else { return };
        match content.get_mut("#") {
            Some(Value::String(known)) => known.push_str(text),
            _ if text.trim().is_empty() => {}
            _ => {
                content.insert("#".to_owned(), Value::String(text.to_owned()));
            }
        }
    }

    fn end(&mut self) -> Result<(), &'static str> {
        let Some((name, content)) = self.open.pop() else { return Ok(()) };
        match self.open.last_mut() {
            Some((_, parent)) => add_child(parent, name, Value::Object(content)),
            None => self.root = self.root.take().or(Some(content)),
        }
        Ok(())
    }
}

fn add_child(parent: &mut Map<String, Value>, name: String, value: Value) {
    match parent.get_mut(&name) {
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
        None => {
            parent.insert(name, value);
        }
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
}
