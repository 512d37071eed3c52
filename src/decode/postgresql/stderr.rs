//! `postgresql-stderr`: the plain log, from `log_destination = 'stderr'` or `'syslog'`, a container's output or a provider.
//!
//! What a line tells beside its message stands in `log_line_prefix`. It is read as configured, or found out: a prefix with time,
//! process and login (`%m [%p] %q%u@%d `) is the least that is of use, `%c`, `%l`, `%r`, `%a` and `%e` make it as good as the csvlog.
//! Without `%a` and `%r` the program and the address are known from the lines of `log_connections`; without `%e` only the commonest
//! refusals are told from failures. Rows and tables are only there where pgaudit or auto_explain write them.

use crate::decode::postgresql::line::Severity;
use crate::decode::postgresql::prefixes;
use crate::decode::postgresql::reader::{Reader, Style};
use crate::decode::postgresql::syslog::{self, Parts};
use crate::decode::postgresql::words::{self, Label};
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json};

/// `postgresql-stderr`.
pub const STDERR: Format = Format {
    name: "postgresql-stderr",
    marks: "a prefix with a time, or syslog's `[5-1]`, and behind it a severity with a colon and two spaces (`LOG:  `)",
    stateless: false,
    decoder: |settings| Box::new(Stderr { reader: Reader::new(settings), parts: Parts::default() }),
    recognises,
};

struct Stderr {
    reader: Reader,
    parts: Parts,
}

impl Decoder for Stderr {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = json::text(raw)?;
        if raw.envelope.program.is_some() || raw.envelope.pid.is_some() {
            return self.parts.take(text, raw, &mut self.reader, emit);
        }
        if self.parts.go_on(text, raw, &mut self.reader) {
            return Ok(());
        }
        self.reader.take(text, raw, Style::Log, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.parts.flush(&mut self.reader, emit);
        self.reader.flush(emit);
    }
}

fn recognises(bytes: &[u8]) -> bool {
    // Cheap for lines of other formats.
    if memchr::memmem::find(bytes, b":  ").is_none() {
        return false;
    }
    let Some(line) = std::str::from_utf8(bytes).ok().and_then(|text| text.lines().next()) else { return false };
    if let Some(numbered) = syslog::numbered(line) {
        return prefixes::recognises(numbered.text, true);
    }
    let bare = words::exactly_at(line)
        .is_some_and(|(label, _)| matches!(label, Label::Message(Severity::Log | Severity::Error | Severity::Fatal)));
    bare || prefixes::recognises(line, false)
}
