//! A canonical record of which not everything can be understood: a field of another type, an object that was cut, a field that stands twice.
//! Whatever names who and when is a record (docs/contract.md §2); what is not understood is unknown, never nothing.

use crate::decode::field::{cut, whole};
use crate::decode::salvage::{Prefer, Salvaged, objects};
use crate::decode::{DecodeError, Emit, Raw, row};
use crate::model::access::Operation;
use crate::model::doubts::Doubts;
use crate::model::record::{Client, EventOutcome, Object, Record, Text};
use crate::model::signs::Signs;
use crate::model::time::{TimeUnit, Timestamp};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// Stands for a table that the record names in a way that is not understood: the catalog knows none of that name.
const NOT_UNDERSTOOD: &str = "(not understood)";

/// What times of the source mean.
#[derive(Clone, Copy)]
pub struct When<'s> {
    /// Those that are numbers.
    pub unit: TimeUnit,
    /// Those that name no zone.
    pub zone: Option<&'s TimeZone>,
}

/// Reads a record; of two that one line may be, both.
pub fn read(raw: Raw<'_>, when: When<'_>, emit: &mut Emit<'_>) -> Option<Result<(), DecodeError>> {
    let last = objects(raw.bytes, Prefer::Last)?;
    let others = if last.iter().any(|reading| reading.twice) { objects(raw.bytes, Prefer::First) } else { None };
    let others = others.into_iter().flatten().filter(|reading| reading.twice);
    let mut result = None;
    for reading in last.into_iter().chain(others) {
        match record(&reading, raw, when) {
            Ok(record) => {
                emit(record.into());
                result = Some(Ok(()));
            }
            Err(error) => result = result.or(Some(Err(error))),
        }
    }
    result
}

fn record(reading: &Salvaged, raw: Raw<'_>, when: When<'_>) -> Result<Record<'static>, DecodeError> {
    let mut fields =
        Fields { fields: &reading.fields, odd: false, people: reading.broken, signs: Signs::FORGED_HEADER.if_so(reading.twice) };
    let (time, zoned) = match (fields.time(when), raw.envelope.time) {
        (Ok(found), _) => found,
        (Err(_), Some(time)) => (time, true),
        (Err(rule), None) => return Err(DecodeError::Field { field: "time", rule }),
    };
    let mut record = Record::new(raw.position, raw.hash, time);
    record.length = u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX);
    record.employee = fields.text("employee").filter(|text| !text.trim().is_empty());
    record.account = fields.text("account").filter(|text| !text.trim().is_empty());
    if record.employee.is_none() && record.account.is_none() {
        return Err(DecodeError::Field { field: "employee", rule: "or account is required".to_owned() });
    }
    (record.id, record.session, record.system) = (fields.text("id"), fields.text("session"), fields.text("system"));
    record.purpose = fields.text("purpose");
    record.on_behalf_of = fields.text("on_behalf_of").filter(|text| !text.trim().is_empty());
    record.client = fields.client();
    record.operation = fields.operation();
    record.objects = fields.objects();
    if reading.broken
        && let Some(last) = record.objects.last_mut()
    {
        // Where the text breaks off, names of further columns may be lost, or the end of one.
        last.columns = None;
    }
    record.statement = fields.long_text("statement");
    record.rows = fields.rows();
    record.subjects = fields.subjects();
    record.outcome = match fields.text("outcome").as_deref().map(str::trim) {
        Some(outcome) if outcome.eq_ignore_ascii_case("failure") => EventOutcome::Failure,
        // What is no failure for certain may have shown somebody.
        _ => EventOutcome::Success,
    };
    let doubts = Doubts::TIME
        .if_so(!zoned)
        .and(Doubts::TEXT.if_so(reading.broken))
        .and(Doubts::FIELD.if_so(fields.odd))
        .and(Doubts::PEOPLE.if_so(fields.people));
    (record.doubts, record.signs) = (doubts, fields.signs);
    Ok(record)
}

struct Fields<'f> {
    fields: &'f Map<String, Value>,
    /// Some field is not understood.
    odd: bool,
    /// The list of people is not, as a whole.
    people: bool,
    signs: Signs,
}

