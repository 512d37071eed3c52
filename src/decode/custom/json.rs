//! `kind = "json"` of a custom format: JSON objects, one a line, over lines or in arrays, each field by a JSON pointer.
//!
//! ```toml
//! [format.core_log]
//! kind = "json"
//! time = "/ts"
//! time_format = "%Y-%m-%d %H:%M:%S"     # default: RFC 3339, or a number of `time_unit` (`ms`)
//! employee = "/user/employee_id"
//! table = "/table"
//! rows = "/count"
//! subjects = "/items/*/customer"        # `*` stands for every element of a list
//! ```
//!
//! **Refused**: an object that tells no time, or neither employee nor account; rows that are no whole number; a key that stands twice; a
//! text over 4,096 bytes (but for statements).
//!
//! **Example**:
//!
//! ```json
//! {"ts":"2026-03-02 09:14:05","user":{"employee_id":"E1004"},"table":"crm.customers","count":1,"items":[{"customer":"C10001"}]}
//! ```

use crate::decode::custom::mapping::Mapping;
use crate::decode::custom::record;
use crate::decode::framing::document::Documents;
use crate::decode::local_clock::LocalClock;
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json};
use std::sync::Arc;

pub(super) const FORMAT: Format = Format {
    name: "json",
    recognised_by: "nothing: it must be named",
    stateless: false,
    decoder: |settings| {
        Documents::json(Box::new(Mapped {
            clock: LocalClock::new(settings.zone.clone()),
            mapping: settings.mapping.clone().unwrap_or_default(),
        }))
    },
    recognises: |_| false,
};

struct Mapped {
    clock: LocalClock,
    mapping: Arc<Mapping>,
}

impl Decoder for Mapped {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let tree = json::tree(raw, "a JSON object")?;
        let texts = |field| self.mapping.pointers.get(&field).map(|pointer| pointer.texts(&tree)).unwrap_or_default();
        emit(record::assemble(raw, &self.mapping, &mut self.clock, texts)?.into());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Settings;
    use crate::decode::custom::{Field, Pointer, TimeForm};
    use crate::decode::testing::decode_with;
    use crate::model::access::Operation;
    use crate::model::doubts::Doubts;
    use crate::model::record::{EventOutcome, Record};

    fn mapping(pointers: &[(Field, &str)]) -> Mapping {
        let pointers = pointers.iter().map(|(field, text)| (*field, Pointer::parse(text).expect("is a pointer"))).collect();
        Mapping { pointers, ..Mapping::default() }
    }

    fn decode(mapping: Mapping, lines: &[&str]) -> (Vec<Record<'static>>, Vec<(u64, String)>) {
        decode_with(Settings { mapping: Some(Arc::new(mapping)), ..Settings::default() }, &FORMAT, lines)
    }

