//! Takes records out of what carried them: syslog headers, the JSON that log shippers wrap around a line, the parts into which
//! container runtimes cut it, exports of tables.
//!
//! Envelopes may lie in each other (syslog read by Filebeat). How many there are is found once for a partition, by the first
//! record that the format recognises, and again where a record turns out to be carried otherwise. Values side by side (an array, objects
//! one after the other) are each taken by itself and are no envelope.

mod batch;
mod container;
pub mod document;
mod fields;
mod packed;
mod pairs;
mod shipper;
mod spread;
mod syslog;
pub(in crate::decode) mod table;
mod unframed;
mod values;

use crate::decode::{Format, Settings};
use crate::model::time::Timestamp;
pub(in crate::decode) use packed::unpacked;
use std::borrow::Cow;
pub(super) use unframed::Unframed;

/// What was inside of an envelope, and what stood on it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Unwrapped<'a> {
    payload: Cow<'a, str>,
    /// What the shipper has parsed of it and sends beside it.
    parsed: Option<Cow<'a, str>>,
    time: Option<Timestamp>,
    host: Option<Cow<'a, str>>,
    program: Option<Cow<'a, str>>,
    pid: Option<Cow<'a, str>>,
    /// The rest of the line comes in the next one.
    partial: bool,
}

/// What lies within a text.
enum Opened<'a> {
    /// It is no envelope.
    Nothing,
    /// Several values side by side.
    Several(Vec<Cow<'a, str>>),
    /// An envelope.
    Letters {
        letters: Vec<Unwrapped<'a>>,
        /// It is one of carriers alone, and no record by itself.
        batch: bool,
    },
}

/// Most envelopes around a record.
const MOST_LAYERS: usize = 4;

/// Opens the outermost envelope.
fn open<'a>(text: &'a str, settings: &Settings) -> Opened<'a> {
    match text.as_bytes().first() {
        Some(b'{') => {
            let shipper::Opened { letters: found, batch } = shipper::open(text);
            match found.is_empty() {
                true => values::side_by_side(text).map_or(Opened::Nothing, Opened::Several),
                false => Opened::Letters { letters: found, batch },
            }
        }
        Some(b'[') => match (container::kubectl(text), values::side_by_side(text)) {
            (Some(line), _) => Opened::Letters { letters: vec![line], batch: false },
            (None, Some(values)) => Opened::Several(values),
            (None, None) => batch::asked(text).map_or(Opened::Nothing, |letters| Opened::Letters { letters, batch: true }),
        },
        Some(b'<' | b'0'..=b'9' | b'A'..=b'Z') => {
            let tabbed = || memchr::memchr(b'\t', text.as_bytes()).map(|_| text);
            let with_tabs = |text| container::fluentd(text).or_else(|| container::papertrail(text)).or_else(|| container::keyed(text));
            let file = container::open(text).or_else(|| pairs::open(text)).or_else(|| tabbed().and_then(with_tabs));
            let letters = file.map_or_else(|| syslog::open_all(text, settings), |one| vec![one]);
            if letters.is_empty() { Opened::Nothing } else { Opened::Letters { letters, batch: false } }
        }
        Some(b' ' | b'\t' | b'\n' | b'\r') if text.trim_start().starts_with(['{', '[']) => open(text.trim_start(), settings),
        Some(_) => container::keyed(text)
            .or_else(|| pairs::open(text))
            .map_or(Opened::Nothing, |one| Opened::Letters { letters: vec![one], batch: false }),
        None => Opened::Nothing,
    }
}

/// How many envelopes lie around a record of the format; `None` where it is none.
pub(super) fn find(bytes: &[u8], format: &Format) -> Option<usize> {
    layers(bytes, format, &Settings::default(), 0)
}

