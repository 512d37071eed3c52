//! Reading a CSV file of the directory: by header name, blanks allowed, unknown columns ignored, every mistake reported.
//!
//! A row that repeats another one word for word says nothing new: it is noted and passed over. So is, but not passed over, a row with
//! another number of fields than the header: a file that was cut off, or a comma without quotes, looks like that.

use crate::model::feed::FeedRows;
use crate::model::problem::Problem;
use crate::model::time::Day;
use std::collections::{BTreeMap, HashSet};

/// One row of a CSV file, by column name.
pub struct CsvRow<'a> {
    cells: BTreeMap<&'a str, &'a str>,
    place: String,
}

/// Reads all rows; `take` says what is wrong with one by pushing problems.
pub fn read(
    text: &str,
    file: &str,
    required: &[&str],
    mut take: impl FnMut(&CsvRow<'_>, &mut Vec<Problem>),
) -> Result<FeedRows, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return Err(vec![Problem::new(file, "must start with a header row", error)]),
    };
    let mut problems: Vec<Problem> = required
        .iter()
        .filter(|name| !header.iter().any(|column| column == **name))
        .map(|name| {
            Problem::new(
                format!("{file}:1"),
                format!("the header must name the column `{name}`"),
                header.iter().collect::<Vec<_>>().join(","),
            )
        })
        .collect();
    let mut found = FeedRows::default();
    let mut known: HashSet<[u8; 16]> = HashSet::new();
    for row in reader.records() {
        match row {
            Ok(row) => {
                let line = row.position().map_or(0, csv::Position::line);
                if !known.insert(print(&row)) {
                    found.size.repeated += 1;
                    found.note(|| Problem::plain(format!("{file}:{line}:"), "is the same as a row before it, and says nothing more"));
                    continue;
                }
                found.size.rows += 1;
                // Empty fields behind the last column come from an export that ends its rows with commas.
                if row.len() < header.len() || row.iter().skip(header.len()).any(|cell| !cell.is_empty()) {
                    found.size.ragged += 1;
                    let rule = format!("should have {} fields, as the header has", header.len());
                    found.note(|| Problem::new(format!("{file}:{line}:"), rule, row.len()));
                }
                let cells = header.iter().zip(row.iter()).collect();
                take(&CsvRow { cells, place: format!("{file}:{line}") }, &mut problems);
            }
            Err(error) => problems.push(Problem::new(file, "must be valid CSV", error)),
        }
    }
    found.size.entries = found.size.rows;
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// Tells rows apart by all of their fields.
fn print(row: &csv::StringRecord) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for cell in row {
        hasher.update(&(cell.len() as u64).to_le_bytes()).update(cell.as_bytes());
    }
    let whole = hasher.finalize();
    std::array::from_fn(|at| whole.as_bytes()[at])
}

impl<'a> CsvRow<'a> {
    /// The cell, if it is there and not blank.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        self.cells.get(column).copied().filter(|cell| !cell.is_empty())
    }

    /// File and line.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// A cell that must not be blank.
    pub fn required(&self, column: &str, problems: &mut Vec<Problem>) -> Option<&'a str> {
        let cell = self.text(column);
        if cell.is_none() {
            problems.push(Problem::plain(format!("{}: {column}", self.place), "must not be blank"));
        }
        cell
    }

    /// A cell that is read by `parse`, or blank.
    pub fn parsed<T>(&self, column: &str, rule: &str, problems: &mut Vec<Problem>, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let cell = self.text(column)?;
        let value = parse(cell);
        if value.is_none() {
            problems.push(Problem::new(format!("{}: {column}", self.place), rule, cell));
        }
        value
    }

    /// A date, or blank.
    pub fn day(&self, column: &str, problems: &mut Vec<Problem>) -> Option<Day> {
        self.parsed(column, "must be a date YYYY-MM-DD", problems, Day::parse)
    }
}
