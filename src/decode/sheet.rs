//! Rows of a table that a query tool has written as CSV: a header of names, then rows whose quoted values may run over lines.
//!
//! Tools differ in the delimiter, in quotes, and in what they write around the rows: banners before, counts behind, the header again
//! on each page.

use crate::decode::IgnoredReason;
use crate::decode::csv::{self, Dialect};
use crate::decode::row::form;
use crate::decode::{DecodeError, Decoded, Emit, LONGEST_RECORD, LostRecord, Raw, json};
use crate::model::access::{Position, RecordHash};
use serde_json::{Map, Value};

/// Most lines before the header.
const LONGEST_BANNER: usize = 64;

/// A reader of one such table.
pub struct Sheet {
    /// What a row is, for messages.
    expected: &'static str,
    /// Whether these names, in small letters, head a table of the format.
    is_header: fn(&[String]) -> bool,
    header: Option<(Vec<String>, u8)>,
    banner: usize,
    /// A row within whose quotes a line ended.
    open: Option<OpenRow>,
}

struct OpenRow {
    text: String,
    position: Position,
    hash: RecordHash,
}

/// A row: its named values, and where it begins.
#[derive(Debug)]
pub struct Row {
    /// Values by the names of the header; what is empty or `NULL` says nothing.
    pub fields: Map<String, Value>,
    /// Its first line.
    pub position: Position,
    /// Keyed hash of its lines.
    pub hash: RecordHash,
}

/// The names in a line, by whichever delimiter gives most of them.
fn names(line: &str) -> Option<(Vec<String>, u8)> {
    let line = line.trim_start_matches('\u{feff}');
    let split = |delimiter: u8| {
        let columns = csv::record_of(line, Dialect::of(delimiter))?;
        Some((columns.iter().map(|name| name.trim().to_owned()).collect::<Vec<_>>(), delimiter))
    };
    b",;\t|".iter().filter_map(|delimiter| split(*delimiter)).max_by_key(|(names, _)| names.len()).filter(|(names, _)| names.len() > 2)
}

/// Whether a line is a header of which that holds.
pub fn is_header(line: &str, test: fn(&[String]) -> bool) -> bool {
    line.len() < 16 * 1024 && names(line).is_some_and(|(names, _)| test(&lower(&names)))
}

