//! Takes records out of what carried them: syslog headers, the JSON that log shippers wrap around a line, the parts into which
//! container runtimes cut it.
//!
//! Envelopes may lie in each other (syslog read by Filebeat). How many there are is found once for a partition, by the first
//! record that the format recognises, and again where a record turns out to be carried otherwise.

mod container;
pub mod document;
mod shipper;
mod syslog;

use crate::decode::{DecodeError, Decoded, Decoder, Emit, Envelope, Format, LONGEST_RECORD, LostRecord, Raw, Settings};
use crate::model::access::{Position, RecordHash};
use crate::model::time::Timestamp;
use std::borrow::Cow;
use std::sync::Arc;

/// What was inside of an envelope, and what stood on it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Unwrapped<'a> {
    payload: Cow<'a, str>,
    time: Option<Timestamp>,
    host: Option<Cow<'a, str>>,
    program: Option<Cow<'a, str>>,
    pid: Option<Cow<'a, str>>,
    /// The rest of the line comes in the next one.
    partial: bool,
}

/// Most envelopes around a record.
const MOST_LAYERS: usize = 3;

/// Opens the outermost envelope; nothing where there is none. CloudWatch puts several records into one.
fn open<'a>(text: &'a str, settings: &Settings) -> Vec<Unwrapped<'a>> {
    match text.as_bytes().first() {
        Some(b'{' | b'[') => shipper::open(text),
        Some(b'<' | b'0'..=b'9' | b'A'..=b'Z') => container::open(text).map_or_else(|| syslog::open_all(text, settings), |one| vec![one]),
        Some(_) | None => Vec::new(),
    }
}

/// How many envelopes lie around a record of the format; `None` where it is none.
pub(super) fn find(bytes: &[u8], format: &Format) -> Option<usize> {
    layers(bytes, format, &Settings::default(), 0)
}

fn layers(bytes: &[u8], format: &Format, settings: &Settings, depth: usize) -> Option<usize> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| depth < MOST_LAYERS);
    let within = || {
        let letters = text.map_or(Vec::new(), |text| open(text, settings));
        letters.iter().find_map(|letter| layers(letter.payload.as_bytes(), format, settings, depth + 1))
    };
    let whole = || (format.recognises)(bytes).then_some(depth);
    match bytes.first() {
        // A record may be as much of an envelope as JSON is: what it carries would not be all of it.
        Some(b'{' | b'[') | None => whole().or_else(within),
        // A format that finds out what stands before its text would take a header for that.
        Some(_) => within().or_else(whole),
    }
}

/// How many envelopes lie around a text, whatever it is.
fn carriers(text: &str, settings: &Settings) -> usize {
    let mut text = Cow::Borrowed(text);
    for layers in 0..MOST_LAYERS {
        let Some(letter) = open(&text, settings).into_iter().next() else { return layers };
        text = Cow::Owned(letter.payload.into_owned());
    }
    MOST_LAYERS
}

