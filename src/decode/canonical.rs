//! `canonical`: leakwarden's own record (docs/contract.md §2), one JSON object a line or Kafka message. Programs that know whose record they
//! show should write it: nothing has to be inferred from it.
//!
//! | field | type | |
//! |---|---|---|
//! | `time` | RFC 3339 string, or integer epoch milliseconds (of another unit: `time_unit` of a format of one's own) | required |
//! | `employee` or `account` | text | one is required; an account is resolved by `accounts.csv` |
//! | `id`, `session` | text | a repeat of an id within `[time] dedup` counts once |
//! | `client` | `{"ip", "host", "app"}` | |
//! | `system` | text | database or application, as the catalog names it |
//! | `operation` | `read` `export` `write` `delete` `login` `admin` `other` | default `read` |
//! | `objects` | `[{"table", "columns"}]` | what was read |
//! | `statement` | SQL | analysed for tables, columns and keys where `objects` is absent |
//! | `rows` | number | absent is *unknown*, never zero |
//! | `subjects` | list of ids | the people disclosed, where they are known |
//! | `on_behalf_of` | text | employee or login for whom a service, robot or assistant acts: its act counts for them too, as one that it claims |
//! | `purpose` | `KIND:REF` | claimed reason; it counts only if that reason is on file and covers |
//! | `outcome` | `success` `failure` | default `success` |
//!
//! **Tells** everything that the writer knows. **Counted**: by `subjects` where they are given, else by rows, tables and statement.
//!
//! **Refused**: an object without time or name. A text over 4,096 bytes is cut and marked (statements may be as long as the record, 4 MiB);
//! what is of another type than here, or cut off, is read as far as it can be and else unknown. Where a field stands twice, the line counts
//! as both, and it is a sign of tampering. Unknown fields are ignored.
//!
//! **Example**:
//!
//! ```json
//! {"time":"2026-03-02T09:14:05Z","id":"a032","account":"li_na","system":"crm","objects":[{"table":"crm.customers","columns":["name","phone"]}],"rows":1,"subjects":["C10001"],"client":{"ip":"10.0.0.7"},"purpose":"ticket:INC-10442"}
//! ```

mod scanner;

use crate::decode::field::{cut, whole};
use crate::decode::json::WordOrNumber;
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json, lenient};
use crate::model::access::Operation;
use crate::model::record::{Client, EventOutcome, Object, Record, Text};
use crate::model::signs::Signs;
use crate::model::time::{TimeUnit, Timestamp};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// `canonical`.
pub const FORMAT: Format = Format {
    name: "canonical",
    recognised_by: "an object with `time` and `employee` or `account`",
    stateless: true,
    decoder: |settings| Box::new(Canonical { unit: settings.time_unit, zone: settings.zone.clone() }),
    recognises: |line| {
        serde_json::from_slice::<CanonicalRecord<'_>>(line).is_ok_and(|record| record.employee.is_some() || record.account.is_some())
    },
};

/// The decoder of canonical records. Records stand alone: it keeps nothing.
#[derive(Default)]
pub struct Canonical {
    /// Of times that are numbers.
    unit: TimeUnit,
    /// Of times that name none.
    zone: Option<TimeZone>,
}

impl Decoder for Canonical {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let when = lenient::When { unit: self.unit, zone: self.zone.as_ref() };
        let text = match json::text(raw) {
            Err(error @ DecodeError::NotUtf8 { .. }) => {
                return match lenient::read(raw, when, emit) {
                    Some(Ok(())) => Ok(()),
                    Some(Err(_)) | None => Err(error),
                };
            }
            text => text?,
        };
        if text.trim().is_empty() {
            return Ok(());
        }
        let read = scanner::scan(text).map_or_else(|| serde_json::from_str::<CanonicalRecord<'_>>(text), Ok);
        match read {
            Ok(record) => match record.into_record(raw, self.unit) {
                Ok(record) => {
                    emit(record.into());
                    Ok(())
                }
                Err(error) => lenient::read(raw, when, emit).unwrap_or(Err(error)),
            },
            Err(error) => {
                let known = || json::error_with("a canonical JSON object", &error, |_| "wrong type or value".to_owned());
                match lenient::read(raw, when, emit) {
                    Some(Err(rule)) if error.is_data() => Err(rule),
                    Some(Ok(())) => Ok(()),
                    Some(Err(_)) | None => Err(known()),
                }
            }
        }
    }
}

