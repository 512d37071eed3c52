//! A decoder that is asked again where it refused a record whose form was broken, once the form is mended: JSON that lost its end, bytes
//! that are no UTF-8, a field that stands twice. What comes of it says that its text was not whole.

use crate::decode::field::cut_middle;
use crate::decode::salvage::{Prefer, objects};
use crate::decode::{DecodeError, Decoded, Decoder, Emit, LONGEST_RECORD, Raw};
use crate::model::access::Position;
use crate::model::doubts::Doubts;
use crate::model::signs::Signs;
use std::collections::VecDeque;

/// A decoder behind which broken records are mended.
pub(super) struct Salvaging {
    inner: Box<dyn Decoder>,
    /// Records that were mended and may still be held back, with their signs.
    mended: VecDeque<(Position, Signs)>,
}

/// Most mended records that are kept in mind.
const MOST_MENDED: usize = 64;

impl Salvaging {
    pub fn new(inner: Box<dyn Decoder>) -> Salvaging {
        Salvaging { inner, mended: VecDeque::new() }
    }

    fn note(&mut self, position: Position, signs: Signs) {
        self.mended.truncate(MOST_MENDED - 1);
        self.mended.push_front((position, signs));
    }

    /// Decodes the ends of what is longer than a record may be. Where they give more than one record (or one in two readings), it was no
    /// record but a list of them, most of which are lost: nothing of it is told.
    fn decode_ends(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        self.note(raw.position, Signs::CUT_TEXT);
        let (mut own, mended) = (Vec::new(), &self.mended);
        let mut result = self.inner.decode(raw, &mut |decoded| match mark(decoded, mended) {
            Decoded::Record(record) if record.position == raw.position => own.push(record.into_owned()),
            Decoded::Numbered(_) => {}
            other => emit(other),
        });
        if let Err(error) = &result
            && own.is_empty()
            && let Some(signs) = again(&mut *self.inner, raw, error, &mut |decoded| match decoded {
                Decoded::Record(record) if record.position == raw.position => own.push(record.into_owned()),
                other => emit(other),
            })
        {
            own.iter_mut().for_each(|record| record.signs = record.signs.and(signs).and(Signs::CUT_TEXT));
            result = Ok(());
        }
        if own.len() > 2 {
            return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
        }
        own.into_iter().for_each(|record| emit(record.into()));
        result
    }
}

/// Says of a record that was mended that it was.
fn mark<'d>(decoded: Decoded<'d>, mended: &VecDeque<(Position, Signs)>) -> Decoded<'d> {
    match decoded {
        Decoded::Record(mut record) => {
            if let Some((_, signs)) = mended.iter().find(|(position, _)| *position == record.position) {
                record.doubts = record.doubts.and(Doubts::TEXT).and(Doubts::PEOPLE);
                record.signs = record.signs.and(*signs);
            }
            Decoded::Record(record)
        }
        other => other,
    }
}

impl Decoder for Salvaging {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if raw.cut {
            return self.decode_ends(raw, emit);
        }
        if raw.bytes.len() > LONGEST_RECORD {
            let ends = cut_middle(raw.bytes, raw.bytes);
            let told = self.decode_ends(Raw { bytes: &ends, cut: true, ..raw }, emit);
            return told.map_err(|_| DecodeError::TooLong { limit: LONGEST_RECORD });
        }
        let mut told = false;
        let mended = &self.mended;
        let result = self.inner.decode(raw, &mut |decoded| {
            told |= decoded.fate().is_some_and(|(at, _)| at == raw.position);
            // A record is large: it is moved no more often than it must be.
            if mended.is_empty() {
                emit(decoded);
            } else {
                emit(mark(decoded, mended));
            }
        });
        let Err(error) = result else { return Ok(()) };
        if told {
            return Err(error);
        }
        match again(&mut *self.inner, raw, &error, emit) {
            Some(signs) => {
                self.note(raw.position, signs);
                Ok(())
            }
            None => Err(error),
        }
    }

    fn begin(&mut self, head: &[u8]) {
        self.inner.begin(head);
    }

    fn columns(&self) -> Option<&[String]> {
        self.inner.columns()
    }

    fn reads_headers(&self) -> bool {
        self.inner.reads_headers()
    }

    fn know_columns(&mut self, names: &[String]) {
        self.inner.know_columns(names);
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        let mended = &self.mended;
        self.inner.flush(&mut |decoded| emit(mark(decoded, mended)));
    }

    fn is_record_incomplete(&self) -> bool {
        self.inner.is_record_incomplete()
    }

    fn holds_lines(&self) -> bool {
        self.inner.holds_lines()
    }
}

