//! Reads as much as can be read of JSON that is not quite JSON: cut off, with bytes that are no UTF-8, quotes that nobody escaped, fields
//! that stand twice, or nested beyond all reason. A record that names who and when is not lost for any of these.
//!
//! Time is linear in the length, memory too, and recursion is bounded.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// What was read.
#[derive(Debug)]
pub struct Salvaged {
    /// The object.
    pub fields: Map<String, Value>,
    /// Something of it could not be read, or had no end.
    pub broken: bool,
    /// A field stands twice, with different values.
    pub twice: bool,
}

/// Which of two fields of one name counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prefer {
    /// The one that stands first.
    First,
    /// The one that stands last, as most readers have it.
    Last,
}

/// Containers within containers that are read; deeper ones are passed over.
const DEEPEST: u32 = 64;

/// Most objects of one record that are read.
const MOST: usize = 1_000;

/// Reads the objects of a text. `None` where there is none, and where the first is whole and something follows: several values side by side
/// are taken apart elsewhere.
pub fn objects(bytes: &[u8], prefer: Prefer) -> Option<Vec<Salvaged>> {
    let text = String::from_utf8_lossy(bytes);
    let (mut found, mut rest) = (Vec::new(), &*text);
    while let Some(start) = memchr::memchr(b'{', rest.as_bytes()).filter(|_| found.len() < MOST) {
        let broken = matches!(text, Cow::Owned(_)) || !rest[..start].trim().is_empty();
        let mut reader = SalvageReader { text: &rest[start..], at: 0, prefer, broken, twice: false };
        let fields = reader.object(0);
        reader.blanks();
        let SalvageReader { at, broken, twice, .. } = reader;
        rest = &rest[start + at..];
        if found.is_empty() && !broken && !rest.is_empty() {
            return None;
        }
        if !fields.is_empty() {
            found.push(Salvaged { fields, broken: broken || !rest.is_empty(), twice });
        }
    }
    (!found.is_empty()).then_some(found)
}

struct SalvageReader<'t> {
    text: &'t str,
    at: usize,
    prefer: Prefer,
    broken: bool,
    twice: bool,
}

