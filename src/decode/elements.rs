//! XML documents as a list of the elements that hold text, for formats whose records are flat.

use crate::decode::row::form;
use crate::decode::{DecodeError, Raw, json};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

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
/// Deeper than a record goes.
const DEEPEST: usize = 64;

/// The elements of a document in the order in which they begin.
pub fn elements(raw: Raw<'_>, expected: &'static str) -> Result<Vec<Element>, DecodeError> {
    let mut reader = Reader::from_str(json::text(raw)?);
    let mut found: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let broken = || form(expected, "not well-formed XML");
    loop {
        match reader.read_event().map_err(|_| broken())? {
            Event::Start(start) => {
                open.push(found.len());
                found.push(element(&start).ok_or_else(broken)?);
            }
            Event::Empty(start) => found.push(element(&start).ok_or_else(broken)?),
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => add(&mut found, &open, &text.xml10_content()),
            Event::CData(text) => add(&mut found, &open, &text),
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(|_| broken())? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference).ok_or_else(broken)?.to_owned(),
                };
                add(&mut found, &open, &character);
            }
            // Entities of one's own could grow without bound.
            Event::DocType(_) => return Err(form(expected, "with a document type")),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        if found.len() > MOST || open.len() > DEEPEST {
            return Err(form(expected, "of too many elements"));
        }
    }
    if open.is_empty() { Ok(found) } else { Err(form(expected, "cut off")) }
}

fn element(start: &BytesStart<'_>) -> Option<Element> {
    let name = start.local_name().into_inner().to_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
        attributes.push((attribute.key.local_name().into_inner().to_owned(), value));
    }
    Some(Element { name, attributes, text: String::new() })
}

fn add(found: &mut [Element], open: &[usize], text: &str) {
    if let Some(element) = open.last().and_then(|at| found.get_mut(*at)) {
        element.text.push_str(text);
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
        for text in ["<a>", "<a></b>", "<a>&x;</a>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "<a x='1' x='2'/>", &"<a>".repeat(100)] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