    #[test]
    fn fields_stand_where_the_pointers_say() {
        let mut own = mapping(&[
            (Field::Time, "/ts"),
            (Field::Employee, "/who/employee~1id"),
            (Field::Table, "/table"),
            (Field::Columns, "/fields"),
            (Field::Subjects, "/items/*/customer"),
            (Field::Rows, "/n"),
            (Field::Operation, "/op"),
            (Field::Outcome, "/code"),
            (Field::Ip, "/from/0"),
        ]);
        own.operations.insert("SEL".to_owned(), Operation::Export);
        own.successes.push("R00".to_owned());
        own.time = TimeForm::Pattern("%Y/%m/%d %H:%M:%S %z".to_owned());
        let line = r#"{"ts":"2026/03/02 17:00:00 +0800","who":{"employee/id":7},"table":"crm.customers","fields":["name","phone"],
            "items":[{"customer":1},{"customer":" 2 "},{}],"n":2,"op":"SEL","code":"R00","from":["10.0.0.1"]}"#;
        let (records, dead) = decode(own, &line.lines().collect::<Vec<_>>());
        assert_eq!(dead, []);
        let record = &records[0];
        assert_eq!((record.time.to_string().as_str(), record.employee.as_deref()), ("2026-03-02T09:00:00Z", Some("7")));
        assert_eq!((record.rows, record.operation, record.outcome), (Some(2), Operation::Export, EventOutcome::Success));
        assert_eq!((record.subjects.join(","), record.client.ip.as_deref()), ("1,2".to_owned(), Some("10.0.0.1")));
        assert_eq!(record.objects[0].columns.as_deref().expect("has columns").join(","), "name,phone");
    }

    #[test]
    fn what_breaks_a_rule_is_refused_without_its_content() {
        let own = || mapping(&[(Field::Time, "/t"), (Field::Account, "/a"), (Field::Rows, "/n")]);
        let lines = [r#"{"t":"13800000001","a":"x"}"#, r#"{"t":"2026-03-02T09:00:00Z"}"#];
        let (records, dead) = decode(own(), &lines);
        assert!(records.is_empty());
        assert_eq!(dead.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2]);
        assert!(dead.iter().all(|(_, reason)| !reason.contains("138")), "{dead:?}");
        let (records, _) = decode(own(), &[r#"{"t":"2026-03-02T09:00:00Z","a":"x","a":"y"}"#]);
        assert_eq!(records.iter().filter_map(|record| record.account.as_deref()).collect::<Vec<_>>(), ["y", "x"], "both count");
        for (rows, known) in [("-1", None), ("10000.0", Some(10_000)), ("\"7.5\"", None)] {
            let (records, _) = decode(own(), &[&format!(r#"{{"t":"2026-03-02T09:00:00Z","a":"x","n":{rows}}}"#)]);
            assert_eq!((records[0].rows, records[0].doubts.has(Doubts::FIELD)), (known, known.is_none()));
        }
        let (records, _) = decode(own(), &[r#"{"t":1772442000000,"a":"x","n":null}"#]);
        assert_eq!(records[0].rows, None, "nothing is unknown and never zero");
    }

    #[test]
    fn an_operation_that_nobody_knows_may_show_rows() {
        let own = mapping(&[(Field::Time, "/t"), (Field::Account, "/a"), (Field::Operation, "/op"), (Field::Outcome, "/o")]);
        let (records, _) = decode(own, &[r#"{"t":1772442000000,"a":"x","op":"FROBNICATE","o":"E77"}"#]);
        assert_eq!((records[0].operation, records[0].outcome), (Operation::Other, EventOutcome::Failure));
    }

    #[test]
    fn times_are_numbers_of_the_unit_or_local_in_the_order_of_the_log() {
        use crate::model::time::TimeUnit;
        let own = |time: TimeForm| Mapping { time, ..mapping(&[(Field::Time, "/t"), (Field::Account, "/a")]) };
        let line = |time: &str| format!(r#"{{"t":"{time}","a":"x"}}"#);
        for (form, text) in [
            (TimeForm::Canonical(TimeUnit::Seconds), "1772442845"),
            (TimeForm::Canonical(TimeUnit::Micros), "1772442845123456"),
            (TimeForm::Since(TimeUnit::Seconds), "1772442845.123"),
            (TimeForm::Since(TimeUnit::Nanos), "1772442845123456789"),
        ] {
            assert_eq!(decode(own(form), &[&line(text)]).0[0].time.seconds(), 1_772_442_845, "{text}");
        }
        let zone = jiff::tz::TimeZone::get("America/New_York").ok();
        let mapping = Some(Arc::new(own(TimeForm::Pattern("%Y-%m-%d %H:%M:%S".to_owned()))));
        let lines = ["2026-11-01 01:30:00", "2026-11-01 01:59:59", "2026-11-01 01:00:01"].map(line);
        let (records, _) = decode_with(Settings { mapping, zone, ..Settings::default() }, &FORMAT, &lines.each_ref().map(String::as_str));
        assert_eq!(records[2].time.to_string(), "2026-11-01T06:00:01Z");
        assert!(!records[2].doubts.has(crate::model::doubts::Doubts::TIME) && records[0].doubts.has(crate::model::doubts::Doubts::TIME));
    }
}
