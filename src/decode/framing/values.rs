//! JSON texts that hold several values: arrays, and objects one after the other, with or without line ends between them.

use serde_json::value::RawValue;
use std::borrow::Cow;

/// The values of a text that holds several; `None` where it is one value, or none.
pub(super) fn side_by_side(text: &str) -> Option<Vec<Cow<'_, str>>> {
    if text.starts_with('[') {
        let several: Vec<&RawValue> = serde_json::from_str(text.trim_end()).ok()?;
        // Texts in an array are lines of a log.
        let value = |value: &RawValue| serde_json::from_str::<String>(value.get()).ok().map(Cow::Owned);
        let values = several.into_iter().map(|one| if one.get().starts_with('{') { Some(Cow::Borrowed(one.get())) } else { value(one) });
        return values.collect::<Option<Vec<_>>>().filter(|values| !values.is_empty());
    }
    let between = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '\0');
    let (mut values, mut rest) = (Vec::new(), text);
    while rest.starts_with('{') {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let Some(Ok(value)) = stream.next() else { break };
        values.push(Cow::Borrowed(value.get()));
        rest = rest[stream.byte_offset()..].trim_start_matches(between);
    }
    // What follows and is no JSON is refused by itself.
    if !values.is_empty() && !rest.is_empty() {
        values.push(Cow::Borrowed(rest));
    }
    // The element of an array that stands on a line has a comma behind it.
    let element = values.len() == 1 && text.trim_end().ends_with([',', ']', '\0']);
    (values.len() > 1 || element).then_some(values)
}

/// A text that was cut, closed behind its last whole value; `None` where it is whole or has none.
pub(super) fn closed(text: &str) -> Option<String> {
    let (mut open, mut quoted, mut escaped) = (Vec::new(), false, false);
    let mut last: Option<(usize, Vec<u8>)> = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => open.push(b'}'),
            b'[' if !quoted => open.push(b']'),
            b'}' | b']' if !quoted => {
                if open.pop() != Some(byte) || open.len() > DEEPEST {
                    return None;
                }
                if byte == b'}' {
                    last = Some((at + 1, open.clone()));
                }
            }
            _ => {}
        }
    }
    let (end, open) = last.filter(|_| !open.is_empty())?;
    let mut closed = text[..end].to_owned();
    open.iter().rev().for_each(|byte| closed.push(char::from(*byte)));
    Some(closed)
}

/// Brackets around a value of which its closing is kept in mind.
const DEEPEST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart_whatever_stands_between_them() {
        for text in
            ["{\"a\":1}{\"b\":2}", "{\"a\":1}\n{\"b\":2}\n", "[{\"a\":1}, {\"b\":2}]", "{\"a\":1}, {\"b\":2},", "{\"a\":1}\0{\"b\":2}\0"]
        {
            assert_eq!(side_by_side(text).expect("several"), ["{\"a\":1}", "{\"b\":2}"], "{text}");
        }
        assert_eq!(side_by_side("[\"a\\tb\",\"c\"]").expect("several"), ["a\tb", "c"]);
        assert_eq!(side_by_side("{\"a\":1} rubbish").expect("several"), ["{\"a\":1}", "rubbish"]);
        assert_eq!(side_by_side("{\"a\":1},").expect("an element"), ["{\"a\":1}"]);
        for text in ["{}", "{\"a\":1", "[1,2]", "[]", "x", "[[1]]"] {
            assert_eq!(side_by_side(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_cut_is_closed_behind_its_last_value() {
        assert_eq!(closed("{\"e\":[{\"a\":\"}\"},\n{\"b\":").as_deref(), Some("{\"e\":[{\"a\":\"}\"}]}"));
        assert_eq!((closed("{}"), closed("{\"a\":"), closed("]")), (None, None, None));
    }
}
