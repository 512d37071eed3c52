//! From the texts of the fields to a record.

use crate::decode::custom::mapping::{Field, Mapping};
use crate::decode::local_clock::{Instant, LocalClock};
use crate::decode::{DecodeError, Raw};
use crate::model::access::Operation;
use crate::model::doubts::Doubts;
use crate::model::record::{Client, EventOutcome, Object, Record, Text};

/// Longest text of one field, in bytes; statements may be as long as the record.
const LONGEST_FIELD: usize = 4_096;

/// Makes a record of what `texts` says of each field. Empty texts say as little as none.
pub(super) fn assemble(
    raw: Raw<'_>,
    mapping: &Mapping,
    clock: &mut LocalClock,
    texts: impl Fn(Field) -> Vec<String>,
) -> Result<Record<'static>, DecodeError> {
    let all = |field| texts(field).into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let refuse = |field, rule: String| DecodeError::Field { field, rule };
    let one = |name, field| -> Result<Option<Text<'static>>, DecodeError> {
        let Some(text) = all(field).into_iter().next() else { return Ok(None) };
        if text.len() > LONGEST_FIELD && field != Field::Statement {
            return Err(refuse(name, format!("must not be longer than {LONGEST_FIELD} bytes")));
        }
        Ok(Some(Text::Owned(text)))
    };
    let Instant { time, ambiguous } = match one("time", Field::Time)? {
        Some(text) => mapping.time.read(&text, clock).map_err(|rule| refuse("time", rule))?,
        None => Instant { time: raw.envelope.time.ok_or_else(|| refuse("time", "is required".to_owned()))?, ambiguous: false },
    };
    let mut record = Record::new(raw.position, raw.hash, time);
    record.doubts = Doubts::TIME.if_so(ambiguous);
    record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
    record.employee = one("employee", Field::Employee)?;
    record.account = one("account", Field::Account)?;
    if record.employee.is_none() && record.account.is_none() {
        return Err(refuse("employee", "or account is required".to_owned()));
    }
    record.id = one("id", Field::Id)?;
    record.session = one("session", Field::Session)?;
    record.system = one("system", Field::System)?;
    record.purpose = one("purpose", Field::Purpose)?;
    record.statement = one("statement", Field::Statement)?;
    record.dialect = mapping.dialect;
    record.client = Client { ip: one("ip", Field::Ip)?, host: one("host", Field::Host)?, app: one("app", Field::App)? };
    // A word that is not known may mean anything: it counts as what may show rows.
    record.operation = one("operation", Field::Operation)?.map_or(Operation::Read, |word| operation(&word, mapping));
    record.outcome = match one("outcome", Field::Outcome)? {
        Some(word) if !succeeded(&word, mapping) => EventOutcome::Failure,
        Some(_) | None => EventOutcome::Success,
    };
    // A figure that is none is unknown, and says so by being refused rather than by counting nobody.
    record.rows = match one("rows", Field::Rows)? {
        Some(text) => Some(text.parse().map_err(|_| refuse("rows", "must be a whole number".to_owned()))?),
        None => None,
    };
    let columns: Vec<Text<'static>> = all(Field::Columns).into_iter().map(Text::Owned).collect();
    let columns = (!columns.is_empty()).then_some(columns);
    record.objects = all(Field::Table).into_iter().map(|table| Object { table: Text::Owned(table), columns: columns.clone() }).collect();
    record.subjects = all(Field::Subjects).into_iter().map(Text::Owned).collect();
    Ok(record)
}

fn operation(word: &str, mapping: &Mapping) -> Operation {
    let known = Operation::ALL.into_iter().find(|operation| operation.name().eq_ignore_ascii_case(word));
    mapping.operations.get(word).copied().or(known).unwrap_or(Operation::Other)
}

fn succeeded(word: &str, mapping: &Mapping) -> bool {
    const SUCCESSES: [&str; 4] = ["success", "ok", "true", "0"];
    SUCCESSES.iter().any(|known| known.eq_ignore_ascii_case(word)) || mapping.successes.iter().any(|known| known == word)
}
