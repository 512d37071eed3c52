//! XML documents as a list of the elements that hold text, for formats whose records are flat.

use crate::decode::xml::{self, Values, Visitor};
use crate::decode::{DecodeError, Raw, json};
use std::borrow::Cow;

/// An element.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Element {
    /// Its name without a prefix.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<(String, String)>,
    /// The text right inside of it.
    pub text: String,
}

/// More elements than a record has.
const MOST: usize = 4_096;

/// The elements of a document in the order in which they begin.
pub fn elements(raw: Raw<'_>, expected: &'static str) -> Result<Vec<Element>, DecodeError> {
    let mut list = List::default();
    xml::read(json::text(raw)?, Values::Normalised, expected, &mut list)?;
    Ok(list.found)
}

#[derive(Default)]
struct List {
    found: Vec<Element>,
    /// Places in `found` of the elements that have not ended, from the outermost in.
    open: Vec<usize>,
}

impl Visitor for List {
    fn begin(&mut self, name: &str) -> Result<(), &'static str> {
        if self.found.len() == MOST {
            return Err("of too many elements");
        }
        self.open.push(self.found.len());
        self.found.push(Element { name: name.to_owned(), ..Element::default() });
        Ok(())
    }

    fn attribute(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), &'static str> {
        if let Some(element) = self.found.last_mut() {
            element.attributes.push((name.to_owned(), value.into_owned()));
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last().and_then(|at| self.found.get_mut(*at)) {
            element.text.push_str(text);
        }
    }

    fn end(&mut self) -> Result<(), &'static str> {
        self.open.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Position, RecordHash};

    fn read(text: &str) -> Result<Vec<Element>, String> {
        let raw = Raw::new(text.as_bytes(), Position(1), RecordHash::default());
        elements(raw, "XML").map_err(|error| error.to_string())
    }

    #[test]
    fn texts_come_whole_with_their_references() {
        let found = read("<a:R x='1&lt;'><B>p &amp; q&#10;<![CDATA[<r>]]></B><C/></a:R>").expect("is well-formed");
        assert_eq!(
            found.iter().map(|e| (e.name.as_str(), e.text.as_str())).collect::<Vec<_>>(),
            [("R", ""), ("B", "p & q\n<r>"), ("C", "")]
        );
        assert_eq!(found[0].attributes, [("x".to_owned(), "1<".to_owned())]);
    }

    #[test]
    fn what_is_broken_or_grows_is_refused() {
        for text in [
            "<a>",
            "<a></b>",
            "<a>&x;</a>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>",
            "<a x='1' x='2'/>",
            &"<a>".repeat(100),
            &"<a/>".repeat(5_000),
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
