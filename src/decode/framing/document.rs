//! Puts records together that run over lines: pretty-printed JSON, arrays of objects, XML elements.
//!
//! A format writes a decoder of one document; [`Documents`] finds where documents begin and end. What never ends is given up
//! as lost, with its place, and the next document that stands whole on a line is read again.

use crate::decode::{DecodeError, Decoded, Decoder, Emit, Envelope, IgnoredReason, LONGEST_RECORD, LostRecord, Raw, salvaging};
use crate::model::access::{Position, RecordHash};
use crate::model::time::Timestamp;
use serde::de::IgnoredAny;

/// A decoder of documents behind one that cuts them out of lines. It refuses what is more than one document, and gives nothing of it.
pub struct Documents {
    inner: Box<dyn Decoder>,
    shape: Shape,
    open: Option<OpenDocument>,
}

/// How documents of a format begin and end.
enum Shape {
    /// Objects, one after the other or in an array.
    Json,
    /// Elements of these names.
    Xml(&'static [&'static str]),
}

/// A document whose end has not come yet.
struct OpenDocument {
    text: String,
    /// How far it was searched for its end, and how the search stands there.
    scan: Scan,
    position: Position,
    hash: RecordHash,
    time: Option<Timestamp>,
}

/// How a search stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Scan {
    at: usize,
    depth: u32,
    quoted: bool,
    escaped: bool,
    /// Of an element whose own tag is still open: the quote around an attribute.
    quote: Option<u8>,
    /// Of an element: where its own tag ends.
    tag_end: Option<usize>,
}

/// What a search found.
pub(super) enum Found {
    /// The document ends before that byte.
    End(usize),
    /// More lines are needed.
    More(Scan),
}

impl Documents {
    /// Each JSON object is a document: one a line, over several lines, or the elements of an array.
    pub fn json(inner: Box<dyn Decoder>) -> Box<dyn Decoder> {
        Box::new(Documents { inner, shape: Shape::Json, open: None })
    }

