//! Tables that a source says were read although the statement's text does not name them: behind views, synonyms, dynamic SQL.

use crate::model::access::Operation;
use crate::model::record::{Dialect, Object, Record, Text, is_same_table};
use crate::sql::{self, Class};
use std::collections::BTreeSet;

/// Where the record's statement does not name one of the tables, the tables are better than the text.
pub fn name_missing(told: &mut Record<'_>, tables: &[String]) {
    name_missing_in(told, tables, None);
}

/// The same where the session's schema is known: in it stand the tables that the text names without one.
pub fn name_missing_in(told: &mut Record<'_>, tables: &[String], schema: Option<&str>) {
    let Some(text) = told.statement.as_deref() else {
        told.objects = objects(tables);
        return;
    };
    let analysis = sql::analyse(text, told.dialect);
    // What is planned and not run shows nobody, whatever it would read.
    if analysis.class == Class::Explain {
        return;
    }
    let sources = analysis.branches.iter().flat_map(|branch| &branch.sources).map(|source| &source.table);
    let in_schema = |table: &String| match schema {
        Some(schema) if !table.contains('.') => format!("{schema}.{table}").to_lowercase(),
        _ => table.to_lowercase(),
    };
    let named: BTreeSet<String> = sources.chain(&analysis.writes).map(in_schema).collect();
    let is_named = |table: &String| {
        let table = table.to_lowercase();
        named.contains(&table) || named.iter().any(|name| is_same_table(name, &table))
    };
    // A text that is not understood says neither what of them it shows nor in how many rows.
    if analysis.unparsed || tables.iter().any(|table| !is_named(table)) {
        told.objects = objects(tables);
        // Nobody knows what stands between those tables and the rows that left: an aggregate shows 1 row of thousands.
        told.rows_bound = told.rows.take().or(told.rows_bound);
    }
}

/// Tables of which all columns may have been read.
pub fn objects(tables: &[String]) -> Vec<Object<'static>> {
    tables.iter().map(|table| Object { table: Text::Owned(table.clone()), columns: None }).collect()
}

/// A text, unless it is a block whose `BEGIN` passes for that of a transaction: what it runs is not in doubt but dark.
pub fn believable(text: String, dialect: Dialect, operation: Operation) -> Option<Text<'static>> {
    let dark = operation == Operation::Other && sql::analyse(&text, dialect).class == Class::Transaction;
    (!dark).then_some(Text::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Position, RecordHash};
    use crate::model::time::Timestamp;

    fn with(text: &str, tables: &[&str]) -> Record<'static> {
        let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
        record.statement = Some(Text::Owned(text.to_owned()));
        record.rows = Some(1);
        name_missing(&mut record, &tables.iter().map(|table| (*table).to_owned()).collect::<Vec<_>>());
        record
    }

    #[test]
    fn a_text_that_names_its_tables_is_better_than_they() {
        assert_eq!(with("SELECT a FROM crm.People", &["CRM.PEOPLE"]).rows, Some(1));
        let view = with("SELECT a FROM v", &["crm.people"]);
        assert_eq!((view.objects.len(), view.rows, view.rows_bound), (1, None, Some(1)));
    }

    #[test]
    fn a_view_that_is_called_like_its_table_is_none_of_it() {
        assert_eq!(with("SELECT a FROM mart.people", &["crm.people"]).objects.len(), 1);
        assert_eq!(with("SELECT a FROM db.crm.people", &["crm.people"]).objects.len(), 0);
        let in_schema = |schema| {
            let mut record = with("SELECT a FROM people", &["crm.people"]);
            name_missing_in(&mut record, &["crm.people".to_owned()], Some(schema));
            record.objects.len()
        };
        assert_eq!((in_schema("CRM"), in_schema("mart")), (0, 1));
    }

    #[test]
    fn a_text_that_is_not_understood_narrows_nothing_and_a_plan_shows_nobody() {
        let garbled = with("SELECT a FROM crm.people FOR )(", &["crm.people"]);
        assert_eq!((garbled.objects.len(), garbled.rows, garbled.rows_bound), (1, None, Some(1)));
        assert_eq!(with("EXPLAIN SELECT a FROM v", &["crm.people"]).objects.len(), 0);
    }

    #[test]
    fn a_block_is_dark() {
        // Where the analysis comes to know blocks, they are believed again.
        let text = "BEGIN export; END;";
        let known = sql::analyse(text, Dialect::Oracle).class != Class::Transaction;
        assert_eq!(believable(text.to_owned(), Dialect::Oracle, Operation::Other).is_some(), known);
        assert!(believable("SELECT 1".to_owned(), Dialect::Oracle, Operation::Read).is_some());
    }
}
