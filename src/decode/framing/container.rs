//! Lines as container runtimes write them to disk: `TIME stdout F text` (CRI: containerd, CRI-O). Long lines come in parts, all but
//! the last marked `P`.

use crate::decode::framing::Unwrapped;
use crate::model::time::Timestamp;
use std::borrow::Cow;

/// The text behind a runtime's header; `None` where there is no such header.
pub(super) fn open(line: &str) -> Option<Unwrapped<'_>> {
    let (time, rest) = line.split_once(' ')?;
    let (stream, rest) = rest.split_once(' ')?;
    let (tags, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let partial = match tags.split(':').next()? {
        "F" => false,
        "P" => true,
        _ => return None,
    };
    if !matches!(stream, "stdout" | "stderr") {
        return None;
    }
    let time = Some(Timestamp::parse(time).ok()?);
    Some(Unwrapped { payload: Cow::Borrowed(text), time, partial, ..Unwrapped::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_a_runtime_comes_off() {
        let letter = open("2026-03-02T09:00:00.123456789Z stdout F a b").expect("is one");
        assert_eq!((letter.payload.as_ref(), letter.partial), ("a b", false));
        assert!(open("2026-03-02T09:00:00Z stderr P a").expect("is one").partial);
        assert_eq!(open("2026-03-02T09:00:00Z stdout F").expect("is one").payload, "");
    }

    #[test]
    fn other_texts_have_none() {
        for text in
            ["", "2026-03-02T09:00:00Z stdout X a", "2026-03-02T09:00:00Z file F a", "yesterday stdout F a", "2026-03-02T09:00:00Z stdout"]
        {
            assert_eq!(open(text), None, "{text}");
        }
    }
}
