//! `kind = "csv"` of a custom format: rows of columns, each field a column by the name that the header gives it.
//!
//! ```toml
//! [format.card_log]
//! kind = "csv"
//! encoding = "gb18030"                  # default utf-8; any of the web's encodings (gbk, latin1, shift_jis …)
//! delimiter = ";"                       # default a comma; "tab" is one
//! time = "操作时间"
//! account = "用户"
//! subjects = "客户号"                    # several in one column stand between commas or semicolons
//! rows = "条数"
//! # header = ["操作时间", "用户", "客户号", "条数"]   # where the rows have none, as in messages of a topic
//! ```
//!
//! **Header**: the first line, where `header` does not give the names. It may come again, as after rotation; one that has changed is learnt.
//! After a restart in the middle of a file or topic the last one read holds. A quoted column may run over lines.
//!
//! **Refused**: a row of another number of columns than its header, and one whose quotes do not close: nothing shifts silently. A header
//! that lacks a column that the configuration names (the rows are read without it, unless it is the time or the person's), or has one
//! twice. What `kind = "json"` refuses, and bytes that are no text in the encoding.
//!
//! **Example**:
//!
//! ```text
//! time,account,table,subjects,rows
//! 2026-03-02T09:14:05Z,li_na,crm.customers,"C10001,C10002",2
//! ```

use crate::decode::csv::{self, Dialect};
use crate::decode::custom::mapping::{Field, Mapping};
use crate::decode::custom::record;
use crate::decode::local_clock::LocalClock;
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Format, IgnoredReason, LONGEST_RECORD, LostRecord, Raw, Settings, json};
use crate::model::access::{Position, RecordHash};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const FORMAT: Format = Format {
    name: "csv",
    recognised_by: "nothing: it must be named",
    stateless: false,
    decoder: |settings| Box::new(Table::new(settings)),
    recognises: |_| false,
};

const EXPECTED: &str = "a row of the format";

struct Table {
    clock: LocalClock,
    mapping: Arc<Mapping>,
    dialect: Dialect,
    header: Option<Header>,
    /// A row whose quotes are open.
    open: Option<Row>,
}

/// Where the fields stand.
#[derive(Clone, PartialEq, Eq)]
struct Header {
    names: Vec<String>,
    places: BTreeMap<Field, usize>,
}

struct Row {
    text: String,
    position: Position,
    hash: RecordHash,
}

