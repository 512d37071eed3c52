//! Exports of tables as CSV whose first line names the columns: each row is read as the JSON object that other exports make of it.
//!
//! A row of another number of columns is refused rather than shifted; a header that comes again is passed over, a changed one is learnt.

use crate::decode::DecodeError;
use crate::decode::csv::{self, Dialect};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The columns of an export.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::decode) struct Header {
    names: Vec<String>,
    dialect: Dialect,
}

/// What a row is.
#[derive(Debug)]
pub(in crate::decode) enum Row {
    /// An object, as JSON.
    Object(String),
    /// The header once more.
    Header,
}

/// Longest name of a column.
const LONGEST_NAME: usize = 64;

impl Header {
    /// The header that a line is, if its columns are names, each another.
    pub(in crate::decode) fn read(line: &str) -> Option<Header> {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.len() > 16 * 1024 || line.starts_with(['{', '[', '<']) {
            return None;
        }
        [b',', b'\t', b';', b'|'].into_iter().map(Dialect::of).find_map(|dialect| {
            let cells = csv::record_of(line, dialect)?;
            let names: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
            let distinct = names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
            let alone = names.len() == 1 && names[0] == "_raw";
            ((names.len() > 1 || alone) && names.iter().all(|name| is_name(name)) && distinct).then_some(Header { names, dialect })
        })
    }

    /// Whether a column is still open at the end of a line, given whether one was at its beginning.
    pub(in crate::decode) fn ends_open(&self, line: &str, open: bool) -> bool {
        csv::ends_open(line, self.dialect, open)
    }

    /// The names of the columns.
    pub(in crate::decode) fn names(&self) -> &[String] {
        &self.names
    }

    /// The same export below other names.
    pub(in crate::decode) fn rename(&mut self, names: &[String]) {
        self.names = names.to_vec();
    }

    /// Reads a row.
    pub(in crate::decode) fn row(&mut self, text: &str) -> Result<Row, DecodeError> {
        let expected = "a row of the table that its header describes";
        let refuse = |what: String| DecodeError::Form { expected, what };
        let cells =
            csv::record_of(text, self.dialect).ok_or_else(|| refuse("quotes that do not close or stand within a column".to_owned()))?;
        if self.is_header(&cells) {
            self.names = cells.iter().map(|cell| cell.trim().to_owned()).collect();
            return Ok(Row::Header);
        }
        if cells.len() != self.names.len() {
            return Err(refuse(format!("{} columns where the header has {}", cells.len(), self.names.len())));
        }
        Ok(Row::Object(object(&self.names, &cells)))
    }

    /// Whether most columns of a row are names of the header: it came again, perhaps changed.
    fn is_header(&self, cells: &[Cow<'_, str>]) -> bool {
        let known = |cell: &&Cow<'_, str>| self.names.iter().any(|name| name == cell.trim());
        cells.first().is_some_and(|first| is_name(first.trim())) && cells.iter().filter(known).count() * 2 > self.names.len()
    }
}

fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_alphabetic() || matches!(c, '_' | '@' | '#');
    text.len() <= LONGEST_NAME
        && text.starts_with(first)
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$' | '.' | '-' | ' ' | '/' | '(' | ')' | '[' | ']'))
}

/// A row as JSON. What is empty says nothing; lists and objects that a column holds are parts of it.
fn object(names: &[String], cells: &[Cow<'_, str>]) -> String {
    let mut text = String::from("{");
    for (name, cell) in names.iter().zip(cells) {
        let trimmed = cell.trim();
        if trimmed.is_empty() || trimmed.eq_ignore_ascii_case("null") {
            continue;
        }
        let separator = if text.len() > 1 { "," } else { "" };
        let nested = trimmed.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(trimmed).is_ok();
        let number = name.eq_ignore_ascii_case("rows") && trimmed.parse::<u64>().is_ok();
        let value: Cow<'_, str> =
            if nested || number { Cow::Borrowed(trimmed) } else { Cow::Owned(Value::from(cell.as_ref()).to_string()) };
        // Writing to a text does not fail.
        let _ = write!(text, "{separator}{}:{value}", Value::from(name.as_str()));
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Result<String, String>> {
        let mut header = Header::read(lines[0]).expect("is a header");
        let row = |line: &&str| match header.row(line) {
            Ok(Row::Object(text)) => Ok(text),
            Ok(Row::Header) => Ok("header".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        lines[1..].iter().map(row).collect()
    }

    #[test]
    fn rows_become_objects_and_never_shift() {
        let rows = read(&[
            "QUERY_ID,TEXT,LIST,rows",
            "q1,\"a, \"\"b\"\"\nc\",\"[{\"\"x\"\":1}]\",7",
            "q1,,NULL,",
            "q1,a, b,x,7",
            "q1,a\"b,x",
            "QUERY_ID,TEXT,LIST,rows",
            "rows,QUERY_ID,TEXT,LIST,MORE",
            "1,q2,b,c,d",
        ]);
        assert_eq!(rows[0].as_deref(), Ok("{\"QUERY_ID\":\"q1\",\"TEXT\":\"a, \\\"b\\\"\\nc\",\"LIST\":[{\"x\":1}],\"rows\":7}"));
        assert_eq!(rows[1].as_deref(), Ok("{\"QUERY_ID\":\"q1\"}"));
        assert!(rows[2].as_ref().is_err_and(|error| error.contains("5 columns where the header has 4")));
        assert!(rows[3].is_err());
        assert_eq!((rows[4].as_deref(), rows[5].as_deref()), (Ok("header"), Ok("header")));
        assert_eq!(rows[6].as_deref(), Ok("{\"rows\":1,\"QUERY_ID\":\"q2\",\"TEXT\":\"b\",\"LIST\":\"c\",\"MORE\":\"d\"}"));
    }

    #[test]
    fn only_lines_of_names_are_headers() {
        for line in ["a;b;c", "\"_time\",\"_raw\"", "a\tb", "_raw", "user name|@timestamp"] {
            assert!(Header::read(line).is_some(), "{line}");
        }
        for line in ["a", "a,a", "1,2", "a,,b", "{\"a\":1,\"b\":2}", "2026-03-02 09:00:00,b", "a,\"b", ""] {
            assert!(Header::read(line).is_none(), "{line}");
        }
    }
}