    /// Each element of one of these names is a document.
    pub fn xml(names: &'static [&'static str], inner: Box<dyn Decoder>) -> Box<dyn Decoder> {
        Box::new(Documents { inner, shape: Shape::Xml(names), open: None })
    }

    /// Goes on with the open document; gives what of the text comes after its end.
    fn go_on<'a>(&mut self, open: OpenDocument, raw: Raw<'_>, text: &'a str, emit: &mut Emit<'_>) -> Option<&'a str> {
        let OpenDocument { text: mut whole, scan, position, hash, time } = open;
        // A line end within a text is no JSON; some writers leave it there all the same.
        whole.push_str(if scan.quoted { "\\n" } else { "\n" });
        let before = whole.len();
        whole.push_str(text);
        let hash = hash.and(raw.hash);
        match self.shape.search(&whole, scan) {
            Found::End(end) => {
                let mut inside = Raw { bytes: &whole.as_bytes()[..end], position, hash, ..raw };
                inside.envelope.time = time.or(raw.envelope.time);
                if let Err(error) = self.inner.decode(inside, emit) {
                    emit(Decoded::Lost(LostRecord::new(position, hash, &whole[..end], error)));
                }
                Some(&text[end.saturating_sub(before).min(text.len())..])
            }
            Found::More(_) if whole.len() > LONGEST_RECORD => {
                let error = DecodeError::TooLong { limit: LONGEST_RECORD };
                emit(Decoded::Lost(LostRecord::new(position, hash, &whole, error)));
                None
            }
            Found::More(scan) => {
                self.open = Some(OpenDocument { text: whole, scan, position, hash, time });
                None
            }
        }
    }

    /// Gives up a document that has no end.
    fn give_up(&mut self, emit: &mut Emit<'_>) {
        if let Some(open) = self.open.take() {
            let error = DecodeError::Form { expected: self.shape.name(), what: "cut off".to_owned() };
            // What it says before that may be enough of a record.
            let raw = Raw {
                envelope: Envelope { time: open.time, ..Envelope::default() },
                ..Raw::new(open.text.as_bytes(), open.position, open.hash)
            };
            if matches!(self.shape, Shape::Json) && salvaging::again(&mut *self.inner, raw, &error, emit).is_some() {
                return;
            }
            emit(Decoded::Lost(LostRecord::new(open.position, open.hash, &open.text, error)));
        }
    }

    /// The documents that begin in a text.
    fn begin(&mut self, raw: Raw<'_>, mut text: &str, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let whole = text.trim_ascii_end();
        // Nearly every line is one document. If it is more, its decoder refuses it before it gives anything: no need to look for its end.
        let refused = if matches!(self.shape, Shape::Json) && whole.starts_with('{') && whole.ends_with('}') {
            match self.inner.decode(Raw { bytes: whole.as_bytes(), ..raw }, emit) {
                Ok(()) => return Ok(()),
                refused => Some(refused),
            }
        } else {
            None
        };
        let mut result = Ok(());
        if self.shape.start(text)?.is_none() && !raw.bytes.trim_ascii().is_empty() && text.len() == raw.bytes.len() {
            // What stands around documents.
            emit(raw.ignored(IgnoredReason::Header));
        }
        while let Some(start) = self.shape.start(text)? {
            match self.shape.search(&text[start..], Scan::default()) {
                Found::End(end) => {
                    let document = Raw { bytes: &text.as_bytes()[start..start + end], ..raw };
                    result = result.and(match &refused {
                        Some(refused) if document.bytes.len() == whole.len() => refused.clone(),
                        _ => self.inner.decode(document, emit),
                    });
                    text = &text[start + end..];
                }
                Found::More(scan) => {
                    let text = text[start..].to_owned();
                    self.open = Some(OpenDocument { text, scan, position: raw.position, hash: raw.hash, time: raw.envelope.time });
                    break;
                }
            }
        }
        result
    }
}

impl Decoder for Documents {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if raw.bytes.len() > LONGEST_RECORD {
            return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
        }
        let text = std::str::from_utf8(raw.bytes).map_err(|e| DecodeError::NotUtf8 { at: e.valid_up_to() })?;
        if self.open.is_some() && self.shape.stands_alone(text) {
            self.give_up(emit);
        }
        let rest = match self.open.take() {
            Some(open) => self.go_on(open, raw, text, emit),
            None => Some(text),
        };
        rest.map_or(Ok(()), |rest| self.begin(raw, rest, emit))
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.give_up(emit);
        self.inner.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.open.is_some() || self.inner.is_record_incomplete()
    }
}

impl Shape {
    fn name(&self) -> &'static str {
        match self {
            Shape::Json => "a JSON object",
            Shape::Xml(_) => "an XML element",
        }
    }

    /// Where the next document begins. Between them stand commas and brackets, or the tags of the elements around.
    fn start(&self, text: &str) -> Result<Option<usize>, DecodeError> {
        let refuse = |what: &str| Err(DecodeError::Form { expected: self.name(), what: what.to_owned() });
        match self {
            Shape::Json => match text.find(|c: char| !(c.is_whitespace() || matches!(c, ',' | '[' | ']'))) {
                Some(at) if text[at..].starts_with('{') => Ok(Some(at)),
                Some(_) => refuse("neither an object nor between objects"),
                None => Ok(None),
            },
            Shape::Xml(names) => {
                let found = names.iter().filter_map(|name| tag(text, name)).min();
                match found {
                    // Tags of the elements around may run over lines.
                    None if !text.trim_start().is_empty()
                        && (!(text.trim_start().starts_with('<') || text.contains("=\"")) || text.trim_start().starts_with('{')) =>
                    {
                        refuse("neither an element nor between elements")
                    }
                    found => Ok(found),
                }
            }
        }
    }

    /// Looks for the end of the document that begins with the text.
    fn search(&self, text: &str, scan: Scan) -> Found {
        match self {
            Shape::Json => object_end(text, scan),
            Shape::Xml(_) => element_end(text, scan),
        }
    }

    /// Whether the text is a document by itself, so that what is open before it has lost its end.
    fn stands_alone(&self, text: &str) -> bool {
        match self {
            Shape::Json => text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text.trim_end().trim_end_matches(',')).is_ok(),
            Shape::Xml(names) => names.iter().any(|name| tag(text, name) == Some(0)),
        }
    }
}