impl Table {
    fn new(settings: &Settings) -> Table {
        let mapping = settings.mapping.clone().unwrap_or_default();
        let mut table =
            Table { clock: LocalClock::new(settings.zone.clone()), dialect: mapping.csv.dialect, mapping, header: None, open: None };
        let given: Vec<Cow<'_, str>> = table.mapping.csv.header.iter().map(|name| Cow::Owned(name.clone())).collect();
        table.header = (!given.is_empty()).then(|| table.places(&given));
        table
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, str>, DecodeError> {
        match self.mapping.csv.encoding {
            Some(encoding) if encoding != encoding_rs::UTF_8 => {
                let (text, malformed) = encoding.decode_without_bom_handling(bytes);
                let refuse = || DecodeError::Form { expected: "text in the format's encoding", what: "other bytes".to_owned() };
                if malformed { Err(refuse()) } else { Ok(text) }
            }
            Some(_) | None => json::text(Raw::new(bytes, Position(0), RecordHash::default())).map(Cow::Borrowed),
        }
    }

    /// The places of the configured columns among names.
    fn places(&self, cells: &[Cow<'_, str>]) -> Header {
        let names: Vec<String> = cells.iter().map(|cell| cell.trim().trim_start_matches('\u{feff}').to_owned()).collect();
        let place = |(field, wanted): (&Field, &String)| names.iter().position(|name| name == wanted).map(|at| (*field, at));
        Header { places: self.mapping.csv.columns.iter().filter_map(place).collect(), names }
    }

    /// A line, which may be a row, part of one, or the header.
    fn line(&mut self, raw: Raw<'_>, text: &str, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let open = csv::ends_open(text, self.dialect, self.open.is_some());
        let row = match self.open.take() {
            None if !open => return self.row(raw, text, emit),
            None => Row { text: text.to_owned(), position: raw.position, hash: raw.hash },
            Some(Row { text: mut whole, position, hash }) => {
                whole.push('\n');
                whole.push_str(text);
                Row { text: whole, position, hash: hash.and(raw.hash) }
            }
        };
        if open && row.text.len() <= LONGEST_RECORD {
            self.open = Some(row);
            return Ok(());
        }
        let whole = Raw { bytes: row.text.as_bytes(), position: row.position, hash: row.hash, ..raw };
        let result = self.row(whole, &row.text, emit);
        // What is wrong concerns all of its lines, and is told with the first.
        if let Err(error) = result {
            emit(Decoded::Lost(LostRecord::new(row.position, row.hash, &row.text, error)));
        }
        Ok(())
    }

    fn row(&mut self, raw: Raw<'_>, text: &str, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let refuse = |what: String| DecodeError::Form { expected: EXPECTED, what };
        let cells = csv::record_of(text, self.dialect);
        let cells = cells.ok_or_else(|| refuse("quotes that do not close, or stand within a column".to_owned()))?;
        if self.is_header(raw.position, &cells) {
            return self.learn(raw, &cells, emit);
        }
        let Some(header) = &self.header else { return Err(refuse("no header before it names the columns of the format".to_owned())) };
        if cells.len() != header.names.len() {
            return Err(refuse(format!("{} columns where the header has {}", cells.len(), header.names.len())));
        }
        let texts = |field: Field| {
            let text = header.places.get(&field).map_or("", |at| cells[*at].as_ref());
            match field {
                Field::Columns | Field::Subjects | Field::Table => text.split([',', ';']).map(str::to_owned).collect(),
                // What exports write where there is nothing.
                _ if matches!(text.trim(), "-" | "null" | "NULL" | "\\N") => Vec::new(),
                _ => vec![text.to_owned()],
            }
        };
        emit(record::assemble(raw, &self.mapping, &mut self.clock, texts)?.into());
        Ok(())
    }

    /// Whether a row names columns instead of having values in them: all that a record needs, or most of what it had before, or at the
    /// beginning of a file nothing but names.
    fn is_header(&self, position: Position, cells: &[Cow<'_, str>]) -> bool {
        let holds = |name: &str| cells.iter().any(|cell| cell.trim().trim_start_matches('\u{feff}') == name);
        let columns = &self.mapping.csv.columns;
        if Mapping::complete(|name| columns.iter().any(|(field, column)| field.name() == name && holds(column))).is_ok() {
            return true;
        }
        let names =
            cells.iter().all(|cell| cell.trim().trim_start_matches('\u{feff}').starts_with(|c: char| c.is_alphabetic() || c == '_'));
        let known = self.header.as_ref().map_or(0, |header| header.names.iter().filter(|name| holds(name)).count());
        let first = position == Position(1) && self.mapping.csv.header.is_empty();
        cells.len() > 1 && names && (first || known * 2 > cells.len())
    }

    fn learn(&mut self, raw: Raw<'_>, cells: &[Cow<'_, str>], emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let header = self.places(cells);
        let columns = self.mapping.csv.columns.clone();
        let twice = columns.values().find(|column| header.names.iter().filter(|name| name == column).count() > 1);
        let missing = columns.iter().find(|(field, _)| !header.places.contains_key(field));
        let complete = Mapping::complete(|name| header.places.keys().any(|field| field.name() == name)).is_ok();
        // Rows below a header that does not tell time and person must not be read by the one before it.
        self.header = (complete && twice.is_none()).then_some(header);
        let refuse = |what: String| Err(DecodeError::Form { expected: "a header of the format", what });
        match (twice, missing) {
            (Some(column), _) => refuse(format!("the column `{column}` stands twice")),
            (None, Some((field, column))) => refuse(format!("no column `{column}`, of which `{}` is read", field.name())),
            (None, None) => {
                emit(raw.ignored(IgnoredReason::Header));
                Ok(())
            }
        }
    }
}

impl Decoder for Table {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        if raw.bytes.len() > LONGEST_RECORD {
            return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
        }
        let text = self.text(raw.bytes)?;
        // A message may hold several lines, and one that is no row must not take its neighbours along.
        let mut result = Ok(());
        for line in text.split('\n') {
            result = result.and(self.line(raw, line.strip_suffix('\r').unwrap_or(line), emit));
        }
        result
    }

    fn begin(&mut self, head: &[u8]) {
        let Ok(text) = self.text(head) else { return };
        if !self.mapping.csv.header.is_empty() {
            return;
        }
        // What is wrong with it was told when it was read.
        for (at, line) in text.lines().enumerate() {
            let Some(cells) = csv::record_of(line, self.dialect) else { continue };
            if self.is_header(Position(at as u64 + 1), &cells) {
                let _ = self.learn(Raw::new(line.as_bytes(), Position(0), RecordHash::default()), &cells, &mut |_| {});
            }
        }
    }

    fn columns(&self) -> Option<&[String]> {
        self.header.as_ref().filter(|_| self.mapping.csv.header.is_empty()).map(|header| header.names.as_slice())
    }

    fn reads_headers(&self) -> bool {
        true
    }

    fn know_columns(&mut self, names: &[String]) {
        if self.mapping.csv.header.is_empty() {
            let header = self.places(&names.iter().map(|name| Cow::Borrowed(name.as_str())).collect::<Vec<_>>());
            let complete = Mapping::complete(|name| header.places.keys().any(|field| field.name() == name)).is_ok();
            self.header = complete.then_some(header);
        }
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        if let Some(Row { text, position, hash }) = self.open.take() {
            let error = DecodeError::Form { expected: EXPECTED, what: "cut off".to_owned() };
            emit(Decoded::Lost(LostRecord::new(position, hash, &text, error)));
        }
    }

    fn is_record_incomplete(&self) -> bool {
        self.open.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::custom::Csv;
    use crate::decode::testing::decode_with;
    use crate::decode::{Codec, Record};

    fn settings(csv: Csv) -> Settings {
        let columns = [(Field::Time, "time"), (Field::Account, "用户"), (Field::Subjects, "ids"), (Field::Rows, "rows")];
        let columns = columns.into_iter().map(|(field, name)| (field, name.to_owned())).collect();
        let mapping = Mapping { csv: Csv { columns, ..csv }, ..Mapping::default() };
        Settings { mapping: Some(Arc::new(mapping)), ..Settings::default() }
    }

    /// A record's place, login, subjects and rows.
    type Told = (u64, String, String, Option<u64>);

    fn told(records: &[Record<'_>]) -> Vec<Told> {
        let one = |record: &Record<'_>| {
            (record.position.0, record.account.as_deref().unwrap_or("").to_owned(), record.subjects.join("+"), record.rows)
        };
        records.iter().map(one).collect()
    }

    fn row(position: u64, account: &str, subjects: &str, rows: Option<u64>) -> Told {
        (position, account.to_owned(), subjects.to_owned(), rows)
    }

    const TIME: &str = "2026-03-02T09:00:00Z";

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| line.replace('T', TIME)).collect()
    }