fn layers(bytes: &[u8], format: &Format, settings: &Settings, depth: usize) -> Option<usize> {
    let whole = || (format.recognises)(bytes).then_some(depth);
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| depth < MOST_LAYERS) else { return whole() };
    let of = |payload: &str| layers(payload.as_bytes(), format, settings, depth + 1);
    let any = |letters: &[Unwrapped<'_>]| {
        letters
            .iter()
            .find_map(|letter| of(&letter.payload).or_else(|| of(letter.parsed.as_deref().filter(|parsed| !parsed.is_empty())?)))
    };
    match open(text, settings) {
        Opened::Nothing => whole(),
        Opened::Several(values) => {
            // A list in a list is none of records.
            let value =
                |value: &Cow<'_, str>| if value.starts_with('[') { None } else { layers(value.as_bytes(), format, settings, depth) };
            values.iter().find_map(value).or_else(whole)
        }
        // A record may be as much of an envelope as JSON is: what it carries would not be all of it. But an object within it that is a
        // record of the same format is all there is: many are recognised by words wherever they stand.
        Opened::Letters { letters, batch: false } if text.trim_start().starts_with('{') => {
            let parsed = |letter: &Unwrapped<'_>| letter.parsed.is_some() || letter.payload.trim_start().starts_with(['{', '[']);
            let within = if letters.iter().any(parsed) { any(&letters) } else { None };
            within.or_else(whole).or_else(|| any(&letters))
        }
        // A format that finds out what stands before its text would take a header for that.
        Opened::Letters { letters, .. } => any(&letters).or_else(whole),
    }
}

/// The texts within a text, one envelope taken off.
fn within<'a>(text: &'a str, settings: &Settings) -> Vec<Cow<'a, str>> {
    match open(text, settings) {
        Opened::Nothing => Vec::new(),
        Opened::Several(values) => values,
        Opened::Letters { letters, .. } => letters.into_iter().map(|letter| letter.payload).collect(),
    }
}

/// How many envelopes lie around a text, whatever it is.
fn carriers(text: &str, settings: &Settings) -> usize {
    let mut text = Cow::Borrowed(text);
    let mut layers = 0;
    while layers < MOST_LAYERS {
        let (first, counts) = match open(&text, settings) {
            Opened::Nothing => return layers,
            Opened::Several(values) => (values.into_iter().next().filter(|value| !value.starts_with('[')), false),
            Opened::Letters { letters, .. } => (letters.into_iter().next().map(|letter| letter.payload), true),
        };
        let Some(first) = first else { return layers };
        layers += usize::from(counts);
        text = Cow::Owned(first.into_owned());
    }
    MOST_LAYERS
}

/// Lines without what carries them, together; `None` where nothing does. A record may run over lines that are shipped one by one, and an
/// envelope over lines.
pub(super) fn carried(lines: &[&[u8]]) -> Option<String> {
    let settings = Settings::default();
    let lines: Vec<Cow<'_, str>> = lines.iter().filter_map(|line| std::str::from_utf8(line).ok()).map(Cow::Borrowed).collect();
    freed(lines.clone(), &settings).or_else(|| {
        let joined = lines.join("\n");
        let whole = joined.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '[' | ','));
        let closed = values::closed(whole);
        freed(vec![Cow::Borrowed(closed.as_deref().unwrap_or(whole))], &settings)
    })
}

fn freed(lines: Vec<Cow<'_, str>>, settings: &Settings) -> Option<String> {
    let (mut whole, mut any) = (String::new(), false);
    for line in lines {
        let mut texts = vec![line];
        for _ in 0..MOST_LAYERS {
            let opened: Vec<Cow<'_, str>> = texts
                .iter()
                .flat_map(|text| within(text, settings).into_iter().map(|text| Cow::Owned(text.into_owned())).collect::<Vec<_>>())
                .collect();
            if opened.is_empty() {
                break;
            }
            (texts, any) = (opened, true);
        }
        texts.iter().for_each(|text| {
            whole.push_str(text);
            whole.push('\n');
        });
    }
    any.then_some(whole)
}