impl Fields<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn long_text(&mut self, name: &str) -> Option<Text<'static>> {
        let value = self.value(name)?;
        let text = word(value);
        self.odd |= text.is_none();
        text.map(Text::Owned)
    }

    fn text(&mut self, name: &str) -> Option<Text<'static>> {
        let text = self.long_text(name)?;
        Some(cut(text, &mut self.signs))
    }

    /// The time, and whether it is certain which instant that is.
    fn time(&self, when: When<'_>) -> Result<(Timestamp, bool), String> {
        let When { unit, zone } = when;
        let of_number = |number: i64| unit.since_1970(number).map(|time| (time, true)).map_err(|_| unit.implausible(number));
        match self.value("time") {
            Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => of_number(whole),
                (None, Some(float)) if float.fract() == 0.0 && float.abs() < 9e18 => of_number(float as i64),
                _ => row::time(&number.to_string(), None).map(|time| (time, true)).ok_or_else(|| unit.implausible(i64::MAX)),
            },
            Some(Value::String(text)) => match (Timestamp::parse(text.trim()), text.trim().parse::<i64>()) {
                (Ok(time), _) => Ok((time, true)),
                (Err(_), Ok(number)) => of_number(number),
                (Err(error), Err(_)) => row::time(text.trim(), zone).map(|time| (time, zone.is_some())).ok_or_else(|| error.to_string()),
            },
            Some(_) => Err("must be an RFC 3339 string or integer epoch milliseconds".to_owned()),
            None => Err("is missing".to_owned()),
        }
    }

    fn operation(&mut self) -> Operation {
        let Some(text) = self.text("operation") else { return Operation::Read };
        let name = text.trim();
        let known = Operation::ALL.into_iter().find(|operation| operation.name().eq_ignore_ascii_case(name));
        self.odd |= known.is_none();
        // What it was is not known: the worst is that it showed somebody.
        known.unwrap_or_default()
    }

    fn client(&mut self) -> Client<'static> {
        match self.value("client").cloned() {
            Some(Value::Object(fields)) => {
                let mut inner = Fields { fields: &fields, odd: false, people: false, signs: Signs::default() };
                let client = Client { ip: inner.text("ip"), host: inner.text("host"), app: inner.text("app") };
                (self.odd, self.signs) = (self.odd || inner.odd, self.signs.and(inner.signs));
                client
            }
            Some(Value::String(text)) => {
                let is_address = text.trim().parse::<core::net::IpAddr>().is_ok();
                let named = Some(cut(Text::Owned(text), &mut self.signs));
                if is_address { Client { ip: named, ..Client::default() } } else { Client { host: named, ..Client::default() } }
            }
            Some(_) => {
                self.odd = true;
                Client::default()
            }
            None => Client::default(),
        }
    }

    fn rows(&mut self) -> Option<u64> {
        let rows = count(self.value("rows")?);
        self.odd |= rows.is_none();
        rows
    }

    fn subjects(&mut self) -> Vec<Text<'static>> {
        let Some(value) = self.value("subjects") else { return Vec::new() };
        let list = match value {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let known: Vec<Text<'static>> = list.iter().filter_map(word).map(Text::Owned).collect();
        if known.len() < list.len() {
            (self.odd, self.people) = (true, true);
        }
        known
    }

    fn objects(&mut self) -> Vec<Object<'static>> {
        let Some(value) = self.value("objects").cloned() else { return Vec::new() };
        let list = match value {
            Value::Array(list) => list,
            one => vec![one],
        };
        list.iter().map(|value| self.object(value)).collect()
    }

    fn object(&mut self, value: &Value) -> Object<'static> {
        let (table, columns) = match value {
            Value::Object(fields) => (fields.get("table").and_then(word), fields.get("columns").filter(|columns| !columns.is_null())),
            other => (word(other), None),
        };
        let columns = match columns {
            Some(Value::Array(list)) => {
                let known: Vec<Text<'static>> = list.iter().filter_map(word).map(Text::Owned).collect();
                // Columns that are not understood may be any.
                let all = known.len() == list.len();
                self.odd |= !all;
                all.then_some(known)
            }
            Some(other) => {
                self.odd |= !matches!(other, Value::String(_));
                word(other).map(|column| vec![Text::Owned(column)])
            }
            None => None,
        };
        self.odd |= table.is_none();
        Object { table: cut(Text::Owned(table.unwrap_or_else(|| NOT_UNDERSTOOD.to_owned())), &mut self.signs), columns }
    }
}

/// A text, or what counts as one.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(count(value).map_or_else(|| number.to_string(), |whole| whole.to_string())),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Most characters of a count that is written as a text.
const LONGEST_COUNT: usize = 10;

