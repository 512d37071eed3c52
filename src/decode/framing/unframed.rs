//! A decoder behind whatever envelopes there are.

use crate::decode::framing::spread::{Document, Next, Spread};
use crate::decode::framing::table::{Header, Row};
use crate::decode::framing::{Opened, Unwrapped, carriers, find, layers, open, packed, values};
use crate::decode::{
    DecodeError, Decoded, Decoder, Emit, Envelope, Format, Ignored, IgnoredReason, LONGEST_RECORD, LostRecord, Raw, Settings,
};
use crate::model::access::{Position, RecordHash};
use std::borrow::Cow;
use std::sync::Arc;

/// Takes records out of their envelopes for the decoder of a format.
pub(in crate::decode) struct Unframed {
    inner: Box<dyn Decoder>,
    format: &'static Format,
    settings: Arc<Settings>,
    layers: Option<usize>,
    begun: Option<Lines>,
    /// Envelopes of this partition run over lines, and the one that has begun.
    runs_over_lines: bool,
    /// The line before, of which no envelope is known, was in none.
    bare: bool,
    spread: Option<Spread>,
    table: Option<Table>,
}

/// Lines that are put together: parts of one that a runtime cut, or a row whose quotes are open.
struct Lines {
    text: String,
    position: Position,
    hash: RecordHash,
}

/// An export whose first line names its columns.
struct Table {
    header: Header,
    /// The line that is taken for the header until a row shows it.
    first: Option<Lines>,
    open: Option<Lines>,
}

/// Decodes each, and tells the first error: one that is no record must not take its neighbours along.
fn each<T>(of: &[T], mut decode: impl FnMut(&T) -> Result<(), DecodeError>) -> Result<(), DecodeError> {
    let mut first = Ok(());
    for one in of {
        first = first.and(decode(one));
    }
    first
}

impl Table {
    /// Whether a line is held that no row has shown to be a header.
    fn waits(&self) -> bool {
        self.first.as_ref().is_some_and(|first| !first.text.is_empty())
    }
}

impl Unframed {
    pub(in crate::decode) fn new(inner: Box<dyn Decoder>, format: &'static Format, settings: Arc<Settings>) -> Unframed {
        Unframed { inner, format, settings, layers: None, begun: None, runs_over_lines: false, bare: false, spread: None, table: None }
    }

    /// A line or message, once it is text.
    fn line(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if self.table.is_some() {
            return self.row(raw, emit);
        }
        if let Some(spread) = self.spread.take() {
            return self.go_on(spread, raw, emit);
        }
        // A record over lines that has begun without an envelope goes on without one.
        if self.bare && self.layers.is_none() && self.inner.is_record_incomplete() {
            return self.inner.decode(raw, emit);
        }
        // The brackets of an array of envelopes.
        let bracket = matches!(raw.bytes.trim_ascii(), b"[" | b"]" | b"," | b"],");
        if bracket && !self.inner.is_record_incomplete() {
            // A decoder of documents knows them itself.
            let taken = self.layers == Some(0) && self.inner.decode(raw, emit).is_ok();
            if !taken {
                emit(raw.ignored(IgnoredReason::Header));
            }
            return Ok(());
        }
        if (self.layers.is_none() || self.runs_over_lines) && self.begins_more(raw) {
            return Ok(());
        }
        self.whole(raw, emit)
    }

    /// A line that was held until it was known not to be more.
    fn held(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        self.layers = self.layers.or_else(|| find(raw.bytes, self.format));
        self.whole(raw, emit)
    }

    /// Whether the line begins an export, or an envelope over lines. It is held until the next shows it.
    fn begins_more(&mut self, raw: Raw<'_>) -> bool {
        self.spread = Spread::begin(raw);
        if self.spread.is_some() || self.layers.is_some() {
            return self.spread.is_some();
        }
        self.layers = find(raw.bytes, self.format);
        if self.layers.is_some() || self.inner.reads_headers() {
            return false;
        }
        let Some((text, header)) = std::str::from_utf8(raw.bytes).ok().and_then(|text| Some((text, Header::read(text)?))) else {
            return false;
        };
        let first = Some(Lines { text: text.to_owned(), position: raw.position, hash: raw.hash });
        self.table = Some(Table { header, first, open: None });
        true
    }