/// Decodes a record again that was refused, with its form mended. Its signs, if anything came of it.
pub(super) fn again(inner: &mut dyn Decoder, raw: Raw<'_>, error: &DecodeError, emit: &mut Emit<'_>) -> Option<Signs> {
    if raw.bytes.len() > LONGEST_RECORD || matches!(error, DecodeError::Bug | DecodeError::TooLong { .. }) {
        return None;
    }
    let mut kept = Kept::default();
    if matches!(error, DecodeError::NotUtf8 { .. }) {
        let text = String::from_utf8_lossy(raw.bytes);
        if text.len() <= LONGEST_RECORD {
            kept.mended(inner, Raw { bytes: text.as_bytes(), ..raw }, Signs::default());
        }
    }
    if !kept.any_record() && raw.bytes.trim_ascii_start().starts_with(b"{") {
        let last = objects(raw.bytes, Prefer::Last).unwrap_or_default();
        // Of two that one line may be, both count.
        let twice = last.iter().any(|reading| reading.twice);
        let first = if twice { objects(raw.bytes, Prefer::First).unwrap_or_default() } else { Vec::new() };
        let mended = last.into_iter().filter(|last| last.broken || last.twice);
        for reading in mended.chain(first.into_iter().filter(|first| first.twice)) {
            let text = serde_json::Value::Object(reading.fields).to_string();
            kept.mended(inner, Raw { bytes: text.as_bytes(), ..raw }, Signs::FORGED_HEADER.if_so(reading.twice));
        }
    }
    kept.tell(emit)
}

/// What came of the readings of one record.
#[derive(Default)]
struct Kept {
    told: Vec<Decoded<'static>>,
    refused: bool,
    accepted: bool,
    signs: Signs,
}

impl Kept {
    fn mended(&mut self, inner: &mut dyn Decoder, raw: Raw<'_>, signs: Signs) {
        self.signs = self.signs.and(signs);
        let told = &mut self.told;
        let result = inner.decode(raw, &mut |decoded| match decoded {
            Decoded::Record(record) => {
                let mut record = record.into_owned();
                if record.position == raw.position {
                    record.doubts = record.doubts.and(Doubts::TEXT).and(Doubts::PEOPLE);
                    record.signs = record.signs.and(signs);
                }
                told.push(Decoded::Record(record));
            }
            Decoded::Lost(lost) => told.push(Decoded::Lost(lost)),
            Decoded::Ignored(ignored) => told.push(Decoded::Ignored(ignored)),
            // A number of a line whose form is broken proves nothing.
            Decoded::Numbered(_) => {}
        });
        self.refused |= result.is_err();
        self.accepted |= result.is_ok();
    }

    fn any_record(&self) -> bool {
        self.told.iter().any(|decoded| matches!(decoded, Decoded::Record(_)))
    }

    /// Tells it. One reading that is nothing does not make nothing of the line.
    fn tell(self, emit: &mut Emit<'_>) -> Option<Signs> {
        let any = self.any_record();
        if !any && (self.refused || !self.accepted) {
            return None;
        }
        let mut ignored = false;
        for decoded in self.told {
            let passed = matches!(decoded, Decoded::Ignored(_));
            if !(passed && (any || std::mem::replace(&mut ignored, true))) {
                emit(decoded);
            }
        }
        Some(self.signs)
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::{self, Settings, testing};
    use crate::model::doubts::Doubts;
    use crate::model::signs::Signs;

    const OCSF: &str = r#"{"class_uid":6005,"activity_id":2,"time":1772442845000,"metadata":{"version":"1.1.0","product":{"name":"db"}},"actor":{"user":{"name":"li"}},"database":{"name":"crm"},"table":{"name":"customers"}"#;

    #[test]
    fn records_of_every_json_format_survive_a_lost_end_and_a_field_that_stands_twice() {
        let format = decode::format("ocsf").expect("is one");
        let read = |line: &str| testing::decode_with(Settings::default(), format, &[line]);
        let whole = read(&format!("{OCSF}}}"));
        assert_eq!((whole.0.len(), whole.1.len()), (1, 0), "{:?}", whole.1);
        let cut = read(OCSF);
        assert_eq!((cut.0.len(), cut.1.len()), (1, 0), "{:?}", cut.1);
        assert!(cut.0[0].doubts.has(Doubts::TEXT) && cut.0[0].account.as_deref() == Some("li"));
        let twice = read(&format!(r#"{OCSF},"actor":{{"user":{{"name":"wang"}}}}}}"#));
        let logins: Vec<_> = twice.0.iter().map(|record| record.account.as_deref().unwrap_or("")).collect();
        assert_eq!(logins, ["wang", "li"]);
        assert!(twice.0.iter().all(|record| record.signs.has(Signs::FORGED_HEADER)));
        assert_eq!(read(r#"{"class_uid":6005,"x":"#).0.len(), 0, "what names nobody is none");
    }

    #[test]
    fn bytes_of_another_encoding_take_no_record_away() {
        let format = decode::format("postgresql-stderr").expect("is one");
        let mut decoder = decode::Codec::named(format, Default::default()).decoder();
        let line = b"2026-03-02 09:14:05.990 UTC [77] li@crm LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,SELECT name FROM crm.customers WHERE x = '\xc4\xe3',<none>,9";
        let mut seen = Vec::new();
        let raw = decode::Raw::new(line, crate::model::access::Position(1), Default::default());
        decoder.decode(raw, &mut |decoded| seen.extend(decoded.record().map(|record| record.rows))).expect("is read");
        decoder.flush(&mut |decoded| seen.extend(decoded.record().map(|record| record.rows)));
        assert_eq!(seen, [Some(9)]);
    }
}
