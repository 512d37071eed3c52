//! `kind = "regex"` of a custom format: lines of text, each field a named group of a pattern. Columns, subjects and tables are split at commas;
//! `-` and `null` say nothing.
//!
//! ```toml
//! [format.till_log]
//! kind = "regex"
//! pattern = '^(?<time>\S+) (?<account>\w+) (?<table>[\w.]+) ids=(?<subjects>\S*) rows=(?<rows>\d+)$'
//! ```
//!
//! **Refused**: a line that the pattern does not match, and what `kind = "json"` refuses. `check` refuses a pattern with a group of another
//! name, or without `time` and `employee` or `account`.
//!
//! **Example**:
//!
//! ```text
//! 2026-03-02T09:14:05Z li_na crm.customers ids=C10001 rows=1
//! ```

use crate::decode::custom::mapping::{Field, Mapping};
use crate::decode::custom::record;
use crate::decode::local_clock::LocalClock;
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw, json};
use std::sync::Arc;

pub(super) const FORMAT: Format = Format {
    name: "regex",
    recognised_by: "nothing: it must be named",
    stateless: true,
    decoder: |settings| {
        Box::new(Mapped { clock: LocalClock::new(settings.zone.clone()), mapping: settings.mapping.clone().unwrap_or_default() })
    },
    recognises: |_| false,
};

struct Mapped {
    clock: LocalClock,
    mapping: Arc<Mapping>,
}

impl Decoder for Mapped {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = json::text(raw)?;
        if text.trim().is_empty() {
            return Ok(());
        }
        let refuse = || DecodeError::Form { expected: "a line of the format's pattern", what: "the pattern does not match".to_owned() };
        let groups = self.mapping.pattern.as_ref().and_then(|pattern| pattern.captures(text)).ok_or_else(refuse)?;
        let texts = |field: Field| {
            let text = groups.name(field.name()).map_or("", |group| group.as_str());
            match field {
                Field::Columns | Field::Subjects | Field::Table => text.split(',').map(str::to_owned).collect(),
                // What a text log writes where there is nothing.
                _ if matches!(text, "-" | "null" | "NULL") => Vec::new(),
                _ => vec![text.to_owned()],
            }
        };
        emit(record::assemble(raw, &self.mapping, &mut self.clock, texts)?.into());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Settings;
    use crate::decode::custom::TimeForm;
    use crate::decode::testing::decode_with;

    const PATTERN: &str = r"^(?<time>\S+ \S+) (?<account>\w+)@(?<ip>\S+) (?<operation>\w+) (?<table>[\w.]+)\((?<columns>[^)]*)\) ids=(?<subjects>\S*) rows=(?<rows>\S+)$";

    #[test]
    fn fields_are_the_groups_of_the_pattern() {
        let time = TimeForm::Pattern("%Y-%m-%d %H:%M:%S".to_owned());
        let mapping = Mapping { pattern: Some(Mapping::compile(PATTERN).expect("compiles")), time, ..Mapping::default() };
        let settings =
            Settings { zone: jiff::tz::TimeZone::get("Asia/Shanghai").ok(), mapping: Some(Arc::new(mapping)), ..Settings::default() };
        let lines = ["2026-03-02 17:00:00 li_na@10.0.0.1 READ crm.customers(name,phone) ids=7,8 rows=-", "13800000001", ""];
        let (records, dead) = decode_with(settings, &FORMAT, &lines);
        let record = &records[0];
        assert_eq!((record.time.to_string().as_str(), record.account.as_deref()), ("2026-03-02T09:00:00Z", Some("li_na")));
        assert_eq!((record.subjects.join(" "), record.rows), ("7 8".to_owned(), None));
        assert_eq!(dead.len(), 1);
        assert!(!dead[0].1.contains("138"));
    }

    #[test]
    fn patterns_that_cannot_make_a_record_are_refused_with_the_rule() {
        assert!(Mapping::compile("(").expect_err("is refused").contains("regular expression"));
        assert!(Mapping::compile("(?<time>.)(?<account>.)(?<colour>.)").expect_err("is refused").contains("colour"));
        assert!(Mapping::compile("(?<time>.)").expect_err("is refused").contains("`employee` or `account`"));
    }
}
