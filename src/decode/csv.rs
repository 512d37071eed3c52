//! One record of CSV as its columns: quotes around a column, doubled within it, and line ends only there.

use std::borrow::Cow;

/// What stands between columns, and around those that hold it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// Between columns.
    pub delimiter: u8,
    /// Around a column.
    pub quote: u8,
}

impl Dialect {
    /// With a delimiter and the usual quote.
    pub fn of(delimiter: u8) -> Dialect {
        Dialect { delimiter, quote: b'"' }
    }
}

impl Default for Dialect {
    fn default() -> Dialect {
        Dialect::of(b',')
    }
}

/// Whether a quoted column is open at the end of a text, given whether one was at its beginning.
pub fn ends_open(text: &str, dialect: Dialect, open: bool) -> bool {
    let bytes = text.as_bytes();
    let (mut at, mut quoted) = (0, open);
    loop {
        let wanted = if quoted { dialect.quote } else { dialect.delimiter };
        if !quoted && bytes.get(at) == Some(&dialect.quote) {
            (at, quoted) = (at + 1, true);
            continue;
        }
        let Some(found) = memchr::memchr(wanted, bytes.get(at..).unwrap_or_default()) else { return quoted };
        at += found + 1;
        if quoted {
            match bytes.get(at) {
                Some(byte) if *byte == dialect.quote => at += 1,
                Some(byte) if *byte == dialect.delimiter => (at, quoted) = (at + 1, false),
                // Whatever else follows a closing quote is no CSV: the record ends here.
                Some(_) | None => return false,
            }
        }
    }
}

/// The columns of a record in a dialect; `None` where a quote does not close, or text stands behind it or before it.
pub fn record_of(text: &str, dialect: Dialect) -> Option<Vec<Cow<'_, str>>> {
    let Dialect { delimiter, quote } = dialect;
    let text = text.trim_end_matches(['\r', '\n']);
    let (bytes, mut columns, mut at) = (text.as_bytes(), Vec::with_capacity(16), 0);
    loop {
        if bytes.get(at) == Some(&quote) {
            let start = at + 1;
            let (mut from, mut doubled) = (start, false);
            let end = loop {
                let found = from + memchr::memchr(quote, &bytes[from..])?;
                if bytes.get(found + 1) != Some(&quote) {
                    break found;
                }
                (from, doubled) = (found + 2, true);
            };
            let column = &text[start..end];
            let (two, one) = ([quote, quote], [quote]);
            let undoubled = || Some(column.replace(std::str::from_utf8(&two).ok()?, std::str::from_utf8(&one).ok()?));
            columns.push(if doubled { Cow::Owned(undoubled()?) } else { Cow::Borrowed(column) });
            at = end + 1;
            match bytes.get(at) {
                None => return Some(columns),
                Some(byte) if *byte == delimiter => at += 1,
                Some(_) => return None,
            }
            continue;
        }
        let end = memchr::memchr(delimiter, &bytes[at..]).map_or(bytes.len(), |found| at + found);
        let column = &text[at..end];
        if column.contains(['\n', '\r']) {
            return None;
        }
        columns.push(Cow::Borrowed(column));
        if end == bytes.len() {
            return Some(columns);
        }
        at = end + 1;
    }
}

/// The columns of a record. What follows a column's closing quote and is no comma ends the record.
pub fn columns(text: &str) -> Vec<Cow<'_, str>> {
    split(text).0
}

/// The same; `None` where the text is more than one record, or no whole one.
pub fn record(text: &str) -> Option<Vec<Cow<'_, str>>> {
    let (columns, whole) = split(text.trim_end_matches(['\r', '\n']));
    whole.then_some(columns)
}

/// Whether quotes are balanced.
pub fn closed(text: &str) -> bool {
    memchr::memchr_iter(b'"', text.as_bytes()).count().is_multiple_of(2)
}

fn split(text: &str) -> (Vec<Cow<'_, str>>, bool) {
    let (mut columns, mut rest, mut whole) = (Vec::with_capacity(26), Some(text), true);
    while let Some(text) = rest {
        let Some(quoted) = text.strip_prefix('"') else {
            let (column, after) = text.split_once(',').map_or((text, None), |(column, after)| (column, Some(after)));
            whole &= !column.contains(['\n', '\r']);
            columns.push(Cow::Borrowed(column));
            rest = after;
            continue;
        };
        let mut from = 0;
        let end = loop {
            let Some(at) = memchr::memchr(b'"', &quoted.as_bytes()[from..]) else { break quoted.len() };
            match quoted.as_bytes().get(from + at + 1) {
                Some(b'"') => from += at + 2,
                _ => break from + at,
            }
        };
        let column = &quoted[..end];
        columns.push(if from == 0 { Cow::Borrowed(column) } else { Cow::Owned(column.replace("\"\"", "\"")) });
        let after = quoted.get(end + 1..);
        rest = after.and_then(|after| after.strip_prefix(','));
        whole &= rest.is_some() || after == Some("");
    }
    (columns, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_lose_their_quotes_and_keep_their_line_ends() {
        assert_eq!(columns("a,\"b, \"\"c\"\"\nd\",,\"\""), ["a", "b, \"c\"\nd", "", ""]);
        assert_eq!(record("1,\"a\"\r\n").expect("is one"), ["1", "a"]);
        assert_eq!((columns("\"a\"x,b"), columns("\"open")), (vec!["a".into()], vec!["open".into()]));
    }

    #[test]
    fn a_dialect_has_its_delimiter_and_quote() {
        let dialect = Dialect { delimiter: b';', quote: b'\'' };
        assert_eq!(record_of("'a;''b''\nc';d,\"e\";", dialect).expect("is one"), ["a;'b'\nc", "d,\"e\"", ""]);
        assert_eq!((record_of("'a'x;b", dialect), record_of("'a", dialect), record_of("a\nb", dialect)), (None, None, None));
        assert_eq!(record_of("a,b,", Dialect::default()).map(|columns| columns.len()), Some(3));
        let whole = ["a\"b,c", "\"a\",b", "\"a\"\"\",b", "\"a\"x,\"b", ""].map(|text| ends_open(text, Dialect::default(), false));
        assert_eq!(whole, [false; 5]);
        assert!(ends_open("a,\"b\"\"", Dialect::default(), false) && ends_open("b,c", Dialect::default(), true));
        assert!(!ends_open("b\",c", Dialect::default(), true));
        // A quote within a column that does not begin with one stands for itself.
        assert_eq!(record_of("a\"b,c", Dialect::default()).expect("is one"), ["a\"b", "c"]);
    }

    #[test]
    fn what_is_not_exactly_one_record_is_none() {
        for text in ["\"a\"\n\"b\"", "a\nb", "\"a\"x,b", "\"open"] {
            assert_eq!(record(text), None, "{text}");
        }
    }
}