/// The object that the first row of an export makes, where the first of the lines names its columns.
pub(super) fn first_row(lines: &[&[u8]]) -> Option<String> {
    let mut lines = lines.iter().filter_map(|line| std::str::from_utf8(line).ok()).filter(|line| !line.trim().is_empty());
    let mut header = table::Header::read(lines.next()?)?;
    let (mut row, mut open) = (String::new(), false);
    for line in lines {
        row.push_str(line);
        open = header.ends_open(line, open);
        if !open {
            break;
        }
        row.push('\n');
    }
    match header.row(&row).ok()? {
        table::Row::Object(text) => Some(text),
        table::Row::Header => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::{self, Codec, Decoded, Raw};
    use crate::model::access::{Position, RecordHash};
    use std::sync::Arc;

    fn decode(lines: &[String]) -> (Vec<String>, usize) {
        let format = decode::recognise(lines.iter().map(|line| line.as_bytes())).expect("is recognised");
        assert_eq!(format.name, "canonical");
        let mut decoder = Codec::named(format, Arc::default()).decoder();
        let (mut seen, mut dead) = (Vec::new(), 0);
        for line in lines {
            let raw = Raw::new(line.as_bytes(), Position(1), RecordHash::default());
            let mut lost = 0;
            let result = decoder.decode(raw, &mut |decoded| match decoded {
                Decoded::Record(record) => seen.push(record.account.as_deref().expect("has an account").to_owned()),
                Decoded::Lost(_) => lost += 1,
                Decoded::Numbered(_) | Decoded::Ignored(_) => {}
            });
            dead += lost + usize::from(result.is_err());
        }
        decoder.flush(&mut |decoded| dead += usize::from(matches!(decoded, Decoded::Lost(_))));
        (seen, dead)
    }

    fn record(account: &str) -> String {
        format!(r#"{{"time":"2026-03-02T09:00:00Z","account":"{account}"}}"#)
    }

    fn quoted(text: &str) -> String {
        serde_json::Value::from(text).to_string()
    }

    #[test]
    fn values_side_by_side_are_records_of_their_own() {
        let (a, b) = (record("a"), record("b"));
        let texts = [format!("{a}{b}"), format!("{a}\n{b}\n"), format!("[{a},{b}]"), format!("[{},{}]", quoted(&a), quoted(&b))];
        let shipped = |text: &str| format!(r#"{{"schema":null,"payload":{}}}"#, text);
        let texts = texts.iter().flat_map(|text| [text.clone(), shipped(&quoted(text))]).chain([shipped(&texts[2])]);
        for text in texts {
            assert_eq!(decode(std::slice::from_ref(&text)), (vec!["a".to_owned(), "b".to_owned()], 0), "{text}");
            // After a record that came alone, and with one among them that is none.
            assert_eq!(decode(&[record("c"), text]), (["c", "a", "b"].map(str::to_owned).to_vec(), 0));
        }
        assert_eq!(decode(&[format!("{a}{{\"x\":1}}{b}")]), (vec!["a".to_owned(), "b".to_owned()], 1));
    }

    #[test]
    fn envelopes_over_lines_are_opened_and_what_is_none_goes_on_as_it_came() {
        let (a, b) = (quoted(&record("a")), quoted(&record("b")));
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let pretty = format!("{{\n  \"events\": [\n    {{\n      \"message\": {a}\n    }},\n    {{\"message\": {b}}}\n  ]\n}}\n");
        assert_eq!(decode(&lines(&pretty)).0, ["a", "b"]);
        assert_eq!(decode(&lines(&format!("[\n{pretty},\n{pretty}]"))).0, ["a", "b", "a", "b"]);
        let listed = format!("[\n{{\"message\":{a}}},\n{{\"message\":{b}}}\n]");
        assert_eq!(decode(&lines(&listed)), (vec!["a".to_owned(), "b".to_owned()], 0));
        assert_eq!(decode(&lines(&format!("[\n{},\n{}\n]", record("a"), record("b")))), (vec!["a".to_owned(), "b".to_owned()], 0));
        // One that lost its end, then records that stand alone.
        let torn = pretty.lines().take(5).map(str::to_owned).chain([record("c")]).collect::<Vec<_>>();
        let (seen, dead) = decode(&torn);
        assert_eq!((seen, dead > 0), (vec!["c".to_owned()], true));
    }

    #[test]
    fn exports_with_a_header_are_read_as_objects() {
        let lines =
            ["time,account,rows,system", "2026-03-02T09:00:00Z,a,7,\"x", "y\"", "2026-03-02T09:00:00Z,b,7", "2026-03-02T09:00:00Z,c,,"];
        assert_eq!(decode(&lines.map(str::to_owned)), (vec!["a".to_owned(), "c".to_owned()], 1));
        // Whoever goes on in the middle is told the header.
        let format = decode::format("canonical").expect("is one");
        let mut decoder = Codec::named(format, Arc::default()).decoder();
        decoder.begin(b"time,account,rows,system\n2026-03-02T09:00:00Z,a,7,x\n");
        let mut rows = Vec::new();
        let raw = Raw::new(b"2026-03-02T09:00:00Z,d,8,x", Position(9), RecordHash::default());
        let mut keep = |decoded: Decoded<'_>| rows.extend(decoded.record().map(|record| record.rows));
        decoder.decode(raw, &mut keep).expect("is one");
        decoder.flush(&mut keep);
        decoder.decode(raw, &mut keep).expect("is one");
        assert_eq!(rows, [Some(8), Some(8)]);
    }

    #[test]
    fn lists_in_lists_and_envelopes_without_end_are_refused_in_bounded_time() {
        let mut text = quoted(&record("a"));
        for _ in 0..12 {
            text = quoted(&format!(r#"{{"message":{text}}}"#));
        }
        let deep = format!(r#"{{"message":{text}}}"#);
        let lists = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let objects = "{\"records\":[".repeat(50_000);
        assert_eq!(decode(&[record("a"), deep, lists, objects]), (vec!["a".to_owned()], 3));
    }

    #[test]
    fn records_come_out_of_the_envelopes_of_shippers() {
        let (a, b) = (quoted(&record("a")), quoted(&record("b")));
        let filebeat = format!(
            r#"{{"@timestamp":"2026-03-02T09:00:01Z","log":{{"offset":1,"file":{{"path":"/x"}}}},"message":{a},"host":{{"name":"h"}}}}"#
        );
        let fluent = format!(r#"{{"date":1.5,"log":{a}}}"#);
        let cloudwatch = format!(
            r#"{{"messageType":"DATA_MESSAGE","logEvents":[{{"id":"1","timestamp":1,"message":{a}}},{{"id":"2","timestamp":2,"message":{b}}}]}}"#
        );
        let syslog = format!("<134>1 2026-03-02T09:00:00Z host app 12 - - {}", record("a"));
        let within = format!(r#"{{"message":{}}}"#, quoted(&syslog));
        for one in [&filebeat, &fluent, &syslog, &within] {
            assert_eq!(decode(std::slice::from_ref(one)), (vec!["a".to_owned()], 0), "{one}");
        }
        assert_eq!(decode(&[cloudwatch]).0, ["a", "b"]);
    }

    #[test]
    fn lines_that_a_runtime_cut_are_put_together() {
        let long = format!("{{\"time\":\"2026-03-02T09:00:00Z\",\"account\":\"a\",\"statement\":\"{}\"}}", "x".repeat(20_000));
        let (first, second) = long.split_at(16 * 1024);
        let runtime = |tag: &str, text: &str| format!("2026-03-02T09:00:00Z stdout {tag} {text}");
        let docker = |text: &str| format!(r#"{{"log":{},"stream":"stdout","time":"2026-03-02T09:00:00Z"}}"#, quoted(text));
        let whole = format!("{}\n", record("b"));
        assert_eq!(decode(&[runtime("F", &record("b")), runtime("P", first), runtime("F", second)]).0, ["b", "a"]);
        let fluent = |tag: &str, text: &str| format!(r#"{{"stream":"stdout","logtag":"{tag}","message":{}}}"#, quoted(text));
        assert_eq!(decode(&[fluent("F", &record("b")), fluent("P", first), fluent("F", second)]).0, ["b", "a"]);
        assert_eq!(decode(&[docker(&record("b")), docker(&record("c"))]).0, ["b", "c"], "some shippers take the line's end away");
        assert_eq!(decode(&[docker(&whole), docker(first), docker(&format!("{second}\n"))]).0, ["b", "a"]);
    }

    #[test]
    fn a_record_that_came_another_way_is_read_all_the_same_and_rubbish_is_refused() {
        let shipped = format!(r#"{{"message":{}}}"#, quoted(&record("b")));
        assert_eq!(decode(&[record("a"), shipped.clone(), record("c")]).0, ["a", "b", "c"]);
        assert_eq!(decode(&[shipped, "{}".to_owned(), "<134>".to_owned()]), (vec!["b".to_owned()], 2));
    }
}