    /// A whole record in its envelopes.
    fn whole(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let Some(layers) = self.layers else {
            // Before the first record is known, or where none stands on one line: whatever opens like an envelope is one.
            let layers = std::str::from_utf8(raw.bytes).map_or(0, |text| carriers(text, &self.settings));
            self.bare = layers == 0;
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

    /// Hands on what lies within so many envelopes.
    fn unwrap(&mut self, raw: Raw<'_>, layers: usize, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if layers == 0 {
            return self.bare(raw, emit);
        }
        let Ok(text) = std::str::from_utf8(raw.bytes) else { return self.inner.decode(raw, emit) };
        match open(text, &self.settings) {
            Opened::Nothing => self.inner.decode(raw, emit),
            Opened::Several(values) => each(&values, |value| {
                let one = Raw { bytes: value.as_bytes(), ..raw };
                let nested = value.starts_with('[');
                if nested { self.inner.decode(one, emit) } else { self.unwrap(one, layers, emit) }
            }),
            Opened::Letters { letters, .. } => each(&letters, |letter| self.letter(letter, raw, layers - 1, emit)),
        }
    }

    fn letter(&mut self, letter: &Unwrapped<'_>, raw: Raw<'_>, remaining: usize, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let outer = raw.envelope;
        let envelope = Envelope {
            time: letter.time.or(outer.time),
            host: letter.host.as_deref().or(outer.host),
            program: letter.program.as_deref().or(outer.program),
            pid: letter.pid.as_deref().or(outer.pid),
        };
        if let Some(parsed) = letter.parsed.as_deref() {
            let is_record = |text: &str| layers(text.as_bytes(), self.format, &self.settings, 0);
            if let (None, Some(found)) = (is_record(&letter.payload), is_record(parsed)) {
                return self.unwrap(Raw { bytes: parsed.as_bytes(), envelope, ..raw }, found, emit);
            }
        }
        let begun = self.begun.take();
        if letter.partial {
            let mut begun = begun.unwrap_or_else(|| Lines { text: String::new(), position: raw.position, hash: raw.hash });
            begun.text.push_str(&letter.payload);
            // What is too long is refused by the decoder.
            if begun.text.len() <= LONGEST_RECORD {
                self.begun = Some(begun);
                return Ok(());
            }
            let whole =
                Raw { bytes: begun.text.as_bytes(), position: begun.position, hash: begun.hash.and(raw.hash), envelope, cut: raw.cut };
            return self.unwrap(whole, remaining, emit);
        }
        match begun {
            Some(Lines { text, position, hash }) => {
                let text = text + &letter.payload;
                let whole = Raw { bytes: text.as_bytes(), position, hash: hash.and(raw.hash), envelope, cut: raw.cut };
                self.unwrap(whole, remaining, emit)
            }
            None => self.unwrap(Raw { bytes: letter.payload.as_bytes(), envelope, ..raw }, remaining, emit),
        }
    }

    /// Hands on what has no envelope. A decoder of single objects is given several one by one, once it has refused them together.
    fn bare(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if !matches!(raw.bytes.first(), Some(b'{' | b'[')) {
            return self.inner.decode(raw, emit);
        }
        let mut any = false;
        let result = self.inner.decode(raw, &mut |decoded| {
            any = true;
            emit(decoded);
        });
        let several = if result.is_err() && !any { std::str::from_utf8(raw.bytes).ok().and_then(values::side_by_side) } else { None };
        match several {
            Some(values) => each(&values, |value| self.inner.decode(Raw { bytes: value.as_bytes(), ..raw }, emit)),
            None => result,
        }
    }

    /// Goes on with an envelope over lines.
    fn go_on(&mut self, spread: Spread, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        match spread.next(raw) {
            Next::More(spread) => {
                self.spread = Some(spread);
                Ok(())
            }
            Next::Whole(document) => self.document(&document, raw, emit).unwrap_or_else(|| {
                // It is a record, which its decoder puts together as others of its kind, or none: its lines are what they were.
                self.lines(&document.into_lines(), Some(raw.position), emit)
            }),
            Next::Not(spread) => {
                let result = self.lines(&spread, None, emit);
                result.and(self.line(raw, emit))
            }
        }
    }

    /// Opens an envelope over lines; `None` where it is none.
    fn document(&mut self, document: &Document, last: Raw<'_>, emit: &mut Emit<'_>) -> Option<Result<(), DecodeError>> {
        let whole = document.whole();
        let found = find(whole.bytes, self.format).filter(|layers| *layers > 0)?;
        (self.layers, self.runs_over_lines) = (Some(found), true);
        let result = self.unwrap(whole, found, emit);
        let between = document.line_count().saturating_sub(2);
        if between > 0 {
            emit(Decoded::Ignored(Ignored { position: whole.position, lines: between, reason: IgnoredReason::Continuation }));
        }
        let rest = document.rest();
        Some(if rest.is_empty() { result } else { result.and(self.line(Raw { bytes: rest.as_bytes(), ..last }, emit)) })
    }

    /// Hands on lines that were held; what is refused of others than that one is told as lost.
    fn lines(&mut self, held: &Spread, own: Option<Position>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let mut last = Ok(());
        for line in held.lines() {
            let result = self.held_line(line, Some(line.position) == own, emit);
            match result {
                Err(error) if Some(line.position) != own => lost(line, error, emit),
                result => last = result,
            }
        }
        last
    }

    /// A line that was held; where nothing comes of it because it goes on with what is open, it says so.
    fn held_line(&mut self, line: Raw<'_>, is_last: bool, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let was_open = self.inner.is_record_incomplete();
        let (mut own, mut earlier) = (false, false);
        let result = self.held(line, &mut |decoded| {
            match decoded.fate() {
                Some((at, _)) if at == line.position => own = true,
                Some(_) => earlier = true,
                None => {}
            }
            emit(decoded);
        });
        if result.is_ok() && !own && !is_last {
            if was_open && !(earlier && self.inner.is_record_incomplete()) {
                emit(line.ignored(IgnoredReason::Continuation));
            } else if line.bytes.trim_ascii().is_empty() {
                emit(line.ignored(IgnoredReason::Blank));
            }
        }
        result
    }

    /// A line of an export.
    fn row(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let Some(mut table) = self.table.take() else { return Ok(()) };
        let text = match std::str::from_utf8(raw.bytes) {
            Ok(text) => text,
            Err(error) if table.first.is_none() => {
                self.table = Some(table);
                return Err(DecodeError::NotUtf8 { at: error.valid_up_to() });
            }
            // Text in another encoding is the format's own matter.
            Err(_) => {
                for Lines { text, position, hash } in table.first.into_iter().chain(table.open).filter(|line| !line.text.is_empty()) {
                    let line = Raw::new(text.as_bytes(), position, hash);
                    if let Err(error) = self.held(line, emit) {
                        lost(line, error, emit);
                    }
                }
                return self.held(raw, emit);
            }
        };
        let open = table.header.ends_open(text, table.open.is_some());
        let row = match table.open.take() {
            Some(Lines { text: mut whole, position, hash }) => {
                whole.push('\n');
                whole.push_str(text);
                Lines { text: whole, position, hash: hash.and(raw.hash) }
            }
            None if !open && table.first.is_none() => {
                let result = self.cells(&mut table, raw, text, emit);
                self.table = Some(table);
                return result;
            }
            None => Lines { text: text.to_owned(), position: raw.position, hash: raw.hash },
        };
        if open && row.text.len() <= LONGEST_RECORD {
            table.open = Some(row);
            self.table = Some(table);
            return Ok(());
        }
        let whole = Raw { bytes: row.text.as_bytes(), position: row.position, hash: row.hash, ..raw };
        if let Some(first) = table.first.take() {
            let object = match table.header.row(&row.text) {
                Ok(Row::Object(object)) => find(object.as_bytes(), self.format),
                // It comes again where a file is taken up, and whether it is one, the next row shows.
                Ok(Row::Header) if first.text.is_empty() => {
                    table.first = Some(first);
                    self.table = Some(table);
                    emit(whole.ignored(IgnoredReason::Header));
                    return Ok(());
                }
                Ok(Row::Header) | Err(_) => None,
            };
            let Some(found) = object else {
                // It was no header: both are what they seemed before.
                let line = Raw::new(first.text.as_bytes(), first.position, first.hash);
                if !first.text.is_empty()
                    && let Err(error) = self.held(line, emit)
                {
                    lost(line, error, emit);
                }
                return self.held(whole, emit);
            };
            self.layers = Some(found);
            if !first.text.is_empty() {
                emit(Decoded::Ignored(Ignored { position: first.position, lines: 1, reason: IgnoredReason::Header }));
            }
        }
        let result = self.cells(&mut table, whole, &row.text, emit);
        self.table = Some(table);
        result
    }

    fn cells(&mut self, table: &mut Table, raw: Raw<'_>, text: &str, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        match table.header.row(text)? {
            Row::Object(object) => self.unwrap(Raw { bytes: object.as_bytes(), ..raw }, self.layers.unwrap_or(0), emit),
            Row::Header => {
                emit(raw.ignored(IgnoredReason::Header));
                Ok(())
            }
        }
    }
}