/// A whole number that is not negative, however it is written: `10000.0`, `"10000"`, `1e4`.
fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => {
            // A text of more digits may be anything, a telephone number too: what is shown of alerts must not repeat it.
            let text = Some(text.trim()).filter(|text| text.len() <= LONGEST_COUNT)?;
            text.parse().ok().or_else(|| text.parse::<f64>().ok().and_then(whole))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::field::LONGEST;
    use crate::decode::{Settings, canonical, testing};

    fn decode(line: &str) -> (Vec<Record<'static>>, Vec<(u64, String)>) {
        testing::decode_with(Settings::default(), &canonical::FORMAT, &[line])
    }

    /// The one record of what stands between the braces behind time and login.
    fn one(rest: &str) -> Record<'static> {
        let (mut records, dead) = decode(&format!(r#"{{"time":"2026-03-02T09:14:05Z","account":"li"{rest}"#));
        assert_eq!((records.len(), dead.len()), (1, 0), "{rest}: {dead:?}");
        let record = records.remove(0);
        assert_eq!(record.account.as_deref(), Some("li"), "{rest}");
        record
    }

    #[test]
    fn whole_numbers_are_whole_however_they_are_written() {
        for rows in ["10000", "10000.0", "1e4", "\"10000\"", "\" 10000.00 \""] {
            let record = one(&format!(r#","rows":{rows}}}"#));
            assert_eq!((record.rows, record.doubts), (Some(10_000), Doubts::default()), "{rows}");
        }
        for rows in ["-1", "1.5", "\"many\"", "true", "[3]", "1e300", "\"13800138000\"", "36893488147419103232"] {
            let record = one(&format!(r#","rows":{rows}}}"#));
            assert_eq!((record.rows, record.doubts.has(Doubts::FIELD)), (None, true), "{rows}");
        }
        assert_eq!(one(r#","rows":0.0}"#).rows, Some(0));
    }

    #[test]
    fn fields_of_another_type_are_read_as_what_they_can_be_and_unknown_otherwise() {
        let record = one(r#","operation":"EXPORT","outcome":"Failure","client":"10.0.0.7","objects":"crm.customers","subjects":"C1"}"#);
        assert_eq!((record.operation, record.outcome), (Operation::Export, EventOutcome::Failure));
        assert_eq!((record.client.ip.as_deref(), &*record.objects[0].table, record.subjects.len()), (Some("10.0.0.7"), "crm.customers", 1));
        assert!(!record.doubts.has(Doubts::FIELD));
        for rest in [
            r#","purpose":{"a":1}}"#,
            r#","client":7}"#,
            r#","session":[],"x":1}"#,
            r#","operation":"peek"}"#,
            r#","objects":[{"table":null}]}"#,
            r#","objects":[{"table":"t","columns":[null]}]}"#,
            r#","subjects":["C1",null]}"#,
        ] {
            let record = one(rest);
            assert!(record.doubts.has(Doubts::FIELD), "{rest}");
            assert_eq!(record.operation, Operation::Read, "{rest}");
            assert!(record.objects.iter().all(|object| object.columns.is_none()), "{rest}");
        }
        assert!(one(r#","subjects":["C1",{"id":2}]}"#).doubts.has(Doubts::PEOPLE));
        assert_eq!(&*one(r#","objects":[7.5,[]]}"#).objects[1].table, NOT_UNDERSTOOD);
    }

    #[test]
    fn a_record_that_lost_its_end_or_its_form_is_one_all_the_same() {
        for rest in [
            r#","objects":[{"table":"crm.customers""#,
            r#","objects":[{"table":"crm.customers"}],"statement":"SELECT * FR"#,
            r#","purpose":"say "please"","objects":[{"table":"crm.customers"}]}"#,
        ] {
            let record = one(rest);
            assert_eq!((&*record.objects[0].table, record.doubts.has(Doubts::TEXT)), ("crm.customers", true), "{rest}");
        }
        assert!(one(&format!(r#","objects":["crm.customers"],"x":{}1"#, "[".repeat(10_000))).doubts.has(Doubts::TEXT));
    }

    #[test]
    fn over_long_fields_are_cut_and_marked() {
        let long = "字".repeat(3_000);
        for rest in [
            format!(r#","purpose":"{long}"}}"#),
            format!(r#","client":{{"app":"{long}"}}}}"#),
            format!(r#","objects":[{{"table":"{long}"}}]}}"#),
            format!(r#","id":"{long}","rows":"7"}}"#),
        ] {
            let record = one(&rest);
            assert!(record.signs.has(Signs::OVERLONG_FIELD));
            let cut = record.purpose.or(record.client.app).or(record.id).or(record.objects.first().map(|object| object.table.clone()));
            assert!(cut.is_some_and(|text| text.len() <= LONGEST && text.len() > LONGEST - 4));
        }
        assert!(one(r#","rows":"7"}"#).signs.is_empty());
    }

    #[test]
    fn of_two_readings_of_one_line_both_count() {
        let (records, _) = decode(r#"{"time":"2026-03-02T09:14:05Z","employee":"E1","employee":"E2","rows":3}"#);
        let seen: Vec<_> = records.iter().map(|record| record.employee.as_deref().unwrap_or("")).collect();
        assert_eq!(seen, ["E2", "E1"]);
        assert!(records.iter().all(|record| record.signs.has(Signs::FORGED_HEADER)));
        let (records, _) = decode(r#"{"time":"2026-03-02T09:14:05Z","employee":"E1","employee":"E1","rows":3}"#);
        assert_eq!((records.len(), records[0].signs), (1, Signs::default()));
    }

    #[test]
    fn times_are_read_in_other_forms_and_what_has_none_is_refused() {
        for time in ["\"1772442845000\"", "1772442845000.0", "\"2026-03-02 09:14:05\"", "\" 2026-03-02T09:14:05Z \"", "1772442845.5"] {
            let (records, dead) = decode(&format!(r#"{{"time":{time},"account":"li"}}"#));
            assert_eq!(records.first().map(|record| record.time.seconds()), Some(1_772_442_845), "{time}: {dead:?}");
        }
        for line in [r#"{"account":"li","rows":"1"}"#, r#"{"time":"soon","account":"li"}"#, r#"{"time":true,"account":"li"}"#] {
            let (records, dead) = decode(line);
            assert!(records.is_empty() && dead[0].1.starts_with("time "), "{line}: {dead:?}");
        }
    }
}
