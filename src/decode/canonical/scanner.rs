//! Reads a canonical record of the form that programs write: no escapes, no field twice, texts and whole numbers where they belong.
//!
//! What it reads it reads as serde does, in half the time; whatever is out of the ordinary it leaves to serde, which also says what is wrong.

use super::{CanonicalClient, CanonicalObject, CanonicalRecord, Count, Outcome, When, Words};
use crate::decode::json::WordOrNumber;
use crate::model::access::Operation;
use std::borrow::Cow;

/// The record in a text, or `None` where anything is unusual.
pub(super) fn scan(text: &str) -> Option<CanonicalRecord<'_>> {
    let mut scanner = Scanner { text, at: 0 };
    let record = scanner.record()?;
    scanner.skip_blanks();
    (scanner.at == text.len()).then_some(record)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// Puts a value where none is yet: a field that stands twice is for serde.
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

impl<'a> Scanner<'a> {
    fn record(&mut self) -> Option<CanonicalRecord<'a>> {
        let (mut time, mut employee, mut account, mut on_behalf_of, mut id, mut session) = (None, None, None, None, None, None);
        let (mut client, mut system, mut operation, mut objects, mut statement) = (None, None, None, None, None);
        let (mut rows, mut subjects, mut purpose, mut outcome) = (None, None, None, None);
        self.object(|scanner, key| match key {
            "time" => once(&mut time, When::Text(Cow::Borrowed(scanner.string()?))),
            "employee" => once(&mut employee, scanner.word()?),
            "account" => once(&mut account, scanner.word()?),
            "on_behalf_of" => once(&mut on_behalf_of, scanner.word()?),
            "id" => once(&mut id, scanner.word()?),
            "session" => once(&mut session, scanner.word()?),
            "client" => once(&mut client, scanner.client()?),
            "system" => once(&mut system, scanner.word()?),
            "operation" => once(&mut operation, operation_named(scanner.string()?)?),
            "objects" => once(&mut objects, scanner.list(Scanner::accessed)?),
            "statement" => once(&mut statement, scanner.word()?),
            "rows" => once(&mut rows, Count(scanner.whole_number()?)),
            "subjects" => once(&mut subjects, scanner.words()?),
            "purpose" => once(&mut purpose, scanner.word()?),
            "outcome" => once(&mut outcome, outcome_named(scanner.string()?)?),
            // Fields of the writer's own are passed over where they are texts.
            _ => scanner.string().map(drop),
        })?;
        Some(CanonicalRecord {
            time: time?,
            employee,
            account,
            on_behalf_of,
            id,
            session,
            client,
            system,
            operation,
            objects,
            statement,
            rows,
            subjects: subjects.unwrap_or_default(),
            purpose,
            outcome,
        })
    }

    fn client(&mut self) -> Option<CanonicalClient<'a>> {
        let (mut ip, mut host, mut app) = (None, None, None);
        self.object(|scanner, key| match key {
            "ip" => once(&mut ip, scanner.word()?),
            "host" => once(&mut host, scanner.word()?),
            "app" => once(&mut app, scanner.word()?),
            _ => scanner.string().map(drop),
        })?;
        Some(CanonicalClient { ip, host, app })
    }

    fn accessed(&mut self) -> Option<CanonicalObject<'a>> {
        let (mut table, mut columns) = (None, None);
        self.object(|scanner, key| match key {
            "table" => once(&mut table, scanner.word()?),
            "columns" => once(&mut columns, scanner.words()?),
            _ => scanner.string().map(drop),
        })?;
        Some(CanonicalObject { table: table?, columns })
    }

    fn words(&mut self) -> Option<Words<'a>> {
        self.list(Scanner::string).map(|texts| Words(texts.into_iter().map(Cow::Borrowed).collect()))
    }

    fn word(&mut self) -> Option<WordOrNumber<'a>> {
        self.string().map(|text| WordOrNumber(Cow::Borrowed(text)))
    }

    /// An object, each of whose fields is read by its name.
    fn object(&mut self, mut field: impl FnMut(&mut Scanner<'a>, &'a str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.is_next(b'}') {
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.expect(b':')?;
            field(self, key)?;
            if !self.is_next(b',') {
                return self.expect(b'}');
            }
        }
    }

    fn list<T>(&mut self, item: impl Fn(&mut Scanner<'a>) -> Option<T>) -> Option<Vec<T>> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        if self.is_next(b']') {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if !self.is_next(b',') {
                self.expect(b']')?;
                return Some(items);
            }
        }
    }

    /// A text without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let length = plain_length(self.text.as_bytes().get(self.at..)?);
        let text = self.text.get(self.at..self.at + length)?;
        self.at += length;
        // An escape, a control character or the end stand here otherwise.
        (self.text.as_bytes().get(self.at) == Some(&b'"')).then(|| self.at += 1)?;
        Some(text)
    }

    /// A whole number without sign, fraction, exponent or needless zeros.
    fn whole_number(&mut self) -> Option<u64> {
        self.skip_blanks();
        let rest = self.text.as_bytes().get(self.at..)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_plain = matches!(rest.get(digits), Some(b',' | b'}' | b' ')) && digits <= 19 && (digits == 1 || rest.first() != Some(&b'0'));
        let number = self.text.get(self.at..self.at + digits).filter(|_| is_plain)?.parse().ok()?;
        self.at += digits;
        Some(number)
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.as_bytes().get(self.at) {
            self.at += 1;
        }
    }

    fn is_next(&mut self, wanted: u8) -> bool {
        self.skip_blanks();
        let is_it = self.text.as_bytes().get(self.at) == Some(&wanted);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        self.is_next(wanted).then_some(())
    }
}