fn lost(raw: Raw<'_>, error: DecodeError, emit: &mut Emit<'_>) {
    emit(Decoded::Lost(LostRecord::new(raw.position, raw.hash, &String::from_utf8_lossy(raw.bytes), error)));
}

impl Decoder for Unframed {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        match packed::unpacked(raw.bytes)? {
            Cow::Borrowed(bytes) => self.line(Raw { bytes, ..raw }, emit),
            Cow::Owned(bytes) => self.line(Raw { bytes: &bytes, ..raw }, emit),
        }
    }

    fn begin(&mut self, head: &[u8]) {
        self.inner.begin(head);
        if self.inner.reads_headers() {
            return;
        }
        let line = head.split(|byte| *byte == b'\n').next().and_then(|line| std::str::from_utf8(line).ok());
        if let Some(header) = line.filter(|line| find(line.as_bytes(), self.format).is_none()).and_then(Header::read) {
            // Whether it is one, the next row shows; it has been read itself.
            let first = Some(Lines { text: String::new(), position: Position(0), hash: RecordHash::default() });
            self.table = Some(Table { header, first, open: None });
        }
    }

    fn columns(&self) -> Option<&[String]> {
        // Names that no row has shown to be some are none yet.
        self.inner.columns().or_else(|| self.table.as_ref().filter(|table| !table.waits()).map(|table| table.header.names()))
    }

    fn know_columns(&mut self, names: &[String]) {
        self.inner.know_columns(names);
        if let Some(table) = &mut self.table {
            table.header.rename(names);
        }
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        if let Some(Lines { text, position, hash }) = self.begun.take() {
            let error = DecodeError::Form { expected: "a line of several parts", what: "cut off".to_owned() };
            emit(Decoded::Lost(LostRecord::new(position, hash, &text, error)));
        }
        if let Some(spread) = self.spread.take() {
            // All that is refused has been told.
            let _ = self.lines(&spread, None, emit);
        }
        if let Some(mut table) = self.table.take() {
            let open = table.open.take();
            match table.first.take() {
                Some(first) if !first.text.is_empty() => {
                    for Lines { text, position, hash } in std::iter::once(first).chain(open) {
                        let line = Raw::new(text.as_bytes(), position, hash);
                        if let Err(error) = self.held(line, emit) {
                            lost(line, error, emit);
                        }
                    }
                }
                first => {
                    if let Some(Lines { text, position, hash }) = open {
                        let error = DecodeError::Form { expected: "a row whose quotes close", what: "cut off".to_owned() };
                        lost(Raw::new(text.as_bytes(), position, hash), error, emit);
                    }
                    self.table = Some(Table { first, ..table });
                }
            }
        }
        self.inner.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        let table = self.table.as_ref().is_some_and(|table| table.open.is_some() || table.waits());
        self.begun.is_some() || self.spread.is_some() || table || self.inner.is_record_incomplete()
    }

    fn holds_lines(&self) -> bool {
        self.spread.is_some()
    }
}
