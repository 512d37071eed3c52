//! Tables that a source says were read although the statement's text does not name them: behind views, synonyms, dynamic SQL.

use crate::model::record::{Object, Record, Text};
use crate::sql;

/// Where the record's statement does not name one of the tables, the tables are better than the text.
pub fn name_missing(told: &mut Record<'_>, tables: &[String]) {
    let Some(text) = told.statement.as_deref() else {
        told.objects = objects(tables);
        return;
    };
    let analysis = sql::analyse(text, told.dialect);
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let sources = analysis.branches.iter().flat_map(|branch| &branch.sources).map(|source| &source.table);
    let named: Vec<String> = sources.chain(&analysis.writes).map(|table| last(table)).collect();
    if tables.iter().any(|table| !named.contains(&last(table))) {
        told.objects = objects(tables);
        // Nobody knows what stands between those tables and the rows that left: an aggregate shows 1 row of thousands.
        told.rows_bound = told.rows.take().or(told.rows_bound);
    }
}

/// Tables of which all columns may have been read.
pub fn objects(tables: &[String]) -> Vec<Object<'static>> {
    tables.iter().map(|table| Object { table: Text::Owned(table.clone()), columns: None }).collect()
}