/// The end of the object that begins with the text.
pub(super) fn object_end(text: &str, mut scan: Scan) -> Found {
    let bytes = text.as_bytes();
    let mut at = scan.at;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            _ if scan.escaped => scan.escaped = false,
            b'\\' if scan.quoted => scan.escaped = true,
            b'"' if scan.quoted => scan.quoted = false,
            // Most of a record stands within quotes.
            _ if scan.quoted => at += memchr::memchr2(b'"', b'\\', &bytes[at..]).unwrap_or(bytes.len() - at),
            b'"' => scan.quoted = true,
            b'{' | b'[' => scan.depth += 1,
            b'}' | b']' => {
                scan.depth -= 1;
                if scan.depth == 0 {
                    return Found::End(at);
                }
            }
            _ => {}
        }
    }
    Found::More(Scan { at: bytes.len(), ..scan })
}

/// The place of `<name` as a whole tag name.
fn tag(text: &str, name: &str) -> Option<usize> {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/'));
    memchr::memchr_iter(b'<', text.as_bytes()).find(|at| text[at + 1..].strip_prefix(name).is_some_and(ends))
}

/// The end of the element that begins with the text: `/>` of its own tag, or its closing tag.
fn element_end(text: &str, mut scan: Scan) -> Found {
    let name_end = text.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(text.len());
    let name = &text[1..name_end];
    if scan.tag_end.is_none() {
        for (at, byte) in text.bytes().enumerate().skip(scan.at.max(name_end)) {
            match (scan.quote, byte) {
                (Some(open), byte) if byte == open => scan.quote = None,
                (None, b'"' | b'\'') => scan.quote = Some(byte),
                (None, b'>') => {
                    scan.tag_end = Some(at);
                    break;
                }
                _ => {}
            }
        }
    }
    let Some(tag_end) = scan.tag_end else { return Found::More(Scan { at: text.len(), ..scan }) };
    if text.as_bytes()[tag_end - 1] == b'/' {
        return Found::End(tag_end + 1);
    }
    let closing = format!("</{name}>");
    // The closing tag may have begun on what was searched already.
    let mut from = scan.at.saturating_sub(closing.len()).max(tag_end);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    match text[from..].find(&closing) {
        Some(at) => Found::End(from + at + closing.len()),
        None => Found::More(Scan { at: text.len(), ..scan }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Record;

    /// Gives each document as the id of a record.
    struct Echo;

    impl Decoder for Echo {
        fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
            let text = String::from_utf8_lossy(raw.bytes).into_owned();
            // As every decoder of documents it refuses more than one.
            let several = text.starts_with('{') && serde_json::from_str::<IgnoredAny>(&text).is_err();
            if text.contains("bad") || several {
                return Err(DecodeError::NotUtf8 { at: 0 });
            }
            let mut record = Record::new(raw.position, raw.hash, Timestamp::FIRST);
            record.id = Some(text.into());
            emit(record.into());
            Ok(())
        }
    }

    /// (line, document), and the lines of what was lost or refused.
    fn cut(mut decoder: Box<dyn Decoder>, lines: &[&str]) -> (Vec<(u64, String)>, Vec<u64>) {
        let (mut seen, mut lost) = (Vec::new(), Vec::new());
        let mut keep = |decoded: Decoded<'_>, lost: &mut Vec<u64>| match decoded {
            Decoded::Record(record) => seen.push((record.position.0, record.id.as_deref().expect("has one").to_owned())),
            Decoded::Lost(what) => lost.push(what.position.0),
            Decoded::Numbered(_) | Decoded::Ignored(_) => {}
        };
        for (at, line) in lines.iter().enumerate() {
            let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), RecordHash::default());
            if decoder.decode(raw, &mut |decoded| keep(decoded, &mut lost)).is_err() {
                lost.push(at as u64 + 1);
            }
        }
        decoder.flush(&mut |decoded| keep(decoded, &mut lost));
        (seen, lost)
    }

    fn json(lines: &[&str]) -> (Vec<(u64, String)>, Vec<u64>) {
        cut(Documents::json(Box::new(Echo)), lines)
    }

    fn xml(lines: &[&str]) -> (Vec<(u64, String)>, Vec<u64>) {
        cut(Documents::xml(&["REC", "R2"], Box::new(Echo)), lines)
    }

    fn found(documents: &[(u64, &str)]) -> Vec<(u64, String)> {
        documents.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
    }

    #[test]
    fn objects_come_one_a_line_over_lines_and_out_of_arrays() {
        let (seen, lost) = json(&["[", "  {\"a\": \"}\\\"\",", "   \"b\": [1]}, {\"c\":2},", "{\"d\":3}", "]", ""]);
        assert_eq!(seen, found(&[(2, "{\"a\": \"}\\\"\",\n   \"b\": [1]}"), (3, "{\"c\":2}"), (4, "{\"d\":3}")]));
        assert!(lost.is_empty());
    }

    #[test]
    fn a_line_end_within_a_text_is_part_of_it() {
        assert_eq!(json(&["{\"a\": \"x", "y\"} {\"b\":1}"]).0, found(&[(1, "{\"a\": \"x\\ny\"}"), (2, "{\"b\":1}")]));
    }

    #[test]
    fn an_object_without_an_end_is_lost_and_the_next_is_not() {
        let (seen, lost) = json(&["{\"bad\": \"x", "y", "{\"b\":1}", "{\"bad\":"]);
        assert_eq!((seen, lost), (found(&[(3, "{\"b\":1}")]), vec![1, 4]));
        let (seen, lost) = json(&["{\"a\": \"x", "y", "{\"b\":1}", "{\"c\":"]);
        let mended = found(&[(1, "{\"a\":\"x\\ny\"}"), (3, "{\"b\":1}"), (4, "{\"c\":null}")]);
        assert_eq!((seen, lost), (mended, vec![]), "what it says before its end was lost counts, if it suffices");
        assert_eq!(json(&["rubbish", "{\"b\":1}", "} {\"c\":1}"]), (found(&[(2, "{\"b\":1}")]), vec![1, 3]));
        assert_eq!(json(&["{\"bad\":", "1}", "{\"b\":1}"]), (found(&[(3, "{\"b\":1}")]), vec![1]));
    }

    #[test]
    fn elements_come_whole_or_empty_and_over_lines() {
        let lines = ["<?xml version=\"1.0\"?>", "<ROOT>", "<REC", " a=\"1>\"/>", "<REC><B>x</B>", "</REC><R2 b='/>'></R2>", "</ROOT>"];
        let (seen, lost) = xml(&lines);
        assert_eq!(seen, found(&[(3, "<REC\n a=\"1>\"/>"), (5, "<REC><B>x</B>\n</REC>"), (6, "<R2 b='/>'></R2>")]));
        assert!(lost.is_empty());
    }

    #[test]
    fn an_element_without_an_end_is_lost_and_the_next_is_not() {
        assert_eq!(xml(&["<REC><B>", "<REC/>", "<RECX/>"]), (found(&[(2, "<REC/>")]), vec![1]));
        assert_eq!(xml(&["rubbish", "<REC>"]), (Vec::new(), vec![1, 2]));
    }
}