impl SalvageReader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Passes over a character that belongs nowhere.
    fn pass(&mut self) {
        self.broken = true;
        self.at += self.text[self.at..].chars().next().map_or(1, char::len_utf8);
    }

    fn value(&mut self, depth: u32) -> Value {
        self.blanks();
        match self.peek() {
            Some(b'{' | b'[') if depth >= DEEPEST => {
                self.pass_container();
                Value::Null
            }
            Some(b'{') => Value::Object(self.object(depth)),
            Some(b'[') => self.list(depth),
            Some(quote @ (b'"' | b'\'')) => Value::String(self.string(quote)),
            Some(_) => self.bare(),
            None => {
                self.broken = true;
                Value::Null
            }
        }
    }

    fn object(&mut self, depth: u32) -> Map<String, Value> {
        let mut fields = Map::new();
        self.at += 1;
        loop {
            self.blanks();
            let key = match self.peek() {
                None => {
                    self.broken = true;
                    return fields;
                }
                Some(b'}') => {
                    self.at += 1;
                    return fields;
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(quote @ (b'"' | b'\'')) => self.string(quote),
                Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'@' => self.name(),
                Some(_) => {
                    self.pass();
                    continue;
                }
            };
            self.blanks();
            if self.peek() != Some(b':') {
                self.broken = true;
                continue;
            }
            self.at += 1;
            let value = self.value(depth + 1);
            match fields.get_mut(&key) {
                Some(known) if *known == value => {}
                Some(known) => {
                    self.twice = true;
                    if self.prefer == Prefer::Last {
                        *known = value;
                    }
                }
                None => {
                    fields.insert(key, value);
                }
            }
        }
    }

    fn list(&mut self, depth: u32) -> Value {
        let mut values = Vec::new();
        self.at += 1;
        loop {
            self.blanks();
            match self.peek() {
                None => {
                    self.broken = true;
                    return Value::Array(values);
                }
                Some(b']') => {
                    self.at += 1;
                    return Value::Array(values);
                }
                Some(b',') => self.at += 1,
                Some(b'}' | b':') => self.pass(),
                Some(_) => values.push(self.value(depth + 1)),
            }
        }
    }

    /// A name without quotes, up to its colon.
    fn name(&mut self) -> String {
        self.broken = true;
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '}' | '{' | '[' | '"')).unwrap_or(rest.len());
        self.at += end.max(1);
        rest[..end].to_owned()
    }

    /// A number or word; what is none stays as text.
    fn bare(&mut self) -> Value {
        let rest = &self.text[self.at..];
        let end = rest.find([',', '}', ']', '\n']).unwrap_or(rest.len());
        if end == 0 {
            self.pass();
            return Value::Null;
        }
        self.at += end;
        let word = rest[..end].trim();
        serde_json::from_str(word).unwrap_or_else(|_| {
            self.broken = true;
            Value::from(word)
        })
    }

    /// A text. A quote behind which the object cannot go on is part of it.
    fn string(&mut self, quote: u8) -> String {
        self.broken |= quote == b'\'';
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(next) = memchr::memchr2(quote, b'\\', rest.as_bytes()) else {
                self.broken = true;
                out.push_str(rest);
                self.at = self.text.len();
                return out;
            };
            self.broken |= rest.as_bytes()[..next].iter().any(|byte| *byte < b' ');
            out.push_str(&rest[..next]);
            self.at += next + 1;
            if rest.as_bytes()[next] == b'\\' {
                self.escape(&mut out);
                continue;
            }
            let after = self.text.as_bytes()[self.at..].iter().find(|byte| !byte.is_ascii_whitespace());
            if after.is_none_or(|byte| matches!(byte, b',' | b':' | b'}' | b']')) {
                return out;
            }
            self.broken = true;
            out.push(char::from(quote));
        }
    }

    fn escape(&mut self, out: &mut String) {
        let Some(c) = self.text[self.at..].chars().next() else {
            self.broken = true;
            return;
        };
        self.at += c.len_utf8();
        match c {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            '"' | '\\' | '/' => out.push(c),
            'u' => {
                let high = self.unit();
                let c = match high {
                    Some(0xd800..=0xdbff) if self.text[self.at..].starts_with("\\u") => {
                        let before = self.at;
                        self.at += 2;
                        let low = self.unit();
                        let pair = char::decode_utf16([high.unwrap_or(0), low.unwrap_or(0)]).next().and_then(Result::ok);
                        if pair.is_none() {
                            self.at = before;
                        }
                        pair
                    }
                    unit => unit.and_then(|unit| char::from_u32(u32::from(unit))),
                };
                self.broken |= c.is_none();
                out.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            other => {
                self.broken = true;
                out.push(other);
            }
        }
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }

    /// Passes over what is nested too deep.
    fn pass_container(&mut self) {
        self.broken = true;
        let (mut depth, mut quoted, mut escaped) = (0u64, false, false);
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &[u8], prefer: Prefer) -> Salvaged {
        objects(bytes, prefer).expect("an object begins").remove(0)
    }

    fn read(text: &str) -> (Value, bool, bool) {
        let found = one(text.as_bytes(), Prefer::Last);
        (Value::Object(found.fields), found.broken, found.twice)
    }

    #[test]
    fn what_is_json_is_read_as_it_stands() {
        for text in [
            r#"{"a":1,"b":[1.5,-2,true,null,"x"],"c":{"d":"\u00e9\n\"\ud83d\ude00"}}"#,
            r#" {"a" : "b:c,d}" , "e" : [] , "f":{} } "#,
            r#"{"a":10000.0,"b":1e4,"c":18446744073709551615}"#,
        ] {
            let known: Value = serde_json::from_str(text).expect("is JSON");
            assert_eq!(read(text), (known, false, false), "{text}");
        }
    }

    #[test]
    fn what_is_not_quite_json_is_read_as_far_as_it_goes() {
        for (text, known) in [
            (r#"{"a":"b","c":["d","e"#, r#"{"a":"b","c":["d","e"]}"#),
            (r#"{"a":"b","c":{"d":1"#, r#"{"a":"b","c":{"d":1}}"#),
            (r#"{"a":"x "quoted" y","b":1}"#, r#"{"a":"x \"quoted\" y","b":1}"#),
            (r#"{'a': 'b', c: True}"#, r#"{"a":"b","c":"True"}"#),
            (r#"{"a":"\ud800x","b":2,}"#, "{\"a\":\"\u{fffd}x\",\"b\":2}"),
            ("{\"a\":\"x\ty\",,\"c\":4} tail", "{\"a\":\"x\\ty\",\"c\":4}"),
        ] {
            let (value, broken, twice) = read(text);
            let known: Value = serde_json::from_str(known).expect("is JSON");
            assert!(broken && !twice, "{text}");
            assert_eq!(value, known, "{text}");
        }
        let bytes = one(b"{\"a\":\"\xff\",\"b\":1}", Prefer::Last);
        assert!(bytes.broken && bytes.fields["b"] == 1);
        assert!(objects(b"no object", Prefer::Last).is_none() && objects(b"{}", Prefer::Last).is_none());
    }

    #[test]
    fn of_fields_that_stand_twice_the_first_or_the_last_counts() {
        let text = br#"{"a":1,"b":2,"a":3,"b":2}"#;
        let (first, last) = (one(text, Prefer::First), one(text, Prefer::Last));
        assert!(first.twice && last.twice && !last.broken);
        assert_eq!((&first.fields["a"], &last.fields["a"]), (&Value::from(1), &Value::from(3)));
        assert!(!read(r#"{"a":1,"a":1}"#).2);
    }

    #[test]
    fn nesting_and_rubbish_cost_their_length() {
        let deep = format!(r#"{{"a":1,"x":{}{},"b":2}}"#, "[".repeat(200_000), "]".repeat(200_000));
        let (value, broken, _) = read(&deep);
        assert!(broken && value["b"] == 2);
        for rubbish in
            ["{".repeat(200_000), "{\"".repeat(100_000), "{\\".repeat(100_000), "{a:".repeat(100_000), "{]}[\u{e9}".repeat(50_000)]
        {
            let _ = objects(rubbish.as_bytes(), Prefer::First);
        }
    }

    #[test]
    fn what_stands_behind_a_whole_object_is_the_matter_of_others_and_behind_a_broken_one_is_read() {
        assert!(objects(br#"{"a":1}{"b":2}"#, Prefer::Last).is_none() && objects(br#"{"a":1} tail"#, Prefer::Last).is_none());
        let found = objects(br#"{"a":"x "q" y"}{"b":2}, {"c""#, Prefer::Last).expect("objects begin");
        assert_eq!(
            found.iter().map(|one| Value::Object(one.fields.clone()).to_string()).collect::<Vec<_>>(),
            [r#"{"a":"x \"q\" y"}"#, r#"{"b":2}"#]
        );
    }
}
