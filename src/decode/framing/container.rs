//! Lines as container runtimes write them to disk: `TIME stdout F text` (CRI: containerd, CRI-O), and as Fluentd writes files:
//! time, tag and JSON with tabs between; also as tools show them: kubectl with the pod's name, Kafka's console consumer with the key; and
//! Papertrail's archives. A
//! runtime's long lines come in parts, all but the last marked `P`.

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

/// The line behind `[pod/NAME/CONTAINER] `, with which `kubectl logs --prefix` begins each; `None` where there is none.
pub(super) fn kubectl(line: &str) -> Option<Unwrapped<'_>> {
    let (pod, text) = line.strip_prefix("[pod/")?.split_once("] ")?;
    (!pod.contains([' ', '[', '"'])).then(|| Unwrapped { payload: Cow::Borrowed(text), ..Unwrapped::default() })
}

/// The message in a line of Papertrail's archives, which are tables of ten columns without a header; `None` where there are others.
pub(super) fn papertrail(line: &str) -> Option<Unwrapped<'_>> {
    let mut columns = line.splitn(10, '\t');
    columns.next().filter(|id| id.len() > 15 && id.bytes().all(|b| b.is_ascii_digit()))?;
    let time = Some(Timestamp::parse(columns.next()?).ok()?);
    let (_received, _source, host) = (columns.next()?, columns.next()?, columns.next()?);
    let (_address, _facility, _severity, program) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
    let message = columns.next()?;
    let word = |word| Some(Cow::Borrowed(word)).filter(|word: &Cow<'_, str>| !word.is_empty());
    Some(Unwrapped { payload: Cow::Borrowed(message), time, host: word(host), program: word(program), ..Unwrapped::default() })
}

/// Most bytes of what Kafka's console consumer writes before a value.
const LONGEST_KEY: usize = 512;

/// The JSON behind what Kafka's console consumer writes before a value: time, partition, offset, key; `None` where there is nothing such.
pub(super) fn keyed(line: &str) -> Option<Unwrapped<'_>> {
    let at = memchr::memmem::find(&line.as_bytes()[..line.len().min(LONGEST_KEY)], b"\t{")?;
    let (head, json) = (&line[..at], &line[at + 1..]);
    if head.contains(['{', '"', ' ']) || head.split('\t').count() > 5 {
        return None;
    }
    let created = head.split('\t').find_map(|part| part.strip_prefix("CreateTime:").or_else(|| part.strip_prefix("LogAppendTime:")));
    let time = created.and_then(|millis| Timestamp::from_millis(millis.parse().ok()?).ok());
    Some(Unwrapped { payload: Cow::Borrowed(json), time, ..Unwrapped::default() })
}

/// The text behind a runtime's header; `None` where there is no such header.
pub(super) fn open(line: &str) -> Option<Unwrapped<'_>> {
    // Every line is asked: nearly all say no behind their first word.
    let at = memchr::memchr(b' ', line.as_bytes())?;
    let (time, rest) = (&line[..at], &line[at + 1..]);
    let (stream, rest) = if rest.starts_with("std") { rest.split_once(' ')? } else { return None };
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
    fn what_tools_write_before_a_line_comes_off() {
        assert_eq!(kubectl("[pod/pg-0/postgres] a b").expect("is one").payload, "a b");
        assert_eq!(keyed("db1\t{\"a\":1}").expect("is one").payload, "{\"a\":1}");
        let letter = keyed("CreateTime:1772442000120\tPartition:0\tOffset:7\tdb1\t{\"a\":\"\\t{\"}").expect("is one");
        assert_eq!((letter.payload.as_ref(), letter.time.is_some()), ("{\"a\":\"\\t{\"}", true));
        let archived =
            "711561783320576123\t2026-03-02T09:00:00Z\t2026-03-02T09:00:01Z\t2\tcrm\t192.0.2.1\tLocal0\tInfo\tapp/postgres.7\ta\tb";
        let letter = papertrail(archived).expect("is one");
        assert_eq!(
            (letter.payload.as_ref(), letter.host.as_deref(), letter.program.as_deref()),
            ("a\tb", Some("crm"), Some("app/postgres.7"))
        );
        assert_eq!(papertrail("711561783320576123\t2026-03-02T09:00:00Z\ta"), None);
        for text in ["a b\t{}", "{\"a\":1,\t{}}", "a\tb", "\u{65e5}"] {
            assert_eq!(keyed(text), None, "{text}");
        }
        for text in ["[pod/a b/c] d", "[1-1] a", "[pod/a/b]"] {
            assert_eq!(kubectl(text), None, "{text}");
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
