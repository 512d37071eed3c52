//! From the texts of the fields to a record.

use crate::decode::custom::mapping::{Field, Mapping};
use crate::decode::field::{cut, whole};
use crate::decode::local_clock::{Instant, LocalClock};
use crate::decode::{DecodeError, Raw};
use crate::model::access::Operation;
use crate::model::doubts::Doubts;
use crate::model::record::{Client, EventOutcome, Object, Record, Text};
use crate::model::signs::Signs;

/// Makes a record of what `texts` says of each field. Empty texts say as little as none.
pub(super) fn assemble(
    raw: Raw<'_>,
    mapping: &Mapping,
    clock: &mut LocalClock,
    texts: impl Fn(Field) -> Vec<String>,
) -> Result<Record<'static>, DecodeError> {
    let all = |field| texts(field).into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let refuse = |field, rule: String| DecodeError::Field { field, rule };
    let mut signs = Signs::default();
    let mut one = |field| -> Option<Text<'static>> {
        let text = Text::Owned(all(field).into_iter().next()?);
        Some(if field == Field::Statement { text } else { cut(text, &mut signs) })
    };
    let shipped = |rule: String| match raw.envelope.time {
        Some(time) => Ok(Instant { time, ambiguous: false }),
        None => Err(refuse("time", rule)),
    };
    let Instant { time, ambiguous } = match one(Field::Time) {
        Some(text) => mapping.time.read(&text, clock).or_else(shipped)?,
        None => shipped("is required".to_owned())?,
    };
    let mut record = Record::new(raw.position, raw.hash, time);
    record.doubts = Doubts::TIME.if_so(ambiguous);
    record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
    record.employee = one(Field::Employee);
    record.account = one(Field::Account);
    if record.employee.is_none() && record.account.is_none() {
        return Err(refuse("employee", "or account is required".to_owned()));
    }
    record.id = one(Field::Id);
    record.session = one(Field::Session);
    record.system = one(Field::System);
    record.purpose = one(Field::Purpose);
    record.on_behalf_of = one(Field::OnBehalfOf);
    record.statement = one(Field::Statement);
    record.dialect = mapping.dialect;
    record.client = Client { ip: one(Field::Ip), host: one(Field::Host), app: one(Field::App) };
    // A word that is not known may mean anything: it counts as what may show rows.
    record.operation = one(Field::Operation).map_or(Operation::Read, |word| operation(&word, mapping));
    record.outcome = match one(Field::Outcome) {
        Some(word) if !succeeded(&word, mapping) => EventOutcome::Failure,
        Some(_) | None => EventOutcome::Success,
    };
    // A figure that is none is unknown, and never counts as nobody.
    let rows = one(Field::Rows);
    record.rows = rows.as_deref().and_then(|text| text.parse().ok().or_else(|| text.parse().ok().and_then(whole)));
    record.doubts = record.doubts.and(Doubts::FIELD.if_so(rows.is_some() && record.rows.is_none()));
    record.signs = signs;
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