fn operation_named(name: &str) -> Option<Operation> {
    Operation::ALL.into_iter().find(|operation| operation.name() == name)
}

fn outcome_named(name: &str) -> Option<Outcome> {
    match name {
        "success" => Some(Outcome::Success),
        "failure" => Some(Outcome::Failure),
        _ => None,
    }
}

/// How many bytes come before the first quotation mark, backslash or control character; eight are looked at in one go.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    // The lowest byte that is zero, or below a limit, borrows in a subtraction: of those marked the first is marked rightly.
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut rest = bytes;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (is_zero(word ^ (ONES * 0x22)) | is_zero(word ^ (ONES * 0x5c)) | control) & HIGHEST;
        if found != 0 {
            return bytes.len() - rest.len() + (found.trailing_zeros() / 8) as usize;
        }
        rest = after;
    }
    let last = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
    bytes.len() - rest.len() + last
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: &str = r#"{"time":"2026-01-12T12:08:50.977+08:00","id":"20260112-429-20","employee":"E0429","session":"s1","client":{"ip":"10.18.1.179","host":"客服-0429","app":"crm-desktop"},"system":"crm","operation":"read","objects":[{"table":"crm.customers","columns":["name","phone"]},{"table":"t"}],"rows":12,"subjects":["C1","C2"],"purpose":"ticket:INC-1","on_behalf_of":"E1","statement":"select 1","outcome":"success","note":"own"}"#;

    fn by_serde(text: &str) -> Option<String> {
        serde_json::from_str::<CanonicalRecord<'_>>(text).ok().map(|record| format!("{record:?}"))
    }

    fn scanned(text: &str) -> Option<String> {
        scan(text).map(|record| format!("{record:?}"))
    }

    #[test]
    fn what_programs_write_is_read_as_serde_reads_it() {
        let spaced = PLAIN.replace(':', " : ").replace(',', " ,\t");
        for text in [PLAIN, &spaced, r#"{"time":"1","account":"a","rows":0}"#, r#"{"time":"","objects":[],"subjects":[],"client":{}}"#] {
            assert!(scanned(text).is_some(), "{text}");
            assert_eq!(scanned(text), by_serde(text));
        }
    }

    #[test]
    fn what_is_unusual_is_left_to_serde() {
        for text in [
            r#"{"time":"1","employee":"a\n"}"#,
            r#"{"time":"1","employee":7}"#,
            r#"{"time":1,"employee":"a"}"#,
            r#"{"time":"1","employee":null}"#,
            r#"{"time":"1","rows":1.0}"#,
            r#"{"time":"1","rows":01}"#,
            r#"{"time":"1","rows":18446744073709551616}"#,
            r#"{"time":"1","time":"1"}"#,
            r#"{"time":"1","operation":"guess"}"#,
            r#"{"time":"1","own":{"time":"2"}}"#,
            r#"{"time":"1","objects":[{"columns":[]}]}"#,
            r#"{"time":"1"} {"time":"1"}"#,
            r#"{"time":"1",}"#,
            r#"{"employee":"a"}"#,
            "{\"time\":\"1\u{1}\"}",
            "{\"time\":\"1",
            "",
        ] {
            assert_eq!(scanned(text), None, "{text}");
        }
    }

    proptest! {
        /// Whatever is done to a record: what the scanner reads, serde reads, and reads the same.
        #[test]
        fn never_otherwise_than_serde(edits in prop::collection::vec((any::<prop::sample::Index>(), 0..24usize, any::<bool>()), 0..4)) {
            const PIECES: [&str; 24] = [
                "\"", "\\", ",", ":", "{", "}", "[", "]", " ", "\n", "\u{7f}", "\u{1f}", "0", "-1", "1e3", "null", "\"rows\":", "\"id\":\"x\",",
                "\"time\":\"t\",", "é", "身份", "\"subjects\":[],", "\"client\":{\"ip\":\"1\"},", "\"x\":\"y\",",
            ];
            let mut text: Vec<char> = PLAIN.chars().collect();
            for (place, piece, replace) in edits {
                let at = place.index(text.len());
                text.splice(at..at + usize::from(replace), PIECES[piece].chars());
            }
            let text: String = text.into_iter().collect();
            if let Some(read) = scanned(&text) {
                prop_assert_eq!(Some(read), by_serde(&text));
            }
        }

        /// The first byte that ends a text, wherever it stands.
        #[test]
        fn the_end_of_a_text_is_found(bytes in prop::collection::vec(prop_oneof![8 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'!'), 1 => Just(0x1f)], 0..40)) {
            let first = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_length(&bytes), first);
        }
    }
}
