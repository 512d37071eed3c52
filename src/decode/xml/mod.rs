//! XML documents of audit records, read by one loop: nested no deeper than [`DEEPEST`], without document types and entities of
//! their own (which could grow without bound), every error without content.
//!
//! A format picks the shape that it needs: a [`tree`], or a flat list of [`elements`]; or it implements [`Visitor`] itself.

pub mod elements;
pub mod tree;

use crate::decode::DecodeError;
use crate::decode::row::form;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::borrow::Cow;

/// Deepest element that is read.
pub const DEEPEST: usize = 64;

/// Takes the parts of a document in their order. An error is what is wrong with the document, without its content.
pub trait Visitor {
    /// An element begins, its name without a prefix. Its attributes follow.
    fn begin(&mut self, name: &str) -> Result<(), &'static str>;
    /// An attribute of the element that began last, its name without a prefix.
    fn attribute(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), &'static str>;
    /// Text right inside of the innermost element; it may come in several pieces.
    fn text(&mut self, text: &str);
    /// The innermost element ends.
    fn end(&mut self) -> Result<(), &'static str>;
}

/// How values are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Values {
    /// As XML 1.0 has it: one form of line ends in texts, blanks for line ends in attributes, no NUL.
    Normalised,
    /// As they were written, for writers that escape every character that matters to them, even those that XML does not allow.
    Verbatim,
}

const ATTRIBUTE: &str = "an attribute is broken or stands twice";
const ENTITY: &str = "an entity of its own";

/// Reads a document to its end.
pub fn read(text: &str, values: Values, expected: &'static str, visitor: &mut impl Visitor) -> Result<(), DecodeError> {
    walk(text, values, visitor).map_err(|what| form(expected, what))
}

fn walk(text: &str, values: Values, visitor: &mut impl Visitor) -> Result<(), &'static str> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        match reader.read_event().map_err(|_| "not XML")? {
            Event::Start(_) if depth == DEEPEST => return Err("nested too deep"),
            Event::Start(start) => {
                depth += 1;
                element(&start, values, visitor)?;
            }
            Event::Empty(start) => {
                element(&start, values, visitor)?;
                visitor.end()?;
            }
            Event::End(_) => {
                depth = depth.checked_sub(1).ok_or("not XML")?;
                visitor.end()?;
            }
            Event::Text(text) if values == Values::Normalised => visitor.text(&text.xml10_content()),
            Event::Text(text) => visitor.text(&text),
            // Its line ends stay as they are: statements are compared with those of other logs.
            Event::CData(text) => visitor.text(&text),
            Event::GeneralRef(name) => {
                let character = character(&name, values).ok_or(ENTITY)?;
                visitor.text(character.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err("a document type"),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return if depth == 0 { Ok(()) } else { Err("cut off") },
        }
    }
}

fn element(start: &BytesStart<'_>, values: Values, visitor: &mut impl Visitor) -> Result<(), &'static str> {
    visitor.begin(start.local_name().into_inner())?;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| ATTRIBUTE)?;
        let value = match values {
            Values::Normalised => attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| ATTRIBUTE)?,
            Values::Verbatim => unescape(&attribute.value)?,
        };
        visitor.attribute(attribute.key.local_name().into_inner(), value)?;
    }
    Ok(())
}

/// Puts the characters back that stand as entities.
fn unescape(value: &str) -> Result<Cow<'_, str>, &'static str> {
    if !value.contains('&') {
        return Ok(Cow::Borrowed(value));
    }
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, behind) = after.split_once(';').ok_or(ENTITY)?;
        text.push_str(before);
        text.push(character(name, Values::Verbatim).ok_or(ENTITY)?);
        rest = behind;
    }
    text.push_str(rest);
    Ok(Cow::Owned(text))
}

/// The character that an entity stands for: one of the five that XML knows, or a number.
fn character(entity: &str, values: Values) -> Option<char> {
    match entity {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = entity.strip_prefix('#')?;
            let (digits, radix) = digits.strip_prefix(['x', 'X']).map_or((digits, 10), |hex| (hex, 16));
            let number = u32::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))?;
            char::from_u32(number).filter(|character| values == Values::Verbatim || *character != '\0')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down what it is given.
    #[derive(Default)]
    struct Echo(String);

    impl Visitor for Echo {
        fn begin(&mut self, name: &str) -> Result<(), &'static str> {
            self.0.push_str(&format!("<{name}"));
            Ok(())
        }
        fn attribute(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), &'static str> {
            self.0.push_str(&format!(" {name}={value}"));
            Ok(())
        }
        fn text(&mut self, text: &str) {
            self.0.push_str(text);
        }
        fn end(&mut self) -> Result<(), &'static str> {
            self.0.push('>');
            Ok(())
        }
    }

    fn echo(text: &str, values: Values) -> Result<String, String> {
        let mut echo = Echo::default();
        read(text, values, "a test", &mut echo).map(|()| echo.0).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_normalised_or_taken_as_they_were_written() {
        let text = "<a:b x='1\n&lt;'>p\r\n&#1;<![CDATA[\r\n]]></a:b>";
        assert_eq!(echo(text, Values::Normalised).as_deref(), Ok("<b x=1 <p\n\u{1}\r\n>"));
        assert_eq!(echo(text, Values::Verbatim).as_deref(), Ok("<b x=1\n<p\r\n\u{1}\r\n>"));
        assert_eq!(echo("<a x='&#0;'>&#0;</a>", Values::Verbatim).as_deref(), Ok("<a x=\0\0>"));
        assert!(echo("<a>&#0;</a>", Values::Normalised).is_err());
    }

    #[test]
    fn hostile_xml_is_refused_without_its_content() {
        let deep = "<a>".repeat(DEEPEST + 1);
        for values in [Values::Normalised, Values::Verbatim] {
            for (text, why) in [
                (deep.as_str(), "nested too deep"),
                ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "a document type"),
                ("<a>&secret;</a>", ENTITY),
                ("<a>&#+1;</a>", ENTITY),
                ("<a b='1' b='2'/>", ATTRIBUTE),
                ("<a", "not XML"),
                ("<a></secret>", "not XML"),
                ("<a>", "cut off"),
            ] {
                let error = echo(text, values).expect_err("is refused");
                assert!(error.ends_with(why) && !error.contains("secret"), "{text}: {error}");
            }
        }
    }
}