/// Lines without what carries them, together; `None` where nothing does. A record may run over lines that are shipped one by one.
pub(super) fn carried(lines: &[&[u8]]) -> Option<String> {
    let (settings, mut whole, mut any) = (Settings::default(), String::new(), false);
    for line in lines.iter().filter_map(|line| std::str::from_utf8(line).ok()) {
        let mut texts = vec![Cow::Borrowed(line)];
        for _ in 0..MOST_LAYERS {
            let opened: Vec<Cow<'_, str>> =
                texts.iter().flat_map(|text| open(text, &settings)).map(|letter| Cow::Owned(letter.payload.into_owned())).collect();
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

/// A decoder behind whatever envelopes there are.
pub(super) struct Unframed {
    inner: Box<dyn Decoder>,
    format: &'static Format,
    settings: Arc<Settings>,
    layers: Option<usize>,
    begun: Option<PartialLine>,
}

/// A line of which parts have come.
struct PartialLine {
    text: String,
    position: Position,
    hash: RecordHash,
}

impl Unframed {
    pub(super) fn new(inner: Box<dyn Decoder>, format: &'static Format, settings: Arc<Settings>) -> Unframed {
        Unframed { inner, format, settings, layers: None, begun: None }
    }

    /// Hands on what lies within so many envelopes.
    fn unwrap(&mut self, raw: Raw<'_>, layers: usize, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let Some(text) = std::str::from_utf8(raw.bytes).ok().filter(|_| layers > 0) else {
            return self.inner.decode(raw, emit);
        };
        let letters = open(text, &self.settings);
        if letters.is_empty() {
            return self.inner.decode(raw, emit);
        }
        // One that is no record must not take its neighbours along.
        let mut result = Ok(());
        for letter in &letters {
            let outer = raw.envelope;
            let envelope = Envelope {
                time: letter.time.or(outer.time),
                host: letter.host.as_deref().or(outer.host),
                program: letter.program.as_deref().or(outer.program),
                pid: letter.pid.as_deref().or(outer.pid),
            };
            let begun = self.begun.take();
            if letter.partial {
                let mut begun = begun.unwrap_or_else(|| PartialLine { text: String::new(), position: raw.position, hash: raw.hash });
                begun.text.push_str(&letter.payload);
                // What is too long is refused by the decoder.
                if begun.text.len() <= LONGEST_RECORD {
                    self.begun = Some(begun);
                    continue;
                }
                let whole = Raw { bytes: begun.text.as_bytes(), position: begun.position, hash: begun.hash.and(raw.hash), envelope };
                result = result.and(self.unwrap(whole, layers - 1, emit));
                continue;
            }
            let inside = Raw { bytes: letter.payload.as_bytes(), envelope, ..raw };
            result = result.and(match begun {
                Some(PartialLine { text, position, hash }) => {
                    let text = text + &letter.payload;
                    let whole = Raw { bytes: text.as_bytes(), position, hash: hash.and(raw.hash), envelope };
                    self.unwrap(whole, layers - 1, emit)
                }
                None => self.unwrap(inside, layers - 1, emit),
            });
        }
        result
    }
}

impl Decoder for Unframed {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if self.layers.is_none() {
            self.layers = find(raw.bytes, self.format);
        }
        let Some(layers) = self.layers else {
            // Before the first record is known, or where none stands on one line: whatever opens like an envelope is one.
            let layers = std::str::from_utf8(raw.bytes).map_or(0, |text| carriers(text, &self.settings));
            let result = self.unwrap(raw, layers, emit);
            return if result.is_err() && layers > 0 { self.unwrap(raw, 0, emit) } else { result };
        };
        let result = self.unwrap(raw, layers, emit);
        // It may have come another way than those before it.
        match result.as_ref().err().and_then(|_| find(raw.bytes, self.format)).filter(|found| *found != layers) {
            Some(found) => {
                self.layers = Some(found);
                self.unwrap(raw, found, emit)
            }
            None => result,
        }
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        if let Some(PartialLine { text, position, hash }) = self.begun.take() {
            let error = DecodeError::Form { expected: "a line of several parts", what: "cut off".to_owned() };
            emit(Decoded::Lost(LostRecord { position, hash, length: text.len() as u64, error }));
        }
        self.inner.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.begun.is_some() || self.inner.is_record_incomplete()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{self, Codec};

    fn decode(lines: &[String]) -> (Vec<String>, usize) {
        let format = decode::recognise(lines.iter().map(|line| line.as_bytes())).expect("is recognised");
        assert_eq!(format.name, "canonical");
        let mut decoder = Codec::named(format, Arc::default()).decoder();
        let (mut seen, mut dead) = (Vec::new(), 0);
        for line in lines {
            let raw = Raw::new(line.as_bytes(), Position(1), RecordHash::default());
            let result = decoder.decode(raw, &mut |decoded| {
                if let Decoded::Record(record) = decoded {
                    seen.push(record.account.as_deref().expect("has an account").to_owned());
                }
            });
            dead += usize::from(result.is_err());
        }
        (seen, dead)
    }

    fn record(account: &str) -> String {
        format!(r#"{{"time":"2026-03-02T09:00:00Z","account":"{account}"}}"#)
    }

    fn quoted(text: &str) -> String {
        serde_json::Value::from(text).to_string()
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
