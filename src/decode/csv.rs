//! One record of CSV as its columns: quotes around a column, doubled within it, and line ends only there.

use std::borrow::Cow;

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
    fn what_is_not_exactly_one_record_is_none() {
        for text in ["\"a\"\n\"b\"", "a\nb", "\"a\"x,b", "\"open"] {
            assert_eq!(record(text), None, "{text}");
        }
    }
}