/// `time` as text or number.
#[derive(Debug)]
enum When<'a> {
    Text(Text<'a>),
    Number(i64),
}

impl<'de: 'a, 'a> Deserialize<'de> for When<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Times;
        impl<'de> Visitor<'de> for Times {
            type Value = When<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 string or integer epoch milliseconds")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<When<'de>, E> {
                Ok(When::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<When<'de>, E> {
                Ok(When::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_i64<E: de::Error>(self, ms: i64) -> Result<When<'de>, E> {
                Ok(When::Number(ms))
            }
            fn visit_u64<E: de::Error>(self, ms: u64) -> Result<When<'de>, E> {
                Ok(When::Number(i64::try_from(ms).unwrap_or(i64::MAX)))
            }
        }
        from.deserialize_any(Times)
    }
}

/// A list of texts that borrows.
#[derive(Default, Debug)]
struct Words<'a>(Vec<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Words<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Words<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Words<'de>, A::Error> {
                let mut words = Vec::with_capacity(seq.size_hint().unwrap_or(1));
                while let Some(WordOrNumber(text)) = seq.next_element()? {
                    words.push(text);
                }
                Ok(Words(words))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Words<'de>, E> {
                Ok(Words::default())
            }
        }
        from.deserialize_any(List)
    }
}

/// A number of rows: some writers make every number a float.
#[derive(Debug)]
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl Visitor<'_> for Numbers {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Count, E> {
                Ok(Count(number))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Count, E> {
                whole(number).map(Count).ok_or_else(|| E::custom("no whole number"))
            }
        }
        from.deserialize_any(Numbers)
    }
}

#[derive(Deserialize, Debug)]
struct CanonicalRecord<'a> {
    #[serde(borrow)]
    time: When<'a>,
    #[serde(borrow)]
    employee: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    account: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    on_behalf_of: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    id: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    session: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    client: Option<CanonicalClient<'a>>,
    #[serde(borrow)]
    system: Option<WordOrNumber<'a>>,
    operation: Option<Operation>,
    #[serde(borrow)]
    objects: Option<Vec<CanonicalObject<'a>>>,
    #[serde(borrow)]
    statement: Option<WordOrNumber<'a>>,
    rows: Option<Count>,
    #[serde(borrow, default)]
    subjects: Words<'a>,
    #[serde(borrow)]
    purpose: Option<WordOrNumber<'a>>,
    outcome: Option<Outcome>,
}

#[derive(Deserialize, Debug)]
struct CanonicalClient<'a> {
    #[serde(borrow)]
    ip: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    host: Option<WordOrNumber<'a>>,
    #[serde(borrow)]
    app: Option<WordOrNumber<'a>>,
}

#[derive(Deserialize, Debug)]
struct CanonicalObject<'a> {
    #[serde(borrow)]
    table: WordOrNumber<'a>,
    #[serde(borrow)]
    columns: Option<Words<'a>>,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Success,
    Failure,
}

