//! Takes records out of what carried them: syslog headers, and the JSON that log shippers wrap around a line.
//!
//! Envelopes may lie in each other (syslog read by Filebeat). How many there are is found once for a partition, by the first
//! record that the format recognises, and again where a record turns out to be carried otherwise.

pub mod document;
mod shipper;
mod syslog;

use crate::decode::{DecodeError, Decoder, Emit, Envelope, Format, Raw, Settings};
use crate::model::time::Timestamp;
use std::borrow::Cow;
use std::sync::Arc;

/// What was inside of an envelope, and what stood on it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Letter<'a> {
    payload: Cow<'a, str>,
    time: Option<Timestamp>,
    host: Option<Cow<'a, str>>,
    program: Option<Cow<'a, str>>,
    pid: Option<Cow<'a, str>>,
}

/// Most envelopes around a record.
const MOST_LAYERS: usize = 3;

/// Opens the outermost envelope; nothing where there is none. CloudWatch puts several records into one.
fn open<'a>(text: &'a str, settings: &Settings) -> Vec<Letter<'a>> {
    match text.as_bytes().first() {
        Some(b'{') => shipper::open(text),
        Some(b'<' | b'0'..=b'9' | b'A'..=b'Z') => syslog::open(text, settings).into_iter().collect(),
        Some(_) | None => Vec::new(),
    }
}

/// How many envelopes lie around a record of the format; `None` where it is none.
pub(super) fn find(bytes: &[u8], format: &Format) -> Option<usize> {
    layers(bytes, format, &Settings::default(), 0)
}

fn layers(bytes: &[u8], format: &Format, settings: &Settings, depth: usize) -> Option<usize> {
    if (format.recognises)(bytes) {
        return Some(depth);
    }
    let text = std::str::from_utf8(bytes).ok().filter(|_| depth < MOST_LAYERS)?;
    let letters = open(text, settings);
    letters.iter().find_map(|letter| layers(letter.payload.as_bytes(), format, settings, depth + 1))
}

/// A decoder behind whatever envelopes there are.
pub(super) struct Unframed {
    inner: Box<dyn Decoder>,
    format: &'static Format,
    settings: Arc<Settings>,
    layers: Option<usize>,
}

impl Unframed {
    pub(super) fn new(inner: Box<dyn Decoder>, format: &'static Format, settings: Arc<Settings>) -> Unframed {
        Unframed { inner, format, settings, layers: None }
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
            let inside = Raw { bytes: letter.payload.as_bytes(), envelope, ..raw };
            result = result.and(self.unwrap(inside, layers - 1, emit));
        }
        result
    }
}

impl Decoder for Unframed {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if self.layers.is_none() {
            self.layers = find(raw.bytes, self.format);
        }
        let layers = self.layers.unwrap_or(0);
        let result = self.unwrap(raw, layers, emit);
        // Before the first record is known, a line of another program may be told by its envelope.
        if self.layers.is_none() && result.is_err() {
            return self.unwrap(raw, 1, emit);
        }
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
        self.inner.flush(emit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{self, Codec, Decoded};
    use crate::model::access::{Position, RecordHash};

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
    fn a_record_that_came_another_way_is_read_all_the_same_and_rubbish_is_refused() {
        let shipped = format!(r#"{{"message":{}}}"#, quoted(&record("b")));
        assert_eq!(decode(&[record("a"), shipped.clone(), record("c")]).0, ["a", "b", "c"]);
        assert_eq!(decode(&[shipped, "{}".to_owned(), "<134>".to_owned()]), (vec!["b".to_owned()], 2));
    }
}