fn lower(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

impl Sheet {
    /// A table whose header passes a test.
    pub fn new(expected: &'static str, is_header: fn(&[String]) -> bool) -> Sheet {
        Sheet { expected, is_header, header: None, banner: 0, open: None }
    }

    /// Takes a line; gives the row that it completes.
    pub fn take(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<Option<Row>, DecodeError> {
        let line = json::text(raw)?;
        if self.open.is_none() {
            if line.trim().is_empty() {
                emit(raw.ignored(IgnoredReason::Blank));
                return Ok(None);
            }
            let Some((header, _)) = &self.header else { return self.before_header(line, raw, emit) };
            if is_foot(line) || line.contains(header[0].as_str()) && names(line).is_some_and(|(again, _)| again == *header) {
                emit(raw.ignored(IgnoredReason::Header));
                return Ok(None);
            }
        }
        let dialect = Dialect::of(self.header.as_ref().map_or(b',', |(_, delimiter)| *delimiter));
        let ends = !csv::ends_open(line, dialect, self.open.is_some());
        let goes_on = self.open.is_some();
        let OpenRow { text, position, hash } = match self.open.take() {
            Some(open) => OpenRow { text: open.text + "\n" + line, position: open.position, hash: open.hash.and(raw.hash) },
            None => OpenRow { text: line.to_owned(), position: raw.position, hash: raw.hash },
        };
        if text.len() > LONGEST_RECORD {
            return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
        }
        if goes_on {
            emit(raw.ignored(IgnoredReason::Continuation));
        }
        if !ends {
            self.open = Some(OpenRow { text, position, hash });
            return Ok(None);
        }
        match self.row(&text) {
            Ok(fields) => Ok(Some(Row { fields, position, hash })),
            Err(error) if position == raw.position => Err(error),
            Err(error) => {
                emit(Decoded::Lost(LostRecord::new(position, hash, &text, error)));
                Ok(None)
            }
        }
    }

    fn before_header(&mut self, line: &str, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<Option<Row>, DecodeError> {
        match names(line).filter(|(names, _)| (self.is_header)(&lower(names))) {
            Some(header) => self.header = Some(header),
            None if is_foot(line) && self.banner < LONGEST_BANNER => self.banner += 1,
            None => return Err(form(self.expected, "before a header with its names")),
        }
        emit(raw.ignored(IgnoredReason::Header));
        Ok(None)
    }

    fn row(&self, text: &str) -> Result<Map<String, Value>, DecodeError> {
        let Some((header, delimiter)) = &self.header else { return Err(form(self.expected, "before a header with its names")) };
        let values = csv::record_of(text, Dialect::of(*delimiter)).ok_or_else(|| form(self.expected, "not one row of CSV"))?;
        if values.len() != header.len() {
            return Err(form(self.expected, "of another number of fields than the header"));
        }
        let said = |value: &str| !value.is_empty() && !matches!(value.trim(), "NULL" | "(null)" | "[NULL]");
        let mut fields = Map::new();
        for (name, value) in header.iter().zip(values) {
            let value = if said(&value) { Value::from(value.into_owned()) } else { Value::Null };
            // Of two columns of one name nobody knows which is meant; that with nothing in it does no harm.
            match fields.get(name) {
                Some(known) if !known.is_null() && !value.is_null() && *known != value => {
                    return Err(form(self.expected, "a field stands twice"));
                }
                Some(known) if !known.is_null() => {}
                _ => drop(fields.insert(name.clone(), value)),
            }
        }
        Ok(fields)
    }

    /// The input ends: a row without its end is lost.
    pub fn flush(&mut self, emit: &mut Emit<'_>) {
        if let Some(OpenRow { text, position, hash }) = self.open.take() {
            emit(Decoded::Lost(LostRecord::new(position, hash, &text, form(self.expected, "cut off"))));
        }
    }

    /// Whether a row has begun and not ended.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

/// `120 rows selected.`, `(120 rows affected)`, `SQL> spool off`, and lines of dashes: what tools write around rows.
fn is_foot(line: &str) -> bool {
    let line = line.trim();
    let counted = line.trim_start_matches('(').split_once(' ').is_some_and(|(number, rest)| {
        number.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
            && ["rows selected", "row selected", "rows affected", "row affected"].iter().any(|foot| rest.starts_with(foot))
    });
    counted
        || line.starts_with("SQL>")
        || line.starts_with("no rows selected")
        || line.bytes().all(|byte| matches!(byte, b'-' | b' ' | b','))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> (Vec<(u64, String)>, Vec<u64>) {
        let mut sheet = Sheet::new("a row", |names| names.iter().any(|name| name == "action"));
        let (mut rows, mut dead) = (Vec::new(), Vec::new());
        for (at, line) in lines.iter().enumerate() {
            let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), RecordHash::default());
            match sheet.take(raw, &mut |decoded| dead.extend(matches!(decoded, Decoded::Lost(_)).then_some(0))) {
                Ok(row) => rows.extend(row.map(|row| (row.position.0, Value::Object(row.fields).to_string()))),
                Err(_) => dead.push(at as u64 + 1),
            }
        }
        sheet.flush(&mut |_| dead.push(0));
        (rows, dead)
    }

    #[test]
    fn rows_come_out_from_between_what_tools_write_around_them() {
        let lines = [
            "SQL> select *",
            "",
            "\"WHO\",\"ACTION\",\"TEXT\"",
            "\"a\",3,\"x \"\"y\"\"",
            ", z\"",
            "\"WHO\",\"ACTION\",\"TEXT\"",
            "\"b\",NULL,",
            "2 rows selected.",
        ];
        let (rows, dead) = read(&lines);
        assert!(dead.is_empty(), "{dead:?}");
        assert_eq!(rows[0], (4, r#"{"ACTION":"3","TEXT":"x \"y\"\n, z","WHO":"a"}"#.to_owned()));
        assert_eq!(rows[1], (7, r#"{"ACTION":null,"TEXT":null,"WHO":"b"}"#.to_owned()));
    }

    #[test]
    fn delimiters_are_found_and_shifted_columns_refused() {
        for delimiter in [";", "\t", "|"] {
            let lines = ["who,action,text", "a,3,x"].map(|line| line.replace(',', delimiter));
            assert_eq!(read(&lines.each_ref().map(String::as_str)).0.len(), 1, "{delimiter:?}");
        }
        assert_eq!(
            read(&["who,action,text", "a,3,x,y", "a,3,x", "a,3,\"x"]),
            (vec![(3, r#"{"action":"3","text":"x","who":"a"}"#.to_owned())], vec![2, 0])
        );
    }
}