    fn decode(csv: Csv, text: &[&str]) -> (Vec<Told>, Vec<(u64, String)>) {
        let text = lines(text);
        let (records, dead) = decode_with(settings(csv), &FORMAT, &text.iter().map(String::as_str).collect::<Vec<_>>());
        (told(&records), dead)
    }

    #[test]
    fn rows_are_read_by_the_names_of_their_header_and_never_shift() {
        let (records, dead) = decode(
            Csv::default(),
            &[
                "time,用户,note,ids,rows",
                "T,li,\"a, b\",\"1,2\",2",
                "T,li,a, b,1,2",
                "T,wang,\"x",
                "y\",3,",
                "T,li,x\"y,4,-",
                "T,\"li\"x,a,b,1",
            ],
        );
        assert_eq!(records, [row(2, "li", "1+2", Some(2)), row(4, "wang", "3", None), row(6, "li", "4", None)]);
        assert_eq!(dead.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 7]);
        assert!(dead[0].1.contains("6 columns where the header has 5"), "{dead:?}");
    }

    #[test]
    fn a_header_comes_again_changes_and_is_told_where_it_lacks_a_column() {
        let (records, dead) = decode(
            Csv::default(),
            &[
                "time,用户,ids,rows",
                "T,li,1,1",
                "time,用户,ids,rows",
                "T,li,2,1",
                "rows,more,ids,用户,time",
                "1,x,3,wang,T",
                "time,用户,ids",
                "T,li,4",
                "time,user,ids",
                "T,li,5",
                "time,用户,用户,ids,rows",
                "T,a,b,6,1",
            ],
        );
        let expected = [row(2, "li", "1", Some(1)), row(4, "li", "2", Some(1)), row(6, "wang", "3", Some(1)), row(8, "li", "4", None)];
        assert_eq!(records, expected);
        assert_eq!(dead.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [7, 9, 10, 11, 12]);
        assert!(dead[0].1.contains("no column `rows`") && dead[1].1.contains("`用户`") && dead[3].1.contains("twice"), "{dead:?}");
    }

    #[test]
    fn names_delimiter_quote_and_encoding_are_given() {
        let dialect = Dialect { delimiter: b'\t', quote: b'\'' };
        let csv = Csv { header: ["time", "用户", "ids", "rows"].map(str::to_owned).to_vec(), dialect, ..Csv::default() };
        let (records, dead) = decode(csv, &["T\t李娜\t'1\t2'\t1", "T\t李娜\t7\t1"]);
        assert_eq!((records, dead.len()), (vec![row(1, "李娜", "1\t2", Some(1)), row(2, "李娜", "7", Some(1))], 0));
        let csv = Csv { encoding: Some(encoding_rs::GB18030), ..Csv::default() };
        let mut decoder = Codec::named(&FORMAT, Arc::new(settings(csv))).decoder();
        let mut records = Vec::new();
        let text = lines(&["time,用户,ids,rows", "T,李娜,1,1"]);
        let bytes: Vec<Vec<u8>> = text.iter().map(|line| encoding_rs::GBK.encode(line).0.into_owned()).collect();
        for (at, bytes) in bytes.iter().enumerate() {
            let raw = Raw::new(bytes, Position(at as u64 + 1), RecordHash::default());
            decoder.decode(raw, &mut |decoded| records.extend(decoded.record().map(Record::into_owned))).expect("is a row");
        }
        assert_eq!(told(&records), [row(2, "李娜", "1", Some(1))]);
        let raw = Raw::new(b"2026-03-02T09:00:00Z,\xff\xff,1,1", Position(3), RecordHash::default());
        assert!(decoder.decode(raw, &mut |_| {}).is_err());
    }

    #[test]
    fn whoever_goes_on_in_the_middle_of_a_file_knows_its_header() {
        let mut decoder = Codec::named(&FORMAT, Arc::new(settings(Csv::default()))).decoder();
        decoder.begin(lines(&["rows,time,用户,ids\nT,x\n"])[0].as_bytes());
        let mut records = Vec::new();
        for (position, text) in [(70, "1,T,li,7"), (71, "T,li"), (72, "2,T,li,8")] {
            let text = text.replace('T', TIME);
            let raw = Raw::new(text.as_bytes(), Position(position), RecordHash::default());
            let result = decoder.decode(raw, &mut |decoded| records.extend(decoded.record().map(Record::into_owned)));
            assert_eq!(result.is_err(), position == 71);
        }
        decoder.flush(&mut |_| {});
        assert_eq!(told(&records), [row(70, "li", "7", Some(1)), row(72, "li", "8", Some(2))]);
    }

    #[test]
    fn the_header_that_was_read_last_holds_after_a_restart_and_what_is_none_is_refused() {
        let begin = |columns: Option<&[String]>| {
            let mut decoder = Codec::named(&FORMAT, Arc::new(settings(Csv::default()))).decoder();
            // The file began with other columns.
            decoder.begin(lines(&["ids,rows,用户,time\n"])[0].as_bytes());
            columns.into_iter().for_each(|names| decoder.know_columns(names));
            decoder
        };
        let mut read = Vec::new();
        let mut decode = |decoder: &mut Box<dyn Decoder>, position: u64, text: &str| {
            let text = text.replace('T', TIME);
            let raw = Raw::new(text.as_bytes(), Position(position), RecordHash::default());
            decoder.decode(raw, &mut |decoded| read.extend(decoded.record().map(Record::into_owned))).is_ok()
        };
        let mut first = begin(None);
        assert!(decode(&mut first, 70, "rows,ids,用户,time") && decode(&mut first, 71, "1,7,li,T"));
        let columns = first.columns().expect("has a header").to_vec();
        let mut next = begin(Some(&columns));
        assert!(decode(&mut next, 72, "2,8,li,T"));
        let mut none = begin(Some(&["a".to_owned(), "b".to_owned(), "c".to_owned(), "d".to_owned()]));
        assert!(!decode(&mut none, 72, "2,8,li,T"), "it names neither time nor person");
        assert_eq!(told(&read), [row(71, "li", "7", Some(1)), row(72, "li", "8", Some(2))]);
    }

    #[test]
    fn a_row_that_never_ends_is_lost_and_tells_nothing_of_itself() {
        let (records, dead) = decode(Csv::default(), &["time,用户,ids,rows", "T,li,\"13800000001", "x"]);
        assert_eq!((records.len(), dead.len(), dead[0].0), (0, 1, 2));
        assert!(!dead[0].1.contains("138"));
    }
}