impl<'a> CanonicalRecord<'a> {
    fn into_record(self, raw: Raw<'_>, unit: TimeUnit) -> Result<Record<'a>, DecodeError> {
        let time = match &self.time {
            When::Text(text) => Timestamp::parse(text).map_err(|error| error.to_string()),
            When::Number(number) => unit.since_1970(*number).map_err(|_| unit.implausible(*number)),
        }
        .map_err(|rule| DecodeError::Field { field: "time", rule })?;
        let mut record = Record::new(raw.position, raw.hash, time);
        record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
        let mut signs = Signs::default();
        let mut field = |word: Option<WordOrNumber<'a>>| word.map(|word| cut(word.0, &mut signs));
        record.employee = field(self.employee).filter(|text| !text.trim().is_empty());
        record.account = field(self.account).filter(|text| !text.trim().is_empty());
        if record.employee.is_none() && record.account.is_none() {
            return Err(DecodeError::Field { field: "employee", rule: "or account is required".to_owned() });
        }
        record.on_behalf_of = field(self.on_behalf_of).filter(|text| !text.trim().is_empty());
        record.id = field(self.id);
        record.session = field(self.session);
        if let Some(client) = self.client {
            record.client = Client { ip: field(client.ip), host: field(client.host), app: field(client.app) };
        }
        record.system = field(self.system);
        record.purpose = field(self.purpose);
        record.operation = self.operation.unwrap_or_default();
        for object in self.objects.unwrap_or_default() {
            let columns = object.columns.map(|words| words.0);
            record.objects.push(Object { table: cut(object.table.0, &mut signs), columns });
        }
        record.statement = self.statement.map(|word| word.0);
        record.rows = self.rows.map(|count| count.0);
        record.subjects = self.subjects.0;
        record.outcome = match self.outcome {
            None | Some(Outcome::Success) => EventOutcome::Success,
            Some(Outcome::Failure) => EventOutcome::Failure,
        };
        record.signs = signs;
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::keys::Keys;

    fn decode(bytes: &[u8]) -> Result<Vec<Record<'static>>, DecodeError> {
        let mut seen = Vec::new();
        let hash = Keys::built_in().record(bytes);
        Canonical::default().decode(Raw::new(bytes, crate::model::access::Position(1), hash), &mut |decoded| {
            let Some(record) = decoded.record() else { return };
            seen.push(Record { time: record.time, rows: record.rows, ..Record::new(record.position, record.hash, record.time) });
            if let (Some(last), Some(employee)) = (seen.last_mut(), record.employee) {
                last.employee = Some(Cow::Owned(employee.into_owned()));
            }
        })?;
        Ok(seen)
    }

    fn refused(text: &str) -> String {
        decode(text.as_bytes()).expect_err("is refused").to_string()
    }

    #[test]
    fn numbers_are_times_of_the_unit_that_is_set() {
        let read = |time_unit: TimeUnit, number: &str| {
            let line = format!(r#"{{"time":{number},"account":"a"}}"#);
            let (records, dead) =
                crate::decode::testing::decode_with(crate::decode::Settings { time_unit, ..Default::default() }, &FORMAT, &[&line]);
            (records.first().map(|record| record.time.seconds()), dead.first().map(|(_, rule)| rule.clone()))
        };
        assert_eq!(read(TimeUnit::Seconds, "1772442845").0, Some(1_772_442_845));
        assert_eq!(read(TimeUnit::Nanos, "1772442845000000001").0, Some(1_772_442_845));
        assert_eq!(read(TimeUnit::Nanos, "\"2026-03-02T09:14:05Z\"").0, Some(1_772_442_845));
        let (_, rule) = read(TimeUnit::Millis, "1772442845");
        assert!(rule.is_some_and(|rule| rule.contains("set time_unit = \"s\"")));
    }

    #[test]
    fn a_record_needs_no_more_than_a_time_and_a_name() {
        let records = decode(br#"{"time":1772442845000,"employee":"E1","unknown":{"deep":[1]}}"#).expect("decodes");
        assert_eq!(records[0].time.to_string(), "2026-03-02T09:14:05Z");
        assert_eq!(records[0].rows, None, "absent rows are unknown, not zero");
        assert_eq!(records[0].employee.as_deref(), Some("E1"));
    }

    #[test]
    fn refusals_name_the_field_and_never_the_content() {
        assert!(refused(r#"{"time":"9999-01-01T00:00:00Z","employee":"E1"}"#).contains("time"));
        assert!(refused(r#"{"time":1772442845000}"#).contains("employee"));
        let time = refused(r#"{"time":"13800000001x","employee":"E1"}"#);
        assert!(!time.contains("138"), "{time}");
        assert!(refused("no object 13800000001").contains("not JSON"));
    }

    #[test]
    fn deep_nesting_and_broken_bytes_take_no_record_away() {
        let unknown = |depth: usize| format!(r#"{{"time":1772442845000,"employee":"E1","x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(decode(unknown(10_000).as_bytes()).expect("unknown fields are skipped without recursion").len(), 1);
        assert!(refused(&format!(r#"{{"time":1,"x":{}"#, "[".repeat(10_000))).contains("cut off"));
        assert!(decode(b"{\"time\":1,\"employee\":\"\xff\"}").is_err());
        assert_eq!(decode(b"{\"time\":1772442845000,\"employee\":\"\xff\"}").expect("is one").len(), 1);
        assert_eq!(decode(br#"{"time":1772442845000,"employee":"E1""#).expect("is one")[0].employee.as_deref(), Some("E1"));
    }
}
