//! Lines as container runtimes write them to disk: `TIME stdout F text` (CRI: containerd, CRI-O), and as Fluentd writes files:
//! time, tag and JSON with tabs between. A runtime's long lines come in parts, all but the last marked `P`.

use crate::decode::framing::Unwrapped;
use crate::model::time::Timestamp;
use std::borrow::Cow;

/// The JSON behind Fluentd's time and tag; `None` where there are none.
pub(super) fn fluentd(line: &str) -> Option<Unwrapped<'_>> {
    let (time, rest) = line.split_once('\t')?;
    let (_tag, json) = rest.split_once('\t').filter(|(tag, json)| !tag.contains(' ') && json.starts_with('{'))?;
    let time = Some(Timestamp::parse(time).ok()?);
    Some(Unwrapped { payload: Cow::Borrowed(json), time, ..Unwrapped::default() })
}

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
    fn time_and_tag_of_fluentd_come_off() {
        assert_eq!(fluentd("2026-03-02T09:00:00+00:00\tdb.audit\t{\"a\":1}").expect("is one").payload, "{\"a\":1}");
        for text in ["x\ty\t{}", "2026-03-02T09:00:00Z\ta b\t{}", "2026-03-02T09:00:00Z\ta\tb", "a"] {
            assert_eq!(fluentd(text), None, "{text}");
        }
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
